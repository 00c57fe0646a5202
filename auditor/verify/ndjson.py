"""One reading of a JSON file: container and lines, from first byte to last."""

import os
import zlib
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from auditor.model import Compression
from auditor.verify.ahead import read_ahead
from auditor.verify.gunzip import RAW_BYTES, TEXT_BYTES, ContainerFault, Gunzip
from auditor.verify.lines import LineJudge, LineTooLong
from auditor.verify.names import HEAD_BYTES, find_format, is_json_text
from auditor.verify.shapes import Shapes
from auditor.verify.source import Source

__all__ = ["Reading", "read_ndjson"]

_THREAD_BYTES: Final = 1024 * 1024  # smaller files are not worth threads
_THREADS_LIMIT: Final = 3  # as many prove lines as fast as one inflates them


@dataclass(slots=True)
class Reading:
    """What one pass over the stored bytes saw."""

    engine: str
    mark: str  # as `find_format` has it; "" for text
    foreign: bool  # neither JSON text nor gzip: the lines were not read
    head: bytes = b""
    judge: LineJudge = field(default_factory=lambda: LineJudge(Shapes(), fast=False))
    container: ContainerFault | None = None
    too_long: LineTooLong | None = None
    raw_crc: int = 0  # of all stored bytes (of the first ones, if foreign): tells two reads apart
    text_crc: int = 0
    text_bytes: int = 0
    members: int = 0
    padding_bytes: int = 0

    @property
    def compression(self) -> Compression:
        return Compression.GZIP if self.mark == "gzip" else Compression.NONE

    @property
    def clean(self) -> bool:
        return not (self.foreign or self.container or self.too_long or self.judge.bad_lines)

    @property
    def digest(self) -> str:
        """Of the decoded text: equal for equal text, packed or not."""
        return f"crc32:{self.text_crc:08x}:{self.text_bytes}"


def read_ndjson(source: Source, shapes: Shapes, *, engine: str = "isal", fast: bool = True) -> Reading:
    """Read `source` once, whole, unless its first bytes are those of something else. Raises DestinationError.

    `engine` inflates (see gunzip), `fast` says whether the fast parser may speak. The answer depends on neither.
    """
    with source.stream() as stored:
        raw = _Tap(stored)
        head = raw.peek(HEAD_BYTES)
        mark = find_format(head)
        reading = Reading(engine, mark, mark not in ("", "gzip") or (not mark and not is_json_text(head)), head)
        if not reading.foreign:
            threads = _threads() if source.size > _THREAD_BYTES else nullcontext()
            with threads as helpers:
                reading.judge = LineJudge(shapes, fast=fast, helpers=helpers)
                _read_text(reading, raw, ahead=bool(helpers))
            raw.drain()  # so that two reads can be compared, and a wrong length shows
        reading.raw_crc = raw.crc
    return reading


def _threads() -> Executor:
    """They help to judge while another one inflates: both let go of the interpreter while they work."""
    return ThreadPoolExecutor(min(os.cpu_count() or 1, _THREADS_LIMIT), thread_name_prefix="judge")


def _read_text(reading: Reading, raw: "_Tap", *, ahead: bool) -> None:
    gzip = Gunzip(raw, reading.engine) if reading.mark == "gzip" else None
    chunks = iter(gzip) if gzip else _plain(raw)
    try:
        if ahead:
            with closing(read_ahead(chunks)) as fetched:
                _judge(reading, fetched)
        else:
            _judge(reading, chunks)
    except ContainerFault as fault:
        reading.container = fault
    except LineTooLong as error:
        reading.too_long = error
    if gzip:
        reading.members, reading.padding_bytes = gzip.members, gzip.padding_bytes


def _judge(reading: Reading, decoded: Iterator[bytes]) -> None:
    from isal.isal_zlib import crc32

    try:
        for chunk in decoded:
            reading.text_crc = crc32(chunk, reading.text_crc)
            reading.text_bytes += len(chunk)
            reading.judge.feed(chunk)
        reading.judge.finish()
    finally:
        reading.judge.settle()  # what was read before a fault is judged too


def _plain(raw: "_Tap") -> Iterator[bytes]:
    while chunk := raw.read(TEXT_BYTES):
        yield chunk


class _Tap:
    """Stored bytes on their way, checksummed."""

    def __init__(self, stored: BinaryIO) -> None:
        self._stored = stored
        self._ahead = b""
        self.crc = 0

    def peek(self, size: int) -> bytes:
        """The first bytes, which `read` gives again."""
        self._ahead = self._take(RAW_BYTES)
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """At most `size` bytes; b"" at the end."""
        if self._ahead:
            data, self._ahead = self._ahead[:size], self._ahead[size:]
            return data
        return self._take(size)

    def drain(self) -> None:
        """Read what is left."""
        while self._take(TEXT_BYTES):
            pass

    def _take(self, size: int) -> bytes:
        data = self._stored.read(size)
        self.crc = zlib.crc32(data, self.crc)
        return data
