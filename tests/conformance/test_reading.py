"""What every destination promises about bytes, and about what is not there or not as it was."""

import gzip
import hashlib
import pickle
import random
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from adapters.base import Adapter, Changed, NotFound, RangeRefused, Unsupported
from tests.conformance.places import Place, adapter, held, place, type_of
from tests.conformance.table import NO_ENCODING

__all__ = ["adapter", "held", "place"]

DATA = random.Random(7).randbytes(300_000)
SIZE = len(DATA)
RANGES = [
    (0, None),
    (0, 0),
    (0, 1),
    (0, SIZE),
    (0, SIZE + 1),
    (1, None),
    (3, 70_000),
    (SIZE - 1, None),
    (SIZE - 1, 1),
    (SIZE - 1, 9),
    (SIZE, None),
    (SIZE, 0),
    (SIZE, 9),
]


def test_a_range_is_read_to_the_byte(place: Place, adapter: Adapter):
    place.put("p/x", DATA)
    for start, length in RANGES:
        with adapter.read_object("p/x", start, length) as stream:
            wanted = DATA[start : None if length is None else start + length]
            assert stream.read() == wanted, (start, length)
            assert stream.read(1) == b"", (start, length)


def test_an_offset_behind_the_end_is_refused(place: Place, adapter: Adapter):
    place.put("p/x", DATA)
    for length in (None, 0, 1):
        with pytest.raises(RangeRefused) as caught, adapter.read_object("p/x", SIZE + 1, length):
            pass
        assert (caught.value.destination, caught.value.key) == ("lake-backup", "p/x")


def test_an_object_of_no_bytes_is_read_as_such(place: Place, adapter: Adapter):
    place.put("p/x", b"")
    assert next(adapter.list_objects("p/x")).size == 0
    for start, length in ((0, None), (0, 0), (0, 5)):
        with adapter.read_object("p/x", start, length) as stream:
            assert stream.read() == b""
    with pytest.raises(RangeRefused), adapter.read_object("p/x", 1):
        pass


def test_reads_of_any_size_give_the_same_bytes(place: Place, adapter: Adapter):
    place.put("p/x", DATA)
    for chunk in (1021, 65_536, SIZE, 2 * SIZE):
        with adapter.read_object("p/x") as stream:
            parts = list(iter(lambda stream=stream, chunk=chunk: stream.read(chunk), b""))
        assert b"".join(parts) == DATA
        assert all(len(part) == chunk for part in parts[:-1])


def test_an_object_uploaded_in_parts_is_one_object(place: Place, adapter: Adapter):
    parts = [DATA[:1024] * 5120, DATA]
    place.put_parts("p/large", parts)
    whole = b"".join(parts)
    (info,) = adapter.list_objects("p/")
    assert info.size == len(whole)
    with adapter.read_object("p/large", version=info.version) as stream:
        assert hashlib.sha256(stream.read()).digest() == hashlib.sha256(whole).digest()
    with adapter.read_object("p/large", 5 * 1024 * 1024 - 3, 6) as stream:
        assert stream.read() == whole[5 * 1024 * 1024 - 3 :][:6]


@pytest.mark.parametrize("parts", [[DATA], [DATA[:1024] * 5120, DATA]], ids=["whole", "in parts"])
def test_a_checksum_that_is_claimed_is_that_of_the_whole_object(place: Place, adapter: Adapter, parts: list[bytes]):
    place.put_parts("p/x", parts)
    checksum = adapter.describe_object("p/x").checksum
    if checksum is None:
        return  # claiming none is always allowed
    assert checksum.kind in adapter.traits.checksum_kinds
    whole = b"".join(parts)
    known = {"crc32": zlib.crc32(whole).to_bytes(4, "big")}
    known |= {kind: hashlib.new(kind, whole).digest() for kind in ("md5", "sha1", "sha256")}
    assert checksum.value == known[checksum.kind]


def test_what_vanished_since_the_listing_is_not_found(place: Place, adapter: Adapter):
    place.put("p/x")
    (info,) = adapter.list_objects("p/")
    place.remove("p/x")
    for ask in (
        lambda: adapter.read_object("p/x", version=info.version),
        lambda: adapter.read_object("p/x", 0, 0),
        lambda: adapter.describe_object("p/x"),
    ):
        with pytest.raises(NotFound) as caught:
            ask()
        assert (caught.value.destination, caught.value.key) == ("lake-backup", "p/x")


def test_what_was_replaced_since_the_listing_has_changed(place: Place, adapter: Adapter):
    place.put("p/x", b"12345")
    (info,) = adapter.list_objects("p/")
    place.put("p/x", b"123456")
    for start, length in ((0, None), (2, None), (2, 2), (0, 0), (5, None)):
        with pytest.raises(Changed) as caught:
            adapter.read_object("p/x", start, length, version=info.version)
        assert (caught.value.destination, caught.value.key) == ("lake-backup", "p/x")
    with adapter.read_object("p/x") as stream:
        assert stream.read() == b"123456"


def test_nothing_is_read_from_a_root_that_is_not_there(place: Place):
    missing = place.open_missing()
    for ask in (missing.describe_object, missing.read_object):
        with pytest.raises(NotFound):
            ask("p/x")


def test_a_name_is_no_path_to_follow(place: Place, adapter: Adapter):
    place.put("p/x")
    for key in ("../outside", "p/../../outside", "/etc/passwd", "p/../p/x", "./p/x", "nul\0", "p"):
        for ask in (adapter.describe_object, adapter.read_object):
            with pytest.raises((NotFound, Unsupported)) as caught:  # some servers refuse such names
                ask(key)
            assert (caught.value.destination, caught.value.key) == ("lake-backup", key)
            assert str(caught.value).isprintable()
    merged = getattr(place, "merged_prefixes", ())
    for prefix in ("../", "p/../", "/", "p/../../", "//"):
        for listing in (adapter.list_objects(prefix), adapter.list_folder(prefix)):
            if prefix in merged:  # a server that lists something else is found out
                with pytest.raises(Unsupported):
                    list(listing)
            else:
                assert list(listing) == []


def test_an_adapter_is_shared_by_threads(place: Place, adapter: Adapter):
    for number in range(12):
        place.put(f"p/{number:02}", DATA[number : number + 50_000])

    def read(number: int) -> bytes:
        with adapter.read_object(f"p/{number % 12:02}") as stream:
            return stream.read()

    with ThreadPoolExecutor(6) as pool:
        got = list(pool.map(read, range(36)))
    assert got == [DATA[n % 12 : n % 12 + 50_000] for n in range(36)]


def test_a_worker_process_can_open_the_destination_itself(place: Place):
    place.put("p/x")
    opened = pickle.loads(pickle.dumps(place.open))()
    assert [info.key for info in opened.list_objects("")] == ["p/x"]
    opened.close()


def test_bytes_come_as_they_are_stored_whatever_their_encoding(place: Place, adapter: Adapter, request):
    """Large enough to be fetched in several requests, small enough to be one; whole and in ranges."""
    name = request.node.callspec.params["place"]
    for size in (1000, 3_000_000):
        packed = gzip.compress(random.Random(5).randbytes(size // 2) + bytes(size // 2), mtime=0)
        is_encoded = place.put_encoded("p/x.json.gz", packed)
        assert is_encoded != (type_of(name) in NO_ENCODING)
        if not is_encoded:
            return  # the table says why
        (info,) = adapter.list_objects("p/x.json.gz")
        assert (info.size, adapter.describe_object(info.key).size) == (len(packed), len(packed))
        for start, length in ((0, None), (0, len(packed)), (3, 500), (len(packed) - 9, None)):
            with adapter.read_object(info.key, start, length, version=info.version) as stream:
                assert stream.read() == packed[start : None if length is None else start + length]
