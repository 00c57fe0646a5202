"""From what an audit saw to incidents: what opens, goes on and closes, and what people may want to hear of it. Pure.

Only sight opens and closes: what could not be looked at leaves everything as it was.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from auditor.incident_model import (
    Closing,
    Event,
    EventKind,
    Incident,
    IncidentKey,
    IncidentState,
    Member,
    Sight,
)
from auditor.incidents.blips import is_sure, looked
from auditor.incidents.causes import find_causes
from auditor.incidents.changes import Changes, Expecting, Known
from auditor.incidents.judging import has_come, judge_incident
from auditor.incidents.natures import (
    COULD_BE_A_BLIP,
    NATURES,
    OF_RUNS,
    ONLY_BY_ACCEPTING,
    Nature,
    nature_of,
    nature_of_key,
)
from auditor.incidents.opening import gravest, in_order, open_incident, since
from auditor.incidents.seen import Seen
from auditor.model import Finding


def update_incidents(known: Known, sight: Sight, *, now: datetime, expected: Expecting) -> Changes:
    """What becomes of incidents by `sight`. The same sight once more changes nothing but when it was seen."""
    seen = Seen.of(sight, sealed=expected.sealed)
    live = {incident.key: incident for incident in known.live}
    after: dict[IncidentKey, Incident] = {}
    events: list[tuple[Incident, Event]] = []
    for key in sorted({*live, *seen.present}):
        found = {m: f for m, f in seen.present.get(key, {}).items() if m not in known.gaps.get(key, {})}
        before = live.get(key)
        incident: Incident | None
        if before is not None:
            incident, told = _go_on(before, found, seen, expected, now=now)
        elif found and _is_expected(key, expected):
            incident, told = _begin(key, found, known, seen, expected, now=now)
        else:
            continue
        if incident is not None:
            after[key] = incident
            events += told
    changed = tuple(incident for key, incident in after.items() if incident != live.get(key))
    standing = [incident for incident in after.values() if incident.state is not IncidentState.CLOSED]
    causes = find_causes(standing, expected.platforms)
    return Changes(changed, tuple(events), causes, tuple(_filled(known, seen)))


def _go_on(
    before: Incident, found: Mapping[Member, Finding], seen: Seen, expected: Expecting, *, now: datetime
) -> tuple[Incident, list[tuple[Incident, Event]]]:
    if not _is_expected(before.key, expected):
        gone = replace(before, state=IncidentState.CLOSED, closed_at=now, closing=Closing.NOT_EXPECTED, members=())
        return gone, [_event(gone, EventKind.RECOVERED, now)] if before.is_open else []
    judged = judge_incident(before, found, seen, now=now)
    incident, events = judged.incident, list[tuple[Incident, Event]]()
    if not before.is_open and incident.closing is Closing.NEXT_RIGHT:
        events.append(_event(incident, EventKind.GAP, now))  # it was sure at last, and later runs are right already
    elif not before.is_open and incident.is_open:
        events.append(_event(incident, EventKind.OPENED, now))
    elif before.is_open and incident.severity.rank > before.severity.rank:
        events.append(_event(incident, EventKind.WORSENED, now))
    elif before.is_open and judged.joined:
        events.append(_event(incident, EventKind.JOINED, now))
    if before.is_open and incident.closing is not None:
        events.append(_event(incident, EventKind.RECOVERED, now))
    return incident, events


def _begin(
    key: IncidentKey, found: Mapping[Member, Finding], known: Known, seen: Seen, expected: Expecting, *, now: datetime
) -> tuple[Incident | None, list[tuple[Incident, Event]]]:
    nature, last = nature_of_key(key), known.last(key)
    if last is not None and last.accepted is not None and seen.sight.result.now <= last.accepted.at:
        return None, []  # what is seen here is older than its acceptance
    last_right = seen.last_right(key, nature) if nature in OF_RUNS else None
    going = {m: f for m, f in found.items() if _is_still_so(m, f, last_right)}
    over = {m: f for m, f in found.items() if m not in going and not _is_history(f, expected, now)}
    missing = next((i for i in known.live if i.key == replace(key, code="export-missing")), None)
    if key.code == "export-late" and missing and {*found} <= {*missing.members}:
        came = _closed_at_once(key, found, last, now=now)  # it was missing, came, and that is told already
        return replace(came, closing=Closing.REPLACED), []
    if seen.is_told_as_deleted(key, found):
        return replace(_closed_at_once(key, found, last, now=now), closing=Closing.REPLACED), []
    if going:
        incident = looked(open_incident(key, going, last, now=now), was_there=True)
        incident = replace(incident, gaps=tuple(in_order(over)), severity=gravest({**going, **over}))
        if not is_sure(incident):
            return incident, []
        incident = replace(incident, state=IncidentState.OPEN)
        return incident, [_event(incident, EventKind.OPENED, now)]
    if not over:
        return None, []
    incident = _closed_at_once(key, over, last, now=now)
    return incident, [_event(incident, EventKind.GAP, now)]


def _closed_at_once(
    key: IncidentKey, found: Mapping[Member, Finding], last: Incident | None, *, now: datetime
) -> Incident:
    incident = open_incident(key, found, None, now=now)
    return replace(
        incident,
        state=IncidentState.CLOSED,
        closed_at=now,
        closing=Closing.NEXT_RIGHT,
        members=(),
        gaps=incident.members,
        openings=last.openings if last else (),
    )


def _is_still_so(member: Member, finding: Finding, last_right: datetime | None) -> bool:
    """Whether what is found is still so: nothing later is right, and it is not told once and for all."""
    nature = nature_of(finding)
    if nature is Nature.ONE_OFF or has_come(finding):
        return False
    if nature not in OF_RUNS or finding.code in ONLY_BY_ACCEPTING | COULD_BE_A_BLIP:
        return True
    return last_right is None or member.due is None or member.due > last_right


def _is_history(finding: Finding, expected: Expecting, now: datetime) -> bool:
    """Whether a hole is older than the watch over its flow: it stands in reports, and nobody is woken for it."""
    nature = NATURES[finding.code]
    if expected.watched_before is None or nature not in (Nature.ARRIVAL, Nature.CLAIM, Nature.ONE_OFF):
        return False
    began = since(finding, now)
    watched = max(expected.watched_before, expected.began.get(finding.flow, expected.watched_before))
    return (finding.due if began == now and finding.due else began) < watched


def _is_expected(key: IncidentKey, expected: Expecting) -> bool:
    nature = NATURES[key.code]
    if nature in (Nature.BEYOND, Nature.CHANNEL):
        return True
    if key.destination and key.destination not in expected.destinations:
        return False
    if key.flow and key.dataset:
        return (key.flow, key.dataset, key.destination) in expected.flows
    return not key.flow or any(flow == key.flow for flow, _, _ in expected.flows)


def _filled(known: Known, seen: Seen) -> Iterator[tuple[int, Member]]:
    """Holes of incidents that are over, where everything is right by now."""
    for key, gaps in known.gaps.items():
        # A look that does not reach back far enough to compare columns says nothing of them.
        if (nature := nature_of_key(key)) in OF_RUNS and key.code != "schema-changed":
            for member, number in gaps.items():
                gone = member not in seen.present.get(key, {}) and member.due is not None
                if gone and member.due and seen.tells_of(key, member.due, nature):
                    yield number, member


def _event(incident: Incident, kind: EventKind, now: datetime) -> tuple[Incident, Event]:
    return incident, Event(incident.number, kind, now, incident.severity)
