"""What ends by itself: flows, credentials, exports that a destination removes. As read, never by a rule. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auditor.flow_model import FlowVersion
from auditor.model import Arrival, Content, Ending, Flow, Verdict

_FOREVER = 9000  # a year: nobody plans a pause until then
HERE = frozenset({Arrival.ON_TIME, Arrival.EARLY, Arrival.LATE, Arrival.UNEXPECTED})
"""Arrivals of what lies in the destination."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential with an end. What it is stands in `subject`; nothing of itself does."""

    when: datetime
    subject: str
    source: str
    destination: str = ""
    platform: str = ""
    renewed: bool = False  # a new one is fetched by the audit itself
    day_only: bool = False  # only the day is known: `when` is its first moment


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a destination keeps exports, and where that was read."""

    span: timedelta
    source: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """All that an audit knows of ends."""

    flows: Sequence[Flow] = ()  # of the configuration
    versions: Mapping[tuple[str, str], FlowVersion] = field(default_factory=dict)  # by platform and flow id
    read_at: Mapping[str, datetime] = field(default_factory=dict)  # by platform: when its flows were read
    credentials: Sequence[Credential] = ()
    retentions: Mapping[str, Retention] = field(default_factory=dict)  # by destination
    runs: Sequence[Verdict] = ()  # of the newest audit


def list_endings(calendar: Calendar, *, every_export: bool = True) -> tuple[Ending, ...]:
    """Everything that ends or has ended by itself, soonest first.

    `every_export`: each export that its destination removes; else only the newest sound one of each dataset there.
    """
    runs = calendar.runs if every_export else newest_sound(calendar.runs)
    told = [*_of_flows(calendar), *_of_credentials(calendar.credentials), *_of_exports(runs, calendar.retentions)]
    return tuple(sorted(told, key=_order))


def newest_sound(runs: Iterable[Verdict]) -> list[Verdict]:
    """The newest sound export of each dataset of each flow at each destination."""
    newest: dict[tuple[str, str, str], Verdict] = {}
    for run in runs:
        if run.content is Content.SOUND and run.arrival in HERE and (dated := run.due or run.arrived_at):
            chain = (run.flow, run.dataset, run.destination)
            known = newest.get(chain)
            if known is None or dated > (known.due or known.arrived_at or dated):
                newest[chain] = run
    return [*newest.values()]


def _order(ending: Ending) -> tuple[object, ...]:
    return ending.when, ending.code, ending.subject, ending.flow, ending.dataset, ending.destination, ending.source


def _of_flows(calendar: Calendar) -> Iterator[Ending]:
    known: set[tuple[str, str]] = set()
    for flow in calendar.flows:
        known.add((flow.experience_platform, flow.flow_id))
        yield from ends_of(flow, calendar)
    for place, version in calendar.versions.items():
        if place not in known:
            yield from _ends_of_version(version, calendar)


def ends_of(flow: Flow, calendar: Calendar) -> Iterator[Ending]:
    """When a flow ends or was disabled, by the configuration and by Flow Service; once where both say the same."""
    version = calendar.versions.get((flow.experience_platform, flow.flow_id)) if flow.flow_id else None
    read = [*_ends_of_version(version, calendar, flow)] if version else []
    own = flow.schedules[-1] if flow.schedules else None
    if own is not None and any(one.end.year >= _FOREVER for one in own.exclusions):
        return  # a flow that has moved: here nothing is due any more
    if own is not None and own.end is not None and not own.once and own.end not in [one.when for one in read]:
        yield Ending(own.end, "flow-ending", flow.name, "`end` in the configuration", flow.name, "", flow.destination)
    yield from read


def _ends_of_version(version: FlowVersion, calendar: Calendar, flow: Flow | None = None) -> Iterator[Ending]:
    name, destination = (flow.name, flow.destination) if flow else ("", "")
    told = version.name or version.flow_id
    read_at = calendar.read_at.get(version.platform)
    at = f", read {minute(read_at)}" if read_at else ""
    if version.is_off:
        since = version.updated or version.created
        if since is not None:
            source = f"state {version.state} of the flow in {version.platform}, last changed then{at}"
            yield Ending(since, "flow-disabled", told, source, name, "", destination, version.platform)
    elif version.ends is not None and version.schedule and not version.schedule.once:
        source = f"endTime of the flow in {version.platform}{at}"
        yield Ending(version.ends, "flow-ending", told, source, name, "", destination, version.platform)


def _of_credentials(credentials: Iterable[Credential]) -> Iterator[Ending]:
    for one in credentials:
        source = f"{one.source}; the audit fetches new ones by itself" if one.renewed else one.source
        yield Ending(
            one.when,
            "credential-renewed" if one.renewed else "credential-expiring",
            one.subject,
            source,
            destination=one.destination,
            platform=one.platform,
            day_only=one.day_only,
        )


def _of_exports(runs: Iterable[Verdict], retentions: Mapping[str, Retention]) -> Iterator[Ending]:
    for run in runs:
        retention = retentions.get(run.destination)
        if retention is None or not run.folder or run.arrival not in HERE:
            continue
        if (when := removed_at(run, retention)) is None:
            continue
        yield Ending(when, "export-expiring", run.folder, retention.source, run.flow, run.dataset, run.destination)


def removed_at(run: Verdict, retention: Retention) -> datetime | None:
    """When the destination removes it, at the earliest: counted from its due time, as expiry is judged."""
    written = min(filter(None, (run.due, run.arrived_at)), default=None)
    try:
        return None if written is None else written + retention.span
    except OverflowError:
        return None


def minute(moment: datetime) -> str:
    """For people, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
