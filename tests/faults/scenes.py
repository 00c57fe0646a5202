"""Small worlds of every shape that a kind of fault may need."""

from dataclasses import replace
from datetime import timedelta

from auditor.worlds import NotHere, Run, World, WorldFlow
from tests.faults.kinds import Kind
from tests.worlds.small import CLICKS, DAILY, EVENTS, WEB, at, small_world

JSON = replace(WEB, name="json", datasets=(EVENTS, CLICKS), every=timedelta(hours=12), rows=(2, 4), parts=(2, 3))
PARQUET = replace(DAILY, name="parquet", rows=(2, 4))
SCENES: tuple[tuple[str, WorldFlow], ...] = (
    ("JSON with manifests", JSON),
    ("JSON without manifests", replace(JSON, manifest=False)),
    ("packed Parquet", PARQUET),
    ("plain Parquet with manifests", replace(PARQUET, compression="none", manifest=True)),
    ("every three hours", replace(WEB, datasets=(EVENTS,), rows=(2, 3), backfill=(2, 3), start=at(3))),
)


def first_scene(kind: Kind, *, skip: int = 0) -> tuple[World, World, Run]:
    """(before, after, run) for the first scene and run where `kind` can happen; AssertionError if there is none.

    `skip`: leave out so many scenes where it can happen too.
    """
    for world in (small_world(flow) for _, flow in SCENES):
        for run in _by_promise(list(world.runs())):
            try:
                spoilt = kind(world, run)
            except NotHere:
                continue
            if not skip:
                return world, spoilt, run
            skip -= 1
            break
    raise AssertionError(f"{kind.name} can happen in no scene")


def _by_promise(runs: list[Run]) -> list[Run]:
    """The middle first: there a fault has neighbours on both sides."""
    middle = len(runs) // 2
    return [*runs[middle:], *reversed(runs[:middle])]
