"""What S3 and its SDK say when something fails, in the words of the protocol. The one place that knows."""

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPException
from typing import Any, Final

from botocore import exceptions as sdk
from urllib3.exceptions import HTTPError

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
from adapters.http_answers import kind_of_status, parse_retry_after
from adapters.translation import translated

LIST_RIGHT: Final = "s3:ListBucket"
READ_RIGHT: Final = "s3:GetObject"


@dataclass(frozen=True, slots=True)
class Rights:
    """What listing and reading need, in the words of whoever runs the server."""

    to_list: str = LIST_RIGHT
    to_read: str = READ_RIGHT


S3_RIGHTS: Final = Rights()

EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"})
"""Codes after which fresh credentials help."""

BY_CODE: Final[Mapping[str, type[DestinationError]]] = {
    **dict.fromkeys(EXPIRED, CredentialExpired),
    **dict.fromkeys(("NoSuchKey", "NoSuchBucket", "NoSuchVersion", "NotFound"), NotFound),
    **dict.fromkeys(("AccessDenied", "AccessDeniedException", "AllAccessDisabled", "Forbidden"), AccessDenied),
    **dict.fromkeys(("AccountProblem", "UnauthorizedAccess", "MethodNotAllowed"), AccessDenied),
    **dict.fromkeys(("UserProjectMissing", "UserProjectAccessDenied"), AccessDenied),  # Google's requester pays
    **dict.fromkeys(("InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch", "AuthFailure"), CredentialExpired),
    **dict.fromkeys(("InvalidClientTokenId", "UnrecognizedClientException", "NotSignedUp"), CredentialExpired),
    **dict.fromkeys(("IncompleteSignature", "MissingSecurityHeader", "InvalidSecurity"), CredentialExpired),
    **dict.fromkeys(("SlowDown", "SlowDownRead", "Throttling", "ThrottlingException", "TooManyRequests"), Throttled),
    **dict.fromkeys(("RequestLimitExceeded", "BandwidthLimitExceeded", "RequestThrottled"), Throttled),
    **dict.fromkeys(("ThrottledException", "TooManyRequestsException", "RequestThrottledException"), Throttled),
    **dict.fromkeys(("InternalError", "InternalFailure", "ServiceUnavailable", "RequestTimeout"), Unreachable),
    **dict.fromkeys(("IncompleteBody", "OperationAborted", "OperationTimedOut"), Unreachable),
    "NotImplemented": Unsupported,
    "PreconditionFailed": Changed,
    "InvalidRange": RangeRefused,
    "InvalidObjectState": Archived,
    "RequestTimeTooSkewed": ClockSkew,
}

# The first class that fits holds. What stands nowhere is Unsupported, with the name of its class.
BY_CLASS: Final[tuple[tuple[tuple[type[BaseException], ...], type[DestinationError], str], ...]] = (
    ((sdk.ProfileNotFound,), CredentialExpired, "the AWS profile is not there"),
    (
        (sdk.NoCredentialsError, sdk.PartialCredentialsError, sdk.NoAuthTokenError),
        CredentialExpired,
        "no complete credentials were found",
    ),
    (
        (
            sdk.CredentialRetrievalError,
            sdk.MetadataRetrievalError,
            sdk.TokenRetrievalError,
            sdk.SSOError,
            sdk.RefreshWithMFAUnsupportedError,
            sdk.InvalidConfigError,
            sdk.ConfigNotFound,
            sdk.ConfigParseError,
            sdk.InfiniteLoopConfigError,
        ),
        CredentialExpired,
        "the credentials could not be had",
    ),
    ((sdk.ConnectTimeoutError,), Unreachable, "no connection in time"),
    ((sdk.ReadTimeoutError,), Unreachable, "no answer in time"),
    ((sdk.EndpointConnectionError, sdk.ProxyConnectionError), Unreachable, "no connection"),
    (
        (sdk.IncompleteReadError, sdk.ResponseStreamingError, sdk.ConnectionClosedError),
        Unreachable,
        "the connection was cut",
    ),
    (
        (sdk.HTTPClientError, sdk.ConnectionError, HTTPError, HTTPException, OSError),
        Unreachable,
        "the connection failed",
    ),
)


def speaking_of(
    destination: str, operation: str, key: str = "", rights: Rights = S3_RIGHTS
) -> AbstractContextManager[None]:
    """Every exception inside as a DestinationError; no SDK exception escapes, and none of its words."""
    return translated(partial(translate, destination=destination, operation=operation, key=key, rights=rights))


def translate(
    error: Exception, *, destination: str, operation: str, key: str = "", rights: Rights = S3_RIGHTS
) -> DestinationError:
    """`error` in the words of the protocol. Its message is never quoted: it may hold a signed address."""
    if isinstance(error, sdk.ClientError):
        return _of_answer(error, destination, operation, key, rights)
    kind, reason = _of_class(error)
    return kind(f"{reason} ({type(error).__name__})", destination=destination, operation=operation, key=key)


def _of_class(error: Exception) -> tuple[type[DestinationError], str]:
    if isinstance(error, sdk.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return NotTrusted, "the server's certificate is not trusted"
    if type(error).__name__ == "ResponseParserError":  # botocore.parsers, no BotoCoreError
        return Unreachable, "the answer is cut or is no S3 answer"
    for classes, kind, reason in BY_CLASS:
        if isinstance(error, classes):
            return kind, reason
    return Unsupported, "the request cannot be made, or its answer not be understood"


def _of_answer(error: sdk.ClientError, destination: str, operation: str, key: str, rights: Rights) -> DestinationError:
    code, status, headers = read_answer(error)
    kind = BY_CODE.get(code) or kind_of_status(status)
    wait_s = parse_retry_after(headers.get("retry-after", ""), headers.get("date", ""))
    if kind is Unreachable and status == 503 and wait_s is not None:
        kind = Throttled
    return kind(
        f"{_reason(kind, code, error, operation, rights)} ({code})",
        destination=destination,
        operation=operation,
        key=key,
        request_id=_request_id(error, headers),
        retry_after_s=wait_s,
    )


def read_answer(error: sdk.ClientError) -> tuple[str, int, Mapping[str, str]]:
    """Code, HTTP status and headers of a refused request; a code of a strange shape is not repeated."""
    response: Mapping[str, Any] = error.response
    about = response.get("ResponseMetadata", {})
    code = str(response.get("Error", {}).get("Code", ""))
    status = int(about.get("HTTPStatusCode", 0))
    headers = {str(k).lower(): str(v) for k, v in about.get("HTTPHeaders", {}).items()}
    return (code if re.fullmatch(r"[A-Za-z0-9._:-]{1,64}", code) else f"HTTP {status}"), status, headers


def _reason(kind: type[DestinationError], code: str, error: sdk.ClientError, operation: str, rights: Rights) -> str:
    if code.startswith("UserProject"):
        return "the bucket's requester pays, which HMAC keys cannot say: use a service account"
    if kind is AccessDenied:
        return _missing_right(error, operation, rights)
    if kind is ClockSkew:
        return _both_clocks(error)
    if code in ("PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "301", "307"):
        return "the bucket lies in another region or at another endpoint: set region or endpoint_url"
    if code == "NoSuchBucket":
        return "the bucket is not there"
    return {
        NotFound: "not there",
        CredentialExpired: "the credentials have expired" if code in EXPIRED else "the credentials are not accepted",
        Throttled: "the server asks to slow down",
        Unreachable: "the server failed",
        Changed: "replaced since it was listed",
        RangeRefused: "the offset lies behind the end",
        Archived: "in a storage class that must be restored before it can be read",
    }.get(kind, "the server does not do what was asked")


def _missing_right(error: sdk.ClientError, operation: str, rights: Rights) -> str:
    if error.operation_name == "AssumeRole":
        return "the role may not be assumed: sts:AssumeRole is missing"
    message = str(error.response.get("Error", {}).get("Message", ""))
    if named := re.search(r"\bkms:(Decrypt|GenerateDataKey)\b", message):
        return f"access denied: {named[0]} is missing"
    if operation == "list":
        return f"access denied: {rights.to_list} is missing"
    return f"access denied: {rights.to_read} is missing, or the object is and {rights.to_list} is missing too"


def _both_clocks(error: sdk.ClientError) -> str:
    said: Mapping[str, Any] = error.response.get("Error", {})
    _, _, headers = read_answer(error)
    theirs = str(said.get("ServerTime") or headers.get("date", "unknown"))[:40]
    ours = str(said.get("RequestTime") or datetime.now(UTC).isoformat(timespec="seconds"))[:40]
    return f"our clock says {ours}, the server's {theirs}"


def _request_id(error: sdk.ClientError, headers: Mapping[str, str]) -> str:
    about: Mapping[str, Any] = error.response.get("ResponseMetadata", {})
    return str(about.get("RequestId") or headers.get("x-amz-request-id") or headers.get("x-guploader-uploadid", ""))[
        :80
    ]
