"""What was found, for the HTML report: by type, gravest first, with evidence, and what to do said once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from auditor.checks import CATALOGUE
from auditor.model import AuditResult, EvidenceValue, Finding, Scalar
from auditor.report.html_limits import HtmlLimits
from auditor.report.sheet import SYMBOLS
from auditor.report.table_findings import group_findings, render_waived, render_where
from auditor.report.words import render_count, render_minute


@dataclass(frozen=True, slots=True)
class Occurrence:
    where: str
    message: str
    severity: str  # where it differs from that of the group, else ""
    key: str
    evidence: tuple[tuple[str, str], ...]
    more_evidence: int
    waived: str


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """All findings of one code."""

    code: str
    severity: str
    symbol: str
    count: str
    meaning: str
    why: str
    causes: tuple[str, ...]
    remedy: str
    first: tuple[Occurrence, ...]  # shown at once
    further: tuple[Occurrence, ...]  # shown when asked for, and in print
    left_out: str


def list_groups(result: AuditResult, limits: HtmlLimits) -> tuple[FindingGroup, ...]:
    """One group for each code; those of which all are waived stand last."""
    groups = [_group(result, findings, limits) for findings in group_findings(result.findings)]
    return tuple(sorted(groups, key=lambda group: group.severity == "waived"))


def _group(result: AuditResult, findings: list[Finding], limits: HtmlLimits) -> FindingGroup:
    first = findings[0]
    waived = sum(finding.waived is not None for finding in findings)
    kind = CATALOGUE.get(first.code)
    shown = [_occurrence(result, f, first, limits) for f in findings[: limits.occurrences]]
    return FindingGroup(
        code=first.code,
        severity="waived" if first.waived else first.severity.value,
        symbol="W" if first.waived else SYMBOLS[first.severity][0],
        count=render_count(len(findings), "time") + (f", {waived:,} waived" if waived else ""),
        meaning=kind.meaning if kind else "",
        why=kind.why if kind else "",
        causes=kind.causes if kind else (),
        remedy=kind.remedy if kind else "",
        first=tuple(shown[: limits.open_occurrences]),
        further=tuple(shown[limits.open_occurrences :]),
        left_out=_left_out(findings[limits.occurrences :]),
    )


def _left_out(findings: list[Finding]) -> str:
    if not findings:
        return ""
    datasets = len({(finding.flow, finding.dataset) for finding in findings})
    dues = [finding.due for finding in findings if finding.due is not None]
    return f"and {len(findings):,} more, about {render_count(datasets, 'dataset')}{_span(dues)}"


def _span(dues: list[datetime]) -> str:
    return f", due {render_minute(min(dues))} to {render_minute(max(dues))}" if dues else ""


def _occurrence(result: AuditResult, finding: Finding, first: Finding, limits: HtmlLimits) -> Occurrence:
    return Occurrence(
        where=render_where(result, finding.flow, finding.dataset, finding.destination, finding.due),
        message=finding.message,
        severity="" if finding.severity is first.severity else finding.severity.value,
        key=finding.key,
        evidence=tuple(_describe(finding.evidence.items(), limits))[: limits.values],
        more_evidence=max(0, len(finding.evidence) - limits.values),
        waived=render_waived(finding.waived) if finding.waived else "",
    )


def _describe(evidence: Iterable[tuple[str, EvidenceValue]], limits: HtmlLimits) -> Iterable[tuple[str, str]]:
    for name, value in evidence:
        text = ", ".join(map(_say, value)) if isinstance(value, list) else _say(value)
        cut = text if len(text) <= limits.longest else f"{text[: limits.longest]}… ({len(text):,} characters)"
        yield name.replace("_", " "), cut


def _say(value: Scalar) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
