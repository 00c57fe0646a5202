"""The bytes of one object as a counted stream that never ends early without raising."""

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypedDict

from adapters.base import Changed, DestinationError, ObjectInfo, RangeRefused, Unreachable, Unsupported

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUFFER_BYTES: Final = 128 * 1024  # small reads are gathered; reads larger than this pass straight through


class ObjectStream(io.BufferedReader):
    """What `read_object` gives. `version` names what is read, so that a break can be resumed safely.

    `read1` and `readinto1` ask the raw stream at most once: an error in it loses no bytes.
    """

    def __init__(self, raw: io.RawIOBase, version: str = "") -> None:
        super().__init__(raw, BUFFER_BYTES)
        self.version = version


class NoBytes(io.RawIOBase):
    """A stream that is at its end: an empty range, or a directory marker."""

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: object, /) -> int:
        return 0


class PromisedBytes(io.RawIOBase):
    """The body of an answer, counted against what was promised: fewer bytes raise Unreachable, more are not taken.

    `read_into` fills a buffer and says how much of it, 0 at the end of the connection; it translates the
    SDK's exceptions itself. `fail` makes the error (kind, reason) that names destination, key and request.
    """

    def __init__(
        self,
        read_into: Callable[[memoryview], int],
        promised: int,
        fail: Callable[[type[DestinationError], str], DestinationError],
        close: Callable[[], object],
    ) -> None:
        self._read_into = read_into
        self._promised = promised
        self._given = 0
        self._fail = fail
        self._close = close

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")[: self._promised - self._given]
        if not view:
            return 0
        count = self._read_into(view)
        if count == 0:
            raise self._fail(Unreachable, f"the body ended after {self._given} of {self._promised} bytes")
        self._given += count
        return count

    def close(self) -> None:
        if not self.closed:
            self._close()
        super().close()


def promised_bytes(
    size: int | None,
    content_range: str | None,
    start: int,
    length: int | None,
    fail: Callable[[type[DestinationError], str], DestinationError],
) -> int:
    """How many bytes must come by an HTTP answer's Content-Length and Content-Range.

    Raises: RangeRefused behind the end; Unsupported where the answer is not for the range that was asked for.
    """
    if content_range is not None:
        told = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", content_range)
        if (
            told is None or int(told[1]) != start or start > int(told[3])
        ):  # its end is no matter: some repeat what was asked
            raise fail(Unsupported, "the server answers with another range than the one asked for")
        size = int(told[3])
    elif size is None:
        raise fail(Unsupported, "the answer does not say how long it is")
    elif start > size:
        raise fail(RangeRefused, f"offset {start} lies behind the end at {size}")
    elif 0 < start < size:
        raise fail(Unsupported, "the server does not read from an offset")
    rest = size - start
    return rest if length is None else min(rest, length)


class About(TypedDict):
    """What was being done with what, as every DestinationError wants to know it."""

    destination: str
    operation: str
    key: str


def no_bytes_of(info: ObjectInfo, start: int, length: int | None, version: str, about: About) -> ObjectStream:
    """The stream of a range without bytes, which cannot be asked for in HTTP; whether it lies inside `info` can.

    Also the answer to a server's refusal of a range (416). Raises: Changed; RangeRefused behind the end; Unsupported
    where the server refuses bytes that are there: no refusal may make an object look shorter than it is.
    """
    if version and info.version and info.version != version:
        raise Changed("replaced since it was listed", **about)
    if start > info.size:
        raise RangeRefused(f"offset {start} lies behind the end at {info.size}", **about)
    if start < info.size and length != 0:
        raise Unsupported(f"the server refuses the bytes from {start} of an object of {info.size}", **about)
    return ObjectStream(NoBytes(), info.version)
