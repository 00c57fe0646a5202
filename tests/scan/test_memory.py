"""The double used by other tests keeps the promises of the protocol."""

import pickle

import pytest

from adapters.base import Adapter, Changed, Folder, NotFound, RangeRefused, Unreachable
from tests.scan.memory import MemoryAdapter

BROKEN = Unreachable("cut", destination="memory", operation="list")


def test_it_is_an_adapter_and_survives_pickling():
    adapter: Adapter = pickle.loads(pickle.dumps(MemoryAdapter({"a/b": b"1", "a/": b""})))
    assert {info.key for info in adapter.list_objects("a/")} == {"a/", "a/b"}
    with adapter.read_object("a/b") as stream:
        assert stream.read() == b"1"


def test_a_folder_shows_its_own_marker_its_objects_and_its_sub_folders_once():
    adapter = MemoryAdapter({"a/": b"", "a/x": b"", "a/b/1": b"", "a/b/2": b"", "ab": b""}, shuffled=3)
    entries = list(adapter.list_folder("a/"))
    assert sorted(e.prefix for e in entries if isinstance(e, Folder)) == ["a/b/"]
    assert sorted(e.key for e in entries if not isinstance(e, Folder)) == ["a/", "a/x"]


def test_a_cut_listing_raises_at_its_item():
    listing = MemoryAdapter({"a": b"", "b": b""}, fail_listing_at=(1, BROKEN)).list_objects("")
    assert next(listing).key == "a"
    with pytest.raises(Unreachable):
        next(listing)


def test_reading_refuses_what_the_protocol_refuses():
    adapter = MemoryAdapter({"a": b"12"}, first_reads={"a": b"xx"})
    version = adapter.describe_object("a").version
    with adapter.read_object("a", 1, 1, version=version) as stream:
        assert stream.read() == b"x"
    with adapter.read_object("a", 1, 1) as stream:
        assert stream.read() == b"2"
    adapter.put("a", b"123")
    with pytest.raises(Changed):
        adapter.read_object("a", version=version)
    with pytest.raises(RangeRefused):
        adapter.read_object("a", 4)
    with pytest.raises(NotFound):
        adapter.read_object("b")
