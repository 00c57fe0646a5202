"""Audits: begun, finished, and read back exactly as they were said."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, func, select, update

from auditor.ledger.closing import close_unreported, read_since
from auditor.ledger.codec import dump_looks, dump_watched, load_looks, load_watched
from auditor.ledger.database import Database, Place
from auditor.ledger.errors import LedgerError
from auditor.ledger.filesystem import read_mounts
from auditor.ledger.findings import read_finding, read_unverifiable
from auditor.ledger.pages import keep_pages, read_ids, read_pages
from auditor.ledger.platform_codec import dump_coverage, dump_endings, load_coverage, load_endings
from auditor.ledger.schema import audits, findings, unverifiable, verdicts, watched_flows
from auditor.ledger.sql import chunks, insert_into, next_id
from auditor.ledger.types import to_json
from auditor.ledger.verdicts import read_verdict
from auditor.model import AuditResult, Coverage, Ending, Finding, Look, Status, Unverifiable, Verdict, Watched

__all__ = ["AuditRecords"]

PARTS = ("destination", "flow", "dataset", "team", "tag", "owner", "flows")
"""Options that say which part of the configuration an audit looked at."""
PORTION = 200  # audits read at once
LAST = datetime.max.replace(tzinfo=UTC)


def _machine_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ReadingRate:
    """What audits have read in the time they took, listing and judging included."""

    files_per_s: float
    bytes_per_s: float


class AuditRecords(Database):
    """Audits as a whole."""

    def __init__(
        self,
        place: Place,
        mounts: Callable[[], str] = read_mounts,
        clock: Callable[[], datetime] = _machine_clock,
    ) -> None:
        super().__init__(place, mounts)
        self._clock = clock  # for when an audit ran, never for what it says

    def begin_audit(
        self,
        *,
        now: datetime,
        tool_version: str,
        config_hash: str,
        options: Mapping[str, Any],
        flows: Iterable[str] = (),
    ) -> int:
        """Begin an audit of the moment `now` and give its number. Numbers ascend in the order of beginning.

        `options` are those of the command line; `flow` (names) and `since` say what the audit does not
        look at. `flows` are the names it covers, for `first_audit_of`. An audit that never finishes
        (a crash) harms nothing: what it recorded is true, and what it did not is judged by the next.
        """
        row = {
            "started_at": self._clock(),
            "now": now,
            "tool_version": tool_version,
            "config_hash": config_hash,
            "options": dict(options),
        }
        read_since(options)  # refused now rather than at the end
        names = sorted(set(flows))
        return self._write(lambda connection: _begin(connection, row, names))

    def finish_audit(
        self,
        audit: int,
        *,
        status: Status,
        watched: Sequence[Watched],
        files_read: int,
        files_reused: int,
        bytes_read: int,
        looks: Sequence[Look] = (),
        coverage: Sequence[Coverage] = (),
        endings: Sequence[Ending] = (),
    ) -> None:
        """Finish `audit`, and close the verdicts on unexpected folders it no longer found."""
        row = {
            "finished_at": self._clock(),
            "status": status.value,
            "files_read": files_read,
            "files_reused": files_reused,
            "bytes_read": bytes_read,
        }
        said = {
            "watched": dump_watched(watched),
            "looks": dump_looks(looks),
            "coverage": dump_coverage(coverage),
            "endings": dump_endings(endings),
        }
        self._write(lambda connection: _finish(connection, audit, row, [w.flow for w in watched], said))

    def first_audit_at(self) -> datetime | None:
        """The earliest `now` of any audit ever begun; None if there was none."""
        with self._reading() as connection:
            return connection.execute(select(func.min(audits.c.now))).scalar()

    def first_audit_of(self, flow: str) -> datetime | None:
        """The earliest `now` of any audit that covered `flow`; None if there was none."""
        c = watched_flows.c
        with self._reading() as connection:
            return connection.execute(select(c.first_audit_now).where(c.flow == flow)).scalar()

    def first_audits(self) -> dict[str, datetime]:
        """The same of all flows that were ever audited, by name."""
        with self._reading() as connection:
            return {row.flow: row.first_audit_now for row in connection.execute(select(watched_flows))}

    def reading_rate(self, *, audits_back: int = 10) -> ReadingRate | None:
        """How fast the newest audits that read anything did so; None if none of them has."""
        c = audits.c
        query = (
            select(c.started_at, c.finished_at, c.files_read, c.bytes_read)
            .where(c.finished_at.is_not(None), c.files_read > 0, c.bytes_read > 0)
            .order_by(c.id.desc())
            .limit(audits_back)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        seconds = sum((row.finished_at - row.started_at).total_seconds() for row in rows)
        if seconds <= 0:
            return None
        return ReadingRate(sum(row.files_read for row in rows) / seconds, sum(row.bytes_read for row in rows) / seconds)

    def newest_whole_audit(self, *, audits_back: int = 500) -> int | None:
        """The number of the newest finished audit of everything that was configured; None if there is none."""
        c = audits.c
        query = select(c.id, c.options).where(c.finished_at.is_not(None)).order_by(c.id.desc()).limit(audits_back)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return next((row.id for row in rows if _is_whole(row.options)), None)

    def newest_looks(self, destinations: Collection[str], *, whole: bool = False, back: int = 50_000) -> dict[str, int]:
        """By destination: the newest finished audit that looked at all of it, however far back in time it judged.

        `whole`: only audits that judged everything that is watched.
        """
        found: dict[str, int] = {}
        for number, options in self._finished(back):
            if whole and (options.get("recent") or options.get("since")):
                continue
            if any(options.get(key) for key in PARTS if key != "destination") or not options.get("places", True):
                continue
            named = [options["destination"]] if options.get("destination") else destinations
            for one in named:
                if one in destinations:
                    found.setdefault(one, number)
            if len(found) == len(destinations):
                break
        return found

    def newest_beyond(self, *, back: int = 5000) -> int | None:
        """The newest finished audit that looked at flows, coverage and ends of the whole configuration."""
        for number, options in self._finished(back):
            if options.get("beyond", True) and not any(options.get(key) for key in PARTS):
                return number
        return None

    def _finished(self, back: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """The newest `back` finished ones, newest first; read in portions, for most callers need few."""
        c, before = audits.c, None
        query = select(c.id, c.options).where(c.finished_at.is_not(None)).order_by(c.id.desc()).limit(PORTION)
        for _ in range(0, back, PORTION):
            with self._reading() as connection:
                rows = connection.execute(query if before is None else query.where(c.id < before)).all()
            yield from ((row.id, row.options) for row in rows)
            if len(rows) < PORTION:
                return
            before = rows[-1].id

    def read_audit(self, audit: int) -> AuditResult:
        """Exactly what `audit` said, whatever was said later. Runs and findings by flow, dataset and due.

        Raises LedgerError for an audit that does not exist or did not finish.
        """
        with self._reading() as connection:
            row = connection.execute(select(audits).where(audits.c.id == audit)).first()
            if row is None or row.status is None:
                raise LedgerError(f"ledger: audit {audit} {'does not exist' if row is None else 'did not finish'}")
            return _read(connection, row)


def _is_whole(options: Mapping[str, Any]) -> bool:
    return options.get("places", True) and not any(options.get(key) for key in PARTS)


def _begin(connection: Connection, row: dict[str, Any], flows: Sequence[str]) -> int:
    number = next_id(connection, audits)
    connection.execute(audits.insert(), {**row, "id": number})
    _cover(connection, flows, row["now"])
    return number


def _cover(connection: Connection, flows: Iterable[str], now: datetime) -> None:
    rows = [{"flow": flow, "first_audit_now": now} for flow in flows]
    if rows:
        insert = insert_into(connection, watched_flows)
        c, new = watched_flows.c, insert.excluded
        earlier = new.first_audit_now < c.first_audit_now
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=[c.flow], set_={"first_audit_now": new.first_audit_now}, where=earlier
            ),
            rows,
        )


def _finish(
    connection: Connection, audit: int, row: dict[str, Any], flows: Iterable[str], said: Mapping[str, object]
) -> None:
    """`said`: by column, what is kept as a page of its own."""
    now = connection.execute(select(audits.c.now).where(audits.c.id == audit)).scalar()
    if now is None:
        raise LedgerError(f"ledger: there is no audit {audit}")
    _cover(connection, sorted(set(flows)), now)
    pages = keep_pages(connection, [to_json(one).encode("utf-8", "surrogatepass") for one in said.values()])
    named = dict(zip(said, pages, strict=True))
    connection.execute(update(audits).where(audits.c.id == audit).values(**row, **named))
    close_unreported(connection, audit, row["finished_at"])


def _read(connection: Connection, row: Row[Any]) -> AuditResult:
    watched = load_watched(_read_json(connection, row.watched))
    return AuditResult(
        now=row.now,
        watched_from=min((w.since for w in watched), default=None),
        status=Status(row.status),
        runs=tuple(sorted(_verdicts(connection, row.verdict_set), key=_place_of_run)),
        findings=tuple(sorted(_findings(connection, row.finding_set), key=_place_of_finding)),
        unverifiable=tuple(sorted(_unverifiable(connection, row.unverifiable_set), key=_place_of_item)),
        watched=watched,
        files_read=row.files_read,
        files_reused=row.files_reused,
        bytes_read=row.bytes_read,
        looks=load_looks(_read_json(connection, row.looks)),
        coverage=load_coverage(_read_json(connection, row.coverage)) if row.coverage else (),
        endings=load_endings(_read_json(connection, row.endings)) if row.endings else (),
    )


def _read_json(connection: Connection, page: bytes) -> Any:
    return json.loads(read_pages(connection, [page])[bytes(page)].decode("utf-8", "surrogatepass"))


def _verdicts(connection: Connection, root: bytes | None) -> Iterator[Verdict]:
    return map(read_verdict, _rows(connection, verdicts, root))


def _findings(connection: Connection, root: bytes | None) -> Iterator[Finding]:
    return map(read_finding, _rows(connection, findings, root))


def _unverifiable(connection: Connection, root: bytes | None) -> Iterator[Unverifiable]:
    return map(read_unverifiable, _rows(connection, unverifiable, root))


def _rows(connection: Connection, table: Table, root: bytes | None) -> Iterator[Row[Any]]:
    """The rows of a set of ids; a row that is in it twice comes twice."""
    for some in chunks(read_ids(connection, root)):
        found = {row.id: row for row in connection.execute(select(table).where(table.c.id.in_(some)))}
        if len(found) != len(set(some)):
            raise LedgerError(f"ledger: rows of {table.name} that the audit names are missing; restore a backup")
        yield from (found[number] for number in some)


def _place_of_run(verdict: Verdict) -> tuple[object, ...]:
    return verdict.flow, verdict.dataset, verdict.due or LAST, verdict.destination, verdict.folder


def _place_of_finding(finding: Finding) -> tuple[object, ...]:
    whose = (finding.flow, finding.dataset, finding.due or LAST, finding.destination)
    return *whose, finding.code, finding.key, finding.message, finding.severity.rank, to_json(finding.evidence)


def _place_of_item(item: Unverifiable) -> tuple[object, ...]:
    return item.flow, item.dataset, item.due or LAST, item.destination, item.subject, item.reason
