"""Findings worst first, by type with the remedy said once; then what could not be checked, by reason."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime

from auditor.checks import CATALOGUE
from auditor.model import AuditResult, EvidenceValue, Finding, Severity, Waived
from auditor.report.sheet import Sheet
from auditor.report.summary import list_unverifiable
from auditor.report.table_datasets import render_dataset
from auditor.report.words import render_count, render_minute

VALUES = 6  # of evidence, in one line
LONGEST = 160  # characters of one value
REASONS = 30  # of what could not be checked


def show_findings(sheet: Sheet, result: AuditResult, *, occurrences: int) -> None:
    """Each finding type with at most `occurrences` of its findings; the rest is counted."""
    sheet.heading("Findings")
    if not result.findings:
        sheet.say("None among what was checked.", indent=2)
        return
    sheet.say(f"{render_tally(result)} Why each matters: export-auditor explain CODE", indent=2)
    for group in group_findings(result.findings):
        _show_type(sheet, result, group, occurrences)


def show_unverifiable(sheet: Sheet, result: AuditResult, *, occurrences: int) -> None:
    """Each reason with at most `occurrences` of its subjects; the rest is counted."""
    reasons = defaultdict(list)
    for item in list_unverifiable(result):
        reasons[item.reason].append(item)
    if not reasons:
        return
    sheet.heading("Could not be checked (neither good nor bad)")
    for reason in sorted(reasons, key=lambda r: (-len(reasons[r]), r))[:REASONS]:
        items = reasons[reason]
        sheet.say(("? ", "yellow"), f"{reason}: {render_count(len(items), 'time')}", indent=2, hang=2)
        for item in items[:occurrences]:
            where = render_where(result, item.flow, item.dataset, item.destination, item.due)
            sheet.say("- ", item.subject, f" ({where})" if where else "", indent=4, hang=2)
        _say_rest(sheet, len(items) - occurrences)
    if left_out := sorted(map(len, reasons.values()), reverse=True)[REASONS:]:
        more = f"and {render_count(len(left_out), 'more reason')} with {render_count(sum(left_out), 'subject')}"
        sheet.say(f"{more}: see --format json", indent=2, hang=2)


def render_tally(result: AuditResult) -> str:
    """`1 critical, 21 errors, 9 warnings; 4 of them are waived.`: the findings by severity."""
    counts = Counter(finding.severity for finding in result.findings)
    words = {Severity.ERROR: "error", Severity.WARNING: "warning"}
    parts = [
        render_count(counts[severity], words.get(severity, severity), "" if severity in words else severity)
        for severity in reversed(Severity)
        if counts[severity]
    ]
    waived = sum(finding.waived is not None for finding in result.findings)
    told = f"; {waived:,} of them {'is' if waived == 1 else 'are'} waived" if waived else ""
    return ", ".join(parts) + told + "."


def group_findings(findings: tuple[Finding, ...]) -> list[list[Finding]]:
    """Findings by type, gravest type first; within a type gravest first, then newest, and last what is waived."""
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.code].append(finding)
    for group in groups.values():  # stable sorts: newest first within the gravest
        group.sort(key=lambda f: (f.flow, f.dataset, f.destination, f.key, f.message))
        group.sort(key=lambda f: (f.severity.rank, f.due.timestamp() if f.due else 0.0), reverse=True)
        group.sort(key=lambda f: f.waived is not None)
    return sorted(groups.values(), key=lambda group: (-group[0].severity.rank, group[0].code))


def _show_type(sheet: Sheet, result: AuditResult, group: list[Finding], occurrences: int) -> None:
    first = group[0]
    symbol, style = sheet.symbol(first.severity)
    sheet.gap()
    times = render_count(len(group), "time")
    sheet.say((f"{symbol} {first.severity} ", style), (first.code, "bold"), f": {times}", indent=2, hang=2)
    if kind := CATALOGUE.get(first.code):
        sheet.say(kind.meaning, indent=4)
        sheet.say(("What to do: ", "bold"), kind.remedy, indent=4, hang=2)
    for finding in group[:occurrences]:
        _show_finding(sheet, result, finding, differs=finding.severity is not first.severity)
    _say_rest(sheet, len(group) - occurrences)


def _show_finding(sheet: Sheet, result: AuditResult, finding: Finding, *, differs: bool) -> None:
    where = render_where(result, finding.flow, finding.dataset, finding.destination, finding.due)
    severity = f"[{finding.severity}] " if differs else ""
    waived = "[waived] " if finding.waived else ""
    sheet.say("- ", severity, waived, f"{where}: " if where else "", finding.message, indent=4, hang=2)
    if finding.waived:
        sheet.say((render_waived(finding.waived), "dim"), indent=6, hang=2)
    if finding.key:
        sheet.say((finding.key, "dim"), indent=6, hang=2)
    if evidence := render_evidence(finding.evidence):
        sheet.say((evidence, "dim"), indent=6, hang=2)


def render_waived(waived: Waived) -> str:
    """`waived by jo until 2026-12-31 00:00Z: planned outage`."""
    return f"waived by {waived.by} until {render_minute(waived.until)}: {waived.reason}"


def render_evidence(evidence: Mapping[str, EvidenceValue]) -> str:
    """`expected_bytes 1204, actual_bytes 900`, at most six values; what is left out is said."""
    values = [f"{name} {_value(value)}" for name, value in evidence.items()]
    rest = len(values) - VALUES
    return ", ".join(values[:VALUES]) + (f", and {render_count(rest, 'more value')}" if rest > 0 else "")


def _value(value: EvidenceValue) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = f"[{text}]" if isinstance(value, list) else text
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"


def render_where(result: AuditResult, flow: str, dataset: str, destination: str, due: datetime | None) -> str:
    """`web-3h / Web events (5ef3…), due 2026-10-03 06:00Z`: what is not known is left out."""
    subject = " / ".join(filter(None, (flow or destination, dataset and render_dataset(dataset, result))))
    moment = f"due {render_minute(due)}" if due else ""
    return ", ".join(filter(None, (subject, moment)))


def _say_rest(sheet: Sheet, rest: int) -> None:
    if rest > 0:
        sheet.say(f"and {rest:,} more: see --format json", indent=4, hang=2)
