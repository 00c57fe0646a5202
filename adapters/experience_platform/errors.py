"""What Experience Platform and the HTTP client say when something fails, in the words of the protocol."""

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

import httpx2

from adapters.base import (
    AccessDenied,
    CredentialExpired,
    DestinationError,
    NotTrusted,
    Throttled,
    Unreachable,
    Unsupported,
    inert,
)
from adapters.http_answers import kind_of_status, parse_retry_after
from adapters.translation import translated

LONGEST_TEXT: Final = 300  # characters of Adobe's own words
SHORTEST_SECRET: Final = 4  # shorter values would blot out ordinary words

BY_CODE: Final[Mapping[str, tuple[type[DestinationError], str]]] = {
    "401010": (CredentialExpired, "no access token arrived"),
    "401013": (CredentialExpired, "the access token is not accepted"),
    "400003": (Unsupported, "a header is missing"),
    "403000": (AccessDenied, "the API key is missing"),
    "403003": (AccessDenied, "the API key (client_id) is not accepted"),
    "403010": (AccessDenied, "the access token is missing"),
    "403025": (AccessDenied, "the credentials do not belong to the organisation (org_id)"),
    "2120-403": (AccessDenied, "a permission is missing"),
    # What the token endpoint says (RFC 6749 §5.2).
    "invalid_client": (CredentialExpired, "client_id and client_secret are not accepted"),
    "unauthorized_client": (AccessDenied, "the client may not ask for tokens"),
    "invalid_scope": (AccessDenied, "the client may not have these scopes"),
}

BY_STATUS: Final[Mapping[int, str]] = {
    401: "the access token is not accepted",
    403: "access denied",
    404: "not there",
    429: "the server asks to slow down",
}

# The first class that fits holds.
BY_CLASS: Final[tuple[tuple[type[Exception], type[DestinationError], str], ...]] = (
    (httpx2.ConnectTimeout, Unreachable, "no connection in time"),
    (httpx2.PoolTimeout, Unreachable, "no free connection in time"),
    (httpx2.TimeoutException, Unreachable, "no answer in time"),
    (httpx2.ConnectError, Unreachable, "no connection"),
    (httpx2.ProxyError, Unreachable, "the proxy gives no connection"),
    (httpx2.DecodingError, Unreachable, "the answer is cut or not encoded as it says"),
    (
        httpx2.LocalProtocolError,
        Unsupported,
        "the request cannot be sent: a header or address has characters not allowed",
    ),
    (httpx2.UnsupportedProtocol, Unsupported, "the address is neither http nor https"),
    (httpx2.TooManyRedirects, Unsupported, "the server sends elsewhere without end"),
    (httpx2.InvalidURL, Unsupported, "the address is none"),
    (httpx2.CookieConflict, Unsupported, "the answer's cookies contradict each other"),
    (httpx2.HTTPStatusError, Unsupported, "the answer is a refusal"),
    (httpx2.SSEError, Unsupported, "the answer is no document"),
    (httpx2.TransportError, Unreachable, "the connection was cut"),
    (httpx2.StreamError, Unreachable, "the answer was cut"),
    (httpx2.HTTPError, Unreachable, "the connection failed"),
    (OSError, Unreachable, "the connection failed"),
)


def speaking_of(destination: str, operation: str, path: str) -> AbstractContextManager[None]:
    """Every exception inside as a DestinationError; none of the HTTP client's escapes, and none of its words."""

    def translate(error: Exception) -> DestinationError:
        kind, reason = _of_class(error)
        return kind(f"{reason} ({type(error).__name__})", destination=destination, operation=operation, key=path)

    return translated(translate)


def _of_class(error: Exception) -> tuple[type[DestinationError], str]:
    if isinstance(error, httpx2.ConnectError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return NotTrusted, "the server's certificate is not trusted"
    for of_class, kind, reason in BY_CLASS:
        if isinstance(error, of_class):
            return kind, reason
    return Unsupported, "the request cannot be made, or its answer not be understood"


def refusal(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    destination: str,
    operation: str,
    key: str,
    secrets: Iterable[str] = (),
) -> DestinationError:
    """The error that an answer other than 2xx is, with Adobe's own words and its request id; never with a secret."""
    code, said = _read_refusal(body)
    kind, reason = BY_CODE.get(code) or (kind_of_status(status), BY_STATUS.get(status) or _of_status(status))
    wait_s = parse_retry_after(headers.get("retry-after", ""), headers.get("date", ""))
    if kind is Unreachable and status == 503 and wait_s is not None:
        kind = Throttled
    words = harmless(said, secrets)
    return kind(
        f"{reason}{f': {words}' if words else ''} ({f'{code}, ' if code else ''}HTTP {status})",
        destination=destination,
        operation=operation,
        key=key,
        request_id=request_id(headers),
        retry_after_s=wait_s or None,  # a moment in the past is no wait: the back-off holds
    )


def code_of(error: DestinationError) -> str:
    """Adobe's code of a refusal; "" where its answer had none, and for errors of another kind."""
    found = re.search(r"\(([A-Za-z0-9._:-]+), HTTP \d{3}\)", error.reason)
    return found[1] if found else ""


def _of_status(status: int) -> str:
    if 300 <= status < 400:
        return "the server sends elsewhere, which is not followed"
    return "the server failed" if status >= 500 else "the request is refused"


def request_id(headers: Mapping[str, str]) -> str:
    return inert(headers.get("x-request-id", "")[:80])


def harmless(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` on one line, bounded, without the secrets and without anything that looks like a token or signature."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "…")
    text = re.sub(r"(?i)\b(bearer\s+)\S+|\b(sig=|client_secret=)[^&\s]+|\beyJ[\w-]+\.[\w.-]+", r"\1\2…", text)
    text = inert(" ".join(text.split()))
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


def _read_refusal(body: bytes) -> tuple[str, str]:
    """Code and words of the three documented shapes (gateway, Flow Service, services) and of the token endpoint.

    https://experienceleague.adobe.com/en/docs/experience-platform/landing/troubleshooting
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(told, Mapping):
        return "", ""
    if isinstance(told.get("error"), Mapping):  # some services wrap it once more
        told = told["error"]
    said = [_text(told.get(name)) for name in ("message", "errorMessage", "errorDetails", "title", "error_description")]
    said += [_text(told.get("detail")) or _text(told.get("report"))]
    words = list(dict.fromkeys(text for text in said if text))
    return _code(told, words), ". ".join(text.rstrip(".") for text in words)


def _code(told: Mapping[str, Any], words: list[str]) -> str:
    for name in ("error_code", "errorCode", "code", "error"):
        if isinstance(value := told.get(name), str | int):
            return _known_shape(str(value))
    kind = told.get("type")
    last = kind.rstrip("/").rpartition("/")[2] if isinstance(kind, str) else ""
    for text in (last, *words):
        if found := re.search(r"\b\d{3,5}-\d{3}\b", text):
            return found[0]
    return _known_shape(last)


def _known_shape(code: str) -> str:
    return code if re.fullmatch(r"[A-Za-z0-9._:-]{1,64}", code) else ""


def _text(value: Any, depth: int = 2) -> str:
    """The words in a value, which some services nest."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Mapping) and depth:
        names = ("detailed-message", "message", "detail", "additionalContext", "errorMessage")
        return ". ".join(text for name in names if (text := _text(value.get(name), depth - 1)))
    if isinstance(value, list) and depth:
        return ". ".join(text for item in value[:5] if (text := _text(item, depth - 1)))
    return ""
