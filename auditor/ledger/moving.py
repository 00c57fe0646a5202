"""All of a ledger copied into an empty one, on the same database or the other, compared row by row before it counts."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Integer,
    LargeBinary,
    Table,
    Text,
    column,
    inspect,
    select,
    table,
)
from sqlalchemy.sql import TableClause
from sqlalchemy.types import TypeEngine

from auditor.ledger.database import Place
from auditor.ledger.errors import LedgerError, speaking_of
from auditor.ledger.existing import ExistingLedger, exists
from auditor.ledger.ledger import Ledger
from auditor.ledger.schema import HEAD, metadata
from auditor.ledger.sql import chunks

__all__ = ["MovedTable", "move_ledger", "refuse_a_filled_one"]

PORTION = 500  # rows in memory at once


@dataclass(frozen=True, slots=True)
class MovedTable:
    """One table as it is in both ledgers."""

    name: str
    rows: int
    hash: str  # over all rows in any order, hex


@dataclass(slots=True)
class _Seal:
    """Counts rows and adds up their hashes: equal for the same rows, in whatever order each database gives them."""

    rows: int = 0
    total: int = 0

    def add(self, row: Iterable[Any]) -> None:
        self.rows += 1
        self.total = (self.total + int.from_bytes(blake2b(_canonical(row), digest_size=16).digest())) % 2**128

    @property
    def hash(self) -> str:
        return f"{self.total:032x}"


def move_ledger(source_url: str, target_url: str) -> tuple[MovedTable, ...]:
    """Copy the ledger at `source_url`, as it is at this moment, into the empty place `target_url`.

    The copy is one transaction: it is there as a whole, each table with the same number of rows and the same hash
    as in the original, or the target stays empty. The original is only read.
    Raises LedgerError: no ledger at the source or one of an earlier version, rows at the target, a difference.
    """
    with closing(ExistingLedger.open(source_url)) as source:
        if source.version != HEAD:
            raise LedgerError(
                f"ledger {source.place.shown}: its schema is {source.version}, and only {HEAD} can be copied; "
                "run export-auditor db upgrade first"
            )
        refuse_a_filled_one(target_url)
        with source._snapshot() as original, Ledger.open(target_url) as target:
            return target._write(lambda copy: _move(_Original(original, source.place), copy))


def refuse_a_filled_one(url: str) -> None:
    """Raises LedgerError for a ledger with rows in it, before anything of it is migrated."""
    if exists(url):
        with closing(ExistingLedger.open(url)) as target, target._reading() as connection:
            _refuse_rows(connection)


def _refuse_rows(connection: Connection) -> None:
    present = set(inspect(connection).get_table_names())
    for one in metadata.sorted_tables:
        if one.name in present and connection.execute(select(one.primary_key.columns[0]).limit(1)).first():
            raise LedgerError("ledger: it is not empty; copy into a new one, or name an empty database")


@dataclass(frozen=True, slots=True)
class _Original:
    connection: Connection
    place: Place

    def read(self, stored: TableClause) -> Iterator[Sequence[Any]]:
        """All rows. What goes wrong here is told of the original, also while the copy is written."""
        with speaking_of(self.place.shown, self.place.secrets):
            yield from _read(self.connection, stored)


def _move(original: _Original, copy: Connection) -> tuple[MovedTable, ...]:
    _refuse_rows(copy)
    return tuple(_move_table(original, copy, _as_stored(one)) for one in metadata.sorted_tables)


def _move_table(original: _Original, copy: Connection, stored: TableClause) -> MovedTable:
    read, written = _Seal(), _Seal()
    names = stored.columns.keys()
    for some in chunks(original.read(stored), PORTION):
        for row in some:
            read.add(row)
        copy.execute(stored.insert(), [dict(zip(names, row, strict=True)) for row in some])
    for row in _read(copy, stored):
        written.add(row)
    if read != written:
        raise LedgerError(
            f"ledger: the table {stored.name} is not the same in the copy ({read.rows} rows read, {written.rows} "
            "there afterwards); nothing was kept of the copy"
        )
    return MovedTable(stored.name, read.rows, read.hash)


def _read(connection: Connection, stored: TableClause) -> Iterator[Sequence[Any]]:
    how = {"stream_results": True, "yield_per": PORTION}  # of this query alone: writes cannot stream
    with connection.execute(select(*stored.columns), execution_options=how) as rows:
        for row in rows:
            yield [bytes(value) if isinstance(value, memoryview) else value for value in row]


def _as_stored(whole: Table) -> TableClause:
    """The table with its values as the database holds them: what is not read cannot be read differently."""
    return table(whole.name, *(column(c.name, _stored_type(c.type)) for c in whole.columns))


def _stored_type(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    stored = getattr(kind, "impl_instance", kind)
    for known in (Boolean, BigInteger, Integer, LargeBinary, Text):
        if isinstance(stored, known):
            return known()
    raise AssertionError(f"a column of {kind!r} cannot be copied")


def _canonical(row: Iterable[Any]) -> bytes:
    return b"".join(_canonical_value(value) for value in row)


def _canonical_value(value: Any) -> bytes:
    """With its kind and length, so that no two rows read alike."""
    if value is None:
        return b"n"
    if isinstance(value, bytes):
        return b"b%d:" % len(value) + value
    kind, text = ("s", value) if isinstance(value, str) else ("i", str(int(value)))
    told = text.encode("utf-8", "surrogatepass")
    return f"{kind}{len(told)}:".encode() + told
