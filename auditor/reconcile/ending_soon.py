"""Which ends are near enough to be told: flows, credentials, last copies. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from auditor.checks.protection import CREDENTIAL_EXPIRING, EXPORT_EXPIRING, FLOW_ENDING
from auditor.model import Arrival, Content, Ending, EvidenceValue, Finding, Flow, Severity, Verdict
from auditor.reconcile.endings import Calendar, Credential, ends_of, minute, newest_sound, removed_at
from auditor.reconcile.subject import Subject

THRESHOLDS: Final = (60, 30, 14, 7, 3, 1)
"""Days before an end at which it is told, and told again."""
EXPORT_DAYS: Final = 3
"""The newest export is told of from so many days before its destination removes it."""

_FAILED = frozenset({Content.DAMAGED, Content.INCOMPLETE})


def threshold_of(when: datetime, now: datetime) -> int | None:
    """The nearest of THRESHOLDS that is reached: 7 from seven days before on. None: not yet, or over."""
    left = when - now
    if left < timedelta(0):
        return None
    return next((days for days in sorted(THRESHOLDS) if left <= timedelta(days=days)), None)


def find_endings(
    calendar: Calendar, severities: Mapping[str, Mapping[str, Severity]], *, now: datetime
) -> Iterator[Finding]:
    """FLOW_ENDING (flows of the configuration), CREDENTIAL_EXPIRING, EXPORT_EXPIRING. `severities`: by destination."""
    for flow in calendar.flows:
        yield from _find_flow_ending(flow, [*ends_of(flow, calendar)], severities.get(flow.destination, {}), now)
    for credential in calendar.credentials:
        subject = Subject(credential.destination, severities=severities.get(credential.destination, {}))
        yield from _find_credential(credential, subject, now)
    yield from _find_last_copies(calendar, severities, now)


def _find_flow_ending(
    flow: Flow, ends: Sequence[Ending], severities: Mapping[str, Severity], now: datetime
) -> Iterator[Finding]:
    """By the end that comes first. A flow that is over, or disabled, is told of otherwise."""
    if any(end.code == "flow-disabled" or end.when < now for end in ends):
        return
    first = min(ends, key=lambda end: end.when, default=None)
    if first is None or (reached := threshold_of(first.when, now)) is None:
        return
    evidence: dict[str, EvidenceValue] = {
        "ends": _iso(first.when),
        "days_left": _days(first.when, now),
        "reached_days": reached,
        "name": first.subject,
        "sources": [f"{end.source}: {minute(end.when)}" for end in ends],
    }
    yield Subject(flow.destination, flow.name, severities={**severities, **flow.severities}).finding(
        FLOW_ENDING, f"The flow ends {minute(first.when)}, in {_left(first.when, now)}.", evidence=evidence
    )


def _find_credential(credential: Credential, subject: Subject, now: datetime) -> Iterator[Finding]:
    """What is over already is refused by the provider, and told as that."""
    when, is_today = credential.when, credential.day_only and credential.when.date() == now.date()
    reached = THRESHOLDS[-1] if is_today else threshold_of(when, now)
    if credential.renewed or reached is None:
        return
    left = "today" if is_today else f"in {_left(when, now)}"
    told = f"{when:%Y-%m-%d}" if credential.day_only else minute(when)
    yield subject.finding(
        CREDENTIAL_EXPIRING,
        f"{credential.subject} ends {told}, {left}.",
        key=credential.subject,
        evidence={
            "ends": _iso(when),
            "days_left": max(0, _days(when, now)),
            "reached_days": reached,
            "source": credential.source,
        },
    )


def _find_last_copies(
    calendar: Calendar, severities: Mapping[str, Mapping[str, Severity]], now: datetime
) -> Iterator[Finding]:
    """Only of the newest sound export of a dataset, wherever it lies; silent as long as its flow goes on well."""
    by_dataset: dict[str, list[Verdict]] = defaultdict(list)
    for run in newest_sound(calendar.runs):
        by_dataset[run.dataset].append(run)
    flows = {flow.name: flow for flow in calendar.flows}
    stopped = {name for name, flow in flows.items() if _has_stopped(flow, calendar, now)}
    failed = _failed_last(calendar.runs)
    for sound in by_dataset.values():
        last = max(_dated(run) for run in sound)
        copies = [run for run in sound if _dated(run) == last]
        if any(copy.destination not in calendar.retentions for copy in copies):
            continue  # a copy as new lies where nothing is removed
        for copy in copies:
            if copy.flow in stopped or failed.get((copy.flow, copy.dataset, copy.destination), last) > last:
                yield from _find_last_copy(copy, calendar, flows.get(copy.flow), severities, now)


def _failed_last(runs: Sequence[Verdict]) -> dict[tuple[str, str, str], datetime]:
    """By flow, dataset and destination: the latest due time that did not come, or came bad.

    What could not be seen is neither.
    """
    latest: dict[tuple[str, str, str], datetime] = {}
    for run in runs:
        if run.due is not None and (run.arrival is Arrival.MISSING or run.content in _FAILED):
            chain = (run.flow, run.dataset, run.destination)
            latest[chain] = max(run.due, latest.get(chain, run.due))
    return latest


def _find_last_copy(
    copy: Verdict,
    calendar: Calendar,
    flow: Flow | None,
    severities: Mapping[str, Mapping[str, Severity]],
    now: datetime,
) -> Iterator[Finding]:
    retention = calendar.retentions[copy.destination]
    when = removed_at(copy, retention)
    if when is None or not timedelta(0) <= when - now <= timedelta(days=EXPORT_DAYS):
        return
    own = {**severities.get(copy.destination, {}), **(flow.severities if flow else {})}
    subject = Subject(copy.destination, copy.flow, copy.dataset, severities=own)
    yield subject.finding(
        EXPORT_EXPIRING,
        f"The newest sound export is removed {minute(when)}, in {_left(when, now)}; nothing sound came after it.",
        key=copy.folder,
        evidence={
            "ends": _iso(when),
            "days_left": _days(when, now),
            "export": _iso(_dated(copy)),
            "source": retention.source,
        },
    )


def _has_stopped(flow: Flow, calendar: Calendar, now: datetime) -> bool:
    """Nothing more comes of it: it is over by either clock, or disabled."""
    ends = [*ends_of(flow, calendar)]
    if any(end.code == "flow-disabled" or end.when < now for end in ends):
        return True
    return bool(flow.schedules) and flow.schedules[-1].once and flow.schedules[-1].start < now


def _dated(run: Verdict) -> datetime:
    """The moment whose data it holds, as far as a verdict tells."""
    dated = run.due or run.arrived_at
    assert dated is not None  # newest_sound
    return dated


def _days(when: datetime, now: datetime) -> int:
    """Whole days, so that the finding stays the same one for a day."""
    return (when - now).days


def _left(when: datetime, now: datetime) -> str:
    left = when - now
    if left >= timedelta(days=2):
        return f"{left.days} days"
    hours = int(left / timedelta(hours=1))
    return f"{hours} hours" if hours != 1 else "1 hour"


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
