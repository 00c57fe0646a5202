"""Manifests that are absent, stale, of something else, or no manifests."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from auditor.worlds import Run, World, faults
from auditor.worlds.faults import edits
from auditor.worlds.faults.befall import befall, find_intact, needs_manifest, pick, subject
from auditor.worlds.schedule import patience
from tests.faults.kinds import Kind, needs

INCOMPLETE = ("on_time", "incomplete")
UNREADABLE = ("manifest-unreadable", "error")
GONE = ("manifest-file-missing", "error")
EXTRA = ("manifest-file-extra", "warning")


def rename_file(world: World, run: Run) -> World:
    """One file has another name than the manifest lists: one is missing, another one extra."""
    delivery = find_intact(world, run)
    needs_manifest(delivery)
    part = pick(delivery, 0)
    other = replace(part, name="part-77777-renamed." + part.recipe.extension)
    expected = (
        subject(delivery, *GONE, "renamed", key=delivery.prefix + part.name),
        subject(delivery, *EXTRA, "renamed", key=delivery.prefix + other.name),
    )
    spoilt = replace(delivery, parts=(other, *delivery.parts[1:]))
    return befall(world, delivery, spoilt, "rename file", *expected, sound=False)


def lose_all_files(world: World, run: Run) -> World:
    """The manifest came, none of its files did."""
    delivery = find_intact(world, run)
    needs_manifest(delivery)
    needs(delivery.manifests[0].place is None, "then there would be no folder at all")
    key = delivery.prefix + delivery.manifests[0].listed[0].name
    expected = subject(delivery, *GONE, "all files are gone", key=key)
    return befall(world, delivery, replace(delivery, parts=()), "lose all", expected, sound=False)


def half_upload(world: World, run: Run) -> World:
    """The upload stopped after the first files; no manifest came: whether files lack, nobody can tell."""
    delivery = find_intact(world, run)
    needs_manifest(delivery)
    _needs_patience_over(world, run)
    needs(len(delivery.parts) >= 2, "only one file")
    expected = subject(delivery, "manifest-missing", "error", "the upload stopped half-way")
    spoilt = replace(delivery, parts=delivery.parts[:1], manifests=())
    return befall(world, delivery, spoilt, "half upload", expected)


def half_upload_listed(world: World, run: Run) -> World:
    """The upload stopped after the first files although the manifest came."""
    delivery = find_intact(world, run)
    needs_manifest(delivery)
    needs(len(delivery.parts) >= 2, "only one file")
    expected = subject(delivery, *GONE, "the upload stopped", key=delivery.prefix + delivery.parts[1].name)
    return befall(world, delivery, replace(delivery, parts=delivery.parts[:1]), "half listed", expected, sound=False)


def manifest_of(world: World, run: Run, *, pick_other: Callable[[World, Run], Run]) -> World:
    """The manifest in the folder is that of another export: it lists none of these files."""
    delivery = find_intact(world, run)
    needs_manifest(delivery)
    other = world.delivery(pick_other(world, run))
    needs(other.manifests and other.manifests[0].place is None and not other.faults, "no manifest to take")
    needs("exportTime=" in other.prefix and "exportTime=" in delivery.prefix, "its paths name no export")
    stale = replace(other.manifests[0], modified=delivery.complete_at)
    key = delivery.prefix + min(part.name for part in delivery.parts)
    expected = subject(delivery, *EXTRA, "the manifest speaks of another export", key=key)
    return befall(world, delivery, replace(delivery, manifests=(stale,)), "other manifest", expected)


def run_before(world: World, run: Run) -> Run:
    before = [one for one in world.runs() if one[:2] == run[:2] and one.due < run.due]
    needs(before, "nothing before it")
    return before[-1]


def dataset_beside(world: World, run: Run) -> Run:
    beside = [one for one in world.runs() if (one.flow, one.due) == (run.flow, run.due) and one != run]
    needs(beside, "no dataset beside it")
    return beside[0]


def no_manifest(world: World, run: Run, *, data: bytes) -> World:
    """What lies under a manifest's name is none."""
    delivery = find_intact(world, run)
    needs_manifest(delivery)
    _needs_patience_over(world, run)
    manifest = delivery.manifests[0]
    needs(manifest.place is None, "above the folders nobody knows whose it is")
    broken = replace(manifest, edits=(partial(_become, other=data),))
    expected = subject(delivery, *UNREADABLE, "no manifest under its name", key=delivery.manifest_keys[0])
    return befall(world, delivery, replace(delivery, manifests=(broken,)), "no manifest", expected)


def list_without(world: World, run: Run) -> World:
    """The manifest does not list the last file."""
    delivery = find_intact(world, run)
    needs_manifest(delivery)
    needs(len(delivery.parts) >= 2, "only one file")
    manifest = delivery.manifests[0]
    short = replace(manifest, listed=manifest.listed[:-1])
    expected = subject(delivery, *EXTRA, "not listed", key=delivery.prefix + delivery.parts[-1].name)
    return befall(world, delivery, replace(delivery, manifests=(short,)), "list without", expected)


def _needs_patience_over(world: World, run: Run) -> None:
    needs(world.now > run.due + patience(world.flow(run.flow), run.due).grace, "its manifest may still come")


def _become(_data: bytes, *, other: bytes) -> bytes:
    return other


def _no_manifest(name: str, data: bytes) -> Kind:
    return Kind(f"manifest: {name}", partial(no_manifest, data=data), (UNREADABLE,))


KINDS = (
    Kind("no manifest", faults.drop_manifest, (("manifest-missing", "error"),)),
    Kind("half an upload without manifest", half_upload, (("manifest-missing", "error"),)),
    Kind("half an upload with its manifest", half_upload_listed, (GONE,), INCOMPLETE),
    Kind("a listed file gone", faults.drop_file, (GONE,), INCOMPLETE),
    Kind("a listed file renamed", rename_file, (GONE, EXTRA), INCOMPLETE),
    Kind("all listed files gone", lose_all_files, (GONE,), INCOMPLETE),
    Kind("a file too much", faults.extra_file, (EXTRA,)),
    Kind("a manifest that lists a file less", list_without, (EXTRA,)),
    Kind("the manifest of the run before", partial(manifest_of, pick_other=run_before), (EXTRA,)),
    Kind("the manifest of the dataset beside", partial(manifest_of, pick_other=dataset_beside), (EXTRA,)),
    Kind("a listed size too large", faults.resize, (("manifest-size-mismatch", "error"),), INCOMPLETE),
    Kind(
        "a listed size too small by one",
        partial(faults.resize, by=-1),
        (("manifest-size-mismatch", "error"),),
        INCOMPLETE,
    ),
    Kind("two manifests", faults.second_manifest, (("manifest-duplicate", "warning"),)),
    Kind("a manifest with another run's name", faults.misname_manifest, (("manifest-run-mismatch", "warning"),)),
    Kind("manifest: cut", faults.broken_manifest, (UNREADABLE,)),
    _no_manifest("zero bytes", b""),
    _no_manifest("an array", b"[]"),
    _no_manifest("no list of results", b'{"flowRunId":"1"}'),
    _no_manifest("a name twice", b'{"exportResults":[],"exportResults":[]}'),
    _no_manifest("NaN", b'{"exportResults":[{"name":"a","size":NaN}]}'),
    _no_manifest("not UTF-8", b'{"exportResults":[],"x":"\xff"}'),
    _no_manifest("an entry without name", b'{"exportResults":[{"size":1}]}'),
    _no_manifest("a negative size", b'{"exportResults":[{"name":"a","size":-1}]}'),
    _no_manifest("an error page", b"<html><title>503</title></html>"),
    _no_manifest("a gzip file", edits.gzip.compress(b"{}", mtime=0)),
)
