"""`export-auditor incidents` and `ack`: what people are told about, and that somebody looks after it."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.choices import DEFAULT_CONFIG, complain, moment_of, read_config
from auditor.cli.incident_text import render_incident, render_incidents
from auditor.cli.incidents_json import render_incident_json, render_incidents_json
from auditor.cli.output import CannotWriteError, read_options, write_report
from auditor.incident_model import Incident, IncidentState, Signed
from auditor.ledger import Ledger, LedgerError
from auditor.service.incidents import read_history
from auditor.settings import Config

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="The configuration.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


def incidents(
    number: Annotated[int | None, typer.Argument(help="Only this one, whole: due times, events, notices.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    all_: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    since: Annotated[str, typer.Option(help="Those that lasted at this moment or later, e.g. 2026-11-01T06:00Z.")] = "",
    as_json: AsJson = False,
) -> None:
    """What is wrong and since when, gravest first; with a number, one of them whole. Looks at nothing but the ledger.

    Exit code 0, 2 usage or configuration, or no incident of that number.
    """
    after = moment_of("--since", since)
    if number is not None and (all_ or after):
        complain("incidents: with a number there is nothing to choose; leave --all and --since out")
    loaded = read_config(config)
    now = datetime.now(UTC)
    try:
        with Ledger.open(loaded.ledger_url) as ledger:
            if number is not None:
                text = _one(ledger, loaded, number, now, as_json=as_json)
            else:
                text = _many(ledger, loaded, now, everything=all_, since=after, as_json=as_json)
        write_report(text, None)
    except (LedgerError, CannotWriteError) as error:
        complain(str(error))


def _one(ledger: Ledger, config: Config, number: int, now: datetime, *, as_json: bool) -> str:
    history = read_history(ledger, number)
    if history is None:
        complain(f"incidents: there is no incident {number}")
    if as_json:
        return render_incident_json(history, now)
    return render_incident(history, names_of(config), now, read_options(sys.stdout))


def _many(
    ledger: Ledger, config: Config, now: datetime, *, everything: bool, since: datetime | None, as_json: bool
) -> str:
    found = ledger.list_incidents(since=since, open_only=not (everything or since))
    found = [one for one in found if one.state is not IncidentState.SUSPECTED]
    suspected = [one for one in ledger.live_incidents() if one.state is IncidentState.SUSPECTED]
    ordered = sorted(found, key=_gravest_first)
    if as_json:
        return render_incidents_json(ordered, suspected, now)
    return render_incidents(ordered, len(suspected), names_of(config), now, read_options(sys.stdout))


def _gravest_first(incident: Incident) -> tuple[bool, int, datetime, int]:
    return not incident.is_open, -incident.severity.rank, incident.since, incident.number


def ack(
    number: Annotated[int, typer.Argument(help="The number of the incident.")],
    by: Annotated[str, typer.Option(help="Who looks after it.  [default: $USER]", show_default=False)] = "",
    why: Annotated[str, typer.Option(help="What is being done; others read it.")] = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Say that somebody looks after an incident: no more reminders. Checks go on, and its end is told.

    Exit code 0, 2 usage or configuration, no such incident, or one that is over.
    """
    if not why.strip():
        complain("ack: --why must say something, such as: --why 'ticket 4711, export asked for again'")
    loaded = read_config(config)
    signed = Signed(signer("ack", by), datetime.now(UTC), why.strip())
    try:
        with Ledger.open(loaded.ledger_url) as ledger:
            ledger.acknowledge(number, signed)
    except LedgerError as error:
        complain(str(error))
    typer.echo(f"Incident {number} is looked after by {signed.by}. It stays open until what it tells of is right.")


def signer(command: str, by: str) -> str:
    """Who gives an order: as said, or the user of this shell. Ends with exit code 2 if nobody can be named."""
    name = by.strip() or os.environ.get("USER", "").strip()
    if not name:
        complain(f"{command}: --by is missing, and $USER is not set; say who you are")
    return name


def names_of(config: Config) -> dict[str, str]:
    """Dataset id to its name, as configured."""
    return {d.id: d.name for flow in config.flows.values() for d in flow.datasets if d.name}
