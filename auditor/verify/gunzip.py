"""A gzip file as decoded chunks, every member's header, checksum and length verified.

Two implementations, independent of each other: `isal` (fast; header and trailer are checked here, by
RFC 1952) and the standard library's zlib, whose word is needed before a file is called corrupt: fast
inflate libraries have refused valid files (pycompression/python-isal#87).
"""

from collections.abc import Iterator
from typing import Final, Protocol

from auditor.verify.names import GZIP_MAGIC

__all__ = ["ENGINES", "ContainerFault", "Gunzip", "parse_header"]

RAW_BYTES: Final = 128 * 1024  # asked of the destination at a time
TEXT_BYTES: Final = 512 * 1024  # decoded at a time
_HEADER_LIMIT: Final = 256 * 1024  # a header may carry a file name and a comment; nobody writes longer ones
_TRAILER_BYTES: Final = 8
_FHCRC, _FEXTRA, _FNAME, _FCOMMENT, _RESERVED = 2, 4, 8, 16, 0xE0


class ContainerFault(Exception):
    """The container contradicts itself. `code` is a finding code; `offset` counts stored bytes."""

    def __init__(self, code: str, what: str, offset: int) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.offset = offset


class _Inflater(Protocol):
    """What zlib's and isal's decompression objects have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Stored(Protocol):
    """What stored bytes are read from: at most `size` bytes, b"" at the end."""

    def read(self, size: int, /) -> bytes: ...


class Gunzip:
    """Reads `raw` to its end; iterating gives decoded chunks and may raise ContainerFault or DestinationError.

    Several members are one text. Zeros after the last member are padding (as gzip(1) has it), anything
    else there is a fault.
    """

    def __init__(self, raw: Stored, engine: str = "isal") -> None:
        self._raw = raw
        self._engine = ENGINES[engine]
        self._buffer = b""
        self._read = 0
        self.members = 0
        self.padding_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        while self._buffer or self._fill():
            if self.members and self._buffer[0] == 0:
                self._skip_padding()
                return
            self._expect_magic()
            yield from self._engine(self)
            self.members += 1
        if not self.members:
            raise self._truncated("it is empty")

    def _fill(self) -> bool:
        data = self._raw.read(RAW_BYTES)
        self._read += len(data)
        self._buffer += data
        return bool(data)

    def _expect_magic(self) -> None:
        while len(self._buffer) < 2 and self._fill():
            pass
        if self._buffer[:2] == GZIP_MAGIC:
            return
        if GZIP_MAGIC.startswith(self._buffer):
            raise self._truncated("it ends inside a gzip header")
        raise self._corrupt("bytes that are neither padding nor gzip follow the gzip data")

    def _skip_padding(self) -> None:
        while self._buffer:
            if self._buffer.strip(b"\0"):
                raise self._corrupt("bytes that are neither padding nor gzip follow the gzip data")
            self.padding_bytes += len(self._buffer)
            self._buffer = b""
            self._fill()

    def _inflate(self, inflater: _Inflater, errors: tuple[type[Exception], ...]) -> Iterator[bytes]:
        """Decoded chunks of one deflate stream; what follows it stays in the buffer."""
        while True:
            try:
                text = inflater.decompress(self._buffer, TEXT_BYTES)
            except errors:
                raise self._corrupt("the compressed data contradicts itself") from None
            self._buffer = inflater.unconsumed_tail
            if text:
                yield text
            if inflater.eof:
                self._buffer = inflater.unused_data
                return
            if not self._buffer and len(text) < TEXT_BYTES and not self._fill():
                raise self._truncated("it ends inside the compressed data")

    def _truncated(self, what: str) -> ContainerFault:
        return ContainerFault("file-truncated", what, self._read - len(self._buffer))

    def _corrupt(self, what: str) -> ContainerFault:
        return ContainerFault("file-corrupt", what, self._read - len(self._buffer))


def _member_by_zlib(stream: Gunzip) -> Iterator[bytes]:
    """Header, checksum and length are zlib's own business."""
    import zlib

    yield from stream._inflate(zlib.decompressobj(wbits=31), (zlib.error,))


def _member_by_isal(stream: Gunzip) -> Iterator[bytes]:
    """isal inflates, the rest is checked here: what its own checks miss cannot pass."""
    from isal import igzip_lib, isal_zlib

    _take_header(stream)
    crc = length = 0
    for text in stream._inflate(isal_zlib.decompressobj(wbits=-15), (igzip_lib.IsalError, EOFError)):  # type: ignore[arg-type]  # its stub says an instance
        crc = isal_zlib.crc32(text, crc)
        length += len(text)
        yield text
    _check_trailer(stream, crc, length)


ENGINES = {"isal": _member_by_isal, "zlib": _member_by_zlib}


def _take_header(stream: Gunzip) -> None:
    while True:
        try:
            size = parse_header(stream._buffer)
        except ValueError as error:
            raise stream._corrupt(str(error)) from None
        if size:
            stream._buffer = stream._buffer[size:]
            return
        if len(stream._buffer) > _HEADER_LIMIT:
            raise stream._corrupt("the gzip header has no end")
        if not stream._fill():
            raise stream._truncated("it ends inside a gzip header")


def _check_trailer(stream: Gunzip, crc: int, length: int) -> None:
    while len(stream._buffer) < _TRAILER_BYTES:
        if not stream._fill():
            raise stream._truncated("it ends inside the gzip checksum")
    trailer, stream._buffer = stream._buffer[:_TRAILER_BYTES], stream._buffer[_TRAILER_BYTES:]
    if int.from_bytes(trailer[:4], "little") != crc:
        raise stream._corrupt("the gzip checksum does not match the decoded text")
    if int.from_bytes(trailer[4:], "little") != length & 0xFFFFFFFF:
        raise stream._corrupt("the gzip length does not match the decoded text")


def parse_header(data: bytes) -> int:
    """Bytes of the gzip header that `data` begins with, 0 if it goes on behind `data` (RFC 1952, 2.3).

    Raises: ValueError if it is no valid header. Modification time, extra flags and operating system are free.
    """
    import zlib

    if len(data) < 10:
        return 0
    flags = data[3]
    if data[:2] != GZIP_MAGIC or data[2] != 8 or flags & _RESERVED:
        raise ValueError("the gzip header is not valid")
    at = 10
    if flags & _FEXTRA:
        if len(data) < at + 2:
            return 0
        at += 2 + int.from_bytes(data[at : at + 2], "little")
    for flag in (_FNAME, _FCOMMENT):
        if flags & flag:
            at = data.find(b"\0", at) + 1
            if not at:
                return 0
    if flags & _FHCRC:
        if len(data) < at + 2:
            return 0
        if int.from_bytes(data[at : at + 2], "little") != zlib.crc32(data[:at]) & 0xFFFF:
            raise ValueError("the checksum of the gzip header is wrong")
        at += 2
    return at if len(data) >= at else 0
