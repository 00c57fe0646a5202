"""Files that are whole and wrong: of another kind than they should be, twice, mislabelled, locked."""

from dataclasses import replace
from functools import partial
from random import Random

from auditor.worlds import Run, World, faults
from auditor.worlds.faults.befall import befall, find_intact, needs_manifest, pick, rewrite, subject
from auditor.worlds.names import Write
from tests.faults.kinds import Kind, needs

GPG = b"\x85\x01\x0c\x03" + bytes(range(60))  # how a file encrypted with OpenPGP begins
DAMAGED = ("on_time", "damaged")
SIZE = ("manifest-size-mismatch", "error")


def whole_run_of_other_format(world: World, run: Run) -> World:
    """Every file of the run is sound, well named and of the other format than the flow is configured for."""
    delivery = find_intact(world, run)
    first = delivery.parts[0]
    other = "json" if first.recipe.format == "parquet" else "parquet"
    for part in delivery.parts:
        recipe = replace(part.recipe, format=other)
        name = part.name.removesuffix(part.recipe.extension) + recipe.extension
        delivery = rewrite(delivery, part, replace(part, name=name, recipe=recipe))
    expected = subject(delivery, "file-wrong-format", "error", "another format than configured", key=_first(delivery))
    return befall(world, find_intact(world, run), delivery, "other format", expected)


def whole_run_of_other_compression(world: World, run: Run) -> World:
    """Every file is sound, well named and compressed otherwise than configured: told once."""
    delivery = find_intact(world, run)
    for part in delivery.parts:
        recipe = replace(part.recipe, compression="none" if part.recipe.compression == "gzip" else "gzip")
        name = part.name.removesuffix(part.recipe.extension) + recipe.extension
        delivery = rewrite(delivery, part, replace(part, name=name, recipe=recipe))
    expected = subject(delivery, "file-wrong-compression", "warning", "all of them", key=_first(delivery))
    return befall(world, find_intact(world, run), delivery, "other compression", expected)


def whole_run_without_records(world: World, run: Run) -> World:
    """Every file is sound and empty of records: told once."""
    delivery = find_intact(world, run)
    needs(delivery.parts[0].recipe.extension != "json", "an empty plain file has no bytes")
    for part in delivery.parts:
        delivery = rewrite(delivery, part, replace(part, recipe=replace(part.recipe, rows=0)))
    expected = subject(delivery, "file-no-records", "info", "no records in any file", key=_first(delivery))
    return befall(world, find_intact(world, run), delivery, "no records", expected)


def copy_by_hand(world: World, run: Run) -> World:
    """Somebody copied a file inside the folder: the same contents twice, and no manifest lists the second."""
    delivery = find_intact(world, run)
    part = pick(delivery, 0)
    needs(part.recipe.rows, "nothing in it to stand twice")
    copy = replace(part, name=f"part-99999-copy.{part.recipe.extension}", modified=delivery.complete_at)
    expected = [subject(delivery, "file-duplicate", "warning", "a copy by hand", key=delivery.prefix + copy.name)]
    if delivery.manifests:
        note = "and no manifest lists it"
        expected.append(subject(delivery, "manifest-file-extra", "warning", note, key=delivery.prefix + copy.name))
    return befall(world, delivery, replace(delivery, parts=(*delivery.parts, copy)), "copy by hand", *expected)


def second_write(world: World, run: Run) -> World:
    """A retried job wrote the whole export a second time into the same folder; the manifest lists the first."""
    delivery = find_intact(world, run)
    needs(all(part.recipe.rows for part in delivery.parts), "nothing to stand twice")
    write = Write(Random(f"{world.seed}/{run.due}/second write"))
    again = [
        replace(part, name=write.name(int(part.name[5:10]), part.recipe.extension), modified=delivery.complete_at)
        for part in delivery.parts
    ]
    expected = [subject(delivery, "file-duplicate", "warning", "a second write")]
    if delivery.manifests:
        expected.append(subject(delivery, "manifest-file-extra", "warning", "which no manifest lists"))
    return befall(world, delivery, replace(delivery, parts=(*delivery.parts, *again)), "second write", *expected)


def locked(world: World, run: Run, *, named: bool) -> World:
    """One file is encrypted with a key that nobody told the auditor of: neither good nor bad."""
    delivery = find_intact(world, run)
    part = pick(delivery, -1)
    new = replace(part, name=part.name + ".gpg" if named else part.name, edits=(partial(_become, other=GPG),))
    expected = subject(delivery, "file-unverifiable", "warning", "encrypted", key=delivery.prefix + new.name)
    spoilt = replace(rewrite(delivery, part, new), doubtful=True)
    return befall(world, delivery, spoilt, "locked", expected, sound=False)


def strange(world: World, run: Run) -> World:
    """One part has no known ending and no known contents: no decoder here may call it damaged."""
    delivery = find_intact(world, run)
    part = pick(delivery, -1)
    new = replace(part, name=part.name.split(".")[0] + ".bin", edits=(partial(_become, other=b"\x89ABC\x00\x01"),))
    expected = subject(delivery, "file-unverifiable", "warning", "unknown", key=delivery.prefix + new.name)
    spoilt = replace(rewrite(delivery, part, new), doubtful=True)
    return befall(world, delivery, spoilt, "strange", expected, sound=False)


def exchange(world: World, run: Run) -> World:
    """The contents of two files were exchanged: each is sound, neither has the size listed for its name."""
    delivery = find_intact(world, run)
    needs_manifest(delivery)
    needs(len(delivery.parts) >= 2, "only one file")
    one, other = delivery.parts[:2]
    needs(len(one.render()) != len(other.render()), "of the same size")
    swapped = (replace(one, recipe=other.recipe), replace(other, recipe=one.recipe), *delivery.parts[2:])
    note, key = "two files exchanged", delivery.prefix + min(one.name, other.name)
    expected = subject(delivery, "manifest-size-mismatch", "error", note)
    assert key in {delivery.prefix + p.name for p in swapped}
    return befall(world, delivery, replace(delivery, parts=swapped), "exchange", expected, sound=False)


def file_of_another_run(world: World, run: Run) -> World:
    """A file was overwritten by one of the run before: sound, and of another size than listed."""
    delivery = find_intact(world, run)
    needs_manifest(delivery)
    before = [d for d in world.deliveries if (d.flow, d.dataset) == run[:2] and d.due and d.due < run.due]
    needs(before and before[-1].parts, "nothing before it")
    part, other = delivery.parts[0], before[-1].parts[0]
    needs(len(part.render()) != len(other.render()), "of the same size")
    parts = (replace(part, recipe=other.recipe), *delivery.parts[1:])
    needs(other.recipe.rows and part.recipe.format == other.recipe.format, "another format")
    needs(part.recipe.extra_column == other.recipe.extra_column, "other columns")
    key = delivery.prefix + part.name
    expected = subject(delivery, "manifest-size-mismatch", "error", "a file of another run", key=key)
    return befall(world, delivery, replace(delivery, parts=parts), "other run's file", expected, sound=False)


def _become(_data: bytes, *, other: bytes) -> bytes:
    return other


def _first(delivery) -> str:
    return delivery.prefix + min(part.name for part in delivery.parts)


KINDS = (
    Kind("the other format under the old name", faults.rename_format, (("file-wrong-format", "error"),), DAMAGED),
    Kind("a run in the other format", whole_run_of_other_format, (("file-wrong-format", "error"),)),
    Kind("another compression, named so", faults.wrong_compression, (("file-wrong-compression", "warning"),)),
    Kind(
        "another compression under the old name",
        partial(faults.wrong_compression, named=False),
        (("file-wrong-compression", "warning"),),
    ),
    Kind("a run in another compression", whole_run_of_other_compression, (("file-wrong-compression", "warning"),)),
    Kind("a file without records", faults.no_records, (("file-no-records", "info"),)),
    Kind("a run without records", whole_run_without_records, (("file-no-records", "info"),)),
    Kind("a retried task left both files", faults.repeat_task, (("file-duplicate", "warning"),)),
    Kind(
        "a file copied by hand",
        copy_by_hand,
        (("file-duplicate", "warning"), ("manifest-file-extra", "warning")),
    ),
    Kind(
        "the whole export written twice",
        second_write,
        (("file-duplicate", "warning"), ("manifest-file-extra", "warning")),
    ),
    Kind(
        "an encrypted file, named so",
        partial(locked, named=True),
        (("file-unverifiable", "warning"),),
        ("on_time", "unverifiable"),
    ),
    Kind(
        "an encrypted file under the old name",
        partial(locked, named=False),
        (("file-unverifiable", "warning"),),
        ("on_time", "unverifiable"),
    ),
    Kind("a part of no known kind", strange, (("file-unverifiable", "warning"),), ("on_time", "unverifiable")),
    Kind("one file with other columns", faults.odd_schema, (("schema-mismatch", "warning"),)),
    Kind("other columns from here on", faults.change_schema, (("schema-changed", "warning"),)),
    Kind("two files exchanged", exchange, (SIZE,), ("on_time", "incomplete")),
    Kind("a file of the run before", file_of_another_run, (SIZE,), ("on_time", "incomplete")),
)
