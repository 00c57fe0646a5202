"""Secrets planted under every key that takes one, a server that throws them back, and where they are looked for."""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

from tests.servers.process import free_ports


class Echo(BaseHTTPRequestHandler):
    """Answers every request with what it held, as some gateways do in their error pages."""

    status = 403

    def answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        said = f"<Error><Code>AccessDenied</Code><Message>{self.requestline}\n{self.headers}".encode() + body
        said += b"</Message></Error>"
        self.send_response(self.status, "No")
        self.send_header("content-type", "application/xml")
        self.send_header("content-length", str(len(said)))
        self.send_header("x-echo", quote(self.path)[:2000])
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said)

    do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815 - the names of http.server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@contextmanager
def echoing(status: int | None) -> Iterator[int]:
    """The port of a server that refuses with `status`; None: nobody listens there."""
    if status is None:
        yield free_ports(1)[0]
        return
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("EchoOf", (Echo,), {"status": status}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def spellings(secret: str) -> set[str]:
    """What would give it away: as it is, for an address, and inside base64 of anything it may stand in."""
    found = {secret, quote(secret), quote(secret, safe="")}
    for before in range(3):
        whole = base64.b64encode(b"x" * before + secret.encode()).decode().rstrip("=")
        core = whole[(0, 2, 3)[before] : -1]
        found |= {core, core.replace("+", "-").replace("/", "_")}
    return found


def find_planted(secrets: dict[str, str], places: dict[str, str | bytes]) -> list[str]:
    """Which secret stands where."""
    found = []
    for name, secret in secrets.items():
        for place, held in places.items():
            raw = held if isinstance(held, bytes) else held.encode("utf-8", "surrogatepass")
            if any(one.encode() in raw for one in spellings(secret)):
                found.append(f"{name} in {place}")
    return found
