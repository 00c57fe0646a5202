"""Faults of arrival: runs that never came, came late, early, twice or unasked."""

from dataclasses import replace
from datetime import datetime, timedelta

from auditor.worlds.faults.befall import RESTED, befall, find_intact, needs_no_hole, subject
from auditor.worlds.model import Delivery, Expected, NotHere, Part, Run, World
from auditor.worlds.plan import deliver, write_manifest
from auditor.worlds.schedule import EARLY, list_due_times, patience


def drop_run(world: World, run: Run) -> World:
    """Nothing came for `run`: export-missing after its deadline, export-late between its grace and that."""
    wait = patience(world.flow(run.flow), run.due)
    if world.now <= run.due + wait.grace:
        raise NotHere(f"{run.due} is still inside its grace at {world.now}")
    return _drop(world, run)


def stop_runs(world: World, flow: str, dataset: str, since: datetime) -> World:
    """Nothing came for any run due at `since` or later. Stale protection follows from that."""
    runs = [run for run in world.runs() if run[:2] == (flow, dataset) and run.due >= since]
    if not runs:
        raise NotHere(f"{flow} {dataset} has no run from {since} on")
    for run in runs:
        world = _drop(world, run)
    return world


def _drop(world: World, run: Run) -> World:
    delivery = world.delivery(run)
    if delivery.faults:
        raise NotHere(f"{run.flow} {run.due}: {delivery.faults[0]} befell it already")
    wait = patience(world.flow(run.flow), run.due)
    for other in world.deliveries:
        extra = (other.flow, other.dataset, other.due) == (run.flow, run.dataset, None)
        if extra and run.due - EARLY <= other.export_time <= run.due + wait.deadline:
            raise NotHere(f"the folder of {other.export_time} would stand for the run due {run.due}")
    world = replace(world.with_delivery(delivery, None), dropped=(*world.dropped, run))
    if world.now > run.due + wait.deadline:
        return world.expecting(subject(delivery, "export-missing", "error", "nothing came for this run"))
    if world.now > run.due + wait.grace:
        note = "nothing has come for this run yet, its grace is over"
        return world.expecting(subject(delivery, "export-late", "warning", note))
    return world


def delay(world: World, run: Run, by: timedelta) -> World:
    """Every object of `run` was written later by `by`, past its grace: export-late."""
    delivery = find_intact(world, run)
    moved = _shifted(delivery, by)
    if moved.complete_at <= run.due + patience(world.flow(run.flow), run.due).grace:
        raise NotHere(f"{by} later is still on time")
    if moved.complete_at + RESTED > world.now:
        raise NotHere(f"{by} later is not over at {world.now}")
    note = f"came {by} later than planned"
    return befall(world, delivery, moved, "delay", subject(delivery, "export-late", "warning", note))


def hasten(world: World, run: Run, by: timedelta) -> World:
    """Every object of `run` was written before it was due: export-early."""
    delivery = find_intact(world, run)
    moved = _shifted(delivery, -by)
    if moved.complete_at >= run.due - EARLY:
        raise NotHere(f"{by} earlier is not early")
    note = "was written before it was due"
    return befall(world, delivery, moved, "hasten", subject(delivery, "export-early", "info", note))


def duplicate_delivery(world: World, run: Run, after: timedelta = timedelta(minutes=50)) -> World:
    """A second folder with the same records, another write, inside the grace of `run`: export-duplicate."""
    flow, first = world.flow(run.flow), find_intact(world, run)
    second = deliver(world, flow, flow.dataset(run.dataset), run.due, after=after, attempt="second")
    if second.export_time > run.due + patience(flow, run.due).grace or second.prefix == first.prefix:
        raise NotHere(f"{after} later is no second delivery of the run due {run.due}")
    _needs_own_time(world, flow.name, run.dataset, second)
    second = replace(second, due=None, faults=("duplicate_delivery",))
    note = f"a second folder with the same records, {after} after the first"
    expected = Expected("export-duplicate", "warning", run.flow, run.dataset, None, second.prefix, note)
    return befall(world, first, first, "duplicate_delivery", expected).with_delivery(None, second)


def unexpected_run(world: World, flow_name: str, dataset: str, at: datetime) -> World:
    """An on-demand export at a time that no schedule asked for: export-unexpected."""
    flow = world.flow(flow_name)
    for due in list_due_times(flow, world.now + timedelta(days=2)):
        if due - EARLY <= at <= due + patience(flow, due).grace:
            raise NotHere(f"{at} is inside the window of the run due {due}")
    if at < flow.start:
        raise NotHere(f"{at} is before the flow is watched")
    extra = replace(deliver(world, flow, flow.dataset(dataset), at, after=-flow.starts_after), due=None)
    extra = replace(extra, faults=("unexpected_run",))
    if flow.manifest:
        extra = replace(extra, manifests=(write_manifest(world, flow, extra, attempt="on demand"),))
    _needs_own_time(world, flow_name, dataset, extra)
    note = "an on-demand export that no schedule asked for"
    expected = Expected("export-unexpected", "warning", flow_name, dataset, None, extra.prefix, note)
    return world.with_delivery(None, extra).expecting(expected)


def end_flow(world: World, flow_name: str, end: datetime) -> World:
    """The flow ended at `end` and nobody renewed it: one flow-ended, and nothing after it is missing."""
    flow = world.flow(flow_name)
    if end >= world.now or end < flow.start:
        raise NotHere(f"{flow_name} cannot have ended at {end}")
    later = [d for d in world.deliveries if d.flow == flow_name and (d.due or d.export_time) > end]
    if any(d.faults for d in later) or any(r.flow == flow_name and r.due > end for r in world.dropped):
        raise NotHere(f"another fault befell {flow_name} after {end}")
    flows = tuple(replace(f, end=end) if f is flow else f for f in world.flows)
    kept = tuple(d for d in world.deliveries if d not in later)
    note = f"the flow ended at {end:%Y-%m-%d %H:%M} UTC"
    return replace(world, flows=flows, deliveries=kept).expecting(Expected("flow-ended", "error", flow_name, note=note))


def _needs_own_time(world: World, flow: str, dataset: str, extra: Delivery) -> None:
    needs_no_hole(world, flow, dataset, extra.export_time)
    if extra.complete_at + RESTED > world.now:
        raise NotHere(f"{extra.export_time} is still arriving at {world.now}")
    if any(d.prefix == extra.prefix for d in world.deliveries):
        raise NotHere(f"{extra.prefix} is taken")


def _shifted(delivery: Delivery, by: timedelta) -> Delivery:
    parts: tuple[Part, ...] = tuple(replace(p, modified=p.modified + by) for p in delivery.parts)
    manifests = tuple(replace(m, modified=m.modified + by) for m in delivery.manifests)
    loose = tuple(replace(o, modified=o.modified + by) for o in delivery.loose)
    return replace(delivery, parts=parts, manifests=manifests, loose=loose)
