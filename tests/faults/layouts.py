"""Folders and objects where no export belongs, and exports where nobody looks for them."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from auditor.worlds import Run, World, WorldDataset, faults
from auditor.worlds.faults.befall import befall, find_intact, subject
from auditor.worlds.model import Delivery, Expected, Loose
from auditor.worlds.schedule import EARLY, patience
from tests.faults.kinds import Kind, expecting_once, needs

MALFORMED = ("folder-malformed", "warning")
MISSING = ("export-missing", "error")
STRAY = ("stray-object", "info")
EMPTY = ("folder-empty", "warning")
UNKNOWN = WorldDataset("61c0ffee5e1f1e55c0a1f00d", "Store visits")
DEFAULT = "%DATASET_ID%/%EXPORT_TIME%"


def rename_folder(world: World, run: Run, *, rename: Callable[[str], str]) -> World:
    """The folder of the export has a name that is no export time: its run is missing."""
    delivery = _lost(world, run)
    above, _, name = delivery.prefix.rstrip("/").rpartition("/")
    needs(name.startswith("exportTime="), "the template does not end with the export time")
    return _misplaced(world, run, delivery, f"{above}/{rename(name)}/", delivery.dataset)


def thirteen_digits(name: str) -> str:
    return f"exportTime={name.removeprefix('exportTime=')[:12]}0"


def lower_case(name: str) -> str:
    return name.lower()


def no_such_day(_name: str) -> str:
    return "exportTime=202610320000"


def with_dashes(_name: str) -> str:
    return "exportTime=2026-10-05T00:00"


def no_label(name: str) -> str:
    return name.removeprefix("exportTime=")


def dataset_in_upper_case(world: World, run: Run) -> World:
    """The dataset's folder is written in upper case: no dataset id, and its runs are missing."""
    delivery = _lost(world, run)
    needs(world.flow(run.flow).template == DEFAULT and run.dataset.upper() != run.dataset, "another template")
    prefix = delivery.prefix.replace(run.dataset, run.dataset.upper())
    return _misplaced(world, run, delivery, prefix, "")


def dataset_twice(world: World, run: Run) -> World:
    """The export lies one level too deep, below the dataset's name twice."""
    delivery = _lost(world, run)
    needs(world.flow(run.flow).template == DEFAULT, "another template")
    prefix = delivery.prefix.replace(f"{run.dataset}/", f"{run.dataset}/{run.dataset}/")
    return _misplaced(world, run, delivery, prefix, run.dataset)


def files_without_folder(world: World, run: Run) -> World:
    """The files lie in the dataset's folder itself."""
    delivery = _lost(world, run)
    needs(world.flow(run.flow).template == DEFAULT and not delivery.manifests, "another template")
    prefix = delivery.prefix.rstrip("/").rpartition("/")[0] + "/"
    return _misplaced(world, run, delivery, prefix, run.dataset)


def export_without_dataset(world: World, run: Run) -> World:
    """A copy of the export lies at the folder path, without its dataset's name."""
    delivery = find_intact(world, run)
    needs(world.flow(run.flow).template == DEFAULT and world.folder, "another template")
    name = delivery.prefix.rstrip("/").rpartition("/")[2]
    needs(name.startswith("exportTime="), "another template")
    copy = replace(_aside(delivery, f"{world.folder}/{name}/"), manifests=())
    needs(not any(d.prefix == copy.prefix for d in world.deliveries), "taken")
    return expecting_once(world.with_delivery(None, copy), Expected(*MALFORMED, note="an export without dataset"))


def nested(world: World, run: Run) -> World:
    """The folder was moved into that of the run before: its files are taken for files of that run."""
    delivery = _lost(world, run)
    needs(not delivery.manifests and "exportTime=" in delivery.prefix, "its manifest would tell")
    before = [one for one in world.runs() if one[:2] == run[:2] and one.due < run.due]
    needs(before, "nothing before it")
    outer = find_intact(world, before[-1])
    needs(outer.complete_at < delivery.complete_at and not outer.manifests, "another order")
    wait = patience(world.flow(run.flow), outer.due)
    needs(delivery.complete_at > outer.due + wait.grace, "it would not be late")
    inner = f"{delivery.prefix.rstrip('/').rpartition('/')[2]}/"
    parts = tuple(replace(part, name=inner + part.name) for part in delivery.parts)
    late = subject(outer, "export-late", "warning", "files of the next run lie in it", key=outer.prefix)
    spoilt = replace(outer, parts=(*outer.parts, *parts))
    world = befall(faults.drop_run(world, run), outer, spoilt, "nested", late).judged(run, "missing", "unchecked")
    return world.judged(before[-1], "late", "sound")


def copied_folder(world: World, run: Run, *, name: str) -> World:
    return faults.malformed_folder(world, run, name)


def only_a_stray(world: World, run: Run, *, name: str, stray: bool) -> World:
    """All files of the export are gone; what is left is no data."""
    delivery = find_intact(world, run)
    needs(world.now > run.due + patience(world.flow(run.flow), run.due).grace, "its files may still come")
    rest = Loose(delivery.prefix + name, b"what is left\n", delivery.complete_at)
    expected = [subject(delivery, *EMPTY, "nothing but what is no data", key=delivery.prefix)]
    if delivery.manifests:
        expected.append(subject(delivery, "manifest-missing", "error", "no manifest in it either"))
    spoilt = replace(delivery, parts=(), manifests=(), loose=(rest,), doubtful=True)
    world = befall(world, delivery, spoilt, "only a stray", *expected, sound=False)
    return expecting_once(world, Expected(*STRAY, note=f"{name} in an export folder")) if stray else world


def stray_inside(world: World, run: Run) -> World:
    """Somebody left a note beside the data files."""
    delivery = find_intact(world, run)
    note = Loose(f"{delivery.prefix}READ ME.txt", b"mine\n", delivery.complete_at)
    world = befall(world, delivery, replace(delivery, loose=(note,)), "stray inside")
    return expecting_once(world, Expected(*STRAY, note="a note in an export folder"))


def stray_outside(world: World, run: Run, *, name: str) -> World:
    return faults.stray(world, run.due, name=name)


def unknown(world: World, run: Run) -> World:
    """An export of a dataset that no flow names, beside those of this flow."""
    needs("%DATASET_" in world.flow(run.flow).template and not world.flow(run.flow).manifest_above, "no name says so")
    return faults.unknown_dataset(world, run.flow, UNKNOWN, run.due)


def _lost(world: World, run: Run) -> Delivery:
    """The delivery of `run`, if nothing else could stand for it and its deadline is over."""
    delivery = find_intact(world, run)
    needs(world.now > run.due + patience(world.flow(run.flow), run.due).deadline, "its deadline is not over")
    needs(not delivery.manifests or delivery.manifests[0].place is None, "its manifest lies elsewhere")
    return delivery


def _aside(delivery: Delivery, prefix: str) -> Delivery:
    """The files of `delivery` somewhere else, where they stand for no run."""
    return replace(delivery, due=None, flow="", prefix=prefix, sound=False, faults=("aside",))


def _misplaced(world: World, run: Run, delivery: Delivery, prefix: str, dataset: str) -> World:
    others = [d for d in world.deliveries if d is not delivery]
    needs(not any(d.prefix == prefix for d in others), "taken")
    for extra in (d for d in others if (d.flow, d.dataset, d.due) == (run.flow, run.dataset, None)):
        wait = patience(world.flow(run.flow), run.due)
        needs(not run.due - EARLY <= extra.export_time <= run.due + wait.deadline, "another folder would stand for it")
    world = faults.drop_run(world, run).with_delivery(None, _aside(delivery, prefix))
    return expecting_once(world, Expected(*MALFORMED, dataset=dataset, note=prefix)).judged(run, "missing", "unchecked")


def _renamed(name: str, rename: Callable[[str], str]) -> Kind:
    return Kind(name, partial(rename_folder, rename=rename), (MISSING, MALFORMED), None)


def _left(name: str, *, rest: str, stray: bool) -> Kind:
    causes = (EMPTY, ("manifest-missing", "error"), STRAY)
    return Kind(name, partial(only_a_stray, name=rest, stray=stray), causes, ("on_time", "unverifiable"))


KINDS = (
    _renamed("an export time of 13 digits", thirteen_digits),
    _renamed("exporttime= in lower case", lower_case),
    _renamed("an export time that no calendar has", no_such_day),
    _renamed("an export time with dashes", with_dashes),
    _renamed("an export time without its label", no_label),
    Kind("a dataset id in upper case", dataset_in_upper_case, (MISSING, MALFORMED), None),
    Kind("the dataset's folder twice", dataset_twice, (MISSING, MALFORMED), None),
    Kind("files outside any export folder", files_without_folder, (MISSING, MALFORMED), None),
    Kind("an export without its dataset's folder", export_without_dataset, (MALFORMED,)),
    Kind("an export inside another one", nested, (MISSING, ("export-late", "warning")), None),
    Kind("a copy by hand", partial(copied_folder, name="exportTime=2026-10-05 (copy)"), (MALFORMED,)),
    Kind("a backup of a folder", partial(copied_folder, name="exportTime=202610050000.bak"), (MALFORMED,)),
    Kind(
        "a folder of its marker alone",
        faults.marker_only_folder,
        (EMPTY, ("manifest-missing", "error")),
        ("on_time", "unverifiable"),
    ),
    _left("a folder of a mark alone", rest="_SUCCESS", stray=False),
    _left("a folder of a dot file alone", rest=".keep", stray=False),
    _left("a folder of a note alone", rest="why-is-this-empty.txt", stray=True),
    Kind("a note beside data files", stray_inside, (STRAY,)),
    Kind("a note at the folder path", partial(stray_outside, name="notes.txt"), (STRAY,), None),
    Kind("a listing at the folder path", partial(stray_outside, name="inventory.csv"), (STRAY,), None),
    Kind("a dataset of no flow", unknown, (("unknown-dataset", "warning"),), None),
)
