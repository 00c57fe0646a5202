"""`export-auditor experience-platform …`: try what is read of Experience Platform before an audit needs it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from adapters.base import inert
from auditor.cli.choices import DEFAULT_CONFIG, complain
from auditor.cli.discover import choose_sandboxes, load_sandboxes
from auditor.cli.experience_platform_text import render_sandboxes, render_sandboxes_json
from auditor.cli.output import CannotWriteError, read_options, write_report
from auditor.cli.progress import show_progress
from auditor.service.platform_check import SandboxCheck, check_sandboxes
from auditor.settings.experience_platform import ExperiencePlatformFacts

experience_platform_app = typer.Typer(help="Try Experience Platform.", no_args_is_help=True, add_completion=False)

_FORMATS = ("table", "json")


@experience_platform_app.callback()
def _group() -> None:
    """Try Experience Platform."""


@experience_platform_app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Only these sandboxes; default: all.")] = None,
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration.")] = DEFAULT_CONFIG,
    format: Annotated[str, typer.Option(help="One of table, json.")] = "table",  # noqa: A002 (the option's name)
) -> None:
    """Try each sandbox: token, headers, and each permission by the reading call that needs it. Writes nothing.

    Says what is missing in Adobe's words, and what stays unknown without it. Exit code 0 if all can be read, 3 if not,
    2 usage or configuration.
    """
    if format not in _FORMATS:
        complain(f"--format {inert(format)}: no such format; use one of {', '.join(_FORMATS)}")
    chosen = choose_sandboxes(load_sandboxes(config), names or [])
    checks = _check(chosen)
    options = read_options(sys.stdout)
    try:
        write_report(render_sandboxes_json(checks) if format == "json" else render_sandboxes(checks, options), None)
    except CannotWriteError as error:
        complain(str(error))
    raise typer.Exit(0 if all(one.looked_at for one in checks) else 3)


def _check(chosen: list[ExperiencePlatformFacts]) -> list[SandboxCheck]:
    found = []
    with show_progress(sys.stderr) as progress:
        progress.stage("sandboxes tried", len(chosen))
        for answer in check_sandboxes(chosen):
            found.append(answer)
            progress.advance()
    return found
