"""The plain page at `/`: how everything stands, for a person with a browser. No script, nothing fetched from elsewhere.

Whatever comes from outside passes `_finish` and is escaped: a name can neither be markup nor move the words around it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from adapters.base import inert
from auditor import __version__
from auditor.incident_model import Incident, Notice, NoticeState
from auditor.ledger import LedgerError
from auditor.model import AuditResult
from auditor.report.standing import Standing
from auditor.report.summary import render_headline, summarise
from auditor.report.table import STATUS
from auditor.report.words import render_count, render_minute
from auditor.service.health import Health, LoopHealth, judge_ready
from auditor.settings import Config
from auditor.web.reports import list_reports
from auditor.web.source import StateSource

__all__ = ["render_age", "render_page"]

MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class _Row:
    """Cells of one line, and how it is marked."""

    cells: tuple[str, ...]
    mark: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the ledger says. Read first, so that nothing of it stands on a page whose ledger does not answer."""

    result: AuditResult
    incidents: Sequence[Incident]
    notices: Sequence[Notice]


def render_page(source: StateSource) -> str:
    """The whole page. Where the ledger does not answer, it says so and shows what is known without it."""
    health, now, config = source.health(), source.now(), source.config
    try:
        known: _Known | None = _Known(source.present(), source.live_incidents(), source.recent_notices())
        trouble = health.ledger_trouble
    except LedgerError as error:
        known, trouble = None, str(error)
    reports = list_reports(config)
    ready = judge_ready(health, now)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            style=Markup(_style()),  # noqa: S704 - our own file
            version=__version__,
            config=config.hash[:12],
            now=render_minute(now),
            sentence=_sentence(known, trouble),
            mark=_mark(known, ready.is_ready),
            judged=f"{render_minute(known.result.now)}, {render_age(now - known.result.now)} ago" if known else "",
            reasons=[*ready.reasons, *([trouble] if trouble and trouble not in ready.reasons else [])],
            warnings=ready.warnings,
            tables=_tables(known, health, config, now),
            reports=reports[:12],
            more_reports=len(reports) - 12,
        )
    )


def render_age(span: timedelta) -> str:
    """`40 s`, `12 min`, `3 h 20 min`, `5 days`: no finer than a person wants it."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return render_count(hours // 24, "day")


def _sentence(known: _Known | None, trouble: str) -> str:
    if known is None:
        return f"Nothing can be said: {trouble}"
    opened = sum(one.is_open for one in known.incidents)
    said = render_headline(summarise(known.result))
    return f"{said} {render_count(opened, 'open incident') if opened else 'No open incident'}."


def _mark(known: _Known | None, is_ready: bool) -> str:
    """Good only where everything was seen, nothing is wrong, and the looking itself goes on."""
    standing = STATUS[known.result.status][0] if known else Standing.UNKNOWN
    if known and any(one.is_open for one in known.incidents):
        standing = Standing.ATTENTION
    if standing is Standing.GOOD and not is_ready:
        standing = Standing.UNKNOWN
    return str(standing)


def _tables(known: _Known | None, health: Health, config: Config, now: datetime) -> list[dict[str, object]]:
    tables = []
    if known is not None:
        opened = sorted((i for i in known.incidents if i.is_open), key=lambda i: (-i.severity.rank, i.since, i.number))
        suspected = len(known.incidents) - len(opened)
        tables += [
            _table(
                "Open incidents",
                ("number", "severity", "what", "where", "since", "told by, or held back by"),
                [_incident(one, now) for one in opened],
                none="None."
                + (f" {render_count(suspected, 'more thing')} seen once or twice, not told yet." if suspected else ""),
            ),
            _table(
                "Destinations", ("name", "last look", "runs judged"), _destinations(known.result, health, config, now)
            ),
        ]
    tables.append(
        _table(
            "The service's own work",
            ("work", "every", "last done", "last failure"),
            [_loop(one, health, now) for one in health.loops],
            none="It has not begun.",
        )
    )
    if known is not None:
        unheard = [one for one in known.notices if one.state is NoticeState.DROPPED or not one.channel]
        waiting = [one for one in known.notices if one.state is NoticeState.WAITING and one.channel]
        columns = ("written", "severity", "notice", "channel", "why")
        tables += [
            _table(
                "What nobody was told",
                columns,
                [_notice(one) for one in unheard],
                none="Nothing: every notice of the last days was sent, or waits.",
            ),
            _table("Notices that wait", columns, [_notice(one) for one in waiting], none="None."),
        ]
    return tables


def _table(title: str, columns: tuple[str, ...], rows: list[_Row], *, none: str = "None.") -> dict[str, object]:
    return {
        "title": title,
        "count": len(rows),
        "columns": columns,
        "rows": rows[:MOST_ROWS],
        "more": max(0, len(rows) - MOST_ROWS),
        "none": none,
    }


def _incident(one: Incident, now: datetime) -> _Row:
    where = " · ".join(filter(None, (one.key.flow, one.key.dataset, one.key.destination))) or "everywhere"
    if one.acknowledged is not None:
        hearing = f"acknowledged by {one.acknowledged.by}: {one.acknowledged.why or 'no reason given'}"
    elif one.cause is not None:
        hearing = f"explained by incident {one.cause}"
    else:
        hearing = ""
    since = f"{render_minute(one.since)}, {render_age(now - one.since)} ago"
    what = f"{one.key.code}: {one.message}" if one.message else one.key.code
    return _Row((str(one.number), str(one.severity), what, where, since, hearing), f"sev-{one.severity}")


def _destinations(result: AuditResult, health: Health, config: Config, now: datetime) -> list[_Row]:
    loops = {loop.thing: loop for loop in health.loops}
    counts: dict[str, Counter[str]] = {}
    for run in result.runs:
        counts.setdefault(run.destination, Counter())[str(run.arrival).replace("_", " ")] += 1
    rows = []
    for name in config.destinations:
        loop = loops.get(f"place:{name}")
        stale = loop is not None and loop.is_stale(health.started_at, now)
        runs = ", ".join(f"{n:,} {arrival}" for arrival, n in counts.get(name, Counter()).most_common()) or "none"
        rows.append(_Row((name, _when(loop.done_at if loop else None, now), runs), "sev-error" if stale else ""))
    return rows


def _loop(loop: LoopHealth, health: Health, now: datetime) -> _Row:
    every = render_age(loop.every) if loop.every is not None else "when asked for"
    failure = f"{_when(loop.failed_at, now)}: {loop.trouble}" if loop.trouble else ""
    mark = "sev-error" if loop.is_stale(health.started_at, now) else "sev-warning" if loop.trouble else ""
    return _Row((loop.thing, every, _when(loop.done_at, now), failure), mark)


def _notice(one: Notice) -> _Row:
    cells = (
        render_minute(one.created_at),
        str(one.severity),
        one.message.title,
        one.channel or "no channel",
        one.reason,
    )
    return _Row(cells, f"sev-{one.severity}")


def _when(moment: datetime | None, now: datetime) -> str:
    return f"{render_age(now - moment)} ago" if moment is not None else "never"


def _finish(value: object) -> object:
    """What every expression of the template goes through, before it is escaped."""
    return value if isinstance(value, Markup) else inert(str(value))


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("auditor.web"),
        autoescape=True,
        finalize=_finish,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _style() -> str:
    return files("auditor.web").joinpath("templates", "page.css").read_text("utf-8")
