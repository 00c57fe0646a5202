"""The calendar of expected runs: a row for each flow and dataset, a column for each day, week, month or year (UTC).

Where several runs share a cell, the gravest mark stands in it, with how many have that mark if not all have it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from itertools import groupby
from typing import TypeAlias

from auditor.model import AuditResult
from auditor.report.html_limits import HtmlLimits
from auditor.report.marks import MEANINGS, Mark, judge_mark
from auditor.report.summary import Summary
from auditor.report.table_datasets import choose
from auditor.report.words import render_count

Row: TypeAlias = tuple[str, str]  # flow, dataset
Tallies: TypeAlias = Mapping[Row, Mapping[date, Counter[Mark]]]
Start: TypeAlias = Callable[[date], date]
STARTS: dict[str, Start] = {  # the first day of the unit that a day is in
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=min(day.weekday(), day.toordinal() - 1)),
    "month": lambda day: day.replace(day=1),
    "year": lambda day: day.replace(month=1, day=1),
}


@dataclass(frozen=True, slots=True)
class Column:
    group: str  # the month or year above it
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Cell:
    kind: str  # a mark; "none": no run was due; "unwatched"
    text: str
    count: str  # how many have the mark; "" where all have it, "99+" where there is no room
    title: str


@dataclass(frozen=True, slots=True)
class CalendarRow:
    name: str
    id: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class LegendEntry:
    kind: str
    text: str
    meaning: str
    count: int


@dataclass(frozen=True, slots=True)
class Calendar:
    unit: str
    columns: tuple[Column, ...]
    groups: tuple[tuple[str, int], ...]  # heading above the columns, how many it spans
    flows: tuple[tuple[str, tuple[CalendarRow, ...]], ...]
    legend: tuple[LegendEntry, ...]  # counts add up to all expected runs, also those not shown
    left_out: str
    earlier: int  # runs before the first column


def make_calendar(result: AuditResult, summary: Summary, limits: HtmlLimits) -> Calendar | None:
    """None where no run was expected. Past the limits: coarser units, and datasets in order only counted."""
    days = _count_days(result)
    if not days:
        return None
    all_days = {day for row in days.values() for day in row}
    unit = _choose_unit(min(all_days), max(all_days), limits)
    starts = _list_starts(unit, min(all_days), max(all_days))[-limits.columns :]
    tallies = {row: _gather(of_row, STARTS[unit]) for row, of_row in days.items()}
    shown, left_out = choose(summary.standings, limits.calendar_rows)
    since = {w.flow: STARTS[unit](w.since.astimezone(UTC).date()) for w in result.watched}
    rows = [
        (s.flow, _row(result, s.dataset, tallies.get((s.flow, s.dataset), {}), starts, since.get(s.flow), unit))
        for s in shown
    ]
    columns = tuple(_column(start, unit) for start in starts)
    return Calendar(
        unit=unit,
        columns=columns,
        groups=tuple((group, len(list(items))) for group, items in groupby(column.group for column in columns)),
        flows=tuple((flow, tuple(row for _, row in items)) for flow, items in groupby(rows, key=lambda pair: pair[0])),
        legend=_legend(days),
        left_out=f"and {render_count(len(left_out), 'more dataset')}, counted in the legend" if left_out else "",
        earlier=sum(n.total() for row in tallies.values() for start, n in row.items() if start < starts[0]),
    )


def _count_days(result: AuditResult) -> dict[Row, dict[date, Counter[Mark]]]:
    days: dict[Row, dict[date, Counter[Mark]]] = defaultdict(lambda: defaultdict(Counter))
    for run in result.runs:
        if run.due is not None:
            days[run.flow, run.dataset][run.due.astimezone(UTC).date()][judge_mark(run)] += 1
    return days


def _gather(of_row: Mapping[date, Counter[Mark]], start: Start) -> dict[date, Counter[Mark]]:
    gathered: dict[date, Counter[Mark]] = defaultdict(Counter)
    for day, counts in of_row.items():
        gathered[start(day)].update(counts)
    return gathered


def _choose_unit(first: date, last: date, limits: HtmlLimits) -> str:
    """The finest unit whose columns fit."""
    if (last - first).days < limits.days:
        return "day"
    if (last - first).days // 7 + 2 <= limits.columns:
        return "week"
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    return "month" if months <= limits.columns else "year"


def _list_starts(unit: str, first: date, last: date) -> list[date]:
    return list(_iterate(STARTS[unit], first, last))


def _iterate(start: Start, first: date, last: date) -> Iterator[date]:
    current = start(first)
    yield current
    for ordinal in range(first.toordinal() + 1, last.toordinal() + 1):
        following = start(date.fromordinal(ordinal))
        if following != current:
            yield following
            current = following


def _column(start: date, unit: str) -> Column:
    if unit == "year":
        return Column("year", str(start.year), f"{start.year}")
    if unit == "month":
        return Column(str(start.year), f"{start.month}", f"{start:%Y-%m}")
    of = "week from " if unit == "week" else ""
    return Column(f"{start:%b %Y}", str(start.day), of + start.isoformat())


def _row(
    result: AuditResult,
    dataset: str,
    tally: Mapping[date, Counter[Mark]],
    starts: list[date],
    since: date | None,
    unit: str,
) -> CalendarRow:
    cells = tuple(_cell(start, tally.get(start), since, unit) for start in starts)
    return CalendarRow(result.names.get(dataset, "") or dataset, dataset, cells)


def _cell(start: date, counts: Counter[Mark] | None, since: date | None, unit: str) -> Cell:
    if not counts:
        return Cell("unwatched", "", "", "not watched") if since and start < since else Cell("none", "", "", "")
    worst = min(counts, key=lambda mark: mark.rank)
    total = counts.total()
    parts = ", ".join(f"{counts[mark]:,} {MEANINGS[mark]}" for mark in sorted(counts, key=lambda mark: mark.rank))
    count = "" if counts[worst] == total else str(counts[worst]) if counts[worst] < 100 else "99+"
    return Cell(worst.value, worst.letter, count, f"{_column(start, unit).title}: {total:,} due: {parts}")


def _legend(days: Tallies) -> tuple[LegendEntry, ...]:
    totals: Counter[Mark] = Counter()
    for row in days.values():
        for counts in row.values():
            totals.update(counts)
    return tuple(LegendEntry(m.value, m.letter, MEANINGS[m], totals[m]) for m in reversed(Mark) if totals[m])
