"""Serves the application from a thread of its own, until it is stopped."""

import socket
import threading

import uvicorn
from starlette.types import ASGIApp

__all__ = ["CannotListenError", "WebServer"]

START_S = 30.0


class CannotListenError(Exception):
    """The address cannot be had. `str()` is one sentence that names it and what helps."""

    exit_code = 2


class WebServer:
    """One application on one address. `port` 0 takes any free one; the one taken is in `port` after `start`."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self.host = host
        self.port = port
        # Requests are not logged: they hold tokens where somebody writes them wrongly, and tell nothing of exports.
        self._config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            limit_concurrency=64,
            timeout_keep_alive=5,
            h11_max_incomplete_event_size=16_384,
        )
        self._server = _Server(self._config)
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen, and answer from now on. Raises CannotListenError."""
        self._socket = _listen(self.host, self.port)
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="web", daemon=True)
        self._thread.start()
        if not self._server.up.wait(START_S) or not self._thread.is_alive():
            self.stop(0.0)
            raise CannotListenError(f"{_address(self.host, self.port)} was taken, but nothing answers there")

    def stop(self, grace_s: float) -> None:
        """Take no new requests, let those under way end for `grace_s`, then end them."""
        self._config.timeout_graceful_shutdown = max(1, int(grace_s))
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(grace_s)
            if self._thread.is_alive():
                self._server.force_exit = True
                self._thread.join(2.0)
        if self._socket is not None:
            self._socket.close()

    @property
    def is_alive(self) -> bool:
        """Whether it still answers."""
        return self._thread is not None and self._thread.is_alive()


class _Server(uvicorn.Server):
    """Tells when it is up; leaves the signals to whoever runs the process (its own would end only the web)."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, then say so."""
        await super().startup(sockets)
        self.up.set()


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket. Bound here and not by uvicorn, which would end the process where the port is taken."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, proto)
    except OSError as error:
        raise CannotListenError(f"{_address(host, port)} is no address of this machine: {_reason(error)}") from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
        listening.set_inheritable(False)
    except OSError as error:
        listening.close()
        raise CannotListenError(
            f"{_address(host, port)} cannot be listened on: {_reason(error)}; end what holds it, or set service.listen"
        ) from None
    return listening


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
