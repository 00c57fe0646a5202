"""`export-auditor report`: did a period bring every backup that it should have? For whoever signs that they work."""

import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.choices import DEFAULT_CONFIG, complain, moment_of
from auditor.cli.output import CannotWriteError, write_report
from auditor.cli.selection import check_selection
from auditor.ledger import Ledger, LedgerError
from auditor.report.completeness.judge import render_headline
from auditor.report.completeness.sample import Sampler
from auditor.report.completeness.types import Completeness, Sample
from auditor.service import AuditOptions
from auditor.service.completeness import Filters, read_population, report_period
from auditor.service.period import Period, PeriodError, parse_period, parse_span
from auditor.service.report_files import render_parts, write_parts, write_reports
from auditor.settings import Config, ConfigError, load_config

FORMATS = ("html", "json", "csv")
MOST_DRAWN = 10_000


@dataclass(frozen=True, slots=True)
class Draw:
    """What is drawn for re-performance."""

    size: int
    seed: str


def report(
    period: Annotated[str, typer.Option(help="A month or quarter by UTC: 2026-10, 2026-Q3.")] = "",
    from_: Annotated[str, typer.Option("--from", help="Or from this moment, e.g. 2026-10-01T00:00:00Z.")] = "",
    to: Annotated[str, typer.Option(help="Up to this moment, itself left out.")] = "",
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration.")] = DEFAULT_CONFIG,
    flow: Annotated[str, typer.Option(help="Only this flow.")] = "",
    dataset: Annotated[str, typer.Option(help="Only this dataset id.")] = "",
    destination: Annotated[str, typer.Option(help="Only this destination.")] = "",
    team: Annotated[str, typer.Option(help="Only datasets of this team.")] = "",
    owner: Annotated[str, typer.Option(help="Only datasets of this owner.")] = "",
    tag: Annotated[str, typer.Option(help="Only datasets with this tag.")] = "",
    format: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}; csv is the population.")] = "html",  # noqa: A002 (the option's name)
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="This file; or an existing folder: report, amendments, population, SHA256SUMS."
        ),
    ] = None,
    amendment: Annotated[int, typer.Option(min=0, help="The amendment of this number; 0: as the period closed.")] = 0,
    sample: Annotated[int, typer.Option(min=0, max=MOST_DRAWN, help="Draw so many runs to check again.")] = 0,
    seed: Annotated[str, typer.Option(help="The same seed draws the same runs; default: one is chosen.")] = "",
) -> None:
    """Did a period bring every backup that it should have? From the ledger alone, for a person who must sign it.

    A period closes three days after its end: from then on its report stays as it is, byte for byte, and what is found
    later is told in amendments. Before, it is preliminary.
    Exit code 0 complete, 1 backups are missing, damaged or with an error and not waived, 2 usage or configuration,
    3 could not be told, not watched throughout, nothing expected, or not over yet.
    """
    if format not in FORMATS:
        complain(f"--format {format}: no such format; use one of {', '.join(FORMATS)}")
    meant = _period(period, from_, to)
    filters = Filters(flow, dataset, destination, team, owner, tag)
    draw = Draw(sample, seed or secrets.token_hex(4))
    try:
        loaded = load_config(config)
        _check(loaded, filters)
        with Ledger.open(loaded.ledger_url) as ledger:
            known = report_period(ledger, loaded, meant, filters, now=datetime.now(UTC))
            chosen = _choose(known, amendment)
            if draw.size:
                chosen = replace(chosen, sample=_draw(ledger, chosen, draw, str(config)))
                known = tuple(chosen if one.revision == amendment else one for one in known)
            _write(ledger, known, chosen, format, output)
    except (ConfigError, LedgerError, CannotWriteError) as error:
        complain(str(error))
    _say(known, chosen)
    raise typer.Exit(chosen.status.exit_code)


def _period(period: str, from_: str, to: str) -> Period:
    try:
        if period and not (from_ or to):
            return parse_period(period)
        start, end = moment_of("--from", from_), moment_of("--to", to)
        if period or start is None or end is None:
            complain("report: say which period: --period 2026-10, --period 2026-Q3, or --from and --to")
        return parse_span(start, end)
    except PeriodError as error:
        complain(f"report: {error}")


def _check(config: Config, filters: Filters) -> None:
    """Names that are not configured are mistakes, not an empty report."""
    if filters.given():
        check_selection(config, AuditOptions(now=datetime.now(UTC), **asdict(filters)))


def _choose(known: tuple[Completeness, ...], amendment: int) -> Completeness:
    if amendment >= len(known):
        there = f"there are {len(known) - 1}" if len(known) != 2 else "there is 1"
        complain(f"--amendment {amendment}: no such amendment; {there}")
    return known[amendment]


def _draw(ledger: Ledger, report: Completeness, draw: Draw, config: str) -> Sample:
    sampler = Sampler(draw.seed, draw.size)
    for _ in sampler.watch(run for _, run in read_population(ledger, report)):
        pass
    return sampler.draw(config)


def _write(
    ledger: Ledger, known: tuple[Completeness, ...], chosen: Completeness, name: str, output: Path | None
) -> None:
    if output is not None and (output.is_dir() or str(output).endswith("/")):
        try:
            write_reports(ledger, known, FORMATS, output)
        except OSError as error:
            raise CannotWriteError(f"cannot write the report to {str(output)!r}: {error.strerror}") from None
    elif output is not None and str(output) != "-" and (output.is_file() or not output.exists()):
        try:
            write_parts(render_parts(ledger, chosen, name), output)
        except OSError as error:
            raise CannotWriteError(f"cannot write the report to {str(output)!r}: {error.strerror}") from None
    else:
        _write_stream(render_parts(ledger, chosen, name), output)


def _write_stream(parts: Iterator[str], output: Path | None) -> None:
    """Standard output or a pipe, portion by portion."""
    if output is None or str(output) == "-":
        for part in parts:
            write_report(part, None)
    else:
        write_report("".join(parts), output)


def _say(known: tuple[Completeness, ...], chosen: Completeness) -> None:
    typer.echo(f"export-auditor: {render_headline(chosen)}", err=True)
    if len(known) > 1 and chosen.revision == 0:
        later = len(known) - 1
        told = "an amendment tells" if later == 1 else f"{later} amendments tell"
        typer.echo(
            f"export-auditor: {told} what was found after the period closed: --amendment 1"
            + (f" to {later}" if later > 1 else ""),
            err=True,
        )
