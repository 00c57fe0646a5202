"""Where exports lie: folder paths below which `<dataset id>/exportTime=…` begins. A bounded, shallow walk."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from adapters.base import Adapter, Folder
from auditor.scan.levels import DATASET_ID
from auditor.scan.template import EXPORT_TIME_LABEL

FOLDERS_LOOKED = 2_000  # listings in one search
ENTRIES_LOOKED = 10_000  # of one folder, while searching
DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Place:
    """A folder path with exports below it."""

    folder: str  # without slashes at its ends; "" for the root
    datasets: int  # seen while searching
    exports: int  # counted only where there are several places to choose from; else 0


@dataclass(frozen=True, slots=True)
class Search:
    """What the search found, fullest first, and whether it gave up somewhere."""

    places: tuple[Place, ...]
    cut: bool = False  # a bound was reached: there may be more
    odd: str = ""  # an `exportTime=` folder whose parent is no dataset id, where there is no place at all


def find_places(adapter: Adapter, prefix: str = "", *, advance: Callable[[], None] = lambda: None) -> Search:
    """Search below `prefix` ("" or ending with "/"). Folders of datasets are not gone into.

    Raises DestinationError.
    """
    return _Walk(adapter, advance).search(prefix)


def list_datasets(adapter: Adapter, folder: str) -> list[str]:
    """Prefixes of the sub-folders of `folder` that are named like a dataset, sorted, all of them."""
    entries = adapter.list_folder(f"{folder}/" if folder else "")
    return sorted(entry.prefix for entry in entries if isinstance(entry, Folder) and is_dataset(entry.prefix))


def is_dataset(prefix: str) -> bool:
    """Whether the last folder name of `prefix` may be a dataset id."""
    return DATASET_ID.fullmatch(last_name(prefix)) is not None


def last_name(prefix: str) -> str:
    return prefix.rstrip("/").rpartition("/")[2]


class _Walk:
    def __init__(self, adapter: Adapter, advance: Callable[[], None]) -> None:
        self._adapter = adapter
        self._advance = advance
        self._looked = 0
        self._cut = False
        self._odd = ""

    def search(self, start: str) -> Search:
        found: dict[str, list[str]] = {}  # folder prefix -> prefixes of its datasets
        waiting = deque([(start, 0)])
        while waiting:
            prefix, depth = waiting.popleft()
            if self._looked >= FOLDERS_LOOKED or depth > DEEPEST:
                self._cut = True
                continue
            for below in self._sub_folders(prefix):
                if is_dataset(below) and self._looked < FOLDERS_LOOKED and any(self._exports(below)):
                    found.setdefault(prefix, []).append(below)
                elif _is_export(below):
                    self._odd = self._odd or below
                elif not last_name(below).startswith(("_", ".")):
                    waiting.append((below, depth + 1))
        places = [self._place(prefix, datasets, several=len(found) > 1) for prefix, datasets in found.items()]
        places.sort(key=lambda place: (-place.exports, -place.datasets, place.folder))
        return Search(tuple(places), self._cut, "" if places else self._odd)

    def _place(self, prefix: str, datasets: list[str], *, several: bool) -> Place:
        exports = sum(1 for dataset in datasets for _ in self._exports(dataset)) if several else 0
        return Place(prefix.rstrip("/"), len(datasets), exports)

    def _sub_folders(self, prefix: str) -> list[str]:
        self._looked += 1
        self._advance()
        entries = list(islice(self._adapter.list_folder(prefix), ENTRIES_LOOKED))
        self._cut = self._cut or len(entries) == ENTRIES_LOOKED
        return [entry.prefix for entry in entries if isinstance(entry, Folder)]

    def _exports(self, dataset: str) -> Iterator[str]:
        """Export folders of a dataset, lazily: the first page tells whether there are any."""
        self._looked += 1
        entries = islice(self._adapter.list_folder(dataset), ENTRIES_LOOKED)
        return (entry.prefix for entry in entries if isinstance(entry, Folder) and _is_export(entry.prefix))


def _is_export(prefix: str) -> bool:
    return last_name(prefix).startswith(EXPORT_TIME_LABEL)
