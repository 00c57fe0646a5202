"""A ledger of an earlier version is copied before it is changed, once, and however it ends the data is there."""

import multiprocessing
import random
import re
import shlex
import sqlite3
import stat
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.ledger import Ledger, LedgerError
from auditor.ledger.schema import HEAD, VERSION_TABLE
from auditor.ledger.upkeep import NeedsDumpError, upgrade_ledger
from tests.ledger.older import FIRST, copies_beside, make_older
from tests.ledger.test_migrations import _start_and_serve
from tests.ledger.things import begin

SPAWN = multiprocessing.get_context("spawn")
AT = datetime(2026, 11, 1, 6, 30, 15, tzinfo=UTC)


@pytest.fixture
def older(tmp_path: Path) -> Path:
    make_older(f"sqlite:///{tmp_path}/l.db")
    return tmp_path / "l.db"


def _version(file: Path) -> str:
    with sqlite3.connect(file) as plain:
        return str(plain.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()[0])


def test_a_normal_start_copies_an_older_ledger_before_it_migrates(older: Path) -> None:
    with Ledger.open(f"sqlite:///{older}", clock=lambda: AT) as ledger:
        assert begin(ledger) == 2
        assert ledger.migrated_copy == older.with_name(f"l.db.before-{HEAD}-20261101T063015Z")
    assert copies_beside(older) == [ledger.migrated_copy]
    assert (_version(ledger.migrated_copy), _version(older)) == (FIRST, HEAD)


def test_the_copy_is_a_ledger_that_can_be_opened_again(older: Path) -> None:
    with Ledger.open(f"sqlite:///{older}") as ledger:
        begin(ledger)
    assert ledger.migrated_copy
    with Ledger.open(f"sqlite:///{ledger.migrated_copy}") as again:
        assert begin(again) == 2  # the audit of after the migration is not in it


def test_what_is_not_written_back_yet_is_in_the_copy(older: Path) -> None:
    with sqlite3.connect(older) as plain:
        plain.execute("PRAGMA journal_mode = WAL")
        plain.execute("INSERT INTO watched_flows VALUES ('web', 1)")
        plain.commit()
        assert older.with_name("l.db-wal").stat().st_size > 0
        with Ledger.open(f"sqlite:///{older}") as ledger:
            pass
    assert ledger.migrated_copy
    with sqlite3.connect(ledger.migrated_copy) as copy:
        assert copy.execute("SELECT flow FROM watched_flows").fetchall() == [("web",)]


def test_a_new_ledger_and_one_of_this_version_are_not_copied(tmp_path: Path) -> None:
    for _ in range(2):
        with Ledger.open(f"sqlite:///{tmp_path}/l.db") as ledger:
            assert ledger.migrated_copy is None
    assert copies_beside(tmp_path / "l.db") == []


def test_four_processes_at_once_on_an_older_ledger_make_one_copy_and_all_serve(older: Path) -> None:
    gate, answers = SPAWN.Barrier(4), SPAWN.Queue()
    url = f"sqlite:///{older}"
    processes = [SPAWN.Process(target=_start_and_serve, args=(url, gate, answers)) for _ in range(4)]
    for process in processes:
        process.start()
    assert sorted(answers.get(timeout=90) for _ in processes) == ["audit 2", "audit 3", "audit 4", "audit 5"]
    for process in processes:
        process.join(30)
    assert len(copies_beside(older)) == 1


def test_without_room_for_the_copy_nothing_is_migrated(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("auditor.ledger.file_copy._fill", full)
    with pytest.raises(LedgerError, match=r"disk is full.*not migrated, and it is as it was"):
        Ledger.open(f"sqlite:///{older}")
    assert _version(older) == FIRST
    assert copies_beside(older) == []


def test_a_migration_that_fails_leaves_the_ledger_and_its_copy(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import command

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("cannot")

    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", fail)
        for _ in range(2):
            with pytest.raises(LedgerError, match="cannot"):
                Ledger.open(f"sqlite:///{older}", clock=lambda: AT)
    assert _version(older) == FIRST
    assert len(copies_beside(older)) == 2  # in the same second, and neither in place of the other
    Ledger.open(f"sqlite:///{older}").close()
    assert _version(older) == HEAD


def test_a_copy_left_half_made_by_a_killed_process_is_taken_away(older: Path) -> None:
    half = older.with_name(f"l.db.before-{HEAD}-20261101T063015Z.0a0b0c0d.part")
    half.write_bytes(b"half")
    with Ledger.open(f"sqlite:///{older}") as ledger:
        assert copies_beside(older) == [ledger.migrated_copy]


def _start(url: str) -> None:
    Ledger.open(url).close()


def test_one_killed_while_it_copies_and_migrates_leaves_a_ledger_the_next_can_upgrade(tmp_path: Path) -> None:
    for number in range(6):
        file = tmp_path / f"{number}.db"
        make_older(f"sqlite:///{file}")
        process = SPAWN.Process(target=_start, args=(f"sqlite:///{file}",))
        process.start()
        time.sleep(random.uniform(0.6, 1.6))
        process.kill()
        process.join(30)
        with sqlite3.connect(file) as plain:
            assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert _version(file) in (FIRST, HEAD)
        with Ledger.open(f"sqlite:///{file}") as ledger:
            assert begin(ledger) == 2
        assert all(_version(copy) == FIRST for copy in copies_beside(file) if copy.suffix != ".part")


def test_nobody_may_read_the_copy_who_may_not_read_the_ledger(older: Path) -> None:
    older.chmod(0o600)
    with Ledger.open(f"sqlite:///{older}") as ledger:
        assert ledger.migrated_copy
        assert stat.S_IMODE(ledger.migrated_copy.stat().st_mode) == 0o600


def test_an_upgrade_says_what_it_did_and_a_second_one_that_there_was_nothing_to_do(older: Path) -> None:
    url = f"sqlite:///{older}"
    done = upgrade_ledger(url, dumped=False)
    assert (done.before, done.now, [done.copy]) == (FIRST, HEAD, copies_beside(older))
    again = upgrade_ledger(url, dumped=False)
    assert (again.before, again.now, again.copy) == (HEAD, HEAD, None)
    assert len(copies_beside(older)) == 1


def test_a_postgresql_ledger_is_upgraded_only_after_a_dump(new_schema: Callable[[], str]) -> None:
    url = new_schema()
    make_older(url)
    with pytest.raises(NeedsDumpError, match=rf"of version {FIRST}, not upgraded") as told:
        upgrade_ledger(url, dumped=False)
    words = shlex.split(told.value.command)
    assert words[0] == "pg_dump"
    assert "--schema" in words
    assert not re.search("auditor:", told.value.command)  # no password
    done = upgrade_ledger(url, dumped=True)
    assert (done.before, done.now, done.copy) == (FIRST, HEAD, None)
    assert upgrade_ledger(url, dumped=False).before == HEAD


def test_an_upgrade_makes_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="there is none yet"):
        upgrade_ledger(f"sqlite:///{tmp_path}/l.db", dumped=False)
    assert not list(tmp_path.iterdir())


def test_an_upgrade_of_a_newer_ledger_is_refused_and_changes_nothing(url: str) -> None:
    with Ledger.open(url) as ledger:
        ledger._write(lambda c: c.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    for _ in range(2):
        with pytest.raises(LedgerError, match=r"'9999' is newer.*install the newer"):
            upgrade_ledger(url, dumped=True)
