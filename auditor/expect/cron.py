"""Instants at which a cron expression is due in a time zone, as Debian's cron would have it.

cronsim parses the expression and walks the calendar; the zone is applied here. Left to itself cronsim
loses due times of `0 */5 * * *` in zones that shift by half an hour (Australia/Lord_Howe), because it
steps whole hours of elapsed time and then stands at half past.

Rules at a change of the clock (man 8 cron, Debian), for changes of any size:

* A job at fixed times (neither the minute nor the hour begins with `*`) is due once a day whatever the
  clock does: a local time that is skipped is due at the first instant after the gap, several skipped times
  become one; a local time that comes twice is due the first time only.
* Any other job follows the clock on the wall: skipped times do not come, repeated times come twice (these
  are different instants).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from zoneinfo import ZoneInfo

from cronsim import CronSim

# A due time can be moved by no more than the longest gap any zone has had (Samoa skipped a whole day).
_MARGIN = timedelta(days=2)
_MINUTE = timedelta(minutes=1)


def cron_times(expression: str, zone: str, *, since: datetime) -> Iterator[datetime]:
    """Yield each instant >= `since` at which `expression` is due, in UTC, strictly ascending.

    Starts at `since` without walking there. Ends only if nothing matches for 50 years.
    Raises: CronSimError for a bad expression, ZoneInfoNotFoundError for a bad zone.
    """
    tz = ZoneInfo(zone)
    local_times = _local_times(expression, since.astimezone(tz).replace(tzinfo=None) - _MARGIN)
    resolve = _fixed_instants if _at_fixed_times(expression) else _wall_instants
    return (due for due in resolve(local_times, tz) if due >= since)


def _at_fixed_times(expression: str) -> bool:
    fields = expression.split()
    return len(fields) == 5 and not fields[0].startswith("*") and not fields[1].startswith("*")


def _local_times(expression: str, after: datetime) -> Iterator[datetime]:
    """Matching readings of a clock that is never changed."""
    return iter(CronSim(expression, after))


def _fixed_instants(local_times: Iterator[datetime], tz: ZoneInfo) -> Iterator[datetime]:
    last: datetime | None = None
    for local in local_times:
        due = _first_instant(local, tz)
        if last is None or due > last:
            yield due
        last = due


def _first_instant(local: datetime, tz: ZoneInfo) -> datetime:
    """The first instant at which the clock shows `local`, or has just skipped it."""
    while not (instants := _instants(local, tz)):
        local = local.replace(second=0) + _MINUTE
    return instants[0]


def _wall_instants(local_times: Iterator[datetime], tz: ZoneInfo) -> Iterator[datetime]:
    """Both instants of a repeated time, in the order of time: the second ones wait their turn."""
    waiting: list[datetime] = []
    for local in local_times:
        for n, due in enumerate(_instants(local, tz)):
            if n:
                heappush(waiting, due)
                continue
            while waiting and waiting[0] < due:
                yield heappop(waiting)
            yield due
    yield from sorted(waiting)


def _instants(local: datetime, tz: ZoneInfo) -> list[datetime]:
    """The instants at which a clock in `tz` shows `local`: none in a gap, two in a fold."""
    candidates = {local.replace(tzinfo=tz, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(due for due in candidates if due.astimezone(tz).replace(tzinfo=None) == local)
