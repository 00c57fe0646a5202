"""Column types that keep the same value on SQLite and PostgreSQL, and the identities made from values.

Text keeps what PostgreSQL refuses (NUL, undecodable bytes as lone surrogates) by escaping it; it is
compared byte by byte on both databases, so that order and prefixes mean the same.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from auditor.ledger.errors import LedgerError

__all__ = [
    "Document",
    "Id",
    "Identity",
    "Instant",
    "Span",
    "Words",
    "escape",
    "from_text",
    "identity_of",
    "micros",
    "to_json",
    "to_text",
    "unescape",
]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
UNSAFE = re.compile("[\\\\\0\ud800-\udfff]")
ESCAPED = re.compile(r"\\(\\|0|u[0-9a-f]{4})")

Id: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")  # SQLite: the row id itself
Identity = LargeBinary


def micros(moment: datetime) -> int:
    """Microseconds since 1970 in UTC, exact. Raises LedgerError for a time without a zone."""
    if moment.utcoffset() is None:
        raise LedgerError(f"ledger: the time {moment.isoformat()} has no zone")
    return (moment - EPOCH) // MICROSECOND


def to_text(moment: datetime) -> str:
    """ISO 8601 in UTC, for JSON."""
    return (EPOCH + timedelta(microseconds=micros(moment))).isoformat()


def from_text(text: str) -> datetime:
    return datetime.fromisoformat(text)


def escape(text: str) -> str:
    """`text` without NUL and lone surrogates, reversibly and character by character (prefixes stay prefixes)."""
    return UNSAFE.sub(_escape_one, text) if UNSAFE.search(text) else text


def _escape_one(match: re.Match[str]) -> str:
    character = match[0]
    return {"\\": r"\\", "\0": r"\0"}.get(character) or f"\\u{ord(character):04x}"


def unescape(text: str) -> str:
    return ESCAPED.sub(_unescape_one, text) if "\\" in text else text


def _unescape_one(match: re.Match[str]) -> str:
    return {"\\": "\\", "0": "\0"}.get(match[1]) or chr(int(match[1][1:], 16))


def identity_of(*parts: str | int) -> bytes:
    """16 bytes that stand for `parts`: short enough for an index whatever the length of a key."""
    raw = [str(p).encode("utf-8", "surrogatepass") for p in parts]
    return blake2b(b"".join(b"%d:%b" % (len(r), r) for r in raw), digest_size=16).digest()


def to_json(value: object) -> str:
    """Compact JSON; characters as they are (escaped surrogates that stand together would be joined on reading)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, datetime):
        return to_text(value)
    return str(value)


class Instant(TypeDecorator[datetime]):
    """An aware moment, as microseconds since 1970 in UTC: no database's zone handling comes between."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else EPOCH + timedelta(microseconds=value)


class Span(TypeDecorator[timedelta]):
    """A span of time in microseconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else value // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:  # noqa: ARG002
        return None if value is None else timedelta(microseconds=value)


class Words(TypeDecorator[str]):
    """Any Python text, escaped where a database could not keep it."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text(collation="C") if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else escape(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else unescape(value)


class Document(Words):
    """A JSON value as text."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else escape(to_json(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else json.loads(unescape(value))
