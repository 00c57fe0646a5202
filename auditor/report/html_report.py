"""The audit as one HTML page for people: self-contained, no script, nothing fetched, readable in print and in grey.

Every text that goes into the page passes `_finish` and is escaped: names from outside can neither be markup nor move
the words around them. The same result gives the same bytes.
"""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from adapters.base import inert
from auditor.model import AuditResult
from auditor.report.html_calendar import make_calendar
from auditor.report.html_datasets import list_datasets, list_headings
from auditor.report.html_doubts import explain_watching, list_blind_spots, list_doubts, list_unexpected, list_watched
from auditor.report.html_findings import list_groups
from auditor.report.html_limits import HtmlLimits
from auditor.report.html_platform import list_claimed, list_coverage, list_ending_rows, list_says
from auditor.report.options import ReportOptions
from auditor.report.sheet import SYMBOLS
from auditor.report.summary import render_headline, summarise
from auditor.report.table import STATUS, render_balance, render_content
from auditor.report.table_datasets import LEGEND
from auditor.report.table_findings import render_tally
from auditor.report.words import render_bytes, render_count, render_instant, render_minute


def render_html(
    result: AuditResult,
    options: ReportOptions | None = None,  # noqa: ARG001 - a page has no width
    limits: HtmlLimits = HtmlLimits(),  # noqa: B008 - frozen
) -> str:
    """The whole page. What is past `limits` is counted, and said to be left out."""
    summary = summarise(result)
    unexpected, more_unexpected = list_unexpected(result, limits)
    watched, more_watched = list_watched(result, limits)
    endings, more_endings = list_ending_rows(result, limits)
    standing, status = STATUS[result.status]
    style = _style()
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            style=Markup(style),  # noqa: S704 - our own file
            style_hash=b64encode(sha256(style.encode()).digest()).decode(),
            version=_version(),
            headline=render_headline(summary),
            status=status,
            status_kind=standing.value,
            status_symbol=SYMBOLS[standing][0],
            exit_code=result.status.exit_code,
            judged=render_minute(result.now),
            judged_iso=render_instant(result.now),
            watching=explain_watching(result, summary),
            balance=render_balance(summary),
            content=render_content(summary),
            datasets=list_datasets(result, summary, limits),
            dataset_count=len(summary.standings),
            headings=list_headings(),
            legend=LEGEND,
            calendar=make_calendar(result, summary, limits),
            expected=summary.expected,
            tally=render_tally(result) if result.findings else "",
            finding_count=len(result.findings),
            groups=list_groups(result, limits),
            unexpected=unexpected,
            more_unexpected=more_unexpected,
            doubts=list_doubts(result, limits),
            doubt_count=summary.unverifiable,
            watched=watched,
            more_watched=more_watched,
            claimed=list_claimed(result),
            says=list_says(result, limits),
            coverage=list_coverage(result, limits),
            coverage_count=len(result.coverage),
            endings=endings,
            more_endings=more_endings,
            blind=list_blind_spots(result, summary, limits),
            read=f"{render_count(result.files_read, 'file')} read ({render_bytes(result.bytes_read)})",
            reused=render_count(result.files_reused, "file") if result.files_reused else "",
        )
    )


def _finish(value: object) -> object:
    """What every expression of the templates goes through, before it is escaped."""
    return value if isinstance(value, Markup) else inert(str(value))


def _render_prose(text: str) -> Markup:
    """A sentence of the catalogue, with what stands between backticks set as code."""
    parts = [escape(inert(part)) for part in text.split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part for number, part in enumerate(parts)
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("auditor.report"),
        autoescape=True,
        finalize=_finish,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["prose"] = _render_prose
    return environment


@cache
def _style() -> str:
    """The style sheet: exactly this text stands in the page, and its hash in the page's policy."""
    return files("auditor.report").joinpath("templates", "report.css").read_text("utf-8")


def _version() -> str:
    try:
        return version("export-auditor")
    except PackageNotFoundError:
        return ""
