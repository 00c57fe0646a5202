"""Incidents, what happened to them, who acknowledged or accepted them, and silences.

An update reads what is live and writes what became of it in one transaction, events included: several services on one
ledger make one incident, and a crash leaves all of it or nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from auditor.incident_model import (
    Closing,
    Event,
    EventKind,
    EventState,
    Incident,
    IncidentKey,
    IncidentState,
    Match,
    Member,
    Signed,
    Silence,
)
from auditor.incidents import Changes, Known
from auditor.ledger.database import Database
from auditor.ledger.errors import LedgerError
from auditor.ledger.service_schema import acceptances, incident_events, incident_members, incidents, silences
from auditor.ledger.sql import chunks, insert_into, next_id
from auditor.ledger.types import from_text, identity_of, micros, to_text
from auditor.model import Severity

__all__ = ["IncidentRecords", "read_event", "read_incidents", "read_silence"]


class IncidentRecords(Database):
    """What people are told about."""

    def live_incidents(self) -> list[Incident]:
        """Those that are suspected or open, by number."""
        with self._reading() as connection:
            return _live(connection)

    def incident(self, number: int) -> Incident | None:
        """One incident, whatever became of it."""
        with self._reading() as connection:
            rows = connection.execute(select(incidents).where(incidents.c.number == number)).all()
            return next(read_incidents(connection, rows), None)

    def list_incidents(
        self, *, since: datetime | None = None, until: datetime | None = None, open_only: bool = False
    ) -> list[Incident]:
        """Those that lasted at any time of [since, until], newest first, without what was only suspected and passed."""
        c = incidents.c
        query = select(incidents).where(or_(c.closing.is_(None), c.closing != Closing.BLIP.value))
        if since is not None:
            query = query.where(or_(c.closed_at.is_(None), c.closed_at >= since))
        if until is not None:
            query = query.where(c.opened_at <= until)
        if open_only:
            query = query.where(c.state == IncidentState.OPEN.value)
        with self._reading() as connection:
            return [*read_incidents(connection, connection.execute(query.order_by(c.number.desc())).all())]

    def last_incident(self, key: IncidentKey) -> Incident | None:
        """The newest of this key, live or not."""
        with self._reading() as connection:
            return _last(connection, key)

    def update_incidents_with(self, work: Callable[[Known], Changes]) -> list[Incident]:
        """Carry out what `work` makes of what is known, in one transaction. Gives the new and changed ones."""
        return self._write(lambda connection: _update(connection, work))

    def waiting_events(self) -> list[Event]:
        """What happened and was neither told nor dropped yet, oldest first."""
        c = incident_events.c
        with self._reading() as connection:
            rows = connection.execute(select(incident_events).where(c.settled_at.is_(None)).order_by(c.id))
            return [read_event(row) for row in rows]

    def events_of(self, number: int) -> list[Event]:
        """All that happened to one incident, oldest first."""
        c = incident_events.c
        with self._reading() as connection:
            rows = connection.execute(select(incident_events).where(c.number == number).order_by(c.id))
            return [read_event(row) for row in rows]

    def events_between(self, since: datetime, until: datetime) -> list[Event]:
        """All that happened to any incident in [since, until], oldest first."""
        c = incident_events.c
        query = select(incident_events).where(c.at >= since, c.at <= until).order_by(c.id)
        with self._reading() as connection:
            return [read_event(row) for row in connection.execute(query)]

    def acknowledge(self, number: int, signed: Signed) -> None:
        """Keep that somebody looks after it. Raises LedgerError if there is no such live incident."""
        self._write(lambda connection: _sign(connection, number, "acknowledged", signed))

    def accept(self, number: int, signed: Signed) -> int:
        """Keep that it may stay as it is, and give the acceptance's number. Raises LedgerError as `acknowledge`."""

        def keep(connection: Connection) -> int:
            _sign(connection, number, "accepted", signed)
            row = {"id": next_id(connection, acceptances), "number": number}
            connection.execute(insert(acceptances), {**row, "by": signed.by, "why": signed.why, "at": signed.at})
            return row["id"]

        return self._write(keep)

    def add_silence(self, silence: Silence) -> int:
        """Keep a silence, and give its number."""

        def keep(connection: Connection) -> int:
            number = next_id(connection, silences)
            row = {
                "id": number,
                "matches": _dump_match(silence.match),
                "by": silence.by,
                "why": silence.why,
                "starts_at": silence.starts_at,
                "until": silence.until,
            }
            connection.execute(insert(silences), row)
            return number

        return self._write(keep)

    def end_silence(self, number: int, signed: Signed) -> None:
        """End a silence before its time. Raises LedgerError if there is none, or it was ended."""
        c = silences.c
        ended = update(silences).where(c.id == number, c.ended.is_(None)).values(ended=_dump_signed(signed))
        if self._write(lambda connection: connection.execute(ended).rowcount) != 1:
            raise LedgerError(f"ledger: there is no silence {number} that could be ended")

    def list_silences(self, *, now: datetime | None = None) -> list[Silence]:
        """All, oldest first; with `now`, those that hold then."""
        with self._reading() as connection:
            found = [read_silence(row) for row in connection.execute(select(silences).order_by(silences.c.id))]
        return [one for one in found if now is None or one.holds(now)]


def _live(connection: Connection) -> list[Incident]:
    query = select(incidents).where(incidents.c.closed_at.is_(None)).order_by(incidents.c.number)
    return [*read_incidents(connection, connection.execute(query).all())]


def _last(connection: Connection, key: IncidentKey) -> Incident | None:
    c = incidents.c
    query = select(incidents).where(c.incident == _identity(key)).order_by(c.number.desc()).limit(1)
    return next(read_incidents(connection, connection.execute(query).all()), None)


def _gaps(connection: Connection) -> dict[IncidentKey, dict[Member, int]]:
    m, c = incident_members.c, incidents.c
    query = select(c.code, c.flow, c.dataset, c.destination, m.due, m.key, m.number)
    found: dict[IncidentKey, dict[Member, int]] = {}
    for *whose, due, key, number in connection.execute(
        query.join(incidents, c.number == m.number).where(m.is_gap.is_(True))
    ):
        found.setdefault(IncidentKey(*whose), {})[Member(due, key)] = number
    return found


def _update(connection: Connection, work: Callable[[Known], Changes]) -> list[Incident]:
    live = _live(connection)
    changes = work(Known(tuple(live), _gaps(connection), lambda key: _last(connection, key)))
    for number, member in changes.filled:
        mine = (incident_members.c.number == number, incident_members.c.member == _member_identity(member))
        connection.execute(update(incident_members).where(*mine).values(is_gap=False))
    before = {incident.number: incident for incident in live}
    numbers = {incident.key: incident.number for incident in live}
    free = (connection.execute(select(func.max(incidents.c.number))).scalar() or 0) + 1
    kept: list[Incident] = []
    for incident in changes.incidents:
        if not incident.number:
            incident = incident.kept_as(free)
            free += 1
            connection.execute(insert(incidents), {"number": incident.number, **_row(incident)})
        else:
            connection.execute(update(incidents).where(incidents.c.number == incident.number).values(_row(incident)))
        numbers[incident.key] = incident.number
        _keep_members(connection, incident, before.get(incident.number))
        kept.append(incident)
    _keep_causes(connection, changes.causes, numbers, {incident.number: incident.cause for incident in live})
    at = next_id(connection, incident_events)
    rows = [_event_row(at + n, numbers[incident.key], event) for n, (incident, event) in enumerate(changes.events)]
    if rows:
        connection.execute(insert(incident_events), rows)
    return kept


def _keep_members(connection: Connection, incident: Incident, before: Incident | None) -> None:
    """What joined is written, what left is marked; members that are gaps stay known as such."""
    now = incident.closed_at or incident.last_seen_at
    was = {*before.members, *before.gaps} if before else set[Member]()
    gaps = set(incident.gaps)
    rows = [
        {
            "number": incident.number,
            "member": _member_identity(member),
            "due": member.due,
            "key": member.key,
            "joined_at": now,
            "left_at": None if member in incident.members else now,
            "is_gap": member in gaps,
        }
        for member in dict.fromkeys((*incident.members, *incident.gaps))
        if member not in was
    ]
    c = incident_members.c
    if rows:
        statement = insert_into(connection, incident_members)
        again = {name: statement.excluded[name] for name in ("left_at", "is_gap")}  # it had left, and is back
        connection.execute(statement.on_conflict_do_update(index_elements=[c.number, c.member], set_=again), rows)
    left = was - {*incident.members} - ({*before.gaps} if before else set())
    for member in left:
        mine = (c.number == incident.number, c.member == _member_identity(member))
        connection.execute(update(incident_members).where(*mine).values(left_at=now, is_gap=member in gaps))


def _keep_causes(
    connection: Connection,
    causes: Mapping[IncidentKey, IncidentKey | None],
    numbers: Mapping[IncidentKey, int],
    before: Mapping[int, int | None],
) -> None:
    for key, cause in causes.items():
        number, by = numbers[key], numbers[cause] if cause else None
        if before.get(number) != by:
            connection.execute(update(incidents).where(incidents.c.number == number).values(cause=by))


def _sign(connection: Connection, number: int, column: str, signed: Signed) -> None:
    live = (incidents.c.number == number, incidents.c.closed_at.is_(None))
    if connection.execute(update(incidents).where(*live).values({column: _dump_signed(signed)})).rowcount != 1:
        known = connection.execute(select(incidents.c.closed_at).where(incidents.c.number == number)).first()
        raise LedgerError(
            f"ledger: there is no incident {number}"
            if known is None
            else f"ledger: incident {number} is over since {known.closed_at:%Y-%m-%d %H:%M} UTC"
        )


def read_incidents(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[Incident]:
    """The incidents that rows of `incidents` hold, with their members."""
    c = incident_members.c
    members: dict[int, list[Row[Any]]] = {}
    for some in chunks(row.number for row in rows):
        query = select(incident_members).where(c.number.in_(some)).order_by(c.due, c.key)
        for member in connection.execute(query):
            members.setdefault(member.number, []).append(member)
    for row in rows:
        own = members.get(row.number, [])
        yield Incident(
            number=row.number,
            key=IncidentKey(row.code, row.flow, row.dataset, row.destination),
            severity=Severity(row.severity),
            state=IncidentState(row.state),
            opened_at=row.opened_at,
            since=row.since,
            last_seen_at=row.last_seen_at,
            closed_at=row.closed_at,
            closing=Closing(row.closing) if row.closing else None,
            members=_members(one for one in own if one.left_at is None),
            gaps=_members(one for one in own if one.is_gap),
            message=row.message,
            evidence=row.evidence,
            cause=row.cause,
            acknowledged=_load_signed(row.acknowledged),
            accepted=_load_signed(row.accepted),
            sights=tuple(row.sights),
            openings=tuple(from_text(one) for one in row.openings),
        )


def _members(rows: Iterable[Row[Any]]) -> tuple[Member, ...]:
    """In the order of the engine: what has no due time first (databases differ in where NULL sorts)."""
    found = [Member(row.due, row.key) for row in rows]
    return (*(m for m in found if m.due is None), *(m for m in found if m.due is not None))


def _row(incident: Incident) -> dict[str, Any]:
    """All but the cause, which is known by its key only until every incident has its number."""
    key = incident.key
    return {
        "incident": _identity(key),
        "code": key.code,
        "flow": key.flow,
        "dataset": key.dataset,
        "destination": key.destination,
        "severity": incident.severity.value,
        "state": incident.state.value,
        "opened_at": incident.opened_at,
        "since": incident.since,
        "last_seen_at": incident.last_seen_at,
        "closed_at": incident.closed_at,
        "closing": incident.closing.value if incident.closing else None,
        "message": incident.message,
        "evidence": dict(incident.evidence),
        "acknowledged": _dump_signed(incident.acknowledged),
        "accepted": _dump_signed(incident.accepted),
        "sights": [*incident.sights],
        "openings": [to_text(one) for one in incident.openings],
    }


def _identity(key: IncidentKey) -> bytes:
    return identity_of("incident", key.code, key.flow, key.dataset, key.destination)


def _member_identity(member: Member) -> bytes:
    return identity_of("" if member.due is None else micros(member.due), member.key)


def _event_row(number: int, incident: int, event: Event) -> dict[str, Any]:
    return {
        "id": number,
        "number": incident,
        "kind": event.kind.value,
        "at": event.at,
        "severity": event.severity.value,
        "state": event.state.value,
        "reason": event.reason,
        "settled_at": event.settled_at,
    }


def read_event(row: Row[Any]) -> Event:
    """The event that a row of `incident_events` holds."""
    return Event(
        incident=row.number,
        kind=EventKind(row.kind),
        at=row.at,
        severity=Severity(row.severity),
        id=row.id,
        state=EventState(row.state),
        reason=row.reason,
        settled_at=row.settled_at,
    )


def _dump_signed(signed: Signed | None) -> dict[str, str] | None:
    return None if signed is None else {"by": signed.by, "at": to_text(signed.at), "why": signed.why}


def _load_signed(value: Mapping[str, str] | None) -> Signed | None:
    return None if value is None else Signed(value["by"], from_text(value["at"]), value["why"])


def _dump_match(match: Match) -> dict[str, str]:
    names = ("code", "destination", "flow", "dataset", "team", "tag", "owner")
    given = {name: value for name in names if (value := getattr(match, name))}
    return {**given, "severity": match.severity.value} if match.severity else given


def read_silence(row: Row[Any]) -> Silence:
    """The silence that a row of `silences` holds."""
    given = dict(row.matches)
    severity = given.pop("severity", None)
    match = replace(Match(**given), severity=Severity(severity) if severity else None)
    return Silence(match, row.by, row.why, row.starts_at, row.until, row.id, _load_signed(row.ended))
