"""The file that Arrow reads a column chunk from: each byte passes the page walk first."""

from contextlib import ExitStack
from typing import BinaryIO

from auditor.verify.parquet_bytes import Readable
from auditor.verify.parquet_pages import PageWalker

_COPY = 1 << 20  # bytes per read where nobody asks for an amount


class Tap:
    """A seekable file over `source` of which one chunk at a time is read, in order.

    `error` keeps what reading or walking raised, for it may come back through Arrow in other clothes.
    """

    closed = False

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._stack = ExitStack()
        self._stream: BinaryIO | None = None
        self._walker: PageWalker | None = None
        self._position = 0  # where the decoder stands
        self._next = 0  # up to here the chunk has been walked
        self.error: BaseException | None = None

    def begin(self, walker: PageWalker) -> None:
        """From now on read the chunk of `walker`."""
        self.end()
        self._walker, self.error = walker, None
        self._next = self._position = walker.chunk.start
        if walker.chunk.compressed_size:
            self._stream = self._stack.enter_context(
                self._source.stream(walker.chunk.start, walker.chunk.compressed_size)
            )

    def drain(self) -> None:
        """Walk what the decoder did not ask for, then let the walk add up."""
        assert self._walker is not None
        while self._walk(_COPY):
            pass
        self._walker.finish()

    def end(self) -> None:
        """Close the chunk's stream."""
        self._stack.close()
        self._stream = None

    def read(self, size: int = -1) -> bytes:
        try:
            if self._position == self._next:
                data = self._walk(size if size >= 0 else _COPY)
            else:  # Arrow reads a chunk in order; should it look back, the bytes have been walked before
                data = self._source.read_at(self._position, min(size, self._source.size - self._position))
        except BaseException as error:
            self.error = error
            raise
        self._position += len(data)
        return data

    def _walk(self, size: int) -> bytes:
        if self._stream is None or self._walker is None:
            return b""
        data = self._stream.read(size)
        self._next += len(data)
        self._walker.feed(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = offset + (0, self._position, self._source.size)[whence]
        return self._position

    def tell(self) -> int:
        return self._position

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return True

    def flush(self) -> None:
        """Nothing is ever written."""

    def close(self) -> None:
        self.end()
        self.closed = True
