"""How often a schedule is due, and what follows: the kind of its runs and how old an export may grow."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise

from auditor.expect.cron import cron_times
from auditor.expect.due import due_times, last_due, next_due
from auditor.model import Flow, RunKind, Schedule

# Days of 23 hours exist: a daily run stays one when the clock goes forward.
_FREQUENT_BELOW = timedelta(hours=20)
_FREQUENT_MAX_AGE = timedelta(hours=12)
_SAMPLE = 100  # due times looked at for the rhythm of a cron expression


@dataclass(frozen=True, slots=True)
class Gaps:
    """Shortest and longest time between neighbouring due times of a schedule, its end and exclusions apart."""

    smallest: timedelta
    largest: timedelta


@lru_cache(maxsize=1024)
def nominal_gaps(schedule: Schedule) -> Gaps | None:
    """The gaps of the schedule's first 100 due times; None for one that is due only once."""
    if schedule.every is not None:
        return Gaps(schedule.every, schedule.every)
    if schedule.cron is None:
        return None
    dues = islice(cron_times(schedule.cron, schedule.zone, since=schedule.start), _SAMPLE)
    gaps = [later - earlier for earlier, later in pairwise(dues)]
    return Gaps(min(gaps), max(gaps)) if gaps else None


def run_kind(schedule: Schedule, *, first: bool = False) -> RunKind:
    """The kind of a run of `schedule`; `first`: it is the first run of an incremental flow."""
    if first:
        return RunKind.FIRST
    gaps = nominal_gaps(schedule)
    return RunKind.FREQUENT if gaps is not None and gaps.smallest < _FREQUENT_BELOW else RunKind.DAILY


def default_max_age(flow: Flow, *, at: datetime | None = None) -> timedelta | None:
    """How old the newest export may be where no `max_age` is set; None for a flow that exports once.

    1.5 × the largest gap, and never less than 12 h for runs every few hours. With `at`, the schedule that
    holds then counts, and gaps that really are larger (exclusions, an edit of the schedule) raise the
    limit until the export after the gap has had its time. Without `at`, the last schedule's rhythm alone.
    """
    if not flow.schedules:
        return None
    schedule = flow.schedules[-1] if at is None else _schedule_at(flow, at)
    limit = _nominal_max_age(schedule)
    if limit is None or at is None:
        return limit
    return max([limit, *(gap * 3 / 2 for gap in _gaps_around(flow, at, limit))])


def _nominal_max_age(schedule: Schedule) -> timedelta | None:
    gaps = nominal_gaps(schedule)
    if gaps is None:
        return None
    floor = _FREQUENT_MAX_AGE if run_kind(schedule) is RunKind.FREQUENT else timedelta(0)
    return max(floor, gaps.largest * 3 / 2)


def _schedule_at(flow: Flow, at: datetime) -> Schedule:
    started = [schedule for schedule in flow.schedules if schedule.start <= at]
    return started[-1] if started else flow.schedules[0]


def _gaps_around(flow: Flow, at: datetime, reach: timedelta) -> Iterator[timedelta]:
    """Real gaps whose later end is `at` - `reach` or newer, up to the one that `at` lies in."""
    since = at.astimezone(UTC) - reach
    dues = list(due_times(flow.schedules, since=since, until=at))
    before, after = last_due(flow, since - timedelta(microseconds=1)), next_due(flow, at)
    known = [due for due in (before, *dues, after) if due is not None]
    return (later - earlier for earlier, later in pairwise(known))
