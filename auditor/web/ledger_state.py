"""The state of a service, read from its ledger and kept for a moment, so that scrapes cost little."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from auditor.incident_model import Incident, Notice
from auditor.ledger import Ledger
from auditor.model import AuditResult
from auditor.service.health import Health
from auditor.service.present import read_present
from auditor.service.traffic import Traffic
from auditor.settings import Config
from auditor.web.source import NewestSound, Tallies

__all__ = ["LedgerState"]

FRESH = timedelta(seconds=20)
WINDOW = timedelta(days=35)
"""Runs due within it are counted and headlined; what lasts longer is in the incidents, and in reports."""
TOLD = timedelta(days=7)
MOST_NOTICES = 500


class LedgerState:
    """A `StateSource` over a ledger. `clock`, `config` and `health` are asked each time."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        config: Callable[[], Config],
        health: Callable[[], Health],
        clock: Callable[[], datetime],
        traffic: Traffic | None = None,
    ) -> None:
        self._ledger = ledger
        self._config = config
        self._clock = clock
        self._health = health
        self._traffic = traffic or Traffic()
        self._lock = threading.Lock()
        self._kept: tuple[str, AuditResult, NewestSound] | None = None  # by configuration

    @property
    def config(self) -> Config:
        """The configuration in use now."""
        return self._config()

    def now(self) -> datetime:
        """What time it is."""
        return self._clock()

    def health(self) -> Health:
        """How the service itself is."""
        return self._health()

    def present(self) -> AuditResult:
        """How everything stands, at most 20 seconds ago. Raises LedgerError."""
        return self._read()[1]

    def newest_sound(self) -> NewestSound:
        """The newest sound export of each dataset that is expected now, at most 20 seconds ago. Raises LedgerError."""
        return self._read()[2]

    def live_incidents(self) -> Sequence[Incident]:
        """Those that are suspected or open. Raises LedgerError."""
        return self._ledger.live_incidents()

    def recent_notices(self) -> Sequence[Notice]:
        """Those of the last seven days, newest first. Raises LedgerError."""
        now = self._clock()
        listed = self._ledger.list_notices(since=now - TOLD, until=now, limit=MOST_NOTICES)
        return sorted(listed, key=lambda one: (one.created_at, one.id), reverse=True)

    def tallies(self) -> Tallies:
        """Queues and counters. Raises LedgerError."""
        queues = self._ledger.count_queues()
        return Tallies(queues.events_waiting, queues.notices, queues.oldest_waiting, self._traffic.totals())

    def _read(self) -> tuple[str, AuditResult, NewestSound]:
        """One reader at a time: whoever comes meanwhile waits for the same answer."""
        with self._lock:
            now, config = self._clock(), self._config()
            if self._kept is None or self._kept[0] != config.hash or not self._is_fresh(self._kept[1].now, now):
                present = read_present(self._ledger, config, now=now, since=now - WINDOW)
                keys = {(run.flow, run.dataset, run.destination) for run in present.runs if run.flow}
                keys |= {(f.name, d.id, f.destination) for f in config.flows.values() for d in f.datasets}
                self._kept = config.hash, present, self._ledger.newest_sound(sorted(keys))
            return self._kept

    def _is_fresh(self, then: datetime, now: datetime) -> bool:
        return timedelta() <= now - then < FRESH
