"""A directory tree as a destination."""

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from adapters.base import (
    AccessDenied,
    Changed,
    DestinationError,
    Folder,
    NotFound,
    ObjectInfo,
    RangeRefused,
    Traits,
    Unreachable,
    Unsupported,
)
from adapters.streams import About, NoBytes, ObjectStream
from adapters.trees import Remarks, Wish, names_nothing, order

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["LocalAdapter"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

BY_ERRNO: Final = {
    **dict.fromkeys(
        (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO), NotFound
    ),
    **dict.fromkeys((errno.EACCES, errno.EPERM), AccessDenied),
}
"""All others (EIO, ESTALE, EMFILE, …) say that the disk, the mount or the machine failed: Unreachable."""


@contextmanager
def speaking_of(destination: str, operation: str, key: str = "") -> Iterator[None]:
    """Every OSError inside as a DestinationError."""
    try:
        yield
    except OSError as error:
        kind: type[DestinationError] = BY_ERRNO.get(error.errno or 0, Unreachable)
        code = errno.errorcode.get(error.errno or 0, "no errno")
        said = os.strerror(error.errno).lower() if error.errno else "the operating system refuses"
        right = f"; the right to {'list the directory' if operation == 'list' else 'read it'} is missing"
        reason = f"{said}{right if kind is AccessDenied else ''} ({code})"
        raise kind(reason, destination=destination, operation=operation, key=key) from None


class LocalAdapter:
    """Files under `root` as flat keys: POSIX paths relative to it, bytes that are no UTF-8 as lone surrogates.

    Listings come in the order of the keys' bytes. A directory that holds nothing is listed as a marker of
    size 0 (`…/`), as object stores show one: an empty folder must not look like an absent one.

    A symbolic link is followed where it stays inside the root and does not lead back to where it came
    from; one that leaves the root, or leads nowhere, is not listed. Devices, pipes and sockets are
    neither listed nor opened. `remarks` says what was passed over, with one example of each kind.
    """

    traits = Traits(
        appears_whole=False,
        starts_at_key=True,
        time_resolution=timedelta(microseconds=1),
        rights=("read and search on the directories", "read on the files"),
    )

    def __init__(self, name: str, root: str | os.PathLike[str]) -> None:
        self.name = name
        self._remarks = Remarks()
        self._root = Path(root).absolute()

    def __repr__(self) -> str:
        return f"LocalAdapter(name={self.name!r}, root={os.fspath(self._root)!r})"

    @property
    def remarks(self) -> list[str]:
        return self._remarks.texts

    def list_objects(self, prefix: str, *, start_at: str = "") -> Iterator[ObjectInfo]:
        """As in the protocol. Every directory on the way is read whole, so that its names can be sorted."""
        self._require_root()
        top = prefix[: prefix.rfind("/") + 1]
        place = self._find("list", top)
        if place is not None:
            yield from self._walk(place, Wish.of(prefix, start_at))

    def list_folder(self, prefix: str) -> Iterator[ObjectInfo | Folder]:
        self._require_root()
        place = self._find("list", prefix)
        for entry in self._entries(place) if place is not None else ():
            if entry.is_directory:
                yield Folder(entry.key)
            else:
                yield entry.info

    def read_object(self, key: str, start: int = 0, length: int | None = None, *, version: str = "") -> ObjectStream:
        if key.endswith("/"):
            marker = self._describe_marker("read", key)
            if start > 0:
                raise RangeRefused("a directory has no bytes", destination=self.name, operation="read", key=key)
            return ObjectStream(NoBytes(), marker.version)
        about: About = {"destination": self.name, "operation": "read", "key": key}
        file = self._open(key)
        try:
            before = os.fstat(file)
            if version and version != _version(before):
                raise Changed("replaced since it was listed", **about)
            if start > before.st_size:
                raise RangeRefused(f"offset {start} lies behind the end at {before.st_size}", **about)
            rest = before.st_size - start
            raw = _Reading(file, before, start, rest if length is None else min(rest, length), about)
        except BaseException:
            os.close(file)
            raise
        return ObjectStream(raw, _version(before))

    def describe_object(self, key: str) -> ObjectInfo:
        if key.endswith("/"):
            return self._describe_marker("describe", key)
        path = self._resolve("describe", key)
        with speaking_of(self.name, "describe", key):
            facts = path.lstat()
        if not stat.S_ISREG(facts.st_mode):
            raise NotFound("no regular file", destination=self.name, operation="describe", key=key)
        return _info(key, facts)

    def excess_rights(self) -> tuple[str, ...]:
        with speaking_of(self.name, "describe"):
            return ("write",) if os.access(self._root, os.W_OK) else ()

    def close(self) -> None:
        """Nothing is held open."""

    def _require_root(self) -> None:
        with speaking_of(self.name, "list"):
            if not stat.S_ISDIR(os.stat(self._root).st_mode):  # noqa: PTH116 (raises what we translate)
                raise NotFound("the root is no directory", destination=self.name, operation="list")

    def _find(self, operation: str, prefix: str) -> "_Place | None":
        """The directory at `prefix`; None where there is none."""
        try:
            path = self._resolve(operation, prefix.removesuffix("/")) if prefix else self._real_root()
            with speaking_of(self.name, operation, prefix):
                return _Place(prefix, path) if path.is_dir() else None
        except NotFound:
            return None

    def _real_root(self) -> Path:
        with speaking_of(self.name, "open the root"):
            return self._root.resolve(strict=True)

    def _resolve(self, operation: str, key: str) -> Path:
        """The real path of `key`. A key that leaves the root, by its text or by a link, names nothing here."""
        absent = NotFound("names nothing under the root", destination=self.name, operation=operation, key=key)
        if names_nothing(key):
            raise absent
        root = self._real_root()
        with speaking_of(self.name, operation, key):
            try:
                path = root.joinpath(*key.split("/")).resolve(strict=True)
            except (RuntimeError, UnicodeEncodeError):  # a loop of links; a surrogate that stands for no byte
                raise absent from None
        if not path.is_relative_to(root):
            if operation == "list":  # what we do not look at is not "nothing there"
                reason = "a link on this path leaves the root and is not followed: set root to where it leads"
                raise Unsupported(reason, destination=self.name, operation=operation, key=key)
            raise absent
        return path

    def _open(self, key: str) -> int:
        path = self._resolve("read", key)
        with speaking_of(self.name, "read", key):
            if stat.S_ISREG(path.lstat().st_mode):
                # Between the look and the opening it may have become a link or a pipe: neither followed nor waited for.
                file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
                if stat.S_ISREG(os.fstat(file).st_mode):
                    return file
                os.close(file)
        raise NotFound("no regular file", destination=self.name, operation="read", key=key)

    def _describe_marker(self, operation: str, key: str) -> ObjectInfo:
        place = self._find(operation, key)
        if place is None or any(True for _ in self._entries(place)):
            raise NotFound("no empty directory", destination=self.name, operation=operation, key=key)
        return self._marker(operation, place)

    def _marker(self, operation: str, place: "_Place") -> ObjectInfo:
        with speaking_of(self.name, operation, place.prefix):
            facts = place.path.stat()
        return ObjectInfo(place.prefix, 0, _modified(facts), _version(facts))

    def _walk(self, top: "_Place", wish: Wish) -> Iterator[ObjectInfo]:
        """Depth first with a stack of its own: a tree may be deeper than Python's."""
        stack = [(top, self._entries(top))]
        while stack:
            place, entries = stack[-1]
            entry = next(entries, None)
            if entry is None:
                stack.pop()
                if place.is_empty and place.prefix and wish.includes(place.prefix):
                    yield self._marker("list", place)
            elif entry.is_directory and wish.may_be_below(entry.key):
                if any(entry.path == above.path for above, _ in stack):
                    self._remarks.add("links that lead back to a directory above them are not followed", entry.key)
                    continue
                below = _Place(entry.key, entry.path)
                stack.append((below, self._entries(below)))
            elif wish.includes(entry.key):
                yield entry.info

    def _entries(self, place: "_Place") -> Iterator["_Entry"]:
        """What stands in a directory, in key order: a directory sorts as if its name ended with a slash."""
        with speaking_of(self.name, "list", place.prefix), os.scandir(place.path) as found:
            entries = [entry for each in found if (entry := self._look(place, each)) is not None]
        yield from sorted(entries, key=lambda entry: order(entry.key))

    def _look(self, place: "_Place", each: "os.DirEntry[str]") -> "_Entry | None":
        key = place.prefix + each.name
        place.is_empty = False
        is_link = each.is_symlink()
        path = self._inside(place.path / each.name) if is_link else place.path / each.name
        try:
            facts = path.lstat() if path is not None else None
        except (FileNotFoundError, NotADirectoryError):  # gone since the directory was read, or a dead link
            facts = None
        if path is None or facts is None:
            if is_link:
                self._remarks.add("links that leave the root or lead nowhere are not followed", key)
        elif stat.S_ISDIR(facts.st_mode):
            return _Entry(key + "/", path, facts)
        elif stat.S_ISREG(facts.st_mode):
            return _Entry(key, path, facts)
        else:
            self._remarks.add("devices, pipes and sockets are not read", key)
        return None

    def _inside(self, link: Path) -> Path | None:
        try:
            path = link.resolve()  # not strict: what lies outside may be closed to us, and need not concern us
        except RuntimeError:  # a loop of links
            return None
        return path if path.is_relative_to(self._real_root()) else None


@dataclass(slots=True)
class _Place:
    """A directory: the prefix it stands for and where it really is."""

    prefix: str
    path: Path
    is_empty: bool = True  # not even something that is passed over


@dataclass(frozen=True, slots=True)
class _Entry:
    key: str  # of a directory with "/"
    path: Path
    facts: os.stat_result

    @property
    def is_directory(self) -> bool:
        return self.key.endswith("/")

    @property
    def info(self) -> ObjectInfo:
        return _info(self.key, self.facts)


class _Reading(io.RawIOBase):
    """The bytes of an open file, as many as it had when it was opened."""

    def __init__(self, file: int, before: os.stat_result, start: int, count: int, about: About) -> None:
        self._file = file
        self._before = before
        self._offset = start
        self._left = count
        self._about = about

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")[: self._left]
        if not view:
            return 0
        with speaking_of(**self._about):
            count = os.preadv(self._file, [view], self._offset)
            self._offset += count
            self._left -= count
            if count == 0 or self._left == 0:
                self._refuse_changed(os.fstat(self._file))
        if count == 0:
            raise Unreachable(f"the file ended {self._left} bytes early", **self._about)
        return count

    def _refuse_changed(self, after: os.stat_result) -> None:
        if _version(after) != _version(self._before):
            raise Changed("written to while it was read", **self._about)

    def close(self) -> None:
        if not self.closed:
            os.close(self._file)
        super().close()


def _version(facts: os.stat_result) -> str:
    """Changes when a file is written or replaced: its time of modification in nanoseconds, and its size.

    Not the inode, which network and FUSE mounts number anew at each mount, and not the time of status
    change, which a mere chmod or a copy of the tree moves: both would call untouched exports changed.
    """
    return f"{facts.st_mtime_ns:x}-{facts.st_size:x}"


def _modified(facts: os.stat_result) -> datetime:
    try:
        return EPOCH + timedelta(microseconds=facts.st_mtime_ns // 1000)
    except OverflowError:  # beyond the year 9999 or before the year 1: a file system may say so
        return datetime.max.replace(tzinfo=UTC) if facts.st_mtime_ns > 0 else datetime.min.replace(tzinfo=UTC)


def _info(key: str, facts: os.stat_result) -> ObjectInfo:
    return ObjectInfo(key, facts.st_size, _modified(facts), _version(facts))
