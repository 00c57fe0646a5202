"""One mark for each expected run: its two answers in one letter, for overviews where no more has room.

The letter says it without colour. Where several runs share a place, the gravest mark holds.
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from auditor.model import Arrival, Content, Finding, Verdict
from auditor.report.standing import OPEN, is_grave, is_here, is_unknown, is_waived


class Mark(StrEnum):
    """Gravest first: `rank` falls with gravity."""

    MISSING = "missing"
    DAMAGED = "damaged"
    INCOMPLETE = "incomplete"
    FLAGGED = "flagged"  # here and readable, with a finding of severity error or worse
    UNKNOWN = "unknown"
    OVERDUE = "overdue"  # late and not here yet
    WAIVED = "waived"  # bad, and put up with by a waiver
    LATE = "late"
    EXPIRED = "expired"
    EARLY = "early"
    OPEN = "open"  # not due, inside its grace, or still settling
    NOT_NEEDED = "not_needed"
    SOUND = "sound"

    @property
    def rank(self) -> int:
        return RANKS[self]

    @property
    def letter(self) -> str:
        return LETTERS[self]

    @property
    def group(self) -> "Group":
        return GROUPS[self]


class Group(StrEnum):
    """What a mark means for completeness: the three answers, and what is not judged."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"
    WAIVED = "waived"
    OPEN = "open"  # may still come
    GONE = "gone"  # older than the destination keeps exports


LETTERS = {
    Mark.MISSING: "M",
    Mark.DAMAGED: "D",
    Mark.INCOMPLETE: "I",
    Mark.FLAGGED: "!",
    Mark.UNKNOWN: "?",
    Mark.OVERDUE: "O",
    Mark.WAIVED: "W",
    Mark.LATE: "L",
    Mark.EXPIRED: "X",
    Mark.EARLY: "E",
    Mark.OPEN: "…",
    Mark.NOT_NEEDED: "N",
    Mark.SOUND: "✓",
}
MEANINGS = {
    Mark.MISSING: "missing",
    Mark.DAMAGED: "here and damaged",
    Mark.INCOMPLETE: "here and incomplete",
    Mark.FLAGGED: "here and readable, with an error",
    Mark.UNKNOWN: "unknown or unverifiable",
    Mark.OVERDUE: "late and not here yet",
    Mark.WAIVED: "bad, and waived",
    Mark.LATE: "late, sound",
    Mark.EXPIRED: "expired by retention",
    Mark.EARLY: "early, sound",
    Mark.OPEN: "in grace or arriving",
    Mark.NOT_NEEDED: "not needed, proven",
    Mark.SOUND: "on time, sound",
}
GROUPS = {
    Mark.MISSING: Group.BAD,
    Mark.DAMAGED: Group.BAD,
    Mark.INCOMPLETE: Group.BAD,
    Mark.FLAGGED: Group.GOOD,
    Mark.UNKNOWN: Group.UNKNOWN,
    Mark.OVERDUE: Group.OPEN,
    Mark.WAIVED: Group.WAIVED,
    Mark.LATE: Group.GOOD,
    Mark.EXPIRED: Group.GONE,
    Mark.EARLY: Group.GOOD,
    Mark.OPEN: Group.OPEN,
    Mark.NOT_NEEDED: Group.GOOD,
    Mark.SOUND: Group.GOOD,
}
RANKS = {mark: rank for rank, mark in enumerate(Mark)}


def judge_mark(run: Verdict) -> Mark:
    """The mark of one run. Pure."""
    mark = _judge_answers(run)
    if mark.group is Group.BAD and is_waived(run) and not any(map(is_open_and_grave, run.findings)):
        return Mark.WAIVED
    if mark.rank > Mark.FLAGGED.rank and mark is not Mark.UNKNOWN and any(map(is_open_and_grave, run.findings)):
        return Mark.FLAGGED if is_here(run) else mark
    return mark


def _judge_answers(run: Verdict) -> Mark:
    if run.content is Content.DAMAGED:
        return Mark.DAMAGED
    if run.content is Content.INCOMPLETE:
        return Mark.INCOMPLETE
    if run.arrival in PLAIN:
        return PLAIN[run.arrival]
    if is_unknown(run):
        return Mark.UNKNOWN
    if run.arrival is Arrival.LATE:
        return Mark.LATE if is_here(run) else Mark.OVERDUE
    if run.content is not Content.SOUND:
        return Mark.UNKNOWN
    return Mark.EARLY if run.arrival is Arrival.EARLY else Mark.SOUND


PLAIN = {
    Arrival.MISSING: Mark.MISSING,
    Arrival.EXPIRED: Mark.EXPIRED,
    Arrival.NOT_NEEDED: Mark.NOT_NEEDED,
    **dict.fromkeys(OPEN, Mark.OPEN),
}


def is_open_and_grave(finding: Finding) -> bool:
    """Whether `finding` says that something is bad, and nobody has waived it."""
    return finding.waived is None and is_grave(finding)


def is_waived_and_grave(finding: Finding) -> bool:
    """Whether `finding` would need somebody if it were not waived."""
    return finding.waived is not None and is_grave(replace(finding, waived=None))


def is_put_up_with(findings: Iterable[Finding]) -> bool:
    """Whether something grave is said, and all of it is waived."""
    findings = tuple(findings)
    return any(map(is_waived_and_grave, findings)) and not any(map(is_open_and_grave, findings))
