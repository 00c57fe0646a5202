"""What every destination makes of bytes that do not come as promised: resumed where they broke, or an error."""

import random
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.base import Changed, DestinationError, Unreachable
from tests.conformance.places import PLACES, Place, held
from tests.conformance.test_failures import ON_HTTP, PATIENCE_S, REMOTE, read
from tests.conformance.wires import HttpWire, Sleeps, TcpWire, Wire, always, open_bare, open_patiently, wire_to
from tests.servers.fake_s3 import Request
from tests.servers.fault_proxy import Tampered

__all__ = ["held"]

KEY = "p/large"
DATA = random.Random(11).randbytes(1_500_000)
CUT_AT = 600_000


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with PLACES[request.param](tmp_path) as made:
        made.put(KEY, DATA)
        yield made


@pytest.fixture
def wire(place: Place) -> Iterator[Wire]:
    with wire_to(place) as made:
        yield made


def version_of(place: Place) -> str:
    adapter = open_bare(place, place.options)
    (info,) = adapter.list_objects(KEY)
    adapter.close()
    return info.version


def first_byte(request: Request) -> int:
    """Where a download begins, by its Range header."""
    asked = request.headers.get("range") or request.headers.get("x-ms-range") or "bytes=0-"
    told = re.fullmatch(r"bytes=(\d+)-\d*", asked)
    assert told, asked
    return int(told[1])


def guards(request: Request) -> list[str]:
    """The conditions under which the server may answer."""
    told = [request.headers.get("if-match"), request.query.get("ifGenerationMatch"), request.query.get("generation")]
    return [one.strip('"') for one in told if one]


@pytest.mark.parametrize("place", REMOTE, indirect=True)
@pytest.mark.parametrize("start, length", [(0, None), (1000, None), (1000, 1_400_000)])
def test_a_body_that_is_cut_goes_on_where_it_broke(place: Place, wire: Wire, start: int, length: int | None):
    version = version_of(place)
    adapter = open_patiently(place, place.options_through(wire.address), Sleeps())
    assert list(adapter.list_objects("p/"))  # logged in
    wire.cut_next_body(CUT_AT)
    end = None if length is None else start + length
    assert read(adapter, KEY, start=start, length=length, version=version) == DATA[start:end]
    assert adapter.retries == 1
    if isinstance(wire, HttpWire):
        first, second = [r for r in wire.proxy.requests if place.is_download(r)]
        assert first_byte(first) == start
        assert start + CUT_AT - 200_000 < first_byte(second) <= start + CUT_AT, "what has come is not fetched again"
        assert version in guards(second)
    else:
        assert isinstance(wire, TcpWire)
        assert wire.proxy.connections == 2
    adapter.close()


@pytest.mark.parametrize("place", REMOTE, indirect=True)
def test_what_is_replaced_while_it_breaks_is_not_glued_together(place: Place, wire: Wire):
    adapter = open_patiently(place, place.options_through(wire.address), Sleeps())
    assert list(adapter.list_objects("p/"))
    wire.cut_next_body(CUT_AT)
    with adapter.read_object(KEY) as stream:
        stream.read(1000)
        place.put(KEY, DATA[::-1] + b"!")
        with pytest.raises(Changed) as caught:
            stream.read()
    assert caught.value.key == KEY
    adapter.close()


@pytest.mark.parametrize("place", REMOTE, indirect=True)
def test_a_cut_body_ends_by_raising(place: Place, wire: Wire):
    adapter = open_bare(place, place.options_through(wire.address))
    assert list(adapter.list_objects("p/"))
    wire.cut_next_body(CUT_AT)
    with pytest.raises(Unreachable) as caught, adapter.read_object(KEY) as stream:
        stream.read()
    assert caught.value.key == KEY
    adapter.close()


@pytest.mark.parametrize("place", REMOTE, indirect=True)
def test_a_body_that_stands_still_is_given_up_in_time(place: Place, wire: Wire):
    adapter = open_bare(place, place.options_through(wire.address), timeout=PATIENCE_S)
    assert list(adapter.list_objects("p/"))
    wire.stall_next_body(CUT_AT)
    start = time.monotonic()
    with pytest.raises(Unreachable) as caught, adapter.read_object(KEY) as stream:
        stream.read()
    assert caught.value.key == KEY
    assert time.monotonic() - start < 4 * PATIENCE_S
    adapter.close()


@pytest.mark.parametrize("place", ON_HTTP, indirect=True)
@pytest.mark.parametrize("ask", ["list", "read"])
def test_an_answer_that_comes_drop_by_drop_is_given_up_in_time(
    place: Place, wire: HttpWire, ask: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("adapters.http_pace.SPAN", 0.25)
    adapter = open_bare(place, place.options_through(wire.address), timeout=PATIENCE_S)
    assert list(adapter.list_objects("p/"))  # logged in
    wire.proxy.script = always(lambda _: True, Tampered(drip_s=0.05))
    start = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        list(adapter.list_objects("p/")) if ask == "list" else read(adapter, KEY)
    assert caught.value.retryable
    assert time.monotonic() - start < 4 * PATIENCE_S
    adapter.close()


@pytest.mark.parametrize("place", ON_HTTP, indirect=True)
@pytest.mark.parametrize("short_by", [1, 1000, len(DATA)])
def test_fewer_bytes_than_promised_are_never_a_whole_object(place: Place, wire: HttpWire, short_by: int):
    wire.proxy.script = always(place.is_download, Tampered(short_by=short_by))
    adapter = open_patiently(place, place.options_through(wire.address), Sleeps())
    with pytest.raises(Unreachable), adapter.read_object(KEY) as stream:
        stream.read()
    adapter.close()


@pytest.mark.parametrize("place", ON_HTTP, indirect=True)
@pytest.mark.parametrize("start, length", [(0, 1000), (1000, 1000), (1000, None)])
def test_a_range_that_is_shorter_than_asked_for_is_never_taken_for_it(
    place: Place, wire: HttpWire, start: int, length: int | None
):
    wire.proxy.script = always(place.is_download, Tampered(lose=7))
    adapter = open_bare(place, place.options_through(wire.address))
    with pytest.raises(DestinationError), adapter.read_object(KEY, start, length) as stream:
        stream.read()
    adapter.close()


@pytest.mark.parametrize("place", ON_HTTP, indirect=True)
def test_connections_are_pooled(place: Place, wire: HttpWire):
    adapter = open_bare(place, place.options_through(wire.address), concurrency=4)
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda n: read(adapter, KEY, start=n, length=100), range(40)))
    assert got == [DATA[n : n + 100] for n in range(40)]
    assert wire.proxy.connections <= 4
    adapter.close()
