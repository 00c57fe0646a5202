"""The iCalendar file: what other programs read, the same event for the same end, and no secret."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from auditor.model import Ending
from auditor.report.calendar_ics import render_ics
from tests.report.strategies import HOSTILE, QUICK, endings

NOW = datetime(2026, 10, 15, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
READ = "endTime of the flow in prod, read 2026-10-15 09:30 UTC"
FLOW = Ending(NOW + 40 * DAY, "flow-ending", "Web backup", READ, "web-3h", "", "lake", "prod")


def events(*some: Ending, now: datetime = NOW, names=None):
    text = render_ics(some, now=now, names=names or {})
    assert text.replace("\r\n", "").count("\n") == 0
    return Calendar.from_ical(text).walk("VEVENT")


def triggers(event) -> list[int]:
    return [alarm.decoded("trigger").days for alarm in event.walk("VALARM")]


def test_an_end_is_an_event_in_utc_with_alarms_at_the_thresholds_to_come():
    (event,) = events(FLOW)
    assert event.decoded("dtstart") == FLOW.when
    assert str(event["summary"]) == "flow Web backup of web-3h ends"
    assert triggers(event) == [-30, -14, -7, -3, -1]
    assert f"Read from: {READ}" in str(event["description"])
    assert b"DTSTART:20261124T093000Z" in event.to_ical()


def test_an_event_keeps_its_uid_when_it_moves_or_is_read_anew():
    (first,) = events(FLOW)
    later = replace(FLOW, when=FLOW.when + 90 * DAY, source=READ.replace("09:30", "10:30"))
    (moved,) = events(later, now=NOW + DAY)
    assert moved["uid"] == first["uid"]
    (other,) = events(replace(FLOW, subject="Orders"))
    assert other["uid"] != first["uid"]


def test_two_sources_with_two_dates_are_two_events():
    own = replace(FLOW, source="`end` in the configuration", when=NOW + 9 * DAY)
    assert len({str(event["uid"]) for event in events(FLOW, own)}) == 2


def test_a_day_alone_is_an_event_of_that_day():
    (event,) = events(replace(FLOW, day_only=True))
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (date(2026, 11, 24), date(2026, 11, 25))


def test_exports_removed_on_one_day_are_one_event_for_each_dataset():
    def export(hour: int, dataset: str = "d1") -> Ending:
        when = datetime(2026, 10, 20, hour, tzinfo=UTC)
        return Ending(when, "export-expiring", f"exports/{dataset}/{hour}/", "`retain`", "web-3h", dataset, "dlz")

    first, second = events(export(0), export(3), export(23), export(1, "d2"), names={"d1": "Web events"})
    assert str(first["summary"]) == "3 exports of Web events removed from dlz"
    assert str(second["summary"]) == "1 export of d2 removed from dlz"
    assert first.decoded("dtstart") == date(2026, 10, 20)
    assert triggers(first) == [-3]
    assert "exports/d1/23/" in str(first["description"])


def test_what_is_over_disabled_or_renewed_by_itself_is_no_event():
    past = replace(FLOW, when=NOW - DAY)
    disabled, renewed = replace(FLOW, code="flow-disabled"), replace(FLOW, code="credential-renewed")
    assert events(past, disabled, renewed) == []


def test_the_same_ends_give_the_same_bytes():
    assert render_ics([FLOW], now=NOW, names={}) == render_ics([FLOW], now=NOW, names={})


def test_a_hostile_name_adds_no_line_and_no_property():
    for name in (*HOSTILE, "x\r\nATTACH:file:///etc/passwd", "a;b,c:d"):
        (event,) = events(replace(FLOW, subject=name, source=name, flow=""))
        assert set(event) == {"UID", "DTSTAMP", "SUMMARY", "TRANSP", "DTSTART", "DESCRIPTION"}


@QUICK
@given(st.lists(endings, max_size=5))
def test_any_ends_give_a_file_that_can_be_read(some):
    told = events(*some)
    assert all(event["uid"] for event in told)
