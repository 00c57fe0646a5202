"""The one sentence and the status of a report. Never a false green."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from auditor.model import Status
from auditor.report.completeness.types import FAILING, HOLES, OPEN, Balance, Completeness, Kind, Unwatched
from auditor.report.words import render_count, render_minute

WORDS = {
    Kind.MISSING: "missing",
    Kind.DAMAGED: "damaged",
    Kind.INCOMPLETE: "incomplete",
    Kind.FINDING: "with another error",
    Kind.UNKNOWN: "that could not be looked at",
    Kind.UNVERIFIABLE: "whose content could not be checked",
    Kind.UNCHECKED: "not checked",
    Kind.EXPIRED: "removed by retention before they were proven sound",
    Kind.PENDING: "not settled yet",
    Kind.LATE: "late",
}


def judge_completeness(
    balance: Balance,
    kinds: Mapping[Kind, int],
    waived: Mapping[Kind, int],
    *,
    preliminary: bool,
    unwatched: bool,
) -> Status:
    """Findings that are not waived first; then whatever could not be told, was not watched, or is not over yet."""
    if any(kinds.get(kind, 0) > waived.get(kind, 0) for kind in FAILING):
        return Status.FINDINGS
    is_open = preliminary or unwatched or any(kinds.get(kind, 0) for kind in OPEN)
    return Status.INCOMPLETE if is_open or not _is_anything_proven(balance) else Status.GOOD


def _is_anything_proven(balance: Balance) -> bool:
    return bool(balance.sound_in_all or balance.not_needed or balance.expired_sound)


def render_headline(report: Completeness) -> str:
    """One sentence that a person may sign, or may not."""
    start = f"Preliminary, as of {render_minute(report.as_of)}: " if report.preliminary else ""
    if not report.balance.expected:
        told = f"no backup was expected in {render_span(report)}, so nothing can be said of its completeness"
    else:
        told = _render_counts(report)
    doubts = _render_doubts(report)
    sentence = start + told + (f"; {doubts}" if doubts else "") + "."
    return sentence[0].upper() + sentence[1:]


def _render_counts(report: Completeness) -> str:
    balance, failing = report.balance, _parts(report, FAILING, waived=False)
    good = sum(line.complete for line in report.datasets)
    head = f"of {render_count(balance.expected, 'backup')} expected in {render_span(report)}, {good:,} "
    head += f"{'is' if good == 1 else 'are'} proven sound" + (" or not needed" if balance.not_needed else "")
    if report.status is Status.GOOD and good == balance.expected:
        number = "the one backup" if balance.expected == 1 else f"all {balance.expected:,} backups"
        verb = "is" if balance.expected == 1 else "are"
        head = f"{number} expected in {render_span(report)} {verb} proven sound"
        head += " or not needed" if balance.not_needed else ""
    parts = [
        *failing,
        *(f"{part} (waived)" for part in _parts(report, FAILING, waived=True)),
        *_parts(report, OPEN, waived=False),
    ]
    late = report.deviation_counts.get(Kind.LATE.value, 0)
    return head + (f"; {', '.join(parts)}" if parts else "") + (f"; {late:,} came late" if late else "")


def _parts(report: Completeness, kinds: Sequence[Kind], *, waived: bool) -> list[str]:
    parts = []
    for kind in kinds:
        put_up = report.waived_counts.get(kind.value, 0)
        number = put_up if waived else report.deviation_counts.get(kind.value, 0) - put_up
        if number:
            parts.append(f"{number:,} {WORDS[kind]}")
    return parts


def _render_doubts(report: Completeness) -> str:
    doubts = []
    if report.unwatched:
        hours = sum((one.span for one in _longest(report.unwatched)), timedelta()) / timedelta(hours=1)
        doubts.append(f"part of the period was not watched (up to {_hours(hours)} of one place or flow)")
    if report.never_read:
        doubts.append(f"{render_count(len(report.never_read), 'configured flow')} never looked at")
    return "; ".join(doubts)


def _longest(unwatched: Sequence[Unwatched]) -> list[Unwatched]:
    """The stretches of the one subject that was unwatched the longest."""
    by_subject: dict[str, list[Unwatched]] = {}
    for one in unwatched:
        by_subject.setdefault(one.subject, []).append(one)
    return max(by_subject.values(), key=lambda some: sum((one.span for one in some), timedelta()))


def _hours(hours: float) -> str:
    return f"{hours:,.1f} h"


def render_span(report: Completeness) -> str:
    """`2026-10`, or from and to."""
    return (
        report.period if "/" not in report.period else f"{render_minute(report.start)} to {render_minute(report.end)}"
    )


def holes(report: Completeness) -> int:
    """How many due times cannot be restored from."""
    return sum(report.deviation_counts.get(kind.value, 0) for kind in HOLES)
