"""Findings about a destination or a flow as a whole: what lies there that nobody asked for, and what cannot be seen."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from auditor.checks import CATALOGUE
from auditor.checks.layout import DESTINATION_EMPTY, FOLDER_MALFORMED, STRAY_OBJECT, UNKNOWN_DATASET
from auditor.checks.manifest import MANIFEST_UNREADABLE
from auditor.checks.protection import FLOW_ENDED
from auditor.model import Arrival, EvidenceValue, Finding, Manifest, Unverifiable, Verdict
from auditor.reconcile.subject import Subject

SHOWN = 20  # names listed in one finding's evidence; the count is always whole


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a destination could not be looked at, as its adapter said it."""

    code: str  # of the access family
    reason: str  # one line: destination, operation, key, reason, request id
    operation: str = ""
    key: str = ""
    request_id: str = ""
    rights: tuple[str, ...] = ()  # what listing and reading need there


def find_trouble(subject: Subject, trouble: Trouble) -> Finding:
    """The one finding about a destination that could not be looked at. None per run below it."""
    evidence: dict[str, EvidenceValue] = {
        "operation": trouble.operation,
        "key": trouble.key,
        "request_id": trouble.request_id,
        "rights_needed": [*trouble.rights],
    }
    known = {name: value for name, value in evidence.items() if value}
    return subject.finding(CATALOGUE[trouble.code], trouble.reason, key=trouble.key, evidence=known)


def doubt_of(subject: Subject, trouble: Trouble) -> Unverifiable:
    """The same, as what could not be checked."""
    return Unverifiable(f"destination {subject.destination}", trouble.reason, subject.destination)


def find_platform_trouble(platform: str, trouble: Trouble) -> tuple[Finding, Unverifiable]:
    """The one finding about a sandbox of Experience Platform that could not be asked, and the doubt it leaves."""
    evidence: dict[str, EvidenceValue] = {
        "experience_platform": platform,
        "operation": trouble.operation,
        "path": trouble.key,
        "request_id": trouble.request_id,
    }
    known = {name: value for name, value in evidence.items() if value}
    finding = Subject("").finding(CATALOGUE[trouble.code], trouble.reason, key=platform, evidence=known)
    return finding, Unverifiable(f"Experience Platform {platform}", trouble.reason)


def find_empty_destination(
    subject: Subject, folder: str, nearest: str, verdicts: Iterable[Verdict]
) -> Iterator[Finding]:
    """DESTINATION_EMPTY: the place can be listed, nothing lies below the folder path, and something should.

    Before the first export is missing, and after the last one has expired, an empty place is as it should be.
    """
    if not any(verdict.arrival in {Arrival.MISSING, Arrival.UNKNOWN} for verdict in verdicts):
        return
    hint = f" The nearest name there is {nearest!r}." if nearest else ""
    path = folder or "(the root)"
    evidence = {"folder": folder, "nearest": nearest or None}
    yield subject.finding(DESTINATION_EMPTY, f"Nothing lies below {path!r}.{hint}", key=folder, evidence=evidence)


def find_strays(subject: Subject, count: int, first: Sequence[str]) -> Iterator[Finding]:
    """STRAY_OBJECT, one per destination however many there are."""
    if count:
        told = "1 object is" if count == 1 else f"{count} objects are"
        yield subject.finding(
            STRAY_OBJECT,
            f"{told} neither data, manifest nor a known leftover.",
            key=first[0] if first else "",
            evidence={"count": count, "first": [*first[:SHOWN]]},
        )


def find_unknown_datasets(subject: Subject, prefixes: Mapping[str, str]) -> Iterator[Finding]:
    """UNKNOWN_DATASET, one per dataset id that no configured flow names. `prefixes`: id to where it lies."""
    for dataset, prefix in sorted(prefixes.items()):
        told = f"Exports of dataset {dataset} are in no flow of this configuration."
        yield replace(subject, dataset=dataset).finding(UNKNOWN_DATASET, told, key=prefix, evidence={"prefix": prefix})


def find_malformed(subject: Subject, malformed: Sequence[tuple[str, str, int]]) -> Iterator[Finding]:
    """FOLDER_MALFORMED, one per dataset. `malformed`: prefix, why, number of objects below it."""
    if malformed:
        prefix, why, _ = malformed[0]
        more = f" ({len(malformed)} such folders)" if len(malformed) > 1 else ""
        yield subject.finding(
            FOLDER_MALFORMED,
            f"The folder name cannot be read: {why}{more}.",
            key=prefix,
            evidence={
                "why": why,
                "folders": [p for p, _, _ in malformed[:SHOWN]],
                "folder_count": len(malformed),
                "objects": sum(count for *_, count in malformed),
            },
        )


def find_broken_above(subject: Subject, manifests: Sequence[Manifest]) -> Iterator[Finding]:
    """MANIFEST_UNREADABLE, one per destination: manifests above the export folders of which no run is known."""
    broken = [m for m in manifests if m.problem]
    if broken:
        yield subject.finding(
            MANIFEST_UNREADABLE,
            f"A manifest above the export folders cannot be read: {broken[0].problem}.",
            key=broken[0].file.key,
            evidence={
                "problem": broken[0].problem,
                "size": broken[0].file.size,
                "manifests": len(broken),
                "files": [m.file.key for m in broken[:SHOWN]],
            },
        )


def doubts_of_manifests(subject: Subject, manifests: Sequence[Manifest]) -> list[Unverifiable]:
    """What such a manifest lists is not known, so nobody can say that nothing of it is missing."""
    return [Unverifiable(m.file.key, m.unreadable, subject.destination) for m in manifests if m.unreadable]


def find_ended(subject: Subject, end: datetime | None, *, now: datetime) -> Iterator[Finding]:
    """FLOW_ENDED once the last schedule's end has passed. A run due exactly at the end is still expected."""
    if end is not None and now > end:
        yield subject.finding(
            FLOW_ENDED,
            f"The flow ended {end:%Y-%m-%d %H:%M} UTC; nothing has been exported on schedule since.",
            evidence={"end": f"{end:%Y-%m-%dT%H:%M:%SZ}"},
        )
