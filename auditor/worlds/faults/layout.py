"""Faults of layout: folders and objects where no export belongs."""

from dataclasses import replace
from datetime import datetime

from auditor.worlds.faults.befall import RESTED, befall, find_intact, subject
from auditor.worlds.model import Expected, Loose, NotHere, Run, World, WorldDataset
from auditor.worlds.plan import deliver
from auditor.worlds.schedule import patience


def malformed_folder(world: World, run: Run, name: str = "exportTime=2026-10-05 (copy)") -> World:
    """A copy of an export under a folder name that is no export time: one folder-malformed per dataset.

    Where the last folder level names the dataset too, the copy belongs to none.
    """
    delivery = find_intact(world, run)
    above = delivery.prefix.rstrip("/").rpartition("/")[0]
    if "exportTime=" in above or not above or "/" in name:
        raise NotHere("the template does not end with the export time")
    copy = replace(
        delivery, due=None, flow="", manifests=(), loose=(), prefix=f"{above}/{name}/", faults=("malformed_folder",)
    )
    if any(d.prefix == copy.prefix for d in world.deliveries):
        raise NotHere(f"{copy.prefix} is taken")
    world = world.with_delivery(None, replace(copy, sound=False))
    told = "" if "%DATASET_" in world.flow(run.flow).template.rpartition("/")[2] else delivery.dataset
    if any((e.code, e.dataset) == ("folder-malformed", told) for e in world.expectations):
        return world
    return world.expecting(Expected("folder-malformed", "warning", dataset=told, note="a folder copied by hand"))


def marker_only_folder(world: World, run: Run) -> World:
    """The export folder is there and holds nothing but its own marker: folder-empty.

    Whether there was nothing to export or all was lost cannot be told from storage: it is doubtful.
    """
    delivery = find_intact(world, run)
    if world.now <= run.due + patience(world.flow(run.flow), run.due).grace:
        raise NotHere(f"{run.due}: its files may still come")
    marker = Loose(delivery.prefix, b"", delivery.complete_at)
    expected = [subject(delivery, "folder-empty", "warning", "a folder without any file")]
    if delivery.manifests:
        expected.append(subject(delivery, "manifest-missing", "error", "no manifest in it either"))
    spoilt = replace(delivery, parts=(), manifests=(), loose=(marker,), doubtful=True)
    return befall(world, delivery, spoilt, "marker_only_folder", *expected, sound=False)


def stray(world: World, at: datetime, *, name: str = "notes.txt", text: bytes = b"do not delete\n") -> World:
    """An object that is neither data nor manifest, at the folder path: one stray-object per destination."""
    key = f"{world.folder}/{name}" if world.folder else name
    if at > world.now or any(item.key == key for item in world.loose):
        raise NotHere(f"no room for {key} at {at}")
    world = replace(world, loose=(*world.loose, Loose(key, text, at)))
    if any(e.code == "stray-object" for e in world.expectations):
        return world
    return world.expecting(Expected("stray-object", "info", note=f"an object that is no export: {name}"))


def unknown_dataset(world: World, flow_name: str, dataset: WorldDataset, at: datetime) -> World:
    """An export of a dataset that no flow is configured for: one unknown-dataset per dataset.

    It is told by its name where the folder names say no id.
    """
    flow = world.flow(flow_name)
    if any(dataset.id == known.id for f in world.flows for known in f.datasets):
        raise NotHere(f"{dataset.id} is configured")
    extra = deliver(world, flow, dataset, at)
    if extra.complete_at + RESTED > world.now or any(d.prefix == extra.prefix for d in world.deliveries):
        raise NotHere(f"no room for {extra.prefix}")
    extra = replace(extra, flow="", due=None, faults=("unknown_dataset",))
    world = world.with_delivery(None, extra)
    told = dataset.id if "%DATASET_ID%" in flow.template else dataset.name
    if any((e.code, e.dataset) == ("unknown-dataset", told) for e in world.expectations):
        return world
    note = "exports of a dataset that the configuration does not name"
    return world.expecting(Expected("unknown-dataset", "warning", dataset=told, note=note))
