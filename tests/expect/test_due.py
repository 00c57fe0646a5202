"""Which instants are due: intervals, ends, exclusions, edited schedules."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.expect import due_times, first_due, flow_end, last_due, next_due
from auditor.model import Exclusion, Schedule
from tests.expect.making import DAY, HOUR, TINY, at, flow

START = at("2026-10-01T00:00")
THREE_HOURLY = Schedule(START, every=3 * HOUR)

CASES = [  # told, schedules, since, until, due times
    (
        "both ends of the span are inclusive",
        [THREE_HOURLY],
        "2026-10-01T03:00",
        "2026-10-01T09:00",
        ["2026-10-01T03:00", "2026-10-01T06:00", "2026-10-01T09:00"],
    ),
    ("the start is the first due time", [THREE_HOURLY], "2020-01-01", "2026-10-01T02:59", ["2026-10-01T00:00"]),
    ("nothing is due before the start", [THREE_HOURLY], "2020-01-01", "2026-09-30T23:59:59", []),
    ("an empty span holds nothing", [THREE_HOURLY], "2026-10-01T00:00:01", "2026-10-01T02:59:59", []),
    ("a span that runs backwards holds nothing", [THREE_HOURLY], "2026-10-02", "2026-10-01", []),
    (
        "a start with seconds keeps them",
        [Schedule(at("2026-10-01T00:07:13"), every=8 * HOUR)],
        "2026-10-01",
        "2026-10-01T12:00",
        ["2026-10-01T00:07:13", "2026-10-01T08:07:13"],
    ),
    (
        "a run due at the end is expected",
        [Schedule(START, end=at("2026-10-01T06:00"), every=3 * HOUR)],
        "2026-10-01T03:00",
        "2026-10-02",
        ["2026-10-01T03:00", "2026-10-01T06:00"],
    ),
    (
        "a second before the due time is an end before it",
        [Schedule(START, end=at("2026-10-01T05:59:59"), every=3 * HOUR)],
        "2026-10-01T03:00",
        "2026-10-02",
        ["2026-10-01T03:00"],
    ),
    (
        "an exclusion begins with its start and ends before its end",
        [Schedule(START, every=3 * HOUR, exclusions=(Exclusion(at("2026-10-01T03:00"), at("2026-10-01T09:00")),))],
        "2026-10-01",
        "2026-10-01T12:00",
        ["2026-10-01T00:00", "2026-10-01T09:00", "2026-10-01T12:00"],
    ),
    ("once is due at its start", [Schedule(START, once=True)], "2026-10-01", "2027-10-01", ["2026-10-01"]),
    ("once is not due again", [Schedule(START, once=True)], "2026-10-01T00:00:01", "2027-10-01", []),
    (
        "an edited schedule does not rejudge the past",
        [THREE_HOURLY, Schedule(at("2026-10-01T06:00"), every=DAY)],
        "2026-10-01",
        "2026-10-03",
        ["2026-10-01T00:00", "2026-10-01T03:00", "2026-10-01T06:00", "2026-10-02T06:00"],
    ),
    (
        "a due time at the moment of the edit belongs to the new schedule alone",
        [THREE_HOURLY, Schedule(at("2026-10-01T03:00"), cron="30 5 * * *")],
        "2026-10-01",
        "2026-10-02",
        ["2026-10-01T00:00", "2026-10-01T05:30"],
    ),
    (
        "intervals are elapsed time, whatever the clocks of the zone do",
        [Schedule(at("2026-10-24T23:00+02:00"), every=3 * HOUR, zone="Europe/Berlin")],
        "2026-10-24T21:00",
        "2026-10-25T06:00",
        ["2026-10-24T21:00", "2026-10-25T00:00", "2026-10-25T03:00", "2026-10-25T06:00"],
    ),
    (
        "an exclusion holds for cron as well",
        [
            Schedule(
                START,
                cron="0 2 * * *",
                exclusions=(
                    Exclusion(at("2026-12-25"), at("2026-12-26")),
                    Exclusion(at("2026-12-26"), at("2026-12-27")),
                ),
            )
        ],
        "2026-12-24",
        "2026-12-27T02:00",
        ["2026-12-24T02:00", "2026-12-27T02:00"],
    ),
]


@pytest.mark.parametrize("told, schedules, since, until, expected", CASES, ids=[case[0] for case in CASES])
def test_due_times(told, schedules, since, until, expected):
    assert list(due_times(schedules, since=at(since), until=at(until))) == [at(text) for text in expected]


instants = st.datetimes(at("2026-01-01").replace(tzinfo=None), at("2026-03-01").replace(tzinfo=None)).map(
    lambda naive: naive.replace(tzinfo=at("2026-01-01").tzinfo)
)
intervals = st.timedeltas(timedelta(minutes=20), timedelta(days=9))


@st.composite
def schedule_lists(draw):
    starts = sorted(draw(st.sets(instants, min_size=1, max_size=3)))
    return [draw(interval_schedules(start)) for start in starts]


@st.composite
def interval_schedules(draw, start):
    edges = sorted(draw(st.lists(instants, min_size=4, max_size=4)))
    exclusions = (Exclusion(edges[0], edges[1]), Exclusion(edges[2], edges[3]))
    return Schedule(start, end=draw(st.none() | instants), every=draw(intervals), exclusions=exclusions)


def walked(schedules, since, until):
    """The plainest way: walk each schedule from its start and drop what does not hold."""
    for n, schedule in enumerate(schedules):
        due = schedule.start
        while due <= until:
            replaced = n + 1 < len(schedules) and due >= schedules[n + 1].start
            ended = schedule.end is not None and due > schedule.end
            excluded = any(hole.start <= due < hole.end for hole in schedule.exclusions)
            if since <= due and not (replaced or ended or excluded):
                yield due
            due += schedule.every


@given(schedule_lists(), instants, instants)
def test_jumping_gives_what_walking_gives(schedules, since, until):
    assert list(due_times(schedules, since=since, until=until)) == list(walked(schedules, since, until))


@given(schedule_lists(), st.lists(instants, min_size=3, max_size=3).map(sorted))
def test_a_span_may_be_cut_anywhere(schedules, cuts):
    a, b, c = cuts
    whole = list(due_times(schedules, since=a, until=c))
    parts = [*due_times(schedules, since=a, until=b), *due_times(schedules, since=b + TINY, until=c)]
    assert parts == whole
    assert all(earlier < later for earlier, later in pairwise(whole))


@given(schedule_lists(), instants)
def test_the_neighbours_of_an_instant_are_due_times_with_none_between(schedules, moment):
    one = flow(*schedules)
    every = list(due_times(schedules, since=schedules[0].start, until=at("2027-01-01")))
    assert first_due(one) == (every[0] if every else None)
    assert last_due(one, moment) == max((due for due in every if due <= moment), default=None)
    following = next_due(one, moment)
    assert following == min((due for due in every if due > moment), default=following)


@pytest.mark.parametrize("stopped", [timedelta(seconds=3), timedelta(hours=3), timedelta(days=3)], ids=str)
def test_a_stopped_process_loses_no_due_time(stopped):
    """agronholm/apscheduler#146: a job that is late must not be dropped."""
    went_to_sleep = at("2026-10-10T11:59:58")
    woke = went_to_sleep + stopped
    before = list(due_times([THREE_HOURLY], since=START, until=went_to_sleep))
    after = list(due_times([THREE_HOURLY], since=went_to_sleep + TINY, until=woke))
    assert before + after == list(walked([THREE_HOURLY], START, woke))
    assert after


def test_years_are_jumped_over_and_the_future_is_not_computed():
    schedule = Schedule(at("1990-01-01"), every=timedelta(seconds=1))
    far = due_times([schedule], since=at("2026-10-01T00:00:00.5"), until=at("8999-01-01"))
    assert list(islice(far, 2)) == [at("2026-10-01T00:00:01"), at("2026-10-01T00:00:02")]


def test_asking_for_all_time_ends():
    yearly = Schedule(at("8990-01-01"), cron="0 0 1 1 *", zone="Europe/Berlin")
    end_of_time = datetime.max.replace(tzinfo=UTC)
    assert len(list(due_times([yearly], since=datetime.min.replace(tzinfo=UTC), until=end_of_time))) == 10


def test_a_long_exclusion_is_leapt_over():
    years = Exclusion(at("1990-01-02"), at("2026-10-01"))
    schedule = Schedule(at("1990-01-01"), every=timedelta(seconds=1), exclusions=(years,))
    assert next_due(flow(schedule), at("1990-01-01T23:59:59")) == at("2026-10-01")


def test_a_flow_without_anything_due_has_no_neighbours():
    ended = flow(Schedule(START, end=START - HOUR, every=HOUR))
    assert (first_due(ended), next_due(ended, START), last_due(ended, START)) == (None, None, None)
    assert first_due(flow()) is None


def test_the_flow_ends_with_its_last_schedule():
    earlier, later = Schedule(START, end=START + DAY, every=HOUR), Schedule(START + HOUR, every=HOUR)
    assert flow_end(flow(earlier)) == START + DAY
    assert flow_end(flow(earlier, later)) is None


@pytest.mark.parametrize(
    "schedules, why",
    [
        ([Schedule(START)], "every"),
        ([Schedule(START, every=timedelta(0))], "longer"),
        ([THREE_HOURLY, THREE_HOURLY], "order"),
        ([Schedule(START.replace(tzinfo=None), every=HOUR)], "zone"),
    ],
)
def test_what_makes_no_sense_is_refused(schedules, why):
    with pytest.raises(ValueError, match=why):
        list(due_times(schedules, since=START, until=START + DAY))
