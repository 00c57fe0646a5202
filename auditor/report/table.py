"""The audit for a person at a terminal: one sentence, how each dataset stands, what to do, what is not known."""

from auditor.model import Arrival, AuditResult, Content, Status
from auditor.report.options import ReportOptions
from auditor.report.sheet import Sheet
from auditor.report.standing import Standing
from auditor.report.summary import Summary, render_headline, summarise
from auditor.report.table_coverage import show_coverage, show_endings
from auditor.report.table_datasets import show_datasets
from auditor.report.table_findings import show_findings, show_unverifiable
from auditor.report.words import render_bytes, render_count, render_minute

STATUS = {
    Status.GOOD: (Standing.GOOD, "good"),
    Status.FINDINGS: (Standing.ATTENTION, "findings"),
    Status.INCOMPLETE: (Standing.UNKNOWN, "incomplete, because not everything could be checked, or nothing was due"),
}
WORDS = {Arrival.NOT_NEEDED: "not needed, proven", Arrival.PENDING: "not due yet or in grace"}


def render_table(result: AuditResult, *, width: int, colour: bool, unicode: bool = True) -> str:
    """The report as lines of at most `width` cells (40 or more)."""
    return render_table_as(result, ReportOptions(width=width, colour=colour, unicode=unicode))


def render_table_as(result: AuditResult, options: ReportOptions) -> str:
    """The report, with limits on what is listed; what is not listed is counted."""
    sheet = Sheet(width=options.width, colour=options.colour, unicode=options.unicode)
    summary = summarise(result)
    _show_answer(sheet, result, summary)
    show_datasets(sheet, result, summary, rows=options.rows)
    show_findings(sheet, result, occurrences=options.occurrences)
    show_unverifiable(sheet, result, occurrences=options.occurrences)
    show_coverage(sheet, result.coverage)
    show_endings(sheet, result.endings, result.now)
    _show_balance(sheet, result, summary)
    return sheet.render()


def _show_answer(sheet: Sheet, result: AuditResult, summary: Summary) -> None:
    standing, word = STATUS[result.status]
    symbol, style = sheet.symbol(standing)
    sheet.say((symbol + " ", style), (render_headline(summary), "bold"), hang=2)
    sheet.say((f"Status: {word} (exit code {result.status.exit_code}).", style), indent=2)
    since = (
        f"Watched since {render_minute(result.watched_from)}; what is earlier was not watched."
        if result.watched_from
        else "Nothing is watched."
    )
    sheet.say(f"Judged at {render_minute(result.now)}. {since} All times are UTC.", indent=2)


def _show_balance(sheet: Sheet, result: AuditResult, summary: Summary) -> None:
    sheet.heading("Balance")
    sheet.say(render_balance(summary), indent=2, hang=2)
    if content := render_content(summary):
        sheet.say(content, indent=2, hang=2)
    if unexpected := summary.arrival[Arrival.UNEXPECTED]:
        folders = render_count(unexpected, "folder")
        sheet.say(f"Beside these: {folders} that no schedule asked for.", indent=2, hang=2)
    read = f"Read {render_count(result.files_read, 'file')} ({render_bytes(result.bytes_read)})"
    reused = f"; {render_count(result.files_reused, 'file')} unchanged since an earlier audit: not read again"
    sheet.say(read + (reused if result.files_reused else "") + ".", indent=2, hang=2)
    if carried := [look.fully_at for look in result.looks if look.fully_at]:
        told = f"Old exports of {len(carried):,} of {render_count(len(result.looks), 'dataset')} are as last listed"
        sheet.say(f"{told} ({render_minute(min(carried))} at the earliest).", indent=2, hang=2)


def render_balance(summary: Summary) -> str:
    """`448 expected = 430 on time + 9 late + …`: what the expected runs came to, adding up."""
    parts = []
    for arrival, count in summary.balance.items():
        if count or arrival is Arrival.ON_TIME:
            word = WORDS.get(arrival, arrival.replace("_", " "))
            overdue = f" ({summary.overdue:,} not here yet)"
            parts.append(f"{count:,} {word}{overdue if arrival is Arrival.LATE and summary.overdue else ''}")
        if arrival is Arrival.MISSING and summary.waived:
            parts.append(f"{summary.waived:,} waived")
    return f"{summary.expected:,} expected = {' + '.join(parts)}"


def render_content(summary: Summary) -> str:
    """`439 arrived = 430 sound (420 to L3, 10 to L1) + 9 damaged`; "" if none arrived."""
    total = sum(summary.arrived_content.values())
    levels = ", ".join(f"{count:,} to {level}" for level, count in summary.arrived_level.items())
    parts = []
    for content, count in summary.arrived_content.items():
        if count or content is Content.SOUND:
            depth = f" ({levels})" if content is Content.SOUND and levels else ""
            parts.append(f"{count:,} {content}{depth}")
    return f"{total:,} arrived = {' + '.join(parts)}" if total else ""
