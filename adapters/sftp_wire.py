"""The reading half of the SFTP protocol, version 3, over one SSH channel.

Written here and not taken from paramiko, which decodes every name as UTF-8 (one other name and the directory
cannot be listed), tells status codes as texts, and waits without a limit. What writes is not here at all.

Source: https://datatracker.ietf.org/doc/html/draft-ietf-secsh-filexfer-02
"""

import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

LARGEST_PACKET: Final = 1024 * 1024  # the draft asks for 34,000; OpenSSH sends 256 KiB at most
_RECEIVE_BYTES: Final = 256 * 1024
_VERSION: Final = 3


class Ask(IntEnum):
    """Requests: those that read."""

    INIT = 1
    OPEN = 3
    CLOSE = 4
    READ = 5
    LSTAT = 7
    FSTAT = 8
    OPENDIR = 11
    READDIR = 12
    REALPATH = 16
    STAT = 17


class Tell(IntEnum):
    """Answers."""

    VERSION = 2
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105


_FOR_READING: Final = struct.pack(">II", 1, 0)  # SSH_FXF_READ, no attributes
END_OF_FILE: Final = 1  # SSH_FX_EOF


class RefusedError(Exception):
    """The server answered with a status that is no success. `code` is its number (SSH_FX_…)."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class NoSftpError(Exception):
    """The server has let us in and opens no SFTP session."""


class GarbledError(Exception):
    """What came is no answer of the SFTP protocol."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The attributes of a file; None where the server does not tell."""

    size: int | None = None
    uid: int | None = None
    mode: int | None = None  # kind and permissions, as in stat(2)
    modified_s: int | None = None  # since 1970


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is no refusal."""

    kind: int
    body: memoryview


class Wire:
    """Requests and answers on one channel. Several threads may use it; answers may come in any order.

    `timeout_s` bounds the wait for each answer (anew whenever one for another request has come). After any
    failure of the connection the wire is broken for good: every call raises.

    Raises: RefusedError; GarbledError; TimeoutError; EOFError and OSError when the connection is gone.
    """

    def __init__(self, channel: Any, timeout_s: float) -> None:
        self._channel = channel
        self._timeout_s = timeout_s
        self._sending = threading.Lock()
        self._receiving = threading.Lock()
        self._buffer = bytearray()
        self._number = 0
        self._awaited: set[int] = set()
        self._replies: dict[int, Reply] = {}
        self._unwanted: set[int] = set()  # numbers of requests whose answers nobody waits for any more
        self._handles: deque[bytes] = deque()  # to be closed with the next request
        self._trouble: Exception | None = None
        self.requests: dict[Ask, int] = {}  # how many of each kind were sent

    @property
    def is_broken(self) -> bool:
        return self._trouble is not None or bool(self._channel.closed)

    def greet(self) -> None:
        """Agree on the version. Once, before all else."""
        with self._sending, self._receiving:
            try:
                self._channel.settimeout(self._timeout_s)
                self._channel.sendall(struct.pack(">IBI", 5, Ask.INIT, _VERSION))
                packet = self._packet(time.monotonic() + self._timeout_s)
                if packet[0] != Tell.VERSION or len(packet) < 5:
                    raise GarbledError
            except Exception as error:
                self._break(error)
                raise

    def real_path(self, path: bytes) -> bytes:
        """The absolute path of `path`; with its links resolved, by most servers."""
        reader = self._of_kind(self.send(Ask.REALPATH, path), Tell.NAME)
        if reader.number() != 1:
            raise GarbledError
        return reader.text()

    def stat(self, path: bytes) -> Facts:
        """Facts of what `path` leads to."""
        return self._of_kind(self.send(Ask.STAT, path), Tell.ATTRS).facts()

    def look(self, path: bytes) -> tuple[bytes, Facts]:
        """`real_path` and `stat` of what `path` leads to, asked for together."""
        numbers = self.send(Ask.REALPATH, path), self.send(Ask.STAT, path)
        try:
            reader = self._of_kind(numbers[0], Tell.NAME)
        except RefusedError:
            self.forget(numbers[1])
            raise
        if reader.number() != 1:
            raise GarbledError
        return reader.text(), self._of_kind(numbers[1], Tell.ATTRS).facts()

    def lstat(self, path: bytes) -> Facts:
        """Facts of what stands at `path`, be it a link."""
        return self._of_kind(self.send(Ask.LSTAT, path), Tell.ATTRS).facts()

    def ask_facts(self, handle: bytes) -> int:
        """Ask for the facts of an open file; the number is for `take_facts`."""
        return self.send(Ask.FSTAT, handle)

    def take_facts(self, number: int) -> Facts:
        """The facts of an open file."""
        return self._of_kind(number, Tell.ATTRS).facts()

    def open(self, path: bytes) -> bytes:
        """A handle of a file, for reading. Whoever has it gives it to `close`."""
        return self._of_kind(self.send(Ask.OPEN, path, more=_FOR_READING), Tell.HANDLE).text()

    def ask_bytes(self, handle: bytes, offset: int, count: int) -> int:
        """Ask for `count` bytes; the number is for `take_bytes` (or `forget`)."""
        return self.send(Ask.READ, handle, more=struct.pack(">QI", offset, count))

    def take_bytes(self, number: int) -> memoryview:
        """The bytes, at least one, perhaps fewer than asked for; none at the end of the file."""
        try:
            data = self._of_kind(number, Tell.DATA).text()
        except RefusedError as error:
            if error.code == END_OF_FILE:
                return memoryview(b"")
            raise
        if not data:
            raise GarbledError  # neither bytes nor the end
        return memoryview(data)

    def list_directory(self, path: bytes) -> Iterator[tuple[bytes, Facts]]:
        """What stands in a directory, as names and facts, in the server's order; without "." and ".."."""
        handle = self._of_kind(self.send(Ask.OPENDIR, path), Tell.HANDLE).text()
        flying = deque(self.send(Ask.READDIR, handle) for _ in range(2))  # one is read while the next is on its way
        try:
            while (names := self._names(flying.popleft())) is not None:
                flying.append(self.send(Ask.READDIR, handle))
                yield from ((name, facts) for name, facts in names if name not in (b".", b".."))
        finally:
            for number in flying:
                self.forget(number)
            self.close(handle)

    def _names(self, number: int) -> list[tuple[bytes, Facts]] | None:
        try:
            reader = self._of_kind(number, Tell.NAME)
        except RefusedError as error:
            if error.code == END_OF_FILE:
                return None
            raise
        names = [(reader.text(), reader.text(), reader.facts()) for _ in range(reader.number())]
        if not names or any(b"/" in name or not name for name, _, _ in names):
            raise GarbledError  # an empty answer is no end mark; a name with a slash would be a path
        return [(name, facts) for name, _, facts in names]

    def close(self, handle: bytes) -> None:
        """Give a handle back, with the next request: a finalizer may call this, where nothing may be waited for."""
        self._handles.append(handle)

    def forget(self, number: int) -> None:
        """Nobody will take the answer to this request: it is dropped, be it here already or not."""
        self._unwanted.add(number)
        if self._replies.pop(number, None) is not None:
            self._unwanted.discard(number)

    def hang_up(self) -> None:
        """End the channel; those who wait are told."""
        self._break(EOFError())

    def send(self, kind: Ask, text: bytes, more: bytes = b"") -> int:
        """Send a request and give its number."""
        with self._sending:
            self._refuse_broken()
            try:
                self._close_handles()
                return self._send(kind, text, more)
            except Exception as error:
                self._break(error)
                raise

    def _send(self, kind: Ask, text: bytes, more: bytes = b"") -> int:
        self._number = number = (self._number + 1) & 0xFFFFFFFF
        self._awaited.add(number)
        self.requests[kind] = self.requests.get(kind, 0) + 1
        rest = struct.pack(">BII", kind, number, len(text)) + text + more
        self._channel.sendall(struct.pack(">I", len(rest)) + rest)
        return number

    def _close_handles(self) -> None:
        while self._handles:
            self._unwanted.add(self._send(Ask.CLOSE, self._handles.popleft()))

    def _of_kind(self, number: int, kind: Tell) -> "_Reader":
        reply = self._take(number)
        reader = _Reader(reply.body)
        if reply.kind == Tell.STATUS:
            raise RefusedError(reader.number())
        if reply.kind != kind:
            raise GarbledError
        return reader

    def _take(self, number: int) -> Reply:
        """The answer to a request. Whoever reads the channel lays the answers of others down for them."""
        with self._receiving:
            until = time.monotonic() + self._timeout_s
            while number not in self._replies:
                self._refuse_broken()
                try:
                    self._lay_down(self._packet(until))
                except Exception as error:
                    self._break(error)
                    raise
                until = time.monotonic() + self._timeout_s
            return self._replies.pop(number)

    def _lay_down(self, packet: bytes) -> None:
        if len(packet) < 5:
            raise GarbledError
        kind, number = struct.unpack_from(">BI", packet)
        if number not in self._awaited:
            raise GarbledError
        self._awaited.discard(number)
        self._replies[number] = Reply(kind, memoryview(packet)[5:])
        if number in self._unwanted:
            self._unwanted.discard(number)
            self._replies.pop(number, None)

    def _packet(self, until: float) -> bytes:
        self._fill(4, until)
        (size,) = struct.unpack_from(">I", self._buffer)
        if not 0 < size <= LARGEST_PACKET:
            raise GarbledError
        self._fill(4 + size, until)
        packet = bytes(memoryview(self._buffer)[4 : 4 + size])
        del self._buffer[: 4 + size]
        return packet

    def _fill(self, size: int, until: float) -> None:
        while len(self._buffer) < size:
            left_s = until - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            self._channel.settimeout(left_s)
            data = self._channel.recv(_RECEIVE_BYTES)
            if not data:
                raise EOFError
            self._buffer += data

    def _refuse_broken(self) -> None:
        if self._trouble is not None:
            raise TimeoutError if isinstance(self._trouble, TimeoutError) else EOFError

    def _break(self, error: Exception) -> None:
        if self._trouble is None:
            self._trouble = error
        self._channel.close()


class _Reader:
    """Takes the fields of an answer one after the other. What is cut short is GarbledError, never filled up."""

    def __init__(self, body: memoryview) -> None:
        self._body = body
        self._at = 0

    def _next(self, count: int) -> memoryview:
        part = self._body[self._at : self._at + count]
        if len(part) < count:
            raise GarbledError
        self._at += count
        return part

    def number(self) -> int:
        return int.from_bytes(self._next(4), "big")

    def text(self) -> bytes:
        return bytes(self._next(self.number()))

    def facts(self) -> Facts:
        flags = self.number()
        size = int.from_bytes(self._next(8), "big") if flags & 0x1 else None
        uid, _ = (self.number(), self.number()) if flags & 0x2 else (None, None)
        mode = self.number() if flags & 0x4 else None
        _, modified_s = (self.number(), self.number()) if flags & 0x8 else (None, None)
        if flags & 0x80000000:
            for _ in range(self.number()):
                self.text(), self.text()
        return Facts(size, uid, mode, modified_s)
