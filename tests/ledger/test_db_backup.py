"""A backup of a live ledger is whole, or it is not there."""

import multiprocessing
import os
import shlex
import sqlite3
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.ledger import Ledger, LedgerError
from auditor.ledger.schema import HEAD, metadata
from auditor.ledger.upkeep import NeedsDumpError, backup_ledger
from tests.ledger.things import NOON, audit_of, begin, check, file, verdict
from tests.servers.postgresql import Server, find_programs

SPAWN = multiprocessing.get_context("spawn")


def test_the_backup_says_what_the_ledger_says(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/l.db") as ledger:
        audit = audit_of(ledger, [verdict()])
        assert backup_ledger(f"sqlite:///{tmp_path}/l.db", tmp_path / "copy.db") == HEAD
        with Ledger.open(f"sqlite:///{tmp_path}/copy.db") as copy:
            assert copy.read_audit(audit) == ledger.read_audit(audit)


def test_the_backup_is_one_file_with_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    with Ledger.open(f"sqlite:///{tmp_path}/l.db") as ledger:
        begin(ledger)
        backup_ledger(f"sqlite:///{tmp_path}/l.db", tmp_path / "backups/copy.db")
    assert [path.name for path in (tmp_path / "backups").iterdir()] == ["copy.db"]


def test_backups_of_a_ledger_that_is_being_written_hold_whole_transactions(tmp_path: Path) -> None:
    url, stop, problems = f"sqlite:///{tmp_path}/l.db", threading.Event(), list[BaseException]()

    def write() -> None:
        try:
            with Ledger.open(url) as ledger:
                for number in range(500):
                    if stop.is_set():
                        return
                    many = [(file(f"{number}/{n}"), check(f"{number}/{n}")) for n in range(50)]
                    ledger.record_checks("lake", many, at=NOON, verifier="1")
        except BaseException as error:
            problems.append(error)

    Ledger.open(url).close()
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            backup_ledger(url, tmp_path / f"copy{number}.db")
            with sqlite3.connect(tmp_path / f"copy{number}.db") as copy:
                assert copy.execute("SELECT count(*) % 50 FROM file_checks").fetchone() == (0,)
                assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        stop.set()
        writer.join(60)
    assert problems == []


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    Ledger.open(f"sqlite:///{tmp_path}/l.db").close()
    (tmp_path / "copy.db").write_text("precious")
    (tmp_path / "link.db").symlink_to("nowhere")
    for name in ("copy.db", "link.db", "l.db"):
        with pytest.raises(LedgerError, match="there is such a file"):
            backup_ledger(f"sqlite:///{tmp_path}/l.db", tmp_path / name)
    assert (tmp_path / "copy.db").read_text() == "precious"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    Ledger.open(f"sqlite:///{tmp_path}/l.db").close()
    with pytest.raises(LedgerError, match=r"no/copy\.db: no such file or directory; name a folder"):
        backup_ledger(f"sqlite:///{tmp_path}/l.db", tmp_path / "no/copy.db")


def test_of_a_damaged_ledger_no_backup_is_kept(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/l.db") as ledger:
        ledger.record_checks("lake", [(file(f"{n}"), check(f"{n}")) for n in range(2000)], at=NOON, verifier="1")
    with (tmp_path / "l.db").open("r+b") as raw:  # pages in the middle, long after the schema
        raw.seek((tmp_path / "l.db").stat().st_size // 2 // 4096 * 4096)
        raw.write(b"\xff" * 40960)
    with pytest.raises(LedgerError, match=r"damaged|malformed"):
        backup_ledger(f"sqlite:///{tmp_path}/l.db", tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy*"))


def test_where_there_is_no_ledger_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="there is none yet"):
        backup_ledger(f"sqlite:///{tmp_path}/l.db", tmp_path / "copy.db")
    assert not list(tmp_path.iterdir())


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    before = (tmp_path / "other.db").read_bytes()
    with pytest.raises(LedgerError, match="it holds no ledger"):
        backup_ledger(f"sqlite:///{tmp_path}/other.db", tmp_path / "copy.db")
    assert (tmp_path / "other.db").read_bytes() == before
    assert not (tmp_path / "copy.db").exists()


def test_a_ledger_in_postgresql_is_dumped_by_its_own_program(
    new_schema: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{find_programs()}{os.pathsep}{os.environ['PATH']}")
    url, target = new_schema(), tmp_path / "it's a dump"
    with Ledger.open(url) as ledger:
        begin(ledger)
        assert backup_ledger(url, target) == HEAD
    told = subprocess.run(["pg_restore", "--list", target], capture_output=True, text=True, timeout=60, check=True)
    assert all(f"TABLE DATA {url.rpartition('%3D')[2]} {name} " in told.stdout for name in metadata.tables)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with pytest.raises(LedgerError, match="there is such a file"):
        backup_ledger(url, target)


def test_a_dump_that_fails_leaves_nothing_and_tells_no_password(
    new_schema: Callable[[], str], server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/pg_dump").write_text('#!/bin/sh\necho "no: $PGPASSWORD" >&2\nexit 1\n')
    (tmp_path / "bin/pg_dump").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    url = new_schema()
    Ledger.open(url).close()
    with pytest.raises(LedgerError, match=r"nothing was copied; pg_dump: no: \*\*\*") as told:
        backup_ledger(url, tmp_path / "dump")
    assert server.password not in str(told.value)
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]


def test_the_command_shown_where_pg_dump_is_not_installed_makes_a_dump(
    new_schema: Callable[[], str], server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    url, target = new_schema(), tmp_path / "it's a dump"
    Ledger.open(url).close()
    with pytest.raises(NeedsDumpError, match="nothing was copied") as told:
        backup_ledger(url, target)
    assert server.password not in told.value.command
    program, *arguments = shlex.split(told.value.command)
    subprocess.run([find_programs() / program, *arguments], env={"PGPASSWORD": server.password}, timeout=60, check=True)
    assert target.read_bytes().startswith(b"PGDMP")


def _back_up(url: str, target: str) -> None:
    backup_ledger(url, Path(target))


def test_one_killed_while_copying_leaves_the_ledger_and_no_backup_that_is_not_whole(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/l.db"
    with Ledger.open(url) as ledger:
        ledger.record_checks("lake", [(file(f"{n}"), check(f"{n}")) for n in range(20_000)], at=NOON, verifier="1")
    for number, after_s in enumerate((0.5, 0.8, 0.9, 1.0, 1.1, 1.3)):
        target = tmp_path / f"copy{number}.db"
        process = SPAWN.Process(target=_back_up, args=(url, str(target)))
        process.start()
        time.sleep(after_s)
        process.kill()
        process.join(30)
        for whole in {tmp_path / "l.db", target} if target.exists() else {tmp_path / "l.db"}:
            with sqlite3.connect(whole) as plain:
                assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                assert plain.execute("SELECT count(*) FROM file_checks").fetchone() == (20_000,)
