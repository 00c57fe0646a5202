"""Worlds played on a clock of their own: files come when they were written, and the service itself looks at them."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pytest
import structlog

from adapters.base import OpenAdapter
from auditor.alerts.telling import when_to_tell
from auditor.incident_model import Notice
from auditor.ledger import Ledger
from auditor.model import FileCheck, Level, StoredFile
from auditor.service.audit import open_configured
from auditor.service.platforms import OpenPlatform, open_configured_platform
from auditor.service.serve.configured import Configured
from auditor.service.serve.looking import Looking
from auditor.service.serve.readers import Readers
from auditor.service.serve.telling import Tellers
from auditor.service.serve.working import Service
from auditor.settings import Destination, load_config
from auditor.verify.file import verify_file
from auditor.verify.pool import Verifier
from auditor.worlds import World, WorldObject, list_objects, render_config

MINUTE = timedelta(minutes=1)
OpenWith = Callable[[Destination], OpenAdapter]

TWO_CHANNELS = """
alerts:
  channels:
    mail: {alertmanager: {url: "http://127.0.0.1:9"}}
    pager: {alertmanager: {url: "http://127.0.0.1:9"}}
  routes:
    - {match: {severity: critical}, to: [pager, mail]}
    - {to: [mail]}
service: {arrival_every: 1h}
"""
"""Nothing reaches them: what would be sent stays in the outbox."""


class AtHand(Verifier):
    """Reads files in this process: worlds are small, and worker processes are slow to start."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """It has no processes."""

    def verify(
        self, files: Iterable[StoredFile], level: Level, *, open_adapter: OpenAdapter | None = None
    ) -> Iterator[FileCheck]:
        assert open_adapter is not None
        adapter = open_adapter()
        for file in files:
            yield verify_file(adapter, file, level)


class WarmReaders(Readers):
    """Readers over processes that stay from test to test."""

    def __init__(self, warm: Verifier) -> None:
        super().__init__()
        self._warm = warm

    @contextmanager
    def reading(self) -> Iterator[Verifier]:
        yield self._warm


class Clock:
    """Time as the test tells it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Playing:
    """The service that works by `home`/auditor.yaml, from moment to moment.

    `without`: things of the service that are left out, by their kind. `sends`: notices really go out; else they stay in
    the outbox. `happens`: what the world does up to a moment, before anybody looks.
    """

    def __init__(
        self,
        home: Path,
        began: datetime,
        *,
        warm: Verifier | None = None,
        open_with: OpenWith = open_configured,
        open_platform: OpenPlatform = open_configured_platform,
        without: frozenset[str] = frozenset({"heartbeat", "reports", "upkeep", "beyond"}),
        sends: bool = False,
        happens: Callable[[datetime], None] = lambda _until: None,
    ) -> None:
        self.home = home
        self.clock = Clock(began)
        self.done: list[tuple[datetime, str]] = []
        self._warm = warm or AtHand()
        self._open_with = open_with
        self._open_platform = open_platform
        self._without = without if sends else without | {"send"}
        self._happens = happens
        self._tell_again: datetime | None = began
        self.ledger, self.service, self._tellers = self._start()

    def close(self) -> None:
        self._tellers.close()
        self.ledger.close()

    def restart(self) -> None:
        """The service ends and begins again: what it remembers is what the ledger has."""
        self.close()
        self._tell_again = self.clock.now
        self.ledger, self.service, self._tellers = self._start()

    def sleep_until(self, moment: datetime) -> None:
        """Nobody watches until then; the world goes on."""
        self._happens(moment)
        self.clock.now = moment

    def play_until(self, moment: datetime) -> None:
        """Time goes on, work is done when it is due."""
        while (step := self._next()) and step[0] <= moment:
            self._happens(step[0])
            self.clock.now = step[0]
            self._work(step[1])
        self._happens(moment)
        self.clock.now = moment

    def notices(self) -> list[Notice]:
        """All that were written, oldest first."""
        return self.ledger.list_notices(limit=1_000_000)[::-1]

    def told(self) -> list[tuple[str, str, str, str]]:
        """Who was told of what, and when: ("04 11:35", kind, codes, channel), oldest first."""
        return [
            (f"{one.created_at:%d %H:%M}", str(one.kind), " ".join(self.codes(one)), one.channel)
            for one in self.notices()
        ]

    def codes(self, notice: Notice) -> list[str]:
        """What kinds of findings a notice tells of."""
        found = (self.ledger.incident(number) for number in notice.incidents)
        return sorted({incident.key.code for incident in found if incident})

    def due_at(self, thing: Any) -> datetime | None:
        """As the service says; but telling and sending only when they have something to do, not every five seconds."""
        if thing.work == "tell":
            return self.service.asked_at("tell") or self._tell_again
        if thing.work == "send":
            return self.ledger.next_notice_at()
        return self.service.due_at(thing)

    def _next(self) -> tuple[datetime, str] | None:
        things: Mapping[str, Any] = self.service.things()
        left = (thing for thing in things.values() if str(thing.work) not in self._without)
        due, name = min((due, thing.name) for thing in left if (due := self.due_at(thing)))
        return max(due, self.clock.now), name

    def _work(self, name: str) -> None:
        if name in ("tell", "send"):
            self.service.ask(name, self.clock.now)
        if not self.service.work(name):
            raise AssertionError(f"{name} was due and could not be done: {self.ledger.read_loops().get(name)}")
        self.done.append((self.clock.now, name))
        if name == "tell":
            again = when_to_tell(self.ledger, self.service.config, now=self.clock.now)
            self._tell_again = max(again, self.clock.now + MINUTE / 12) if again else None

    def _start(self) -> tuple[Ledger, Service, Tellers]:
        config = load_config(self.home / "auditor.yaml")
        ledger = Ledger.open(config.ledger_url, clock=self.clock)
        configured = Configured(config, ledger, clock=self.clock)
        looking = Looking(ledger, WarmReaders(self._warm), self._open_with, self._open_platform)
        tellers = Tellers(ledger, looking, configured, self.clock, read_health=_nobody_asks)
        return ledger, Service(configured, ledger, looking, tellers, clock=self.clock, holder="played"), tellers


class Played(Playing):
    """One world below `home`, and the service that watches it. `more`: lines of configuration (alerts, service).

    `platform`: the keys of the sandbox that its flows are held against.
    """

    def __init__(
        self,
        world: World,
        home: Path,
        began: datetime,
        *,
        more: str = TWO_CHANNELS,
        platform: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> None:
        self.world = world
        self.exports = home / "exports"
        self.exports.mkdir(parents=True, exist_ok=True)
        (home / "auditor.yaml").write_text(render_config(world, platform=platform) + more, encoding="utf-8")
        self._coming = sorted(list_objects(world), key=lambda one: (one.modified, one.key), reverse=True)
        super().__init__(home, began, happens=self._lay, **settings)

    def _lay(self, until: datetime) -> None:
        while self._coming and self._coming[-1].modified <= until:
            write(self.exports, self._coming.pop())


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Callable[..., Played]]:
    """Begins to play a world; ends it with the test. Of the log only errors: writing it takes longer than looking."""
    begun: list[Played] = []
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))

    def begin(world: World, began: datetime, **settings: Any) -> Played:
        begun.append(Played(world, tmp_path / f"home-{len(begun)}", began, **settings))
        return begun[-1]

    yield begin
    structlog.configure(**before)
    for played in begun:
        played.close()


def write(root: Path, item: WorldObject) -> None:
    """Lay one object out with the time at which it was written."""
    path = root / item.key
    if item.key.endswith("/"):
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(item.data)
    os.utime(path, (item.modified.timestamp(), item.modified.timestamp()))


def _nobody_asks() -> Any:
    raise AssertionError("nobody asks")
