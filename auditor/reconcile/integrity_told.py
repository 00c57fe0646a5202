"""What is said of exports that are no longer as they were: findings, and the verdicts they bear on. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from auditor.checks import FAMILIES
from auditor.checks.arrival import EXPORT_MISSING
from auditor.checks.integrity import EXPORT_CHANGED, EXPORT_DELETED, MASS_LOSS
from auditor.model import (
    Arrival,
    ChangeKind,
    Content,
    EvidenceValue,
    FileChange,
    Finding,
    FindingType,
    Severity,
    Unverifiable,
    Verdict,
)
from auditor.reconcile.integrity import Stand, Weighed
from auditor.reconcile.subject import Subject

SHOWN = 20  # names listed in one finding's evidence; the count is always whole
SHOWN_DATASETS = 50
OF_CHANGES = {EXPORT_CHANGED.code, EXPORT_DELETED.code}
OF_ARRIVAL = {one.code for one in FAMILIES["arrival"]} - {EXPORT_MISSING.code}


def with_changes(verdict: Verdict, prefix: str, weighed: Sequence[Weighed], subject: Subject) -> Verdict:
    """`verdict` on a run whose export folder `prefix` was, with what became of its files since.

    Arrival stays: it came. Files that are gone make the content incomplete, and unverifiable while they were seen to
    be gone once only.
    """
    findings = [*find_changes(subject, prefix, weighed)]
    if verdict.folder not in ("", prefix):  # another folder stands for the run now
        return replace(verdict, findings=(*verdict.findings, *findings))
    content, doubts = verdict.content, [*verdict.unverifiable]
    if any(_is_loss(one) for one in weighed):
        content = max(content, Content.INCOMPLETE, key=lambda one: one.rank)
    if doubt := _doubt(subject, prefix, weighed):
        content = max(content, Content.UNVERIFIABLE, key=lambda one: one.rank)
        doubts.append(doubt)
    level = verdict.level if content is Content.SOUND else None
    findings = [*verdict.findings, *findings]
    return replace(verdict, content=content, level=level, findings=tuple(findings), unverifiable=tuple(doubts))


def as_it_came(seen: Verdict, now: Verdict, weighed: Sequence[Weighed]) -> Verdict:
    """The verdict on a run whose folder is gone: how it came stays as it was seen, of the rest nothing is there."""
    came = replace(
        seen,
        content=Content.SOUND,  # what is gone is said of it next
        findings=tuple(finding for finding in seen.findings if finding.code in OF_ARRIVAL),
        unverifiable=(),
        claim=now.claim,
        unprotected=0,
        records=None,
    )
    return replace(came, files=0, bytes=0) if any(one.is_told for one in weighed) else came


def without_changes(verdict: Verdict, prefix: str) -> Verdict:
    """A verdict on a folder that is there, without what was said of its changes before."""
    findings = tuple(finding for finding in verdict.findings if finding.code not in OF_CHANGES)
    doubts = tuple(doubt for doubt in verdict.unverifiable if doubt.subject != prefix)
    return replace(verdict, findings=findings, unverifiable=doubts)


def is_said_by_changes(verdict: Verdict, weighed: Sequence[Weighed]) -> bool:
    """Whether a run without a folder is one whose export came and was deleted: not missing, and not expired either."""
    if verdict.folder or verdict.arrival is Arrival.EXPIRED:
        return False
    return any(one.stand is Stand.OPEN and one.change.kind is ChangeKind.DELETED for one in weighed)


def find_changes(subject: Subject, prefix: str, weighed: Sequence[Weighed]) -> Iterator[Finding]:
    """EXPORT_DELETED and EXPORT_CHANGED of one export folder: those seen twice that nothing explains."""
    for kind, of_kind in ((EXPORT_DELETED, ChangeKind.DELETED), (EXPORT_CHANGED, ChangeKind.CHANGED)):
        told = [one for one in weighed if one.is_told and one.change.kind is of_kind]
        still = [one for one in told if one.change.accepted is None]
        if still:
            yield _finding(subject, kind, prefix, still)
        elif told:
            yield replace(_finding(subject, kind, prefix, told), waived=told[-1].change.accepted)


def _finding(subject: Subject, kind: FindingType, prefix: str, told: Sequence[Weighed]) -> Finding:
    changes = [one.change for one in told]
    again = all(one.is_redelivered for one in told)
    evidence = _evidence(changes) if kind is EXPORT_DELETED else _evidence_of_changed(told)
    are = f"{len(changes)} files of this export are" if len(changes) > 1 else "A file of this export is"
    became = (
        "gone that lay there"
        if kind is EXPORT_DELETED
        else "not as it was"
        if len(changes) == 1
        else "not as they were"
    )
    text = f"{are} {became} when it had come to rest"
    if again:
        text += "; new files and a manifest that lists them are there, as of a second export of the run"
        evidence["delivered_again"] = True
    finding = subject.finding(kind, f"{text}.", key=prefix, evidence=evidence)
    if again and kind.code not in subject.severities:
        finding = replace(finding, severity=Severity.WARNING)
    return finding


def _evidence(changes: Sequence[FileChange]) -> dict[str, EvidenceValue]:
    return {
        "files": [one.before.key for one in changes[:SHOWN]],
        "file_count": len(changes),
        "bytes_before": sum(one.before.size for one in changes),
        "last_seen_as_before": _iso(max(one.known_at for one in changes)),
        "seen_at": _iso(min(one.seen_at for one in changes)),
        "manifests": sum(one.is_manifest for one in changes),
    }


def _evidence_of_changed(told: Sequence[Weighed]) -> dict[str, EvidenceValue]:
    first = told[0].change
    evidence = _evidence([one.change for one in told])
    if first.after:
        evidence |= {
            "size_before": first.before.size,
            "size_now": first.after.size,
            "modified_before": _iso(first.before.modified),
            "modified_now": _iso(first.after.modified),
            "version_before": first.before.version,
            "version_now": first.after.version,
        }
    contents = {one.contents for one in told}
    return {**evidence, "contents": contents.pop() if len(contents) == 1 else "partly different"}


def _is_loss(weighed: Weighed) -> bool:
    return weighed.is_told and weighed.change.kind is ChangeKind.DELETED and not weighed.is_redelivered


def _doubt(subject: Subject, prefix: str, weighed: Sequence[Weighed]) -> Unverifiable | None:
    """What was seen once only, or may still be put right by its writer."""
    once = [one for one in weighed if one.stand is Stand.OPEN and not one.is_told]
    early = [one for one in weighed if one.stand is Stand.WAITING]
    if not once and not early:
        return None
    gone = sum(one.change.kind is ChangeKind.DELETED for one in (*once, *early))
    what = f"{gone} known files are not there" if gone else f"{len(once) + len(early)} files are not as they were"
    why = "seen in one listing; the next one decides" if once else "its run may still write it again, for its deadline"
    return Unverifiable(prefix, f"{what}: {why}", subject.destination, subject.flow, subject.dataset, subject.due)


def find_mass_loss(subject: Subject, told: Sequence[FileChange], known: int) -> Finding:
    """MASS_LOSS of a destination. `told`: what was seen twice and nobody accepted; `known`: objects there before."""
    gone = [one for one in told if one.kind is ChangeKind.DELETED]
    datasets = sorted({one.dataset for one in told})
    exports = {one.prefix for one in told}
    oldest, newest = min(one.export_time for one in told), max(one.export_time for one in told)
    evidence: dict[str, EvidenceValue] = {
        "objects": len(told),
        "known_objects": known,
        "gone": len(gone),
        "changed": len(told) - len(gone),
        "bytes_gone": sum(one.before.size for one in gone),
        "exports": len(exports),
        "datasets": [*datasets[:SHOWN_DATASETS]],
        "dataset_count": len(datasets),
        "oldest_export": _iso(oldest),
        "newest_export": _iso(newest),
        "first_seen_at": _iso(min(one.seen_at for one in told)),
        "last_seen_as_before": _iso(max(one.known_at for one in told)),
        "recoverable_until": None,
        "recovery": "could not be read: whether versions, soft delete or a replica keep them, and until when, is a "
        "setting of the provider that this audit has no right to read",
    }
    text = (
        f"{len(told):,} of {known:,} known objects are gone ({len(gone):,}) or changed ({len(told) - len(gone):,}): "
        f"{_count(len(exports), 'export')} of {_count(len(datasets), 'dataset')}, "
        f"from {oldest:%Y-%m-%d %H:%M} to {newest:%Y-%m-%d %H:%M} UTC."
    )
    return subject.finding(MASS_LOSS, text, evidence=evidence)


def _count(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
