"""Accepting what an incident tells of: it may stay as it is now, and is what later looks are held against."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from adapters.base import inert
from auditor.checks.integrity import EXPORT_CHANGED, EXPORT_DELETED, MASS_LOSS
from auditor.checks.protection import PROTECTION_WEAKENED
from auditor.checks.schema import SCHEMA_CHANGED
from auditor.incident_model import Closing, Incident, Signed
from auditor.ledger import Ledger
from auditor.model import ChangeKind

KINDS = {
    EXPORT_CHANGED.code: (ChangeKind.CHANGED,),
    EXPORT_DELETED.code: (ChangeKind.DELETED,),
    MASS_LOSS.code: (ChangeKind.CHANGED, ChangeKind.DELETED),
}
ACCEPTABLE = (*KINDS, PROTECTION_WEAKENED.code, SCHEMA_CHANGED.code)


class CannotAcceptError(Exception):
    """The incident cannot be accepted. `str()` is one sentence that says why, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What an acceptance did."""

    incident: Incident
    changes: int = 0  # files whose change is accepted
    also: tuple[int, ...] = ()  # numbers of incidents that were parts of this one
    remark: str = ""  # what does not end by it


def accept_incident(ledger: Ledger, number: int, signed: Signed) -> Accepted:
    """Accept incident `number`. May be repeated after a crash: what is done already stays done.

    Raises CannotAcceptError, LedgerError.
    """
    incident = ledger.incident(number)
    if incident is None:
        raise CannotAcceptError(f"there is no incident {number}; `export-auditor incidents` lists them")
    _refuse_others(incident)
    acceptance = _accept(ledger, incident, signed)
    kinds = KINDS.get(incident.key.code, ())
    also = _accept_parts(ledger, incident, signed) if incident.key.code == MASS_LOSS.code else ()
    changes = _accept_changes(ledger, acceptance, incident, kinds) if kinds else 0
    weakened = incident.key.code == PROTECTION_WEAKENED.code
    remark = _move_baseline(ledger, incident, at=signed.at) if weakened else ""
    return Accepted(ledger.incident(number) or incident, changes, also, remark)


def _refuse_others(incident: Incident) -> None:
    code, number = incident.key.code, incident.number
    if code not in ACCEPTABLE:
        raise CannotAcceptError(
            f"incident {number} is {code}, which ends by itself once it is right: acknowledge it "
            f"(`export-auditor ack {number}`) while somebody works on it, or put up with it by a waiver in the "
            f"configuration; what can be accepted is {', '.join(ACCEPTABLE)}"
        )
    if incident.closed_at is not None and incident.closing is not Closing.ACCEPTED:
        raise CannotAcceptError(f"incident {number} is over since {incident.closed_at:%Y-%m-%d %H:%M} UTC")


def _accept(ledger: Ledger, incident: Incident, signed: Signed) -> int:
    """The acceptance of this incident: the one it has, where an earlier call did not get further."""
    known = ledger.acceptance_of(incident.number) if incident.accepted else None
    return ledger.accept(incident.number, signed) if known is None else known


def _accept_changes(ledger: Ledger, acceptance: int, incident: Incident, kinds: Collection[ChangeKind]) -> int:
    """Only what the incident told of: what was seen later is another matter."""
    key = incident.key
    until = incident.last_seen_at
    return ledger.accept_changes(acceptance, key.destination, kinds, until=until, dataset=key.dataset)


def _accept_parts(ledger: Ledger, loss: Incident, signed: Signed) -> tuple[int, ...]:
    """The incidents of single datasets that the mass loss explains."""
    parts = [
        one
        for one in ledger.live_incidents()
        if one.key.destination == loss.key.destination
        and one.key.code in (EXPORT_CHANGED.code, EXPORT_DELETED.code)
        and one.opened_at <= loss.last_seen_at
    ]
    for one in parts:
        _accept(ledger, one, signed)
    return tuple(one.number for one in parts)


def _move_baseline(ledger: Ledger, incident: Incident, *, at: datetime) -> str:
    """Measure the flow by what it is now. What does not end by that is the answer."""
    platform = str(incident.evidence.get("experience_platform") or "")
    flow_id = str(incident.evidence.get("flow_id") or "")
    history = ledger.flow_history(platform, flow_id) if platform and flow_id else []
    if not history:
        return f"nothing is known of flow {inert(incident.key.flow)} in the ledger, so it is measured as before"
    if history[-1].gone_at is not None:
        return f"flow {inert(incident.key.flow)} was deleted: take it out of the configuration, else it is told again"
    ledger.set_flow_baseline(platform, flow_id, history[-1].id, at=at)
    if "by the configuration:" in incident.message:
        return "the configuration still says more than the flow does: bring it in line, else it is told again"
    return ""
