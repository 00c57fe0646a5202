"""Schedule -> runs -> files: a world in which every export came, in time and whole."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from auditor.worlds.encode import Recipe
from auditor.worlds.model import Delivery, ManifestFile, Part, World, WorldDataset, WorldFlow
from auditor.worlds.names import Write, manifest_name, render_folder
from auditor.worlds.records import make_uuid
from auditor.worlds.schedule import first_due, list_due_times


def build_world(
    flows: Sequence[WorldFlow],
    *,
    seed: str,
    now: datetime,
    destination: str = "lake-backup",
    folder: str = "backups",
) -> World:
    """All runs due until `now`, delivered as Experience Platform would. The same arguments give the same world."""
    world = World(seed, now, destination, folder.strip("/"), tuple(flows))
    deliveries = [
        deliver(world, flow, dataset, due)
        for flow in flows
        for due in list_due_times(flow, now)
        for dataset in flow.datasets
    ]
    return replace(world, deliveries=tuple(deliveries))


def deliver(
    world: World,
    flow: WorldFlow,
    dataset: WorldDataset,
    due: datetime,
    *,
    after: timedelta = timedelta(0),
    attempt: str = "",
) -> Delivery:
    """One delivery for `due`, begun `after` it. Another `attempt` is another write of the same records."""
    random = Random(f"{world.seed}/{flow.id}/{dataset.id}/{due.isoformat()}/{attempt}")
    export_time = due + flow.starts_after + after
    prefix = render_folder(world.folder, flow, dataset, export_time, world.destination)
    begun = export_time + timedelta(seconds=random.randrange(120, 480))
    parts = tuple(_write_parts(world, flow, dataset, due, begun, random))
    delivery = Delivery(flow.name, dataset.id, due, export_time, prefix, parts)
    if not flow.manifest:
        return delivery
    return replace(delivery, manifests=(write_manifest(world, flow, delivery, attempt=attempt),))


def write_manifest(world: World, flow: WorldFlow, delivery: Delivery, *, attempt: str = "") -> ManifestFile:
    """The manifest of one delivery. All datasets of a run share the run's id, unless they share a folder too."""
    scheduled = delivery.due or delivery.export_time
    run_id = name_run(world, flow, delivery.dataset, scheduled, attempt=attempt)
    return ManifestFile(
        name=manifest_name(flow, run_id),
        flow_run_id=run_id,
        scheduled=scheduled,
        sink_path="/" + delivery.prefix.rstrip("/"),
        listed=delivery.parts,
        modified=delivery.complete_at + timedelta(seconds=20),
        place=_folder_above(delivery.prefix) if flow.manifest_above else None,
    )


def name_run(world: World, flow: WorldFlow, dataset: str, scheduled: datetime, *, attempt: str = "") -> str:
    """The id of a flow run. All datasets of a run share it, unless their files share a folder too."""
    apart = "" if "%DATASET_" in flow.template and not flow.manifest_above else dataset
    return make_uuid(Random(f"{world.seed}/{flow.id}/{scheduled.isoformat()}/run/{attempt}{apart}"))


def _folder_above(prefix: str) -> str:
    above = prefix.rstrip("/").rpartition("/")[0]
    return f"{above}/" if above else ""


def _write_parts(
    world: World, flow: WorldFlow, dataset: WorldDataset, due: datetime, begun: datetime, random: Random
) -> Iterator[Part]:
    write, written, task = Write(random), begun, 0
    shortest, longest = (1500, 2400) if _is_backfill(flow, due) else (15, 420)  # seconds a file takes
    for number, rows in enumerate(_rows_of_parts(world, flow, dataset, due)):
        written += timedelta(seconds=random.randrange(shortest, longest))
        recipe = _recipe(world, flow, dataset, due, number, rows)
        yield Part(write.name(task, recipe.extension), recipe, written)
        task += 2 if random.random() < 0.1 else 1  # partitions without records leave holes


def _rows_of_parts(world: World, flow: WorldFlow, dataset: WorldDataset, due: datetime) -> list[int]:
    """How many records each part has: the same for every attempt at one run."""
    if _is_backfill(flow, due):
        count, rows = flow.backfill
        return [rows] * count
    random = Random(f"{world.seed}/{flow.id}/{dataset.id}/{due.isoformat()}/rows")
    return [random.randint(*flow.rows) for _ in range(random.randint(*flow.parts))]


def _recipe(world: World, flow: WorldFlow, dataset: WorldDataset, due: datetime, number: int, rows: int) -> Recipe:
    usual = timedelta(days=1) if flow.cron else flow.every
    span = timedelta(days=90) if _is_backfill(flow, due) else usual or timedelta(days=365)
    return Recipe(
        seed=f"{world.seed}/{dataset.id}/{due.isoformat()}/{number}",
        kind=dataset.kind,
        format=flow.format,
        compression=flow.compression,
        rows=rows,
        since=due - span,
        until=due,
    )


def _is_backfill(flow: WorldFlow, due: datetime) -> bool:
    return flow.mode == "incremental" and due == first_due(flow)
