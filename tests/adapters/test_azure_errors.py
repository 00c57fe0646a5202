"""Every error of Azure and its SDKs has its place in the error family, and none of its words gets out."""

import http.client
import inspect
import pickle
import re
from typing import Any

import azure.identity
import pytest
import requests.exceptions
import urllib3.exceptions
from azure.core import exceptions as sdk
from azure.storage.blob import PartialBatchErrorException
from azure.storage.blob._shared.authentication import AzureSigningError

from adapters import base
from adapters.azure_errors import BY_CODE, Refusal, speaking_of, translate, translate_refusal
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
from tests.servers.fake_azure import error

SECRET = "s3cr3t-never-to-be-seen"
SIGNED = f"https://acme.blob.core.windows.net/c/k?sv=2021-12-02&sp=rl&sig={SECRET}"


def classes(*modules: Any) -> set[type[Exception]]:
    found = [kind for module in modules for _, kind in inspect.getmembers(module, inspect.isclass)]
    return {kind for kind in found if issubclass(kind, Exception) and kind.__module__.partition(".")[0] == "azure"}


SDK_ERRORS: dict[type[Exception], type[DestinationError]] = {
    sdk.AzureError: Unsupported,
    sdk.ServiceRequestError: Unreachable,
    sdk.ServiceResponseError: Unreachable,
    sdk.ServiceRequestTimeoutError: Unreachable,
    sdk.ServiceResponseTimeoutError: Unreachable,
    sdk.HttpResponseError: Unreachable,
    sdk.DecodeError: Unreachable,
    sdk.IncompleteReadError: Unreachable,
    sdk.ResourceExistsError: Unreachable,
    sdk.ResourceNotFoundError: Unreachable,
    sdk.ClientAuthenticationError: CredentialExpired,
    sdk.ResourceModifiedError: Unreachable,
    sdk.ResourceNotModifiedError: Unreachable,
    sdk.TooManyRedirectsError: Unsupported,
    sdk.ODataV4Error: Unreachable,
    sdk.StreamConsumedError: Unsupported,
    sdk.StreamClosedError: Unsupported,
    sdk.ResponseNotReadError: Unsupported,
    sdk.SerializationError: Unsupported,
    sdk.DeserializationError: Unreachable,
    azure.identity.CredentialUnavailableError: CredentialExpired,
    azure.identity.AuthenticationRequiredError: CredentialExpired,
    PartialBatchErrorException: Unreachable,
    AzureSigningError: CredentialExpired,
}
"""Without an answer of the service: what has one is judged by that."""


def made(kind: type[Exception]) -> Exception:
    """An instance of `kind` whose message holds a secret."""
    made = kind.__new__(kind)
    made.args = (SIGNED,)
    made.__dict__ |= {"message": SIGNED, "response": None, "error": None}
    return made


def about(error: Exception, operation: str = "read") -> DestinationError:
    return translate(error, destination="lake", operation=operation, key="p/x")


def test_no_class_of_the_sdk_is_left_to_chance():
    import azure.storage.blob
    import azure.storage.filedatalake

    found = classes(sdk, azure.identity, azure.storage.blob, azure.storage.filedatalake)
    assert found | {AzureSigningError} == set(SDK_ERRORS)


@pytest.mark.parametrize("kind", SDK_ERRORS, ids=lambda kind: kind.__name__)
def test_a_class_of_the_sdk(kind: type[Exception]):
    with pytest.raises(DestinationError) as caught, speaking_of("lake", "read", "p/x"):
        raise made(kind)
    found = caught.value
    assert type(found) is SDK_ERRORS[kind]
    assert found.__cause__ is None
    assert found.__suppress_context__
    assert SECRET not in str(found) + repr(found) + repr(found.args)
    assert kind.__name__ in str(found)
    assert str(pickle.loads(pickle.dumps(found))) == str(found)


TRANSPORT = [
    kind
    for module in (requests.exceptions, urllib3.exceptions)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, Exception) and not issubclass(kind, Warning)
]


@pytest.mark.parametrize("kind", TRANSPORT, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_an_error_of_the_transport_tells_no_secret(kind: type[Exception]):
    raised = kind.__new__(kind)
    raised.args = (SIGNED,)
    found = about(raised)
    assert SECRET not in str(found)
    assert type(found) in (Unreachable, Unsupported)


CONNECTIONS = [
    (requests.exceptions.ConnectionError("x"), Unreachable),
    (requests.exceptions.ReadTimeout("x"), Unreachable),
    (requests.exceptions.InvalidURL(SIGNED), Unsupported),
    (urllib3.exceptions.IncompleteRead(5, 3), Unreachable),
    (urllib3.exceptions.ProtocolError("x"), Unreachable),
    (urllib3.exceptions.ReadTimeoutError(None, SIGNED, "x"), Unreachable),
    (http.client.IncompleteRead(b"x"), Unreachable),
    (ConnectionResetError(), Unreachable),
    (TimeoutError(), Unreachable),
    (OSError("x"), Unreachable),
    (ValueError(SIGNED), Unsupported),
    (UnicodeEncodeError("utf-8", "\udcff", 0, 1, "x"), Unsupported),
    (KeyError("content-length"), Unsupported),
]


@pytest.mark.parametrize("raised, kind", CONNECTIONS, ids=[type(case[0]).__name__ for case in CONNECTIONS])
def test_an_error_of_the_connection(raised: Exception, kind: type[DestinationError]):
    assert type(about(raised)) is kind


def test_what_a_certificate_says_is_not_tried_again():
    refused = requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    found = about(sdk.ServiceRequestError(refused, error=refused))
    assert type(found) is NotTrusted
    assert not found.retryable
    assert about(sdk.ServiceRequestError("EOF occurred in violation of protocol")).retryable


CODES = [  # code, status, error
    ("BlobNotFound", 404, NotFound),
    ("ContainerNotFound", 404, NotFound),
    ("ContainerBeingDeleted", 409, NotFound),
    ("ResourceNotFound", 404, NotFound),
    ("PathNotFound", 404, NotFound),
    ("FilesystemNotFound", 404, NotFound),
    ("AuthorizationFailure", 403, AccessDenied),
    ("AuthorizationPermissionMismatch", 403, AccessDenied),
    ("AuthorizationSourceIPMismatch", 403, AccessDenied),
    ("AuthorizationProtocolMismatch", 403, AccessDenied),
    ("AuthorizationServiceMismatch", 403, AccessDenied),
    ("AuthorizationResourceTypeMismatch", 403, AccessDenied),
    ("InsufficientAccountPermissions", 403, AccessDenied),
    ("KeyBasedAuthenticationNotPermitted", 403, AccessDenied),
    ("AccountIsDisabled", 403, AccessDenied),
    ("AccountRequiresHttps", 400, AccessDenied),
    ("KeyVaultEncryptionKeyNotFound", 403, AccessDenied),
    ("PublicAccessNotPermitted", 409, AccessDenied),
    ("AuthenticationFailed", 403, CredentialExpired),
    ("AuthenticationFailed", 401, CredentialExpired),
    ("InvalidAuthenticationInfo", 400, CredentialExpired),
    ("NoAuthenticationInformation", 401, CredentialExpired),
    ("ServerBusy", 503, Throttled),
    ("TooManyRequests", 429, Throttled),
    ("OperationTimedOut", 500, Unreachable),
    ("OperationTimedOut", 503, Unreachable),
    ("InternalError", 500, Unreachable),
    ("AccountBeingCreated", 409, Unreachable),
    ("ConditionNotMet", 412, Changed),
    ("InvalidRange", 416, RangeRefused),
    ("BlobArchived", 409, Archived),
    ("BlobBeingRehydrated", 409, Archived),
    ("BlobUsesCustomerSpecifiedEncryption", 409, Unsupported),
    ("FeatureVersionMismatch", 409, Unsupported),
    ("InvalidHeaderValue", 400, Unsupported),
    ("InvalidQueryParameterValue", 400, Unsupported),
    ("UnsupportedQueryParameter", 400, Unsupported),
    ("InvalidResourceName", 400, Unsupported),
    ("InvalidUri", 400, Unsupported),
    ("SomethingNew", 418, Unsupported),
    ("SomethingNew", 502, Unreachable),
    ("SomethingNew", 403, AccessDenied),
    ("", 302, Unsupported),
    ("", 404, NotFound),
]


def refusal(code: str, status: int, message: str = SIGNED, detail: str = "", **headers: str) -> Refusal:
    told = error(code, status, message, detail=detail, headers={k.replace("_", "-"): v for k, v in headers.items()})
    lower = {name.lower(): value for name, value in told.headers.items()}
    return Refusal(status, lower, told.body.decode(), SIGNED)


@pytest.mark.parametrize("code, status, kind", CODES)
def test_code(code: str, status: int, kind: type[DestinationError]):
    for operation in ("list", "read", "describe"):
        found = translate_refusal(refusal(code, status), destination="lake", operation=operation, key="p/x")
        assert type(found) is kind
        assert SECRET not in str(found)
        assert found.request_id == "REQ1"
        assert (code or f"HTTP {status}") in str(found)


def test_every_error_of_the_protocol_is_reached():
    family = {kind for kind in vars(base).values() if inspect.isclass(kind) and issubclass(kind, DestinationError)}
    reached = {kind for _, _, kind in CODES} | set(BY_CODE.values())
    assert family - reached == {DestinationError, NotTrusted, ClockSkew}  # ClockSkew hides behind a code: see below


DETAILS = [  # what stands behind AuthenticationFailed, error, what is said
    (
        "Request date header too old: 'Thu, 01 Oct 2026 00:00:00 GMT'",
        ClockSkew,
        r"our clock says .*2026.* the server's",
    ),
    ("The Date header in the request is incorrect.", ClockSkew, "our clock"),
    ("Lifetime validation failed. The token is not yet valid.", ClockSkew, "our clock"),
    ("Lifetime validation failed. The token is expired.", CredentialExpired, "have expired"),
    (
        "Signature not valid in the specified time frame: Start [x] - Expiry [y] - Current [z]",
        CredentialExpired,
        "the SAS is not valid at this time",
    ),
    (f"The MAC signature found in the HTTP request '{SECRET}' is not the same", CredentialExpired, "not accepted"),
    (f"Signature did not match. String to sign used was {SECRET}", CredentialExpired, "not accepted"),
]


@pytest.mark.parametrize("detail, kind, said", DETAILS, ids=[case[0][:40] for case in DETAILS])
def test_a_refused_login_says_why(detail: str, kind: type[DestinationError], said: str):
    refused = refusal("AuthenticationFailed", 403, detail=detail, Date="Thu, 01 Oct 2026 00:20:00 GMT")
    found = translate_refusal(refused, destination="lake", operation="list")
    assert type(found) is kind
    assert re.search(said, str(found))
    assert SECRET not in str(found)
    assert kind is not ClockSkew or "Thu, 01 Oct 2026 00:20:00 GMT" in str(found)


@pytest.mark.parametrize(
    "expiry, date, has_ended",
    [
        ("2026-10-01T00:00:00Z", "Thu, 01 Oct 2026 00:00:01 GMT", True),
        ("2026-10-01T00:00:00Z", "Wed, 30 Sep 2026 23:59:59 GMT", False),
        ("2026-10-01", "Fri, 02 Oct 2026 00:00:00 GMT", True),
        ("2020-10-01T00:00:00Z", "", True),
        ("nonsense", "Fri, 02 Oct 2026 00:00:00 GMT", False),
    ],
)
def test_a_sas_has_ended_by_the_clock_of_the_server(expiry: str, date: str, has_ended: bool):
    """Azurite calls it a failed authorization; the SAS itself says when it ends."""
    url = f"https://acme.blob.core.windows.net/c?se={expiry.replace(':', '%3A')}&sig={SECRET}"
    refused = Refusal(403, {"x-ms-error-code": "AuthorizationFailure", "date": date}, "", url)
    found = translate_refusal(refused, destination="lake", operation="list")
    assert type(found) is (CredentialExpired if has_ended else AccessDenied)
    assert SECRET not in str(found)


def test_the_missing_right_is_named_by_what_was_done():
    refused = refusal("AuthorizationPermissionMismatch", 403)
    for operation, letter in (("list", "`l`"), ("read", "`r`"), ("describe", "`r`")):
        said = str(translate_refusal(refused, destination="lake", operation=operation))
        assert "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read" in said
        assert letter in said


def test_a_busy_server_says_when_to_come_back():
    found = translate_refusal(refusal("ServerBusy", 503, Retry_After="3"), destination="lake", operation="list")
    assert (type(found), found.retry_after_s) == (Throttled, 3)
    late = refusal(
        "SomethingNew", 503, Retry_After="Thu, 01 Oct 2026 00:01:00 GMT", Date="Thu, 01 Oct 2026 00:00:00 GMT"
    )
    found = translate_refusal(late, destination="lake", operation="list")
    assert (type(found), found.retry_after_s) == (Throttled, 60)


@pytest.mark.parametrize("code", [f"x\x1b[2J https://x?sig={SECRET}", "a" * 65, "<b>"])
def test_a_code_that_is_no_code_is_not_repeated(code: str):
    found = translate_refusal(Refusal(400, {"x-ms-error-code": code}), destination="lake", operation="list")
    assert SECRET not in str(found)
    assert "HTTP 400" in str(found)


class _Response:
    """What an SDK's error carries."""

    reason = "x"

    def __init__(self, status: int, headers: dict[str, str], body: str) -> None:
        self.status_code, self.headers, self._body = status, headers, body
        self.request = requests.Request("GET", SIGNED, headers={"x-ms-date": "Thu, 01 Oct 2026 00:00:00 GMT"})

    def text(self, _encoding: str | None = None) -> str:
        return self._body


def test_an_sdk_s_error_is_judged_by_the_answer_it_carries():
    told = error("AuthenticationFailed", 403, detail="Request date header too old: 'x'")
    date = {"Date": "Thu, 01 Oct 2026 00:20:00 GMT"}
    found = about(sdk.HttpResponseError(SIGNED, response=_Response(403, {**told.headers, **date}, told.body.decode())))
    assert type(found) is ClockSkew
    assert "our clock says Thu, 01 Oct 2026 00:00:00 GMT, the server's Thu, 01 Oct 2026 00:20:00 GMT" in str(found)
    lost = about(sdk.ResourceNotFoundError(SIGNED, response=_Response(404, {"x-ms-error-code": "BlobNotFound"}, "")))
    assert type(lost) is NotFound
    assert SECRET not in str(found) + str(lost)


TOKENS = [  # what azure-identity says without an answer, its cause, error
    ("Authentication failed: AADSTS7000222: the provided client secret keys are expired", None, CredentialExpired),
    ("Authentication failed: AADSTS7000215: invalid client secret", None, CredentialExpired),
    ("Authentication failed: AADSTS90033: a transient error", None, Unreachable),
    ("Authentication failed: AADSTS90055: too many", None, Throttled),
    ("Authentication failed: HTTP Error: 503", None, Unreachable),
    ("Authentication failed: HTTP Error: 429", None, Throttled),
    ("Authentication failed: refused", sdk.ServiceRequestError("refused"), Unreachable),
    ("Authentication failed: odd", ValueError("odd"), CredentialExpired),
    ("DefaultAzureCredential failed to retrieve a token", None, CredentialExpired),
]


@pytest.mark.parametrize("said, cause, kind", TOKENS, ids=[case[0][23:60] for case in TOKENS])
def test_why_there_is_no_token(said: str, cause: Exception | None, kind: type[DestinationError]):
    raised = sdk.ClientAuthenticationError(f"{said} {SECRET}")
    raised.__cause__ = cause
    found = about(raised)
    assert type(found) is kind
    assert SECRET not in str(found)
