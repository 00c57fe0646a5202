"""An SFTP server that does what a test tells it to, over real SSH: for what no sshd does on demand.

It logs in by password (sshd could, only with an account of the machine), and serves a few files from memory.
"""

import contextlib
import itertools
import logging
import socket
import stat
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import paramiko

from adapters.sftp_hosts import HostKey
from adapters.sftp_wire import Ask, Tell

logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)

MTIME = 1_790_812_800  # 2026-10-01T00:00:00Z
USERNAME = "audit"
PASSWORD = "planted-password"
TOGETHER_S = 0.03  # requests that come within it are on their way together


@dataclass
class Entry:
    """A file, directory or other thing in memory."""

    data: bytes = b""
    mode: int | None = stat.S_IFREG | 0o644  # None: the server does not tell
    mtime: int | None = MTIME
    target: bytes | None = None  # of a link, absolute


@dataclass(frozen=True)
class Asked:
    kind: Ask
    number: int
    text: bytes  # path or handle
    offset: int = 0
    count: int = 0


Script = Callable[[Asked], "bytes | None"]
"""The packet to answer with (b"": no answer at all); None: as a good server would."""


@dataclass
class FakeSftp:
    """How to reach the server, what it holds, what it was asked."""

    port: int
    host_key: paramiko.PKey
    entries: dict[bytes, Entry] = field(default_factory=dict)  # by absolute path, "/" included
    script: Script = lambda _: None
    most_outstanding: int | None = None  # more reads at a time: so many are answered, then nothing ever
    most_read: int = 1 << 20  # bytes of one answer
    resolves_links: bool = True
    by_prompt: bool = False  # passwords by keyboard-interactive only
    with_prompts: int = 1
    silent_at_login: bool = False
    drop_logins: int = 0  # so many connections are closed before a byte
    also_wants: str = ""  # a second way to log in, after the first
    also_sends: list[bytes] = field(default_factory=list)  # packets, after the next answer
    asked: list[Asked] = field(default_factory=list)
    logins: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def options(self) -> dict[str, Any]:
        """Options of an `sftp` destination on this server."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "username": USERNAME,
            "password": PASSWORD,
            "host_key_fingerprint": HostKey(self.host_key.asbytes()).fingerprint,
            "root": "/",
            "timeout": 10.0,
        }

    def put(self, path: str | bytes, data: bytes = b"12345", **facts: Any) -> Entry:
        """A file, with the directories above it."""
        name = path.encode() if isinstance(path, str) else path
        above = name.rpartition(b"/")[0]
        while above:
            self.entries.setdefault(above, Entry(mode=stat.S_IFDIR | 0o755))
            above = above.rpartition(b"/")[0]
        self.entries[name] = entry = Entry(data, **facts)
        return entry

    def count(self, kind: Ask) -> int:
        return sum(asked.kind is kind for asked in self.asked)


def status(asked: Asked, code: int, text: str = "") -> bytes:
    return struct.pack(">BII", Tell.STATUS, asked.number, code) + string(text.encode()) + string(b"en")


def string(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


def data(asked: Asked, content: bytes) -> bytes:
    return struct.pack(">BI", Tell.DATA, asked.number) + string(content)


def names(asked: Asked, *listed: tuple[bytes, Entry]) -> bytes:
    packed = b"".join(string(name) + string(b"") + attributes(entry) for name, entry in listed)
    return struct.pack(">BII", Tell.NAME, asked.number, len(listed)) + packed


def facts(asked: Asked, entry: Entry) -> bytes:
    return struct.pack(">BI", Tell.ATTRS, asked.number) + attributes(entry)


def attributes(entry: Entry) -> bytes:
    flags, packed = 0x1, struct.pack(">Q", len(entry.data))
    if entry.mode is not None:
        flags, packed = flags | 0x4, packed + struct.pack(">I", entry.mode)
    if entry.mtime is not None:
        flags, packed = flags | 0x8, packed + struct.pack(">II", entry.mtime, entry.mtime)
    return struct.pack(">I", flags) + packed


@contextlib.contextmanager
def fake_sftp(host_key: paramiko.PKey | None = None, **behaviour: Any) -> Iterator[FakeSftp]:
    """A server on a free loopback port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = FakeSftp(listening.getsockname()[1], host_key or _host_key(), **behaviour)
        server.entries[b"/"] = Entry(mode=stat.S_IFDIR | 0o755)
        listening.settimeout(0.05)
        transports: list[paramiko.Transport] = []
        thread = threading.Thread(target=_accept, args=(server, listening, transports), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            thread.join(5)
            for transport in transports:
                transport.close()
            for transport in transports:
                transport.join(5)


@cache
def _host_key() -> paramiko.PKey:
    return paramiko.ECDSAKey.generate()


def _accept(server: FakeSftp, listening: socket.socket, transports: list[paramiko.Transport]) -> None:
    while not server.over.is_set():
        try:
            client, _ = listening.accept()
        except TimeoutError:
            continue
        if server.drop_logins > 0:
            server.drop_logins -= 1
            client.close()
            continue
        transport = paramiko.Transport(client)
        transport.add_server_key(server.host_key)
        transport.set_subsystem_handler("sftp", _Handler, server)
        transports.append(transport)
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            transport.start_server(event=threading.Event(), server=_Login(server))


class _Login(paramiko.ServerInterface):
    def __init__(self, server: FakeSftp) -> None:
        self.server = server
        self.passed: set[str] = set()

    def get_allowed_auths(self, username: str) -> str:
        if self.passed and self.server.also_wants:
            return self.server.also_wants
        return "keyboard-interactive" if self.server.by_prompt else "password,publickey"

    def check_auth_password(self, username: str, password: str) -> int:
        if self.server.by_prompt or (username, password) != (USERNAME, PASSWORD):
            return paramiko.AUTH_FAILED
        return self._one_more("password")

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return self._one_more("publickey") if self.server.also_wants else paramiko.AUTH_FAILED

    def check_auth_interactive(self, username: str, submethods: str) -> paramiko.InteractiveQuery:
        return paramiko.InteractiveQuery("", "", *[("Password: ", False)] * self.server.with_prompts)

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        return self._one_more("prompt") if responses == [PASSWORD] else paramiko.AUTH_FAILED

    def _one_more(self, way: str) -> int:
        self.passed.add(way)
        if self.server.also_wants and len(self.passed) < 2:
            return paramiko.AUTH_PARTIALLY_SUCCESSFUL
        self.server.logins += 1
        return paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        if self.server.silent_at_login:
            self.server.over.wait(30)
        return super().check_channel_subsystem_request(channel, name)


class _Handler(paramiko.SubsystemHandler):
    def __init__(self, channel: Any, name: str, login: Any, server: FakeSftp) -> None:
        super().__init__(channel, name, login)
        self.server = server
        self.buffer = bytearray()
        self.handles: dict[bytes, Any] = {}
        self.numbers = itertools.count()
        self.waiting: deque[Asked] = deque()

    def start_subsystem(self, name: str, transport: Any, channel: Any) -> None:
        self.channel = channel
        with contextlib.suppress(EOFError, OSError, paramiko.SSHException):
            self._packet()
            self._send(struct.pack(">BI", Tell.VERSION, 3))
            while True:
                self._serve()

    def _serve(self) -> None:
        if not self.waiting:
            self.waiting.append(self._request())
        most = self.server.most_outstanding
        if most is not None and self.waiting[0].kind is Ask.READ:
            self._gather()
            if sum(asked.kind is Ask.READ for asked in self.waiting) > most:
                for _ in range(most):
                    self._answer(self.waiting.popleft())
                while not self.channel.closed and not self.server.over.is_set():
                    time.sleep(0.02)
                raise EOFError
        self._answer(self.waiting.popleft())

    def _gather(self) -> None:
        until = time.monotonic() + TOGETHER_S
        while time.monotonic() < until:
            if self.channel.recv_ready() or len(self.buffer) > 4:
                self.waiting.append(self._request())
            else:
                time.sleep(0.005)

    def _request(self) -> Asked:
        packet = self._packet()
        kind, number, length = struct.unpack_from(">BII", packet)
        text, rest = packet[9 : 9 + length], packet[9 + length :]
        more = struct.unpack(">QI", rest) if kind == Ask.READ else ()
        asked = Asked(Ask(kind), number, text, *more)
        self.server.asked.append(asked)
        return asked

    def _packet(self) -> bytes:
        while len(self.buffer) < 4 or len(self.buffer) < 4 + int.from_bytes(self.buffer[:4], "big"):
            received = self.channel.recv(65_536)
            if not received:
                raise EOFError
            self.buffer += received
        size = 4 + int.from_bytes(self.buffer[:4], "big")
        packet = bytes(self.buffer[4:size])
        del self.buffer[:size]
        return packet

    def _send(self, packet: bytes) -> None:
        self.channel.sendall(struct.pack(">I", len(packet)) + packet)

    def _answer(self, asked: Asked) -> None:
        packet = self.server.script(asked)
        if packet is None:
            packet = self._well(asked)
        if packet:
            self._send(packet)
            while self.server.also_sends:
                self._send(self.server.also_sends.pop(0))

    def _well(self, asked: Asked) -> bytes:
        if asked.kind in (Ask.READ, Ask.READDIR, Ask.FSTAT, Ask.CLOSE):
            return self._of_handle(asked)
        path = self._resolved(asked.text) if asked.kind is not Ask.LSTAT else asked.text
        entry = self.server.entries.get(path)
        if entry is None:
            return status(asked, 2)
        if asked.kind is Ask.REALPATH:
            return names(asked, (path if self.server.resolves_links else asked.text, Entry()))
        if asked.kind in (Ask.STAT, Ask.LSTAT):
            return facts(asked, entry)
        handle = b"%d" % next(self.numbers)
        self.handles[handle] = entry if asked.kind is Ask.OPEN else iter([self._listed(path)])
        return struct.pack(">BI", Tell.HANDLE, asked.number) + string(handle)

    def _of_handle(self, asked: Asked) -> bytes:
        held = self.handles[asked.text]
        if asked.kind is Ask.CLOSE:
            del self.handles[asked.text]
            return status(asked, 0)
        if asked.kind is Ask.FSTAT:
            return facts(asked, held)
        if asked.kind is Ask.READDIR:
            listed = next(held, None)
            return names(asked, *listed) if listed else status(asked, 1)
        content = held.data[asked.offset : asked.offset + min(asked.count, self.server.most_read)]
        return data(asked, content) if content else status(asked, 1)

    def _listed(self, path: bytes) -> list[tuple[bytes, Entry]]:
        above = path.rstrip(b"/") + b"/"
        below = [(p[len(above) :], e) for p, e in self.server.entries.items() if p.startswith(above) and p != above]
        return [(b".", Entry()), (b"..", Entry()), *(one for one in below if b"/" not in one[0])]

    def _resolved(self, path: bytes) -> bytes:
        if path == b".":
            return b"/"
        for depth in range(1, path.count(b"/") + 1):
            parts = path.split(b"/")
            entry = self.server.entries.get(b"/".join(parts[: depth + 1]))
            if entry is not None and entry.target is not None:
                return self._resolved(b"/".join([entry.target, *parts[depth + 1 :]]))
        return path
