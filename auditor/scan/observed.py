"""What a scan hands on: observations, no findings."""

from dataclasses import dataclass

from auditor.model import ExportFolder, StoredFile
from auditor.scan.earlier import Listing


@dataclass(frozen=True, slots=True)
class MalformedFolder:
    """A folder that was meant for exports and cannot be one of this layout."""

    prefix: str
    why: str  # a clause, without names from outside
    count: int  # files in it; of a folder only looked into, the export folders seen in it
    dataset: str = ""  # id, where the names say it


@dataclass(frozen=True, slots=True)
class UnknownDataset:
    """Exports of a dataset that is in no flow of this destination."""

    prefix: str
    folders: int  # export folders seen; counting stops after a few
    looked: bool = True  # False: what lies below was not looked at, or could not be


@dataclass(frozen=True, slots=True)
class Strays:
    """Objects that are neither data, manifests, markers nor ignored: how many, and the first five keys."""

    count: int = 0
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Partition:
    """All there is of some datasets: no other partition of the scan holds anything of them."""

    datasets: tuple[str, ...]  # ids it is complete for, also where nothing was found
    folders: tuple[ExportFolder, ...] = ()  # by dataset, export time and prefix
    empty_folders: tuple[ExportFolder, ...] = ()  # with markers or ignored names only
    malformed: tuple[MalformedFolder, ...] = ()
    manifests_above: tuple[StoredFile, ...] = ()  # from the folder path down to the export folders
    listings: tuple[Listing, ...] = ()  # how each prefix under which something lies was looked at
