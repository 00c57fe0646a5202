"""What Google Cloud Storage and its SDK say of a failure, in the words of the protocol. The one place that knows.

https://cloud.google.com/storage/docs/json_api/v1/status-codes
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPException
from typing import Any, Final

import requests.exceptions as http
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.cloud.storage import exceptions as storage
from urllib3.exceptions import HTTPError, ProxySchemeUnsupported, SSLError

from adapters.base import (
    AccessDenied,
    ClockSkew,
    CredentialExpired,
    DestinationError,
    NotFound,
    NotTrusted,
    Throttled,
    Unreachable,
    Unsupported,
)
from adapters.http_answers import kind_of_status, parse_retry_after
from adapters.streams import About
from adapters.translation import translated

LIST_RIGHT: Final = "storage.objects.list"
READ_RIGHT: Final = "storage.objects.get"

THROTTLING: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"})
"""Reasons of a 403 that are no lack of rights."""

NAMED_RIGHT: Final = re.compile(
    r"(?<![\w.@-])(?:storage\.(?:objects|buckets)\.[A-Za-z]{1,30}|serviceusage\.services\.use)\b"
)

PAYER_WANTED: Final = "requester pays"
PAYER_ADVICE: Final = "the bucket's requester pays: name the paying project in GOOGLE_CLOUD_QUOTA_PROJECT"


class TokenRefused(auth.TransportError):
    """No token was given. Raised instead of letting the SDK try again on its own (see adapters/retry.py)."""

    def __init__(self, status: int, code: str, headers: Mapping[str, str], *, is_skewed: bool) -> None:
        super().__init__(f"HTTP {status}")  # type: ignore[no-untyped-call]
        self.status = status
        self.code = code  # OAuth's word for it (RFC 6749 §5.2), "" if it has none
        self.headers = headers
        self.is_skewed = is_skewed  # what we signed has a time that the server does not accept


class AnswerError(Exception):
    """An error document inside an answer that calls itself a success."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str]) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.reason = reason
        self.headers = headers


class NoLoginError(Exception):
    """The credentials that were named cannot be used. `reason` is ours and holds nothing of them."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


_Row = tuple[tuple[type[BaseException], ...], type[DestinationError], str]

# The first class that fits holds. What stands nowhere is Unsupported, with the name of its class.
BY_CLASS: Final[Sequence[_Row]] = (
    (
        (auth.DefaultCredentialsError,),
        CredentialExpired,
        "no application default credentials were found, or they are not usable",
    ),
    ((auth.MutualTLSChannelError, auth.ClientCertError), CredentialExpired, "the client certificate cannot be used"),
    ((auth.TransportError, auth.TimeoutError, auth.ResponseError), Unreachable, "the token server failed"),
    ((auth.GoogleAuthError,), CredentialExpired, "the credentials gave no token"),
    ((http.ConnectTimeout,), Unreachable, "no connection in time"),
    ((http.ReadTimeout, http.Timeout), Unreachable, "no answer in time"),
    ((http.JSONDecodeError, http.ContentDecodingError), Unreachable, "the answer is cut or is none of Cloud Storage"),
    ((http.ChunkedEncodingError, http.StreamConsumedError), Unreachable, "the connection was cut"),
    ((http.ConnectionError,), Unreachable, "no connection"),
    (
        (http.MissingSchema, http.InvalidSchema, http.InvalidURL, http.InvalidHeader, http.TooManyRedirects),
        Unsupported,
        "the address is none of Cloud Storage",
    ),
    ((http.RequestException, HTTPError, HTTPException), Unreachable, "the connection failed"),
    ((storage.InvalidPathError,), Unsupported, "the name cannot be asked for"),
    (
        (storage.InvalidResponseDynamicParent, storage.DataCorruptionDynamicParent),
        Unreachable,
        "the answer is cut or is none of Cloud Storage",
    ),
    ((api.DataLoss, api.RetryError, api.TransferStalledError, api.Unknown), Unreachable, "the server failed"),
    (
        (api.GoogleAPIError, api.AsyncRestUnsupportedParameterError, ProxySchemeUnsupported),
        Unsupported,
        "the server does not do what was asked",
    ),
    ((OSError,), Unreachable, "the connection failed"),
)


def speaking_of(destination: str, operation: str, key: str = "") -> AbstractContextManager[None]:
    """Every exception inside as a DestinationError; no SDK exception escapes, and none of its words."""
    return translated(partial(translate, destination=destination, operation=operation, key=key))


def translate(error: Exception, *, destination: str, operation: str, key: str = "") -> DestinationError:
    """`error` in the words of the protocol. Its message is never quoted: it may hold what is secret."""
    about: About = {"destination": destination, "operation": operation, "key": key}
    if isinstance(error, NoLoginError):
        return CredentialExpired(error.reason, **about)
    if isinstance(error, TokenRefused):
        return _of_token_server(error, about)
    if isinstance(error, AnswerError):
        return _of_status(error.status, error.reason, "", error.headers, about)
    if isinstance(error, api.GoogleAPICallError) and error.code:
        return _of_status(int(error.code), _reason_of(error), str(error.message), _headers_of(error), about)
    inner = error.args[0] if isinstance(error, auth.TransportError) and error.args else None
    if isinstance(inner, http.RequestException):
        error = inner
    kind, reason = _of_class(error)
    return kind(f"{reason} ({type(error).__name__})", **about)


def _of_class(error: Exception) -> tuple[type[DestinationError], str]:
    if isinstance(error, http.SSLError | SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return NotTrusted, "the server's certificate is not trusted"
    for classes, kind, reason in BY_CLASS:
        if isinstance(error, classes):
            return kind, reason
    return Unsupported, "the request cannot be made, or its answer not be understood"


def _of_status(status: int, reason: str, message: str, headers: Mapping[str, str], about: About) -> DestinationError:
    kind = kind_of_status(status)
    wait_s = parse_retry_after(headers.get("retry-after", ""), headers.get("date", ""))
    if reason in THROTTLING or (status == 503 and wait_s is not None):
        kind = Throttled
    elif (status == 401 and "Anonymous caller" in message) or PAYER_WANTED in message:
        kind = AccessDenied
    said = reason if re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,40}", reason) else f"HTTP {status}"
    return kind(
        f"{_say(kind, message, about['operation'])} ({said})",
        request_id=headers.get("x-guploader-uploadid", "")[:80],
        retry_after_s=wait_s,
        **about,
    )


def _say(kind: type[DestinationError], message: str, operation: str) -> str:
    if kind is AccessDenied:
        return _missing_right(message, operation)
    if kind is NotFound and (operation == "list" or "bucket does not exist" in message):
        return "the bucket is not there"
    if "CustomerEncryption" in message or "customer-supplied encryption key" in message:
        return "encrypted with a customer's own key, which we do not have"
    return {
        "NotFound": "not there",
        "CredentialExpired": "the credentials are not accepted",
        "Throttled": "the server asks to slow down",
        "Unreachable": "the server failed",
        "Changed": "replaced since it was listed",
        "RangeRefused": "the offset lies behind the end",
    }.get(kind.__name__, "the server does not do what was asked")


def _missing_right(message: str, operation: str) -> str:
    if PAYER_WANTED in message:
        return PAYER_ADVICE
    if named := NAMED_RIGHT.search(message):
        return f"access denied: {named[0]} is missing"
    if operation == "list":
        return f"access denied: {LIST_RIGHT} is missing"
    return f"access denied: {READ_RIGHT} is missing, or the object is and {LIST_RIGHT} is missing too"


def _of_token_server(error: TokenRefused, about: About) -> DestinationError:
    wait_s = parse_retry_after(error.headers.get("retry-after", ""), error.headers.get("date", ""))
    said = f"({error.code or f'HTTP {error.status}'})"
    if error.is_skewed:
        ours, theirs = datetime.now(UTC).isoformat(timespec="seconds"), error.headers.get("date", "unknown")[:40]
        return ClockSkew(f"our clock says {ours}, the token server's {theirs} {said}", **about)
    if error.status == 429:
        return Throttled(f"the token server asks to slow down {said}", retry_after_s=wait_s, **about)
    if error.status in (200, 408) or error.status >= 500:  # a success without a token is none
        return Unreachable(f"the token server failed {said}", retry_after_s=wait_s, **about)
    if error.status == 403:
        return AccessDenied(f"no token may be had for this account {said}", **about)
    return CredentialExpired(f"the token server does not accept the credentials {said}", **about)


def _reason_of(error: api.GoogleAPICallError) -> str:
    return reason_in(error.errors)


def reason_in(errors: Any) -> str:
    """The first `reason` of an error document's list; "" where there is none."""
    first = errors[0] if isinstance(errors, Sequence) and errors else {}
    return str(first.get("reason", "")) if isinstance(first, Mapping) else ""


def _headers_of(error: api.GoogleAPICallError) -> Mapping[str, str]:
    headers = getattr(error.response, "headers", None) or {}
    return {str(name).lower(): str(value) for name, value in headers.items()}
