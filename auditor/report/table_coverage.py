"""Coverage and what ends by itself, at a terminal: worst and soonest first, the rest counted."""

from collections.abc import Sequence
from datetime import datetime

from auditor.model import Coverage, Ending
from auditor.report.coverage_words import (
    GOOD,
    LEGEND,
    mood_of,
    render_coverage_sentence,
    render_rest,
    word_of,
    worst_first,
)
from auditor.report.ending_words import choose_near, render_left, render_what, render_when
from auditor.report.sheet import Sheet
from auditor.report.table_findings import render_waived
from auditor.report.words import render_count, render_minute

SHORT = 20  # rows of a section in the report of an audit
NAMED = 3  # flows of one dataset


def show_coverage(sheet: Sheet, lines: Sequence[Coverage], *, rows: int = SHORT) -> None:
    """The section of an audit's report; nothing where no sandbox was read. What is protected is only counted."""
    if not lines:
        return
    sheet.heading("Coverage")
    sheet.say(render_coverage_sentence(lines), indent=2, hang=2)
    listed = [line for line in worst_first(lines) if line.standing not in GOOD]
    list_lines(sheet, listed, rows=rows)
    if listed:
        sheet.say((LEGEND, "dim"), indent=2, hang=2)


def list_lines(sheet: Sheet, lines: Sequence[Coverage], *, rows: int) -> None:
    """A paragraph for each of the first `rows` of `lines`; the rest is counted."""
    for line in lines[:rows]:
        symbol, style = sheet.symbol(mood_of(line))
        name = f"{line.name} ({line.dataset})" if line.name else line.dataset
        sheet.say((f"{symbol} {word_of(line)}: ", style), f"{name}, {line.platform}: {_about(line)}", indent=2, hang=4)
    if lines[rows:]:
        sheet.say(render_rest(lines[rows:]), indent=2, hang=2)


def _about(line: Coverage) -> str:
    flows = ", ".join(line.flows[:NAMED]) + (f" and {len(line.flows) - NAMED} more" if line.flows[NAMED:] else "")
    newest = f"newest sound {render_minute(line.newest_sound)}" if line.newest_sound else ""
    told = [line.reason.rstrip("."), f"by {flows}" if flows and line.standing in GOOD else "", newest]
    waived = render_waived(line.waived) if line.waived else ""
    return "; ".join(filter(None, [*told, waived])) or "no more is known"


def show_endings(sheet: Sheet, endings: Sequence[Ending], now: datetime, *, rows: int = SHORT) -> None:
    """The section of an audit's report: what ends soon; nothing where nothing does."""
    near = choose_near(endings, now)
    if not near:
        return
    sheet.heading("What ends by itself")
    list_endings(sheet, near, now, rows=rows)


def list_endings(sheet: Sheet, endings: Sequence[Ending], now: datetime, *, rows: int) -> None:
    """A paragraph for each of the first `rows` of `endings`; the rest is counted."""
    for one in endings[:rows]:
        when = f"{render_when(one)} ({render_left(one.when, now)}): "
        sheet.say((when, "bold"), f"{render_what(one, now)}; {one.source}", indent=2, hang=4)
    if endings[rows:]:
        sheet.say(f"and {render_count(len(endings) - rows, 'more end')}: see --format json", indent=2, hang=2)
