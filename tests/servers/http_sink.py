"""A receiver of notices over HTTP that keeps what it is sent, and answers as it is told."""

import contextlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers.fake_entra import Certificate


@dataclass(frozen=True)
class Answer:
    """`hangs_up`: the connection is cut instead."""

    status: int = 202
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    after_s: float = 0
    hangs_up: bool = False


@dataclass(frozen=True)
class Got:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class HttpSink:
    """`answers` are given in order; when they are used up, `always`."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answers: list[Answer | Callable[[Got], Answer]] = field(default_factory=list)
    always: Answer = Answer()

    def answer(self, got: Got) -> Answer:
        self.got.append(got)
        chosen = self.answers.pop(0) if self.answers else self.always
        return chosen if isinstance(chosen, Answer) else chosen(got)


@contextlib.contextmanager
def http_sink(certificate: Certificate | None = None) -> Iterator[HttpSink]:
    """Runs on a free loopback port; with a certificate over https."""
    sink = HttpSink()

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            given = sink.answer(Got(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            time.sleep(given.after_s)
            if given.hangs_up:
                self.close_connection = True
                return
            data = given.body.encode()
            with contextlib.suppress(OSError):
                self.send_response_only(given.status)  # with no date but the one given
                for name, value in given.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        do_GET = do_POST = _take  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.file, certificate.key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    sink.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}"
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
