"""One SQLite ledger in the place of another. At no moment is there none, whenever the process dies."""

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from adapters.base import inert
from auditor.ledger.errors import LedgerError, speaking_of
from auditor.ledger.file_copy import is_there, keep_on_disk

__all__ = ["replace_ledger", "settle_file"]


def settle_file(ledger: Path) -> None:
    """Bring all that was written to `ledger` into the one file. Raises LedgerError while another process has it."""
    with speaking_of(inert(str(ledger))), closing(_connect(ledger)) as connection:
        _settle(connection, ledger)


def replace_ledger(old: Path, new: Path, *, at: datetime) -> Path:
    """Put the file `new` in the place of `old`, which gets another name beside it; gives that name.

    Raises LedgerError: one of them is in use, or the folder cannot be written. Then both are as they were.
    """
    settle_file(new)
    kept = _free_name(old, at)
    with speaking_of(inert(str(old))), closing(_connect(old)) as connection:
        _settle(connection, old)
        connection.execute("BEGIN EXCLUSIVE")  # whoever comes now waits until it is the new one's turn
        try:
            os.link(old, kept)
            keep_on_disk(old.parent)
            new.replace(old)
            keep_on_disk(old.parent)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise LedgerError(f"ledger {inert(str(old))}: not replaced: {reason}; it is as it was") from None
    return kept


def _settle(connection: sqlite3.Connection, ledger: Path) -> None:
    try:
        mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        mode = ""
    if mode != "delete":
        raise LedgerError(
            f"ledger {inert(str(ledger))}: another process has it open; end the service and all audits first"
        )


def _free_name(old: Path, at: datetime) -> Path:
    name = f"{old.name}.replaced-{at:%Y%m%dT%H%M%SZ}"
    return next(p for n in range(10_000) if not is_there(p := old.with_name(f"{name}-{n}" if n else name)))


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=1, isolation_level=None)
