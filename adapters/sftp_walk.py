"""Listings of an SFTP server: one page is one directory. One that cannot hold what is asked for is not opened."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.base import Folder, NotFound, ObjectInfo, Unsupported
from adapters.paging import Page
from adapters.sftp_errors import speaking_of
from adapters.sftp_session import Sessions
from adapters.sftp_tree import (
    CIRCLE,
    DEVICES,
    LEADS_OUT,
    UNTOLD,
    Tree,
    decoded,
    info_of,
    is_directory,
    is_file,
    is_inside,
    is_link,
    is_not_there,
)
from adapters.sftp_wire import Facts, RefusedError, Wire
from adapters.trees import Wish, order


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory to be opened."""

    prefix: str  # "" or ends with "/"
    path: bytes  # its real one
    facts: Facts
    from_links: tuple[bytes, ...] = ()  # the real directories in which links led here


@dataclass(frozen=True, slots=True)
class Found:
    """What stands in a directory and is asked for."""

    files: Sequence[ObjectInfo] = ()
    directories: Sequence[Directory] = ()
    is_empty: bool = False  # not even something that is passed over


@dataclass(slots=True)
class Walk:
    """A walk through all directories under a prefix, in key order within each. Its state is the cursor's meaning."""

    sessions: Sessions
    tree: Tree
    wish: Wish
    _waiting: list[Directory] | None = None
    _pages: int = 0

    def read_page(self, _cursor: str) -> Page[ObjectInfo]:
        """The objects of the next directory. After a failure: of the same one again."""
        with speaking_of(self.tree.destination, "list", self.wish.prefix), self.sessions.borrow() as wire:
            if self._waiting is None:
                top = find_top(wire, self.tree, self.wish.prefix[: self.wish.prefix.rfind("/") + 1])
                self._waiting = [top] if top is not None else []
            objects = self._next_directory(wire) if self._waiting else ()
        self._pages += 1
        return Page(objects, str(self._pages) if self._waiting else None)

    def _next_directory(self, wire: Wire) -> Sequence[ObjectInfo]:
        assert self._waiting
        directory = self._waiting[-1]
        found = Reading(wire, self.tree, self.wish, directory).read()
        self._waiting.pop()
        self._waiting += reversed(found.directories)
        prefix = directory.prefix
        if found.is_empty and prefix and self.wish.includes(prefix):
            return [info_of(prefix, directory.facts)]
        return found.files


def read_folder(sessions: Sessions, tree: Tree, prefix: str) -> Page[ObjectInfo | Folder]:
    """What stands directly under `prefix`."""
    with speaking_of(tree.destination, "list", prefix), sessions.borrow() as wire:
        top = find_top(wire, tree, prefix)
        if top is None:
            return Page([], None)
        found = Reading(wire, tree, Wish(prefix), top).read()
    items: list[ObjectInfo | Folder] = [*found.files, *(Folder(each.prefix) for each in found.directories)]
    return Page(sorted(items, key=lambda one: order(one.prefix if isinstance(one, Folder) else one.key)), None)


def find_top(wire: Wire, tree: Tree, prefix: str) -> Directory | None:
    """The directory at `prefix`; None where there is none. Raises NotFound where not even the root is there."""
    if not prefix:
        real, facts = wire.look(tree.find_root(wire, "list", prefix))
        return Directory("", real, facts)
    try:
        path, facts = tree.find(wire, "list", prefix)
    except NotFound:
        tree.check_root(wire, "list", prefix)
        return None
    return Directory(prefix, path, facts) if is_directory(facts) else None


@dataclass(slots=True)
class Reading:
    """Reads one directory."""

    wire: Wire
    tree: Tree
    wish: Wish
    directory: Directory
    files: list[ObjectInfo] = field(default_factory=list)
    directories: list[Directory] = field(default_factory=list)

    def read(self) -> Found:
        """Raises AccessDenied with the directory's prefix; one that is gone by now is empty of what is asked for."""
        with speaking_of(self.tree.destination, "list", self.directory.prefix):
            try:
                entries = self._entries()
            except RefusedError as error:
                if is_not_there(error) and self._is_gone():
                    return Found()
                raise
            for name, facts in entries.items():
                self._look(name, facts)
        self.files.sort(key=lambda info: order(info.key))
        self.directories.sort(key=lambda below: order(below.prefix))
        return Found(self.files, self.directories, is_empty=not entries)

    def _entries(self) -> dict[bytes, Facts]:
        """Each name once, also where the directory changes meanwhile. Raises: Unsupported if it never ends."""
        entries: dict[bytes, Facts] = {}
        again = 0
        for name, facts in self.wire.list_directory(self.directory.path):
            again += name in entries
            entries[name] = facts
            if again > len(entries):
                raise Unsupported(
                    "the server shows the names in a directory again and again",
                    destination=self.tree.destination,
                    operation="list",
                    key=self.directory.prefix,
                )
        return entries

    def _is_gone(self) -> bool:
        """Some servers say "not there" of what may not be looked at: believed only if it is said twice."""
        try:
            self.wire.stat(self.directory.path)
        except RefusedError as error:
            return is_not_there(error)
        return False

    def _look(self, name: bytes, facts: Facts) -> None:
        key = self.directory.prefix + decoded(name)
        if not self.wish.includes(key) and not self.wish.may_be_below(f"{key}/"):
            return
        path = self.directory.path.rstrip(b"/") + b"/" + name
        if None in (facts.size, facts.mode, facts.modified_s):
            told = self._told(path, key)
            if told is None:
                return
            facts = told
        from_links = self.directory.from_links
        if is_link(facts):
            followed = self._follow(path, key)
            if followed is None:
                return
            path, facts = followed
            from_links = (*from_links, self.directory.path)
        self._sort_in(key, Directory(f"{key}/", path, facts, from_links))

    def _sort_in(self, key: str, entry: Directory) -> None:
        if is_directory(entry.facts):
            if any(is_inside(one, entry.path) for one in entry.from_links):
                self.tree.remarks.add(CIRCLE, key)
            elif self.wish.may_be_below(entry.prefix):
                self.directories.append(entry)
        elif not is_file(entry.facts):
            self.tree.remarks.add(DEVICES, key)
        elif self.wish.includes(key):
            self.files.append(info_of(key, entry.facts))

    def _told(self, path: bytes, key: str) -> Facts | None:
        """The facts of a file whose listing has none; None if it is gone."""
        try:
            facts = self.wire.lstat(path)
        except RefusedError as error:
            if is_not_there(error):
                return None
            raise
        if None in (facts.size, facts.mode, facts.modified_s):
            raise self.tree.untold("list", key)
        return facts

    def _follow(self, link: bytes, key: str) -> tuple[bytes, Facts] | None:
        try:
            real, facts = self.wire.look(link)
        except RefusedError:  # what lies outside may be closed to us, and need not concern us
            real, facts = b"", Facts()
        if real == link:
            self.tree.remarks.add(UNTOLD, key)
        elif not is_inside(real, self.tree.find_root(self.wire, "list", key)):
            self.tree.remarks.add(LEADS_OUT, key)
        else:
            return real, facts
        return None
