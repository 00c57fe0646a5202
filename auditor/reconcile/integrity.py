"""Whether exports are still as they were when they had come to rest. Pure.

A change is told once it was seen twice and nothing explains it. What explains one: the destination's retention, a
second delivery inside the deadline or by the word of a run record, contents that are proven to be the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

from auditor.model import ChangeKind, Content, FileChange, FileCheck, KnownExport, Manifest, StoredFile
from auditor.reconcile.sight import FolderSight
from auditor.verify.reasons import Reason

AS_BEFORE = "it is as before"
SAME_CONTENTS = "the contents are the same"
REPAIRED = "it was damaged, and is sound now"
IN_TIME = "it was written again before the deadline of its run"
BY_RUN_RECORD = "a later run wrote the export again, by its record"

LATER = {Reason.THROTTLED, Reason.UNREACHABLE, Reason.CHANGED, Reason.VANISHED, Reason.TIMED_OUT}
"""Reasons of a file that could not be read this time: whether its contents are the same may still be told."""


class Stand(StrEnum):
    """What is to be made of one change now."""

    OPEN = "open"  # explained by nothing
    WAITING = "waiting"  # it may still be explained
    UNREAD = "unread"  # its new contents were not read yet
    EXPLAINED = "explained"


@dataclass(frozen=True, slots=True)
class Weighed:
    """One change, and what is to be made of it."""

    change: FileChange
    stand: Stand
    contents: str = "not compared"  # same | different | not compared | unread | gone
    is_redelivered: bool = False  # all files are new ones, and a manifest lists them: it may have been exported again

    @property
    def is_told(self) -> bool:
        """Seen twice and explained by nothing, or accepted."""
        seen_twice = self.change.confirmed_at is not None or self.change.accepted is not None
        return self.stand is Stand.OPEN and seen_twice


@dataclass(frozen=True, slots=True)
class Context:
    """What bears on the changes of one export folder."""

    ends_at: datetime  # until then its writer may write it again
    sight: FolderSight | None = None  # None: the folder is gone
    run_ended: datetime | None = None  # when the last run that made it ended, by its record
    checked: Mapping[str, tuple[Content, str]] = field(default_factory=dict)  # of the files before
    same_manifests: frozenset[str] = frozenset()  # keys of those that say what they said
    unread_manifests: frozenset[str] = frozenset()  # keys of those that could not be read now
    can_compare: bool = True  # contents are read as deep as a comparison needs


def compare_export(
    known: KnownExport, files: Iterable[StoredFile], destination: str, *, at: datetime
) -> list[FileChange]:
    """What of `known` is gone or other among `files`, those that lie in its folder now."""
    now = {file.key: file for file in files}
    changes = []
    for is_manifest, before in [*((False, f) for f in known.files), *((True, f) for f in known.manifests)]:
        after = now.get(before.key)
        if after is not None and is_same(before, after):
            continue
        change = FileChange(
            destination=destination,
            dataset=known.dataset,
            prefix=known.prefix,
            export_time=known.export_time,
            kind=ChangeKind.DELETED if after is None else ChangeKind.CHANGED,
            before=before,
            after=after,
            known_at=known.seen_at,
            seen_at=at,
            is_manifest=is_manifest,
        )
        changes.append(change)
    return changes


def is_same(before: StoredFile, after: StoredFile) -> bool:
    """Whether it is the same file by its fingerprint. Another time alone, at an equal version, changed no byte."""
    if before.version and before.version == after.version:
        return before.size == after.size
    return before.fingerprint == after.fingerprint


def digest_of(manifest: Manifest) -> str:
    """Stands for what a manifest says, however it is written; "" of one that could not be read."""
    if manifest.unreadable:
        return ""
    said = repr((manifest.run_id, manifest.scheduled_time, manifest.entries, manifest.problem))
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def follow(change: FileChange, file: StoredFile | None, *, at: datetime) -> FileChange:
    """`change` by what lies there now (None: nothing). Another kind of change begins anew."""
    if file is None:
        if change.kind is ChangeKind.DELETED:
            return change
        return replace(change, kind=ChangeKind.DELETED, after=None, seen_at=at, confirmed_at=None)
    if is_same(change.before, file):
        return replace(change, undone_at=at, why=AS_BEFORE)
    if change.kind is ChangeKind.DELETED:
        return replace(change, kind=ChangeKind.CHANGED, after=file, seen_at=at, confirmed_at=None)
    return replace(change, after=file)


def weigh_changes(changes: Sequence[FileChange], context: Context, *, now: datetime) -> list[Weighed]:
    """What is to be made of all changes of one export folder."""
    whole = _why_all(changes, context)
    again = _looks_redelivered(changes, context)
    return [replace(_weigh(change, context, whole, now=now), is_redelivered=again) for change in changes]


def _weigh(change: FileChange, context: Context, whole: str, *, now: datetime) -> Weighed:
    if change.accepted:
        return Weighed(change, Stand.OPEN, "gone")
    contents, why = _compare(change, context)
    if why or whole:
        return Weighed(replace(change, undone_at=now, why=why or whole), Stand.EXPLAINED, contents)
    if change.kind is ChangeKind.CHANGED and contents == "unread":
        return Weighed(change, Stand.UNREAD)
    if now <= context.ends_at:
        return Weighed(change, Stand.WAITING, contents)
    return Weighed(change, Stand.OPEN, contents)


def _why_all(changes: Sequence[FileChange], context: Context) -> str:
    """What explains every change of the folder at once; "" if nothing does."""
    fresh, old = _new_and_old(changes, context)
    if context.sight is None or not fresh:
        return ""
    known_at = _known_at(changes)
    if known_at <= context.ends_at and all(file.modified <= context.ends_at for file in fresh):
        return IN_TIME
    if not old and context.run_ended and context.run_ended > known_at and context.sight.is_accounted_for:
        return BY_RUN_RECORD
    return ""


def _looks_redelivered(changes: Sequence[FileChange], context: Context) -> bool:
    fresh, old = _new_and_old(changes, context)
    return bool(fresh) and not old and context.sight is not None and context.sight.is_listed_whole


def _new_and_old(changes: Sequence[FileChange], context: Context) -> tuple[list[StoredFile], list[StoredFile]]:
    """The data files of the folder that are new since it was last seen as before, and the others."""
    known_at, other = _known_at(changes), {one.before.key for one in changes}
    fresh: list[StoredFile] = []
    old: list[StoredFile] = []
    for file in context.sight.folder.files if context.sight else ():
        (fresh if file.key in other or file.modified > known_at else old).append(file)
    return fresh, old


def _known_at(changes: Sequence[FileChange]) -> datetime:
    return max(one.known_at for one in changes)


def _compare(change: FileChange, context: Context) -> tuple[str, str]:
    """How the contents compare, and what of that explains the change ("": nothing)."""
    if change.after is None or context.sight is None:
        return "gone", ""
    if change.is_manifest and change.before.key in context.unread_manifests:
        return "unread", ""
    if change.is_manifest:
        same = change.before.key in context.same_manifests
        return ("same", SAME_CONTENTS) if same else ("different", "")
    check = context.sight.checks.get(change.before.key)
    content, digest = context.checked.get(change.before.key, (Content.UNCHECKED, ""))
    if check is None or check.content is Content.UNCHECKED or _may_be_read_later(check):
        return ("unread" if context.can_compare else "not compared"), ""
    if content is Content.DAMAGED and check.content is Content.SOUND:
        return "different", REPAIRED
    if check.content is Content.DAMAGED and content is not Content.DAMAGED:
        return "different", ""
    if not digest or not check.digest:
        return "not compared", ""
    return ("same", SAME_CONTENTS) if digest == check.digest else ("different", "")


def _may_be_read_later(check: FileCheck) -> bool:
    return check.content is Content.UNVERIFIABLE and check.reason in LATER


# --- how much it is --------------------------------------------------------------------------

LEAST = 10  # objects: of a small destination, one export is more than one per cent
PART = 0.01
MANY = 100


def is_mass(count: int, known: int) -> bool:
    """Whether `count` of `known` objects are a mass loss: more than 1 % or more than 100, and 10 at least."""
    return count >= LEAST and (count > MANY or count > known * PART)
