"""One pass of telling, without any input or output: what is known -> notices to write and events that are settled."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from auditor.alerts.stages.case import Case, Fate, Picture, Plan
from auditor.alerts.stages.group import draft_news, draft_recoveries, drop_told, gather
from auditor.alerts.stages.hold import (
    hold_explained,
    hold_silenced,
    leave_out_acknowledged,
    leave_out_joining,
    leave_out_over,
)
from auditor.alerts.stages.remind import find_reminders
from auditor.alerts.stages.route import choose_targets
from auditor.incident_model import Event, EventKind, EventState
from auditor.settings import Config


def make_plan(picture: Picture, config: Config) -> Plan:
    """What is told now, to whom, and why all else is not. Every event that is settled has its reason."""
    routes = {route.name: route for route in config.alerts.routes}
    cases = [_go_through(case, picture, config) for case in _cases(picture)]
    cases, gathered_at = gather(cases, routes, picture.now)
    news = draft_news(cases, picture, routes)
    cases, recoveries = draft_recoveries(cases, picture)
    told_now = {(one.target.channel, one.dedup) for one in news}
    untold = {case.incident.number for case in cases if case.fate is Fate.WAITS and case.kind is EventKind.OPENED}
    reminders = find_reminders(picture, config.alerts, config.flows, told_now=told_now, untold=untold)
    drafts = drop_told((*news, *recoveries, *reminders.drafts), picture)
    return Plan(
        drafts=tuple(drafts),
        events=tuple(_settle(cases, picture.now)),
        next_at=min(filter(None, (gathered_at, reminders.next_at, _silence_ends(picture))), default=None),
    )


def _cases(picture: Picture) -> list[Case]:
    ordered = sorted(picture.waiting, key=lambda event: event.id)
    return [
        Case(event, incident, event.kind)
        for event in ordered
        if (incident := picture.incidents.get(event.incident)) is not None
    ]


def _go_through(case: Case, picture: Picture, config: Config) -> Case:
    """The fixed stages that look at one event alone, until one of them holds it or leaves it out."""
    stages = (
        leave_out_joining,
        leave_out_over,
        lambda one: hold_explained(one, picture),
        leave_out_acknowledged,
        lambda one: hold_silenced(one, picture, config.flows),
        lambda one: choose_targets(one, picture, config.alerts, config.flows),
    )
    for stage in stages:
        case = stage(case) if case.goes_on else case
    return case


def _settle(cases: Sequence[Case], now: datetime) -> Iterable[Event]:
    """The events whose state or reason changes."""
    for case in cases:
        match case.fate:
            case Fate.GOES_ON:
                channels = ", ".join(target.channel for target in case.targets)
                reason = f"told to {channels}" if channels else "told before"
                yield replace(case.event, state=EventState.TOLD, reason=reason, settled_at=now)
            case Fate.DROPPED:
                yield replace(case.event, state=EventState.DROPPED, reason=case.reason, settled_at=now)
            case Fate.WAITS if case.reason != case.event.reason:
                yield replace(case.event, reason=case.reason)


def _silence_ends(picture: Picture) -> datetime | None:
    return min((one.until for one in picture.silences if one.holds(picture.now)), default=None)
