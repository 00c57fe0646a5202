"""A run's verdict with Adobe's claim taken into account, by the truth table in `crosscheck.py`. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from auditor.checks.flow import (
    BYTE_COUNT_MISMATCH,
    EXPORT_WITHOUT_RUN,
    FILE_COUNT_MISMATCH,
    RECORD_COUNT_MISMATCH,
    RUN_FAILED,
    RUN_STUCK,
    RUN_WITHOUT_EXPORT,
)
from auditor.model import (
    Arrival,
    Claim,
    Content,
    Counts,
    CountTolerance,
    EmptyRuns,
    EvidenceValue,
    ExpectedRun,
    Finding,
    RunState,
    Unverifiable,
    Verdict,
)
from auditor.reconcile.crosscheck import (
    STORAGE_OF,
    Agreement,
    ArrivalRule,
    ContentRule,
    Storage,
    compare_counts,
    decide,
)
from auditor.reconcile.subject import Subject

_MISMATCHES = {"records": RECORD_COUNT_MISMATCH, "files": FILE_COUNT_MISMATCH, "bytes": BYTE_COUNT_MISMATCH}
_ABSENT = {Arrival.LATE, Arrival.MISSING, Arrival.UNKNOWN}


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """A run and what is claimed of it."""

    run: ExpectedRun
    claim: Claim
    tolerance: CountTolerance
    empty_runs: EmptyRuns
    is_whole_by_manifest: bool = False
    is_past_retention: bool = False  # the destination itself has removed what there may have been

    def judge(self, verdict: Verdict, subject: Subject, *, now: datetime) -> Verdict:
        """`verdict`, as storage alone gives it, with the claim: the cell of the truth table, carried out."""
        verdict = replace(verdict, claim=self.claim)
        if verdict.arrival in (Arrival.PENDING, Arrival.EXPIRED):
            return verdict
        storage = _storage_of(verdict)
        found = None if storage is Storage.NONE else Counts(verdict.records, verdict.files, verdict.bytes)
        counts, differing = compare_counts(self.claim, found, tolerance=self.tolerance.part)
        if storage is Storage.NONE:
            return self._judge_absence(verdict, subject, counts, differing, now=now)
        cell = decide(self.claim.state, storage, counts)
        if _is_hollow(verdict) and "count-mismatch" in cell.codes:
            lost = () if _is_told(verdict, "export-stuck") else ("run-without-export",)  # one cause, one finding
            cell = replace(cell, codes=(*(code for code in cell.codes if code != "count-mismatch"), *lost))
        if verdict.arrival is Arrival.ARRIVING:
            return verdict
        if cell.arrival is ArrivalRule.OPEN and now <= self.run.missing_after and not self.is_whole_by_manifest:
            return replace(
                verdict, arrival=Arrival.ARRIVING, content=Content.UNCHECKED, level=None, findings=(), unverifiable=()
            )
        content, doubts = self._content(verdict, cell.content, subject)
        findings = (*verdict.findings, *self._find(cell.codes, subject, verdict.folder, differing, now=now))
        return replace(
            verdict,
            content=content,
            level=verdict.level if content is Content.SOUND else None,
            findings=findings,
            unverifiable=(*verdict.unverifiable, *doubts),
        )

    def _judge_absence(
        self,
        verdict: Verdict,
        subject: Subject,
        counts: Agreement,
        differing: dict[str, tuple[int, int]],
        *,
        now: datetime,
    ) -> Verdict:
        cell = decide(self.claim.state, Storage.NONE, counts)
        if cell.arrival is ArrivalRule.NOT_NEEDED:
            return replace(verdict, arrival=Arrival.NOT_NEEDED, findings=(), unverifiable=())
        if self.is_past_retention:
            return verdict  # whatever the run did, its export would be gone by now
        if cell.arrival is ArrivalRule.UNKNOWN:
            return self._not_told(verdict, subject, cell.why, now=now)
        if verdict.arrival is Arrival.UNKNOWN and self.claim.state is not RunState.UNKNOWN and not verdict.folder:
            verdict = self._explained(verdict, now=now)
        told = tuple(self._find(cell.codes, subject, "", differing, now=now))
        kept = tuple(f for f in verdict.findings if f.code != "export-missing" or "export-missing" in cell.codes)
        return replace(verdict, findings=(*map(self._with_claim, kept), *told))

    def _not_told(self, verdict: Verdict, subject: Subject, why: str, *, now: datetime) -> Verdict:
        """Nothing lies there, and the claim does not say whether anything should."""
        if self.empty_runs is EmptyRuns.FOLDER or now <= self.run.missing_after:
            # Where each run leaves a folder, none is missing whatever the record would say.
            return replace(verdict, findings=tuple(map(self._with_claim, verdict.findings)))
        reason = why if self.claim.state is RunState.SUCCEEDED else self.claim.reason
        doubt = self._doubt(subject, f"{reason.rstrip('.')}{self._batches_told()}")
        return replace(verdict, arrival=Arrival.UNKNOWN, findings=(), unverifiable=(doubt,))

    def _with_claim(self, finding: Finding) -> Finding:
        """A finding of an absence, with what the record says of it."""
        if finding.code not in ("export-missing", "export-late"):
            return finding
        told: dict[str, EvidenceValue] = {"run_state": self.claim.state.value, "runs": list(self.claim.runs[:20])}
        if self.claim.new_batches is not None:
            told["new_batches"] = self.claim.new_batches
        message = f"{finding.message.rstrip('.')}{self._batches_told()}."
        return replace(finding, message=message, evidence={**finding.evidence, **told})

    def _batches_told(self) -> str:
        """What the catalog says of new data in the dataset: evidence, no proof."""
        count = self.claim.new_batches
        if count is None:
            return ""
        if count == 0:
            return "; no new batch came into the dataset since the run before"
        return f"; {count} new {'batch' if count == 1 else 'batches'} came into the dataset since the run before"

    def _explained(self, verdict: Verdict, *, now: datetime) -> Verdict:
        """An absence that no one could explain without the record (`empty_runs: no-folder`), and now can."""
        arrival = Arrival.MISSING if now > self.run.missing_after else Arrival.LATE
        return replace(verdict, arrival=arrival, unverifiable=())

    def _content(
        self, verdict: Verdict, rule: ContentRule, subject: Subject
    ) -> tuple[Content, tuple[Unverifiable, ...]]:
        if rule is ContentRule.AS_SEEN:
            return verdict.content, ()
        wanted = Content.INCOMPLETE if rule is ContentRule.INCOMPLETE else Content.UNVERIFIABLE
        content = max(verdict.content, wanted, key=lambda answer: answer.rank)
        if wanted is Content.UNVERIFIABLE and content is wanted:
            reason = "its run did not end well and gives no number to compare with: whether all is there cannot be told"
            return content, (self._doubt(subject, reason),)
        return content, ()

    def _find(
        self,
        codes: Sequence[str],
        subject: Subject,
        key: str,
        differing: dict[str, tuple[int, int]],
        *,
        now: datetime,
    ) -> Iterator[Finding]:
        about = {**self._evidence(), **{f"claimed_{kind}": pair[0] for kind, pair in differing.items()}}
        if "run-failed" in codes and now > self.run.late_after:
            what = "exported only a part" if self.claim.state is RunState.PARTIAL else "failed"
            told = f"Experience Platform says that the run {what}. No later export is proven to fill the hole."
            yield subject.finding(
                RUN_FAILED, told, key=key, evidence={**about, "hole": "not proven to be filled later"}
            )
        if "run-stuck" in codes and now > self.run.missing_after:
            told = "The run is still open in Experience Platform though its deadline is over."
            yield subject.finding(RUN_STUCK, told, key=key, evidence=about)
        if "run-without-export" in codes and now > self.run.missing_after:
            where = "its folder holds no data file" if key else "no folder is in the destination"
            told = f"Experience Platform says that the run exported data; {where}."
            yield subject.finding(RUN_WITHOUT_EXPORT, told, key=key, evidence=about)
        if "export-without-run" in codes and now > self.run.missing_after:  # its record may come after its files
            told = "An export lies in the destination; Experience Platform knows no run that made it."
            yield subject.finding(EXPORT_WITHOUT_RUN, told, key=key, evidence=about)
        if "count-mismatch" in codes:
            for kind, pair in differing.items():
                yield self._mismatch(subject, key, kind, pair)

    def _mismatch(self, subject: Subject, key: str, kind: str, pair: tuple[int, int]) -> Finding:
        finding = subject.finding(
            _MISMATCHES[kind],
            f"The run says that it wrote {pair[0]:,} {kind}; the export holds {pair[1]:,}.",
            key=key,
            evidence={**self._evidence(), "claimed": pair[0], "found": pair[1], "tolerance": self.tolerance.part},
        )
        own = subject.severities.get(finding.code, self.tolerance.severity)
        return replace(finding, severity=own) if own else finding

    def _evidence(self) -> dict[str, EvidenceValue]:
        claim = self.claim
        return {
            "run_state": claim.state.value,
            "runs": list(claim.runs[:20]),
            "run_started": _iso(claim.started),
            "run_ended": _iso(claim.ended),
            "records_read": claim.read.records,
            "records_written": claim.written.records,
            "errors": list(claim.errors[:5]),
            **({} if claim.new_batches is None else {"new_batches": claim.new_batches}),
            "due": _iso(self.run.key.due),
        }

    def _doubt(self, subject: Subject, reason: str) -> Unverifiable:
        return Unverifiable(
            subject=f"run due {_iso(self.run.key.due)}",
            reason=reason,
            destination=subject.destination,
            flow=subject.flow,
            dataset=subject.dataset,
            due=subject.due,
        )


def _is_hollow(verdict: Verdict) -> bool:
    """A folder without any data file, of which no manifest says that this is all."""
    return not verdict.files and verdict.content is Content.UNVERIFIABLE


def _is_told(verdict: Verdict, code: str) -> bool:
    return any(finding.code == code for finding in verdict.findings)


def _storage_of(verdict: Verdict) -> Storage:
    if verdict.arrival is Arrival.UNKNOWN and verdict.content is Content.UNVERIFIABLE:
        return Storage.UNSEEN
    if not verdict.folder and verdict.arrival in _ABSENT:
        return Storage.NONE
    return STORAGE_OF[verdict.content]


def _iso(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None
