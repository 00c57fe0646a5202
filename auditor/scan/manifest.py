"""Reading a manifest: a strict JSON object with the fields that Experience Platform documents."""

import json
from datetime import UTC, datetime
from typing import BinaryIO, NoReturn, TypeAlias

from adapters.base import Adapter, DestinationError
from auditor.model import Manifest, ManifestEntry, StoredFile

MAX_BYTES = 64 * 1024 * 1024
Json: TypeAlias = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


class ManifestError(ValueError):
    """Bytes that are no manifest. `str()` says why, without any of their contents."""


def read_manifest(adapter: Adapter, file: StoredFile, *, max_bytes: int = MAX_BYTES) -> Manifest:
    """Read `file` as the version that was listed. Never raises for what is in it, nor a DestinationError.

    `unreadable` says that it could not be read (or is larger than `max_bytes`): nothing is known then.
    `problem` says that it was read twice, independently, and was no manifest the second time either.
    """
    if file.archived:
        return Manifest(file, unreadable="in a storage class that must be restored before it can be read")
    if file.size > max_bytes:
        return Manifest(file, unreadable=f"{file.size} bytes are more than the {max_bytes} that are read")
    first = _read_once(adapter, file)
    # A wire may deliver a bad byte once: only what is seen again on a second read is held against the file.
    return _read_once(adapter, file) if first.problem else first


def parse_manifest(data: bytes, file: StoredFile) -> Manifest:
    """The manifest in `data`. Unknown fields are ignored, a missing or null size, path, run id or time tolerated.

    Fields: `flowRunId`, `scheduledTime`, `exportResults[]` of `sinkPath`, `name`, `size` (whole bytes).
    Raises ManifestError.
    """
    top = _parse_json(data)
    if not isinstance(top, dict):
        raise ManifestError("it is no JSON object")
    results = top.get("exportResults")
    if not isinstance(results, list):
        raise ManifestError("it has no list exportResults")
    return Manifest(
        file,
        run_id=_text(top.get("flowRunId"), "flowRunId"),
        scheduled_time=_parse_time(top.get("scheduledTime")),
        entries=tuple(_parse_entry(entry, f"exportResults[{n}]") for n, entry in enumerate(results)),
    )


def _read_once(adapter: Adapter, file: StoredFile) -> Manifest:
    try:
        with adapter.read_object(file.key, version=file.version) as stream:
            data = _read_up_to(stream, file.size + 1)
    except DestinationError as error:
        return Manifest(file, unreadable=str(error))
    if len(data) != file.size:
        return Manifest(file, unreadable=f"{file.size} bytes were listed, another number came: it changed meanwhile")
    try:
        return parse_manifest(data, file)
    except ManifestError as error:
        return Manifest(file, problem=str(error))


def _read_up_to(stream: BinaryIO, length: int) -> bytes:
    """A stream may give less than it is asked for."""
    parts: list[bytes] = []
    while length and (part := stream.read(length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _parse_json(data: bytes) -> Json:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(f"it is not UTF-8 at byte {error.start}") from None
    try:
        parsed: Json = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except ManifestError:
        raise
    except json.JSONDecodeError as error:
        raise ManifestError(f"it is not JSON at line {error.lineno}, column {error.colno}") from None
    except (RecursionError, ValueError):  # ValueError: a number of thousands of digits
        raise ManifestError("it nests too deep or holds too long a number") from None
    return parsed


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """Refuses a name that stands twice: it could hide a list of files."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ManifestError("a name stands twice in one object")
    return made


def _refuse_constant(_: str) -> NoReturn:
    raise ManifestError("it holds NaN or Infinity, which JSON has not")


def _parse_entry(entry: Json, where: str) -> ManifestEntry:
    if not isinstance(entry, dict):
        raise ManifestError(f"{where} is no object")
    name, size = entry.get("name"), entry.get("size")
    if not isinstance(name, str) or not name:
        raise ManifestError(f"{where} has no name")
    if isinstance(size, bool) or not (size is None or isinstance(size, int)) or (size is not None and size < 0):
        raise ManifestError(f"the size of {where} is not a whole number of bytes")
    return ManifestEntry(_text(entry.get("sinkPath"), f"sinkPath of {where}"), name, size)


def _text(value: Json, what: str) -> str:
    if value is not None and not isinstance(value, str):
        raise ManifestError(f"{what} is no text")
    return value or ""


def _parse_time(value: Json) -> datetime | None:
    """None for what is no ISO time: nothing is decided by it, so it is no reason to refuse the whole."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
