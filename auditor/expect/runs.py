"""Expected runs: (flow, dataset, destination, due) with the instants at which each answer changes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from auditor.expect.due import first_due, next_due, scheduled_dues
from auditor.expect.rhythm import run_kind
from auditor.model import Dataset, ExpectedRun, Flow, Mode, RunKey, RunKind

# Before the first audit nobody promised to look: reach back this far and call the rest "not watched".
_WATCHED_BEFORE_FIRST_AUDIT = timedelta(days=30)


def expected_runs(flow: Flow, *, since: datetime, until: datetime) -> Iterator[ExpectedRun]:
    """Yield a run per dataset for each due time from `since` to `until` (inclusive), in due order.

    Each due time is judged by the schedule that held then. The very first due time of an incremental
    flow, and no other, is of kind FIRST (the backfill), wherever `since` lies; for a dataset that came later, its own.

    Raises: as `due_times`; KeyError if `flow.windows` lacks a kind.
    """
    backfill = first_due(flow) if flow.mode is Mode.INCREMENTAL else None
    for due, schedule in scheduled_dues(flow.schedules, since=since, until=until):
        for dataset in flow.datasets:
            if not dataset.exclusions:
                yield _run(flow, dataset, due, run_kind(schedule, first=due == backfill))
            elif not _is_out(dataset, due):
                first = backfill is not None and due == _first_of(flow, dataset, backfill)
                yield _run(flow, dataset, due, run_kind(schedule, first=first))


def _is_out(dataset: Dataset, due: datetime) -> bool:
    return any(hole.start <= due < hole.end for hole in dataset.exclusions)


def _first_of(flow: Flow, dataset: Dataset, backfill: datetime) -> datetime | None:
    """The first due time of `dataset`, which need not be that of its flow."""
    due: datetime | None = backfill
    while due is not None and _is_out(dataset, due):
        end = max(hole.end for hole in dataset.exclusions if hole.start <= due < hole.end)
        due = next_due(flow, end - timedelta(microseconds=1))
    return due


def watched_since(flow: Flow, *, first_audit: datetime, since: datetime | None = None) -> datetime:
    """Since when `flow` is watched; what was due earlier is "not watched", never good.

    An explicit `since` wins, then `watch_from`, then the later of the first schedule's start and 30 days
    before the first audit.
    """
    if since is not None:
        return since.astimezone(UTC)
    if flow.watch_from is not None:
        return flow.watch_from.astimezone(UTC)
    earliest = first_audit - _WATCHED_BEFORE_FIRST_AUDIT
    return max([earliest, *(schedule.start for schedule in flow.schedules[:1])]).astimezone(UTC)


def _run(flow: Flow, dataset: Dataset, due: datetime, kind: RunKind) -> ExpectedRun:
    windows = flow.windows[kind]
    return ExpectedRun(
        key=RunKey(flow.name, dataset.id, flow.destination, due),
        kind=kind,
        early_from=due - windows.early,
        late_after=due + windows.grace,
        missing_after=due + windows.deadline,
        settle=windows.settle,
    )
