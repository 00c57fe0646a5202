"""Google Cloud Storage by HMAC keys: what its XML API does not do as S3 does."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from adapters.base import AccessDenied, Checksum, Unsupported
from adapters.gcs import open_gcs
from adapters.retry import Policy, RetryingAdapter
from tests.adapters.gcs_serving import keys, read
from tests.adapters.test_s3_listing import MANY, older
from tests.servers.fake_s3 import Answer, FakeS3, Request, Script, error, fake_s3, page, stored
from tests.servers.played_gcs import hashes

Serve = Callable[[Script], tuple[RetryingAdapter, FakeS3]]
DATA = b'{"a":1}\n' * 100
PACKED = gzip.compress(DATA, mtime=0)


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(script: Script) -> tuple[RetryingAdapter, FakeS3]:
            server = stack.enter_context(fake_s3(script))
            adapter = open_gcs(
                "lake",
                "exports",
                endpoint_url=server.endpoint_url,
                hmac_access_id="GOOG1E",
                hmac_secret="s",
                timeout=5.0,
            )
            stack.callback(adapter.close)
            return RetryingAdapter(adapter, Policy(attempts=3, sleep=lambda _: None)), server

        yield start


def test_bytes_are_asked_for_as_they_are_stored_and_that_is_not_signed(serve: Serve):
    """Google's front end adds to Accept-Encoding, which breaks a signature over it (rclone/rclone#6670)."""
    about = {"x_goog_stored_content_encoding": "gzip", "Content_Encoding": "gzip"}
    adapter, server = serve(lambda request: stored(PACKED, request, **about))
    assert read(adapter, "x") == PACKED
    request = server.requests[0]
    assert request.headers["accept-encoding"] == "gzip"
    signed = request.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert "accept-encoding" not in signed
    assert "host" in signed
    assert "/auto/s3/aws4_request" in request.headers["authorization"]


def test_nothing_is_asked_that_only_aws_knows(serve: Serve):
    adapter, server = serve(lambda r: page(["x"]) if r.is_listing else stored(DATA, r))
    keys(adapter)
    read(adapter, "x")
    adapter.describe_object("x")
    known = {"x-amz-content-sha256", "x-amz-date"}
    for request in server.requests:
        assert {name for name in request.headers if name.startswith("x-amz-")} <= known
    assert {request.method for request in server.requests} <= {"GET", "HEAD"}


def test_bytes_that_were_unpacked_on_the_way_are_refused(serve: Serve):
    adapter, _ = serve(lambda request: stored(DATA, request, x_goog_stored_content_encoding="gzip"))
    with pytest.raises(Unsupported, match="changes their encoding"):
        adapter.read_object("x")


KEPT = hashes(DATA)


@pytest.mark.parametrize(
    "told, kind",
    [
        (f"crc32c={KEPT['crc32c']},md5={KEPT['md5Hash']}", "md5"),
        (f"crc32c={KEPT['crc32c']}, md5={KEPT['md5Hash']}", "md5"),  # two headers, joined
        (f"crc32c={KEPT['crc32c']}", "crc32c"),  # composite: fsspec/gcsfs#342
        ("", None),
        ("nonsense", None),
    ],
)
def test_checksums_are_those_of_google(serve: Serve, told: str, kind: str | None):
    etag = "827ccb0eea8a706c4c34a16891f84e7b"  # looks like an MD5 and need be none
    adapter, _ = serve(lambda request: stored(DATA, request, etag=etag, x_goog_hash=told))
    checksum = adapter.describe_object("x").checksum
    assert (checksum.kind if checksum else None) == kind
    assert checksum is None or isinstance(checksum, Checksum)


@pytest.mark.parametrize("names_next", [True, False], ids=["with NextMarker", "without NextMarker"])
@pytest.mark.parametrize("refusal", [error("NotImplemented", 501), None], ids=["refused", "not noticed"])
def test_a_server_that_knows_only_the_older_listing_is_listed_whole(serve: Serve, names_next: bool, refusal):
    """fluxcd/source-controller#240"""
    adapter, _ = serve(lambda request: older(request, names_next=names_next, refusal=refusal))
    assert keys(adapter, "p/") == MANY


def test_rights_are_told_in_googles_words(serve: Serve):
    denied = error("AccessDenied", 403, headers={"x-guploader-uploadid": "UP1"})

    def script(request: Request) -> Answer:
        return denied

    adapter, _ = serve(script)
    assert adapter.traits.rights == ("storage.objects.list", "storage.objects.get")
    with pytest.raises(AccessDenied, match=r"storage\.objects\.list is missing"):
        keys(adapter)
    for ask in (adapter.read_object, adapter.describe_object):
        with pytest.raises(AccessDenied, match=r"storage\.objects\.get is missing.*storage\.objects\.list"):
            ask("x")


def test_the_request_id_is_googles(serve: Serve):
    upload = {"x-guploader-uploadid": "UP1", "x-amz-request-id": ""}
    document = b"<Error><Code>AccessDenied</Code></Error>"
    adapter, _ = serve(lambda _: Answer(403, document, {"Content-Type": "application/xml", **upload}))
    with pytest.raises(AccessDenied) as caught:
        keys(adapter)
    assert caught.value.request_id == "UP1"


@pytest.mark.parametrize("code, status", [("UserProjectMissing", 400), ("UserProjectAccessDenied", 403)])
def test_a_bucket_whose_requester_pays_is_named(serve: Serve, code: str, status: int):
    adapter, _ = serve(lambda _: error(code, status))
    with pytest.raises(AccessDenied, match="requester pays"):
        keys(adapter)


def test_rights_in_excess_are_not_guessed(serve: Serve):
    adapter, server = serve(lambda _: error("AccessDenied", 403))
    assert adapter.excess_rights() is None
    assert not server.requests
