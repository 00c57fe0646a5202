"""The directories and files of one Data Lake file system, as its hierarchical namespace sorts and pages them."""

import base64
import binascii
from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

Parts: TypeAlias = tuple[bytes, ...]
"""A path name by name: a directory comes right before what is in it, and `a/x` before `a.b`."""


@dataclass(frozen=True)
class Entry:
    path: str
    is_directory: bool
    size: int
    etag: str  # without quotes
    modified: datetime


class Namespace:
    """What is where. A continuation token says behind which path to go on, and is opaque to clients."""

    def __init__(self) -> None:
        self._entries: dict[Parts, Entry] = {}
        self._order: list[Parts] = []

    def put(self, entry: Entry) -> None:
        at = split(entry.path)
        if at not in self._entries:
            insort(self._order, at)
        self._entries[at] = entry

    def remove(self, path: str) -> None:
        """Take one file or empty directory away; the directories above it stay, as they do on the service."""
        at = split(path)
        del self._entries[at]
        del self._order[bisect_left(self._order, at)]

    def get(self, path: str) -> Entry | None:
        return self._entries.get(split(path))

    def page(
        self, directory: str, *, recursive: bool, begin_from: str, continuation: str, count: int
    ) -> tuple[list[Entry], str]:
        """Up to `count` entries below `directory`, and the token of the next page ("" at the end).

        Raises: ValueError for a token that was never given.
        """
        top = split(directory)
        at = bisect_right(self._order, top) if top else 0
        end = bisect_left(self._order, _behind(top)) if top else len(self._order)
        if begin_from:
            at = max(at, bisect_left(self._order, (*top, *split(begin_from))))
        if continuation:
            at = self._after(_parse_token(continuation), top, recursive)
        found: list[Entry] = []
        while at < end and len(found) < count:
            one = self._order[at]
            if recursive or len(one) == len(top) + 1:  # a start inside a sub-directory is none of this level's names
                found.append(self._entries[one])
            at = self._after(one, top, recursive)
        return found, _token(split(found[-1].path)) if at < end and found else ""

    def _after(self, one: Parts, top: Parts, recursive: bool) -> int:
        if recursive:
            return bisect_right(self._order, one)
        return bisect_left(self._order, _behind(one[: len(top) + 1]))


def split(path: str) -> Parts:
    return tuple(path.strip("/").encode().split(b"/")) if path.strip("/") else ()


def _behind(parts: Parts) -> Parts:
    """The first that is neither `parts` nor below it."""
    return (*parts[:-1], parts[-1] + b"\0")


def _token(parts: Parts) -> str:
    return base64.b64encode(b"VBb?" + b"/".join(parts)).decode()


def _parse_token(token: str) -> Parts:
    try:
        text = base64.b64decode(token, validate=True)
    except binascii.Error as error:
        raise ValueError("no token of this server") from error
    if not text.startswith(b"VBb?"):
        raise ValueError("no token of this server")
    return tuple(text.removeprefix(b"VBb?").split(b"/"))
