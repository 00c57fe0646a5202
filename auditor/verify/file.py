"""One file, one answer: which decoder judges it, and what becomes of errors on the way."""

from dataclasses import replace

from adapters.base import Adapter, Archived, DestinationError
from auditor.model import Compression, Content, Fault, FileCheck, FileFormat, Level, StoredFile
from auditor.verify.checksum import judge_checksum
from auditor.verify.edges import check_edges
from auditor.verify.names import HEAD_BYTES, JSON_SPACE, UTF8_BOM, find_format, is_json_text, promise_of
from auditor.verify.ndjson import Reading, read_ndjson
from auditor.verify.proof import judge_text, unverifiable
from auditor.verify.reasons import Reason, reason_of
from auditor.verify.remarks import name_foreign
from auditor.verify.shapes import ShapeBook
from auditor.verify.source import Source

__all__ = ["judge_encrypted", "judge_unread", "verify_file"]

_BOOK = ShapeBook()  # what this process has learned of the records it saw; changes no answer

_EMPTY = Fault("file-empty", "The file has zero bytes.", {"bytes": 0})


def verify_file(adapter: Adapter, file: StoredFile, level: Level) -> FileCheck:
    """Check one file up to `level`. Never raises for what the file holds or what the destination will not do.

    An error of the destination makes it UNVERIFIABLE with a `Reason` and the error's line in
    `facts["error"]`; the destination's own findings are for others to make.
    """
    source = Source(adapter, file)
    try:
        check = _check(source, level)
    except DestinationError as error:
        check = judge_unread(file, error)
    except MemoryError:
        check = unverifiable(file.key, Reason.OUT_OF_MEMORY, "The file needs more memory than there is.", {})
    return replace(check, bytes_read=source.bytes_read)


def _check(source: Source, level: Level) -> FileCheck:
    file = source.file
    if level <= Level.L0:
        return FileCheck(file.key, Content.UNCHECKED, Level.L0)
    if not file.size:
        return _empty(source, level)
    if level == Level.L1:
        return FileCheck(file.key, Content.SOUND, Level.L1)
    if file.archived:
        raise Archived("is archived", destination=source.adapter.name, operation="read", key=file.key)
    check = _decode(source, level)
    if level >= Level.L4 and check.content is Content.SOUND and check.level == Level.L3:
        return judge_checksum(source, check)
    return check


def _empty(source: Source, level: Level) -> FileCheck:
    if level >= Level.L2:
        with source.stream() as stored:
            stored.read(1)  # Changed, if bytes have come since the listing
    return FileCheck(source.file.key, Content.DAMAGED, Level.L0, faults=(_EMPTY,))


def _decode(source: Source, level: Level) -> FileCheck:
    promise = promise_of(source.file.name)
    if promise.encrypted:
        return _encrypted(source.file.key)
    if promise.format is FileFormat.PARQUET:
        return _check_parquet(source, level, promise.compression)
    if promise.format is None:
        return _check_by_content(source, level)
    return _check_json(source, level)


def _check_json(source: Source, level: Level) -> FileCheck:
    if level == Level.L2:
        return _unless_encrypted(check_edges(source))
    file = source.file
    shapes = _BOOK.shapes_for("/".join([source.adapter.name, *file.key.split("/")[:-2]]))

    def read(engine: str) -> Reading:
        return read_ndjson(source, shapes, engine=engine)

    return _unless_encrypted(judge_text(file.key, file.name, read))


def _check_by_content(source: Source, level: Level) -> FileCheck:
    """The name promises nothing: the first bytes choose the decoder."""
    head = source.read_at(0, min(source.size, HEAD_BYTES))
    mark = find_format(head)
    if mark == "parquet":
        return _check_parquet(source, level, None)
    if mark == "gzip" or (not mark and is_json_text(head)):
        return _check_json(source, level)
    if mark == "pgp":
        return _encrypted(source.file.key)
    found = f"The file is {mark or 'neither JSON nor Parquet'}, which no decoder here reads."
    return unverifiable(source.file.key, Reason.UNSUPPORTED_FEATURE, found, {"found": mark or "unknown"})


def _check_parquet(source: Source, level: Level, promised: Compression | None) -> FileCheck:
    from auditor.verify.parquet import check_parquet

    check = check_parquet(source, level)
    if check.content is not Content.SOUND:
        return _foreign(source) or check
    if promised is None or level < Level.L3 or check.compression is promised:
        return check
    found = check.compression.value if check.compression else "none"
    fault = Fault(
        "file-wrong-compression",
        "The name says gzip pages, the file has none.",
        {"promised": promised.value, "found": found},
    )
    return replace(check, faults=(*check.faults, fault))


def _foreign(source: Source) -> FileCheck | None:
    """`file-wrong-format` for a file named Parquet that begins, twice, like JSON or a packed file."""
    heads = [source.read_at(0, min(source.size, HEAD_BYTES)) for _ in range(2)]
    mark = find_format(heads[0])
    if heads[0] != heads[1] or mark == "parquet":
        return None
    if mark == "pgp":
        return _encrypted(source.file.key)
    is_json = heads[0].startswith((b"{", b"["))
    is_markup = heads[0].lstrip(JSON_SPACE + UTF8_BOM).startswith(b"<")  # the error page of a proxy, or of a store
    if not (mark or is_json or is_markup):
        return None  # damaged Parquet: its own decoder has said more
    reading = Reading("", mark or ("json" if is_json else ""), foreign=True, head=heads[0])
    faults = name_foreign(source.file.name, reading)
    return FileCheck(source.file.key, Content.DAMAGED, Level.L1, faults=faults)


def _unless_encrypted(check: FileCheck) -> FileCheck:
    """Encrypted by the customer's key is neither damaged nor foreign: we cannot look inside."""
    encrypted = any(f.code == "file-wrong-format" and f.evidence.get("found") == "pgp" for f in check.faults)
    return _encrypted(check.key) if encrypted else check


def _encrypted(key: str) -> FileCheck:
    return unverifiable(
        key, Reason.ENCRYPTED, "The file is encrypted (OpenPGP) and cannot be looked into.", {"found": "pgp"}
    )


def judge_encrypted(file: StoredFile) -> FileCheck:
    """What is said of a file of a flow whose files are encrypted: its size, and nothing of what it holds."""
    if not file.size:
        return FileCheck(file.key, Content.DAMAGED, Level.L0, faults=(_EMPTY,))
    told = "the flow's files are encrypted with a key that the audit does not have; restore one with it to be sure"
    return FileCheck(file.key, Content.UNVERIFIABLE, Level.L1, reason=Reason.ENCRYPTED.value, facts={"error": told})


def judge_unread(file: StoredFile, error: DestinationError) -> FileCheck:
    """What is said of a file whose bytes could not be had: neither good nor bad."""
    reason = reason_of(error)
    archived = Fault("file-archived", "The file is archived and must be restored before it can be read.")
    return FileCheck(
        file.key,
        Content.UNVERIFIABLE,
        Level.L1,
        reason=reason.value,
        faults=(archived,) if reason is Reason.ARCHIVED else (),
        facts={"error": str(error)},
    )
