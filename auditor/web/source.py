"""What the web reads: a state that somebody else keeps. Nothing here asks a destination anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from auditor.incident_model import Incident, Notice, NoticeState
from auditor.model import AuditResult
from auditor.service.health import Health
from auditor.service.traffic import DestinationTraffic
from auditor.settings import Config

__all__ = ["NewestSound", "StateSource", "Tallies"]

NewestSound = Mapping[tuple[str, str, str], datetime]
"""By (flow, dataset, destination): export time of the newest sound export, however old."""


@dataclass(frozen=True, slots=True)
class Tallies:
    """Counts over what the ledger holds, and what was asked of destinations since the start."""

    events_waiting: int = 0
    notices: Mapping[tuple[str, NoticeState], int] = field(default_factory=dict)  # by channel and state, ever
    oldest_waiting: datetime | None = None  # when the notice that waits longest was written
    traffic: Mapping[str, DestinationTraffic] = field(default_factory=dict)  # by destination


class StateSource(Protocol):
    """The state of one service. Safe to call from several threads; each call is quick.

    All but `config`, `now` and `health` raise LedgerError where the ledger does not answer.
    """

    @property
    def config(self) -> Config:
        """The configuration in use now."""

    def now(self) -> datetime:
        """What time it is."""

    def health(self) -> Health:
        """How the service itself is. Never raises: what it cannot read stands in `ledger_trouble`."""

    def present(self) -> AuditResult:
        """How everything stands; a moment old at most, `now` of it says how old."""

    def newest_sound(self) -> NewestSound:
        """The newest sound export of each dataset of each flow that is expected now."""

    def live_incidents(self) -> Sequence[Incident]:
        """Those that are suspected or open."""

    def recent_notices(self) -> Sequence[Notice]:
        """The newest ones first, of the last days, in any state."""

    def tallies(self) -> Tallies:
        """Queues and counters."""
