"""What is not told, or not yet: over already, explained by another incident, silenced, acknowledged. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from auditor.alerts.stages.case import Case, Picture
from auditor.alerts.stages.subjects import is_silenced_by
from auditor.incident_model import Closing, EventKind, Incident, Silence
from auditor.model import Flow, Severity

_EXPLAINED, _SILENCED = "incident ", "silence "
"""How the reasons of held events begin: what ends while it is held is never told."""


def leave_out_joining(case: Case) -> Case:
    """Another due time alone is no news: it stands in the next reminder. Of what is critical, it is."""
    if case.kind is EventKind.JOINED and case.incident.severity is not Severity.CRITICAL:
        return case.dropped("stands in the next reminder")
    return case


def leave_out_over(case: Case) -> Case:
    """What was over before anybody was told of it is not told; a hole that it left is, once."""
    incident, held = case.incident, _was_held(case.event.reason)
    if case.kind is EventKind.GAP:
        is_filled = held and not (incident.gaps or incident.members)
        return case.dropped(f"filled before it was told ({case.event.reason})") if is_filled else case
    if incident.closed_at is None or case.kind is EventKind.RECOVERED:
        return case
    if case.kind is EventKind.OPENED and incident.closing is Closing.NEXT_RIGHT and incident.gaps and not held:
        return replace(case, kind=EventKind.GAP)
    if held:
        return case.dropped(f"{case.event.reason}, and it was over before that ended")
    return case.dropped("over before it was told")


def hold_explained(case: Case, picture: Picture) -> Case:
    """What another incident explains is told when that is over and this goes on."""
    cause = picture.cause_of(case.incident)
    if cause is None or case.kind is EventKind.RECOVERED:
        return case
    return case.waits(f"{_EXPLAINED}{cause.number} explains it")


def hold_silenced(case: Case, picture: Picture, flows: Mapping[str, Flow]) -> Case:
    """While a silence holds nothing new is told of what it fits. A recovery of what was told is."""
    silence = find_silence(case.incident, picture.silences, flows, picture.now)
    if silence is None or case.kind is EventKind.RECOVERED:
        return case
    return case.waits(f"{_SILENCED}{silence.id} holds until {silence.until:%Y-%m-%d %H:%M} UTC")


def leave_out_acknowledged(case: Case) -> Case:
    """Somebody takes care of it already. What gets worse after that is told."""
    signed = case.incident.acknowledged
    if signed is None or case.kind in (EventKind.RECOVERED, EventKind.GAP):
        return case
    if case.kind is EventKind.WORSENED and case.event.at > signed.at:
        return case
    return case.dropped(f"acknowledged by {signed.by}")


def find_silence(
    incident: Incident, silences: tuple[Silence, ...], flows: Mapping[str, Flow], now: datetime
) -> Silence | None:
    """The silence that holds longest of those that fit; None: none does."""
    holding = [one for one in silences if one.holds(now) and is_silenced_by(one.match, incident, flows)]
    return max(holding, key=lambda one: (one.until, one.id), default=None)


def _was_held(reason: str) -> bool:
    return reason.startswith((_EXPLAINED, _SILENCED))
