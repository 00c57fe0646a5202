"""The bytes of one file on an SFTP server: several reads on their way at a time, bounded, in order."""

import io
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapters.base import Changed, DestinationError, Unreachable
from adapters.sftp_errors import speaking_of
from adapters.sftp_session import Lease
from adapters.sftp_tree import version_of
from adapters.sftp_wire import Facts
from adapters.streams import About

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

READ_BYTES: Final = 32 * 1024  # every server takes reads of that size


@dataclass(frozen=True, slots=True)
class _Flying:
    """A read on its way."""

    offset: int
    count: int
    number: int


class FileBytes(io.RawIOBase):
    """The bytes of an open file, as many as were promised when it was opened. Raises Changed where it was written to.

    At most `most()` reads are on their way, so a reader that is slower than the network holds 2 MiB at most;
    their number grows with what has been read, so that little is asked for in vain.
    """

    def __init__(
        self,
        lease: Lease,
        handle: bytes,
        before: Facts,
        start: int,
        count: int,
        about: About,
        most: Callable[[], int],
        fell_silent: Callable[[], None],
    ) -> None:
        self._lease = lease
        self._wire = lease.wire
        self._handle = handle
        self._before = before
        self._given_to = self._asked_to = start
        self._end = start + count
        self._about = about
        self._most = most
        self._fell_silent = fell_silent
        self._width = 1
        self._flying: deque[_Flying] = deque()
        self._at_hand = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        if not self._at_hand and self._given_to < self._end and view:
            with speaking_of(**self._about):
                try:
                    self._at_hand = self._next_bytes()
                except TimeoutError:
                    self._fell_silent()
                    raise
        count = min(len(view), len(self._at_hand))
        view[:count] = self._at_hand[:count]
        self._at_hand = self._at_hand[count:]
        return count

    def _next_bytes(self) -> memoryview:
        """The next piece; with the last one, the file must still be what it was."""
        self._ask()
        head = self._flying.popleft()
        data = self._wire.take_bytes(head.number)
        if not data or len(data) > head.count:
            self._refuse_changed()
            raise self._fail(Unreachable, f"the file ended {self._end - self._given_to} bytes early")
        self._given_to += len(data)
        if len(data) < head.count:  # servers may give less than they are asked for
            rest = head.offset + len(data), head.count - len(data)
            self._flying.appendleft(_Flying(*rest, self._wire.ask_bytes(self._handle, *rest)))
        if self._given_to == self._end:
            self._refuse_changed()
        self._width = min(self._width * 2, self._most())
        return data

    def _ask(self) -> None:
        while self._asked_to < self._end and len(self._flying) < max(1, min(self._width, self._most())):
            count = min(READ_BYTES, self._end - self._asked_to)
            number = self._wire.ask_bytes(self._handle, self._asked_to, count)
            self._flying.append(_Flying(self._asked_to, count, number))
            self._asked_to += count

    def _refuse_changed(self) -> None:
        after = self._wire.take_facts(self._wire.ask_facts(self._handle))
        if (after.size, after.modified_s) != (self._before.size, self._before.modified_s):
            raise self._fail(Changed, f"written to while it was read (version {version_of(self._before)} when opened)")

    def _fail(self, kind: type[DestinationError], reason: str) -> DestinationError:
        return kind(reason, **self._about)

    def close(self) -> None:
        """Waits for nothing: the answers that are still on their way are dropped when they come."""
        if not self.closed:
            for one in self._flying:
                self._wire.forget(one.number)
            self._wire.close(self._handle)
            self._lease.give_back()
        super().close()
