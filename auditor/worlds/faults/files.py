"""Faults of files: cut, flipped, empty, mislabelled, written twice."""

from dataclasses import replace
from functools import partial
from random import Random

from auditor.worlds.encode import Recipe
from auditor.worlds.faults import edits
from auditor.worlds.faults.befall import befall, count_apart, find_intact, pick, rewrite, spoil, subject
from auditor.worlds.model import Crossed, Delivery, Expected, NotHere, Part, Run, World
from auditor.worlds.names import Write
from auditor.worlds.schedule import max_age


def truncate_file(world: World, run: Run, *, part: int = 0, keep: float = 0.5) -> World:
    """The upload of one file stopped: file-truncated, and the manifest knows another size."""
    delivery, file = _file_of(world, run, part)
    _needs_container(file.recipe)
    expected = _with_size(delivery, file, "file-truncated", f"a file cut to {keep:.0%} of its length")
    return befall(
        world, delivery, spoil(delivery, file, partial(edits.cut, keep=keep)), "truncate_file", *expected, sound=False
    )


def flip_byte(world: World, run: Run, *, part: int = 0) -> World:
    """One bit of one file changed in place: file-corrupt, of the same size."""
    delivery, file = _file_of(world, run, part)
    _needs_container(file.recipe)
    edit = edits.flip_gzip if file.recipe.format == "json" else edits.flip_parquet
    expected = _about(delivery, file, "file-corrupt", "error", "one flipped bit in the middle of a file")
    return befall(world, delivery, spoil(delivery, file, edit), "flip_byte", expected, sound=False)


def empty_file(world: World, run: Run, *, part: int = 0) -> World:
    """A file lost all its bytes: file-empty, and the manifest knows another size."""
    delivery, file = _file_of(world, run, part)
    expected = _with_size(delivery, file, "file-empty", "a file of zero bytes")
    return befall(world, delivery, spoil(delivery, file, edits.empty), "empty_file", *expected, sound=False)


def bad_record(world: World, run: Run, *, part: int = 0) -> World:
    """A line that is no JSON object, written so: record-invalid; container and manifest agree."""
    delivery, file = _file_of(world, run, part)
    if file.recipe.format != "json" or not file.recipe.rows:
        raise NotHere(f"{file.name} holds no lines")
    spoilt = rewrite(delivery, file, replace(file, edits=(edits.break_line,)))
    expected = _about(delivery, file, "record-invalid", "error", "one line is cut in the middle")
    return befall(world, delivery, spoilt, "bad_record", expected, sound=False)


def rename_format(world: World, run: Run, *, part: int = 0) -> World:
    """The other format under the old name, written so: file-wrong-format."""
    delivery, file = _file_of(world, run, part)
    other = "parquet" if file.recipe.format == "json" else "json"
    written = replace(file, recipe=replace(file.recipe, format=other))
    expected = _about(delivery, file, "file-wrong-format", "error", f"a file that holds {other} under another name")
    return befall(world, delivery, rewrite(delivery, file, written), "rename_format", expected, sound=False)


def wrong_compression(world: World, run: Run, *, part: int = 0, named: bool = True) -> World:
    """Readable and compressed otherwise than configured (`named`: the name says so): file-wrong-compression."""
    delivery, file = _file_of(world, run, part)
    recipe = replace(file.recipe, compression="none" if file.recipe.compression == "gzip" else "gzip")
    name = file.name.removesuffix(file.recipe.extension) + recipe.extension if named else file.name
    written = replace(file, recipe=recipe, name=name)
    note = f"a file with compression {recipe.compression}, unlike the flow's"
    expected = _about(delivery, written, "file-wrong-compression", "warning", note)
    return befall(world, delivery, rewrite(delivery, file, written), "wrong_compression", expected)


def no_records(world: World, run: Run, *, part: int = 0) -> World:
    """A sound file without records: file-no-records."""
    delivery, file = _file_of(world, run, part)
    _needs_container(file.recipe)
    written = replace(file, recipe=replace(file.recipe, rows=0))
    expected = _about(delivery, file, "file-no-records", "info", "a sound file without any record")
    return befall(world, delivery, rewrite(delivery, file, written), "no_records", expected)


def repeat_task(world: World, run: Run, *, part: int = 0) -> World:
    """A retried task left both its files, and the manifest lists both: file-duplicate."""
    delivery, file = _file_of(world, run, part)
    task = int(file.name[5:10])
    again = Write(Random(f"{world.seed}/{file.name}")).name(task, file.recipe.extension, attempt=2)
    spoilt = rewrite(delivery, file, file, replace(file, name=again))
    expected = subject(delivery, "file-duplicate", "warning", "a retried task left the same records in two files")
    return befall(world, delivery, spoilt, "repeat_task", expected)


def odd_schema(world: World, run: Run) -> World:
    """The last part of a Parquet export has other columns than the rest: schema-mismatch."""
    delivery, file = _file_of(world, run, -1)
    if file.recipe.format != "parquet" or len(delivery.parts) < 2:
        raise NotHere(f"{delivery.prefix} has no two Parquet files")
    written = _with_other_schema(file)
    expected = subject(delivery, "schema-mismatch", "warning", "one file has other columns than the rest")
    return befall(world, delivery, rewrite(delivery, file, written), "odd_schema", expected)


def change_schema(world: World, run: Run) -> World:
    """From `run` on, the dataset has other columns: schema-changed, once."""
    first, _ = _file_of(world, run, 0)
    earlier = [r for r in world.runs() if r[:2] == run[:2] and r.due < run.due]
    if not earlier or any(p.recipe.format != "parquet" for p in first.parts):
        raise NotHere(f"{first.prefix}: nothing to differ from")
    for delivery in world.deliveries:
        if (delivery.flow, delivery.dataset) == run[:2] and (delivery.due or delivery.export_time) >= run.due:
            changed = delivery
            for part in delivery.parts:
                changed = rewrite(changed, part, _with_other_schema(part))
            world = world.with_delivery(delivery, changed)
    expected = subject(first, "schema-changed", "warning", "the dataset has other columns from here on")
    widened = world.delivery(run)
    return befall(world, widened, widened, "change_schema", expected)


def stuck_upload(world: World, run: Run, *, suffix: str = ".tmp") -> World:
    """The last file still has its temporary name long after the deadline: export-stuck."""
    delivery, file = _file_of(world, run, -1)
    limit = max_age(world.flow(run.flow), world.now)
    if len(delivery.parts) < 2 or limit is None or world.now - run.due < 2 * limit:
        raise NotHere(f"{delivery.prefix} is no place for a stuck upload")
    parts = tuple(p if p is not file else replace(p, name=p.name + suffix) for p in delivery.parts)
    expected = [subject(delivery, "export-stuck", "warning", f"an upload that never lost its name {suffix}")]
    if delivery.manifests:
        note = "listed under its final name, which never came"
        expected.append(subject(delivery, "manifest-file-missing", "error", note, key=delivery.prefix + file.name))
    spoilt = befall(world, delivery, replace(delivery, parts=parts), "stuck_upload", *expected, sound=False)
    if delivery.manifests:
        return spoilt
    return spoilt.knowing(Crossed(run, expected=tuple(count_apart(world, run, "its run wrote more"))))


def _file_of(world: World, run: Run, part: int) -> tuple[Delivery, Part]:
    delivery = find_intact(world, run)
    return delivery, pick(delivery, part)


def _needs_container(recipe: Recipe) -> None:
    """Plain JSON has neither end mark nor checksum: such a fault could not be told by the file."""
    if recipe.format == "json" and recipe.compression == "none":
        raise NotHere("plain JSON has no container that could tell")


def _about(delivery: Delivery, file: Part, code: str, severity: str, note: str) -> Expected:
    return subject(delivery, code, severity, note, key=delivery.prefix + file.name)


def _with_size(delivery: Delivery, file: Part, code: str, note: str) -> list[Expected]:
    expected = [_about(delivery, file, code, "error", note)]
    if delivery.manifests:
        told = "the manifest lists it with its whole size"
        expected.append(_about(delivery, file, "manifest-size-mismatch", "error", told))
    return expected


def _with_other_schema(part: Part) -> Part:
    """`part` with the extra column if it has none, without it if it has."""
    return replace(part, recipe=replace(part.recipe, extra_column=not part.recipe.extra_column))
