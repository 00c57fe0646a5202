"""The outbox -> channels: retried with back-off, another way when a channel stays broken, each end with its reason.

Channels work side by side, each in a thread of its own: a slow one delays no other. What is known of a channel rests on
the ledger, so that restarts and several instances agree.
"""

import hashlib
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from adapters.base import inert
from auditor.alerts.channels.alertmanager import REFRESH_EVERY, Alertmanager
from auditor.alerts.channels.base import Delivered, Delivery, Receiver, Sending
from auditor.alerts.channels.log import log_delivery, log_undelivered
from auditor.alerts.channels.opening import open_receiver
from auditor.alerts.channels.trouble import Trouble, find_undelivered, is_lasting, judge_channels, place_of
from auditor.incident_model import Notice, NoticeState
from auditor.ledger import Ledger
from auditor.model import Finding
from auditor.settings import Config

__all__ = ["Sender", "SendingResult", "next_wait"]

FIRST_WAIT: Final = timedelta(seconds=10)
LONGEST_WAIT: Final = timedelta(minutes=10)
AFTER_REFUSAL: Final = timedelta(minutes=30)
LONGEST_ASKED: Final = timedelta(hours=1)
"""A receiver that asks for more is asked again after this: what it says may be a mistake."""
UNHEARD: Final = timedelta(minutes=3)
"""A try of which nothing was heard for so long was cut off: it is made once more."""
STALE: Final = timedelta(days=7)
ROUND_S: Final = 20.0
"""So long, by this machine's clock, one channel sends before its other notices wait for the next round."""
PATIENCE_S: Final = 5.0
"""So long a round waits for channels; a slower one goes on by itself."""


@dataclass(frozen=True, slots=True)
class SendingResult:
    """What one round did. `findings`: the channels that are broken now, whether tried in this round or not."""

    tried: int = 0
    sent: int = 0
    dropped: int = 0
    findings: tuple[Finding, ...] = ()
    is_whole: bool = True  # False: a slow channel is still at work


@dataclass
class _Count:
    """What was done since the last result, over all threads."""

    tried: int = 0
    sent: int = 0
    dropped: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, name: str) -> None:
        with self.lock:
            setattr(self, name, getattr(self, name) + 1)

    def take(self) -> tuple[int, int, int]:
        with self.lock:
            taken = (self.tried, self.sent, self.dropped)
            self.tried = self.sent = self.dropped = 0
            return taken


class Sender:
    """Sends what is due through the channels of one configuration."""

    def __init__(
        self,
        config: Config,
        ledger: Ledger,
        clock: Callable[[], datetime],
        *,
        seed: int | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """`seed`: of the jitter. `patience_s`: how long a round waits for slow channels."""
        self._alerts = config.alerts
        self._ledger = ledger
        self._clock = clock
        self._chance = random.Random(seed)
        self._patience_s = patience_s
        self._receivers: dict[str, Receiver] = {}
        self._working: dict[str, Future[None]] = {}
        self._refreshed: dict[str, datetime] = {}
        self._count = _Count()
        self._pool = ThreadPoolExecutor(max(1, len(self._alerts.channels)), thread_name_prefix="sending")

    def send_due(self, now: datetime) -> SendingResult:
        """Send what is due at `now`. Raises LedgerError; what a receiver does never raises."""
        self._collect()
        due: dict[str, list[Notice]] = {}
        for notice in self._ledger.due_notices(now):
            if not self._drop_useless(notice, now):
                due.setdefault(notice.channel, []).append(notice)
        for name in self._alerts.channels:
            if name not in self._working and (name in due or self._must_refresh(name, now)):
                self._working[name] = self._pool.submit(self._work, name, due.get(name, []), now)
        wait(self._working.values(), timeout=self._patience_s)
        self._collect()
        tried, sent, dropped = self._count.take()
        findings = find_undelivered(self._troubles(), self._alerts.channels)
        return SendingResult(tried, sent, dropped, findings, not self._working)

    def try_once(self, notice: Notice) -> Delivery:
        """Send a notice that is in no outbox, a test, and wait for the outcome. A success is written down."""
        delivery = self._receiver(notice.channel).send(Sending(notice, self._clock()))
        if delivery.is_sent:
            self._ledger.add_notices(
                [replace(notice, state=NoticeState.SENT, sent_at=self._clock(), tries=1, reason=delivery.reason)]
            )
        return delivery

    def close(self) -> None:
        """Wait for what is under way, and give connections back."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for receiver in self._receivers.values():
            receiver.close()

    def _collect(self) -> None:
        """Forget what has ended. What a thread raised (the ledger's failure) is raised here."""
        for name in [name for name, one in self._working.items() if one.done()]:
            self._working.pop(name).result()

    def _drop_useless(self, notice: Notice, now: datetime) -> bool:
        if notice.channel not in self._alerts.channels:
            reason = f"the channel {inert(notice.channel)} is no longer configured"
        elif now - notice.created_at > STALE:
            reason = f"not delivered within {STALE.days} days" + (f": {notice.reason}" if notice.reason else "")
        else:
            return False
        self._ledger.finish_sending(notice.id, state=NoticeState.DROPPED, reason=reason, at=now)
        log_undelivered(notice, reason)
        self._count.add("dropped")
        return True

    def _work(self, name: str, due: Sequence[Notice], now: datetime) -> None:
        """One channel's share of a round: until it fails, or has taken its time."""
        receiver, until_s = self._receiver(name), time.monotonic() + ROUND_S
        if isinstance(receiver, Alertmanager) and self._must_refresh(name, now):
            self._refreshed[name] = now
            receiver.refresh(self._ledger.going_on(name), now)
        for notice in due:
            trouble = self._troubles().get(name)
            if trouble is not None and trouble.resting_until > now and notice.next_at <= now:
                return
            if time.monotonic() > until_s or not self._try(receiver, notice, trouble):
                return

    def _try(self, receiver: Receiver, notice: Notice, trouble: Trouble | None) -> bool:
        """Send one notice. False: the others of this channel wait."""
        now = self._clock()
        if not self._ledger.begin_sending(notice.id, now, again_at=now + UNHEARD):
            return True  # another instance has it
        self._count.add("tried")
        earlier = self._ledger.earlier_notices(notice.channel, notice.dedup) if receiver.needs_earlier else ()
        sending = Sending(notice, now, earlier=earlier)
        delivery = receiver.send(sending)
        if delivery.how is Delivered.UNWANTED:
            first, delivery = delivery, receiver.send(replace(sending, is_shorter=True))
            if delivery.how is Delivered.UNWANTED:
                delivery = replace(delivery, reason=f"{first.reason}; shortened: {delivery.reason}")
            elif delivery.is_sent:
                delivery = replace(delivery, reason=f"{delivery.reason}; shortened after {first.reason}")
        log_delivery(notice, delivery)
        return self._settle(notice, delivery, trouble)

    def _settle(self, notice: Notice, delivery: Delivery, trouble: Trouble | None) -> bool:
        now = self._clock()
        if delivery.is_sent:
            self._count.add("sent")
            self._ledger.finish_sending(notice.id, state=NoticeState.SENT, reason=delivery.reason, at=now)
            return True
        next_at = now + self._wait(notice, delivery)
        other = self._other_way(notice) if self._gives_up(notice, delivery, trouble, now, next_at) else ""
        if other:
            self._go_another_way(notice, other, delivery.reason, now)
        elif delivery.how is Delivered.UNWANTED:
            self._give_up(notice, f"refused as it is: {delivery.reason}", now)
        else:
            reason = delivery.reason
            self._ledger.finish_sending(notice.id, state=NoticeState.WAITING, reason=reason, at=now, next_at=next_at)
        return delivery.how is Delivered.UNWANTED

    def _gives_up(
        self, notice: Notice, delivery: Delivery, trouble: Trouble | None, now: datetime, next_at: datetime
    ) -> bool:
        """Whether the channel is broken by what it said now, or was before."""
        if delivery.how is not Delivered.PASSING or (trouble is not None and trouble.is_broken):
            return True
        return is_lasting(notice.tries + 1, now - notice.created_at, next_at - now)

    def _go_another_way(self, notice: Notice, other: str, why: str, now: datetime) -> None:
        reason = f"sent to {other} instead: {why}"
        instead = replace(
            notice,
            id=0,
            key=hashlib.blake2b(f"{notice.key}\0{other}".encode(), digest_size=16).hexdigest(),
            channel=other,
            next_at=now,
            tries=0,
            reason="",
            instead_of=notice.channel,
        )
        self._ledger.finish_sending(notice.id, state=NoticeState.DROPPED, reason=reason, at=now, instead=instead)
        self._count.add("dropped")

    def _give_up(self, notice: Notice, reason: str, now: datetime) -> None:
        self._ledger.finish_sending(notice.id, state=NoticeState.DROPPED, reason=reason, at=now)
        log_undelivered(notice, reason)
        self._count.add("dropped")

    def _other_way(self, notice: Notice) -> str:
        """The channel that takes over; "": none. That a channel is broken is never told through it alone."""
        channel = self._alerts.channels[notice.channel]
        if channel.fallback in self._alerts.channels and channel.fallback != notice.instead_of:
            return channel.fallback
        if notice.labels.get("destination") != place_of(channel.name) or notice.instead_of:
            return ""
        broken = {name for name, one in self._troubles().items() if one.is_broken}
        return next((name for name in self._alerts.channels if name not in broken | {channel.name}), "")

    def _wait(self, notice: Notice, delivery: Delivery) -> timedelta:
        if delivery.how is Delivered.REFUSED:
            return AFTER_REFUSAL
        return next_wait(notice.tries, delivery.retry_after, self._chance.random())

    def _must_refresh(self, name: str, now: datetime) -> bool:
        if self._alerts.channels[name].type != "alertmanager":
            return False
        last = self._refreshed.get(name)
        return last is None or now - last >= REFRESH_EVERY

    def _receiver(self, name: str) -> Receiver:
        if name not in self._receivers:
            self._receivers[name] = open_receiver(self._alerts.channels[name], page=self._alerts.page)
        return self._receivers[name]

    def _troubles(self) -> dict[str, Trouble]:
        return dict(judge_channels(self._ledger.failing_notices()))


def next_wait(tries: int, asked: timedelta | None, chance: float) -> timedelta:
    """How long until the next try, after `tries` failures before this one: doubled each time, half of it by chance.

    What the receiver asked for is honoured, up to an hour; `chance` is in [0, 1).
    """
    longest = min(FIRST_WAIT * (1 << min(tries, 10)), LONGEST_WAIT)
    own = longest * (0.5 + 0.5 * chance)
    return own if asked is None else max(own, min(asked, LONGEST_ASKED))
