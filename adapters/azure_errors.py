"""What Azure Storage, its identity service and their SDKs say when something fails, in the words of the protocol.

For every destination that speaks to Azure Storage. The one place that knows.
"""

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import requests.exceptions
from azure.core import exceptions as sdk
from azure.identity import CredentialUnavailableError
from urllib3.exceptions import HTTPError, IncompleteRead, ProtocolError, ReadTimeoutError

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
from adapters.http_answers import kind_of_status, parse_http_date, parse_retry_after
from adapters.translation import translated

READ_RIGHT: Final = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
"""Of the role Storage Blob Data Reader; covers listing too (SAS: `l` to list, `r` to read)."""

BODY_BYTES: Final = 64 * 1024
"""No error document is longer; what claims to be is not read to its end."""

# https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes, …/blob-service-error-codes,
# …/azure-data-lake-storage-gen2-rest-api errors
BY_CODE: Final[Mapping[str, type[DestinationError]]] = {
    **dict.fromkeys(("BlobNotFound", "ContainerNotFound", "ResourceNotFound", "ContainerBeingDeleted"), NotFound),
    **dict.fromkeys(("PathNotFound", "FilesystemNotFound", "FilesystemBeingDeleted"), NotFound),
    **dict.fromkeys(("SourcePathNotFound", "RenameDestinationParentPathNotFound"), NotFound),
    **dict.fromkeys(("AuthorizationFailure", "AuthorizationPermissionMismatch", "AccountIsDisabled"), AccessDenied),
    **dict.fromkeys(("AuthorizationProtocolMismatch", "AuthorizationSourceIPMismatch"), AccessDenied),
    **dict.fromkeys(("AuthorizationServiceMismatch", "AuthorizationResourceTypeMismatch"), AccessDenied),
    **dict.fromkeys(("InsufficientAccountPermissions", "PublicAccessNotPermitted", "ContainerDisabled"), AccessDenied),
    **dict.fromkeys(("KeyBasedAuthenticationNotPermitted", "UnauthorizedBlobOverwrite"), AccessDenied),
    **dict.fromkeys(("KeyVaultEncryptionKeyNotFound", "KeyVaultVaultNotFound"), AccessDenied),
    **dict.fromkeys(("KeyVaultAccessTokenCannotBeAcquired", "AccountRequiresHttps"), AccessDenied),
    **dict.fromkeys(("AuthenticationFailed", "InvalidAuthenticationInfo"), CredentialExpired),
    **dict.fromkeys(("NoAuthenticationInformation",), CredentialExpired),
    **dict.fromkeys(("ServerBusy", "TooManyRequests"), Throttled),
    **dict.fromkeys(("InternalError", "OperationTimedOut", "AccountBeingCreated"), Unreachable),
    **dict.fromkeys(("ConditionNotMet", "BlobOverwritten", "BlobModifiedWhileReading"), Changed),
    **dict.fromkeys(("InvalidRange",), RangeRefused),
    **dict.fromkeys(("BlobArchived", "BlobBeingRehydrated"), Archived),
    **dict.fromkeys(("BlobUsesCustomerSpecifiedEncryption", "FeatureVersionMismatch", "NotImplemented"), Unsupported),
    **dict.fromkeys(("InvalidHeaderValue", "UnsupportedHeader", "UnsupportedQueryParameter"), Unsupported),
    **dict.fromkeys(("InvalidQueryParameterValue", "OutOfRangeQueryParameterValue", "InvalidInput"), Unsupported),
    **dict.fromkeys(("InvalidUri", "InvalidResourceName", "OutOfRangeInput", "RequestUrlFailedToParse"), Unsupported),
    **dict.fromkeys(("InvalidBlobType", "PathAlreadyExists", "BlobAlreadyExists", "ResourceTypeMismatch"), Unsupported),
}

UNSPEAKABLE: Final = "the request cannot be made, or its answer not be understood"

# The first class that fits holds. What stands nowhere is Unsupported, with the name of its class.
BY_CLASS: Final[tuple[tuple[tuple[type[BaseException], ...], type[DestinationError], str], ...]] = (
    ((CredentialUnavailableError,), CredentialExpired, "no credentials were found"),
    (
        (sdk.ClientAuthenticationError,),
        CredentialExpired,
        "no token could be had: no credentials were found, or they are refused",
    ),
    ((sdk.ServiceRequestTimeoutError,), Unreachable, "no connection in time"),
    ((sdk.ServiceResponseTimeoutError,), Unreachable, "no answer in time"),
    ((sdk.ServiceRequestError,), Unreachable, "no connection"),
    ((sdk.IncompleteReadError, sdk.ServiceResponseError), Unreachable, "the connection was cut"),
    ((sdk.DecodeError, sdk.DeserializationError), Unreachable, "the answer is cut or is no Azure answer"),
    ((sdk.TooManyRedirectsError,), Unsupported, "the server sends us in a circle"),
    ((sdk.SerializationError,), Unsupported, UNSPEAKABLE),
    (
        (sdk.StreamConsumedError, sdk.StreamClosedError, sdk.ResponseNotReadError),
        Unsupported,
        "the answer was read out of order",
    ),
    ((sdk.HttpResponseError,), Unreachable, "the answer broke off"),  # without an answer: a body that failed
    ((ReadTimeoutError, requests.exceptions.Timeout, TimeoutError), Unreachable, "no answer in time"),
    ((IncompleteRead, ProtocolError, HTTPException, ConnectionError), Unreachable, "the connection was cut"),
    (
        (HTTPError, requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError),
        Unreachable,
        "the connection failed",
    ),
    ((requests.exceptions.RequestException,), Unsupported, UNSPEAKABLE),
    ((OSError,), Unreachable, "the connection failed"),
    ((sdk.AzureError, ValueError, TypeError), Unsupported, UNSPEAKABLE),
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusing answer. `url` (of the request) and `body` may hold secrets: they are looked at, never told."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: str = field(default="", repr=False)
    url: str = field(default="", repr=False)
    asked_at: str = ""  # the request's own x-ms-date

    @property
    def code(self) -> str:
        """The service's code (x-ms-error-code), or the identity service's; what has another shape is not repeated."""
        told = (
            self.headers.get("x-ms-error-code")
            or _first(r"<Code>([^<]*)</Code>", self.body)
            or _first(r"\b(AADSTS\d{3,8})\b", self.body)
            or _first(r'"code"\s*:\s*"([^"]*)"', self.body)
            or _first(r'"error"\s*:\s*"([^"]*)"', self.body)
        )
        return told if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", told) else f"HTTP {self.status}"

    @property
    def request_id(self) -> str:
        return self.headers.get("x-ms-request-id", "")[:80]


def speaking_of(destination: str, operation: str, key: str = "") -> AbstractContextManager[None]:
    """Every exception inside as a DestinationError; no SDK exception escapes, and none of its words."""
    return translated(partial(translate, destination=destination, operation=operation, key=key))


def translate(error: Exception, *, destination: str, operation: str, key: str = "") -> DestinationError:
    """`error` in the words of the protocol. Its message is never quoted: it may hold a signed address."""
    refusal = _refusal_in(error)
    if refusal is not None:
        return translate_refusal(refusal, destination=destination, operation=operation, key=key)
    kind, reason, told = _of_token(error) or (*_of_class(error), type(error).__name__)
    return kind(f"{reason} ({told})", destination=destination, operation=operation, key=key)


def translate_refusal(refusal: Refusal, *, destination: str, operation: str, key: str = "") -> DestinationError:
    """A refusing answer in the words of the protocol."""
    kind, reason = _judged(refusal, operation)
    wait_s = parse_retry_after(refusal.headers.get("retry-after", ""), refusal.headers.get("date", ""))
    if kind is Unreachable and refusal.status == 503 and wait_s is not None:
        kind, reason = Throttled, REASONS[Throttled]
    return kind(
        f"{reason} ({refusal.code})",
        destination=destination,
        operation=operation,
        key=key,
        request_id=refusal.request_id,
        retry_after_s=wait_s,
    )


# https://learn.microsoft.com/entra/identity-platform/reference-error-codes; those not here: the login is refused.
BY_ENTRA_CODE: Final[Mapping[str, type[DestinationError]]] = {
    "AADSTS90006": Unreachable,  # an error of theirs that may pass
    "AADSTS90012": Unreachable,  # out of time
    "AADSTS90033": Unreachable,  # unavailable for a moment
    "AADSTS90055": Throttled,
}

REASONS: Final[Mapping[type[DestinationError], str]] = {
    NotFound: "not there",
    CredentialExpired: "the credentials are not accepted",
    Throttled: "the server asks to slow down",
    Unreachable: "the server failed",
    Changed: "replaced since it was listed",
    RangeRefused: "the offset lies behind the end",
    Archived: "in the archive tier: it must be rehydrated before it can be read",
}

REASONS_BY_CODE: Final[Mapping[str, str]] = {
    "ContainerNotFound": "the container is not there",
    "ContainerBeingDeleted": "the container is being deleted",
    "FilesystemNotFound": "the file system is not there",
    "FilesystemBeingDeleted": "the file system is being deleted",
    "NoAuthenticationInformation": "the server wants credentials and got none",
    "BlobUsesCustomerSpecifiedEncryption": "encrypted with a key of the customer's, which is not supported",
    "AADSTS7000222": "the client secret has expired",
    "AADSTS7000215": "the client secret is wrong",
    "AADSTS700016": "no such client_id in this tenant",
    "AADSTS90002": "no such tenant_id",
    "AccountIsDisabled": "access denied: the storage account is disabled",
    "AccountRequiresHttps": "access denied: the account permits https only",
    "KeyVaultEncryptionKeyNotFound": "access denied: the key vault does not give the key of the encryption",
    "KeyVaultVaultNotFound": "access denied: the key vault with the key of the encryption is not there",
    "KeyVaultAccessTokenCannotBeAcquired": "access denied: the account may not ask the key vault for its key",
    "ContainerDisabled": "access denied: the container is disabled",
    "KeyBasedAuthenticationNotPermitted": "access denied: the account permits no account keys and no SAS made of them",
    "PublicAccessNotPermitted": "access denied: the account permits no anonymous access",
    "AuthorizationSourceIPMismatch": "access denied: not from this network address",
    "AuthorizationProtocolMismatch": "access denied: the SAS permits https only",
    "AuthorizationServiceMismatch": "access denied: the SAS is not for the blob service (ss=b)",
    "AuthorizationResourceTypeMismatch": "access denied: the SAS lacks a resource type (srt=co: container and object)",
    "InvalidHeaderValue": "the server does not know this version of the service, or refuses a header",
    "InvalidResourceName": "the name is none that Azure permits",
}


def _judged(refusal: Refusal, operation: str) -> tuple[type[DestinationError], str]:
    kind = BY_CODE.get(refusal.code) or kind_of_status(refusal.status)
    if kind is AccessDenied and "failed to authenticate the request" in refusal.body:
        kind = CredentialExpired  # Azurite calls a wrong key a failed authorization, and says this
    if kind in (AccessDenied, CredentialExpired):
        if ended := _ended_sas(refusal):
            return CredentialExpired, ended
        if kind is CredentialExpired:
            return _of_login(refusal)
    if refusal.code in REASONS_BY_CODE:
        return kind, REASONS_BY_CODE[refusal.code]
    if kind is AccessDenied:
        return kind, _missing_right(refusal, operation)
    return kind, REASONS.get(kind, "the server does not do what was asked")


def _of_login(refusal: Refusal) -> tuple[type[DestinationError], str]:
    """Why a login was refused. Both the clocks and the end of a SAS hide behind one code, AuthenticationFailed."""
    said = refusal.body
    if re.search(r"date header (in the request is incorrect|too old)|token is not (valid yet|yet valid)", said, re.I):
        ours = refusal.asked_at or _first(r"date header too old: '([^']{1,40})'", said) or _now()
        return ClockSkew, f"our clock says {ours}, the server's {refusal.headers.get('date', 'unknown')[:40]}"
    if re.search(r"Signature not valid in the specified time frame", said):
        return CredentialExpired, "the SAS is not valid at this time"
    if re.search(r"token is expired", said):
        return CredentialExpired, "the credentials have expired"
    return CredentialExpired, REASONS_BY_CODE.get(refusal.code, REASONS[CredentialExpired])


def _ended_sas(refusal: Refusal) -> str:
    """Whether the request carried a SAS that had ended by the server's own clock; "" if not.

    Some servers (Azurite) call that a failed authorization.
    """
    query = parse_qs(urlsplit(refusal.url).query)
    if "sig" not in query:
        return ""
    expiry = _moment(query.get("se", [""])[0])
    now = parse_http_date(refusal.headers.get("date", "")) or datetime.now(UTC)
    return f"the SAS ended at {expiry.isoformat()}" if expiry is not None and expiry <= now else ""


def _moment(text: str) -> datetime | None:
    """A moment as a SAS writes it (ISO 8601, sometimes a day alone), UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _missing_right(refusal: Refusal, operation: str) -> str:
    letter = "l" if operation == "list" else "r"
    lacking = f"{READ_RIGHT} (SAS: `{letter}`) is missing"
    if refusal.code == "AuthorizationFailure":
        return f"access denied: {lacking}, or the account's network rules keep us out"
    return f"access denied: {lacking}"


def _refusal_in(error: Exception) -> Refusal | None:
    response: Any = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if not isinstance(error, sdk.HttpResponseError) or not isinstance(status, int) or status < 300:
        return None
    request = getattr(response, "request", None)
    return Refusal(
        status,
        {str(name).lower(): str(value) for name, value in response.headers.items()},
        _text_of(response),
        str(getattr(request, "url", "")),
        str(getattr(request, "headers", {}).get("x-ms-date", "")),
    )


def _text_of(response: Any) -> str:
    try:
        return str(response.text())[:BODY_BYTES]
    except Exception:  # a body that was cut, or streamed away: the headers must do
        return ""


def _of_class(error: Exception) -> tuple[type[DestinationError], str]:
    if "CERTIFICATE_VERIFY_FAILED" in _said_by(error):
        return NotTrusted, "the server's certificate is not trusted"
    for classes, kind, reason in BY_CLASS:
        if isinstance(error, classes):
            return kind, reason
    return Unsupported, UNSPEAKABLE


def _said_by(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # some errors of the transport cannot be shown when they were made in haste
        return ""


def _of_token(error: Exception) -> tuple[type[DestinationError], str, str] | None:
    """Why no token could be had, where azure-identity keeps the reason in its message or its cause; else None."""
    if not isinstance(error, sdk.ClientAuthenticationError):
        return None
    said, cause = _said_by(error), error.__cause__
    if type(error).__name__ == "AzureSigningError":  # of the storage SDKs' private parts
        return CredentialExpired, "the account key is none (base64)", type(error).__name__
    if code := _first(r"\b(AADSTS\d{3,8})\b", said):
        kind = BY_ENTRA_CODE.get(code, CredentialExpired)
        return kind, REASONS_BY_CODE.get(code) or f"no token: {REASONS[kind]}", code
    if status := _first(r"\bHTTP Error: (\d{3})\b", said):
        kind = kind_of_status(int(status))
        return kind, f"no token: {REASONS.get(kind, 'the identity service refuses')}", f"HTTP {status}"
    if isinstance(cause, Exception) and not isinstance(cause, sdk.HttpResponseError):
        kind, reason = _of_class(cause)
        if issubclass(kind, Unreachable):
            return kind, f"no token: {reason}", type(cause).__name__
    return None


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.IGNORECASE)
    return found[1] if found else ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
