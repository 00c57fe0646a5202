"""Not too many requests at once, and not too close together: no rate limit is published, and too many answer 500."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Pace:
    """Lets requests pass one after the other, `gap_s` apart, no more than `at_once` under way. Thread-safe."""

    def __init__(self, *, gap_s: float, at_once: int, clock: Callable[[], float], sleep: Callable[[float], None]):
        self._gap_s = gap_s
        self._clock = clock
        self._sleep = sleep
        self._places = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._next_s = clock()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._places:
            self._wait_for_turn()
            yield

    def _wait_for_turn(self) -> None:
        with self._lock:
            now_s = self._clock()
            turn_s = max(self._next_s, now_s)
            self._next_s = turn_s + self._gap_s
        if turn_s > now_s:
            self._sleep(turn_s - now_s)
