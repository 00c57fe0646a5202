"""`export-auditor accept NUMBER`: what an incident tells of may stay as it is."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from adapters.base import inert
from auditor.cli.choices import DEFAULT_CONFIG, complain
from auditor.cli.output import CannotWriteError, write_report
from auditor.incident_model import Signed
from auditor.ledger import Ledger, LedgerError
from auditor.report.json_report import clean
from auditor.service.accepting import Accepted, CannotAcceptError, accept_incident
from auditor.settings import ConfigError, load_config


def accept(
    number: Annotated[int, typer.Argument(help="The number of the incident, as `incidents` and notices show it.")],
    by: Annotated[str, typer.Option(help="Who accepts it.")],
    why: Annotated[str, typer.Option(help="Why it may stay as it is; kept for whoever asks later.")],
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration.")] = DEFAULT_CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="Say what was done as JSON.")] = False,
) -> None:
    """Accept that an export was changed or deleted, that a flow protects less, or that columns changed.

    The incident is closed, and what is there now is what later looks are held against. An export that is gone stays
    incomplete in every report, as put up with, by whom and why. Other incidents end by themselves.
    Exit code 0 accepted, 2 usage or configuration, no such incident, or one that cannot be accepted.
    """
    if not by.strip() or not why.strip():
        complain("accept: --by and --why must say something")
    try:
        loaded = load_config(config)
        with Ledger.open(loaded.ledger_url) as ledger:
            done = accept_incident(ledger, number, Signed(by.strip(), datetime.now(UTC), why.strip()))
    except (ConfigError, CannotAcceptError, LedgerError) as error:
        complain(str(error))
    try:
        write_report(_as_json(done) if as_json else _as_text(done), None)
    except CannotWriteError as error:
        complain(str(error))


def _as_text(done: Accepted) -> str:
    key = done.incident.key
    about = " / ".join(inert(part) for part in (key.flow, key.dataset, key.destination) if part)
    lines = [f"Accepted: incident {done.incident.number}, {key.code} of {about}."]
    if done.changes:
        files = "1 changed file is" if done.changes == 1 else f"{done.changes:,} changed files are"
        lines.append(f"{files} what later looks are held against.")
    if done.also:
        lines.append(f"With it: incidents {', '.join(map(str, done.also))}.")
    if done.remark:
        lines.append(f"But: {done.remark}.")
    return "\n".join(lines) + "\n"


def _as_json(done: Accepted) -> str:
    key = done.incident.key
    told = {
        "schema": "accepted-1",
        "incident": done.incident.number,
        "code": key.code,
        "flow": clean(key.flow),
        "dataset": clean(key.dataset),
        "destination": clean(key.destination),
        "changes": done.changes,
        "also": list(done.also),
        "remark": clean(done.remark),
    }
    return json.dumps(told, indent=2) + "\n"
