"""The last listing of each prefix, object by object: what a repeat audit need not ask the destination again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from auditor.ledger.database import Database
from auditor.ledger.schema import listing_parts, listings
from auditor.ledger.sql import insert_into
from auditor.ledger.types import identity_of
from auditor.scan import Listing, Part

__all__ = ["KeptListing", "ListingRecords"]


@dataclass(frozen=True, slots=True)
class KeptListing:
    """What is remembered of one prefix."""

    shape: str  # of the configuration it was listed for
    looked_at: datetime  # last, in full or in part
    fully_at: datetime  # last in full
    revision: int
    parts: tuple[Part, ...]


class ListingRecords(Database):
    """Listings between audits."""

    def record_listing(self, destination: str, listing: Listing, *, shape: str, at: datetime) -> bool:
        """Keep what `listing`, made at `at`, gave, in place of what was kept of its prefix.

        A listing in part stands on what was recalled for it: where another audit has written meanwhile, that one's
        stays, and the answer is False.
        """
        return self._write(lambda connection: _keep(connection, destination, listing, shape, at))

    def recall_listing(self, destination: str, prefix: str) -> KeptListing | None:
        """What is remembered of `prefix`; None if nothing is."""
        place = identity_of(destination, prefix)
        c = listing_parts.c
        with self._reading() as connection:
            row = connection.execute(select(listings).where(listings.c.listing == place)).first()
            if row is None:
                return None
            query = select(c.first, c.last, c.newest, c.objects, c.body).where(c.listing == place).order_by(c.number)
            rows = connection.execute(query)
            parts = tuple(Part(r.first, r.last, r.newest, r.objects, bytes(r.body)) for r in rows)
        return KeptListing(row.shape, row.looked_at, row.fully_at, row.revision, parts)

    def kept_listings(self, destination: str) -> list[str]:
        """The prefixes of which a listing is remembered."""
        c = listings.c
        with self._reading() as connection:
            return list(connection.execute(select(c.prefix).where(c.destination == destination)).scalars())

    def forget_listing(self, destination: str, prefix: str) -> None:
        """Let the next audit list `prefix` in full."""
        place = identity_of(destination, prefix)
        self._write(lambda connection: _forget(connection, place))


def _keep(connection: Connection, destination: str, listing: Listing, shape: str, at: datetime) -> bool:
    if listing.parts is None:
        return False
    c = listings.c
    place = identity_of(destination, listing.prefix)
    revision = connection.execute(select(c.revision).where(c.listing == place)).scalar() or 0
    if listing.start_at and revision != listing.revision:
        return False
    row = {
        "listing": place,
        "destination": destination,
        "prefix": listing.prefix,
        "shape": shape,
        "looked_at": at,
        "fully_at": listing.fully_at or at,
        "revision": revision + 1,
    }
    statement = insert_into(connection, listings)
    changed = {name: statement.excluded[name] for name in ("shape", "looked_at", "fully_at", "revision")}
    connection.execute(statement.on_conflict_do_update(index_elements=[c.listing], set_=changed), row)
    _keep_parts(connection, place, listing.parts, after=listing.kept)
    return True


def _keep_parts(connection: Connection, place: bytes, parts: Sequence[Part], *, after: int) -> None:
    """Parts from number `after` on become `parts`; those that are the same are not written again."""
    c = listing_parts.c
    mine = (c.listing == place, c.number >= after)
    known = {number: bytes(body) for number, body in connection.execute(select(c.number, c.body).where(*mine))}
    rows: list[dict[str, Any]] = [
        {
            "listing": place,
            "number": number,
            "first": part.first,
            "last": part.last,
            "newest": part.newest,
            "objects": part.count,
            "body": part.body,
        }
        for number, part in enumerate(parts, after)
        if known.get(number) != part.body
    ]
    if rows:
        statement = insert_into(connection, listing_parts)
        changed = {name: statement.excluded[name] for name in ("first", "last", "newest", "objects", "body")}
        connection.execute(statement.on_conflict_do_update(index_elements=[c.listing, c.number], set_=changed), rows)
    connection.execute(delete(listing_parts).where(c.listing == place, c.number >= after + len(parts)))


def _forget(connection: Connection, place: bytes) -> None:
    connection.execute(delete(listing_parts).where(listing_parts.c.listing == place))
    connection.execute(delete(listings).where(listings.c.listing == place))
