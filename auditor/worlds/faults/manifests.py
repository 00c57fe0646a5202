"""Faults of manifests: absent, unreadable, or at odds with the files."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import Random

from auditor.worlds.encode import Recipe
from auditor.worlds.faults import edits
from auditor.worlds.faults.befall import befall, count_apart, find_intact, needs_manifest, pick, subject
from auditor.worlds.model import Crossed, Delivery, NotHere, Part, Run, World
from auditor.worlds.names import Write, manifest_name
from auditor.worlds.plan import write_manifest
from auditor.worlds.schedule import patience


def drop_file(world: World, run: Run, *, part: int = 0) -> World:
    """A file that the manifest lists is gone: manifest-file-missing."""
    delivery = _listed(world, run)
    file = pick(delivery, part)
    if len(delivery.parts) < 2:
        raise NotHere(f"{delivery.prefix} would hold no file at all")
    spoilt = replace(delivery, parts=tuple(p for p in delivery.parts if p is not file))
    note = "a file that the manifest lists is not there"
    expected = subject(delivery, "manifest-file-missing", "error", note, key=delivery.prefix + file.name)
    return befall(world, delivery, spoilt, "drop_file", expected, sound=False)


def resize(world: World, run: Run, *, part: int = 0, by: int = 512) -> World:
    """The manifest lists another size than the file has: manifest-size-mismatch; the file itself is sound."""
    delivery = _listed(world, run)
    file = pick(delivery, part)
    manifests = tuple(replace(m, resized=((file.name, by),)) for m in delivery.manifests)
    note = f"the manifest says {by:+} bytes"
    expected = subject(delivery, "manifest-size-mismatch", "error", note, key=delivery.prefix + file.name)
    return befall(world, delivery, replace(delivery, manifests=manifests), "resize", expected, sound=False)


def extra_file(world: World, run: Run) -> World:
    """A data file that the manifest does not list: manifest-file-extra; the content is as good as before."""
    delivery = _listed(world, run)
    extra = _another_part(world, delivery)
    expected = subject(
        delivery, "manifest-file-extra", "warning", "a file that no manifest lists", key=delivery.prefix + extra.name
    )
    spoilt = befall(world, delivery, replace(delivery, parts=(*delivery.parts, extra)), "extra_file", expected)
    return spoilt.knowing(Crossed(run, expected=tuple(count_apart(world, run, "its run wrote fewer"))))


def drop_manifest(world: World, run: Run) -> World:
    """No manifest came: manifest-missing; the content is judged by the files."""
    delivery = _listed_for_long(world, run)
    expected = subject(delivery, "manifest-missing", "error", "no manifest came")
    return befall(world, delivery, replace(delivery, manifests=()), "drop_manifest", expected)


def broken_manifest(world: World, run: Run) -> World:
    """The manifest is cut and no JSON any more: manifest-unreadable."""
    delivery = _listed_for_long(world, run)
    manifest = delivery.manifests[0]
    if manifest.place is not None:
        raise NotHere(f"{run.due}: of a broken manifest above the folders nobody knows whose it is")
    broken = replace(manifest, edits=(*manifest.edits, partial(edits.cut, keep=0.6)))
    spoilt = replace(delivery, manifests=(broken,))
    note = "a manifest cut in the middle"
    expected = subject(delivery, "manifest-unreadable", "error", note, key=delivery.manifest_keys[0])
    return befall(world, delivery, spoilt, "broken_manifest", expected)


def second_manifest(world: World, run: Run) -> World:
    """Two manifests that list the same files: manifest-duplicate."""
    delivery = _listed(world, run)
    again = write_manifest(world, world.flow(run.flow), delivery, attempt="second manifest")
    again = replace(again, modified=delivery.complete_at + timedelta(minutes=2))
    spoilt = replace(delivery, manifests=(*delivery.manifests, again))
    expected = subject(delivery, "manifest-duplicate", "warning", "two manifests speak of the same files")
    return befall(world, delivery, spoilt, "second_manifest", expected)


def misname_manifest(world: World, run: Run) -> World:
    """The manifest's name holds another run id than its text: manifest-run-mismatch."""
    delivery = _listed(world, run)
    manifest = delivery.manifests[0]
    other = write_manifest(world, world.flow(run.flow), delivery, attempt="other run").flow_run_id
    renamed = replace(manifest, name=manifest_name(world.flow(run.flow), other))
    note = "the manifest's name and its text name different flow runs"
    spoilt = replace(delivery, manifests=(renamed,))
    expected = subject(delivery, "manifest-run-mismatch", "warning", note, key=spoilt.manifest_keys[0])
    return befall(world, delivery, spoilt, "misname_manifest", expected)


def _listed(world: World, run: Run) -> Delivery:
    delivery = find_intact(world, run)
    needs_manifest(delivery)
    return delivery


def _listed_for_long(world: World, run: Run) -> Delivery:
    """Raises NotHere too while a manifest may still come: that long the export is arriving."""
    if world.now <= run.due + patience(world.flow(run.flow), run.due).grace:
        raise NotHere(f"{run.due}: its manifest may still come")
    return _listed(world, run)


def _another_part(world: World, delivery: Delivery) -> Part:
    """A sound file with records of its own, from another write into the same folder."""
    last = delivery.parts[-1]
    recipe: Recipe = replace(last.recipe, seed=f"{last.recipe.seed}/extra", rows=max(1, last.recipe.rows))
    name = Write(Random(f"{world.seed}/{delivery.prefix}/extra")).name(int(last.name[5:10]) + 1, recipe.extension)
    return Part(name, recipe, delivery.complete_at)
