"""The runs of an audit as CSV (RFC 4180): a header, then one row for each expected run and unexpected folder.

Times are UTC, sizes bytes, an empty cell means "none". Findings stand as codes. A cell can do nothing in a spreadsheet
and gives its text back exactly: see `render_cell`.
"""

import csv
import re
from collections.abc import Iterable
from datetime import datetime
from io import StringIO

from auditor.model import AuditResult, Claim, Finding, Severity, Verdict
from auditor.report.json_report import run_order
from auditor.report.options import ReportOptions
from auditor.report.words import render_instant

COLUMNS = (
    "flow",
    "dataset",
    "dataset_name",
    "destination",
    "due",
    "arrival",
    "arrived_at",
    "content",
    "level",
    "folder",
    "files",
    "records",
    "bytes",
    "files_without_checksums",
    "severity",  # the gravest of the findings that are not waived
    "findings",
    "waived",
    "could_not_check",  # reasons
    "claim_state",  # what the run records of Experience Platform say; all empty where a flow is not cross-checked
    "claim_runs",
    "claim_records_read",
    "claim_records",
    "claim_files",
    "claim_bytes",
    "claim_started",
    "claim_ended",
)
# Full-width forms too: some spreadsheets read them as the plain sign.
FORMULA = re.compile(r"[=+\-@＝＋－＠']")
# A spreadsheet set to semicolons cuts there, whatever is quoted.
CUT = re.compile(r";(?=[\s\"']*[=+\-@＝＋－＠])")


def render_csv(result: AuditResult, options: ReportOptions | None = None) -> str:  # noqa: ARG001
    """All runs, by flow, dataset, destination and due time. The same result gives the same bytes."""
    sheet = StringIO()
    writer = csv.writer(sheet, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for run in sorted(result.runs, key=run_order):
        writer.writerow(map(render_cell, _cells(run, result.names.get(run.dataset, ""))))
    return sheet.getvalue()


def render_cell(text: str) -> str:
    """`text` so that no spreadsheet computes it, and so that it can be had back.

    Backslashes are doubled and what cannot be printed is a Python escape (`\\x1b`, `\\udc80`); a text that begins like
    a formula, or with an apostrophe, has an apostrophe before it. Back: drop one leading apostrophe, undo the escapes.
    """
    is_plain = text.isprintable() and "\\" not in text  # nearly all are, and there are millions
    safe = text if is_plain else "".join(_escape(c) for c in text)
    safe = CUT.sub(r"\\x3b", safe) if ";" in safe else safe
    return f"'{safe}" if FORMULA.match(safe) else safe


def _escape(character: str) -> str:
    if character == "\\" or not character.isprintable():
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character


def _cells(run: Verdict, name: str) -> tuple[str, ...]:
    counted = [finding for finding in run.findings if finding.waived is None]
    return (
        run.flow,
        run.dataset,
        name,
        run.destination,
        _instant(run.due),
        run.arrival.value,
        _instant(run.arrived_at),
        run.content.value,
        "" if run.level is None else str(run.level),
        run.folder,
        str(run.files),
        _number(run.records),
        str(run.bytes),
        str(run.unprotected),
        _gravest(counted),
        _codes(counted),
        _codes(finding for finding in run.findings if finding.waived is not None),
        "; ".join(dict.fromkeys(sorted(item.reason for item in run.unverifiable))),
        *_claimed(run.claim),
    )


def _claimed(claim: Claim | None) -> tuple[str, ...]:
    if claim is None:
        return ("",) * 8
    return (
        claim.state.value,
        " ".join(claim.runs),
        _number(claim.read.records),
        _number(claim.written.records),
        _number(claim.written.files),
        _number(claim.written.bytes),
        _instant(claim.started),
        _instant(claim.ended),
    )


def _number(number: int | None) -> str:
    return "" if number is None else str(number)


def _codes(findings: Iterable[Finding]) -> str:
    return " ".join(sorted({finding.code for finding in findings}))


def _gravest(findings: list[Finding]) -> str:
    worst: Severity | None = max((finding.severity for finding in findings), key=lambda s: s.rank, default=None)
    return worst.value if worst else ""


def _instant(moment: datetime | None) -> str:
    return "" if moment is None else render_instant(moment)
