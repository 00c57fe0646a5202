"""A ledger that is there already, as it is: nothing is made and nothing migrated by opening it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Self

from sqlalchemy import Connection

from auditor.ledger.database import Database, Place, parse_place
from auditor.ledger.errors import LedgerError, speaking_of
from auditor.ledger.migrate import is_newer, read_version
from auditor.ledger.schema import HEAD, VERSION_TABLE

__all__ = ["ExistingLedger", "exists", "is_sqlite"]


class ExistingLedger(Database):
    """An existing ledger of this version or an earlier one."""

    version: str
    place: Place

    @classmethod
    def open(cls, url: str, *, mounts: Callable[[], str] | None = None) -> Self:
        """Raises LedgerError where there is no ledger, another's database, or one of a newer version."""
        place = parse_place(url)
        if place.path is None and is_sqlite(place):
            raise LedgerError(f"ledger {place.shown}: it ends with the process; name a file")
        if place.path is not None and not place.path.exists():
            raise LedgerError(f"ledger {place.shown}: there is none yet; the first audit makes it")
        if is_sqlite(place) and not _holds_ledger(place):
            raise LedgerError(f"ledger {place.shown}: {_NO_LEDGER}")
        opened = cls(place, mounts) if mounts else cls(place)
        try:
            opened._look(place)
        except BaseException:
            opened.close()
            raise
        return opened

    def _look(self, place: Place) -> None:
        with self._reading() as connection:
            version = read_version(connection)
        if version is None:
            raise LedgerError(f"ledger {place.shown}: {_NO_LEDGER}")
        if is_newer(version):
            raise LedgerError(
                f"ledger {place.shown}: its schema {version!r} is newer than this export-auditor knows ({HEAD}); "
                "install the newer export-auditor"
            )
        self.version, self.place = version, place

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        """All reads see the same moment, whoever writes meanwhile."""
        with self._lock, speaking_of(self._place.shown, self._place.secrets), self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":  # on SQLite every transaction is one
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection


_NO_LEDGER = "it holds no ledger; name the one of the configuration, or run an audit, which makes it"


def exists(url: str) -> bool:
    """Whether there is a ledger at `url`. Raises LedgerError where that cannot be seen."""
    place = parse_place(url)
    if is_sqlite(place):
        return place.path is not None and place.path.exists() and _holds_ledger(place)
    with closing(Database(place)) as database, database._reading() as connection:
        return read_version(connection) is not None


def is_sqlite(place: Place) -> bool:
    return place.url.get_backend_name() == "sqlite"


def _holds_ledger(place: Place) -> bool:
    """By looking alone: another program's database keeps even its journal mode."""
    assert place.path is not None
    query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
    with speaking_of(place.shown), closing(sqlite3.connect(f"{place.path.absolute().as_uri()}?mode=rw", uri=True)) as c:
        return bool(c.execute(query, (VERSION_TABLE,)).fetchone()[0])
