"""The moments that `audit` takes, and what a pinned one leaves alone."""

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from auditor.cli import app
from auditor.ledger import Ledger
from auditor.worlds import lay_out, render_config
from tests.worlds.small import DAILY, small_world


@pytest.fixture
def config(tmp_path):
    world = small_world(DAILY)
    lay_out(world, tmp_path / "exports")
    path = tmp_path / "auditor.yaml"
    path.write_text(render_config(world).replace("mode:", "watch_from: 0001-01-01T00:00:00Z\n    mode:"))
    return path


def audit(config, *options):
    answer = CliRunner().invoke(app, ["audit", "-c", str(config), "--format", "json", "--level", "L1", *options])
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return answer


def test_what_would_be_missing_in_the_future_is_not_written_down_as_missing(config):
    now = ["--now", "2026-10-07T13:20:00Z"]
    before = json.loads(audit(config, *now).stdout)["runs"]
    ahead = json.loads(audit(config, "--now", f"{datetime.now(UTC).year + 2}-01-01T00:00:00Z").stdout)
    assert "missing" in {run["arrival"] for run in ahead["runs"]}
    assert json.loads(audit(config, *now).stdout)["runs"] == before
    with Ledger.open(f"sqlite:///{config.parent / 'export-auditor.db'}") as ledger:
        assert ledger.previous_verdicts(DAILY.name, DAILY.datasets[0].id, "lake-backup") == {}


@pytest.mark.parametrize("option", ["--now", "--since"])
@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-02:00"])
def test_a_moment_at_the_end_of_the_calendar_is_refused_with_a_sentence(config, option, text):
    answer = audit(config, option, text)
    assert (answer.exit_code, "use a year from 1970 to 8999" in answer.stderr) == (2, True)


def test_watching_from_the_year_one_is_watching_everything(config):
    answer = audit(config, "--now", "2026-10-07T13:20:00Z")
    assert len(json.loads(answer.stdout)["runs"]) == 7
