"""What stands between an adapter and its server: a proxy for HTTP or a relay for TCP, broken by the same verbs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from adapters.base import Adapter
from adapters.registry import open_destination
from adapters.retry import Policy, RetryingAdapter
from tests.conformance.places import NAME, PAGE_SIZE, Place
from tests.servers.fake_s3 import Request
from tests.servers.fault_proxy import FaultProxy, Script, Tampered, fault_proxy, pass_on
from tests.servers.tcp_proxy import TcpProxy, tcp_proxy


class Wire(Protocol):
    """Where the place is reached, and how to break the way."""

    address: str

    def cut_next_body(self, after: int) -> None:
        """The next body is cut after about so many bytes, once."""

    def stall_next_body(self, after: int) -> None:
        """The next body stands still after about so many bytes."""

    def fall_silent(self) -> None:
        """Nothing is answered any more."""

    def hang_up(self) -> None:
        """Connections are accepted, and closed without an answer."""

    def mend(self) -> None:
        """All passes again."""


@dataclass
class HttpWire:
    place: Place
    proxy: FaultProxy

    @property
    def address(self) -> str:
        return self.proxy.address

    def cut_next_body(self, after: int) -> None:
        self.proxy.script = once(self.place.is_download, Tampered(cut_at=after))

    def stall_next_body(self, after: int) -> None:
        self.proxy.script = once(self.place.is_download, Tampered(stall_at=after))

    def fall_silent(self) -> None:
        self.proxy.script = lambda _: Tampered(stall_before=True)

    def hang_up(self) -> None:
        self.proxy.script = lambda _: Tampered(drop=True)

    def mend(self) -> None:
        self.proxy.script = pass_on


@dataclass
class TcpWire:
    proxy: TcpProxy

    @property
    def address(self) -> str:
        return self.proxy.address

    def cut_next_body(self, after: int) -> None:
        self.proxy.arm(cut_at=after)

    def stall_next_body(self, after: int) -> None:
        self.proxy.arm(stall_at=after)

    def fall_silent(self) -> None:
        self.proxy.arm(stall_at=0)

    def hang_up(self) -> None:
        self.proxy.refuse = True
        self.proxy.cut()

    def mend(self) -> None:
        self.proxy.refuse = False
        self.proxy.arm()


@contextmanager
def wire_to(place: Place) -> Iterator[Wire]:
    """A way to `place` that can be broken. The place must have a server."""
    assert place.address is not None
    if place.address.startswith("tcp:"):
        with tcp_proxy(place.address) as relay:
            yield TcpWire(relay)
    else:
        with fault_proxy(place.address) as proxy:
            yield HttpWire(place, proxy)


def once(fits: Callable[[Request], bool], answer: Any, at: int = 0) -> Script:
    """`answer` to request number `at` (from 0) of those that fit; the others pass."""
    seen = iter(range(1_000_000))
    return lambda request: answer if fits(request) and next(seen) == at else None


def always(fits: Callable[[Request], bool], answer: Any) -> Script:
    """`answer` to every request that fits; the others pass."""
    return lambda request: answer if fits(request) else None


@dataclass
class Sleeps:
    """A clock that only sleeping moves, so that long waits cost nothing."""

    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def clock(self) -> float:
        return sum(self.waits)

    def policy(self, **changes: Any) -> Policy:
        return Policy(**{"sleep": self.sleep, "clock": self.clock} | changes)


def open_patiently(place: Place, options: dict[str, Any], sleeps: Sleeps, **more: Any) -> RetryingAdapter:
    """The adapter with the product's own patience, and a clock that only sleeping moves."""
    return RetryingAdapter(open_bare(place, options, **more), sleeps.policy())


def open_bare(place: Place, options: dict[str, Any], **more: Any) -> Adapter:
    """The adapter without retries."""
    adapter = open_destination(NAME, place.type, {**options, "page_size": PAGE_SIZE, "timeout": 10.0, **more})
    return adapter.inner if isinstance(adapter, RetryingAdapter) else adapter
