"""Audits one after another with one ledger, while the place they look at changes."""

import os
import shutil
from datetime import timedelta

from adapters.base import AccessDenied
from auditor.model import Arrival, Status
from auditor.worlds import list_objects
from tests.scan.memory import MemoryAdapter
from tests.service.auditing import Bench, codes, in_memory, verifier
from tests.worlds.small import DAILY, DAILY_RUN, PROFILES, WEB, WEB_RUN, small_world

__all__ = ["verifier"]

DAILY_FOLDER = f"exports/backups/{PROFILES.id}"


def setting(made, old, new):
    """Edit the configuration between two audits."""
    config = made.home / "auditor.yaml"
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new))


def arrival(result, due):
    [found] = [v.arrival for v in result.runs if v.due == due]
    return found


def test_an_export_that_retention_removed_stays_expired_at_every_later_audit(tmp_path, verifier):
    made = Bench.of_world(small_world(DAILY), tmp_path, verifier)
    setting(made, "folder: backups", "folder: backups\n    retain: 7d")
    assert arrival(made.audit(is_past=False), DAILY_RUN.due) is Arrival.ON_TIME
    for folder in (tmp_path / DAILY_FOLDER).glob("exportTime=20261004*"):
        shutil.rmtree(folder)
    for days in (8, 9, 10):
        later = made.audit(is_past=False, now=DAILY_RUN.due + timedelta(days=days))
        assert arrival(later, DAILY_RUN.due) is Arrival.EXPIRED


def test_an_export_that_was_deleted_is_no_missing_one_whatever_empty_runs_look_like(tmp_path, verifier):
    made = Bench.of_world(small_world(DAILY), tmp_path, verifier)
    setting(made, "mode: incremental", "mode: incremental\n    empty_runs: no-folder")
    assert made.audit(is_past=False).status is Status.GOOD
    for folder in (tmp_path / DAILY_FOLDER).glob("exportTime=20261004*"):
        shutil.rmtree(folder)
    later = made.audit(is_past=False, relist=timedelta(0))
    assert (arrival(later, DAILY_RUN.due), codes(later)) == (Arrival.ON_TIME, ["export-deleted"])


def test_a_past_moment_knows_nothing_of_an_export_that_was_seen_later(tmp_path, verifier):
    made = Bench.of_world(small_world(DAILY), tmp_path, verifier)
    setting(made, "mode: incremental", "mode: incremental\n    empty_runs: no-folder")
    then = DAILY_RUN.due - timedelta(hours=2)
    [folder] = (tmp_path / DAILY_FOLDER).glob("exportTime=20261003*")
    for file in folder.iterdir():  # it came a day late
        os.utime(file, (DAILY_RUN.due.timestamp(),) * 2)
    before = made.audit(now=then)
    made.audit(is_past=False)
    assert made.audit(now=then).runs == before.runs
    assert Arrival.UNKNOWN in {v.arrival for v in before.runs}


def as_of(world, moment, without=""):
    """The place as it stood at `moment`; `without`: an object that is not there."""
    objects = {item.key: (item.data, item.modified) for item in list_objects(world, until=moment)}
    return MemoryAdapter({key: stored for key, stored in objects.items() if key != without}, world.destination)


def test_an_export_completed_after_its_grace_is_late_also_where_half_of_it_was_judged_before(tmp_path, verifier):
    world = small_world(WEB)
    made = Bench.of_world(world, tmp_path, verifier)
    part = world.delivery(WEB_RUN).prefix + world.delivery(WEB_RUN).parts[0].name
    soon, end = WEB_RUN.due + timedelta(hours=2), WEB_RUN.due + timedelta(hours=5)
    made.adapters["lake-backup"] = as_of(world, soon, without=part)
    assert codes(made.audit(is_past=False, now=soon)) == ["manifest-file-missing"]
    made.adapters["lake-backup"] = whole = as_of(world, end)
    whole.objects[part] = (whole.objects[part][0], end)
    result = made.audit(is_past=False, now=end)
    assert codes(result) == ["export-late"]
    assert {v.arrival for v in result.runs if (v.dataset, v.due) == (WEB_RUN.dataset, WEB_RUN.due)} == {Arrival.LATE}


ABOVE = "backups/manifest-d0420d72-756c-4159-9e7f-7d3e2f8b501e-0b5c2f9e-37a1-4c5e-8a43-0c1d2e3f4a5b.json"


def audit_with_above(tmp_path, verifier, data, **breaks):
    """An audit of a world without faults, with one manifest above all its export folders."""
    made = Bench.of_world(small_world(), tmp_path, verifier)
    objects = {**in_memory(small_world()).objects, ABOVE: (data, WEB_RUN.due)}
    made.adapters["lake-backup"] = MemoryAdapter(objects, "lake-backup", **breaks)
    return made.audit()


def test_a_manifest_above_the_folders_that_cannot_be_read_is_no_green(tmp_path, verifier):
    denied = AccessDenied("s3:GetObject", destination="lake-backup", operation="read", key=ABOVE)
    result = audit_with_above(tmp_path, verifier, b"{}", fail_reading={ABOVE: denied})
    assert [u.subject for u in result.unverifiable] == [ABOVE]
    assert (codes(result), result.status) == ([], Status.INCOMPLETE)


def test_a_manifest_above_the_folders_that_is_none_is_told_once(tmp_path, verifier):
    result = audit_with_above(tmp_path, verifier, b"{")
    assert [(f.code, f.key, f.evidence["manifests"]) for f in result.findings] == [("manifest-unreadable", ABOVE, 1)]
