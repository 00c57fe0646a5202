"""What comes in and what goes out of the judgement on incidents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from auditor.incident_model import Event, Incident, IncidentKey, Member


def _none(_key: IncidentKey) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known before a sight. `last`: the newest closed incident of a key."""

    live: tuple[Incident, ...] = ()
    gaps: Mapping[IncidentKey, Mapping[Member, int]] = field(
        default_factory=dict
    )  # holes left behind, and by which number
    last: Callable[[IncidentKey], Incident | None] = _none


@dataclass(frozen=True, slots=True)
class Expecting:
    """What is configured now."""

    flows: frozenset[tuple[str, str, str]] = frozenset()  # flow, dataset, destination
    destinations: frozenset[str] = frozenset()
    platforms: Mapping[str, str] = field(
        default_factory=dict
    )  # flow -> the entry of experience_platform it is held against
    watched_before: datetime | None = None  # when the service first looked at anything: what is older is history
    began: Mapping[str, datetime] = field(default_factory=dict)  # when each flow was first audited: the same for it
    sealed: frozenset[str] = frozenset()  # flows whose files are encrypted: nobody here can say that one is sound


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of incidents by a sight. New ones have number 0."""

    incidents: tuple[Incident, ...] = ()  # new or changed
    events: tuple[tuple[Incident, Event], ...] = ()
    causes: Mapping[IncidentKey, IncidentKey | None] = field(
        default_factory=dict
    )  # of every live one, what explains it
    filled: tuple[tuple[int, Member], ...] = ()  # gaps of closed incidents that are right now
