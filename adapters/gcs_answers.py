"""What one answer of Google Cloud Storage's JSON API says: objects of a listing, the bytes that must come.

https://cloud.google.com/storage/docs/json_api/v1/objects
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from adapters.base import DestinationError, Folder, ObjectInfo, Unsupported
from adapters.gcs_errors import AnswerError, reason_in
from adapters.gcs_hashes import parse_checksum
from adapters.streams import About

LIST_FIELDS: Final = (
    "kind,error,nextPageToken,prefixes,items(name,size,timeCreated,generation,md5Hash,crc32c,customerEncryption)"
)
"""What of a listing we ask for: a sixth of what would come."""

ERROR_BYTES: Final = 4096


class Fail:
    """Makes errors about one answer."""

    def __init__(self, about: About, headers: Mapping[str, str]) -> None:
        self._about = about
        self._request_id = str(headers.get("x-guploader-uploadid", ""))[:80]

    def __call__(self, kind: type[DestinationError], reason: str) -> DestinationError:
        return kind(reason, request_id=self._request_id, **self._about)


def parse_page(document: Any, headers: Mapping[str, str], prefix: str, delimiter: str) -> Iterator[ObjectInfo | Folder]:
    """The items of one page. Raises AnswerError for an error sent as a success, ValueError for what is no listing."""
    if not isinstance(document, Mapping):
        raise ValueError("no listing")
    if "error" in document:
        raise _error_in(document, headers)
    if document.get("kind") != "storage#objects":  # a login page or an empty body is not an empty bucket
        raise ValueError("no listing")
    for item in document.get("items", ()):
        yield parse_object(item)
    for name in document.get("prefixes", ()):
        if not delimiter or not name.startswith(prefix):
            raise ValueError("prefixes that were not asked for")
        yield Folder(name)


def parse_object(item: Mapping[str, Any]) -> ObjectInfo:
    """One object. Its time is that of its content: `updated` moves with every change of its labels.

    All storage classes, ARCHIVE too, are read at once: none must be restored.
    https://cloud.google.com/storage/docs/storage-classes
    """
    return ObjectInfo(
        key=str(item["name"]),
        size=int(item["size"]),
        modified=datetime.fromisoformat(item["timeCreated"]).astimezone(UTC),
        version=str(int(item["generation"])),
        checksum=parse_checksum(str(item.get("md5Hash") or ""), str(item.get("crc32c") or "")),
    )


def refuse_error_body(headers: Mapping[str, str], read: Any, fail: Fail) -> None:
    """An answer that names no generation is no object: perhaps an error that calls itself a success."""
    if "json" in headers.get("content-type", ""):
        try:
            document = json.loads(read(ERROR_BYTES))
        except ValueError:
            document = None
        if isinstance(document, Mapping) and "error" in document:
            raise _error_in(document, headers)
    raise fail(Unsupported, "the answer is no object of Cloud Storage: it names no generation")


def stored_bytes(headers: Mapping[str, str], fail: Fail) -> int | None:
    """How long an answer says it is; None where it is one for a range. Raises where that is not the object's length."""
    if "content-range" in headers:
        return None
    size = headers.get("content-length", "")
    if not size.isdecimal() or headers.get("x-goog-stored-content-length", size) != size:
        raise fail(Unsupported, "the answer does not say how long it is, or is longer or shorter than the object")
    return int(size)


def _error_in(document: Mapping[str, Any], headers: Mapping[str, str]) -> AnswerError:
    error = document["error"]
    said: Mapping[str, Any] = error if isinstance(error, Mapping) else {}
    status = said.get("code")
    return AnswerError(status if isinstance(status, int) else 500, reason_in(said.get("errors")), headers)
