"""Claim: a 3 GB file of either format verifies to L3 in under 300 MB resident, worker processes included.

    python -m benchmarks.large_file [--gigabytes 3] [--format json.gz | gz.parquet | one-group.parquet] …

Writes a file of that size with little repetition, verifies it with the command, and prints time and peak memory of the
command and its worker processes together.
"""

import argparse
import gzip
import json
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.peak import run_watched

ROWS = 200_000  # per row group


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=3.0)
    parser.add_argument("--format", action="append", choices=list(WRITERS))
    given = parser.parse_args()
    for name in given.format or list(WRITERS):
        with tempfile.TemporaryDirectory(prefix="benchmark-large-") as home:
            path = Path(home) / f"part-00000-large.{name.split('.', 1)[-1] if name.startswith('one') else name}"
            WRITERS[name](path, int(given.gigabytes * 1e9))
            peak = run_watched(
                [sys.executable, "-c", "from auditor.cli import main; main()", "verify", "--json", str(path)]
            )
            answer = json.loads(peak.output)
            print(
                f"{name}: {path.stat().st_size / 1e9:.2f} GB stored, {answer['content']} {answer['level']}, "
                f"{answer['records']:,} records, {peak.seconds:.0f} s, peak {peak.memory / 1e6:.0f} MB "
                f"(shared pages once), {peak.resident / 1e6:.0f} MB resident summed",
                flush=True,
            )


def write_json(path: Path, size: int) -> None:
    """NDJSON records with random ids, so that gzip finds little."""
    source = random.Random(1)
    with gzip.open(path, "wb", compresslevel=1) as file:
        while path.stat().st_size < size:
            lines = [
                json.dumps(
                    {
                        "_id": source.randbytes(48).hex(),
                        "timestamp": "2026-10-01T00:00:00Z",
                        "web": {"n": source.random()},
                    }
                )
                for _ in range(20_000)
            ]
            file.write("\n".join(lines).encode() + b"\n")


def write_parquet(path: Path, size: int, *, group_rows: int = ROWS, codec: str = "gzip") -> None:
    """Row groups of random strings and numbers, with page checksums."""
    made = numpy.random.default_rng(1)
    schema = pa.schema([("_id", pa.string()), ("a", pa.int64()), ("b", pa.float64()), ("tags", pa.list_(pa.string()))])
    options = {"compression": codec, "write_page_checksum": True, "use_dictionary": False}
    with pq.ParquetWriter(path, schema, **options) as writer:  # type: ignore[arg-type]
        while path.stat().st_size < size:
            writer.write_table(_rows(made, group_rows, schema), row_group_size=group_rows)


def _rows(made: numpy.random.Generator, count: int, schema: pa.Schema) -> pa.Table:
    ids = [raw.hex() for raw in made.integers(0, 256, (count, 24), dtype=numpy.uint8).view("S24").ravel().tolist()]
    tags = pa.ListArray.from_arrays(
        numpy.arange(0, 2 * count + 1, 2, dtype=numpy.int32), pa.array((ids * 2)[: 2 * count])
    )
    return pa.table([ids, made.integers(0, 2**62, count), made.random(count), tags], schema=schema)


WRITERS: dict[str, Callable[[Path, int], None]] = {
    "json.gz": write_json,
    "gz.parquet": write_parquet,
    "one-group.parquet": lambda path, size: write_parquet(path, min(size, 10**9), group_rows=6_000_000, codec="snappy"),
}

if __name__ == "__main__":
    main()
