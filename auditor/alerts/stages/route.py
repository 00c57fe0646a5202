"""Who is told: routes for what is wrong, and for a recovery those who were told of the trouble. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from auditor.alerts.stages.case import Case, Picture, Target
from auditor.alerts.stages.subjects import Subject, fits, list_subjects
from auditor.incident_model import Closing, EventKind, Incident, NoticeState
from auditor.model import Flow
from auditor.settings.alerts import Alerts, Channel, Route

NO_ROUTE = "no route is configured"
NO_MATCH = "no route matches"


def choose_targets(case: Case, picture: Picture, alerts: Alerts, flows: Mapping[str, Flow]) -> Case:
    """`case` with the channels that are told of it, or dropped with the reason why there are none."""
    if case.kind is EventKind.RECOVERED:
        return _choose_of_recovery(case, picture, alerts, flows)
    targets = list_targets(case.incident, alerts, flows)
    return replace(case, targets=targets) if targets else case.dropped(NO_MATCH if alerts.routes else NO_ROUTE)


def _must_be_ended(channel: Channel | None) -> bool:
    """Receivers that keep an alert open until its end is told; people read in the next notice how it goes on."""
    return channel is not None and channel.type != "apprise"


def list_targets(incident: Incident, alerts: Alerts, flows: Mapping[str, Flow]) -> tuple[Target, ...]:
    """By the routes of now, in their order, each channel once.

    What concerns several datasets goes the way of each: all who lose something by it are told.
    """
    found: dict[str, Target] = {}
    for route in _list_routes(incident, alerts, flows):
        for channel in route.to:
            if channel in alerts.channels:
                found.setdefault(channel, Target(channel, route.name))
    return tuple(found.values())


def _list_routes(incident: Incident, alerts: Alerts, flows: Mapping[str, Flow]) -> list[Route]:
    chosen: set[str] = set()
    for subject in list_subjects(incident.key, flows):
        for route in alerts.routes:
            if _takes(route, incident, subject):
                chosen.add(route.name)
                if not route.goes_on:
                    break
    return [route for route in alerts.routes if route.name in chosen]


def _takes(route: Route, incident: Incident, subject: Subject) -> bool:
    severity = incident.severity
    if route.match.severity is not None:
        is_grave = severity is route.match.severity
    else:
        is_grave = severity.rank >= route.from_severity.rank
    return is_grave and fits(route.match, incident.key, subject)


def _choose_of_recovery(case: Case, picture: Picture, alerts: Alerts, flows: Mapping[str, Flow]) -> Case:
    """The channels that were told of this incident and not yet of its end."""
    number = case.incident.number
    about = [one for one in picture.told_of(case.dedup) if number in one.incidents]
    trouble = [one for one in about if one.kind is not EventKind.RECOVERED]
    reached = dict.fromkeys(one.channel for one in trouble if one.state is not NoticeState.DROPPED)
    if not reached:
        return case.dropped("the notice of it was never delivered" if trouble else "nobody was told that it began")
    if case.incident.closing is Closing.REPLACED:
        reached = {name: None for name in reached if _must_be_ended(alerts.channels.get(name))}
        if not reached:
            return case.dropped("another incident tells of the same runs now")
    done = {one.channel for one in about if one.kind is EventKind.RECOVERED}
    left = tuple(Target(channel, "") for channel in reached if channel in alerts.channels and channel not in done)
    if not left and done:
        return replace(case, targets=())
    if not left:  # the configuration changed meanwhile: who would be told of it now
        left = list_targets(case.incident, alerts, flows)
    if not left:
        return case.dropped("the channels that were told of it are no longer configured, and no route matches")
    return replace(case, targets=left)
