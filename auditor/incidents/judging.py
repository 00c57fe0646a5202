"""One incident in the light of one sight: does it go on, with which due times, or is it over?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from auditor.incident_model import Closing, Incident, IncidentState, Member
from auditor.incidents.blips import is_over, is_sure, looked
from auditor.incidents.natures import MAY_BE_AS_BEFORE, OF_RUNS, ONLY_BY_ACCEPTING, nature_of_key
from auditor.incidents.opening import take_in
from auditor.incidents.seen import CAME, Seen
from auditor.model import Arrival, Content, Finding, Verdict


@dataclass(frozen=True, slots=True)
class Judged:
    """An incident after a sight."""

    incident: Incident
    joined: tuple[Member, ...] = ()


def judge_incident(incident: Incident, found: Mapping[Member, Finding], seen: Seen, *, now: datetime) -> Judged:
    """`found`: the members of its key that are present in the sight, gaps of earlier incidents apart."""
    key = incident.key
    if incident.accepted is not None:
        # Columns stay other than before for ever. Of all else what comes after it is another matter, and told.
        known = incident.members if key.code == "schema-changed" else ()
        return Judged(_closed(incident, Closing.ACCEPTED, now, gaps=known))
    if nature_of_key(key) in OF_RUNS:
        return _judge_runs(incident, found, seen, now=now)
    if found:
        return _goes_on(incident, found, [*found], now=now)
    if not seen.covers(key):
        return Judged(incident)
    if key in seen.waived:
        return Judged(_closed(incident, Closing.WAIVED, now))
    return Judged(_perhaps_over(looked(incident, was_there=False), seen, now=now))


def _judge_runs(incident: Incident, found: Mapping[Member, Finding], seen: Seen, *, now: datetime) -> Judged:
    key, nature = incident.key, nature_of_key(incident.key)
    waived = seen.waived.get(key, frozenset())
    came = {member for member, finding in found.items() if has_come(finding)}
    found = {member: finding for member, finding in found.items() if member not in came}
    incident = replace(incident, gaps=(*incident.gaps, *sorted(came - {*incident.gaps}, key=_due)))
    absent = [member for member in incident.members if member not in found]
    healed = {m for m in absent if m in waived | came or _is_no_more(incident, m, seen)}
    members = {*found, *(member for member in absent if member not in healed)}
    if key.code in ONLY_BY_ACCEPTING and key.code not in MAY_BE_AS_BEFORE:
        members |= healed - waived
    touched = bool(found) or bool(healed)
    if not members:
        moved_on = looked(incident, was_there=False)
        right = {m for m in healed if m in came or (m.due and seen.is_right(key, m.due, nature))}
        moved_on = replace(moved_on, members=tuple(incident.members))
        return Judged(_end_of_runs(moved_on, healed, waived, right, now=now))
    judged = _goes_on(incident, found, [*members], now=now) if touched else Judged(incident)
    last_right = seen.last_right(key, nature)
    newest = max((member.due for member in members if member.due), default=None)
    over = last_right is not None and newest is not None and last_right > newest
    if over and key.code not in ONLY_BY_ACCEPTING and judged.incident.is_open:
        return replace(judged, incident=_closed(judged.incident, Closing.NEXT_RIGHT, now, gaps=judged.incident.members))
    return judged


def _end_of_runs(
    incident: Incident, healed: set[Member], waived: frozenset[Member], right: set[Member], *, now: datetime
) -> Incident:
    if healed <= waived:
        return _closed(incident, Closing.WAIVED, now, gaps=incident.members)
    if not healed <= right | waived:
        return _closed(incident, Closing.REPLACED, now)
    if not is_over(incident, now):
        return incident
    blip = incident.state is IncidentState.SUSPECTED
    return _closed(incident, Closing.BLIP if blip else Closing.RECOVERED, now)


def has_come(finding: Finding) -> bool:
    """Whether what was late is there by now: that it was late stays true, and nothing goes on."""
    return finding.code == "export-late" and bool(finding.key)


def _due(member: Member) -> str:
    return f"{member.due}{member.key}"


def _is_no_more(incident: Incident, member: Member, seen: Seen) -> bool:
    """Whether a member of which nothing is found now is right, or told of by another code."""
    key, nature = incident.key, nature_of_key(incident.key)
    if member.due is None or not seen.tells_of(key, member.due, nature):
        return False
    return seen.is_right(key, member.due, nature) or seen.is_told_otherwise(key, member.due)


def _goes_on(incident: Incident, found: Mapping[Member, Finding], members: list[Member], *, now: datetime) -> Judged:
    joined = tuple(member for member in found if member not in incident.members)
    after = take_in(looked(incident, was_there=bool(found)), found, members, now=now)
    if after.state is IncidentState.SUSPECTED and is_sure(after):
        after = replace(after, state=IncidentState.OPEN)
    return Judged(after, joined)


def _perhaps_over(incident: Incident, seen: Seen, *, now: datetime) -> Incident:
    key = incident.key
    if key.code in ONLY_BY_ACCEPTING and key.code not in MAY_BE_AS_BEFORE:
        return incident
    if key.code == "protection-stale" and not _is_protected_again(incident, seen, now):
        return incident
    if not is_over(incident, now):
        return incident
    blip = incident.state is IncidentState.SUSPECTED
    return _closed(incident, Closing.BLIP if blip else Closing.RECOVERED, now)


def _is_protected_again(incident: Incident, seen: Seen, now: datetime) -> bool:
    """That the age cannot be told at the moment is no recovery: a newer sound export must have been seen."""
    key, before = incident.key, incident.evidence.get("newest_sound")
    runs = seen.runs.get((key.flow, key.dataset, key.destination), {})
    if key.flow in seen.sealed:
        return _has_come_in_time(incident, runs, now)
    good = [due for due, v in runs.items() if v.content is Content.SOUND or v.arrival is Arrival.NOT_NEEDED]
    return bool(good) and (not isinstance(before, str) or f"{max(good):%Y-%m-%dT%H:%M:%SZ}" > before)


def _has_come_in_time(incident: Incident, runs: Mapping[datetime, Verdict], now: datetime) -> bool:
    """Of encrypted exports more than that one has come can never be told."""
    limit = incident.evidence.get("limit_hours")
    came = [due for due, v in runs.items() if (v.arrival in CAME and v.folder) or v.arrival is Arrival.NOT_NEEDED]
    return bool(came) and isinstance(limit, int | float) and now - max(came) <= timedelta(hours=limit)


def _closed(incident: Incident, closing: Closing, now: datetime, *, gaps: tuple[Member, ...] = ()) -> Incident:
    return replace(
        incident,
        state=IncidentState.CLOSED,
        closed_at=now,
        closing=closing,
        members=(),
        gaps=(*incident.gaps, *(gap for gap in gaps if gap not in incident.gaps)),
    )
