"""Incidents of destinations and beyond: root causes first, and the third answer closes nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.incident_model import Closing, Signed
from auditor.model import Arrival, Content
from tests.incidents.making import (
    EXPECTED,
    FLOW,
    PLACE,
    Story,
    finding,
    missing,
    right,
    run,
    unknown,
)

DOWN = finding("destination-unreachable", of_place=True)
STALE = finding("protection-stale", evidence={"newest_sound": "2026-10-01T03:00:00Z", "limit_hours": 12.0})


def test_an_outage_is_one_incident_and_explains_what_was_wrong_before() -> None:
    story = Story()
    story.look(right(1), missing(2))
    assert story.look(unknown(1), unknown(2), unknown(3), DOWN, times=2) == []
    assert story.look(unknown(1), unknown(2), unknown(3), DOWN) == ["opened destination-unreachable"]
    [child, cause] = story.live()
    assert (child.key.code, child.cause) == ("export-missing", cause.number)
    assert story.look(right(1), missing(2), missing(3)) == [
        "recovered destination-unreachable",
        "joined export-missing",
    ]
    [child] = story.live()
    assert child.cause is None


def test_a_short_outage_is_told_to_nobody() -> None:
    story = Story()
    assert story.look(unknown(1), DOWN, times=2) == []
    assert story.look(right(1), times=6) == []
    assert story.live() == []


def test_what_is_proven_missing_is_not_explained_by_one_file_that_may_not_be_read() -> None:
    story = Story()
    denied = replace(finding("access-denied", of_place=True), key="f/1/part-0.json")
    story.look(run(1, "file-unverifiable", content=Content.UNVERIFIABLE), missing(2), denied, times=3)
    causes = {incident.key.code: incident.cause for incident in story.live()}
    assert causes["export-missing"] is None
    assert causes["file-unverifiable"] is not None


def test_protection_that_cannot_be_told_at_the_moment_is_no_recovery() -> None:
    story = Story()
    assert story.look(missing(5), STALE) == ["opened export-missing", "opened protection-stale"]
    assert story.look(run(6, arrival=Arrival.ON_TIME, content=Content.UNCHECKED)) != ["recovered protection-stale"]
    assert "protection-stale" in {incident.key.code for incident in story.live()}
    assert "recovered protection-stale" in story.look(right(6))


def test_the_age_of_the_protection_began_when_the_limit_was_over() -> None:
    story = Story()
    story.look(STALE)
    assert f"{story.one('protection-stale').since:%d %H:%M}" == "01 15:00"


def test_an_ended_flow_explains_its_missing_exports_and_never_the_stale_protection() -> None:
    story = Story()
    ended = replace(finding("flow-ended", of_place=True), flow=FLOW)
    story.look(missing(2), ended, STALE)
    causes = {incident.key.code: incident.cause is not None for incident in story.live()}
    assert causes == {"export-missing": True, "flow-ended": False, "protection-stale": False}


def test_only_a_look_beyond_opens_and_closes_what_lies_there() -> None:
    story = Story()
    weak = replace(finding("flow-disabled", of_place=True), flow=FLOW)
    assert story.look(right(1), weak) == []
    assert story.look(weak, beyond=True, destinations=frozenset()) == ["opened flow-disabled"]
    assert story.look(right(1), times=3) == []
    platform = replace(finding("flow-service-unreachable", of_place=True), destination="prod")
    assert story.look(platform, beyond=True, destinations=frozenset()) == []
    assert story.look(beyond=True, destinations=frozenset()) == ["recovered flow-disabled"]


def test_a_silent_platform_explains_what_rests_on_its_word_and_nothing_else() -> None:
    story = Story(expected=replace(EXPECTED, platforms={FLOW: "prod", "other": "dev"}))
    off = replace(finding("flow-disabled", of_place=True), flow=FLOW)
    alien = replace(
        finding("dataset-unprotected", of_place=True), destination="", evidence={"experience_platform": "dev"}
    )
    story.look(missing(2))
    story.look(off, alien, beyond=True, destinations=frozenset())
    silent = replace(finding("flow-service-unreachable", of_place=True), destination="", key="prod")
    told = story.look(silent, beyond=True, destinations=frozenset(), times=3)
    assert told == ["opened flow-service-unreachable"]
    causes = {incident.key.code: incident.cause for incident in story.live()}
    outage = story.one("flow-service-unreachable").number
    assert causes == {
        "export-missing": story.one("flow-disabled").number,
        "flow-disabled": outage,
        "dataset-unprotected": None,
        "flow-service-unreachable": None,
    }


def test_what_a_frequent_look_does_not_look_for_is_over_only_by_a_whole_one() -> None:
    story = Story()
    of_place = finding("manifest-unreadable", of_place=True)
    assert story.look(right(1), of_place, is_whole=True) == ["opened manifest-unreadable"]
    assert story.look(right(1), times=3) == []
    assert story.look(right(1), is_whole=True) == ["recovered manifest-unreadable"]
    assert story.look(right(1), finding("folder-malformed", of_place=True)) == ["opened folder-malformed"]
    assert story.look(right(1), finding("destination-empty", of_place=True)) == ["opened destination-empty"]
    assert story.look(right(1)) == ["recovered destination-empty"]


def test_a_place_that_refuses_in_another_way_is_not_reachable_again() -> None:
    story = Story()
    denied = finding("access-denied", of_place=True)
    assert story.look(unknown(1), DOWN, times=3) == ["opened destination-unreachable"]
    assert story.look(unknown(1), denied) == []
    assert story.look(right(1)) == ["recovered destination-unreachable"]


@pytest.mark.parametrize("code", ["protection-weakened", "mass-loss"])
def test_what_gets_worse_after_an_acceptance_is_told(code: str) -> None:
    story = Story()
    beyond = {"beyond": True} if code == "protection-weakened" else {}
    bad = replace(finding(code, of_place=True), flow="" if code == "mass-loss" else FLOW)
    assert story.look(bad, **beyond) == [f"opened {code}"]
    assert story.look(is_whole=True, **beyond) == ([] if beyond else [f"recovered {code}"])
    if not beyond:
        assert story.look(bad) == [f"opened {code}"]
    number = next(incident.number for incident in story.live())
    story.ledger.accept(number, Signed("jo", story.now, "meant"))
    assert story.look(**beyond) == [f"recovered {code}"]
    assert story.look(bad, **beyond) == [f"opened {code}"]


def test_another_destination_says_nothing_of_this_one() -> None:
    story = Story(expected=replace(EXPECTED, destinations=frozenset({PLACE, "other"})))
    story.look(missing(2), finding("unknown-dataset", of_place=True, dataset="zzz"))
    assert story.look(destinations=frozenset({"other"}), times=3) == []
    assert {incident.key.code for incident in story.live()} == {"export-missing", "unknown-dataset"}


def test_a_folder_that_no_schedule_asked_for_is_told_once_for_each() -> None:
    story = Story()
    story.look(right(1))
    story.now += timedelta(hours=1)
    first = replace(finding("export-unexpected"), key="f/a/")
    assert story.look(right(1), first) == ["gap export-unexpected"]
    assert story.look(right(1), first, times=2) == []
    second = replace(finding("export-unexpected"), key="f/b/")
    assert story.look(right(1), first, second) == ["gap export-unexpected"]
    assert {incident.closing for incident in story.ledger.list_incidents()} == {Closing.NEXT_RIGHT}


@pytest.mark.parametrize("code", ["export-expiring", "waiver-expired"])
def test_what_rests_on_a_destination_is_not_over_because_that_cannot_be_seen(code: str) -> None:
    story = Story()
    beyond = {"beyond": True, "destinations": frozenset()}
    assert story.look(replace(finding(code, of_place=True)), **beyond) == [f"opened {code}"]
    assert story.look(**beyond, blind=frozenset({PLACE})) == []
    assert story.look(**beyond) == [f"recovered {code}"]


def test_exports_that_nobody_here_can_read_protect_again_when_they_come() -> None:
    """Encrypted ones are never sound: that one has come within the limit is all that can be told."""
    never = replace(STALE, evidence={"newest_sound": None, "limit_hours": 12.0})
    for sealed in (False, True):
        story = Story(expected=replace(EXPECTED, sealed=frozenset({FLOW} if sealed else ())))
        old, new = run(1, content=Content.UNVERIFIABLE), run(7, content=Content.UNVERIFIABLE)
        assert story.look(old, missing(5), never) == ["opened export-missing", "opened protection-stale"]
        assert story.look(old, missing(5)) == []
        assert ("recovered protection-stale" in story.look(old, missing(5), new)) is sealed


def test_one_file_that_may_not_be_read_keeps_nothing_open_that_was_seen_to_be_over() -> None:
    story = Story()
    denied = replace(finding("access-denied", of_place=True), key="f/1/part-0.json", evidence={"operation": "read"})
    assert story.look(missing(5), denied, STALE)[-1:] == ["opened protection-stale"]
    assert "recovered protection-stale" in story.look(missing(5), right(6), denied)
    refused = replace(denied, key="", evidence={"operation": "list"})
    story.look(finding("destination-empty", of_place=True))
    assert "recovered destination-empty" not in story.look(right(6), refused)
