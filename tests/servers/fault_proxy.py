"""A reverse proxy before a real HTTP server: it writes down every request, and misbehaves where a test says so.

def script(request):                       # once per request; None passes it on
    if place.is_listing(request):
        return Answer(503, headers={"Retry-After": "7"})
    return Tampered(cut_at=1000) if place.is_download(request) else None

with fault_proxy(server.endpoint_url, script) as proxy:
    …  # proxy.address is where to connect; proxy.requests is what came

The Host header passes as it came, so that signatures hold.
"""

import contextlib
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.servers.fake_s3 import Answer, Request

HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})


@dataclass(frozen=True)
class Tampered:
    """The real answer, with a fault on its way. Positions are bytes of the body."""

    cut_at: int | None = None  # all headers, so many bytes, then the connection is closed
    short_by: int = 0  # promises the whole and ends so many bytes early
    lose: int = 0  # the last bytes are left out and Content-Length says so: only sizes told elsewhere show it
    stall_at: int | None = None  # so many bytes, then silence until the client has gone
    drip_s: float | None = None  # byte by byte, each so many seconds after the other: never silent, never done
    flip_at: int | None = None  # one bit is wrong
    stall_before: bool = False  # no answer at all, until the client has gone
    drop: bool = False  # the connection is closed without an answer
    headers: tuple[tuple[str, str], ...] = ()  # added, or in place of the real ones


Script: TypeAlias = Callable[[Request], Answer | Tampered | None]


def pass_on(_: Request) -> None:
    """The script of a proxy that only records."""


@dataclass
class FaultProxy:
    """Where to connect, and what came. `script` may be replaced between two requests."""

    address: str
    target: str
    script: Script
    requests: list[Request] = field(default_factory=list)
    sent: int = 0  # bytes of bodies given to clients
    connections: int = 0
    most_at_once: int = 0  # connections that were open at the same time
    gone: threading.Event = field(default_factory=threading.Event)  # set in the end: whoever stalls gives up
    lock: threading.Lock = field(default_factory=threading.Lock)
    _open: int = 0

    def heard(self, request: Request) -> Answer | Tampered | None:
        with self.lock:
            self.requests.append(request)
            return self.script(request)

    def count_connection(self, change: int) -> None:
        with self.lock:
            self.connections += change > 0
            self._open += change
            self.most_at_once = max(self.most_at_once, self._open)


@contextlib.contextmanager
def fault_proxy(target: str, script: Script = pass_on) -> Iterator[FaultProxy]:
    """Stand before the server at `target` ("http://127.0.0.1:8333") on a free loopback port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # the client went away, as clients do
    proxy = FaultProxy(f"http://127.0.0.1:{server.server_port}", target, script)
    server.proxy = proxy  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.gone.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.proxy: FaultProxy = self.server.proxy  # type: ignore[attr-defined]
        self.upstream: http.client.HTTPConnection | None = None
        self.proxy.count_connection(+1)

    def finish(self) -> None:
        self.proxy.count_connection(-1)
        if self.upstream:
            self.upstream.close()
        with contextlib.suppress(OSError):
            super().finish()

    def handle(self) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            super().handle()

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        wish = self.proxy.heard(Request(self.command, unquote(parts.path), query, headers))
        if isinstance(wish, Answer):
            self.give(wish)
        else:
            self.forward(body, wish or Tampered())

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = serve  # noqa: N815

    def give(self, answer: Answer) -> None:
        headers = {"Content-Length": str(len(answer.body)), "Date": self.date_time_string()} | dict(answer.headers)
        if answer.stall_s:
            time.sleep(answer.stall_s)
        self.send(answer.status, list(headers.items()), answer.body[: answer.cut_at])
        self.close_connection |= answer.cut_at is not None

    def forward(self, body: bytes, fault: Tampered) -> None:
        if fault.stall_before:
            self.stall()
        if fault.stall_before or fault.drop:
            self.close_connection = True
            return
        answer, told = self.ask(body)
        told = told[: max(0, len(told) - fault.lose)]
        replaced = {name.lower() for name, _ in fault.headers}
        headers = [(n, v) for n, v in answer.getheaders() if n.lower() not in HOP_BY_HOP | replaced]
        headers += fault.headers
        length = answer.headers.get("content-length") if self.command == "HEAD" else str(len(told))
        headers += [("Content-Length", length)] if length is not None else []
        if fault.flip_at is not None and fault.flip_at < len(told):
            told = told[: fault.flip_at] + bytes([told[fault.flip_at] ^ 1]) + told[fault.flip_at + 1 :]
        ends = [end for end in (fault.cut_at, fault.stall_at, len(told) - fault.short_by) if end is not None]
        self.send(answer.status, headers, told[: min(ends)], fault.drip_s)
        if fault.stall_at is not None and fault.stall_at < len(told):
            self.stall()
        self.close_connection |= min(ends) < len(told)

    def ask(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        """The real server's answer. A kept connection that it has closed meanwhile is opened anew."""
        for is_last in (False, True):
            if self.upstream is None:
                self.upstream = http.client.HTTPConnection(urlsplit(self.proxy.target).netloc, timeout=30)
            try:
                self.upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() != "connection":
                        self.upstream.putheader(name, value)
                self.upstream.endheaders(body or None)
                answer = self.upstream.getresponse()
                return answer, answer.read()
            except (OSError, http.client.HTTPException):
                self.upstream.close()
                self.upstream = None
                if is_last:
                    raise
        raise AssertionError

    def send(self, status: int, headers: list[tuple[str, str]], body: bytes, drip_s: float | None = None) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            for part in (body,) if drip_s is None else (body[at : at + 1] for at in range(len(body))):
                self.wfile.write(part)
                self.wfile.flush()
                self.proxy.gone.wait(drip_s or 0)
            with self.proxy.lock:
                self.proxy.sent += len(body)

    def stall(self) -> None:
        """Be silent until the client gives up, or the test is over."""
        self.connection.settimeout(0.05)
        while not self.proxy.gone.is_set():
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def log_message(self, *_: object) -> None:
        pass
