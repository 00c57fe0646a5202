"""Listings of Google Cloud Storage by its JSON API, and what is asked on the way."""

import json

import pytest

from adapters.base import AccessDenied, Checksum, Folder, NotFound, Throttled, Unreachable, Unsupported
from tests.adapters.gcs_serving import Serve, keys, read, serve
from tests.servers.fake_s3 import Answer, Request, in_turn
from tests.servers.played_gcs import JSON, gcs_error, gcs_media, gcs_object, gcs_page, hashes

__all__ = ["serve"]


def test_pages_go_on_by_their_token(serve: Serve):
    adapter, server = serve(in_turn(gcs_page(["a"], token="t1"), gcs_page([], token="t2"), gcs_page(["b"])))
    assert keys(adapter) == ["a", "b"]
    assert [r.query.get("pageToken") for r in server.requests] == [None, "t1", "t2"]


def test_a_page_that_fails_is_asked_again(serve: Serve):
    busy = gcs_error(503, "backendError", headers={"Retry-After": "0"})
    adapter, server = serve(in_turn(gcs_page(["a"], token="t1"), busy, gcs_page(["b"])))
    assert keys(adapter) == ["a", "b"]
    assert [r.query.get("pageToken") for r in server.requests] == [None, "t1", "t1"]
    assert adapter.retries == 1


def test_tokens_in_a_circle_are_no_listing(serve: Serve):
    adapter, _ = serve(lambda _: gcs_page(["a"], token="t1"))
    with pytest.raises(Unsupported, match="circle"):
        keys(adapter)


def test_a_listing_asks_for_what_is_needed_and_starts_on_the_server(serve: Serve):
    adapter, server = serve(lambda _: gcs_page(["p/a", "p/b", "p/c"]))
    assert keys(adapter, "p/", "p/b") == ["p/b", "p/c"]  # what lies before does not come in, if a server sends it
    query = server.requests[0].query
    assert (query["prefix"], query["startOffset"], query["maxResults"]) == ("p/", "p/b", "1000")
    assert query["fields"].startswith("kind,error,nextPageToken,prefixes,items(name,size,timeCreated,generation")
    assert "versions" not in query  # older generations, and what is softly deleted, are no exports
    assert "softDeleted" not in query
    assert {request.method for request in server.requests} == {"GET"}


@pytest.mark.parametrize("page_size, asked", [(7, "7"), (5000, "1000")])
def test_pages_are_as_large_as_told(serve: Serve, page_size: int, asked: str):
    adapter, server = serve(lambda _: gcs_page([]), anonymous=True, page_size=page_size)
    assert keys(adapter) == []
    assert server.requests[0].query["maxResults"] == asked


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"<html>please log in</html>", b'{"kind":"storage#object"}', b'{"kind":"storage#objects","i'],
)
def test_a_200_that_is_no_listing_is_no_empty_listing(serve: Serve, body: bytes):
    adapter, _ = serve(lambda _: Answer(200, body, JSON))
    with pytest.raises((Unsupported, Unreachable)):
        keys(adapter)


@pytest.mark.parametrize("folder", [None, "q/", "p/a"])
def test_a_server_that_ignores_the_question_is_not_believed(serve: Serve, folder: str | None):
    answer = gcs_page(["other/x"]) if folder is None else gcs_page([], folders=[folder])
    adapter, _ = serve(lambda _: answer)
    with pytest.raises(Unsupported):
        keys(adapter, "p/")


def test_folders_are_shown_as_the_server_groups_them(serve: Serve):
    adapter, server = serve(lambda _: gcs_page(["p/", "p/x"], folders=["p/d ü/"]))
    assert [i.prefix if isinstance(i, Folder) else i.key for i in adapter.list_folder("p/")] == ["p/x", "p/d ü/"]
    assert server.requests[0].query["delimiter"] == "/"


def test_a_listing_brings_the_checksums_along(serve: Serve):
    adapter, _ = serve(lambda _: gcs_page(["x"], **hashes(b"12345")))
    (info,) = adapter.list_objects("")
    assert info.checksum == Checksum("md5", bytes.fromhex("827ccb0eea8a706c4c34a16891f84e7b"))
    assert (info.version, info.modified.isoformat()) == ("17", "2026-10-01T00:00:00.123000+00:00")


@pytest.mark.parametrize("storage", ["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"])
def test_no_storage_class_needs_to_be_restored(serve: Serve, storage: str):
    adapter, _ = serve(lambda _: gcs_page(["x"], storageClass=storage))
    assert [info.archived for info in adapter.list_objects("")] == [False]


def test_the_time_is_that_of_the_content_and_not_of_its_labels(serve: Serve):
    adapter, _ = serve(lambda _: gcs_object("x", b"12345", updated="2026-11-09T00:00:00Z"))
    assert adapter.describe_object("x").modified.isoformat() == "2026-10-01T00:00:00.123000+00:00"


DENIED = "audit@acme.iam.gserviceaccount.com does not have {} access to the resource (or it may not exist)."
SAYS = [
    (gcs_error(403, "forbidden", DENIED.format("storage.objects.list")), AccessDenied, "storage.objects.list is miss"),
    (gcs_error(403, "forbidden", "Permission denied."), AccessDenied, "storage.objects.list is missing"),
    (gcs_error(403, "forbidden", DENIED.format("serviceusage.services.use")), AccessDenied, "services.use is missing"),
    (gcs_error(401, "required", "Anonymous caller does not have storage.objects.list access."), AccessDenied, "s.list"),
    (gcs_error(403, "rateLimitExceeded"), Throttled, "slow down"),
    (gcs_error(403, "userRateLimitExceeded"), Throttled, "slow down"),
    (gcs_error(404, "notFound", "The specified bucket does not exist."), NotFound, "the bucket is not there"),
    (
        gcs_error(400, "required", "Bucket is a requester pays bucket but no user project provided."),
        AccessDenied,
        "GOOGLE_CLOUD_QUOTA_PROJECT",
    ),
    (gcs_error(503, "backendError", sent_as=200), Unreachable, "the server failed"),
    (gcs_error(429, "rateLimitExceeded", sent_as=200), Throttled, "slow down"),
    (gcs_error(501, "notImplemented"), Unsupported, "notImplemented"),
    (Answer(502, b"<html>bad gateway</html>"), Unreachable, "HTTP 502"),
]


@pytest.mark.parametrize("answer, kind, told", SAYS, ids=[f"{a.status}-{kind.__name__}" for a, kind, _ in SAYS])
def test_what_the_server_says_is_told_in_its_own_words(serve: Serve, answer: Answer, kind, told: str):
    adapter, _ = serve(lambda _: answer)
    with pytest.raises(kind) as caught:
        keys(adapter, "p/")
    assert told in str(caught.value)
    assert "acme.iam" not in str(caught.value)
    assert (caught.value.destination, caught.value.key) == ("lake", "p/")
    assert caught.value.request_id == ("REQ1" if answer.headers.get("x-guploader-uploadid") else "")


def test_an_object_that_is_not_there_is_no_missing_bucket(serve: Serve):
    adapter, _ = serve(lambda _: gcs_error(404, "notFound", "No such object: exports/x"))
    for ask in (adapter.read_object, adapter.describe_object):
        with pytest.raises(NotFound, match=r"'x': not there"):
            ask("x")


def test_nothing_else_is_asked_behind_our_back(serve: Serve):
    def script(request: Request) -> Answer:
        if request.query.get("alt") == "media" and "range" not in request.headers:
            return gcs_media(b"12345", request)
        return gcs_page(["x"]) if request.path.endswith("/o") else gcs_object("x", b"12345")

    adapter, server = serve(script)
    for _ in range(3):
        assert keys(adapter) == ["x"]
        assert read(adapter, "x") == b"12345"
        assert adapter.describe_object("x").size == 5
    assert [request.path for request in server.requests] == 3 * [
        "/storage/v1/b/exports/o",
        "/download/storage/v1/b/exports/o/x",
        "/storage/v1/b/exports/o/x",
    ]
    assert {request.method for request in server.requests} == {"GET"}
    assert server.connections == 1


def test_a_proxy_of_the_environment_has_no_business_on_loopback(serve: Serve, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    adapter, _ = serve(lambda _: gcs_page(["x"]))
    assert keys(adapter) == ["x"]


def test_an_emulator_of_the_environment_changes_nothing(serve: Serve, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
    adapter, _ = serve(lambda _: gcs_page(["x"]))
    assert keys(adapter) == ["x"]


@pytest.mark.parametrize(
    "answer, rights",
    [
        (Answer(200, json.dumps({"kind": "storage#testIamPermissionsResponse"}).encode(), JSON), ()),
        (
            Answer(
                200, json.dumps({"permissions": ["storage.objects.delete", "storage.objects.create"]}).encode(), JSON
            ),
            ("storage.objects.create", "storage.objects.delete"),
        ),
        (Answer(404, b"Not Found"), None),
        (gcs_error(403, "forbidden"), None),
        (gcs_error(400, "invalid"), None),
    ],
)
def test_rights_to_write_are_asked_for_and_not_tried(serve: Serve, answer: Answer, rights):
    adapter, server = serve(lambda _: answer)
    found = adapter.excess_rights()
    assert (tuple(found) if found is not None else None) == rights
    assert [(r.method, r.path) for r in server.requests] == [("GET", "/storage/v1/b/exports/iam/testPermissions")]


def test_a_server_that_fails_does_not_hide_that_rights_are_too_many(serve: Serve):
    adapter, _ = serve(lambda _: gcs_error(500, "backendError"))
    with pytest.raises(Unreachable):
        adapter.excess_rights()
