"""Findings and what could not be checked: each once, with the audits that said so."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, select, update

from auditor.ledger.codec import dump_waived, load_waived
from auditor.ledger.database import Database
from auditor.ledger.errors import LedgerError
from auditor.ledger.pages import keep_ids, read_ids
from auditor.ledger.schema import audits, findings, unverifiable
from auditor.ledger.sql import chunks, next_id
from auditor.ledger.types import identity_of, micros, to_json
from auditor.model import Finding, Severity, Unverifiable

__all__ = ["FindingRecords", "read_finding", "read_unverifiable"]


class FindingRecords(Database):
    """Findings, and the third answer."""

    def record_findings(self, audit: int, found: Iterable[Finding], *, at: datetime) -> None:
        """Add to what `audit` found; those of runs and those of whole flows and destinations alike."""
        rows = [_finding_row(finding) for finding in found]
        first, last = {"first_seen_at": at}, {"last_seen_at": at}
        self._write(lambda connection: _keep(connection, findings, "finding_set", audit, rows, first, last))

    def record_unverifiable(self, audit: int, items: Iterable[Unverifiable]) -> None:
        """Add to what `audit` could not check."""
        rows = [_unverifiable_row(item) for item in items]
        self._write(lambda connection: _keep(connection, unverifiable, "unverifiable_set", audit, rows, {}, {}))


def _finding_row(finding: Finding) -> dict[str, Any]:
    row: dict[str, Any] = {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "destination": finding.destination,
        "flow": finding.flow,
        "dataset": finding.dataset,
        "due": finding.due,
        "key": finding.key,
        "evidence": dict(finding.evidence),
        "waived": dump_waived(finding.waived),
    }
    due = "" if finding.due is None else micros(finding.due)
    whose = (finding.code, finding.flow, finding.dataset, finding.destination, due, finding.key)
    return {**row, "identity": identity_of(*whose), "said": identity_of(to_json(row))}


def _unverifiable_row(item: Unverifiable) -> dict[str, Any]:
    row: dict[str, Any] = {
        "subject": item.subject,
        "reason": item.reason,
        "destination": item.destination,
        "flow": item.flow,
        "dataset": item.dataset,
        "due": item.due,
    }
    return {**row, "said": identity_of(to_json(row))}


def _keep(
    connection: Connection,
    table: Table,
    column: str,
    audit: int,
    rows: list[dict[str, Any]],
    first: Mapping[str, Any],
    last: Mapping[str, Any],
) -> None:
    """Write the rows not known yet, mark the others as seen again, and add all to the set of `audit`."""
    if not connection.execute(select(audits.c.id).where(audits.c.id == audit)).first():
        raise LedgerError(f"ledger: there is no audit {audit}")
    times = Counter(row["said"] for row in rows)  # the very same may be said twice
    known = _known(connection, table, times)
    for some in chunks(known.values()):
        again = update(table).where(table.c.id.in_(some), table.c.last_audit < audit)
        connection.execute(again.values(last_audit=audit, **last))
    unknown = {row["said"]: row for row in rows if row["said"] not in known}
    seen = {"first_audit": audit, "last_audit": audit, **first, **last}
    fresh = [{**row, **seen, "id": i} for i, row in enumerate(unknown.values(), next_id(connection, table))]
    if fresh:
        connection.execute(table.insert(), fresh)
    known |= {row["said"]: row["id"] for row in fresh}
    before = connection.execute(select(audits.c[column]).where(audits.c.id == audit)).scalar()
    ids = [*read_ids(connection, before), *(known[said] for said in times.elements())]
    connection.execute(update(audits).where(audits.c.id == audit).values({column: keep_ids(connection, ids)}))


def _known(connection: Connection, table: Table, said: Iterable[bytes]) -> dict[bytes, int]:
    return {
        bytes(name): number
        for some in chunks(said)
        for name, number in connection.execute(select(table.c.said, table.c.id).where(table.c.said.in_(some)))
    }


def read_finding(row: Row[Any]) -> Finding:
    return Finding(
        code=row.code,
        severity=Severity(row.severity),
        message=row.message,
        destination=row.destination,
        flow=row.flow,
        dataset=row.dataset,
        due=row.due,
        key=row.key,
        evidence=row.evidence,
        waived=load_waived(row.waived),
    )


def read_unverifiable(row: Row[Any]) -> Unverifiable:
    return Unverifiable(
        subject=row.subject,
        reason=row.reason,
        destination=row.destination,
        flow=row.flow,
        dataset=row.dataset,
        due=row.due,
    )
