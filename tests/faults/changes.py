"""What befalls exports after they had come to rest, between one audit and the next. And what almost is that."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

from auditor.worlds import Run, World
from tests.service.changing import BARE, RUN, other, packed_anew
from tests.worlds.small import EVENTS, at, small_world

NOW = at(7, 22)  # past the deadline of the last run
SOUND, INCOMPLETE, DAMAGED = ("on_time", "sound"), ("on_time", "incomplete"), ("on_time", "damaged")
CHANGED, DELETED, MASS = ("export-changed", "error"), ("export-deleted", "error"), ("mass-loss", "critical")
STALE = ("protection-stale", "critical")


class Store(Protocol):
    """What somebody with keys to a destination can do there."""

    def keys(self, prefix: str) -> list[str]: ...

    def read(self, key: str) -> bytes: ...

    def write(self, key: str, data: bytes, modified: datetime) -> None: ...

    def delete(self, key: str) -> None: ...


Act: TypeAlias = Callable[[Store, World], None]


@dataclass(frozen=True)
class Later:
    """One thing that somebody does. `finds`: all that two audits afterwards must find, as (code, severity,
    run); in place of a run a dataset, or "" for the destination."""

    name: str
    act: Act
    finds: tuple[tuple[str, str, Run | str], ...] = ()
    verdict: tuple[str, str] = SOUND  # of RUN
    nearly: str = ""  # the code that it almost is

    @property
    def codes(self) -> set[str]:
        return {code for code, _, _ in self.finds}


def place() -> World:
    return small_world(BARE, now=NOW)


def files(store: Store, world: World, run: Run = RUN) -> list[str]:
    return store.keys(world.delivery(run).prefix)


def delete_one(store: Store, world: World) -> None:
    store.delete(files(store, world)[0])


def delete_all(store: Store, world: World) -> None:
    for key in files(store, world):
        store.delete(key)


def edit(change: Callable[[bytes], bytes], store: Store, world: World) -> None:
    key = files(store, world)[0]
    store.write(key, change(store.read(key)), NOW + timedelta(minutes=1))


def edited(change: Callable[[bytes], bytes]) -> Act:
    return lambda store, world: edit(change, store, world)


def keep_the_time(store: Store, world: World) -> None:
    key = files(store, world)[0]
    written = next(p.modified for p in world.delivery(RUN).parts if key.endswith(p.name))
    store.write(key, other(store.read(key)), written)


def encrypt(data: bytes) -> bytes:
    return bytes(byte ^ 0x5A for byte in data)


def delete_dataset(store: Store, world: World) -> None:
    for key in store.keys(""):
        if EVENTS.id in key:
            store.delete(key)


def put_back(act: Act) -> Act:
    """Somebody did it, and put back what was there."""

    def twice(store: Store, world: World) -> None:
        before = {key: store.read(key) for key in store.keys("")}
        act(store, world)
        for key, data in before.items():
            store.write(key, data, NOW + timedelta(minutes=2))

    return twice


def add_beside(store: Store, world: World) -> None:
    store.write(world.delivery(RUN).prefix + "_SUCCESS", b"", NOW)


def delete_in_four(store: Store, world: World) -> None:
    """One file of each of four exports: far more than one per cent of this small place, and too few to be a mass."""
    for run in FEW:
        store.delete(files(store, world, run)[0])


RUNS = [run for run in place().runs() if run.dataset == EVENTS.id]
FEW = [run for run in RUNS if run != RUN][1:5]
KINDS = (
    Later("a file deleted", delete_one, ((*DELETED, RUN),), INCOMPLETE),
    Later("an export deleted", delete_all, ((*DELETED, RUN),), INCOMPLETE),
    Later("other records in a file", edited(other), ((*CHANGED, RUN),)),
    Later("other records in a file, its time kept", keep_the_time, ((*CHANGED, RUN),)),
    Later("a file encrypted", edited(encrypt), ((*CHANGED, RUN), ("file-wrong-format", "error", RUN)), DAMAGED),
    Later("a file cut", edited(lambda d: d[:-9]), ((*CHANGED, RUN), ("file-truncated", "error", RUN)), DAMAGED),
    Later(
        "a dataset deleted",
        delete_dataset,
        ((*MASS, ""), *((*DELETED, run) for run in RUNS), (*STALE, EVENTS.id)),
        INCOMPLETE,
    ),
)
HARMLESS = (
    Later("the same records packed anew", edited(packed_anew), nearly="export-changed"),
    Later("a file unpacked and packed", edited(lambda d: gzip.compress(gzip.decompress(d), mtime=1))),
    Later("an export deleted and put back", put_back(delete_all), nearly="export-deleted"),
    Later("a mark added", add_beside),
    Later("a destination copied onto itself", put_back(lambda store, world: None)),
    Later(
        "a file less in each of four exports",
        delete_in_four,
        tuple((*DELETED, run) for run in FEW),
        nearly="mass-loss",
    ),
)
CODES = {"export-changed", "export-deleted", "mass-loss"}
NEARLY = frozenset(kind.nearly for kind in HARMLESS if kind.nearly)
