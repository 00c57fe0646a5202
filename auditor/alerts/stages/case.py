"""What goes through the stages: events on their way to people, and what is known meanwhile."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from auditor.incident_model import Event, EventKind, Incident, IncidentKey, NoticeState, Silence
from auditor.model import Severity


class Fate(StrEnum):
    """What becomes of an event in this pass."""

    GOES_ON = "goes_on"  # to the next stage; after the last one it is told
    WAITS = "waits"  # looked at again in the next pass
    DROPPED = "dropped"  # will not be told


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One way that a notice takes."""

    channel: str
    route: str  # name; "": a recovery, which follows what was told


@dataclass(frozen=True, slots=True)
class Case:
    """One event of one incident, on its way. `reason` says why it waits or is dropped."""

    event: Event
    incident: Incident
    kind: EventKind
    fate: Fate = Fate.GOES_ON
    reason: str = ""
    targets: tuple[Target, ...] = ()

    @property
    def goes_on(self) -> bool:
        return self.fate is Fate.GOES_ON

    @property
    def dedup(self) -> str:
        return dedup_of(self.incident.key)

    def waits(self, reason: str) -> "Case":
        return replace(self, fate=Fate.WAITS, reason=reason)

    def dropped(self, reason: str) -> "Case":
        return replace(self, fate=Fate.DROPPED, reason=reason)


@dataclass(frozen=True, slots=True)
class Told:
    """A notice that was written before, as far as telling needs it."""

    key: str
    dedup: str
    kind: EventKind | None
    channel: str
    created_at: datetime
    incidents: frozenset[int]
    state: NoticeState = NoticeState.SENT


@dataclass(frozen=True)
class Picture:
    """All that one pass rests on. `incidents`: the live ones, and those of the waiting events, by number."""

    now: datetime
    waiting: tuple[Event, ...] = ()
    incidents: Mapping[int, Incident] = field(default_factory=dict)
    silences: tuple[Silence, ...] = ()
    told: tuple[Told, ...] = ()  # of these incidents and of their groups, in any order

    def cause_of(self, incident: Incident) -> Incident | None:
        """The incident that explains `incident` now; None where nothing does, or it is over."""
        cause = self.incidents.get(incident.cause) if incident.cause is not None else None
        return cause if cause is not None and cause.closed_at is None and not self._in_circle(incident) else None

    def _in_circle(self, incident: Incident) -> bool:
        """Incidents that explain each other explain nothing: they are told."""
        seen, at = set[int](), incident
        while at.cause is not None and (above := self.incidents.get(at.cause)) is not None:
            if above.number == incident.number or above.number in seen:
                return True
            seen.add(above.number)
            at = above
        return False

    def told_of(self, dedup: str, channel: str = "") -> list[Told]:
        """Notices of one group, oldest first; of one channel only if it is named."""
        return [one for one in self._by_dedup[dedup] if not channel or one.channel == channel]

    @cached_property
    def _by_dedup(self) -> Mapping[str, list[Told]]:
        found: defaultdict[str, list[Told]] = defaultdict(list)
        for one in sorted(self.told, key=lambda one: (one.created_at, one.key)):
            found[one.dedup].append(one)
        return found


@dataclass(frozen=True, slots=True)
class Draft:
    """A notice without its words."""

    key: str
    kind: EventKind
    dedup: str
    target: Target
    incidents: tuple[Incident, ...]
    severity: Severity
    events: tuple[int, ...] = ()  # ids of those it tells
    next_reminder: datetime | None = None
    told_at: datetime | None = None  # when this channel was last told of the group


@dataclass(frozen=True, slots=True)
class Plan:
    """What one pass does. `next_at`: when the next one has something to do, if nothing happens before."""

    drafts: tuple[Draft, ...] = ()
    events: tuple[Event, ...] = ()  # those whose state or reason changes
    next_at: datetime | None = None


def group_of(key: IncidentKey) -> IncidentKey:
    """One notice per flow and cause, not per dataset."""
    return replace(key, dataset="")


def dedup_of(key: IncidentKey) -> str:
    """What receivers match openings, reminders and recoveries by: the same for ever, no severity and no time in it."""
    return group_of(key).text
