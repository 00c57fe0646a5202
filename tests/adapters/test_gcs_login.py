"""Logging in to Google Cloud Storage: files of service accounts, application default credentials, tokens that end."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from adapters.base import AccessDenied, ClockSkew, CredentialExpired, DestinationError, Throttled, Unreachable
from adapters.gcs import open_gcs
from adapters.gcs_session import READ_ONLY
from adapters.retry import Policy, RetryingAdapter
from tests.adapters.gcs_serving import keys, read
from tests.servers.fake_s3 import Answer, FakeS3, Request, Script, fake_s3, in_turn
from tests.servers.played_gcs import gcs_error, gcs_media, gcs_object, gcs_page, no_token, token, write_service_account

LogIn = Callable[..., tuple[RetryingAdapter, FakeS3, FakeS3]]


@pytest.fixture(scope="module")
def key_file(tmp_path_factory) -> Path:
    return write_service_account(tmp_path_factory.mktemp("keys") / "key.json", "http://127.0.0.1:1/token")


@pytest.fixture
def log_in(key_file: Path, tmp_path: Path, monkeypatch) -> Iterator[LogIn]:
    """Starts a token server and a store, and opens the store with a service account whose tokens come from it."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_QUOTA_PROJECT", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "no-gcloud"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with ExitStack() as stack:

        def start(tokens: Script, store: Script, *, by: str = "file") -> tuple[RetryingAdapter, FakeS3, FakeS3]:
            issuer, server = stack.enter_context(fake_s3(tokens)), stack.enter_context(fake_s3(store))
            document = json.loads(key_file.read_text()) | {"token_uri": f"{issuer.endpoint_url}/token"}
            path = tmp_path / "service-account.json"
            path.write_text(json.dumps(document))
            if by == "environment":
                monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
            given = {"service_account_file": str(path)} if by == "file" else {}
            adapter = open_gcs("lake", "exports", endpoint_url=server.endpoint_url, timeout=5.0, **given)
            stack.callback(adapter.close)
            return RetryingAdapter(adapter, Policy(attempts=3, sleep=lambda _: None)), issuer, server

        yield start


def store(request: Request) -> Answer:
    if request.query.get("alt") == "media":
        return gcs_media(b"12345", request)
    return gcs_page(["x"]) if request.path.endswith("/o") else gcs_object("x", b"12345")


def bearer(request: Request) -> str:
    return request.headers["authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize("by", ["file", "environment"])
def test_a_service_account_gets_one_token_for_all_requests(log_in: LogIn, by: str):
    adapter, issuer, server = log_in(in_turn(token("t1")), store, by=by)
    assert keys(adapter) == ["x"]
    assert read(adapter, "x") == b"12345"
    assert adapter.describe_object("x").size == 5
    assert {bearer(request) for request in server.requests} == {"t1"}
    assert [request.method for request in issuer.requests] == ["POST"]


def test_the_token_is_one_that_cannot_write(log_in: LogIn):
    adapter, issuer, _ = log_in(lambda _: token(), store)
    keys(adapter)
    claims = issuer.requests[0].query["assertion"].split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["scope"] == READ_ONLY[0]
    assert READ_ONLY[0].endswith(".read_only")


def test_a_token_that_the_store_refuses_is_renewed_once_and_the_listing_goes_on(log_in: LogIn):
    def script(request: Request) -> Answer:
        if request.query.get("pageToken") and bearer(request) == "t1":
            return gcs_error(401, "authError", "Invalid Credentials")
        return gcs_page(["b"]) if request.query.get("pageToken") else gcs_page(["a"], token="p2")

    adapter, issuer, server = log_in(in_turn(token("t1"), token("t2")), script)
    assert keys(adapter) == ["a", "b"]
    assert [bearer(request) for request in server.requests] == ["t1", "t1", "t2"]
    assert len(issuer.requests) == 2


def test_a_token_is_renewed_before_it_ends(log_in: LogIn):
    adapter, _, server = log_in(in_turn(token("t1", lasts_s=1), token("t2")), store)
    assert keys(adapter) == ["x"]
    assert keys(adapter) == ["x"]
    assert [bearer(request) for request in server.requests] == ["t1", "t2"]


def test_fresh_tokens_that_are_refused_too_are_not_renewed_for_ever(log_in: LogIn):
    adapter, issuer, server = log_in(lambda _: token(), lambda _: gcs_error(401, "authError", "Invalid Credentials"))
    with pytest.raises(CredentialExpired, match="not accepted") as caught:
        keys(adapter)
    assert caught.value.request_id == "REQ1"
    assert (len(issuer.requests), len(server.requests)) == (2, 2)


SECRET_SAID = "Token has been expired or revoked: audit@acme.iam.gserviceaccount.com"
SKEWED = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat"
REFUSALS = [  # what the token server answers, the error, what is told, how often it is asked
    (no_token("invalid_grant", SECRET_SAID), CredentialExpired, "invalid_grant", 1),
    (no_token("invalid_grant", "Account not found"), CredentialExpired, "invalid_grant", 1),
    (no_token("unauthorized_client", status=401), CredentialExpired, "unauthorized_client", 1),
    (no_token("disabled_client", status=401), CredentialExpired, "disabled_client", 1),
    (no_token("access_denied", status=403), AccessDenied, "access_denied", 1),
    (no_token("invalid_grant", SKEWED, Date="Thu, 01 Oct 2026 00:20:00 GMT"), ClockSkew, "00:20:00 GMT", 1),
    (no_token("rate_limited", status=429, Retry_After="0"), Throttled, "slow down", 3),
    (no_token("internal_failure", status=503), Unreachable, "the token server failed", 3),
    (Answer(500, b"<html>oops</html>"), Unreachable, "HTTP 500", 3),
    (Answer(200, b"<html>please log in</html>"), Unreachable, "the token server failed", 3),
    (Answer(200, b"{}"), Unreachable, "the token server failed", 3),
    (Answer(200, b'{"token_type":"Bearer"}'), CredentialExpired, "gave no token", 1),
]


@pytest.mark.parametrize("answer, kind, told, asked", REFUSALS, ids=[f"{c[0].status}-{c[2]}" for c in REFUSALS])
def test_a_token_that_is_not_given_is_named_and_nothing_multiplies_attempts(
    log_in: LogIn, answer: Answer, kind: type[DestinationError], told: str, asked: int
):
    adapter, issuer, server = log_in(lambda _: answer, store)
    with pytest.raises(kind) as caught:
        keys(adapter, "p/")
    assert type(caught.value) is kind
    assert told in str(caught.value)
    assert "acme.iam" not in str(caught.value)
    assert (caught.value.destination, caught.value.key) == ("lake", "p/")
    assert (len(issuer.requests), len(server.requests)) == (asked, 0)


def test_a_token_server_that_is_not_there_is_unreachable(log_in: LogIn, key_file: Path):
    adapter = open_gcs("lake", "exports", service_account_file=str(key_file))
    with pytest.raises(Unreachable):
        keys(adapter)
    adapter.close()


def test_nobody_logged_in_is_told_in_time(log_in: LogIn):
    adapter = open_gcs("lake", "exports", endpoint_url="http://127.0.0.1:1")
    with pytest.raises(CredentialExpired, match="no application default credentials"):
        keys(adapter)
    adapter.close()


@pytest.mark.parametrize("text", [None, "", "{}", "[]", '"x"', '{"type":"authorized_user"}', '{"private_key":"x"}'])
@pytest.mark.parametrize("by", ["file", "environment"])
def test_a_file_that_is_no_key_is_told_without_its_content(log_in, tmp_path, monkeypatch, text: str | None, by: str):
    path = tmp_path / "broken.json"
    if text is not None:
        path.write_text(text.replace("x", "s3cr3t"))
    if by == "environment":
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    given = {"service_account_file": str(path)} if by == "file" else {}
    adapter = open_gcs("lake", "exports", endpoint_url="http://127.0.0.1:1", **given)
    with pytest.raises(CredentialExpired) as caught:
        keys(adapter)
    assert "s3cr3t" not in str(caught.value)
    adapter.close()


@pytest.mark.parametrize("by", ["file", "environment"])
def test_the_paying_project_is_named_where_one_is_set(log_in: LogIn, monkeypatch, by: str):
    monkeypatch.setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "payer-1")
    adapter, _, server = log_in(lambda _: token(), store, by=by)
    keys(adapter)
    read(adapter, "x")
    assert {request.headers.get("x-goog-user-project") for request in server.requests} == {"payer-1"}


def test_proxies_of_the_environment_have_no_business_on_loopback(log_in: LogIn, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    adapter, _, _ = log_in(lambda _: token(), store)
    assert keys(adapter) == ["x"]


def test_anonymous_asks_nobody_for_a_token_and_shows_none(log_in: LogIn):
    with fake_s3(store) as server:
        adapter = open_gcs("lake", "exports", endpoint_url=server.endpoint_url, anonymous=True)
        assert keys(adapter) == ["x"]
        assert "authorization" not in server.requests[0].headers
        adapter.close()


def test_each_way_of_logging_in_loads_its_own_sdk_only():
    script = """
import sys
from adapters.registry import open_destination
def loaded():
    return sorted({"boto3", "google.cloud.storage"} & set(sys.modules))
open_destination("lake", "local", {"root": "/"})
assert loaded() == [], loaded()
open_destination("lake", "gcs", {"bucket": "b", "hmac_access_id": "A", "hmac_secret": "s"})
assert loaded() == ["boto3"], loaded()
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
