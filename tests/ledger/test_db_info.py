"""What is told of a ledger as a whole, without changing anything of it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from auditor.cli import app
from auditor.ledger import Ledger, LedgerError
from auditor.ledger.info import read_info
from auditor.ledger.schema import HEAD, metadata
from tests.ledger.older import FIRST, copies_beside, make_older
from tests.ledger.things import NOON, audit_of, begin, check, file, verdict
from tests.report.schemas import read_held
from tests.servers.postgresql import Server

DAY = timedelta(days=1)


def test_every_table_is_counted(url: str) -> None:
    with Ledger.open(url) as ledger:
        audit_of(ledger, [verdict(hour) for hour in range(3)])
        begin(ledger)
    told = read_info(url, now=NOON)
    rows = {one.name: one.rows for one in told.tables}
    assert rows.keys() == metadata.tables.keys()
    assert (rows["verdicts"], rows["audits"], told.audits, told.unfinished) == (3, 2, 2, 1)
    assert (told.version, told.newest_version) == (HEAD, HEAD)
    assert told.bytes > 0


def test_an_older_ledger_is_told_of_and_stays_of_its_version(url: str, tmp_path: Path) -> None:
    make_older(url)
    for _ in range(2):
        told = read_info(url, now=NOON)
        assert (told.version, told.audits, told.rolled_up) == (FIRST, 1, 0)
    assert copies_beside(tmp_path / "ledger.db") == []


def test_growth_leaves_out_what_the_first_audit_took_in(url: str) -> None:
    moments = iter([NOON, NOON, *[NOON + n * DAY for n in range(1, 60)]])
    with Ledger.open(url, clock=lambda: next(moments)) as ledger:
        ledger.record_checks("lake", [(file(f"{n}"), check(f"{n}")) for n in range(3000)], at=NOON, verifier="1")
        audit_of(ledger, [verdict(hour) for hour in range(1000)])
        assert read_info(url, now=NOON + DAY / 2).growth is None
        for day in range(1, 11):
            audit_of(ledger, [verdict(2000 + day)], NOON + day * DAY)
    growth = read_info(url, now=NOON + 11 * DAY).growth
    assert growth
    assert 0 < growth.bytes_per_day < read_info(url, now=NOON).bytes / 100
    assert growth.in_365_days > growth.in_90_days


def test_no_password_is_shown(new_schema: Callable[[], str], server: Server) -> None:
    url = new_schema()
    Ledger.open(url).close()
    done = CliRunner().invoke(app, ["db", "info", "--ledger", url])
    assert done.exit_code == 0
    assert server.password not in done.output
    assert "postgresql://auditor" in done.output


def test_where_there_is_none_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="there is none yet"):
        read_info(f"sqlite:///{tmp_path}/l.db", now=NOON)
    assert not list(tmp_path.iterdir())


def test_each_command_says_what_it_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exports").mkdir()
    (tmp_path / "auditor.yaml").write_text(CONFIG)
    make_older(f"sqlite:///{tmp_path}/l.db")
    run = CliRunner().invoke
    told = read_held(run(app, ["db", "info", "--json"]).output)
    assert (told["version"], told["retention"]["files_seconds"]) == (FIRST, 400 * 86400)
    assert "rows of single files for 400 days" in run(app, ["db", "info"]).output
    assert f"upgraded from version {FIRST} to {HEAD}" in (upgraded := run(app, ["db", "upgrade"]).output)
    assert f"l.db.before-{HEAD}-" in upgraded
    assert "nothing to do" in run(app, ["db", "upgrade"]).output
    assert f"a whole copy of version {HEAD}" in run(app, ["db", "backup", "-o", "copy.db"]).output
    assert run(app, ["db", "backup", "-o", "copy.db"]).exit_code == 2
    assert "the same in both" in run(app, ["db", "copy", "--to", "sqlite:///new.db"]).output
    assert run(app, ["db", "copy", "--to", "sqlite:///new.db"]).exit_code == 2
    rebuilt = run(app, ["db", "rebuild"])
    assert "--replace puts the new one in its place" in rebuilt.output
    assert {path.name for path in tmp_path.iterdir()} >= {"copy.db", "new.db", "l.db", "l.db.rebuilt"}


CONFIG = """\
ledger: sqlite:///l.db
destinations:
  lake: {type: local, root: ./exports}
flows:
  web: {destination: lake, schedule: {every: 1d, start: 2026-10-01T00:00:00Z}, datasets: [5ef3e324052581191aa6a466]}
"""
