"""Many files at once, in warm worker processes: a decoder that dies takes one verdict with it, no more."""

import multiprocessing
import os
import pickle
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from queue import SimpleQueue
from threading import Lock
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from adapters.base import OpenAdapter
from auditor.model import FileCheck, Level, StoredFile
from auditor.verify.proof import unverifiable
from auditor.verify.reasons import Reason
from auditor.verify.worker import prepare, verify_batch

__all__ = ["Verifier"]

Batch: TypeAlias = tuple[StoredFile, ...]
Checking: TypeAlias = "ProcessFuture[list[FileCheck]]"

_BATCH_FILES: Final = 32
_BATCH_BYTES: Final = 4 * 1024 * 1024  # small files travel together: a task costs as much as reading one
_WORKERS_LIMIT: Final = 8  # of the default: each may hold some 100 MB
_SLOWEST_BYTES_PER_S: Final = 512 * 1024


class Verifier:
    """Warm worker processes that check files. A context manager; one may serve several destinations.

    `workers`: how many processes (default: the processors we may use, at most 8). `timeout_s`: how long
    the checking of a file may take, besides two seconds for each MiB. The process that asks imports no decoder.
    """

    def __init__(
        self, open_adapter: OpenAdapter | None = None, *, workers: int | None = None, timeout_s: float = 300.0
    ) -> None:
        self._open_adapter = open_adapter
        self._workers = workers or min(_processors(), _WORKERS_LIMIT)
        self._timeout_s = timeout_s
        self._users = 0
        self._counting = Lock()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """For as long as one destination is worked on. While there are several, none may hold all processes."""
        with self._counting:
            self._users += 1
        try:
            yield
        finally:
            with self._counting:
                self._users -= 1

    @property
    def _share(self) -> int:
        """How many batches one destination may have under way: reads that hang leave a process for the others."""
        return 2 * self._workers if self._users < 2 else max(1, self._workers - 1)

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")  # fork would copy locks that other threads hold
        resource_tracker.ensure_running()  # now, for starting it lets Ctrl-C through again
        self._watched, self._watch = context.Pipe(duplex=False)
        self._pool = ProcessPool(
            max_workers=self._workers, initializer=prepare, initargs=(self._watched,), context=context
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.stop()  # type: ignore[no-untyped-call]  # a reader that left early waits for nobody
        self._pool.join()
        self._watch.close()
        self._watched.close()

    def verify(
        self, files: Iterable[StoredFile], level: Level, *, open_adapter: OpenAdapter | None = None
    ) -> Iterator[FileCheck]:
        """Exactly one check per file, in any order. Takes `files` only as fast as they are checked.

        `open_adapter` (picklable) opens their destination; without it the one given at the start holds.
        Raises what `open_adapter` raises in a worker, if it is no DestinationError.
        """
        opener = pickle.dumps(open_adapter or self._open_adapter)
        alone: deque[Batch] = deque()  # files of batches that died, tried one by one
        batches = _batched(files)
        done: SimpleQueue[Checking] = SimpleQueue()
        flying: dict[Checking, Batch] = {}
        try:
            while True:
                while len(flying) < self._share:
                    batch = alone.popleft() if alone else next(batches, None)
                    if batch is None:
                        break
                    flying[self._launch(opener, batch, level, done)] = batch
                if not flying:
                    return
                future = done.get()
                yield from _collect(future, flying.pop(future), alone)
        finally:
            for future in flying:
                future.cancel()  # type: ignore[no-untyped-call]

    def _launch(self, opener: bytes, batch: Batch, level: Level, done: "SimpleQueue[Checking]") -> Checking:
        timeout_s = self._timeout_s + sum(file.size for file in batch) / _SLOWEST_BYTES_PER_S
        with _interrupts_held():  # the pool's threads start here and pass this on to the workers they start
            future = self._pool.schedule(verify_batch, args=(opener, batch, level), timeout=timeout_s)
        future.add_done_callback(lambda _done: done.put(future))
        return future


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C is no business of a worker, also while it starts; it reaches the process that asks all the same."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _batched(files: Iterable[StoredFile]) -> Iterator[Batch]:
    batch: list[StoredFile] = []
    size = 0
    for file in files:
        batch.append(file)
        size += file.size
        if len(batch) >= _BATCH_FILES or size >= _BATCH_BYTES:
            yield tuple(batch)
            batch, size = [], 0
    if batch:
        yield tuple(batch)


def _collect(future: Checking, batch: Batch, alone: deque[Batch]) -> Iterable[FileCheck]:
    """The checks of `batch`. If its worker died or hung, its files go to `alone`; one that was alone is the culprit."""
    try:
        checks: list[FileCheck] = future.result()
    except ProcessExpired as error:
        reason, message, evidence = _explain_death(error.exitcode)
    except TimeoutError:
        reason, message = Reason.TIMED_OUT, "Checking the file took longer than it may."
        evidence = {}
    else:
        return checks
    if len(batch) > 1:
        alone.extend((file,) for file in batch)
        return []
    return [unverifiable(batch[0].key, reason, message, evidence)]


def _explain_death(exit_code: int) -> tuple[Reason, str, dict[str, Any]]:
    name = signal.Signals(-exit_code).name if exit_code < 0 else ""
    if name == "SIGKILL":
        message = "The decoder was killed, most often for want of memory."
        return Reason.OUT_OF_MEMORY, message, {"signal": name}
    return (
        Reason.DECODER_CRASHED,
        "The decoder crashed while it read the file.",
        {"exit_code": exit_code, "signal": name},
    )
