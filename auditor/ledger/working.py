"""Who works on what, when it was last done, and what was watched meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from auditor.incident_model import Span
from auditor.ledger.database import Database
from auditor.ledger.service_schema import configurations, leases, loops, watch_spans
from auditor.ledger.sql import insert_into, next_id

__all__ = ["Loop", "UsedConfiguration", "WorkingRecords"]


@dataclass(frozen=True, slots=True)
class Loop:
    """When a piece of work was last begun, done, and failed."""

    thing: str
    began_at: datetime
    done_at: datetime | None  # the last time it ended well
    failed_at: datetime | None  # the last time it did not
    trouble: str  # what the newest failure said; "" after it ended well

    @property
    def was_cut_off(self) -> bool:
        """Whether it was begun and has not ended: it goes on, or its process was killed, or had to hand it back."""
        return all(end is None or end < self.began_at for end in (self.done_at, self.failed_at))


@dataclass(frozen=True, slots=True)
class UsedConfiguration:
    """A configuration that the service worked by, for as long as it did without another between."""

    hash: str
    tool_version: str
    summary: Mapping[str, Any]
    first_used_at: datetime
    last_used_at: datetime


class WorkingRecords(Database):
    """Leases, loops, what was watched, and by which configuration."""

    def take_lease(self, thing: str, holder: str, *, now: datetime, span: timedelta) -> bool:
        """Have `thing` for `span`, unless another holder has it at `now`. Taking it again prolongs it.

        What is held for longer than twice the span was taken before a clock was set back, and holds nobody up.
        """
        return self._write(lambda connection: _take(connection, thing, holder, now, span))

    def give_back_lease(self, thing: str, holder: str) -> None:
        """Let others have `thing` at once. Nothing happens if `holder` no longer has it."""
        self._write(
            lambda connection: connection.execute(
                delete(leases).where(leases.c.thing == thing, leases.c.holder == holder)
            )
        )

    def drop_leases(self) -> None:
        """Let everything go, whoever has it. Only for who knows that nobody else is at work (SQLite, locked file)."""
        self._write(lambda connection: connection.execute(delete(leases)))

    def begin_loop(self, thing: str, at: datetime) -> None:
        """Keep that work on `thing` begins."""
        row = {"thing": thing, "began_at": at, "done_at": None, "failed_at": None, "trouble": ""}

        def keep(connection: Connection) -> None:
            statement = insert_into(connection, loops)
            connection.execute(
                statement.on_conflict_do_update(index_elements=[loops.c.thing], set_={"began_at": at}), row
            )

        self._write(keep)

    def finish_loop(self, thing: str, at: datetime, *, trouble: str = "") -> None:
        """Keep how work on `thing` ended: well, or with `trouble` (one line, without secrets)."""
        ended = {"failed_at": at, "trouble": trouble} if trouble else {"done_at": at, "trouble": ""}
        self._write(lambda connection: connection.execute(update(loops).where(loops.c.thing == thing).values(ended)))

    def read_loops(self) -> dict[str, Loop]:
        """All work that was ever begun, by thing."""
        with self._reading() as connection:
            rows = connection.execute(select(loops).order_by(loops.c.thing))
            return {row.thing: Loop(row.thing, row.began_at, row.done_at, row.failed_at, row.trouble) for row in rows}

    def record_watching(self, thing: str, at: datetime, *, gap: timedelta) -> None:
        """Keep that `thing` was looked at. A hole longer than `gap` since the last time was not watched."""
        self._write(lambda connection: _watch(connection, thing, at, gap))

    def watch_spans(self, *, since: datetime, until: datetime) -> list[Span]:
        """What was watched at any time of [since, until], by thing and time; spans are not cut to it."""
        c = watch_spans.c
        query = select(watch_spans).where(c.ended >= since, c.began <= until).order_by(c.thing, c.began)
        with self._reading() as connection:
            return [Span(row.thing, row.began, row.ended) for row in connection.execute(query)]

    def first_watched_at(self) -> datetime | None:
        """When the service first looked at anything; None: never."""
        with self._reading() as connection:
            return connection.execute(select(func.min(watch_spans.c.began))).scalar()

    def record_configuration(self, hash_: str, *, tool_version: str, summary: Mapping[str, Any], at: datetime) -> None:
        """Keep that the service works by this configuration at `at`."""
        self._write(lambda connection: _use(connection, hash_, tool_version, summary, at))

    def configurations(self, *, since: datetime, until: datetime) -> list[UsedConfiguration]:
        """Those in use at any time of [since, until], oldest first."""
        c = configurations.c
        query = select(configurations).where(c.last_used_at >= since, c.first_used_at <= until).order_by(c.id)
        with self._reading() as connection:
            return [
                UsedConfiguration(row.hash, row.tool_version, row.summary, row.first_used_at, row.last_used_at)
                for row in connection.execute(query)
            ]


def _take(connection: Connection, thing: str, holder: str, now: datetime, span: timedelta) -> bool:
    c = leases.c
    row = connection.execute(select(leases).where(c.thing == thing)).first()
    if row is not None and row.holder != holder and now < row.until <= now + 2 * span:
        return False
    if row is None:
        connection.execute(leases.insert(), {"thing": thing, "holder": holder, "since": now, "until": now + span})
        return True
    since = row.since if row.holder == holder else now
    connection.execute(update(leases).where(c.thing == thing).values(holder=holder, since=since, until=now + span))
    return True


def _watch(connection: Connection, thing: str, at: datetime, gap: timedelta) -> None:
    c = watch_spans.c
    last = connection.execute(select(watch_spans).where(c.thing == thing).order_by(c.began.desc()).limit(1)).first()
    if last is None or at - last.ended > gap:
        connection.execute(watch_spans.insert(), {"thing": thing, "began": at, "ended": at})
    elif at > last.ended:
        connection.execute(update(watch_spans).where(c.thing == thing, c.began == last.began).values(ended=at))


def _use(connection: Connection, hash_: str, tool_version: str, summary: Mapping[str, Any], at: datetime) -> None:
    c = configurations.c
    last = connection.execute(select(configurations).order_by(c.id.desc()).limit(1)).first()
    if last is not None and (last.hash, last.tool_version) == (hash_, tool_version):
        connection.execute(
            update(configurations).where(c.id == last.id).values(last_used_at=max(at, last.last_used_at))
        )
        return
    row = {"hash": hash_, "tool_version": tool_version, "summary": dict(summary)}
    moments = {"first_used_at": at, "last_used_at": at}
    connection.execute(configurations.insert(), {**row, **moments, "id": next_id(connection, configurations)})
