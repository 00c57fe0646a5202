"""What happens to the bytes of one file after it was written and listed."""

import gzip
import zipfile
from collections.abc import Callable
from functools import partial
from io import BytesIO

from auditor.worlds import Run, World
from auditor.worlds.faults import edits
from auditor.worlds.faults.befall import befall, find_intact, pick, spoil, subject
from tests.faults.kinds import Kind, needs

PAGE = b"<!DOCTYPE html><html><head><title>503</title></head><body>Service Unavailable</body></html>\n"


def cut_last(data: bytes, *, count: int) -> bytes:
    return data[:-count]


def first(data: bytes, *, count: int) -> bytes:
    return data[:count]


def flip(data: bytes, *, offset: int, mask: int = 1) -> bytes:
    """One byte changed; a negative offset counts from the end."""
    place = offset % len(data)
    return data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :]


def add(data: bytes, *, tail: bytes) -> bytes:
    return data + tail


def blank(data: bytes, *, begin: float, end: float) -> bytes:
    """Zeros in place of a part, as a preallocated or sparse upload leaves them."""
    a, b = int(len(data) * begin), max(int(len(data) * end), int(len(data) * begin) + 8)
    return data[:a] + bytes(min(b, len(data)) - a) + data[b:]


def become(_data: bytes, *, other: bytes) -> bytes:
    return other


def wrap_gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def zipped(data: bytes) -> bytes:
    sink = BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("part.json", (2026, 1, 1, 0, 0, 0)), data)
    return sink.getvalue()


def unpack(data: bytes) -> bytes:
    return gzip.decompress(data)


def _spoil_bytes(world: World, run: Run, *, code: str, edit: Callable[[bytes], bytes], wants: str) -> World:
    delivery = find_intact(world, run)
    number = len(run.dataset + str(run.due)) % len(delivery.parts)
    part = pick(delivery, number)
    needs(wants in ("any", f"{part.recipe.format}/{part.recipe.compression}", part.recipe.format), wants)
    key = delivery.prefix + part.name
    expected = [subject(delivery, code, "error", f"{code} by hand", key=key)]
    before, after = part.render(), edit(part.render())
    needs(before != after, "it would change nothing")
    if delivery.manifests and len(before) != len(after):
        expected.append(subject(delivery, "manifest-size-mismatch", "error", "the listed size is the old one", key=key))
    return befall(world, delivery, spoil(delivery, part, edit), code, *expected, sound=False)


def _kind(name: str, wants: str, code: str, edit: Callable[[bytes], bytes]) -> Kind:
    causes = ((code, "error"), ("manifest-size-mismatch", "error"))
    return Kind(name, partial(_spoil_bytes, code=code, edit=edit, wants=wants), causes, ("on_time", "damaged"))


GZ = "json/gzip"
KINDS = (
    _kind("half of a gzip file", GZ, "file-truncated", partial(edits.cut, keep=0.5)),
    _kind("most of a gzip file", GZ, "file-truncated", partial(edits.cut, keep=0.97)),
    _kind("gzip without its last byte", GZ, "file-truncated", partial(cut_last, count=1)),
    _kind("gzip without its trailer", GZ, "file-truncated", partial(cut_last, count=8)),
    _kind("gzip cut inside its header", GZ, "file-truncated", partial(first, count=6)),
    _kind("one flipped bit in gzip data", GZ, "file-corrupt", edits.flip_gzip),
    _kind("a flipped bit in the gzip checksum", GZ, "file-corrupt", partial(flip, offset=-7)),
    _kind("a flipped bit in the gzip length", GZ, "file-corrupt", partial(flip, offset=-3)),
    _kind("reserved flags in the gzip header", GZ, "file-corrupt", partial(flip, offset=3, mask=0xE0)),
    _kind("bytes behind the gzip member", GZ, "file-corrupt", partial(add, tail=b"\x07trash\n")),
    _kind("half a second gzip member", GZ, "file-truncated", partial(add, tail=gzip.compress(b'{"a":1}\n')[:14])),
    _kind("a blank stretch in gzip data", GZ, "file-corrupt", partial(blank, begin=0.5, end=0.6)),
    _kind("a file full of zeros", GZ, "file-wrong-format", partial(blank, begin=0, end=1)),
    _kind("an error page in place of JSON", GZ, "file-wrong-format", partial(become, other=PAGE)),
    _kind("a zip archive in place of gzip", GZ, "file-wrong-format", zipped),
    _kind(
        "zstd in place of gzip", GZ, "file-wrong-format", partial(become, other=b"\x28\xb5\x2f\xfd\x04\x00\x01\x00\x00")
    ),
    _kind("half of a Parquet file", "parquet", "file-truncated", partial(edits.cut, keep=0.5)),
    _kind("Parquet without its footer mark", "parquet", "file-truncated", partial(cut_last, count=4)),
    _kind("Parquet without its last byte", "parquet", "file-truncated", partial(cut_last, count=1)),
    _kind("Parquet of its first mark alone", "parquet", "file-truncated", partial(first, count=4)),
    _kind("one flipped bit in a Parquet page", "parquet", "file-corrupt", edits.flip_parquet),
    _kind("a Parquet footer of zeros", "parquet", "file-corrupt", partial(blank, begin=0.8, end=0.95)),
    _kind("bytes behind the Parquet footer", "parquet", "file-truncated", partial(add, tail=b"trash")),
    _kind("an error page in place of Parquet", "parquet", "file-wrong-format", partial(become, other=PAGE)),
    _kind("JSON in place of Parquet", "parquet", "file-wrong-format", partial(become, other=b'{"a":1}\n')),
    _kind("a gzip file around a Parquet file", "parquet", "file-wrong-format", wrap_gzip),
    _kind("no bytes at all", "any", "file-empty", edits.empty),
)
