"""`export-auditor verify PATH…`: files and folders by themselves, without a configuration."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.choices import DEFAULT_CONFIG, complain, level_of
from auditor.cli.output import CannotWriteError, read_options, write_report
from auditor.cli.progress import TerminalProgress, show_progress
from auditor.cli.verify_places import Place, PlaceError, find_places
from auditor.cli.verify_text import Tally, render_file, render_tally
from auditor.model import FileCheck, Level
from auditor.report import ReportOptions, render_verify_line
from auditor.verify import Verifier


def verify(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Files, folders (recursively), s3:// gs:// az:// abfss:// sftp:// or destination-name:key."
        ),
    ],
    level: Annotated[str, typer.Option(help="How deep: L0 to L4.")] = "L3",
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help=f"For destination-name:key. Default: {DEFAULT_CONFIG}.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line and file on standard output.")
    ] = False,
) -> None:
    """Check files or folders by themselves: can they be read back, every byte and every record?"""
    chosen = level_of(level)
    deep = Level.L3 if chosen is None else chosen
    try:
        places = find_places(paths, config)
    except PlaceError as error:
        complain(str(error))
    try:
        tally = _verify_all(places, deep, as_json=as_json)
        if not as_json:
            write_report(render_tally(tally, read_options(sys.stdout)), None)
    except CannotWriteError as error:
        complain(str(error))
    raise typer.Exit(tally.exit_code)


def _verify_all(places: list[Place], level: Level, *, as_json: bool) -> Tally:
    tally = Tally()
    named = sum(len(place.named) for place in places if place.named)
    all_named = all(place.named for place in places)
    options = read_options(sys.stdout)
    with (
        Verifier(workers=min(named, _SEVERAL) if all_named else None) as verifier,
        show_progress(sys.stderr) as progress,
    ):
        progress.stage("files checked", named if all_named else None)
        for place in places:
            for check in verifier.verify(place.list_files(), level, open_adapter=place.open_adapter):
                if sys.stdout is not None and sys.stdout.isatty():
                    progress.make_room()
                _report(place, check, tally, options, as_json=as_json)
                progress.advance()
            tally.take(place)
        if as_json:
            _tell_apart(tally, progress)
    return tally


_SEVERAL = 2  # workers for files named one by one: starting more takes longer than they save


def _report(place: Place, check: FileCheck, tally: Tally, options: ReportOptions, *, as_json: bool) -> None:
    path, size = place.path_of(check.key), place.size_of(check.key)
    tally.add(check, size)
    write_report(render_verify_line(path, size, check) if as_json else render_file(path, size, check, options), None)


def _tell_apart(tally: Tally, progress: TerminalProgress) -> None:
    """What has no line of its own in the JSON output goes to standard error."""
    for sentence in tally.remarks():
        progress.note(sentence)
