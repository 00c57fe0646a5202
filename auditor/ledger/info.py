"""How large a ledger is, how it grows, and what it will be."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from os import stat_result
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.exc import DBAPIError

from auditor.ledger.existing import ExistingLedger, is_sqlite
from auditor.ledger.platform_schema import flow_runs, flow_versions
from auditor.ledger.schema import (
    HEAD,
    audits,
    expected_runs,
    export_folders,
    files,
    findings,
    metadata,
    verdicts,
)
from auditor.ledger.service_schema import incidents as _  # noqa: F401  # the tables are part of the metadata

__all__ = ["Growth", "LedgerInfo", "TableInfo", "read_info"]

PERIOD = timedelta(days=30)
SHORTEST = timedelta(days=1)  # of less nothing is said of other days

# When a row was made. Checks and manifests grow with the files they are of, pages and sets with what is dated here.
MADE = (
    audits.c.started_at,
    expected_runs.c.first_expected_at,
    export_folders.c.first_seen_at,
    files.c.first_seen_at,
    verdicts.c.recorded_at,
    findings.c.first_seen_at,
    flow_runs.c.read_at,
    flow_versions.c.first_seen_at,
)


@dataclass(frozen=True, slots=True)
class TableInfo:
    """One table."""

    name: str
    rows: int
    bytes: int | None  # on disk, with its indexes; None: this SQLite does not tell


@dataclass(frozen=True, slots=True)
class Growth:
    """How much has come since a moment, and so what will be if it goes on like that."""

    since: datetime
    bytes_per_day: int
    in_90_days: int  # size on disk
    in_365_days: int


@dataclass(frozen=True, slots=True)
class LedgerInfo:
    """One ledger at one moment."""

    shown: str
    kind: str  # sqlite | postgresql
    version: str
    newest_version: str
    bytes: int  # on disk; of PostgreSQL, its tables with their indexes
    free_bytes: int  # within these, to be used by what comes
    tables: tuple[TableInfo, ...]
    audits: int
    first_audit_at: datetime | None  # begun, by the clock of the machine
    last_audit_at: datetime | None
    unfinished: int  # audits under way, or ended by force
    rolled_up: int  # export folders whose files were let go
    growth: Growth | None  # None: there is no whole day yet after the first audit


def read_info(url: str, *, now: datetime) -> LedgerInfo:
    """Look at the ledger at `url` without changing it. Raises LedgerError."""
    with closing(ExistingLedger.open(url)) as ledger, ledger._snapshot() as connection:
        place = ledger.place
        names = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
        counted = {name: _count(connection, name) for name in names}
        sizes = _sizes(connection, names)
        size = _file_size(place.path) if place.path is not None else sum(sizes.values())
        c = audits.c
        first, last, unfinished = connection.execute(
            select(func.min(c.started_at), func.max(c.started_at), func.count() - func.count(c.finished_at))
        ).one()
        return LedgerInfo(
            shown=place.shown,
            kind="sqlite" if is_sqlite(place) else "postgresql",
            version=ledger.version,
            newest_version=HEAD,
            bytes=size,
            free_bytes=_free(connection),
            tables=tuple(TableInfo(name, counted[name], sizes.get(name)) for name in names),
            audits=counted["audits"],
            first_audit_at=first,
            last_audit_at=last,
            unfinished=unfinished,
            rolled_up=_rolled_up(connection),
            growth=_growth(connection, counted, sizes, size, now),
        )


def _count(connection: Connection, name: str) -> int:
    return connection.execute(select(func.count()).select_from(metadata.tables[name])).scalar_one()


def _rolled_up(connection: Connection) -> int:
    """None of a ledger of an earlier version."""
    if "rolled_up_at" not in {column["name"] for column in inspect(connection).get_columns("export_folders")}:
        return 0
    c = export_folders.c
    return connection.execute(select(func.count()).where(c.rolled_up_at.is_not(None))).scalar_one()


def _file_size(path: Path) -> int:
    """With what has not been written back into the file yet."""
    beside = path.with_name(f"{path.name}-wal")
    wal: stat_result | None = beside.stat() if beside.exists() else None
    return path.stat().st_size + (wal.st_size if wal else 0)


def _sizes(connection: Connection, names: list[str]) -> Mapping[str, int]:
    """By table, with its indexes; nothing where this build of SQLite cannot tell."""
    if connection.dialect.name == "postgresql":
        size = "SELECT pg_total_relation_size(format('%I.%I', current_schema(), CAST(:name AS text))::regclass)"
        return {name: connection.execute(text(size), {"name": name}).scalar_one() for name in names}
    query = (
        "SELECT m.tbl_name, sum(d.pgsize) FROM dbstat('main', 1) d JOIN sqlite_master m ON m.name = d.name GROUP BY 1"
    )
    try:
        return {name: size for name, size in connection.execute(text(query)) if name in names}
    except DBAPIError as error:
        if "no such table" in str(error.orig):
            return {}
        raise


def _free(connection: Connection) -> int:
    if connection.dialect.name == "postgresql":
        return 0  # its tables do not tell without an extension
    pages, size = (connection.exec_driver_sql(f"PRAGMA {n}").scalar_one() for n in ("freelist_count", "page_size"))
    return int(pages) * int(size)


def _growth(
    connection: Connection, counted: Mapping[str, int], sizes: Mapping[str, int], size: int, now: datetime
) -> Growth | None:
    """What came after the first audit, which took in what had gathered before: the share of new rows in the size."""
    c = audits.c
    first = connection.execute(select(func.min(c.finished_at))).scalar()
    since = max(first, now - PERIOD) if first else now
    if now - since < SHORTEST:
        return None
    known = [made for made in MADE if counted.get(made.table.name)]
    new = {
        made.table.name: connection.execute(
            select(func.count()).select_from(made.table).where(made > since)
        ).scalar_one()
        for made in known
    }
    weights = {name: sizes.get(name, counted[name]) for name in new}
    share = sum(weights[name] * new[name] / counted[name] for name in new) / max(sum(weights.values()), 1)
    per_day = round(size * share * (timedelta(days=1) / (now - since)))
    return Growth(since, per_day, size + 90 * per_day, size + 365 * per_day)
