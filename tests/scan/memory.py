"""A destination in memory that keeps every promise of the adapter protocol, and breaks on demand."""

import io
import random
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from adapters.base import (
    Changed,
    Checksum,
    DestinationError,
    Folder,
    NotFound,
    ObjectInfo,
    RangeRefused,
    Traits,
)

WRITTEN = datetime(2026, 10, 1, tzinfo=UTC)


class MemoryAdapter:
    """Objects by key, each (bytes, modified) or bytes alone. Picklable.

    `shuffled`: list in a random (seeded) order, as the protocol allows.
    `fail_listing_at` (n, error): the n-th item (from 0) of every listing raises instead of coming.
    `fail_listing_under`: the first item of a listing of that very prefix raises.
    `fail_reading`: reading or describing that key raises.
    `first_reads`: the first read of that key gives these bytes, every later one the stored ones.
    """

    def __init__(
        self,
        objects: Mapping[str, tuple[bytes, datetime] | bytes],
        name: str = "memory",
        *,
        traits: Traits | None = None,
        shuffled: int | None = None,
        archived: frozenset[str] = frozenset(),
        checksums: Mapping[str, Checksum] | None = None,
        fail_listing_at: tuple[int, DestinationError] | None = None,
        fail_listing_under: Mapping[str, DestinationError] | None = None,
        fail_reading: Mapping[str, DestinationError] | None = None,
        first_reads: Mapping[str, bytes] | None = None,
    ) -> None:
        self._name = name
        self._traits = traits or Traits(True, True, timedelta(microseconds=1))
        self.objects = {k: v if isinstance(v, tuple) else (v, WRITTEN) for k, v in objects.items()}
        self._versions = dict.fromkeys(self.objects, 1)
        self._shuffled = shuffled
        self._archived = archived
        self._checksums = dict(checksums or {})
        self._fail_listing_at = fail_listing_at
        self._fail_listing_under = dict(fail_listing_under or {})
        self._fail_reading = dict(fail_reading or {})
        self._first_reads = dict(first_reads or {})
        self.remarks: list[str] = []
        self.calls: list[tuple[str, str]] = []  # (operation, prefix or key), in order

    @property
    def name(self) -> str:
        return self._name

    @property
    def traits(self) -> Traits:
        return self._traits

    def put(self, key: str, data: bytes, modified: datetime = WRITTEN) -> None:
        """What a writer would do; replaces `key` under a new version."""
        self.objects[key] = (data, modified)
        self._versions[key] = self._versions.get(key, 0) + 1

    def remove(self, key: str) -> None:
        del self.objects[key]

    def list_objects(self, prefix: str, *, start_at: str = "") -> Iterator[ObjectInfo]:
        self.calls.append(("list", prefix))
        keys = [key for key in self.objects if key.startswith(prefix) and key >= start_at]
        return self._guarded(prefix, [self._info(key) for key in self._ordered(keys)])

    def list_folder(self, prefix: str) -> Iterator[ObjectInfo | Folder]:
        self.calls.append(("list", prefix))
        below = [key[len(prefix) :] for key in self.objects if key.startswith(prefix)]
        names = {rest.split("/", 1)[0] + ("/" if "/" in rest else "") for rest in below}
        return self._guarded(prefix, [self._entry(prefix, name) for name in self._ordered(list(names))])

    def read_object(
        self, key: str, start: int = 0, length: int | None = None, *, version: str = ""
    ) -> AbstractContextManager[BinaryIO]:
        self.calls.append(("read", key))
        info = self._known("read", key)
        if version and version != info.version:
            raise Changed("replaced since listing", destination=self._name, operation="read", key=key)
        data = self._first_reads.pop(key, self.objects[key][0])
        if start > len(data):
            raise RangeRefused("offset behind the end", destination=self._name, operation="read", key=key)
        end = None if length is None else start + length
        stream: BinaryIO = io.BytesIO(data[start:end])
        return nullcontext(stream)

    def describe_object(self, key: str) -> ObjectInfo:
        self.calls.append(("describe", key))
        return self._known("describe", key)

    def excess_rights(self) -> None:
        """Nobody asks."""

    def close(self) -> None:
        self.calls.append(("close", ""))

    def _known(self, operation: str, key: str) -> ObjectInfo:
        if key in self._fail_reading:
            raise self._fail_reading[key]
        if key not in self.objects:
            raise NotFound("no such object", destination=self._name, operation=operation, key=key)
        return self._info(key)

    def _info(self, key: str) -> ObjectInfo:
        data, modified = self.objects[key]
        return ObjectInfo(
            key,
            len(data),
            modified,
            version=f"v{self._versions[key]}",
            checksum=self._checksums.get(key),
            archived=key in self._archived,
        )

    def _entry(self, prefix: str, name: str) -> ObjectInfo | Folder:
        """A key equal to `prefix` is its own marker and stands directly in it, as on S3."""
        return Folder(prefix + name) if name.endswith("/") else self._info(prefix + name)

    def _ordered(self, names: list[str]) -> list[str]:
        if self._shuffled is None:
            return sorted(names)
        return random.Random(self._shuffled).sample(sorted(names), len(names))

    def _guarded(self, prefix: str, items: list[Any]) -> Iterator[Any]:
        if prefix in self._fail_listing_under:
            raise self._fail_listing_under[prefix]
        for n, item in enumerate(items):
            if self._fail_listing_at and n == self._fail_listing_at[0]:
                raise self._fail_listing_at[1]
            yield item
