"""A listing in pages that can be asked again after a failure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from adapters.base import Unsupported

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page. `next` is None only where the provider itself says that the listing is complete."""

    items: Sequence[T]
    next: str | None


class PagedListing(Iterator[T]):
    """Yields the items of all pages; after an error, `next()` goes on at the very page that failed.

    So a retry neither repeats nor loses a key. A generator could not promise that: it is over once it
    has raised, and asking it again would make a cut listing look whole.
    """

    def __init__(self, read_page: Callable[[str], Page[T]], first: str, *, destination: str, prefix: str) -> None:
        self._read_page = read_page
        self._cursor: str | None = first
        self._items: Iterator[T] = iter(())
        self._destination = destination
        self._prefix = prefix
        self._pages = 0
        self._milestone = first  # Brent's cycle search: constant memory however long the listing

    def __next__(self) -> T:
        while True:
            for item in self._items:
                return item
            if self._cursor is None:
                raise StopIteration
            page = self._read_page(self._cursor)
            self._refuse_circle(page.next)
            self._cursor = page.next
            self._items = iter(page.items)

    def _refuse_circle(self, cursor: str | None) -> None:
        if cursor is not None and cursor in (self._cursor, self._milestone):
            raise Unsupported(
                "the pages of the listing go in a circle: the server gave a continuation token for the second time",
                destination=self._destination,
                operation="list",
                key=self._prefix,
            )
        self._pages += 1
        if cursor is not None and self._pages & (self._pages - 1) == 0:
            self._milestone = cursor
