"""What one ledger knows that another, made anew from storage, does not."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, Table, func, select

from auditor.ledger.ledger import Ledger
from auditor.ledger.platform_schema import flow_versions
from auditor.ledger.schema import audits, expected_runs, export_folders, files, verdicts, watched_flows
from auditor.ledger.service_schema import (
    acceptances,
    file_changes,
    incidents,
    notices,
    period_reports,
    silences,
    watch_spans,
)
from auditor.ledger.sql import chunks
from auditor.model import ChangeKind, Verdict

__all__ = ["Knowledge", "LostObjects", "carry_watching", "current_verdicts", "find_lost_objects", "list_knowledge"]

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class LostObjects:
    """Objects that the old ledger knows and the new one has not found. `examples`: destination and key."""

    count: int
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """One kind of what cannot be read from storage."""

    what: str
    count: int
    example: str = ""


def carry_watching(old: Ledger, new: Ledger) -> None:
    """Since when each flow is watched goes over to the empty `new`: it decides which runs are judged."""
    with old._reading() as connection:
        rows = [dict(row._mapping) for row in connection.execute(select(watched_flows))]
    if rows:
        new._write(lambda connection: connection.execute(watched_flows.insert(), rows))


def current_verdicts(ledger: Ledger) -> Iterator[Verdict]:
    """All that is now said, of all destinations that any verdict speaks of."""
    with ledger._reading() as connection:
        names = connection.execute(select(verdicts.c.destination).distinct()).scalars().all()
    for name in sorted(names):
        yield from ledger.current_verdicts(name)


def find_lost_objects(old: Ledger, new: Ledger, *, expired_before: Mapping[str, datetime]) -> LostObjects:
    """The files that `old` last saw lying there, or of whose loss it tells, and that `new` has not seen.

    `expired_before`, by destination: exports older than this are gone by retention.
    """
    lost = [*_unseen(old, new, expired_before), *_told_gone(old, new, expired_before)]
    return LostObjects(len(set(lost)), tuple(islice(sorted(set(lost)), EXAMPLES)))


def _unseen(old: Ledger, new: Ledger, expired_before: Mapping[str, datetime]) -> Iterator[tuple[str, str]]:
    c = export_folders.c
    query = select(c.folder, c.destination, c.export_time, c.listing)
    with old._reading() as before, new._reading() as after:
        seen = {bytes(row.folder): bytes(row.listing) for row in after.execute(query)}
        rows = before.execute(query.where(c.rolled_up_at.is_(None))).all()
        unlike = [
            bytes(row.folder)
            for row in rows
            if seen.get(bytes(row.folder)) != bytes(row.listing) and not _is_expired(row, expired_before)
        ]
        for some in chunks(unlike):
            yield from _not_in(after, before, some)


def _is_expired(folder: object, expired_before: Mapping[str, datetime]) -> bool:
    limit = expired_before.get(folder.destination)  # type: ignore[attr-defined]
    return limit is not None and folder.export_time < limit  # type: ignore[attr-defined]


def _not_in(after: Connection, before: Connection, folders: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    c = files.c
    query = select(c.file, c.destination, c.key).where(c.folder.in_([*folders]), c.gone_at.is_(None))
    for some in chunks(before.execute(query).all()):
        there = {bytes(f) for f in after.execute(select(c.file).where(c.file.in_([r.file for r in some]))).scalars()}
        yield from ((row.destination, row.key) for row in some if bytes(row.file) not in there)


def _told_gone(old: Ledger, new: Ledger, expired_before: Mapping[str, datetime]) -> Iterator[tuple[str, str]]:
    c = file_changes.c
    query = select(c.file, c.destination, c.key, c.export_time).where(
        c.kind == ChangeKind.DELETED.value, c.undone_at.is_(None), c.accepted.is_(None)
    )
    with old._reading() as before, new._reading() as after:
        for row in before.execute(query).all():
            there = after.execute(select(files.c.file).where(files.c.file == row.file)).first()
            if there is None and not _is_expired(row, expired_before):
                yield row.destination, row.key


def list_knowledge(old: Ledger, new: Ledger) -> list[Knowledge]:
    """What `new` lacks because storage does not tell it."""
    with old._reading() as before, new._reading() as after:
        expected = _missing(before, after)
        history = select(func.count()).where(verdicts.c.superseded_at.is_not(None))
        first = before.execute(select(func.min(export_folders.c.first_seen_at))).scalar()
        found = [
            Knowledge("expected runs of earlier schedules, or from before the watch", len(expected), *expected[:1]),
            Knowledge("earlier verdicts on runs that were judged anew", before.execute(history).scalar() or 0),
            Knowledge("first sights of export folders", _count(before, export_folders), f"since {first:%Y-%m-%d}")
            if first
            else Knowledge("first sights of export folders", 0),
            Knowledge("acknowledged incidents", _acknowledged(before)),
            *(
                Knowledge(what, _count(before, table), _example(before, table))
                for what, table in (
                    ("audits", audits),
                    ("incidents", incidents),
                    ("acceptances", acceptances),
                    ("silences", silences),
                    ("notices", notices),
                    ("changes of files", file_changes),
                    ("versions of flows", flow_versions),
                    ("stretches that were watched", watch_spans),
                    ("reports of closed periods", period_reports),
                )
            ),
        ]
    return [one for one in found if one.count]


def _missing(before: Connection, after: Connection) -> list[str]:
    c = expected_runs.c
    there = {bytes(run) for run in after.execute(select(c.run)).scalars()}
    rows = before.execute(select(c.run, c.flow, c.dataset, c.due).order_by(c.due))
    return [f"{row.flow} / {row.dataset} / {row.due:%Y-%m-%dT%H:%MZ}" for row in rows if bytes(row.run) not in there]


def _acknowledged(connection: Connection) -> int:
    return connection.execute(select(func.count()).where(incidents.c.acknowledged.is_not(None))).scalar() or 0


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar() or 0


def _example(connection: Connection, table: Table) -> str:
    """Of incidents, what the newest is about."""
    if table is not incidents:
        return ""
    c = incidents.c
    row = connection.execute(
        select(c.code, c.flow, c.dataset, c.destination).order_by(c.number.desc()).limit(1)
    ).first()
    return " / ".join(filter(None, row)) if row else ""
