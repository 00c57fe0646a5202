"""How the service is told to end, and how work that goes on hears of it."""

import threading
from collections.abc import Callable

import structlog

from auditor.service.side_by_side import StoppedError

__all__ = ["Stop", "StoppedError"]


class Stop:
    """First no new work is begun (`asked`); later work under way ends at its next step (`now`)."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.now = threading.Event()


class StoppingProgress:
    """Progress of a look: steps go to the log at level debug, remarks at info; ended by `stop.now`."""

    def __init__(self, stop: Stop, thing: str, beat: Callable[[], None] = lambda: None) -> None:
        self._stop = stop
        self._beat = beat
        self._log = structlog.get_logger("auditor.look").bind(thing=thing)

    def stage(self, text: str, total: int | None = None) -> None:
        """A new stretch of work."""
        self._go_on()
        self._log.debug("stage", text=text, total=total)

    def advance(self, n: int = 1) -> None:  # noqa: ARG002  # the signature of Progress
        """Steps of it are done."""
        self._go_on()

    def note(self, text: str) -> None:
        """Something worth a line."""
        self._go_on()
        self._log.info("note", text=text)

    def _go_on(self) -> None:
        self._beat()
        if self._stop.now.is_set():
            raise StoppedError("the service is ending")
