"""Bytes of Google Cloud Storage as they are stored, whatever happens on the way; its checksums through the verifier."""

import base64
import gzip
import random
from datetime import UTC, datetime

import pytest

from adapters.base import Changed, Checksum, RangeRefused, Unreachable, Unsupported
from adapters.registry import open_destination
from auditor.model import Content, FileCheck, Level, StoredFile
from auditor.verify.file import verify_file
from tests.adapters.gcs_serving import Serve, read, serve
from tests.servers.fake_gcs import FakeGcs, fake_gcs
from tests.servers.fake_s3 import Answer, Request, Script
from tests.servers.played_gcs import JSON, gcs_error, gcs_media, gcs_object, hashes

__all__ = ["fake_gcs", "serve"]

DATA = random.Random(5).randbytes(2_000_000)
RECORDS = gzip.compress(b'{"a":1}\n' * 5000, mtime=0)


def cutting(times: int, generations: tuple[str, ...] = ("17",)) -> Script:
    """Bodies that end too early, so many times; the generation changes with each answer where there are several."""
    left, named = iter(range(times)), iter(generations)
    current = next(named)

    def script(request: Request) -> Answer:
        nonlocal current
        answer = gcs_media(DATA, request, generation=current)
        current = next(named, current)
        if answer.status < 300 and next(left, None) is not None:
            return Answer(answer.status, answer.body, answer.headers, cut_at=512 * 1024)
        return answer

    return script


@pytest.mark.parametrize("chunk", [1000, 64 * 1024, len(DATA)])
def test_a_body_cut_in_the_middle_is_resumed_where_it_broke(serve: Serve, chunk: int):
    adapter, server = serve(cutting(2))
    with adapter.read_object("x", version="17") as stream:
        assert b"".join(iter(lambda: stream.read(chunk), b"")) == DATA
    assert [r.headers.get("range") for r in server.requests] == [None, "bytes=524288-", "bytes=1048576-"]
    assert {r.query["ifGenerationMatch"] for r in server.requests} == {"17"}


def test_without_a_version_what_was_read_first_is_resumed_and_nothing_else(serve: Serve):
    adapter, server = serve(cutting(1))
    assert read(adapter, "x") == DATA
    assert [r.query.get("ifGenerationMatch") for r in server.requests] == [None, "17"]


def test_an_object_replaced_between_the_pieces_has_changed(serve: Serve):
    adapter, _ = serve(cutting(1, ("17", "18")))
    with pytest.raises(Changed), adapter.read_object("x") as stream:
        stream.read()


def test_a_server_that_ignores_the_generation_is_found_out(serve: Serve):
    adapter, _ = serve(lambda _: Answer(200, b"12345", {"x-goog-generation": "18"}))
    with pytest.raises(Changed):
        adapter.read_object("x", version="17")


def test_a_body_that_always_breaks_is_unreachable_and_never_the_end(serve: Serve):
    def script(request: Request) -> Answer:
        answer = gcs_media(DATA, request)
        return Answer(answer.status, answer.body, answer.headers, cut_at=10)

    adapter, server = serve(script)
    with pytest.raises(Unreachable), adapter.read_object("x") as stream:
        stream.read()
    assert len(server.requests) == 3


def test_what_is_stored_compressed_is_read_as_it_is_stored(fake_gcs: FakeGcs):
    bucket = fake_gcs.make_bucket()
    fake_gcs.put(bucket, "part.json.gz", RECORDS, contentEncoding="gzip", contentType="application/json")
    adapter = open_destination("lake", "gcs", {**fake_gcs.options, "bucket": bucket})
    (info,) = adapter.list_objects("")
    assert info.size == len(RECORDS)
    assert read(adapter, "part.json.gz", version=info.version) == RECORDS
    assert read(adapter, "part.json.gz", 10, 50) == RECORDS[10:60]


def test_bytes_that_were_unpacked_on_the_way_are_not_taken_for_those_that_are_stored(serve: Serve):
    def script(request: Request) -> Answer:
        assert request.headers["accept-encoding"] == "gzip"
        about = {"x-goog-generation": "17", "x-goog-stored-content-encoding": "gzip"}
        return Answer(200, gzip.decompress(RECORDS), {**about, "x-goog-stored-content-length": str(len(RECORDS))})

    adapter, _ = serve(script)
    with pytest.raises(Unsupported, match="changes their encoding"):
        adapter.read_object("x")


@pytest.mark.parametrize(
    "answer, kind",
    [
        (Answer(200, b"12345"), Unsupported),  # names no generation
        (Answer(200, b"<html>please log in</html>", {"Content-Type": "text/html"}), Unsupported),
        (gcs_error(503, "backendError", sent_as=200), Unreachable),
        (Answer(200, b"12345", {"x-goog-generation": "17", "x-goog-stored-content-length": "9"}), Unsupported),
        (Answer(206, b"345", {"x-goog-generation": "17", "Content-Range": "bytes 1-3/5"}), Unsupported),
        (Answer(206, b"345", {"x-goog-generation": "17", "Content-Range": "nonsense"}), Unsupported),
        (Answer(200, b"12345", {"x-goog-generation": "17"}), Unsupported),  # for a range
    ],
)
def test_bytes_from_elsewhere_are_refused(serve: Serve, answer: Answer, kind):
    adapter, _ = serve(lambda _: answer)
    with pytest.raises(kind):
        adapter.read_object("x", 2)
    if b"html" in answer.body or (answer.body == b"12345" and "17" not in answer.headers.values()):
        with pytest.raises(kind):
            adapter.read_object("x")


def test_an_object_that_looks_like_an_error_is_an_object(serve: Serve):
    body = gcs_error(404, "notFound").body
    adapter, _ = serve(lambda request: gcs_media(body, request, Content_Type="application/json"))
    assert read(adapter, "x") == body


def test_the_end_of_an_object_is_no_offset_behind_it(serve: Serve):
    adapter, _ = serve(lambda r: gcs_media(b"12345", r) if r.query.get("alt") == "media" else gcs_object("x", b"12345"))
    assert read(adapter, "x", 5) == b""
    assert read(adapter, "x", 5, 0) == b""
    with pytest.raises(RangeRefused):
        adapter.read_object("x", 6)


def test_an_object_encrypted_with_a_key_of_the_customer_is_named_as_such(serve: Serve):
    said = "The target object is encrypted by a customer-supplied encryption key."
    adapter, _ = serve(lambda _: gcs_error(400, "resourceIsEncryptedWithCustomerEncryptionKey", said))
    with pytest.raises(Unsupported, match="a customer's own key"):
        adapter.read_object("x")


# --- checksums -------------------------------------------------------------------------------------

KEPT = hashes(DATA)
MD5, CRC32C = base64.b64decode(KEPT["md5Hash"]), base64.b64decode(KEPT["crc32c"])


@pytest.mark.parametrize(
    "about, checksum",
    [
        ({}, Checksum("md5", MD5)),
        ({"md5Hash": None}, Checksum("crc32c", CRC32C)),  # a composite object: fsspec/gcsfs#342
        ({"md5Hash": None, "crc32c": None}, None),
        ({"md5Hash": "nonsense", "crc32c": "AAA="}, None),
        ({"md5Hash": "", "componentCount": 3}, Checksum("crc32c", CRC32C)),
    ],
)
def test_checksum(serve: Serve, about, checksum):
    adapter, _ = serve(lambda _: gcs_object("x", DATA, **about))
    assert adapter.describe_object("x").checksum == checksum


def verified(serve: Serve, script: Script) -> tuple[FileCheck, list[Request]]:
    adapter, server = serve(script)
    file = StoredFile("p/part-0.json.gz", len(RECORDS), datetime(2026, 10, 1, tzinfo=UTC), "17", False)
    return verify_file(adapter, file, Level.L4), server.requests


@pytest.mark.parametrize(
    "about, level, kind",
    [
        ({}, Level.L4, "md5"),
        ({"md5Hash": None}, Level.L4, "crc32c"),
        ({"md5Hash": None, "crc32c": None}, Level.L3, "the provider keeps none"),
    ],
)
def test_a_composite_object_is_proven_by_what_there_is_and_no_further(serve: Serve, about, level: Level, kind: str):
    def script(request: Request) -> Answer:
        if request.query.get("alt") == "media":
            return gcs_media(RECORDS, request)
        return gcs_object("p/part-0.json.gz", RECORDS, **about)

    check, _ = verified(serve, script)  # fsspec/gcsfs#342
    assert (check.content, check.level, check.facts["provider_checksum"]) == (Content.SOUND, level, kind)


@pytest.mark.parametrize("wrong", [{0}, {1}], ids=["while decoding", "while comparing"])
def test_a_byte_flipped_on_the_way_once_is_no_damage(serve: Serve, wrong: set[int]):
    """catalyst-cooperative/pudl#2488, googleapis/google-resumable-media-python#204: right the next time."""
    whole = -1

    def script(request: Request) -> Answer:
        nonlocal whole
        if request.query.get("alt") != "media":
            return gcs_object("p/part-0.json.gz", RECORDS)
        if "range" in request.headers:
            return gcs_media(RECORDS, request)
        whole += 1
        flipped = bytes([RECORDS[40] ^ 1])
        return gcs_media(RECORDS[:40] + flipped + RECORDS[41:] if whole in wrong else RECORDS, request)

    check, requests = verified(serve, script)
    assert (check.content, check.level, check.faults) == (Content.SOUND, Level.L4, ())
    assert whole >= 1
    assert {r.query.get("ifGenerationMatch", "17") for r in requests} == {"17"}
    if wrong == {0}:
        assert check.facts["second_read"] == "first read differed"


def test_a_byte_that_is_flipped_each_time_is_damage(serve: Serve):
    flipped = RECORDS[:40] + bytes([RECORDS[40] ^ 1]) + RECORDS[41:]

    def script(request: Request) -> Answer:
        if request.query.get("alt") == "media":
            return gcs_media(flipped, request)
        return gcs_object("p/part-0.json.gz", RECORDS)

    check, _ = verified(serve, script)
    assert (check.content, [fault.code for fault in check.faults]) == (Content.DAMAGED, ["file-corrupt"])


def test_a_description_that_is_none_is_no_object(serve: Serve):
    adapter, _ = serve(lambda _: Answer(200, b'{"kind":"storage#object"}', JSON))
    with pytest.raises(Unsupported):
        adapter.describe_object("x")
