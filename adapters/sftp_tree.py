"""A directory tree on an SFTP server: keys to paths that stay inside the root, facts to objects."""

import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from adapters.base import NotFound, ObjectInfo, Unsupported
from adapters.sftp_errors import BY_STATUS, speaking_of
from adapters.sftp_wire import Facts, RefusedError, Wire
from adapters.trees import Remarks, names_nothing

LEADS_OUT: Final = "links that leave the folder of the destination or lead nowhere are not followed"
UNTOLD: Final = "links are not followed where the server does not say where they lead"
CIRCLE: Final = "links that lead back to a directory above them are not followed"
DEVICES: Final = "devices, pipes and sockets are not read"


def is_directory(facts: Facts) -> bool:
    return stat.S_ISDIR(facts.mode or 0)


def is_file(facts: Facts) -> bool:
    return stat.S_ISREG(facts.mode or 0)


def is_link(facts: Facts) -> bool:
    return stat.S_ISLNK(facts.mode or 0)


def version_of(facts: Facts) -> str:
    """Changes when a file is written or replaced, unless within one second and at the same size."""
    return f"{facts.modified_s:x}-{facts.size:x}"


def info_of(key: str, facts: Facts) -> ObjectInfo:
    """A file, or as an empty directory its marker (of size 0)."""
    assert facts.size is not None
    assert facts.modified_s is not None
    size = 0 if key.endswith("/") else facts.size
    return ObjectInfo(key, size, datetime.fromtimestamp(facts.modified_s, UTC), version_of(facts))


def is_not_there(error: RefusedError) -> bool:
    return BY_STATUS.get(error.code, (None, ""))[0] is NotFound


def is_inside(path: bytes, directory: bytes) -> bool:
    """Is `path` the directory or below it?"""
    return path == directory or path.startswith(directory.rstrip(b"/") + b"/")


@dataclass(slots=True)
class Tree:
    """What lies under `root` ("": where the login ends). Paths are bytes, as the server has them."""

    destination: str
    root: str
    remarks: Remarks
    _real_root: bytes | None = None

    def find_root(self, wire: Wire, operation: str, key: str) -> bytes:
        """The real path of the root, asked for once. Raises NotFound where it is no directory."""
        if self._real_root is None:
            self._real_root = self.check_root(wire, operation, key)
        return self._real_root

    def check_root(self, wire: Wire, operation: str, key: str) -> bytes:
        """The real path of the root, if it is (still) there."""
        with speaking_of(self.destination, operation, key):
            try:
                real, facts = wire.look(_encoded(self.root) or b".")
            except RefusedError as error:
                if is_not_there(error):
                    facts = Facts()
                else:
                    raise
        if not is_directory(facts):
            raise self.absent("the folder of the destination is not there", operation, key)
        return real

    def find(self, wire: Wire, operation: str, key: str) -> tuple[bytes, Facts]:
        """The real path and the facts of `key`; of a prefix, without its last slash.

        A key that leaves the root, by its text or by a link, names nothing here: NotFound. In a listing a
        link that leaves is Unsupported: what is not looked at is not "nothing there".
        """
        root = self.find_root(wire, operation, key)
        name = key.removesuffix("/")
        try:
            if names_nothing(name):
                raise UnicodeError
            path = root.rstrip(b"/") + b"/" + _encoded(name)
        except UnicodeError:  # a surrogate that stands for no byte
            raise self.absent("names nothing under the root", operation, key) from None
        with speaking_of(self.destination, operation, key):
            real, facts = wire.look(path)
            if None in (facts.size, facts.mode, facts.modified_s):
                raise self.untold(operation, key)
        if is_inside(real, root):
            return real, facts
        if operation == "list":
            reason = "a link on this path leaves the folder of the login and is not followed: write the absolute path"
            raise Unsupported(reason, destination=self.destination, operation=operation, key=key)
        raise self.absent("names nothing under the root", operation, key)

    def absent(self, reason: str, operation: str, key: str) -> NotFound:
        return NotFound(reason, destination=self.destination, operation=operation, key=key)

    def untold(self, operation: str, key: str) -> Unsupported:
        reason = "the server does not tell size, kind and time of a file"
        return Unsupported(reason, destination=self.destination, operation=operation, key=key)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def decoded(name: bytes) -> str:
    """Bytes that are no UTF-8 become lone surrogates."""
    return name.decode("utf-8", "surrogateescape")
