"""A few shallow looks into sub-folders that no flow asks for: exports of unknown datasets, malformed names."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from adapters.base import Adapter, DestinationError, Folder, ObjectInfo
from auditor.scan.layout import Above, Foreign, Layout, Malformed
from auditor.scan.names import FileKind, file_kind
from auditor.scan.observed import MalformedFolder, UnknownDataset
from auditor.scan.plan import dataset_level

FOLDERS_PROBED = 50  # per destination
_ENTRIES = 20  # per level
_HEX_ID = re.compile(r"[0-9a-f]{24}")


def probe_folder(
    adapter: Adapter, prefix: str, layouts: Sequence[Layout], *, look: bool
) -> tuple[str, UnknownDataset] | MalformedFolder | None:
    """Say what the sub-folder `prefix` is: (dataset, UnknownDataset), a malformed one, or None: not an export's.

    Not being allowed to look into it is no failure of the audit, since no flow asks for it: then only a
    name of 24 hex digits counts as a dataset, and `looked` is False. `look` False: as if not allowed.
    """
    try:
        seen = [one for layout in layouts for one in _exports_below(adapter, layout, prefix)] if look else None
    except DestinationError:
        seen = None
    if seen is None:
        name = prefix.rstrip("/").rpartition("/")[2]
        return (name, UnknownDataset(prefix, 0, looked=False)) if _HEX_ID.fullmatch(name) else None
    foreign = [one for one in seen if isinstance(one, Foreign)]
    if foreign:
        return foreign[0].dataset, UnknownDataset(prefix, len({one.prefix for one in foreign}))
    malformed = [one for one in seen if isinstance(one, Malformed)]
    return (
        MalformedFolder(malformed[0].prefix, malformed[0].why, len({one.prefix for one in malformed}))
        if malformed
        else None
    )


def _exports_below(adapter: Adapter, layout: Layout, prefix: str) -> Iterator[Foreign | Malformed]:
    """Export folders of no known dataset below `prefix`, looking at few entries and going down one way only."""
    while prefix:
        here = layout.place(prefix)
        if isinstance(here, Foreign) or (isinstance(here, Malformed) and _says_a_dataset(layout, here)):
            yield here
            return
        entries = list(islice(adapter.list_folder(prefix), _ENTRIES))
        if isinstance(here, Malformed) and here.resembles and _holds_data(entries, prefix):
            yield here
            return
        below = sorted(entry.prefix for entry in entries if isinstance(entry, Folder))
        placed = [layout.place(one) for one in below]
        found = [one for one in placed if isinstance(one, Foreign) or _has_a_time(one, prefix)]
        yield from (one for one in found if isinstance(one, Foreign | Malformed))
        deeper = (one for one, at in zip(below, placed, strict=True) if not found and isinstance(at, Above))
        prefix = next(deeper, "")


def _says_a_dataset(layout: Layout, placement: Malformed) -> bool:
    """The one folder name that should say dataset and time holds a dataset of the flow, but no time that fits."""
    level = dataset_level(layout)
    if level is None or not level.says(layout.template.time_macro):
        return False
    macro = layout.template.dataset_macro
    known = {one.id if macro == "DATASET_ID" else one.name for one in layout.flow.datasets}
    return any(name in placement.prefix for name in known)


def _holds_data(entries: Sequence[ObjectInfo | Folder], prefix: str) -> bool:
    """Data files lie in the folder itself: under a name that looks like an export time, it was meant for an export.

    Not under a passing name: an uploader may rename the folder in the end.
    """
    if file_kind(prefix.rstrip("/").rpartition("/")[2]) is FileKind.TEMPORARY:
        return False
    keys = [entry.key for entry in entries if isinstance(entry, ObjectInfo)]
    return any(file_kind(key.removeprefix(prefix)) is FileKind.DATA for key in keys)


def _has_a_time(placement: object, prefix: str) -> bool:
    """A folder above does not fit, but the export time below it does."""
    return isinstance(placement, Malformed) and prefix.startswith(placement.prefix)
