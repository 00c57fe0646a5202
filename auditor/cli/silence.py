"""`export-auditor silence …`: nobody is told of what it fits, for a while. Checks go on."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from adapters.base import inert
from auditor.checks import CATALOGUE
from auditor.cli.choices import DEFAULT_CONFIG, complain, moment_of, read_config
from auditor.cli.incidents import AsJson, ConfigFile, signer
from auditor.cli.output import CannotWriteError, read_options, write_report
from auditor.cli.silence_text import render_silences, render_silences_json
from auditor.incident_model import Match, Signed, Silence
from auditor.ledger import Ledger, LedgerError
from auditor.model import Severity
from auditor.settings.problems import did_you_mean
from auditor.settings.values import parse_duration

silence_app = typer.Typer(help="Tell nobody of something, for a while.", no_args_is_help=True, add_completion=False)

_GLOB = "Those that fit: a name, or a pattern with * ? […]."


@silence_app.callback()
def _group() -> None:
    """Tell nobody of something, for a while. Checks go on, incidents open and close as ever."""


@silence_app.command("list")
def list_(
    config: ConfigFile = DEFAULT_CONFIG,
    all_: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """The silences that hold now or will; with --all every one there ever was."""
    now = datetime.now(UTC)
    try:
        with Ledger.open(read_config(config).ledger_url) as ledger:
            found = ledger.list_silences()
        shown = [one for one in found if all_ or (one.ended is None and now < one.until)]
        show = read_options(sys.stdout)
        text = render_silences_json(shown, now) if as_json else render_silences(shown, now, show)
        write_report(text, None)
    except (LedgerError, CannotWriteError) as error:
        complain(str(error))


@silence_app.command()
def add(
    why: Annotated[str, typer.Option(help="Why; kept for whoever asks later.")],
    code: Annotated[str, typer.Option(help=f"Codes of findings. {_GLOB}")] = "",
    flow: Annotated[str, typer.Option(help=f"Flows. {_GLOB}")] = "",
    dataset: Annotated[str, typer.Option(help=f"Datasets, by id or configured name. {_GLOB}")] = "",
    destination: Annotated[str, typer.Option(help=f"Destinations. {_GLOB}")] = "",
    severity: Annotated[str, typer.Option(help=f"This one alone: {', '.join(Severity)}.")] = "",
    team: Annotated[str, typer.Option(help=f"Teams. {_GLOB}")] = "",
    tag: Annotated[str, typer.Option(help=f"Tags. {_GLOB}")] = "",
    owner: Annotated[str, typer.Option(help=f"Owners. {_GLOB}")] = "",
    for_: Annotated[str, typer.Option("--for", help="How long: 4h, 90m, 2d, …")] = "",
    until: Annotated[str, typer.Option(help="Until when, e.g. 2026-11-02T06:00Z.")] = "",
    by: Annotated[str, typer.Option(help="Who silences.  [default: $USER]", show_default=False)] = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Tell nobody, from now on, of what fits all that is given. What ends meanwhile is told if it had been told of.

    Exit code 0, 2 usage or configuration.
    """
    now = datetime.now(UTC)
    match = Match(_severity(severity), code, destination, flow, dataset, team, tag, owner)
    if match == Match():
        complain("silence add: say what is meant: --code, --flow, --dataset, --destination, --severity, --team, …")
    if not why.strip():
        complain("silence add: --why must say something")
    _check_code(code)
    loaded = read_config(config)
    silence = Silence(match, signer("silence add", by), why.strip(), now, _end(for_, until, now))
    try:
        with Ledger.open(loaded.ledger_url) as ledger:
            number = ledger.add_silence(silence)
    except LedgerError as error:
        complain(str(error))
    _warn_of_unknown(loaded.path, flow, "flow", list(loaded.flows))
    _warn_of_unknown(loaded.path, destination, "destination", list(loaded.destinations))
    typer.echo(f"Silence {number} holds until {silence.until:%Y-%m-%d %H:%M} UTC. Checks go on.")


@silence_app.command()
def end(
    number: Annotated[int, typer.Argument(help="The number of the silence.")],
    by: Annotated[str, typer.Option(help="Who ends it.  [default: $USER]", show_default=False)] = "",
    why: Annotated[str, typer.Option(help="Why.")] = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """End a silence before its time: what goes on is told then.

    Exit code 0, 2 usage or configuration, no such silence, or one that was ended.
    """
    loaded = read_config(config)
    signed = Signed(signer("silence end", by), datetime.now(UTC), why.strip())
    try:
        with Ledger.open(loaded.ledger_url) as ledger:
            ledger.end_silence(number, signed)
    except LedgerError as error:
        complain(str(error))
    typer.echo(f"Silence {number} is ended.")


def _end(span: str, until: str, now: datetime) -> datetime:
    if bool(span) == bool(until):
        complain("silence add: say when it ends, by --for 4h or by --until 2026-11-02T06:00Z")
    moment = moment_of("--until", until)
    if moment is not None:
        if moment <= now:
            complain(f"--until {until}: that is over already")
        return moment
    try:
        length = parse_duration(span)
    except ValueError as error:
        complain(f"--for: {error}")
    if length <= timedelta():
        complain(f"--for {inert(span)}: a silence must last for a while")
    return now + length


def _severity(text: str) -> Severity | None:
    if text and text not in [*Severity]:
        complain(f"--severity {inert(text)}: no such severity; use one of {', '.join(Severity)}")
    return Severity(text) if text else None


def _check_code(code: str) -> None:
    """A code that no finding has would hold back nothing, and nobody would notice."""
    if code and not any(sign in code for sign in "*?[") and code not in CATALOGUE:
        complain(f"--code {inert(code)}: no finding has this code.{did_you_mean(code, CATALOGUE)}")


def _warn_of_unknown(path: Path, name: str, kind: str, known: list[str]) -> None:
    if name and not any(sign in name for sign in "*?[") and name not in known:
        hint = did_you_mean(name, known)
        typer.echo(f"export-auditor: {inert(name)}: no {kind} of that name in {path}.{hint}", err=True)
