"""Parquet files in memory, a destination that holds one, and the call under test."""

import io
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from adapters.base import Traits
from auditor.model import FileCheck, Level, StoredFile
from auditor.verify.parquet import check_parquet
from auditor.verify.source import Source


class OneFile:
    """A destination with one object. `spoil` may change what a read delivers (read number, offset, bytes)."""

    name = "memory"
    traits: Traits

    def __init__(self, data: bytes, spoil: Callable[[int, int, bytes], bytes] | None = None) -> None:
        self.data = data
        self.spoil = spoil
        self.ranges: list[tuple[int, int]] = []

    @contextmanager
    def read_object(
        self, key: str, start: int = 0, length: int | None = None, *, version: str = ""
    ) -> Iterator[BinaryIO]:
        end = len(self.data) if length is None else start + length
        part = self.data[start:end]
        if self.spoil is not None:
            part = self.spoil(len(self.ranges), start, part)
        self.ranges.append((start, len(part)))
        yield io.BytesIO(part)


def source_of(data: bytes, name: str = "part-0.parquet", spoil: Any = None) -> Source:
    return Source(OneFile(data, spoil), StoredFile(name, len(data), datetime(2026, 10, 1, tzinfo=UTC)))  # type: ignore[arg-type]


def check(data: bytes, level: Level = Level.L3, *, name: str = "part-0.parquet", spoil: Any = None) -> FileCheck:
    return check_parquet(source_of(data, name, spoil), level)


def codes(result: FileCheck) -> list[str]:
    return [fault.code for fault in result.faults]


def written(table: pa.Table, **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def events(rows: int, seed: int = 1) -> pa.Table:
    """Events as Experience Platform exports them, nested and with nulls."""
    rnd = random.Random(seed)
    identity = pa.map_(pa.string(), pa.list_(pa.struct({"id": pa.string(), "primary": pa.bool_()})))
    return pa.table(
        {
            "_id": [f"{rnd.getrandbits(64):016x}" for _ in range(rows)],
            "timestamp": pa.array([1_760_000_000_000_000 + n * 977 for n in range(rows)], pa.timestamp("us", "UTC")),
            "eventType": [rnd.choice(["web.view", "commerce.purchases", None]) for _ in range(rows)],
            "identityMap": pa.array(
                [[("ECID", [{"id": str(n), "primary": True}])] if n % 3 else None for n in range(rows)], identity
            ),
            "web": [
                {"url": f"https://x/{n % 50}", "views": {"value": n * 1.5}} if n % 4 else None for n in range(rows)
            ],
            "quantity": [n if n % 9 else None for n in range(rows)],
        }
    )


def spark_like(rows: int = 2000, *, page_checksums: bool, compression: str = "gzip") -> bytes:
    """Several row groups, small pages, no Arrow schema in the footer: what Spark writes."""
    return written(
        events(rows),
        compression=compression,
        write_page_checksum=page_checksums,
        row_group_size=max(1, rows * 2 // 5),
        data_page_size=4000,
        store_schema=False,
    )


def flipped(data: bytes, position: int, bit: int) -> bytes:
    changed = bytearray(data)
    changed[position] ^= 1 << bit
    return bytes(changed)
