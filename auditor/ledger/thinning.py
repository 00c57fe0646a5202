"""Audits that said nothing new, of which the service makes hundreds a day: two a day and kind stay."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, select

from auditor.ledger.pages import ENTRY, read_pages
from auditor.ledger.schema import audits, file_checks, findings, pages, unverifiable, verdicts
from auditor.ledger.service_schema import period_reports, watch_spans
from auditor.ledger.sql import chunks
from auditor.ledger.types import to_json

__all__ = ["Thinning"]

KEPT_WHOLE = timedelta(days=3)
PLACE = "place:"  # begins what the service calls its looks at a destination
SETS = (audits.c.verdict_set, audits.c.finding_set, audits.c.unverifiable_set)  # pages that name pages
SINGLE = (audits.c.watched, audits.c.looks, audits.c.coverage, audits.c.endings)
REFERRING = (
    verdicts.c.audit,
    verdicts.c.superseded_by,
    findings.c.first_audit,
    findings.c.last_audit,
    unverifiable.c.first_audit,
    unverifiable.c.last_audit,
)


class Thinning:
    """One pass at `now`.

    The last of each day stays, so that what was known at its end can be read for ever; the first, so that from when on
    a configuration was worked by is the same for ever. What is said of a closed period rests on these alone.
    """

    def __init__(self, now: datetime) -> None:
        self._before = (now - KEPT_WHOLE).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self._named: dict[bytes, frozenset[bytes]] = {}  # by page with a set: the pages it names, for ever

    def find(self, connection: Connection) -> list[int]:
        """Finished audits that may go if nothing refers to them: all but the first and last of a day, kind and
        configuration.

        Those from before the service first looked there stay: they alone say when it was looked at.
        """
        served = _served_since(connection)
        c = audits.c
        columns = (c.id, c.now, c.options, c.config_hash, c.tool_version)
        query = select(*columns).where(c.finished_at.is_not(None), c.now < self._before).order_by(c.now, c.id)
        first: set[tuple[object, ...]] = set()
        last: dict[tuple[object, ...], int] = {}
        found: list[int] = []
        for number, now, options, *used in connection.execute(query):
            since = _served_by(options, served)
            if since is None or now <= since:
                continue
            kind = (now.astimezone(UTC).date(), *used, _kind(options))
            if kind not in first:
                first.add(kind)
                continue
            if kind in last:
                found.append(last[kind])
            last[kind] = number
        return found

    def let_go(self, connection: Connection, audits_: Sequence[int]) -> Mapping[str, int]:
        """Delete those of `audits_` that nothing refers to, with the pages that are then nobody's."""
        referred = {
            number
            for column in REFERRING
            for number in connection.execute(select(column).where(column.in_(audits_)).distinct()).scalars()
        }
        going = sorted({*audits_} - referred)
        query = select(*SETS, *SINGLE).where(audits.c.id.in_(going))
        rows = connection.execute(query).all()
        theirs = self._pages_of(connection, [(row[: len(SETS)], row[len(SETS) :]) for row in rows])
        connection.execute(delete(audits).where(audits.c.id.in_(going)))
        return {"audits": len(going), "pages": self._sweep(connection, theirs) if theirs else 0}

    def _sweep(self, connection: Connection, pages_: set[bytes]) -> int:
        sets, single = ([*_distinct(connection, columns)] for columns in (SETS, SINGLE))
        orphans = pages_ - self._pages_of(connection, [(sets, single)])
        for column in (file_checks.c.schema_page, period_reports.c.body):
            for some in chunks(sorted(orphans)):
                orphans -= {bytes(one) for one in connection.execute(select(column).where(column.in_(some))).scalars()}
        return sum(
            connection.execute(delete(pages).where(pages.c.page.in_(some))).rowcount for some in chunks(sorted(orphans))
        )

    def _pages_of(
        self, connection: Connection, rows: Iterable[tuple[Sequence[bytes | None], Sequence[bytes | None]]]
    ) -> set[bytes]:
        """All pages that these sets and single pages are made of, themselves included."""
        sets, found = set[bytes](), set[bytes]()
        for some, single in rows:
            sets |= {bytes(one) for one in some if one}
            found |= {bytes(one) for one in single if one}
        unread = sets - self._named.keys()
        for root, body in read_pages(connection, unread).items():
            self._named[root] = frozenset(name for _, name in ENTRY.iter_unpack(body))
        return found | sets | {name for root in sets for name in self._named.get(root, ())}


def _distinct(connection: Connection, columns: Iterable[Any]) -> Iterable[bytes]:
    for column in columns:
        yield from connection.execute(select(column).where(column.is_not(None)).distinct()).scalars()


def _served_since(connection: Connection) -> Mapping[str, datetime]:
    """By destination: since when the service looks at it."""
    c = watch_spans.c
    query = select(c.thing, func.min(c.began)).group_by(c.thing)
    return {thing.removeprefix(PLACE): began for thing, began in connection.execute(query) if thing.startswith(PLACE)}


def _served_by(options: Mapping[str, Any], served: Mapping[str, datetime]) -> datetime | None:
    """Since when the service makes audits of this kind; None: it does not."""
    if options.get("destination"):
        return served.get(options["destination"])
    return max(served.values(), default=None)


def _kind(options: Mapping[str, Any]) -> str:
    """What an audit looked at. Since when it judged moves on with it where it looks at what is recent."""
    return to_json({name: value for name, value in options.items() if name != "since" or not options.get("recent")})
