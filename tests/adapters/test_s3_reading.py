"""Bodies that break, objects stored in odd ways, checksums that are none, archives."""

import base64
import gzip
import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from adapters.base import (
    AccessDenied,
    Archived,
    Changed,
    RangeRefused,
    Throttled,
    Unreachable,
    Unsupported,
)
from adapters.retry import Policy, RetryingAdapter
from adapters.s3 import S3Adapter
from tests.servers.fake_s3 import MODIFIED, Answer, FakeS3, Request, Script, error, fake_s3, page, stored

Serve = Callable[..., tuple[RetryingAdapter, FakeS3]]

DATA = bytes(range(256)) * 8192  # 2 MiB


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server with a script and opens it, without waiting between attempts."""
    with ExitStack() as stack:

        def start(script: Script, **options: object) -> tuple[RetryingAdapter, FakeS3]:
            server = stack.enter_context(fake_s3(script))
            adapter = S3Adapter("lake", **{**server.options, **options})
            stack.callback(adapter.close)
            return RetryingAdapter(adapter, Policy(attempts=4, sleep=lambda _: None)), server

        yield start


def cutting(times: int, at: int = 512 * 1024, etags: tuple[str, ...] = ()) -> Script:
    """The first `times` bodies end after `at` bytes."""
    asked = 0

    def script(request: Request) -> Answer:
        nonlocal asked
        asked += 1
        answer = stored(DATA, request, etag=etags[asked - 1] if etags else "e1")
        cut = at if asked <= times and len(answer.body) > at else None
        return Answer(answer.status, answer.body, answer.headers, cut_at=cut)

    return script


@pytest.mark.parametrize("chunk", [1000, 64 * 1024, len(DATA)])
def test_a_body_cut_in_the_middle_is_resumed_where_it_broke(serve: Serve, chunk: int):  # boto/boto3#3781
    adapter, server = serve(cutting(2))
    with adapter.read_object("x") as stream:
        got = b"".join(iter(lambda: stream.read(chunk), b""))
    assert got == DATA
    assert [request.headers.get("range") for request in server.requests] == [
        None,
        "bytes=524288-",
        "bytes=1048576-",
    ]
    assert [request.headers.get("if-match") for request in server.requests] == [None, '"e1"', '"e1"']
    assert adapter.retries == 2


def test_a_resumed_range_ends_where_the_range_ended(serve: Serve):
    adapter, server = serve(cutting(1))
    with adapter.read_object("x", 1000, 1_000_000) as stream:
        assert stream.read() == DATA[1000:1_001_000]
    assert server.requests[1].headers["range"] == "bytes=525288-1000999"


def test_a_server_that_hangs_up_on_a_slow_reader_is_asked_again(serve: Serve):  # boto/boto3#3781
    adapter, server = serve(cutting(1))
    with adapter.read_object("x") as stream:
        first = stream.read(1024)
        time.sleep(0.2)  # a slow parser
        assert first + stream.read() == DATA
    assert len(server.requests) == 2


def test_a_body_that_always_breaks_is_unreachable_and_never_the_end(serve: Serve):
    adapter, server = serve(cutting(100, at=10))
    with adapter.read_object("x") as stream, pytest.raises(Unreachable) as caught:
        stream.read()
    assert len(server.requests) == 4
    assert (caught.value.destination, caught.value.key) == ("lake", "x")


def test_an_object_replaced_between_the_pieces_has_changed(serve: Serve):
    adapter, _ = serve(cutting(1, etags=("e1", "e2")))
    with adapter.read_object("x") as stream, pytest.raises(Changed):
        stream.read()


def test_a_server_that_ignores_if_match_is_found_out(serve: Serve):
    adapter, _ = serve(lambda _: Answer(200, b"new", {"ETag": '"e2"'}))
    with pytest.raises(Changed):
        adapter.read_object("x", version="e1")


def test_a_silent_server_is_not_waited_for_for_ever(serve: Serve):
    def script(request: Request) -> Answer:
        answer = stored(b"12345", request)
        return Answer(answer.status, answer.body, answer.headers, stall_s=1.0)

    adapter, server = serve(script, timeout=0.2)
    with adapter.read_object("x") as stream, pytest.raises(Unreachable, match="in time"):
        stream.read()
    assert len(server.requests) == 4


def test_what_is_stored_compressed_is_read_as_it_is_stored(serve: Serve):  # getmoto/moto#963
    packed = gzip.compress(b'{"a": 1}\n' * 1000)
    adapter, _ = serve(lambda request: stored(packed, request, Content_Encoding="gzip"))
    with adapter.read_object("part.json.gz") as stream:
        assert stream.read() == packed
    with adapter.read_object("part.json.gz", 10, 5) as stream:
        assert stream.read() == packed[10:15]
    assert adapter.describe_object("part.json.gz").size == len(packed)


@pytest.mark.parametrize("code", ["SlowDown", "InternalError", "AccessDenied"])
def test_an_error_sent_as_the_object_is_no_object(serve: Serve, code: str):  # boto/botocore#3276
    adapter, _ = serve(lambda _: error(code, 200))
    with pytest.raises({"SlowDown": Throttled, "InternalError": Unreachable, "AccessDenied": AccessDenied}[code]):
        adapter.read_object("x")


def test_an_object_that_looks_like_an_error_is_an_object(serve: Serve):
    document = error("SlowDown", 200).body
    adapter, _ = serve(lambda request: stored(document, request, Content_Type="application/xml"))
    with adapter.read_object("x") as stream:
        assert stream.read() == document


@pytest.mark.parametrize(
    "answer, kind",
    [
        (Answer(200, b"12345", {"ETag": '"e1"'}), Unsupported),  # from the beginning instead of the offset
        (Answer(206, b"12345", {"ETag": '"e1"', "Content-Range": "bytes 0-4/5"}), Unsupported),
        (Answer(206, b"12345", {"ETag": '"e1"', "Content-Range": "nonsense"}), Unsupported),
        (Answer(200, b"1", {"ETag": '"e1"', "Last-Modified": MODIFIED}), RangeRefused),
    ],
)
def test_bytes_from_elsewhere_are_refused(serve: Serve, answer: Answer, kind):
    adapter, _ = serve(lambda _: answer)
    with pytest.raises(kind):
        adapter.read_object("x", 2, 2)


def test_a_server_that_gives_more_than_asked_for_is_cut_short(serve: Serve):
    adapter, _ = serve(lambda _: Answer(200, b"12345", {"ETag": '"e1"'}))
    with adapter.read_object("x", 0, 2) as stream:
        assert stream.read() == b"12"


def test_a_server_that_gives_less_of_a_range_is_asked_for_the_rest(serve: Serve):
    def script(request: Request) -> Answer:
        start = int(request.headers.get("range", "bytes=0-")[6:].partition("-")[0])
        part = DATA[start : start + 1_000_000]
        return Answer(
            206, part, {"ETag": '"e1"', "Content-Range": f"bytes {start}-{start + len(part) - 1}/{len(DATA)}"}
        )

    adapter, _ = serve(script)
    with adapter.read_object("x", 1) as stream:
        assert stream.read() == DATA[1:]


def test_the_end_of_an_object_is_no_offset_behind_it(serve: Serve):
    adapter, _ = serve(lambda request: stored(b"12345", request))
    with adapter.read_object("x", 5) as stream:
        assert stream.read() == b""
    with pytest.raises(RangeRefused):
        adapter.read_object("x", 6)


# --- checksums -----------------------------------------------------------------------------------

MD5 = hashlib.md5(b"12345").hexdigest()
SHA256 = hashlib.sha256(b"12345").digest()


def text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


CHECKSUMS = [  # told, headers, etag, kind, value
    ("the ETag of one part is an MD5", {}, MD5, "md5", bytes.fromhex(MD5)),
    ("encrypted with S3's key it is too", {"x-amz-server-side-encryption": "AES256"}, MD5, "md5", bytes.fromhex(MD5)),
    ("the ETag of parts is none", {}, f"{MD5}-3", None, None),
    ("with KMS it is none", {"x-amz-server-side-encryption": "aws:kms"}, MD5, None, None),
    ("with two layers of KMS it is none", {"x-amz-server-side-encryption": "aws:kms:dsse"}, MD5, None, None),
    (
        "with a customer's key it is none",
        {"x-amz-server-side-encryption-customer-algorithm": "AES256"},
        MD5,
        None,
        None,
    ),
    ("an ETag that is no MD5 is none", {}, "e1", None, None),
    ("a SHA-256 is stronger", {"x-amz-checksum-sha256": text(SHA256)}, MD5, "sha256", SHA256),
    ("a composite value is none", {"x-amz-checksum-sha256": text(SHA256) + "-3"}, f"{MD5}-3", None, None),
    (
        "a composite value is none though it does not look so",
        {"x-amz-checksum-crc32": text(b"1234"), "x-amz-checksum-type": "COMPOSITE"},
        f"{MD5}-3",
        None,
        None,
    ),
    (
        "a value of the whole object in parts is one",
        {"x-amz-checksum-crc64nvme": text(b"12345678"), "x-amz-checksum-type": "FULL_OBJECT"},
        f"{MD5}-3",
        "crc64nvme",
        b"12345678",
    ),
    ("what is no base64 is none", {"x-amz-checksum-crc32": "%%%"}, "e1", None, None),
]


@pytest.mark.parametrize("told, headers, etag, kind, value", CHECKSUMS, ids=[case[0] for case in CHECKSUMS])
def test_checksum(serve: Serve, told, headers, etag, kind, value):
    adapter, server = serve(lambda request: stored(b"12345", request, etag=etag, **headers))
    checksum = adapter.describe_object("x").checksum
    assert (checksum and checksum.kind, checksum and checksum.value) == (kind, value)
    assert server.requests[0].headers["x-amz-checksum-mode"] == "ENABLED"


def test_the_etag_of_a_directory_bucket_is_no_md5(serve: Serve):
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    keys = "".join(f"<{name}>k</{name}>" for name in names) + "<Expiration>2100-01-01T00:00:00Z</Expiration>"
    session = f"<CreateSessionResult><Credentials>{keys}</Credentials></CreateSessionResult>".encode()

    def script(request: Request) -> Answer:
        return Answer(200, session) if "session" in request.query else stored(b"12345", request, etag=MD5)

    adapter, _ = serve(script, bucket="exports--use1-az4--x-s3")
    assert adapter.describe_object("x").checksum is None


@pytest.mark.parametrize("status, remembered", [(400, True), (501, True), (403, False)])
def test_a_server_that_refuses_checksum_headers_is_read_all_the_same(serve: Serve, status: int, remembered: bool):
    def script(request: Request) -> Answer:  # boto/botocore#3352
        assert not [name for name in request.headers if name.startswith("x-amz-sdk-checksum")]
        if "x-amz-checksum-mode" in request.headers:
            return error("NotImplemented", status)
        return stored(b"12345", request)

    adapter, server = serve(script)
    assert adapter.describe_object("x").size == 5
    with adapter.read_object("x") as stream:
        assert stream.read() == b"12345"
    before = len(server.requests)
    adapter.describe_object("x")
    assert len(server.requests) - before == (1 if remembered else 2)


def test_a_composite_checksum_does_not_hinder_reading(serve: Serve):  # gramps-project/gramps-web-api#758
    adapter, _ = serve(lambda request: stored(b"12345", request, **{"x-amz-checksum-crc32": "AAAAAA==-3"}))
    with adapter.read_object("x") as stream:
        assert stream.read() == b"12345"


# --- archives ------------------------------------------------------------------------------------

RESTORED = 'ongoing-request="false", expiry-date="Fri, 01 Jan 2100 00:00:00 GMT"'


@pytest.mark.parametrize(
    "storage, restore, archived",
    [
        (None, None, False),
        ("STANDARD_IA", None, False),
        ("GLACIER_IR", None, False),
        ("INTELLIGENT_TIERING", None, False),
        ("GLACIER", None, True),
        ("DEEP_ARCHIVE", None, True),
        ("GLACIER", 'ongoing-request="true"', True),
        ("GLACIER", RESTORED, False),
    ],
)
def test_archived_is_what_must_be_restored_first(serve: Serve, storage, restore, archived):
    headers = {"x-amz-storage-class": storage, "x-amz-restore": restore}
    given = {name: value for name, value in headers.items() if value}
    adapter, _ = serve(lambda request: stored(b"12345", request, **given))
    assert adapter.describe_object("x").archived is archived


IDLE = "<IsRestoreInProgress>false</IsRestoreInProgress>"


@pytest.mark.parametrize(
    "entry, archived",
    [
        ("", True),
        ("<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>", True),
        (f"<RestoreStatus>{IDLE}<RestoreExpiryDate>2100-01-01T00:00:00Z</RestoreExpiryDate></RestoreStatus>", False),
    ],
)
def test_a_listing_shows_archives(serve: Serve, entry: str, archived: bool):
    answer = page(["x"], entry=entry)
    frozen = Answer(200, answer.body.replace(b"STANDARD", b"GLACIER"), answer.headers)
    adapter, server = serve(lambda _: frozen)
    assert next(adapter.list_objects("")).archived is archived
    # A header that servers other than AWS may not know is not sent to them.
    assert "x-amz-optional-object-attributes" not in server.requests[0].headers


def test_an_archive_that_only_reading_shows_is_one_refused_read(serve: Serve):
    adapter, server = serve(lambda _: error("InvalidObjectState", 403))
    with pytest.raises(Archived):
        adapter.read_object("x")
    assert len(server.requests) == 1


# --- no server at all ------------------------------------------------------------------------------


def test_a_refused_connection_is_unreachable():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        adapter = S3Adapter(
            "lake",
            "exports",
            endpoint_url=f"http://127.0.0.1:{unused.getsockname()[1]}",
            access_key_id="k",
            secret_access_key="s",
        )
        for ask in (lambda: list(adapter.list_objects("")), lambda: adapter.read_object("x")):
            with pytest.raises(Unreachable):
                ask()


def test_a_server_that_accepts_and_says_nothing_is_unreachable_in_time():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        adapter = S3Adapter("lake", "exports", endpoint_url=url, access_key_id="k", secret_access_key="s", timeout=0.2)
        begun = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            list(adapter.list_objects(""))
        assert time.monotonic() - begun < 5


def test_threads_share_the_adapter(serve: Serve):
    adapter, _ = serve(lambda request: stored(DATA, request), concurrency=4)
    wrong: list[str] = []

    def read() -> None:
        with adapter.read_object("x") as stream:
            if stream.read() != DATA:
                wrong.append("other bytes")

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not wrong


def test_times_are_utc(serve: Serve):
    adapter, _ = serve(lambda request: stored(b"1", request))
    modified = adapter.describe_object("x").modified
    assert modified.strftime("%a, %d %b %Y %H:%M:%S GMT") == MODIFIED


def test_a_refused_range_inside_the_object_is_never_its_end(serve: Serve):
    """A server that refuses bytes that are there must not make an object look shorter than it is."""

    def refusing(request: Request) -> Answer:
        return error("InvalidRange", 416) if request.headers.get("range") else stored(b"0123456789", request)

    adapter, _ = serve(refusing)
    with pytest.raises(Unsupported, match="refuses the bytes from 4"):
        adapter.read_object("p/x", 4)
