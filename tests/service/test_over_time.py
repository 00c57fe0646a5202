"""Audits one after another with one ledger, while the place they look at changes."""

import shutil
from datetime import timedelta

from auditor.model import Arrival, Status
from tests.service.auditing import Bench, codes, verifier
from tests.worlds.small import DAILY, DAILY_RUN, PROFILES, small_world

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


def test_an_export_that_was_deleted_is_missing_whatever_empty_runs_look_like(tmp_path, verifier):
    made = Bench.of_world(small_world(DAILY), tmp_path, verifier)
    setting(made, "mode: incremental", "mode: incremental\n    empty_runs: no-folder")
    assert made.audit(is_past=False).status is Status.GOOD
    for folder in (tmp_path / DAILY_FOLDER).glob("exportTime=20261004*"):
        shutil.rmtree(folder)
    later = made.audit(is_past=False)
    assert (arrival(later, DAILY_RUN.due), codes(later)) == (Arrival.MISSING, ["export-missing"])
