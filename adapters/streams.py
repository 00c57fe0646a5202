"""The bytes of one object as a counted stream that never ends early without raising."""

import io
from typing import Final, TypedDict

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


class About(TypedDict):
    """What was being done with what, as every DestinationError wants to know it."""

    destination: str
    operation: str
    key: str
