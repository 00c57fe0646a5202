"""One listing of a container, page by page, trusting no end that is not the server's own end mark.

https://learn.microsoft.com/rest/api/storageservices/list-blobs
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError, XMLPullParser, tostring

from adapters.azure_errors import speaking_of
from adapters.azure_requests import VERSION, Answer, ContainerRequests
from adapters.base import Checksum, Folder, ObjectInfo, Unreachable, Unsupported
from adapters.http_answers import parse_http_date
from adapters.paging import Page

START_VERSION: Final = "2026-02-06"
"""The first version of the service that can start a listing at a key (startFrom)."""

ARCHIVE: Final = "Archive"
"""The access tier that must be rehydrated before reading; a blob keeps it until it is."""

FEWEST_RESULTS: Final = 50
"""A page that the server cannot finish in time is asked for smaller, down to this."""


@dataclass(slots=True)
class StartSupport:
    """Whether the server can start a listing at a key; found out by asking, kept for the next listing."""

    possible: bool = True


@dataclass(slots=True)
class AzureListing:
    """Reads the pages of one listing. A cursor is the server's own marker, "" for the first page."""

    requests: ContainerRequests
    prefix: str
    page_size: int
    delimiter: str = ""
    start_at: str = ""
    support: StartSupport = field(default_factory=StartSupport)
    remark: Callable[[str], None] = lambda _: None
    _stubs: set[str] = field(default_factory=set)  # folders already shown by the blob that stands for them

    def read_page(self, cursor: str) -> Page[ObjectInfo | Folder]:
        start_from = self._start_from() if self.support.possible else ""
        if not start_from:
            return self._read(cursor, "")
        try:
            return self._read(cursor, start_from)
        except Unsupported:
            page = self._read(cursor, "")  # if this fails too, it was not the start
            self.support.possible = False
            self.remark("the server cannot start a listing at a key; it is read from the beginning of the folder")
            return page

    def _read(self, cursor: str, start_from: str) -> Page[ObjectInfo | Folder]:
        try:
            answer = self.requests.ask(
                "list",
                self.prefix,
                query=self._query(cursor, start_from),
                version=START_VERSION if start_from else VERSION,
            )
        except Unreachable as error:
            if "(OperationTimedOut)" in error.reason:
                self.page_size = max(min(self.page_size, FEWEST_RESULTS), self.page_size // 4)
            raise
        try:
            with speaking_of(self.requests.destination, "list", self.prefix):
                items, marker = _parse(answer)
            return Page(list(self._wanted(items, answer)), marker or None)
        finally:
            answer.close()

    def _query(self, cursor: str, start_from: str) -> dict[str, str]:
        asked = {
            "restype": "container",
            "comp": "list",
            "prefix": self.prefix,
            "delimiter": self.delimiter,
            "marker": cursor,
            "startFrom": start_from,
            "maxresults": str(self.page_size),
            "include": "metadata",  # tells the blobs that stand for a directory
        }
        return {name: value for name, value in asked.items() if value}

    def _start_from(self) -> str:
        """What the server may start at, so that nothing at or behind `start_at` is left out.

        Up to the first character whose place depends on how a server sorts: by UTF-16, or directory by
        directory as hierarchical accounts may. What comes before `start_at` is dropped on our side.
        """
        if not self.start_at.startswith(self.prefix):
            return ""
        rest = self.start_at[len(self.prefix) :]
        sure = re.split("[\x00-.\ud800-\U0010ffff]", rest, maxsplit=1)[0]
        return self.prefix + sure if sure else ""

    def _wanted(self, items: list[ObjectInfo | Folder], answer: Answer) -> Iterator[ObjectInfo | Folder]:
        if self.delimiter:
            self._stubs |= {item.key for item in items if isinstance(item, ObjectInfo) and item.is_marker}
        for item in items:
            name = item.prefix if isinstance(item, Folder) else item.key
            self._refuse_other_names(name, isinstance(item, Folder), answer)
            if not self.delimiter:
                if _order(name) >= _order(self.start_at):
                    yield item
            elif isinstance(item, Folder):
                if name not in self._stubs:  # else the blob that stands for it shows it
                    yield item
            elif name != self.prefix:  # the marker of the folder itself does not stand in it
                yield Folder(name) if item.is_marker else item

    def _refuse_other_names(self, name: str, is_folder: bool, answer: Answer) -> None:
        if not name.startswith(self.prefix):
            raise answer.fail(Unsupported, "the server lists keys outside the prefix it was asked for")
        if is_folder and not self.delimiter:
            raise answer.fail(Unsupported, "the server rolls keys up although it was not asked to")
        if self.delimiter and self.delimiter in name[len(self.prefix) : -1]:
            raise answer.fail(Unsupported, "the server does not list by delimiter")


def _parse(answer: Answer) -> tuple[list[ObjectInfo | Folder], str]:
    """The entries of a page, and the marker of the next one, "" where the server says that it was the last.

    Raises: Unsupported for an answer that is no listing; Unreachable for one that is cut.
    """
    items: list[ObjectInfo | Folder] = []
    marker: str | None = None
    root: Element | None = None
    for element in _elements(answer):
        if element.tag == "Blob":
            items.append(_object(element))
            element.clear()
        elif element.tag == "BlobPrefix":
            items.append(Folder(_name(element)))
            element.clear()
        elif element.tag == "NextMarker":
            marker = element.text or ""
        root = element  # the last one to end
    if root is not None and root.tag == "Error":
        raise answer.refuse(tostring(root, "unicode"))
    if root is None or root.tag != "EnumerationResults":
        raise answer.fail(Unsupported, "the answer is no listing")
    if marker is None:
        raise answer.fail(Unsupported, "the answer is no listing: it does not say whether there is more")
    return items, marker


def _elements(answer: Answer) -> Iterator[Element]:
    """Each element when it ends, the root last."""
    parser: XMLPullParser[Any] = XMLPullParser(["end"])
    has_begun = False
    try:
        for chunk in answer.chunks():
            has_begun = has_begun or b"<EnumerationResults" in chunk
            parser.feed(chunk)
            events: Iterator[Any] = parser.read_events()
            yield from (element for _, element in events)
        parser.close()  # refuses what is not whole
    except ParseError:
        if has_begun:
            raise answer.fail(Unreachable, "the listing is cut or garbled") from None
        raise answer.fail(Unsupported, "the answer is no listing") from None


def _object(entry: Element) -> ObjectInfo:
    told = {child.tag: child.text or "" for child in entry.iterfind("Properties/*")}
    key, size = _name(entry), int(told["Content-Length"])
    is_folder = told.get("ResourceType") == "directory" or (
        size == 0 and (entry.findtext("Metadata/hdi_isfolder") or "").lower() == "true"
    )
    return ObjectInfo(
        key=as_marker(key) if is_folder else key,
        size=size,
        modified=parse_modified(told["Last-Modified"]),
        version=told.get("Etag", "").strip('"'),
        checksum=None if is_folder else md5_of(told.get("Content-MD5", ""), told.get("BlobType", "")),
        archived=told.get("AccessTier") == ARCHIVE,
    )


def _name(entry: Element) -> str:
    name = entry.find("Name")
    if name is None or not name.text:
        raise ValueError("an entry has no name")
    # What XML cannot carry comes percent-encoded as a whole.
    return unquote(name.text, errors="strict") if name.get("Encoded") == "true" else name.text


def as_marker(key: str) -> str:
    """The key of a directory that is a blob of its own: it ends with a slash, like every directory marker."""
    return key if key.endswith("/") else f"{key}/"


@lru_cache(maxsize=256)  # files of one export often share the second
def parse_modified(text: str) -> datetime:
    """Raises: ValueError."""
    moment = parse_http_date(text)
    if moment is None:
        raise ValueError("no time of the last change")
    return moment.astimezone(UTC)


def md5_of(text: str, blob_type: str) -> Checksum | None:
    """The Content-MD5 kept with a block blob. Of append and page blobs it is not renewed when they change."""
    if not text or blob_type != "BlockBlob":
        return None
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return Checksum("md5", digest) if len(digest) == 16 else None


def _order(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")
