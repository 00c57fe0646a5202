"""Short words for the tests of the scan."""

from datetime import UTC, datetime

from auditor.model import Dataset, DestinationFacts, Flow
from auditor.scan import Layout, Partition, Scan, scan_destination
from tests.scan.memory import MemoryAdapter

WEB = "5ef3e324052581191aa6a466"
CRM = "66018d8312377d2c68545bac"
OTHER = "6504a2f1abf9b128d3f90e5d"
PART = "part-00000-tid-6351713407229798623-174d2b9b-87e8-4c29-8a76-ec05b444f26a-102384-1-c000.gz.parquet"
T1 = "exportTime=202610010000"
T2 = "exportTime=20261001030000"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def flow(template: str = "%DATASET_ID%/%EXPORT_TIME%", *datasets: Dataset | str, name: str = "f") -> Flow:
    made = tuple(Dataset(one, "") if isinstance(one, str) else one for one in datasets or (WEB, CRM))
    return Flow(name, "memory", made, (), folder_template=template)


def layout(template: str = "%DATASET_ID%/%EXPORT_TIME%", *datasets: Dataset | str, folder: str = "") -> Layout:
    return Layout(flow(template, *datasets), DestinationFacts("memory", folder))


def scanned(
    objects, *flows: Flow, folder: str = "", now: datetime | None = None, **options
) -> tuple[Scan, list[Partition]]:
    """`objects`: keys (below the folder), or a mapping of them to contents."""
    held = objects if isinstance(objects, dict) else dict.fromkeys(objects, b"x")
    adapter = MemoryAdapter({f"{folder}/{key}" if folder else key: data for key, data in held.items()}, **options)
    scan = scan_destination(adapter, DestinationFacts("memory", folder), flows or [flow()], now=now)
    return scan, list(scan.partitions())
