"""The population as CSV, line by line: every expected run with the verdict that counts. Inert in spreadsheets."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import StringIO

from auditor.model import Severity, Verdict
from auditor.report.completeness.tally import judge_kind, list_waived
from auditor.report.completeness.types import DatasetLine, Judged
from auditor.report.csv_report import render_cell
from auditor.report.words import render_instant

COLUMNS = (
    "flow",
    "dataset",
    "dataset_name",
    "destination",
    "owner",
    "team",
    "due",
    "arrived_at",
    "arrival",
    "content",
    "level",
    "deviation",  # what is not as it should be; empty: nothing
    "folder",
    "files",
    "records",
    "bytes",
    "severity",  # the gravest of the findings that are not waived
    "findings",
    "waived",  # codes that are put up with
    "waived_why",
    "could_not_check",
    "judged_at",  # the moment of the audit that said so first; empty: no audit judged it in time
)
PORTION = 500  # rows


def render_population(runs: Iterable[tuple[DatasetLine, Judged]]) -> Iterator[str]:
    """The file in portions (RFC 4180), a header first; in the order of `runs`."""
    sheet = StringIO()
    writer = csv.writer(sheet, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for number, (line, run) in enumerate(runs):
        writer.writerow(map(render_cell, _cells(line, run)))
        if number % PORTION == PORTION - 1:
            yield sheet.getvalue()
            sheet.seek(0)
            sheet.truncate()
    yield sheet.getvalue()


def _cells(line: DatasetLine, run: Judged) -> tuple[str, ...]:
    verdict, kind = run.verdict, judge_kind(run)
    counted = [one for one in verdict.findings if one.waived is None]
    waived = [one for one in verdict.findings if one.waived is not None]
    return (
        verdict.flow,
        verdict.dataset,
        line.name,
        verdict.destination,
        line.owner,
        line.team,
        _instant(verdict.due),
        _instant(verdict.arrived_at),
        verdict.arrival.value,
        verdict.content.value,
        "" if verdict.level is None else str(verdict.level),
        "" if kind is None else kind.value + (" (waived)" if list_waived(run, kind) else ""),
        verdict.folder,
        str(verdict.files),
        "" if verdict.records is None else str(verdict.records),
        str(verdict.bytes),
        str(max((one.severity for one in counted), key=lambda one: Severity(one).rank, default="")),
        " ".join(sorted({one.code for one in counted})),
        " ".join(sorted({one.code for one in waived})),
        "; ".join(sorted({f"{one.waived.reason} ({one.waived.by})" for one in waived if one.waived})),
        _reasons(verdict),
        _instant(run.judged_at),
    )


def _reasons(verdict: Verdict) -> str:
    return "; ".join(sorted({one.reason for one in verdict.unverifiable}))


def _instant(moment: datetime | None) -> str:
    return "" if moment is None else render_instant(moment)
