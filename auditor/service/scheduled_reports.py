"""Reports that are made by themselves when a period closes, and their amendments."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from auditor.ledger import Ledger
from auditor.model import Status
from auditor.report.completeness.text import render_summary
from auditor.report.completeness.types import Completeness
from auditor.service.completeness import Filters, report_period
from auditor.service.period import Period, period_before
from auditor.service.report_files import SUMS, write_reports
from auditor.settings import Config
from auditor.settings.service import ScheduledReport

BACK = timedelta(days=100)
"""How long after its closing a period is looked at again: reports not made while nothing ran, and amendments."""


@dataclass(frozen=True, slots=True)
class Made:
    """A report, or an amendment, that was written."""

    period: str
    folder: Path  # of this report
    revision: int
    status: Status
    summary: str  # plain text of a few lines
    route: str = ""  # channel that is to be told; "": nobody
    files: tuple[Path, ...] = ()


def make_due_reports(ledger: Ledger, config: Config, *, now: datetime) -> list[Made]:
    """Write each report of `service: reports:` whose period is closed and that is not in its folder yet.

    Periods that ended before the ledger's first audit are passed over. A crash leaves no half report: what is missing
    is written by the next call. Several services write the same bytes. Raises LedgerError, OSError.
    """
    first = ledger.first_audit_at()
    if first is None:
        return []
    made: list[Made] = []
    for wanted in config.service.reports:
        for period in _closed(wanted, first, now):
            made += _make(ledger, config, wanted, period, now)
    return made


def _closed(wanted: ScheduledReport, first: datetime, now: datetime) -> Iterator[Period]:
    """Oldest first."""
    found: list[Period] = []
    period = period_before(wanted.every, now)
    while period.end > first and now - period.closes_at < BACK:
        if period.is_closed(now):
            found.append(period)
        period = period_before(wanted.every, period.start)
    yield from reversed(found)


def _make(ledger: Ledger, config: Config, wanted: ScheduledReport, period: Period, now: datetime) -> Iterator[Made]:
    folder = wanted.folder / f"backup-completeness-{period.name}"
    reports = report_period(ledger, config, period, Filters(), now=now)
    written = _written(folder)
    fresh = [one for one in reports if one.revision not in written]
    if fresh:
        files = tuple(write_reports(ledger, reports, wanted.formats, folder))
        yield from (_made(one, folder, wanted, files) for one in fresh)


def _written(folder: Path) -> set[int]:
    """The revisions that the list of the folder names; none if it is not there: it is written last."""
    try:
        listed = (folder / SUMS).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return set()
    names = [line.partition("  ")[2] for line in listed]
    amended = [re.match(r"amendment-(\d+)-", name) for name in names]
    return {0, *(int(found[1]) for found in amended if found)}


def _made(report: Completeness, folder: Path, wanted: ScheduledReport, files: tuple[Path, ...]) -> Made:
    summary = render_summary(report)
    return Made(report.period, folder, report.revision, report.status, summary, wanted.route, files)
