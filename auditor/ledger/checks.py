"""What was read of files: checks and manifests, each tied to the fingerprint it was made of."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, not_, or_, select

from auditor.ledger.codec import dump_faults, dump_manifest, load_faults, load_manifest
from auditor.ledger.database import Database
from auditor.ledger.pages import keep_pages, read_pages
from auditor.ledger.schema import file_checks, manifests
from auditor.ledger.sql import Insert, chunks, insert_into, under_prefix
from auditor.ledger.types import identity_of, micros
from auditor.model import Compression, Content, FileCheck, FileFormat, Level, Manifest, StoredFile

__all__ = ["CheckRecords"]

PORTION = 2000  # rows a transaction writes: others wait a fraction of a second


class CheckRecords(Database):
    """Checks of files, and manifests as read."""

    def record_checks(
        self, destination: str, checks: Iterable[tuple[StoredFile, FileCheck]], *, at: datetime, verifier: str
    ) -> None:
        """Keep `checks`, made at `at` by the verifier of that version.

        Of one fingerprint the best knowledge stays: "could not check" does not push out a proof, and
        a shallower look does not push out a deeper one of the same verifier, be that sound or damaged.
        """
        for some in chunks(checks, PORTION):
            self._write(partial(_keep_checks, destination=destination, checks=some, at=at, verifier=verifier))

    def known_checks(
        self, destination: str, keys_prefix: str, *, verifier: str
    ) -> dict[str, tuple[StoredFile, FileCheck]]:
        """The newest check of each key that starts with `keys_prefix`, made by this version of the verifier.

        The caller compares fingerprints, levels, and whether a check that is no proof is worth repeating.
        """
        known: dict[str, tuple[StoredFile, FileCheck]] = {}
        with self._reading() as connection:
            rows = connection.execute(
                select(file_checks)
                .where(under_prefix(file_checks, destination, keys_prefix), file_checks.c.verifier == verifier)
                .order_by(file_checks.c.checked_at, file_checks.c.check_id)
            ).all()
            schemas = _schemas(connection, rows)
        for row in rows:
            known[row.key] = _file(row), _check(row, schemas[bytes(row.schema_page)] if row.schema_page else "")
        return known

    def record_manifests(self, destination: str, read: Iterable[Manifest], *, at: datetime, verifier: str) -> None:
        """Keep manifests as read at `at`. One that could not be read is not kept: it must be tried again."""
        for some in chunks((m for m in read if not m.unreadable), PORTION):
            rows = [_manifest_row(destination, manifest, at, verifier) for manifest in some]
            self._write(partial(_upsert, table=manifests, rows=rows))

    def known_manifests(self, destination: str, keys_prefix: str, *, verifier: str) -> dict[str, Manifest]:
        """The manifests last read under `keys_prefix` by this version. The caller compares `file.fingerprint`."""
        query = select(manifests).where(
            under_prefix(manifests, destination, keys_prefix), manifests.c.verifier == verifier
        )
        with self._reading() as connection:
            return {row.key: load_manifest(_file(row), row.body) for row in connection.execute(query)}


def _keep_checks(
    connection: Connection,
    destination: str,
    checks: Iterable[tuple[StoredFile, FileCheck]],
    at: datetime,
    verifier: str,
) -> None:
    texts = sorted({check.schema for _, check in checks if check.schema})
    pages = dict(zip(texts, keep_pages(connection, (t.encode("utf-8", "surrogatepass") for t in texts)), strict=True))
    rows = [
        {
            **_file_row(destination, file),
            "check_id": identity_of(destination, file.key, file.size, micros(file.modified), file.version),
            "content": check.content.value,
            "level": int(check.level),
            "format": check.format.value if check.format else None,
            "compression": check.compression.value if check.compression else None,
            "records": check.records,
            "bytes_read": check.bytes_read,
            "reason": check.reason,
            "digest": check.digest,
            "schema_page": pages.get(check.schema),
            "faults": dump_faults(check.faults) or None,
            "facts": dict(check.facts) or None,
            "checked_at": at,
            "verifier": verifier,
        }
        for file, check in checks
    ]
    _upsert(connection, file_checks, rows)


def _schemas(connection: Connection, rows: Iterable[Row[Any]]) -> dict[bytes, str]:
    pages = read_pages(connection, {bytes(row.schema_page) for row in rows if row.schema_page})
    return {name: body.decode("utf-8", "surrogatepass") for name, body in pages.items()}


def _upsert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    statement: Insert = insert_into(connection, table)
    key = next(iter(table.primary_key))
    new = statement.excluded
    changed = {c.name: new[c.name] for c in table.columns if not c.primary_key}
    where = _is_better(new) if table is file_checks else None
    connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=changed, where=where), rows)


def _is_better(new: Any) -> ColumnElement[bool]:
    old = file_checks.c
    refutes = or_(
        new.verifier != old.verifier,
        new.content == Content.DAMAGED.value,
        # A damaged file has the level it passed: only a look that got past it says otherwise.
        new.level > old.level,
        and_(old.content == Content.SOUND.value, new.level == old.level),
    )
    return or_(not_(_is_proof(old.content)), and_(_is_proof(new.content), refutes))


def _is_proof(content: Any) -> ColumnElement[bool]:
    return or_(content == Content.SOUND.value, content == Content.DAMAGED.value)


def _file_row(destination: str, file: StoredFile) -> dict[str, Any]:
    return {
        "destination": destination,
        "key": file.key,
        "size": file.size,
        "modified": file.modified,
        "version": file.version,
        "archived": file.archived,
    }


def _manifest_row(destination: str, manifest: Manifest, at: datetime, verifier: str) -> dict[str, Any]:
    return {
        **_file_row(destination, manifest.file),
        "file": identity_of(destination, manifest.file.key),
        "body": dump_manifest(manifest),
        "read_at": at,
        "verifier": verifier,
    }


def _file(row: Row[Any]) -> StoredFile:
    return StoredFile(row.key, row.size, row.modified, row.version, row.archived)


def _check(row: Row[Any], schema: str) -> FileCheck:
    return FileCheck(
        key=row.key,
        content=Content(row.content),
        level=Level(row.level),
        format=FileFormat(row.format) if row.format else None,
        compression=Compression(row.compression) if row.compression else None,
        records=row.records,
        bytes_read=row.bytes_read,
        faults=load_faults(row.faults),
        reason=row.reason,
        digest=row.digest,
        schema=schema,
        facts=row.facts or {},
    )
