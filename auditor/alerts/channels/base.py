"""What every kind of channel promises, and what became of one try."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from auditor.incident_model import Notice
from auditor.ledger.notices import NoticeHead

__all__ = ["Delivered", "Delivery", "Receiver", "Sending"]


class Delivered(StrEnum):
    """How one try ended."""

    SENT = "sent"  # the receiver took it
    PASSING = "passing"  # not now: throttled, unreachable, failing
    REFUSED = "refused"  # the channel itself: key, address or rights are wrong; the next notice will fare no better
    UNWANTED = "unwanted"  # this notice as it is: too long, or not understood


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one try. `reason` is one line without secrets, for the ledger and for people."""

    how: Delivered
    reason: str
    retry_after: timedelta | None = None  # asked for by the receiver

    @property
    def is_sent(self) -> bool:
        return self.how is Delivered.SENT


@dataclass(frozen=True, slots=True)
class Sending:
    """One notice on its way. `is_shorter`: the receiver did not take it in full."""

    notice: Notice
    now: datetime
    is_shorter: bool = False
    earlier: Sequence[NoticeHead] = ()  # sent to this channel of the same group since it was last told of an end


class Receiver(Protocol):
    """One channel, as configured. Used by one thread at a time."""

    name: str
    needs_earlier: bool  # whether `Sending.earlier` is to be filled in

    def send(self, sending: Sending) -> Delivery:
        """Try once. Never raises; says nothing of its secrets; follows no redirect; ends within a minute."""

    def close(self) -> None:
        """Give connections back."""
