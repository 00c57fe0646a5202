"""What befalls a flow or a destination as a whole."""

from dataclasses import replace
from datetime import timedelta

from auditor.worlds import Run, World, faults
from auditor.worlds.faults.befall import befall, find_intact, spoil, subject
from auditor.worlds.faults.edits import cut
from auditor.worlds.model import Expected, Loose
from auditor.worlds.schedule import EARLY, list_due_times, max_age, patience
from tests.faults.kinds import Kind, needs

MISSING = ("export-missing", "error")
LATE = ("export-late", "warning")
STALE = ("protection-stale", "critical")
TRUNCATED = ("file-truncated", "error")
SIZE = ("manifest-size-mismatch", "error")


def stop(world: World, run: Run) -> World:
    """Nothing came of this dataset from `run` on: each run is missing, and in the end protection is stale."""
    for one in [one for one in world.runs() if one[:2] == run[:2] and one.due >= run.due]:
        wait = patience(world.flow(one.flow), one.due)
        needs(not world.delivery(one).faults, "something befell it already")
        if world.now > one.due + wait.grace:
            over = world.now > one.due + wait.deadline
            world = faults.drop_run(world, one).judged(one, "missing" if over else "late", "unchecked")
        else:
            world = faults.stop_runs(world, *run[:2], one.due)
            break
    return world


def damage_from(world: World, run: Run) -> World:
    """Every export from `run` on is damaged: they keep arriving, and none could be restored."""
    flow = world.flow(run.flow)
    runs = [one for one in world.runs() if one[:2] == run[:2] and one.due >= run.due]
    needs(flow.compression == "gzip" or flow.format == "parquet", "plain text shows no cut")
    for one in runs:
        delivery = find_intact(world, one)
        part = delivery.parts[0]
        key = delivery.prefix + part.name
        expected = [subject(delivery, *TRUNCATED, "cut", key=key)]
        expected += [subject(delivery, *SIZE, "cut", key=key)] if delivery.manifests else []
        spoilt = spoil(delivery, part, _cut)
        world = befall(world, delivery, spoilt, "damage", *expected, sound=False).judged(one, "on_time", "damaged")
    return world


def _cut(data: bytes) -> bytes:
    return cut(data, keep=0.4)


def end(world: World, run: Run) -> World:
    """The flow ended after `run`, and nobody renewed it."""
    flow = world.flow(run.flow)
    needs(not flow.edits, "edited before")
    needs(all((e.flow, e.code) != (run.flow, "flow-ended") for e in world.expectations), "ended before")
    return faults.end_flow(world, run.flow, run.due)


def lose_old(world: World, run: Run) -> World:
    """The destination removes exports after a while and nobody configured that: all older runs are missing."""
    for one in [one for one in world.runs() if one[:2] == run[:2] and one.due < run.due]:
        needs(world.now > one.due + patience(world.flow(one.flow), one.due).deadline, "its deadline is not over")
        world = faults.drop_run(world, one).judged(one, "missing", "unchecked")
    return world


def keep_a_week(world: World, run: Run) -> World:
    """The destination keeps exports as long as configured: what is gone was never seen, and is unknown."""
    needs(world.retain is None and not world.dropped, "something is gone already")
    keep = world.now - run.due
    limit = max((max_age(flow, world.now) or timedelta() for flow in world.flows), default=timedelta())
    needs(keep > limit + timedelta(days=1) and keep.days > 2, "too short to keep anything")
    keep = timedelta(days=keep.days)
    for one in list(world.runs()):
        delivery = world.delivery(one)
        if one.due + keep < world.now:
            needs(not delivery.faults, "something befell it already")
            wait = patience(world.flow(one.flow), one.due)
            for extra in (d for d in world.deliveries if (d.flow, d.dataset, d.due) == (one.flow, one.dataset, None)):
                in_window = one.due - EARLY <= extra.export_time <= one.due + wait.deadline
                needs(not in_window, "another folder would stand for it")
            world = replace(
                world.with_delivery(delivery, None), untold=(*world.untold, one), dropped=(*world.dropped, one)
            )
            world = world.judged(one, "unknown", "unchecked")
    needs(not any(d.due is None and d.export_time + keep < world.now for d in world.deliveries), "an old extra folder")
    return replace(world, retain=keep)


def empty_destination(world: World, run: Run) -> World:
    """Exports go to another folder path than configured: nothing lies below it, and its nearest name is told."""
    needs(world.folder and not world.expectations and not world.loose, "not empty")
    expected = [Expected("destination-empty", "error", key=world.folder, note="another folder path")]
    found = world
    for flow in world.flows:
        for dataset in flow.datasets:
            for due in list_due_times(flow, world.now):
                wait, one = patience(flow, due), Run(flow.name, dataset.id, due)
                if world.now > due + wait.deadline:
                    expected.append(Expected(*MISSING, *one))
                    found = found.judged(one, "missing", "unchecked")
                elif world.now > due + wait.grace:
                    expected.append(Expected(*LATE, *one))
                    found = found.judged(one, "late", "unchecked")
    left = Loose(f"{world.folder}-old/readme.txt", b"moved\n", run.due)
    return replace(found, deliveries=(), loose=(left,)).expecting(*expected)


KINDS = (
    Kind("a dataset that stopped", stop, (MISSING, LATE), None),
    Kind("every newer export damaged", damage_from, (TRUNCATED, SIZE), None),
    Kind("a flow that ended", end, (("flow-ended", "error"),), None),
    Kind("exports removed too soon", lose_old, (MISSING,), None),
    Kind("exports removed as configured", keep_a_week, (), None),
    Kind("another folder path", empty_destination, (("destination-empty", "error"), MISSING, LATE), None),
)
