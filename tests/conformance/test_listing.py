"""What every destination promises about listings."""

import pytest

from adapters.base import Adapter, Folder, NotFound, ObjectInfo
from adapters.registry import TYPES
from tests.conformance.places import PAGE_SIZE, PLACES, Place, adapter, held, place, type_of

__all__ = ["adapter", "held", "place"]


def keys(adapter: Adapter, prefix: str = "", start_at: str = "") -> list[str]:
    return [info.key for info in adapter.list_objects(prefix, start_at=start_at)]


def folder(adapter: Adapter, prefix: str = "") -> list[str]:
    return sorted(item.prefix if isinstance(item, Folder) else item.key for item in adapter.list_folder(prefix))


def test_every_type_of_the_registry_has_a_place_here():
    assert {type_of(name) for name in PLACES} == set(TYPES)


def test_an_empty_root_yields_nothing(adapter: Adapter):
    assert keys(adapter) == []
    assert folder(adapter) == []


def test_a_root_that_is_not_there_is_not_an_empty_one(place: Place):
    for listing in ("list_objects", "list_folder"):
        with pytest.raises(NotFound) as caught:
            list(getattr(place.open_missing(), listing)(""))
        assert caught.value.destination == "lake-backup"


def test_a_prefix_under_which_nothing_stands_yields_nothing(place: Place, adapter: Adapter):
    place.put("a/x")
    assert keys(adapter, "b/") == []
    assert folder(adapter, "b/") == []


@pytest.mark.parametrize("count", [1, PAGE_SIZE, PAGE_SIZE + 1, 3 * PAGE_SIZE, 3 * PAGE_SIZE + 1])
def test_a_listing_of_many_pages_is_whole(place: Place, adapter: Adapter, count: int):
    wanted = [f"p/{number:03}" for number in range(count)]
    for key in [*wanted, "o/x", "q"]:
        place.put(key)
    assert sorted(keys(adapter, "p/")) == wanted
    assert folder(adapter, "p/") == wanted


def test_many_folders_are_listed_each_once(place: Place, adapter: Adapter):
    for number in range(3 * PAGE_SIZE):
        place.put(f"p/d{number}/x")
        place.put(f"p/d{number}/y/z")
    assert folder(adapter, "p/") == [f"p/d{number}/" for number in range(3 * PAGE_SIZE)]


def test_a_prefix_is_a_string_and_no_folder(place: Place, adapter: Adapter):
    for key in ["ab/1", "ab2", "abc/2", "b"]:
        place.put(key)
    assert sorted(keys(adapter, "ab")) == ["ab/1", "ab2", "abc/2"]
    assert sorted(keys(adapter, "ab/")) == ["ab/1"]


def test_awkward_names_are_data(place: Place, adapter: Adapter):
    for number, name in enumerate(place.awkward_names):
        place.put(f"p/{name}", b"x" * number)
    listed = {info.key: info for info in adapter.list_objects("p/")}
    assert sorted(listed) == sorted(f"p/{name}" for name in place.awkward_names)
    for number, name in enumerate(place.awkward_names):
        with adapter.read_object(f"p/{name}", version=listed[f"p/{name}"].version) as stream:
            assert stream.read() == b"x" * number
        assert adapter.describe_object(f"p/{name}").size == number


def test_an_awkward_prefix_is_found_and_shown_as_it_is(place: Place, adapter: Adapter):
    for name in ["a b", "a+b", "a%20b"]:
        place.put(f"back ups+%20/ü/{name}/x")
    wanted = [f"back ups+%20/ü/{name}/" for name in ["a b", "a%20b", "a+b"]]
    assert folder(adapter, "back ups+%20/ü/") == wanted
    assert sorted(keys(adapter, "back ups+%20/ü/")) == [f"{prefix}x" for prefix in wanted]


def test_a_folder_shows_objects_and_sub_folders_and_not_itself(place: Place, adapter: Adapter):
    for key in ["p/f", "p/d/x", "p/d/y", "p/e/g/z", "q/x"]:
        place.put(key)
    assert folder(adapter, "p/") == ["p/d/", "p/e/", "p/f"]
    assert folder(adapter) == ["p/", "q/"]


def test_an_empty_folder_is_a_marker(place: Place, adapter: Adapter):
    place.put_marker("p/empty/")
    place.put("p/full/x")
    listed = {info.key: info for info in adapter.list_objects("p/")}
    assert listed["p/empty/"].is_marker
    assert listed["p/empty/"].size == 0
    assert [key for key, info in listed.items() if not info.is_marker] == ["p/full/x"]
    assert folder(adapter, "p/") == ["p/empty/", "p/full/"]
    assert folder(adapter, "p/empty/") == []
    assert adapter.describe_object("p/empty/").is_marker
    with adapter.read_object("p/empty/") as stream:
        assert stream.read() == b""


@pytest.mark.parametrize(
    "start_at, wanted",
    [
        ("", ["p/t=1/a", "p/t=1/b", "p/t=2/a", "p/t=2/b", "p/t=3/a"]),
        ("p/t=2/", ["p/t=2/a", "p/t=2/b", "p/t=3/a"]),
        ("p/t=2/b", ["p/t=2/b", "p/t=3/a"]),
        ("p/t=2/bb", ["p/t=3/a"]),
        ("p/t=9/", []),
        ("a", ["p/t=1/a", "p/t=1/b", "p/t=2/a", "p/t=2/b", "p/t=3/a"]),
        ("q", []),
    ],
)
def test_a_listing_starts_at_a_key_that_included(place: Place, adapter: Adapter, start_at: str, wanted: list[str]):
    for key in ["p/t=1/a", "p/t=1/b", "p/t=2/a", "p/t=2/b", "p/t=3/a"]:
        place.put(key)
    assert sorted(keys(adapter, "p/", start_at)) == wanted


@pytest.mark.parametrize("start_at", ["p/a", "p/a!", "p/a.b", "p/a/", "p/a/x", "p/a0", "p/é", "p/\U0001f600"])
def test_nothing_behind_the_start_is_lost(place: Place, adapter: Adapter, start_at: str):
    names = ["a", "a b", "a.b", "a0", "é", "\ue000", "\U0001f600"]
    if place.in_key_order:
        names[0] = "a/x"
    for name in names:
        place.put(f"p/{name}")
    wanted = sorted(key for name in names if (key := f"p/{name}").encode() >= start_at.encode())
    assert sorted(keys(adapter, "p/", start_at)) == wanted


def test_a_listing_says_what_a_description_says(place: Place, adapter: Adapter):
    place.put("p/x", b"123")
    (listed,) = adapter.list_objects("p/x")
    described = adapter.describe_object("p/x")
    assert (listed.size, listed.version) == (3, described.version)
    assert listed.version
    assert abs(listed.modified - described.modified) <= adapter.traits.time_resolution
    assert listed.modified.utcoffset().total_seconds() == 0
    assert not listed.archived


def test_an_untouched_object_has_the_same_version_on_each_listing(place: Place):
    place.put("p/x")
    seen: set[ObjectInfo] = set()
    for _ in range(3):
        adapter = place.open()
        seen |= set(adapter.list_objects(""))
        adapter.close()
    assert len(seen) == 1
