"""All that the ledger knows of one incident."""

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.incident_model import Event, Incident, Notice
from auditor.ledger import Ledger
from auditor.ledger.incident_members import Membership


@dataclass(frozen=True, slots=True)
class IncidentHistory:
    """One incident with what happened to it and who was told."""

    incident: Incident
    members: Sequence[Membership]  # those that left included, in the order of joining
    events: Sequence[Event]  # oldest first
    notices: Sequence[Notice]


def read_history(ledger: Ledger, number: int) -> IncidentHistory | None:
    """None: there is no incident of that number. Raises LedgerError."""
    incident = ledger.incident(number)
    if incident is None:
        return None
    return IncidentHistory(incident, ledger.memberships([number]), ledger.events_of(number), ledger.notices_of(number))
