"""L2 for JSON files: first and last bytes by ranged reads, never the whole file."""

from auditor.model import Compression, Content, Fault, FileCheck, FileFormat, Level
from auditor.verify.gunzip import parse_header
from auditor.verify.names import HEAD_BYTES, JSON_SPACE, find_format, is_json_text
from auditor.verify.ndjson import Reading
from auditor.verify.remarks import judge_name, name_foreign
from auditor.verify.source import Source

__all__ = ["check_edges"]

_TAIL_BYTES = 8  # checksum and length of the last gzip member
_SMALLEST_GZIP = 18  # header and trailer; deflate adds at least two bytes
_MOST_PACKED = 1032  # deflate makes nothing smaller than 1:1032


def check_edges(source: Source) -> FileCheck:
    """Say whether `source` begins and ends as its format does. A fault is looked for twice. Raises DestinationError."""
    first = _look(source)
    if first.content is Content.SOUND:
        return first
    second = _look(source)
    if second.content is Content.SOUND:
        return _with_fact(second)
    return second


def _with_fact(check: FileCheck) -> FileCheck:
    from dataclasses import replace

    return replace(check, facts={**check.facts, "second_read": "first read differed"})


def _look(source: Source) -> FileCheck:
    head = source.read_at(0, min(source.size, HEAD_BYTES))
    size = min(source.size, _TAIL_BYTES)
    tail = source.read_at(source.size - size, size)
    mark = find_format(head)
    reading = Reading("", mark, foreign=mark not in ("", "gzip") or (not mark and not is_json_text(head)), head=head)
    name = source.file.name
    if reading.foreign:
        return _answer(source, reading, name_foreign(name, reading))
    fault = _look_at_gzip(source.size, head, tail) if mark == "gzip" else _look_at_text(tail)
    return _answer(source, reading, fault, remarks=judge_name(name, reading))


def _look_at_gzip(size: int, head: bytes, tail: bytes) -> tuple[Fault, ...]:
    try:
        parse_header(head)
    except ValueError as error:
        return (Fault("file-corrupt", f"The gzip file is corrupt: {error}.", {"offset": 0}),)
    length = int.from_bytes(tail[4:], "little")
    if size < _SMALLEST_GZIP or length > size * _MOST_PACKED:
        evidence = {"bytes": size, "decoded_bytes_claimed": length}
        return (Fault("file-truncated", "The gzip file does not end with a gzip trailer.", evidence),)
    return ()


def _look_at_text(tail: bytes) -> tuple[Fault, ...]:
    last = tail.rstrip(JSON_SPACE)[-1:]
    if last in (b"}", b""):
        return ()
    return (Fault("file-truncated", "The file does not end with a closed object.", {"last_byte": last.hex()}),)


def _answer(
    source: Source, reading: Reading, faults: tuple[Fault, ...], *, remarks: tuple[Fault, ...] = ()
) -> FileCheck:
    return FileCheck(
        key=source.file.key,
        content=Content.DAMAGED if faults else Content.SOUND,
        level=Level.L1 if faults else Level.L2,
        format=None if reading.foreign else FileFormat.JSON,
        compression=None if reading.foreign else Compression(reading.compression),
        faults=(*faults, *remarks),
    )
