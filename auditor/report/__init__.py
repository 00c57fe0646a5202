"""What an audit says, in the forms people and machines read. Input is an `AuditResult`, output a text; no I/O.

A new format is one module here and one line in `FORMATS`.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from auditor.model import AuditResult
from auditor.report.json_report import render_json
from auditor.report.options import ReportOptions
from auditor.report.table import render_table, render_table_as
from auditor.report.verify_report import render_verify_line

__all__ = ["FORMATS", "ReportFormat", "ReportOptions", "render_json", "render_table", "render_verify_line"]

ReportFormat: TypeAlias = Callable[[AuditResult, ReportOptions], str]

FORMATS: Mapping[str, ReportFormat] = {
    "json": lambda result, _: render_json(result),
    "table": render_table_as,
}
