"""Every error of the SDK has its place in the error family, and none of its words gets out."""

import errno
import inspect
import pickle
from typing import Any

import pytest
import requests
import requests.exceptions as http
import urllib3.exceptions
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.cloud.storage import exceptions as storage

from adapters import base
from adapters.base import (
    AccessDenied,
    Archived,
    Changed,
    ClockSkew,
    CredentialExpired,
    DestinationError,
    NotFound,
    NotTrusted,
    RangeRefused,
    Throttled,
    Unreachable,
    Unsupported,
)
from adapters.gcs import open_gcs
from adapters.gcs_errors import BY_CLASS, TokenRefused, speaking_of, translate
from adapters.gcs_session import Connection, Login
from tests.servers.played_gcs import write_service_account

SECRET = "s3cr3t-never-to-be-seen"
MODULES = (api, auth, storage, http, urllib3.exceptions)


def classes_of(module: Any) -> list[type[Exception]]:
    found = [kind for _, kind in sorted(inspect.getmembers(module, inspect.isclass)) if issubclass(kind, Exception)]
    return [kind for kind in found if kind.__module__.startswith(module.__name__.partition(".")[0])]


SDK_ERRORS = sorted(
    {kind for module in MODULES for kind in classes_of(module) if not issubclass(kind, Warning)},
    key=lambda kind: f"{kind.__module__}.{kind.__name__}",
)
IN_TABLE = tuple(kind for kinds, _, _ in BY_CLASS for kind in kinds)


def made(kind: type[Exception]) -> Exception:
    """An instance of `kind` whose message holds the secret."""
    for arguments in ((SECRET,), (SECRET, SECRET), (SECRET, SECRET, SECRET), ()):
        try:
            error = kind(*arguments)
            break
        except Exception:
            continue
    else:
        error = kind.__new__(kind)
    error.args = (SECRET,)
    return error


def test_the_sdk_has_the_errors_we_look_for():
    assert len(SDK_ERRORS) > 100


@pytest.mark.parametrize("kind", SDK_ERRORS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_no_error_class_of_the_sdk_escapes_is_left_out_or_tells_a_secret(kind: type[Exception]):
    assert issubclass(kind, IN_TABLE), "decide in BY_CLASS what it means"
    with pytest.raises(DestinationError) as caught, speaking_of("lake", "read", "p/x"):
        raise made(kind)
    error = caught.value
    assert (error.destination, error.operation, error.key) == ("lake", "read", "p/x")
    for shown in (str(error), repr(error), repr(pickle.loads(pickle.dumps(error)))):
        assert SECRET not in shown
        assert "\n" not in shown
    assert error.__suppress_context__


CERTIFICATE = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"
CLASSES: list[tuple[Exception, type[DestinationError]]] = [
    (auth.DefaultCredentialsError("x"), CredentialExpired),
    (auth.MalformedError("x"), CredentialExpired),
    (auth.RefreshError("x"), CredentialExpired),
    (auth.ReauthFailError("x"), CredentialExpired),
    (auth.OAuthError("x"), CredentialExpired),
    (auth.TransportError("x"), Unreachable),
    (auth.TransportError(http.ConnectTimeout("x")), Unreachable),
    (auth.TransportError(http.SSLError(CERTIFICATE)), NotTrusted),
    (auth.TransportError(http.InvalidURL("x")), Unsupported),
    (http.ConnectTimeout("x"), Unreachable),
    (http.ReadTimeout("x"), Unreachable),
    (http.ConnectionError("x"), Unreachable),
    (http.ProxyError("x"), Unreachable),
    (http.ChunkedEncodingError("x"), Unreachable),
    (http.SSLError("EOF occurred"), Unreachable),
    (http.SSLError(CERTIFICATE), NotTrusted),
    (http.InvalidURL("x"), Unsupported),
    (http.MissingSchema("x"), Unsupported),
    (http.TooManyRedirects("x"), Unsupported),
    (http.JSONDecodeError("x", "", 0), Unreachable),
    (urllib3.exceptions.IncompleteRead(1, 2), Unreachable),
    (urllib3.exceptions.ReadTimeoutError(None, "/", "x"), Unreachable),
    (ConnectionResetError(errno.ECONNRESET, "x"), Unreachable),
    (ValueError("x"), Unsupported),
    (UnicodeEncodeError("utf-8", "\udcff", 0, 1, "x"), Unsupported),
]


@pytest.mark.parametrize("error, kind", CLASSES, ids=[type(case[0]).__name__ for case in CLASSES])
def test_class(error: Exception, kind: type[DestinationError]):
    found = translate(error, destination="lake", operation="read", key="p/x")
    assert type(found) is kind
    assert found.retryable == (kind in (Unreachable, Throttled))


def refused(status: int, reason: str, message: str = SECRET, **headers: str) -> api.GoogleAPICallError:
    response = requests.Response()
    response.status_code = status
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return api.from_http_status(status, message, errors=[{"reason": reason}], response=response)


STATUS = [
    (400, "invalid", Unsupported),
    (401, "authError", CredentialExpired),
    (403, "forbidden", AccessDenied),
    (403, "insufficientPermissions", AccessDenied),
    (403, "quotaExceeded", Throttled),
    (404, "notFound", NotFound),
    (408, "requestTimeout", Unreachable),
    (409, "conflict", Unreachable),
    (412, "conditionNotMet", Changed),
    (416, "requestedRangeNotSatisfiable", RangeRefused),
    (429, "rateLimitExceeded", Throttled),
    (500, "internalError", Unreachable),
    (501, "notImplemented", Unsupported),
    (502, "badGateway", Unreachable),
    (503, "backendError", Unreachable),
    (504, "gatewayTimeout", Unreachable),
    (307, "redirect", Unsupported),
    (418, "", Unsupported),
]


@pytest.mark.parametrize("status, reason, kind", STATUS)
def test_status(status: int, reason: str, kind: type[DestinationError]):
    for operation in ("list", "read", "describe"):
        error = refused(status, reason, X_GUploader_UploadID="REQ1")
        found = translate(error, destination="lake", operation=operation, key="p/x")
        assert type(found) is kind
        assert (reason or f"HTTP {status}") in str(found)
        assert found.request_id == "REQ1"
        assert SECRET not in str(found)


def test_every_error_of_the_protocol_is_reached_but_the_one_that_google_has_not():
    family = {kind for kind in vars(base).values() if inspect.isclass(kind) and issubclass(kind, DestinationError)}
    reached = {kind for _, _, kind in STATUS} | {kind for _, kind in CLASSES} | {ClockSkew}
    assert family - {DestinationError} - reached == {Archived}


@pytest.mark.parametrize("value, wait_s", [("3", 3.0), ("Thu, 01 Oct 2026 00:01:00 GMT", 60.0), ("soon", None)])
def test_a_busy_server_says_when_to_come_back(value: str, wait_s: float | None):
    error = refused(503, "backendError", Retry_After=value, Date="Thu, 01 Oct 2026 00:00:00 GMT")
    found = translate(error, destination="lake", operation="list")
    assert (type(found), found.retry_after_s) == (Unreachable if wait_s is None else Throttled, wait_s)


def test_a_reason_that_is_none_is_not_repeated():
    found = translate(refused(400, "\x1b[2J https://x?sig=abc"), destination="lake", operation="list")
    assert "sig=" not in str(found)
    assert "HTTP 400" in str(found)


TOKENS = [
    (TokenRefused(400, "invalid_grant", {}, is_skewed=False), CredentialExpired),
    (TokenRefused(401, "invalid_client", {}, is_skewed=False), CredentialExpired),
    (TokenRefused(403, "", {}, is_skewed=False), AccessDenied),
    (TokenRefused(400, "invalid_grant", {"date": "Thu, 01 Oct 2026 00:20:00 GMT"}, is_skewed=True), ClockSkew),
    (TokenRefused(429, "", {"retry-after": "7"}, is_skewed=False), Throttled),
    (TokenRefused(503, "", {"retry-after": "7"}, is_skewed=False), Unreachable),
]


@pytest.mark.parametrize("error, kind", TOKENS, ids=[str(case[0].status) for case in TOKENS])
def test_token_server(error: TokenRefused, kind: type[DestinationError]):
    found = translate(error, destination="lake", operation="list")
    assert type(found) is kind
    assert found.retry_after_s == (7 if found.retryable else None)
    assert kind is not ClockSkew or "00:20:00" in str(found)


WAYS: list[dict[str, Any]] = [
    {"endpoint_url": f"http://user:{SECRET}@[not-a-host", "anonymous": True},
    {"endpoint_url": f"ftp//{SECRET}", "anonymous": True},
    {"endpoint_url": f"http://user:{SECRET}@127.0.0.1:1/", "anonymous": True},
    {"endpoint_url": f"http://user:{SECRET}@127.0.0.1:1/", "hmac_access_id": SECRET, "hmac_secret": SECRET},
    {"service_account_file": f"/nowhere/{SECRET}"},
]


@pytest.mark.parametrize("way", WAYS, ids=[" ".join(way) for way in WAYS])
def test_secrets_in_any_option_are_never_told(way: dict[str, Any], caplog):
    adapter = open_gcs("lake", "exports", **way)
    for ask in (
        lambda: list(adapter.list_objects("p/")),
        lambda: adapter.read_object("x"),
        lambda: adapter.describe_object("x"),
    ):
        with pytest.raises(DestinationError) as caught:
            ask()
        for shown in (str(caught.value), repr(caught.value), repr(caught.value.args), repr(adapter)):
            assert SECRET not in shown
    assert SECRET not in caplog.text
    adapter.close()


def test_the_connections_are_those_of_the_concurrency_and_close(tmp_path):
    path = write_service_account(tmp_path / "key.json", "http://127.0.0.1:1/token")
    connection = Connection(Login("http://127.0.0.1:1", str(path), concurrency=7))
    pool = connection.session().get_adapter("http://127.0.0.1:1")
    assert (pool._pool_maxsize, pool.max_retries.total) == (7, 0)
    assert connection.client()._http is connection.session()
    connection.close()
