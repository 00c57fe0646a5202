"""One destination scanned: its listing as partitions of export folders, and what else was seen on the way."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from adapters.base import Adapter, Folder, ObjectInfo
from auditor.model import DestinationFacts, Flow, StoredFile
from auditor.scan.earlier import Earlier
from auditor.scan.grouping import Grouping, StrayCount
from auditor.scan.layout import Layout
from auditor.scan.looking import Looking
from auditor.scan.nearest import find_nearest
from auditor.scan.observed import MalformedFolder, Partition, Strays, UnknownDataset
from auditor.scan.plan import Plan, Work, find_conflicts, make_plan
from auditor.scan.probe import FOLDERS_PROBED, probe_folder
from auditor.scan.template import TemplateError
from auditor.settings.patterns import fits

_FOLDERS_COUNTED = 5  # of an unknown dataset


def scan_destination(
    adapter: Adapter,
    facts: DestinationFacts,
    flows: Sequence[Flow],
    *,
    now: datetime | None = None,
    earlier: Earlier | None = None,
) -> "Scan":
    """Prepare a scan. Nothing is listed before `Scan.partitions()`.

    `flows`: all of this destination, those too that are left out this time (see `partitions`): what is of a
    flow that the scan does not know would be taken for malformed, stray or an unknown dataset.

    `now`, given for an audit of a past moment, leaves out objects modified after it, as if they were not
    there yet. Leave it out otherwise: a store whose clock is ahead of ours would lose its newest objects.

    `earlier` remembers listings between scans: where it recalls one, and the destination can start a listing at a key,
    only what may be new is listed. Leave it out to list all.
    """
    return Scan(adapter, facts, flows, now, earlier)


class Scan:
    """The listing of one destination, and after it what was seen besides.

    All attributes but `unjudgeable` mean something only once `complete` is true, that is after
    `partitions()` has ended by itself.
    """

    def __init__(
        self,
        adapter: Adapter,
        facts: DestinationFacts,
        flows: Sequence[Flow],
        now: datetime | None,
        earlier: Earlier | None = None,
    ) -> None:
        self._adapter = adapter
        self._facts = facts
        self._now = now
        self._earlier = earlier
        # `unjudgeable`: flow name -> why its folders say too little; its datasets are in no partition for its sake
        self._layouts, self.unjudgeable = _judgeable_layouts(flows, facts)
        # Where some flow's folders say too little, what fits no layout may well be its exports.
        self._says_all = len(self._layouts) == len(flows)
        datasets = [one for flow in flows for one in flow.datasets]
        self._configured = {name for one in datasets for name in (one.id, one.name)}
        self._root = f"{facts.folder}/" if facts.folder else ""
        self._reset()

    def _reset(self) -> None:
        self.complete = False
        self.unknown_datasets: dict[str, UnknownDataset] = {}  # by id (or name, where templates use names)
        self.malformed: tuple[MalformedFolder, ...] = ()  # those that belong to no dataset
        self.found_nothing = False  # the folder path holds nothing at all
        self.nearest = ""  # then: the existing path most like it
        self.objects_seen = 0
        self.newest_modified: datetime | None = None
        self._strays = StrayCount()
        self._something = False

    @property
    def strays(self) -> Strays:
        """Strays everywhere below the folder path, those inside export folders included."""
        return self._strays.told()

    def partitions(self, *, only: Collection[str] | None = None) -> Iterator[Partition]:
        """List the destination, one partition at a time: each dataset of each judgeable flow is in exactly one.

        `only` leaves out the partitions without any of these datasets. What no flow asks for is then not
        looked at, and the scan is not `complete`.

        Calling it again lists anew. Raises DestinationError as soon as any listing fails: what was yielded
        so far is complete for its datasets, the rest is unknown.
        """
        self._reset()
        top = Grouping(self._facts.name, self._layouts, (), self._is_ignored)
        plan = make_plan(self._layouts, lambda prefix: self._sub_folders(prefix, top))
        if not self._layouts:
            self._sub_folders(self._root, top)
        manifests = sorted(top.manifests, key=lambda file: (file.key.count("/"), file.key))
        self._note_strays(top.strays)
        prefixes = [prefix for work in plan.works for prefix in work.prefixes]
        for work in plan.works:
            if only is None or not set(only).isdisjoint(work.datasets):
                yield self._partition(work, manifests, prefixes)
        if only is not None:
            return
        self._look_around(plan)
        self.found_nothing = not self._something
        if self.found_nothing and self._facts.folder:
            self.nearest = find_nearest(self._adapter, self._facts.folder)
        self.complete = True

    def _sub_folders(self, prefix: str, top: Grouping) -> list[str]:
        """One level: its objects are sorted into `top`, its sub-folders returned."""
        found = []
        for entry in self._adapter.list_folder(prefix):
            if isinstance(entry, Folder):
                found.append(entry.prefix)
                self._something = True
            elif self._see(entry):
                top.add(entry)
        return found

    def _partition(self, work: Work, manifests: Sequence[StoredFile], all_prefixes: Iterable[str]) -> Partition:
        grouping = Grouping(self._facts.name, work.layouts, work.datasets, self._is_ignored)
        prefixes = _outermost(work.prefixes)
        others = [p for p in all_prefixes if p not in work.prefixes and any(p.startswith(own) for own in prefixes)]
        looking = Looking(self._adapter, self._facts, work, self._earlier)
        for prefix in prefixes:
            for info in looking.objects(prefix):
                if not any(info.key.startswith(other) for other in others) and self._see(info):
                    grouping.add(info)
        partition = replace(grouping.partition(manifests), listings=tuple(looking.listings))
        self._note_strays(grouping.strays)
        for dataset, folders in grouping.foreign.items():
            self._note_unknown(dataset, UnknownDataset(min(folders), min(_FOLDERS_COUNTED, len(folders))))
        return partition

    def _see(self, info: ObjectInfo) -> bool:
        """Count an object; False if it is not there yet at the moment of the audit."""
        if self._now is not None and info.modified > self._now:
            return False
        self.objects_seen += 1
        self._something = self._something or info.key != self._root
        if self.newest_modified is None or info.modified > self.newest_modified:
            self.newest_modified = info.modified
        return True

    def _is_ignored(self, key: str) -> bool:
        """Whether the owner of the destination does not want `key` (or folder prefix) looked at."""
        path = key.removeprefix(self._root).rstrip("/")
        return any(fits(pattern, path) for pattern in self._facts.ignore)

    def _look_around(self, plan: Plan) -> None:
        """Look into the sub-folders that no flow asks for: last, so that it delays nothing."""
        malformed = []
        for n, (prefix, layouts) in enumerate(plan.unclaimed):
            if prefix.rstrip("/").rpartition("/")[2].startswith(("_", ".")) or self._is_ignored(prefix):
                continue
            match probe_folder(self._adapter, prefix, layouts, look=n < FOLDERS_PROBED):
                case MalformedFolder() as bad:
                    malformed.append(bad)
                case (str(dataset), UnknownDataset() as unknown):
                    self._note_unknown(dataset, unknown)
        self.malformed = tuple(malformed) if self._says_all else ()

    def _note_unknown(self, dataset: str, unknown: UnknownDataset) -> None:
        if dataset not in self._configured:
            self.unknown_datasets.setdefault(dataset, unknown)

    def _note_strays(self, strays: StrayCount) -> None:
        if not self._says_all:
            return
        for key in strays.first:
            self._strays.add(key)
        self._strays.count += strays.count - len(strays.first)


def _judgeable_layouts(flows: Sequence[Flow], facts: DestinationFacts) -> tuple[list[Layout], dict[str, str]]:
    """The layouts that can be judged, and for the other flows why not."""
    layouts: list[Layout] = []
    reasons: dict[str, str] = {}
    for flow in flows:
        try:
            layouts.append(Layout(flow, facts))
        except TemplateError as error:
            reasons[flow.name] = str(error)
    reasons |= {layout.flow.name: layout.why for layout in layouts if not layout.judgeable}
    reasons |= find_conflicts([layout for layout in layouts if layout.judgeable])
    return [layout for layout in layouts if layout.flow.name not in reasons], reasons


def _outermost(prefixes: Iterable[str]) -> list[str]:
    chosen: list[str] = []
    for prefix in sorted(prefixes):
        if not chosen or not prefix.startswith(chosen[-1]):
            chosen.append(prefix)
    return chosen
