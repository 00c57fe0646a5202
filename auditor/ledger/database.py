"""Opening a database and the transactions on it. Knows connections and locks, nothing of audits."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import stamina
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from adapters.base import inert
from auditor.ledger.errors import LedgerError, is_passing, speaking_of
from auditor.ledger.filesystem import network_file_system, read_mounts

__all__ = ["Database", "Place", "parse_place"]

T = TypeVar("T")

# Waiting for another writer is daily life and nothing to log; its end without success is an error of ours.
stamina.instrumentation.set_on_retry_hooks([])

BUSY_S = 60  # how long a writer waits for another; their transactions last seconds at most
CONNECT_S = 15
WRITERS = 0x657870_61756469  # advisory lock of PostgreSQL: one writer at a time, as on SQLite


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ledger is. `shown` is safe to print."""

    url: URL
    shown: str
    secrets: tuple[str, ...] = ()
    path: Path | None = None  # SQLite on disk


def parse_place(url: str) -> Place:
    """Read a ledger URL: `sqlite:///path` or `postgresql://user:password@host:port/database`. Raises LedgerError."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise LedgerError("ledger: this is no database URL; write sqlite:///path or postgresql://…") from None
    backend = parsed.drivername.partition("+")[0]
    if backend == "sqlite":
        return _sqlite_place(parsed)
    if backend in ("postgresql", "postgres"):
        return _postgresql_place(parsed)
    raise LedgerError(f"ledger: {inert(backend)} is not supported; use sqlite or postgresql")


def _sqlite_place(url: URL) -> Place:
    if url.query or url.host:
        raise LedgerError("ledger: a SQLite URL is sqlite:///path and nothing more")
    if url.database in (None, "", ":memory:"):
        return Place(URL.create("sqlite"), "in memory")
    assert url.database is not None
    path = Path(url.database)
    return Place(URL.create("sqlite", database=url.database), inert(str(path)), path=path)


def _postgresql_place(url: URL) -> Place:
    secrets = [str(url.password or ""), *(v for k, v in _pairs(url) if "pass" in k.lower())]
    shown = url.set(drivername="postgresql", query={}, password=None).render_as_string()
    return Place(url.set(drivername="postgresql+psycopg"), inert(shown), tuple(filter(None, secrets)))


def _pairs(url: URL) -> list[tuple[str, str]]:
    return [(k, v) for k, values in url.query.items() for v in ((values,) if isinstance(values, str) else values)]


class Database:
    """One open database. Safe to use from several threads, one transaction at a time."""

    def __init__(self, place: Place, mounts: Callable[[], str] = read_mounts) -> None:
        self._place = place
        self._lock = threading.RLock()
        self._engine = _engine(place, mounts)

    @property
    def file(self) -> Path | None:
        """The file it lies in; None on a server, or in memory."""
        return self._place.path

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._lock, speaking_of(self._place.shown, self._place.secrets), self._engine.begin() as connection:
            yield connection

    def _write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction, alone among writers; again where the database undid it for another's sake."""
        with self._lock, speaking_of(self._place.shown, self._place.secrets):
            for attempt in stamina.retry_context(on=is_passing, attempts=8, timeout=2.0 * BUSY_S, wait_initial=0.05):
                with attempt, self._engine.connect() as connection:
                    connection = connection.execution_options(writes=True)
                    with connection.begin():
                        if connection.dialect.name == "postgresql":
                            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS})")
                        return work(connection)
        raise AssertionError("retrying ends by returning or raising")


def _engine(place: Place, mounts: Callable[[], str]) -> Engine:
    if place.url.get_backend_name() == "postgresql":
        return _postgresql_engine(place)
    if place.path is not None:
        _check_folder(place, mounts)
    memory = {"poolclass": StaticPool} if place.path is None else {"pool_size": 2}
    arguments = {"timeout": BUSY_S, "check_same_thread": False}
    engine = create_engine(place.url, connect_args=arguments, **memory)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _check_folder(place: Place, mounts: Callable[[], str]) -> None:
    assert place.path is not None
    folder = place.path.absolute().parent
    try:
        if not folder.is_dir():
            raise LedgerError(f"ledger {place.shown}: the folder {inert(str(folder))} does not exist; create it")
        kind = network_file_system(place.path.absolute(), mounts())
    except (OSError, ValueError, RuntimeError) as error:
        raise LedgerError(f"ledger {place.shown}: {inert(type(error).__name__)} when looking at the path") from None
    if kind:
        raise LedgerError(
            f"ledger {place.shown}: it lies on a network file system ({inert(kind)}), where SQLite's locks do not hold "
            "and the file can be destroyed; use a local disk, or PostgreSQL: postgresql://user@host/database"
        )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, so that DDL is inside them too
    cursor = connection.cursor()
    for statement in ("foreign_keys = ON", "synchronous = NORMAL", "temp_store = MEMORY"):
        cursor.execute(f"PRAGMA {statement}")
    # SQLite does not wait for others here, whatever its timeout says: several may open a new file at once.
    for attempt in stamina.retry_context(on=is_passing, attempts=None, timeout=float(BUSY_S), wait_initial=0.02):
        with attempt:
            if cursor.execute("PRAGMA journal_mode").fetchone()[0] not in ("wal", "memory"):
                cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql_engine(place: Place) -> Engine:
    arguments = {"connect_timeout": CONNECT_S, "client_encoding": "utf8", "application_name": "export-auditor"}
    try:
        with speaking_of(place.shown, place.secrets):
            engine = create_engine(place.url, connect_args=arguments, pool_size=2, pool_pre_ping=True)
    except ModuleNotFoundError:
        raise LedgerError(
            f"ledger {place.shown}: PostgreSQL needs the package psycopg; run: pip install 'psycopg[binary]'"
        ) from None
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_postgresql(connection: Any, _record: object) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise LedgerError(f"ledger: the database's encoding is {inert(str(encoding))}; create it with ENCODING 'UTF8'")
