"""What the ledger knows of the runs a notice is about, of those beside them, and of the newest sound exports."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from auditor.checks import CATALOGUE
from auditor.incident_model import EventKind, Incident
from auditor.ledger import Ledger
from auditor.model import Arrival, Content, Flow, Verdict

CAME = frozenset({Arrival.ON_TIME, Arrival.EARLY, Arrival.LATE})
ABSENT = frozenset({Arrival.MISSING, Arrival.LATE})
_ONE_BY_ONE = 20
"""Up to so many datasets are asked for one by one, in full; of more, the last days are read at once."""
_BACK = timedelta(days=7)
_BESIDE = timedelta(days=2)
_DATASETS = 500
_OF_ARRIVAL = frozenset({"export-missing", "export-late", "protection-stale", "run-failed", "run-without-export"})


@dataclass(frozen=True, slots=True)
class ArrivingHere:
    """Whether other exports come to the same destination, about runs due in the last two days."""

    arriving: tuple[str, ...]  # other flows, by name
    absent: tuple[str, ...]  # other flows of which nothing came
    siblings: int  # other datasets of the same flow that came for the same due times


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest sound (or proven-empty) export of each dataset."""

    oldest: datetime | None  # of the dataset that is worst off; None: no dataset has one
    newest: datetime | None
    without: tuple[str, ...]  # datasets of which none is known
    run: Verdict | None  # if it is about one dataset only
    datasets: int  # how many were looked at


def read_newest(ledger: Ledger, incidents: Sequence[Incident], flow: Flow | None) -> Newest | None:
    """None for what is about no flow."""
    key = incidents[0].key
    datasets = sorted({one.key.dataset for one in incidents if one.key.dataset})
    if not datasets and flow is not None:
        datasets = [dataset.id for dataset in flow.datasets]
    if not key.flow or not datasets:
        return None
    destination = key.destination or (flow.destination if flow else "")
    found = {one: ledger.newest_good_due(key.flow, one, destination) for one in datasets[:_DATASETS]}
    dated = [due for due in found.values() if due is not None]
    without = tuple(one for one, due in found.items() if due is None)
    run = None
    if len(datasets) == 1 and dated:
        run = ledger.previous_verdicts(key.flow, datasets[0], destination, since=dated[0]).get(dated[0])
    return Newest(min(dated, default=None), max(dated, default=None), without, run, len(found))


def read_runs(
    ledger: Ledger, incidents: Sequence[Incident], newest: Newest | None, kind: EventKind
) -> tuple[tuple[Verdict, ...], bool]:
    """The current verdicts on the members, and whether there are more than were read.

    Of a dataset without due times of its own (`protection-stale`): what came, or did not, after the newest sound one.
    """
    wanted = {
        (one.key.dataset, member.due)
        for one in incidents
        for member in (*one.members, *one.gaps)
        if member.due is not None
    }
    if wanted:
        runs = _read_members(ledger, incidents, {due for _, due in wanted if due is not None})
        chosen = [run for run in runs if (run.dataset, run.due) in wanted]
        return tuple(chosen), len(chosen) < len(wanted)
    if incidents[0].key.code != "protection-stale" or newest is None or kind is EventKind.RECOVERED:
        return (), False
    last = max(one.last_seen_at for one in incidents)
    since = newest.oldest or min(one.since for one in incidents) - _BACK
    is_part = len(incidents) > _ONE_BY_ONE and since < last - _BACK
    runs = _read_members(ledger, incidents, {max(since, last - _BACK) if is_part else since})
    datasets = {one.key.dataset for one in incidents}
    bad = (run for run in runs if run.dataset in datasets and run.due and run.due > since and _is_bad(run))
    return tuple(bad), is_part


def read_neighbours(ledger: Ledger, incidents: Sequence[Incident], *, now: datetime) -> ArrivingHere | None:
    """None where it says nothing: for findings that are not about arrival, or of long ago."""
    key = incidents[0].key
    dues = {member.due for one in incidents for member in one.members if member.due is not None}
    if key.code not in _OF_ARRIVAL or not key.destination or (dues and max(dues) < now - _BESIDE):
        return None
    since = max(min(dues, default=now - _BESIDE), now - _BESIDE)
    concerned = {one.key.dataset for one in incidents}
    came, absent = defaultdict[str, int](int), defaultdict[str, int](int)
    siblings = set[str]()
    for run in ledger.current_verdicts(key.destination, since=since):
        if run.due is None:
            continue
        if run.flow != key.flow:
            came[run.flow] += run.arrival in CAME and bool(run.folder)
            absent[run.flow] += run.arrival in ABSENT and not run.folder
        elif run.dataset not in concerned and run.due in dues and run.arrival in CAME and run.folder:
            siblings.add(run.dataset)
    arriving = tuple(sorted(flow for flow, number in came.items() if number))
    return ArrivingHere(arriving, tuple(sorted(f for f, n in absent.items() if n and f not in arriving)), len(siblings))


def is_of_runs(code: str) -> bool:
    """Whether a finding of this code is about single runs, so that due times say how much of it there is."""
    entry = CATALOGUE.get(code)
    return entry is not None and entry.family in {"arrival", "flow", "manifest", "file", "schema"}


def _read_members(ledger: Ledger, incidents: Sequence[Incident], dues: Iterable[datetime]) -> list[Verdict]:
    key, oldest, newest = incidents[0].key, min(dues), max(dues)
    datasets = sorted({one.key.dataset for one in incidents})
    if len(datasets) <= _ONE_BY_ONE:
        each = [ledger.previous_verdicts(key.flow, one, key.destination, since=oldest) for one in datasets]
        return [run for runs in each for run in runs.values()]
    since = max(oldest, newest - _BACK)
    return [run for run in ledger.current_verdicts(key.destination, since=since) if run.flow == key.flow and run.due]


def _is_bad(run: Verdict) -> bool:
    bad = {Content.DAMAGED, Content.INCOMPLETE}
    return run.arrival is Arrival.MISSING or (run.arrival is Arrival.LATE and not run.folder) or run.content in bad
