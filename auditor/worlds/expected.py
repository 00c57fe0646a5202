"""All findings that an audit of a world must report: those of its faults, and stale protection.

`cross_checked`: of an audit that reads Experience Platform's run records too. Without them what is claimed changes
nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from auditor.worlds.layout import list_objects
from auditor.worlds.model import Crossed, Delivery, Expected, NotHere, Run, World, WorldFlow
from auditor.worlds.schedule import list_due_times, max_age, patience

ONCE = timedelta(days=7)  # so long a flow that exports once is one that protects


def list_expected(world: World, *, cross_checked: bool = False) -> list[Expected]:
    """In the order of the faults; what follows from all of them last: an empty place, stale protection.

    Raises NotHere where the answer hangs on an upload that is under way at the world's `now`.
    """
    crossed = world.crossed if cross_checked else ()
    silenced = {(*item.run, code) for item in crossed for code in item.silenced}
    kept = [e for e in world.expectations if (e.flow, e.dataset, e.due, e.code) not in silenced]
    told = [expected for item in crossed for expected in item.expected]
    follows = [*_find_empty(world), *_find_stale(world, crossed)]
    return [*kept, *told, *follows, *(_find_unprotected(world) if cross_checked else ())]


def list_verdicts(world: World, *, cross_checked: bool = False) -> dict[Run, tuple[str, str]]:
    """(arrival, content) of the runs that faults befell; every other run is on time and sound."""
    told = {run: (arrival, content) for run, arrival, content in world.verdicts}
    crossed = world.crossed if cross_checked else ()
    return told | {item.run: item.verdict for item in crossed if item.verdict}


def describe_expected(world: World, *, cross_checked: bool = False) -> list[dict[str, object]]:
    """The expected findings in the words of the audit's JSON. A key is there only where it must be equal."""
    return [_as_dict(world.destination, item) for item in list_expected(world, cross_checked=cross_checked)]


def describe_doubts(world: World, *, cross_checked: bool = False) -> list[dict[str, object]]:
    """What an audit must say it could not check, in the words of the audit's JSON, without subject and reason."""
    doubtful = [Expected("", "", d.flow, d.dataset, d.due) for d in world.deliveries if d.doubtful]
    doubtful += [Expected("", "", flow, dataset) for flow, dataset in world.undated]
    doubtful += [Expected("", "", *run) for run in world.untold]
    doubtful += [Expected("", "", *item.run) for item in world.crossed if cross_checked and item.doubtful]
    told = [_as_dict(world.destination, item) for item in doubtful]
    return [{name: item[name] for name in ("flow", "dataset", "destination", "due")} for item in told]


def _as_dict(destination: str, item: Expected) -> dict[str, object]:
    told: dict[str, object] = {
        "code": item.code,
        "severity": item.severity,
        "flow": item.flow,
        "dataset": item.dataset,
        "destination": "" if item.anywhere else destination,
        "due": item.due.strftime("%Y-%m-%dT%H:%M:%SZ") if item.due else None,
    }
    if item.key is not None:
        told["key"] = item.key
    if item.note:
        told["note"] = item.note
    return told


def _find_empty(world: World) -> Iterator[Expected]:
    """Of all that was ever due, nothing is left below the folder path."""
    if any(e.code == "destination-empty" for e in world.expectations):
        return
    root = f"{world.folder}/" if world.folder else ""
    if not any(item.key.startswith(root) and item.key != root for item in list_objects(world)):
        yield Expected("destination-empty", "error", key=world.folder, note="nothing lies below the folder path")


def _find_unprotected(world: World) -> Iterator[Expected]:
    """Datasets whose flows have all ended, one by one; and those that no flow ever exported, once for all."""
    going_on = {d.id for flow in world.flows if _goes_on(flow, world.now) for d in flow.datasets}
    for dataset in {d.id: d for flow in world.flows for d in flow.datasets if d.id not in going_on}.values():
        note = f"{dataset.name} is in no flow that goes on"
        yield Expected("dataset-unprotected", "warning", dataset=dataset.id, note=note, anywhere=True)
    if world.unexported:
        names = ", ".join(dataset.name for dataset in world.unexported)
        yield Expected("dataset-unprotected", "warning", note=f"in no flow ever: {names}", anywhere=True)


def _goes_on(flow: WorldFlow, now: datetime) -> bool:
    """A flow that exports once has its time for that, and then is over."""
    if flow.every is None and not flow.cron:
        return flow.start + ONCE >= now
    return flow.end is None or flow.end >= now


def _find_stale(world: World, crossed: tuple[Crossed, ...]) -> Iterator[Expected]:
    """A dataset whose newest sound export is too old while a run is overdue: what wakes people."""
    for flow in world.flows:
        for dataset in flow.datasets:
            if _is_stale(world, flow, dataset.id, crossed):
                yield Expected(
                    "protection-stale",
                    "critical",
                    flow.name,
                    dataset.id,
                    note="the newest sound export is older than its limit",
                )


@dataclass(frozen=True)
class _Seen:
    """What is known of one dataset: the moments whose data is proven safe, and those of which no one knows."""

    safe: list[datetime]
    doubtful: list[datetime]
    under_way: list[datetime]


def _see(world: World, flow: WorldFlow, dataset: str, crossed: tuple[Crossed, ...]) -> _Seen:
    came = [d for d in world.deliveries if (d.flow, d.dataset) == (flow.name, dataset) and d.begun_at <= world.now]
    about = {item.run.due: item for item in crossed if item.run[:2] == (flow.name, dataset)}
    whole = [d for d in came if _is_whole(d, world.now)]
    doubtful = [_data_of(d) for d in came if d.parts and (d.doubtful or _is_doubtful(about.get(_data_of(d))))]
    empty = [due for due, item in about.items() if item.verdict and item.verdict[0] == "not_needed"]
    return _Seen(
        safe=[_data_of(d) for d in whole if d.sound and _data_of(d) not in doubtful] + empty,
        doubtful=doubtful,
        under_way=[_data_of(d) for d in came if not _is_whole(d, world.now)],
    )


def _is_doubtful(item: Crossed | None) -> bool:
    return item is not None and item.doubtful


def _is_stale(world: World, flow: WorldFlow, dataset: str, crossed: tuple[Crossed, ...]) -> bool:
    limit, dues = max_age(flow, world.now), list_due_times(flow, world.now)
    if limit is None or not dues:
        return False
    seen = _see(world, flow, dataset, crossed)
    newest = max(seen.safe, default=None)
    since = dues[0] if newest is None else newest
    if world.now - since <= limit:
        return False
    if any(moment > since and world.now - moment <= limit for moment in seen.doubtful):
        return False  # no one knows
    if any(moment > since for moment in seen.under_way):
        raise NotHere(f"{flow.name} {dataset}: an upload is under way where protection would be stale")
    if world.retain and world.retain < limit + timedelta(days=1):
        raise NotHere(f"{flow.name}: exports are removed before they are old")
    if any(edit.start <= world.now <= edit.start + timedelta(days=4) for edit in flow.edits):
        raise NotHere(f"{flow.name}: its schedule was edited just now")
    if any(world.now.date() - day <= timedelta(days=3) for day in flow.exceptions):
        raise NotHere(f"{flow.name}: a planned pause bears on how old an export may be")
    wait = [(due, patience(flow, due)) for due in dues]
    if newest is None:
        return any(world.now > due + w.deadline for due, w in wait)
    return any(due > newest and world.now > due + w.grace for due, w in wait)


def _data_of(delivery: Delivery) -> datetime:
    """The moment whose data it holds."""
    return delivery.due or delivery.export_time


def _is_whole(delivery: Delivery, now: datetime) -> bool:
    """Complete for so long that no rule about settling can matter."""
    return delivery.complete_at + timedelta(hours=1) <= now
