"""`service:` and `retention:` as they are used. What is not given holds its default here."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from auditor.settings.expiry import Expiry


@dataclass(frozen=True, slots=True)
class ScheduledReport:
    """A backup-completeness report that is made by itself when a period closes."""

    every: str  # month or quarter
    formats: tuple[str, ...]
    folder: Path  # absolute
    route: str = ""  # channel that is told of it, with the report's summary


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How `serve` works."""

    host: str = "127.0.0.1"
    port: int = 8080
    token_hash: str = field(default="", repr=False)  # SHA-256 of the bearer token, hexadecimal; "": none
    arrival_every: timedelta = timedelta(minutes=5)
    relist: timedelta = timedelta(hours=24)
    workers: int | None = None  # processes that verify; None: one per processor
    reports: tuple[ScheduledReport, ...] = ()
    grace: timedelta = timedelta(seconds=25)  # to finish or hand back work after SIGTERM
    expiry: Expiry | None = None  # of the token


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the ledger keeps rows of single files. Verdicts stay for ever."""

    files: timedelta = timedelta(days=400)
