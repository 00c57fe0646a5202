"""The worker processes that read files, shared by all destinations, started when needed and ended when idle."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from auditor.verify.pool import Verifier


class Readers:
    """One `Verifier` for all who read at the same time. When the last is done its processes end, and so does
    whatever memory they had come to need."""

    def __init__(self, make: Callable[[], Verifier] = Verifier) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._verifier: Verifier | None = None
        self._users = 0

    @contextmanager
    def reading(self) -> Iterator[Verifier]:
        """Processes to read with."""
        with self._lock:
            if self._verifier is None:
                self._verifier = self._make().__enter__()
            self._users += 1
            verifier = self._verifier
        try:
            yield verifier
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._verifier = None
                    verifier.__exit__(None, None, None)
