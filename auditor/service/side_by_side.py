"""Destinations looked at side by side: one that is slow or hangs delays none of the others."""

import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, as_completed
from threading import Lock, Semaphore, Thread
from typing import TypeVar

from auditor.service.options import Progress

T = TypeVar("T")

AT_ONCE = 32  # destinations; a thread that waits for the network costs little
PATIENCE_S = 2.0  # for the others to stop by themselves, once one has failed or we are told to end


class StoppedError(Exception):
    """The audit has ended without this destination."""


def run_each(jobs: Sequence[Callable[[Progress], T]], progress: Progress) -> Generator[tuple[int, T], None, None]:
    """Run `jobs` (one per destination) side by side; their numbers and results as they come in.

    What a job raises is raised here, as soon as it comes. Then, and when the caller leaves early (close the iterator)
    or is interrupted, the others stop at their next step. Their threads are daemons: one that hangs in a socket
    keeps nobody from ending.
    """
    if len(jobs) == 1:
        yield 0, jobs[0](progress)
        return
    together = _Together(progress, len(jobs))
    room = Semaphore(AT_ONCE)
    futures: dict[Future[T], int] = {Future(): number for number in range(len(jobs))}
    threads = [
        Thread(target=_run, args=(job, together, room, future), daemon=True)
        for job, future in zip(jobs, futures, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
            together.finish_one()
    finally:
        together.stop()
        until = time.monotonic() + PATIENCE_S
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))


def _run(job: Callable[[Progress], T], progress: "_Together", room: Semaphore, future: Future[T]) -> None:
    with room:
        try:
            result = job(progress)
        except BaseException as error:  # raised where the results are taken
            future.set_exception(error)
        else:
            future.set_result(result)


class _Together:
    """The progress of several destinations as one: how many are done, and how many files were verified in all."""

    def __init__(self, progress: Progress, places: int) -> None:
        self._progress = progress
        self._places = places
        self._done = 0
        self._files = 0
        self._stopped = False
        self._lock = Lock()
        self._tell()

    def stage(self, text: str, total: int | None = None) -> None:  # noqa: ARG002  # the signature of Progress
        """The stretches of several destinations do not add up to one."""
        self._go_on()

    def advance(self, n: int = 1) -> None:
        with self._lock:
            self._go_on()
            self._files += n
            self._progress.advance(n)

    def note(self, text: str) -> None:
        with self._lock:
            self._go_on()
            self._progress.note(text)

    def finish_one(self) -> None:
        with self._lock:
            self._done += 1
            self._tell()

    def stop(self) -> None:
        """Whoever reports from now on is stopped by it."""
        with self._lock:
            self._stopped = True

    def _go_on(self) -> None:
        if self._stopped:
            raise StoppedError("the audit has ended")

    def _tell(self) -> None:
        self._progress.stage(f"auditing {self._places} destinations, {self._done} done; files verified")
        if self._files:
            self._progress.advance(self._files)
