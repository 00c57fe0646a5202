"""How much an audit may read, and which files that are: the newest first."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from auditor.model import StoredFile, Unverifiable


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one audit may read. None: no limit."""

    files: int | None = None
    bytes: int | None = None

    @property
    def any(self) -> bool:
        return self.files is not None or self.bytes is not None


@dataclass(slots=True)
class Newest:
    """Of all files offered, the newest that fit into the limits together. Holds no more than these.

    Which they are does not depend on the order in which files are offered: none is older than one that was left.
    A file larger than all that may be read never fits, and stops none of the others.
    """

    limits: Limits
    count: int = 0  # of all offered
    size: int = 0  # bytes of all offered
    _kept: list[tuple[datetime, str, str, int]] = field(default_factory=list)
    _kept_size: int = 0
    _left: tuple[datetime, str, str, int] | None = None  # the newest that was left: nothing older may follow

    def offer(self, destination: str, files: Iterable[StoredFile]) -> None:
        """Take in files that an audit would read."""
        for file in files:
            self.count += 1
            self.size += file.size
            self._keep((file.modified, file.key, destination, file.size))

    def _keep(self, item: tuple[datetime, str, str, int]) -> None:
        if self.limits.bytes is not None and item[3] > self.limits.bytes:
            return
        if self._left and item < self._left:
            return
        heapq.heappush(self._kept, item)
        self._kept_size += item[3]
        while self._too_much():
            self._left = heapq.heappop(self._kept)
            self._kept_size -= self._left[3]

    def choice(self) -> "Choice":
        """The files that may be read."""
        chosen = frozenset((destination, key) for _, key, destination, _ in self._kept)
        return Choice(chosen, self.count - len(self._kept), self.size - self._kept_size)

    def _too_much(self) -> bool:
        if self.limits.files is not None and len(self._kept) > self.limits.files:
            return True
        return self.limits.bytes is not None and self._kept_size > self.limits.bytes


@dataclass(frozen=True, slots=True)
class Choice:
    """Which files may be read, and how much is left for a later audit."""

    files: frozenset[tuple[str, str]]  # destination, key
    left_files: int
    left_bytes: int

    def told(self) -> Unverifiable:
        """What is left, as what could not be checked this time."""
        reason = "not read: the limit of this audit was reached, newest files first; the next audit goes on"
        return Unverifiable(f"{self.left_files:,} files, {self.left_bytes:,} bytes", reason)

    def holds(self, destination: str, file: StoredFile) -> bool:
        """Whether this file is among them."""
        return (destination, file.key) in self.files
