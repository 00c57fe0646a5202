"""`export-auditor explain [CODE]`: what a finding means, why it matters, what to do."""

import difflib
import sys
from typing import Annotated

import typer
from rich.padding import Padding
from rich.table import Table

from adapters.base import inert
from auditor.checks import CATALOGUE, FAMILIES
from auditor.cli.choices import complain
from auditor.cli.output import CannotWriteError, read_options, write_report
from auditor.model import FindingType, Severity
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
    for family, entries in FAMILIES.items():
        sheet.say((family, "bold"))
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(width=_WIDEST_SEVERITY)
        table.add_column(width=_WIDEST_CODE)
        table.add_column()
        for entry in entries:
            _, style = sheet.symbol(entry.severity)
            table.add_row(sheet.text((entry.severity, style)), sheet.text(entry.code), sheet.text(entry.meaning))
        sheet.show(Padding(table, (0, 0, 1, 2)))
    sheet.say("One of them in full: export-auditor explain CODE")


_WIDEST_SEVERITY = max(len(severity) for severity in Severity)
_WIDEST_CODE = max(map(len, CATALOGUE))
