"""`export-auditor destinations …`: the places exports land in."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from adapters.base import inert
from auditor.cli.choices import DEFAULT_CONFIG, complain, read_config
from auditor.cli.destinations_text import render_checks, render_checks_json
from auditor.cli.output import CannotWriteError, read_options, write_report
from auditor.cli.progress import show_progress
from auditor.service.checking import DestinationCheck, check_destinations
from auditor.settings import Config, Destination
from auditor.settings.problems import did_you_mean

destinations_app = typer.Typer(help="Try the destinations.", no_args_is_help=True, add_completion=False)

_FORMATS = ("table", "json")


@destinations_app.callback()
def _group() -> None:
    """Try the destinations."""


@destinations_app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Only these destinations; default: all.")] = None,
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration.")] = DEFAULT_CONFIG,
    format: Annotated[str, typer.Option(help="One of table, json.")] = "table",  # noqa: A002 (the option's name)
) -> None:
    """Try each destination: reach it, log in, list, read the first bytes of one object. Writes nothing.

    Says how long each took, which right is missing, and whether the credentials could also write or delete.
    Exit code 0 if an audit can look at all of them, 3 if not, 2 usage or configuration.
    """
    if format not in _FORMATS:
        complain(f"--format {inert(format)}: no such format; use one of {', '.join(_FORMATS)}")
    loaded = read_config(config)
    chosen = _choose(loaded, names or [])
    checks = _check(chosen)
    options = read_options(sys.stdout)
    try:
        write_report(render_checks_json(checks) if format == "json" else render_checks(checks, options), None)
    except CannotWriteError as error:
        complain(str(error))
    raise typer.Exit(0 if all(one.looked_at for one in checks) else 3)


def _choose(config: Config, names: list[str]) -> list[Destination]:
    for name in names:
        if name not in config.destinations:
            known = ", ".join(map(inert, config.destinations))
            hint = did_you_mean(name, config.destinations)
            complain(f"{inert(name)}: no destination of that name in {config.path}; there: {known}.{hint}")
    return [one for name, one in config.destinations.items() if not names or name in names]


def _check(destinations: list[Destination]) -> list[DestinationCheck]:
    """All answers, in the order of the configuration."""
    order = {one.name: place for place, one in enumerate(destinations)}
    with show_progress(sys.stderr) as progress:
        progress.stage("destinations tried", len(destinations))
        found = []
        for answer in check_destinations(destinations):
            found.append(answer)
            progress.advance()
    return sorted(found, key=lambda one: order[one.name])
