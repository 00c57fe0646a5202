"""Where the bytes of a Parquet file come from: its destination, or memory if the file is small."""

import io
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol


class Readable(Protocol):
    """What is needed of a Source; `HeldBytes` is one too."""

    @property
    def size(self) -> int:
        """Bytes in all."""

    def stream(self, start: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        """Stream `length` bytes from `start`."""

    def read_at(self, start: int, length: int) -> bytes:
        """Exactly `length` bytes from `start`."""


class HeldBytes:
    """A small file that was read in one go."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        return len(self._data)

    def stream(self, start: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        return io.BytesIO(self._data[start:] if length is None else self._data[start : start + length])

    def read_at(self, start: int, length: int) -> bytes:
        return self._data[start : start + length]
