"""Server processes of tests: free ports, one server per test process, none left behind by a killed run."""

import contextlib
import ctypes
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

T = TypeVar("T")


def die_with_parent() -> None:
    """As `preexec_fn`: a killed test run leaves no server."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def free_ports(count: int) -> list[int]:
    """Loopback ports that were free a moment ago; a server that finds one taken should be started anew."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Shared(Generic[T]):
    """One server for all its users in this process: the first one starts it, the last one to leave stops it."""

    def __init__(self, run: Callable[[], AbstractContextManager[T]]) -> None:
        self._run = run
        self._lock = threading.Lock()
        self._users = 0
        self._keepers = 0
        self._is_running = False
        self._stack = contextlib.ExitStack()
        self._server: T

    @contextlib.contextmanager
    def __call__(self) -> Iterator[T]:
        with self._lock:
            if not self._is_running:
                self._server = self._stack.enter_context(self._run())
                self._is_running = True
            self._users += 1
        try:
            yield self._server
        finally:
            with self._lock:
                self._users -= 1
                self._stop_if_unused()

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Once it is started, the server runs until this ends: it need not be started for each test."""
        with self._lock:
            self._keepers += 1
        try:
            yield
        finally:
            with self._lock:
                self._keepers -= 1
                self._stop_if_unused()

    def _stop_if_unused(self) -> None:
        if self._is_running and not self._users and not self._keepers:
            self._is_running = False
            self._stack.close()
