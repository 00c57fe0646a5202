"""What is let go, so that the ledger does not grow without end. Verdicts, findings and incidents stay for ever."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, not_, or_, select, update

from auditor.incident_model import NoticeState
from auditor.ledger.database import Database
from auditor.ledger.schema import export_folders, file_checks, files, listing_parts, listings, manifests
from auditor.ledger.service_schema import file_changes, notices
from auditor.ledger.sql import chunks, under_prefix
from auditor.ledger.thinning import Thinning
from auditor.ledger.types import identity_of, micros

__all__ = ["RollUpRecords", "RolledUp"]

PORTION = 100  # folders a transaction takes: others wait a fraction of a second
UNSEEN = b""  # the listing of a folder whose files were let go: whatever comes back is recorded anew
SAID_SHORT = ("title", "short")  # of a message, what stays


@dataclass(frozen=True, slots=True)
class RolledUp:
    """How many rows went. `folders` stay, without their files."""

    folders: int = 0
    files: int = 0
    checks: int = 0
    manifests: int = 0
    listings: int = 0
    audits: int = 0
    pages: int = 0
    messages: int = 0  # bodies of notices; the notices stay

    @property
    def rows(self) -> int:
        """All that is no longer there."""
        return self.files + self.checks + self.manifests + self.listings + self.audits + self.pages


class RollUpRecords(Database):
    """The only one that takes rows away."""

    def roll_up(self, keep: timedelta, *, now: datetime) -> RolledUp:
        """Let go what nobody needs any more, in many small transactions; may be broken off and repeated at any time.

        * Rows of single files (`files`, `file_checks`, `manifests`) of export folders that have not been there for
          `keep`, while their destination was looked at. What lies at a destination keeps its rows, however old: they
          are what it is held against, and save reading it again. So does a folder of which an open change tells.
        * Of the service's finished audits older than three days, all but the first and last of each day and kind,
          unless something refers to them; with the pages that only they had.
        * Listings of what has not been looked at, and the bodies of settled notices, older than `keep`.
        """
        before = now - keep
        went: Counter[str] = Counter()
        with self._reading() as connection:
            folders, gone = _find_folders(connection, before), _find_gone_files(connection, before)
        for some in chunks(folders, PORTION):
            went.update(self._write(partial(_roll_up_folders, folders=some, before=before, now=now)))
        for some in chunks(gone, PORTION * 5):
            went.update(self._write(partial(_let_gone_files_go, gone=some)))
        went.update(self._write(partial(_let_listings_go, before=before)))
        went.update(self._write(partial(_shorten_notices, before=before)))
        thinning = Thinning(now)
        with self._reading() as connection:
            audits = thinning.find(connection)
        for numbers in chunks(audits):
            went.update(self._write(partial(thinning.let_go, audits_=numbers)))
        return RolledUp(**went)


def _find_folders(connection: Connection, before: datetime) -> list[bytes]:
    """Those that were not there for long, at destinations where others have been seen since."""
    c = export_folders.c
    seen = select(c.destination).group_by(c.destination).having(func.max(c.last_seen_at) >= before)
    places = connection.execute(seen).scalars().all()
    has_files = exists().where(files.c.folder == c.folder)
    query = select(c.folder).where(c.destination.in_(places), _is_old(before), or_(c.rolled_up_at.is_(None), has_files))
    return [bytes(folder) for folder in connection.execute(query).scalars()]


def _is_old(before: datetime) -> ColumnElement[bool]:
    c, change = export_folders.c, file_changes.c
    whose = (change.destination == c.destination, change.dataset == c.dataset, change.prefix == c.prefix)
    told = exists().where(*whose, _is_standing())
    return and_(c.last_seen_at < before, c.export_time < before, not_(told))


def _is_standing() -> ColumnElement[bool]:
    return and_(file_changes.c.undone_at.is_(None), file_changes.c.accepted.is_(None))


def _roll_up_folders(
    connection: Connection, folders: Sequence[bytes], before: datetime, now: datetime
) -> Mapping[str, int]:
    c = export_folders.c
    query = select(c.folder, c.destination, c.prefix).where(c.folder.in_(folders), _is_old(before))
    old = {bytes(row.folder): row for row in connection.execute(query)}
    stored = connection.execute(
        select(files.c.file, files.c.folder, files.c.key).where(files.c.folder.in_([*old]))
    ).all()
    keys: dict[bytes, set[str]] = {folder: set() for folder in old}
    for row in stored:
        keys[bytes(row.folder)].add(row.key)
    checks = [check for folder, row in old.items() for check in _checks_of(connection, row, keys[folder])]
    went = _delete(connection, [bytes(row.file) for row in stored], checks)
    connection.execute(update(export_folders).where(c.folder.in_([*old])).values(rolled_up_at=now, listing=UNSEEN))
    return {**went, "folders": len(old)}


def _checks_of(connection: Connection, folder: Any, keys: set[str]) -> list[bytes]:
    """Of all fingerprints that these files ever had."""
    c = file_checks.c
    query = select(c.check_id, c.key).where(under_prefix(file_checks, folder.destination, folder.prefix))
    return [bytes(check) for check, key in connection.execute(query) if key in keys]


def _find_gone_files(connection: Connection, before: datetime) -> list[bytes]:
    """Single files that left folders which are still there."""
    told = exists().where(file_changes.c.file == files.c.file, _is_standing())
    query = select(files.c.file).where(files.c.gone_at < before, not_(told))
    return [bytes(file) for file in connection.execute(query).scalars()]


def _let_gone_files_go(connection: Connection, gone: Sequence[bytes]) -> Mapping[str, int]:
    rows = connection.execute(select(files).where(files.c.file.in_(gone), files.c.gone_at.is_not(None))).all()
    checks = [identity_of(row.destination, row.key, row.size, micros(row.modified), row.version) for row in rows]
    return _delete(connection, [bytes(row.file) for row in rows], checks)


def _delete(connection: Connection, stored: Sequence[bytes], checks: Sequence[bytes]) -> dict[str, int]:
    by_column = {
        "files": (files.c.file, stored),
        "manifests": (manifests.c.file, stored),
        "checks": (file_checks.c.check_id, checks),
    }
    return {
        name: sum(
            connection.execute(delete(column.table).where(column.in_(some))).rowcount for some in chunks(identities)
        )
        for name, (column, identities) in by_column.items()
    }


def _let_listings_go(connection: Connection, before: datetime) -> Mapping[str, int]:
    c = listings.c
    old = connection.execute(select(c.listing).where(c.looked_at < before)).scalars().all()
    went = 0
    for some in chunks(old):
        went += connection.execute(delete(listing_parts).where(listing_parts.c.listing.in_(some))).rowcount
        went += connection.execute(delete(listings).where(c.listing.in_(some))).rowcount
    return {"listings": went}


def _shorten_notices(connection: Connection, before: datetime) -> Mapping[str, int]:
    c = notices.c
    query = select(c.id, c.message).where(c.created_at < before, c.state != NoticeState.WAITING.value)
    short = {number: _shortened(message) for number, message in connection.execute(query) if _is_long(message)}
    for number, message in short.items():
        connection.execute(update(notices).where(c.id == number).values(message=message))
    return {"messages": len(short)}


def _is_long(message: Mapping[str, str]) -> bool:
    return any(message[name] for name in _bodies(message))


def _shortened(message: Mapping[str, str]) -> dict[str, str]:
    return {**message, **dict.fromkeys(_bodies(message), "")}


def _bodies(message: Mapping[str, str]) -> Iterable[str]:
    return [name for name in message if name not in SAID_SHORT]
