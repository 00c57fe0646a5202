"""An export that had come to rest is as it was, or it is told what became of it: once seen twice, until accepted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.base import Unreachable
from auditor.model import Arrival, Content, Status
from auditor.settings import load_config
from tests.service.auditing import codes, in_memory, verifier
from tests.service.changing import (
    BARE,
    DAY,
    EVENTS,
    HOUR,
    INTEGRITY,
    LISTED,
    RUN,
    Changing,
    bare_world,
    changes,
    other,
    packed_anew,
    verdict_of,
)
from tests.worlds.small import CLICKS, at, small_world

__all__ = ["verifier"]

LAST = RUN._replace(due=at(7, 12))


@pytest.fixture
def place(tmp_path, verifier):
    made = Changing.of(bare_world(), tmp_path, verifier)
    assert made.look(timedelta()).status is Status.GOOD
    return made


def said_for_long(place, *expected):
    """What several looks in a row say, each of another kind."""
    for options in ({}, {"relist": None}, {"recent": True, "relist": None}, {"level": None, "reverify": True}):
        result = place.look(**options)
        if not options.get("recent"):  # such a look judges the newest runs only
            assert changes(result) == [*expected], options
    return result


def test_where_nothing_changes_nothing_is_said(place):
    said_for_long(place)
    assert place.look().status is Status.GOOD


def test_a_file_deleted_from_a_sound_export_without_a_manifest_makes_it_incomplete(place):
    gone = place.remove(place.keys_of()[0])
    said_for_long(place, ("export-deleted", EVENTS.id, RUN.due, 1))
    result = place.look()
    assert (verdict_of(result).arrival, verdict_of(result).content) == (Arrival.ON_TIME, Content.INCOMPLETE)
    assert (codes(result), result.status) == (["export-deleted"], Status.FINDINGS)
    place.held.objects |= gone
    assert place.look().status is Status.GOOD
    place.remove(*gone)
    assert changes(place.look()) == [("export-deleted", EVENTS.id, RUN.due, 1)]


def test_an_export_that_is_gone_came_all_the_same_and_is_not_called_missing(place):
    gone = place.remove(*place.keys_of())
    said_for_long(place, ("export-deleted", EVENTS.id, RUN.due, len(gone)))
    result = place.look()
    told = verdict_of(result)
    assert (told.arrival, told.content, told.files, told.bytes) == (Arrival.ON_TIME, Content.INCOMPLETE, 0, 0)
    assert codes(result) == ["export-deleted"]
    for n, (key, (data, _)) in enumerate(gone.items()):  # restored by a copy: another time, the same contents
        place.rewrite(key, data, timedelta(seconds=n))
    result = place.look()
    assert (changes(result), verdict_of(result).content) == ([], Content.SOUND)
    place.remove(*gone)
    assert changes(place.look()) == [("export-deleted", EVENTS.id, RUN.due, len(gone))]


def test_the_newest_sound_export_being_gone_the_protection_is_as_old_as_what_is_left(tmp_path, verifier):
    place = Changing.of(bare_world(now=at(8, 10)), tmp_path, verifier)
    newest = LAST._replace(due=at(8))
    place.look(timedelta())
    place.remove(*[key for due in (LAST.due, newest.due) for key in place.keys_of(LAST._replace(due=due))])
    result = place.look()
    assert codes(result) == ["export-deleted", "export-deleted", "protection-stale"]


def test_a_file_written_over_with_other_records_is_told_though_it_decodes(place):
    key = place.keys_of()[0]
    data = place.held.objects[key][0]
    place.rewrite(key, other(data))
    said_for_long(place, ("export-changed", EVENTS.id, RUN.due, 1))
    result = place.look()
    assert (verdict_of(result).arrival, verdict_of(result).content) == (Arrival.ON_TIME, Content.SOUND)
    [finding] = result.findings
    assert (finding.evidence["contents"], finding.evidence["size_before"]) == ("different", len(data))
    place.rewrite(key, packed_anew(data), HOUR)
    assert changes(place.look(2 * HOUR)) == []


def test_a_file_that_was_overwritten_by_nonsense_is_damaged_and_changed(place):
    place.rewrite(place.keys_of()[0], b"locked!" * 9)
    result = place.look()
    assert codes(result) == ["export-changed", "file-wrong-format"]
    assert verdict_of(result).content is Content.DAMAGED


def test_the_same_records_written_again_are_no_change_and_are_what_later_ones_are_held_against(place):
    for key in place.keys_of():
        place.rewrite(key, packed_anew(place.held.objects[key][0]))
    said_for_long(place)
    place.remove(place.keys_of()[0])
    assert changes(place.look()) == [("export-deleted", EVENTS.id, RUN.due, 1)]


def test_a_whole_destination_re_encrypted_in_place_is_no_change(place):
    for key, (data, _) in [*place.held.objects.items()]:
        place.rewrite(key, data)
    assert place.look(reads=False).status is not Status.GOOD, "its new files were not read yet"
    said_for_long(place)


@pytest.mark.parametrize("what", ["moved to cold storage", "touched at the same version"])
def test_what_changes_no_byte_is_no_change(place, what):
    key = place.keys_of()[0]
    if what == "moved to cold storage":
        place.held._archived = frozenset({key})
    else:
        place.held.objects[key] = (place.held.objects[key][0], place.now)
    assert changes(place.look()) == changes(place.look()) == []


def test_a_damaged_file_that_is_replaced_by_a_sound_one_is_no_change(tmp_path, verifier):
    place = Changing.of(bare_world(), tmp_path, verifier)
    key = place.keys_of()[0]
    right = place.held.objects[key][0]
    place.held.put(key, right[:-9], RUN.due)
    assert verdict_of(place.look(timedelta())).content is Content.DAMAGED
    place.rewrite(key, right)
    assert (codes(place.look()), place.look().status) == ([], Status.GOOD)


# --- the time of its writer ------------------------------------------------------------------


@pytest.fixture
def young(tmp_path, verifier):
    """A place four hours after the last due time: its export has come to rest, its deadline is not over."""
    made = Changing.of(bare_world(now=at(7, 16)), tmp_path, verifier)
    assert made.look(timedelta()).status is Status.GOOD
    return made


def test_what_its_writer_writes_again_before_the_deadline_is_no_change(young):
    gone = young.remove(*young.keys_of(LAST))
    for key, (data, _) in gone.items():
        young.rewrite(key.replace("part-", "part-9"), other(data), timedelta(minutes=1))
    young.look()
    young.now = at(8, 1)
    result = young.look(relist=timedelta(0))
    assert [f for f in result.findings if f.code in INTEGRITY] == []
    assert verdict_of(result, LAST).content is Content.SOUND


def test_what_is_gone_before_the_deadline_is_doubtful_until_then_and_told_after_it(young):
    young.remove(young.keys_of(LAST)[0])
    soon = young.look()
    assert (changes(soon), verdict_of(soon, LAST).content) == ([], Content.UNVERIFIABLE)
    assert soon.status is Status.INCOMPLETE
    young.now = at(8, 0)
    later = young.look(timedelta(minutes=5))
    assert changes(later) == [("export-deleted", EVENTS.id, LAST.due, 1)]


def test_what_is_changed_after_the_deadline_with_an_old_time_is_told(place):
    key = place.keys_of()[0]
    data, modified = place.held.objects[key]
    place.held.put(key, other(data), modified)
    assert changes(place.look()) == [("export-changed", EVENTS.id, RUN.due, 1)]


def test_what_looks_like_a_second_export_of_the_run_is_a_warning(tmp_path, verifier):
    world = small_world(LISTED, now=at(7, 22))
    place = Changing.of(world, tmp_path, verifier)
    place.look(timedelta())
    again = small_world(LISTED, now=at(7, 22), seed="again")
    old, new = world.delivery(RUN), again.delivery(RUN)
    place.remove(*place.keys_of())
    written = replace(
        new,
        parts=tuple(replace(p, modified=place.now + timedelta(minutes=1)) for p in new.parts),
        manifests=tuple(replace(m, modified=place.now + timedelta(minutes=1)) for m in new.manifests),
    )
    for key, stored in in_memory(replace(world.with_delivery(old, written), now=at(8))).objects.items():
        if key.startswith(old.prefix):
            place.held.put(key, *stored)
    result = place.look()
    assert {(f.code, str(f.severity)) for f in result.findings} == {("export-deleted", "warning")}
    assert verdict_of(result).content is Content.SOUND


# --- what explains it ------------------------------------------------------------------------


def test_what_the_retention_of_the_destination_removed_is_not_told(place):
    place.setting("folder: backups", "folder: backups\n    retain: 3d")
    place.look()
    place.remove(*[key for key in place.held.objects if "202610010000" in key or "202610031200" in key])
    assert changes(place.look()) == []
    place.remove(*place.keys_of(LAST))
    assert [code for code, *_ in changes(place.look())] == ["export-deleted"]


@pytest.mark.parametrize(
    "old, new",
    [
        ("folder: backups", "folder: elsewhere"),
        ("folder: backups", f"folder: backups\n    ignore: ['{EVENTS.id}/exportTime=202610031200/*']"),
        ("root: ./exports", "root: ./exports-new"),
        ("    datasets:", "    folder_template: '%DATASET_ID%/daily-%EXPORT_TIME%'\n    datasets:"),
    ],
)
def test_another_configuration_is_no_loss(place, old, new):
    place.setting(old, new)
    assert changes(place.look()) == changes(place.look()) == []


def test_a_destination_that_moved_is_not_held_against_the_place_before(place):
    place.setting("root: ./exports", "root: ./exports-new")
    kept = {key: stored for key, stored in place.held.objects.items() if "20261007" in key}
    place.held.objects = {key: (data, place.now) for key, (data, _) in kept.items()}
    result = place.look()
    assert changes(result) == changes(place.look()) == []
    place.remove(*place.keys_of(LAST)[:1])
    assert changes(place.look()) == [("export-deleted", EVENTS.id, LAST.due, 1)]


# --- what was not seen -----------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 3, 9])
def test_a_listing_that_breaks_off_says_nothing_of_what_it_did_not_list(place, n):
    gone = place.remove(*place.keys_of())
    place.held._fail_listing_at = (n, Unreachable("no answer", destination="lake-backup", operation="list"))
    assert changes(place.look()) == []
    place.held._fail_listing_at = None
    assert changes(place.look()) == [("export-deleted", EVENTS.id, RUN.due, len(gone))]


def test_what_a_repeat_look_takes_from_an_earlier_listing_is_not_compared(place):
    place.remove(*place.keys_of(RUN._replace(due=at(2))))
    result = place.look(relist=None)
    assert changes(result) == []
    assert any(look.fully_at for look in result.looks)
    assert len(changes(place.look())) == 1


def test_a_past_moment_and_a_plan_say_and_keep_nothing(place):
    from auditor.service.audit import plan_audit
    from auditor.service.options import AuditOptions

    place.remove(*place.keys_of())
    assert not INTEGRITY & set(codes(place.look(is_past=True)))
    with place.ledger() as ledger:
        config = load_config(place.bench.home / "auditor.yaml")
        plan_audit(config, ledger, AuditOptions(now=place.now), open_with=lambda _: lambda: place.held)
        assert ledger.standing_changes("lake-backup") == []


def test_an_audit_of_one_dataset_says_what_became_of_it_and_nothing_of_others(place):
    place.remove(*place.keys_of(), *place.keys_of(RUN._replace(dataset=CLICKS.id)))
    assert {dataset for _, dataset, *_ in changes(place.look(dataset=CLICKS.id))} == {CLICKS.id}
    assert {dataset for _, dataset, *_ in changes(place.look())} == {CLICKS.id, EVENTS.id}


def test_a_deletion_is_told_by_a_look_that_judges_the_newest_runs_only(place):
    old = RUN._replace(due=at(1, 12))
    place.remove(*place.keys_of(old))
    result = place.look(recent=True)
    assert [(code, due) for code, _, due, _ in changes(result)] == [("export-deleted", old.due)]
    assert verdict_of(result, old).content is Content.INCOMPLETE


def test_a_folder_that_no_run_asked_for_is_told_too(tmp_path, verifier):
    world = bare_world()
    extra = replace(world.delivery(RUN), due=None)
    prefix = extra.prefix.replace("202610031200", "202610031905")
    place = Changing.of(world.with_delivery(None, replace(extra, prefix=prefix)), tmp_path, verifier)
    assert codes(place.look(timedelta())) == ["export-unexpected"]
    gone = place.remove(*[key for key in place.held.objects if key.startswith(prefix)])
    result = place.look()
    assert changes(result) == [("export-deleted", EVENTS.id, None, len(gone))]
    assert codes(place.look()) == ["export-deleted"]


# --- much at once ----------------------------------------------------------------------------


def test_a_mass_loss_is_believed_when_it_is_seen_twice_and_says_what_is_lost(place):
    half = [key for key in place.held.objects if EVENTS.id in key]
    known = len(place.held.objects)
    place.remove(*half)
    first = place.look()
    assert (codes(first), first.status) == ([], Status.INCOMPLETE)
    assert {str(v.content) for v in first.runs if v.dataset == EVENTS.id} == {"unverifiable"}
    second = place.look(relist=None)
    [loss] = [f for f in second.findings if f.code == "mass-loss"]
    assert str(loss.severity) == "critical"
    assert (loss.dataset, loss.evidence["objects"], loss.evidence["known_objects"]) == ("", len(half), known)
    assert loss.evidence["datasets"] == [EVENTS.id]
    assert (loss.evidence["oldest_export"], loss.evidence["newest_export"]) == (
        "2026-10-01T00:00:00Z",
        "2026-10-07T12:00:00Z",
    )
    assert loss.evidence["recovery"].startswith("could not be read")
    dues = {v.due for v in second.runs if v.dataset == EVENTS.id}
    assert {due for code, _, due, _ in changes(second) if code == "export-deleted"} == dues
    assert "protection-stale" in codes(second)
    assert "export-missing" not in codes(second)


@pytest.mark.parametrize("empty", [False, True])
def test_a_listing_that_lacks_much_once_is_no_loss_and_no_other_alarm(place, empty):
    gone = place.remove(*[key for key in place.held.objects if empty or "0000/" in key])
    result = place.look()
    assert (codes(result), result.status) == ([], Status.INCOMPLETE)
    place.held.objects |= gone
    assert place.look(relist=None).status is Status.GOOD
    assert place.look().status is Status.GOOD


def test_a_destination_that_is_emptied_is_told_as_mass_loss_and_as_empty(place):
    place.remove(*place.held.objects)
    place.look()
    assert {"mass-loss", "destination-empty"} <= set(codes(place.look()))


def test_a_mass_of_changed_files_is_a_mass_loss(place):
    for key, (data, _) in [*place.held.objects.items()]:
        place.rewrite(key, other(data))
    assert not INTEGRITY & set(codes(place.look()))
    assert "mass-loss" in codes(place.look())


def test_losses_one_by_one_add_up(place):
    runs = [RUN._replace(due=at(day, hour)) for day in (2, 3, 4, 5) for hour in (0, 12)]
    seen = []
    for run in runs:
        place.remove(*place.keys_of(run))
        seen.append("mass-loss" in codes(place.look()))
    assert seen[0] is False
    place.look()
    assert "mass-loss" in codes(place.look())


def test_nothing_is_said_of_changes_where_the_place_is_not_reached(place):
    place.remove(*[key for key in place.held.objects if EVENTS.id in key])
    place.look()
    place.held._fail_listing_at = (0, Unreachable("no answer", destination="lake-backup", operation="list"))
    result = place.look()
    assert codes(result) == ["destination-unreachable"]
    place.held._fail_listing_at = None
    assert "mass-loss" in codes(place.look())


def test_ten_objects_of_a_small_place_are_a_mass_and_nine_are_not(tmp_path, verifier):
    place = Changing.of(small_world(replace(BARE, datasets=(EVENTS,)), now=at(7, 22)), tmp_path, verifier)
    place.look(timedelta())
    keys = sorted(place.held.objects)
    place.remove(*keys[:9])
    assert "mass-loss" not in codes(place.look()) + codes(place.look())
    place.remove(keys[9])
    place.look()
    assert "mass-loss" in codes(place.look())


def test_days_go_by(place):
    place.remove(place.keys_of()[0])
    for _ in range(3):
        told = [one for one in changes(place.look(DAY)) if one[2] == RUN.due]
        assert told == [("export-deleted", EVENTS.id, RUN.due, 1)]
