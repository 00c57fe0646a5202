"""What earlier listings gave, so that a repeat audit lists only what may be new.

The objects themselves are remembered, as the destination named them, and not what was made of them: folders, strays
and malformed names of a repeat audit come from the same code and the same objects as those of a full one.
"""

import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from adapters.base import ObjectInfo

FORMAT = "1"  # of `Part.body`; another one is not taken over
OBJECTS_PER_PART = 100  # a repeat audit writes one or two parts anew, however many there are
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Part:
    """Some objects of one listing, packed: about 50 bytes each."""

    first: str  # the smallest key
    last: str  # the largest key
    newest: datetime  # the newest modification time
    count: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Listing:
    """How one prefix was looked at, and what is to be remembered of it."""

    prefix: str
    start_at: str = ""  # listed from this key on; "": in full
    fully_at: datetime | None = None  # when it was last listed in full; None: this time
    shape: str = ""  # of the configuration it was listed for
    parts: tuple[Part, ...] | None = None  # None: nothing is remembered of it
    kept: int = 0  # that many parts of before come first and stay as they are
    revision: int = 0  # of what was recalled for it; 0: nothing was

    def carries(self, key: str) -> bool:
        """Whether `key` (or folder prefix) was taken from an earlier listing."""
        return key.startswith(self.prefix) and key < self.start_at


@dataclass(frozen=True, slots=True)
class Recalled:
    """The last listing of one prefix, and what of it must be looked at again."""

    parts: Sequence[Part]
    revision: int
    fully_at: datetime
    since: datetime  # exports of this time or later are listed
    unsettled_after: datetime  # objects modified later than this may still have been changing when they were seen
    expired_before: datetime | None = None  # older objects may be gone by the destination's own retention

    def unsettled(self) -> Iterator[str]:
        """The keys that were not at rest when they were last seen."""
        for part in self.parts:
            if part.newest > self.unsettled_after:
                yield from (info.key for info in unpack(part) if info.modified > self.unsettled_after)

    def before(self, start_at: str, *, skip: int = 0) -> Iterator[ObjectInfo]:
        """The objects with a smaller key; `skip`: without the first so many parts."""
        for part in self.parts[skip:]:
            if part.first < start_at:
                yield from (info for info in unpack(part) if info.key < start_at)

    def standing(self, start_at: str) -> Iterator[ObjectInfo]:
        """The objects from there on that should still be there."""
        for part in self.parts:
            if part.last >= start_at:
                for info in unpack(part):
                    if info.key >= start_at and not (self.expired_before and info.modified < self.expired_before):
                        yield info

    def kept(self, start_at: str) -> int:
        """How many parts lie wholly before `start_at`, counted up to the first that does not."""
        return next((n for n, part in enumerate(self.parts) if part.last >= start_at), len(self.parts))


class Earlier(Protocol):
    """Remembers listings between scans."""

    def recall(self, prefix: str, datasets: Collection[str], shape: str) -> Recalled | None:
        """What is remembered of `prefix`; None: list it in full."""


@dataclass(slots=True)
class Recorder:
    """Packs the objects of a listing as they come."""

    _parts: list[Part] = field(default_factory=list)
    _some: list[ObjectInfo] = field(default_factory=list)

    def add(self, info: ObjectInfo) -> None:
        self._some.append(info)
        if len(self._some) == OBJECTS_PER_PART:
            self._pack()

    def parts(self) -> tuple[Part, ...]:
        """All that was added."""
        if self._some:
            self._pack()
        return tuple(self._parts)

    def _pack(self) -> None:
        self._parts.append(pack(self._some))
        self._some = []


def pack(objects: Sequence[ObjectInfo]) -> Part:
    """`objects` (one at least) as a part. Checksums are left out."""
    rows = [[o.key, o.size, (o.modified - _EPOCH) // _MICROSECOND, o.version, int(o.archived)] for o in objects]
    # Characters as they are: escaped surrogates that stand together would be joined on reading.
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    keys = [o.key for o in objects]
    body = zlib.compress(text.encode("utf-8", "surrogatepass"))
    return Part(min(keys), max(keys), max(o.modified for o in objects), len(objects), body)


def unpack(part: Part) -> Iterable[ObjectInfo]:
    """The objects of a part, in the order in which they were added."""
    rows = json.loads(zlib.decompress(part.body).decode("utf-8", "surrogatepass"))
    for key, size, modified, version, archived in rows:
        yield ObjectInfo(key, size, _EPOCH + modified * _MICROSECOND, version, archived=bool(archived))
