"""What repeats from audit to audit, kept once: a page is found by the identity of its body.

An audit says the same of nearly all runs as the one before. The ids of what it said are cut into
pages by their range; only pages that differ are written, and an audit holds one identity: 30,000
unchanged verdicts cost it nothing.
"""

import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from itertools import groupby

from sqlalchemy import Connection, select

from auditor.ledger.errors import LedgerError
from auditor.ledger.schema import pages
from auditor.ledger.sql import chunks, insert_into

__all__ = ["keep_ids", "keep_pages", "read_ids", "read_pages"]

RANGE = 4096  # ids a page spans
ENTRY = struct.Struct(">Q16s")


def keep_pages(connection: Connection, bodies: Iterable[bytes]) -> list[bytes]:
    """Store each body once; their identities in order."""
    named = [(blake2b(body, digest_size=16).digest(), body) for body in bodies]
    present = read_pages(connection, {name for name, _ in named})
    fresh = {name: body for name, body in named if name not in present}
    if fresh:
        connection.execute(
            insert_into(connection, pages).on_conflict_do_nothing(),
            [{"page": name, "body": body} for name, body in fresh.items()],
        )
    return [name for name, _ in named]


def read_pages(connection: Connection, names: Iterable[bytes]) -> Mapping[bytes, bytes]:
    """The bodies of those pages that exist."""
    found: dict[bytes, bytes] = {}
    for some in chunks(sorted(set(names))):
        for name, body in connection.execute(select(pages.c.page, pages.c.body).where(pages.c.page.in_(some))):
            found[bytes(name)] = bytes(body)
    return found


def keep_ids(connection: Connection, ids: Iterable[int]) -> bytes:
    """Store a collection of ids (order is lost, repetitions stay); its identity."""
    parts = [(number, zlib.compress(_offsets(group))) for number, group in groupby(sorted(ids), lambda i: i // RANGE)]
    names = keep_pages(connection, (body for _, body in parts))
    root = b"".join(ENTRY.pack(number, name) for (number, _), name in zip(parts, names, strict=True))
    return keep_pages(connection, [root])[0]


def _offsets(ids: Iterable[int]) -> bytes:
    offsets = array("H", (i % RANGE for i in ids))
    if struct.pack("=H", 1) != struct.pack("<H", 1):
        offsets.byteswap()
    return offsets.tobytes()


def read_ids(connection: Connection, root: bytes | None) -> list[int]:
    """The ids kept under `root`, ascending. None: nothing was kept."""
    if root is None:
        return []
    entries = list(ENTRY.iter_unpack(_page(read_pages(connection, [root]), root)))
    found = read_pages(connection, (name for _, name in entries))
    return [number * RANGE + offset for number, name in entries for offset in _read_offsets(_page(found, name))]


def _page(found: Mapping[bytes, bytes], name: bytes) -> bytes:
    if name not in found:
        raise LedgerError(f"ledger: a page of an audit is missing ({name.hex()}); restore the ledger from a backup")
    return found[name]


def _read_offsets(body: bytes) -> Iterator[int]:
    raw = zlib.decompress(body)
    return iter(struct.unpack(f"<{len(raw) // 2}H", raw))
