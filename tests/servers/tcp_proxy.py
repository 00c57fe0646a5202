"""A relay before a real server that speaks no HTTP (SFTP): it counts bytes, and is cut, stalled or shut by a test."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class TcpProxy:
    """Where to connect, and how it behaves. All may be changed while it runs; counts are of bytes to the client."""

    address: str  # "tcp://127.0.0.1:2222"
    cut_at: int | None = None  # of the bytes since the change, so many pass; then all connections are closed
    stall_at: int | None = None  # so many pass; then nothing does, and nothing is closed
    refuse: bool = False  # new connections are closed at once, before a byte
    connections: int = 0
    passed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)
    _open: list[socket.socket] = field(default_factory=list)

    def arm(self, *, cut_at: int | None = None, stall_at: int | None = None) -> None:
        """From now on, so many bytes more."""
        with self.lock:
            self.passed = 0
            self.cut_at, self.stall_at = cut_at, stall_at

    def cut(self) -> None:
        """Close all connections now."""
        with self.lock:
            held, self._open = self._open, []
        for one in held:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def may_pass(self, count: int) -> int:
        """How many of `count` bytes may pass to the client; fewer: the connection is over after them."""
        with self.lock:
            limit = self.cut_at if self.cut_at is not None else self.stall_at
            allowed = count if limit is None else max(0, min(count, limit - self.passed))
            self.passed += allowed
            if self.cut_at is not None and allowed < count:
                self.cut_at = None  # once
            return allowed

    def hold(self, *sockets: socket.socket) -> None:
        with self.lock:
            self.connections += 1
            self._open += sockets


@contextlib.contextmanager
def tcp_proxy(target: str) -> Iterator[TcpProxy]:
    """Stand before the server at `target` ("tcp://127.0.0.1:2222") on a free loopback port."""
    host, _, port = target.removeprefix("tcp://").rpartition(":")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        proxy = TcpProxy(f"tcp://127.0.0.1:{listening.getsockname()[1]}")
        listening.settimeout(0.05)
        thread = threading.Thread(target=_accept, args=(proxy, listening, (host, int(port))), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.over.set()
            proxy.cut()
            thread.join(5)


def _accept(proxy: TcpProxy, listening: socket.socket, target: tuple[str, int]) -> None:
    while not proxy.over.is_set():
        try:
            client, _ = listening.accept()
        except TimeoutError:
            continue
        if proxy.refuse:
            client.close()
            continue
        server = socket.create_connection(target, timeout=10)
        server.settimeout(None)
        client.settimeout(None)
        proxy.hold(client, server)
        for work in ((client, server, None), (server, client, proxy)):
            threading.Thread(target=_relay, args=work, daemon=True).start()


def _relay(source: socket.socket, sink: socket.socket, proxy: TcpProxy | None) -> None:
    """Pass bytes on until one side is done. With `proxy`: towards the client, where the faults are."""
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            allowed = proxy.may_pass(len(data)) if proxy else len(data)
            sink.sendall(data[:allowed])
            if proxy and allowed < len(data):
                while proxy.stall_at is not None and not proxy.over.is_set():
                    time.sleep(0.02)
                break
    for one in (source, sink):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
    if proxy:
        for one in (source, sink):
            one.close()
