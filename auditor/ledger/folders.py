"""What was seen in storage, and since when: export folders with their files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from auditor.ledger.database import Database
from auditor.ledger.errors import LedgerError
from auditor.ledger.schema import export_folders, files
from auditor.ledger.sql import chunks, insert_into
from auditor.ledger.types import identity_of, micros
from auditor.model import ExportFolder, StoredFile

__all__ = ["FolderHistory", "FolderRecords", "listing_of"]

PORTION = 500  # folders a transaction writes


@dataclass(frozen=True, slots=True)
class FolderHistory:
    """When the ledger saw what of one export folder. Moments are those the audits gave."""

    first_seen_at: datetime
    whole_at: datetime | None  # first seen whole
    changed_seen_at: datetime | None  # a file was new or had another fingerprint than at the audit before
    last_seen_at: datetime


class FolderRecords(Database):
    """Export folders and their files."""

    def record_folders(self, destination: str, folders: Iterable[ExportFolder], *, at: datetime) -> None:
        """Keep that these folders stood at `at` with exactly these data files and manifests.

        Folders not named are left as they are: a partial look says nothing of the rest.
        """
        for some in chunks(folders, PORTION):
            self._write(partial(_keep_folders, destination=destination, folders=some, at=at))

    def record_whole(
        self, destination: str, prefix: str | Iterable[str] | Mapping[str, datetime], at: datetime
    ) -> None:
        """Keep that the folder (or many) was whole at `at`, or each at its own moment; the first such moment stays.

        Raises LedgerError for a folder that was not recorded before.
        """
        prefixes = [prefix] if isinstance(prefix, str) else prefix
        moments = prefixes if isinstance(prefixes, Mapping) else dict.fromkeys(prefixes, at)
        for some in chunks(moments.items()):
            self._write(partial(_keep_whole, destination=destination, moments=dict(some)))

    def folder_history(self, destination: str, dataset: str) -> dict[str, FolderHistory]:
        """By prefix: when each folder of `dataset` was seen."""
        c = export_folders.c
        query = (
            select(c.prefix, c.first_seen_at, c.whole_at, c.changed_seen_at, c.last_seen_at)
            .where(c.destination == destination, c.dataset == dataset)
            .order_by(c.export_time, c.prefix)
        )
        with self._reading() as connection:
            return {prefix: FolderHistory(*moments) for prefix, *moments in connection.execute(query)}


def listing_of(folder: ExportFolder) -> bytes:
    """16 bytes that stand for the files of a folder, each with its fingerprint: equal where no file differs."""
    return _listing(_seen_files(folder))


def _keep_folders(connection: Connection, destination: str, folders: Sequence[ExportFolder], at: datetime) -> None:
    latest = {identity_of(destination, f.dataset, f.prefix): f for f in folders}
    query = select(export_folders.c.folder, export_folders.c.listing)
    known = {
        bytes(row.folder): bytes(row.listing)
        for some in chunks(latest)
        for row in connection.execute(query.where(export_folders.c.folder.in_(some)))
    }
    seen = {identity: _seen_files(folder) for identity, folder in latest.items()}
    rows = [_folder_row(identity, destination, folder, seen[identity], at) for identity, folder in latest.items()]
    changed = [row for row in rows if known.get(row["folder"]) != row["listing"]]
    _write_folders(connection, changed)
    touched = _keep_files(connection, destination, {row["folder"]: seen[row["folder"]] for row in changed}, at)
    for some in chunks(known.keys() & touched):
        connection.execute(update(export_folders).where(export_folders.c.folder.in_(some)).values(changed_seen_at=at))
    for some in chunks(known):
        later = export_folders.c.last_seen_at < at  # audits may overtake each other
        connection.execute(
            update(export_folders).where(export_folders.c.folder.in_(some), later).values(last_seen_at=at)
        )


def _seen_files(folder: ExportFolder) -> dict[str, tuple[str, StoredFile]]:
    return {
        **{file.key: ("data", file) for file in folder.files},
        **{file.key: ("manifest", file) for file in folder.manifests},
    }


def _listing(seen: dict[str, tuple[str, StoredFile]]) -> bytes:
    return identity_of(
        *(
            part
            for key, (role, file) in sorted(seen.items())
            for part in (role, key, file.size, micros(file.modified), file.version, int(file.archived))
        )
    )


def _folder_row(
    identity: bytes, destination: str, folder: ExportFolder, seen: dict[str, tuple[str, StoredFile]], at: datetime
) -> dict[str, Any]:
    return {
        "folder": identity,
        "place": identity_of(destination, folder.prefix),
        "destination": destination,
        "dataset": folder.dataset,
        "prefix": folder.prefix,
        "export_time": folder.export_time,
        "listing": _listing(seen),
        "files": len(seen),
        "bytes": sum(file.size for _, file in seen.values()),
        "first_seen_at": at,
        "last_seen_at": at,
        "rolled_up_at": None,  # it is there again, with its files
    }


def _write_folders(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    statement = insert_into(connection, export_folders)
    new = statement.excluded
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[export_folders.c.folder],
            set_={name: new[name] for name in ("export_time", "listing", "files", "bytes", "rolled_up_at")},
        ),
        rows,
    )


def _keep_files(
    connection: Connection,
    destination: str,
    folders: dict[bytes, dict[str, tuple[str, StoredFile]]],
    at: datetime,
) -> set[bytes]:
    """Write the files of folders whose listing differs; the folders with a new or changed file."""
    known = _known_files(connection, folders)
    rows, touched = [], set[bytes]()
    for folder, seen in folders.items():
        for key, (role, file) in seen.items():
            identity = identity_of(destination, key)
            old = known.pop(identity, None)
            differs = old is None or old.gone_at is not None or _fingerprint(old) != file.fingerprint
            if differs:
                touched.add(folder)
            rows.append(
                {
                    "file": identity,
                    "folder": folder,
                    "destination": destination,
                    "key": key,
                    "role": role,
                    "size": file.size,
                    "modified": file.modified,
                    "version": file.version,
                    "archived": file.archived,
                    "first_seen_at": old.first_seen_at if old else at,
                    "changed_seen_at": None if old is None else at if differs else old.changed_seen_at,
                    "gone_at": None,
                }
            )
    _write_files(connection, rows)
    _mark_gone(connection, [identity for identity, old in known.items() if old.gone_at is None], at)
    return touched


def _known_files(connection: Connection, folders: Iterable[bytes]) -> dict[bytes, Row[*tuple[Any, ...]]]:
    c = files.c
    columns = (c.file, c.size, c.modified, c.version, c.first_seen_at, c.changed_seen_at, c.gone_at)
    return {
        bytes(row.file): row
        for some in chunks(folders)
        for row in connection.execute(select(*columns).where(c.folder.in_(some)))
    }


def _fingerprint(row: Row[*tuple[Any, ...]]) -> tuple[int, datetime, str]:
    return row.size, row.modified, row.version


def _write_files(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    statement = insert_into(connection, files)
    kept = ("file", "destination", "key", "first_seen_at")
    changed = {c.name: statement.excluded[c.name] for c in files.columns if c.name not in kept}
    connection.execute(statement.on_conflict_do_update(index_elements=[files.c.file], set_=changed), rows)


def _mark_gone(connection: Connection, identities: list[bytes], at: datetime) -> None:
    for some in chunks(identities):
        connection.execute(update(files).where(files.c.file.in_(some)).values(gone_at=at))


def _keep_whole(connection: Connection, destination: str, moments: Mapping[str, datetime]) -> None:
    c = export_folders.c
    places = {identity_of(destination, prefix): prefix for prefix in moments}
    rows = connection.execute(select(c.place, c.whole_at).where(c.place.in_(list(places)))).all()
    present = {bytes(row.place) for row in rows}
    for place, prefix in places.items():
        if place not in present:
            raise LedgerError(f"ledger: no folder {prefix!r} of {destination!r} was recorded, so it cannot be whole")
    fresh = {bytes(row.place) for row in rows if row.whole_at is None}
    if fresh:
        statement = update(export_folders).where(c.place == bindparam("at_place"), c.whole_at.is_(None))
        connection.execute(
            statement.values(whole_at=bindparam("moment")),
            [{"at_place": place, "moment": moments[places[place]]} for place in fresh],
        )
