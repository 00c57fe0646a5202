"""What an SFTP login may do beyond reading, as far as the modes of directories show it. Nothing is tried out."""

import stat
from itertools import islice
from typing import Final

from adapters.base import inert
from adapters.sftp_tree import decoded, is_directory
from adapters.sftp_wire import Facts, Wire

LOOKED_AT: Final = 200
"""The root and the first directories in it: enough to see how the server is set up."""

_ROOT_UID: Final = 0


def find_excess(wire: Wire, root: bytes, username: str) -> tuple[str, ...] | None:
    """Rights to write, with the mode that shows them. () where no directory lets anybody write; None: cannot be told.

    SFTP tells neither our user id nor our groups: a directory that its owner or group may write to may be ours.
    """
    if username == "root":
        return ("write, rename and delete everywhere: the login is root",)
    directories = [(b"", wire.stat(root))]
    directories += [(n, facts) for n, facts in islice(wire.list_directory(root), LOOKED_AT) if is_directory(facts)]
    if any(facts.mode is None for _, facts in directories):
        return None
    for name, facts in directories:
        if _mode(facts) & stat.S_IWOTH:
            return (f"write, rename and delete in {inert(decoded(name)) or 'the folder'!r} ({_shown(facts)})",)
    is_closed = not any(_mode(facts) & (stat.S_IWGRP | stat.S_IWUSR) for _, facts in directories)
    return () if is_closed else None


def _mode(facts: Facts) -> int:
    return facts.mode or 0


def _shown(facts: Facts) -> str:
    return stat.filemode(_mode(facts))
