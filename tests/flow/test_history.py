"""What was to be exported, by the versions that were seen of a flow: the past keeps the schedule that held then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auditor.expect import due_times, expected_runs
from auditor.flow.history import FOREVER, Sighting, list_datasets, list_schedules, list_spells
from auditor.flow_model import FlowVersion, TargetPlace
from auditor.model import Dataset, Flow, RunKind, Schedule, Windows

EVENTS, CLICKS = Dataset("5ef3e324052581191aa6a466", "Web events"), Dataset("6504a2f1abf9b128d3f90e5d", "Clicks")
HOUR = timedelta(hours=1)


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


EVERY_3H = Schedule(at(1), every=3 * HOUR)
VERSION = FlowVersion("prod", "4f2c", "web", "enabled", (EVENTS,), TargetPlace("s3"), EVERY_3H)


def seen(*sightings: tuple[datetime, dict[str, object]], gone: datetime | None = None) -> list[Sighting]:
    """Versions with when they were first seen; each was seen for ten minutes."""
    found = []
    for first, changes in sightings:
        found.append(Sighting(replace(VERSION, **changes), first, first + timedelta(minutes=10)))
    return [*found[:-1], replace(found[-1], gone=gone)]


def dues(sightings: list[Sighting], since: datetime, until: datetime) -> list[str]:
    schedules = list_schedules(list_spells(sightings))
    return [f"{due:%dT%H:%M}" for due in due_times(schedules, since=since, until=until)]


def test_one_version_holds_from_its_own_start():
    assert dues(seen((at(5), {})), at(1), at(1, 6)) == ["01T00:00", "01T03:00", "01T06:00"]


def test_an_edited_schedule_begins_at_its_first_due_time_after_the_change():
    twelve = Schedule(at(1), every=12 * HOUR)
    told = seen((at(4), {}), (at(5, 2), {"schedule": twelve, "updated": at(5, 1, 30)}))
    assert dues(told, at(4, 20), at(5, 13)) == ["04T21:00", "05T00:00", "05T12:00"]


def test_without_a_time_of_the_change_it_is_the_look_that_showed_it():
    told = seen((at(4), {}), (at(5, 4), {"schedule": Schedule(at(1), every=12 * HOUR)}))
    assert dues(told, at(5), at(5, 13)) == ["05T00:00", "05T03:00", "05T12:00"]


def test_a_time_of_change_from_before_the_last_look_is_not_believed():
    told = seen((at(4), {}), (at(5, 4), {"schedule": Schedule(at(1), every=12 * HOUR), "updated": at(4, 0, 5)}))
    assert dues(told, at(5), at(5, 13)) == ["05T00:00", "05T03:00", "05T12:00"]


@pytest.mark.parametrize("word", ["disabled", "disabling"])
def test_nothing_is_due_while_a_flow_is_off(word):
    told = seen((at(4), {}), (at(5, 4), {"state": word}), (at(6, 1), {"updated": at(6, 0, 30)}))
    assert dues(told, at(5), at(6, 4)) == ["05T00:00", "05T03:00", "06T03:00"]


def test_a_word_that_nobody_knows_ends_no_expectation():
    assert dues(seen((at(4), {}), (at(5), {"state": "resting"})), at(6), at(6, 3)) == ["06T00:00", "06T03:00"]


def test_a_flow_that_is_gone_keeps_its_past():
    told = seen((at(4), {}), gone=at(5, 4))
    assert dues(told, at(5), at(9)) == ["05T00:00", "05T03:00"]
    assert list(due_times(list_schedules(list_spells(told)), since=at(6), until=FOREVER)) == []


def test_a_flow_that_came_back_was_not_due_in_between():
    told = [*seen((at(4), {}), gone=at(5, 4)), *seen((at(7, 1), {"updated": at(7, 0, 30)}))]
    assert dues(told, at(5), at(7, 3)) == ["05T00:00", "05T03:00", "07T03:00"]


def test_an_edit_that_moves_the_end_before_itself_ends_the_flow_there():
    told = seen((at(4), {}), (at(6), {"schedule": replace(EVERY_3H, end=at(5)), "updated": at(5, 23, 30)}))
    assert dues(told, at(5, 20), at(8)) == ["05T21:00"]


def test_an_end_between_two_due_times_leaves_none():
    told = seen((at(4), {}), (at(6), {"schedule": replace(EVERY_3H, end=at(6, 1)), "updated": at(6)}))
    assert dues(told, at(5, 20), at(8)) == ["05T21:00", "06T00:00"]


def test_a_schedule_that_could_not_be_read_changes_nothing():
    assert dues(seen((at(4), {}), (at(5), {"schedule": None})), at(6), at(6, 3)) == ["06T00:00", "06T03:00"]


def test_two_edits_between_two_due_times_are_one_after_the_other():
    told = seen(
        (at(4), {}),
        (at(5, 1, 20), {"schedule": Schedule(at(5, 2), every=6 * HOUR)}),
        (at(5, 1, 40), {"schedule": Schedule(at(5, 2), every=12 * HOUR)}),
    )
    assert dues(told, at(5), at(6)) == ["05T00:00", "05T02:00", "05T14:00"]


def test_a_dataset_is_due_only_while_it_is_in_its_flow():
    both = {"datasets": (EVENTS, CLICKS)}
    told = seen((at(4), both), (at(5, 4), {"datasets": (EVENTS,)}), (at(6, 4), both))
    flow = Flow(
        name="web",
        destination="d",
        datasets=list_datasets(list_spells(told)),
        schedules=list_schedules(list_spells(told)),
        windows=dict.fromkeys(RunKind, Windows(HOUR, HOUR, HOUR, HOUR)),
    )
    runs = [run.key for run in expected_runs(flow, since=at(5), until=at(6, 9)) if run.key.dataset == CLICKS.id]
    assert [f"{key.due:%dT%H}" for key in runs] == ["05T00", "05T03", "06T06", "06T09"]


def test_the_first_run_of_a_dataset_that_came_later_is_its_backfill():
    told = seen((at(4), {}), (at(5, 4), {"datasets": (EVENTS, CLICKS)}))
    flow = Flow(
        name="web",
        destination="d",
        datasets=list_datasets(list_spells(told)),
        schedules=list_schedules(list_spells(told)),
        windows=dict.fromkeys(RunKind, Windows(HOUR, HOUR, HOUR, HOUR)),
    )
    runs = [run for run in expected_runs(flow, since=at(1), until=at(5, 9)) if run.kind is RunKind.FIRST]
    assert [(run.key.dataset, run.key.due) for run in runs] == [(EVENTS.id, at(1)), (CLICKS.id, at(5, 6))]


def test_datasets_that_could_not_be_read_are_not_gone():
    told = seen((at(4), {}), (at(5), {"datasets": ()}))
    assert list_datasets(list_spells(told)) == (EVENTS,)


def test_schedules_that_were_put_off_again_and_again_stay_in_order():
    told = seen(
        (at(4), {"schedule": Schedule(at(20), every=3 * HOUR)}),
        (at(5), {"schedule": Schedule(at(25), every=6 * HOUR)}),
        (at(6), {"schedule": Schedule(at(15), every=12 * HOUR)}),
    )
    assert dues(told, at(1), at(16)) == ["15T00:00", "15T12:00", "16T00:00"]
