"""Trying again: bounded, counted, and never a key or byte twice or lost."""

import contextlib
import gc
import io
import itertools
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import (
    AccessDenied,
    Changed,
    DestinationError,
    NotFound,
    ObjectInfo,
    Throttled,
    Traits,
    Unreachable,
    Unsupported,
)
from adapters.paging import Page, PagedListing
from adapters.retry import PROGRESS_BYTES, Policy, RetryingAdapter
from adapters.streams import ObjectStream

T0 = datetime(2026, 10, 1, tzinfo=UTC)


class Time:
    """A clock that moves only by sleeping."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds

    def policy(self, **changes: object) -> Policy:
        return Policy(sleep=self.sleep, clock=lambda: self.now_s, chance=lambda: 1.0, **changes)


def failure(kind: type[DestinationError] = Unreachable, **more: object) -> DestinationError:
    return kind("test", destination="d", operation="o", key="k", **more)


class Shaky:
    """A destination whose n-th request (page, opening, description or read) fails as `faults` says."""

    name = "d"
    traits = Traits(appears_whole=True, starts_at_key=True, time_resolution=timedelta(seconds=1))
    remarks = ("noticed",)

    def __init__(self, faults: dict[int, DestinationError] | None = None, *, data: bytes = b"", versioned: bool = True):
        self.faults = faults or {}
        self.data = data
        self.version = "v1" if versioned else ""
        self.requests = 0
        self.opened: list[tuple[int, int | None, str]] = []
        self.chunk = 10

    def request(self) -> None:
        self.requests += 1
        if error := self.faults.get(self.requests):
            raise error

    def list_objects(self, prefix: str, *, start_at: str = "") -> Iterator[ObjectInfo]:
        def read_page(cursor: str) -> Page[ObjectInfo]:
            self.request()
            first = int(cursor)
            keys = [ObjectInfo(f"{n:03}", 1, T0) for n in range(first, first + 3)]
            return Page(keys, None if first == 27 else str(first + 3))

        return PagedListing(read_page, "0", destination="d", prefix=prefix)

    list_folder = list_objects

    def read_object(self, key: str, start: int = 0, length: int | None = None, *, version: str = "") -> ObjectStream:
        self.opened.append((start, length, version))
        self.request()
        shaky, data = self, self.data[start : None if length is None else start + length]

        class Raw(io.RawIOBase):
            given = 0

            def readable(self) -> bool:
                return True

            def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
                shaky.request()
                part = data[self.given : self.given + min(len(buffer), shaky.chunk)]
                buffer[: len(part)] = part
                self.given += len(part)
                return len(part)

        return ObjectStream(Raw(), self.version)

    def describe_object(self, key: str) -> ObjectInfo:
        self.request()
        return ObjectInfo(key, 1, T0)

    def excess_rights(self) -> None:
        self.request()

    def close(self) -> None:
        pass


def test_a_failure_that_passes_is_waited_out_and_counted():
    time, shaky = Time(), Shaky({1: failure(), 2: failure(Throttled)})
    adapter = RetryingAdapter(shaky, time.policy(first_wait_s=1))
    assert adapter.describe_object("k").key == "k"
    assert time.slept == [1, 2]
    assert adapter.retries == 2


@pytest.mark.parametrize("kind", [NotFound, AccessDenied, Changed, Unsupported])
def test_what_will_not_pass_is_not_tried_again(kind: type[DestinationError]):
    shaky = Shaky({1: failure(kind)})
    with pytest.raises(kind):
        RetryingAdapter(shaky, Time().policy()).describe_object("k")
    assert shaky.requests == 1


class Held:
    """What the frame of a request holds while it fails: a connection."""


@pytest.mark.parametrize("kind", [NotFound, Unreachable])
@pytest.mark.parametrize("ask", ["describe", "read", "rest"])
def test_a_failure_that_was_told_keeps_nothing_alive(kind: type[DestinationError], ask: str):
    alive: list[weakref.ref[Held]] = []

    class Failing(Shaky):
        def request(self) -> None:
            held = Held()
            alive.append(weakref.ref(held))
            self.requests += 1
            if self.requests > (ask == "rest"):
                raise failure(kind)

    adapter = RetryingAdapter(Failing(data=b"12345"), Time().policy(attempts=2))
    gc.disable()
    try:
        with contextlib.suppress(kind):
            if ask == "describe":
                adapter.describe_object("k")
            else:
                adapter.read_object("k").read()
        assert [one for one in alive if one() is not None] == []
    finally:
        gc.enable()


def test_attempts_are_bounded_and_the_last_word_says_so():
    time, shaky = Time(), Shaky({n: failure() for n in range(1, 100)})
    with pytest.raises(Unreachable, match=r"test \(4 attempts in 4 s\)"):
        RetryingAdapter(shaky, time.policy(attempts=4, first_wait_s=0.5)).describe_object("k")
    assert shaky.requests == 4
    assert sum(time.slept) == 3.5


def test_the_time_is_bounded_whatever_the_attempts():
    time, shaky = Time(), Shaky({n: failure() for n in range(1, 1000)})
    with pytest.raises(Unreachable):
        RetryingAdapter(shaky, time.policy(attempts=1000, budget_s=60, longest_wait_s=20)).describe_object("k")
    assert time.now_s <= 60


@pytest.mark.parametrize("asked_s, slept", [(0.0, [0.0]), (7.0, [7.0]), (59.0, [59.0])])
def test_a_wait_that_the_server_asks_for_is_kept(asked_s: float, slept: list[float]):
    time = Time()
    shaky = Shaky({1: failure(Throttled, retry_after_s=asked_s)})
    RetryingAdapter(shaky, time.policy(budget_s=60)).describe_object("k")
    assert time.slept == slept


def test_a_wait_longer_than_our_patience_is_not_begun():
    time = Time()
    shaky = Shaky({1: failure(Throttled, retry_after_s=10_800)})
    with pytest.raises(Throttled, match="asked to wait 10800 s"):
        RetryingAdapter(shaky, time.policy(budget_s=60)).describe_object("k")
    assert time.slept == []


def test_jitter_keeps_a_wait_between_half_and_whole():
    for chance, wait_s in ((0.0, 2.0), (0.5, 3.0), (1.0, 4.0)):
        time, shaky = Time(), Shaky({1: failure()})
        policy = Policy(first_wait_s=4, sleep=time.sleep, clock=lambda: 0.0, chance=lambda chance=chance: chance)
        RetryingAdapter(shaky, policy).describe_object("k")
        assert time.slept == [wait_s]


@given(st.sets(st.integers(1, 40)))
def test_a_listing_gives_each_key_once_wherever_it_is_interrupted(broken: set[int]):
    shaky = Shaky({n: failure() for n in broken})
    adapter = RetryingAdapter(shaky, Time().policy(attempts=100, budget_s=1e9))
    assert [info.key for info in adapter.list_objects("")] == [f"{n:03}" for n in range(30)]


def test_a_listing_that_stays_broken_raises_after_the_keys_before():
    shaky = Shaky({n: failure() for n in range(3, 100)})
    listing = RetryingAdapter(shaky, Time().policy(attempts=3)).list_objects("")
    assert [info.key for info in itertools.islice(listing, 6)] == [f"{n:03}" for n in range(6)]
    with pytest.raises(Unreachable):
        next(listing)
    assert shaky.requests == 2 + 3


def test_patience_starts_anew_with_every_page_that_came():
    shaky = Shaky({n: failure() for n in range(1, 20, 2)})
    adapter = RetryingAdapter(shaky, Time().policy(attempts=2))
    assert len(list(adapter.list_objects(""))) == 30
    assert adapter.retries == 10


def test_a_listing_that_cannot_be_asked_again_fails_at_once():
    def generated(prefix: str, *, start_at: str = "") -> Iterator[ObjectInfo]:
        yield ObjectInfo("a", 1, T0)
        raise failure()

    shaky = Shaky()
    shaky.list_objects = generated  # type: ignore[method-assign,assignment]
    listing = RetryingAdapter(shaky, Time().policy()).list_objects("")
    assert next(listing).key == "a"
    with pytest.raises(Unreachable):
        next(listing)


@given(st.sets(st.integers(2, 30)), st.integers(0, 60), st.none() | st.integers(1, 90))
def test_a_stream_gives_each_byte_once_wherever_it_breaks(broken: set[int], start: int, length: int | None):
    data = bytes(range(100))
    shaky = Shaky({n: failure() for n in broken}, data=data)
    adapter = RetryingAdapter(shaky, Time().policy(attempts=100, budget_s=1e9))
    with adapter.read_object("k", start, length) as stream:
        assert stream.read() == data[start : None if length is None else start + length]
    assert all(version == "v1" for _, _, version in shaky.opened[1:])


def test_a_broken_stream_goes_on_at_the_byte_where_it_broke():
    shaky = Shaky({4: failure()}, data=bytes(100))
    adapter = RetryingAdapter(shaky, Time().policy())
    with adapter.read_object("k", 5, 60) as stream:
        assert len(stream.read()) == 60
    assert shaky.opened == [(5, 60, ""), (25, 40, "v1")]


def test_a_stream_without_a_version_is_not_pieced_together():
    shaky = Shaky({3: failure()}, data=bytes(100), versioned=False)
    with RetryingAdapter(shaky, Time().policy()).read_object("k") as stream, pytest.raises(Unreachable):
        stream.read()
    assert len(shaky.opened) == 1


def test_a_stream_whose_object_is_replaced_meanwhile_has_changed():
    shaky = Shaky({3: failure(), 4: failure(Changed)}, data=bytes(100))
    with RetryingAdapter(shaky, Time().policy()).read_object("k") as stream, pytest.raises(Changed):
        stream.read()


def test_resuming_is_bounded_where_nothing_comes_of_it():
    shaky = Shaky({n: failure() for n in range(3, 1000, 2)}, data=bytes(10_000))
    with RetryingAdapter(shaky, Time().policy(attempts=5)).read_object("k") as stream, pytest.raises(Unreachable):
        stream.read()
    assert len(shaky.opened) == 5


def test_a_stream_that_gets_on_may_break_more_often():
    shaky = Shaky({n: failure() for n in range(3, 100, 3)}, data=bytes(20 * PROGRESS_BYTES))
    shaky.chunk = PROGRESS_BYTES
    with RetryingAdapter(shaky, Time().policy(attempts=2)).read_object("k") as stream:
        total = 0
        while part := stream.read(PROGRESS_BYTES):
            total += len(part)
    assert total == 20 * PROGRESS_BYTES


@pytest.mark.parametrize("period", [1, 2, 3, 7])
def test_pages_that_go_in_a_circle_are_found_out(period: int):
    def read_page(cursor: str) -> Page[int]:
        number = int(cursor)
        return Page([number], str(5 + (number - 4) % period if number >= 5 else number + 1))

    with pytest.raises(Unsupported, match="circle"):
        list(itertools.islice(PagedListing(read_page, "0", destination="d", prefix="p/"), 100))


def test_the_wrapper_shows_what_it_wraps():
    adapter = RetryingAdapter(Shaky())
    assert (adapter.name, adapter.traits, adapter.remarks) == ("d", Shaky.traits, ["noticed"])
