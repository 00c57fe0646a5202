"""Completeness of each flow and dataset, for the HTML report."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from auditor.model import AuditResult, Care
from auditor.report.html_bar import Bar, make_bar
from auditor.report.html_limits import HtmlLimits
from auditor.report.marks import Group, judge_mark
from auditor.report.sheet import SYMBOLS
from auditor.report.standing import DatasetStanding
from auditor.report.summary import Summary
from auditor.report.table_datasets import NUMBERS, WIDE_WORDS, choose, render_left_out
from auditor.report.words import render_minute

GROUP_WORDS = {
    Group.GOOD: "sound or proven not needed",
    Group.BAD: "missing, damaged or incomplete",
    Group.UNKNOWN: "unknown",
    Group.WAIVED: "waived",
    Group.OPEN: "may still come",
    Group.GONE: "expired by retention",
}
NOT_JUDGED = (Group.OPEN, Group.GONE)
Tally: TypeAlias = Mapping[Group, int]


@dataclass(frozen=True, slots=True)
class Completeness:
    """Of the runs that can be judged: how many gave a sound export, or proved that none was needed."""

    good: int
    judged: int
    unknown: int  # of these, neither good nor bad
    bar: Bar


@dataclass(frozen=True, slots=True)
class DatasetRow:
    standing: str
    symbol: str
    word: str
    name: str  # for people; the id where there is no other
    id: str
    complete: Completeness
    numbers: tuple[tuple[str, int], ...]  # heading, count
    newest: str
    level: str
    care: str  # who looks after it, in one line
    runbook: str  # an address, if it is one that a browser may follow


@dataclass(frozen=True, slots=True)
class FlowRows:
    name: str
    destinations: str
    since: str
    complete: Completeness  # of all its datasets, also those that are not shown
    rows: tuple[DatasetRow, ...]


@dataclass(frozen=True, slots=True)
class DatasetTable:
    flows: tuple[FlowRows, ...]
    left_out: str


def list_datasets(result: AuditResult, summary: Summary, limits: HtmlLimits) -> DatasetTable:
    """The rows of the table, by flow; past the limit those in order are left out first, and counted."""
    tallies = _tally(result)
    of_flow: dict[str, Counter[Group]] = defaultdict(Counter)
    for (flow, _), tally in tallies.items():
        of_flow[flow].update(tally)
    since = {watched.flow: render_minute(watched.since) for watched in result.watched}
    shown, left_out = choose(summary.standings, limits.datasets)
    flows = []
    for flow, group in groupby(shown, key=lambda standing: standing.flow):
        standings = list(group)
        rows = tuple(_row(standing, tallies[flow, standing.dataset], result) for standing in standings)
        flows.append(FlowRows(flow, _places(standings), since.get(flow, ""), _complete(of_flow[flow]), rows))
    return DatasetTable(tuple(flows), render_left_out(left_out) if left_out else "")


def _tally(result: AuditResult) -> dict[tuple[str, str], Counter[Group]]:
    tallies: dict[tuple[str, str], Counter[Group]] = defaultdict(Counter)
    for run in result.runs:
        if run.due is not None:
            tallies[run.flow, run.dataset][judge_mark(run).group] += 1
    return tallies


def _places(standings: Iterable[DatasetStanding]) -> str:
    return ", ".join(sorted({standing.destination for standing in standings}))


def _complete(tally: Tally) -> Completeness:
    counts = {group: tally.get(group, 0) for group in Group}
    judged = sum(count for group, count in counts.items() if group not in NOT_JUDGED)
    return Completeness(counts[Group.GOOD], judged, counts[Group.UNKNOWN], make_bar(counts, GROUP_WORDS))


def _row(standing: DatasetStanding, tally: Tally, result: AuditResult) -> DatasetRow:
    care = result.care.get((standing.flow, standing.dataset), Care())
    return DatasetRow(
        standing=standing.standing.value,
        symbol=SYMBOLS[standing.standing][0],
        word=WIDE_WORDS[standing.standing],
        name=result.names.get(standing.dataset, "") or standing.dataset,
        id=standing.dataset,
        complete=_complete(tally),
        numbers=_numbers(standing),
        newest=render_minute(standing.newest_sound) if standing.newest_sound else "none",
        level="" if standing.level is None else str(standing.level),
        care=" · ".join(filter(None, (care.owner, care.team, *care.tags))),
        runbook=care.runbook if care.runbook.startswith(("https://", "http://")) else "",
    )


def _numbers(standing: DatasetStanding) -> tuple[tuple[str, int], ...]:
    return tuple((heading, getattr(standing, field)) for heading, _, field in NUMBERS)


def list_headings() -> Sequence[str]:
    """The headings of the columns of numbers."""
    return [heading for heading, _, _ in NUMBERS]
