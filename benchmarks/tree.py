"""Claim: a tree of 100,000 files audits in memory that follows the largest dataset, not the tree.

    python -m benchmarks.tree [--datasets 100] [--folders 333] [--files 3]

Lays out small json.gz files (each with records of its own), audits them twice with the command, and prints time and
peak memory of the audit and its worker processes; the second audit has nothing new to read. With twice the datasets
the peak of the listing and judging must stay; only the report grows with the number of runs.
"""

import argparse
import gzip
import json
import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.peak import run_watched

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(hours=3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=int, default=100)
    parser.add_argument("--folders", type=int, default=333)
    parser.add_argument("--files", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-tree-") as home:
        print(f"laying out {given.datasets * given.folders * given.files:,} files ...", flush=True)
        config = lay_out(Path(home), given.datasets, given.folders, given.files)
        now = START + STEP * (given.folders - 1) + timedelta(hours=2)
        command = [sys.executable, "-c", "from auditor.cli import main; main()", "audit", "-c", str(config)]
        command += ["--now", f"{now:%Y-%m-%dT%H:%M:%SZ}", "--since", f"{START:%Y-%m-%dT%H:%M:%SZ}", "--format", "json"]
        for told in ("first audit", "second audit"):
            peak = run_watched(command)
            summary = json.loads(peak.output)["summary"]
            print(
                f"{told}: {peak.seconds:.1f} s, peak {peak.memory / 2**20:.0f} MiB (shared pages once), "
                f"{peak.resident / 2**20:.0f} MiB resident summed, exit {peak.exit_code}; {summary['runs']:,} runs, "
                f"{summary['files_read']:,} files read, {summary['files_reused']:,} unchanged",
                flush=True,
            )


def lay_out(home: Path, datasets: int, folders: int, files: int) -> Path:
    """The tree and its configuration. Returns the configuration's path."""
    ids = [f"{n:024x}" for n in range(0xA0, 0xA0 + datasets)]
    for dataset in ids:
        for step in range(folders):
            due = START + STEP * step
            folder = home / "exports" / "backups" / dataset / f"exportTime={due:%Y%m%d%H%M}"
            folder.mkdir(parents=True)
            moment = (due + timedelta(minutes=7)).timestamp()
            for part in range(files):
                write = f"tid-{step + 1}-{int(dataset, 16):08x}-0000-4000-8000-{step:012x}"
                name = f"part-{part:05d}-{write}-{part}-1-c000.json.gz"
                path = folder / name
                record = json.dumps({"_id": f"{dataset}-{step}-{part}", "value": step}) + "\n"
                path.write_bytes(gzip.compress(record.encode() * 5, 1, mtime=0))
                os.utime(path, (moment, moment))
    config = home / "auditor.yaml"
    lines = ["destinations:", "  lake: {type: local, root: ./exports, folder: backups}", "flows:", "  all:"]
    lines += ["    destination: lake", "    format: json", "    compression: gzip", "    mode: full"]
    lines += ["    schedule: {every: 3h, start: 2026-01-01T00:00:00Z}", "    datasets:"]
    config.write_text("\n".join([*lines, *(f'      - "{dataset}"' for dataset in ids)]) + "\n")
    return config


if __name__ == "__main__":
    main()
