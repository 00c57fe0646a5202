"""The state of one running service, for the web: read from its ledger over a connection of its own."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from auditor.incident_model import Incident, Notice
from auditor.ledger import Ledger, LedgerError
from auditor.ledger.working import Loop
from auditor.model import AuditResult
from auditor.service.flows import known_flows
from auditor.service.health import Health, LoopHealth
from auditor.service.present import read_present
from auditor.service.serve.working import Service
from auditor.service.traffic import Traffic
from auditor.settings import Config
from auditor.web.source import NewestSound, Tallies

T = TypeVar("T")

SHOWN = timedelta(days=35)  # of runs, on the page and in metrics
FRESH_S = 20.0  # how long a reading of the whole state is given out again
NOTICES = timedelta(days=7)


class ServiceState:
    """Satisfies `auditor.web.source.StateSource`."""

    def __init__(self, service: Service, ledger: Ledger, traffic: Traffic, clock: Callable[[], datetime]) -> None:
        """`ledger`: another connection than the service's, so that a long write delays no answer."""
        self._service = service
        self._ledger = ledger
        self._traffic = traffic
        self._clock = clock
        self._present = Kept(self._read_present)
        self._newest = Kept(self._read_newest)

    @property
    def config(self) -> Config:
        """The one in use, with the flows that Experience Platform told."""
        return self._service.config

    def now(self) -> datetime:
        """By the service's clock."""
        return self._clock()

    def health(self) -> Health:
        """How the service itself is."""
        return read_health(self._service, self._ledger)

    def present(self) -> AuditResult:
        """How everything stands, a few seconds old at most."""
        return self._present.get()

    def newest_sound(self) -> NewestSound:
        """By flow, dataset and destination."""
        return self._newest.get()

    def live_incidents(self) -> Sequence[Incident]:
        """Suspected and open ones."""
        return self._ledger.live_incidents()

    def recent_notices(self) -> Sequence[Notice]:
        """Of the last week."""
        return self._ledger.list_notices(since=self._clock() - NOTICES, limit=200)

    def tallies(self) -> Tallies:
        """Queues and counters."""
        queues = self._ledger.count_queues()
        return Tallies(queues.events_waiting, queues.notices, queues.oldest_waiting, self._traffic.totals())

    def _read_present(self) -> AuditResult:
        now = self._clock()
        return read_present(self._ledger, self._followed(now), now=now, since=now - SHOWN)

    def _read_newest(self) -> NewestSound:
        flows = self._followed(self._clock()).flows.values()
        return self._ledger.newest_sound(
            (flow.name, one.id, flow.destination) for flow in flows for one in flow.datasets
        )

    def _followed(self, now: datetime) -> Config:
        config = self._service.config
        return replace(config, flows=known_flows(config, self._ledger, now=now))


class Kept(Generic[T]):
    """The answer to a question that takes a while, given out again for some seconds. One asks at a time."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._answer: tuple[float, T] | None = None

    def get(self) -> T:
        """A fresh answer. Raises what asking raises."""
        with self._lock:
            if self._answer is None or time.monotonic() - self._answer[0] > FRESH_S:
                self._answer = time.monotonic(), self._ask()
            return self._answer[1]


def read_health(service: Service, ledger: Ledger) -> Health:
    """How `service` is, by what its ledger says of each piece of work."""
    trouble, loops = service.ledger_trouble, dict[str, Loop]()
    try:
        loops = ledger.read_loops()
    except LedgerError as error:
        trouble = str(error)
    return Health(
        started_at=service.started_at,
        loops=tuple(
            _loop(name, thing.every, loops.get(name), service.beats.get(name), service.wanted_since(name))
            for name, thing in service.things().items()
        ),
        is_stopping=service.stop.asked.is_set(),
        ledger_trouble=trouble,
        config_trouble=service.configured.trouble,
        nobody_told=service.config.alerts.nobody_told,
    )


def _loop(
    name: str, every: timedelta | None, loop: Loop | None, moved_at: datetime | None, asked_at: datetime | None
) -> LoopHealth:
    if loop is None:
        return LoopHealth(name, every, moved_at=moved_at, asked_at=asked_at)
    return LoopHealth(
        name, every, loop.began_at, loop.done_at, loop.failed_at, loop.trouble, moved_at=moved_at, asked_at=asked_at
    )
