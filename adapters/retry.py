"""An adapter around an adapter that tries again. The only place where anything is retried.

The SDKs' own retries are switched off (see each adapter), so that attempts do not multiply. Only reading
calls exist, so every call may be repeated.
"""

import io
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar

from adapters.base import Adapter, DestinationError, Folder, ObjectInfo, Traits
from adapters.paging import PagedListing
from adapters.streams import ObjectStream

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Patience", "Policy", "RetryingAdapter"]

T = TypeVar("T")

PROGRESS_BYTES: Final = 256 * 1024
"""A stream that brought this much since it last broke is getting on: its patience starts anew."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient to be. All spans in seconds; the budget counts from the first of a row of failures."""

    attempts: int = 6
    budget_s: float = 120.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 20.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random


@dataclass(slots=True)
class _Count:
    """Retries made so far, over all threads."""

    value: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add_one(self) -> None:
        with self.lock:
            self.value += 1


class Patience:
    """The patience of one call: attempts and time used since its last success."""

    def __init__(self, policy: Policy, count: _Count | None = None) -> None:
        self._policy = policy
        self._count = count or _Count()
        self._failures = 0
        self._since_s = 0.0

    def reset(self) -> None:
        self._failures = 0

    def wait_after(self, error: DestinationError) -> None:
        """Wait before the next attempt. Raises `error` where another attempt is no use or not allowed."""
        try:
            if not error.retryable:
                raise error
            now_s = self._policy.clock()
            if self._failures == 0:
                self._since_s = now_s
            self._failures += 1
            wait_s = self._wait_s(error)
            if self._failures >= self._policy.attempts or now_s + wait_s - self._since_s > self._policy.budget_s:
                raise self._last_word(error, now_s)
            self._count.add_one()
            self._policy.sleep(wait_s)
        finally:
            del error  # its traceback leads here: they would keep each other alive, and the connection it speaks of

    def _wait_s(self, error: DestinationError) -> float:
        if error.retry_after_s is not None:
            return error.retry_after_s
        longest_s = min(self._policy.first_wait_s * 2.0 ** (self._failures - 1), self._policy.longest_wait_s)
        return longest_s * (0.5 + 0.5 * self._policy.chance())

    def _last_word(self, error: DestinationError, now_s: float) -> DestinationError:
        asked = f", asked to wait {error.retry_after_s:.0f} s" if error.retry_after_s else ""
        if self._failures > 1 or asked:
            tried = f"{self._failures} attempts in {now_s - self._since_s:.0f} s" if self._failures > 1 else "1 attempt"
            error.reason = f"{error.reason} ({tried}{asked})"
        return error


class RetryingAdapter:
    """Any adapter, with its retryable failures tried again: back-off with jitter, bounded in number and time.

    `Retry-After` is honoured where it fits the budget; where it does not, the failure stands at once.
    A paged listing goes on at the page that failed. A stream goes on at the byte where it broke, of the
    same version only; without a version nothing proves that the rest belongs to the beginning, so it is
    not resumed.
    """

    def __init__(self, inner: Adapter, policy: Policy | None = None) -> None:
        self.inner = inner
        self._policy = policy or Policy()
        self._count = _Count()

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def traits(self) -> Traits:
        return self.inner.traits

    @property
    def retries(self) -> int:
        """How often something was tried again."""
        return self._count.value

    @property
    def remarks(self) -> list[str]:
        """What the inner adapter noticed about its server without failing."""
        return list(self.inner.remarks)

    def list_objects(self, prefix: str, *, start_at: str = "") -> Iterator[ObjectInfo]:
        return self._patiently(self.inner.list_objects(prefix, start_at=start_at))

    def list_folder(self, prefix: str) -> Iterator[ObjectInfo | Folder]:
        return self._patiently(self.inner.list_folder(prefix))

    def read_object(
        self, key: str, start: int = 0, length: int | None = None, *, version: str = ""
    ) -> AbstractContextManager[BinaryIO]:
        def open_at(offset: int, count: int | None, of_version: str) -> ObjectStream:
            with_version = self.inner.read_object(key, offset, count, version=of_version)
            if not isinstance(with_version, ObjectStream):
                raise TypeError(f"{type(self.inner).__name__}.read_object gives no ObjectStream: cannot be resumed")
            return with_version

        first = self._try(lambda: open_at(start, length, version))
        return ObjectStream(_Resuming(first, open_at, start, length, self._patience()), first.version)

    def describe_object(self, key: str) -> ObjectInfo:
        return self._try(lambda: self.inner.describe_object(key))

    def excess_rights(self) -> Sequence[str] | None:
        return self._try(self.inner.excess_rights)

    def close(self) -> None:
        self.inner.close()

    def __repr__(self) -> str:
        return f"RetryingAdapter({self.inner!r})"

    def _patience(self) -> Patience:
        return Patience(self._policy, self._count)

    def _try(self, attempt: Callable[[], T]) -> T:
        patience = self._patience()
        while True:
            try:
                return attempt()
            except DestinationError as error:
                patience.wait_after(error)

    def _patiently(self, listing: Iterator[T]) -> Iterator[T]:
        if not isinstance(listing, PagedListing):  # cannot be asked again: a failure stands
            yield from listing
            return
        patience = self._patience()
        while True:
            try:
                item = next(listing)
            except StopIteration:
                return
            except DestinationError as error:
                patience.wait_after(error)
                continue
            patience.reset()
            yield item


class _Resuming(io.RawIOBase):
    """A stream that opens the object anew where it broke."""

    def __init__(
        self,
        stream: ObjectStream,
        open_at: Callable[[int, int | None, str], ObjectStream],
        start: int,
        length: int | None,
        patience: Patience,
    ) -> None:
        self._stream = stream
        self._version = stream.version
        self._open_at = open_at
        self._start = start
        self._length = length
        self._patience = patience
        self._given = 0  # bytes handed on so far
        self._given_at_break = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        while True:
            try:
                count = self._stream.readinto1(buffer)
            except DestinationError as error:
                self._resume(error)
                continue
            self._given += count
            return count

    def _resume(self, error: DestinationError) -> None:
        try:
            self._stream.close()
            if self._given - self._given_at_break >= PROGRESS_BYTES:
                self._patience.reset()
            self._given_at_break = self._given
            while True:
                if not self._version:
                    raise error
                self._patience.wait_after(error)
                left = None if self._length is None else self._length - self._given
                try:
                    self._stream = self._open_at(self._start + self._given, left, self._version)
                except DestinationError as another:
                    error = another
                else:
                    return
        finally:
            del error  # as above

    def close(self) -> None:
        self._stream.close()
        super().close()
