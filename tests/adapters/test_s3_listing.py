"""Listings of servers that do not behave, and credentials that end on the way."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import quote_plus

import pytest

from adapters.base import (
    AccessDenied,
    Adapter,
    ClockSkew,
    CredentialExpired,
    Folder,
    NotFound,
    Throttled,
    Unreachable,
    Unsupported,
)
from adapters.registry import open_destination
from adapters.retry import Policy, RetryingAdapter
from adapters.s3 import S3Adapter
from tests.servers.fake_s3 import Answer, FakeS3, Request, Script, error, fake_s3, in_turn, page

Serve = Callable[..., tuple[RetryingAdapter, FakeS3]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server with a script and opens it, without waiting between attempts."""
    with ExitStack() as stack:

        def start(script: Script, **options: object) -> tuple[RetryingAdapter, FakeS3]:
            server = stack.enter_context(fake_s3(script))
            adapter = S3Adapter("lake", **{**server.options, **options})
            stack.callback(adapter.close)
            return RetryingAdapter(adapter, Policy(attempts=3, sleep=lambda _: None)), server

        yield start


def keys(adapter: Adapter, prefix: str = "", start_at: str = "") -> list[str]:
    return [info.key for info in adapter.list_objects(prefix, start_at=start_at)]


ODD_KEYS = ["a%20b", "a b", "a+b", "c\x01d", "cr\rx", "lf\nx", "ü/\U0001f600", "&amp;<>"]


@pytest.mark.parametrize("encoded", [True, False], ids=["encoded", "not encoded"])
def test_every_field_is_decoded_once(serve: Serve, encoded: bool):  # boto/botocore#752
    prefix = "back ups+%20/ü/"
    names = [prefix + key for key in (ODD_KEYS if encoded else ["a%20b", "a b", "a+b"])]
    adapter, server = serve(lambda _: page(names, prefix=prefix, encoded=encoded))
    assert keys(adapter, prefix) == names
    assert server.requests[0].query["prefix"] == prefix
    assert server.requests[0].query["encoding-type"] == "url"


def test_common_prefixes_are_decoded_like_keys(serve: Serve):
    prefix = "back ups+%20/ü/"
    adapter, _ = serve(lambda _: page([f"{prefix}a+b"], folders=[f"{prefix}sub +%2B/"], prefix=prefix))
    found = list(adapter.list_folder(prefix))
    assert [item.prefix for item in found if isinstance(item, Folder)] == [f"{prefix}sub +%2B/"]
    assert [item.key for item in found if not isinstance(item, Folder)] == [f"{prefix}a+b"]


def test_an_odd_key_is_asked_for_by_its_exact_name(serve: Serve):
    adapter, server = serve(lambda _: Answer(200, b"x", {"ETag": '"e1"'}))
    for key in ODD_KEYS:
        with adapter.read_object(key) as stream:
            assert stream.read() == b"x"
    assert [request.path for request in server.requests] == [f"/exports/{key}" for key in ODD_KEYS]


def test_a_truncated_page_without_keys_is_not_the_end(serve: Serve):  # s3ql/s3ql#166
    adapter, server = serve(in_turn(page([], token="t1"), page(["a"], token="t2"), page([], token="t3"), page(["b"])))
    assert keys(adapter) == ["a", "b"]
    assert [r.query.get("continuation-token") for r in server.requests] == [None, "t1", "t2", "t3"]


def test_more_without_a_token_is_not_the_end(serve: Serve):
    adapter, _ = serve(in_turn(page(["a"], truncated=True, count=1)))
    with pytest.raises(Unsupported, match="no continuation token"):
        keys(adapter)


@pytest.mark.parametrize("tokens", [["t1", "t1"], ["t1", "t2", "t1", "t2", "t1", "t2"]])
def test_tokens_in_a_circle_are_no_listing(serve: Serve, tokens: list[str]):
    pages = [page([f"k{n}"], token=token) for n, token in enumerate(tokens)]
    adapter, _ = serve(in_turn(*pages))
    with pytest.raises(Unsupported, match="circle"):
        keys(adapter)


def test_an_error_inside_a_200_is_an_error(serve: Serve):  # boto/botocore#3276
    slow = error("SlowDown", 200)
    adapter, _ = serve(in_turn(page(["a"], token="t1"), page(["b"], token="t2"), slow, page(["c"])))
    assert keys(adapter) == ["a", "b", "c"]
    assert adapter.retries == 1
    adapter, _ = serve(in_turn(page(["a"], token="t1"), slow, slow, slow))
    with pytest.raises(Throttled, match="3 attempts"):
        keys(adapter)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Please log in</body></html>",
        b"not xml at all",
        b"<ListBucketResult><Contents><Key>a</K",
        b"{}",
    ],
)
def test_a_200_that_is_no_listing_is_no_empty_listing(serve: Serve, body: bytes):  # boto/botocore#3284
    adapter, _ = serve(lambda _: Answer(200, body))
    with pytest.raises((Unsupported, Unreachable)):
        keys(adapter)


def exactly_full(request: Request, *, behind: int) -> Answer:
    """A gateway that calls a page that is exactly full the last one."""
    wanted = [f"k{n:04}" for n in range(1000 + behind)]
    return page([key for key in wanted if key > request.query.get("start-after", "")][:1000])


@pytest.mark.parametrize("behind", [0, 1, 40, 1000, 1001])
def test_keys_behind_a_full_last_page_are_found(serve: Serve, behind: int):  # afreidah/s3-orchestrator#198
    adapter, server = serve(lambda request: exactly_full(request, behind=behind))
    assert keys(adapter) == [f"k{n:04}" for n in range(1000 + behind)]
    assert bool(adapter.remarks) == (behind > 0)
    assert len(server.requests) == 2 + behind // 1000


def test_a_last_page_that_is_not_full_is_the_end(serve: Serve):
    adapter, server = serve(in_turn(page([f"k{n:04}" for n in range(999)])))
    assert len(keys(adapter)) == 999
    assert len(server.requests) == 1


def test_a_probe_neither_repeats_a_key_nor_a_folder(serve: Serve):
    first = page([f"p/k{n}" for n in range(2)], folders=["p/z/"], prefix="p/", max_keys=3)
    adapter, server = serve(in_turn(first, page([], folders=["p/z/"], prefix="p/", max_keys=3)), page_size=3)
    assert len(list(adapter.list_folder("p/"))) == 3
    assert server.requests[1].query["start-after"] == "p/z/"
    assert adapter.remarks == []


def test_a_server_that_does_not_sort_loses_nothing(serve: Serve):
    adapter, _ = serve(in_turn(page(["c", "a", "b"], max_keys=3), page(["d"], max_keys=3)), page_size=3)
    assert keys(adapter) == ["c", "a", "b", "d"]


def test_a_name_that_stands_on_two_pages_is_given_once(serve: Serve):
    adapter, _ = serve(in_turn(page(["a", "b", "c"], token="t"), page(["c", "d"])))
    assert keys(adapter) == ["a", "b", "c", "d"]
    assert "twice" in adapter.remarks[0]


def test_a_server_that_ignores_the_prefix_or_the_delimiter_is_not_believed(serve: Serve):
    adapter, _ = serve(lambda _: page(["other/x"]))
    with pytest.raises(Unsupported, match="outside the prefix"):
        keys(adapter, "p/")
    adapter, _ = serve(lambda _: page(["p/a/b"]))
    with pytest.raises(Unsupported, match="delimiter"):
        list(adapter.list_folder("p/"))


def test_a_listing_starts_on_the_server(serve: Serve):
    wanted = [f"d/exportTime=2026100{n}000000/{file}" for n in range(1, 9) for file in ("", "x")]
    adapter, server = serve(lambda request: page([key for key in wanted if key > request.query.get("start-after", "")]))
    start_at = "d/exportTime=20261005000000/"
    assert keys(adapter, "d/", start_at) == [key for key in wanted if key >= start_at]
    assert len(server.requests) == 1
    assert wanted[6] < server.requests[0].query["start-after"] < start_at


def test_only_reading_requests_are_made(serve: Serve):
    adapter, server = serve(
        lambda r: (
            page(["p/x"], prefix="p/")
            if r.is_listing
            else Answer(200, b"x", {"ETag": '"e1"', "Last-Modified": "Thu, 01 Oct 2026 00:00:00 GMT"})
        )
    )
    keys(adapter, "p/")
    list(adapter.list_folder("p/"))
    adapter.describe_object("p/x")
    adapter.read_object("p/x").close()
    assert {request.method for request in server.requests} <= {"GET", "HEAD"}


def test_connections_are_kept(serve: Serve):
    adapter, server = serve(
        lambda r: page([], token=f"t{len(server.requests)}") if len(server.requests) < 20 else page(["a"])
    )
    assert keys(adapter) == ["a"]
    assert server.connections == 1


# --- credentials, rights, clocks ---------------------------------------------------------------


def signed_by(request: Request) -> str:
    return request.headers["authorization"].partition("Credential=")[2].partition("/")[0]


@pytest.fixture
def profile(tmp_path, monkeypatch):
    """A profile in a credentials file of this test; call it to write the keys."""
    path = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)

    def write(key: str) -> None:
        path.write_text(f"[audit]\naws_access_key_id={key}\naws_secret_access_key=s\naws_session_token=t\n")

    write("first")
    return write


FROM_PROFILE = {"access_key_id": None, "secret_access_key": None, "profile": "audit"}


@pytest.mark.parametrize("code", ["ExpiredToken", "TokenRefreshRequired"])
def test_fresh_credentials_take_over_on_the_same_page(serve: Serve, profile, code: str):  # fsspec/s3fs#632
    def script(request: Request) -> Answer:
        number = int(request.query.get("continuation-token", "1"))
        if number == 7 and signed_by(request) == "first":
            profile("second")
            return error(code, 400)
        return page([f"k{number}"], token=str(number + 1) if number < 9 else None)

    adapter, server = serve(script, **FROM_PROFILE)
    assert keys(adapter) == [f"k{n}" for n in range(1, 10)]
    assert [signed_by(request) for request in server.requests] == ["first"] * 7 + ["second"] * 3


@pytest.mark.parametrize("options", [FROM_PROFILE, {}], ids=["profile", "fixed keys"])
def test_without_fresh_credentials_the_listing_ends_as_expired(serve: Serve, profile, options):
    adapter, server = serve(in_turn(page(["a"], token="t"), error("ExpiredToken", 400)), **options)
    with pytest.raises(CredentialExpired, match="expired") as caught:
        keys(adapter)
    assert len(server.requests) == 2
    assert caught.value.request_id == "REQ1"


def test_fresh_credentials_that_are_refused_too_are_not_renewed_for_ever(serve: Serve, profile):
    def script(request: Request) -> Answer:
        profile(f"key{len(server.requests)}")
        return error("ExpiredToken", 400)

    adapter, server = serve(script, **FROM_PROFILE)
    with pytest.raises(CredentialExpired):
        keys(adapter)
    assert len(server.requests) == 2


def test_expired_credentials_are_renewed_for_a_description_too(serve: Serve, profile):
    def script(request: Request) -> Answer:
        if signed_by(request) == "first":
            profile("second")
            return error("ExpiredToken", 400)
        return Answer(200, b"", {"ETag": '"e1"', "Last-Modified": "Thu, 01 Oct 2026 00:00:00 GMT"})

    adapter, _ = serve(script, **FROM_PROFILE)
    assert adapter.describe_object("x").version == "e1"


def test_without_the_right_to_list_nothing_is_called_missing(serve: Serve):  # fsspec/s3fs#591
    adapter, _ = serve(lambda _: error("AccessDenied", 403))
    with pytest.raises(AccessDenied, match="s3:ListBucket"):
        keys(adapter)
    for ask in (adapter.read_object, adapter.describe_object):
        with pytest.raises(AccessDenied, match=r"s3:GetObject.*s3:ListBucket") as caught:
            ask("p/x")
        assert (caught.value.key, caught.value.request_id) == ("p/x", "REQ1")


def test_a_refused_key_of_the_kms_is_named(serve: Serve):
    said = "User: arn:aws:iam::1:user/u is not authorized to perform: kms:Decrypt on resource: arn:secret"
    adapter, _ = serve(lambda _: error("AccessDenied", 403, said=said))
    with pytest.raises(AccessDenied, match="kms:Decrypt is missing") as caught:
        adapter.read_object("x")
    assert "arn:" not in str(caught.value)


def test_a_clock_that_is_off_is_no_lack_of_rights(serve: Serve):  # aws/aws-cli#6358
    skewed = error("RequestTimeTooSkewed", 403, RequestTime="20261001T000000Z", ServerTime="2026-10-01T00:20:00Z")
    adapter, _ = serve(lambda _: skewed)
    for ask in (keys, lambda a: a.read_object("x"), lambda a: a.describe_object("x")):
        with pytest.raises(ClockSkew) as caught:
            ask(adapter)
        assert "20261001T000000Z" in str(caught.value)
        assert "2026-10-01T00:20:00Z" in str(caught.value)


def test_a_bucket_that_is_not_there_is_said_to_be_so(serve: Serve):
    adapter, _ = serve(lambda _: error("NoSuchBucket", 404))
    with pytest.raises(NotFound, match="the bucket is not there"):
        keys(adapter)


def test_a_role_is_assumed_with_its_external_id(serve: Serve, profile, monkeypatch):
    def sts(request: Request) -> Answer:
        assert request.query["ExternalId"] == "partner-7"
        fields = "<AccessKeyId>assumed</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        return Answer(
            200,
            (
                '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
                f"{fields}<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>"
                "</AssumeRoleResponse>"
            ).encode(),
        )

    with fake_s3(sts) as tokens:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", tokens.endpoint_url)
        role = {"role_arn": "arn:aws:iam::123456789012:role/audit", "external_id": "partner-7"}
        adapter, server = serve(lambda _: page(["a"]), **FROM_PROFILE, **role)
        assert keys(adapter) == ["a"]
        assert signed_by(server.requests[0]) == "assumed"
        assert signed_by(tokens.requests[0]) == "first"


def test_a_role_that_may_not_be_assumed_is_named_as_such(serve: Serve, profile, monkeypatch):
    refused = Answer(403, b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")
    with fake_s3(lambda _: refused) as tokens:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", tokens.endpoint_url)
        adapter, _ = serve(lambda _: page([]), role_arn="arn:aws:iam::123456789012:role/audit", **FROM_PROFILE)
        with pytest.raises(AccessDenied, match="sts:AssumeRole"):
            keys(adapter)


def test_the_requester_pays_where_that_is_set(serve: Serve):
    adapter, server = serve(
        lambda r: page(["x"]) if r.is_listing else Answer(200, b"x", {"ETag": '"e1"'}), requester_pays=True
    )
    keys(adapter)
    adapter.read_object("x").close()
    assert {request.headers.get("x-amz-request-payer") for request in server.requests} == {"requester"}


def test_a_proxy_of_the_environment_has_no_business_on_loopback(serve: Serve, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    adapter, _ = serve(lambda _: page(["a"]))
    assert keys(adapter) == ["a"]


def test_nothing_of_the_environment_is_needed(serve: Serve, monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    adapter, server = serve(lambda _: page(["a"]))
    assert keys(adapter) == ["a"]
    assert "us-east-1" in server.requests[0].headers["authorization"]


@pytest.mark.parametrize(
    "header, least_s",
    [
        ("2", 2),
        ("1.5", 1.5),
        ("Thu, 01 Oct 2026 00:00:07 GMT", 7),
        ("Wed, 30 Sep 2026 00:00:00 GMT", 0),
        ("soon", 0.25),
    ],
)
def test_retry_after_is_kept(header: str, least_s: float):
    asked = {"Retry-After": header, "Date": "Thu, 01 Oct 2026 00:00:00 GMT"}
    waits: list[float] = []
    with fake_s3(in_turn(error("SlowDown", 503, headers=asked), page(["a"]))) as server:
        adapter = RetryingAdapter(S3Adapter("lake", **server.options), Policy(sleep=waits.append))
        assert keys(adapter) == ["a"]
    assert len(waits) == 1
    assert least_s <= waits[0] <= least_s * 2


def test_the_sdk_does_not_multiply_the_attempts():
    with fake_s3(lambda _: error("InternalError", 500)) as server:
        adapter = open_destination("lake", "s3", server.options)
        assert isinstance(adapter, RetryingAdapter)
        with pytest.raises(Unreachable):
            keys(adapter.inner)
        assert len(server.requests) == 1


def test_quoting_of_the_double_is_what_aws_does():
    assert quote_plus("a b+c/ü%") == "a+b%2Bc%2F%C3%BC%25"


# --- servers that know only the older call (fluxcd/source-controller#240) ---------------------------

MANY = [f"p/{number:04}" for number in range(2500)]


def older(request: Request, *, names_next: bool = True, refusal: Answer | None = None) -> Answer:
    """ListObjects alone: pages go on behind a name. The newer call is refused, or taken for the older one."""
    if request.is_listing and refusal is not None:
        return refusal
    size = int(request.query["max-keys"])
    behind = [key for key in MANY if key.encode() > request.query.get("marker", "").encode()]
    is_more = len(behind) > size
    following = behind[size - 1] if is_more and names_next else ""
    return page(behind[:size], truncated=is_more, next_marker=following)


@pytest.mark.parametrize("names_next", [True, False], ids=["with NextMarker", "without NextMarker"])
@pytest.mark.parametrize(
    "refusal",
    [error("NotImplemented", 501), error("InvalidArgument", 400), None],
    ids=["not implemented", "invalid argument", "not noticed"],
)
def test_a_server_that_knows_only_the_older_call_is_listed_whole(serve: Serve, names_next: bool, refusal):
    adapter, server = serve(lambda request: older(request, names_next=names_next, refusal=refusal))
    assert keys(adapter, "p/") == MANY
    assert [remark for remark in adapter.remarks if "older" in remark]
    assert len(server.requests) == 3 + (refusal is not None)
    assert keys(adapter, "p/", "p/1200") == MANY[1200:]


def test_a_page_of_the_older_call_that_fails_is_asked_again(serve: Serve):
    failures = iter([False, False, True])

    def script(request: Request) -> Answer:
        if next(failures, False):
            return error("InternalError", 500)
        return older(request, refusal=error("NotImplemented", 501))

    adapter, _ = serve(script)
    assert keys(adapter, "p/") == MANY
    assert adapter.retries == 1


def test_folders_by_the_older_call_come_each_once(serve: Serve):
    def script(request: Request) -> Answer:
        if request.is_listing:
            return error("NotImplemented", 501)
        marker = request.query.get("marker")
        if marker is None:
            return page([], folders=["a b/", "b/"], truncated=True, next_marker="b/", prefix="")
        assert marker == "b/"
        return page([], folders=["b/", "c/"], truncated=False)

    adapter, _ = serve(script)
    assert [item.prefix for item in adapter.list_folder("") if isinstance(item, Folder)] == ["a b/", "b/", "c/"]


def test_a_server_that_knows_no_listing_says_so(serve: Serve):
    adapter, server = serve(lambda _: error("NotImplemented", 501))
    with pytest.raises(Unsupported, match="NotImplemented"):
        keys(adapter)
    assert len(server.requests) == 2


def test_a_marker_that_does_not_move_on_is_no_listing(serve: Serve):
    stuck = page(["a"], truncated=True, next_marker="a")
    adapter, _ = serve(lambda request: error("NotImplemented", 501) if request.is_listing else stuck)
    with pytest.raises(Unsupported, match="circle"):
        keys(adapter)


def test_a_token_that_is_refused_is_no_reason_to_begin_anew(serve: Serve):
    adapter, server = serve(in_turn(page(["a"], token="t"), error("InvalidArgument", 400)))
    with pytest.raises(Unsupported, match="InvalidArgument"):
        keys(adapter)
    assert len(server.requests) == 2
