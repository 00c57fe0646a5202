"""Reminders of what goes on: after `repeat`, then ever more rarely, by what the ledger says was told. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from auditor.alerts.stages.case import Draft, Picture, Target, dedup_of
from auditor.alerts.stages.hold import find_silence
from auditor.alerts.stages.keys import in_order, make_key
from auditor.alerts.stages.route import list_targets
from auditor.incident_model import EventKind, Incident
from auditor.model import Flow
from auditor.settings.alerts import Alerts, Route

RAREST: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Reminders:
    """Those that are due, and when the next one is."""

    drafts: tuple[Draft, ...] = ()
    next_at: datetime | None = None


def next_reminder(count: int, repeat: timedelta) -> timedelta:
    """How long after a notice the next reminder comes, when `count` of them were sent: 24h, 48h, 96h, then weekly."""
    return repeat if repeat >= RAREST else min(repeat * (1 << min(count, 12)), RAREST)  # 5m × 2^12 is past a week


def find_reminders(
    picture: Picture,
    alerts: Alerts,
    flows: Mapping[str, Flow],
    *,
    told_now: Collection[tuple[str, str]],
    untold: Collection[int],
) -> Reminders:
    """`told_now`: channels and groups that are told of anything in this pass; `untold`: incidents that wait for it."""
    routes = {route.name: route for route in alerts.routes}
    drafts: list[Draft] = []
    later: list[datetime] = []
    for dedup, incidents in _by_group(_kept_in_mind(picture, flows, untold)).items():
        for target, concerned in _by_channel(incidents, alerts, flows).items():
            if (target.channel, dedup) in told_now:
                later.append(picture.now + routes[target.route].repeat)
                continue
            draft, due = _remind(dedup, target, concerned, picture, routes[target.route])
            if due <= picture.now:
                drafts.append(draft)
            later.append(due if due > picture.now else draft.next_reminder or due)
    return Reminders(tuple(drafts), min(later, default=None))


def _kept_in_mind(picture: Picture, flows: Mapping[str, Flow], untold: Collection[int]) -> Iterable[Incident]:
    """What is open, was told or tried to be, and is neither explained, silenced nor acknowledged."""
    for incident in picture.incidents.values():
        if incident.is_open and incident.acknowledged is None and incident.number not in untold:
            is_held = picture.cause_of(incident) or find_silence(incident, picture.silences, flows, picture.now)
            if not is_held:
                yield incident


def _by_group(incidents: Iterable[Incident]) -> Mapping[str, list[Incident]]:
    groups: defaultdict[str, list[Incident]] = defaultdict(list)
    for incident in incidents:
        groups[dedup_of(incident.key)].append(incident)
    return groups


def _by_channel(
    incidents: Sequence[Incident], alerts: Alerts, flows: Mapping[str, Flow]
) -> Mapping[Target, list[Incident]]:
    """Each channel once, by the first route that leads to it."""
    channels: dict[str, tuple[Target, list[Incident]]] = {}
    for incident in incidents:
        for target in list_targets(incident, alerts, flows):
            channels.setdefault(target.channel, (target, []))[1].append(incident)
    return dict(channels.values())


def _remind(
    dedup: str, target: Target, incidents: Sequence[Incident], picture: Picture, route: Route
) -> tuple[Draft, datetime]:
    """The reminder to one channel, and when it is due: counted from what that channel was told last of these.

    A channel that was told of none of them (the routes changed) counts from what any was told, or from their opening.
    """
    numbers = {one.number for one in incidents}
    told = [one for one in picture.told_of(dedup) if one.kind is not EventKind.RECOVERED and numbers & one.incidents]
    own = [one for one in told if one.channel == target.channel]
    last = max((one.created_at for one in own or told), default=min(one.opened_at for one in incidents))
    worsened = max((one.created_at for one in own if one.kind is EventKind.WORSENED), default=None)
    count = sum(one.kind is EventKind.REMINDER and (not worsened or one.created_at > worsened) for one in own)
    draft = Draft(
        key=make_key(target.channel, dedup, "reminder", f"{last:%Y-%m-%dT%H:%M:%S.%f}", *sorted(numbers)),
        kind=EventKind.REMINDER,
        dedup=dedup,
        target=target,
        incidents=in_order(incidents),
        severity=max((one.severity for one in incidents), key=lambda one: one.rank),
        next_reminder=picture.now + next_reminder(count + 1, route.repeat),
        told_at=own[-1].created_at if own else None,
    )
    return draft, last + next_reminder(count, route.repeat)
