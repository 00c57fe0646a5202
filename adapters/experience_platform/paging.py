"""Lists in pages: by a link to the next one (Flow Service), or by numbers (`start`, `limit`, `pageInfo`)."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar
from urllib.parse import parse_qsl, quote, unquote, unquote_plus, urlencode, urlsplit

from adapters.base import DestinationError, Unreachable, Unsupported
from adapters.paging import Page

Value: TypeAlias = str | int
Params: TypeAlias = Mapping[str, Value | Sequence[Value]] | Sequence[tuple[str, Value]]
"""Query parameters; a name with several values (`property`) stands several times."""

T = TypeVar("T")
Take: TypeAlias = Callable[[Any, int, str], T]
"""What is made of an item, by its place in its page (from 0) and the request id of that page."""

READINGS: Final = 5
"""So often a list that changes while it is read is read from its beginning."""


class Told(Protocol):
    """An answer."""

    @property
    def body(self) -> Any:
        """Its JSON."""

    @property
    def request_id(self) -> str:
        """Adobe's id of the request."""


class Asks(Protocol):
    """What the pages need of the client."""

    destination: str
    base_url: str

    def ask(self, path: str, params: Params = ()) -> Told:
        """The answer at `path`."""


def as_it_is(item: Any, _place: int, _request_id: str) -> Any:
    return item


def as_pairs(params: Params) -> list[tuple[str, str]]:
    pairs = params.items() if isinstance(params, Mapping) else params
    return [(name, str(each)) for name, value in pairs for each in _each(value)]


def _each(value: Value | Sequence[Value]) -> Sequence[Value]:
    return (value,) if isinstance(value, str | int) else value


class LinkedPages(Generic[T]):
    """Pages that name the next one in `_links.next.href`. A cursor is a page's query."""

    def __init__(self, client: Asks, path: str, params: Params, take: Take[T]) -> None:
        self._client = client
        self._path = path
        self._asked = as_pairs(params)
        self._take = take

    @property
    def first(self) -> str:
        return _query(self._asked)

    def read_page(self, cursor: str) -> Page[Mapping[str, Any]]:
        answer, _ = self._read(cursor)
        return Page([answer], self._next(answer))

    def read_items(self, cursor: str) -> Page[T]:
        answer, request_id = self._read(cursor)
        return Page(_taken(self._take, answer["items"], request_id), self._next(answer))

    def _read(self, cursor: str) -> tuple[Mapping[str, Any], str]:
        told = self._client.ask(self._path, parse_qsl(cursor, keep_blank_values=True))
        return _as_list(told, self._client, self._path), told.request_id

    def _next(self, answer: Mapping[str, Any]) -> str | None:
        links = answer.get("_links") or {}
        following = links.get("next") if isinstance(links, Mapping) else links
        href = following.get("href") if isinstance(following, Mapping) else following
        if href is None or href == "":
            return None
        if not isinstance(href, str):
            raise _unsupported(self._client, self._path, "the link to the next page is no address")
        return _query(self._beside_filters(self._own_query(href)))

    def _own_query(self, href: str) -> str:
        """The query of a link to this very list. No token is sent anywhere else."""
        try:
            link, base = urlsplit(href), urlsplit(self._client.base_url)
            usual = {"https": 443, "http": 80}.get(base.scheme)  # a port that may be left out
            ours, theirs = ((one.hostname, one.port or usual) for one in (base, link))
            is_elsewhere = bool(link.netloc) and ours != theirs
        except ValueError:
            raise _unsupported(self._client, self._path, "the link to the next page is no address") from None
        if is_elsewhere or link.scheme not in ("", "http", "https"):
            raise _unsupported(self._client, self._path, "the next page lies on another host; it is not asked for")
        path = link.path.rstrip("/")
        # Adobe's links begin at the service, not at the host: `/runs?continuationToken=…`.
        if path and not f"{base.path}{self._path}".rstrip("/").endswith(f"/{path.lstrip('/')}"):
            raise _unsupported(self._client, self._path, "the next page is one of another list")
        return link.query

    def _beside_filters(self, query: str) -> list[tuple[str, str]]:
        """The link's parameters, and those asked for that it does not repeat."""
        asked = {name for name, _ in self._asked}
        linked = []
        for part in filter(None, query.split("&")):
            name, _, value = part.partition("=")
            # A plus in a continuation token is a plus (they are base64, and not always encoded).
            linked.append((name := unquote_plus(name), unquote_plus(value) if name in asked else unquote(value)))
        named = {name for name, _ in linked}
        return linked + [(name, value) for name, value in self._asked if name not in named]


class NumberedPages(Generic[T]):
    """Pages by `start` and `limit`. A cursor is `<reading>:<start>`.

    Numbers shift when something is added or removed in front meanwhile (Netflix/metaflow-service#464): where
    `total` changes, or more or less came than it says, the list is read again from its beginning, and what was
    given already is not given again. A count that is the same in two readings is taken for the server's way
    of counting. Holds the ids, not the items.
    """

    def __init__(self, client: Asks, path: str, params: Params, limit: int, take: Take[T]) -> None:
        self._client = client
        self._take = take
        self._path = path
        self._asked = [(name, value) for name, value in as_pairs(params) if name not in ("start", "limit")]
        self._limit = limit
        self._given: set[str] = set()  # over all readings
        self._seen: set[str] = set()  # in this reading
        self._totals: set[object] = set()  # said in this reading
        self._earlier: tuple[int, frozenset[object]] | None = None  # how the reading before came out

    first: Final = "1:0"

    def read_page(self, cursor: str) -> Page[T]:
        reading, start = map(int, cursor.split(":"))
        numbers = [("start", str(start)), ("limit", str(self._limit))]
        told = self._client.ask(self._path, [*self._asked, *numbers])
        answer = _as_list(told, self._client, self._path)
        items, info = answer["items"], answer.get("pageInfo")
        total, more = self._read_info(info if isinstance(info, Mapping) else {}, start, len(items))
        if start == 0:
            self._seen, self._totals = set(), set()
        names = [_identity(item) for item in items]
        fresh = not self._seen.issuperset(names)
        same = total in self._totals
        self._seen.update(names)
        self._totals.add(total)
        if more and not fresh and (same or not items):
            raise _unsupported(self._client, self._path, "the server says there is more and gives nothing new")
        following = f"{reading}:{start + len(items)}" if more else self._next_reading(reading)
        return Page(_taken(self._take, list(self._not_given(names, items)), told.request_id), following)

    def _read_info(self, info: Mapping[str, Any], start: int, count: int) -> tuple[int | None, bool]:
        total = info.get("total")
        total = total if isinstance(total, int) and not isinstance(total, bool) else None
        more = info.get("hasNext")
        if not isinstance(more, bool):
            more = start + count < total if total is not None else count >= self._limit
        return total, more

    def _next_reading(self, reading: int) -> str | None:
        """None if what was read is whole."""
        outcome = (len(self._seen), frozenset(self._totals))
        is_steady = len(self._totals) == 1
        if is_steady and (self._totals in ({None}, {len(self._seen)}) or outcome == self._earlier):
            return None
        if reading >= READINGS:
            raise _error(Unreachable, self._client, self._path, "the list does not stop changing while it is read")
        self._earlier = outcome
        return f"{reading + 1}:0"

    def _not_given(self, names: Sequence[str], items: Sequence[Any]) -> Iterator[Any]:
        for name, item in zip(names, items, strict=True):
            if name not in self._given:
                self._given.add(name)
                yield item


def _identity(item: Any) -> str:
    """What tells an item from all others: its id, or all of it."""
    number = item.get("id") if isinstance(item, Mapping) else None
    return f"id:{number}" if isinstance(number, str | int) else json.dumps(item, sort_keys=True)


def _query(pairs: Sequence[tuple[str, str]]) -> str:
    """One spelling for one page, whatever the order: a page that points to itself is seen by it."""
    return urlencode(sorted(pairs, key=lambda pair: pair[0]), quote_via=quote)


def _taken(take: Take[T], items: Sequence[Any], request_id: str) -> list[T]:
    return [take(item, place, request_id) for place, item in enumerate(items)]


def _as_list(told: Told, client: Asks, path: str) -> Mapping[str, Any]:
    answer = told.body
    if not isinstance(answer, Mapping) or not isinstance(answer.get("items"), list):
        raise _unsupported(client, path, "the answer is no list: it has no items", told.request_id)
    return answer


def _unsupported(client: Asks, path: str, reason: str, request_id: str = "") -> DestinationError:
    return _error(Unsupported, client, path, reason, request_id)


def _error(
    kind: type[DestinationError], client: Asks, path: str, reason: str, request_id: str = ""
) -> DestinationError:
    return kind(reason, destination=client.destination, operation="GET", key=path, request_id=request_id)
