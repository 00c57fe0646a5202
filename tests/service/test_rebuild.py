"""A new ledger from storage says what the old one says, but for what only that knew; it takes no place unasked."""

import multiprocessing
import os
import random
import shutil
import sqlite3
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.base import Unreachable
from auditor.ledger import Ledger, LedgerError
from auditor.ledger.moving import move_ledger
from auditor.ledger.replacing import replace_ledger
from auditor.model import Arrival
from auditor.service.rebuilding import Rebuilt, rebuild_ledger
from auditor.settings import load_config
from auditor.worlds import build_world
from tests.ledger.test_db_copy import rows
from tests.ledger.things import NOON, begin
from tests.servers.postgresql import postgresql
from tests.service.auditing import Bench, verifier
from tests.worlds.small import DAILY, WEB, at

__all__ = ["verifier"]

SPAWN = multiprocessing.get_context("spawn")
FLOWS = (replace(WEB, start=at(1), rows=(1, 2), parts=(1, 2), backfill=(1, 2)), replace(DAILY, start=at(1, 2, 30)))
END = at(3, 12, 40)
DAY = timedelta(days=1)


@pytest.fixture
def made(tmp_path: Path, verifier: Any) -> Bench:
    """A place audited twice."""
    bench = Bench.of_world(build_world(FLOWS, seed="rebuilt", now=END, folder="backups"), tmp_path, verifier)
    for now in (END - timedelta(minutes=5), END):
        bench.audit(is_past=False, now=now)
    return bench


def rebuild(bench: Bench, **options: Any) -> Rebuilt:
    config = load_config(bench.home / "auditor.yaml")
    return rebuild_ledger(config, **{"now": END, "verifier": bench.verifier} | options)


def ledger_of(bench: Bench) -> Path:
    return Path(load_config(bench.home / "auditor.yaml").ledger_url.removeprefix("sqlite:///"))


def a_folder(bench: Bench) -> Path:
    return sorted(path for path in (bench.home / "exports").rglob("*exportTime*") if path.is_dir())[3]


def test_the_new_one_says_the_same_and_the_old_one_is_as_it_was(made: Bench) -> None:
    file = ledger_of(made)
    before = rows(f"sqlite:///{file}")
    done = rebuild(made)
    assert done.comparison
    told = done.comparison
    assert (told.changed, told.only_old, told.only_new, told.unseen, told.lost.count) == ((), (), (), (), 0)
    assert told.same > 20
    assert rows(f"sqlite:///{file}") == before
    beside = sorted(path.name for path in file.parent.glob(f"{file.name}*"))
    assert beside == [file.name, f"{file.name}.rebuilt"]
    assert {one.what for one in told.knowledge} >= {"audits", "first sights of export folders"}


def test_what_was_seen_earlier_than_its_files_own_times_is_told_apart(made: Bench) -> None:
    ledger_of(made).unlink()
    for now in (END - DAY, END):  # at the first, half of it is dated later than the audit
        made.audit(is_past=False, now=now)
    told = rebuild(made).comparison
    assert told
    assert (told.changed, told.only_old, told.only_new) == ((), (), ())
    assert told.first_seen
    assert all(one.old and one.old.arrival is Arrival.EARLY for one in told.first_seen)


def test_it_takes_the_place_of_the_old_one_which_is_kept(made: Bench) -> None:
    file = ledger_of(made)
    before = rows(f"sqlite:///{file}")
    done = rebuild(made, replaces=True)
    assert done.refused == ""
    assert done.replaced == file.with_name(f"{file.name}.replaced-{END:%Y%m%dT%H%M%SZ}")
    assert rows(f"sqlite:///{done.replaced}") == before
    assert len(rows(f"sqlite:///{file}")["audits"]) == 1
    made.audit(is_past=False, now=END + timedelta(minutes=5))
    assert len(rows(f"sqlite:///{file}")["audits"]) == 2


def test_what_storage_lost_keeps_the_old_one_in_its_place(made: Bench) -> None:
    file, gone = ledger_of(made), a_folder(made)
    number = sum(1 for path in gone.rglob("*") if path.is_file())
    shutil.rmtree(gone)
    done = rebuild(made, replaces=True)
    assert done.comparison
    assert done.comparison.lost.count == number
    assert gone.name in done.comparison.lost.examples[0][1]
    assert f"knows {number} objects that storage lacks" in done.refused
    assert done.replaced is None
    assert len(rows(f"sqlite:///{file}")["audits"]) == 2


def test_a_loss_that_was_told_already_is_not_forgotten_either(made: Bench) -> None:
    gone = a_folder(made)
    shutil.rmtree(gone)
    for minutes in (0, 5):
        made.audit(is_past=False, now=END + timedelta(minutes=minutes), relist=timedelta(0))
    done = rebuild(made, replaces=True, now=END + timedelta(minutes=10))
    assert done.comparison
    assert done.comparison.lost.count > 0
    assert "storage lacks" in done.refused


def test_what_is_older_than_its_retention_may_be_gone(made: Bench) -> None:
    shutil.rmtree(a_folder(made))
    config = made.home / "auditor.yaml"
    config.write_text(config.read_text().replace("type: local", "type: local\n    retain: 1d", 1))
    done = rebuild(made)
    assert done.comparison
    assert done.comparison.lost.count == 0


def test_a_place_that_could_not_be_looked_at_keeps_the_old_one_in_its_place(made: Bench) -> None:
    def refuse(_: Any) -> Any:
        def open_adapter() -> Any:
            raise Unreachable("no answer", destination="lake-backup", operation="list")

        return open_adapter

    done = rebuild(made, replaces=True, open_with=refuse)
    assert done.comparison
    assert done.comparison.unseen
    assert done.refused
    assert done.replaced is None


def test_beside_one_that_cannot_be_read_a_new_one_is_made_and_does_not_replace_it(made: Bench) -> None:
    file = ledger_of(made)
    with sqlite3.connect(file) as plain:
        plain.execute("PRAGMA journal_mode = DELETE")
    file.write_bytes(file.read_bytes()[:4096] + os.urandom(file.stat().st_size - 4096))
    damaged = file.read_bytes()
    done = rebuild(made, replaces=True)
    assert done.comparison is None
    assert "cannot be read" in done.refused
    assert file.read_bytes() == damaged
    assert len(rows(f"sqlite:///{file}.rebuilt")["audits"]) == 1


def test_what_is_there_already_is_not_written_over(made: Bench) -> None:
    file = ledger_of(made)
    rebuild(made)
    with pytest.raises(LedgerError, match=r"rebuilt: it is there already"):
        rebuild(made)
    with pytest.raises(LedgerError, match="it is not empty"):
        rebuild(made, to=f"sqlite:///{file}")


def test_it_may_be_made_elsewhere(made: Bench, tmp_path: Path) -> None:
    done = rebuild(made, to=f"sqlite:///{tmp_path}/else.db", replaces=False)
    assert done.comparison
    assert done.comparison.changed == ()
    assert len(rows(f"sqlite:///{tmp_path}/else.db")["audits"]) == 1


def test_from_and_to_postgresql(made: Bench, tmp_path: Path) -> None:
    with postgresql() as server:
        url = server.url("postgres")
        assert move_ledger(f"sqlite:///{ledger_of(made)}", url)
        config = made.home / "auditor.yaml"
        lines = [line for line in config.read_text().splitlines() if not line.startswith("ledger:")]
        config.write_text("\n".join([f"ledger: {url}", *lines]))
        with pytest.raises(LedgerError, match="name an empty place"):
            rebuild(made)
        done = rebuild(made, to=f"sqlite:///{tmp_path}/new.db", replaces=True)
        assert "replaced by naming the new one in the configuration" in done.refused
        assert done.comparison
        assert (done.comparison.changed, done.comparison.lost.count) == ((), 0)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA other")
        elsewhere = rebuild(made, to=f"{url}?options=-csearch_path%3Dother")
        assert elsewhere.comparison
        assert elsewhere.comparison.changed == ()
        assert server.password not in elsewhere.shown


def test_where_there_is_none_there_is_nothing_to_rebuild(made: Bench) -> None:
    ledger_of(made).unlink()
    with pytest.raises(LedgerError, match="an audit makes a new one"):
        rebuild(made)


def test_one_in_use_is_not_replaced(made: Bench) -> None:
    file = ledger_of(made)
    with Ledger.open(f"sqlite:///{file}") as used:
        begin(used)
        with pytest.raises(LedgerError, match="another process has it open; end the service"):
            rebuild(made, replaces=True)
    assert len(rows(f"sqlite:///{file}")["audits"]) == 3
    assert not list(file.parent.glob("*.replaced-*"))


def _replace(old: str, new: str) -> None:
    replace_ledger(Path(old), Path(new), at=NOON)


def test_one_killed_while_replacing_leaves_a_whole_ledger_in_the_place(tmp_path: Path) -> None:
    for number in range(6):
        old, new = tmp_path / f"{number}.db", tmp_path / f"{number}.db.rebuilt"
        for path, audits in ((old, 1), (new, 2)):
            with Ledger.open(f"sqlite:///{path}") as ledger:
                for _ in range(audits):
                    begin(ledger)
        process = SPAWN.Process(target=_replace, args=(str(old), str(new)))
        process.start()
        time.sleep(random.uniform(0.3, 1.2))
        process.kill()
        process.join(30)
        there = len(rows(f"sqlite:///{old}")["audits"])
        assert there in (1, 2)
        kept = list(tmp_path.glob(f"{number}.db.replaced-*"))
        assert there == 1 or len(rows(f"sqlite:///{kept[0]}")["audits"]) == 1
