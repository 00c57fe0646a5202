"""Reports of periods as files: whole or not there, with the list of their SHA-256 beside them."""

import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from auditor.ledger import Ledger
from auditor.report.completeness.csv_population import render_population
from auditor.report.completeness.html import render_completeness_html
from auditor.report.completeness.json import render_completeness_json
from auditor.report.completeness.types import Completeness
from auditor.service.completeness import read_population

SUMS = "SHA256SUMS"
RENDERED: dict[str, Callable[[Completeness], str]] = {
    "html": render_completeness_html,
    "json": render_completeness_json,
}


def render_parts(ledger: Ledger, report: Completeness, name: str) -> Iterator[str]:
    """The text of one format (`html`, `json`, `csv`), in portions."""
    if name == "csv":
        yield from render_population(read_population(ledger, report))
    else:
        yield RENDERED[name](report)


def write_reports(ledger: Ledger, reports: Sequence[Completeness], formats: Iterable[str], folder: Path) -> list[Path]:
    """Write `reports` and their populations into `folder`, which is made if need be; SHA256SUMS last.

    Gives the files. Raises OSError; what was there before is replaced in one step each.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sums: dict[str, str] = {}
    for report in reports:
        for name in dict.fromkeys((*formats, "csv")):  # the population is always beside
            file = f"{_stem(report, name)}.{name}"
            sums[file] = write_parts(render_parts(ledger, report, name), folder / file)
    write_parts((f"{digest}  {file}\n" for file, digest in sums.items()), folder / SUMS)
    return [folder / file for file in (*sums, SUMS)]


def _stem(report: Completeness, name: str) -> str:
    told = "population" if name == "csv" else "report"
    return f"amendment-{report.revision}-{told}" if report.revision else told


def write_parts(parts: Iterable[str], path: Path) -> str:
    """Write a file in one step, durably, and give its SHA-256. Raises OSError."""
    temporary = path.with_name(f".export-auditor-{secrets.token_hex(6)}.tmp")
    digest = sha256()
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            for part in parts:
                data = part.encode("utf-8", "backslashreplace")
                digest.update(data)
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return digest.hexdigest()
