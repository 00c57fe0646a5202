"""2,500 objects on pages of 100: each once, whole or from a key on, lazily, whatever the destination."""

from collections.abc import Iterator

import pytest

from adapters.base import Folder
from adapters.registry import open_destination
from tests.conformance.places import NAME, PLACES, Place, held
from tests.conformance.wires import HttpWire, open_bare, wire_to

__all__ = ["held"]

PAGE = 100
KEYS = [f"p/{dataset}/exportTime={hour:04}/part-{part}" for dataset in "ab" for hour in range(250) for part in range(5)]
assert len(KEYS) == 2500


@pytest.fixture(scope="module", params=PLACES)
def full(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with PLACES[request.param](tmp_path_factory.mktemp("many")) as place:
        place.put_many(dict.fromkeys(KEYS, b"x"))
        yield place


def test_thousands_of_objects_are_listed_each_once(full: Place):
    adapter = open_destination(NAME, full.type, {**full.options, "page_size": PAGE})
    listed = [info.key for info in adapter.list_objects("p/")]
    assert sorted(listed) == KEYS
    start_at = "p/b/exportTime=0240/"
    assert sorted(info.key for info in adapter.list_objects("p/", start_at=start_at)) == KEYS[-50:]
    folders = [item.prefix for item in adapter.list_folder("p/a/") if isinstance(item, Folder)]
    assert sorted(folders) == [f"p/a/exportTime={hour:04}/" for hour in range(250)]
    assert list(adapter.list_objects("p/c")) == []
    adapter.close()


def test_a_listing_is_lazy_and_asks_for_each_page_once(full: Place):
    if full.address is None or full.address.startswith("tcp:"):
        return  # nothing to count: directories are read as they are walked
    with wire_to(full) as wire:
        assert isinstance(wire, HttpWire)
        adapter = open_bare(full, full.options_through(wire.address), page_size=PAGE)
        listing = adapter.list_objects("p/")
        next(listing)
        assert sum(map(full.is_listing, wire.proxy.requests)) == 1
        assert sum(1 for _ in listing) == 2499
        pages = sum(map(full.is_listing, wire.proxy.requests))
        wire.proxy.requests.clear()
        assert len(list(adapter.list_objects("p/", start_at=KEYS[-50]))) == 50
        assert sum(map(full.is_listing, wire.proxy.requests)) <= 2, "a start at a key is a start on the server"
        adapter.close()
    assert 25 <= pages <= 26 + (26 if full.type == "adls-gen2" else 0)
