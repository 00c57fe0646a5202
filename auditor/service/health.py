"""Whether the service does its work: judged from when each piece was last done, never from the process being alive."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

STALE_AFTER = 3  # periods
LEAST_SLACK = timedelta(minutes=2)  # beside its period: work of seconds may wait for a slow database
MOST_SLACK = timedelta(hours=1)  # beside its period: what is due daily must not be forgotten for three days


@dataclass(frozen=True, slots=True)
class LoopHealth:
    """One piece of work, and when it was last done."""

    thing: str
    every: timedelta | None = None  # None: done when something asks for it
    began_at: datetime | None = None
    done_at: datetime | None = None  # the last time it ended well
    failed_at: datetime | None = None
    trouble: str = ""  # what the newest failure said; "" after it ended well
    moved_at: datetime | None = None  # when work that is under way last moved on
    asked_at: datetime | None = None  # of what is done when asked for: since when it is due

    @property
    def limit(self) -> timedelta | None:
        """How old the last good end may be: three periods, but two minutes to one hour beside the period itself."""
        if self.every is None:
            return None
        return self.every + min(max((STALE_AFTER - 1) * self.every, LEAST_SLACK), MOST_SLACK)

    @property
    def is_under_way(self) -> bool:
        """Begun, and not ended since. Also of work that died with its process, until it is begun again."""
        ended = max((one for one in (self.done_at, self.failed_at) if one is not None), default=None)
        return self.began_at is not None and (ended is None or self.began_at > ended)

    def is_stale(self, started_at: datetime, now: datetime) -> bool:
        """Whether it should have been done again by now. A moment that lies in the future proves nothing."""
        if self.limit is not None:
            return _all_past(self.limit, now, (started_at, self.done_at, self.moved_at))
        since = self.asked_at or (self.began_at if self.is_under_way else None)
        if since is None or since > now:
            return False
        return _all_past(MOST_SLACK, now, (started_at, since, self.done_at, self.moved_at))


@dataclass(frozen=True, slots=True)
class Health:
    """How the service itself is."""

    started_at: datetime
    loops: tuple[LoopHealth, ...] = ()
    is_starting: bool = False  # the ledger is being opened or migrated
    is_stopping: bool = False
    ledger_trouble: str = ""  # why the ledger does not answer
    config_trouble: str = ""  # why the configuration files as they are now are not in use
    nobody_told: str = ""  # why nobody will be told of anything

    def stale_loops(self, now: datetime) -> tuple[LoopHealth, ...]:
        """Those that should have been done again by now, though the process lives."""
        return tuple(loop for loop in self.loops if loop.is_stale(self.started_at, now))


@dataclass(frozen=True, slots=True)
class Ready:
    """Whether the service does all of its work. `warnings` make it no less ready."""

    is_ready: bool
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def judge_ready(health: Health, now: datetime) -> Ready:
    """Not ready: while it starts or stops, without its ledger, with work that is stale.

    That nobody is told, or that a changed configuration was refused, is a warning: to take the service away would help
    nobody.
    """
    reasons = []
    if health.is_starting:
        reasons.append("it is starting: the ledger is being opened")
    if health.is_stopping:
        reasons.append("it was told to stop")
    if health.ledger_trouble:
        reasons.append(health.ledger_trouble)
    reasons += [_tell_stale(loop, health.started_at, now) for loop in health.stale_loops(now)]
    warnings = [f"the changed configuration is not in use: {health.config_trouble}"] if health.config_trouble else []
    warnings += [health.nobody_told] if health.nobody_told else []
    return Ready(not reasons, tuple(reasons), tuple(warnings))


def _tell_stale(loop: LoopHealth, started_at: datetime, now: datetime) -> str:
    due = f"is due every {loop.every}" if loop.every is not None else "was asked for"
    if loop.done_at is None:
        last = f"was not done since the start at {_minute(started_at)}"
    elif loop.done_at > now:
        last = "was last done in the future: the clock of this machine went back"
    else:
        last = f"was last done at {_minute(loop.done_at)}"
    stands = f", stands since {_minute(loop.moved_at)}" if loop.moved_at is not None else ""
    why = f": {loop.trouble}" if loop.trouble else ""
    return f"{loop.thing} {due} and {last}{stands}{why}"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _all_past(limit: timedelta, now: datetime, moments: Iterable[datetime | None]) -> bool:
    return all(abs(now - moment) > limit for moment in moments if moment is not None)
