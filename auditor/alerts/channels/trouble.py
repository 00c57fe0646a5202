"""Whether a channel is broken, by what the ledger says of its tries. Pure: every instance and restart says the same."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from auditor.checks.service import NOTICES_UNDELIVERED
from auditor.incident_model import NoticeState
from auditor.ledger.notices import NoticeHead
from auditor.model import Finding

__all__ = ["Trouble", "find_undelivered", "is_lasting", "judge_channels", "place_of"]

MANY_TRIES: Final = 5
TOO_LONG: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a channel failed to deliver since it last delivered anything."""

    channel: str
    is_broken: bool
    since: datetime  # when the oldest of these was written
    resting_until: datetime  # nothing is tried before: the receiver asked for it, or we wait by ourselves
    waiting: int
    dropped: int
    reason: str  # of the newest try


def judge_channels(failing: Iterable[NoticeHead]) -> Mapping[str, Trouble]:
    """The channels that fail now. `failing`: what was tried in vain since their last success."""
    by_channel: dict[str, list[NoticeHead]] = {}
    for one in failing:
        by_channel.setdefault(one.channel, []).append(one)
    return {name: _judge(name, heads) for name, heads in by_channel.items()}


def find_undelivered(troubles: Mapping[str, Trouble], channels: Iterable[str]) -> tuple[Finding, ...]:
    """A finding for each of `channels` that is broken."""
    return tuple(
        Finding(
            NOTICES_UNDELIVERED.code,
            NOTICES_UNDELIVERED.severity,
            _sentence(trouble),
            destination=place_of(name),
            evidence={
                "channel": name,
                "since": trouble.since.isoformat(),
                "waiting": trouble.waiting,
                "dropped": trouble.dropped,
                "last_answer": trouble.reason,
            },
        )
        for name in channels
        if (trouble := troubles.get(name)) is not None and trouble.is_broken
    )


def is_lasting(tries: int, age: timedelta, wait: timedelta) -> bool:
    """Whether a notice that failed `tries` times, and is tried again after `wait`, met more than a passing trouble."""
    return tries >= MANY_TRIES or wait >= TOO_LONG or (tries > 1 and age >= TOO_LONG)


def place_of(channel: str) -> str:
    """What stands for a channel where incidents name a destination: no destination's trouble explains it."""
    return f"channel {channel}"


def _judge(name: str, heads: Sequence[NoticeHead]) -> Trouble:
    newest = max(heads, key=lambda one: (one.began_at or one.created_at, one.id))
    waiting = [one for one in heads if one.state is NoticeState.WAITING]
    return Trouble(
        channel=name,
        is_broken=any(map(_has_lasted, heads)),
        since=min(one.created_at for one in heads),
        resting_until=newest.next_at if newest.state is NoticeState.WAITING else newest.created_at,
        waiting=len(waiting),
        dropped=len(heads) - len(waiting),
        reason=newest.reason or "a try began, and nothing was heard of it",
    )


def _has_lasted(head: NoticeHead) -> bool:
    began = head.began_at or head.created_at
    if head.state is NoticeState.DROPPED:
        return True
    return is_lasting(head.tries, began - head.created_at, head.next_at - began)


def _sentence(trouble: Trouble) -> str:
    notices = trouble.waiting + trouble.dropped
    what = "1 notice" if notices == 1 else f"{notices:,} notices"
    return f"The channel {trouble.channel} did not deliver {what}: {trouble.reason}."
