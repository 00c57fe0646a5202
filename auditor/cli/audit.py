"""`export-auditor audit`: one audit of what a configuration names."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.choices import DEFAULT_CONFIG, complain, level_of, moment_of, severity_of
from auditor.cli.output import CannotWriteError, read_options, write_report
from auditor.cli.progress import show_progress
from auditor.ledger import Ledger, LedgerError
from auditor.model import AuditResult
from auditor.report import FORMATS, ReportOptions
from auditor.service import AuditOptions, run_audit
from auditor.settings import Config, ConfigError, load_config


def audit(
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration.")] = DEFAULT_CONFIG,
    now: Annotated[
        str, typer.Option(help="Audit as of this moment, e.g. 2026-11-01T06:00:00Z; newer objects are ignored.")
    ] = "",
    destination: Annotated[str, typer.Option(help="Only this destination.")] = "",
    flow: Annotated[str, typer.Option(help="Only this flow.")] = "",
    dataset: Annotated[str, typer.Option(help="Only this dataset id.")] = "",
    since: Annotated[str, typer.Option(help="Watch from this moment, e.g. 2026-10-01T00:00:00Z.")] = "",
    level: Annotated[str, typer.Option(help="How deep to verify: L0 to L4; default: as configured.")] = "",
    reverify: Annotated[bool, typer.Option("--reverify", help="Read all files again, also unchanged ones.")] = False,
    format: Annotated[str, typer.Option(help=f"One of {', '.join(sorted(FORMATS))}.")] = "table",  # noqa: A002 (the option's name)
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the report to this file.")] = None,
    fail_on: Annotated[str, typer.Option("--fail-on", help="Exit 1 from this severity on.")] = "error",
) -> None:
    """Audit every export that should exist: did it arrive, is it whole, can it be read back?"""
    if format not in FORMATS:
        complain(f"--format {format}: no such format; use one of {', '.join(FORMATS)}")
    try:
        loaded = load_config(config)
    except ConfigError as error:
        complain(str(error))
    options = AuditOptions(
        now=moment_of("--now", now) or datetime.now(UTC),
        is_past=bool(now),  # a moment of the future is pinned too: what would be missing then is not missing now
        destination=destination,
        flow=flow,
        dataset=dataset,
        since=moment_of("--since", since),
        level=level_of(level),
        reverify=reverify,
        fail_on=severity_of(fail_on),
    )
    _check_selection(loaded, options)
    for warning in loaded.warnings:
        typer.echo(f"warning: {warning}", err=True)
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


def _check_selection(config: Config, options: AuditOptions) -> None:
    """A name that is not configured is a mistake, not an empty audit."""
    ids = {dataset.id for flow in config.flows.values() for dataset in flow.datasets}
    for option, value, known in (
        ("--destination", options.destination, set(config.destinations)),
        ("--flow", options.flow, set(config.flows)),
        ("--dataset", options.dataset, ids),
    ):
        if value and value not in known:
            complain(f"{option} {value}: not in {config.path}; there: {', '.join(sorted(known)) or 'none'}")
