"""The report as one HTML page for whoever signs it: self-contained, no script, for screen and A4.

Every text passes `inert` and is escaped. The same report gives the same bytes: no clock and no version of the
machine that renders it goes in.
"""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from adapters.base import inert
from auditor.model import Status
from auditor.report.completeness.judge import render_headline, render_span
from auditor.report.completeness.text import render_arrived, render_balance
from auditor.report.completeness.types import FAILING, Completeness, DatasetLine, Deviation, Kind
from auditor.report.words import render_bytes, render_count, render_instant, render_minute

DATASETS_SHOWN = 400
STATUS = {
    Status.GOOD: ("good", "✓", "complete"),
    Status.FINDINGS: ("attention", "✗", "not complete"),
    Status.INCOMPLETE: ("unknown", "?", "could not be told"),
}
TITLES = {
    Kind.MISSING: "Missing",
    Kind.DAMAGED: "Damaged",
    Kind.INCOMPLETE: "Incomplete",
    Kind.FINDING: "Arrived, with another error",
    Kind.UNKNOWN: "Could not be looked at",
    Kind.UNVERIFIABLE: "Content could not be checked",
    Kind.UNCHECKED: "Content not checked",
    Kind.EXPIRED: "Removed by retention before they were proven sound",
    Kind.PENDING: "Not settled yet",
    Kind.LATE: "Came late, and are sound",
}


@dataclass(frozen=True, slots=True)
class Deviating:
    """One kind of deviation, as it is shown."""

    title: str
    count: int
    waived: int
    fails: bool
    items: tuple[Deviation, ...]

    @property
    def more(self) -> int:
        return self.count - len(self.items)


def render_completeness_html(report: Completeness) -> str:
    """The whole page."""
    style = _style()
    kind, symbol, word = STATUS[report.status]
    return (
        _environment()
        .get_template("completeness.html.j2")
        .render(
            r=report,
            style=Markup(style),  # noqa: S704 - our own files
            style_hash=b64encode(sha256(style.encode()).digest()).decode(),
            headline=render_headline(report),
            span=render_span(report),
            status_kind=kind,
            status_symbol=symbol,
            status=word,
            balance=render_balance(report.balance),
            arrived=render_arrived(report.balance),
            deviating=[*_deviating(report)],
            datasets=_choose(report.datasets),
            names=defaultdict(str, {line.dataset: line.name for line in report.datasets}),
            filters=", ".join(f"{name} {value}" for name, value in report.filters.items()),
        )
    )


def _deviating(report: Completeness) -> Iterator[Deviating]:
    for kind in Kind:
        if count := report.deviation_counts.get(kind.value, 0):
            items = tuple(one for one in report.deviations if one.kind is kind)
            yield Deviating(TITLES[kind], count, report.waived_counts.get(kind.value, 0), kind in FAILING, items)


def _choose(lines: tuple[DatasetLine, ...]) -> tuple[DatasetLine, ...]:
    """Those in worst order first where not all have room; the rest is counted."""
    if len(lines) <= DATASETS_SHOWN:
        return lines
    return tuple(sorted(lines, key=lambda one: (-one.failing, -one.open, -one.waived, -one.late))[:DATASETS_SHOWN])


def _finish(value: object) -> object:
    return value if isinstance(value, Markup) else inert(str(value))


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
    environment.filters |= {
        "minute": render_minute,
        "instant": render_instant,
        "bytes": render_bytes,
        "number": "{:,}".format,
        "count": render_count,
        "hours": lambda span: f"{span.total_seconds() / 3600:,.1f} h",
    }
    return environment


@cache
def _style() -> str:
    """Exactly this text stands in the page, and its hash in the page's policy."""
    folder = files("auditor.report").joinpath("templates")
    return "".join(folder.joinpath(name).read_text("utf-8") for name in ("report.css", "completeness.css"))
