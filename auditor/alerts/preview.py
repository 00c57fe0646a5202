"""What would have been told over the past by the routes of now: the stages over stored events, with their own outbox.

Incidents are taken as they were at each moment, as far as the ledger still knows: causes are found anew among those
that lasted then.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from auditor.alerts.planning import make_plan
from auditor.alerts.stages.case import Draft, Picture, Told
from auditor.incident_model import Event, EventState, Incident, IncidentKey, IncidentState, Silence
from auditor.incidents.causes import find_causes
from auditor.ledger import Ledger
from auditor.settings import Config

__all__ = ["Preview", "WouldBeTold", "preview"]


@dataclass(frozen=True, slots=True)
class WouldBeTold:
    """One notice that would have been sent."""

    at: datetime
    draft: Draft


@dataclass(frozen=True, slots=True)
class Preview:
    """What would have been sent in the span, oldest first, and what would have become of each event of it."""

    notices: tuple[WouldBeTold, ...] = ()
    events: tuple[Event, ...] = ()


def preview(ledger: Ledger, config: Config, since: datetime, until: datetime) -> Preview:
    """Go over what happened in [since, until] as if telling had done so then. Raises LedgerError. Writes nothing."""
    lasting = ledger.list_incidents(since=since, until=until)
    start = min((since, *(one.opened_at for one in lasting)))
    # What was over before the span may have explained what goes on in it.
    incidents = {one.number: one for one in ledger.list_incidents(since=start, until=until)}
    events = [event for event in ledger.events_between(start, until) if event.incident in incidents]
    silences = tuple(_as_it_held(one) for one in ledger.list_silences())
    made = _Past(config, incidents, events, silences).go(until)
    return Preview(
        tuple(one for one in made.notices if since <= one.at <= until),
        tuple(event for event in made.events if since <= event.at <= until),
    )


class _Past:
    """The outbox and the events of one preview."""

    def __init__(
        self, config: Config, incidents: Mapping[int, Incident], events: Sequence[Event], silences: tuple[Silence, ...]
    ) -> None:
        self.config = config
        self.incidents = incidents
        self.silences = silences
        self.events = {
            one.id: replace(one, state=EventState.WAITING, reason="", settled_at=None)
            for one in sorted(events, key=lambda event: (event.at, event.id))
        }
        self.told: list[Told] = []
        self.notices: list[WouldBeTold] = []
        self.by_incident: defaultdict[int, list[Event]] = defaultdict(list)
        for event in self.events.values():
            self.by_incident[event.incident].append(event)

    def go(self, until: datetime) -> Preview:
        moments = sorted({event.at for event in self.events.values()})
        place, now = 0, None
        later: datetime | None = None
        while True:
            ahead = [one for one in (moments[place] if place < len(moments) else None, later) if one is not None]
            following = min((one for one in ahead if now is None or one > now), default=None)
            if following is None or following > until:
                return Preview(tuple(self.notices), tuple(self.events.values()))
            now = following
            while place < len(moments) and moments[place] <= now:
                place += 1
            later = self._tell(now)

    def _tell(self, now: datetime) -> datetime | None:
        """One pass at `now`; when the next one has something to do."""
        plan = make_plan(self._picture(now), self.config)
        self.events |= {event.id: event for event in plan.events}
        for draft in plan.drafts:
            numbers = frozenset(one.number for one in draft.incidents)
            self.told.append(Told(draft.key, draft.dedup, draft.kind, draft.target.channel, now, numbers))
            self.notices.append(WouldBeTold(now, draft))
        return plan.next_at

    def _picture(self, now: datetime) -> Picture:
        waiting = [one for one in self.events.values() if one.at <= now and one.state is EventState.WAITING]
        concerned = {event.incident for event in waiting}
        then = {
            number: self._then(one, now)
            for number, one in self.incidents.items()
            if one.opened_at <= now and (number in concerned or one.closed_at is None or one.closed_at > now)
        }
        return Picture(now, tuple(waiting), self._with_causes(then), self.silences, tuple(self.told))

    def _then(self, incident: Incident, now: datetime) -> Incident:
        """`incident` as it was."""
        known = [event.severity for event in self.by_incident[incident.number] if event.at <= now]
        signed = incident.acknowledged if incident.acknowledged and incident.acknowledged.at <= now else None
        then = replace(incident, acknowledged=signed, severity=known[-1] if known else incident.severity)
        if incident.closed_at is None or incident.closed_at <= now:
            return then
        return replace(then, state=IncidentState.OPEN, closed_at=None, closing=None, accepted=None)

    def _with_causes(self, then: Mapping[int, Incident]) -> dict[int, Incident]:
        live = [one for one in then.values() if one.closed_at is None]
        platforms = {flow.name: flow.experience_platform for flow in self.config.flows.values()}
        numbers = {one.key: one.number for one in live}
        causes = find_causes(live, platforms)
        return {number: replace(one, cause=_number(one, causes, numbers)) for number, one in then.items()}


def _number(
    incident: Incident, causes: Mapping[IncidentKey, IncidentKey | None], numbers: Mapping[IncidentKey, int]
) -> int | None:
    if incident.closed_at is not None:
        return incident.cause
    cause = causes.get(incident.key)
    return numbers.get(cause) if cause is not None else None


def _as_it_held(silence: Silence) -> Silence:
    """With the end that it had."""
    return replace(silence, until=min(silence.until, silence.ended.at), ended=None) if silence.ended else silence
