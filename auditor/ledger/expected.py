"""The runs that were expected, for ever."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from auditor.ledger.database import Database
from auditor.ledger.schema import expected_runs
from auditor.ledger.sql import chunks, insert_into
from auditor.ledger.types import identity_of, micros
from auditor.model import ExpectedRun

__all__ = ["ExpectedRecords"]


class ExpectedRecords(Database):
    """Expected runs."""

    def record_expected(self, runs: Iterable[ExpectedRun], *, at: datetime) -> None:
        """Keep that these runs were expected at `at`. Identity and first moment stay for ever, windows follow."""
        for some in chunks(runs, 2000):
            self._write(partial(_keep_expected, runs=some, at=at))


def _keep_expected(connection: Connection, runs: Sequence[ExpectedRun], at: datetime) -> None:
    rows = {row["run"]: row for row in (_run_row(run, at) for run in runs)}
    c = expected_runs.c
    follow = ("kind", "early_from", "late_after", "missing_after", "settle")
    query = select(c.run, *(c[name] for name in follow))
    for some in chunks(list(rows)):  # a list: rows leave it meanwhile
        for run, *windows in connection.execute(query.where(c.run.in_(some))):
            if windows == [rows[bytes(run)][name] for name in follow]:
                del rows[bytes(run)]
    if rows:
        statement = insert_into(connection, expected_runs)
        changed = {name: statement.excluded[name] for name in follow}
        connection.execute(statement.on_conflict_do_update(index_elements=[c.run], set_=changed), list(rows.values()))


def _run_row(run: ExpectedRun, at: datetime) -> dict[str, Any]:
    key = run.key
    return {
        "run": identity_of(key.flow, key.dataset, key.destination, micros(key.due)),
        "flow": key.flow,
        "dataset": key.dataset,
        "destination": key.destination,
        "due": key.due,
        "kind": run.kind.value,
        "early_from": run.early_from,
        "late_after": run.late_after,
        "missing_after": run.missing_after,
        "settle": run.settle,
        "first_expected_at": at,
    }
