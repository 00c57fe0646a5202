"""`export-auditor calendar`: what ends by itself, also as a file for calendars."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from adapters.base import inert
from auditor.cli.choices import DEFAULT_CONFIG, complain, read_config
from auditor.cli.output import CannotWriteError, read_options, write_report
from auditor.cli.progress import show_progress
from auditor.ledger import Ledger, LedgerError
from auditor.report import ReportOptions
from auditor.report.calendar_report import CalendarView, render_calendar_json, render_calendar_table
from auditor.service.calendar import CalendarAnswer, read_calendar
from auditor.settings import Config

FORMATS = ("table", "json", "ics")


def calendar(
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration.")] = DEFAULT_CONFIG,
    format: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}.")] = "table",  # noqa: A002 (the option's name)
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write it to this file.")] = None,
) -> None:
    """What ends by itself: flows, exports that a destination removes, credentials. As read, and dated.

    `ics` is a file for calendars, with alarms 60, 30, 14, 7, 3 and 1 days before. Imported again it moves its own.
    Exit code 0, 2 usage or configuration, 3 if Experience Platform or a Data Landing Zone could not be asked.
    """
    if format not in FORMATS:
        complain(f"--format {inert(format)}: no such format; use one of {', '.join(FORMATS)}")
    loaded = read_config(config)
    answer = _read(loaded)
    shown = read_options(sys.stdout) if output is None else ReportOptions()
    try:
        write_report(_render(answer, format, shown), output)
    except CannotWriteError as error:
        complain(str(error))
    for subject, reason in answer.unread:
        typer.echo(f"export-auditor: could not be read: {inert(subject)}: {inert(reason)}", err=True)
    raise typer.Exit(3 if answer.unread else 0)


def _read(config: Config) -> CalendarAnswer:
    try:
        with Ledger.open(config.ledger_url) as ledger, show_progress(sys.stderr) as progress:
            progress.stage("reading what ends")
            return read_calendar(config, ledger, now=datetime.now(UTC))
    except LedgerError as error:
        complain(str(error))


def _render(answer: CalendarAnswer, name: str, options: ReportOptions) -> str:
    if name == "ics":
        from auditor.report.calendar_ics import render_ics  # its library is needed nowhere else

        return render_ics(answer.endings, now=answer.now, names=answer.names)
    view = CalendarView(answer.endings, (*answer.unread, *answer.untold), answer.now, answer.audited_at)
    return render_calendar_json(view) if name == "json" else render_calendar_table(view, options)
