"""Did it arrive, and when? Windows by the verdict rules of the product: a border belongs to the better answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from auditor.model import Arrival, ArrivalClock, EmptyRuns, ExpectedRun
from auditor.reconcile.sight import FolderSight

COPIED_AT_LEAST = 3  # folders
COPIED_SPAN = timedelta(days=3)  # of export times; a burst after an outage is shorter, or not this dense
COPIED_DENSITY = 4  # export times span at least this many times the span of the modification times
COPIED_BESIDE = timedelta(minutes=15)  # a copy goes on to its newest objects at least this long, or as long again


@dataclass(frozen=True, slots=True)
class Expectations:
    """How a flow and its destination want arrival judged."""

    clock: ArrivalClock = ArrivalClock.MODIFIED
    empty_runs: EmptyRuns = EmptyRuns.EITHER
    manifest: bool = False
    retain: timedelta | None = None


def arrived_at(sight: FolderSight, clock: ArrivalClock) -> datetime | None:
    """When the export was there: its newest modification, or the moment the ledger first saw it whole, if earlier.

    By the clock RUN: the end of its run, where a record tells it. None if nothing tells (a folder without files).
    """
    if clock is ArrivalClock.RUN and sight.run_ended:
        return sight.run_ended
    if clock is ArrivalClock.EXPORT_TIME:
        return sight.folder.export_time
    modified = sight.folder.changed_at
    if modified and sight.whole_at:
        return min(modified, sight.whole_at)
    return modified


def is_at_rest(run: ExpectedRun, sight: FolderSight, how: Expectations, *, now: datetime) -> bool:
    """Whether the export may be judged: whole by its manifest, unchanged for `settle`, or past its deadline.

    Where a manifest is configured, its absence keeps the export arriving until the grace ends.
    """
    if now > run.missing_after:
        return True
    # Without any file there is no change to count `settle` from: what is to come may still come.
    waits = how.manifest and sight.told.tells_nothing and not sight.has_unread_manifest
    if (waits or sight.changed_at is None) and now <= run.late_after:
        return False
    return sight.is_settled(settle=run.settle, now=now)


def judge_arrival(
    run: ExpectedRun,
    sight: FolderSight | None,
    how: Expectations,
    *,
    now: datetime,
    seen_before: bool = False,
) -> Arrival:
    """Say how `run` stands at `now`, the place having been looked at. Pure.

    `seen_before`: an earlier audit saw its export; what a destination's retention removed is expired then,
    and unknown otherwise.
    """
    if sight is None:
        return _judge_absence(run, how, now=now, seen_before=seen_before)
    if not is_at_rest(run, sight, how, now=now):
        return Arrival.ARRIVING
    if is_fading(sight, run.key.due, how.retain, now=now):
        return Arrival.EXPIRED
    if sight.folder.temporary and not sight.folder.files:
        return Arrival.LATE  # its deadline is over, and nothing but leftovers of an upload is there
    # A folder without files has no other time than its own stamp.
    moment = arrived_at(sight, how.clock) or sight.folder.export_time
    if moment < run.early_from:
        return Arrival.EARLY
    return Arrival.ON_TIME if moment <= run.late_after else Arrival.LATE


def is_fading(sight: FolderSight, dated: datetime, retain: timedelta | None, *, now: datetime) -> bool:
    """Whether the destination itself is removing this export, file by file: what is left of it says nothing.

    `dated`: its due time, or its export time where no run asked for it.
    """
    if retain is None or now - dated <= retain:
        return False
    return not sight.folder.files or not sight.compared.agrees


def _judge_absence(run: ExpectedRun, how: Expectations, *, now: datetime, seen_before: bool) -> Arrival:
    if now <= run.late_after:
        return Arrival.PENDING
    if how.retain is not None and run.key.due + how.retain < now:
        return Arrival.EXPIRED if seen_before else Arrival.UNKNOWN
    if how.empty_runs is EmptyRuns.NO_FOLDER and not seen_before:
        # Nothing new, or lost: no one can tell without the run record. The age limit guards.
        return Arrival.PENDING if now <= run.missing_after else Arrival.UNKNOWN
    return Arrival.LATE if now <= run.missing_after else Arrival.MISSING


def find_copied(
    pairs: Sequence[tuple[ExpectedRun, FolderSight]],
) -> tuple[tuple[ExpectedRun, FolderSight], ...]:
    """The exports whose modification times are those of a copy, not of their arrival. `pairs` in due order.

    A synced or restored bucket gives old objects one new date. Told apart from a real delay by its shape:
    at least three successive exports past their deadline, due over three days or more, all modified within
    a quarter of that span. Exports past their grace alone belong to the copy if they were modified with it: they
    are its newest ones.
    """
    groups: list[list[tuple[ExpectedRun, FolderSight]]] = [[]]
    for run, sight in pairs:
        moment = arrived_at(sight, ArrivalClock.MODIFIED)
        if moment is not None and moment > run.missing_after:
            groups[-1].append((run, sight))
        else:
            groups.append([])
    spans = [_span_of_copy(group) for group in groups if _looks_copied(group)]
    return tuple(pair for pair in pairs if any(_is_of_copy(pair, span) for span in spans))


def _span_of_copy(group: Sequence[tuple[ExpectedRun, FolderSight]]) -> tuple[datetime, datetime]:
    """From when to when the copy was written, with room for objects of `group`'s neighbours."""
    moments = _moments(group)
    room = max(max(moments) - min(moments), COPIED_BESIDE)
    return min(moments) - room, max(moments) + room


def _is_of_copy(pair: tuple[ExpectedRun, FolderSight], span: tuple[datetime, datetime]) -> bool:
    """Whether an export would be late by a date that the copy gave it."""
    run, sight = pair
    moment = arrived_at(sight, ArrivalClock.MODIFIED)
    return moment is not None and moment > run.late_after and span[0] <= moment <= span[1]


def _looks_copied(group: Sequence[tuple[ExpectedRun, FolderSight]]) -> bool:
    if len(group) < COPIED_AT_LEAST:
        return False
    dues = [run.key.due for run, _ in group]
    moments = _moments(group)
    span = max(dues) - min(dues)
    return span >= COPIED_SPAN and (max(moments) - min(moments)) * COPIED_DENSITY <= span


def _moments(group: Sequence[tuple[ExpectedRun, FolderSight]]) -> list[datetime]:
    return [moment for _, sight in group if (moment := arrived_at(sight, ArrivalClock.MODIFIED))]
