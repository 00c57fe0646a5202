"""Lines that are not one JSON object each, written so: container and manifest agree."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from auditor.worlds import Run, World
from auditor.worlds.faults.befall import befall, find_intact, pick, rewrite, subject
from tests.faults.kinds import Kind, needs

Lines = list[bytes]


def in_text(data: bytes, *, change: Callable[[Lines], Lines]) -> bytes:
    """`data` with its lines changed, packed as it was."""
    packed = data[:2] == b"\x1f\x8b"
    lines = (gzip.decompress(data) if packed else data).splitlines(keepends=True)
    text = b"".join(change(lines))
    return gzip.compress(text, compresslevel=6, mtime=0) if packed else text


def in_place_of_middle(lines: Lines, *, line: bytes) -> Lines:
    middle = len(lines) // 2
    return [*lines[:middle], line, *lines[middle + 1 :]]


def as_array(lines: Lines) -> Lines:
    return [b"[", b",".join(line.rstrip(b"\n") for line in lines), b"]\n"]


def over_two_lines(lines: Lines) -> Lines:
    return [lines[0].replace(b",", b",\n", 1), *lines[1:]]


def two_on_one_line(lines: Lines) -> Lines:
    return [lines[0].rstrip(b"\n") + lines[1], *lines[2:]]


def mark_inside(lines: Lines) -> Lines:
    return [lines[0], b"\xef\xbb\xbf" + lines[1], *lines[2:]]


def other_encoding(lines: Lines) -> Lines:
    return [b"".join(lines).decode().encode("utf-16")]


def latin(lines: Lines) -> Lines:
    return [*lines, '{"name":"größe"}\n'.encode("latin-1")]


def cut_in_last(lines: Lines) -> Lines:
    return [*lines[:-1], lines[-1][: len(lines[-1]) // 2].rstrip(b"\\")]


def packed_twice(data: bytes) -> bytes:
    return gzip.compress(data, compresslevel=6, mtime=0)


def _write(world: World, run: Run, *, code: str, edit: Callable[[bytes], bytes], packed: bool = False) -> World:
    delivery = find_intact(world, run)
    part = pick(delivery, -1)
    needs(part.recipe.format == "json" and part.recipe.rows >= 2, "no lines to spoil")
    needs(not packed or part.recipe.compression == "gzip", "not packed")
    expected = subject(delivery, code, "error", "written so", key=delivery.prefix + part.name)
    spoilt = rewrite(delivery, part, replace(part, edits=(edit,)))
    return befall(world, delivery, spoilt, code, expected, sound=False)


def _kind(name: str, change: Callable[[Lines], Lines], code: str = "record-invalid") -> Kind:
    befall_it = partial(_write, code=code, edit=partial(in_text, change=change))
    return Kind(name, befall_it, ((code, "error"),), ("on_time", "damaged"))


def _line(name: str, line: bytes) -> Kind:
    return _kind(name, partial(in_place_of_middle, line=line))


KINDS = (
    _kind("an array instead of lines", as_array),
    _kind("a record over two lines", over_two_lines),
    _kind("two records on one line", two_on_one_line),
    _kind("a byte order mark inside", mark_inside),
    _kind("UTF-16 text", other_encoding),
    _kind("a line in Latin-1", latin),
    _kind("the last record cut", cut_in_last, "file-truncated"),
    _line("a record cut in the middle", b'{"_id":"1","web":{"name":"ho\n'),
    _line("NaN", b'{"value":NaN}\n'),
    _line("Infinity", b'{"value":-Infinity}\n'),
    _line("invalid UTF-8", b'{"name":"\xc3\x28"}\n'),
    _line("an overlong form in UTF-8", b'{"name":"\xc0\xaf"}\n'),
    _line("a surrogate in UTF-8", b'{"name":"\xed\xa0\x80"}\n'),
    _line("null for a record", b"null\n"),
    _line("a number for a record", b"17\n"),
    _line("a text for a record", b'"record"\n'),
    _line("a trailing comma", b'{"a":1,}\n'),
    _line("a comment", b'{"a":1} // one\n'),
    _line("a leading zero", b'{"a":01}\n'),
    _line("a raw control character", b'{"a":"\x01"}\n'),
    _line("NUL bytes for a record", b"\x00\x00\x00\x00\n"),
    _line("single quotes", b"{'a':1}\n"),
    Kind(
        "gzip inside gzip",
        partial(_write, code="record-invalid", edit=packed_twice, packed=True),
        (("record-invalid", "error"),),
        ("on_time", "damaged"),
    ),
)
