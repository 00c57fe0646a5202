"""How an incident begins, and how it takes in what was found since."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from auditor.incident_model import Incident, IncidentKey, IncidentState, Member
from auditor.incidents.blips import WITHIN
from auditor.model import EvidenceValue, Finding, Severity

EARLIEST = datetime.min.replace(tzinfo=UTC)


def open_incident(
    key: IncidentKey, found: Mapping[Member, Finding], last: Incident | None, *, now: datetime
) -> Incident:
    """A new incident. `last`: the one before it with the same key, for what comes and goes."""
    earlier = last.openings if last else ()
    newest = found[in_order(found)[-1]]
    return Incident(
        key=key,
        severity=gravest(found),
        opened_at=now,
        since=min(since(one, now) for one in found.values()),
        last_seen_at=now,
        state=IncidentState.SUSPECTED,
        members=tuple(in_order(found)),
        message=newest.message,
        evidence=newest.evidence,
        openings=(*(moment for moment in earlier if now - moment <= WITHIN), now),
    )


def take_in(
    incident: Incident, found: Mapping[Member, Finding], members: Iterable[Member], *, now: datetime
) -> Incident:
    """The incident with `members`, and what is said of them now."""
    if not found:
        return replace(incident, members=tuple(in_order(members)))
    newest = found[in_order(found)[-1]]
    return replace(
        incident,
        members=tuple(in_order(members)),
        severity=gravest(found),
        since=min(incident.since, *(since(one, now) for one in found.values())),
        last_seen_at=now,
        message=newest.message,
        evidence=newest.evidence,
    )


def in_order(members: Iterable[Member]) -> list[Member]:
    """By due time; what has none first."""
    return sorted(members, key=lambda member: (member.due is not None, member.due or EARLIEST, member.key))


def since(finding: Finding, now: datetime) -> datetime:
    """When what a finding tells of began, where its evidence says so; else now."""
    evidence = finding.evidence
    moment = {
        "export-missing": _moment(evidence.get("missing_after")),
        "export-late": _moment(evidence.get("late_after")),
        "export-early": _moment(evidence.get("arrived_at")),
        "export-unexpected": _moment(evidence.get("arrived_at")) or _moment(evidence.get("export_time")),
        "export-duplicate": _moment(evidence.get("arrived_at")) or _moment(evidence.get("export_time")),
        "flow-ended": _moment(evidence.get("end")),
        "protection-stale": _age_began(evidence.get("newest_sound"), evidence.get("limit_hours")),
    }.get(finding.code)
    return min(moment, now) if moment else now


def _age_began(newest: EvidenceValue, limit_hours: EvidenceValue) -> datetime | None:
    moment = _moment(newest)
    return moment + timedelta(hours=limit_hours) if moment and isinstance(limit_hours, int | float) else None


def _moment(text: EvidenceValue) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def gravest(found: Mapping[Member, Finding]) -> Severity:
    return max((one.severity for one in found.values()), key=lambda severity: severity.rank)
