"""Claim: `.json.gz` is verified to L3, every name and checksum included, faster than DuckDB hashes it.

    python -m benchmarks.ndjson [--megabytes 500] [--files 2000] [--rounds 5] [--case big|small]

Rival: DuckDB, `SELECT bit_xor(hash(t)), count(*) FROM read_json(…) t`, two threads, over the same files. Ours: a
`Verifier` with two workers. Both run in fresh processes, start-up and worker processes included; the files are
in the page cache. Aims: the ratio ours/DuckDB is at most 0.55 for one big file, 0.35 for 2,000 small ones.
"""

import argparse
import gzip
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

AIMS = {"big": 0.55, "small": 0.35}
DUCKDB = """
import duckdb, sys
connection = duckdb.connect(config={"threads": 2})
sql = "SELECT bit_xor(hash(t)), count(*) FROM read_json(?, format='newline_delimited') t"
print(connection.execute(sql, [sys.argv[1] + "/*.json.gz"]).fetchone()[1])
"""
OURS = """
import sys
from adapters.registry import opener
from auditor.model import Content, Level, StoredFile
from auditor.verify import Verifier
if __name__ == "__main__":
    open_adapter = opener("bench", "local", {"root": sys.argv[1]})
    infos = open_adapter().list_objects("")
    files = (StoredFile(i.key, i.size, i.modified, i.version) for i in infos)
    with Verifier(open_adapter, workers=2) as verifier:
        checks = list(verifier.verify(files, Level.L3))
    assert all(check.content is Content.SOUND for check in checks)
    print(sum(check.records or 0 for check in checks))
"""
SMALL_RECORDS = 60


def make_record(n: int, chance: random.Random) -> dict[str, object]:
    """An event with nested structs, an identity map, and names left out where there is no value."""
    page = chance.randrange(500)
    record: dict[str, object] = {
        "_id": f"{chance.getrandbits(64):016x}-{n}",
        "timestamp": f"2026-10-{1 + n % 28:02d}T02:{n % 60:02d}:33.{n % 1000:03d}Z",
        "eventType": chance.choice(["web.webpagedetails.pageViews", "commerce.purchases", "commerce.productListAdds"]),
        "identityMap": {
            "ECID": [{"id": f"{chance.getrandbits(120):038d}", "primary": True}],
            "Email": [{"id": f"user{n % 99_999}@example.com", "primary": False}],
        },
        "web": {
            "webPageDetails": {"name": f"Seite {page} – über", "URL": f"https://example.com/shop/{page}?id={n}"},
            "webReferrer": {"URL": "https://www.example.org/", "type": "search_engine"},
        },
        "device": {"screenHeight": 1080, "screenWidth": 1920, "type": "desktop"},
        "environment": {
            "browserDetails": {"userAgent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0"}
        },
    }
    if n % 3 == 0:
        record["commerce"] = {"order": {"priceTotal": round(chance.random() * 500, 2), "currencyCode": "EUR"}}
        record["productListItems"] = [{"SKU": f"S{n % 9999}", "quantity": q, "name": 'a "thing"'} for q in range(n % 4)]
    return record


def write_files(folder: Path, case: str, megabytes: int, files: int) -> None:
    """One file of `megabytes` MB of text, or `files` small ones of 60 records."""
    chance = random.Random(1)
    if case == "small":
        for n in range(files):
            lines = (
                json.dumps(make_record(i, chance), ensure_ascii=False, separators=(",", ":"))
                for i in range(SMALL_RECORDS)
            )
            (folder / f"part-{n:05d}.json.gz").write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), 6))
        return
    written = n = 0
    with gzip.open(folder / "part-00000.json.gz", "wb", 6) as place:
        while written < megabytes * 1_000_000:
            written += place.write(
                json.dumps(make_record(n, chance), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            )
            n += 1


def time_once(program: Path, folder: Path) -> tuple[float, float, str]:
    """Seconds on the clock and of processor of one fresh process with its workers, and what it counted."""
    start, before = time.perf_counter(), _processor_seconds()
    done = subprocess.run([sys.executable, program, folder], check=True, capture_output=True, text=True)
    return time.perf_counter() - start, _processor_seconds() - before, done.stdout


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Run the pairs and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--case", choices=AIMS)
    chosen = parser.parse_args()
    for case in [chosen.case] if chosen.case else AIMS:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place, "files")
            folder.mkdir()
            programs = {"ours": Path(place, "ours.py"), "duckdb": Path(place, "rival.py")}
            programs["ours"].write_text(f"import sys\nsys.path.insert(0, {str(Path.cwd())!r})\n{OURS}")
            programs["duckdb"].write_text(DUCKDB)
            write_files(folder, case, chosen.megabytes, chosen.files)
            report(case, programs, folder, chosen.rounds)


def report(case: str, programs: dict[str, Path], folder: Path, rounds: int) -> None:
    """One line of figures."""
    pairs, work = [], []
    for _ in range(rounds):
        (ours, ours_work, counted), (rival, rival_work, expected) = (
            time_once(programs[name], folder) for name in ("ours", "duckdb")
        )
        assert counted == expected, "the two did not read the same"
        pairs.append((ours, rival))
        work.append((ours_work, rival_work))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    ours_s, rival_s = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"{case}: ratio {spread(pairs)}, aim {AIMS[case]}; of processor time {spread(work)}")
    print(f"  ours {ours_s:.2f} s, DuckDB {rival_s:.2f} s, largest process of either {peak} MB")


def spread(pairs: list[tuple[float, float]]) -> str:
    """Ours to the rival's: minimum, median, maximum of the rounds."""
    ratios = sorted(ours / rival for ours, rival in pairs)
    return f"min {ratios[0]:.2f} median {statistics.median(ratios):.2f} max {ratios[-1]:.2f}"


if __name__ == "__main__":
    main()
