"""One audit of one destination: look, match, read, judge, write down; dataset by dataset."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile
from time import monotonic

from adapters.base import Adapter, DestinationError, OpenAdapter
from auditor.expect import flow_end
from auditor.flow.claims import Held
from auditor.ledger import Ledger
from auditor.model import (
    DestinationFacts,
    Encryption,
    ExportFolder,
    FileCheck,
    Flow,
    Level,
    Look,
    Manifest,
    StoredFile,
)
from auditor.reconcile.arrival import is_at_rest
from auditor.reconcile.dataset import Chain, blind_chain, judge_chain
from auditor.reconcile.manifests import ManifestsAbove
from auditor.reconcile.matching import Match
from auditor.reconcile.places import (
    Trouble,
    doubt_of,
    doubts_of_manifests,
    find_broken_above,
    find_empty_destination,
    find_ended,
    find_malformed,
    find_strays,
    find_trouble,
    find_unknown_datasets,
)
from auditor.reconcile.sight import FolderSight
from auditor.reconcile.subject import Subject
from auditor.scan import MalformedFolder, Partition, Scan, scan_destination
from auditor.service.answer import PlaceAnswer
from auditor.service.chains import Expected, expect_datasets
from auditor.service.holding import hold_runs, with_claims
from auditor.service.integrity import Integrity
from auditor.service.options import AuditOptions, Progress, Quiet
from auditor.service.reading import Reading
from auditor.service.repeat import Repeating, looks_of, seen_now
from auditor.service.run_records import RunRecords
from auditor.service.trouble import trouble_of
from auditor.verify.file import judge_encrypted
from auditor.verify.pool import Verifier
from auditor.verify.reasons import Reason


class PlaceAudit:
    """Audits one destination once. Its troubles stay its own: no DestinationError leaves it."""

    def __init__(
        self,
        facts: DestinationFacts,
        flows: Sequence[Flow],
        watched: dict[str, datetime],
        ledger: Ledger,
        book: Ledger,
        options: AuditOptions,
        source: str = "",
        records: RunRecords | None = None,
    ) -> None:
        """`ledger`: what is known of files and folders; `book`: where this audit's sights and verdicts go.

        `source`: what the destination's name stands for; another one's listings are not taken over. `records`: of the
        flows' runs; without them nothing is held against Experience Platform.
        """
        self._facts = facts
        self._flows = flows
        self._watched = watched
        self._ledger = ledger
        self._book = book
        self._options = options
        self._progress: Progress = Quiet()
        self._records = records
        self._subject = Subject(facts.name, severities=facts.severities)
        self._answer = PlaceAnswer()
        self._silent: dict[str, Manifest] = {}  # by key: those above the export folders that gave no answer
        self._earliest = min((watched[f.name] for f in flows if f.name in watched), default=options.now)
        self._open: dict[tuple[str, str], Expected] = {}  # not judged yet, by flow and dataset
        self._repeating = Repeating(facts, source, ledger, book, options, self._open.values())
        self._integrity = Integrity(facts, source, ledger, options, on=book is ledger and not options.is_past)
        self._listed: set[str] = set()  # folders of the partition that were listed in this audit
        self._moved: list[str] = []  # keys that turned out to be other than listed
        self._began_s = monotonic()

    def run(
        self,
        open_adapter: OpenAdapter,
        verifier: Verifier,
        progress: Progress,
        read_with: Callable[..., Reading] = Reading,
    ) -> tuple[PlaceAnswer, Reading | None]:
        """Look at everything in scope. What could not be looked at is `unknown`, never missing."""
        self._progress = progress
        for flow in self._flows:
            if ids := [d.id for d in flow.datasets if self._options.selects(flow, d.id)]:
                self._expect(flow, ids)
        self._book.record_expected(
            (run for expected in self._open.values() for run in expected.watched), at=self._options.now
        )
        adapter: Adapter | None = None
        reading: Reading | None = None
        try:
            adapter = open_adapter()
            reading = read_with(self._facts.name, adapter, open_adapter, self._ledger, self._options, self._progress)
            self._look(adapter, reading, verifier)
        except DestinationError as error:
            self._be_blind(trouble_of(error, adapter))
            self._integrity.finish(self._answer, whole=False)
        finally:
            if adapter:
                for remark in adapter.remarks:
                    self._progress.note(f"{self._facts.name}: {remark}")
                adapter.close()
        self._tell_silent_manifests()
        if reading:
            told = {finding.code for finding in self._answer.findings}
            for trouble in [one for one in reading.troubles.values() if one.code not in told]:
                self._answer.findings.append(find_trouble(self._subject, trouble))
        return self._answer, reading

    def _expect(self, flow: Flow, ids: Sequence[str]) -> None:
        now = self._options.now
        for expected in expect_datasets(flow, ids, watched_since=self._watched[flow.name], now=now):
            self._open[flow.name, expected.dataset] = expected
        subject = Subject(self._facts.name, flow.name, severities={**self._facts.severities, **flow.severities})
        self._answer.findings += find_ended(subject, flow_end(flow), now=now)

    def _look(self, adapter: Adapter, reading: Reading, verifier: Verifier) -> None:
        self._progress.stage(f"listing {self._facts.name}")
        self._integrity.begin(adapter)
        now = self._options.now if self._options.is_past else None
        earlier = None if self._options.is_past else self._repeating
        scan = scan_destination(adapter, self._facts, self._flows, now=now, earlier=earlier)
        for flow, why in scan.unjudgeable.items():
            for expected in [e for e in self._open.values() if e.flow.name == flow]:
                self._be_blind_to(expected, why)
        for partition in scan.partitions(only=self._datasets_in_scope()):
            self._judge_partition(partition, reading, verifier)
            self._find_malformed(partition.malformed)
        for expected in list(self._open.values()):  # datasets of which nothing lies there
            self._answer.looks.append(Look(self._facts.name, expected.dataset))
            self._integrity.compare(expected.dataset, (), ())
            self._judge(expected, (), {}, ManifestsAbove(()), reading, verifier)
        if not self._options.is_partial:
            self._find_places(scan)
        self._integrity.finish(self._answer, whole=not self._options.is_partial)

    def _datasets_in_scope(self) -> frozenset[str] | None:
        """The datasets whose folders must be listed; None for all."""
        return frozenset(dataset for _, dataset in self._open) if self._options.is_partial else None

    def _judge_partition(self, partition: Partition, reading: Reading, verifier: Verifier) -> None:
        by_dataset: dict[str, list[ExportFolder]] = defaultdict(list)
        for folder in (*partition.folders, *partition.empty_folders):
            by_dataset[folder.dataset].append(folder)
        datasets = sorted({e.dataset for e in self._open.values() if e.dataset in partition.datasets})
        self._answer.looks += looks_of(self._facts.name, partition, datasets)
        for dataset in datasets:
            self._integrity.compare(dataset, by_dataset.get(dataset, ()), partition.listings)
        listed = seen_now(partition)
        self._listed = {folder.prefix for folder in listed}
        self._book.record_folders(self._facts.name, listed, at=self._options.now)
        self._repeating.record(partition)
        files = [*partition.manifests_above, *(m for f in partition.folders for m in f.manifests)]
        manifests = reading.manifests(_common_prefix(files), files)
        above = ManifestsAbove([manifests[file.key] for file in partition.manifests_above])
        self._silent |= {manifest.file.key: manifest for manifest in above.silent}
        for expected in [e for e in self._open.values() if e.dataset in partition.datasets]:
            folders = [f for f in by_dataset.get(expected.dataset, []) if expected.flow.name in f.flows]
            self._judge(expected, folders, manifests, above, reading, verifier)
        self._repeating.forget(partition, self._moved)
        self._moved.clear()

    def _judge(
        self,
        expected: Expected,
        folders: Sequence[ExportFolder],
        manifests: Mapping[str, Manifest],
        above: ManifestsAbove,
        reading: Reading,
        verifier: Verifier,
    ) -> None:
        """Judge one dataset of one flow, all its folders known."""
        now = self._options.now
        match = expected.match(folders, now=now)
        history = self._ledger.folder_history(self._facts.name, expected.dataset)
        sights = {}
        for folder in folders:
            told = tuple(manifests[file.key] for file in folder.manifests) + above.about(folder)
            past = history.get(folder.prefix)
            sights[folder.prefix] = FolderSight(
                folder,
                manifests=told,
                whole_at=_not_after(past.whole_at if past else None, now),
                changed_seen_at=_not_after(past.changed_seen_at if past else None, now),
                destination_folder=self._facts.folder,
            )
        seen = self._ledger.dues_seen(expected.flow.name, expected.dataset, self._facts.name, until=now)
        held = self._hold(expected, match, sights)
        sights = dict(with_claims(match, sights, held))
        chain = expected.chain(self._facts, match, sights.values(), seen, held, now=now)
        ready = list(_at_rest(chain, now=now))
        files = [file for folder in reversed(ready) for file in folder.files]  # newest first
        self._progress.stage(f"verifying {expected.flow.name} / {expected.dataset}", len(files))
        level = expected.flow.level if self._options.level is None else self._options.level
        if expected.flow.encryption is Encryption.PGP and level > Level.L1:
            checks = {file.key: (file, judge_encrypted(file)) for file in files}
        else:
            checks = reading.check(_common_prefix(files), files, level, verifier)
        self._moved += [file.key for file in files if file.key in checks and _is_other(file, *checks[file.key])]
        for folder in ready:
            sights[folder.prefix] = _with_checks(sights[folder.prefix], checks)
        # As it stood since its last change: what is written over later has arrived no later for that.
        # A long look comes to it a while after `now`: it was not there before it was written.
        reached = now if self._options.is_past else now + timedelta(seconds=monotonic() - self._began_s)
        whole = {one.prefix: min(one.changed_at or now, reached) for one in ready if sights[one.prefix].may_be_whole}
        if self._book is not self._ledger:  # which knows only what was listed in this look
            whole = {prefix: moment for prefix, moment in whole.items() if prefix in self._listed}
        self._book.record_whole(self._facts.name, whole, now)
        chain = replace(chain, sights=sights)
        self._integrity.weigh(expected, chain, manifests, level)
        self._answer.add(judge_chain(chain, now=now))
        del self._open[expected.flow.name, expected.dataset]

    def _hold(self, expected: Expected, match: Match, sights: Mapping[str, FolderSight]) -> Held:
        if self._records is None:
            return Held()
        return hold_runs(self._records, expected, match, sights, now=self._options.now)

    def _be_blind(self, trouble: Trouble) -> None:
        """Everything not judged yet is unknown, for one reason, told once."""
        self._answer.findings.append(find_trouble(self._subject, trouble))
        self._answer.unverifiable.append(doubt_of(self._subject, trouble))
        for expected in list(self._open.values()):
            self._be_blind_to(expected, trouble.reason)

    def _be_blind_to(self, expected: Expected, reason: str) -> None:
        """One dataset that could not be looked at, or whose folders do not say enough to be judged."""
        match = expected.match((), now=self._options.now)
        held = self._hold(expected, match, {})
        chain = expected.chain(self._facts, match, (), (), held, now=self._options.now)
        self._answer.add(blind_chain(chain, reason=reason, now=self._options.now))
        del self._open[expected.flow.name, expected.dataset]

    def _tell_silent_manifests(self) -> None:
        """Manifests above the export folders that gave no answer belong to no run: they are told once, here."""
        watched = [m for _, m in sorted(self._silent.items()) if m.file.modified >= self._earliest]
        self._answer.findings += find_broken_above(self._subject, watched)
        self._answer.unverifiable += doubts_of_manifests(self._subject, watched)

    def _find_malformed(self, folders: Iterable[MalformedFolder]) -> None:
        by_dataset: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
        for malformed in folders:
            by_dataset[malformed.dataset].append((malformed.prefix, malformed.why, malformed.count))
        for dataset, found in by_dataset.items():
            self._answer.findings += find_malformed(replace(self._subject, dataset=dataset), found)

    def _find_places(self, scan: Scan) -> None:
        if scan.found_nothing:
            folder, verdicts = self._facts.folder, self._answer.verdicts
            self._answer.findings += find_empty_destination(self._subject, folder, scan.nearest, verdicts)
        self._find_malformed(scan.malformed)
        self._answer.findings += find_strays(self._subject, scan.strays.count, scan.strays.first)
        unknown = {dataset: seen.prefix for dataset, seen in scan.unknown_datasets.items()}
        self._answer.findings += find_unknown_datasets(self._subject, unknown)


def _at_rest(chain: Chain, *, now: datetime) -> Iterator[ExportFolder]:
    """The folders whose content may be judged now, oldest first."""
    how = chain.expectations
    ready = [
        folder
        for run, folder in chain.match.runs
        if folder and is_at_rest(run, chain.sights[folder.prefix], how, now=now)
    ]
    left_over = [*(folder for folder, _ in chain.match.duplicates), *chain.match.unexpected]
    ready += [folder for folder in left_over if chain.is_settled(chain.sights[folder.prefix], now=now)]
    return iter(sorted(ready, key=lambda folder: folder.export_time))


def _with_checks(sight: FolderSight, checks: Mapping[str, tuple[StoredFile, FileCheck]]) -> FolderSight:
    """The sight with its files as they were when checked."""
    files = tuple(checks[file.key][0] if file.key in checks else file for file in sight.folder.files)
    mine = {file.key: checks[file.key][1] for file in files if file.key in checks}
    return replace(sight, folder=replace(sight.folder, files=files), checks=mine)


def _is_other(listed: StoredFile, now: StoredFile, check: FileCheck) -> bool:
    """Whether a file turned out to be another than the listing said, or to be gone."""
    return now != listed or check.reason in (Reason.CHANGED, Reason.VANISHED)


def _not_after(moment: datetime | None, now: datetime) -> datetime | None:
    """What a past audit could have known."""
    return moment if moment and moment <= now else None


def _common_prefix(files: Iterable[StoredFile]) -> str:
    """The longest folder that all keys share: what the ledger is asked for in one go."""
    folders = [file.key.split("/")[:-1] for file in files]
    shared = list(takewhile(lambda names: len(set(names)) == 1, zip(*folders, strict=False)))
    return "".join(f"{names[0]}/" for names in shared)
