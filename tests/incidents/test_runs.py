"""Incidents of runs: one story for as long as it lasts, holes that stay holes, nothing from what was not seen."""

from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.incident_model import Closing, Member, Signed
from auditor.model import Arrival, Content, Severity
from tests.incidents.making import (
    EXPECTED,
    FLOW,
    HOUR,
    OVER,
    START,
    Story,
    came_late,
    damaged,
    due,
    finding,
    late,
    missing,
    right,
    run,
    unknown,
    unread,
)


def test_missing_due_times_are_one_incident_until_the_next_right_one_and_stay_gaps() -> None:
    story = Story()
    assert story.look(right(1), missing(2)) == ["opened export-missing"]
    assert story.look(right(1), missing(2)) == []
    assert story.look(right(1), missing(2), missing(3)) == ["joined export-missing"]
    assert story.look(right(1), missing(2), missing(3), right(4)) == ["recovered export-missing"]
    over = story.one("export-missing")
    assert (over.closing, over.gaps) == (Closing.NEXT_RIGHT, (Member(due(2)), Member(due(3))))
    assert story.look(right(1), missing(2), missing(3), right(4), times=3) == []


def test_a_missing_export_that_comes_after_all_ends_its_incident_and_is_not_told_again_as_late() -> None:
    story = Story()
    assert story.look(right(1), missing(2)) == ["opened export-missing"]
    assert story.look(right(1), came_late(2)) == ["recovered export-missing"]
    assert story.one("export-missing").closing is Closing.RECOVERED
    assert story.look(right(1), came_late(2), right(3), times=3) == []


def test_what_is_late_ends_when_it_comes_and_is_replaced_when_it_becomes_missing() -> None:
    story = Story()
    assert story.look(right(1), late(2)) == ["opened export-late"]
    assert story.look(right(1), came_late(2)) == ["recovered export-late"]
    assert story.look(right(1), came_late(2), late(3)) == ["opened export-late"]
    assert story.look(right(1), came_late(2), missing(3)) == ["recovered export-late", "opened export-missing"]
    newest = story.ledger.list_incidents()[1]
    assert (newest.key.code, newest.closing) == ("export-late", Closing.REPLACED)  # ends what an alert shows, no more
    assert story.look(right(1), came_late(2), missing(3), times=2) == []


def test_what_gets_another_name_has_not_become_right() -> None:
    story = Story()
    failed = run(2, "run-failed", arrival=Arrival.MISSING, content=Content.UNCHECKED)
    assert story.look(right(1), missing(2)) == ["opened export-missing"]
    assert story.look(right(1), failed) == ["recovered export-missing", "opened run-failed"]
    assert story.one("export-missing").closing is Closing.REPLACED
    other = Story()
    assert other.look(right(1), run(2, "file-truncated", content=Content.DAMAGED)) == ["opened file-truncated"]
    assert other.look(right(1), damaged(2)) == ["opened file-corrupt", "recovered file-truncated"]
    assert other.one("file-truncated").closing is Closing.REPLACED


def test_a_run_of_which_nothing_is_said_and_that_is_not_right_closes_nothing() -> None:
    story = Story()
    story.look(right(1), missing(2))
    assert story.look(right(1), run(2, arrival=Arrival.MISSING, content=Content.UNCHECKED)) == []
    assert story.one("export-missing").is_open


def test_a_late_export_first_seen_when_it_had_come_is_told_once() -> None:
    story = Story()
    assert story.look(right(1), came_late(2)) == ["gap export-late"]
    assert story.look(right(1), came_late(2), right(3), times=3) == []


@pytest.mark.parametrize("blind", [unknown, unread])
def test_what_was_not_seen_closes_nothing_and_opens_nothing(blind) -> None:
    story = Story()
    assert story.look(right(1), damaged(2)) == ["opened file-corrupt"]
    assert story.look(blind(1), blind(2), blind(3), times=3) == []
    assert story.look(times=3) == []
    assert story.look(right(1), damaged(2), right(3)) == ["recovered file-corrupt"]


def test_damage_that_is_found_when_later_exports_are_right_is_told_once() -> None:
    story = Story()
    assert story.look(right(1), damaged(2), right(3)) == ["gap file-corrupt"]
    assert story.look(right(1), damaged(2), right(3), times=2) == []
    assert story.look(damaged(1), damaged(2), right(3)) == ["gap file-corrupt"]


def test_a_hole_that_was_filled_and_comes_back_is_told_again() -> None:
    story = Story()
    story.look(right(1), damaged(2), right(3))
    assert story.look(right(1), right(2), right(3)) == []
    assert story.one("file-corrupt").gaps == ()
    assert story.look(right(1), damaged(2), right(3)) == ["gap file-corrupt"]


def test_a_hole_older_than_the_service_is_for_reports() -> None:
    old = replace(finding("export-missing", 2), evidence={"missing_after": f"{due(2) + 6 * HOUR:%Y-%m-%dT%H:%M:%SZ}"})
    gone = replace(missing(2), findings=(old,))
    story = Story(expected=replace(EXPECTED, watched_before=due(9)))
    assert story.look(right(1), gone, right(3)) == []
    assert story.look(right(1), gone) == ["opened export-missing"]  # it still is so
    assert story.one("export-missing").since == due(2) + 6 * HOUR


def test_a_hole_older_than_the_first_look_at_its_flow_is_for_reports() -> None:
    """A flow, or a destination, that is added later has a past too."""
    old = replace(finding("export-missing", 2), evidence={"missing_after": f"{due(2) + 6 * HOUR:%Y-%m-%dT%H:%M:%SZ}"})
    gone = replace(missing(2), findings=(old,))
    assert Story(expected=replace(EXPECTED, began={FLOW: due(9)})).look(right(1), gone, right(3)) == []
    assert Story(expected=replace(EXPECTED, began={FLOW: due(3)})).look(right(1), gone, right(3)) != []
    assert Story(expected=replace(EXPECTED, began={"other": due(9)})).look(right(1), gone, right(3)) != []


def test_what_is_put_up_with_and_what_is_only_worth_knowing_is_no_incident() -> None:
    waived = replace(missing(2), findings=(replace(finding("export-missing", 2), waived=OVER),))
    story = Story()
    assert story.look(right(1), waived, finding("stray-object", of_place=True)) == []
    story.look(right(1), missing(3))
    ended = replace(missing(3), findings=(replace(finding("export-missing", 3), waived=OVER),))
    assert story.look(right(1), ended) == ["recovered export-missing"]
    assert story.one("export-missing").closing is Closing.WAIVED


def test_a_graver_severity_is_told_and_a_lower_one_is_not() -> None:
    story = Story()
    graver = replace(missing(2), findings=(replace(finding("export-missing", 2), severity=Severity.CRITICAL),))
    assert story.look(missing(2)) == ["opened export-missing"]
    assert story.look(graver) == ["worsened export-missing"]
    assert story.look(missing(2)) == []


def test_a_flow_that_is_no_longer_configured_has_no_incident() -> None:
    story = Story()
    story.look(missing(2))
    story.expected = replace(EXPECTED, flows=frozenset({("other", "x", "lake")}))
    assert story.look(missing(2)) == ["recovered export-missing"]
    assert story.one("export-missing").closing is Closing.NOT_EXPECTED
    assert story.look(missing(2)) == []


@pytest.mark.parametrize("code", ["export-changed", "export-deleted"])
def test_what_changes_after_an_acceptance_is_told(code: str) -> None:
    story = Story()
    accepted = replace(run(2, code), findings=(replace(finding(code, 2), waived=OVER),))
    story.look(right(1), run(2, code))
    story.ledger.accept(story.one(code).number, Signed("jo", story.now, "moved by us"))
    assert story.look(right(1), accepted) == [f"recovered {code}"]
    assert story.look(right(1), accepted, times=2) == []
    assert story.look(right(1), run(2, code)) == [f"opened {code}"]


def test_a_change_of_a_folder_that_no_run_asked_for_stays_open_too() -> None:
    story = Story()
    assert story.look(right(1), finding("export-changed", key="f/a/")) == ["opened export-changed"]
    assert story.look(right(1), finding("export-changed", key="f/a/")) == []
    assert story.one("export-changed").is_open


@pytest.mark.parametrize("code", ["schema-changed"])
def test_some_things_end_only_when_somebody_accepts_them(code: str) -> None:
    story = Story()
    bad = run(2, code)
    assert story.look(right(1), bad, right(3)) == [f"opened {code}"]
    assert story.look(right(1), bad, right(3), right(4), times=2) == []
    story.ledger.accept(story.one(code).number, Signed("jo", story.now, "moved by us"))
    assert story.look(right(1), bad, right(3)) == [f"recovered {code}"]
    assert story.one(code).closing is Closing.ACCEPTED
    assert story.look(right(1), bad, right(3), times=2) == []


def test_what_was_deleted_and_is_there_again_is_over_and_a_schema_is_not() -> None:
    story = Story()
    story.look(right(1), run(2, "export-deleted"), run(3, "schema-changed"))
    assert story.look(right(1), right(2), right(3)) == ["recovered export-deleted"]
    assert [incident.key.code for incident in story.live()] == ["schema-changed"]


def test_what_could_be_a_blip_is_told_at_the_third_sight_and_a_missing_export_at_once() -> None:
    unsure = run(2, "file-unverifiable", content=Content.UNVERIFIABLE)
    story = Story()
    assert story.look(right(1), unsure, times=2) == []
    assert story.look(right(1), unsure) == ["opened file-unverifiable"]
    other = Story()
    assert other.look(right(1), unsure) == []
    assert other.look(right(1), right(2), times=6) == []
    assert other.live() == []


def test_columns_that_were_accepted_are_not_told_again_where_a_look_did_not_compare_them() -> None:
    story = Story()
    other = run(2, "schema-changed")
    story.look(right(1), other)
    story.ledger.accept(story.one("schema-changed").number, Signed("jo", story.now, "a new field group"))
    assert story.look(right(1), other) == ["recovered schema-changed"]
    assert story.look(right(2), right(3)) == []
    assert story.look(right(1), other, right(3), times=2) == []


def test_an_old_export_that_could_not_be_read_once_is_told_to_nobody() -> None:
    unsure = run(1, "file-unverifiable", content=Content.UNVERIFIABLE)
    story = Story()
    assert story.look(unsure, right(2), times=2) == []
    assert story.look(unsure, right(2)) == ["gap file-unverifiable"]
    assert story.look(unsure, right(2), times=3) == []
    other = Story()
    assert other.look(unsure, right(2), times=2) == []
    assert other.look(right(1), right(2), times=5) == []
    assert other.live() == []


def test_folders_nobody_asked_for_that_are_older_than_the_service_are_for_reports() -> None:
    story = Story(expected=replace(EXPECTED, watched_before=due(3)))
    old = finding("export-unexpected", key="f/a/", evidence={"arrived_at": f"{due(2):%Y-%m-%dT%H:%M:%SZ}"})
    new = finding("export-unexpected", key="f/b/", evidence={"arrived_at": f"{due(4):%Y-%m-%dT%H:%M:%SZ}"})
    assert story.look(right(1), old, times=3) == []
    assert story.look(right(1), old, new) == ["gap export-unexpected"]


def test_what_is_seen_later_than_its_acceptance_but_was_judged_before_it_opens_nothing() -> None:
    story = Story()
    bad = run(2, "export-deleted")
    story.look(right(1), bad)
    story.ledger.accept(story.one("export-deleted").number, Signed("jo", story.now + HOUR, "moved"))
    assert story.look(right(1), bad) == ["recovered export-deleted"]
    assert story.look(right(1), bad, times=3) == []


def test_what_comes_and_goes_is_told_a_few_times_and_then_held_open() -> None:
    story = Story()
    told = [event for _ in range(12) for event in (*story.look(right(1), damaged(2)), *story.look(right(1), right(2)))]
    assert told.count("opened file-corrupt") == 4
    assert story.look(right(1), right(2), times=8) == ["recovered file-corrupt"]


def test_after_days_off_each_run_became_missing_when_it_did() -> None:
    story = Story(now=START + timedelta(days=3))
    gone = [
        replace(
            missing(n),
            findings=(
                replace(
                    finding("export-missing", n),
                    evidence={"missing_after": f"{due(n) + 6 * HOUR:%Y-%m-%dT%H:%M:%SZ}"},
                ),
            ),
        )
        for n in (4, 5, 6)
    ]
    assert story.look(right(3), *gone) == ["opened export-missing"]
    opened = story.one("export-missing")
    assert (opened.since, len(opened.members), opened.opened_at) == (due(4) + 6 * HOUR, 3, story.now)
    assert opened.key.flow == FLOW
