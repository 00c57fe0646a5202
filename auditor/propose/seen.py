"""One dataset's listing as a few numbers per export folder: memory follows its folders, not its objects."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from adapters.base import ObjectInfo
from auditor.model import Compression, Dataset, DestinationFacts, FileFormat, Flow
from auditor.scan.layout import Layout, Malformed, Placed
from auditor.scan.names import FileKind, file_kind

_ENDINGS = {  # longest first; a `.gz.parquet` file holds gzip pages, it is no gzip file
    ".gz.parquet": (FileFormat.PARQUET, Compression.GZIP),
    ".parquet": (FileFormat.PARQUET, Compression.NONE),
    ".json.gz": (FileFormat.JSON, Compression.GZIP),
    ".json": (FileFormat.JSON, Compression.NONE),
}
_ENCRYPTED = (".pgp", ".gpg")


@dataclass(frozen=True, slots=True)
class Kind:
    """What the name of a data file says."""

    format: FileFormat | None = None  # None: the name says nothing
    compression: Compression | None = None
    encrypted: bool = False


@dataclass(slots=True)
class Export:
    """One export folder, counted."""

    stamp: datetime
    files: int = 0
    bytes: int = 0
    modified: datetime | None = None  # newest of data files and manifests
    manifests: int = 0
    kinds: Counter[Kind] = field(default_factory=Counter)

    @property
    def kind(self) -> Kind:
        """What most of its data files are named like; of equally many, the first by name."""
        return min(self.kinds, key=lambda kind: (-self.kinds[kind], str(kind)), default=Kind())


@dataclass(slots=True)
class Seen:
    """What lies below one dataset's folder."""

    dataset: str
    exports: list[Export] = field(default_factory=list)  # with data files, oldest first
    empty: int = 0  # export folders without a data file
    malformed: int = 0  # folders meant for exports whose time cannot be read
    manifests_above: int = 0  # manifests between the dataset's folder and the export folders
    objects: int = 0


def observe_dataset(
    dataset: str, folder: str, objects: Iterable[ObjectInfo], *, advance: Callable[[], None] = lambda: None
) -> Seen:
    """Count `objects`, those below the dataset's folder in any order. Raises what their listing raises."""
    layout = Layout(Flow("-", "-", (Dataset(dataset),), ()), DestinationFacts("-", folder))
    seen = Seen(dataset)
    exports: dict[str, Export] = {}
    malformed: set[str] = set()
    for info in objects:
        seen.objects += 1
        advance()
        match layout.place(info.key):
            case Placed(export_time=stamp, prefix=prefix, rest=rest):
                _count(exports.setdefault(prefix, Export(stamp)), rest, info)
            case Malformed(prefix=prefix, resembles=True):
                malformed.add(prefix)
            case placed:
                rest = placed.rest if placed else ""
                seen.manifests_above += file_kind(rest) is FileKind.MANIFEST
    full = [export for export in exports.values() if export.files]
    seen.exports = sorted(full, key=lambda export: export.stamp)
    seen.empty = len(exports) - len(full)
    seen.malformed = len(malformed)
    return seen


def kind_of(name: str) -> Kind:
    """What the name of a data file says of its format, compression and encryption."""
    lowered = name.lower()
    encrypted = lowered.endswith(_ENCRYPTED)
    stem = lowered[: -len(_ENCRYPTED[0])] if encrypted else lowered
    for ending, (form, compression) in _ENDINGS.items():
        if stem.endswith(ending):
            return Kind(form, compression, encrypted)
    return Kind(encrypted=encrypted)


def _count(export: Export, rest: str, info: ObjectInfo) -> None:
    what = file_kind(rest)
    if what is FileKind.DATA:
        export.files += 1
        export.bytes += info.size
        export.kinds[kind_of(rest)] += 1
    elif what is FileKind.MANIFEST:
        export.manifests += 1
    else:
        return
    if export.modified is None or info.modified > export.modified:
        export.modified = info.modified
