"""What an audit saw of a dataset's exports: the newest that could be judged, and what could not be looked at."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auditor.model import (
    Arrival,
    Content,
    Dataset,
    Finding,
    Flow,
    Level,
    Schedule,
    Severity,
    Unverifiable,
    Verdict,
    Waived,
)
from auditor.reconcile.coverage import WITHIN, Sight
from auditor.reconcile.coverage_sights import NO_AUDIT, see_datasets, unseen

NOW = datetime(2026, 10, 15, 9, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EVENTS = "5ef3e324052581191aa6a466"


def flow(name: str = "web", end: datetime | None = None, **changes) -> Flow:
    schedule = Schedule(NOW - 90 * DAY, end, every=DAY)
    return replace(Flow(name, "lake", (Dataset(EVENTS),), (schedule,)), **changes)


def run(days_ago: float, arrival: Arrival, content: Content = Content.UNCHECKED, *, of: str = "web") -> Verdict:
    here = content is not Content.UNCHECKED
    level = Level.L3 if content is Content.SOUND else None
    due = NOW - days_ago * DAY
    return Verdict(of, EVENTS, "lake", due, arrival, content, level, due if here else None, "f/" if here else "")


def see(*runs: Verdict, flows=None, findings=()) -> Sight:
    return see_datasets(flows or [flow()], runs, findings, now=NOW)[EVENTS]


SOUND = run(1, Arrival.ON_TIME, Content.SOUND)
STALE = Finding("protection-stale", Severity.CRITICAL, "", "lake", "web", EVENTS)


def test_the_newest_sound_export_and_the_newest_empty_run_are_seen():
    sight = see(run(3, Arrival.LATE, Content.SOUND), run(2, Arrival.NOT_NEEDED), run(1, Arrival.MISSING))
    assert (sight.newest_sound, sight.proven_empty) == (NOW - 3 * DAY, NOW - 2 * DAY)
    assert not sight.is_current
    assert sight.could_look


def test_a_good_newest_run_is_current_unless_its_flow_is_over():
    assert see(SOUND).is_current
    assert see(SOUND, run(0.1, Arrival.PENDING)).is_current
    assert see(SOUND, run(0.3, Arrival.LATE)).is_current  # it may still come
    assert not see(SOUND, flows=[flow(end=NOW - HOUR)]).is_current


@pytest.mark.parametrize(
    "newest",
    [run(0.5, Arrival.UNKNOWN), run(0.5, Arrival.ON_TIME, Content.UNVERIFIABLE)],
)
def test_a_newest_run_that_could_not_be_seen_is_said_to_be(newest):
    doubt = Unverifiable("lake", "no right to list")
    sight = see(SOUND, replace(newest, unverifiable=(doubt,)))
    assert not sight.could_look
    assert sight.reason == "Its newest exports could not be checked: no right to list"
    assert sight.newest_sound == SOUND.due


def test_a_dataset_without_a_judged_run_waits_for_its_first():
    assert see().first_due == NOW.replace(hour=9, minute=30) + DAY
    assert see(run(0.1, Arrival.PENDING)).reason == "Its first export in the time watched may still come."
    assert see(flows=[flow(end=NOW - DAY)]).reason == "No run of its flow was due in the time watched."
    assert see(run(30, Arrival.EXPIRED)).could_look


def test_what_the_audit_calls_stale_is_stale():
    assert see(SOUND, findings=[STALE]).is_stale
    waived = Waived("known", "jo", NOW)
    assert see(SOUND, findings=[replace(STALE, waived=waived)]).waived == waived
    assert not see(SOUND, findings=[replace(STALE, flow="other")]).is_stale


def test_the_limit_is_seven_days_or_longer():
    assert see(SOUND).limit == WITHIN
    assert see(SOUND, flows=[flow(max_age=30 * DAY)]).limit == 30 * DAY


TWO = [flow(), flow("copy")]
OTHER = run(2, Arrival.ON_TIME, Content.SOUND, of="copy")


def test_of_two_flows_the_one_that_is_not_stale_holds():
    sight = see(SOUND, OTHER, flows=TWO, findings=[STALE])
    assert (sight.is_stale, sight.newest_sound) == (False, OTHER.due)
    both = see(SOUND, OTHER, flows=TWO, findings=[STALE, replace(STALE, flow="copy")])
    assert (both.is_stale, both.newest_sound) == (True, SOUND.due)


def test_a_second_flow_that_has_brought_nothing_yet_hides_no_stale_one():
    assert see(SOUND, flows=TWO, findings=[STALE]).is_stale
    blind = run(1, Arrival.UNKNOWN, of="copy")
    sight = see(SOUND, blind, flows=TWO, findings=[STALE])
    assert not sight.is_stale
    assert not sight.could_look
    assert sight.newest_sound is None


def test_of_two_good_flows_the_newest_export_counts():
    sight = see(SOUND, OTHER, flows=TWO)
    assert (sight.newest_sound, sight.is_current, sight.could_look) == (SOUND.due, True, True)


def test_before_any_audit_nothing_is_known():
    assert unseen([flow()]) == {EVENTS: NO_AUDIT}
