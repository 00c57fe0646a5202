"""A whole copy of a SQLite ledger that others may be writing to at that moment, by SQLite's own backup."""

import os
import secrets
import sqlite3
import stat
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from glob import escape
from pathlib import Path

from adapters.base import inert
from auditor.ledger.errors import LedgerError, speaking_of

__all__ = ["copy_before", "copy_file", "is_there", "keep_on_disk", "write_once"]

PART = ".part"  # a copy under way, or of a process that was killed
BUSY_S = 60


def copy_before(ledger: Path, version: str, *, at: datetime) -> Path:
    """Copy `ledger` to `<file>.before-<version>-<time>` beside it, ahead of its migration to `version`.

    Only while holding the writers' lock: what an earlier process, killed meanwhile, left half-made is taken away.
    Raises LedgerError; then nothing was changed.
    """
    for left in ledger.parent.glob(f"{escape(ledger.name)}.before-*{PART}"):
        left.unlink(missing_ok=True)
    name = f"{ledger.name}.before-{version}-{at:%Y%m%dT%H%M%SZ}"
    target = next(p for n in range(10_000) if not is_there(p := ledger.with_name(f"{name}-{n}" if n else name)))
    try:
        return copy_file(ledger, target)
    except LedgerError as error:
        raise LedgerError(f"{error}; without a copy the ledger is not migrated, and it is as it was") from None


def copy_file(ledger: Path, target: Path) -> Path:
    """Copy the SQLite file `ledger` to `target`, which is whole or not there. Checked, and readable by nobody else.

    A file that is there already is left alone. Raises LedgerError.
    """
    mode = stat.S_IMODE(ledger.stat().st_mode)
    return write_once(target, lambda part: _fill(ledger, part), mode=mode)


def write_once(target: Path, fill: Callable[[Path], None], *, mode: int = 0o600) -> Path:
    """Have `fill` write a file beside `target`, then give it that name: it is whole, or not there.

    A file that is there already is left alone. Raises LedgerError.
    """
    shown = inert(str(target))
    if is_there(target):
        raise LedgerError(f"copy {shown}: there is such a file; name another")
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}{PART}")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
        part.chmod(mode)
        with speaking_of(f"copied to {shown}"):
            fill(part)
        keep_on_disk(part)
        _name(part, target)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise LedgerError(f"copy {shown}: {reason}; name a folder that exists and that this user may write") from None
    finally:
        part.unlink(missing_ok=True)
        part.with_name(f"{part.name}-journal").unlink(missing_ok=True)
    return target


def _fill(ledger: Path, part: Path) -> None:
    with closing(_connect(ledger)) as source, closing(_connect(part)) as copy:
        # In one step: what is written meanwhile is not in it. Where the original cannot be read, Python asks for ever.
        source.backup(copy, progress=_until(time.monotonic() + BUSY_S))
        copy.execute("PRAGMA journal_mode = DELETE")  # one file by itself, until it is opened as a ledger
        found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise LedgerError(f"ledger: the copy is damaged, as its original may be: {inert(str(found))}")


def _until(deadline: float) -> Callable[[int, int, int], None]:
    """Ends a copy that does not come to its end because another process holds the file."""

    def step(status: int, _left: int, _total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > deadline:
            raise LedgerError("ledger: another process holds the file for too long; nothing was copied")

    return step


def _connect(path: Path) -> sqlite3.Connection:
    """Open a file that is there; never make one."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_S, isolation_level=None)


def _name(part: Path, target: Path) -> None:
    """Give it its name, also on the disk; never that of a file that has come meanwhile."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise LedgerError(f"copy {inert(str(target))}: there is such a file; name another") from None
    except OSError:  # a file system without links
        part.rename(target)
    keep_on_disk(target.parent)


def keep_on_disk(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_there(path: Path) -> bool:
    """Also as a link to nothing."""
    return os.path.lexists(path)
