"""Due times of schedules: lazily, ascending, from any instant on without walking there.

Each schedule holds from its start until the next one's start (exclusive), so an edited schedule leaves the
past as it was. `end` is inclusive, an exclusion is start <= due < end. The same instants come out however
the asked span is cut, and whether or not anybody was watching at the time.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from auditor.expect.cron import cron_times
from auditor.model import Exclusion, Flow, Schedule

_FOREVER = datetime(9000, 1, 1, tzinfo=UTC)
_INSTANT = timedelta(microseconds=1)


def due_times(schedules: Sequence[Schedule], *, since: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the due times from `since` to `until`, both inclusive, strictly ascending.

    Raises ValueError for a schedule without rhythm, schedules out of order, or a naive datetime;
    CronSimError and ZoneInfoNotFoundError as `cron_times`.
    """
    return (due for due, _ in scheduled_dues(schedules, since=since, until=until))


def scheduled_dues(
    schedules: Sequence[Schedule], *, since: datetime, until: datetime
) -> Iterator[tuple[datetime, Schedule]]:
    """As `due_times`, each with the schedule that held then."""
    since, until = _as_utc(since), min(_as_utc(until), _FOREVER)
    if any(earlier.start >= later.start for earlier, later in pairwise(schedules)):
        raise ValueError("schedules must be in order of their starts, each later than the one before")
    for schedule, held_until in zip(schedules, _held_until(schedules), strict=True):
        for due in _dues(schedule, since):
            if due > until or due >= held_until:
                break
            yield due, schedule


def first_due(flow: Flow) -> datetime | None:
    """The very first due time of `flow`; None if it has none."""
    if not flow.schedules:
        return None
    return next(due_times(flow.schedules, since=flow.schedules[0].start, until=_FOREVER), None)


def next_due(flow: Flow, after: datetime) -> datetime | None:
    """The first due time later than `after`; None if there is none."""
    return next(due_times(flow.schedules, since=_as_utc(after) + _INSTANT, until=_FOREVER), None)


def last_due(flow: Flow, at: datetime) -> datetime | None:
    """The last due time at or before `at`; None if there is none."""
    first = first_due(flow)
    if first is None or (at := _as_utc(at)) < first:
        return None
    last = flow.schedules[-1]
    if last.end is not None and last.end >= last.start:
        at = min(at, _as_utc(last.end))
    # Nothing can walk a cron expression backwards across changes of the clock as it walks forwards, so
    # look at spans that double until one holds a due time: the last span holds few.
    reach = timedelta(hours=1)
    while True:
        since = max(first, at - reach) if reach < at - first else first
        due = None
        for due in due_times(flow.schedules, since=since, until=at):  # noqa: B007 (the last one is wanted)
            pass
        if due is not None:
            return due
        reach *= 2


def flow_end(flow: Flow) -> datetime | None:
    """When the flow's last schedule ends; None if it does not. A run due at this instant is expected."""
    end = flow.schedules[-1].end if flow.schedules else None
    return _as_utc(end) if end else None


def _held_until(schedules: Sequence[Schedule]) -> list[datetime]:
    return [_as_utc(schedule.start) for schedule in schedules[1:]] + [datetime.max.replace(tzinfo=UTC)]


def _dues(schedule: Schedule, since: datetime) -> Iterator[datetime]:
    """Due times of one schedule from `since` to its end, exclusions left out (and leapt over)."""
    position = max(since, _as_utc(schedule.start))
    while True:
        for due in _unbounded(schedule, position):
            if schedule.end is not None and due > schedule.end:
                return
            if (hole := _exclusion_at(schedule, due)) is not None:
                position = _as_utc(hole.end)
                break
            yield due
        else:
            return


def _exclusion_at(schedule: Schedule, due: datetime) -> Exclusion | None:
    return next((hole for hole in schedule.exclusions if hole.start <= due < hole.end), None)


def _unbounded(schedule: Schedule, since: datetime) -> Iterator[datetime]:
    """What the rhythm alone gives from `since` (not before the start) on."""
    if schedule.once:
        return iter([_as_utc(schedule.start)] if since <= schedule.start else [])
    if schedule.every is not None:
        return _interval_times(_as_utc(schedule.start), schedule.every, since)
    if schedule.cron is not None:
        return cron_times(schedule.cron, schedule.zone, since=since)
    raise ValueError("a schedule needs `every`, `cron` or `once`")


def _interval_times(start: datetime, every: timedelta, since: datetime) -> Iterator[datetime]:
    """start + n × every, from the first at or after `since`: elapsed time, no wall clock, no walking."""
    if every <= timedelta(0):
        raise ValueError("`every` must be longer than nothing")
    n = max(0, -((start - since) // every))
    while start + n * every <= _FOREVER:
        yield start + n * every
        n += 1


def _as_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time without a zone means nothing here")
    return moment.astimezone(UTC)
