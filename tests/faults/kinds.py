"""What a kind of fault is: a small function on a world, and what an audit must say of it, in literals."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from auditor.worlds import NotHere, Run, World
from auditor.worlds.model import Expected

Befall: TypeAlias = Callable[[World, Run], World]


@dataclass(frozen=True)
class Kind:
    """One kind of fault.

    `causes`: every (code, severity) it may cause, wherever it happens; what exactly, with subject, due time and
    key, the function itself adds to the world. `verdict`: (arrival, content) of the run it befalls; None where
    the function says it, or where there is no such run.
    """

    name: str
    befall: Befall
    causes: tuple[tuple[str, str], ...]
    verdict: tuple[str, str] | None = ("on_time", "sound")

    def __call__(self, world: World, run: Run) -> World:
        """The world with this fault at `run`. Raises NotHere where it cannot happen."""
        spoilt = self.befall(world, run)
        told = {(e.code, e.severity) for e in spoilt.expectations[len(world.expectations) :]}
        if not told <= set(self.causes):
            raise AssertionError(f"{self.name} caused {told - set(self.causes)}, which it does not name")
        return spoilt if self.verdict is None else spoilt.judged(run, *self.verdict)


def expecting_once(world: World, expected: Expected) -> World:
    """`expected` of a thing that is told once, however many show it (a stray, a malformed folder, …)."""
    known = {(e.code, e.flow, e.dataset, e.due) for e in world.expectations}
    if (expected.code, expected.flow, expected.dataset, expected.due) in known:
        return world
    return world.expecting(expected)


def needs(condition: object, why: str) -> None:
    """Raises NotHere unless `condition` holds."""
    if not condition:
        raise NotHere(why)


def at(world: World, run: Run, **changes: object) -> World:
    """`world` with fields of the flow of `run` changed."""
    flow = world.flow(run.flow)
    return replace(world, flows=tuple(replace(f, **changes) if f is flow else f for f in world.flows))
