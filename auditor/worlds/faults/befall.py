"""How a fault takes hold of a world: where it may happen, and what it leaves behind."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from auditor.worlds.model import Delivery, Edit, Expected, NotHere, Part, Run, World
from auditor.worlds.schedule import EARLY, patience

RESTED = timedelta(hours=1)  # longer than any default `settle`


def find_intact(world: World, run: Run) -> Delivery:
    """The delivery of `run`, if no other fault befell it and nothing about it is still open at `now`.

    One fault per export: two in one would make each one's findings depend on the other. Raises NotHere.
    """
    delivery = world.delivery(run)
    if delivery.faults:
        raise NotHere(f"{run.flow} {run.due}: {delivery.faults[0]} befell it already")
    if delivery.complete_at + RESTED > world.now:
        raise NotHere(f"{run.flow} {run.due}: still arriving at {world.now}")
    return delivery


def befall(world: World, old: Delivery, new: Delivery, fault: str, *expected: Expected, sound: bool = True) -> World:
    """The world in which `fault` turned `old` into `new`."""
    marked = replace(new, faults=(*old.faults, fault), sound=sound and old.sound)
    return world.with_delivery(old, marked).expecting(*expected)


def subject(delivery: Delivery, code: str, severity: str, note: str, *, key: str | None = None) -> Expected:
    """A finding about the run that `delivery` stands for."""
    return Expected(code, severity, delivery.flow, delivery.dataset, delivery.due, key, note)


def pick(delivery: Delivery, part: int) -> Part:
    """The part with index `part` (negative: from the end). Raises NotHere."""
    try:
        return delivery.parts[part]
    except IndexError:
        raise NotHere(f"{delivery.prefix} has only {len(delivery.parts)} files") from None


def swap(parts: Sequence[Part], old: Part, new: Part) -> tuple[Part, ...]:
    return tuple(new if part is old else part for part in parts)


def spoil(delivery: Delivery, part: Part, edit: Edit) -> Delivery:
    """`delivery` with the bytes of `part` changed after the manifest was written."""
    return replace(delivery, parts=swap(delivery.parts, part, replace(part, edits=(*part.edits, edit))))


def rewrite(delivery: Delivery, old: Part, *new: Part) -> Delivery:
    """`delivery` as if the writer itself had written `new` in place of `old`: the manifest agrees."""
    manifests = tuple(replace(m, listed=_exchange(m.listed, old, new)) for m in delivery.manifests)
    return replace(delivery, parts=_exchange(delivery.parts, old, new), manifests=manifests)


def _exchange(parts: Sequence[Part], old: Part, new: Sequence[Part]) -> tuple[Part, ...]:
    return tuple(p for part in parts for p in (new if part is old else (part,)))


def needs_manifest(delivery: Delivery) -> None:
    """Raises NotHere if `delivery` has no manifest that could contradict it."""
    if not delivery.manifests:
        raise NotHere(f"{delivery.prefix} has no manifest")


def needs_no_hole(world: World, flow: str, dataset: str, export_time: datetime) -> None:
    """Raises NotHere if a folder of that time would fill the place of a run that never came."""
    for run in world.dropped:
        wait = patience(world.flow(run.flow), run.due)
        if run[:2] == (flow, dataset) and run.due - EARLY <= export_time <= run.due + wait.deadline:
            raise NotHere(f"{export_time} would stand for the run due {run.due}, which never came")


def count_apart(world: World, run: Run, note: str) -> Iterator[Expected]:
    """What an audit says of a true run record beside an export that holds more or fewer files than it wrote.

    Records are counted for each dataset, files for the whole run: of a flow with one dataset they are those of it.
    """
    flow = world.flow(run.flow)
    if len(flow.datasets) == 1 or flow.entities is not None:
        yield Expected("record-count-mismatch", "warning", *run, note=f"{note} records")
    if len(flow.datasets) == 1:
        yield Expected("file-count-mismatch", "warning", *run, note=f"{note} files")
