"""What the ledger raises, and the one place that knows the databases' own errors."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from adapters.base import inert

__all__ = ["LedgerError", "is_passing", "speaking_of"]

PASSING_SQLSTATES = ("40001", "40P01", "55P03")  # serialization failure, deadlock, lock not available


class LedgerError(Exception):
    """The ledger could not be opened, read or written. One line; never a password."""


def is_passing(error: Exception) -> bool:
    """True if the database surely undid the transaction and asks to try again.

    A lost connection does not count: whether its commit was kept is not known.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.OperationalError):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return getattr(cause, "sqlstate", None) in PASSING_SQLSTATES


@contextmanager
def speaking_of(place: str, secrets: tuple[str, ...] = ()) -> Iterator[None]:
    """Turn every database error into a LedgerError that names `place` and holds none of `secrets`."""
    try:
        yield
    except LedgerError as error:
        raise _placed(error, place) from None
    except (SQLAlchemyError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, StatementError) else error
        if isinstance(cause, LedgerError):
            raise _placed(cause, place) from None
        # The first line alone: further lines and SQLAlchemy's own text quote rows and statements.
        reason = (str(cause).splitlines() or [type(cause).__name__])[0]
        for secret in filter(None, secrets):
            reason = reason.replace(secret, "***")
        raise LedgerError(f"ledger {place}: {inert(reason)}{_advice(cause)}") from None


def _placed(error: LedgerError, place: str) -> LedgerError:
    """What was raised deep below did not know which ledger it spoke of."""
    head, _, reason = str(error).partition(": ")
    return LedgerError(f"ledger {place}: {reason}") if head == "ledger" else error


def _advice(cause: BaseException | None) -> str:
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    return {
        sqlite3.SQLITE_CANTOPEN: "; the folder must exist and this user must be able to write in it",
        sqlite3.SQLITE_NOTADB: "; name another path, this file is no SQLite database",
        sqlite3.SQLITE_READONLY: "; this user must be able to write the file and its folder",
        sqlite3.SQLITE_FULL: "; make room on the disk and run the audit again, nothing recorded is lost",
        sqlite3.SQLITE_IOERR: "; the disk refuses to read or write, is it full?",
        sqlite3.SQLITE_BUSY: "; another process holds it for too long",
        sqlite3.SQLITE_CORRUPT: "; the file is damaged, restore it from a backup",
    }.get(code, "")
