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
from auditor.incident_model import EventKind, Incident, IncidentKey, Member
from auditor.ledger import Ledger, Membership
from auditor.model import Care, Evidence, FindingType, Flow, Severity, Verdict
from auditor.settings import Config

__all__ = ["Added", "Story", "gather_stories"]

ACCEPT_ONLY = frozenset({"export-changed", "export-deleted", "mass-loss", "protection-weakened", "schema-changed"})
"""Incidents that end only when somebody says that it may stay so."""

OF_FOLDERS = frozenset(
    {"export-unexpected", "export-duplicate", "export-changed", "export-deleted"}
    | {"folder-malformed", "folder-empty", "unknown-dataset"}
)
"""Findings that, without a due time, are about a folder."""


@dataclass(frozen=True, slots=True)
class Added:
    """What came to an incident since people were last told of it."""

    dues: tuple[datetime, ...] = ()
    datasets: tuple[str, ...] = ()


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
    added: Added
    still_open: tuple[str, ...]  # other datasets of the flow of which the same goes on
    explains: tuple[IncidentKey, ...]  # incidents of which nobody is told because this one is their cause
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
    def thing(self) -> str:
        """What the keys of its members are, where it has no due times: `folder` or `file`; empty for anything else."""
        if self.code in OF_FOLDERS:
            return "folder"
        return "file" if self.entry and self.entry.family in ("file", "manifest") else ""

    @property
    def is_hole(self) -> bool:
        """Told afterwards: due times of which something is lacking still, while later ones are right."""
        return self.kind is EventKind.GAP and bool(self.dues) and self.code != "export-late"

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
    about = _About(ledger, config, kind, now, next_reminder, told_at, tuple(ledger.live_incidents()))
    stories = [_gather(thread, about) for thread in threads]
    return sorted(stories, key=lambda one: (-one.severity.rank, one.since, one.flow, one.code))


def _thread(incident: Incident) -> tuple[str, str, str, str, int]:
    key = incident.key
    return key.code, key.flow, key.destination, key.dataset, incident.number


@dataclass(frozen=True, slots=True)
class _About:
    """What all stories of one notice share."""

    ledger: Ledger
    config: Config
    kind: EventKind
    now: datetime
    next_reminder: datetime | None
    told_at: datetime | None  # when people were last told
    live: tuple[Incident, ...]


def _gather(incidents: tuple[Incident, ...], about: _About) -> Story:
    key, ledger, config = incidents[0].key, about.ledger, about.config
    flow, place = config.flows.get(key.flow), config.destinations.get(key.destination)
    newest = read_newest(ledger, incidents, flow)
    ever = ledger.memberships([one.number for one in incidents])
    members = {member for one in incidents for member in (*one.members, *one.gaps)}
    members |= {one.member for one in ever} if about.kind is EventKind.RECOVERED else set()
    runs, is_part = read_runs(ledger, incidents, newest, about.kind)
    closed = [one.closed_at for one in incidents if one.closed_at is not None]
    return Story(
        kind=about.kind,
        incidents=incidents,
        entry=CATALOGUE.get(key.code),
        now=about.now,
        severity=max((one.severity for one in incidents), key=lambda one: one.rank),
        since=min(one.since for one in incidents),
        closed_at=max(closed, default=None),
        names=_names(config),
        all_datasets=len(flow.datasets) if flow else None,
        members=_sorted(members),
        gaps=_sorted(member for one in incidents for member in one.gaps),
        added=_added(incidents, ever, about.told_at),
        still_open=_still_open(incidents, about.live),
        explains=tuple(one.key for one in about.live if one.cause in {own.number for own in incidents}),
        runs=runs,
        is_part=is_part,
        here=read_neighbours(ledger, incidents, now=about.now) if about.kind is not EventKind.RECOVERED else None,
        newest=newest,
        retain=place.facts.retain if place else None,
        next_due=next_due(flow, about.now) if flow else None,
        ends=flow_end(flow) if flow else None,
        care=_care(config, incidents, flow),
        next_reminder=about.next_reminder,
        is_destination=place is not None,
        is_platform=place is None and key.destination in config.experience_platform,
    )


def _added(incidents: Sequence[Incident], ever: Sequence[Membership], told_at: datetime | None) -> Added:
    """What came to it after people were told last; nothing if they never were."""
    if told_at is None:
        return Added()
    fresh = {one.number: one.key.dataset for one in incidents if one.opened_at > told_at}
    dues = {one.member.due for one in ever if one.joined_at > told_at and one.member.due and one.left_at is None}
    return Added(tuple(sorted(due for due in dues if due)), tuple(sorted({*fresh.values()} - {""})))


def _still_open(incidents: Sequence[Incident], live: Sequence[Incident]) -> tuple[str, ...]:
    """Other datasets of which the same goes on."""
    key, own = incidents[0].key, {one.number for one in incidents}
    same = [one for one in live if one.is_open and one.number not in own]
    thread = (key.code, key.flow, key.destination)
    return tuple(sorted(o.key.dataset for o in same if (o.key.code, o.key.flow, o.key.destination) == thread))


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
