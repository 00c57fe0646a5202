"""Claim: a Parquet file is verified to L3 about as fast as DuckDB hashes it, in bounded memory.

    python -m benchmarks.parquet [--megabytes 400] [--rounds 5] [--case snappy]

Rival: DuckDB, `SELECT bit_xor(hash(t)) FROM file AS t`, two threads, over the same file. Ours: `check_parquet` at L3
with two threads. Both run in fresh processes, start-up included; the files are in the page cache. Aims: the ratio
ours/DuckDB is at most 1.35 for Snappy, 1.0 for gzip, 0.8 for one huge row group.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
import pyarrow as pa
import pyarrow.parquet as pq

CASES = {  # name -> (codec, one row group, aim)
    "snappy": ("snappy", False, 1.35),
    "gzip": ("gzip", False, 1.0),
    "one-row-group": ("snappy", True, 0.8),
}
DUCKDB = """
import duckdb, sys
connection = duckdb.connect(config={"threads": 2})
connection.execute("SELECT bit_xor(hash(t)), count(*) FROM read_parquet(?) t", [sys.argv[1]]).fetchone()
"""
OURS = """
import resource, sys
from benchmarks.parquet import verify_file
print(*verify_file(sys.argv[1]), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
ROWS_PER_WRITE = 100_000


def verify_file(path: str) -> tuple[str, int]:
    """Content and rows of the file at `path`, by our own way."""
    from datetime import UTC, datetime

    from adapters.local import LocalAdapter
    from auditor.model import Level, StoredFile
    from auditor.verify.parquet import check_parquet
    from auditor.verify.source import Source

    file = Path(path)
    stored = StoredFile(file.name, file.stat().st_size, datetime.now(UTC))
    check = check_parquet(Source(LocalAdapter("bench", file.parent), stored), Level.L3)
    return str(check.content), check.records or 0


def make_events(rows: int, seed: int) -> pa.Table:
    """Events as a web site sends them: ids, times, a few categories, numbers, nested structs, an identity map."""
    random = numpy.random.default_rng(seed)
    ids = [f"{a:016x}{b:016x}" for a, b in random.integers(0, 2**63, (rows, 2))]
    urls = pa.array([f"https://example.com/shop/{n}" for n in random.integers(0, 20_000, rows)])
    kinds = pa.array(["web.webpagedetails.pageViews", "commerce.purchases", "web.webinteraction.linkClicks"])
    identity = pa.MapArray.from_arrays(
        numpy.arange(rows + 1, dtype=numpy.int32), pa.array(["ECID"] * rows), pa.array(ids[::-1])
    )
    views = pa.StructArray.from_arrays([pa.array(random.integers(0, 9, rows))], ["value"])
    items = pa.ListArray.from_arrays(
        numpy.arange(0, 2 * rows + 1, 2, dtype=numpy.int32), pa.array(random.random(2 * rows) * 100)
    )
    return pa.table(
        {
            "_id": ids,
            "timestamp": pa.array(random.integers(1_700_000_000_000_000, 1_790_000_000_000_000, rows)).cast(
                pa.timestamp("us", "UTC")
            ),
            "eventType": kinds.take(pa.array(random.integers(0, 3, rows))),
            "identityMap": identity,
            "web": pa.StructArray.from_arrays([urls, views], ["url", "pageViews"]),
            "prices": items,
            "revenue": random.random(rows).round(2),
            "quantity": random.integers(0, 100, rows),
        }
    )


def write_file(path: Path, megabytes: int, codec: str, *, one_group: bool) -> None:
    """A file of about `megabytes` stored, with page checksums."""
    first = make_events(ROWS_PER_WRITE, 0)
    with pq.ParquetWriter(path, first.schema, compression=codec, write_page_checksum=True) as writer:
        parts = [first]
        writer.write_table(first)
        size = path.stat().st_size
    count = max(2, megabytes * 1024 * 1024 // size)
    parts += [make_events(ROWS_PER_WRITE, seed) for seed in range(1, min(count, 8))]
    table = pa.concat_tables(parts[n % len(parts)] for n in range(count))
    group = table.num_rows if one_group else 10 * ROWS_PER_WRITE
    pq.write_table(table, path, compression=codec, write_page_checksum=True, row_group_size=group)


def take_time(script: str, path: Path) -> tuple[float, str]:
    """Seconds of wall time of a fresh process that runs `script` on `path`, and what it printed."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True)
    return time.perf_counter() - start, done.stdout.strip()


def run_case(name: str, megabytes: int, rounds: int, folder: Path) -> None:
    """Alternate rival and us, print the ratios."""
    aim = CASES[name][2]
    path = folder / f"{name}.parquet"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.parquet",
            "--write",
            str(path),
            "--case",
            name,
            "--megabytes",
            str(megabytes),
        ],
        check=True,
    )
    ratios, said, ours, rivals = [], "", [], []
    for _ in range(rounds):
        rivals.append(take_time(DUCKDB, path)[0])
        seconds, said = take_time(OURS, path)
        ours.append(seconds)
        ratios.append(ours[-1] / rivals[-1])
    content, rows, peak = said.split()
    print(
        f"{name}: {path.stat().st_size >> 20} MiB, {rows} rows, {content}; ratio min {min(ratios):.2f} median "
        f"{statistics.median(ratios):.2f} max {max(ratios):.2f} (aim {aim}); ours {statistics.median(ours):.2f} s, "
        f"DuckDB {statistics.median(rivals):.2f} s; peak {peak} MB",
        flush=True,
    )
    path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--case", choices=[*CASES])
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        codec, one_group, _ = CASES[options.case]
        write_file(options.write, options.megabytes, codec, one_group=one_group)
        return
    with tempfile.TemporaryDirectory(prefix="benchmark-parquet-") as folder:
        for name in [options.case] if options.case else CASES:
            run_case(name, options.megabytes, options.rounds, Path(folder))


if __name__ == "__main__":
    main()
