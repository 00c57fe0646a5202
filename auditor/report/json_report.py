"""The audit as one JSON object, schema `schemas/audit-1.json`. The same result gives the same bytes.

Pure ASCII. One run, finding or unverifiable thing a line, so that `grep` and `diff` work on it. A name that is not
valid Unicode shows its undecodable bytes as the text `\\udcXX`: an escape that strict parsers would refuse
(RFC 7493) must not make a whole report unreadable for the sake of one name.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, TypeVar

from auditor.checks import CATALOGUE
from auditor.model import (
    AuditResult,
    Claim,
    Counts,
    Coverage,
    Ending,
    Evidence,
    EvidenceValue,
    Finding,
    Look,
    Scalar,
    Severity,
    Unverifiable,
    Verdict,
    Waived,
)
from auditor.report.coverage_words import worst_first
from auditor.report.summary import Summary, list_unverifiable, render_headline, summarise
from auditor.report.words import render_instant

SCHEMA_VERSION = 1
Name = TypeVar("Name", bound=StrEnum)
JsonObject: TypeAlias = dict[str, object]
RANK = {severity.value: severity.rank for severity in Severity}

encode = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(", ", ": ")).encode


def _list_care(result: AuditResult) -> Iterator[dict[str, object]]:
    for (flow, dataset), care in sorted(result.care.items()):
        yield {
            "flow": clean(flow),
            "dataset": clean(dataset),
            "owner": clean(care.owner),
            "team": clean(care.team),
            "tags": [clean(tag) for tag in care.tags],
            "runbook": clean(care.runbook),
        }


def render_json(result: AuditResult) -> str:
    """One JSON object, ending with a newline."""
    summary = summarise(result)
    members = [
        _member("schema_version", SCHEMA_VERSION),
        _member("now", render_instant(result.now)),
        _member("watched_from", _instant(result.watched_from)),
        _member("status", result.status.value),
        _member("summary", describe_summary(result, summary)),
        _rows("watched", ({"flow": clean(w.flow), "since": render_instant(w.since)} for w in result.watched)),
        _rows("looks", map(describe_look, result.looks)),
        _rows("datasets", ({"id": clean(i), "name": clean(n)} for i, n in result.names.items())),
        _rows("care", _list_care(result)),
        _rows("runs", map(describe_run, sorted(result.runs, key=run_order)), sort=False),
        _rows("findings", describe_findings(result.findings), sort=False),
        _rows("unverifiable", map(describe_unverifiable, list_unverifiable(result)), sort=False),
        _rows("coverage", map(describe_coverage, worst_first(result.coverage)), sort=False),
        _rows("endings", map(describe_ending, result.endings), sort=False),
    ]
    return "{\n" + ",\n".join(members) + "\n}\n"


def render_members(members: JsonObject, *tables: str) -> str:
    """One object: `members`, then `tables` as `rows` gives them; ends with a newline."""
    lines = [*(_member(name, value) for name, value in members.items()), *tables]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def rows(name: str, items: Iterable[JsonObject]) -> str:
    """An array in its order, one item a line."""
    return _rows(name, items, sort=False)


def describe_look(look: Look) -> JsonObject:
    """How one dataset was looked at."""
    return {
        "destination": clean(look.destination),
        "dataset": clean(look.dataset),
        "in_full": look.fully_at is None,
        "last_full_listing": _instant(look.fully_at),
    }


def describe_run(run: Verdict) -> JsonObject:
    """A run as it stands in the report. Strings are never null: "" means that there is none."""
    return {
        "flow": clean(run.flow),
        "dataset": clean(run.dataset),
        "destination": clean(run.destination),
        "due": _instant(run.due),
        "arrival": run.arrival.value,
        "arrived_at": _instant(run.arrived_at),
        "content": run.content.value,
        "level": None if run.level is None else str(run.level),
        "folder": clean(run.folder),
        "files": run.files,
        "records": run.records,
        "bytes": run.bytes,
        "claim": describe_claim(run.claim),
        "findings": describe_findings(run.findings),
    }


def describe_claim(claim: Claim | None) -> JsonObject | None:
    """What Experience Platform says of the run; null where it is not held against its records."""
    if claim is None:
        return None
    return {
        "state": claim.state.value,
        "runs": [clean(run) for run in claim.runs],
        "read": _counts(claim.read),
        "written": _counts(claim.written),
        "started": _instant(claim.started),
        "ended": _instant(claim.ended),
        "errors": [clean(error) for error in claim.errors],
        "reason": clean(claim.reason),
        "new_batches": claim.new_batches,
    }


def _counts(counts: Counts) -> JsonObject:
    return {"records": counts.records, "files": counts.files, "bytes": counts.bytes}


def describe_coverage(line: Coverage) -> JsonObject:
    """How one dataset of a sandbox stands."""
    return {
        "experience_platform": clean(line.platform),
        "dataset": clean(line.dataset),
        "name": clean(line.name),
        "standing": line.standing.value,
        "flows": [clean(flow) for flow in line.flows],
        "newest_sound": _instant(line.newest_sound),
        "reason": clean(line.reason),
        "waived": describe_waived(line.waived),
    }


def describe_ending(ending: Ending) -> JsonObject:
    """Something that ends by itself."""
    return {
        "when": render_instant(ending.when),
        "day_only": ending.day_only,
        "code": clean(ending.code),
        "subject": clean(ending.subject),
        "source": clean(ending.source),
        "flow": clean(ending.flow),
        "dataset": clean(ending.dataset),
        "destination": clean(ending.destination),
        "experience_platform": clean(ending.platform),
    }


def describe_findings(findings: Iterable[Finding]) -> list[JsonObject]:
    """Gravest first, then by code and subject."""
    return sorted(map(describe_finding, findings), key=_finding_order)


def describe_finding(finding: Finding) -> JsonObject:
    kind = CATALOGUE.get(finding.code)
    return {
        "code": clean(finding.code),
        "severity": finding.severity.value,
        "flow": clean(finding.flow),
        "dataset": clean(finding.dataset),
        "destination": clean(finding.destination),
        "due": _instant(finding.due),
        "key": clean(finding.key),
        "message": clean(finding.message),
        "evidence": describe_evidence(finding.evidence),
        "remedy": kind.remedy if kind else "",
        "waived": describe_waived(finding.waived),
    }


def describe_waived(waived: Waived | None) -> JsonObject | None:
    if waived is None:
        return None
    return {"reason": clean(waived.reason), "by": clean(waived.by), "until": render_instant(waived.until)}


def describe_unverifiable(item: Unverifiable) -> JsonObject:
    return {
        "subject": clean(item.subject),
        "reason": clean(item.reason),
        "flow": clean(item.flow),
        "dataset": clean(item.dataset),
        "destination": clean(item.destination),
        "due": _instant(item.due),
    }


def describe_evidence(evidence: Evidence) -> JsonObject:
    """By name, so that the order in which evidence was found changes nothing."""
    return {clean(name): _value(evidence[name]) for name in sorted(evidence)}


def describe_summary(result: AuditResult, summary: Summary) -> JsonObject:
    datasets = {standing.value: count for standing, count in summary.datasets.items()}
    return {
        "headline": render_headline(summary),
        "datasets": {"total": len(summary.standings), **datasets},
        "flows": summary.flows,
        "idle_flows": summary.idle_flows,
        "runs": summary.runs,
        "balance": {"expected": summary.expected, **_named(summary.balance), "waived": summary.waived},
        "overdue": summary.overdue,
        "arrival": _named(summary.arrival),
        "content": _named(summary.content),
        "level": {"none" if level is None else str(level): n for level, n in summary.level.items()},
        "findings": {
            "total": len(result.findings),
            "severity": _named(summary.severity),
            "code": {clean(code): count for code, count in summary.code.items()},
        },
        "unverifiable": summary.unverifiable,
        "files_read": result.files_read,
        "files_reused": result.files_reused,
        "bytes_read": result.bytes_read,
    }


def clean(text: str) -> str:
    """`text` without lone surrogates: valid UTF-8 whatever a file was called."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _value(value: EvidenceValue) -> object:
    return [_scalar(item) for item in value] if isinstance(value, list) else _scalar(value)


def _scalar(value: Scalar) -> Scalar:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no word for it
    return value


def _named(counts: Mapping[Name, int]) -> dict[str, int]:
    return {name.value: count for name, count in counts.items()}


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else render_instant(moment)


def _member(name: str, value: object) -> str:
    return f"{encode(name)}: {encode(value)}"


def _rows(name: str, items: Iterable[JsonObject], *, sort: bool = True) -> str:
    rows = [encode(item) for item in items]
    lines = ",\n".join(f"  {row}" for row in (sorted(rows) if sort else rows))
    return f"{encode(name)}: [\n{lines}\n]" if rows else f"{encode(name)}: []"


def run_order(run: Verdict) -> tuple[str, str, str, bool, str, str]:
    """Flow, dataset, destination, due; folders that no run asked for last."""
    due = "" if run.due is None else render_instant(run.due)
    return run.flow, run.dataset, run.destination, run.due is None, due, run.folder


def _finding_order(finding: JsonObject) -> tuple[int, str]:
    return -RANK[str(finding["severity"])], encode(finding)
