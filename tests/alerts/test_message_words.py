import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.alerts.words import Clock, count, named, quote, said, span_text

NOW = datetime(2026, 11, 25, 3, 10, tzinfo=UTC)
M = timedelta(minutes=1)

SPANS = [
    (timedelta(seconds=20), "less than a minute"),
    (45 * M, "45 min"),
    (390 * M, "6 h 30 min"),
    (720 * M, "12 h"),
    (timedelta(hours=30, minutes=5), "30 h"),
    (timedelta(days=2), "2 days"),
    (timedelta(days=3, hours=4), "3 days 4 h"),
    (timedelta(days=40, hours=4), "40 days"),
]


@pytest.mark.parametrize(("span", "text"), SPANS)
def test_a_span_has_two_units_at_most(span: timedelta, text: str) -> None:
    assert span_text(span) == text


MOMENTS = [
    ("UTC", datetime(2026, 11, 24, 15, tzinfo=UTC), "2026-11-24 15:00 UTC"),
    ("Europe/Berlin", datetime(2026, 11, 24, 15, tzinfo=UTC), "2026-11-24 15:00 UTC (16:00 CET)"),
    ("Europe/Berlin", datetime(2026, 7, 24, 15, tzinfo=UTC), "2026-07-24 15:00 UTC (17:00 CEST)"),
    ("Europe/Berlin", datetime(2026, 11, 24, 23, 30, tzinfo=UTC), "2026-11-24 23:30 UTC (Wed 00:30 CET)"),
    ("Asia/Kathmandu", datetime(2026, 11, 24, 15, tzinfo=UTC), "2026-11-24 15:00 UTC (20:45 UTC+0545)"),
    ("America/Sao_Paulo", datetime(2026, 11, 24, 1, tzinfo=UTC), "2026-11-24 01:00 UTC (Mon 22:00 UTC-03)"),
    ("Europe/London", datetime(2026, 11, 24, 15, tzinfo=UTC), "2026-11-24 15:00 UTC"),
]


@pytest.mark.parametrize(("zone", "moment", "text"), MOMENTS)
def test_a_time_is_told_in_utc_and_where_it_differs_in_the_readers_zone(zone: str, moment: datetime, text: str) -> None:
    assert Clock(NOW, zone).full(moment) == text


def test_a_time_in_another_zone_is_the_same_instant() -> None:
    elsewhere = datetime.fromisoformat("2026-11-24T16:00:00+01:00")
    assert Clock(NOW).full(elsewhere) == "2026-11-24 15:00 UTC"


def test_lists_of_times_name_each_day_once_and_count_what_is_older() -> None:
    clock = Clock(NOW)
    dues = [datetime(2026, 11, 24, 15, tzinfo=UTC) + timedelta(hours=3 * n) for n in range(4)]
    assert clock.list(dues) == "24 Nov 15:00, 18:00, 21:00, 25 Nov 00:00"
    assert clock.list([*dues, *dues], most=2) == "24 Nov 21:00, 25 Nov 00:00 and 2 earlier"
    assert clock.list([datetime(2025, 1, 2, 3, tzinfo=UTC)]) == "2025-01-02 03:00"


def test_names_past_twenty_are_counted() -> None:
    assert named([f"d{n}" for n in range(400)]).endswith("d18, d19 and 380 more")
    assert count(1, "file") == "1 file"
    assert count(1204, "file") == "1,204 files"


MENTIONS = ["@channel", "<!channel>", "<@U123>", "@everyone", "hey @here", "<#C1>"]


@pytest.mark.parametrize("text", MENTIONS)
def test_no_name_calls_a_whole_channel(text: str) -> None:
    assert not any(bad in said(text) for bad in ("@channel", "<!", "<@", "<#", "@everyone", "@here"))


def test_an_address_of_a_person_stays_as_it_is() -> None:
    assert said("dana@example.com") == "dana@example.com"


def test_a_long_text_is_cut_and_shows_it() -> None:
    assert len(said("x" * 5000)) == 300
    assert said("x" * 5000).endswith("…")


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(blacklist_characters="\0"), min_size=1, max_size=40))
def test_a_shell_reads_the_very_name_back(name: str) -> None:
    word = quote(name)
    assert word.isprintable()
    assert "`" not in word
    run = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
    expected = b"".join(
        c.encode("utf-8", "surrogateescape" if "\udc80" <= c <= "\udcff" else "surrogatepass") for c in name
    )
    assert run.stdout == expected


@pytest.mark.parametrize("name", ["web-3h", "/etc/export-auditor/auditor.yaml", "2026-11-24T18:00:00Z"])
def test_an_ordinary_name_is_not_quoted(name: str) -> None:
    assert quote(name) == name
