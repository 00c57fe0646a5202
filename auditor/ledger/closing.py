"""When an unexpected folder is no longer one."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from auditor.ledger.errors import LedgerError
from auditor.ledger.schema import audits, export_folders, verdicts
from auditor.ledger.sql import chunks
from auditor.ledger.types import from_text, identity_of, micros
from auditor.ledger.verdicts import members_of, said_later, supersede
from auditor.model import Arrival

__all__ = ["close_unreported", "read_since"]

# These say that the folders of the dataset could be looked at.
SIGHT = [a.value for a in (Arrival.ARRIVING, Arrival.ON_TIME, Arrival.EARLY, Arrival.LATE, Arrival.MISSING)]


def close_unreported(connection: Connection, audit: int, at: datetime) -> None:
    """Supersede verdicts on unexpected folders that `audit` looked at and no longer reports as such.

    A folder that an expected run has now taken is closed in any case. Otherwise the audit must have
    seen folders of that dataset there (what cannot be seen closes nothing), and none of its options
    `flow`, `dataset`, `destination` and `since` may have kept it from looking. Verdicts on expected
    runs are never closed: a run stays expected for ever.
    """
    members, later = set(members_of(connection, audit)), said_later(connection, audit)
    left = [row for row in _open_unexpected(connection) if row.id not in members and row.id not in later]
    if not left:
        return
    said = _said_of(connection, audit, members, {(row.dataset, row.destination) for row in left})
    taken = {(row.destination, row.folder) for row in said if row.due is not None and row.folder}
    matched = [row for row in left if (row.destination, row.folder) in taken]
    supersede(connection, [row.id for row in matched], audit, at, "taken by an expected run")
    seen = {(row.dataset, row.destination) for row in said if row.arrival in SIGHT or row.due is None}
    gone = [row for row in left if row not in matched and (row.dataset, row.destination) in seen]
    supersede(connection, [row.id for row in _reached(connection, audit, gone)], audit, at, "no longer reported")


def _open_unexpected(connection: Connection) -> list[Row[*tuple[Any, ...]]]:
    c = verdicts.c
    columns = (c.id, c.flow, c.dataset, c.destination, c.folder)
    return list(connection.execute(select(*columns).where(c.superseded_at.is_(None), c.due.is_(None))))


def _said_of(
    connection: Connection, audit: int, members: Collection[int], places: Collection[tuple[str, str]]
) -> list[Row[*tuple[Any, ...]]]:
    """What `audit` says of these (dataset, destination)."""
    c = verdicts.c
    columns = (c.id, c.dataset, c.destination, c.due, c.arrival, c.folder)
    fresh = or_(c.superseded_at.is_(None), c.audit == audit)
    return [
        row
        for dataset, destination in sorted(places)
        for row in connection.execute(select(*columns).where(c.dataset == dataset, c.destination == destination, fresh))
        if row.id in members
    ]


def _reached(connection: Connection, audit: int, rows: list[Row[*tuple[Any, ...]]]) -> list[Row[*tuple[Any, ...]]]:
    """Those of `rows` that the options of `audit` let it look at."""
    options = connection.execute(select(audits.c.options).where(audits.c.id == audit)).scalar() or {}
    flows, since = _flows(options), read_since(options)
    if flows is not None:
        rows = [row for row in rows if row.flow in flows]
    if since is None:
        return rows
    times = _export_times(connection, rows)
    return [row for row in rows if (time := times.get((row.destination, row.folder))) and time >= since]


def _flows(options: Mapping[str, Any]) -> Collection[str] | None:
    """The flows an audit was limited to; None: all."""
    named = options.get("flow") or options.get("flows")
    return [named] if isinstance(named, str) else named or None


def read_since(options: Mapping[str, Any]) -> datetime | None:
    """The option `since`, a time or its ISO text. Raises LedgerError for what has no zone."""
    since = options.get("since") or None
    try:
        moment = from_text(since) if isinstance(since, str) else since
    except ValueError:
        raise LedgerError(f"ledger: the option since={since!r} of an audit is no time") from None
    if moment is not None:
        micros(moment)
    return moment


def _export_times(connection: Connection, rows: list[Row[*tuple[Any, ...]]]) -> dict[tuple[str, str], datetime]:
    c = export_folders.c
    query = select(c.destination, c.prefix, c.export_time)
    return {
        (destination, prefix): time
        for some in chunks(identity_of(row.destination, row.folder) for row in rows)
        for destination, prefix, time in connection.execute(query.where(c.place.in_(some)))
    }
