"""Run records as Flow Service told them, and how far they were read."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, func, select

from auditor.flow_model import RunRecord
from auditor.ledger.database import Database
from auditor.ledger.platform_codec import dump_run, load_run
from auditor.ledger.platform_schema import flow_readings, flow_runs
from auditor.ledger.sql import chunks, insert_into
from auditor.ledger.types import identity_of

__all__ = ["FlowRunRecords"]

PORTION = 500
"""Rows a transaction writes or a query brings: memory does not follow the number of runs."""


class FlowRunRecords(Database):
    """Run records by platform (organisation and sandbox) and flow id."""

    def record_flow_runs(self, platform: str, flow_id: str, runs: Iterable[RunRecord], *, at: datetime) -> int:
        """Keep `runs` as read at `at`, the newest reading of each; how many there were. Memory is bounded."""
        count = 0
        for some in chunks(runs, PORTION):
            self._write(partial(_keep_runs, platform=platform, flow_id=flow_id, runs=some, at=at))
            count += len(some)
        return count

    def record_flow_reading(self, platform: str, flow_id: str, *, since: datetime, at: datetime) -> None:
        """Say that every run that began at `since` or later was read at `at`. An earlier `since` is kept."""
        self._write(partial(_keep_reading, platform=platform, flow_id=flow_id, since=since, at=at))

    def flow_reading(self, platform: str, flow_id: str) -> tuple[datetime, datetime] | None:
        """Since when all runs are known, and when that was last read; None if never."""
        c = flow_readings.c
        with self._reading() as connection:
            row = connection.execute(select(c.since, c.read_at).where(c.flow == identity_of(platform, flow_id))).first()
        return (row.since, row.read_at) if row else None

    def oldest_open_run(self, platform: str, flow_id: str) -> datetime | None:
        """When the oldest run began that had no end when it was last read; None if there is none."""
        c = flow_runs.c
        query = select(func.min(c.began)).where(c.platform == platform, c.flow_id == flow_id, c.ended.is_(None))
        with self._reading() as connection:
            return connection.execute(query).scalar()

    def known_flow_runs(self, platform: str, flow_id: str, *, since: datetime, until: datetime) -> Iterator[RunRecord]:
        """The runs that began from `since` to `until` (both included), oldest first, in portions."""
        c = flow_runs.c
        after: tuple[datetime, bytes] | None = None
        while True:
            query = (
                select(c.run, c.began, c.body)
                .where(c.platform == platform, c.flow_id == flow_id, c.began >= since, c.began <= until)
                .order_by(c.began, c.run)
                .limit(PORTION)
            )
            if after:
                query = query.where((c.began > after[0]) | ((c.began == after[0]) & (c.run > after[1])))
            with self._reading() as connection:
                rows = connection.execute(query).all()
            for row in rows:
                yield load_run(row.body)
            if len(rows) < PORTION:
                return
            after = rows[-1].began, rows[-1].run


def _keep_runs(connection: Connection, platform: str, flow_id: str, runs: Sequence[RunRecord], at: datetime) -> None:
    rows = {run.id: _row(platform, flow_id, run, at) for run in runs}
    statement = insert_into(connection, flow_runs)
    changed = {name: statement.excluded[name] for name in ("began", "ended", "body", "read_at")}
    connection.execute(
        statement.on_conflict_do_update(index_elements=[flow_runs.c.run], set_=changed), list(rows.values())
    )


def _row(platform: str, flow_id: str, run: RunRecord, at: datetime) -> dict[str, Any]:
    return {
        "run": identity_of(platform, flow_id, run.id),
        "platform": platform,
        "flow_id": flow_id,
        "began": run.started or run.created,
        "ended": run.ended,
        "body": dump_run(run),
        "read_at": at,
    }


def _keep_reading(connection: Connection, platform: str, flow_id: str, since: datetime, at: datetime) -> None:
    row = {
        "flow": identity_of(platform, flow_id),
        "platform": platform,
        "flow_id": flow_id,
        "since": since,
        "read_at": at,
    }
    c = flow_readings.c
    before = connection.execute(select(c.since).where(c.flow == row["flow"])).scalar()
    if before is not None:
        row["since"] = min(before, since)
    statement = insert_into(connection, flow_readings)
    changed = {"since": statement.excluded.since, "read_at": statement.excluded.read_at}
    connection.execute(statement.on_conflict_do_update(index_elements=[c.flow], set_=changed), row)
