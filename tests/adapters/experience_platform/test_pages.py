"""Lists: whole, each item once, and never without end."""

import gc
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.base import Unreachable, Unsupported
from adapters.experience_platform.paging import LinkedPages, as_it_is
from adapters.retry import Policy
from auditor.worlds.platform import Call, PlatformServer, Reply
from tests.adapters.experience_platform.making import FLOWS, Clock, asking, patient

CONFIGS = "/data/foundation/flowservice/connectionSpecs/23598e46/configs"


@pytest.fixture
def server() -> Iterator[PlatformServer]:
    with PlatformServer() as running:
        yield running


def linked(count: int, href: str = "/flows?continuationToken={token}") -> Any:
    """A list of `count` pages of two, in the manner of the Flow Service."""

    def answer(call: Call) -> Reply:
        number = int(call.first("continuationToken", "t+/=0").removeprefix("t+/="))
        body: dict[str, Any] = {"items": [{"id": f"{number}{letter}"} for letter in "ab"]}
        if number + 1 < count:
            body["_links"] = {"next": {"href": href.format(token=f"t+/={number + 1}", base=answer.base)}}
        return Reply(200, body)

    answer.base = ""
    return answer


@pytest.mark.parametrize(
    "base, href, is_followed",
    [
        ("https://platform.adobe.io", "https://platform.adobe.io:443/flows?continuationToken=1", True),
        ("https://platform.adobe.io:443", "https://platform.adobe.io/flows?continuationToken=1", True),
        ("https://platform.adobe.io", "https://platform.adobe.io:8443/flows?continuationToken=1", False),
        ("https://gateway.example:8443", "https://gateway.example/flows?continuationToken=1", False),
    ],
)
def test_a_port_that_may_be_left_out_is_no_other_host(server: PlatformServer, base: str, href: str, is_followed: bool):
    with asking(server) as platform:
        platform.base_url = base  # nothing is sent there: a page that has come is read
        listing = LinkedPages(platform, FLOWS, {}, as_it_is)
        if is_followed:
            assert listing._own_query(href) == "continuationToken=1"
        else:
            with pytest.raises(Unsupported, match="another host"):
                listing._own_query(href)


@pytest.mark.parametrize(
    "href",
    [
        "/flows?continuationToken={token}",
        "/flows?limit=2&continuationToken={token}&property=state%3D%3Denabled",
        "?continuationToken={token}",
        "/data/foundation/flowservice/flows?continuationToken={token}",
        "{base}/data/foundation/flowservice/flows?continuationToken={token}",
    ],
)
def test_all_pages_are_followed_with_the_filters_repeated(server: PlatformServer, href: str):
    answer = linked(4, href)
    answer.base = server.base_url
    server.route("GET", FLOWS, answer)
    with asking(server) as platform:
        items = list(platform.items(FLOWS, {"property": "state==enabled", "limit": 2}))
    assert [item["id"] for item in items] == [f"{n}{letter}" for n in range(4) for letter in "ab"]
    for call in server.asked("flows"):
        assert call.every("property") == ["state==enabled"]
        assert call.every("limit") == ["2"]
    assert [call.first("continuationToken") for call in server.asked("flows")] == ["", "t+/=1", "t+/=2", "t+/=3"]


def test_whole_pages_can_be_had_lazily(server: PlatformServer):
    server.route("GET", FLOWS, linked(5))
    with asking(server) as platform:
        pages = platform.pages(FLOWS)
        assert next(pages)["items"][0]["id"] == "0a"
        assert next(pages)["_links"]["next"]["href"].endswith("2")
    assert len(server.asked("flows")) == 2


@pytest.mark.parametrize("circle", [1, 2, 5], ids=["to itself", "of two", "of five"])
def test_pages_in_a_circle_end_with_an_error(server: PlatformServer, circle: int):
    def answer(call: Call) -> Reply:
        number = int(call.first("continuationToken", "0"))
        following = number + 1 if number < 3 else 4 + (number - 3) % circle
        return Reply(200, {"items": [], "_links": {"next": {"href": f"/flows?continuationToken={following}"}}})

    server.route("GET", FLOWS, answer)
    with asking(server, policy=Policy(sleep=lambda _: None)) as platform, pytest.raises(Unsupported, match="circle"):
        list(platform.items(FLOWS, {"limit": 100}))
    assert len(server.asked("flows")) < 30


def test_a_first_page_that_points_to_itself_is_no_loop(server: PlatformServer):
    server.route("GET", FLOWS, lambda _: Reply(200, {"items": [], "_links": {"next": {"href": "/flows?limit=100"}}}))
    with asking(server) as platform, pytest.raises(Unsupported, match="circle"):
        list(platform.items(FLOWS, {"limit": 100}))
    assert len(server.asked("flows")) == 1


@pytest.mark.parametrize(
    "href",
    [
        "https://elsewhere.example/data/foundation/flowservice/flows?continuationToken=1",
        "//elsewhere.example/flows?continuationToken=1",
        "http://127.0.0.1:1/data/foundation/flowservice/flows?continuationToken=1",
        "file:///etc/passwd?a=1",
        "/runs?continuationToken=1",
        "/ows?continuationToken=1",
        "http://[broken",
        7,
        ["/flows?continuationToken=1"],
    ],
)
def test_a_link_to_anything_else_is_not_followed(server: PlatformServer, href: object):
    server.route("GET", FLOWS, lambda _: Reply(200, {"items": [{"id": 1}], "_links": {"next": {"href": href}}}))
    with asking(server) as platform, pytest.raises(Unsupported, match="next page"):
        list(platform.items(FLOWS))
    assert len(server.asked("flows")) == 1


@pytest.mark.parametrize(
    "links", [None, {}, {"next": None}, {"next": {}}, {"next": {"href": ""}}, {"next": {"href": None}}]
)
def test_without_a_link_the_list_is_at_its_end(server: PlatformServer, links: object):
    server.route("GET", FLOWS, lambda _: Reply(200, {"items": [1], "_links": links, "unheard": "of"}))
    with asking(server) as platform:
        assert list(platform.items(FLOWS)) == [1]


@pytest.mark.parametrize("body", [{}, [], {"items": None}, {"items": {}}, "x", None])
def test_what_is_no_list_is_no_empty_one(server: PlatformServer, body: object):
    for path in (FLOWS, CONFIGS):
        server.route("GET", path, lambda _: Reply(200, json.dumps(body).encode()))
    with asking(server) as platform:
        for listing in (platform.items(FLOWS), platform.pages(FLOWS), platform.numbered_items(CONFIGS)):
            with pytest.raises(Unsupported, match="no list"):
                list(listing)


def test_after_a_failure_the_list_goes_on_at_the_same_page(server: PlatformServer):
    server.route("GET", FLOWS, linked(3))
    with asking(server, policy=Policy(attempts=1)) as platform:
        items = platform.items(FLOWS)
        got = [next(items)["id"], next(items)["id"]]
        server.fail("flows", Reply(500))
        with pytest.raises(Unreachable):
            next(items)
        got += [item["id"] for item in items]
    assert got == ["0a", "0b", "1a", "1b", "2a", "2b"]


def test_memory_does_not_grow_with_the_list(server: PlatformServer):
    filler = "x" * 1000

    def answer(call: Call) -> Reply:
        number = int(call.first("continuationToken", "0"))
        body: dict[str, Any] = {"items": [{"id": f"{number}-{n}", "text": filler} for n in range(100)]}
        if number < 100:
            body["_links"] = {"next": {"href": f"/flows?continuationToken={number + 1}"}}
        return Reply(200, body)

    server.route("GET", FLOWS, answer)
    clock = Clock()
    with asking(server, policy=patient(clock)) as platform:
        items = platform.items(FLOWS)
        for _ in range(1000):
            next(items)
        server.calls.clear()
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        assert sum(1 for _ in items) == 101 * 100 - 1000
        server.calls.clear()
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
    assert grown < 1_000_000


class Numbered:
    """A list by numbers that something happens to between its pages."""

    def __init__(self, count: int) -> None:
        self.ids = [f"d{n:03}" for n in range(count)]
        self.events: list[Any] = []  # called one by one before each page
        self.total_is_off_by = 0

    def __call__(self, call: Call) -> Reply:
        if self.events and (event := self.events.pop(0)):
            event(self.ids)
        start, limit = int(call.first("start", "0")), int(call.first("limit", "20"))
        items = self.ids[start : start + limit]
        info = {"start": start, "end": start + len(items) - 1, "total": len(self.ids) + self.total_is_off_by}
        return Reply(
            200,
            {"items": [{"id": each} for each in items], "pageInfo": {**info, "hasNext": start + limit < len(self.ids)}},
        )


def ids(listing: Iterator[Any]) -> list[str]:
    return [item["id"] for item in listing]


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 20, 23])
def test_a_list_by_numbers_is_whole(server: PlatformServer, count: int):
    server.route("GET", CONFIGS, numbered := Numbered(count))
    with asking(server, policy=patient(Clock())) as platform:
        got = ids(platform.numbered_items(CONFIGS, {"outputType": "activationDatasets", "start": 7}, limit=5))
    assert got == numbered.ids
    assert len(server.asked("configs")) == max(1, -(-count // 5))
    assert {call.first("outputType") for call in server.asked("configs")} == {"activationDatasets"}


CHANGES = [
    ("added in front", [None, lambda ids: ids.insert(0, "new")], {"new"}),
    ("added behind", [None, lambda ids: ids.append("new")], {"new"}),
    ("removed in front", [None, lambda ids: ids.pop(0)], set()),
    ("removed behind", [None, lambda ids: ids.pop()], set()),
    ("many added in front", [None, None, lambda ids: ids.__setitem__(slice(0, 0), [f"n{n}" for n in range(9)])],
     {f"n{n}" for n in range(9)}),
    ("twice in a row", [None, lambda ids: ids.insert(0, "new"), None, lambda ids: ids.pop(3)], {"new"}),
    ("between readings", [None, lambda ids: ids.insert(0, "a"), *[None] * 2, lambda ids: ids.insert(0, "b")], {"a"}),
]  # fmt: skip


@pytest.mark.parametrize("_, events, fresh", CHANGES, ids=[case[0] for case in CHANGES])
def test_a_list_that_changes_meanwhile_loses_none_and_gives_none_twice(server: PlatformServer, _, events, fresh):
    # Netflix/metaflow-service#464
    server.route("GET", CONFIGS, numbered := Numbered(20))
    numbered.events = list(events)
    with asking(server, policy=patient(Clock())) as platform:
        got = ids(platform.numbered_items(CONFIGS, limit=5))
    assert len(got) == len(set(got))
    assert set(got) >= set(numbered.ids)
    assert set(got) >= fresh


def test_a_list_that_never_rests_ends_with_an_error(server: PlatformServer):
    server.route("GET", CONFIGS, numbered := Numbered(20))
    numbered.events = [lambda ids: ids.insert(0, f"n{len(ids)}")] * 1000
    with (
        asking(server, policy=patient(Clock())) as platform,
        pytest.raises(Unreachable, match="does not stop changing"),
    ):
        list(platform.numbered_items(CONFIGS, limit=5))
    assert len(server.asked("configs")) < 100


def test_a_total_that_counts_otherwise_is_put_up_with_after_a_second_look(server: PlatformServer):
    server.route("GET", CONFIGS, numbered := Numbered(12))
    numbered.total_is_off_by = 3
    with asking(server, policy=patient(Clock())) as platform:
        assert ids(platform.numbered_items(CONFIGS, limit=5)) == numbered.ids
    assert len(server.asked("configs")) == 6


def test_a_page_that_repeats_itself_is_no_loop(server: PlatformServer):
    page = {"items": [{"id": 1}, {"id": 2}], "pageInfo": {"total": 99, "hasNext": True}}
    server.route("GET", CONFIGS, lambda _: Reply(200, page))
    with asking(server) as platform, pytest.raises(Unsupported, match="nothing new"):
        list(platform.numbered_items(CONFIGS))
    assert len(server.asked("configs")) == 2


def test_more_to_come_with_an_empty_page_is_no_loop(server: PlatformServer):
    server.route("GET", CONFIGS, lambda _: Reply(200, {"items": [], "pageInfo": {"hasNext": True}}))
    with asking(server) as platform, pytest.raises(Unsupported, match="nothing new"):
        list(platform.numbered_items(CONFIGS))


@pytest.mark.parametrize("info", [None, {}, {"total": 3}, {"total": "3"}, {"hasNext": False}, "x"])
def test_absent_fields_are_tolerated(server: PlatformServer, info: object):
    server.route(
        "GET", CONFIGS, lambda _: Reply(200, {"items": [{"id": 1}, {"name": "no id"}, "odd"], "pageInfo": info})
    )
    with asking(server) as platform:
        assert len(list(platform.numbered_items(CONFIGS))) == 3


def test_adobes_own_sample_is_read_as_it_is(server: PlatformServer):
    sample = {
        "items": [
            {
                "id": "5ef3e324052581191aa6a466",
                "name": "AAM Authenticated Profiles Meta Data",
                "description": "Activation profile export dataset",
                "fileDescription": {"persisted": True, "containerFormat": "parquet", "format": "parquet"},
                "aspect": "production",
                "state": "DRAFT",
            }
        ],
        "pageInfo": {"start": 0, "end": 0, "total": 1, "hasNext": False},
    }
    server.route("GET", CONFIGS, lambda _: Reply(200, sample))
    with asking(server) as platform:
        assert list(platform.numbered_items(CONFIGS)) == sample["items"]
