"""How each dataset of each flow stands, by one audit: good, needs attention, could not tell, or nothing to judge yet.

The newest judged run decides: an older good export must not hide that the last one failed. What stays open
from earlier (a finding of severity error or worse) keeps a dataset from being called good.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from auditor.checks import CATALOGUE
from auditor.model import Arrival, AuditResult, Content, Finding, Level, Severity, Verdict

ARRIVED = (Arrival.ON_TIME, Arrival.EARLY, Arrival.LATE)
OPEN = (Arrival.PENDING, Arrival.ARRIVING)
# What these say is "could not check": the third answer, never a need to repair an export.
THIRD_ANSWER = ("file-unverifiable", "file-archived")
STALE = "protection-stale"
MISSING = "export-missing"


class Standing(StrEnum):
    """Gravest first."""

    ATTENTION = "attention"  # somebody has to do something
    UNKNOWN = "unknown"  # the newest export could not be checked
    WAIVED = "waived"  # something is wrong that is put up with for a while
    WAITING = "waiting"  # nothing to judge yet, or overdue and still inside its deadline
    GOOD = "good"  # the newest export is here and sound, or proven not to be needed


@dataclass(frozen=True, slots=True)
class DatasetStanding:
    """One dataset of one flow, with what its expected runs came to."""

    flow: str
    dataset: str
    destination: str
    standing: Standing
    expected: int
    on_time: int  # early ones included
    late: int
    missing: int
    faulty: int  # damaged or incomplete, unexpected folders included
    unknown: int  # arrival unknown, or here and unverifiable or unchecked
    newest_sound: datetime | None  # due time of the newest sound export
    level: Level | None  # to which that one was checked


def judge_standings(result: AuditResult) -> tuple[DatasetStanding, ...]:
    """One standing for each (flow, dataset) among the runs, by flow and dataset. Pure."""
    grave = {_subject(finding) for finding in result.findings if is_grave(finding)}
    excused = {_subject(f) for f in result.findings if f.waived and f.due is None and is_grave(replace(f, waived=None))}
    runs: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for run in result.runs:
        if run.flow:
            runs[run.flow, run.dataset].append(run)
    return tuple(_judge(runs[pair], grave, excused) for pair in sorted(runs))


def is_here(run: Verdict) -> bool:
    """There is something of this run in storage, whole or not."""
    return run.arrived_at is not None or bool(run.folder)


def is_unknown(run: Verdict) -> bool:
    """The run's state is the third answer: not seen, or seen and not checked."""
    if run.arrival is Arrival.UNKNOWN:
        return True
    unchecked = run.content in (Content.UNVERIFIABLE, Content.UNCHECKED)
    return unchecked and is_here(run) and run.arrival not in (*OPEN, Arrival.EXPIRED, Arrival.NOT_NEEDED)


Subject: TypeAlias = tuple[str, str, str]  # flow, dataset, destination; "" stands for all


def _subject(finding: Finding) -> Subject:
    return finding.flow, finding.dataset, "" if finding.flow else finding.destination


def _subjects_of(run: Verdict) -> tuple[Subject, ...]:
    """Every subject a finding may have that concerns `run`: its own, its whole flow's, its whole destination's."""
    return (
        (run.flow, run.dataset, ""),
        (run.flow, "", ""),
        ("", run.dataset, run.destination),
        ("", run.dataset, ""),
        ("", "", run.destination),
        ("", "", ""),
    )


def count_grave_beside(result: AuditResult) -> int:
    """How many grave findings concern no dataset of the runs, so that no standing shows them."""
    concerned = {subject for run in result.runs if run.flow for subject in _subjects_of(run)}
    return sum(is_grave(finding) and _subject(finding) not in concerned for finding in result.findings)


def is_grave(finding: Finding) -> bool:
    """Whether `finding` says that an export is bad and nobody puts up with it.

    As opposed to a remark, to "could not check", and to what is waived.
    """
    if finding.waived or is_third_answer(finding):
        return False
    return finding.severity.rank >= Severity.ERROR.rank or finding.code == STALE


def is_third_answer(finding: Finding) -> bool:
    """Whether `finding` says that something could not be checked."""
    return finding.code in THIRD_ANSWER or family_of(finding.code) == "access"


def family_of(code: str) -> str:
    """The family of a finding code; "" for one the catalogue does not know."""
    kind = CATALOGUE.get(code)
    return kind.family if kind else ""


def _judge(runs: list[Verdict], grave: set[Subject], excused: set[Subject]) -> DatasetStanding:
    expected = [run for run in runs if run.due is not None]
    arrivals = Counter(run.arrival for run in expected)
    sound = [r for r in expected if r.content is Content.SOUND and r.arrival in ARRIVED]
    newest = max(sound, key=_due, default=None)
    return DatasetStanding(
        flow=runs[0].flow,
        dataset=runs[0].dataset,
        destination=runs[0].destination,
        standing=_judge_standing(runs, grave, excused),
        expected=len(expected),
        on_time=arrivals[Arrival.ON_TIME] + arrivals[Arrival.EARLY],
        late=arrivals[Arrival.LATE],
        missing=arrivals[Arrival.MISSING],
        faulty=sum(run.content in (Content.DAMAGED, Content.INCOMPLETE) for run in runs),
        unknown=sum(is_unknown(run) for run in runs),
        newest_sound=newest.due if newest else None,
        level=newest.level if newest else None,
    )


def _judge_standing(runs: list[Verdict], grave: set[Subject], excused: set[Subject]) -> Standing:
    if any(not grave.isdisjoint(_subjects_of(run)) for run in runs):
        return Standing.ATTENTION
    standing = _judge_newest(runs)
    # What is waived about a dataset as a whole (its age, its flow's end) keeps it from being called good.
    waived = any(not excused.isdisjoint(_subjects_of(run)) for run in runs)
    return Standing.WAIVED if waived and standing in (Standing.GOOD, Standing.WAITING) else standing


def _judge_newest(runs: list[Verdict]) -> Standing:
    judged = [run for run in runs if run.due is not None and run.arrival not in OPEN]
    if not judged:
        return Standing.WAITING
    newest = max(judged, key=_due)
    if newest.arrival is Arrival.MISSING or newest.content in (Content.DAMAGED, Content.INCOMPLETE):
        return Standing.WAIVED if is_waived(newest) else Standing.ATTENTION
    if newest.arrival is Arrival.NOT_NEEDED or (newest.arrival in ARRIVED and newest.content is Content.SOUND):
        return Standing.GOOD
    if newest.arrival is Arrival.LATE and not is_here(newest):
        return Standing.WAITING
    return Standing.UNKNOWN


def is_waived(run: Verdict) -> bool:
    """Whether everything that says why `run` is missing, damaged or incomplete is put up with."""
    if run.arrival is Arrival.MISSING:
        told = [finding for finding in run.findings if finding.code == MISSING]
    else:
        told = [
            f for f in run.findings if family_of(f.code) in ("file", "manifest") and f.severity is not Severity.INFO
        ]
    return bool(told) and all(finding.waived for finding in told)


def _due(run: Verdict) -> datetime:
    assert run.due is not None
    return run.due
