"""Expected runs, their kinds and borders, and how old an export may grow."""

from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.expect import Gaps, default_max_age, expected_runs, nominal_gaps, run_kind, watched_since
from auditor.model import Exclusion, Mode, RunKind, Schedule
from tests.expect.making import DAY, HOUR, at, flow

START = at("2026-10-01T00:00")
THREE_HOURLY = Schedule(START, every=3 * HOUR)
DAILY = Schedule(START, cron="30 2 * * *", zone="Europe/Berlin")


def test_a_due_time_makes_a_run_for_each_dataset():
    runs = list(expected_runs(flow(THREE_HOURLY), since=START, until=START + 3 * HOUR))
    first, second = "5ef3e324052581191aa6a466", "5ef3e324052581191aa6a467"
    assert [(run.key.dataset, run.key.due) for run in runs] == [
        (first, START),
        (second, START),
        (first, START + 3 * HOUR),
        (second, START + 3 * HOUR),
    ]
    assert {(run.key.flow, run.key.destination) for run in runs} == {("f", "d")}


def test_the_borders_are_exact():
    """dagster-io/dagster#21138: wrong exactly at the deadline."""
    run = next(expected_runs(flow(THREE_HOURLY), since=at("2026-10-08T00:00:01"), until=at("2026-10-09")))
    assert run.key.due == at("2026-10-08T03:00")
    assert run.early_from == at("2026-10-08T02:50")
    assert run.late_after == at("2026-10-08T05:30")
    assert run.missing_after == at("2026-10-08T09:00")
    assert run.settle == timedelta(minutes=15)


def kinds(one, since, until):
    return [run.kind for run in expected_runs(one, since=since, until=until) if run.key.dataset.endswith("6")]


def test_only_the_very_first_run_of_an_incremental_flow_is_a_backfill():
    edited = flow(THREE_HOURLY, Schedule(START + 9 * HOUR, every=DAY))
    first, frequent, daily = RunKind.FIRST, RunKind.FREQUENT, RunKind.DAILY
    assert kinds(edited, at("2020-01-01"), START + DAY + 9 * HOUR) == [first, frequent, frequent, daily, daily]
    assert kinds(edited, START + HOUR, START + 9 * HOUR) == [frequent, frequent, daily]
    assert kinds(replace(edited, mode=Mode.FULL), START, START) == [frequent]


def test_a_backfill_that_an_exclusion_moved_is_still_the_first():
    moved = replace(THREE_HOURLY, exclusions=(Exclusion(START, START + 6 * HOUR),))
    assert kinds(flow(moved), START, START + 9 * HOUR) == [RunKind.FIRST, RunKind.FREQUENT]


RHYTHMS = [  # told, schedule, kind, smallest, largest gap in hours, age limit in hours
    ("3-hourly", THREE_HOURLY, "frequent", 3, 3, 12),
    ("8-hourly is 12 h", Schedule(START, every=8 * HOUR), "frequent", 8, 8, 12),
    ("12-hourly is never stale between two runs", Schedule(START, every=12 * HOUR), "frequent", 12, 12, 18),
    ("24 hours", Schedule(START, every=DAY), "daily", 24, 24, 36),
    ("a day of 23 hours", replace(DAILY, start=at("2026-03-01")), "daily", 23.5, 24, 36),
    ("working days", Schedule(START, cron="0 2 * * 1-5"), "daily", 24, 72, 108),
    ("monthly", Schedule(START, cron="0 2 1 * *"), "daily", 28 * 24, 31 * 24, 31 * 36),
    ("twice a day, unevenly", Schedule(START, cron="0 2,6 * * *"), "frequent", 4, 20, 30),
]


@pytest.mark.parametrize("told, schedule, kind, smallest, largest, limit", RHYTHMS, ids=[r[0] for r in RHYTHMS])
def test_rhythm(told, schedule, kind, smallest, largest, limit):
    assert nominal_gaps(schedule) == Gaps(smallest * HOUR, largest * HOUR)
    assert run_kind(schedule) is RunKind(kind)
    assert default_max_age(flow(schedule)) == limit * HOUR


def test_an_end_or_an_exclusion_does_not_change_the_rhythm():
    short = replace(DAILY, end=START, exclusions=(Exclusion(START, START + 90 * DAY),))
    assert nominal_gaps(short) == nominal_gaps(DAILY)


def test_a_single_export_has_no_rhythm_and_no_age():
    once = Schedule(START, once=True)
    assert nominal_gaps(once) is None
    assert run_kind(once) is RunKind.DAILY
    assert default_max_age(flow(once)) is None
    assert default_max_age(flow(once), at=START + DAY) is None


def test_an_exclusion_lets_exports_grow_old_until_the_next_one_had_its_time():
    hole = Exclusion(at("2026-12-24"), at("2026-12-27"))
    one = flow(replace(THREE_HOURLY, exclusions=(hole,)))
    ages = [default_max_age(one, at=at(moment)) for moment in ("2026-12-23T23:00", "2026-12-27T11:00", "2026-12-28")]
    assert ages == [75 * 1.5 * HOUR, 75 * 1.5 * HOUR, 12 * HOUR]
    assert default_max_age(one, at=at("2026-12-20")) == 12 * HOUR


def test_an_edit_to_a_quicker_rhythm_gives_the_first_quick_export_its_time():
    edited = flow(Schedule(START, every=DAY), Schedule(at("2026-10-10"), every=3 * HOUR))
    assert default_max_age(edited, at=at("2026-10-09T23:00")) == 36 * HOUR
    assert default_max_age(edited, at=at("2026-10-10T01:00")) == 36 * HOUR
    assert default_max_age(edited, at=at("2026-10-11")) == 12 * HOUR
    assert default_max_age(edited) == 12 * HOUR


WATCHING = [  # told, watch_from, first audit, since, watched since
    ("the start, when the first audit came soon", None, "2026-10-05", None, "2026-10-01"),
    ("30 days before the first audit", None, "2026-12-01", None, "2026-11-01"),
    ("watch_from reaches back", "2026-10-02", "2026-12-01", None, "2026-10-02"),
    ("--since wins", "2026-10-02", "2026-12-01", "2026-10-01", "2026-10-01"),
    ("--since wins also when later", "2026-10-02", "2026-12-01", "2026-11-30", "2026-11-30"),
]


@pytest.mark.parametrize("told, watch_from, first_audit, since, expected", WATCHING, ids=[w[0] for w in WATCHING])
def test_watched_since(told, watch_from, first_audit, since, expected):
    one = flow(THREE_HOURLY, watch_from=at(watch_from) if watch_from else None)
    told_since = at(since) if since else None
    assert watched_since(one, first_audit=at(first_audit), since=told_since) == at(expected)
