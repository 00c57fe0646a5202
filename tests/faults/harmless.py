"""What looks odd and is harmless: an audit must say nothing of it at or above warning."""

import gzip
import io
import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pyarrow.parquet as pq

from auditor.worlds import Run, World, faults
from auditor.worlds.faults.befall import befall, find_intact, needs_manifest, pick, rewrite
from auditor.worlds.model import Delivery, Loose, Part
from auditor.worlds.names import render_manifest
from auditor.worlds.plan import deliver
from auditor.worlds.schedule import list_due_times
from tests.faults.kinds import Befall, Kind, needs


def kind(name: str, befall_it: Befall, verdict: tuple[str, str] | None = ("on_time", "sound")) -> Kind:
    return Kind(name, befall_it, (), verdict)


def written(name: str, edit: Callable[[bytes], bytes], *, wants: str) -> Kind:
    """A file that another writer would have written so; the manifest agrees."""

    def write(world: World, run: Run) -> World:
        delivery = find_intact(world, run)
        part = pick(delivery, 0)
        needs(wants in (part.recipe.format, f"{part.recipe.format}/{part.recipe.compression}"), wants)
        needs(part.recipe.rows >= 2, "too few records")
        return befall(world, delivery, rewrite(delivery, part, replace(part, edits=(edit,))), name)

    return kind(name, write)


def lines(change: Callable[[list[bytes]], list[bytes]], data: bytes) -> bytes:
    return gzip.compress(b"".join(change(gzip.decompress(data).splitlines(keepends=True))), mtime=0)


def members(data: bytes) -> bytes:
    """One gzip member per line, an empty one last, as parallel packers write."""
    return b"".join(gzip.compress(line, mtime=0) for line in [*gzip.decompress(data).splitlines(keepends=True), b""])


def full_header(data: bytes) -> bytes:
    """A gzip header with file name, comment, extra field and its own checksum."""
    head = b"\x1f\x8b\x08\x1e" + b"\x00\xf1\x53\x65" + b"\x02\x03" + b"\x04\x00ab\x00\x00" + b"part.json\x00note\x00"
    return head + (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little") + data[10:]


def padded(data: bytes) -> bytes:
    return data + bytes(512)


def stored_blocks(data: bytes) -> bytes:
    return gzip.compress(gzip.decompress(data), compresslevel=0, mtime=1)


def parquet(data: bytes, **options: Any) -> bytes:
    """The same table written otherwise."""
    table, sink = pq.read_table(io.BytesIO(data)), io.BytesIO()
    pq.write_table(table, sink, **{"compression": "snappy", "store_schema": False} | options)
    return sink.getvalue()


def packed_parquet(data: bytes, **options: Any) -> bytes:
    return parquet(data, compression="gzip", **options)


def empty_groups(data: bytes, *, compression: str) -> bytes:
    """Row groups without rows before, between and after those with rows."""
    table, sink = pq.read_table(io.BytesIO(data)), io.BytesIO()
    with pq.ParquetWriter(sink, table.schema, compression=compression, store_schema=False) as writer:
        for piece in (table.slice(0, 0), table.slice(0, 1), table.slice(0, 0), table.slice(1), table.slice(0, 0)):
            writer.write_table(piece)
    return sink.getvalue()


def beside(name: str, *names: str, data: bytes = b"") -> Kind:
    """Objects beside the data files that are no data."""

    def leave(world: World, run: Run) -> World:
        delivery = find_intact(world, run)
        loose = tuple(Loose(delivery.prefix + one, data, delivery.complete_at) for one in names)
        return befall(world, delivery, replace(delivery, loose=loose), name)

    return kind(name, leave)


def at_the_top(name: str, *names: str, data: bytes = b"x") -> Kind:
    """Objects at the folder path that every audit leaves alone."""

    def leave(world: World, run: Run) -> World:
        root = f"{world.folder}/" if world.folder else ""
        keys = {item.key for item in world.loose}
        needs(all(root + one and root + one not in keys for one in names), "no place for it")
        return replace(world, loose=(*world.loose, *(Loose(root + one, data, run.due) for one in names)))

    return kind(name, leave, None)


def renamed(name: str, rename: Callable[[Part], str]) -> Kind:
    """Files of other names than Experience Platform's; the manifest lists them so."""

    def write(world: World, run: Run) -> World:
        delivery = find_intact(world, run)
        part = pick(delivery, 0)
        return befall(world, delivery, rewrite(delivery, part, replace(part, name=rename(part))), name)

    return kind(name, write)


def listed(name: str, edit: Callable[[bytes, Delivery], bytes]) -> Kind:
    """A manifest that says the same in another way, or more."""

    def write(world: World, run: Run) -> World:
        delivery = find_intact(world, run)
        needs_manifest(delivery)
        manifest = delivery.manifests[0]
        edit(render_manifest(manifest), delivery)  # NotHere now, and not when the world is laid out
        changed = replace(manifest, edits=(lambda data: edit(data, delivery),))
        return befall(world, delivery, replace(delivery, manifests=(changed,)), name)

    return kind(name, write)


def told(data: bytes, **changes: Any) -> bytes:
    return json.dumps(json.loads(data) | changes, indent=2).encode()


def null_sizes(data: bytes, _delivery: Delivery) -> bytes:
    return told(data, exportResults=[entry | {"size": None} for entry in json.loads(data)["exportResults"]])


def twice_listed(data: bytes, _delivery: Delivery) -> bytes:
    return told(data, exportResults=json.loads(data)["exportResults"] * 2)


def more_fields(data: bytes, _delivery: Delivery) -> bytes:
    return told(data, schemaVersion=3, checksums={"a": [1, {"b": None}]})


def marked(data: bytes, _delivery: Delivery) -> bytes:
    return b"\xef\xbb\xbf" + data + b"\r\n"


def odd_time(data: bytes, _delivery: Delivery) -> bytes:
    return told(data, scheduledTime="yesterday")


def bucket_in_front(data: bytes, delivery: Delivery) -> bytes:
    entries = json.loads(data)["exportResults"]
    return told(data, exportResults=[e | {"sinkPath": f"some-bucket{e['sinkPath']}/"} for e in entries])


def of_others_too(data: bytes, delivery: Delivery) -> bytes:
    """The manifest of a whole run: entries of another dataset stand in it as well."""
    other = "5ef3e3259ad2a1191ab7dd7d"
    entries = json.loads(data)["exportResults"]
    path = delivery.prefix.rstrip("/").replace(delivery.dataset, other)
    needs(other in path, "its paths name no dataset")
    return told(data, exportResults=[*entries, {"sinkPath": f"/{path}", "name": "part-00000.json.gz", "size": 5}])


def upload_under_way(world: World, run: Run) -> World:
    """Twenty minutes after the due time the first file alone is there: arriving, inside the grace."""
    needs(list(world.runs())[-1] == run and len(world.flows) == 1 and len(world.flows[0].datasets) == 1, "not the last")
    delivery = world.delivery(run)
    needs(not delivery.faults and len(delivery.parts) >= 2, "one file alone is whole")
    now = delivery.parts[0].modified + timedelta(minutes=1)
    needs(delivery.parts[1].modified > now and now < run.due + timedelta(hours=2), "too late")
    return replace(world, now=now).judged(run, "arriving", "unchecked")


def before_the_watch(world: World, run: Run) -> World:
    """Exports from before the flow's start: not watched, neither good nor bad."""
    flow = world.flow(run.flow)
    extra = deliver(world, flow, flow.dataset(run.dataset), flow.start - timedelta(days=3))
    needs(not any(d.prefix == extra.prefix for d in world.deliveries), "there already")
    return world.with_delivery(None, replace(extra, due=None, sound=False, faults=("before",)))


def not_renamed_yet(world: World, run: Run) -> World:
    """A folder that its uploader will rename when it is whole, beside the ones that are."""
    delivery = find_intact(world, run)
    needs("exportTime=" in delivery.prefix, "another template")
    prefix = f"{delivery.prefix.rstrip('/')}.tmp/"
    passing = replace(delivery, due=None, flow="", prefix=prefix, manifests=(), sound=False, faults=("passing",))
    needs(not any(d.prefix == prefix for d in world.deliveries), "there already")
    return world.with_delivery(None, passing)


def jitter(world: World, run: Run, *, seconds: int) -> World:
    """The stamp of the folder is some seconds beside the due time."""
    flow = world.flow(run.flow)
    needs(flow.digits == 14 and "EXPORT_TIME" in flow.template, "no seconds in it")
    old = find_intact(world, run)
    new = deliver(world, flow, flow.dataset(run.dataset), run.due, after=timedelta(seconds=seconds))
    needs(not any(d.prefix == new.prefix and d is not old for d in world.deliveries), "taken")
    return befall(world, old, new, "jitter")


def sub_folders(world: World, run: Run) -> World:
    """Files in folders of their own below the export folder; the manifest lists their paths."""
    delivery = find_intact(world, run)
    part = pick(delivery, 0)
    return befall(world, delivery, rewrite(delivery, part, replace(part, name=f"region=eu/{part.name}")), "nested")


def pause(world: World, run: Run) -> World:
    """Days without exports, as configured."""
    flow = world.flow(run.flow)
    day = run.due.date()
    needs(flow.zone == "UTC" and day > flow.start.date() and world.now - run.due > timedelta(days=4), "no day for it")
    changed = replace(flow, exceptions=(*flow.exceptions, day))
    kept = tuple(d for d in world.deliveries if d.flow != flow.name or (d.due or d.export_time).date() != day)
    gone = [d for d in world.deliveries if d not in kept]
    needs(not any(d.faults for d in gone) and list_due_times(changed, world.now), "something befell it")
    return replace(world, flows=tuple(changed if f is flow else f for f in world.flows), deliveries=kept)


def outside(world: World, run: Run) -> World:
    """What lies beside the folder path is nobody's business."""
    needs(world.folder and not any(i.key.startswith("elsewhere/") for i in world.loose), "the whole place is looked at")
    keys = (f"elsewhere/{run.dataset}/exportTime=202610050000/part-0.json.gz", f"{world.folder}-2/part-0.json.gz")
    return replace(world, loose=(*world.loose, *(Loose(key, b"not gzip", run.due) for key in keys)))


def _deep(all_lines: list[bytes]) -> list[bytes]:
    return [*all_lines, b'{"a":' * 500 + b"1" + b"}" * 500 + b"\n"]


def _odd_values(all_lines: list[bytes]) -> list[bytes]:
    return [*all_lines, rb'{"a":"\ud800","b":123456789012345678901234567890,"c":1e400,"":{}}' + b"\n", b"{}\n"]


JSON, GZ, PACKED, PLAIN = "json", "json/gzip", "parquet/gzip", "parquet/none"
KINDS = (
    kind("a Spark job's marks", faults.leave_marks),
    beside("marks of other writers", "_metadata", "._part-00000.crc", ".part-00000.json.gz.crc", "_SUCCESS.crc"),
    beside("markers of folders", "", "sub/", "region_$folder$"),
    beside("a writer's log below a hidden name", "_spark_metadata/0", ".hidden/part-00000.json.gz", data=b"not gzip"),
    at_the_top("temporary folders of Azure", "_$azuretmpfolder$/part-00000.json.gz", ".snapshot/x/part-1.parquet"),
    at_the_top("hidden names at the top", ".DS_Store", "_logs/2026/run.log", "._notes.txt"),
    at_the_top("the folder path's own marker", "", data=b""),
    renamed("a name without Spark's pattern", lambda part: f"export.{part.recipe.extension}"),
    renamed("a name with blanks and signs", lambda part: f"part-00001 größe+%20 (1)&x={part.name[-20:]}"),
    renamed("a name in another script", lambda part: f"part-データ.{part.recipe.extension}"),
    renamed("a long name", lambda part: f"part-{'9' * 180}.{part.recipe.extension}"),
    renamed("an ending in capitals", lambda part: f"part-00009.{part.recipe.extension.upper()}"),
    kind("files in folders of their own", sub_folders),
    written("gzip of many members", members, wants=GZ),
    written("a gzip header with all fields", full_header, wants=GZ),
    written("zeros behind a gzip file", padded, wants=GZ),
    written("gzip without compression", stored_blocks, wants=GZ),
    written("CRLF lines", partial(lines, lambda all_: [one.replace(b"\n", b"\r\n") for one in all_]), wants=GZ),
    written("blank lines", partial(lines, lambda all_: [b"\n", *all_, b"\n", b"  \n"]), wants=GZ),
    written("a byte order mark at the start", partial(lines, lambda all_: [b"\xef\xbb\xbf", *all_]), wants=GZ),
    written("no final line feed", partial(lines, lambda all_: [*all_[:-1], all_[-1].rstrip()]), wants=GZ),
    written("white space around records", partial(lines, lambda all_: [b" \t" + all_[0], *all_[1:]]), wants=GZ),
    written("500 levels of nesting", partial(lines, _deep), wants=GZ),
    written("odd values", partial(lines, _odd_values), wants=GZ),
    written("duplicate names", partial(lines, lambda all_: [*all_, b'{"a":1,"a":2}\n']), wants=GZ),
    written("zstd pages", partial(parquet, compression="zstd"), wants=PLAIN),
    written("uncompressed pages", partial(parquet, compression="none"), wants=PLAIN),
    written("brotli pages", partial(parquet, compression="brotli"), wants=PLAIN),
    written("lz4 pages", partial(parquet, compression="lz4"), wants=PLAIN),
    written("pages of version 2", partial(packed_parquet, data_page_version="2.0"), wants=PACKED),
    written("no page checksums", packed_parquet, wants=PACKED),
    written("no dictionaries", partial(packed_parquet, use_dictionary=False), wants=PACKED),
    written("one row to a row group", partial(packed_parquet, row_group_size=1), wants=PACKED),
    written("tiny pages", partial(packed_parquet, data_page_size=1), wants=PACKED),
    written("no statistics", partial(packed_parquet, write_statistics=False), wants=PACKED),
    written("page indexes", partial(packed_parquet, write_page_index=True), wants=PACKED),
    written("empty row groups", partial(empty_groups, compression="gzip"), wants=PACKED),
    written("the schema of Arrow beside it", partial(packed_parquet, store_schema=True), wants=PACKED),
    listed("a manifest without sizes", null_sizes),
    listed("a manifest that lists each file twice", twice_listed),
    listed("a manifest with unknown fields", more_fields),
    listed("a manifest with a byte order mark", marked),
    listed("a manifest with no time", odd_time),
    listed("a bucket in front of the path", bucket_in_front),
    listed("a manifest of several datasets", of_others_too),
    kind("an upload inside the grace", upload_under_way, None),
    kind("exports from before the watch", before_the_watch, None),
    kind("a folder not renamed yet", not_renamed_yet),
    kind("a stamp one second later", partial(jitter, seconds=1)),
    kind("a stamp 59 seconds later", partial(jitter, seconds=59)),
    kind("a stamp nine minutes early", partial(jitter, seconds=-9 * 60)),
    kind("a planned pause", pause, None),
    kind("things beside the folder path", outside, None),
)
