"""`export-auditor explain [CODE]`: what a finding means, why it matters, what to do."""

import difflib
import sys
from typing import Annotated

import typer

from adapters.base import inert
from auditor.checks import CATALOGUE, FAMILIES
from auditor.cli.choices import complain
from auditor.cli.output import CannotWriteError, read_options, write_report
from auditor.model import FindingType
from auditor.report.sheet import Sheet


def explain(
    code: Annotated[str, typer.Argument(help="A finding code, such as file-truncated; all of them if left out.")] = "",
) -> None:
    """Say what a finding means, why it matters and what to do."""
    options = read_options(sys.stdout)
    sheet = Sheet(width=min(options.width, 100), colour=options.colour, unicode=options.unicode)
    if code:
        _show_entry(sheet, _look_up(code))
    else:
        _show_list(sheet)
    try:
        write_report(sheet.render(), None)
    except CannotWriteError as error:
        complain(str(error))


def _look_up(code: str) -> FindingType:
    wanted = code.strip().lower().replace("_", "-")
    if wanted not in CATALOGUE:
        near = difflib.get_close_matches(wanted, CATALOGUE, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "`export-auditor explain` lists them all"
        complain(f"{inert(code)} is no finding code; {hint}")
    return CATALOGUE[wanted]


def _show_entry(sheet: Sheet, entry: FindingType) -> None:
    symbol, style = sheet.symbol(entry.severity)
    sheet.say((f"{symbol} ", style), (entry.code, "bold"))
    sheet.say(f"{entry.severity} unless overridden · family {entry.family} · since {entry.since}", indent=2)
    for title, text in (("What it means", entry.meaning), ("Why it matters", entry.why)):
        _show_title(sheet, title)
        sheet.say(text, indent=2)
    _show_title(sheet, "Likely causes")
    for cause in entry.causes:
        sheet.say(f"- {cause}", indent=2, hang=2)
    _show_title(sheet, "What to do")
    sheet.say(entry.remedy, indent=2)


def _show_title(sheet: Sheet, title: str) -> None:
    sheet.say("")
    sheet.say((title, "bold"))


def _show_list(sheet: Sheet) -> None:
    for number, (family, entries) in enumerate(FAMILIES.items()):
        if number:
            sheet.say("")
        sheet.say((family, "bold"))
        for entry in entries:
            symbol, style = sheet.symbol(entry.severity)
            sheet.say((f"{symbol:<3}", style), f"{entry.code:<24} {entry.meaning}", indent=2, hang=28)
    sheet.say("")
    sheet.say("One of them in full: export-auditor explain CODE")
