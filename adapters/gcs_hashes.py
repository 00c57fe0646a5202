"""What Google Cloud Storage says of stored bytes, whichever of its APIs is asked: their hashes and their encoding."""

import base64
import binascii
from collections.abc import Callable

from adapters.base import Checksum, DestinationError, Unsupported


def parse_hashes(header: str) -> Checksum | None:
    """The stronger hash of `x-goog-hash: crc32c=…,md5=…`, which are those of the bytes as stored."""
    told = dict(part.strip().partition("=")[::2] for part in header.split(","))
    return parse_checksum(told.get("md5", ""), told.get("crc32c", ""))


def parse_checksum(md5: str, crc32c: str) -> Checksum | None:
    """The stronger one of two in base64. Composite objects have no MD5 (fsspec/gcsfs#342)."""
    for kind, text, length in (("md5", md5, 16), ("crc32c", crc32c, 4)):
        try:
            value = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
        if len(value) == length:
            return Checksum(kind, value)
    return None


def refuse_unpacked(
    stored_as: str, sent_as: str, fail: Callable[[type[DestinationError], str], DestinationError]
) -> None:
    """Raises where the server unpacked (or packed) on the way: those are not the bytes that are stored.

    https://cloud.google.com/storage/docs/transcoding
    """
    if stored_as and stored_as != (sent_as or "identity"):
        raise fail(Unsupported, "the server does not send the bytes as they are stored: it changes their encoding")
