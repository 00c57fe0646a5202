"""Is what came whole and readable? One answer per export, the gravest holds."""

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.model import Compression, Content, FileCheck, FileFormat, Level, Unverifiable
from auditor.reconcile.manifests import Compared, Told
from auditor.reconcile.sight import FolderSight
from auditor.reconcile.subject import Subject


@dataclass(frozen=True, slots=True)
class Judged:
    """The content of one export."""

    content: Content
    level: Level | None = None  # of sound content: the lowest of its files
    records: int | None = None  # None unless counted in every file
    unprotected: int = 0  # sound files without checksums of their own
    unverifiable: tuple[Unverifiable, ...] = ()


def judge_content(sight: FolderSight, subject: Subject, told: Told, compared: Compared) -> Judged:
    """Judge a folder that has come to rest from its files' checks and its manifests."""
    checks = [sight.checks.get(file.key) for file in sight.folder.files]
    doubts = tuple(_find_doubts(sight, subject, told))
    answers = [check.content if check else Content.UNCHECKED for check in checks]
    if doubts:
        answers.append(Content.UNVERIFIABLE)
    if not compared.agrees:
        answers.append(Content.INCOMPLETE)
    content = max(answers, key=lambda answer: answer.rank, default=Content.SOUND)
    counts = [check.records for check in checks if check]
    records = sum(n for n in counts if n is not None) if len(counts) == len(checks) and None not in counts else None
    level = _level(checks) if content is Content.SOUND else None
    return Judged(content, level, records, sum(_is_unprotected(check) for check in checks if check), doubts)


def _level(checks: list[FileCheck | None]) -> Level:
    return min((check.level for check in checks if check), default=Level.L1)


def _is_unprotected(check: FileCheck) -> bool:
    """Whether a value could have changed in a file that decodes: plain JSON, Parquet pages that nothing guards."""
    if check.content is not Content.SOUND or check.level not in (Level.L2, Level.L3):
        return False  # not sound, only listed, or equal to a checksum kept elsewhere
    plain_json = check.format is FileFormat.JSON and check.compression is Compression.NONE
    return plain_json or bool(check.facts.get("unprotected_pages"))


def _find_doubts(sight: FolderSight, subject: Subject, told: Told) -> Iterator[Unverifiable]:
    """What could not be checked, and why."""

    def doubt(key: str, reason: str) -> Unverifiable:
        return Unverifiable(
            subject=key,
            reason=reason,
            destination=subject.destination,
            flow=subject.flow,
            dataset=subject.dataset,
            due=subject.due,
        )

    for file in sight.folder.files:
        check = sight.checks.get(file.key)
        if check and check.content is Content.UNVERIFIABLE:
            yield doubt(file.key, _told_reason(check))
    for manifest in sight.manifests:
        if manifest.unreadable and manifest.file.key.startswith(sight.folder.prefix):
            yield doubt(manifest.file.key, manifest.unreadable)
    if not sight.folder.files and not told.entries and told.tells_nothing:
        yield doubt(
            sight.folder.prefix,
            "the folder holds no data file, and nothing tells whether there was nothing to export",
        )


def _told_reason(check: FileCheck) -> str:
    detail = check.facts.get("error") or (check.faults[0].message if check.faults else "")
    return f"{check.reason}: {detail}" if detail else check.reason
