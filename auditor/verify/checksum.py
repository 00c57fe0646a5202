"""L4: the stored bytes against the checksum that the provider keeps of them."""

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from adapters.base import Changed, Checksum
from auditor.model import Content, Fault, FileCheck, Level
from auditor.verify.source import Source

__all__ = ["judge_checksum"]

_READ_BYTES = 1024 * 1024


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


def _crc32c() -> _Hash:
    import google_crc32c

    made: _Hash = google_crc32c.Checksum()  # type: ignore[no-untyped-call]
    return made


def _md5() -> _Hash:
    return hashlib.md5(usedforsecurity=False)


def _sha1() -> _Hash:
    return hashlib.sha1(usedforsecurity=False)


_HASHES: dict[str, Callable[[], _Hash]] = {
    "md5": _md5,
    "sha1": _sha1,
    "sha256": hashlib.sha256,
    "crc32": _Crc32,
    "crc32c": _crc32c,
}


def judge_checksum(source: Source, check: FileCheck) -> FileCheck:
    """`check` (sound at L3) raised to L4, or damaged if two readings contradict the provider's checksum.

    Without a checksum that we can calculate it stays as it is, with a fact. Raises DestinationError.
    """
    kept = _read_checksum(source)
    if kept is None or kept.kind not in _HASHES:
        why = f"{kept.kind} cannot be calculated here" if kept else "the provider keeps none"
        return replace(check, facts={**check.facts, "provider_checksum": why})
    for _ in range(2):
        found = _hash(source, kept.kind)
        if found == kept.value:
            return replace(check, level=Level.L4, facts={**check.facts, "provider_checksum": kept.kind})
    message = f"The stored bytes contradict the {kept.kind} that the provider keeps of them."
    evidence = {"kind": kept.kind, "expected": kept.value.hex(), "found": found.hex()}
    return replace(check, content=Content.DAMAGED, faults=(*check.faults, Fault("file-corrupt", message, evidence)))


def _read_checksum(source: Source) -> Checksum | None:
    file = source.file
    info = source.adapter.describe_object(file.key)
    if info.size != file.size or (info.version and file.version and info.version != file.version):
        raise Changed(
            "was replaced since it was listed", destination=source.adapter.name, operation="describe", key=file.key
        )
    return info.checksum


def _hash(source: Source, kind: str) -> bytes:
    made = _HASHES[kind]()
    with source.stream() as stored:
        while data := stored.read(_READ_BYTES):
            made.update(data)
    return made.digest()
