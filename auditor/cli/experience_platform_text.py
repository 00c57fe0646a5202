"""What `experience-platform check` says: a table for each sandbox, and below it what is missing and what for."""

from collections.abc import Sequence

from rich.table import Table

from auditor.cli.check_text import outcome_cell, say_apart
from auditor.report import ReportOptions
from auditor.report.json_report import JsonObject, clean, encode
from auditor.report.sheet import Sheet
from auditor.report.standing import Standing
from auditor.service.checking import Outcome
from auditor.service.platform_check import SandboxCheck

_WHERE = (
    "Permissions belong to a role, and the API credential to that role: in Experience Platform, Permissions, Roles."
)


def render_sandboxes(checks: Sequence[SandboxCheck], options: ReportOptions) -> str:
    """A table for each sandbox, a paragraph for each thing missing, and one sentence that sums up."""
    sheet = Sheet(width=options.width, colour=options.colour, unicode=options.unicode)
    for number, check in enumerate(checks):
        if number:
            sheet.gap()
        sheet.say((check.name, "bold"), f": {check.org_id}, sandbox {check.sandbox}", hang=2)
        sheet.show(_table(sheet, check))
    for check in checks:
        _explain(sheet, check)
    if any(one.outcome is Outcome.FAILED and one.reached for check in checks for one in check.steps):
        sheet.gap()
        sheet.say(_WHERE, hang=2)
    sheet.gap()
    sheet.say((_sum_up(checks), "bold"))
    return sheet.render()


def _table(sheet: Sheet, check: SandboxCheck) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in check.steps:
        told = "" if one.outcome is Outcome.FAILED else one.told
        table.add_row(
            sheet.text(f"  {one.step}"), outcome_cell(sheet, one.outcome, one.took_ms), sheet.text((told, "dim"))
        )
    return table


def _explain(sheet: Sheet, check: SandboxCheck) -> None:
    for one in check.steps:
        if one.outcome is Outcome.FAILED:
            say_apart(sheet, sheet.symbol(Standing.ATTENTION), f"{check.name}: {one.step}: {one.told}")
            sheet.say(f"needed: {one.needs}", indent=2, hang=2)
            sheet.say(f"unknown without it: {one.unknown_without}", indent=2, hang=2)


def _sum_up(checks: Sequence[SandboxCheck]) -> str:
    failed = [check.name for check in checks if not check.looked_at]
    if not failed:
        return "All that an audit asks can be read." if len(checks) == 1 else f"All {len(checks):,} can be read."
    return f"Not all can be read: {', '.join(failed)}."


def render_sandboxes_json(checks: Sequence[SandboxCheck]) -> str:
    """One JSON object and a newline, schema `schemas/experience-platform-1.json`."""
    whole: JsonObject = {
        "schema": "experience-platform-1",
        "status": "good" if all(check.looked_at for check in checks) else "unknown",
        "sandboxes": [_describe(check) for check in checks],
    }
    return encode(whole) + "\n"


def _describe(check: SandboxCheck) -> JsonObject:
    return {
        "name": clean(check.name),
        "org_id": clean(check.org_id),
        "sandbox": clean(check.sandbox),
        "looked_at": check.looked_at,
        "steps": [
            {
                "step": one.step.value,
                "outcome": one.outcome.value,
                "took_ms": one.took_ms,
                "told": clean(one.told),
                "needs": one.needs,
                "unknown_without": one.unknown_without,
            }
            for one in check.steps
        ],
    }
