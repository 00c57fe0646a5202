"""`export-auditor coverage`: how every dataset of every sandbox stands, as table, JSON (`coverage-1.json`) and CSV."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import StringIO

from auditor.model import Coverage, Status, Unverifiable
from auditor.report.coverage_words import GOOD, LEGEND, count_standings, render_coverage_sentence, worst_first
from auditor.report.csv_report import render_cell
from auditor.report.json_report import describe_coverage, describe_unverifiable, render_members, rows
from auditor.report.options import ReportOptions
from auditor.report.sheet import Sheet
from auditor.report.table_coverage import list_lines
from auditor.report.words import render_instant, render_minute

COLUMNS = (
    "experience_platform",
    "dataset",
    "name",
    "standing",
    "flows",
    "newest_sound",
    "reason",
    "waived_by",
    "waived_until",
    "waived_reason",
)


@dataclass(frozen=True, slots=True)
class CoverageView:
    """What is shown, with when it was read."""

    lines: Sequence[Coverage]
    doubts: Sequence[Unverifiable]
    status: Status
    read_at: datetime
    audited_at: datetime | None  # storage is as this audit saw it; None: there was none


def render_coverage_table(view: CoverageView, options: ReportOptions) -> str:
    """Worst first; those that are protected come last, and past the limit are only counted."""
    sheet = Sheet(width=options.width, colour=options.colour, unicode=options.unicode)
    sheet.say((render_coverage_sentence(view.lines) if view.lines else "No dataset could be read.", "bold"))
    audited = (
        f"storage as audited {render_minute(view.audited_at)}"
        if view.audited_at
        else "storage was never audited as a whole"
    )
    sheet.say(f"Experience Platform as read {render_minute(view.read_at)}; {audited}.", indent=2)
    for doubt in view.doubts:
        sheet.say(("? could not be read: ", "yellow"), f"{doubt.subject}: {doubt.reason}", indent=2, hang=2)
    lines = worst_first(view.lines)
    sheet.gap()
    bad = [line for line in lines if line.standing not in GOOD]
    list_lines(sheet, lines, rows=max(options.rows, len(bad)))
    if bad:
        sheet.say((LEGEND, "dim"), indent=2, hang=2)
    return sheet.render()


def render_coverage_json(view: CoverageView) -> str:
    """One object, by the schema `coverage-1`."""
    return render_members(
        {
            "schema": "coverage-1",
            "status": view.status.value,
            "read_at": render_instant(view.read_at),
            "audited_at": render_instant(view.audited_at) if view.audited_at else None,
            "summary": {word.replace(" ", "_"): count for word, count in count_standings(view.lines).items()},
        },
        rows("datasets", map(describe_coverage, worst_first(view.lines))),
        rows("unverifiable", map(describe_unverifiable, view.doubts)),
    )


def render_coverage_csv(view: CoverageView) -> str:
    """A row for each dataset, worst first; cells as in the CSV of an audit."""
    sheet = StringIO()
    writer = csv.writer(sheet, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in worst_first(view.lines):
        writer.writerow(map(render_cell, _cells(line)))
    return sheet.getvalue()


def _cells(line: Coverage) -> tuple[str, ...]:
    waived = line.waived
    return (
        line.platform,
        line.dataset,
        line.name,
        line.standing.value,
        "; ".join(line.flows),
        render_instant(line.newest_sound) if line.newest_sound else "",
        line.reason,
        waived.by if waived else "",
        render_instant(waived.until) if waived else "",
        waived.reason if waived else "",
    )
