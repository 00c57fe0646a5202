"""What Experience Platform says of the runs, held against what was found: counted, for every report alike. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from auditor.model import Arrival, AuditResult, Counts, RunState, Verdict
from auditor.report.words import render_count

DIFFERING = frozenset({"record-count-mismatch", "file-count-mismatch", "byte-count-mismatch", "run-without-export"})
NOT_JUDGED = frozenset({Arrival.PENDING, Arrival.ARRIVING, Arrival.EXPIRED})


class Said(StrEnum):
    """How a run ended, by its record."""

    SUCCEEDED = "succeeded"
    EMPTY = "empty"  # it succeeded, and had nothing to export
    PARTIAL = "partial"
    FAILED = "failed"
    IN_PROGRESS = "in progress"
    NONE = "without a record"
    UNKNOWN = "not known"  # the records could not be read


class Agree(StrEnum):
    """What the numbers of the record and of storage come to."""

    AGREE = "agree"
    DIFFER = "differ"
    NOT_GIVEN = "not given"


@dataclass(frozen=True, slots=True)
class Tally:
    """Runs of one flow or dataset that are held against their records."""

    said: Mapping[Said, int] = field(default_factory=dict)
    agree: Mapping[Agree, int] = field(default_factory=dict)
    claimed: int | None = None  # records, of all runs of which both numbers are known
    found: int | None = None

    @property
    def runs(self) -> int:
        return sum(self.said.values())


def tally(runs: Iterable[Verdict]) -> Tally:
    """Count those of `runs` that have a claim and are judged."""
    told = [run for run in runs if run.claim and run.arrival not in NOT_JUDGED]
    said = Counter(judge_said(run) for run in told)
    agree = Counter(answer for run in told if (answer := judge_agreement(run)))
    pairs = [pair for run in told if (pair := records_of(run)) is not None]
    return Tally(
        {one: said[one] for one in Said if said[one]},
        {one: agree[one] for one in Agree if agree[one]},
        sum(claimed for claimed, _ in pairs) if pairs else None,
        sum(found for _, found in pairs) if pairs else None,
    )


def tally_flows(result: AuditResult) -> dict[str, Tally]:
    """By flow, those that are cross-checked."""
    runs: dict[str, list[Verdict]] = defaultdict(list)
    for run in result.runs:
        if run.claim:
            runs[run.flow].append(run)
    return {flow: told for flow in sorted(runs) if (told := tally(runs[flow])).runs}


def tally_datasets(result: AuditResult) -> dict[tuple[str, str], Tally]:
    """By flow and dataset, those that are cross-checked."""
    runs: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for run in result.runs:
        if run.claim:
            runs[run.flow, run.dataset].append(run)
    return {pair: told for pair in sorted(runs) if (told := tally(runs[pair])).runs}


def judge_said(run: Verdict) -> Said:
    """What the record of a run with a claim says."""
    assert run.claim is not None
    match run.claim.state:
        case RunState.SUCCEEDED:
            return Said.EMPTY if run.arrival is Arrival.NOT_NEEDED else Said.SUCCEEDED
        case RunState.PARTIAL:
            return Said.PARTIAL
        case RunState.FAILED:
            return Said.FAILED
        case RunState.IN_PROGRESS:
            return Said.IN_PROGRESS
        case RunState.NONE:
            return Said.NONE
        case RunState.UNKNOWN:
            return Said.UNKNOWN


def judge_agreement(run: Verdict) -> Agree | None:
    """Whether the numbers agree; None where there is nothing to hold against each other: no record, or no export."""
    if run.claim is None or not run.claim.runs:
        return None
    if any(finding.code in DIFFERING for finding in run.findings):
        return Agree.DIFFER
    if not run.folder:
        return None
    found = (run.records, run.files, run.bytes)
    pairs = zip(_numbers(run.claim.written), found, strict=True)
    return Agree.AGREE if any(claimed is not None and seen is not None for claimed, seen in pairs) else Agree.NOT_GIVEN


def records_of(run: Verdict) -> tuple[int, int] | None:
    """Records claimed and found; None unless both are known."""
    if run.claim is None or run.claim.written.records is None:
        return None
    if not run.folder:
        return (run.claim.written.records, 0) if judge_agreement(run) is Agree.DIFFER else None
    return None if run.records is None else (run.claim.written.records, run.records)


def render_tally(told: Tally) -> str:
    """`54 runs succeeded, 2 failed, 1 empty; counts agree for 50, differ for 1`."""
    parts = [f"{count:,} {kind}" for kind, count in told.said.items()]
    parts[:1] = [f"{render_count(count, 'run')} {kind}" for kind, count in [*told.said.items()][:1]]
    counts = [f"{kind} for {count:,}" for kind, count in told.agree.items()]
    return ", ".join(parts) + (f"; counts {', '.join(counts)}" if counts else "")


def render_counts(counts: Counts) -> str:
    """`1,204,331 records, 3 files, 41,204 bytes`: those that are known."""
    named = zip(("record", "file", "byte"), _numbers(counts), strict=True)
    return ", ".join(render_count(number, kind) for kind, number in named if number is not None) or "no numbers"


def list_differing(result: AuditResult) -> Sequence[Verdict]:
    """Runs whose numbers differ, newest first."""
    differing = [run for run in result.runs if judge_agreement(run) is Agree.DIFFER]
    return sorted(differing, key=lambda run: (run.due or result.now, run.flow, run.dataset), reverse=True)


def _numbers(counts: Counts) -> tuple[int | None, int | None, int | None]:
    return counts.records, counts.files, counts.bytes
