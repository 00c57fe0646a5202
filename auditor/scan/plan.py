"""How a destination is walked: which prefixes are listed whole, which only one level deep.

Where the first folder name that differs says the dataset, each dataset is a listing of its own and memory
holds one dataset at a time. Any other template (time first, say) makes its whole tree one listing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations, takewhile
from unicodedata import normalize

from auditor.scan.layout import Layout
from auditor.scan.levels import Level


@dataclass(slots=True)
class Work:
    """One partition to be: every prefix under which its datasets lie, and the layouts they may have."""

    datasets: set[str] = field(default_factory=set)
    prefixes: set[str] = field(default_factory=set)
    layouts: list[Layout] = field(default_factory=list)

    def take(self, other: "Work") -> None:
        self.datasets |= other.datasets
        self.prefixes |= other.prefixes
        self.layouts += [layout for layout in other.layouts if layout not in self.layouts]


@dataclass(slots=True)
class Plan:
    works: list[Work]
    unclaimed: list[tuple[str, list[Layout]]]  # sub-folders that no flow asks for, with the layouts that looked there


def find_conflicts(layouts: Sequence[Layout]) -> dict[str, str]:
    """Flow name -> why its exports cannot be told from another flow's: neither says its dataset in the folder names."""
    conflicts: dict[str, str] = {}
    for one, other in combinations([layout for layout in layouts if layout.template.dataset_macro is None], 2):
        if one.flow.datasets[0].id != other.flow.datasets[0].id and _may_share_folders(one, other):
            for layout, rival in ((one, other), (other, one)):
                conflicts[layout.flow.name] = (
                    f"folders named {layout.template.text!r} cannot be told from those of flow {rival.flow.name!r}"
                )
    return conflicts


def lead(layout: Layout) -> list[str]:
    """The folder names below the folder path that are the same for all exports."""
    return [str(level.literal) for level in takewhile(lambda level: level.literal is not None, layout.levels)]


def dataset_level(layout: Layout) -> Level | None:
    """The level after the lead, if it says the dataset; None: the tree below the lead is one listing."""
    level = layout.levels[len(lead(layout))]
    return level if level.says(layout.template.dataset_macro) else None


def make_plan(layouts: Sequence[Layout], sub_folders: Callable[[str], Iterable[str]]) -> Plan:
    """`sub_folders(prefix)` lists one level, prefixes ending with "/"; each prefix is asked for at most once."""
    roots = _Roots(sub_folders)
    whole, narrow = [], []
    # Wide trees first, the widest before those inside it: no level is listed whole and singly as well.
    for layout in sorted(layouts, key=lambda layout: (dataset_level(layout) is not None, len(lead(layout)))):
        root = roots.of(layout)
        if roots.covering(root) is None and dataset_level(layout) is None:
            roots.listed_whole.append(root)
        if (top := roots.covering(root)) is not None:
            whole.append(Work({dataset.id for dataset in layout.flow.datasets}, {top}, [layout]))
        else:
            narrow.append((root, layout))
    works, unclaimed = list(whole), []
    for root in sorted({root for root, _ in narrow}):
        there = [layout for at, layout in narrow if at == root]
        claimed, left = _claim(there, roots.below(root))
        works += claimed
        elsewhere = [*roots.listed_whole, *(other for other, _ in narrow)]
        unclaimed += [(prefix, there) for prefix in left if not any(one.startswith(prefix) for one in elsewhere)]
    return Plan(_merge(works), unclaimed)


class _Roots:
    """Finds where each layout's tree begins, asking for each level once."""

    def __init__(self, sub_folders: Callable[[str], Iterable[str]]) -> None:
        self.listed_whole: list[str] = []
        self._sub_folders = sub_folders
        self._seen: dict[str, list[str]] = {}

    def below(self, prefix: str) -> list[str]:
        if prefix not in self._seen:
            self._seen[prefix] = sorted(self._sub_folders(prefix))
        return self._seen[prefix]

    def covering(self, root: str) -> str | None:
        """The tree listed whole that `root` lies in."""
        return next((top for top in self.listed_whole if root.startswith(top)), None)

    def of(self, layout: Layout) -> str:
        """The folder path and the lead, each name as it is stored where only its Unicode normal form differs."""
        root = layout.root
        for name in lead(layout):
            if self.covering(root) is not None:
                break
            root = self._stored(root, name)
        return root

    def _stored(self, parent: str, name: str) -> str:
        wanted = f"{parent}{name}/"
        below = self.below(parent)
        alike = [prefix for prefix in below if normalize("NFC", prefix) == normalize("NFC", wanted)]
        return alike[0] if wanted not in below and len(alike) == 1 else wanted


def _claim(layouts: Sequence[Layout], prefixes: Iterable[str]) -> tuple[list[Work], list[str]]:
    """Share out sub-folders among the datasets of layouts with the same root; what is left, no flow asks for."""
    works = {
        (layout.flow.name, dataset.id): Work({dataset.id}, set(), [layout])
        for layout in layouts
        for dataset in layout.flow.datasets
    }
    left = []
    for prefix in prefixes:
        name = prefix.rstrip("/").rpartition("/")[2]
        owners = [(layout.flow.name, dataset) for layout in layouts if (dataset := _dataset_of(layout, name))]
        for owner in owners:
            works[owner].prefixes.add(prefix)
        if not owners:
            left.append(prefix)
    return list(works.values()), left


def _dataset_of(layout: Layout, name: str) -> str | None:
    level = dataset_level(layout)
    said = level.read(name) if level else None
    dataset, ours = layout.dataset_named(said or {})
    return dataset if ours else None


def _merge(works: Iterable[Work]) -> list[Work]:
    """Works that share a dataset or a prefix become one: a partition is complete for its datasets."""
    by: dict[tuple[str, str], Work] = {}
    for work in works:
        marks = {("dataset", one) for one in work.datasets} | {("prefix", one) for one in work.prefixes}
        for other in {id(by[mark]): by[mark] for mark in marks if mark in by}.values():
            work.take(other)
        marks = {("dataset", one) for one in work.datasets} | {("prefix", one) for one in work.prefixes}
        by |= dict.fromkeys(marks, work)
    merged = {id(work): work for work in by.values()}.values()
    return sorted(merged, key=lambda work: sorted(work.datasets))


def _may_share_folders(one: Layout, other: Layout) -> bool:
    for a, b in zip(one.levels, other.levels, strict=False):
        if a.literal is not None and b.read(a.literal) is None:
            return False
        if b.literal is not None and a.read(b.literal) is None:
            return False
    return True
