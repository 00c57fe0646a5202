"""Reading the values of options, with one sentence for each mistake."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import typer

from auditor.model import Level, Severity
from auditor.service import Limits
from auditor.settings import Config, ConfigError, load_config

MOST_DIGITS = 15  # of a number of files or bytes; a petabyte has as many
YEARS = (1970, 9000)  # inside them no window around a moment leaves the calendar
DEFAULT_CONFIG = Path("auditor.yaml")


def complain(sentence: str) -> NoReturn:
    """Say what is wrong on stderr and end with exit code 2 (usage or configuration)."""
    typer.echo(f"export-auditor: {sentence}", err=True)
    raise typer.Exit(2)


def read_config(path: Path) -> Config:
    """The configuration at `path`; where it has mistakes they are told, and the command ends with exit code 2."""
    try:
        return load_config(path)
    except ConfigError as error:
        complain(str(error))


def moment_of(option: str, text: str) -> datetime | None:
    """An instant with its zone; None if not given."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        complain(f"{option} {text}: no moment; write it like 2026-11-01T06:00:00Z")
    if moment.tzinfo is None:
        complain(f"{option} {text}: the zone is missing; write {text}Z for UTC, or an offset like {text}+02:00")
    if not YEARS[0] <= moment.year < YEARS[1]:
        complain(f"{option} {text}: use a year from {YEARS[0]} to {YEARS[1] - 1}")
    return moment.astimezone(UTC)


def limits_of(max_files: str, max_bytes: str) -> Limits:
    """How much may be read; nothing given: everything."""
    return Limits(_count_of(max_files) if max_files else None, _size_of(max_bytes) if max_bytes else None)


def _count_of(text: str) -> int:
    digits = text.replace(",", "").replace("_", "")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > MOST_DIGITS:
        complain(f"--max-files {text}: no number of files; write it like 5000")
    return int(digits)


def _size_of(text: str) -> int:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([kMGTP]i?)?B?", text, re.ASCII)
    if not match or len(match[1]) > MOST_DIGITS + 4:
        complain(f"--max-bytes {text}: no size; write it like 500MB, 20GiB or 1.5TB")
    unit = match[2] or ""
    base = 1024 if unit.endswith("i") else 1000
    return int(float(match[1]) * base ** (" kMGTP".index(unit[0]) if unit else 0))


def level_of(text: str) -> Level | None:
    """An assurance level; None if not given."""
    names = [str(level) for level in Level if level <= Level.L4]
    if not text:
        return None
    if text.upper() not in names:
        complain(f"--level {text}: no such level; use one of {', '.join(names)}")
    return Level[text.upper()]


def severity_of(text: str) -> Severity:
    """A threshold of severity."""
    if text not in [str(severity) for severity in Severity]:
        complain(f"--fail-on {text}: no such severity; use one of {', '.join(Severity)}")
    return Severity(text)
