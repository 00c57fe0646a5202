"""The counts of an audit, the sentence above them and the balance that adds up. Every report says these alike."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from auditor.model import Arrival, AuditResult, Content, Level, Severity, Unverifiable, Verdict
from auditor.report.standing import (
    ARRIVED,
    DatasetStanding,
    Standing,
    count_grave_beside,
    is_here,
    is_waived,
    judge_standings,
)
from auditor.report.words import render_count

E = TypeVar("E", bound=Enum)

# In the order a reader wants them. Every arrival but `unexpected`, which no due time asked for.
BALANCE = (
    Arrival.ON_TIME,
    Arrival.EARLY,
    Arrival.LATE,
    Arrival.NOT_NEEDED,
    Arrival.MISSING,
    Arrival.EXPIRED,
    Arrival.PENDING,
    Arrival.ARRIVING,
    Arrival.UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over all runs of an audit. Each mapping has an entry for every value, zeros included."""

    standings: tuple[DatasetStanding, ...]
    datasets: dict[Standing, int]
    flows: int
    idle_flows: int  # watched, without one expected run
    grave_beside: int  # grave findings that concern no dataset of the runs
    runs: int  # expected runs and unexpected folders
    expected: int
    overdue: int  # late and not here yet
    balance: dict[Arrival, int]  # of expected runs: adds up to `expected`, together with `waived`
    waived: int  # missing ones that are put up with; not among the missing of `balance`
    arrival: dict[Arrival, int]  # of all runs
    content: dict[Content, int]  # of all runs
    arrived_content: dict[Content, int]  # of expected runs that arrived: on time, early or late
    arrived_level: dict[Level, int]  # of those, the sound ones; a level that does not occur is left out
    level: dict[Level | None, int]  # of all runs; None where nothing is proven
    severity: dict[Severity, int]  # of findings
    code: dict[str, int]  # of findings, only those that occur
    unverifiable: int


def summarise(result: AuditResult) -> Summary:
    """Count everything a report may say about `result`. Pure."""
    expected = [run for run in result.runs if run.due is not None]
    arrived = [run for run in expected if run.arrival in ARRIVED and is_here(run)]
    standings = judge_standings(result)
    flows = {run.flow for run in result.runs} | {watched.flow for watched in result.watched}
    waived = sum(run.arrival is Arrival.MISSING and is_waived(run) for run in expected)
    balance = Counter(run.arrival for run in expected)
    balance[Arrival.MISSING] -= waived
    return Summary(
        standings=standings,
        datasets=_count((s.standing for s in standings), Standing),
        flows=len(flows - {""}),
        idle_flows=len(flows - {""} - {run.flow for run in expected}),
        grave_beside=count_grave_beside(result),
        runs=len(result.runs),
        expected=len(expected),
        overdue=sum(run.arrival is Arrival.LATE and not is_here(run) for run in expected),
        balance={arrival: balance[arrival] for arrival in BALANCE},
        waived=waived,
        arrival=_count((run.arrival for run in result.runs), Arrival),
        content=_count((run.content for run in result.runs), Content),
        arrived_content=_count((run.content for run in arrived), Content),
        arrived_level=_count_sound(arrived),
        level=_count_levels(result),
        severity=_count((finding.severity for finding in result.findings), Severity),
        code=dict(sorted(Counter(finding.code for finding in result.findings).items())),
        unverifiable=len(list_unverifiable(result)),
    )


def list_unverifiable(result: AuditResult) -> list[Unverifiable]:
    """Everything that could not be checked, said by a run or beside the runs, each once, in a fixed order."""
    of_runs = (item for run in result.runs for item in run.unverifiable)
    return sorted(dict.fromkeys((*result.unverifiable, *of_runs)), key=_unverifiable_order)


def render_headline(summary: Summary) -> str:
    """The one sentence a person reads first. Good, bad and could-not-tell are never added together."""
    total = len(summary.standings)
    if not total:
        return "; ".join(["Nothing was checked: no export was expected in the time watched", *_beside(summary)]) + "."
    if summary.datasets[Standing.WAITING] == total:
        return "; ".join([f"Nothing could be judged yet: {_waiting(total)}", *_beside(summary)]) + "."
    good = summary.datasets[Standing.GOOD]
    are, their = ("is", "its") if total == 1 else ("are", "their")
    sound = f"{are} in order with a sound export younger than {their} limit{_depth(summary)}"
    parts = [f"{good:,} of {render_count(total, 'dataset')} {sound}"]
    if bad := summary.datasets[Standing.ATTENTION]:
        parts.append(f"{bad:,} {'needs' if bad == 1 else 'need'} you")
    if unknown := summary.datasets[Standing.UNKNOWN]:
        parts.append(f"{unknown:,} could not be checked")
    if waived := summary.datasets[Standing.WAIVED]:
        parts.append(f"{waived:,} {'is' if waived == 1 else 'are'} waived")
    if waiting := summary.datasets[Standing.WAITING]:
        parts.append(_waiting(waiting))
    return "; ".join([*parts, *_beside(summary)]) + "."


def _beside(summary: Summary) -> Iterator[str]:
    """What the standings of datasets do not show and the sentence must not hide."""
    if summary.unverifiable and not summary.datasets[Standing.UNKNOWN]:
        yield f"{render_count(summary.unverifiable, 'check')} could not be made"
    if idle := summary.idle_flows:
        yield f"{render_count(idle, 'flow')} had no run due"
    if grave := summary.grave_beside:
        yield f"{render_count(grave, 'finding')} beside these {'needs' if grave == 1 else 'need'} you"


def _waiting(count: int) -> str:
    return f"{render_count(count, 'dataset')} {'waits' if count == 1 else 'wait'} for an export"


def _depth(summary: Summary) -> str:
    """How far the good ones were checked, where that is less than every record."""
    levels = [s.level for s in summary.standings if s.standing is Standing.GOOD and s.level is not None]
    lowest = min(levels, default=Level.L3)
    return "" if lowest >= Level.L3 else f" (checked only to {lowest})"


def _count(values: Iterable[E], kind: type[E]) -> dict[E, int]:
    counts = Counter(values)
    return {value: counts[value] for value in kind}


def _count_levels(result: AuditResult) -> dict[Level | None, int]:
    counts = Counter(run.level for run in result.runs)
    return {level: counts[level] for level in (*Level, None)}


def _count_sound(arrived: Iterable[Verdict]) -> dict[Level, int]:
    levels = Counter(run.level for run in arrived if run.content is Content.SOUND and run.level is not None)
    return {level: levels[level] for level in reversed(Level) if level in levels}


def _unverifiable_order(item: Unverifiable) -> tuple[str, str, str, str, str, str]:
    due = item.due.isoformat() if item.due else ""
    return item.reason, item.destination, item.flow, item.dataset, due, item.subject
