"""The ledger: one class over its parts."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from auditor.ledger.audits import AuditRecords
from auditor.ledger.checks import CheckRecords
from auditor.ledger.database import parse_place
from auditor.ledger.expected import ExpectedRecords
from auditor.ledger.file_changes import FileChangeRecords
from auditor.ledger.file_copy import copy_before
from auditor.ledger.findings import FindingRecords
from auditor.ledger.flow_runs import FlowRunRecords
from auditor.ledger.flow_versions import FlowVersionRecords
from auditor.ledger.folders import FolderRecords
from auditor.ledger.incident_members import MemberRecords
from auditor.ledger.incidents import IncidentRecords
from auditor.ledger.listings import ListingRecords
from auditor.ledger.migrate import migrate, read_version
from auditor.ledger.notices import NoticeRecords
from auditor.ledger.periods import PeriodRecords
from auditor.ledger.rollup import RollUpRecords
from auditor.ledger.schema import HEAD
from auditor.ledger.service_schema import incidents as _  # noqa: F401  # the tables are part of the metadata
from auditor.ledger.tallies import TallyRecords
from auditor.ledger.verdicts import VerdictRecords
from auditor.ledger.working import WorkingRecords

__all__ = ["Ledger"]


class Ledger(
    AuditRecords,
    ExpectedRecords,
    FolderRecords,
    FileChangeRecords,
    ListingRecords,
    CheckRecords,
    VerdictRecords,
    FindingRecords,
    FlowRunRecords,
    FlowVersionRecords,
    WorkingRecords,
    RollUpRecords,
    IncidentRecords,
    PeriodRecords,
    NoticeRecords,
    MemberRecords,
    TallyRecords,
):
    """What is known of runs, folders, files, verdicts and findings, and since when.

    SQLite or PostgreSQL; several processes and threads may work on one ledger at once. Each call
    is its own short transaction (long inputs are written in portions), and may be repeated after a
    crash. Every failure is a LedgerError. Times must have a zone; they come back in UTC.
    """

    migrated_copy: Path | None = None  # of the ledger as it was before opening it migrated it

    @classmethod
    def open(
        cls, url: str, *, mounts: Callable[[], str] | None = None, clock: Callable[[], datetime] | None = None
    ) -> Self:
        """Open the ledger at `url` (`sqlite:///path`, `postgresql://…`); create or migrate it if need be.

        A SQLite ledger of an earlier version is copied before (`migrated_copy` says where).
        `mounts` (text like /proc/self/mounts) and `clock` replace the machine's own.

        Raises LedgerError: no such folder, no rights, no database, another's database, a newer
        schema, SQLite on a network file system, server not reachable.
        """
        given = {name: value for name, value in (("mounts", mounts), ("clock", clock)) if value is not None}
        ledger = cls(parse_place(url), **given)  # type: ignore[arg-type]
        try:
            ledger._migrate()
        except BaseException:
            ledger.close()
            raise
        return ledger

    @classmethod
    def in_memory(cls) -> Self:
        """A ledger that vanishes with the process, for the audit of a past moment."""
        return cls.open("sqlite://")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _migrate(self) -> None:
        with self._reading() as connection:
            version = read_version(connection)
        if version != HEAD:
            self._write(lambda connection: migrate(connection, self._copy_before))

    def _copy_before(self) -> None:
        """Keep the database as it is. PostgreSQL takes its schema changes back as a whole, and has its own backups."""
        if self._place.path is not None:
            self.migrated_copy = copy_before(self._place.path, HEAD, at=self._clock())
