"""What was seen of one export folder, and whether it has come to rest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auditor.model import ExportFolder, FileCheck, Manifest
from auditor.reconcile.manifests import Compared, Told, compare, what_is_told


@dataclass(frozen=True, slots=True)
class FolderSight:
    """An export folder with all that is known of it at the time of the audit."""

    folder: ExportFolder
    manifests: tuple[Manifest, ...] = ()  # in the folder, and those above it that may speak of it
    checks: Mapping[str, FileCheck] = field(default_factory=dict)  # by key; empty before verification
    whole_at: datetime | None = None  # when the ledger first saw it whole
    changed_seen_at: datetime | None = None  # when the ledger last noticed a change between two audits
    destination_folder: str = ""  # the folder path of the destination
    run_ended: datetime | None = None  # when the run that made it ended, by its record
    is_accounted_for: bool = False  # by the record of a run that has ended, these files are all that it wrote

    @property
    def changed_at(self) -> datetime | None:
        """The last change of anything in the folder, upload leftovers included."""
        moments = [file.modified for file in (*self.folder.files, *self.folder.manifests, *self.folder.temporary)]
        if self.changed_seen_at:
            moments.append(self.changed_seen_at)
        return max(moments, default=None)

    @property
    def told(self) -> Told:
        """What the manifests tell of it."""
        return what_is_told(self.folder, self.manifests, self.destination_folder)

    @property
    def compared(self) -> Compared:
        """Its files held against what the manifests tell."""
        return compare(self.folder, self.told)

    @property
    def has_unread_manifest(self) -> bool:
        """A manifest lies in the folder and could not be read: it has come, waiting for it tells no more."""
        return any(m.unreadable and m.file.key.startswith(self.folder.prefix) for m in self.manifests)

    @property
    def is_listed_whole(self) -> bool:
        """A manifest speaks of this folder, and its files are those it lists, each with the size it says."""
        told = self.told
        if told.tells_nothing or self.folder.temporary or any(entry.size is None for entry in told.entries):
            return False
        compared = compare(self.folder, told)
        return compared.agrees and not compared.extra

    @property
    def may_be_whole(self) -> bool:
        """There are files, and nothing tells that more are to come."""
        return bool(self.folder.files) and not self.folder.temporary and self.compared.agrees

    def is_settled(self, *, settle: timedelta, now: datetime) -> bool:
        """Whether its content may be judged: whole by its manifest or its run record, or unchanged for `settle`."""
        if self.is_listed_whole:
            return True
        if self.folder.temporary:
            return False
        if self.is_accounted_for:
            return True
        return self.changed_at is None or now - self.changed_at >= settle
