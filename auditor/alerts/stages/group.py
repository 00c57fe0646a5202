"""One notice per channel, flow and cause: cases -> drafts. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from auditor.alerts.stages.case import Case, Draft, Picture, Target, dedup_of
from auditor.alerts.stages.keys import in_order, make_key
from auditor.alerts.stages.remind import next_reminder
from auditor.incident_model import EventKind, Incident
from auditor.settings.alerts import Route

_AT_ONCE = (EventKind.WORSENED, EventKind.JOINED)
_GRAVEST_NEWS = (EventKind.OPENED, EventKind.WORSENED, EventKind.JOINED)


def gather(cases: Sequence[Case], routes: Mapping[str, Route], now: datetime) -> tuple[list[Case], datetime | None]:
    """The cases, those of groups that still gather waiting; and when the first group has done so.

    A group is told when its oldest event has waited for `group_wait` of its quickest route, and at once when
    something in it got worse. What joined it meanwhile goes with it.
    """
    ready_at: dict[tuple[str, bool], datetime] = {}
    for case in cases:
        if case.goes_on and case.kind is not EventKind.RECOVERED:
            at = case.event.at if case.kind in _AT_ONCE else case.event.at + _wait(case, routes)
            ready_at[_group(case)] = min(at, ready_at.get(_group(case), at))
    later = {group: at for group, at in ready_at.items() if at > now}

    def judge(case: Case) -> Case:
        at = later.get(_group(case)) if case.goes_on and case.kind is not EventKind.RECOVERED else None
        return case.waits(f"gathering until {at:%H:%M:%S} UTC") if at else case

    return [judge(case) for case in cases], min(later.values(), default=None)


def draft_news(cases: Iterable[Case], picture: Picture, routes: Mapping[str, Route]) -> list[Draft]:
    """Of what began, got worse or left a gap: one draft for each channel and group."""
    groups: defaultdict[tuple[str, str, bool], list[tuple[Target, Case]]] = defaultdict(list)
    for case in cases:
        if case.goes_on and case.kind is not EventKind.RECOVERED:
            for target in case.targets:
                groups[target.channel, *_group(case)].append((target, case))
    return [_draft(found, picture, routes) for found in groups.values()]


def draft_recoveries(cases: Sequence[Case], picture: Picture) -> tuple[list[Case], list[Draft]]:
    """The end of a group is told to a channel when none of the group that it was told of goes on."""
    groups: defaultdict[tuple[str, str], list[tuple[Target, Case]]] = defaultdict(list)
    going: dict[tuple[str, str], int] = {}
    for case in cases:
        if case.goes_on and case.kind is EventKind.RECOVERED:
            for target in case.targets:
                groups[target.channel, case.dedup].append((target, case))
    for (channel, dedup), _ in groups.items():
        if count := len(_still_open(channel, dedup, picture)):
            going[channel, dedup] = count

    def judge(case: Case) -> Case:
        if not case.goes_on or case.kind is not EventKind.RECOVERED:
            return case
        left = max((going.get((target.channel, case.dedup), 0) for target in case.targets), default=0)
        return case.waits(f"told when the rest of the same trouble ({left} more) is over too") if left else case

    over = [_recovery(found) for place, found in groups.items() if place not in going]
    return [judge(case) for case in cases], over


def _group(case: Case) -> tuple[str, bool]:
    return case.dedup, case.kind is EventKind.GAP


def _wait(case: Case, routes: Mapping[str, Route]) -> timedelta:
    return min(routes[target.route].group_wait for target in case.targets)


def _draft(found: Sequence[tuple[Target, Case]], picture: Picture, routes: Mapping[str, Route]) -> Draft:
    target, cases = found[0][0], [case for _, case in found]
    dedup, kinds = cases[0].dedup, {case.kind for case in cases}
    kind = next((one for one in _GRAVEST_NEWS if one in kinds), EventKind.GAP)
    new = {case.incident.number: case.incident for case in cases}
    before = _still_open(target.channel, dedup, picture) if kind is not EventKind.GAP else []
    incidents = tuple({**new, **{one.number: one for one in before}}.values())
    is_kept_in_mind = kind is not EventKind.GAP and not all(one.acknowledged for one in incidents)
    told = picture.told_of(dedup, target.channel)
    return Draft(
        key=make_key(target.channel, dedup, *sorted(case.event.id for case in cases)),
        kind=kind,
        dedup=dedup,
        target=target,
        incidents=in_order(incidents),
        severity=max((one.severity for one in incidents), key=lambda one: one.rank),
        events=tuple(case.event.id for case in cases),
        next_reminder=picture.now + next_reminder(0, routes[target.route].repeat) if is_kept_in_mind else None,
        told_at=told[-1].created_at if before and told else None,
    )


def _recovery(found: Sequence[tuple[Target, Case]]) -> Draft:
    target, cases = found[0][0], [case for _, case in found]
    incidents = in_order({case.incident.number: case.incident for case in cases}.values())
    return Draft(
        key=make_key(target.channel, cases[0].dedup, *sorted(case.event.id for case in cases)),
        kind=EventKind.RECOVERED,
        dedup=cases[0].dedup,
        target=target,
        incidents=incidents,
        severity=max((one.severity for one in incidents), key=lambda one: one.rank),
        events=tuple(case.event.id for case in cases),
    )


def _still_open(channel: str, dedup: str, picture: Picture) -> list[Incident]:
    """What goes on of a group, as far as `channel` was told of it."""
    numbers = {
        number
        for one in picture.told_of(dedup, channel)
        if one.kind is not EventKind.RECOVERED
        for number in one.incidents
    }
    live = (picture.incidents[number] for number in numbers if number in picture.incidents)
    return [one for one in live if one.closed_at is None and dedup_of(one.key) == dedup]


def drop_told(drafts: Iterable[Draft], picture: Picture) -> list[Draft]:
    """The same key is never written twice."""
    seen = {one.key for one in picture.told}
    kept: dict[str, Draft] = {}
    for draft in drafts:
        if draft.key not in seen:
            kept.setdefault(draft.key, draft)
    return [*kept.values()]
