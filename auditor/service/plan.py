"""What an audit would read, before it reads: all is listed and matched, nothing opened, nothing written down."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from auditor.ledger import Ledger
from auditor.model import FileCheck, Level, Manifest, StoredFile
from auditor.service.limits import Limits, Newest
from auditor.service.reading import Reading
from auditor.verify.pool import Verifier

PAGE = 1000  # objects a listing request gives, where the destination sets no other page size


@dataclass(frozen=True, slots=True)
class AuditPlan:
    """What one audit would do."""

    files: int  # to read, manifests apart
    bytes: int
    manifests: int
    unchanged: int  # files whose check is taken from the ledger
    listing_requests: int  # about: one for each page
    allowed_files: int  # of them, what the limits let through
    allowed_bytes: int
    troubles: tuple[str, ...] = ()  # destinations that could not be listed, in one line each
    seconds: float | None = None  # about, at the rate of the last audits; None if none has read enough


@dataclass(slots=True)
class Tally:
    """Counts what is listed and what would be read, over all destinations."""

    newest: Newest = field(default_factory=lambda: Newest(Limits()))
    manifests: int = 0
    unchanged: int = 0
    requests: int = 0
    lock: Lock = field(default_factory=Lock)  # destinations are listed side by side

    def told(self, troubles: Sequence[str], ledger: Ledger) -> AuditPlan:
        """The plan, with the time it takes at the rate of the last audits: by files or by bytes, the longer."""
        rate = ledger.reading_rate()
        files, size = self.newest.count, self.newest.size
        seconds = max(files / rate.files_per_s, size / rate.bytes_per_s) if rate else None
        left = self.newest.choice()
        return AuditPlan(
            files=files,
            bytes=size,
            manifests=self.manifests,
            unchanged=self.unchanged,
            listing_requests=self.requests,
            allowed_files=files - left.left_files,
            allowed_bytes=size - left.left_bytes,
            troubles=tuple(troubles),
            seconds=seconds,
        )


class Planning(Reading):
    """Reads nothing: says which files a real reading would open."""

    def __init__(self, tally: Tally, *given: Any) -> None:
        super().__init__(*given)
        self._tally = tally

    def check(
        self,
        prefix: str,
        files: Sequence[StoredFile],
        level: Level,
        verifier: Verifier,  # noqa: ARG002  # the signature of Reading
    ) -> dict[str, tuple[StoredFile, FileCheck]]:
        """Takes note of the files that have no check yet; gives none."""
        done = {} if self.options.reverify else self.reusable(prefix, files, level)
        with self._tally.lock:
            self._tally.requests += 1 + len(files) // PAGE
            self._tally.unchanged += len(done)
            if level > Level.L1:  # up to there nothing is opened
                self._tally.newest.offer(self.name, (file for file in files if file.key not in done))
        return done

    def manifests(self, prefix: str, files: Sequence[StoredFile]) -> dict[str, Manifest]:
        """Known manifests as they are; others count as to be read, and as telling nothing yet."""
        known = self.known_manifests(prefix, files)
        with self._tally.lock:
            self._tally.manifests += len(files) - len(known)
        return {file.key: known.get(file.key) or Manifest(file, unreadable="not read yet") for file in files}
