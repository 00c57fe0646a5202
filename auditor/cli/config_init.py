"""`export-auditor config init`: a first configuration from what lies in storage."""

import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from adapters.base import DestinationError, inert
from auditor.cli.choices import DEFAULT_CONFIG, complain
from auditor.cli.config_init_places import Source, SourceError, configured_source, source_of
from auditor.cli.output import CannotWriteError, write_report
from auditor.cli.progress import TerminalProgress, show_progress
from auditor.propose import NothingSeen, Proposal, Survey, counted, render_proposal, survey_destination
from auditor.settings import ConfigError, load_config
from auditor.settings.values import render_duration

_STAND_IN = "https://stand-in.example/container?sig=x"  # for secrets that the proposal asks for and nobody has set yet
_OUTPUT = typer.Option("--output", "-o", help="The file to write. Default: standard output.")


def init(
    from_storage: Annotated[
        str,
        typer.Option(metavar="DIR|ADDRESS", help="Where the exports lie: a folder, s3:// gs:// az:// abfss:// sftp://"),
    ] = "",
    output: Annotated[Path | None, _OUTPUT] = None,
    *,
    config: Annotated[Path, typer.Option("--config", "-c", help="For --destination.")] = DEFAULT_CONFIG,
    destination: Annotated[str, typer.Option(help="Look at this destination of an existing configuration.")] = "",
    folder: Annotated[str | None, typer.Option(help="The folder path, where several hold exports.")] = None,
    region: Annotated[str, typer.Option(help="Region of the bucket.")] = "",
    endpoint_url: Annotated[str, typer.Option(help="Another server that speaks S3 or GCS.")] = "",
    profile: Annotated[str, typer.Option(help="Named profile of the AWS configuration.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file of -o.")] = False,
) -> None:
    """Propose a configuration from what lies in storage: datasets, schedules, formats, windows.

    Lists and reads no file. Each guess has beside it what it was seen on. Exit code 0; 3 where nothing, or not
    everything, could be seen; 2 usage.
    """
    if output is not None and str(output) != "-" and output.exists() and not force:
        complain(f"{inert(str(output))!r} exists; name another file, or add --force to overwrite it")
    if bool(from_storage) == bool(destination):
        complain("name what to look at: --from-storage DIR or s3://BUCKET/FOLDER, or -c FILE --destination NAME")
    options = {"region": region, "endpoint_url": endpoint_url, "profile": profile}
    try:
        if destination:
            source = configured_source(_load(config), destination)
        else:
            source = source_of(from_storage, {key: value for key, value in options.items() if value}, output)
        with show_progress(sys.stderr) as progress:
            survey = _survey(source, folder, progress)
            text = _render(source, survey)
        write_report(text, output)
    except (SourceError, CannotWriteError) as error:
        complain(str(error))
    except (NothingSeen, DestinationError) as error:
        typer.echo(f"export-auditor: nothing can be proposed: {inert(str(error))}", err=True)
        raise typer.Exit(3) from None
    _tell(survey, output)
    raise typer.Exit(3 if survey.unlisted else 0)


def _load(path: Path) -> Path:
    """`path`, if it is a configuration; else every mistake on stderr and exit code 2."""
    try:
        load_config(path)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    return path


def _survey(source: Source, folder: str | None, progress: TerminalProgress) -> Survey:
    adapter = source.open_adapter()
    try:
        chosen = folder.strip("/") if folder is not None else None
        survey = survey_destination(adapter, source.start, folder=chosen, progress=progress)
    finally:
        adapter.close()
    if not survey.flows:
        reasons = "".join(f"\n  {inert(f'{one.dataset}: {one.why}')}" for one in survey.irregular)
        typer.echo(f"No dataset has a schedule that can be told:{reasons}", err=True)
        raise NothingSeen(f"none of {len(survey.irregular)} datasets has a rhythm; write their flows by hand")
    return survey


def _render(source: Source, survey: Survey) -> str:
    """The YAML, read once as an audit would read it. Raises NothingSeen for names no configuration can hold."""
    remarks = (*source.remarks, *_tell_others(survey))
    proposal = Proposal(
        source.shown,
        source.name,
        source.place,
        source.top + survey.folder,
        survey.flows,
        survey.irregular,
        survey.objects,
        remarks,
    )
    try:
        text = render_proposal(proposal, now=datetime.now(UTC)) + source.beside
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "proposed.yaml"
            path.write_text(text, encoding="utf-8")
            load_config(path, {**os.environ, **dict.fromkeys(source.asked, _STAND_IN)})
    except ConfigError as error:
        reasons = "; ".join(problem.message for problem in error.problems)
        raise NothingSeen(f"a name there cannot stand in a configuration: {reasons}") from None
    except ValueError as error:
        raise NothingSeen(str(error)) from None
    return text


def _tell_others(survey: Survey) -> list[str]:
    told = [
        f"Exports lie below {place.folder or '(the root)'} too: {place.exports:,} of {place.datasets:,} datasets; "
        "to take that one, add --folder"
        for place in survey.others
    ]
    return [*told, *(["The search for folder paths was cut short: there may be more"] if survey.cut else [])]


def _tell(survey: Survey, output: Path | None) -> None:
    """The summary on stderr."""
    for sentence in _tell_others(survey):
        typer.echo(inert(sentence), err=True)
    for flow in survey.flows:
        rhythm = ", then ".join(
            f"every {render_duration(one.every)} from {one.start:%Y-%m-%d %H:%M}" for one in flow.schedules
        )
        typer.echo(f"{flow.name}: {counted(len(flow.members), 'dataset')}, {rhythm} UTC", err=True)
    for one in survey.irregular:
        typer.echo(inert(f"not proposed: {one.dataset}: {one.why}"), err=True)
    place = inert(str(output)) if output is not None and str(output) != "-" else "FILE"
    typer.echo(f"Next: read the comments, then export-auditor audit -c {place}", err=True)
