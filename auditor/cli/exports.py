"""`export-auditor exports …`: set up the flows that `exports` of the configuration names."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.base import DestinationError, inert
from adapters.experience_platform import ExperiencePlatform
from auditor.cli.choices import DEFAULT_CONFIG, complain, read_config
from auditor.cli.output import CannotWriteError, write_report
from auditor.exports import FlowPlan, Outcome, Ref, Sandbox, apply_exports, list_declared, open_writing, plan_exports
from auditor.exports.bodies import Declared
from auditor.exports.text import render_outcome, render_plan
from auditor.settings import Config
from auditor.settings.experience_platform import ExperiencePlatformFacts
from auditor.settings.problems import did_you_mean

exports_app = typer.Typer(help="Set exports up in Experience Platform.", no_args_is_help=True, add_completion=False)

Names = Annotated[list[str] | None, typer.Argument(help="Only these flows; default: all below exports.")]
ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="The configuration.")]
COULD_NOT = 3


@exports_app.callback()
def _group() -> None:
    """Set exports up in Experience Platform, from what the configuration declares."""


@exports_app.command()
def plan(names: Names = None, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Show exactly what would be sent to set up the declared exports. Sends reading requests only.

    Exit code 0 if it can be set up or is there, 2 if not as it is declared, 3 if Experience Platform could not be read.
    """
    loaded, declared = _read(config, names or [])
    plans = _plan(loaded, declared)
    _write(render_plan(loaded, plans))
    raise typer.Exit(2 if any(one.obstacles for one in plans) else 0)


@exports_app.command()
def apply(
    names: Names = None,
    config: ConfigFile = DEFAULT_CONFIG,
    yes: Annotated[bool, typer.Option("--yes", help="Send it.")] = False,
) -> None:
    """Set up the declared exports: what `plan` shows is sent, what is there by its name is used. Undoes nothing.

    Needs --yes, and allow_write: true on the sandbox. Stops at the first refusal. Exit code 0 if all is there, 2 if it
    may not or cannot be set up as declared (nothing was sent), 3 if Experience Platform refused or could not be read.
    """
    if not yes:
        complain("exports apply sends nothing without --yes; see first what it would send: export-auditor exports plan")
    loaded, declared = _read(config, names or [])
    _check_allowed(loaded, declared)
    plans = _plan(loaded, declared)
    if any(one.obstacles for one in plans):
        _write(render_plan(loaded, plans))
        raise typer.Exit(2)
    outcome = _apply(loaded, plans)
    _write(render_outcome(loaded, plans, outcome))
    raise typer.Exit(COULD_NOT if outcome.refusal else 0)


def _read(config: Path, names: Sequence[str]) -> tuple[Config, list[Declared]]:
    loaded = read_config(config)
    if not loaded.exports:
        complain(f"{inert(str(config))} has no exports; name below exports: which flows are to be set up, and where")
    for name in names:
        if name not in loaded.exports:
            known = ", ".join(map(inert, loaded.exports))
            hint = did_you_mean(name, loaded.exports)
            complain(f"{inert(name)}: no flow of that name below exports in {loaded.path}; there: {known}.{hint}")
    return loaded, list_declared(loaded, names)


def _check_allowed(config: Config, declared: Sequence[Declared]) -> None:
    for name in dict.fromkeys(one.export.experience_platform for one in declared):
        if not config.experience_platform[name].allow_write:
            complain(
                f"experience_platform.{inert(name)}.allow_write is false, so nothing is sent there; write allow_write: "
                "true if this configuration may set up flows in that sandbox"
            )


def _plan(config: Config, declared: Sequence[Declared]) -> list[FlowPlan]:
    try:
        with _sandboxes(config, declared) as sandboxes:
            return plan_exports(config, declared, sandboxes, datetime.now(UTC))
    except DestinationError as error:
        typer.echo(f"export-auditor: {error}\nNothing was sent: what is there could not be read.", err=True)
        raise typer.Exit(COULD_NOT) from None


@contextmanager
def _sandboxes(config: Config, declared: Sequence[Declared]) -> Iterator[dict[str, Sandbox]]:
    """One for each entry that is named; its client can only read."""
    names = dict.fromkeys(one.export.experience_platform for one in declared)
    clients = {name: _open(config.experience_platform[name]) for name in names}
    try:
        yield {name: Sandbox(client) for name, client in clients.items()}
    finally:
        for client in clients.values():
            client.close()


def _open(facts: ExperiencePlatformFacts) -> ExperiencePlatform:
    options: dict[str, Any] = dict(facts.options)
    return ExperiencePlatform(facts.name, **options)


def _apply(config: Config, plans: Sequence[FlowPlan]) -> Outcome:
    def tell(ref: Ref, made: str) -> None:  # at once: whoever breaks off knows what is there
        typer.echo(inert(f"made: {ref}, {made}"), err=True)

    return apply_exports(plans, lambda name: open_writing(config.experience_platform[name]), tell)


def _write(text: str) -> None:
    try:
        write_report(text, None, stdout=sys.stdout)
    except CannotWriteError as error:
        complain(str(error))
