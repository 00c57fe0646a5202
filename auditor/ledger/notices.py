"""The outbox: what people are to be told, written with the events it tells of, sent later and at least once.

A try is written down before it is sent and its outcome after: a crash between the two sends the notice once more, with
the same key.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select, update

from auditor.incident_model import Event, EventKind, Incident, IncidentKey, Message, Notice, NoticeState, Silence
from auditor.ledger.database import Database
from auditor.ledger.incidents import read_event, read_incidents, read_silence
from auditor.ledger.service_schema import incident_events, incidents, notices, silences
from auditor.ledger.sql import chunks, insert_into, next_id
from auditor.model import Severity

__all__ = ["NoticeHead", "NoticeRecords", "Telling", "Untold", "group_key"]

FORMS = ("title", "plain", "markdown", "html", "short")
_HEAD = (
    "id",
    "key",
    "dedup",
    "kind",
    "route",
    "channel",
    "severity",
    "labels",
    "incidents",
    "starts_at",
    "created_at",
    "next_at",
)
_FATE = ("state", "tries", "reason", "began_at", "sent_at", "instead_of")


@dataclass(frozen=True, slots=True)
class NoticeHead:
    """A notice without its message."""

    id: int
    key: str
    dedup: str
    kind: EventKind | None
    route: str
    channel: str
    severity: Severity
    labels: Mapping[str, str]
    incidents: frozenset[int]
    starts_at: datetime | None
    created_at: datetime
    next_at: datetime
    state: NoticeState
    tries: int
    reason: str
    began_at: datetime | None  # of the newest try
    sent_at: datetime | None
    instead_of: str


@dataclass(frozen=True, slots=True)
class Untold:
    """What telling starts from. `incidents`: the live ones and those of the waiting events, by number."""

    waiting: tuple[Event, ...]  # oldest first
    incidents: Mapping[int, Incident]
    silences: tuple[Silence, ...]
    told: tuple[NoticeHead, ...]  # of the groups of these incidents, since the oldest of them opened; oldest first


@dataclass(frozen=True, slots=True)
class Telling:
    """What telling makes of it: notices to send, and the events whose state or reason changes."""

    notices: Sequence[Notice] = ()
    events: Sequence[Event] = ()


def group_key(key: IncidentKey) -> str:
    """The deduplication key of all incidents of one flow and cause."""
    return replace(key, dataset="").text


class NoticeRecords(Database):
    """What is sent to whom, and what became of it."""

    def read_untold(self) -> Untold:
        """What `tell` would give to its `work` now, outside of a writing transaction."""
        with self._reading() as connection:
            return _untold(connection)

    def tell(self, work: Callable[[Untold], Telling]) -> int:
        """Carry out what `work` makes of what is untold, in one transaction. Gives the number of notices written.

        `work` may be called again if the database undid the first. A notice whose key is known is not written twice.
        """
        return self._write(lambda connection: _tell(connection, work))

    def add_notices(self, given: Sequence[Notice]) -> int:
        """Put notices into the outbox that no event asks for: a report, a test. Gives how many were new."""
        return self._write(lambda connection: _add(connection, given))

    def due_notices(self, now: datetime, limit: int = 500) -> list[Notice]:
        """Those to be sent at `now`, the longest waiting first."""
        c = notices.c
        waiting = (c.state == NoticeState.WAITING.value, c.next_at <= now)
        query = select(notices).where(*waiting).order_by(c.next_at, c.id).limit(limit)
        with self._reading() as connection:
            return [read_notice(row) for row in connection.execute(query)]

    def next_notice_at(self) -> datetime | None:
        """When the next waiting notice is due; None: none waits."""
        c = notices.c
        with self._reading() as connection:
            query = select(func.min(c.next_at)).where(c.state == NoticeState.WAITING.value)
            return connection.execute(query).scalar()

    def begin_sending(self, number: int, at: datetime, *, again_at: datetime) -> bool:
        """Write down that a try begins. False: another has begun meanwhile, or it is no longer to be sent.

        If nothing is heard of this try, the next one may begin at `again_at`.
        """
        c = notices.c
        mine = (c.id == number, c.state == NoticeState.WAITING.value, c.next_at <= at)
        begun = update(notices).where(*mine).values(began_at=at, tries=c.tries + 1, next_at=again_at)
        return bool(self._write(lambda connection: connection.execute(begun).rowcount == 1))

    def finish_sending(
        self,
        number: int,
        *,
        state: NoticeState,
        reason: str,
        at: datetime,
        next_at: datetime | None = None,
        instead: Notice | None = None,
    ) -> None:
        """Write down how it ended: sent, dropped, or to be tried again at `next_at`; always with the reason.

        `instead`: a notice that goes another way from now on, written in the same transaction.
        """
        values: dict[str, Any] = {"state": state.value, "reason": reason}
        values |= {"sent_at": at} if state is NoticeState.SENT else {}
        values |= {"next_at": next_at} if next_at is not None else {}
        waiting = (notices.c.id == number, notices.c.state == NoticeState.WAITING.value)

        def keep(connection: Connection) -> None:
            changed = connection.execute(update(notices).where(*waiting).values(values)).rowcount
            if changed and instead is not None:
                _add(connection, [instead])

        self._write(keep)

    def list_notices(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        channel: str = "",
        incident: int | None = None,
        limit: int = 1000,
    ) -> list[Notice]:
        """Those written in [since, until], newest first."""
        c = notices.c
        query = select(notices).order_by(c.id.desc())
        if since is not None:
            query = query.where(c.created_at >= since)
        if until is not None:
            query = query.where(c.created_at <= until)
        if channel:
            query = query.where(c.channel == channel)
        with self._reading() as connection:
            if incident is None:
                return [read_notice(row) for row in connection.execute(query.limit(limit))]
            about = query.where(c.dedup == _group_of(connection, incident))
            return [read_notice(row) for row in connection.execute(about) if incident in row.incidents][:limit]

    def notices_of(self, incident: int) -> list[Notice]:
        """All that tell of one incident, oldest first."""
        return self.list_notices(incident=incident, limit=10_000)[::-1]

    def earlier_notices(self, channel: str, dedup: str) -> list[NoticeHead]:
        """Those sent to `channel` of one group since it was last told of an end, oldest first."""
        c = notices.c
        mine = (c.channel == channel, c.dedup == dedup, c.state == NoticeState.SENT.value)
        ended = select(func.max(c.id)).where(*mine, c.kind == EventKind.RECOVERED.value)
        with self._reading() as connection:
            after = connection.execute(ended).scalar() or 0
            rows = connection.execute(_heads().where(*mine, c.id > after).order_by(c.id))
            return [_head(row) for row in rows]

    def going_on(self, channel: str) -> list[Notice]:
        """The newest notice of each group that `channel` was told of, and whose incidents are not all over."""
        c = notices.c
        newest = select(func.max(c.id)).where(c.channel == channel, c.state == NoticeState.SENT.value).group_by(c.dedup)
        shown = (EventKind.OPENED.value, EventKind.WORSENED.value, EventKind.JOINED.value, EventKind.REMINDER.value)
        query = select(notices).where(c.id.in_(newest), c.kind.in_(shown)).order_by(c.id)
        with self._reading() as connection:
            live = set(connection.execute(select(incidents.c.number).where(incidents.c.closed_at.is_(None))).scalars())
            return [read_notice(row) for row in connection.execute(query) if live & set(row.incidents)]

    def failing_notices(self) -> list[NoticeHead]:
        """Those that were tried in vain since the last one that their channel delivered, oldest first."""
        c = notices.c
        sent = (
            select(c.channel.label("name"), func.max(c.sent_at).label("at"))
            .where(c.state == NoticeState.SENT.value)
            .group_by(c.channel)
            .subquery()
        )
        query = _heads().outerjoin(sent, sent.c.name == c.channel).where(c.state != NoticeState.SENT.value, c.tries > 0)
        query = query.where(or_(sent.c.at.is_(None), c.began_at > sent.c.at))
        with self._reading() as connection:
            return [_head(row) for row in connection.execute(query.order_by(c.id))]

    def count_notices(self) -> dict[tuple[str, str], int]:
        """How many there are by channel and state."""
        c = notices.c
        with self._reading() as connection:
            rows = connection.execute(select(c.channel, c.state, func.count()).group_by(c.channel, c.state))
            return {(channel, state): count for channel, state, count in rows}


def _tell(connection: Connection, work: Callable[[Untold], Telling]) -> int:
    telling = work(_untold(connection))
    c = incident_events.c
    for event in telling.events:
        became = {"state": event.state.value, "reason": event.reason, "settled_at": event.settled_at}
        connection.execute(update(incident_events).where(c.id == event.id, c.settled_at.is_(None)).values(became))
    return _add(connection, telling.notices)


def _untold(connection: Connection) -> Untold:
    c = incidents.c
    events = select(incident_events).where(incident_events.c.settled_at.is_(None)).order_by(incident_events.c.id)
    waiting = tuple(read_event(row) for row in connection.execute(events))
    of_events = select(incident_events.c.number).where(incident_events.c.settled_at.is_(None))
    concerned = select(incidents).where(or_(c.closed_at.is_(None), c.number.in_(of_events))).order_by(c.number)
    found = {one.number: one for one in read_incidents(connection, connection.execute(concerned).all())}
    held = connection.execute(select(silences).order_by(silences.c.id))
    return Untold(waiting, found, tuple(read_silence(row) for row in held), _told(connection, found.values()))


def _told(connection: Connection, about: Iterable[Incident]) -> tuple[NoticeHead, ...]:
    opened: dict[str, datetime] = {}
    for one in about:
        group = group_key(one.key)
        opened[group] = min(one.opened_at, opened.get(group, one.opened_at))
    found: list[NoticeHead] = []
    for some in chunks(opened, 500):
        mine = (notices.c.dedup.in_(some), notices.c.created_at >= min(opened[group] for group in some))
        found += [_head(row) for row in connection.execute(_heads().where(*mine))]
    return tuple(sorted(found, key=lambda one: one.id))


def _add(connection: Connection, given: Sequence[Notice]) -> int:
    free, written = next_id(connection, notices), 0
    for notice in given:
        unknown = insert_into(connection, notices).on_conflict_do_nothing(index_elements=[notices.c.key])
        row = {"id": free, **_row(notice)}
        if connection.execute(unknown.returning(notices.c.id), row).first() is not None:
            free, written = free + 1, written + 1
    return written


def _group_of(connection: Connection, number: int) -> str:
    c = incidents.c
    row = connection.execute(select(c.code, c.flow, c.destination).where(c.number == number)).first()
    return group_key(IncidentKey(row.code, row.flow, "", row.destination)) if row else ""


def _heads() -> Select[Any]:
    return select(*(notices.c[name] for name in (*_HEAD, *_FATE)))


def _head(row: Row[Any]) -> NoticeHead:
    told = {
        "kind": EventKind(row.kind) if row.kind else None,
        "severity": Severity(row.severity),
        "incidents": frozenset(row.incidents),
        "state": NoticeState(row.state),
    }
    return NoticeHead(**{**row._asdict(), **told})


def _row(notice: Notice) -> dict[str, Any]:
    return {
        "key": notice.key,
        "dedup": notice.dedup,
        "kind": notice.kind.value if notice.kind else None,
        "route": notice.route,
        "channel": notice.channel,
        "severity": notice.severity.value,
        "message": {name: getattr(notice.message, name) for name in FORMS},
        "labels": dict(notice.labels),
        "incidents": [*notice.incidents],
        "starts_at": notice.starts_at,
        "ends_at": notice.ends_at,
        "created_at": notice.created_at,
        "next_at": notice.next_at,
        "tries": notice.tries,
        "state": notice.state.value,
        "reason": notice.reason,
        "began_at": notice.sent_at,
        "sent_at": notice.sent_at,
        "instead_of": notice.instead_of,
    }


def read_notice(row: Row[Any]) -> Notice:
    """The notice that a row of `notices` holds."""
    return Notice(
        id=row.id,
        key=row.key,
        dedup=row.dedup,
        kind=EventKind(row.kind) if row.kind else None,
        route=row.route,
        channel=row.channel,
        severity=Severity(row.severity),
        message=Message(**{name: row.message[name] for name in FORMS}),
        labels=dict(row.labels),
        incidents=tuple(row.incidents),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        created_at=row.created_at,
        next_at=row.next_at,
        tries=row.tries,
        state=NoticeState(row.state),
        reason=row.reason,
        sent_at=row.sent_at,
        instead_of=row.instead_of,
    )
