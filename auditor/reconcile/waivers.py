"""Which findings are put up with, and which waivers are over or hold nothing."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase

from auditor.checks.waiver import WAIVER_EXPIRED, WAIVER_UNUSED
from auditor.model import EvidenceValue, Finding, FindingType, Verdict, Waiver
from auditor.reconcile.subject import Subject


@dataclass(frozen=True, slots=True)
class Scope:
    """How far an audit looked: only within it can a waiver be said to match nothing."""

    whole: bool  # nothing was left out by an option, and the audit is one of the present
    blind: Collection[str] = ()  # destinations where something could not be looked at
    watched: Mapping[str, datetime] = field(default_factory=dict)  # flow -> since when


def apply_waivers(
    findings: Sequence[Finding],
    verdicts: Sequence[Verdict],
    waivers: Sequence[Waiver],
    *,
    names: Mapping[str, str],
    now: datetime,
) -> tuple[tuple[Finding, ...], tuple[Verdict, ...]]:
    """`findings` and `verdicts`, with `waived` on each finding that a waiver holds for at `now`. Pure.

    The first waiver that matches counts. Nothing else of a verdict changes: a waiver makes nothing sound.
    `names`: dataset id to its configured name. A waiver holds up to its end, the end included.
    """
    holding = [waiver for waiver in waivers if now <= waiver.waived.until]
    if not holding:
        return tuple(findings), tuple(verdicts)

    def waive(finding: Finding) -> Finding:
        waiver = next((one for one in holding if matches(one, finding, names)), None)
        return finding if waiver is None else replace(finding, waived=waiver.waived)

    told = tuple(
        replace(verdict, findings=tuple(map(waive, verdict.findings))) if verdict.findings else verdict
        for verdict in verdicts
    )
    return tuple(map(waive, findings)), told


def matches(waiver: Waiver, finding: Finding, names: Mapping[str, str]) -> bool:
    """Whether `finding` fits every pattern of `waiver`, each with its whole text."""
    if not _is_due_within(waiver, finding.due):
        return False
    name = names.get(finding.dataset, "")
    return (
        fnmatchcase(finding.code, waiver.code)
        and fnmatchcase(finding.flow, waiver.flow)
        and fnmatchcase(finding.destination, waiver.destination)
        and (fnmatchcase(finding.dataset, waiver.dataset) or bool(name and fnmatchcase(name, waiver.dataset)))
    )


def _is_due_within(waiver: Waiver, due: datetime | None) -> bool:
    if waiver.due_from is None or waiver.due_to is None:
        return True
    return due is not None and waiver.due_from <= due <= waiver.due_to


def find_waiver_faults(
    findings: Sequence[Finding],
    waivers: Sequence[Waiver],
    scope: Scope,
    *,
    names: Mapping[str, str],
    now: datetime,
) -> Iterator[Finding]:
    """WAIVER_EXPIRED for each that is over and would still match; WAIVER_UNUSED for each that matches nothing.

    `findings` as `apply_waivers` gives them. What another waiver holds for needs no expired one.
    """
    for waiver in waivers:
        matched = [finding for finding in findings if matches(waiver, finding, names)]
        open_ones = [finding for finding in matched if finding.waived is None]
        if now > waiver.waived.until and open_ones:
            ended = _minute(waiver.waived.until)
            told = f"The waiver ({waiver.place}) ended {ended} and still fits {_count(open_ones)}."
            yield _finding(WAIVER_EXPIRED, waiver, told, {"findings": len(open_ones)})
        elif not matched and _could_match(waiver, scope, now=now):
            yield _finding(WAIVER_UNUSED, waiver, f"The waiver ({waiver.place}) fits no finding.", {})


def _could_match(waiver: Waiver, scope: Scope, *, now: datetime) -> bool:
    """Whether the audit looked at everything the waiver could match."""
    if not scope.whole or any(fnmatchcase(place, waiver.destination) for place in scope.blind):
        return False
    if waiver.due_from is None or waiver.due_to is None:
        return True
    # Runs not due yet may still come to grief, those from before the watch began are not looked at.
    since = [moment for flow, moment in scope.watched.items() if fnmatchcase(flow, waiver.flow)]
    return max(since, default=now) <= waiver.due_from and waiver.due_to < now


def _finding(kind: FindingType, waiver: Waiver, told: str, evidence: Mapping[str, EvidenceValue]) -> Finding:
    described: dict[str, EvidenceValue] = {
        "match": _match(waiver),
        "reason": waiver.waived.reason,
        "by": waiver.waived.by,
        "until": f"{waiver.waived.until:%Y-%m-%dT%H:%M:%SZ}",
    }
    return Subject("").finding(kind, told, key=_match(waiver), evidence={**described, **evidence})


def _match(waiver: Waiver) -> str:
    """`code export-missing, flow web-*`: what a waiver is known by, wherever in the file it stands."""
    said = {name: getattr(waiver, name) for name in ("code", "flow", "dataset", "destination")}
    parts = [f"{name} {pattern}" for name, pattern in said.items() if pattern != "*"]
    if waiver.due_from and waiver.due_to:
        parts.append(f"due {_minute(waiver.due_from)} to {_minute(waiver.due_to)}")
    return ", ".join(parts)


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _count(findings: Sequence[Finding]) -> str:
    return "1 finding" if len(findings) == 1 else f"{len(findings):,} findings"
