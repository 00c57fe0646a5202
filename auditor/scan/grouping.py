"""Objects of one listing -> export folders, manifests above them, malformed folders, strays."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.base import ObjectInfo
from auditor.model import Encryption, ExportFolder, Flow, StoredFile
from auditor.scan.layout import Above, Foreign, Layout, Malformed, Placed, Placement
from auditor.scan.names import FileKind, file_kind
from auditor.scan.observed import MalformedFolder, Partition, Strays
from auditor.settings.patterns import fits, is_always_seen

_FIRST_STRAYS = 5
_HELD = (FileKind.DATA, FileKind.MANIFEST, FileKind.TEMPORARY, FileKind.STRAY)


@dataclass(slots=True)
class StrayCount:
    """Counts strays and keeps the first keys, smallest first as far as they came."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, key: str) -> None:
        self.count += 1
        self.first = sorted([*self.first, key])[:_FIRST_STRAYS]

    def told(self) -> Strays:
        return Strays(self.count, tuple(self.first))


@dataclass(slots=True)
class _Folder:
    dataset: str
    export_time: datetime
    flows: set[str] = field(default_factory=set)
    held: dict[FileKind, list[StoredFile]] = field(default_factory=lambda: {kind: [] for kind in _HELD})


class Grouping:
    """Takes the objects of one partition in any order and sorts them into what they are."""

    def __init__(
        self,
        destination: str,
        layouts: Sequence[Layout],
        datasets: Iterable[str],
        is_ignored: Callable[[str], bool] = lambda _key: False,
    ) -> None:
        """`is_ignored` tells keys that the destination's owner does not want looked at."""
        self.destination = destination
        self._is_ignored = is_ignored
        self.layouts = layouts
        self.datasets = tuple(sorted(datasets))
        self.manifests: list[StoredFile] = []
        self.strays = StrayCount()
        self.foreign: dict[str, set[str]] = {}  # dataset -> export folders
        self._folders: dict[str, _Folder] = {}
        self._bad: Counter[tuple[str, str, str]] = Counter()  # (prefix, dataset, why) -> files

    def add(self, info: ObjectInfo) -> None:
        placement, flows = self._best(info.key)
        if isinstance(placement, Above) and placement.fits and not info.size and not info.is_marker:
            # Hierarchical accounts list directories as empty objects without a slash.
            placement, flows = self._best(info.key + "/")
        file = _stored(info)
        if not isinstance(placement, Placed) and self._is_ignored(info.key):
            return
        match placement:
            case Placed():
                self._add_to_folder(placement, file, flows)
            case Malformed():
                self._add_malformed(placement, file)
            case Foreign():
                self.foreign.setdefault(placement.dataset, set()).add(placement.prefix)
            case Above():
                self._add_above(placement, file)
            case None:
                self._add_outside(file)

    def partition(self, manifests_from_top: Sequence[StoredFile]) -> Partition:
        """Everything added so far, in a fixed order whatever the order of the listing."""
        folders = [self._folder(prefix, one) for prefix, one in self._folders.items()]
        folders.sort(key=lambda one: (one.dataset, one.export_time, one.prefix))
        for folder in folders:
            for file in folder.strays:
                self.strays.add(file.key)
        return Partition(
            self.datasets,
            tuple(one for one in folders if _holds_something(one)),
            tuple(one for one in folders if not _holds_something(one)),
            self.malformed(),
            (*manifests_from_top, *sorted(self.manifests, key=lambda file: file.key)),
        )

    def malformed(self) -> tuple[MalformedFolder, ...]:
        items = sorted(self._bad.items())
        return tuple(MalformedFolder(prefix, why, count, dataset) for (prefix, dataset, why), count in items)

    def _best(self, key: str) -> tuple[Placement | None, set[str]]:
        """The placement that says most, and the flows that agree on it."""
        placed = [(layout, p) for layout in self.layouts if (p := layout.place(key)) is not None]
        if not placed:
            return None, set()
        best = max(placed, key=_weight)[1]
        return best, {layout.flow.name for layout, p in placed if p == best}

    def _add_to_folder(self, placed: Placed, file: StoredFile, flows: set[str]) -> None:
        folder = self._folders.setdefault(placed.prefix, _Folder(placed.dataset, placed.export_time))
        folder.flows |= flows
        kind = self._kind(placed.rest, file.key, [layout.flow for layout in self.layouts if layout.flow.name in flows])
        if kind in folder.held:
            folder.held[kind].append(file)

    def _kind(self, rest: str, key: str, flows: Sequence[Flow]) -> FileKind:
        """What a file in an export folder is. The names that Experience Platform gives can not be ignored."""
        if not is_always_seen(rest.rpartition("/")[2]):
            patterns = (pattern for flow in flows for pattern in flow.ignore)
            if self._is_ignored(key) or any(fits(pattern, rest) for pattern in patterns):
                return FileKind.IGNORED
        return file_kind(rest, encrypted=any(flow.encryption is Encryption.PGP for flow in flows))

    def _add_malformed(self, placement: Malformed, file: StoredFile) -> None:
        kind = file_kind(placement.rest)
        folder_name = placement.prefix.rstrip("/").rpartition("/")[2]
        # An uploader may write below a temporary name first and rename the folder in the end.
        passing = file_kind(folder_name) in (FileKind.TEMPORARY, FileKind.IGNORED)
        if passing or kind in (FileKind.MARKER, FileKind.IGNORED):
            return
        if kind is FileKind.MANIFEST:
            self.manifests.append(file)
        elif placement.resembles or kind is FileKind.DATA:
            self._bad[placement.prefix, placement.dataset, placement.why] += 1
        elif kind is FileKind.STRAY:
            self.strays.add(file.key)

    def _add_above(self, placement: Above, file: StoredFile) -> None:
        kind = file_kind(placement.rest)
        if kind is FileKind.MANIFEST:
            self.manifests.append(file)
        elif kind is FileKind.DATA and placement.dataset and self._says_dataset(placement):
            self._bad[placement.prefix, placement.dataset, "data files outside any export folder"] += 1
        elif kind in (FileKind.DATA, FileKind.STRAY) and not self._is_hidden(placement.prefix):
            self.strays.add(file.key)

    def _is_hidden(self, prefix: str) -> bool:
        """A folder name on the way down begins with `_` or `.`, though a free part of the template would take it."""
        root = next((layout.root for layout in self.layouts if prefix.startswith(layout.root)), "")
        return any(name.startswith(("_", ".")) for name in prefix[len(root) :].split("/"))

    def _says_dataset(self, placement: Above) -> bool:
        """The folder names said the dataset, so the file is not just anywhere in the destination."""
        return placement.prefix not in {layout.root for layout in self.layouts}

    def _add_outside(self, file: StoredFile) -> None:
        root = next((layout.root for layout in self.layouts if file.key.startswith(layout.root)), "")
        kind = file_kind(file.key[len(root) :])
        if kind is FileKind.MANIFEST:
            self.manifests.append(file)
        elif kind in (FileKind.DATA, FileKind.STRAY):
            self.strays.add(file.key)

    def _folder(self, prefix: str, folder: _Folder) -> ExportFolder:
        data, manifests, temporary, strays = (
            tuple(sorted(folder.held[kind], key=lambda file: file.key)) for kind in _HELD
        )
        if any(file.size == 0 for file in strays):
            above = {one for file in (*data, *manifests, *temporary, *strays) for one in _parents(file.key)}
            strays = tuple(file for file in strays if file.size or file.key not in above)
        return ExportFolder(
            self.destination,
            prefix,
            folder.dataset,
            folder.export_time,
            data,
            manifests,
            temporary,
            strays,
            flows=tuple(sorted(folder.flows)),
        )


def _weight(told: tuple[Layout, Placement]) -> tuple[int, bool, int]:
    """How much a placement says: a folder that names its dataset more than one that does not, a deeper one more."""
    layout, placement = told
    named = layout.template.dataset_macro is not None
    match placement:
        case Placed():
            return 5, named, len(placement.prefix)
        case Malformed():
            return (4 if placement.dataset else 1), named, len(placement.prefix)
        case Foreign():
            return 3, named, len(placement.prefix)
        case Above():
            return (2 if placement.dataset else 0), named, int(placement.fits)


def _parents(key: str) -> Iterator[str]:
    return (key[:n] for n, character in enumerate(key) if character == "/")


def _holds_something(folder: ExportFolder) -> bool:
    return bool(folder.files or folder.manifests or folder.temporary or folder.strays)


def _stored(info: ObjectInfo) -> StoredFile:
    return StoredFile(info.key, info.size, info.modified, info.version, info.archived)
