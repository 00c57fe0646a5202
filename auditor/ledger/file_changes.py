"""What became of the files of exports after they had come to rest: changed, deleted, undone, accepted."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, update

from auditor.ledger.database import Database
from auditor.ledger.folders import listing_of
from auditor.ledger.schema import export_folders, file_checks, files, verdicts
from auditor.ledger.service_schema import acceptances, file_changes, place_sources
from auditor.ledger.sql import chunks, insert_into, next_id
from auditor.ledger.types import from_text, identity_of, micros, to_text
from auditor.ledger.verdicts import read_verdict
from auditor.model import (
    Arrival,
    ChangeKind,
    Content,
    ExportFolder,
    FileChange,
    KnownExport,
    StoredFile,
    Verdict,
    Waived,
)

__all__ = ["FOR_EVER", "FileChangeRecords"]

FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)  # an acceptance has no end
UNSEEN = b""  # the listing of a folder that is gone: whatever comes back differs from it


class FileChangeRecords(Database):
    """Changes of files, and what they are held against."""

    def source_since(self, destination: str, source: str, *, at: datetime) -> datetime:
        """Since when the name `destination` stands for `source`; from `at` on if it stood for another one before."""
        return self._write(partial(_keep_source, destination=destination, source=identity_of(source), at=at))

    def exports_unlike(
        self, destination: str, dataset: str, folders: Mapping[str, ExportFolder], *, since: datetime
    ) -> list[KnownExport]:
        """The exports of `dataset` that had come to rest, and are not as in `folders` (by prefix) or not among them.

        Each with its files as they were when last seen. One not seen since `since`, and one whose files were let go,
        is not known.
        """
        c = export_folders.c
        query = select(c.folder, c.prefix, c.export_time, c.last_seen_at, c.listing).where(
            c.destination == destination,
            c.dataset == dataset,
            c.whole_at.is_not(None),
            c.rolled_up_at.is_(None),
            c.last_seen_at >= since,
        )
        with self._reading() as connection:
            rows = {bytes(row.folder): row for row in connection.execute(query)}
            unlike = [
                folder
                for folder, row in rows.items()
                if row.prefix not in folders or listing_of(folders[row.prefix]) != bytes(row.listing)
            ]
            stored = _files_of(connection, unlike)
        return [_known(rows[folder], dataset, stored[folder]) for folder in unlike if stored[folder]]

    def record_changes(self, changes: Sequence[FileChange]) -> None:
        """Keep what was found. A file of which a change stands already is left as it is."""
        for some in chunks(changes):
            self._write(partial(_keep_changes, changes=some))

    def leave_out(self, changes: Iterable[FileChange]) -> None:
        """These files are no longer looked at: nothing is held against them until they are seen again."""
        for some in chunks(changes):
            self._write(partial(_mark_gone, gone=some))

    def update_changes(self, changes: Iterable[FileChange]) -> None:
        """Keep what is known of these now: confirmed, undone, or changed once more."""
        for some in chunks(changes):
            self._write(partial(_update_changes, changes=some))

    def standing_changes(self, destination: str, dataset: str | None = None) -> list[FileChange]:
        """What is neither undone nor, if changed, accepted; what is gone stays so, whoever accepts it. Oldest first."""
        c, a = file_changes.c, acceptances.c
        query = (
            select(file_changes, a.by, a.why.label("accepted_why"))
            .outerjoin(acceptances, a.id == c.accepted)
            .where(c.destination == destination, c.undone_at.is_(None))
            .where(or_(c.accepted.is_(None), c.kind == ChangeKind.DELETED.value))
            .order_by(c.id)
        )
        if dataset is not None:
            query = query.where(c.dataset == dataset)
        with self._reading() as connection:
            return [_read_change(row) for row in connection.execute(query)]

    def count_at_rest(self, destination: str, *, since: datetime) -> int:
        """How many files of exports at rest are known there, those included of which an open change tells."""
        f, c = export_folders.c, file_changes.c
        lying = (
            select(func.count())
            .select_from(files.join(export_folders, files.c.folder == f.folder))
            .where(f.destination == destination, f.whole_at.is_not(None), f.last_seen_at >= since)
            .where(files.c.gone_at.is_(None))
        )
        gone = select(func.count()).where(
            c.destination == destination,
            c.kind == ChangeKind.DELETED.value,
            c.undone_at.is_(None),
            c.accepted.is_(None),
        )
        with self._reading() as connection:
            return int(connection.execute(lying).scalar() or 0) + int(connection.execute(gone).scalar() or 0)

    def verdicts_on_folders(
        self, flow: str, dataset: str, destination: str, prefixes: Collection[str]
    ) -> dict[str, Verdict]:
        """By prefix: the newest verdict on an expected run that rested on this folder when it had come to rest."""
        c = verdicts.c
        query = (
            select(verdicts)
            .where(c.flow == flow, c.dataset == dataset, c.destination == destination, c.due.is_not(None))
            .where(c.arrival.not_in([Arrival.ARRIVING.value, Arrival.UNKNOWN.value, Arrival.PENDING.value]))
            .order_by(c.id)
        )
        with self._reading() as connection:
            return {
                row.folder: read_verdict(row)
                for some in chunks(sorted(prefixes))
                for row in connection.execute(query.where(c.folder.in_(some)))
            }

    def digests_of(self, destination: str, stored: Iterable[StoredFile]) -> dict[str, tuple[Content, str]]:
        """By key: what was proven of these very files, and the digest of their contents ("" if none was made)."""
        c = file_checks.c
        by_check = {identity_of(destination, f.key, f.size, micros(f.modified), f.version): f.key for f in stored}
        query = select(c.check_id, c.content, c.digest)
        with self._reading() as connection:
            return {
                by_check[bytes(row.check_id)]: (Content(row.content), row.digest)
                for some in chunks(by_check)
                for row in connection.execute(query.where(c.check_id.in_(some)))
            }

    def acceptance_of(self, number: int) -> int | None:
        """The newest acceptance of incident `number`; None if it was never accepted."""
        a = acceptances.c
        with self._reading() as connection:
            return connection.execute(select(func.max(a.id)).where(a.number == number)).scalar()

    def accept_changes(
        self, acceptance: int, destination: str, kinds: Collection[ChangeKind], *, until: datetime, dataset: str = ""
    ) -> int:
        """Put the changes seen up to `until` under this acceptance; how many. What changes later is told anew."""
        return self._write(
            partial(_accept, acceptance=acceptance, destination=destination, kinds=kinds, until=until, dataset=dataset)
        )


def _keep_source(connection: Connection, destination: str, source: bytes, at: datetime) -> datetime:
    c = place_sources.c
    row = connection.execute(select(c.source, c.since).where(c.destination == destination)).first()
    if row is not None and bytes(row.source) == source:
        since: datetime = row.since
        return since
    statement = insert_into(connection, place_sources)
    changed = {"source": source, "since": at}
    connection.execute(
        statement.on_conflict_do_update(index_elements=[c.destination], set_=changed),
        {"destination": destination, **changed},
    )
    return at


def _files_of(connection: Connection, folders: Sequence[bytes]) -> dict[bytes, list[Row[*tuple[Any, ...]]]]:
    c = files.c
    found: dict[bytes, list[Row[*tuple[Any, ...]]]] = {folder: [] for folder in folders}
    for some in chunks(folders):
        query = select(files).where(c.folder.in_(some), c.gone_at.is_(None)).order_by(c.key)
        for row in connection.execute(query):
            found[bytes(row.folder)].append(row)
    return found


def _known(folder: Any, dataset: str, rows: Sequence[Row[Any]]) -> KnownExport:
    by_role = {
        role: tuple(
            StoredFile(row.key, row.size, row.modified, row.version, row.archived) for row in rows if row.role == role
        )
        for role in ("data", "manifest")
    }
    return KnownExport(
        folder.prefix, dataset, folder.export_time, folder.last_seen_at, by_role["data"], by_role["manifest"]
    )


def _keep_changes(connection: Connection, changes: Sequence[FileChange]) -> None:
    c = file_changes.c
    identities = {identity_of(one.destination, one.before.key): one for one in changes}
    standing = and_(c.undone_at.is_(None), c.accepted.is_(None))
    query = select(c.file).where(c.file.in_(list(identities)), standing)
    known = {bytes(file) for file in connection.execute(query).scalars()}
    number = next_id(connection, file_changes)
    fresh = [one for identity, one in identities.items() if identity not in known]
    if fresh:
        rows = [{"id": number + n, "accepted": None, **_row(one)} for n, one in enumerate(fresh)]
        connection.execute(file_changes.insert(), rows)
    _mark_gone(connection, [one for one in changes if one.kind is ChangeKind.DELETED])


def _mark_gone(connection: Connection, gone: Sequence[FileChange]) -> None:
    """What is gone is no longer among what lies there; of its folder, whatever comes back is other than before."""
    for one in gone:
        connection.execute(
            update(files)
            .where(files.c.file == identity_of(one.destination, one.before.key))
            .values(gone_at=one.seen_at)
        )
    for destination, dataset, prefix in {(one.destination, one.dataset, one.prefix) for one in gone}:
        folder = identity_of(destination, dataset, prefix)
        connection.execute(update(export_folders).where(export_folders.c.folder == folder).values(listing=UNSEEN))


def _row(change: FileChange) -> dict[str, Any]:
    return {
        "file": identity_of(change.destination, change.before.key),
        "destination": change.destination,
        "dataset": change.dataset,
        "prefix": change.prefix,
        "export_time": change.export_time,
        "key": change.before.key,
        "kind": change.kind.value,
        "before": {
            **_dump(change.before),
            "known_at": to_text(change.known_at),
            "is_manifest": change.is_manifest,
            "said": change.said,
        },
        "after": _dump(change.after) if change.after else None,
        "seen_at": change.seen_at,
        "confirmed_at": change.confirmed_at,
        "undone_at": change.undone_at,
        "why": change.why,
    }


def _dump(file: StoredFile) -> dict[str, Any]:
    return {
        "size": file.size,
        "modified": to_text(file.modified),
        "version": file.version,
        "archived": file.archived,
    }


def _load(key: str, told: Mapping[str, Any]) -> StoredFile:
    return StoredFile(key, told["size"], from_text(told["modified"]), told["version"], told["archived"])


def _read_change(row: Row[Any]) -> FileChange:
    accepted = row.accepted is not None
    return FileChange(
        destination=row.destination,
        dataset=row.dataset,
        prefix=row.prefix,
        export_time=row.export_time,
        kind=ChangeKind(row.kind),
        before=_load(row.key, row.before),
        after=_load(row.key, row.after) if row.after else None,
        known_at=from_text(row.before["known_at"]),
        seen_at=row.seen_at,
        confirmed_at=row.confirmed_at,
        undone_at=row.undone_at,
        why=row.why,
        is_manifest=row.before["is_manifest"],
        said=row.before["said"],
        accepted=Waived(row.accepted_why, row.by, FOR_EVER) if accepted else None,
        id=row.id,
    )


def _update_changes(connection: Connection, changes: Sequence[FileChange]) -> None:
    for one in changes:
        kept = {name: value for name, value in _row(one).items() if name in _CHANGING}
        connection.execute(update(file_changes).where(file_changes.c.id == one.id).values(kept))
    gone = [one for one in changes if one.kind is ChangeKind.DELETED and one.undone_at is None]
    _mark_gone(connection, gone)


_CHANGING = ("kind", "after", "seen_at", "confirmed_at", "undone_at", "why")


def _accept(
    connection: Connection,
    acceptance: int,
    destination: str,
    kinds: Collection[ChangeKind],
    until: datetime,
    dataset: str,
) -> int:
    c = file_changes.c
    which: list[ColumnElement[bool]] = [
        c.destination == destination,
        c.kind.in_([kind.value for kind in kinds]),
        c.undone_at.is_(None),
        c.accepted.is_(None),
        c.seen_at <= until,
    ]
    if dataset:
        which.append(c.dataset == dataset)
    return connection.execute(update(file_changes).where(*which).values(accepted=acceptance)).rowcount
