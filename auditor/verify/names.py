"""What the name of a data file promises, and what its first bytes say."""

from dataclasses import dataclass
from typing import Final

from auditor.model import Compression, FileFormat

__all__ = ["HEAD_BYTES", "Promise", "find_format", "is_json_text", "promise_of"]

HEAD_BYTES: Final = 1024  # enough for every mark below, a byte order mark and some white space

UTF8_BOM: Final = b"\xef\xbb\xbf"
GZIP_MAGIC: Final = b"\x1f\x8b"
JSON_SPACE: Final = b" \t\r\n"

_JSON_ENDINGS: Final = (".json", ".ndjson", ".jsonl")
_PGP_ENDINGS: Final = (".pgp", ".gpg", ".asc")
_MARKS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"PAR1", "parquet"),
    (b"PARE", "parquet"),  # encrypted footer: Parquet Modular Encryption
    (GZIP_MAGIC, "gzip"),
    (b"-----BEGIN PGP", "pgp"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"PK\x03\x04", "zip"),
    (b"Obj\x01", "avro"),
    (b"ORC", "orc"),
)


@dataclass(frozen=True, slots=True)
class Promise:
    """What a name says. None: it says nothing about that."""

    format: FileFormat | None = None
    compression: Compression | None = None
    encrypted: bool = False


def promise_of(name: str) -> Promise:
    """Read a file name as Experience Platform writes it: `.json.gz`, `.json`, `.parquet`, `.gz.parquet`.

    Other codecs in a Parquet name (`.snappy.parquet`) promise nothing that is compared.
    """
    lower = name.lower()
    if lower.endswith(_PGP_ENDINGS):
        return Promise(encrypted=True)
    if lower.endswith(".gz.parquet"):
        return Promise(FileFormat.PARQUET, Compression.GZIP)
    if lower.endswith(".parquet"):
        return Promise(FileFormat.PARQUET)
    if lower.endswith(_JSON_ENDINGS):
        return Promise(FileFormat.JSON, Compression.NONE)
    if lower.endswith(tuple(ending + ".gz" for ending in _JSON_ENDINGS)):
        return Promise(FileFormat.JSON, Compression.GZIP)
    return Promise()


def find_format(head: bytes) -> str:
    """The mark that `head` begins with: "parquet", "gzip", "pgp", another packer's or format's name, or ""."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    return "pgp" if _is_binary_pgp(head) else ""


def _is_binary_pgp(head: bytes) -> bool:
    """A session-key packet of a known version: how every OpenPGP encrypted file begins (RFC 9580, 5.1, 5.3)."""
    if len(head) < 4 or not head[0] & 0x80:
        return False
    if head[0] & 0x40:  # new format: tag in the low six bits, lengths under 192 in one byte
        tag, at = head[0] & 0x3F, 2 if head[1] < 192 else 3
    else:
        tag, at = (head[0] >> 2) & 0x0F, {0: 2, 1: 3}.get(head[0] & 3, 0)
    return at > 0 and ((tag == 1 and head[at] in (3, 6)) or (tag == 3 and head[at] in (4, 5, 6)))


def is_json_text(head: bytes) -> bool:
    """Whether `head` could begin JSON of any kind: the first byte that is not white space decides."""
    text = head.lstrip(JSON_SPACE + UTF8_BOM)
    return not text or text[:1] in b'{["-0123456789tfnNI'
