"""Runs as CSV: every run once, cells that no spreadsheet computes, texts that come back letter by letter."""

import csv
import dataclasses
import random
import re
from io import StringIO

import pytest
from hypothesis import given

from auditor.model import Finding, Level, Severity, Unverifiable, Waived
from auditor.report import FORMATS, ReportOptions, render_csv
from auditor.report.csv_report import COLUMNS, render_cell
from auditor.report.words import render_instant
from tests.report.example import EXAMPLE, NOW
from tests.report.strategies import HOSTILE, QUICK, audits, names

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "'=1",
    "'",
    "x;=1+1",
    'x;"=1"',
    "x; -1",
    "\\x3b",
]


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text, newline=""), strict=True))


def restore(cell: str) -> str:
    """What docs/reports.md says gives a text back."""
    cell = cell.removeprefix("'")
    escape = re.compile(r"\\(?:\\|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[trn])")
    return escape.sub(lambda found: found[0].encode().decode("unicode_escape"), cell)


@QUICK
@given(names)
def test_every_text_comes_back_letter_by_letter(name):
    assert restore(render_cell(name)) == name


@pytest.mark.parametrize("name", [*FORMULAS, *HOSTILE])
def test_no_cell_begins_like_a_formula(name):
    cell = render_cell(name)
    assert restore(cell) == name
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    assert re.search(r";[\s\"']*[=+\-@]", cell) is None
    assert cell.isprintable()


@QUICK
@given(audits())
def test_every_run_is_one_row_of_one_line(result):
    text = render_csv(result)
    assert text.encode("utf-8").decode("utf-8") == text
    lines = text.split("\r\n")
    assert len(lines) == len(result.runs) + 2
    assert "\n" not in "".join(lines)
    rows = read(text)
    assert [set(row) for row in rows] == [set(COLUMNS)] * len(result.runs)
    told = sorted((restore(r["flow"]), restore(r["dataset"]), restore(r["folder"]), r["due"]) for r in rows)
    due = [render_instant(run.due) if run.due else "" for run in result.runs]
    assert told == sorted((r.flow, r.dataset, r.folder, d) for r, d in zip(result.runs, due, strict=True))


def test_the_order_of_runs_changes_nothing():
    runs = list(EXAMPLE.runs)
    random.Random(3).shuffle(runs)
    assert render_csv(dataclasses.replace(EXAMPLE, runs=tuple(runs))) == FORMATS["csv"](EXAMPLE, ReportOptions())


def test_a_row_says_both_answers_and_what_they_rest_on():
    run = EXAMPLE.runs[0]
    waived = Finding("export-late", Severity.WARNING, "late", waived=Waived("known", "ops", NOW))
    found = Finding("manifest-missing", Severity.ERROR, "none"), Finding("file-duplicate", Severity.WARNING, "twice")
    doubt = Unverifiable("part-1", "no right to read")
    run = dataclasses.replace(run, findings=(waived, *found), unverifiable=(doubt, doubt), unprotected=3)
    (row,) = read(render_csv(dataclasses.replace(EXAMPLE, runs=(run,))))
    assert row == {
        "flow": "web-3h",
        "dataset": run.dataset,
        "dataset_name": "Web events",
        "destination": "lake-backup",
        "due": "2026-10-01T00:00:00Z",
        "arrival": "on_time",
        "arrived_at": "2026-10-01T00:07:00Z",
        "content": "sound",
        "level": str(Level.L3),
        "folder": run.folder,
        "files": "3",
        "records": "812",
        "bytes": "41204",
        "files_without_checksums": "3",
        "severity": "error",
        "findings": "file-duplicate manifest-missing",
        "waived": "export-late",
        "could_not_check": "no right to read",
        **{name: "" for name in COLUMNS if name.startswith("claim_")},
    }
