"""One file in memory, checked."""

import gzip
import json
import random
from typing import Any

from auditor.model import FileCheck, Level, StoredFile
from auditor.verify.file import verify_file
from tests.scan.memory import MemoryAdapter

TEXT = b'{"a":1}\n{"b":[1,2]}\n'


def stored(adapter: MemoryAdapter, key: str) -> StoredFile:
    """`key` as a listing shows it."""
    info = adapter.describe_object(key)
    return StoredFile(info.key, info.size, info.modified, info.version, info.archived)


def check(data: bytes, name: str = "part-0.json.gz", level: Level = Level.L3, **options: Any) -> FileCheck:
    """What is said of a file `name` that holds `data`; `options` as `MemoryAdapter` takes them."""
    adapter = MemoryAdapter({name: data}, **options)
    return verify_file(adapter, stored(adapter, name), level)


def codes(said: FileCheck) -> list[str]:
    return [fault.code for fault in said.faults]


def records(count: int, seed: int = 0) -> bytes:
    """`count` nested records as Experience Platform might write them."""
    chance = random.Random(seed)
    return b"".join(
        json.dumps(
            {
                "_id": f"{chance.getrandbits(64):016x}",
                "timestamp": f"2026-10-{n % 28 + 1:02d}T02:03:04.{n % 1000:03d}Z",
                "identityMap": {"ECID": [{"id": str(chance.getrandbits(120)), "primary": True}]},
                "web": {"webPageDetails": {"name": f"Seite {n % 7} – über", "pageViews": {"value": 1.0}}},
                "productListItems": [{"SKU": f"S{chance.randrange(999)}", "quantity": q} for q in range(n % 4)],
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()
        + b"\n"
        for n in range(count)
    )


def packed(text: bytes) -> bytes:
    return gzip.compress(text, mtime=0)
