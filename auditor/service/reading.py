"""Brings each file a check: from the ledger where it is unchanged, else by reading it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from adapters.base import Adapter, DestinationError, NotFound, OpenAdapter, inert
from auditor.ledger import Ledger
from auditor.model import Content, FileCheck, Level, Manifest, StoredFile
from auditor.reconcile.places import Trouble
from auditor.scan.manifest import read_manifest
from auditor.service.limits import Choice
from auditor.service.options import AuditOptions, Progress
from auditor.service.trouble import HOPELESS, trouble_of_check
from auditor.verify.pool import Verifier
from auditor.verify.reasons import Reason
from auditor.verify.version import VERSION

GIVE_UP_AFTER = 8  # files in a row that the destination itself would not give
PROOF = {Content.SOUND, Content.DAMAGED}


class Reading:
    """Reads the files of one destination for one audit, and counts what it did."""

    def __init__(
        self,
        name: str,
        adapter: Adapter,
        open_adapter: OpenAdapter,
        ledger: Ledger,
        options: AuditOptions,
        progress: Progress,
        choice: Choice | None = None,
    ) -> None:
        """`choice`: the only files that may be read; the others stay unchecked."""
        self.name = name
        self._adapter = adapter
        self._open_adapter = open_adapter
        self._ledger = ledger
        self.options = options
        self._progress = progress
        self._choice = choice
        self._in_a_row = 0
        self._refusal: FileCheck | None = None
        self.files_read = 0
        self.files_reused = 0
        self.bytes_read = 0
        self.troubles: dict[str, Trouble] = {}  # by code: the first file that showed it

    def check(
        self, prefix: str, files: Sequence[StoredFile], level: Level, verifier: Verifier
    ) -> dict[str, tuple[StoredFile, FileCheck]]:
        """A check for each of `files` (all below `prefix`), by key, with the file as it was when checked.

        A file that was replaced since the listing is described anew and judged as it is now (left unchecked,
        where it may still be being written); one that changes again is left unchecked. One that stays as it
        was described and yet gives other bytes than that did not change: its destination contradicts itself,
        and it is unverifiable.
        """
        done = {} if self.options.reverify else self.reusable(prefix, files, level)
        self.files_reused += len(done)
        for _, check in done.values():
            self._note_trouble(check)
        fresh = self._read([f for f in files if f.key not in done and self._may_read(f, level)], level, verifier)
        changed = [key for key, (_, check) in fresh.items() if check.reason == "changed"]
        # Where files are seen while they are written, what is there now may be half of it: not before it has settled.
        described = [(fresh[key][0], file) for key in changed if (file := self._now(key))]
        whole = self._adapter.traits.appears_whole
        again = [file for before, file in described if whole or file.fingerprint == before.fingerprint]
        fresh |= self._contradicted(self._read(again, level, verifier))
        now = datetime.now(UTC)
        self._ledger.record_checks(self.name, fresh.values(), at=now, verifier=VERSION)
        return done | {key: (file, _settled(check)) for key, (file, check) in fresh.items()}

    def manifests(self, prefix: str, files: Sequence[StoredFile]) -> dict[str, Manifest]:
        """The manifests of a partition as read, by key. Unchanged ones come from the ledger."""
        known = self.known_manifests(prefix, files)
        fresh = [read_manifest(self._adapter, file) for file in files if file.key not in known]
        self._ledger.record_manifests(self.name, fresh, at=datetime.now(UTC), verifier=VERSION)
        return known | {manifest.file.key: manifest for manifest in fresh}

    def known_manifests(self, prefix: str, files: Sequence[StoredFile]) -> dict[str, Manifest]:
        """Manifests that an earlier audit has read and that are unchanged, by key."""
        if self.options.reverify or not files:
            return {}
        known = self._ledger.known_manifests(self.name, prefix, verifier=VERSION)
        return {f.key: m for f in files if (m := known.get(f.key)) and m.file.fingerprint == f.fingerprint}

    def reusable(
        self, prefix: str, files: Sequence[StoredFile], level: Level
    ) -> dict[str, tuple[StoredFile, FileCheck]]:
        """Checks that the ledger keeps of these very bytes, deep enough for `level`, by key."""
        known: Mapping[str, tuple[StoredFile, FileCheck]]
        known = self._ledger.known_checks(self.name, prefix, verifier=VERSION) if files else {}
        reusable = {}
        for file in files:
            before, check = known.get(file.key, (None, None))
            if before and check and before.fingerprint == file.fingerprint and self._answers(check, level):
                reusable[file.key] = (file, check)
        return reusable

    def _answers(self, check: FileCheck, level: Level) -> bool:
        """Whether an earlier check will do. Where nothing is read, "could not check" is the last word as well."""
        stands = not self.options.reads and check.content is Content.UNVERIFIABLE
        return stands or _still_holds(check, level)

    def _read(
        self, files: Sequence[StoredFile], level: Level, verifier: Verifier
    ) -> dict[str, tuple[StoredFile, FileCheck]]:
        by_key = {file.key: file for file in files}
        checks: dict[str, tuple[StoredFile, FileCheck]] = {}
        for check in verifier.verify(self._while_there_is_hope(files), level, open_adapter=self._open_adapter):
            checks[check.key] = (by_key[check.key], check)
            self._count(check)
        for file in files:  # those that were not even tried
            if file.key not in checks and self._refusal:
                checks[file.key] = (file, replace(self._refusal, key=file.key, bytes_read=0))
        return checks

    def _may_read(self, file: StoredFile, level: Level) -> bool:
        if not self.options.reads:
            return False
        return level <= Level.L1 or self._choice is None or self._choice.holds(self.name, file)

    def _while_there_is_hope(self, files: Iterable[StoredFile]) -> Iterator[StoredFile]:
        """Hands out files until the destination has refused too many in a row."""
        for file in files:
            if self._in_a_row >= GIVE_UP_AFTER:
                return
            yield file

    def _count(self, check: FileCheck) -> None:
        self.files_read += 1
        self.bytes_read += check.bytes_read
        if check.reason in HOPELESS:
            self._in_a_row += 1
            self._refusal = check
        else:
            self._in_a_row = 0
        self._note_trouble(check)
        self._progress.advance()

    def _contradicted(
        self, checks: Mapping[str, tuple[StoredFile, FileCheck]]
    ) -> dict[str, tuple[StoredFile, FileCheck]]:
        """`checks`, with those that call a file changed which its destination still describes as it was."""
        told = dict(checks)
        for key, (file, check) in checks.items():
            if check.reason == Reason.CHANGED and self._now(key) == file:
                error = f"{self.name}: read {key!r}: it gives another number of bytes than it lists ({file.size})"
                facts = {**check.facts, "error": inert(error)}
                told[key] = (file, replace(check, reason=Reason.UNSUPPORTED_DESTINATION, facts=facts))
                self._note_trouble(told[key][1])
        return told

    def _note_trouble(self, check: FileCheck) -> None:
        trouble = trouble_of_check(check, self._adapter)
        if trouble:
            self.troubles.setdefault(trouble.code, trouble)

    def _now(self, key: str) -> StoredFile | None:
        try:
            info = self._adapter.describe_object(key)
        except NotFound:
            return None
        except DestinationError as error:
            self._progress.note(str(error))
            return None
        return StoredFile(info.key, info.size, info.modified, info.version, info.archived)


def _still_holds(check: FileCheck, level: Level) -> bool:
    """Whether an earlier check answers what is asked now. "Could not check" never does."""
    if check.content is Content.DAMAGED:
        return True
    return check.content is Content.SOUND and (check.level >= level or _is_as_deep_as_can_be(check))


def _is_as_deep_as_can_be(check: FileCheck) -> bool:
    """Whether L4 was asked for before and the provider keeps no checksum to compare with."""
    return check.level is Level.L3 and "provider_checksum" in check.facts


def _settled(check: FileCheck) -> FileCheck:
    """A file that changed or vanished while it was looked at is unchecked: not bad, not unreadable."""
    if check.reason in ("changed", "vanished"):
        return replace(check, content=Content.UNCHECKED)
    return check
