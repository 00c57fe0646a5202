"""Blobs whose bodies break, that are stored in odd ways, that are directories, archives or replaced on the way."""

import base64
import gzip
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from adapters.azure_blob import AzureBlobAdapter
from adapters.base import (
    AccessDenied,
    Archived,
    Changed,
    Checksum,
    ClockSkew,
    CredentialExpired,
    DestinationError,
    NotFound,
    RangeRefused,
    Throttled,
    Unreachable,
    Unsupported,
)
from adapters.retry import Policy, RetryingAdapter
from tests.servers.fake_azure import blob, error, fake_azure, is_listing, options, page, stored
from tests.servers.fake_s3 import MODIFIED, Answer, FakeS3, Request, Script, in_turn

Serve = Callable[..., tuple[RetryingAdapter, FakeS3]]

DATA = bytes(range(256)) * 8192  # 2 MiB


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server with a script and opens it, without waiting between attempts."""
    with ExitStack() as stack:

        def start(script: Script, **more: object) -> tuple[RetryingAdapter, FakeS3]:
            server = stack.enter_context(fake_azure(script))
            adapter = AzureBlobAdapter("lake", **{**options(server), **more})
            stack.callback(adapter.close)
            return RetryingAdapter(adapter, Policy(attempts=4, sleep=lambda _: None)), server

        yield start


def cutting(times: int, at: int = 512 * 1024, etags: tuple[str, ...] = ()) -> Script:
    """The first `times` bodies end after `at` bytes."""
    asked = 0

    def script(request: Request) -> Answer:
        nonlocal asked
        asked += 1
        answer = stored(DATA, request, etag=etags[min(asked, len(etags)) - 1] if etags else "0x1")
        cut = at if asked <= times and len(answer.body) > at else None
        return Answer(answer.status, answer.body, answer.headers, cut_at=cut)

    return script


@pytest.mark.parametrize("chunk", [1000, 64 * 1024, len(DATA)])
def test_a_body_cut_in_the_middle_is_resumed_where_it_broke(serve: Serve, chunk: int):
    adapter, server = serve(cutting(2))
    with adapter.read_object("x") as stream:
        got = b"".join(iter(lambda: stream.read(chunk), b""))
    assert got == DATA
    assert [request.headers.get("x-ms-range") for request in server.requests] == [
        None,
        "bytes=524288-",
        "bytes=1048576-",
    ]
    assert [request.headers.get("if-match") for request in server.requests] == [None, '"0x1"', '"0x1"']
    assert adapter.retries == 2


def test_a_whole_blob_is_one_request(serve: Serve):
    """Chunks of their own requests may belong to different versions (Azure/azure-sdk-for-python#16069)."""
    adapter, server = serve(lambda request: stored(DATA * 5, request))  # 10 MiB: more than one chunk of the SDK
    with adapter.read_object("x", version="0x1") as stream:
        assert hashlib.sha256(stream.read()).digest() == hashlib.sha256(DATA * 5).digest()
    assert [(r.method, r.headers["if-match"]) for r in server.requests] == [("GET", '"0x1"')]


def test_a_blob_rewritten_while_it_is_read_has_changed_and_is_read_anew(serve: Serve):
    """Azure/azure-sdk-for-python#16069"""
    rewritten = False

    def script(request: Request) -> Answer:
        nonlocal rewritten
        data, etag = (DATA[::-1], "0x2") if rewritten else (DATA, "0x1")
        if is_listing(request):
            return page([blob("x", len(data)).replace("0x1", etag)])
        answer = stored(data, request, etag=etag)
        if rewritten or request.method == "HEAD":
            return answer
        rewritten = True
        return Answer(answer.status, answer.body, answer.headers, cut_at=700_000)

    adapter, _ = serve(script)
    (listed,) = adapter.list_objects("")
    with adapter.read_object("x", version=listed.version) as stream, pytest.raises(Changed) as caught:
        stream.read()
    assert not caught.value.retryable
    assert (caught.value.key, caught.value.request_id) == ("x", "REQ1")
    (listed,) = adapter.list_objects("")
    with adapter.read_object("x", version=listed.version) as stream:
        assert stream.read() == DATA[::-1]


def test_a_blob_that_vanished_is_not_found_even_where_the_server_says_condition_not_met(serve: Serve):
    gone = lambda r: error("BlobNotFound", 404) if r.method == "HEAD" else error("ConditionNotMet", 412)  # noqa: E731
    adapter, _ = serve(gone)
    with pytest.raises(NotFound):
        adapter.read_object("x", version="0x1")


def test_a_server_that_ignores_if_match_is_found_out(serve: Serve):
    adapter, _ = serve(lambda r: stored(b"new", Request(r.method, r.path, r.query, {}), etag="0x2"))
    with pytest.raises(Changed):
        adapter.read_object("x", version="0x1")


def test_a_body_that_always_breaks_is_unreachable_and_never_the_end(serve: Serve):
    adapter, server = serve(cutting(100, at=10))
    with adapter.read_object("x") as stream, pytest.raises(Unreachable) as caught:
        stream.read()
    assert len(server.requests) == 4
    assert (caught.value.destination, caught.value.key) == ("lake", "x")


def test_a_silent_server_is_not_waited_for_for_ever(serve: Serve):
    def script(request: Request) -> Answer:
        answer = stored(b"12345", request)
        return Answer(answer.status, answer.body, answer.headers, stall_s=1.0)

    adapter, server = serve(script, timeout=0.2)
    began = time.monotonic()
    with adapter.read_object("x") as stream, pytest.raises(Unreachable, match="in time"):
        stream.read()
    assert len(server.requests) == 4
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("megabytes", [1, 40])
def test_what_is_stored_compressed_is_read_as_it_is_stored(serve: Serve, megabytes: int):
    """Azure/azure-sdk-for-python#23714, #34350: small blobs came unpacked, those over 32 MB failed."""
    packed = gzip.compress(b'{"a": 1}\n', mtime=0) + bytes(megabytes * 2**20)
    adapter, _ = serve(lambda request: stored(packed, request, Content_Encoding="gzip"), timeout=30)
    with adapter.read_object("part.json.gz") as stream:
        digest, count = hashlib.sha256(), 0
        while data := stream.read(2**20):
            digest.update(data)
            count += len(data)
    assert (count, digest.digest()) == (len(packed), hashlib.sha256(packed).digest())
    with adapter.read_object("part.json.gz", 10, 5) as stream:
        assert stream.read() == packed[10:15]
    assert adapter.describe_object("part.json.gz").size == len(packed)


@pytest.mark.parametrize("code", ["ServerBusy", "InternalError", "AuthorizationPermissionMismatch"])
def test_an_error_sent_as_the_object_is_no_object(serve: Serve, code: str):
    adapter, _ = serve(lambda _: error(code, 200))
    kinds = {"ServerBusy": Throttled, "InternalError": Unreachable, "AuthorizationPermissionMismatch": AccessDenied}
    with pytest.raises(kinds[code]):
        adapter.read_object("x")


def test_a_page_of_a_proxy_is_no_object(serve: Serve):
    login = Answer(200, b"<html>Please log in</html>", {"Content-Type": "text/html", "Last-Modified": MODIFIED})
    adapter, _ = serve(lambda _: login)
    for ask in (adapter.read_object, adapter.describe_object):
        with pytest.raises(Unsupported, match="ETag"):
            ask("x")


def test_an_object_that_looks_like_an_error_is_an_object(serve: Serve):
    document = error("ServerBusy", 200).body
    adapter, _ = serve(lambda request: stored(document, request, Content_Type="application/xml"))
    with adapter.read_object("x") as stream:
        assert stream.read() == document


@pytest.mark.parametrize("status", [301, 302, 307])
def test_nobody_is_followed_elsewhere(serve: Serve, status: int):
    adapter, _ = serve(lambda r: Answer(status, b"", {"Location": f"http://127.0.0.1:1{r.path}"}))
    for ask in (adapter.read_object, adapter.describe_object, lambda key: list(adapter.list_objects(key))):
        with pytest.raises(Unsupported, match=f"HTTP {status}"):
            ask("x")


TOLD = {"ETag": '"0x1"', "Last-Modified": MODIFIED}


@pytest.mark.parametrize(
    "answer, kind",
    [
        (Answer(200, b"12345", TOLD), Unsupported),  # from the beginning instead of the offset
        (Answer(206, b"12345", {**TOLD, "Content-Range": "bytes 0-4/5"}), Unsupported),
        (Answer(206, b"12345", {**TOLD, "Content-Range": "nonsense"}), Unsupported),
        (Answer(206, b"12345", {**TOLD, "Content-Length": "many"}), Unsupported),
        (Answer(200, b"1", TOLD), RangeRefused),
    ],
)
def test_bytes_from_elsewhere_are_refused(serve: Serve, answer: Answer, kind: type[DestinationError]):
    adapter, _ = serve(lambda _: answer)
    with pytest.raises(kind):
        adapter.read_object("x", 2, 2)


def test_a_refused_range_inside_the_object_is_not_its_end(serve: Serve):
    adapter, _ = serve(lambda r: stored(DATA, r) if r.method == "HEAD" else error("InvalidRange", 416))
    with pytest.raises(Unsupported, match="refuses the bytes from 1000 "):
        adapter.read_object("x", 1000)


@pytest.mark.parametrize("start", [0, 1000])
def test_a_part_that_does_not_say_which_part_it_is_is_refused(serve: Serve, start: int):
    adapter, _ = serve(lambda r: stored(DATA, r) if r.method == "HEAD" else Answer(206, b"12345", TOLD))
    with pytest.raises(Unsupported, match="another range"):
        adapter.read_object("x", start)


def test_the_end_of_an_object_is_no_offset_behind_it(serve: Serve):
    adapter, _ = serve(lambda request: stored(b"12345", request))
    for start, length in ((5, None), (5, 3), (3, 0), (5, 0)):
        with adapter.read_object("x", start, length) as stream:
            assert stream.read() == b""
    for length in (None, 0, 3):
        with pytest.raises(RangeRefused):
            adapter.read_object("x", 6, length)


def test_a_server_that_gives_less_of_a_range_is_asked_for_the_rest(serve: Serve):
    def script(request: Request) -> Answer:
        start = int(request.headers.get("x-ms-range", "bytes=0-")[6:].partition("-")[0])
        part = DATA[start : start + 1_000_000]
        return Answer(206, part, {**TOLD, "Content-Range": f"bytes {start}-{start + len(part) - 1}/{len(DATA)}"})

    adapter, _ = serve(script)
    with adapter.read_object("x", 1) as stream:
        assert stream.read() == DATA[1:]


def test_an_archived_blob_is_refused_once(serve: Serve):
    adapter, server = serve(lambda _: error("BlobArchived", 409))
    with pytest.raises(Archived, match="rehydrated"):
        adapter.read_object("x")
    assert len(server.requests) == 1


# --- what a description tells ---------------------------------------------------------------------

MD5 = hashlib.md5(b"12345").digest()
TEXT = base64.b64encode(MD5).decode()

DESCRIPTIONS = [  # told, headers, checksum, archived
    ("a block blob", {"Content_MD5": TEXT}, Checksum("md5", MD5), False),
    ("without an MD5", {}, None, False),
    ("with an MD5 that is none", {"Content_MD5": "bm9uZQ=="}, None, False),
    ("with an MD5 that is no base64", {"Content_MD5": "%%%"}, None, False),
    ("an append blob, whose MD5 ages", {"Content_MD5": TEXT, "x_ms_blob_type": "AppendBlob"}, None, False),
    ("archived", {"x_ms_access_tier": "Archive"}, None, True),
    (
        "being rehydrated",
        {"x_ms_access_tier": "Archive", "x_ms_archive_status": "rehydrate-pending-to-hot"},
        None,
        True,
    ),
    ("cold", {"x_ms_access_tier": "Cold"}, None, False),
]


@pytest.mark.parametrize("told, headers, checksum, archived", DESCRIPTIONS, ids=[case[0] for case in DESCRIPTIONS])
def test_a_description(serve: Serve, told: str, headers: dict[str, str], checksum: Checksum | None, archived: bool):
    adapter, server = serve(lambda request: stored(b"12345", request, **headers))
    info = adapter.describe_object("p/x")
    assert (info.key, info.size, info.version) == ("p/x", 5, "0x1")
    assert info.modified.isoformat() == "2026-10-01T00:00:00+00:00"
    assert (info.checksum, info.archived) == (checksum, archived)
    assert [request.method for request in server.requests] == ["HEAD"]


@pytest.mark.parametrize("headers", [{"x-ms-meta-hdi_isfolder": "true"}, {"x_ms_resource_type": "directory"}])
def test_a_directory_of_a_hierarchical_account_is_a_marker_and_no_object(serve: Serve, headers: dict[str, str]):
    def script(request: Request) -> Answer:
        return error("BlobNotFound", 404) if request.path.endswith("/") else stored(b"", request, **headers)

    adapter, _ = serve(script)
    marker = adapter.describe_object("p/d/")
    assert (marker.key, marker.is_marker, marker.size) == ("p/d/", True, 0)
    with adapter.read_object("p/d/", version=marker.version) as stream:
        assert stream.read() == b""
    for ask in (adapter.describe_object, adapter.read_object):
        with pytest.raises(NotFound, match="a directory"):
            ask("p/d")


def test_an_empty_blob_with_metadata_of_its_own_is_an_object(serve: Serve):
    adapter, _ = serve(lambda request: stored(b"", request, x_ms_meta_owner="true"))
    assert adapter.describe_object("p/empty").key == "p/empty"
    with adapter.read_object("p/empty") as stream:
        assert stream.read() == b""


def test_a_name_of_dots_is_never_another_object(serve: Serve):
    adapter, server = serve(lambda request: stored(b"secret of another", request))
    for key in ("p/../x", "./x", "p/.", ".."):
        for ask in (adapter.read_object, adapter.describe_object):
            with pytest.raises(Unsupported, match="dots"):
                ask(key)
    assert server.requests == []


# --- refusals -------------------------------------------------------------------------------------

REFUSALS = [
    (error("AuthenticationFailed", 403, detail="Request date header too old: 'x'"), ClockSkew),
    (error("AuthenticationFailed", 403, detail="Signature not valid in the specified time frame"), CredentialExpired),
    (error("AuthorizationPermissionMismatch", 403), AccessDenied),
    (error("ContainerNotFound", 404), NotFound),
]


@pytest.mark.parametrize("refusal, kind", REFUSALS, ids=[kind.__name__ for _, kind in REFUSALS])
def test_a_refusal_is_told_alike_by_every_call(serve: Serve, refusal: Answer, kind: type[DestinationError]):
    """A refused HEAD has no body, and only the body says what is behind AuthenticationFailed."""
    adapter, _ = serve(lambda _: refusal)
    for ask in (
        adapter.read_object,
        adapter.describe_object,
        lambda key: list(adapter.list_objects(key)),
        lambda key: list(adapter.list_folder(key)),
    ):
        with pytest.raises(kind) as caught:
            ask("x")
        assert caught.value.request_id == "REQ1"
        assert not caught.value.retryable


@pytest.mark.parametrize("status, code", [(503, "ServerBusy"), (429, "TooManyRequests")])
def test_retry_after_is_kept(serve: Serve, status: int, code: str):
    waits: list[float] = []
    busy = error(code, status, headers={"Retry-After": "7"})
    data = stored(b"12345", Request("GET", "/", {}, {}))
    with fake_azure(in_turn(busy, busy, data)) as server:
        inner = AzureBlobAdapter("lake", **options(server))
        adapter = RetryingAdapter(inner, Policy(sleep=waits.append))
        with adapter.read_object("x") as stream:
            assert stream.read() == b"12345"
        inner.close()
    assert waits == [7, 7]
    assert len(server.requests) == 3  # the SDK's own retries do not multiply


def test_only_reading_requests_are_made_on_few_connections(serve: Serve):
    def script(request: Request) -> Answer:
        if is_listing(request):
            return page(["p/x"])
        return stored(DATA if request.path.endswith("x") else b"", request)

    adapter, server = serve(script)
    for _ in range(5):
        list(adapter.list_objects("p/"))
        list(adapter.list_folder("p/"))
        adapter.describe_object("p/x")
        adapter.describe_object("p/empty")
        for key, start, length in (("p/x", 0, None), ("p/x", 5, 5), ("p/empty", 0, None), ("p/x", 0, 0)):
            with adapter.read_object(key, start, length) as stream:
                stream.read()
    assert {request.method for request in server.requests} == {"GET", "HEAD"}
    assert server.connections == 1
