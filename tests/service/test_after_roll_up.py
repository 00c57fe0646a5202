"""After old rows were let go, an audit reads nothing anew, alarms nobody anew, and says what it said."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.ledger import Ledger
from auditor.model import AuditResult
from auditor.settings import load_config
from auditor.worlds import build_world
from tests.service.auditing import Bench, codes, verifier
from tests.service.test_rebuild import END, FLOWS, a_folder

__all__ = ["verifier"]

HOUR = timedelta(hours=1)


@pytest.fixture
def made(tmp_path: Path, verifier: Any) -> Bench:
    return Bench.of_world(build_world(FLOWS, seed="rolled", now=END, folder="backups"), tmp_path, verifier)


def audit(bench: Bench, hours: int) -> AuditResult:
    return bench.audit(is_past=False, now=END + hours * HOUR, relist=timedelta(0))


def roll_up(bench: Bench, hours: int) -> int:
    """How many rows of single files went."""
    with Ledger.open(load_config(bench.home / "auditor.yaml").ledger_url) as ledger:
        rolled = ledger.roll_up(HOUR, now=END + hours * HOUR)
    return rolled.files + rolled.checks + rolled.manifests


def test_what_lies_there_is_neither_read_anew_nor_called_changed(made: Bench) -> None:
    audit(made, 0)
    before = audit(made, 100)
    assert roll_up(made, 100) == 0
    after = audit(made, 100)
    assert after.files_read == 0
    assert (after.runs, after.findings) == (before.runs, before.findings)


def test_a_loss_that_is_told_goes_on_being_told(made: Bench) -> None:
    audit(made, 0)
    shutil.rmtree(a_folder(made))
    audit(made, 1)
    before = audit(made, 2)
    assert "export-deleted" in codes(before)
    assert roll_up(made, 100) == 0
    audit(made, 100)
    assert roll_up(made, 100) == 0
    assert "export-deleted" in codes(audit(made, 100))


def test_what_went_by_retention_is_let_go_and_missed_by_nobody(made: Bench) -> None:
    config = made.home / "auditor.yaml"
    config.write_text(config.read_text().replace("type: local", "type: local\n    retain: 1d", 1))
    audit(made, 0)
    shutil.rmtree(a_folder(made))
    before = audit(made, 24)
    assert roll_up(made, 24) > 0
    after = audit(made, 24)
    assert after.files_read == 0
    assert (after.runs, after.findings) == (before.runs, before.findings)
    assert not {"export-deleted", "export-changed", "mass-loss"} & {*codes(after)}
