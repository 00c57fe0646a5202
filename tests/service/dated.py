"""A store that sets its own modification times, with those of a world's plan in their place, and nothing else."""

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from adapters.base import Adapter, Folder, ObjectInfo, OpenAdapter, Traits


class Dated:
    """An adapter over another one. Keys without a planned time keep the store's."""

    def __init__(self, inner: Adapter, plan: dict[str, datetime]) -> None:
        self._inner = inner
        self._plan = plan

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
        return (self._dated(info) for info in self._inner.list_objects(prefix, start_at=start_at))

    def list_folder(self, prefix: str) -> Iterator[ObjectInfo | Folder]:
        entries = self._inner.list_folder(prefix)
        return (entry if isinstance(entry, Folder) else self._dated(entry) for entry in entries)

    def read_object(
        self, key: str, start: int = 0, length: int | None = None, *, version: str = ""
    ) -> AbstractContextManager[BinaryIO]:
        return self._inner.read_object(key, start, length, version=version)

    def describe_object(self, key: str) -> ObjectInfo:
        return self._dated(self._inner.describe_object(key))

    def excess_rights(self) -> Sequence[str] | None:
        return self._inner.excess_rights()

    def close(self) -> None:
        self._inner.close()

    def _dated(self, info: ObjectInfo) -> ObjectInfo:
        return replace(info, modified=self._plan.get(info.key, info.modified))


@dataclass(frozen=True)
class OpenDated:
    """Opens a destination with planned times; they lie in a file, so that worker processes can read them too."""

    inner: OpenAdapter
    plan: Path

    def __call__(self) -> Adapter:
        return Dated(self.inner(), self._times)

    @cached_property
    def _times(self) -> dict[str, datetime]:
        planned = json.loads(self.plan.read_text(encoding="utf-8"))
        return {key: datetime.fromisoformat(moment) for key, moment in planned.items()}
