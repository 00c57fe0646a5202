"""`export-auditor audit`: one audit of what a configuration names."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.choices import DEFAULT_CONFIG, complain, level_of, limits_of, moment_of, read_config, severity_of
from auditor.cli.output import CannotWriteError, read_options, write_report
from auditor.cli.plan_text import render_plan
from auditor.cli.progress import show_progress
from auditor.cli.selection import check_selection
from auditor.ledger import Ledger, LedgerError
from auditor.model import AuditResult
from auditor.report import FORMATS, ReportOptions
from auditor.service import RELIST, AuditOptions, plan_audit, run_audit
from auditor.settings import Config


def audit(
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration.")] = DEFAULT_CONFIG,
    now: Annotated[
        str, typer.Option(help="Audit as of this moment, e.g. 2026-11-01T06:00:00Z; newer objects are ignored.")
    ] = "",
    destination: Annotated[str, typer.Option(help="Only this destination.")] = "",
    flow: Annotated[str, typer.Option(help="Only this flow.")] = "",
    dataset: Annotated[str, typer.Option(help="Only this dataset id.")] = "",
    team: Annotated[str, typer.Option(help="Only datasets of this team.")] = "",
    tag: Annotated[str, typer.Option(help="Only datasets with this tag.")] = "",
    owner: Annotated[str, typer.Option(help="Only datasets of this owner.")] = "",
    since: Annotated[str, typer.Option(help="Watch from this moment, e.g. 2026-10-01T00:00:00Z.")] = "",
    level: Annotated[str, typer.Option(help="How deep to verify: L0 to L4; default: as configured.")] = "",
    reverify: Annotated[bool, typer.Option("--reverify", help="Read all files again, also unchanged ones.")] = False,
    relist: Annotated[bool, typer.Option("--relist", help="List all exports again, not only what may be new.")] = False,
    format: Annotated[str, typer.Option(help=f"One of {', '.join(sorted(FORMATS))}.")] = "table",  # noqa: A002 (the option's name)
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the report to this file.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would be read.")] = False,
    max_files: Annotated[str, typer.Option(help="Read at most so many files, newest first.")] = "",
    max_bytes: Annotated[str, typer.Option(help="Read at most so much, newest first, e.g. 20GB.")] = "",
    fail_on: Annotated[str, typer.Option("--fail-on", help="Exit 1 from this severity on.")] = "error",
) -> None:
    """Audit every export that should exist: did it arrive, is it whole, can it be read back?"""
    if format not in FORMATS:
        complain(f"--format {format}: no such format; use one of {', '.join(FORMATS)}")
    loaded = read_config(config)
    options = AuditOptions(
        now=moment_of("--now", now) or datetime.now(UTC),
        is_past=bool(now),  # a moment of the future is pinned too: what would be missing then is not missing now
        destination=destination,
        flow=flow,
        dataset=dataset,
        team=team,
        tag=tag,
        owner=owner,
        since=moment_of("--since", since),
        level=level_of(level),
        reverify=reverify,
        relist=timedelta(0) if relist else RELIST,
        fail_on=severity_of(fail_on),
        limits=limits_of(max_files, max_bytes),
    )
    check_selection(loaded, options)
    for warning in loaded.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if plan:
        raise typer.Exit(_plan(loaded, options))
    result = _run(loaded, options)
    shown = read_options(sys.stdout) if output is None else ReportOptions()
    try:
        write_report(FORMATS[format](result, shown), output)
    except CannotWriteError as error:
        complain(str(error))
    raise typer.Exit(result.status.exit_code)


def _run(config: Config, options: AuditOptions) -> AuditResult:
    try:
        with Ledger.open(config.ledger_url) as ledger, show_progress(sys.stderr) as progress:
            return run_audit(config, ledger, options, progress=progress)
    except LedgerError as error:
        complain(str(error))


def _plan(config: Config, options: AuditOptions) -> int:
    """Say what an audit would read. Exit code 3 if a place could not be listed: then the plan is not whole."""
    try:
        with Ledger.open(config.ledger_url) as ledger, show_progress(sys.stderr):
            planned = plan_audit(config, ledger, options)
    except LedgerError as error:
        complain(str(error))
    typer.echo(render_plan(planned, options.limits))
    return 3 if planned.troubles else 0
