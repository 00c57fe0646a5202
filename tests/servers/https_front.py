"""Https before a server of the tests that speaks plain HTTP: what carries a token wants https."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from socketserver import BaseRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

from tests.servers.fake_entra import Certificate


@contextlib.contextmanager
def https_front(target: str, certificate: Certificate, *, below: str = "") -> Iterator[str]:
    """The https address at which the server at `target` ("http://127.0.0.1:8333") answers too.

    With `below` ("/account") the address is that of a path there: of requests that only read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file, certificate.key)
    address = urlsplit(target)

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with (
                contextlib.suppress(OSError),  # the client does not trust us, or went away
                context.wrap_socket(self.request, server_side=True) as client,
                socket.create_connection((str(address.hostname), int(address.port or 80))) as upstream,
            ):
                back = threading.Thread(target=_pump, args=(upstream, client), daemon=True)
                back.start()
                _pump(client, upstream, below)
                back.join(5)

    server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _pump(source: socket.socket, sink: socket.socket, below: str = "") -> None:
    """Pass on what comes until one side has gone; the other is told."""
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            if below:  # one whole head: a request that reads has no body, and the next one waits for the answer
                data = re.sub(rb"^(GET|HEAD) /", rb"\1 " + below.encode() + b"/", data)
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)
