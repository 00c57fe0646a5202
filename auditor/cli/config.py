"""`export-auditor config …`: what the configuration says."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.choices import DEFAULT_CONFIG, complain
from auditor.cli.config_init import init
from auditor.cli.config_text import render_config
from auditor.cli.output import CannotWriteError, read_options, write_report
from auditor.settings import ConfigError, load_config
from auditor.settings.schema import render_schema

config_app = typer.Typer(help="Look at the configuration.", no_args_is_help=True, add_completion=False)
config_app.command()(init)


@config_app.callback()
def _group() -> None:
    """Look at the configuration."""


@config_app.command()
def check(
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration file.")] = DEFAULT_CONFIG,
) -> None:
    """Read the configuration, say what it was understood as, or each mistake with its line.

    Reaches for no destination and no ledger. Exit code 0, or 2 with every mistake on stderr.
    """
    try:
        loaded = load_config(config)
    except ConfigError as error:
        count = len(error.problems)
        typer.echo(f"{error}\n{count} mistake{'s' if count > 1 else ''}; nothing was audited", err=True)
        raise typer.Exit(2) from None
    try:
        write_report(render_config(loaded, str(config), read_options(sys.stdout)), None)
    except CannotWriteError as error:
        complain(str(error))


@config_app.command()
def schema(
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the schema to this file.")] = None,
) -> None:
    """Print the JSON Schema of the configuration, for editors that complete and check YAML by one."""
    try:
        write_report(render_schema(), output)
    except CannotWriteError as error:
        complain(str(error))
