"""Six destinations of different types for the soak: each on a real server, with a proxy before it that misbehaves."""

import itertools
import json
import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from auditor.worlds import Delivery, Run, World, WorldDataset, WorldFlow, WorldObject, build_world, faults, list_objects
from tests.conformance.places import PLACES, Place, type_of
from tests.servers.fake_s3 import Answer, Request
from tests.servers.fault_proxy import FaultProxy, Tampered, fault_proxy
from tests.servers.tcp_proxy import TcpProxy, tcp_proxy

SIX = ("local", "s3", "azure-blob", "gcs by JSON", "sftp", "data-landing-zone by SAS URI")
FOLDER = "backups"
HOURS, MINUTE = timedelta(hours=1), timedelta(minutes=1)
HISTORY = 24 * HOURS
DEADLINE = 6 * HOURS  # of exports every three hours: then they are missing


@dataclass
class Trouble:
    """What the proxies do. `share`: of requests that go wrong. `out`: until when a destination is not there at all."""

    share: float = 0.0
    out: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def befall(self, name: str, place: Place, request: Request) -> Answer | Tampered | None:
        """Before each request."""
        if self.is_out(name):
            return self._count("dropped in an outage", Tampered(drop=True))
        if random.random() >= self.share:
            return None
        kind = random.choice(("throttled", "failing", "drop", "cut", "short", "slow"))
        if kind in ("throttled", "failing"):
            known = place.answer("throttled" if kind == "throttled" else "failing")
            if known is not None:
                return self._count(kind, Answer(known.status, known.body, {**known.headers, "Retry-After": "1"}))
        told = {"cut": Tampered(cut_at=40), "short": Tampered(short_by=3), "slow": Tampered(drip_s=0.0005)}
        return self._count(kind, told.get(kind, Tampered(drop=True)))

    def is_out(self, name: str) -> bool:
        """Whether nothing comes through to this destination now."""
        return self.out.get(name, 0.0) > time.monotonic()

    def _count(self, kind: str, fault: Answer | Tampered) -> Answer | Tampered:
        with self.lock:
            self.counts[kind] = self.counts.get(kind, 0) + 1
        return fault


@dataclass
class Soaked:
    """One destination: its world, and how it is reached with and without trouble."""

    name: str
    place: Place
    world: World
    direct: Mapping[str, Any]
    troubled: Mapping[str, Any]
    relay: FaultProxy | TcpProxy | None
    waiting: list[WorldObject] = field(default_factory=list)

    def lay(self, until: datetime) -> int:
        """Put what was written up to `until`; how many objects."""
        ready = [one for one in self.waiting if one.modified <= until]
        if not ready:
            return 0
        self.waiting = [one for one in self.waiting if one.modified > until]
        whole = {one.key: one.data for one in ready if not one.key.endswith("/")}
        for key in (one.key for one in ready if one.key.endswith("/")):
            self.place.put_marker(key)
        self.place.put_many(whole)
        return len(ready)


@contextmanager
def six_places(home: Path, trouble: Trouble, now: datetime, last: datetime) -> Iterator[list[Soaked]]:
    """All servers, the worlds until `last` not laid out yet."""
    with ExitStack() as stack:
        made = []
        for number, kind in enumerate(SIX):
            name = f"{type_of(kind)}-{number}"
            place = stack.enter_context(PLACES[kind](_folder(home, name)))
            world = make_world(name, number, now, last)
            relay, troubled = _relay(stack, name, place, trouble)
            soaked = Soaked(name, place, world, _section(place.type, place.options), troubled, relay)
            soaked.waiting = sorted(list_objects(world), key=lambda one: one.modified)
            made.append(soaked)
        yield made


def make_world(name: str, number: int, now: datetime, last: datetime) -> World:
    """A day of exports every three hours, with faults in them; some are due, arrive or go missing meanwhile.

    Nothing of this happens in the first third of the time, so that both services have seen the beginning.
    """
    minute, span = now.replace(second=0, microsecond=0), last - now
    # What `live` exports comes meanwhile, and that of `gone` goes missing meanwhile; both not at once.
    live = next(
        flow
        for m, attempt in itertools.product(range(4, -20, -1), range(9))
        for flow in (_flow(name, "live", number, minute + m * MINUTE - HISTORY, attempt),)
        if all(now + span * 0.35 < one.complete_at < now + span * 0.85 for one in _newest(flow, name, last))
    )
    gone = _flow(name, "gone", number, minute - DEADLINE + span * (0.4 + 0.06 * number) // MINUTE * MINUTE - HISTORY)
    old = _flow(name, "old", number, minute - timedelta(minutes=100 + number) - HISTORY)
    world = _build(name, (live, gone, old), last)
    in_time = (one for one in world.deliveries if one.flow == live.name or (one.due and one.due < now))
    world = replace(world, deliveries=tuple(in_time))  # the rest of what is due comes when this is over
    befall = random.Random(name)
    for flow, back, what in (
        (live, 1, faults.drop_run),  # over when the next one comes
        (gone, 0, faults.drop_run),
        (gone, -1, faults.drop_run),
        (old, 0, befall.choice((faults.truncate_file, faults.flip_byte, faults.empty_file))),
        (old, 5, befall.choice((faults.truncate_file, faults.bad_record))),
        (gone, 4, faults.flip_byte),
    ):
        due = flow.start + HISTORY - 3 * back * HOURS
        world = what(world, Run(flow.name, flow.datasets[0 if flow is gone else back % 2].id, due))
    return faults.unknown_dataset(world, old.name, WorldDataset(_id(number, 9), "Nobody knows"), now - 20 * HOURS)


def _newest(flow: WorldFlow, name: str, last: datetime) -> list[Delivery]:
    world = _build(name, (flow,), last)
    return [one for one in world.deliveries if one.due == max(due.due for due in world.deliveries if due.due)]


def _build(name: str, flows: tuple[WorldFlow, ...], last: datetime) -> World:
    return build_world(flows, seed=f"soak {name}", now=last, destination=name, folder=FOLDER)


def _flow(name: str, kind: str, number: int, start: datetime, attempt: int = 0) -> WorldFlow:
    letter = {"live": 1, "gone": 3, "old": 5}[kind]
    datasets = tuple(WorldDataset(_id(number, letter + n), f"{kind} {n} of {name}") for n in (0, 1))
    identity = f"{letter}b0c2f9e-37a1-4c5e-8a43-0c1d2e3f4{attempt}{number:02d}"
    parts = (1, 1) if kind == "live" else (1, 2)  # of several, one look might see a part
    return WorldFlow(f"{kind}-{name}", identity, datasets, start, parts=parts, rows=(3, 6), backfill=(2, 5))


def _id(number: int, letter: int) -> str:
    return f"5ef3e3240525811{number:02d}1aa6a{letter:02d}"


def _folder(home: Path, name: str) -> Path:
    made = home / name
    made.mkdir()
    return made


def _relay(
    stack: ExitStack, name: str, place: Place, trouble: Trouble
) -> tuple[FaultProxy | TcpProxy | None, Mapping[str, Any]]:
    if place.address is None:
        return None, _section(place.type, place.options)
    if place.address.startswith("tcp://"):
        relay = stack.enter_context(tcp_proxy(place.address))
        return relay, _section(place.type, place.options_through(relay.address) or {})
    proxy = stack.enter_context(fault_proxy(place.address, lambda request: trouble.befall(name, place, request)))
    return proxy, _section(place.type, place.options_through(proxy.address) or {})


def _section(kind: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """As somebody would write it: the folder belongs to the path that Experience Platform was given."""
    told = dict(options)
    root = told.pop("root", None) if kind == "sftp" else None
    folder = f"{str(root).rstrip('/')}/{FOLDER}" if root else FOLDER
    if "endpoint_url" in told and "sas_uri" in told:  # the address stands in the URI
        uri, _, query = str(told["sas_uri"]).partition("?")
        container = uri.rpartition("/")[2]
        told = {"sas_uri": f"{told['endpoint_url']}/{container}?{query}"}
    return {"type": kind, **told, "folder": folder, "arrival": "export_time", "timeout": "5s"}


def render_destination(name: str, section: Mapping[str, Any]) -> str:
    """YAML: values as JSON, which YAML is."""
    return f"  {name}:\n" + "".join(f"    {key}: {json.dumps(value)}\n" for key, value in section.items())


def now_utc() -> datetime:
    return datetime.now(UTC)
