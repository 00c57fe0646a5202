"""One listed file as bytes that are counted against its listing."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NoReturn, cast

from adapters.base import Adapter, Changed, RangeRefused
from auditor.model import StoredFile

__all__ = ["Source"]


class Source:
    """The bytes of one file, as stored. Each call opens the object anew.

    The listed version is demanded each time, so that a replaced object raises Changed, and every
    range is counted, so that an object which is not as long as listed raises Changed too. A
    `DestinationError` from here means *could not check*, never "damaged".
    """

    def __init__(self, adapter: Adapter, file: StoredFile) -> None:
        self.adapter = adapter
        self.file = file
        self.bytes_read = 0  # over all reads, second ones included

    @property
    def size(self) -> int:
        """Bytes as listed."""
        return self.file.size

    @contextmanager
    def stream(self, start: int = 0, length: int | None = None) -> Iterator[BinaryIO]:
        """Stream from offset `start`, `length` bytes or to the end.

        The stream ends only at the promised byte: fewer or more raise Changed while reading.
        """
        promised = max(0, self.size - start) if length is None else length
        # To the end we ask without a length: only so can an object that has grown show itself.
        try:
            opened = self.adapter.read_object(self.file.key, start, length, version=self.file.version)
            with opened as raw:
                yield cast("BinaryIO", _Counted(raw, self, promised))
        except RangeRefused as error:
            if start >= self.size:
                raise
            self._raise_changed(f"is shorter than the listed {self.size} bytes", error)

    def read_at(self, start: int, length: int) -> bytes:
        """Exactly `length` bytes from `start`, or a DestinationError.

        What reaches to the listed end must also end there: an object that has grown is Changed, not damaged.
        """
        reaches_end = start + length == self.size
        with self.stream(start, None if reaches_end else length) as raw:
            data = raw.read(length)
            if len(data) < length or reaches_end:
                raw.read(1)  # raises what is wrong
            return data

    def _raise_changed(self, reason: str, cause: Exception | None = None) -> NoReturn:
        raise Changed(reason, destination=self.adapter.name, operation="read", key=self.file.key) from cause


class _Counted(io.RawIOBase):
    """A stream that ends at its promised length or raises Changed.

    `read(n)` gives n bytes unless the end is near, as a file does.
    """

    def __init__(self, raw: BinaryIO, source: Source, promised: int) -> None:
        self._raw = raw
        self._source = source
        self._left = promised

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes, fewer only at the end; b"" at the end."""
        if size is None or size < 0:
            size = self._left + 1
        parts: list[bytes] = []
        missing = size
        while missing:
            part = self._read_some(missing)
            if not part:
                break
            parts.append(part)
            missing -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _read_some(self, size: int) -> bytes:
        data = self._raw.read(size)
        self._left -= len(data)
        self._source.bytes_read += len(data)
        if self._left < 0:
            self._source._raise_changed(f"is longer than the listed {self._source.size} bytes")
        if not data and self._left:
            self._source._raise_changed(f"is {self._left} bytes shorter than listed ({self._source.size})")
        return data

    def readall(self) -> bytes:
        return self.read(-1)

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)
