"""From readings of one JSON file to an answer that would stand against us.

A clean reading is proof of soundness. A fault is proven when two readings of the same bytes, the second
opened anew and inflated by another implementation, agree on it. A fault that does not come back is a
remark; readings that differ each time are no proof of anything.
"""

from collections.abc import Callable

from auditor.model import Content, Evidence, Fault, FileCheck, FileFormat, Level
from auditor.verify.ndjson import Reading
from auditor.verify.reasons import Reason
from auditor.verify.remarks import describe_bad_lines, describe_text, judge_name, name_foreign

__all__ = ["judge_text", "unverifiable"]

_ENGINES = ("isal", "zlib", "isal")  # of the first reading and of those that must confirm it


def judge_text(key: str, name: str, read: Callable[[str], Reading]) -> FileCheck:
    """Judge the file `key` by at most three readings; `read` opens it anew and inflates with the engine named.

    Raises DestinationError where a reading cannot be had.
    """
    first = read(_ENGINES[0])
    if first.clean:
        return _sound(key, name, first, {})
    for engine in _ENGINES[1:]:
        second = read(engine)
        same = _same_bytes(first, second)
        if second.clean:
            return _sound(key, name, second, {"second_read": _explain_difference(first, second, same=same)})
        if same:
            return _faulty(key, name, first, second)
        first = second
    return unverifiable(
        key, Reason.READS_DISAGREE, "Every reading of the file gave other bytes, none of them sound.", {}
    )


def _same_bytes(first: Reading, second: Reading) -> bool:
    return (first.raw_crc, first.head) == (second.raw_crc, second.head)


def _explain_difference(first: Reading, second: Reading, *, same: bool) -> str:
    if not same:
        return "first read differed"
    return f"same bytes, refused by {_version(first.engine)} and read by {_version(second.engine)}"


def _sound(key: str, name: str, reading: Reading, facts: Evidence) -> FileCheck:
    faults = judge_name(name, reading)
    if not reading.judge.records:
        faults = (
            *faults,
            Fault("file-no-records", "The file is sound and holds no records.", {"bytes": reading.text_bytes}),
        )
    return FileCheck(
        key=key,
        content=Content.SOUND,
        level=Level.L3,
        format=FileFormat.JSON,
        compression=reading.compression,
        records=reading.judge.records,
        faults=faults,
        digest=reading.digest,
        facts={**describe_text(reading), **facts},
    )


def _faulty(key: str, name: str, first: Reading, second: Reading) -> FileCheck:
    """Two readings of the same bytes, neither clean."""
    if second.foreign:
        return _damaged(key, second, name_foreign(name, second), Level.L1)
    if second.container and first.container:
        return _damaged(key, second, (_container_fault(first, second), *judge_name(name, second)), Level.L1)
    if second.container:
        return unverifiable(
            key,
            Reason.ONE_DECODER_REFUSED,
            f"One decoder refuses the container, the other does not: {second.container.what}.",
            {"decoder": _version(second.engine)},
        )
    if second.judge.bad_lines:
        return _damaged(key, second, (*describe_bad_lines(second), *judge_name(name, second)), Level.L2)
    assert second.too_long
    return unverifiable(
        key,
        Reason.DECODER_LIMIT,
        "A line is longer than the longest record we hold in memory.",
        {"line": second.too_long.line, "offset": second.too_long.offset, "decoder": _version("pysimdjson")},
    )


def _container_fault(first: Reading, second: Reading) -> Fault:
    assert first.container
    assert second.container
    what = second.container.what
    fault = first.container if first.container.code == second.container.code else second.container
    what = first.container.what if fault is first.container else what
    return Fault(
        fault.code,
        f"The gzip file is {'cut off' if fault.code == 'file-truncated' else 'corrupt'}: {what}.",
        {
            "stored_bytes_read": fault.offset,
            "decoded_bytes": second.text_bytes,
            "records_readable": second.judge.records,
            "decoders": [_version("isal"), _version("zlib")],
        },
    )


def _damaged(key: str, reading: Reading, faults: tuple[Fault, ...], level: Level) -> FileCheck:
    whole = not (reading.foreign or reading.container or reading.too_long or reading.judge.gave_up)
    return FileCheck(
        key=key,
        content=Content.DAMAGED,
        level=level,
        format=None if reading.foreign else FileFormat.JSON,
        compression=None if reading.foreign else reading.compression,
        records=reading.judge.records if whole else None,
        faults=faults,
        facts={} if reading.foreign else describe_text(reading),
    )


def unverifiable(key: str, reason: Reason, message: str, evidence: Evidence) -> FileCheck:
    """A file that we have and cannot judge, with the finding that says why. `evidence` names the decoder."""
    return FileCheck(
        key=key,
        content=Content.UNVERIFIABLE,
        level=Level.L1,
        faults=(Fault("file-unverifiable", message, {"reason": reason.value, **evidence}),),
        reason=reason.value,
    )


def _version(library: str) -> str:
    if library == "zlib":
        import zlib

        return f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
    from importlib import metadata

    return f"{library} {metadata.version(library)}"
