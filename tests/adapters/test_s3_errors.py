"""Every error of the SDK has its place in the error family, and none of its words gets out."""

import errno
import http.client
import inspect
import pickle
from typing import Any

import pytest
import urllib3.exceptions
from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

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
from adapters.http_answers import parse_retry_after
from adapters.s3 import S3Adapter
from adapters.s3_errors import BY_CODE, speaking_of, translate

SECRET = "s3cr3t-never-to-be-seen"


class AnyField(dict[str, Any]):
    """Fills any message format of the SDK with the secret."""

    def __missing__(self, key: str) -> str:
        return SECRET


def made(kind: type[Exception]) -> Exception:
    """An instance of `kind` whose message holds the secret wherever it can."""
    if issubclass(kind, sdk.ClientError):
        return kind({"Error": {"Code": "Unknown", "Message": SECRET}}, "GetObject")
    try:
        error = kind()
    except Exception:
        names = ("error", "msg", "message", "endpoint_url", "name", "value", "param", "report", "operation_name")
        for count in range(len(names)):
            try:
                error = kind(**dict.fromkeys(names[: count + 1], SECRET))
                break
            except Exception:
                continue
        else:
            error = kind.__new__(kind)
    error.args = (SECRET,)
    return error


SDK_ERRORS = [
    kind
    for _, kind in sorted(inspect.getmembers(sdk, inspect.isclass))
    if issubclass(kind, Exception) and kind.__module__ == sdk.__name__
]


def about(error: Exception, operation: str = "read") -> DestinationError:
    return translate(error, destination="lake", operation=operation, key="p/x")


def test_the_sdk_has_the_errors_we_look_for():
    assert len(SDK_ERRORS) > 80


@pytest.mark.parametrize("kind", SDK_ERRORS, ids=lambda kind: kind.__name__)
def test_no_error_class_of_the_sdk_escapes_or_tells_a_secret(kind: type[Exception]):
    with pytest.raises(DestinationError) as caught, speaking_of("lake", "read", "p/x"):
        raise made(kind)
    error = caught.value
    assert (error.destination, error.operation, error.key) == ("lake", "read", "p/x")
    for shown in (str(error), repr(error), repr(pickle.loads(pickle.dumps(error)))):
        assert SECRET not in shown
        assert "\n" not in shown
    assert error.__suppress_context__


CONNECTION = {"endpoint_url": "https://user:pass@host", "error": ValueError("x")}
CLASSES: list[tuple[Exception, type[DestinationError]]] = [
    (sdk.EndpointConnectionError(**CONNECTION), Unreachable),
    (sdk.ConnectTimeoutError(**CONNECTION), Unreachable),
    (sdk.ReadTimeoutError(**CONNECTION), Unreachable),
    (sdk.ConnectionClosedError(**CONNECTION), Unreachable),
    (sdk.ProxyConnectionError(proxy_url="http://u:p@proxy", error=ValueError()), Unreachable),
    (sdk.IncompleteReadError(actual_bytes=1, expected_bytes=2), Unreachable),
    (sdk.ResponseStreamingError(error=ValueError()), Unreachable),
    (sdk.HTTPClientError(error=ValueError()), Unreachable),
    (sdk.SSLError(**CONNECTION), Unreachable),
    (sdk.SSLError(endpoint_url="x", error="CERTIFICATE_VERIFY_FAILED"), NotTrusted),
    (ResponseParserError("x"), Unreachable),
    (urllib3.exceptions.ProtocolError("x"), Unreachable),
    (urllib3.exceptions.IncompleteRead(1, 2), Unreachable),
    (ConnectionResetError(errno.ECONNRESET, "x"), Unreachable),
    (TimeoutError(), Unreachable),
    (sdk.NoCredentialsError(), CredentialExpired),
    (sdk.PartialCredentialsError(provider="env", cred_var="x"), CredentialExpired),
    (sdk.CredentialRetrievalError(provider="p", error_msg="x"), CredentialExpired),
    (sdk.ProfileNotFound(profile="x"), CredentialExpired),
    (sdk.TokenRetrievalError(provider="p", error_msg="x"), CredentialExpired),
    (sdk.UnauthorizedSSOTokenError(), CredentialExpired),
    (sdk.SSOTokenLoadError(error_msg="x"), CredentialExpired),
    (sdk.MetadataRetrievalError(error_msg="x"), CredentialExpired),
    (sdk.ConfigParseError(path="/x"), CredentialExpired),
    (sdk.ParamValidationError(report="x"), Unsupported),
    (sdk.InvalidEndpointConfigurationError(msg="x"), Unsupported),
    (sdk.InvalidRegionError(region_name="x"), Unsupported),
    (sdk.NoRegionError(), Unsupported),
    (ValueError("Invalid endpoint: http://u:p@h"), Unsupported),
    (UnicodeEncodeError("utf-8", "\udcff", 0, 1, "x"), Unsupported),
    (http.client.IncompleteRead(b"x"), Unreachable),
]


@pytest.mark.parametrize("error, kind", CLASSES, ids=[type(case[0]).__name__ for case in CLASSES])
def test_class(error: Exception, kind: type[DestinationError]):
    found = about(error)
    assert type(found) is kind
    assert "@" not in str(found)


def test_what_a_certificate_says_is_not_tried_again():
    assert not about(sdk.SSLError(endpoint_url="x", error="CERTIFICATE_VERIFY_FAILED")).retryable
    assert about(sdk.SSLError(endpoint_url="x", error="EOF occurred")).retryable


def refused(code: str, status: int = 400, **more: Any) -> sdk.ClientError:
    headers = more.pop("headers", {})
    return sdk.ClientError(
        {
            "Error": {"Code": code, "Message": SECRET, **more},
            "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers, "RequestId": "REQ1"},
        },
        "GetObject",
    )


CODES = [  # code, status, error
    ("NoSuchKey", 404, NotFound),
    ("NoSuchBucket", 404, NotFound),
    ("404", 404, NotFound),
    ("AccessDenied", 403, AccessDenied),
    ("403", 403, AccessDenied),
    ("AllAccessDisabled", 403, AccessDenied),
    ("KMS.DisabledException", 403, AccessDenied),
    ("ExpiredToken", 400, CredentialExpired),
    ("TokenRefreshRequired", 400, CredentialExpired),
    ("InvalidAccessKeyId", 403, CredentialExpired),
    ("SignatureDoesNotMatch", 403, CredentialExpired),
    ("InvalidToken", 400, CredentialExpired),
    ("401", 401, CredentialExpired),
    ("SlowDown", 503, Throttled),
    ("SlowDown", 500, Throttled),
    ("TooManyRequests", 429, Throttled),
    ("429", 429, Throttled),
    ("RequestLimitExceeded", 503, Throttled),
    ("ServiceUnavailable", 503, Unreachable),
    ("InternalError", 500, Unreachable),
    ("502", 502, Unreachable),
    ("504", 504, Unreachable),
    ("RequestTimeout", 400, Unreachable),
    ("PreconditionFailed", 412, Changed),
    ("412", 412, Changed),
    ("InvalidRange", 416, RangeRefused),
    ("416", 416, RangeRefused),
    ("InvalidObjectState", 403, Archived),
    ("RequestTimeTooSkewed", 403, ClockSkew),
    ("NotImplemented", 501, Unsupported),
    ("PermanentRedirect", 301, Unsupported),
    ("InvalidArgument", 400, Unsupported),
    ("SomethingNew", 418, Unsupported),
    ("", 200, Unsupported),
]


@pytest.mark.parametrize("code, status, kind", CODES)
def test_code(code: str, status: int, kind: type[DestinationError]):
    for operation in ("list", "read", "describe"):
        found = about(refused(code, status), operation)
        assert type(found) is kind
        assert SECRET not in str(found)
        assert found.request_id == "REQ1"
        assert code in str(found)


def test_every_error_of_the_protocol_is_reached():
    family = {kind for kind in vars(base).values() if inspect.isclass(kind) and issubclass(kind, DestinationError)}
    reached = {kind for _, _, kind in CODES} | set(BY_CODE.values())
    assert family - {DestinationError, NotTrusted} == reached  # no answer says NotTrusted


def test_a_busy_server_that_says_when_to_come_back_is_throttling():
    found = about(refused("ServiceUnavailable", 503, headers={"Retry-After": "3"}))
    assert (type(found), found.retry_after_s) == (Throttled, 3)


def test_a_code_that_is_no_code_is_not_repeated():
    found = about(refused("AKIA\x1b[2J secret https://x?sig=abc", 400))
    assert "sig=" not in str(found)
    assert "HTTP 400" in str(found)


@pytest.mark.parametrize(
    "value, date, seconds",
    [
        ("0", "", 0),
        ("120", "", 120),
        ("1.5", "", 1.5),
        ("-3", "", 0),
        ("Thu, 01 Oct 2026 00:01:00 GMT", "Thu, 01 Oct 2026 00:00:00 GMT", 60),
        ("Thu, 01 Oct 2026 00:01:00 GMT", "Thu, 01 Oct 2026 00:02:00 GMT", 0),
        ("Thu, 01 Oct 2020 00:01:00 GMT", "nonsense", 0),
        ("", "", None),
        ("soon", "", None),
        ("nan", "", None),
        ("inf", "", None),
        ("9" * 400, "", None),
    ],
)
def test_retry_after(value: str, date: str, seconds: float | None):
    assert parse_retry_after(value, date) == seconds


PLANTED = ["access_key_id", "secret_access_key", "session_token", "external_id"]
WAYS = [  # options that make the first call fail, each in its own way
    {"endpoint_url": f"http://user:{SECRET}@[not-a-host"},
    {"endpoint_url": f"ftp//{SECRET}"},
    {"endpoint_url": f"http://user:{SECRET}@127.0.0.1:1/"},
    {"profile": "absent-profile"},
    {"region": f"no region {SECRET}"},
    {"role_arn": "arn:aws:iam::123456789012:role/x", "region": "not a region"},
    {"bucket": f"bucket with spaces {SECRET}", "endpoint_url": "http://127.0.0.1:1"},
]


@pytest.mark.parametrize("way", WAYS, ids=[" ".join(way) for way in WAYS])
def test_secrets_in_any_option_are_never_told(way: dict[str, str], monkeypatch, caplog):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
    adapter = S3Adapter("lake", **{"bucket": "exports", **dict.fromkeys(PLANTED, SECRET), **way})
    for ask in (
        lambda: list(adapter.list_objects("p/")),
        lambda: adapter.read_object("x"),
        lambda: adapter.describe_object("x"),
    ):
        with pytest.raises(DestinationError) as caught:
            ask()
        for shown in (str(caught.value), repr(caught.value), repr(caught.value.args)):
            assert SECRET not in shown
    assert "bucket" in way or SECRET not in repr(adapter)
    assert SECRET not in caplog.text
