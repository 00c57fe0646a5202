"""What could be a blip is told only when seen several times; what comes and goes is told once."""

from dataclasses import replace
from datetime import datetime, timedelta

from auditor.incident_model import Incident, IncidentState
from auditor.incidents.natures import COULD_BE_A_BLIP

SEEN, OF = 3, 5  # looks
FLAPPING = 4  # openings of one key …
WITHIN = timedelta(hours=24)
CALM = 6  # looks in which it was right, until what flaps is over


def is_sure(incident: Incident) -> bool:
    """Whether it was seen often enough to be told."""
    return incident.key.code not in COULD_BE_A_BLIP or sum(incident.sights[-OF:]) >= SEEN


def looked(incident: Incident, *, was_there: bool) -> Incident:
    """The incident with one more look at its subject."""
    return replace(incident, sights=(*incident.sights, was_there)[-max(OF, CALM) :])


def is_flapping(incident: Incident, now: datetime) -> bool:
    return sum(now - moment <= WITHIN for moment in incident.openings) >= FLAPPING


def is_over(incident: Incident, now: datetime) -> bool:
    """Whether, seen right, it may be closed: what was never told at once, what flaps once it is calm."""
    if incident.state is IncidentState.SUSPECTED:
        return not any(incident.sights[-SEEN:])
    return not is_flapping(incident, now) or not any(incident.sights[-CALM:])
