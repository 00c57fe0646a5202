"""`export-auditor serve`: the auditor as a service that runs until it is told to end."""

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.choices import DEFAULT_CONFIG, complain, read_config


def serve(
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration.")] = DEFAULT_CONFIG,
    log_level: Annotated[str, typer.Option(help="One of debug, info, warning, error.")] = "info",
    log_format: Annotated[str, typer.Option(help="json or console.")] = "json",
) -> None:
    """Watch every export that should exist, and tell people in time. Runs until SIGTERM; SIGHUP reads the configuration
    again."""
    if log_level not in ("debug", "info", "warning", "error"):
        complain(f"--log-level {log_level}: use debug, info, warning or error")
    if log_format not in ("json", "console"):
        complain(f"--log-format {log_format}: use json or console")
    loaded = read_config(config)
    # The web server and the senders of notices are loaded by this command alone.
    from auditor.cli.serving import run_service

    raise typer.Exit(run_service(loaded, log_level=log_level, log_format=log_format))
