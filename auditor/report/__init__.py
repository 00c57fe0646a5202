"""What an audit says, in the forms people and machines read. Input is an `AuditResult`, output a text; no I/O.

A new format is one module here and one line in `FORMATS`.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from auditor.model import AuditResult
from auditor.report.csv_report import render_csv
from auditor.report.json_report import render_json
from auditor.report.junit_report import render_junit
from auditor.report.options import ReportOptions
from auditor.report.table import render_table, render_table_as
from auditor.report.verify_report import render_verify_line

__all__ = [
    "FORMATS",
    "ReportFormat",
    "ReportOptions",
    "render_csv",
    "render_json",
    "render_junit",
    "render_table",
    "render_verify_line",
]

ReportFormat: TypeAlias = Callable[[AuditResult, ReportOptions], str]


def _render_html(result: AuditResult, options: ReportOptions) -> str:
    from auditor.report.html_report import render_html  # the template engine loads slowly, and is rarely asked for

    return render_html(result, options)


FORMATS: Mapping[str, ReportFormat] = {
    "csv": render_csv,
    "html": _render_html,
    "json": lambda result, _: render_json(result),
    "junit": render_junit,
    "table": render_table_as,
}
