"""Verdicts, appended: one that changes leaves the old one readable, with when and why."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select, update

from auditor.ledger.codec import dump_finding, dump_unverifiable, load_finding, load_unverifiable
from auditor.ledger.database import Database
from auditor.ledger.errors import LedgerError
from auditor.ledger.pages import keep_ids, read_ids
from auditor.ledger.platform_codec import dump_claim, load_claim
from auditor.ledger.schema import audits, verdicts
from auditor.ledger.sql import chunks, next_id
from auditor.ledger.types import identity_of, micros, to_json
from auditor.model import Arrival, Content, Level, RunKey, Verdict

__all__ = ["VerdictRecord", "VerdictRecords", "members_of", "read_verdict", "said_later", "supersede"]


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """One verdict in its history."""

    verdict: Verdict
    audit: int  # the audit that said it first
    recorded_at: datetime
    why: str
    superseded_at: datetime | None  # None: current
    superseded_by: int | None  # an audit
    superseded_why: str


class VerdictRecords(Database):
    """Verdicts of expected runs and of folders that no schedule asked for."""

    def record_verdicts(self, audit: int, said: Iterable[Verdict], *, at: datetime, why: str = "") -> None:
        """Keep what `audit` says; a row is written only where it differs from the current verdict.

        May be called several times for one audit. An audit that was overtaken by one begun later
        enters the history without touching what that one said. Raises LedgerError for two verdicts
        on one subject.
        """
        rows = [_row(verdict, audit, at, why) for verdict in said]
        subjects = {row["subject"] for row in rows}
        if len(subjects) != len(rows):
            raise LedgerError(f"ledger: {len(rows) - len(subjects)} verdicts too many: one run was judged twice")
        self._write(lambda connection: _keep_verdicts(connection, audit, rows, at))

    def previous_verdicts(
        self, flow: str, dataset: str, destination: str, since: datetime | None = None
    ) -> dict[datetime, Verdict]:
        """By due time: the current verdicts of the expected runs due at `since` or later."""
        c = verdicts.c
        query = select(verdicts).where(
            c.flow == flow, c.dataset == dataset, c.destination == destination, c.superseded_at.is_(None)
        )
        query = query.where(c.due.is_not(None) if since is None else c.due >= since).order_by(c.due)
        with self._reading() as connection:
            return {row.due: read_verdict(row) for row in connection.execute(query)}

    def dues_seen(self, flow: str, dataset: str, destination: str, *, until: datetime) -> set[datetime]:
        """The due times whose export an audit of `until` or earlier saw, whatever became of it since."""
        c = verdicts.c
        query = select(c.due).where(c.flow == flow, c.dataset == dataset, c.destination == destination)
        with self._reading() as connection:
            return set(
                connection.execute(query.where(c.due.is_not(None), c.folder != "", c.recorded_at <= until)).scalars()
            )

    def newest_good_due(self, flow: str, dataset: str, destination: str) -> datetime | None:
        """The newest due time of which a sound export is known, or that nothing was to be exported; None: of none."""
        c = verdicts.c
        good = or_(c.content == Content.SOUND.value, c.arrival == Arrival.NOT_NEEDED.value)
        query = select(c.due).where(
            c.flow == flow,
            c.dataset == dataset,
            c.destination == destination,
            c.due.is_not(None),
            c.superseded_at.is_(None),
            good,
        )
        with self._reading() as connection:
            return connection.execute(query.order_by(c.due.desc()).limit(1)).scalar()

    def oldest_open_due(self, flow: str, dataset: str, destination: str, *, since: datetime) -> datetime | None:
        """The first due time at `since` or later of which the last word is not spoken: its export may still come or
        grow, or lies there unread; None: there is none."""
        c = verdicts.c
        still_comes = or_(
            c.arrival.in_((Arrival.PENDING.value, Arrival.ARRIVING.value)),
            and_(c.arrival == Arrival.LATE.value, c.folder == ""),
            and_(c.content == Content.UNCHECKED.value, c.folder != ""),
        )
        mine = (c.flow == flow, c.dataset == dataset, c.destination == destination)
        query = select(func.min(c.due)).where(*mine, c.due >= since, c.superseded_at.is_(None), still_comes)
        with self._reading() as connection:
            return connection.execute(query).scalar()

    def current_verdicts(self, destination: str, *, since: datetime | None = None) -> Iterator[Verdict]:
        """What is now said of the runs at `destination` due at `since` or later, and of its unexpected folders."""
        c = verdicts.c
        query = select(verdicts).where(c.destination == destination, c.superseded_at.is_(None))
        if since is not None:
            query = query.where(or_(c.due.is_(None), c.due >= since))
        with self._reading() as connection:
            yield from [read_verdict(row) for row in connection.execute(query.order_by(c.id))]

    def verdict_history(self, key: RunKey) -> list[VerdictRecord]:
        """All verdicts on one expected run, oldest first."""
        subject = identity_of("run", key.flow, key.dataset, key.destination, micros(key.due))
        query = select(verdicts).where(verdicts.c.subject == subject).order_by(verdicts.c.id)
        with self._reading() as connection:
            return [_read_record(row) for row in connection.execute(query)]


def _row(verdict: Verdict, audit: int, at: datetime, why: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "flow": verdict.flow,
        "dataset": verdict.dataset,
        "destination": verdict.destination,
        "due": verdict.due,
        "arrival": verdict.arrival.value,
        "content": verdict.content.value,
        "level": None if verdict.level is None else int(verdict.level),
        "arrived_at": verdict.arrived_at,
        "folder": verdict.folder,
        "files": verdict.files,
        "records": verdict.records,
        "bytes": verdict.bytes,
        "unprotected": verdict.unprotected,
        "findings": [dump_finding(finding) for finding in verdict.findings] or None,
        "unverifiable": [dump_unverifiable(item) for item in verdict.unverifiable] or None,
        "claim": dump_claim(verdict.claim),
    }
    return {
        **row,
        "subject": _subject(verdict),
        "said": identity_of(to_json(row)),
        "audit": audit,
        "recorded_at": at,
        "why": why,
        "superseded_at": None,
        "superseded_by": None,
        "superseded_why": None,
    }


def _subject(verdict: Verdict) -> bytes:
    whose = (verdict.flow, verdict.dataset, verdict.destination)
    if verdict.due is None:
        return identity_of("folder", *whose, verdict.folder)
    return identity_of("run", *whose, micros(verdict.due))


def read_verdict(row: Row[Any]) -> Verdict:
    """The verdict that a row of `verdicts` holds, equal to what was recorded."""
    return Verdict(
        flow=row.flow,
        dataset=row.dataset,
        destination=row.destination,
        due=row.due,
        arrival=Arrival(row.arrival),
        content=Content(row.content),
        level=None if row.level is None else Level(row.level),
        arrived_at=row.arrived_at,
        folder=row.folder,
        files=row.files,
        records=row.records,
        bytes=row.bytes,
        unprotected=row.unprotected,
        findings=tuple(load_finding(f) for f in row.findings or ()),
        unverifiable=tuple(load_unverifiable(u) for u in row.unverifiable or ()),
        claim=load_claim(row.claim),
    )


def _read_record(row: Row[Any]) -> VerdictRecord:
    return VerdictRecord(
        verdict=read_verdict(row),
        audit=row.audit,
        recorded_at=row.recorded_at,
        why=row.why,
        superseded_at=row.superseded_at,
        superseded_by=row.superseded_by,
        superseded_why=row.superseded_why or "",
    )


def _keep_verdicts(connection: Connection, audit: int, rows: list[dict[str, Any]], at: datetime) -> None:
    subjects = [row["subject"] for row in rows]
    current, later = _current(connection, subjects), said_later(connection, audit)
    members = set(members_of(connection, audit))
    members -= _on_subjects(connection, members, subjects)
    number = next_id(connection, verdicts)
    fresh, replaced = list[dict[str, Any]](), list[int]()
    for row in rows:
        old, said = current.get(row["subject"], (0, b""))
        if said == row["said"]:
            members.add(old)
            continue
        if old in later:
            row = {**row, "superseded_at": at, "superseded_by": later[old], "superseded_why": "judged by a later audit"}
        elif old:
            replaced.append(old)
        fresh.append({**row, "id": number})
        members.add(number)
        number += 1
    supersede(connection, replaced, audit, at, "judged anew")
    if fresh:
        connection.execute(verdicts.insert(), fresh)
    root = keep_ids(connection, members)
    if connection.execute(update(audits).where(audits.c.id == audit).values(verdict_set=root)).rowcount != 1:
        raise LedgerError(f"ledger: there is no audit {audit}")


def _current(connection: Connection, subjects: Iterable[bytes]) -> Mapping[bytes, tuple[int, bytes]]:
    c = verdicts.c
    query = select(c.subject, c.id, c.said).where(c.superseded_at.is_(None))
    return {
        bytes(subject): (number, bytes(said))
        for some in chunks(subjects)
        for subject, number, said in connection.execute(query.where(c.subject.in_(some)))
    }


def said_later(connection: Connection, audit: int) -> Mapping[int, int]:
    """What audits begun later have said meanwhile (verdict id -> audit): seldom anything."""
    c = audits.c
    query = select(c.id, c.verdict_set).where(c.id > audit, c.verdict_set.is_not(None)).order_by(c.id)
    return {number: later for later, root in connection.execute(query) for number in read_ids(connection, root)}


def _on_subjects(connection: Connection, ids: set[int], subjects: Iterable[bytes]) -> set[int]:
    """Those of `ids` that an earlier call for the same audit recorded on these subjects."""
    if not ids:
        return set()
    query = select(verdicts.c.id)
    return ids & {
        number
        for some in chunks(subjects)
        for number in connection.execute(query.where(verdicts.c.subject.in_(some))).scalars()
    }


def members_of(connection: Connection, audit: int) -> list[int]:
    """The ids of the verdicts that `audit` has recorded so far."""
    return read_ids(connection, connection.execute(select(audits.c.verdict_set).where(audits.c.id == audit)).scalar())


def supersede(connection: Connection, ids: Iterable[int], audit: int, at: datetime, why: str) -> None:
    """Take verdicts out of the current ones; they stay readable."""
    for some in chunks(ids):
        connection.execute(
            update(verdicts)
            .where(verdicts.c.id.in_(some))
            .values(superseded_at=at, superseded_by=audit, superseded_why=why)
        )
