"""`export-auditor coverage`: which datasets of Experience Platform are protected by an export."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from adapters.base import inert
from auditor.checks.arrival import PROTECTION_STALE
from auditor.checks.protection import DATASET_UNPROTECTED
from auditor.cli.choices import DEFAULT_CONFIG, complain, read_config, severity_of
from auditor.cli.output import CannotWriteError, read_options, write_report
from auditor.cli.progress import show_progress
from auditor.ledger import Ledger, LedgerError
from auditor.model import Severity, Standing, Status
from auditor.report import ReportOptions
from auditor.report.coverage_report import (
    CoverageView,
    render_coverage_csv,
    render_coverage_json,
    render_coverage_table,
)
from auditor.service.coverage import CoverageAnswer, read_coverage
from auditor.settings import Config

FORMATS = ("table", "json", "csv")
SEVERITIES = {
    Standing.NOTHING_SOUND: PROTECTION_STALE.severity,
    Standing.NO_LONGER: DATASET_UNPROTECTED.severity,
    Standing.NEVER: DATASET_UNPROTECTED.severity,
}


def coverage(
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration.")] = DEFAULT_CONFIG,
    format: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}.")] = "table",  # noqa: A002 (the option's name)
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write it to this file.")] = None,
    fail_on: Annotated[str, typer.Option("--fail-on", help="Exit 1 from this severity on.")] = "error",
) -> None:
    """Which datasets could be exported, and which are: in an enabled flow, with a sound export in storage.

    Asks Experience Platform now; what lies in storage is as the newest audit of everything saw it. A dataset that was
    never, or is no longer, in an enabled flow is a warning; one whose flow lands nothing sound is critical.
    Exit code 0 good, 1 unprotected at or above --fail-on, 2 usage or configuration, 3 could not be told.
    """
    if format not in FORMATS:
        complain(f"--format {inert(format)}: no such format; use one of {', '.join(FORMATS)}")
    threshold = severity_of(fail_on)
    loaded = read_config(config)
    if not loaded.experience_platform:
        complain(f"{config}: has no experience_platform section, so there is nobody to ask; add one")
    answer = _read(loaded)
    status = judge(answer, fail_on=threshold)
    view = CoverageView(answer.lines, answer.doubts, status, answer.read_at or datetime.now(UTC), answer.audited_at)
    shown = read_options(sys.stdout) if output is None else ReportOptions()
    try:
        write_report(_render(view, format, shown), output)
    except CannotWriteError as error:
        complain(str(error))
    raise typer.Exit(status.exit_code)


def judge(answer: CoverageAnswer, *, fail_on: Severity) -> Status:
    """Worst first. What is waived counts as neither. Nothing read is never good."""
    open_lines = [line for line in answer.lines if line.waived is None]
    if any(SEVERITIES[line.standing].rank >= fail_on.rank for line in open_lines if line.standing in SEVERITIES):
        return Status.FINDINGS
    if answer.doubts or not answer.lines or any(line.standing is Standing.UNKNOWN for line in open_lines):
        return Status.INCOMPLETE
    return Status.GOOD


def _read(config: Config) -> CoverageAnswer:
    try:
        with Ledger.open(config.ledger_url) as ledger, show_progress(sys.stderr) as progress:
            progress.stage("asking Experience Platform")
            return read_coverage(config, ledger, now=datetime.now(UTC))
    except LedgerError as error:
        complain(str(error))


def _render(view: CoverageView, name: str, options: ReportOptions) -> str:
    if name == "json":
        return render_coverage_json(view)
    return render_coverage_csv(view) if name == "csv" else render_coverage_table(view, options)
