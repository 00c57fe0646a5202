"""Worlds played on a clock of their own: files come when they were written, and the service itself looks at them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.base import OpenAdapter
from auditor.alerts.telling import when_to_tell
from auditor.ledger import Ledger
from auditor.service.audit import open_configured
from auditor.service.serve.configured import Configured
from auditor.service.serve.looking import Looking
from auditor.service.serve.readers import Readers
from auditor.service.serve.telling import Tellers
from auditor.service.serve.working import Service
from auditor.settings import Destination, load_config
from auditor.verify.pool import Verifier
from auditor.worlds import World, WorldObject, list_objects, render_config

MINUTE = timedelta(minutes=1)


class WarmReaders(Readers):
    """Readers over processes that stay from test to test."""

    def __init__(self, warm: Verifier) -> None:
        super().__init__()
        self._warm = warm

    @contextmanager
    def reading(self) -> Iterator[Verifier]:
        yield self._warm


@dataclass
class Clock:
    """Time as the test tells it."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Played:
    """One world below `home`, and the service that watches it, from moment to moment.

    `without`: things of the service that are left out, by their kind. `meanwhile`: what happens at a moment beside the
    world itself (an outage, an edit of the configuration).
    """

    world: World
    home: Path
    warm: Verifier
    began: datetime
    more: str = ""  # lines of configuration: alerts, service
    open_with: Callable[[Destination], OpenAdapter] = open_configured
    without: frozenset[str] = frozenset({"heartbeat", "reports", "upkeep"})
    sends: bool = False  # notices really go out; else they stay in the outbox
    clock: Clock = field(init=False)
    done: list[tuple[datetime, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = Clock(self.began)
        (self.home / "exports").mkdir(parents=True, exist_ok=True)
        (self.home / "auditor.yaml").write_text(render_config(self.world) + self.more, encoding="utf-8")
        self._objects = sorted(list_objects(self.world), key=lambda one: (one.modified, one.key))
        self._laid = 0
        self._tell_again: datetime | None = self.began
        self.ledger = Ledger.open(load_config(self.home / "auditor.yaml").ledger_url, clock=self.clock)
        self.service = self._start()

    def close(self) -> None:
        self.ledger.close()

    def restart(self) -> None:
        """The service ends and begins again: what it remembers is what the ledger has."""
        self.ledger.close()
        self.ledger = Ledger.open(load_config(self.home / "auditor.yaml").ledger_url, clock=self.clock)
        self.service = self._start()

    def sleep_until(self, moment: datetime) -> None:
        """Nobody watches until then; the world goes on."""
        self._lay(moment)
        self.clock.now = moment

    def play_until(self, moment: datetime) -> None:
        """Time goes on, work is done when it is due."""
        while True:
            dues = [(due, name) for name, thing in self._things().items() if (due := self._due_at(thing))]
            due, name = min(dues)
            if max(due, self.clock.now) > moment:
                break
            self._lay(max(due, self.clock.now))
            self.clock.now = max(due, self.clock.now)
            if name in ("tell", "send"):
                self.service.ask(name, self.clock.now)
            if self.service.work(name):
                self.done.append((self.clock.now, name))
                if name == "tell":
                    again = when_to_tell(self.ledger, self.service.config, now=self.clock.now)
                    self._tell_again = max(again, self.clock.now + MINUTE / 12) if again else None
            else:
                raise AssertionError(f"{name} was due and could not be done: {self.ledger.read_loops().get(name)}")
        self._lay(moment)
        self.clock.now = moment

    def _things(self) -> Mapping[str, Any]:
        left_out = self.without if self.sends else self.without | {"send"}
        return {n: thing for n, thing in self.service.things().items() if str(thing.work) not in left_out}

    def _due_at(self, thing: Any) -> datetime | None:
        """As the service says; but telling and sending only when they have something to do, and not every five seconds."""
        if thing.work == "tell":
            asked = self.service.asked_at("tell")
            return asked or self._tell_again
        if thing.work == "send":
            return self.ledger.next_notice_at()
        return self.service.due_at(thing)

    def _start(self) -> Service:
        config = load_config(self.home / "auditor.yaml")
        configured = Configured(config, self.ledger, clock=self.clock)
        looking = Looking(self.ledger, WarmReaders(self.warm), open_with=self.open_with)
        tellers = Tellers(self.ledger, looking, configured, self.clock, read_health=self._health)
        return Service(configured, self.ledger, looking, tellers, clock=self.clock, holder="played")

    def _health(self) -> Any:
        raise AssertionError("nobody asks")

    def _lay(self, until: datetime) -> None:
        while self._laid < len(self._objects) and self._objects[self._laid].modified <= until:
            write(self.home / "exports", self._objects[self._laid])
            self._laid += 1


def write(root: Path, item: WorldObject) -> None:
    """Lay one object out with the time at which it was written."""
    import os

    path = root / item.key
    if item.key.endswith("/"):
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(item.data)
    os.utime(path, (item.modified.timestamp(), item.modified.timestamp()))
