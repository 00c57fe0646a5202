"""What `destinations check` says: a table, and below it what somebody has to do."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from auditor.cli.check_text import outcome_cell, say_apart
from auditor.model import Severity
from auditor.report import ReportOptions
from auditor.report.json_report import JsonObject, clean, encode
from auditor.report.sheet import Sheet
from auditor.report.standing import Standing
from auditor.report.words import render_count
from auditor.service.checking import DestinationCheck, Outcome, Step, StepName

_NARROW = 76  # below this a table would cut its cells
_WIDE = 120  # from here on the place stands in the table


def render_checks(checks: Sequence[DestinationCheck], options: ReportOptions) -> str:
    """The table, then a paragraph for each thing to know, and one sentence that sums up."""
    sheet = Sheet(width=options.width, colour=options.colour, unicode=options.unicode)
    if sheet.width < _NARROW:
        for check in checks:
            _list(sheet, check)
    else:
        sheet.show(_table(sheet, checks))
    for check in sorted(checks, key=lambda one: one.looked_at):  # what cannot be audited goes first
        _explain(sheet, check)
    sheet.gap()
    sheet.say((_sum_up(checks), "bold"))
    return sheet.render()


def _table(sheet: Sheet, checks: Sequence[DestinationCheck]) -> Table:
    wide = sheet.width >= _WIDE
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("destination", overflow="fold")
    table.add_column("type", no_wrap=True)
    if wide:
        table.add_column("place", overflow="fold")
    for name in ("reach, log in", "list", "read"):
        table.add_column(name, no_wrap=True)
    table.add_column("may write", no_wrap=True)
    for check in checks:
        where = [sheet.text(_place(check))] if wide else []
        steps = (
            _access(sheet, check),
            *(outcome_cell(sheet, *_timed(check.step(name))) for name in (StepName.LIST, StepName.READ)),
        )
        table.add_row(sheet.text(check.name), sheet.text(check.type), *where, *steps, _writes(sheet, check))
    return table


def _list(sheet: Sheet, check: DestinationCheck) -> None:
    cells = (
        _access(sheet, check),
        *(outcome_cell(sheet, *_timed(check.step(name))) for name in (StepName.LIST, StepName.READ)),
    )
    reach, listed, read = (cell.plain for cell in cells)
    sheet.say((check.name, "bold"), f" {check.type}", hang=2)
    sheet.say(
        f"reach, log in {reach}, list {listed}, read {read}, may write {_writes(sheet, check).plain}", indent=2, hang=2
    )


def _access(sheet: Sheet, check: DestinationCheck) -> Text:
    """Reaching and logging in have one answer, and so one time."""
    reach, login = check.step(StepName.REACH), check.step(StepName.LOG_IN)
    return outcome_cell(sheet, *_timed(reach if reach.outcome is Outcome.FAILED else login))


def _timed(step: Step) -> tuple[Outcome, int | None]:
    return step.outcome, step.took_ms


def _writes(sheet: Sheet, check: DestinationCheck) -> Text:
    if not check.looked_at:
        return sheet.text(("–", "dim"))
    if check.excess is None:
        return sheet.text(("not told", "dim"))
    symbol, style = sheet.symbol(Severity.WARNING if check.excess else Standing.GOOD)
    return sheet.text((f"{symbol} {'yes' if check.excess else 'no'}", style))


def _place(check: DestinationCheck) -> str:
    return f"{check.place}, folder {check.folder}" if check.folder else check.place


def _explain(sheet: Sheet, check: DestinationCheck) -> None:
    for step in check.steps:
        if step.outcome is Outcome.FAILED:
            symbol, style = sheet.symbol(Standing.ATTENTION)
            say_apart(sheet, (symbol, style), f"{check.name} ({_place(check)}): {_FAILED[step.name]}: {step.told}")
            if step.lacks:
                sheet.say(f"needed there: {', '.join(step.lacks)}", indent=2, hang=2)
            if step.code:
                sheet.say(f"what to do: export-auditor explain {step.code}", indent=2, hang=2)
        elif step.outcome is Outcome.NOTHING:
            say_apart(sheet, sheet.symbol(Standing.WAITING), f"{check.name} ({_place(check)}): {step.told}")
    if check.excess:
        rights = ", ".join(check.excess)
        warning = f"{check.name}: the audit could also write or delete there: {rights}. It only reads; "
        say_apart(sheet, sheet.symbol(Severity.WARNING), warning + "give it credentials that can do no more.")
    for remark in check.remarks:
        say_apart(sheet, sheet.symbol(Severity.INFO), f"{check.name}: {remark}")


_FAILED = {
    StepName.REACH: "cannot be reached",
    StepName.LOG_IN: "logging in failed",
    StepName.LIST: "listing failed",
    StepName.READ: "reading failed",
}


def _sum_up(checks: Sequence[DestinationCheck]) -> str:
    failed = [check.name for check in checks if not check.looked_at]
    if not failed:
        whole = "It can be audited." if len(checks) == 1 else f"All {len(checks):,} can be audited."
        untold = sum(check.excess is None for check in checks)
        return whole + (
            f" Whether {_whom(untold, len(checks))} can also write is not told by reading." if untold else ""
        )
    if len(checks) == 1:
        return "It cannot be audited."
    return f"{render_count(len(failed), 'destination')} of {len(checks):,} cannot be audited: {', '.join(failed)}."


def _whom(count: int, of: int) -> str:
    if of == 1:
        return "its credentials"
    return "their credentials" if count == of else f"the credentials of {count:,}"


def render_checks_json(checks: Sequence[DestinationCheck]) -> str:
    """One JSON object and a newline, schema `schemas/destinations-1.json`."""
    whole: JsonObject = {
        "schema": "destinations-1",
        "status": "good" if all(check.looked_at for check in checks) else "unknown",
        "destinations": [_describe(check) for check in checks],
    }
    return encode(whole) + "\n"


def _describe(check: DestinationCheck) -> JsonObject:
    return {
        "name": clean(check.name),
        "type": check.type,
        "place": clean(check.place),
        "folder": clean(check.folder),
        "looked_at": check.looked_at,
        "steps": [
            {
                "step": step.name.value,
                "outcome": step.outcome.value,
                "took_ms": step.took_ms,
                "told": clean(step.told),
                "lacks": [clean(right) for right in step.lacks],
                "code": step.code,
            }
            for step in check.steps
        ],
        "excess_rights": None if check.excess is None else [clean(right) for right in check.excess],
        "remarks": [clean(remark) for remark in check.remarks],
    }
