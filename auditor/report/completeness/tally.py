"""Counting a population, one run after the other: memory follows what is wrong, not how much was expected."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from adapters.base import inert
from auditor.checks import CATALOGUE
from auditor.model import Arrival, Content, Finding, Severity, Verdict
from auditor.report.completeness.types import (
    FAILING,
    HOLES,
    OPEN,
    Balance,
    DatasetLine,
    Deviation,
    Gap,
    Judged,
    Kind,
    PutUp,
    Reason,
)

LIMIT = 200  # deviations of each kind and gaps that are listed; the rest is counted, and in the population
NEVER_FAILING = frozenset({"file-unverifiable", "file-archived"})
ARRIVED = (Arrival.ON_TIME, Arrival.EARLY, Arrival.LATE)
OF_ARRIVAL = {
    Arrival.ON_TIME: "on_time",
    Arrival.EARLY: "early",
    Arrival.LATE: "late",
    Arrival.MISSING: "missing",
    Arrival.NOT_NEEDED: "not_needed",
    Arrival.PENDING: "pending",
    Arrival.ARRIVING: "pending",
    Arrival.EXPIRED: "expired",
}


@dataclass
class Tally:
    """Takes the runs of one dataset after the other, each in the order of their due times."""

    counts: Counter[str] = field(default_factory=Counter)
    levels: Counter[str] = field(default_factory=Counter)
    kinds: Counter[Kind] = field(default_factory=Counter)
    waived: Counter[Kind] = field(default_factory=Counter)
    deviations: dict[Kind, list[Deviation]] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    gap_count: int = 0
    unjudged: list[tuple[str, str, str, datetime]] = field(default_factory=list)
    _gap: Gap | None = None

    def add_dataset(self, line: DatasetLine, runs: Iterator[Judged]) -> DatasetLine:
        """Count `runs` of one dataset; `line` with its numbers."""
        own: Counter[str] = Counter()
        newest: datetime | None = None
        for run in runs:
            own.update(self._add(run))
            if has_arrived(run.verdict) and run.verdict.content is Content.SOUND:
                newest = run.verdict.due
        self._end_gap()
        return replace(
            line,
            expected=own["expected"],
            complete=own["complete"],
            failing=own["failing"],
            waived=own["waived"],
            open=own["open"],
            late=own["late"],
            newest_sound=newest,
        )

    def balance(self) -> Balance:
        """The sums so far."""
        return Balance(**self.counts, sound=dict(sorted(self.levels.items())))

    def listed(self) -> tuple[Deviation, ...]:
        """What deviates, gravest kind first."""
        return tuple(one for kind in Kind for one in self.deviations.get(kind, ()))

    def list_reasons(self) -> tuple[Reason, ...]:
        """Why runs were not checked, the most frequent first."""
        ordered = sorted(self.reasons.items(), key=lambda pair: (-pair[1], pair[0]))
        return tuple(Reason(reason, times, self.examples[reason]) for reason, times in ordered[:LIMIT])

    def _add(self, run: Judged) -> list[str]:
        verdict = run.verdict
        assert verdict.due is not None
        self._count(run)
        if run.judged_at is None:
            self.unjudged.append((verdict.flow, verdict.dataset, verdict.destination, verdict.due))
        kind = judge_kind(run)
        waived = list_waived(run, kind)
        self._follow_gap(verdict, verdict.due, kind in HOLES)
        said = ["expected", *(["late"] if verdict.arrival is Arrival.LATE else [])]
        if kind is None or kind is Kind.LATE:
            said.append("complete")
        elif waived:
            said.append("waived")
        else:
            said.append("failing" if kind in FAILING else "open")
        if kind is not None:
            self._deviate(run, kind, waived)
        return said

    def _count(self, run: Judged) -> None:
        verdict, counts = run.verdict, self.counts
        counts["expected"] += 1
        counts[OF_ARRIVAL.get(verdict.arrival, "unknown")] += 1
        counts["files"] += verdict.files
        counts["bytes"] += verdict.bytes
        counts["records"] += verdict.records or 0
        if verdict.arrival is Arrival.EXPIRED and run.was_sound:
            counts["expired_sound"] += 1
        if not has_arrived(verdict):
            counts["late_absent"] += verdict.arrival is Arrival.LATE
            return
        counts["arrived"] += 1
        if verdict.content is Content.SOUND:
            self.levels[str(verdict.level) if verdict.level is not None else "L0"] += 1
        else:
            counts[verdict.content.value] += 1

    def _deviate(self, run: Judged, kind: Kind, waived: tuple[PutUp, ...]) -> None:
        self.kinds[kind] += 1
        self.waived[kind] += bool(waived)
        why = explain(run, kind)
        if kind in OPEN:
            self._reason(run.verdict, why)
        held = self.deviations.setdefault(kind, [])
        if len(held) >= LIMIT:
            return
        v = run.verdict
        assert v.due is not None
        codes = tuple(sorted({inert(one.code) for one in v.findings}))
        whose = (inert(v.flow), inert(v.dataset), inert(v.destination), v.due)
        held.append(Deviation(kind, *whose, why, codes, waived, inert(v.folder)))

    def _reason(self, verdict: Verdict, why: str) -> None:
        for reason in sorted({inert(one.reason) for one in verdict.unverifiable}) or [why]:
            self.reasons[reason] += 1
            named = f"{verdict.flow} / {verdict.dataset} → {verdict.destination}"
            self.examples.setdefault(reason, inert(f"{named}, due {verdict.due:%Y-%m-%d %H:%M}Z"))

    def _follow_gap(self, verdict: Verdict, due: datetime, is_hole: bool) -> None:
        if not is_hole:
            self._end_gap()
        elif self._gap is None:
            whose = (inert(verdict.flow), inert(verdict.dataset), inert(verdict.destination))
            self._gap = Gap(*whose, due, due, 1)
        else:
            self._gap = replace(self._gap, last=due, runs=self._gap.runs + 1)

    def _end_gap(self) -> None:
        if self._gap is not None:
            self.gap_count += 1
            if len(self.gaps) < LIMIT:
                self.gaps.append(self._gap)
        self._gap = None


def has_arrived(verdict: Verdict) -> bool:
    """Whether an export is there whose content can be spoken of. Late without a folder: nothing is."""
    return verdict.arrival in ARRIVED and (verdict.arrival is not Arrival.LATE or bool(verdict.folder))


def judge_kind(run: Judged) -> Kind | None:
    """What is not as it should be; None: on time (or early) and sound, not needed, or expired after proof."""
    verdict = run.verdict
    by_arrival = {
        Arrival.MISSING: Kind.MISSING,
        Arrival.UNKNOWN: Kind.UNKNOWN,
        Arrival.UNEXPECTED: Kind.UNKNOWN,
        Arrival.PENDING: Kind.PENDING,
        Arrival.ARRIVING: Kind.PENDING,
    }
    if verdict.arrival in by_arrival:
        return by_arrival[verdict.arrival]
    if has_arrived(verdict) and verdict.content is not Content.SOUND:
        return Kind(verdict.content.value)
    if any(_fails(one) for one in verdict.findings):
        return Kind.FINDING
    if verdict.arrival is Arrival.EXPIRED:
        return None if run.was_sound else Kind.EXPIRED
    if verdict.arrival is Arrival.LATE:
        return Kind.LATE if has_arrived(verdict) else Kind.PENDING
    return None


def _fails(finding: Finding) -> bool:
    known = CATALOGUE.get(finding.code)
    about_access = finding.code in NEVER_FAILING or (known is not None and known.family == "access")
    return finding.severity.rank >= Severity.ERROR.rank and not about_access


def list_waived(run: Judged, kind: Kind | None) -> tuple[PutUp, ...]:
    """The waivers, where all that fails this run is put up with; what could not be told is never waived away."""
    if kind not in FAILING:
        return ()
    # Of a hole all its findings count: severities may be configured lower, and the hole stays one.
    graver = [one for one in run.verdict.findings if _fails(one)] or [*run.verdict.findings]
    if not graver or any(one.waived is None for one in graver):
        return ()
    return tuple(
        PutUp(inert(one.code), inert(one.waived.reason), inert(one.waived.by), one.waived.until)
        for one in graver
        if one.waived is not None
    )


def explain(run: Judged, kind: Kind) -> str:
    """One sentence: the gravest finding, the reason it could not be told, or what the kind means."""
    verdict = run.verdict
    if kind in OPEN and verdict.unverifiable:
        return inert(verdict.unverifiable[0].reason)
    findings = sorted(verdict.findings, key=lambda one: -one.severity.rank)
    if findings and kind not in (Kind.PENDING, Kind.EXPIRED):
        return inert(findings[0].message)
    return {
        Kind.MISSING: "No export came.",
        Kind.DAMAGED: "The export is damaged.",
        Kind.INCOMPLETE: "Files of the export are missing.",
        Kind.FINDING: "Something else was found.",
        Kind.UNKNOWN: "It could not be looked at.",
        Kind.UNVERIFIABLE: "Its content could not be checked.",
        Kind.UNCHECKED: "Its content was not checked.",
        Kind.EXPIRED: "Retention removed it, and no audit had proven it sound before.",
        Kind.PENDING: "It had not come to rest yet.",
        Kind.LATE: "It came late.",
    }[kind]
