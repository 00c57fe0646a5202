"""One listing of an S3 bucket, page by page, trusting no end that is not the server's own end mark."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final
from urllib.parse import unquote_plus

from adapters.base import DestinationError, Folder, ObjectInfo, Unsupported
from adapters.paging import Page
from adapters.s3_errors import speaking_of

ARCHIVE_CLASSES: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Must be restored before reading. GLACIER_IR need not; INTELLIGENT_TIERING tells only when read."""

Ask = Callable[..., Mapping[str, Any]]


@dataclass(slots=True)
class S3Listing:
    """Reads the pages of one listing. A cursor is `token:…`, `after:…` or `probe:…` (after a full last page).

    A server that does not know the newer call (fluxcd/source-controller#240) is asked by the older one, whose
    pages go on from a name.
    """

    ask: Ask
    destination: str
    prefix: str
    page_size: int
    delimiter: str = ""
    start_at: str = ""
    restore_status: bool = False  # ask whether archived objects are restored (a header only AWS knows)
    remark: Callable[[str], None] = lambda _: None
    _highest: str = ""  # the highest name so far; servers that do not sort are no reason to trust less
    _floor: str = ""  # names up to here have been given before the probe
    _is_older: bool = False  # the server knows only the older call
    _page: frozenset[str] = frozenset()  # names of the last page: some servers repeat its end on the next one

    @property
    def first(self) -> str:
        return f"after:{_just_before(self.start_at)}"

    def read_page(self, cursor: str) -> Page[ObjectInfo | Folder]:
        answer = self._answer(cursor)
        with speaking_of(self.destination, "list", self.prefix):
            self._refuse_other_answers(answer)
            floor = cursor.removeprefix("probe:") if cursor.startswith("probe:") else self._floor
            named = [(_name(item), item) for item in self._items(answer)]
            following = self._next(answer, named)
        self._floor = floor
        self._highest = max([self._highest, *(name for name, _ in named)], key=_order)
        fresh = [(name, item) for name, item in named if not floor or _order(name) > _order(floor)]
        repeated, self._page = self._page, frozenset(name for name, _ in named)
        if not repeated.isdisjoint(name for name, _ in fresh):
            self.remark("the server lists names twice, on one page and on the next; each counts once")
        if fresh and floor:
            self.remark(
                "the server ended a listing on a full page although there were more keys; they were found by asking on"
            )
        return Page([item for name, item in fresh if name not in repeated and self._is_wanted(name)], following)

    def _answer(self, cursor: str) -> Mapping[str, Any]:
        if self._is_older:
            return self._answer_of_older(cursor)
        try:
            return self.ask("list", "list_objects_v2", self.prefix, **self._parameters(cursor))
        except Unsupported as refused:
            if cursor.startswith("token:"):
                raise  # the server has understood the call before
            try:
                answer = self._answer_of_older(cursor)
            except DestinationError as error:
                raise (error if error.retryable else refused) from None
            self._turn_older()
            return answer

    def _answer_of_older(self, cursor: str) -> Mapping[str, Any]:
        parameters = self._parameters(cursor)
        if "StartAfter" in parameters:
            parameters["Marker"] = parameters.pop("StartAfter")
        return self.ask("list", "list_objects", self.prefix, **parameters)

    def _turn_older(self) -> None:
        self._is_older = True
        self.remark("the server does not know the newer call for listings; the older one was used")

    def _parameters(self, cursor: str) -> dict[str, Any]:
        kind, _, value = cursor.partition(":")
        parameters: dict[str, Any] = {
            "Prefix": self.prefix,
            "MaxKeys": self.page_size,
            "EncodingType": "url",  # XML cannot carry every key (boto/botocore#752)
        }
        if self.delimiter:
            parameters["Delimiter"] = self.delimiter
        if self.restore_status:
            parameters["OptionalObjectAttributes"] = ["RestoreStatus"]
        if value:
            parameters["ContinuationToken" if kind == "token" else "StartAfter"] = value
        return parameters

    def _next(self, answer: Mapping[str, Any], named: list[tuple[str, ObjectInfo | Folder]]) -> str | None:
        highest = max((name for name, _ in named), key=_order, default="")
        if answer["IsTruncated"]:
            token = answer.get("NextContinuationToken")
            if token:
                return f"token:{token}"
            if not self._is_older and "KeyCount" not in answer:
                self._turn_older()  # it took the newer call for the older one
            marker = self._decode(answer)(answer.get("NextMarker", "")) or highest
            if not self._is_older or not marker:
                raise self._unsupported("the server says there is more and gives no continuation token")
            return f"after:{marker}"
        is_full = len(named) >= min(self.page_size, answer.get("MaxKeys") or self.page_size)
        if is_full and _order(highest) > _order(self._highest):
            # Some servers call a page that is exactly full the last one (afreidah/s3-orchestrator#198).
            return f"probe:{highest}"
        return None

    def _items(self, answer: Mapping[str, Any]) -> Iterator[ObjectInfo | Folder]:
        decode = self._decode(answer)
        for entry in answer.get("Contents", ()):
            yield _object(entry, decode(entry["Key"]))
        for entry in answer.get("CommonPrefixes", ()):
            if not self.delimiter:
                raise self._unsupported("the server rolls keys up although it was not asked to")
            yield Folder(decode(entry["Prefix"]))

    @staticmethod
    def _decode(answer: Mapping[str, Any]) -> Callable[[str], str]:
        return unquote_plus if answer.get("EncodingType") == "url" else str

    def _refuse_other_answers(self, answer: Mapping[str, Any]) -> None:
        if "IsTruncated" not in answer:  # a login page or an empty body is not an empty bucket
            raise self._unsupported("the answer is no listing: it does not say whether there is more")

    def _is_wanted(self, name: str) -> bool:
        if not name.startswith(self.prefix):
            raise self._unsupported("the server lists keys outside the prefix it was asked for")
        rest = name[len(self.prefix) :]
        if self.delimiter and self.delimiter in rest[:-1]:
            raise self._unsupported("the server does not list by delimiter")
        is_itself = bool(self.delimiter) and not rest  # the marker of the folder itself does not stand in it
        return not is_itself and _order(name) >= _order(self.start_at)

    def _unsupported(self, reason: str) -> Unsupported:
        return Unsupported(reason, destination=self.destination, operation="list", key=self.prefix)


def _object(entry: Mapping[str, Any], key: str) -> ObjectInfo:
    return ObjectInfo(
        key=key,
        size=int(entry["Size"]),
        modified=entry["LastModified"].astimezone(UTC),
        version=str(entry.get("ETag", "")).strip('"'),
        archived=entry.get("StorageClass") in ARCHIVE_CLASSES and not _is_restored(entry.get("RestoreStatus")),
    )


def _is_restored(status: Mapping[str, Any] | None) -> bool:
    return status is not None and not status.get("IsRestoreInProgress") and "RestoreExpiryDate" in status


def _name(item: ObjectInfo | Folder) -> str:
    return item.prefix if isinstance(item, Folder) else item.key


def _order(key: str) -> bytes:
    """S3 sorts keys by their UTF-8 bytes."""
    return key.encode("utf-8", "surrogatepass")


def _just_before(key: str) -> str:
    """A key below `key` with as little as possible between: StartAfter leaves out the key it names.

    What does lie between is dropped on our side. Of a folder (`…/t=2/`) the name itself is lowered, so that
    its marker is found, also on servers that sort directory by directory, where `t=2` comes before `t=2.~`.
    """
    name = key.removesuffix("/")
    if not name:
        return ""
    last = ord(name[-1])
    if not 0x22 <= last <= 0xD7FF or last == 0x7F:
        return name[:-1]
    return f"{name[:-1]}{chr(last - 1 if last != 0x30 else 0x2E)}~"  # below "0" stands "/", which would open a folder
