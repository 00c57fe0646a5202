"""What happens in a simulated year: exports, and the faults that befall them. What must be told follows from it."""

import gzip
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Rhythm:
    """One flow, and the windows that its exports have by default."""

    name: str
    destination: str
    datasets: tuple[str, ...]
    every: timedelta
    start: datetime

    @property
    def grace(self) -> timedelta:
        return 2.5 * HOUR if self.every < DAY else 4 * HOUR

    @property
    def deadline(self) -> timedelta:
        return 6 * HOUR if self.every < DAY else 12 * HOUR

    @property
    def max_age(self) -> timedelta:
        return 12 * HOUR if self.every < DAY else 36 * HOUR


@dataclass(frozen=True)
class Export:
    """One due run of one dataset, and what becomes of it."""

    flow: Rhythm
    dataset: str
    due: datetime
    arrives: datetime | None  # None: never
    fault: str = ""  # missing, late, very late, damaged, deleted
    deleted: datetime | None = None

    @property
    def key(self) -> str:
        step = int(self.due.timestamp()) // 3600
        name = f"part-00000-tid-{step}-{int(self.dataset, 16):08x}-0000-4000-8000-{step:012x}-0-1-c000.json.gz"
        return f"backups/{self.dataset}/exportTime={self.due:%Y%m%d%H%M}/{name}"

    @property
    def data(self) -> bytes:
        record = {"_id": f"{self.dataset}-{self.due:%Y%m%d%H}", "value": self.due.day}
        whole = gzip.compress((json.dumps(record) + "\n").encode() * 3, 1, mtime=0)
        return whole[:-9] if self.fault == "damaged" else whole


@dataclass(frozen=True)
class Stretch:
    """A time in which a destination does not answer, or nobody watches."""

    began: datetime
    ended: datetime
    destination: str = ""  # "": the service itself is off


@dataclass
class Year:
    """The plan. `restarts`: moments at which the service ends and begins anew at once."""

    began: datetime
    ended: datetime
    flows: list[Rhythm]
    exports: list[Export] = field(default_factory=list)
    outages: list[Stretch] = field(default_factory=list)
    stops: list[Stretch] = field(default_factory=list)
    restarts: list[datetime] = field(default_factory=list)

    def blind(self, destination: str) -> list[Stretch]:
        """When nothing could be seen there."""
        return sorted(
            [one for one in self.outages if one.destination == destination] + self.stops, key=lambda one: one.began
        )


def plan_year(*, seed: int, began: datetime, days: int, rate: float, per_flow: int = 20) -> Year:
    """`rate`: the share of exports that a fault befalls. `per_flow`: how many datasets each of the ten flows has."""
    chance = random.Random(seed)
    year = Year(began, began + days * DAY, list(_flows(began, per_flow)))
    for destination in sorted({flow.destination for flow in year.flows}):
        year.outages += _stretches(chance, year, [0.5, 2.5, 13, 30], every=20 * DAY, destination=destination)
    year.stops = list(_stretches(chance, year, [0.1, 3, 9, 72], every=45 * DAY))
    year.restarts = sorted(began + chance.random() * days * DAY for _ in range(days // 3))
    for flow in year.flows:
        for number, dataset in enumerate(flow.datasets):
            year.exports += _exports(chance, year, flow, dataset, timedelta(seconds=10 * number), rate)
    return year


def _flows(began: datetime, per_flow: int) -> Iterator[Rhythm]:
    for number in range(10):
        every = 3 * HOUR if number == 0 else DAY
        ids = tuple(f"{0xA00 + 100 * number + one:024x}" for one in range(per_flow))
        start = began + (timedelta() if number == 0 else (number % 3) * HOUR)
        yield Rhythm(f"flow-{number}", f"lake-{number % 5}", ids, every, start)


def _stretches(
    chance: random.Random, year: Year, hours: list[float], *, every: timedelta, destination: str = ""
) -> Iterator[Stretch]:
    at = year.began + 4 * DAY + chance.random() * every
    while at + 5 * DAY < year.ended:
        yield Stretch(at, at + chance.choice(hours) * HOUR, destination)
        at += every * (0.6 + 0.8 * chance.random())


def _exports(
    chance: random.Random, year: Year, flow: Rhythm, dataset: str, after: timedelta, rate: float
) -> Iterator[Export]:
    due = flow.start
    row = 0  # how many in a row will not come, from here on
    while due < year.ended:
        fault = ""
        if due > year.began + 3 * DAY:
            if row:
                fault, row = "missing", row - 1
            elif chance.random() < rate:
                fault = chance.choice(["missing", "missing", "late", "very late", "damaged", "damaged", "deleted"])
                row = chance.choice([0, 0, 1, 3]) if fault == "missing" else 0
        yield _export(chance, flow, dataset, due, after, fault)
        due += flow.every


def _export(chance: random.Random, flow: Rhythm, dataset: str, due: datetime, after: timedelta, fault: str) -> Export:
    usual = due + timedelta(minutes=chance.randint(4, 60)) + after
    late = due + flow.grace + chance.uniform(0.1, 0.9) * (flow.deadline - flow.grace)
    arrives = {"missing": None, "late": late, "very late": due + flow.deadline + chance.uniform(0.2, 5) * HOUR}
    at = arrives.get(fault, usual)
    deleted = usual + chance.uniform(3, 12) * DAY if fault == "deleted" else None
    return Export(flow, dataset, due, at, fault, deleted)


def stale_times(year: Year, slack: timedelta) -> dict[str, list[tuple[datetime, datetime]]]:
    """By dataset: when its newest sound export was older than allowed, by what came. Ends later by `slack`."""
    found: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    chains: dict[str, list[Export]] = defaultdict(list)
    for export in year.exports:
        chains[export.dataset].append(export)
    for dataset, chain in chains.items():
        good = sorted((e.arrives, e.due) for e in chain if e.arrives and e.fault != "damaged")
        newest = good[0][1]
        for arrives, due in [*good[1:], (year.ended, year.ended)]:
            if arrives + slack > newest + chain[0].flow.max_age:
                found[dataset].append((newest + chain[0].flow.max_age, arrives + slack))
            newest = max(newest, due)
    return found
