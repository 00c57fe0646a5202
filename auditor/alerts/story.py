"""The facts of one notice, gathered from the ledger and the configuration. No words are made here.

One story is told per finding type, flow and destination: the incidents of many datasets, and their many due times.
What is not known is None or empty, and the notice leaves it out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from auditor.alerts.story_runs import ArrivingHere, Newest, read_neighbours, read_newest, read_runs
from auditor.checks import CATALOGUE
from auditor.expect import flow_end, next_due
from auditor.incident_model import EventKind, Incident, Member
from auditor.ledger import Ledger
from auditor.model import Care, Evidence, FindingType, Flow, RunKey, Severity, Verdict
from auditor.settings import Config

__all__ = ["Story", "gather_stories"]

ACCEPT_ONLY = frozenset({"export-changed", "export-deleted", "mass-loss", "protection-weakened", "schema-changed"})
"""Incidents that end only when somebody says that it may stay so."""


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of what one notice tells."""

    kind: EventKind
    incidents: tuple[Incident, ...]  # of one code, flow and destination; by dataset
    entry: FindingType | None  # of the catalogue
    now: datetime
    severity: Severity
    since: datetime  # of the one that began first
    closed_at: datetime | None  # of the one that closed last
    names: Mapping[str, str]  # dataset id -> configured name
    all_datasets: int | None  # how many the flow has; None: not known
    members: tuple[Member, ...]  # of now and the gaps it left, oldest first
    gaps: tuple[Member, ...]  # that stay
    joined: tuple[datetime, ...]  # due times added since people were last told; empty: none, or not known
    runs: tuple[Verdict, ...]  # current verdicts on the members; for what has none, on what came after the newest sound
    is_part: bool  # there are more runs than were read
    here: ArrivingHere | None
    newest: Newest | None
    retain: timedelta | None  # how long the destination keeps exports
    next_due: datetime | None
    ends: datetime | None  # the end of the flow, as configured
    care: tuple[Care, ...]
    next_reminder: datetime | None
    is_destination: bool  # `destination` is one of the configuration's
    is_platform: bool  # it is an organisation's sandbox

    @property
    def code(self) -> str:
        return self.incidents[0].key.code

    @property
    def flow(self) -> str:
        return self.incidents[0].key.flow

    @property
    def destination(self) -> str:
        return self.incidents[0].key.destination

    @property
    def datasets(self) -> tuple[str, ...]:
        """Ids of those that it concerns."""
        return tuple(sorted({one.key.dataset for one in self.incidents if one.key.dataset}))

    @property
    def labels(self) -> tuple[str, ...]:
        """Their names, as configured; the id of one without."""
        return tuple(self.label(dataset) for dataset in self.datasets)

    @property
    def dues(self) -> tuple[datetime, ...]:
        return tuple(sorted({one.due for one in self.members if one.due is not None}))

    @property
    def gap_dues(self) -> tuple[datetime, ...]:
        return tuple(sorted({one.due for one in self.gaps if one.due is not None}))

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(sorted(one.number for one in self.incidents if one.number))

    @property
    def evidence(self) -> Evidence:
        return self.incidents[0].evidence

    @property
    def accepts_only(self) -> bool:
        return self.code in ACCEPT_ONLY

    def label(self, dataset: str) -> str:
        return self.names.get(dataset) or dataset


def gather_stories(
    ledger: Ledger,
    config: Config,
    incidents: Sequence[Incident],
    kind: EventKind,
    *,
    now: datetime,
    next_reminder: datetime | None = None,
    told_at: datetime | None = None,
) -> list[Story]:
    """One story per code, flow and destination, the gravest first. Raises LedgerError."""
    ordered = sorted(incidents, key=_thread)
    threads = [tuple(some) for _, some in groupby(ordered, key=lambda one: _thread(one)[:3])]
    stories = [_gather(ledger, config, thread, kind, now, next_reminder, told_at) for thread in threads]
    return sorted(stories, key=lambda one: (-one.severity.rank, one.since, one.flow, one.code))


def _thread(incident: Incident) -> tuple[str, str, str, str, int]:
    key = incident.key
    return key.code, key.flow, key.destination, key.dataset, incident.number


def _gather(
    ledger: Ledger,
    config: Config,
    incidents: tuple[Incident, ...],
    kind: EventKind,
    now: datetime,
    next_reminder: datetime | None,
    told_at: datetime | None,
) -> Story:
    key = incidents[0].key
    flow, place = config.flows.get(key.flow), config.destinations.get(key.destination)
    newest = read_newest(ledger, incidents, flow)
    runs, is_part = read_runs(ledger, incidents, newest, kind)
    closed = [one.closed_at for one in incidents if one.closed_at is not None]
    return Story(
        kind=kind,
        incidents=incidents,
        entry=CATALOGUE.get(key.code),
        now=now,
        severity=max((one.severity for one in incidents), key=lambda one: one.rank),
        since=min(one.since for one in incidents),
        closed_at=max(closed, default=None),
        names=_names(config),
        all_datasets=len(flow.datasets) if flow else None,
        members=_sorted(member for one in incidents for member in (*one.members, *one.gaps)),
        gaps=_sorted(member for one in incidents for member in one.gaps),
        joined=_joined(ledger, incidents, told_at) if told_at and kind is EventKind.REMINDER else (),
        runs=runs,
        is_part=is_part,
        here=read_neighbours(ledger, incidents, now=now) if kind is not EventKind.RECOVERED else None,
        newest=newest,
        retain=place.facts.retain if place else None,
        next_due=next_due(flow, now) if flow else None,
        ends=flow_end(flow) if flow else None,
        care=_care(config, incidents, flow),
        next_reminder=next_reminder,
        is_destination=place is not None,
        is_platform=place is None and key.destination in config.experience_platform,
    )


def _sorted(members: Iterable[Member]) -> tuple[Member, ...]:
    unique = set(members)
    return tuple(sorted(unique, key=lambda one: (one.due.timestamp() if one.due else 0.0, one.key)))


def _names(config: Config) -> dict[str, str]:
    return {dataset.id: dataset.name for flow in config.flows.values() for dataset in flow.datasets if dataset.name}


def _care(config: Config, incidents: Sequence[Incident], flow: Flow | None) -> tuple[Care, ...]:
    """Who looks after the datasets it is about; of a whole destination or sandbox, after the flows there."""
    concerned = {one.key.dataset for one in incidents}
    place = incidents[0].key.destination
    if flow is not None:
        cares = [d.care for d in flow.datasets if d.id in concerned] or [flow.care, *(d.care for d in flow.datasets)]
    elif incidents[0].key.flow:
        cares = []
    else:
        cares = [f.care for f in config.flows.values() if place and place in (f.destination, f.experience_platform)]
    return tuple(dict.fromkeys(care for care in cares if care != Care()))


def _joined(ledger: Ledger, incidents: Sequence[Incident], told_at: datetime) -> tuple[datetime, ...]:
    """Due times that joined after people were last told: those whose verdicts have had the finding only since then."""
    found = set[datetime]()
    for one in incidents[:20]:
        for due in [member.due for member in one.members if member.due is not None][-20:]:
            run = RunKey(one.key.flow, one.key.dataset, one.key.destination, due)
            seen = [
                record.recorded_at
                for record in ledger.verdict_history(run)
                if any(finding.code == one.key.code for finding in record.verdict.findings)
            ]
            if seen and min(seen) > told_at:
                found.add(due)
    return tuple(sorted(found))
