"""What was asked of each destination since the service began: requests, files, bytes."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import BinaryIO, TypeVar

from adapters.base import Adapter, Folder, ObjectInfo, OpenAdapter, Traits
from auditor.settings import Destination

__all__ = ["DestinationTraffic", "Traffic"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DestinationTraffic:
    """Totals since the start. Tries that were repeated count once."""

    listings: int = 0  # begun, of a prefix or a folder
    objects_listed: int = 0
    described: int = 0
    files_read: int = 0  # each opened once or more
    bytes_read: int = 0


class Traffic:
    """Counts, from any thread. What worker processes read is told by whoever has their answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: dict[str, DestinationTraffic] = {}

    def totals(self) -> dict[str, DestinationTraffic]:
        """As it is now, by destination."""
        with self._lock:
            return dict(self._totals)

    def add(self, destination: str, **amounts: int) -> None:
        """Add to the totals of `destination`; the names are those of DestinationTraffic."""
        with self._lock:
            before = self._totals.get(destination, DestinationTraffic())
            self._totals[destination] = replace(
                before, **{name: getattr(before, name) + amount for name, amount in amounts.items()}
            )

    def counted(self, open_with: Callable[[Destination], OpenAdapter]) -> Callable[[Destination], OpenAdapter]:
        """`open_with`, with whatever is listed and described in this process counted."""
        return lambda destination: _OpenCounted(open_with(destination), destination.facts.name, self)


class _OpenCounted:
    """Opens a counted adapter here, and a plain one in a worker process, where nobody could read the counts."""

    def __init__(self, inner: OpenAdapter, destination: str, traffic: Traffic) -> None:
        self._inner = inner
        self._destination = destination
        self._traffic = traffic

    def __call__(self) -> Adapter:
        return _Counted(self._inner(), self._destination, self._traffic)

    def __reduce__(self) -> tuple[Callable[[OpenAdapter], OpenAdapter], tuple[OpenAdapter]]:
        return _plain, (self._inner,)


def _plain(inner: OpenAdapter) -> OpenAdapter:
    return inner


class _Counted:
    """An adapter over another one."""

    def __init__(self, inner: Adapter, destination: str, traffic: Traffic) -> None:
        self._inner = inner
        self._destination = destination
        self._traffic = traffic

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def traits(self) -> Traits:
        return self._inner.traits

    @property
    def remarks(self) -> Sequence[str]:
        return self._inner.remarks

    def list_objects(self, prefix: str, *, start_at: str = "") -> Iterator[ObjectInfo]:
        return self._listed(self._inner.list_objects(prefix, start_at=start_at))

    def list_folder(self, prefix: str) -> Iterator[ObjectInfo | Folder]:
        return self._listed(self._inner.list_folder(prefix))

    def read_object(
        self, key: str, start: int = 0, length: int | None = None, *, version: str = ""
    ) -> AbstractContextManager[BinaryIO]:
        return self._inner.read_object(key, start, length, version=version)

    def describe_object(self, key: str) -> ObjectInfo:
        self._traffic.add(self._destination, described=1)
        return self._inner.describe_object(key)

    def excess_rights(self) -> Sequence[str] | None:
        return self._inner.excess_rights()

    def close(self) -> None:
        self._inner.close()

    def _listed(self, entries: Iterator[T]) -> Iterator[T]:
        self._traffic.add(self._destination, listings=1)
        seen = 0
        try:
            for entry in entries:
                seen += 1
                yield entry
        finally:
            self._traffic.add(self._destination, objects_listed=seen)
