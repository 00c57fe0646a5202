"""What became of exports: kept until undone or accepted, on both databases."""

from dataclasses import replace

from auditor.incident_model import Incident, IncidentKey, Signed
from auditor.incidents import Changes
from auditor.ledger.file_changes import FOR_EVER
from auditor.model import Arrival, ChangeKind, Content, Severity, Waived
from tests.ledger.things import (
    DATASET,
    FLOW,
    HOUR,
    NOON,
    PLACE,
    audit_of,
    changed,
    check,
    file,
    folder,
    prefix,
    verdict,
)

ONE, TWO = file(f"{prefix(0)}part-0"), file(f"{prefix(0)}part-1")
GONE = {"kind": ChangeKind.DELETED, "after": None}
LATER = NOON + HOUR


def rest(ledger, *files, hour=0, at=NOON):
    """An export that is there, and had come to rest."""
    stored = folder(hour, files or (ONE, TWO))
    ledger.record_folders(PLACE, [stored], at=at)
    ledger.record_whole(PLACE, stored.prefix, at)
    return stored


def unlike(ledger, *folders, since=NOON):
    return ledger.exports_unlike(PLACE, DATASET, {one.prefix: one for one in folders}, since=since)


def test_an_export_as_it_was_is_not_unlike_and_any_other_is(ledger):
    stored = rest(ledger)
    assert unlike(ledger, stored) == []
    [known] = unlike(ledger, replace(stored, files=(ONE,)))
    assert (known.prefix, known.seen_at, known.files) == (prefix(0), NOON, (ONE, TWO))
    assert [one.prefix for one in unlike(ledger)] == [prefix(0)]
    assert unlike(ledger, since=LATER) == [], "of another place by that name"


def test_what_never_came_to_rest_is_not_held_against_anything(ledger):
    ledger.record_folders(PLACE, [folder(0, (ONE,))], at=NOON)
    assert unlike(ledger) == []


def test_a_change_is_kept_once_and_comes_back_as_it_was(ledger):
    rest(ledger)
    one = replace(changed(ONE, said="abc", is_manifest=True), known_at=NOON)
    ledger.record_changes([one, changed(TWO, **GONE)])
    ledger.record_changes([changed(ONE, at=LATER)])
    first, second = ledger.standing_changes(PLACE)
    assert first == replace(one, id=first.id)
    assert (second.kind, second.after, second.before) == (ChangeKind.DELETED, None, TWO)
    assert ledger.standing_changes(PLACE, "another") == ledger.standing_changes("another") == []


def test_what_is_gone_is_known_no_more_until_it_is_seen_again(ledger):
    stored = rest(ledger)
    ledger.record_changes([changed(ONE, **GONE), changed(TWO, **GONE)])
    assert unlike(ledger) == []
    assert ledger.count_at_rest(PLACE, since=NOON) == 2, "it counts as long as it is told"
    ledger.record_folders(PLACE, [stored], at=LATER)
    assert [one.files for one in unlike(ledger)] == [(ONE, TWO)]


def test_a_crash_between_the_change_and_the_listing_loses_nothing(ledger):
    stored = rest(ledger)
    ledger.record_changes([changed(ONE, **GONE)])
    left = replace(stored, files=(replace(TWO, size=99),))
    assert [one.files for one in unlike(ledger, left)] == [(TWO,)], "the other file is compared all the same"


def test_what_is_undone_stands_no_more(ledger):
    rest(ledger)
    ledger.record_changes([changed(ONE)])
    [one] = ledger.standing_changes(PLACE)
    ledger.update_changes([replace(one, confirmed_at=LATER)])
    [one] = ledger.standing_changes(PLACE)
    assert one.confirmed_at == LATER
    ledger.update_changes([replace(one, undone_at=LATER, why="it is as before")])
    assert ledger.standing_changes(PLACE) == []
    ledger.record_changes([changed(ONE, at=LATER)])
    assert len(ledger.standing_changes(PLACE)) == 1, "it may change again"


def test_a_place_that_moves_begins_anew_and_stays_so(ledger):
    assert ledger.source_since(PLACE, "s3\0a", at=NOON) == NOON
    assert ledger.source_since(PLACE, "s3\0a", at=LATER) == NOON
    assert ledger.source_since(PLACE, "s3\0b", at=LATER) == LATER
    assert ledger.source_since(PLACE, "s3\0a", at=LATER + HOUR) == LATER + HOUR


def test_what_is_left_out_is_not_known_until_it_is_seen_again(ledger):
    stored = rest(ledger)
    ledger.leave_out([changed(ONE, **GONE)])
    [known] = unlike(ledger)
    assert (known.files, ledger.count_at_rest(PLACE, since=NOON)) == ((TWO,), 1)
    ledger.record_folders(PLACE, [stored], at=LATER)
    assert ledger.count_at_rest(PLACE, since=NOON) == 2


def test_the_newest_verdict_that_rested_on_a_folder_is_found_whatever_came_after(ledger):
    audit_of(ledger, [verdict(0, Arrival.LATE)])
    audit_of(ledger, [verdict(0, Arrival.UNKNOWN, content=Content.UNVERIFIABLE, folder="")], now=LATER)
    seen = ledger.verdicts_on_folders(FLOW, DATASET, PLACE, [prefix(0), prefix(1)])
    assert {key: one.arrival for key, one in seen.items()} == {prefix(0): Arrival.LATE}
    assert ledger.verdicts_on_folders("another", DATASET, PLACE, [prefix(0)]) == {}


def test_what_was_proven_of_these_very_bytes_is_found(ledger):
    other = replace(ONE, version="v2")
    checks = [(ONE, replace(check(ONE.key), digest="A")), (other, replace(check(ONE.key), digest="B"))]
    ledger.record_checks(PLACE, checks, at=NOON, verifier="1")
    assert ledger.digests_of(PLACE, [ONE]) == {ONE.key: (Content.SOUND, "A")}
    assert ledger.digests_of(PLACE, [other]) == {ONE.key: (Content.SOUND, "B")}
    assert ledger.digests_of(PLACE, [TWO]) == {}


def accept(ledger, *kinds, dataset="", until=NOON):
    opened = Incident(IncidentKey("export-changed", FLOW, DATASET, PLACE), Severity.ERROR, NOON, NOON, NOON)
    ledger.update_incidents_with(lambda known: Changes((opened,) if not known.live else (), ()))
    [incident] = ledger.live_incidents()
    acceptance = ledger.accept(incident.number, Signed("jo", LATER, "moved"))
    assert ledger.acceptance_of(incident.number) == acceptance
    return ledger.accept_changes(acceptance, PLACE, kinds, until=until, dataset=dataset)


def test_what_is_accepted_is_told_no_more_but_what_is_gone_stays_gone(ledger):
    rest(ledger)
    ledger.record_changes([changed(ONE), changed(TWO, **GONE)])
    assert ledger.acceptance_of(1) is None
    assert accept(ledger, *ChangeKind, dataset="another") == 0
    assert accept(ledger, *ChangeKind, until=NOON - HOUR) == 0
    assert accept(ledger, *ChangeKind, dataset=DATASET) == 2
    [left] = ledger.standing_changes(PLACE)
    assert (left.before, left.accepted) == (TWO, Waived("moved", "jo", FOR_EVER))
    assert accept(ledger, *ChangeKind) == 0
    assert ledger.count_at_rest(PLACE, since=NOON) == 1
    ledger.record_changes([changed(ONE, at=LATER)])
    assert [one.accepted is None for one in ledger.standing_changes(PLACE)] == [False, True]
