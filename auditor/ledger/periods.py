"""What is known of a period at one moment, and the reports that were made of it.

Verdicts are only ever appended, so what was known at a moment can be read for ever: of each run the newest row said
until then. A report names the newest row it took into account; rows written later, whatever moment they speak of, come
in by an amendment.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select

from auditor.ledger.database import Database
from auditor.ledger.errors import LedgerError
from auditor.ledger.pages import keep_pages, read_pages
from auditor.ledger.platform_codec import load_coverage, load_endings
from auditor.ledger.schema import audits, expected_runs, verdicts
from auditor.ledger.service_schema import period_reports
from auditor.ledger.sql import chunks
from auditor.ledger.types import from_text, identity_of, to_json
from auditor.ledger.verdicts import read_verdict
from auditor.model import Content, Coverage, Ending, Verdict, Watched

__all__ = ["AuditsOf", "Beyond", "KeptReport", "LaterVerdict", "PeriodRecords", "PeriodRun"]

Group = tuple[str, str, str]  # flow, dataset, destination
OVERTAKEN = "judged by a later audit"  # such a row never was what counted
PARTS = ("destination", "flow", "dataset", "team", "tag", "owner", "flows")


@dataclass(frozen=True, slots=True)
class PeriodRun:
    """An expected run with the verdict that counted at a moment; None: nothing had been said of it."""

    due: datetime
    verdict: Verdict | None
    judged_at: datetime | None
    was_sound: bool  # some verdict until then had found its export sound


@dataclass(frozen=True, slots=True)
class LaterVerdict:
    """A current verdict that was written after a report, and why."""

    id: int
    verdict: Verdict
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class AuditsOf:
    """Finished audits by one configuration and tool version."""

    config_hash: str
    tool_version: str
    first: datetime
    last: datetime
    days: int  # by UTC, on which there was any


@dataclass(frozen=True, slots=True)
class Beyond:
    """Coverage and ends, as the newest audit that looked at them knew them."""

    at: datetime
    coverage: tuple[Coverage, ...]
    endings: tuple[Ending, ...]


@dataclass(frozen=True, slots=True)
class KeptReport:
    """A report as it was made."""

    revision: int
    made_at: datetime
    digest: str
    body: bytes


class PeriodRecords(Database):
    """Periods and their reports."""

    def newest_verdict(self) -> int:
        """The number of the newest row; 0: there is none."""
        with self._reading() as connection:
            return connection.execute(select(func.max(verdicts.c.id))).scalar() or 0

    def period_groups(self, since: datetime, until: datetime) -> list[Group]:
        """Every (flow, dataset, destination) with a run due in [since, until), in order."""
        c, v = expected_runs.c, verdicts.c
        expected = select(c.flow, c.dataset, c.destination).where(c.due >= since, c.due < until).distinct()
        judged = select(v.flow, v.dataset, v.destination).where(v.due >= since, v.due < until).distinct()
        with self._reading() as connection:
            rows = [*connection.execute(expected), *connection.execute(judged)]
        return sorted({(row.flow, row.dataset, row.destination) for row in rows})

    def period_runs(
        self, group: Group, *, since: datetime, until: datetime, as_of: datetime, newest: int
    ) -> list[PeriodRun]:
        """The runs of `group` due in [since, until), by due time, as known at `as_of` from rows up to `newest`."""
        with self._reading() as connection:
            said = {row.due: row for row in _said(connection, group, since, until, as_of, newest)}
            dues = {*said, *_expected(connection, group, since, until, as_of)}
            sound = _sound(connection, group, since, until, as_of, newest)
        return [_run(due, said.get(due), due in sound) for due in sorted(dues)]

    def verdicts_after(self, newest: int, *, since: datetime, until: datetime) -> list[LaterVerdict]:
        """The current verdicts on runs due in [since, until) that were written after row `newest`."""
        c = verdicts.c
        query = select(verdicts).where(c.id > newest, c.due >= since, c.due < until, c.superseded_at.is_(None))
        with self._reading() as connection:
            return [
                LaterVerdict(row.id, read_verdict(row), row.recorded_at, row.why)
                for row in connection.execute(query.order_by(c.flow, c.dataset, c.destination, c.due))
            ]

    def audits_of(self, since: datetime, until: datetime) -> list[AuditsOf]:
        """The finished audits of moments in [since, until], by configuration and version, the first used first.

        Where both are midnights by UTC, the same whether audits were let go in between or not.
        """
        c = audits.c
        query = select(c.config_hash, c.tool_version, c.now).where(_finished(since, until))
        moments: dict[tuple[str, str], list[datetime]] = {}
        with self._reading() as connection:
            for row in connection.execute(query):
                moments.setdefault((row.config_hash, row.tool_version), []).append(row.now)
        found = [
            AuditsOf(*used, min(some), max(some), len({one.astimezone(UTC).date() for one in some}))
            for used, some in moments.items()
        ]
        return sorted(found, key=lambda one: (one.first, one.config_hash, one.tool_version))

    def looked_at(self, destination: str, since: datetime, until: datetime) -> list[datetime]:
        """The moments in [since, until] of finished audits that looked at all of `destination`, in order."""
        c = audits.c
        query = select(c.now, c.options).where(_finished(since, until)).order_by(c.now)
        with self._reading() as connection:
            return [row.now for row in connection.execute(query) if _looks_at(row.options, destination)]

    def watched_until(self, as_of: datetime, *, back: int = 500) -> dict[str, Watched]:
        """By flow: since when it is watched, as the newest audits until `as_of` said.

        Those that looked at what is recent alone say nothing of it: they judged from a later moment on.
        """
        c = audits.c
        query = select(c.watched, c.options).where(c.finished_at.is_not(None), c.now <= as_of, c.watched.is_not(None))
        found: dict[str, Watched] = {}
        with self._reading() as connection:
            rows = connection.execute(query.order_by(c.now.desc(), c.id.desc()).limit(100 * back))
            names = [*islice((bytes(row.watched) for row in rows if not row.options.get("recent")), back)]
            pages = read_pages(connection, names)
        for name in dict.fromkeys(names):
            for flow, moment in json.loads(pages[name].decode("utf-8", "surrogatepass")):
                found.setdefault(flow, Watched(flow, from_text(moment)))
        return found

    def beyond_until(self, as_of: datetime, *, back: int = 5000) -> Beyond | None:
        """Coverage and ends as the newest audit of the whole configuration until `as_of` had them."""
        c = audits.c
        query = select(c.now, c.options, c.coverage, c.endings).where(c.finished_at.is_not(None), c.now <= as_of)
        with self._reading() as connection:
            for row in connection.execute(query.order_by(c.now.desc(), c.id.desc()).limit(back)):
                if row.options.get("beyond", True) and not any(row.options.get(key) for key in PARTS):
                    coverage, endings = (_page(connection, page) for page in (row.coverage, row.endings))
                    return Beyond(row.now, load_coverage(coverage), load_endings(endings))
        return None

    def period_reports(self, period: str, filters: Mapping[str, str]) -> list[KeptReport]:
        """The report of a closed period and its amendments, in order."""
        c = period_reports.c
        query = select(period_reports).where(c.period == period).order_by(c.revision)
        with self._reading() as connection:
            rows = [row for row in connection.execute(query).all() if row.filters == dict(filters)]
            bodies = read_pages(connection, [bytes(row.body) for row in rows])
        if any(bytes(row.body) not in bodies for row in rows):
            raise LedgerError(f"ledger: a report of {period} is missing; restore the ledger from a backup")
        return [KeptReport(row.revision, row.made_at, row.digest, bodies[bytes(row.body)]) for row in rows]

    def keep_period_report(self, period: str, filters: Mapping[str, str], report: KeptReport) -> bool:
        """Keep `report`, unless its revision is there. False: another was first, and its report counts."""
        name = identity_of("report", period, to_json(dict(sorted(filters.items()))), report.revision)

        def keep(connection: Connection) -> bool:
            c = period_reports.c
            if connection.execute(select(c.report).where(c.report == name)).first():
                return False
            row = {"report": name, "period": period, "filters": dict(filters), "revision": report.revision}
            told = {
                "made_at": report.made_at,
                "digest": report.digest,
                "body": keep_pages(connection, [report.body])[0],
            }
            connection.execute(insert(period_reports), {**row, **told})
            return True

        return self._write(keep)


def _finished(since: datetime, until: datetime) -> ColumnElement[bool]:
    c = audits.c
    return and_(c.finished_at.is_not(None), c.now >= since, c.now <= until)


def _looks_at(options: Mapping[str, Any], destination: str) -> bool:
    part = any(options.get(key) for key in PARTS if key != "destination")
    return not part and options.get("places", True) and options.get("destination", "") in ("", destination)


def _of(group: Group, since: datetime, until: datetime) -> ColumnElement[bool]:
    c = verdicts.c
    whose = (c.flow == group[0], c.dataset == group[1], c.destination == group[2])
    return and_(*whose, c.due >= since, c.due < until)


def _said(
    connection: Connection, group: Group, since: datetime, until: datetime, as_of: datetime, newest: int
) -> Iterator[Any]:
    c = verdicts.c
    counts = or_(c.superseded_why.is_(None), c.superseded_why != OVERTAKEN)
    known = and_(_of(group, since, until), c.id <= newest, c.recorded_at <= as_of, counts)
    ids = connection.execute(select(func.max(c.id)).where(known).group_by(c.due)).scalars().all()
    for some in chunks(sorted(ids)):
        yield from connection.execute(select(verdicts).where(c.id.in_(some)))


def _expected(
    connection: Connection, group: Group, since: datetime, until: datetime, as_of: datetime
) -> Collection[datetime]:
    c = expected_runs.c
    whose = (c.flow == group[0], c.dataset == group[1], c.destination == group[2])
    query = select(c.due).where(*whose, c.due >= since, c.due < until, c.first_expected_at <= as_of)
    return connection.execute(query).scalars().all()


def _sound(
    connection: Connection, group: Group, since: datetime, until: datetime, as_of: datetime, newest: int
) -> set[datetime]:
    c = verdicts.c
    known = and_(_of(group, since, until), c.id <= newest, c.recorded_at <= as_of)
    query = select(c.due).where(known, c.content == Content.SOUND.value, c.folder != "").distinct()
    return set(connection.execute(query).scalars())


def _run(due: datetime, row: Any, was_sound: bool) -> PeriodRun:
    verdict, at = (None, None) if row is None else (read_verdict(row), row.recorded_at)
    return PeriodRun(due, verdict, at, was_sound)


def _page(connection: Connection, name: bytes | None) -> list[Any]:
    if not name:
        return []
    found: list[Any] = json.loads(read_pages(connection, [bytes(name)])[bytes(name)].decode("utf-8", "surrogatepass"))
    return found
