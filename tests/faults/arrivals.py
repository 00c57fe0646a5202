"""Runs that never came, came late, early, twice, unasked, half, or at other times than the schedule says."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

from auditor.worlds import Run, World, faults
from auditor.worlds.faults.befall import befall, find_intact, subject
from auditor.worlds.model import Expected, Loose
from auditor.worlds.plan import deliver
from auditor.worlds.schedule import EARLY, list_due_times, patience
from tests.faults.kinds import Kind, needs

LATE = ("export-late", "warning")
MISSING = ("export-missing", "error")
UNEXPECTED = ("export-unexpected", "warning")
DUPLICATE = ("export-duplicate", "warning")
STUCK = ("export-stuck", "warning")
GONE = ("manifest-file-missing", "error")


def drop(world: World, run: Run) -> World:
    """Nothing came: missing after the deadline, late before it."""
    spoilt = faults.drop_run(world, run)
    over = world.now > run.due + patience(world.flow(run.flow), run.due).deadline
    return spoilt.judged(run, "missing" if over else "late", "unchecked")


def delay_to(world: World, run: Run, *, part: float, after: str) -> World:
    """The export came at a moment between grace and deadline (`after` grace), or past the deadline."""
    wait = patience(world.flow(run.flow), run.due)
    begin, end = (wait.grace, wait.deadline) if after == "grace" else (wait.deadline, wait.deadline * 2)
    delivery = find_intact(world, run)
    by = run.due + begin + (end - begin) * part - delivery.complete_at
    needs(not _follows_late(world, run), "with its neighbours it would look like a copy")
    return faults.delay(world, run, by)


def delay_by_a_second(world: World, run: Run) -> World:
    """One second past the grace is late."""
    delivery = find_intact(world, run)
    needs(not _follows_late(world, run), "with its neighbours it would look like a copy")
    above = [m for m in delivery.manifests if m.place is not None]
    whole_at = max(part.modified for part in delivery.parts) if above else delivery.complete_at
    border = run.due + patience(world.flow(run.flow), run.due).grace
    return faults.delay(world, run, border + timedelta(seconds=1) - whole_at)


def late_last_file(world: World, run: Run) -> World:
    """One file alone came after the grace: the export was not whole before."""
    delivery = find_intact(world, run)
    moment = run.due + patience(world.flow(run.flow), run.due).grace + timedelta(minutes=20)
    needs(len(delivery.parts) >= 2 and moment + timedelta(hours=1) < world.now, "no room for it")
    parts = (*delivery.parts[:-1], replace(delivery.parts[-1], modified=moment))
    expected = subject(delivery, *LATE, "one file came late", key=delivery.prefix)
    return befall(world, delivery, replace(delivery, parts=parts), "late file", expected)


def twice(world: World, run: Run, *, after: timedelta) -> World:
    """A second folder with the same records inside the window of the run."""
    needs(not any(r.flow == run.flow and abs(r.due - run.due) < timedelta(hours=7) for r in world.dropped), "a hole")
    usual = world.flow(run.flow).starts_after
    needs(abs(usual + after) > usual, "it would be the nearer one")
    return faults.duplicate_delivery(world, run, after)


def on_demand(world: World, run: Run) -> World:
    """An export that no schedule asked for, between two due times."""
    wait = patience(world.flow(run.flow), run.due)
    return faults.unexpected_run(world, run.flow, run.dataset, run.due + wait.grace + timedelta(minutes=4, seconds=7))


def of_the_future(world: World, run: Run) -> World:
    """A folder dated in the future fills no run and postpones no alarm."""
    flow = world.flow(run.flow)
    moment = world.now.replace(second=0, microsecond=0) + timedelta(days=400, minutes=len(world.deliveries))
    extra = deliver(world, flow, flow.dataset(run.dataset), moment, after=-flow.starts_after)
    written = find_intact(world, run).complete_at
    extra = replace(
        extra,
        due=None,
        sound=False,  # a stamp of the future dates nothing
        parts=tuple(replace(p, modified=written) for p in extra.parts),
        manifests=tuple(replace(m, modified=written) for m in extra.manifests),
        faults=("future",),
    )
    expected = Expected(*UNEXPECTED, run.flow, run.dataset, None, extra.prefix, "dated in the future")
    return world.with_delivery(None, extra).expecting(expected)


def moved(world: World, run: Run) -> World:
    """From `run` on, exports come halfway between the configured due times: each missing, each unexpected."""
    flow = world.flow(run.flow)
    needs(flow.every and flow.every >= timedelta(days=1) and not flow.cron and not flow.edits, "another rhythm")
    needs(run.due >= world.now - 4 * flow.every and run.due > flow.start + flow.every, "too long ago")
    by = timedelta(hours=12, minutes=30)
    runs = [one for one in world.runs() if one[:2] == run[:2] and one.due >= run.due]
    for one in runs:
        delivery = world.delivery(one)
        needs(not delivery.faults, "something befell it already")
        world = faults.drop_run(world, one) if _is_over(world, one) else world.with_delivery(delivery, None)
        if _is_over(world, one):
            over = world.now > one.due + patience(flow, one.due).deadline
            world = world.judged(one, "missing" if over else "late", "unchecked")
        again = deliver(world, flow, flow.dataset(one.dataset), one.due + by)
        if again.complete_at + timedelta(hours=1) <= world.now:
            _needs_no_run_at(world, one, again.export_time)
            again = replace(again, due=None, faults=("moved",))
            expected = Expected(*UNEXPECTED, run.flow, run.dataset, None, again.prefix, "the schedule was moved")
            world = world.with_delivery(None, again).expecting(expected)
        else:
            needs(again.begun_at > world.now, "under way")
    return world


def _needs_no_run_at(world: World, run: Run, export_time) -> None:
    """Raises NotHere if the moved export would stand for a run."""
    for due in list_due_times(world.flow(run.flow), world.now):
        wait = patience(world.flow(run.flow), due)
        needs(not due - EARLY <= export_time <= due + wait.deadline, "it would stand for a run")


def never_renamed(world: World, run: Run, *, suffix: str) -> World:
    """The last file kept its temporary name; a manifest that lists it makes the export incomplete."""
    listed = bool(find_intact(world, run).manifests)
    return faults.stuck_upload(world, run, suffix=suffix).judged(run, "on_time", "incomplete" if listed else "sound")


def left_in_temporary(world: World, run: Run) -> World:
    """A Spark job's `_temporary/` with a file in it stands in the folder long after the deadline."""
    delivery = find_intact(world, run)
    wait = patience(world.flow(run.flow), run.due)
    needs(world.now > run.due + wait.deadline + timedelta(hours=1), "its deadline is not over")
    rest = Loose(f"{delivery.prefix}_temporary/0/task_0003/part-00003.json.gz", b"\x1f\x8b", delivery.complete_at)
    expected = subject(delivery, *STUCK, "a task that was never committed", key=rest.key)
    return befall(world, delivery, replace(delivery, loose=(rest,)), "temporary", expected)


def leftovers_alone(world: World, run: Run) -> World:
    """Nothing but a file under its temporary name: the folder holds no data, and the run is late for good."""
    delivery = find_intact(world, run)
    wait = patience(world.flow(run.flow), run.due)
    needs(world.now > run.due + wait.deadline + timedelta(hours=1) and not delivery.manifests, "no place for it")
    part = replace(delivery.parts[0], name=delivery.parts[0].name + ".filepart")
    spoilt = replace(delivery, parts=(part,), doubtful=True)
    expected = (
        subject(delivery, *STUCK, "an upload that never ended", key=delivery.prefix + part.name),
        subject(delivery, "folder-empty", "warning", "no data file in it", key=delivery.prefix),
    )
    return befall(world, delivery, spoilt, "leftovers", *expected, sound=False)


def _is_over(world: World, run: Run) -> bool:
    return world.now > run.due + patience(world.flow(run.flow), run.due).grace


def _follows_late(world: World, run: Run) -> bool:
    """Whether another run of the dataset came late: three in a row might look like a copied bucket."""
    return any(
        set(d.faults) & {"delay", "late file"}
        for d in world.deliveries
        if (d.flow, d.dataset) == (run.flow, run.dataset)
    )


KINDS = (
    Kind("nothing came", drop, (MISSING, LATE), None),
    Kind("late inside the deadline", partial(delay_to, part=0.5, after="grace"), (LATE,), ("late", "sound")),
    Kind("late at the deadline", partial(delay_to, part=1.0, after="grace"), (LATE,), ("late", "sound")),
    Kind("late past the deadline", partial(delay_to, part=0.4, after="deadline"), (LATE,), ("late", "sound")),
    Kind("late by a second", delay_by_a_second, (LATE,), ("late", "sound")),
    Kind("late with one file", late_last_file, (LATE,), ("late", "sound")),
    Kind(
        "early by an hour",
        partial(faults.hasten, by=timedelta(hours=1, minutes=30)),
        (("export-early", "info"),),
        ("early", "sound"),
    ),
    Kind("a second folder", partial(twice, after=timedelta(minutes=50)), (DUPLICATE,)),
    Kind("a second folder soon after", partial(twice, after=timedelta(minutes=3)), (DUPLICATE,)),
    Kind("a second folder dated before", partial(twice, after=timedelta(minutes=-9)), (DUPLICATE,)),
    Kind("an export on demand", on_demand, (UNEXPECTED,), None),
    Kind("a folder dated in the future", of_the_future, (UNEXPECTED,), None),
    Kind("a moved schedule", moved, (MISSING, LATE, UNEXPECTED), None),
    Kind("an upload named .tmp", partial(never_renamed, suffix=".tmp"), (STUCK, GONE), None),
    Kind("an upload named .filepart", partial(never_renamed, suffix=".filepart"), (STUCK, GONE), None),
    Kind("an upload named .part", partial(never_renamed, suffix=".part"), (STUCK, GONE), None),
    Kind("a task never committed", left_in_temporary, (STUCK,)),
    Kind(
        "leftovers of an upload alone",
        leftovers_alone,
        (STUCK, ("folder-empty", "warning")),
        ("late", "unverifiable"),
    ),
)
