"""The service itself: does what is due, one thing at a time each, and remembers in the ledger what it did.

What is due is decided by the ledger and the clock that is passed in, whoever calls `work` and how often: after a pause
of any length everything that was due is done once, and judged by its own due times.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from adapters.base import inert
from auditor.incidents.natures import ACCESS
from auditor.ledger import Ledger, LedgerError
from auditor.ledger.working import Loop
from auditor.service.serve.configured import Configured
from auditor.service.serve.looking import Looked, Looking
from auditor.service.serve.stopping import Stop, StoppedError, StoppingProgress
from auditor.service.serve.things import Thing, Work, list_things
from auditor.settings import Config


class CarriesOut(Protocol):
    """Does what comes after looking: telling, sending, reports, upkeep."""

    def carry_out(self, work: Work, config: Config, *, now: datetime) -> None:
        """Do `work` at `now`. What it raises is noted as the trouble of that work."""


LEASE = timedelta(seconds=60)  # prolonged while work goes on; another instance takes over when it ends
READ_AGAIN = timedelta(hours=1)  # until files that could not be checked are tried again
OF_PLACES = frozenset({Work.PLACE, Work.CONTENT, Work.RELIST})
FAILED_AGAIN = timedelta(hours=1)  # until work that failed is tried again, if it is due no sooner

log = structlog.get_logger("auditor.service")


@dataclass
class Asked:
    """Work that something has asked for, by the name of the thing."""

    at: dict[str, datetime] = field(default_factory=dict)
    since: dict[str, datetime] = field(default_factory=dict)  # the same, until it was done and ended well
    whole: set[str] = field(default_factory=set)  # destinations of which old exports wait for reading too


class Service:
    """Thread-safe: one thread per thing may call `work` at the same time."""

    def __init__(
        self,
        configured: Configured,
        ledger: Ledger,
        looking: Looking,
        tellers: CarriesOut,
        *,
        clock: Callable[[], datetime],
        holder: str,
        stop: Stop | None = None,
        lease: timedelta = LEASE,
    ) -> None:
        """`holder`: this instance, among all that work on the same ledger."""
        self.configured = configured
        self.ledger = ledger
        self.stop = stop or Stop()
        self.lease = lease
        self.ledger_trouble = ""  # what the ledger said when work could last not be begun or kept
        self._looking = looking
        self._tellers = tellers
        self._clock = clock
        self._holder = holder
        self._lock = threading.RLock()
        self._done = threading.Condition(self._lock)
        self._asked = Asked()
        self._held: set[str] = set()
        self.started_at = clock()
        self.beats: dict[str, datetime] = {}  # when work under way last moved on, by thing
        for name in configured.config.destinations:  # what an earlier process had not come to read
            self._asked.whole.add(name)
            self.ask(f"{Work.CONTENT}:{name}", self.started_at)

    @property
    def config(self) -> Config:
        return self.configured.config

    def things(self) -> dict[str, Thing]:
        """All work there is now, by name."""
        return {thing.name: thing for thing in list_things(self.config)}

    def is_due(self, thing: Thing, now: datetime) -> bool:
        """Whether it should be begun at `now`. Raises LedgerError."""
        due = self.due_at(thing)
        return due is not None and due <= now

    def due_at(self, thing: Thing) -> datetime | None:
        """When it is due; None: when something asks for it. Raises LedgerError."""
        asked = self._asked.at.get(thing.name)
        loops = self.ledger.read_loops()
        loop = loops.get(thing.name)
        if thing.work in OF_PLACES and not self._knows_flows(loops.get(str(Work.BEYOND))):
            return None
        if thing.work in (Work.RELIST, Work.CONTENT) and not _was_listed(loops, thing.destination):
            return None  # the first look at the place lists everything, and says what there is to read
        if loop is not None and loop.was_cut_off:  # whoever is still at it holds the lease
            return min(loop.began_at, self._clock())
        if thing.every is None:
            return asked
        every = thing.every if loop is None or not loop.trouble else min(thing.every, FAILED_AGAIN)
        regular = self.started_at if loop is None else loop.began_at + every
        if loop is not None and loop.began_at > (now := self._clock()):  # the clock was set back
            regular = now
        return min(asked or regular, regular)

    def _knows_flows(self, beyond: Loop | None) -> bool:
        """Whether the flows that are followed were asked for once, with an answer or in vain.

        Before that their exports would be called those of unknown datasets.
        """
        if not any(facts.discover for facts in self.config.experience_platform.values()):
            return True
        return beyond is not None and (beyond.done_at is not None or beyond.failed_at is not None)

    def asked_at(self, name: str) -> datetime | None:
        """For when something has asked for this work; None: nothing has."""
        return self._asked.at.get(name)

    def wanted_since(self, name: str) -> datetime | None:
        """Since when something that asked for this work waits for its good end, however often it was tried."""
        return self._asked.since.get(name)

    def work(self, name: str) -> bool:
        """Do the thing of this name, if it is due and nobody else is at it. Whether it was done. Never raises."""
        try:
            done = self._work(name)
        except LedgerError as error:
            self._note_trouble(error, name)
            return False
        self.ledger_trouble = "" if done else self.ledger_trouble
        return done

    def ask(self, name: str, at: datetime | None = None) -> None:
        """Have a thing done at `at` (default: now), if not earlier."""
        moment = at or self._clock()
        with self._lock:
            self._asked.at[name] = min(moment, self._asked.at.get(name, moment))
            self._asked.since[name] = min(moment, self._asked.since.get(name, moment))

    def keep_leases(self) -> None:
        """Prolong what work under way holds. To be called more often than every `lease`. Never raises."""
        now = self._clock()
        with self._lock:
            held = [*self._held]
        try:
            for name in held:
                self.ledger.take_lease(name, self._holder, now=now, span=self.lease)
        except LedgerError as error:
            self._note_trouble(error, "leases")

    def wait_for_work(self, seconds: float) -> bool:
        """Wait until nothing is under way, `seconds` at most. Whether it is so."""
        with self._done:
            return self._done.wait_for(lambda: not self._held, timeout=seconds)

    def _work(self, name: str) -> bool:
        thing = self.things().get(name)
        now = self._clock()
        if thing is None or self.stop.asked.is_set() or not self.is_due(thing, now):
            return False
        if not self.ledger.take_lease(name, self._holder, now=now, span=self.lease):
            return False
        try:
            with self._lock:
                self._held.add(name)
            if not self.is_due(thing, now):  # another instance was at it a moment ago
                return False
            return self._do(thing, now)
        finally:
            with self._done:
                self._held.discard(name)
                self.beats.pop(name, None)
                self._done.notify_all()
            self.ledger.give_back_lease(name, self._holder)

    def _do(self, thing: Thing, now: datetime) -> bool:
        with self._lock:
            self._asked.at.pop(thing.name, None)
        self.ledger.begin_loop(thing.name, now)
        try:
            with structlog.contextvars.bound_contextvars(thing=thing.name):
                self._carry_out(thing, now)
        except StoppedError:
            self.ask(thing.name, now)  # handed back: whoever comes next begins anew
            return False
        except Exception as error:
            told = inert(f"{type(error).__name__}: {error}")[:500]
            is_ours = not isinstance(error, LedgerError)  # what the database does not do is told by its sentence
            log.error("work failed", thing=thing.name, error=told, exc_info=is_ours)
            self.ledger.finish_loop(thing.name, self._clock(), trouble=told)
            return False
        self.ledger.finish_loop(thing.name, self._clock())
        with self._lock:
            self._asked.since.pop(thing.name, None)
            if again := self._asked.at.get(thing.name):  # asked for anew meanwhile
                self._asked.since[thing.name] = again
        return True

    def _carry_out(self, thing: Thing, now: datetime) -> None:
        works: Mapping[Work, Callable[[Thing, datetime], None]] = {
            Work.PLACE: self._look_at_place,
            Work.RELIST: self._list_again,
            Work.CONTENT: self._read_files,
            Work.BEYOND: self._look_beyond,
        }
        if thing.work in works:
            works[thing.work](thing, now)
        else:
            self._tellers.carry_out(thing.work, self.config, now=now)

    def _look_at_place(self, thing: Thing, now: datetime) -> None:
        relist = f"{Work.RELIST}:{thing.destination}"
        loop = self.ledger.read_loops().get(relist)
        if loop is None or loop.done_at is None:  # the very first look is a whole one
            self.ledger.begin_loop(relist, now)
            self._look(thing, now, whole=True)
            self.ledger.finish_loop(relist, self._clock())
            return
        self._look(thing, now, whole=False)

    def _list_again(self, thing: Thing, now: datetime) -> None:
        self._look(thing, now, whole=True)

    def _look(self, thing: Thing, now: datetime, *, whole: bool) -> None:
        progress = self._progress(thing)
        looked = self._looking.at_place(self.config, thing.destination, now=now, progress=progress, whole=whole)
        log.info("looked", destination=thing.destination, whole=whole, runs=len(looked.result.runs))
        self._follow_up(thing, looked, now, whole=whole)

    def _follow_up(self, thing: Thing, looked: Looked, now: datetime, *, whole: bool) -> None:
        content = f"{Work.CONTENT}:{thing.destination}"
        if looked.waits_for_reading or looked.could_not_be_read:
            with self._lock:
                if whole:
                    self._asked.whole.add(thing.destination)
            last = self.ledger.read_loops().get(content)
            wait = self.config.service.arrival_every if looked.waits_for_reading else READ_AGAIN
            self.ask(content, max(now, min(last.began_at, now) + wait) if last else now)  # a clock may be set back
        if looked.was_refused and self.configured.read_again():
            self.ask(thing.name, now)
        if self._was_missed(thing, looked):
            self.ask(f"{Work.RELIST}:{thing.destination}", now)
        if looked.changed:
            self.ask(str(Work.TELL), now)

    def _was_missed(self, thing: Thing, looked: Looked) -> bool:
        """Whether the destination can be seen again that could not be when its old exports were last to be listed."""
        loop = self.ledger.read_loops().get(f"{Work.RELIST}:{thing.destination}")
        if loop is None or loop.done_at is None:
            return False
        over = (one for one in looked.changed if one.key.code in ACCESS and one.closed_at is not None)
        return any(one.key.destination == thing.destination and one.opened_at <= loop.done_at for one in over)

    def _read_files(self, thing: Thing, now: datetime) -> None:
        with self._lock:  # what is asked for meanwhile is read by the next
            whole = thing.destination in self._asked.whole
            self._asked.whole.discard(thing.destination)
        progress = self._progress(thing)
        try:
            looked = self._looking.into_files(self.config, thing.destination, now=now, progress=progress, whole=whole)
        except BaseException:
            if whole:
                with self._lock:
                    self._asked.whole.add(thing.destination)
            raise
        if looked.changed:
            self.ask(str(Work.TELL), now)
        if looked.result.files_read:  # a look says what it showed
            self.ask(f"{Work.PLACE}:{thing.destination}", self._clock())

    def _look_beyond(self, thing: Thing, now: datetime) -> None:
        looked = self._looking.beyond(self.config, now=now, progress=self._progress(thing))
        if looked.was_refused and self.configured.read_again():
            self.ask(thing.name, now)
        if looked.changed:
            self.ask(str(Work.TELL), now)

    def _note_trouble(self, error: LedgerError, thing: str) -> None:
        self.ledger_trouble = str(error)
        log.error("the ledger does not answer", thing=thing, error=str(error))

    def _progress(self, thing: Thing) -> StoppingProgress:
        def beat() -> None:
            self.beats[thing.name] = self._clock()

        return StoppingProgress(self.stop, thing.name, beat)


def _was_listed(loops: Mapping[str, Loop], destination: str) -> bool:
    loop = loops.get(f"{Work.RELIST}:{destination}")
    return loop is not None and loop.done_at is not None
