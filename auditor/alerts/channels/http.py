"""One request to a receiver, and what its answer means. The only module of this room that speaks HTTP itself.

Redirects are not followed: a key goes where it is meant to go. Certificates are verified. Answers are read up to a
limit, and quoted on one line without anything secret.
"""

import base64
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote, quote_plus, unquote, urlsplit

import httpx2

from adapters.base import inert
from adapters.http_answers import is_loopback, parse_retry_after
from auditor.alerts.channels.base import Delivered, Delivery

__all__ = ["Http", "as_json", "harmless", "secrets_of_url"]

CONNECT_WITHIN_S: Final = 10.0
ANSWER_WITHIN_S: Final = 15.0
WHOLE_WITHIN_S: Final = 30.0
LARGEST_ANSWER: Final = 64 * 1024
QUOTED: Final = 200  # characters of a receiver's own words
SHORTEST_SECRET: Final = 4
PASSING: Final = frozenset({408, 409, 423, 425, 429})
UNWANTED: Final = frozenset({400, 413, 414, 422, 431})
"""The notice as it is: what a receiver says of one that is too long, and of one that it does not understand."""


@dataclass(frozen=True)
class Http:
    """Requests of one channel. `secrets` are left out of whatever is said."""

    secrets: tuple[str, ...] = field(default=(), repr=False)
    connect_s: float = CONNECT_WITHIN_S
    answer_s: float = ANSWER_WITHIN_S
    whole_s: float = WHOLE_WITHIN_S

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, login: tuple[str, str] | None = None
    ) -> Delivery:
        """Send `body`, once. Never raises."""
        return self._ask("POST", url, content=body, headers=dict(headers), auth=login)

    def get(self, url: str) -> Delivery:
        """Call `url`, once. Never raises."""
        return self._ask("GET", url)

    def _ask(self, method: str, url: str, **sent: Any) -> Delivery:
        until_s = time.monotonic() + self.whole_s
        try:
            client = self._local if is_loopback(url) else self._client
            with client.stream(method, url, **sent) as response:
                return self._judge(response, _read(response, until_s))
        except Exception as error:  # whatever the client raises; its own words may quote the address
            return Delivery(*_of_error(error))

    def close(self) -> None:
        """Give back what is kept."""
        for name in ("_client", "_local"):
            if (client := self.__dict__.pop(name, None)) is not None:
                client.close()

    @cached_property
    def _client(self) -> httpx2.Client:
        return self._open(trust_env=True)

    @cached_property
    def _local(self) -> httpx2.Client:
        """A proxy for the outside has no business with a receiver on this machine."""
        return self._open(trust_env=False)

    def _open(self, *, trust_env: bool) -> httpx2.Client:
        return httpx2.Client(
            timeout=httpx2.Timeout(self.answer_s, connect=self.connect_s),
            # Minutes lie between two notices: a connection that was kept would be cut by then.
            limits=httpx2.Limits(max_keepalive_connections=0),
            follow_redirects=False,
            trust_env=trust_env,
        )

    def _judge(self, response: httpx2.Response, body: str) -> Delivery:
        status = response.status_code
        said = harmless(body, self.secrets)
        words = f"HTTP {status}" + (f": {said}" if said and not response.is_success else "")
        if response.is_success:
            return Delivery(Delivered.SENT, words)
        if 300 <= status < 400:
            return Delivery(Delivered.REFUSED, f"HTTP {status}: it sends elsewhere, which is not followed")
        if status in UNWANTED:
            return Delivery(Delivered.UNWANTED, words)
        if status in PASSING or status >= 500:
            wait_s = parse_retry_after(response.headers.get("retry-after", ""), response.headers.get("date", ""))
            return Delivery(Delivered.PASSING, words, _span(wait_s))
        return Delivery(Delivered.REFUSED, words)


def as_json(value: object) -> bytes:
    """Compact JSON, in ASCII: undecodable names stay readable for any receiver."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def harmless(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` on one line, bounded, without the secrets: neither as they are nor encoded."""
    for form in sorted(_forms(secrets), key=len, reverse=True):
        text = re.sub(re.escape(form), "…", text, flags=re.IGNORECASE)
    text = inert(" ".join(text.split()))
    return text if len(text) <= QUOTED else f"{text[:QUOTED]}…"


def secrets_of_url(url: str) -> tuple[str, ...]:
    """What of an address may be a token: user and password, the parts of its path, the values of its query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return (url,)
    inside = [parts.username, parts.password, parts.path, *parts.path.split("/"), parts.query]
    inside += [pair.partition("=")[2] for pair in parts.query.split("&")]
    return tuple(dict.fromkeys(one for one in (url, *inside) if one and len(one.strip("/")) >= SHORTEST_SECRET))


def _forms(secrets: Iterable[str]) -> Iterator[str]:
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            raw = secret.encode("utf-8", "surrogatepass")
            yield from {secret, unquote(secret), quote(secret, safe=""), quote(secret), quote_plus(secret)}
            yield json.dumps(secret)[1:-1]
            for coded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
                yield coded.decode().rstrip("=")


def _read(response: httpx2.Response, until_s: float) -> str:
    """The beginning of the answer: no more is needed, and no more waited for."""
    parts, size = [], 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size >= LARGEST_ANSWER or time.monotonic() > until_s:
            break
    return b"".join(parts)[:LARGEST_ANSWER].decode("utf-8", "replace")


def _span(seconds: float | None) -> timedelta | None:
    return timedelta(seconds=min(seconds, 86_400.0)) if seconds else None


def _of_error(error: Exception) -> tuple[Delivered, str]:
    name = type(error).__name__
    if isinstance(error, httpx2.ConnectError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return Delivered.REFUSED, f"the receiver's certificate is not trusted ({name})"
    if isinstance(error, httpx2.TimeoutException):
        return Delivered.PASSING, f"no answer in time ({name})"
    if isinstance(error, httpx2.InvalidURL | httpx2.UnsupportedProtocol | httpx2.LocalProtocolError):
        return Delivered.REFUSED, f"the request cannot be sent: an address or header is wrong ({name})"
    if isinstance(error, httpx2.HTTPError | httpx2.StreamError | OSError):
        return Delivered.PASSING, f"no connection, or it was cut ({name})"
    return Delivered.REFUSED, f"the request cannot be made ({name})"
