"""All findings that an audit of a world must report: those of its faults, and stale protection."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from auditor.worlds.layout import list_objects
from auditor.worlds.model import Delivery, Expected, NotHere, World, WorldFlow
from auditor.worlds.schedule import list_due_times, max_age, patience


def list_expected(world: World) -> list[Expected]:
    """In the order of the faults; what follows from all of them last: an empty place, stale protection.

    Raises NotHere where the answer hangs on an upload that is under way at the world's `now`.
    """
    return [*world.expectations, *_find_empty(world), *_find_stale(world)]


def describe_expected(world: World) -> list[dict[str, object]]:
    """The expected findings in the words of the audit's JSON. A key is there only where it must be equal."""
    return [_as_dict(world.destination, item) for item in list_expected(world)]


def describe_doubts(world: World) -> list[dict[str, object]]:
    """What an audit must say it could not check, in the words of the audit's JSON, without subject and reason."""
    doubtful = [Expected("", "", d.flow, d.dataset, d.due) for d in world.deliveries if d.doubtful]
    doubtful += [Expected("", "", flow, dataset) for flow, dataset in world.undated]
    doubtful += [Expected("", "", *run) for run in world.untold]
    told = [_as_dict(world.destination, item) for item in doubtful]
    return [{name: item[name] for name in ("flow", "dataset", "destination", "due")} for item in told]


def _as_dict(destination: str, item: Expected) -> dict[str, object]:
    told: dict[str, object] = {
        "code": item.code,
        "severity": item.severity,
        "flow": item.flow,
        "dataset": item.dataset,
        "destination": destination,
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


def _find_stale(world: World) -> Iterator[Expected]:
    """A dataset whose newest sound export is too old while a run is overdue: what wakes people."""
    for flow in world.flows:
        for dataset in flow.datasets:
            if _is_stale(world, flow, dataset.id):
                yield Expected(
                    "protection-stale",
                    "critical",
                    flow.name,
                    dataset.id,
                    note="the newest sound export is older than its limit",
                )


def _is_stale(world: World, flow: WorldFlow, dataset: str) -> bool:
    limit, dues = max_age(flow, world.now), list_due_times(flow, world.now)
    if limit is None or not dues:
        return False
    came = [d for d in world.deliveries if (d.flow, d.dataset) == (flow.name, dataset) and d.begun_at <= world.now]
    newest = max((_data_of(d) for d in came if d.sound and _is_whole(d, world.now)), default=None)
    since = dues[0] if newest is None else newest
    if world.now - since <= limit:
        return False
    if any(d.doubtful and d.parts and _data_of(d) > since and world.now - _data_of(d) <= limit for d in came):
        return False  # no one knows
    if any(not _is_whole(d, world.now) and _data_of(d) > since for d in came):
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
