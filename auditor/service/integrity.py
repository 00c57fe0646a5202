"""Holds what lies at a destination against what had come to rest there, look after look."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from adapters.base import Adapter, DestinationError, NotFound
from auditor.checks.arrival import PROTECTION_STALE
from auditor.checks.layout import DESTINATION_EMPTY, FOLDER_EMPTY
from auditor.checks.manifest import MANIFEST_FILE_MISSING, MANIFEST_MISSING
from auditor.ledger import Ledger
from auditor.model import (
    ChangeKind,
    DestinationFacts,
    Encryption,
    ExpectedRun,
    ExportFolder,
    FileChange,
    Finding,
    Level,
    Manifest,
    StoredFile,
    Verdict,
)
from auditor.reconcile.age import find_stale
from auditor.reconcile.dataset import Chain
from auditor.reconcile.integrity import (
    Context,
    Stand,
    Weighed,
    compare_export,
    digest_of,
    follow,
    is_mass,
    is_same,
    weigh_changes,
)
from auditor.reconcile.integrity_told import (
    as_it_came,
    find_changes,
    find_mass_loss,
    is_said_by_changes,
    with_changes,
    without_changes,
)
from auditor.reconcile.subject import Subject
from auditor.scan.earlier import Listing
from auditor.service.answer import PlaceAnswer
from auditor.service.chains import Expected
from auditor.service.options import AuditOptions
from auditor.verify.version import VERSION

PROBED = 3  # files of many that are asked for before a loss is believed
ASKED_ONE_BY_ONE = 200  # changes: more are left to the next listing


@dataclass(slots=True)
class _Judged:
    """One dataset of one flow: its changes, and what its verdicts are said with."""

    subject: Subject
    by_prefix: Mapping[str, Sequence[Weighed]]
    gone: Collection[str]  # of these prefixes, those without a folder
    seen: Mapping[str, Verdict]  # by prefix: how the run of a folder that no run has now stood when it had it
    stale: Callable[[Sequence[Verdict]], Iterator[Finding]]


class Integrity:
    """One look at one destination. Nothing is said of what this look did not list."""

    def __init__(
        self, facts: DestinationFacts, source: str, ledger: Ledger, options: AuditOptions, *, on: bool
    ) -> None:
        """`on`: the audit is one of the present whose ledger is kept; else nothing is compared and nothing said."""
        self._facts = facts
        self._source = source
        self._ledger = ledger
        self._options = options
        self._is_on = on
        self._adapter: Adapter | None = None
        self._judged: list[_Judged] = []
        self._weighed: dict[int, Weighed] = {}  # by number: a dataset may be in two flows
        self._covered: set[int] = set()  # changes whose place this look has listed
        self._compared: set[str] = set()
        self._absent: set[str] = set()  # keys that were asked for by name, too

    def begin(self, adapter: Adapter) -> None:
        """The place can be opened: `adapter` answers what single files are like."""
        self._adapter = adapter
        if self._is_on:
            self._since = self._ledger.source_since(self._facts.name, self._source, at=self._options.now)

    def compare(self, dataset: str, folders: Iterable[ExportFolder], listings: Sequence[Listing]) -> None:
        """Hold all folders of `dataset` that were listed now against what had come to rest. Before they are recorded.

        What was taken from earlier listings is not compared.
        """
        if not self._is_on or dataset in self._compared:
            return
        self._compared.add(dataset)
        carried = partial(_is_carried, listings)
        present = {f.prefix: f for f in folders if not carried(f.prefix)}
        standing = self._ledger.standing_changes(self._facts.name, dataset)
        self._follow([one for one in standing if not carried(one.prefix)], present)
        known = self._ledger.exports_unlike(self._facts.name, dataset, present, since=self._since)
        root = f"{self._facts.folder}/" if self._facts.folder else ""
        found: list[FileChange] = []
        for export in known:
            if carried(export.prefix) or not export.prefix.startswith(root):
                continue
            folder = present.get(export.prefix)
            changes = compare_export(export, _files(folder), self._facts.name, at=self._options.now)
            found += [one for one in changes if not self._is_past_retention(one)]
        self._ledger.record_changes([*self._with_what_was_said(self._believed(found))])

    def _follow(self, standing: Sequence[FileChange], present: Mapping[str, ExportFolder]) -> None:
        self._covered |= {one.id for one in standing}
        moved = []
        for prefix, some in groupby(sorted(standing, key=lambda one: one.prefix), key=lambda one: one.prefix):
            now = {file.key: file for file in _files(present.get(prefix))}
            for one in some:
                followed = follow(one, now.get(one.before.key), at=self._options.now)
                if followed != one and one.accepted is None:
                    moved.append(followed)
        self._ledger.update_changes(self._believed(moved))

    def _is_past_retention(self, change: FileChange) -> bool:
        retain = self._facts.retain
        return retain is not None and self._options.now - change.export_time > retain

    def _believed(self, changes: Sequence[FileChange]) -> list[FileChange]:
        """`changes` without the losses of files that are there all the same when asked for by name.

        So it is where a pattern now leaves them out, or another layout is configured: they are no longer looked at.
        """
        gone = [one for one in changes if one.kind is ChangeKind.DELETED and one.undone_at is None]
        few = gone if len(gone) <= ASKED_ONE_BY_ONE else gone[:: len(gone) // PROBED]
        if any([self._is_there(one) for one in few]):  # noqa: C419 (each is asked for)
            left_out = [one for one in gone if self._is_there(one)]
            self._ledger.leave_out(left_out)
            keys = {one.before.key for one in left_out}
            return [one for one in changes if one.before.key not in keys]
        return [*changes]

    def _is_there(self, change: FileChange) -> bool:
        """Whether a file that was not listed can be described. Nobody can tell: no."""
        key = change.before.key
        if self._adapter is None or key in self._absent:
            return False
        try:
            self._adapter.describe_object(key)
        except NotFound:
            self._absent.add(key)
            return False
        except DestinationError:
            return False
        return True

    def _with_what_was_said(self, changes: Sequence[FileChange]) -> Iterator[FileChange]:
        """`changes`, those of manifests with a digest of what they said: it is written over when they are read anew."""
        prefixes = {one.prefix for one in changes if one.is_manifest}
        read = [self._ledger.known_manifests(self._facts.name, prefix, verifier=VERSION) for prefix in prefixes]
        known = {key: manifest for some in read for key, manifest in some.items()}
        for one in changes:
            old = known.get(one.before.key)
            yield replace(one, said=digest_of(old)) if old and is_same(old.file, one.before) else one

    def weigh(self, expected: Expected, chain: Chain, manifests: Mapping[str, Manifest], level: Level) -> None:
        """Say what explains the changes of one dataset of one flow, its files having been read."""
        if not self._is_on:
            return
        standing = self._ledger.standing_changes(self._facts.name, expected.dataset)
        if not standing:
            return
        by_prefix: dict[str, list[FileChange]] = defaultdict(list)
        for one in standing:
            by_prefix[one.prefix].append(one)
        run_of = {folder.prefix: run for run, folder in chain.match.runs if folder}
        without = [prefix for prefix in by_prefix if prefix not in run_of]
        seen = self._ledger.verdicts_on_folders(expected.flow.name, expected.dataset, self._facts.name, without)
        runs = {run.key.due: run for run in expected.runs}
        run_of |= {prefix: runs[old.due] for prefix, old in seen.items() if old.due in runs}
        deadline = max((w.deadline for w in expected.flow.windows.values()), default=timedelta(hours=12))
        weighed: dict[str, Sequence[Weighed]] = {}
        for prefix, changes in by_prefix.items():
            run, sight = run_of.get(prefix), chain.sights.get(prefix)
            context = Context(
                ends_at=run.missing_after if run else changes[0].export_time + deadline,
                sight=sight,
                run_ended=sight.run_ended if sight else None,
                checked=self._ledger.digests_of(self._facts.name, [one.before for one in changes]),
                same_manifests=self._same_manifests(changes, manifests),
                unread_manifests=frozenset(key for key, manifest in manifests.items() if manifest.unreadable),
                can_compare=level >= Level.L3 and expected.flow.encryption is Encryption.NONE,
            )
            weighed[prefix] = self._weigh(changes, context)
        gone = {prefix for prefix in by_prefix if prefix not in chain.sights}
        self._judged.append(_Judged(chain.subject, weighed, gone, seen, _stale_of(chain, now=self._options.now)))

    def _weigh(self, changes: Sequence[FileChange], context: Context) -> list[Weighed]:
        if fresh := [one for one in changes if one.id not in self._weighed]:
            self._weighed |= {one.change.id: one for one in weigh_changes(fresh, context, now=self._options.now)}
        return [self._weighed[one.id] for one in changes]

    def _same_manifests(self, changes: Sequence[FileChange], manifests: Mapping[str, Manifest]) -> frozenset[str]:
        """The keys of manifests that say what they said before."""
        read = ((one, manifests.get(one.before.key)) for one in changes if one.said)
        return frozenset(one.before.key for one, new in read if new and digest_of(new) == one.said)

    def finish(self, answer: PlaceAnswer, *, whole: bool) -> None:
        """Say in `answer` what changed. `whole`: the destination was looked at from end to end."""
        if not self._is_on or not self._compared:
            return
        self._settle()
        for judged in self._judged:
            self._say(judged, answer)
        told = [one for one in self._ledger.standing_changes(self._facts.name) if one.accepted is None]
        if not told:  # counting what is known takes a while where it is much
            return
        confirmed = [one for one in told if one.confirmed_at is not None]
        known = self._ledger.count_at_rest(self._facts.name, since=self._since)
        if whole and is_mass(len(confirmed), known):
            subject = Subject(self._facts.name, severities=self._facts.severities)
            answer.findings.append(find_mass_loss(subject, confirmed, known))
        once = {one.change.prefix for one in self._weighed.values() if one.stand is Stand.OPEN and not one.is_told}
        if once:  # the next look decides
            self._list_again(once)
            if is_mass(len(told), known):
                answer.findings = [one for one in answer.findings if not _follows(one, once)]

    def _settle(self) -> None:
        """Keep what is explained, and what is seen a second time: by this listing, or one by one where it is little."""
        now = self._options.now
        explained = [one.change for one in self._weighed.values() if one.stand is Stand.EXPLAINED]
        open_ones = [one.change for one in self._weighed.values() if one.stand is Stand.OPEN and not one.is_told]
        if not open_ones:
            self._ledger.update_changes(explained)
            return
        again = {one.id for one in open_ones if one.id in self._covered and one.seen_at < now}
        first = [one for one in open_ones if one.id not in again]
        standing = [one for one in self._ledger.standing_changes(self._facts.name) if one.accepted is None]
        counted = sum(one.confirmed_at is not None for one in standing) + len(open_ones)
        known = self._ledger.count_at_rest(self._facts.name, since=self._since)
        if not is_mass(counted, known) and len(first) <= ASKED_ONE_BY_ONE:
            again |= {one.id for one in first if self._is_seen_again(one)}
        confirmed = [replace(one, confirmed_at=now) for one in open_ones if one.id in again]
        self._ledger.update_changes([*explained, *confirmed])
        for one in confirmed:
            self._weighed[one.id] = replace(self._weighed[one.id], change=one)

    def _is_seen_again(self, change: FileChange) -> bool:
        """Whether the file by itself is as the listing said: gone, or changed in the same way."""
        key = change.before.key
        if change.kind is ChangeKind.DELETED:
            return key in self._absent or (not self._is_there(change) and key in self._absent)
        try:
            info = self._adapter.describe_object(key) if self._adapter else None
        except DestinationError:
            return False
        if info is None or change.after is None:
            return False
        return is_same(change.after, StoredFile(info.key, info.size, info.modified, info.version, info.archived))

    def _list_again(self, prefixes: Collection[str]) -> None:
        """Have the next look list in full what lies around these."""
        for kept in self._ledger.kept_listings(self._facts.name):
            if any(prefix.startswith(kept) for prefix in prefixes):
                self._ledger.forget_listing(self._facts.name, kept)

    def _say(self, judged: _Judged, answer: PlaceAnswer) -> None:
        """Bring the changes of one dataset into its verdicts; those of folders that no run has stand for themselves."""
        subject = judged.subject
        mine = [v for v in answer.verdicts if (v.flow, v.dataset) == (subject.flow, subject.dataset)]
        of_due = {v.due: v for v in mine if v.due is not None}
        of_folder = {v.folder: v for v in mine if v.folder}
        said: dict[int, tuple[Verdict | None, Verdict]] = {}  # by identity of the old verdict
        for prefix, before in judged.by_prefix.items():
            weighed = [self._weighed[one.change.id] for one in before]
            if all(one.stand is Stand.EXPLAINED for one in weighed):
                continue
            seen = judged.seen.get(prefix)
            old = of_folder.get(prefix) or (of_due.get(seen.due) if seen and seen.due else None)
            if old is not None:
                now = said.get(id(old), (old, old))[1]
                base = as_it_came(seen, old, weighed) if seen and is_said_by_changes(now, weighed) else now
                said[id(old)] = old, with_changes(base, prefix, weighed, subject.at(old.due))
            elif seen is None:
                answer.findings += find_changes(subject, prefix, weighed)
            elif any(one.change.kind is ChangeKind.DELETED for one in weighed):
                # Its run is older than what this look judges: it stands as it stood, but for what is gone.
                base = as_it_came(seen, seen, weighed) if prefix in judged.gone else without_changes(seen, prefix)
                new = with_changes(base, prefix, weighed, subject.at(seen.due))
                if new != seen:
                    said[id(new)] = None, new
        if said:
            _replace(answer, [*said.values()])
            self._judge_age(judged, answer)

    def _judge_age(self, judged: _Judged, answer: PlaceAnswer) -> None:
        """How old the newest sound export is, once more: the one that counted may be gone."""
        whose = (judged.subject.flow, judged.subject.dataset)
        answer.findings = [
            one for one in answer.findings if one.code != PROTECTION_STALE.code or (one.flow, one.dataset) != whose
        ]
        answer.findings += judged.stale([v for v in answer.verdicts if (v.flow, v.dataset) == whose])


def _replace(answer: PlaceAnswer, said: Sequence[tuple[Verdict | None, Verdict]]) -> None:
    """Put new verdicts in the place of old ones, with all that was said in them."""
    olds = [old for old, _ in said if old is not None]
    places = {id(old) for old in olds}
    findings = {id(finding) for old in olds for finding in old.findings}
    doubts = {id(doubt) for old in olds for doubt in old.unverifiable}
    news = [new for _, new in said]
    answer.verdicts = [one for one in answer.verdicts if id(one) not in places] + news
    answer.findings = [one for one in answer.findings if id(one) not in findings]
    answer.findings += [finding for new in news for finding in new.findings]
    answer.unverifiable = [one for one in answer.unverifiable if id(one) not in doubts]
    answer.unverifiable += [doubt for new in news for doubt in new.unverifiable]


def _stale_of(chain: Chain, *, now: datetime) -> Callable[[Sequence[Verdict]], Iterator[Finding]]:
    """What is asked of the age of the protection when a chain is judged, without keeping what was read for it."""
    return partial(
        _find_stale,
        chain.subject,
        [run for run, _ in chain.match.runs if run.key.due <= now],
        {prefix: sight.folder.export_time for prefix, sight in chain.sights.items()},
        chain.max_age,
        chain.max_age_is_default,
        now,
    )


def _find_stale(
    subject: Subject,
    runs: Sequence[ExpectedRun],
    export_times: dict[str, datetime],
    max_age: timedelta | None,
    is_default: bool,
    now: datetime,
    verdicts: Sequence[Verdict],
) -> Iterator[Finding]:
    return find_stale(subject, verdicts, runs, export_times, max_age=max_age, is_default=is_default, now=now)


def _files(folder: ExportFolder | None) -> tuple[StoredFile, ...]:
    return (*folder.files, *folder.manifests) if folder else ()


def _is_carried(listings: Sequence[Listing], prefix: str) -> bool:
    return any(listing.carries(prefix) for listing in listings)


def _follows(finding: Finding, prefixes: Collection[str]) -> bool:
    """Whether it is found only because files of these folders are gone: told with the loss, once that is certain."""
    if finding.code == DESTINATION_EMPTY.code:
        return True
    lacks = finding.code in (FOLDER_EMPTY.code, MANIFEST_MISSING.code, MANIFEST_FILE_MISSING.code)
    return lacks and any(finding.key.startswith(prefix) for prefix in prefixes)
