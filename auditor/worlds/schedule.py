"""When the runs of a flow are due, and how long an audit waits for them: the rules of the product in literals.

Written anew on purpose: a world that asked the auditor for its windows would agree with any mistake in them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from auditor.worlds.model import Rhythm, WorldFlow

EARLY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long after its due time a run may come and still be on time, or not be missing."""

    grace: timedelta
    deadline: timedelta


FREQUENT = Patience(timedelta(minutes=150), timedelta(hours=6))
DAILY = Patience(timedelta(hours=4), timedelta(hours=12))
BACKFILL = Patience(timedelta(hours=24), timedelta(hours=72))


def list_due_times(flow: WorldFlow, until: datetime) -> list[datetime]:
    """All due times from the flow's start to `until` and its end, both included, without its exceptions."""
    last = until if flow.end is None else min(until, flow.end)
    zone = ZoneInfo(flow.zone)
    return [due for due in _rhythm_times(flow, last) if due.astimezone(zone).date() not in flow.exceptions]


def first_due(flow: WorldFlow) -> datetime:
    """When the first run is due: at the start, or at the first time of a cron expression after it."""
    if not flow.cron:
        return flow.start
    return next(_cron_times(flow.cron, flow.zone, flow.start, flow.start + timedelta(days=8)))


def patience(flow: WorldFlow, due: datetime) -> Patience:
    """The windows that hold for the run due at `due`, by the defaults of its kind."""
    if flow.mode == "incremental" and due == first_due(flow):
        return BACKFILL
    gaps = _gaps(flow, _rhythm_at(flow, due))
    return FREQUENT if gaps and min(gaps) < timedelta(hours=20) else DAILY


def max_age(flow: WorldFlow, now: datetime | None = None) -> timedelta | None:
    """How old the newest sound export of a dataset may be. None: it may be of any age.

    12 hours for runs every few hours, but never less than one and a half intervals: a flow of every 12 hours
    would be stale by its own schedule. Without `now`, by the rhythm that was set last.
    """
    gaps = _gaps(flow, _rhythms(flow)[-1] if now is None else _rhythm_at(flow, now))
    if not gaps:
        return None
    floor = timedelta(hours=12) if min(gaps) < timedelta(hours=20) else timedelta(0)
    return max(floor, max(gaps) * 1.5)


def _rhythms(flow: WorldFlow) -> list[Rhythm]:
    return [Rhythm(flow.start, flow.every, flow.cron), *flow.edits]


def _rhythm_at(flow: WorldFlow, moment: datetime) -> Rhythm:
    return [rhythm for rhythm in _rhythms(flow) if rhythm.start <= moment or rhythm.start == flow.start][-1]


def _rhythm_times(flow: WorldFlow, last: datetime) -> Iterator[datetime]:
    rhythms = _rhythms(flow)
    for rhythm, following in zip(rhythms, [*rhythms[1:], None], strict=True):
        end = last if following is None else min(last, following.start - timedelta(seconds=1))
        yield from _times(rhythm, flow.zone, end)


def _times(rhythm: Rhythm, zone: str, end: datetime) -> Iterator[datetime]:
    if rhythm.cron:
        yield from _cron_times(rhythm.cron, zone, rhythm.start, end)
    elif rhythm.every is None:
        yield from [rhythm.start] if rhythm.start <= end else []
    elif rhythm.start <= end:
        yield from (rhythm.start + n * rhythm.every for n in range((end - rhythm.start) // rhythm.every + 1))


def _gaps(flow: WorldFlow, rhythm: Rhythm) -> list[timedelta]:
    """Times between the first hundred due times of one rhythm: days of 25 hours count where the clock changes."""
    if not rhythm.cron:
        return [rhythm.every] if rhythm.every is not None else []
    return list(_cron_gaps(rhythm.cron, flow.zone, rhythm.start))


@lru_cache(maxsize=256)
def _cron_gaps(cron: str, zone: str, start: datetime) -> tuple[timedelta, ...]:
    times = islice(_cron_times(cron, zone, start, start + timedelta(days=800)), 100)
    return tuple(later - earlier for earlier, later in pairwise(times))


def _cron_times(cron: str, zone: str, start: datetime, end: datetime) -> Iterator[datetime]:
    """Minutes that fit `M H * * D`, each of them `*`, a number or a list. Not for times that a clock skips."""
    minutes, hours, _, _, weekdays = (field.split(",") for field in cron.split())
    tz, day = ZoneInfo(zone), start.astimezone(ZoneInfo(zone)).date()
    while day <= end.astimezone(tz).date():
        if weekdays == ["*"] or str(day.isoweekday() % 7) in weekdays:
            for hour in range(24) if hours == ["*"] else map(int, hours):
                for minute in map(int, minutes):
                    due = datetime(day.year, day.month, day.day, hour, minute, tzinfo=tz).astimezone(UTC)
                    if start <= due <= end:
                        yield due
        day += timedelta(days=1)
