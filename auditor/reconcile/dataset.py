"""Everything about one dataset of one flow at one destination: a verdict per run, and its findings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from auditor.checks.arrival import (
    EXPORT_DUPLICATE,
    EXPORT_EARLY,
    EXPORT_LATE,
    EXPORT_MISSING,
    EXPORT_STUCK,
    EXPORT_UNEXPECTED,
)
from auditor.checks.layout import FOLDER_EMPTY
from auditor.checks.manifest import MANIFEST_MISSING
from auditor.flow_model import RunRecord
from auditor.model import (
    Arrival,
    ArrivalClock,
    Claim,
    Content,
    DestinationFacts,
    EmptyRuns,
    EvidenceValue,
    ExpectedRun,
    ExportFolder,
    FileCheck,
    Finding,
    FindingType,
    Flow,
    Unverifiable,
    Verdict,
)
from auditor.reconcile.age import find_stale
from auditor.reconcile.arrival import Expectations, arrived_at, find_copied, is_fading, judge_arrival
from auditor.reconcile.claimed import CrossCheck
from auditor.reconcile.content import judge_content
from auditor.reconcile.files import (
    find_duplicates,
    find_file_faults,
    find_schema_change,
    find_schema_mismatch,
    find_unlike_configuration,
)
from auditor.reconcile.makers import tell_maker
from auditor.reconcile.manifests import find_manifest_faults
from auditor.reconcile.matching import Match
from auditor.reconcile.sight import FolderSight
from auditor.reconcile.subject import Subject


@dataclass(frozen=True, slots=True)
class Chain:
    """One dataset of one flow at one destination, with all that bears on its verdicts."""

    flow: Flow
    dataset: str
    place: DestinationFacts
    match: Match
    sights: Mapping[str, FolderSight]  # by folder prefix
    max_age: timedelta | None
    max_age_is_default: bool
    seen_before: frozenset[datetime] = frozenset()  # due times whose export an earlier audit saw
    claims: Mapping[datetime, Claim] = field(default_factory=dict)  # by due time; empty: not cross-checked
    makers: Mapping[str, tuple[RunRecord, ...]] = field(default_factory=dict)  # by prefix of what no run asked for
    runs_were_read: bool = False  # the run records are known as they are now

    @property
    def subject(self) -> Subject:
        """Whom the findings are about. A flow's severities win over its destination's."""
        severities = {**self.place.severities, **self.flow.severities}
        return Subject(self.place.name, self.flow.name, self.dataset, None, severities)

    @property
    def expectations(self) -> Expectations:
        """How arrival is judged here."""
        flow = self.flow
        return Expectations(flow.arrival, flow.empty_runs, flow.manifest, self.place.retain)

    def cross_check(self, run: ExpectedRun, verdict: Verdict, sight: FolderSight | None, *, now: datetime) -> Verdict:
        """`verdict` with what Adobe claims of the run taken into account, where the flow is cross-checked."""
        claim = self.claims.get(run.key.due)
        if claim is None:
            return verdict
        whole = sight is not None and sight.is_listed_whole
        retain = self.place.retain
        check = CrossCheck(
            run,
            claim,
            self.flow.count_mismatch,
            self.flow.empty_runs,
            is_whole_by_manifest=whole,
            is_past_retention=retain is not None and run.key.due + retain < now,
        )
        return check.judge(verdict, self.subject.at(run.key.due), now=now)

    def is_settled(self, sight: FolderSight, *, now: datetime) -> bool:
        """Whether a folder that no run asks for may be judged: at rest, or older than any deadline."""
        windows = self.flow.windows.values()
        patience = max((window.deadline for window in windows), default=timedelta(hours=12))
        settle = max((window.settle for window in windows), default=timedelta(minutes=30))
        return now - sight.folder.export_time > patience or sight.is_settled(settle=settle, now=now)


@dataclass(frozen=True, slots=True)
class ChainAnswer:
    """The verdicts of a chain and the findings that belong to no single run."""

    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...] = ()
    unverifiable: tuple[Unverifiable, ...] = ()


def judge_chain(chain: Chain, *, now: datetime) -> ChainAnswer:
    """Judge every run of a place that was looked at, and every folder that no run asked for. Pure."""
    matched = [(run, chain.sights[folder.prefix]) for run, folder in chain.match.runs if folder]
    copied = {run.key.due for run, _ in find_copied(_by_modification(matched, chain.expectations.clock))}
    verdicts: list[Verdict] = []
    before: FileCheck | None = None
    for run, folder in chain.match.runs:
        sight = chain.sights[folder.prefix] if folder else None
        if sight is None and run.key.due > now:
            continue  # not due yet, and nothing came early
        verdict = _judge_run(chain, run, sight, before, copied=run.key.due in copied, now=now)
        verdict = chain.cross_check(run, verdict, sight, now=now)
        verdicts.append(verdict)
        if sight and (told := _schema_of(sight)):
            before = told
    verdicts += [_judge_unexpected(chain, folder, run, now=now) for folder, run in _not_asked_for(chain, now=now)]
    export_times = {prefix: sight.folder.export_time for prefix, sight in chain.sights.items()}
    stale = find_stale(
        chain.subject,
        verdicts,
        [run for run, _ in chain.match.runs if run.key.due <= now],
        export_times,
        max_age=chain.max_age,
        is_default=chain.max_age_is_default,
        now=now,
    )
    return ChainAnswer(tuple(verdicts), tuple(stale), tuple(_tell_copied(chain, copied)))


def blind_chain(chain: Chain, *, reason: str, now: datetime) -> ChainAnswer:
    """The answer where we could not look: nothing is missing, nothing is good."""
    subject = chain.subject
    verdicts = tuple(_judge_unseen(chain, run, now=now) for run, _ in chain.match.runs if run.key.due <= now)
    doubt = Unverifiable(
        subject=f"{len(verdicts)} runs of {subject.flow} / {subject.dataset}",
        reason=reason,
        destination=subject.destination,
        flow=subject.flow,
        dataset=subject.dataset,
    )
    return ChainAnswer(verdicts, (), (doubt,) if verdicts else ())


def _by_modification(
    matched: list[tuple[ExpectedRun, FolderSight]], clock: ArrivalClock
) -> list[tuple[ExpectedRun, FolderSight]]:
    """The exports whose arrival modification times would tell: the end of a run does not change with a copy."""
    if clock is ArrivalClock.EXPORT_TIME:
        return []
    return [pair for pair in matched if clock is ArrivalClock.MODIFIED or pair[1].run_ended is None]


def _judge_unseen(chain: Chain, run: ExpectedRun, *, now: datetime) -> Verdict:
    due = run.key.due
    verdict = Verdict(chain.flow.name, chain.dataset, chain.place.name, due, Arrival.UNKNOWN, Content.UNVERIFIABLE)
    return chain.cross_check(run, verdict, None, now=now)


def _judge_run(
    chain: Chain,
    run: ExpectedRun,
    sight: FolderSight | None,
    before: FileCheck | None,
    *,
    copied: bool,
    now: datetime,
) -> Verdict:
    subject = chain.subject.at(run.key.due)
    how = chain.expectations
    if copied:
        how = replace(how, clock=ArrivalClock.EXPORT_TIME)
    arrival = judge_arrival(run, sight, how, now=now, seen_before=run.key.due in chain.seen_before)
    if sight is None or arrival is Arrival.EXPIRED:
        return _absent(chain, run, subject, arrival)
    verdict = _present(sight, subject, arrival, None if copied else arrived_at(sight, how.clock))
    findings = [*_find_arrival(subject, run, verdict, sight, how.clock, now=now)]
    if arrival is Arrival.ARRIVING:
        return replace(verdict, content=Content.UNCHECKED, level=None, findings=tuple(findings), unverifiable=())
    findings += _find_in_folder(chain, subject, sight, before)
    if chain.flow.manifest and sight.told.tells_nothing and not _may_be_broken(sight, run):
        findings.append(
            subject.finding(
                MANIFEST_MISSING,
                "The flow writes a manifest, this export has none.",
                key=sight.folder.prefix,
                evidence={"files": len(sight.folder.files), "looked_for": "manifest-*.json"},
            )
        )
    return replace(verdict, findings=tuple(findings))


def _absent(chain: Chain, run: ExpectedRun, subject: Subject, arrival: Arrival) -> Verdict:
    verdict = Verdict(subject.flow, subject.dataset, subject.destination, run.key.due, arrival, Content.UNCHECKED)
    evidence = {
        "due": _iso(run.key.due),
        "late_after": _iso(run.late_after),
        "missing_after": _iso(run.missing_after),
        "export_folders_seen": len(chain.sights),
        "newest_export_seen": _newest(chain),
    }
    if arrival is Arrival.MISSING:
        told = "No export folder came for this run within its deadline."
        if run.key.due in chain.seen_before:
            told = "An earlier audit saw the export of this run; now no folder is there."
        return replace(verdict, findings=(subject.finding(EXPORT_MISSING, told, evidence=evidence),))
    if arrival is Arrival.LATE:
        told = "No export folder has come yet; the grace is over, the deadline is not."
        return replace(verdict, findings=(subject.finding(EXPORT_LATE, told, evidence=evidence),))
    if arrival is Arrival.UNKNOWN:
        return replace(verdict, unverifiable=(_cannot_tell(chain, run, subject),))
    return verdict


def _cannot_tell(chain: Chain, run: ExpectedRun, subject: Subject) -> Unverifiable:
    retain = chain.place.retain
    reason = (
        f"no folder; the destination keeps exports for {retain.days} days, and no earlier audit saw this one"
        if retain is not None and chain.flow.empty_runs is not EmptyRuns.NO_FOLDER
        else "no folder; with empty_runs: no-folder that means nothing new, or lost: only the run record could tell"
    )
    return Unverifiable(
        subject=f"run due {_iso(run.key.due)}",
        reason=reason,
        destination=subject.destination,
        flow=subject.flow,
        dataset=subject.dataset,
        due=run.key.due,
    )


def _present(sight: FolderSight, subject: Subject, arrival: Arrival, moment: datetime | None) -> Verdict:
    judged = judge_content(sight, subject, sight.told, sight.compared)
    return Verdict(
        flow=subject.flow,
        dataset=subject.dataset,
        destination=subject.destination,
        due=subject.due,
        arrival=arrival,
        content=judged.content,
        level=judged.level,
        arrived_at=moment if arrival is not Arrival.ARRIVING else None,
        folder=sight.folder.prefix,
        files=len(sight.folder.files),
        records=judged.records,
        bytes=sum(file.size for file in sight.folder.files),
        unprotected=judged.unprotected,
        unverifiable=judged.unverifiable,
    )


def _find_arrival(
    subject: Subject, run: ExpectedRun, verdict: Verdict, sight: FolderSight, clock: ArrivalClock, *, now: datetime
) -> Iterator[Finding]:
    evidence = {
        "due": _iso(run.key.due),
        "arrived_at": _iso(verdict.arrived_at),
        "late_after": _iso(run.late_after),
    }
    if clock is ArrivalClock.RUN:  # and where no record tells it, the usual clock
        evidence["arrival_by"] = "the end of the run" if sight.run_ended else "modification: no run record tells an end"
    if verdict.arrival is Arrival.LATE and verdict.arrived_at:
        late_by = verdict.arrived_at - run.key.due
        told = f"The export came {_span(late_by)} after it was due."
        yield subject.finding(EXPORT_LATE, told, key=verdict.folder, evidence=evidence)
    if verdict.arrival is Arrival.EARLY:
        told = "The export came before its earliest time."
        early = {**evidence, "early_from": _iso(run.early_from)}
        yield subject.finding(EXPORT_EARLY, told, key=verdict.folder, evidence=early)
    changing = [c.key for c in sight.checks.values() if c.reason == "changed"]
    if now > run.missing_after and (sight.folder.temporary or changing):
        unfinished = [file.key for file in sight.folder.temporary] or changing
        yield subject.finding(
            EXPORT_STUCK,
            "The deadline is over and the upload is still not finished.",
            key=unfinished[0],
            evidence={
                "unfinished": list(unfinished[:20]),
                "count": len(unfinished),
                "changed_at": _iso(sight.changed_at),
            },
        )


def _find_in_folder(chain: Chain, subject: Subject, sight: FolderSight, before: FileCheck | None) -> Iterator[Finding]:
    checks = [sight.checks[file.key] for file in sight.folder.files if file.key in sight.checks]
    told, compared = sight.told, sight.compared
    yield from find_manifest_faults(subject, sight.folder, sight.manifests, told, compared)
    yield from find_file_faults(subject, checks)
    yield from find_unlike_configuration(subject, chain.flow, checks)
    yield from find_duplicates(subject, checks)
    yield from find_schema_mismatch(subject, checks)
    yield from find_schema_change(subject, before, checks)
    if not sight.folder.files and told.tells_nothing:
        yield subject.finding(
            FOLDER_EMPTY,
            "The export folder holds no data file.",
            key=sight.folder.prefix,
            evidence={"temporary": len(sight.folder.temporary), "strays": len(sight.folder.strays)},
        )


def _judge_unexpected(chain: Chain, folder: ExportFolder, beside: ExpectedRun | None, *, now: datetime) -> Verdict:
    """A folder that no due time asks for. Its content is judged all the same: it may be what saves a restore."""
    subject = chain.subject
    sight = chain.sights[folder.prefix]
    moment = arrived_at(sight, chain.expectations.clock)
    verdict = _present(sight, subject, Arrival.UNEXPECTED, moment)
    kind, told, evidence = _why_unexpected(folder, beside)
    made = tell_maker(chain.makers.get(folder.prefix, ()), _claim_beside(chain, beside), was_read=chain.runs_were_read)
    evidence = {**evidence, **made.evidence, "arrived_at": _iso(moment)}
    finding = subject.finding(kind, f"{told} {made.told}".rstrip(), key=folder.prefix, evidence=evidence)
    if not chain.is_settled(sight, now=now):
        return replace(verdict, content=Content.UNCHECKED, level=None, findings=(finding,), unverifiable=())
    return replace(verdict, findings=(finding, *_find_in_folder(chain, subject, sight, None)))


def _claim_beside(chain: Chain, beside: ExpectedRun | None) -> Claim | None:
    return chain.claims.get(beside.key.due) if beside else None


def _why_unexpected(
    folder: ExportFolder, beside: ExpectedRun | None
) -> tuple[FindingType, str, dict[str, EvidenceValue]]:
    evidence: dict[str, EvidenceValue] = {"export_time": _iso(folder.export_time)}
    if beside is None:
        return EXPORT_UNEXPECTED, "No schedule asks for an export at this time.", evidence
    evidence["beside_due"] = _iso(beside.key.due)
    return EXPORT_DUPLICATE, f"A second export beside the one due {_iso(beside.key.due)}.", evidence


def _not_asked_for(chain: Chain, *, now: datetime) -> list[tuple[ExportFolder, ExpectedRun | None]]:
    match, retain = chain.match, chain.place.retain
    both = [*match.duplicates, *((folder, None) for folder in match.unexpected)]
    both = [pair for pair in both if not is_fading(chain.sights[pair[0].prefix], pair[0].export_time, retain, now=now)]
    return sorted(both, key=lambda pair: (pair[0].export_time, pair[0].prefix))


def _may_be_broken(sight: FolderSight, run: ExpectedRun) -> bool:
    """Whether a manifest that gave no answer may be the one looked for: it is told by itself."""
    silent = [m.file for m in sight.manifests if m.problem or m.unreadable]
    return any(
        file.key.startswith(sight.folder.prefix) or run.early_from <= file.modified <= run.missing_after
        for file in silent
    )


def _tell_copied(chain: Chain, copied: set[datetime]) -> Iterator[Unverifiable]:
    """Say once per dataset that lateness was not judged, and how to settle it."""
    if copied:
        yield Unverifiable(
            subject=f"arrival of {len(copied)} runs due {_iso(min(copied))} to {_iso(max(copied))}",
            reason="the objects share the date of a copy, so lateness was not judged; "
            "set `arrival: export_time` on the destination to judge by the export time",
            destination=chain.place.name,
            flow=chain.flow.name,
            dataset=chain.dataset,
        )


def _schema_of(sight: FolderSight) -> FileCheck | None:
    """A check that stands for the columns of an export, if its parts agree."""
    with_schema = [check for check in sight.checks.values() if check.schema]
    return with_schema[0] if len({check.schema for check in with_schema}) == 1 else None


def _newest(chain: Chain) -> str | None:
    return _iso(max((sight.folder.export_time for sight in chain.sights.values()), default=None))


def _iso(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None


def _span(span: timedelta) -> str:
    minutes = round(span / timedelta(minutes=1))
    days, rest = divmod(minutes, 24 * 60)
    told = f"{rest // 60} h {rest % 60:02d} min" if rest >= 60 else f"{rest} min"
    return f"{days} d {told}" if days else told
