"""`export-auditor calendar`: what ends by itself, as table and JSON (`calendar-1.json`); iCalendar is beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor.model import Ending
from auditor.report.ending_words import render_left, render_what, render_when
from auditor.report.json_report import clean, describe_ending, render_members, rows
from auditor.report.options import ReportOptions
from auditor.report.sheet import Sheet
from auditor.report.table_coverage import list_endings
from auditor.report.words import render_count, render_instant, render_minute


@dataclass(frozen=True, slots=True)
class CalendarView:
    """What is shown, with when it was read."""

    endings: Sequence[Ending]  # soonest first
    untold: Sequence[tuple[str, str]]  # what ends at a time that cannot be told, and why
    now: datetime
    audited_at: datetime | None  # exports are as this audit saw them; None: there was none


def render_calendar_table(view: CalendarView, options: ReportOptions) -> str:
    """What is to come, soonest first; then what is over; then what cannot be told."""
    sheet = Sheet(width=options.width, colour=options.colour, unicode=options.unicode)
    coming = [one for one in view.endings if one.when >= view.now]
    over = [one for one in view.endings if one.when < view.now]
    sheet.say((_sentence(coming, view.now), "bold"))
    audited = (
        f"exports as audited {render_minute(view.audited_at)}" if view.audited_at else "no audit has seen exports yet"
    )
    sheet.say(f"Read {render_minute(view.now)}; {audited}. All times are UTC.", indent=2)
    apart = [one for one in coming if one.code != "export-expiring"]
    exports = [one for one in coming if one.code == "export-expiring"]
    for heading, some in (("To come", apart), ("Exports that their destination removes", exports), ("Over", over)):
        if some:
            sheet.heading(heading)
            list_endings(sheet, some, view.now, rows=options.rows)
    if view.untold:
        sheet.heading("Cannot be told")
        for subject, why in view.untold:
            sheet.say(("? ", "yellow"), f"{subject}: {why}", indent=2, hang=2)
    return sheet.render()


def _sentence(coming: Sequence[Ending], now: datetime) -> str:
    apart = [one for one in coming if one.code != "export-expiring"]
    if not apart:
        return "No flow and no credential is known to end."
    first = apart[0]
    told = f"{render_what(first, now)} {render_when(first)}, {render_left(first.when, now)}"
    return f"{render_count(len(apart), 'end')} of flows and credentials to come; first: {told}."


def render_calendar_json(view: CalendarView) -> str:
    """One object, by the schema `calendar-1`."""
    return render_members(
        {
            "schema": "calendar-1",
            "now": render_instant(view.now),
            "audited_at": render_instant(view.audited_at) if view.audited_at else None,
        },
        rows("endings", map(describe_ending, view.endings)),
        rows("untold", ({"subject": clean(subject), "reason": clean(why)} for subject, why in view.untold)),
    )
