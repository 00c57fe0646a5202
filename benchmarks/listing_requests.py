"""Claim: a repeat audit with nothing new asks for at most one page per dataset, and 5 % more.

    python -m benchmarks.listing_requests [--destination memory] [--datasets 100] [--days 60]

Exports every three hours, three files each, listed in pages of 100: in memory (the default), or on one of the servers
of the conformance suite (`--destination s3`, `gcs by JSON`, …; uploads take their time). Prints the requests for pages
of a full audit and of two repeat audits, the second with one export more per dataset.
"""

import argparse
import math
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

from adapters.base import Adapter, Folder, ObjectInfo, OpenAdapter
from adapters.paging import PagedListing
from adapters.registry import opener
from auditor.ledger import Ledger
from auditor.model import Level
from auditor.service import AuditOptions, run_audit
from auditor.settings import load_config
from tests.conformance.places import PLACES
from tests.scan.memory import MemoryAdapter

PAGE = 100
STEP = timedelta(hours=3)
FILES = 3
SETTLED = timedelta(hours=2, minutes=30)  # after the uploads, of which a server sets the times itself
MORE = 1.05


class Store(Protocol):
    """Where the exports are put, and how that is opened."""

    open: OpenAdapter

    def put_many(self, objects: Mapping[str, bytes]) -> None:
        """Store all."""


class Requests:
    """Counts requests for pages, whatever the destination: all remote listings ask for pages in one way."""

    def __init__(self) -> None:
        self.count = 0

    def counted(self) -> Any:
        """`PagedListing.__init__`, with pages that are counted."""
        begin = PagedListing.__init__

        def init(made: PagedListing[Any], read_page: Any, *given: Any, **named: Any) -> None:
            def read(cursor: str) -> Any:
                self.count += 1
                return read_page(cursor)

            begin(made, read, *given, **named)

        return init


class Paged(MemoryAdapter):
    """Objects in memory, given in pages that are counted."""

    requests: Requests

    def list_objects(self, prefix: str, *, start_at: str = "") -> Iterator[ObjectInfo]:
        yield from self._counted(list(super().list_objects(prefix, start_at=start_at)))

    def list_folder(self, prefix: str) -> Iterator[ObjectInfo | Folder]:
        yield from self._counted(list(super().list_folder(prefix)))

    def _counted(self, items: list[Any]) -> list[Any]:
        self.requests.count += max(1, math.ceil(len(items) / PAGE))
        return items


class Memory:
    """A store in memory."""

    def __init__(self, requests: Requests) -> None:
        self._adapter = Paged({})
        self._adapter.requests = requests

    def __reduce__(self) -> tuple[Any, ...]:
        return Memory, (Requests(),)  # workers read nothing here: they need not be sent all objects

    @property
    def open(self) -> OpenAdapter:
        return self._same

    def _same(self) -> Adapter:
        return self._adapter

    def put_many(self, objects: Mapping[str, bytes]) -> None:
        for key, data in objects.items():
            self._adapter.put(key, data, datetime.now(UTC))


class Server:
    """A place of the conformance suite, with pages of the size that is asked about."""

    def __init__(self, name: str, stack: ExitStack, home: Path) -> None:
        self._place = stack.enter_context(PLACES[name](home / "place"))
        options = {**self._place.options, "page_size": PAGE}
        self.open: OpenAdapter = opener("lake", self._place.type, options)

    def put_many(self, objects: Mapping[str, bytes]) -> None:
        self._place.put_many(objects)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--destination", default="memory", choices=["memory", *PLACES])
    parser.add_argument("--datasets", type=int, default=100)
    parser.add_argument("--days", type=int, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-listing-") as home, ExitStack() as stack:
        measure(given.destination, given.datasets, given.days, Path(home), stack)


def measure(destination: str, datasets: int, days: int, home: Path, stack: ExitStack) -> list[int]:
    """Audit three times; the requests of each. Exits with 1 where a repeat audit asked for more than it may."""
    requests = Requests()
    stack.enter_context(patch.object(PagedListing, "__init__", requests.counted()))
    store: Store = Memory(requests) if destination == "memory" else Server(destination, stack, home)
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    dues = [end - STEP * n for n in reversed(range(days * 8))]
    ids = [f"{n:024x}" for n in range(0xA0, 0xA0 + datasets)]
    print(f"{destination}: {datasets * len(dues) * FILES:,} objects ...", flush=True)
    store.put_many(dict.fromkeys((key for i in ids for due in dues for key in keys(i, due)), b"1"))
    config = write_config(home, ids, dues[0])
    counts = []
    allowed = math.ceil(MORE * datasets)  # 5 %: the level above the datasets
    with Ledger.open(f"sqlite:///{home}/ledger.db") as ledger:
        for step, told in enumerate(("first audit", "repeat audit", "repeat audit with one export more")):
            if step == 2:
                store.put_many(dict.fromkeys((key for i in ids for key in keys(i, end + STEP)), b"1"))
            now = datetime.now(UTC) + SETTLED + timedelta(minutes=5 * step)
            begun, requests.count = time.monotonic(), 0
            options = AuditOptions(now, level=Level.L0, since=dues[0])
            result = run_audit(config, ledger, options, open_with=lambda _: store.open)
            spent = time.monotonic() - begun
            counts.append(requests.count)
            print(f"{told}: {requests.count:,} requests, {spent:.1f} s, {len(result.runs):,} runs", flush=True)
    print(f"allowed: {allowed} for a repeat audit", flush=True)
    if max(counts[1:]) > allowed:
        raise SystemExit(1)
    return counts


def keys(dataset: str, due: datetime) -> list[str]:
    folder = f"backups/{dataset}/exportTime={due:%Y%m%d%H%M}"
    return [
        f"{folder}/part-{n:05d}-tid-1-{dataset[:8]}-0000-4000-8000-0000000000a0-{n}-1-c000.json.gz"
        for n in range(FILES)
    ]


def write_config(home: Path, ids: list[str], start: datetime) -> Any:
    """A destination of any type stands for the place: it is opened as the store says."""
    (home / "auditor.yaml").write_text(
        "destinations:\n  lake: {type: local, root: ., folder: backups, arrival: export_time}\n"
        "flows:\n  all:\n    destination: lake\n    mode: full\n"
        f"    schedule: {{every: 3h, start: {start:%Y-%m-%dT%H:%M:%SZ}}}\n    datasets:\n"
        + "".join(f'      - "{one}"\n' for one in ids)
    )
    return load_config(home / "auditor.yaml")


if __name__ == "__main__":
    main()
