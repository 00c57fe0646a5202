"""One organisation and sandbox of Adobe Experience Platform, asked politely and by reading requests only."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import httpx2

from adapters.base import CredentialExpired, DestinationError, Unreachable, Unsupported
from adapters.experience_platform.errors import harmless, refusal, request_id, speaking_of
from adapters.experience_platform.pace import Pace
from adapters.experience_platform.paging import LinkedPages, NumberedPages, Params, Take, as_it_is, as_pairs
from adapters.experience_platform.token import Token
from adapters.http_answers import is_loopback, parse_http_date
from adapters.paging import PagedListing
from adapters.retry import Patience, Policy
from adapters.streams import About

__all__ = ["Answer", "ExperiencePlatform"]

T = TypeVar("T")

SCOPES: Final = ("openid", "AdobeID", "read_organizations", "additional_info.projectedProductContext", "session")
"""What the Developer Console gives an OAuth server-to-server credential of Experience Platform."""

LARGEST_ANSWER: Final = 64 * 1024 * 1024  # bytes, decoded; a page of 100 runs has some hundred kilobytes
GAP_S: Final = 0.05
AT_ONCE: Final = 4
CONNECT_WITHIN_S: Final = 10.0
WHOLE_WITHIN: Final = 4  # timeouts: an answer that comes drop by drop ends too
PATH_SAFE: Final = "/:@!$&()*+,;=~"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, with what its headers say."""

    body: Any
    date: datetime | None = None  # by the server's own clock
    request_id: str = ""


class ExperiencePlatform:
    """The reading side of Experience Platform's APIs for one organisation and sandbox. Thread-safe; opens nothing yet.

    `name` stands in errors. `timeout`: seconds for each connection and each read. `policy`: how patiently failures
    are tried again (429 and server faults, `Retry-After` honoured within its budget); `Policy(attempts=1)` leaves
    that to the caller.

    Raises: ValueError for an address that is neither https nor on this machine, or a missing value. Every call:
    DestinationError, never with a secret.
    """

    def __init__(
        self,
        name: str,
        *,
        org_id: str,
        sandbox: str = "prod",
        client_id: str,
        client_secret: str,
        scopes: Sequence[str] = SCOPES,
        base_url: str = "https://platform.adobe.io",
        token_url: str = "https://ims-na1.adobelogin.com/ims/token/v3",  # noqa: S107 (an address)
        timeout: float = 30.0,
        policy: Policy | None = None,
    ) -> None:
        given = {"org_id": org_id, "sandbox": sandbox, "client_id": client_id, "client_secret": client_secret}
        for key, value in given.items():
            if not value:
                raise ValueError(f"experience_platform {name!r}: {key} is empty")
        for key, url in (("base_url", base_url), ("token_url", token_url)):
            _check_address(name, key, url)
        self.name = name
        self.org_id = org_id
        self.sandbox = sandbox
        self.destination = f"Experience Platform {name}"
        self.base_url = base_url.rstrip("/")
        self.policy = policy or Policy()
        self._timeout_s = float(timeout)
        self._token_url = token_url
        self._secrets: tuple[str, ...] = (client_secret,)
        self._form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": ",".join([scopes] if isinstance(scopes, str) else scopes),
        }
        self._headers = {
            "Accept": "application/json",
            "x-api-key": client_id,
            "x-gw-ims-org-id": org_id,
            "x-sandbox-name": sandbox,  # left out would mean "prod", whatever is configured
        }
        clock = self.policy.clock
        self._pace = Pace(gap_s=GAP_S, at_once=AT_ONCE, clock=clock, sleep=self.policy.sleep)
        self._token = Token(self._ask_token, clock, {"destination": self.destination, "key": urlsplit(token_url).path})
        self._http = self._open(base_url)
        self._token_http = self._open(token_url)

    def __repr__(self) -> str:
        return f"ExperiencePlatform({self.name!r}, org_id={self.org_id!r}, sandbox={self.sandbox!r})"

    def get(self, path: str, params: Params = (), *, headers: Mapping[str, str] | None = None) -> Any:
        """The JSON at `path` (from `base_url`, starting with a slash). Raises: DestinationError."""
        return self.ask(path, params, headers=headers).body

    def ask(self, path: str, params: Params = (), *, headers: Mapping[str, str] | None = None) -> Answer:
        """As `get`, with the server's date and request id."""
        query = urlencode(as_pairs(params), quote_via=quote)
        return self._patiently(lambda: self._ask_once(path, query, headers or {}))

    def check_token(self) -> None:
        """Have a token, if need be a new one. Raises: DestinationError where none can be had."""
        self._patiently(self._token.current)

    def pages(self, path: str, params: Params = ()) -> "PagedListing[Mapping[str, Any]]":
        """Each page of a list that goes on by `_links.next`, as it is. After an error `next()` asks for it again.

        The filters of `params` are repeated beside each continuation token. Lazy: one page is held.
        Raises: Unsupported for an answer that is no list, for a link elsewhere, and for pages in a circle.
        """
        linked: LinkedPages[Any] = LinkedPages(self, path, params, as_it_is)
        return PagedListing(linked.read_page, linked.first, destination=self.destination, prefix=path)

    def items(self, path: str, params: Params = (), take: Take[T] = as_it_is) -> "PagedListing[T]":
        """What `take` makes of each item of all pages of `pages`."""
        linked = LinkedPages(self, path, params, take)
        return PagedListing(linked.read_items, linked.first, destination=self.destination, prefix=path)

    def numbered_items(
        self, path: str, params: Params = (), take: Take[T] = as_it_is, *, limit: int = 100
    ) -> "PagedListing[T]":
        """What `take` makes of each item of a list that goes on by `start` and `limit` with `pageInfo`.

        None lost, none twice (by `id`). Where the list changed meanwhile it is read again, a few times. Raises:
        Unreachable if it does not come to rest; Unsupported for an answer that is no list or repeats itself.
        """
        numbered = NumberedPages(self, path, params, limit, take)
        return PagedListing(numbered.read_page, numbered.first, destination=self.destination, prefix=path)

    def close(self) -> None:
        self._http.close()
        self._token_http.close()

    def _open(self, url: str) -> httpx2.Client:
        return httpx2.Client(
            timeout=httpx2.Timeout(self._timeout_s, connect=min(self._timeout_s, CONNECT_WITHIN_S)),
            limits=httpx2.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE),
            # A token goes where it is meant to go, and to no other host.
            follow_redirects=False,
            # A proxy for the outside has no business with a server on this machine.
            trust_env=not is_loopback(url),
        )

    def _patiently(self, attempt: Callable[[], T]) -> T:
        patience = Patience(self.policy)
        while True:
            try:
                return attempt()
            except DestinationError as error:
                if self.policy.attempts <= 1:
                    raise
                patience.wait_after(error)

    def _ask_once(self, path: str, query: str, headers: Mapping[str, str]) -> Answer:
        token = self._token.current()
        try:
            return self._get(path, query, headers, token)
        except CredentialExpired:
            # Once: our idea of its life may be wrong. A new one that is refused too is no matter of time.
            return self._get(path, query, headers, self._token.renew(token))

    def _get(self, path: str, query: str, headers: Mapping[str, str], token: str) -> Answer:
        url = f"{self.base_url}{quote(path, safe=PATH_SAFE)}{f'?{query}' if query else ''}"
        sent = {**self._headers, **headers, "Authorization": f"Bearer {token}"}
        return self._exchange(self._http, "GET", url, path, headers=sent)

    def _ask_token(self) -> Any:
        """The token endpoint's answer. Asked by a form, so that no log of addresses has the secret."""
        path = urlsplit(self._token_url).path
        return self._exchange(self._token_http, "POST", self._token_url, path, data=self._form).body

    def _exchange(self, http: httpx2.Client, method: str, url: str, path: str, **sent: Any) -> Answer:
        with self._pace(), speaking_of(self.destination, method, path):
            response = http.send(http.build_request(method, url, **sent), stream=True)
            try:
                body = self._read(response, method, path)
            finally:
                response.close()
        about: About = {"destination": self.destination, "operation": method, "key": path}
        if not response.is_success:
            secrets = (*self._secrets, self._token.value)
            raise refusal(response.status_code, response.headers, body, secrets=secrets, **about)
        request = request_id(response.headers)
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            kind = harmless(response.headers.get("content-type", "no content type")[:60])
            raise Unsupported(
                f"the answer is no JSON ({kind}, {len(body)} bytes)", request_id=request, **about
            ) from None
        return Answer(told, parse_http_date(response.headers.get("date", "")), request)

    def _read(self, response: httpx2.Response, method: str, path: str) -> bytes:
        about: About = {"destination": self.destination, "operation": method, "key": path}
        until_s = time.monotonic() + self._timeout_s * WHOLE_WITHIN
        parts, size = [], 0
        for part in response.iter_bytes():  # as it comes: gathered to a size, it would not be looked at until then
            parts.append(part)
            size += len(part)
            if size > LARGEST_ANSWER:
                reason = f"the answer is larger than {LARGEST_ANSWER // 2**20} MiB"
                raise Unsupported(reason, request_id=request_id(response.headers), **about)
            if time.monotonic() > until_s:
                reason = f"the answer was not whole within {self._timeout_s * WHOLE_WITHIN:.0f} s"
                raise Unreachable(reason, request_id=request_id(response.headers), **about)
        return b"".join(parts)


def _check_address(name: str, key: str, url: str) -> None:
    """A secret goes over the network encrypted, or not at all."""
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url))
    if not is_safe or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError(
            f"experience_platform {name!r}: {key} must be an address that begins with https://, without user or query"
        )
