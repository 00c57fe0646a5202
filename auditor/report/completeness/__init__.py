"""Backup-completeness reports: what became of every backup that a period should have brought. Pure rendering."""

from auditor.report.completeness.csv_population import COLUMNS, render_population
from auditor.report.completeness.html import render_completeness_html
from auditor.report.completeness.json import dump_completeness, load_completeness, render_completeness_json
from auditor.report.completeness.judge import render_headline
from auditor.report.completeness.sample import Sampler
from auditor.report.completeness.tally import Tally
from auditor.report.completeness.text import render_summary
from auditor.report.completeness.types import Completeness, Judged

__all__ = [
    "COLUMNS",
    "Completeness",
    "Judged",
    "Sampler",
    "Tally",
    "dump_completeness",
    "load_completeness",
    "render_completeness_html",
    "render_completeness_json",
    "render_headline",
    "render_population",
    "render_summary",
]
