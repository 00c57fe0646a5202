"""Counts and newest moments for whoever watches the service, without reading what is counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select

from auditor.incident_model import NoticeState
from auditor.ledger.database import Database
from auditor.ledger.schema import verdicts
from auditor.ledger.service_schema import incident_events, notices
from auditor.model import Arrival, Content

__all__ = ["Queues", "TallyRecords"]

CAME = (Arrival.ON_TIME, Arrival.EARLY, Arrival.LATE)


@dataclass(frozen=True, slots=True)
class Queues:
    """What waits to be told, and what became of notices."""

    events_waiting: int
    notices: dict[tuple[str, NoticeState], int]  # by channel and state, as far as they are kept
    oldest_waiting: datetime | None  # when the notice that waits longest was written


class TallyRecords(Database):
    """Read by metrics at every scrape."""

    def count_queues(self) -> Queues:
        """As they are now."""
        with self._reading() as connection:
            waiting = select(func.count()).select_from(incident_events).where(incident_events.c.settled_at.is_(None))
            c = notices.c
            by_state = select(c.channel, c.state, func.count()).group_by(c.channel, c.state)
            oldest = select(func.min(c.created_at)).where(c.state == NoticeState.WAITING.value)
            return Queues(
                events_waiting=connection.execute(waiting).scalar_one(),
                notices={(row[0], NoticeState(row[1])): row[2] for row in connection.execute(by_state)},
                oldest_waiting=connection.execute(oldest).scalar(),
            )

    def newest_sound(self, keys: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], datetime]:
        """By (flow, dataset, destination): due time of the newest run that is here and sound, or proven not needed."""
        with self._reading() as connection:
            found = {key: _newest(connection, key) for key in keys}
        return {key: moment for key, moment in found.items() if moment is not None}


def _newest(connection: Connection, key: tuple[str, str, str]) -> datetime | None:
    c = verdicts.c
    sound = and_(c.content == Content.SOUND.value, c.arrival.in_([one.value for one in CAME]))
    query = (
        select(c.due)
        .where(c.flow == key[0], c.dataset == key[1], c.destination == key[2], c.due.is_not(None))
        .where(c.superseded_at.is_(None), or_(sound, c.arrival == Arrival.NOT_NEEDED.value))
        .order_by(c.due.desc())
        .limit(1)
    )
    moment: datetime | None = connection.execute(query).scalar()
    return moment
