"""Reads and inflates in a second thread while the first one parses."""

import queue
import threading
from collections.abc import Generator, Iterable
from contextlib import suppress
from typing import Final

__all__ = ["read_ahead"]

_CHUNKS: Final = 4  # at most as many wait: bounds memory


def read_ahead(chunks: Iterable[bytes]) -> Generator[bytes]:
    """The same chunks, fetched ahead. What `chunks` raises is raised here, in its place.

    Closing the iterator early ends the thread: it never outlives its reader.
    """
    waiting: queue.Queue[bytes | BaseException | None] = queue.Queue(_CHUNKS)
    stopped = threading.Event()

    def fetch() -> None:
        end: BaseException | None = None
        try:
            for chunk in chunks:
                waiting.put(chunk)
                if stopped.is_set():
                    return
        except BaseException as error:  # whatever it is, the reader raises it
            end = error
        waiting.put(end)

    thread = threading.Thread(target=fetch, name="read-ahead", daemon=True)
    thread.start()
    try:
        while isinstance(item := waiting.get(), bytes):
            yield item
        if item is not None:
            raise item
    finally:
        stopped.set()
        while thread.is_alive():
            with suppress(queue.Empty):
                waiting.get_nowait()
            thread.join(0.01)
