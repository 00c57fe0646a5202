"""A destination in memory that stays quick with a million objects: keys in order, found by halving."""

import io
from bisect import bisect_left, insort
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import BinaryIO

from adapters.base import Changed, Folder, NotFound, ObjectInfo, Traits


class Shelf:
    """Keeps every promise of the adapter protocol. What `put` and `remove` do is there at once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.traits = Traits(appears_whole=True, starts_at_key=True, time_resolution=timedelta(microseconds=1))
        self.remarks: list[str] = []
        self._keys: list[str] = []
        self._objects: dict[str, tuple[bytes, ObjectInfo]] = {}
        self._versions = 0

    def __len__(self) -> int:
        return len(self._keys)

    def put(self, key: str, data: bytes, modified: datetime) -> None:
        """What a writer would do."""
        if key not in self._objects:
            insort(self._keys, key)
        self._versions += 1
        self._objects[key] = (data, ObjectInfo(key, len(data), modified, version=f"v{self._versions}"))

    def remove(self, key: str) -> None:
        """What a lifecycle rule or an accident would do."""
        del self._objects[key]
        del self._keys[bisect_left(self._keys, key)]

    def list_objects(self, prefix: str, *, start_at: str = "") -> Iterator[ObjectInfo]:
        at = bisect_left(self._keys, max(prefix, start_at))
        while at < len(self._keys) and self._keys[at].startswith(prefix):
            yield self._objects[self._keys[at]][1]
            at += 1

    def list_folder(self, prefix: str) -> Iterator[ObjectInfo | Folder]:
        at = bisect_left(self._keys, prefix)
        while at < len(self._keys) and (key := self._keys[at]).startswith(prefix):
            name, slash, _ = key[len(prefix) :].partition("/")
            if slash:
                yield Folder(f"{prefix}{name}/")
                at = bisect_left(self._keys, f"{prefix}{name}0", at)  # "0" comes right after "/"
            else:
                yield self._objects[key][1]
                at += 1

    def read_object(
        self, key: str, start: int = 0, length: int | None = None, *, version: str = ""
    ) -> AbstractContextManager[BinaryIO]:
        info = self.describe_object(key)
        if version and version != info.version:
            raise Changed("replaced since listing", destination=self.name, operation="read", key=key)
        end = None if length is None else start + length
        return nullcontext(io.BytesIO(self._objects[key][0][start:end]))

    def describe_object(self, key: str) -> ObjectInfo:
        if key not in self._objects:
            raise NotFound("no such object", destination=self.name, operation="describe", key=key)
        return self._objects[key][1]

    def excess_rights(self) -> None:
        """Nobody asks."""

    def close(self) -> None:
        """It stays."""
