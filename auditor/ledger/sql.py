"""The few things both dialects write differently, and rows in portions."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, Text, and_, func, literal_column, select, true, type_coerce
from sqlalchemy.dialects import postgresql, sqlite

from auditor.ledger.schema import KEY_HEAD
from auditor.ledger.types import escape

__all__ = ["chunks", "insert_into", "next_id", "under_prefix"]

T = TypeVar("T")
Insert: TypeAlias = sqlite.Insert | postgresql.Insert
LAST = 0x10FFFF


def insert_into(connection: Connection, table: Table) -> Insert:
    """An INSERT of this dialect that knows ON CONFLICT."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def chunks(items: Iterable[T], size: int = 900) -> Iterator[Sequence[T]]:
    """`items` in lists of at most `size`: bounded transactions, and parameters (older SQLite takes 999)."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


def next_id(connection: Connection, table: Table) -> int:
    """The id for the next row. Only inside a writing transaction: writers are alone."""
    return (connection.execute(select(func.max(table.c.id))).scalar() or 0) + 1


def under_prefix(table: Table, destination: str, prefix: str) -> ColumnElement[bool]:
    """Rows of `destination` whose key starts with `prefix`, character for character, by the prefix index."""
    stored = escape(prefix)
    # Literal, as in the index: with a parameter in it the planner would not recognise the expression.
    head = literal_column(f"substr({table.name}.key, 1, {KEY_HEAD})", Text())
    whole = type_coerce(table.c.key, Text())
    return and_(table.c.destination == destination, _starts_with(head, stored[:KEY_HEAD]), _starts_with(whole, stored))


def _starts_with(column: ColumnElement[str], start: str) -> ColumnElement[bool]:
    """By range, in the order of code points that both databases keep: no wildcards, no case folding."""
    if not start:
        return true()
    below = start.rstrip(chr(LAST))
    if not below:
        return column >= start
    after = ord(below[-1]) + 1
    end = below[:-1] + chr(0xE000 if after == 0xD800 else after)
    return and_(column >= start, column < end)
