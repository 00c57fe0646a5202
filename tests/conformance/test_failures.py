"""What every destination makes of a server that refuses, stalls, lies or is not there."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.base import (
    AccessDenied,
    Adapter,
    Archived,
    ClockSkew,
    CredentialExpired,
    DestinationError,
    Throttled,
    Unreachable,
)
from tests.conformance.places import CASES, IDENTITIES, NAME, PAGE_SIZE, PLACES, REQUEST_ID, Place, held
from tests.conformance.table import NO_ANSWER, NO_IDENTITY, listed
from tests.conformance.wires import HttpWire, Sleeps, Wire, always, open_bare, open_patiently, wire_to
from tests.servers.process import free_ports

__all__ = ["held"]

REMOTE = [name for name in PLACES if name != "local"]
ON_HTTP = [name for name in REMOTE if name != "sftp"]


def told(names: Iterable[str], cases: Iterable[str], *, lacking: Mapping[tuple[str, str], str]) -> list[Any]:
    """Each destination with each case, but those that the table names."""
    return [
        pytest.param(name, case, id=f"{name}-{case}")
        for name in names
        for case in cases
        if not listed(lacking, name, case)
    ]


KEY = "p/x"
PATIENCE_S = 2.0  # the shortest timeout at which a busy machine is not taken for a silent one

EXPECTED: dict[str, type[DestinationError]] = {
    "wrong": CredentialExpired,
    "expired": CredentialExpired,
    "no-list": AccessDenied,
    "no-read": AccessDenied,
    "clock-skew": ClockSkew,
    "archived": Archived,
    "throttled": Throttled,
    "failing": Unreachable,
}
FINAL = ("wrong", "expired", "no-read", "clock-skew", "archived")
ON_HEAD = {**EXPECTED, "throttled": DestinationError}
"""The answer to a HEAD has no body: where no header says it, a 503 may be any trouble of the server."""
ASK: dict[str, Callable[[Adapter], object]] = {
    "list": lambda adapter: list(adapter.list_objects("p/")),
    "folder": lambda adapter: list(adapter.list_folder("p/")),
    "read": lambda adapter: read(adapter, KEY),
    "describe": lambda adapter: adapter.describe_object(KEY),
}


def read(adapter: Adapter, key: str, **options: Any) -> bytes:
    with adapter.read_object(key, **options) as stream:
        return stream.read()


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with PLACES[request.param](tmp_path) as made:
        made.put(KEY, b"12345")
        yield made


@pytest.fixture
def wire(place: Place) -> Iterator[Wire]:
    with wire_to(place) as made:
        yield made


def refused(ask: str, adapter: Adapter, kind: type[DestinationError] = DestinationError) -> DestinationError:
    """The error of one call, which names its destination and key, on one line."""
    with pytest.raises(DestinationError) as caught:
        ASK[ask](adapter)
    error = caught.value
    assert type(error) is kind or kind is DestinationError, (ask, repr(error), str(error))
    assert (error.destination, error.key) == (NAME, KEY if ask in ("read", "describe") else "p/"), str(error)
    assert str(error).isprintable()
    return error


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_the_table_names_all_that_cannot_be_tried_and_nothing_else(place: Place, request: pytest.FixtureRequest):
    name = request.node.callspec.params["place"]
    if name == "local":
        assert place.address is None
        assert not [place.options_as(i) for i in IDENTITIES if place.options_as(i)]
        assert not [place.answer(case) for case in CASES if place.answer(case)]
        return
    lacking = {i for i in IDENTITIES if place.options_as(i) is None}
    assert lacking == {i for i in IDENTITIES if listed(NO_IDENTITY, name, i)}
    assert {c for c in CASES if place.answer(c) is None} == {c for c in CASES if listed(NO_ANSWER, name, c)}
    assert name in ON_HTTP or all(place.answer(case) is None for case in CASES)


@pytest.mark.parametrize("place, identity", told(REMOTE, IDENTITIES, lacking=NO_IDENTITY), indirect=["place"])
def test_credentials_that_do_not_do_are_told_apart(place: Place, identity: str):
    options = place.options_as(identity)
    assert options is not None
    adapter = open_bare(place, options)
    allowed = {"no-list": {"read"}, "no-read": {"list", "folder"}}.get(identity, set())
    asked = allowed | ({"list", "folder"} if identity == "no-list" else {"read"} if allowed else set(ASK))
    for ask in sorted(asked):
        if ask in allowed:
            assert ASK[ask](adapter)
        else:
            refused(ask, adapter, EXPECTED[identity])
    adapter.close()


@pytest.mark.parametrize("place, case", told(REMOTE, EXPECTED, lacking=NO_ANSWER), indirect=["place"])
def test_what_the_provider_answers_becomes_its_own_error(place: Place, case: str):
    answer = place.answer(case)
    assert answer is not None
    asked = {"no-list": ("list", "folder"), "no-read": ("read", "describe"), "archived": ("read",)}.get(case, ASK)
    with wire_to(place) as wire:
        assert isinstance(wire, HttpWire)
        adapter = open_bare(place, place.options_through(wire.address))
        wire.proxy.script = always(lambda _: True, answer)
        for ask in asked:
            error = refused(ask, adapter, (ON_HEAD if ask == "describe" else EXPECTED)[case])
            assert (error.request_id, error.retryable) == (REQUEST_ID, EXPECTED[case].retryable), (ask, str(error))
        adapter.close()


@pytest.mark.parametrize("place", ON_HTTP, indirect=True)
@pytest.mark.parametrize("ask", ASK)
def test_an_error_with_status_200_is_an_error(place: Place, wire: HttpWire, ask: str):
    answer = place.answer("error-with-200")
    assert answer is not None
    wire.proxy.script = always(lambda _: True, answer)
    adapter = open_bare(place, place.options_through(wire.address))
    refused(ask, adapter)
    adapter.close()


@pytest.mark.parametrize("place", ON_HTTP, indirect=True)
@pytest.mark.parametrize("ask", ["list", "read"])
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_the_server_says_how_long_to_wait(place: Place, wire: HttpWire, ask: str, status: int, form: str):
    answer = place.answer("throttled")
    assert answer is not None
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=9)  # its clock is not ours
    until = format_datetime(now + timedelta(seconds=7), usegmt=True)
    headers = {"Retry-After": "7"} if form == "seconds" else {"Retry-After": until, "Date": format_datetime(now, True)}
    slow = replace(answer, status=status, headers={**answer.headers, **headers})
    wire.proxy.script = lambda _: slow if len(wire.proxy.requests) <= 2 else None
    sleeps = Sleeps()
    adapter = open_patiently(place, place.options_through(wire.address), sleeps)
    assert ASK[ask](adapter)
    assert sleeps.waits == [7.0, 7.0]
    assert (adapter.retries, len(wire.proxy.requests)) == (2, 3)
    adapter.close()


@pytest.mark.parametrize("place", ON_HTTP, indirect=True)
@pytest.mark.parametrize("ask", ["list", "read"])
def test_retries_are_counted_and_bounded_and_nothing_multiplies_them(place: Place, wire: HttpWire, ask: str):
    answer = place.answer("failing")
    assert answer is not None
    wire.proxy.script = always(lambda _: True, answer)
    sleeps = Sleeps()
    adapter = open_patiently(place, place.options_through(wire.address), sleeps)
    attempts = sleeps.policy().attempts
    assert f"({attempts} attempts in" in str(refused(ask, adapter, Unreachable))
    assert (len(wire.proxy.requests), adapter.retries) == (attempts, attempts - 1)
    assert sum(sleeps.waits) < sleeps.policy().budget_s
    assert sleeps.waits == sorted(sleeps.waits)
    assert len(set(sleeps.waits)) == attempts - 1, "back-off with jitter"
    adapter.close()


@pytest.mark.parametrize("place", ON_HTTP, indirect=True)
def test_a_wait_beyond_the_budget_is_not_begun(place: Place, wire: HttpWire):
    answer = place.answer("throttled")
    assert answer is not None
    wire.proxy.script = always(lambda _: True, replace(answer, headers={**answer.headers, "Retry-After": "3600"}))
    sleeps = Sleeps()
    adapter = open_patiently(place, place.options_through(wire.address), sleeps)
    assert "asked to wait 3600 s" in str(refused("list", adapter, Throttled))
    assert (sleeps.waits, len(wire.proxy.requests)) == ([], 1)
    adapter.close()


@pytest.mark.parametrize("place, case", told(ON_HTTP, FINAL, lacking=NO_ANSWER), indirect=["place"])
def test_what_trying_again_cannot_mend_is_asked_once(place: Place, wire: HttpWire, case: str):
    answer = place.answer(case)
    assert answer is not None
    wire.proxy.script = always(place.is_download, answer)
    adapter = open_patiently(place, place.options_through(wire.address), sleeps := Sleeps())
    refused("read", adapter, EXPECTED[case])
    assert (sleeps.waits, sum(map(place.is_download, wire.proxy.requests))) == ([], 1)
    adapter.close()


@pytest.mark.parametrize("place", ON_HTTP, indirect=True)
def test_a_page_that_fails_is_asked_again_and_no_key_is_lost_or_repeated(place: Place, wire: HttpWire):
    for number in range(4 * PAGE_SIZE):
        place.put(f"p/{number:02}")
    whole = sorted(info.key for info in open_bare(place, place.options).list_objects("p/"))
    answer = place.answer("failing")
    for page in range(3):
        adapter = open_patiently(place, place.options_through(wire.address), Sleeps())
        seen = iter(range(1000))
        wire.proxy.script = lambda r, page=page, seen=seen: (
            answer if place.is_listing(r) and next(seen) in (page, page + 1) else None
        )
        assert sorted(info.key for info in adapter.list_objects("p/")) == whole
        assert adapter.retries == 2
        adapter.close()


@pytest.mark.parametrize("place", ON_HTTP, indirect=True)
@pytest.mark.parametrize("ask", ["list", "folder"])
def test_a_listing_cut_by_a_failing_page_never_looks_whole(place: Place, wire: HttpWire, ask: str):
    for number in range(4 * PAGE_SIZE):
        place.put(f"p/{number:02}")
    answer = place.answer("failing")
    for page in range(4):
        seen = iter(range(1000))
        wire.proxy.script = lambda r, page=page, seen=seen: (
            answer if place.is_listing(r) and next(seen) >= page else None
        )
        adapter = open_bare(place, place.options_through(wire.address))
        refused(ask, adapter, Unreachable)
        adapter.close()


@pytest.mark.parametrize("place", REMOTE, indirect=True)
@pytest.mark.parametrize("ask", ASK)
@pytest.mark.parametrize("host", ["nobody-lives-here.invalid", "127.0.0.1"])
def test_a_host_that_is_not_there_is_unreachable(place: Place, ask: str, host: str):
    assert place.address is not None
    scheme = place.address.partition(":")[0]
    options = place.options_through(f"{scheme}://{host}:{free_ports(1)[0]}")
    adapter = open_bare(place, options)
    refused(ask, adapter, Unreachable)
    adapter.close()


@pytest.mark.parametrize("place", REMOTE, indirect=True)
@pytest.mark.parametrize("how", ["fall_silent", "hang_up"])
@pytest.mark.parametrize("is_open", [False, True], ids=["from the start", "later"])
def test_a_server_that_does_not_answer_is_unreachable_in_time(place: Place, wire: Wire, how: str, is_open: bool):
    adapter = open_bare(place, place.options_through(wire.address), timeout=PATIENCE_S if how == "fall_silent" else 10)
    if is_open:
        assert ASK["list"](adapter)
    getattr(wire, how)()
    start = time.monotonic()
    refused("read", adapter, Unreachable)
    assert time.monotonic() - start < 4 * PATIENCE_S
    adapter.close()
