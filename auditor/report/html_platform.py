"""What Experience Platform says, coverage, and what ends by itself: the rows of the HTML report's sections."""

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.model import AuditResult, Coverage, Ending, Verdict
from auditor.report.claims import (
    Agree,
    Said,
    Tally,
    list_differing,
    render_counts,
    tally_datasets,
    tally_flows,
)
from auditor.report.coverage_words import (
    LEGEND,
    mood_of,
    render_coverage_sentence,
    render_rest,
    word_of,
    worst_first,
)
from auditor.report.ending_words import choose_near, render_left, render_what, render_when
from auditor.report.html_limits import HtmlLimits
from auditor.report.sheet import SYMBOLS
from auditor.report.table_findings import render_waived, render_where
from auditor.report.words import render_bytes, render_count, render_minute

HEADINGS = (*Said, *(f"counts {one}" for one in Agree))


@dataclass(frozen=True, slots=True)
class Differing:
    """A run whose numbers differ."""

    where: str
    claimed: str
    found: str
    waived: bool


@dataclass(frozen=True, slots=True)
class Says:
    """What Experience Platform says of the runs."""

    headings: tuple[str, ...]
    flows: tuple[tuple[str, tuple[int, ...]], ...]  # name, counts in the order of the headings
    differing: tuple[Differing, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class CoverageRow:
    standing: str  # class of the row
    symbol: str
    word: str
    name: str
    id: str
    platform: str
    flows: str
    newest: str
    about: str
    waived: str


@dataclass(frozen=True, slots=True)
class CoverageTable:
    sentence: str
    legend: str
    rows: tuple[CoverageRow, ...]
    left_out: str


@dataclass(frozen=True, slots=True)
class EndingRow:
    when: str
    left: str
    what: str
    source: str


def list_claimed(result: AuditResult) -> Mapping[tuple[str, str], str]:
    """By flow and dataset: `claimed 1,204,331 / found 1,204,331`. Empty where nothing is cross-checked."""
    return {pair: _claimed(told) for pair, told in tally_datasets(result).items()}


def _claimed(told: Tally) -> str:
    if told.claimed is None or told.found is None:
        return "no numbers to compare"
    return f"claimed {told.claimed:,} / found {told.found:,}"


def list_says(result: AuditResult, limits: HtmlLimits) -> Says | None:
    """None where no flow is held against its run records."""
    tallies = tally_flows(result)
    if not tallies:
        return None
    differing = list_differing(result)
    shown = tuple(_differing(result, run) for run in differing[: limits.occurrences])
    flows = tuple((flow, _counts(told)) for flow, told in [*tallies.items()][: limits.flows])
    return Says(tuple(map(str, HEADINGS)), flows, shown, len(differing) - len(shown))


def _counts(told: Tally) -> tuple[int, ...]:
    return (*(told.said.get(one, 0) for one in Said), *(told.agree.get(one, 0) for one in Agree))


def _differing(result: AuditResult, run: Verdict) -> Differing:
    assert run.claim is not None
    found = [render_count(run.records, "record")] if run.records is not None else []
    found += [render_count(run.files, "file"), render_bytes(run.bytes)]
    where = render_where(result, run.flow, run.dataset, run.destination, run.due)
    waived = all(finding.waived for finding in run.findings if "mismatch" in finding.code)
    return Differing(where, render_counts(run.claim.written), ", ".join(found) if run.folder else "no export", waived)


def list_coverage(result: AuditResult, limits: HtmlLimits) -> CoverageTable | None:
    """None where no sandbox was read. Worst first; past the limit what is protected is left out, and counted."""
    if not result.coverage:
        return None
    lines = worst_first(result.coverage)
    rest = lines[limits.datasets :]
    rows = tuple(map(_row, lines[: limits.datasets]))
    return CoverageTable(render_coverage_sentence(lines), LEGEND, rows, render_rest(rest) if rest else "")


def _row(line: Coverage) -> CoverageRow:
    mood = mood_of(line)
    return CoverageRow(
        standing=mood.value,
        symbol=SYMBOLS[mood][0],
        word=word_of(line),
        name=line.name or line.dataset,
        id=line.dataset,
        platform=line.platform,
        flows=", ".join(line.flows),
        newest=render_minute(line.newest_sound) if line.newest_sound else "none",
        about=line.reason,
        waived=render_waived(line.waived) if line.waived else "",
    )


def list_ending_rows(result: AuditResult, limits: HtmlLimits) -> tuple[tuple[EndingRow, ...], int]:
    """What ends within 60 days, soonest first, and how many more there are."""
    near = choose_near(result.endings, result.now)
    return tuple(_ending(result, one) for one in near[: limits.occurrences]), max(0, len(near) - limits.occurrences)


def _ending(result: AuditResult, one: Ending) -> EndingRow:
    return EndingRow(render_when(one), render_left(one.when, result.now), render_what(one, result.now), one.source)
