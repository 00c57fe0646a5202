"""`export-auditor db …`: the ledger as a whole."""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from adapters.base import inert
from auditor.cli.choices import DEFAULT_CONFIG, complain, read_config
from auditor.cli.db_rebuild_text import render_rebuilt
from auditor.cli.db_text import render_info_json, render_info_table, render_moved
from auditor.cli.output import CannotWriteError, write_report
from auditor.cli.progress import show_progress
from auditor.ledger import LedgerError
from auditor.ledger.info import read_info
from auditor.ledger.moving import move_ledger
from auditor.ledger.upkeep import NeedsDumpError, backup_ledger, upgrade_ledger
from auditor.model import Status
from auditor.service.rebuilding import rebuild_ledger
from auditor.settings.ledger import parse_ledger

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="The configuration that names the ledger.")]
LedgerUrl = Annotated[
    str, typer.Option("--ledger", help="This ledger, by its URL or as ${NAME}; needs no configuration.")
]

db_app = typer.Typer(help="Look after the ledger.", no_args_is_help=True, add_completion=False)


@db_app.callback()
def _group() -> None:
    """Look after the ledger: how large it is, its version, backups, and moving it to another database."""


@db_app.command()
def info(
    config: ConfigFile = DEFAULT_CONFIG,
    ledger: LedgerUrl = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write it to this file.")] = None,
) -> None:
    """Where the ledger is, its version, how large it is, how it grows and what it will be.

    Changes nothing. The growth is that of the last 30 days, without what the first audit took in.
    """
    url, kept = _read_place(config, ledger)
    now = datetime.now(UTC)
    try:
        told = read_info(url, now=now)
        write_report(render_info_json(told, kept, now) if as_json else render_info_table(told, kept), output)
    except (LedgerError, CannotWriteError) as error:
        complain(str(error))


@db_app.command()
def upgrade(
    config: ConfigFile = DEFAULT_CONFIG,
    ledger: LedgerUrl = "",
    yes: Annotated[bool, typer.Option("--yes", help="PostgreSQL: a dump is made, or not wanted; upgrade.")] = False,
) -> None:
    """Bring the ledger to the version of this export-auditor; every audit does the same when it begins.

    A SQLite ledger is copied before, beside itself. For PostgreSQL the command that dumps it is shown, and nothing done
    before --yes.
    """
    url = _url_of(config, ledger)
    try:
        done = upgrade_ledger(url, dumped=yes)
    except NeedsDumpError as error:
        complain(f"{error}\n{error.command}")
    except LedgerError as error:
        complain(str(error))
    if done.before == done.now:
        typer.echo(f"{done.shown}: of version {done.now}, nothing to do")
        return
    typer.echo(f"{done.shown}: upgraded from version {done.before} to {done.now}")
    if done.copy:
        typer.echo(f"as it was before: {inert(str(done.copy))}")


@db_app.command()
def backup(
    file: Annotated[
        Path, typer.Option("-o", "--output", help="The file to write; must not be there yet.", show_default=False)
    ],
    config: ConfigFile = DEFAULT_CONFIG,
    ledger: LedgerUrl = "",
) -> None:
    """Copy the ledger into one file, also while audits write to it.

    SQLite: by its own backup, and checked. PostgreSQL: by pg_dump; where that is not installed the command is shown,
    and the exit code is 2: nothing was copied.
    """
    url = _url_of(config, ledger)
    try:
        version = backup_ledger(url, file)
    except NeedsDumpError as error:
        complain(f"{error}\n{error.command}")
    except LedgerError as error:
        complain(str(error))
    typer.echo(f"{inert(str(file))}: a whole copy of version {version}, {file.stat().st_size:,} bytes")


@db_app.command()
def copy(
    to: Annotated[str, typer.Option("--to", help="The URL of an empty place, or ${NAME}.", show_default=False)],
    config: ConfigFile = DEFAULT_CONFIG,
    ledger: LedgerUrl = "",
) -> None:
    """Copy the ledger into an empty one on another database: from SQLite to PostgreSQL, or back.

    Every table is compared by the number of its rows and a hash over them; where one differs nothing is kept.
    What audits write after the beginning is not in the copy: end them first.
    """
    source, target = _url_of(config, ledger), _parse("--to", to)
    try:
        moved = move_ledger(source, target)
    except LedgerError as error:
        complain(str(error))
    typer.echo(render_moved(moved))


@db_app.command()
def rebuild(
    config: ConfigFile = DEFAULT_CONFIG,
    to: Annotated[str, typer.Option("--to", help="The URL of an empty place, or ${NAME}.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Then put the new one in the place of the old.")] = False,
) -> None:
    """Make a new ledger from storage, beside the old one: list and read everything, and compare.

    The old one stays as it is. With --replace the new one takes its place, unless the old one knows objects that
    storage lacks; the old one is kept under another name.
    """
    loaded = read_config(config)
    target = _parse("--to", to) if to else ""
    now = datetime.now(UTC)
    try:
        with show_progress(sys.stderr) as progress:
            done = rebuild_ledger(loaded, now=now, to=target, replaces=replace, progress=progress)
    except LedgerError as error:
        complain(str(error))
    typer.echo(render_rebuilt(done))
    if done.refused:
        raise typer.Exit(2)
    raise typer.Exit(3 if done.result.status is Status.INCOMPLETE or done.trouble else 0)


def _url_of(config: Path, ledger: str) -> str:
    return _read_place(config, ledger)[0]


def _read_place(config: Path, ledger: str) -> tuple[str, timedelta | None]:
    """The URL, and how long rows of single files are kept, as far as a configuration says so."""
    if ledger:
        return _parse("--ledger", ledger), None
    loaded = read_config(config)
    return loaded.ledger_url, loaded.retention.files


def _parse(option: str, given: str) -> str:
    try:
        return parse_ledger(given, Path.cwd(), os.environ)
    except ValueError as error:
        complain(f"{option}: {error}")
