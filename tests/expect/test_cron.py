"""Cron expressions in zones whose clocks change (elizaOS/eliza#11100, NousResearch/hermes-agent#109532)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.expect.cron import cron_times
from tests.expect.making import DAY, at

MINUTE = timedelta(minutes=1)

CASES = [  # told, expression, zone, since, until, due times with their offsets
    (
        "summer time begins: the skipped 02:30 is due when the gap ends",
        "30 2 * * *",
        "Europe/Berlin",
        "2026-03-28T00:00Z",
        "2026-03-30T12:00Z",
        ["2026-03-28T02:30+01:00", "2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"],
    ),
    (
        "several skipped times become one",
        "0,30 2 * * *",
        "Europe/Berlin",
        "2026-03-29T00:00Z",
        "2026-03-29T12:00Z",
        ["2026-03-29T03:00+02:00"],
    ),
    (
        "summer time ends: 02:30 comes twice and is due the first time",
        "30 2 * * *",
        "Europe/Berlin",
        "2026-10-24T12:00Z",
        "2026-10-26T12:00Z",
        ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"],
    ),
    (
        "every hour at the wall means every hour that passes",
        "0 * * * *",
        "Europe/Berlin",
        "2026-10-24T23:30Z",
        "2026-10-25T02:30Z",
        ["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00"],
    ),
    (
        "half an hour back: 01:45 comes twice and is due the first time",
        "45 1 * * *",
        "Australia/Lord_Howe",
        "2026-04-04T00:00Z",
        "2026-04-05T14:59Z",
        ["2026-04-05T01:45+11:00"],
    ),
    (
        "half an hour back: the hours after it are not lost",
        "0 */5 * * *",
        "Australia/Lord_Howe",
        "2026-04-04T13:00Z",
        "2026-04-05T13:00Z",
        [f"2026-04-05T{hour}" for hour in ("00:00+11:00", "05:00+10:30", "10:00+10:30", "15:00+10:30", "20:00+10:30")],
    ),
    (
        "half an hour forward: 02:15 is due at 02:30",
        "15 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T10:00Z",
        "2026-10-04T10:00Z",
        ["2026-10-04T02:30+11:00"],
    ),
    (
        "an offset of half hours",
        "0 2 * * *",
        "America/St_Johns",
        "2026-03-07T00:00Z",
        "2026-03-09T12:00Z",
        ["2026-03-07T02:00-03:30", "2026-03-08T03:00-02:30", "2026-03-09T02:00-02:30"],
    ),
    (
        "a zone that goes back for Ramadan and forward after it",
        "30 2 * * *",
        "Africa/Casablanca",
        "2026-02-14T12:00Z",
        "2026-02-16T12:00Z",
        ["2026-02-15T02:30+01:00", "2026-02-16T02:30+00:00"],
    ),
    (
        "the day after Ramadan, 02:30 is skipped",
        "30 2 * * *",
        "Africa/Casablanca",
        "2026-03-21T12:00Z",
        "2026-03-23T12:00Z",
        ["2026-03-22T03:00+01:00", "2026-03-23T02:30+01:00"],
    ),
    ("a day that never was", "0 9 * * *", "Pacific/Apia", "2011-12-30T00:00Z", "2011-12-31T00:00Z",
     ["2011-12-31T00:00+14:00", "2011-12-31T09:00+14:00"]),
    ("leap days only", "0 0 29 2 *", "UTC", "2026-01-01T00:00Z", "2033-01-01T00:00Z",
     ["2028-02-29T00:00Z", "2032-02-29T00:00Z"]),
    ("since is inclusive", "0 2 * * *", "UTC", "2026-10-01T02:00Z", "2026-10-01T02:00Z", ["2026-10-01T02:00Z"]),
    ("since is exact", "0 2 * * *", "UTC", "2026-10-01T02:00:00.000001Z", "2026-10-02T01:59Z", []),
]  # fmt: skip


def due_between(expression: str, zone: str, since: datetime, until: datetime) -> list[datetime]:
    dues = []
    for due in cron_times(expression, zone, since=since):
        if due > until:
            break
        dues.append(due)
    return dues


@pytest.mark.parametrize("told, expression, zone, since, until, expected", CASES, ids=[case[0] for case in CASES])
def test_cron(told, expression, zone, since, until, expected):
    dues = due_between(expression, zone, at(since), at(until))
    assert dues == [at(text) for text in expected]
    assert all(due.tzinfo is UTC for due in dues)


CHANGES = [  # a zone and the middle of a span in which its clocks change
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("America/St_Johns", "2026-03-08"),
    ("America/St_Johns", "2026-11-01"),
    ("Africa/Casablanca", "2026-02-15"),
    ("Africa/Casablanca", "2026-03-22"),
    ("Pacific/Apia", "2011-12-30T10:00"),
]
minute_sets = st.sets(st.sampled_from([0, 1, 15, 29, 30, 31, 45, 59]), min_size=1, max_size=3)
hour_sets = st.sets(st.integers(0, 23), min_size=1, max_size=6)


def text(numbers) -> str:
    return ",".join(map(str, sorted(numbers)))


def every_minute(middle: datetime) -> list[datetime]:
    return [middle - 2 * DAY + n * MINUTE for n in range(4 * 24 * 60)]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CHANGES), minute_sets, st.sampled_from([2, 3, 5, 6, 8]))
def test_a_job_with_a_star_is_due_whenever_the_clock_on_the_wall_says_so(change, minutes, step):
    zone, middle = change
    span = every_minute(at(middle))
    shown = [moment.astimezone(ZoneInfo(zone)) for moment in span]
    expected = [m for m, wall in zip(span, shown, strict=True) if wall.minute in minutes and wall.hour % step == 0]
    assert due_between(f"{text(minutes)} */{step} * * *", zone, span[0], span[-1]) == expected


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CHANGES), minute_sets, hour_sets)
def test_a_job_at_fixed_times_is_due_once_a_day_whatever_the_clock_does(change, minutes, hours):
    """Each local time is due at the first instant whose clock shows it or something later."""
    zone, middle = change
    span = every_minute(at(middle))
    local = [moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for moment in span]
    expected, highest = [], local[0] - MINUTE
    for moment, wall in zip(span, local, strict=True):
        passed = (highest + n * MINUTE for n in range(1, (wall - highest) // MINUTE + 1))
        if any(time.minute in minutes and time.hour in hours for time in passed):
            expected.append(moment)
        highest = max(highest, wall)
    assert due_between(f"{text(minutes)} {text(hours)} * * *", zone, span[0], span[-1]) == expected


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(CHANGES),
    st.sampled_from(["30 2 * * *", "0 */2 * * *", "*/20 * * * *", "0 0 * * *", "15,45 1,2,3 * * *"]),
    st.integers(0, 4 * 24 * 60),
)
def test_where_one_begins_to_look_changes_nothing(change, expression, offset):
    zone, middle = change
    start, end = at(middle) - 2 * DAY, at(middle) + 2 * DAY
    cut = start + offset * MINUTE
    whole = due_between(expression, zone, start, end)
    assert due_between(expression, zone, cut, end) == [due for due in whole if due >= cut]
    assert all(earlier < later for earlier, later in pairwise(whole))


def test_decades_are_jumped_over():
    assert next(cron_times("30 2 * * *", "Europe/Berlin", since=at("2090-01-01"))) == at("2090-01-01T02:30+01:00")
