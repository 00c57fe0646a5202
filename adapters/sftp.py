"""A directory tree on an SFTP server."""

import getpass
import re
from collections.abc import Iterator
from datetime import timedelta
from os import PathLike
from pathlib import Path
from typing import Final

from adapters.base import Changed, Folder, ObjectInfo, RangeRefused, Traits
from adapters.paging import PagedListing
from adapters.sftp_errors import DIRECTORY_RIGHT, FILE_RIGHT, speaking_of
from adapters.sftp_hosts import DEFAULT_PORT, Trust
from adapters.sftp_login import Login
from adapters.sftp_reading import FileBytes
from adapters.sftp_rights import find_excess
from adapters.sftp_session import Lease, Sessions
from adapters.sftp_tree import Tree, info_of, is_directory, is_file, version_of
from adapters.sftp_walk import Walk, read_folder
from adapters.sftp_wire import Wire
from adapters.streams import About, NoBytes, ObjectStream
from adapters.trees import Remarks, Wish

__all__ = ["SftpAdapter"]

_FINGERPRINT: Final = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?", re.ASCII)
FEWER_READS: Final = (
    "the server fell silent in the middle of a file while several reads were on their way; fewer are sent at a time"
)


class SftpAdapter:
    """Files under `root` ("": where the login ends; "/": the top of the server) as flat keys.

    Names are bytes: those that are no UTF-8 have lone surrogates. An empty directory is listed as a marker
    of size 0 (`…/`). A symbolic link is followed where the server says that it stays inside the root.
    The host key must be known: by `host_key_fingerprint` ("SHA256:…"), else by `known_hosts_file`, else by
    ~/.ssh/known_hosts. Without password and key file, the keys of an SSH agent are tried.

    Opens its first connection at the first call, and at most `concurrency`. It does not try again (see
    adapters/retry.py). `timeout`: seconds for a login and for each answer.

    Raises: ValueError for options that cannot be.
    """

    traits = Traits(
        appears_whole=False,
        starts_at_key=True,  # by not opening directories that sort below it
        time_resolution=timedelta(seconds=1),
        rights=(DIRECTORY_RIGHT, FILE_RIGHT),
    )

    def __init__(
        self,
        name: str,
        host: str,
        *,
        username: str | None = None,
        port: int = DEFAULT_PORT,
        password: str | None = None,
        private_key_file: str | PathLike[str] | None = None,
        passphrase: str | None = None,
        known_hosts_file: str | PathLike[str] | None = None,
        host_key_fingerprint: str | None = None,
        root: str = "",
        concurrency: int = 4,
        timeout: float = 60.0,
    ) -> None:
        if not host or not 0 < port < 65_536 or concurrency < 1 or timeout <= 0:
            raise ValueError(
                f"destination {name!r}: host must not be empty, port is 1 to 65535; concurrency and timeout are above 0"
            )
        if host_key_fingerprint is not None and not _FINGERPRINT.fullmatch(host_key_fingerprint):
            raise ValueError(f"destination {name!r}: host_key_fingerprint is written SHA256: and 43 characters")
        self.name = name
        self._remarks = Remarks()
        self._tree = Tree(name, root, self._remarks)
        self._login = Login(
            host=host,
            port=port,
            username=username or getpass.getuser(),
            trust=Trust(host, port, host_key_fingerprint, _path(known_hosts_file)),
            password=password,
            private_key_file=_path(private_key_file),
            passphrase=passphrase,
            timeout_s=timeout,
        )
        self._sessions = Sessions(self._login, concurrency)

    def __repr__(self) -> str:
        return f"SftpAdapter(name={self.name!r}, host={self._login.host!r}, port={self._login.port})"

    @property
    def remarks(self) -> list[str]:
        return self._remarks.texts

    def list_objects(self, prefix: str, *, start_at: str = "") -> Iterator[ObjectInfo]:
        walk = Walk(self._sessions, self._tree, Wish.of(prefix, start_at))
        return PagedListing(walk.read_page, "first", destination=self.name, prefix=prefix)

    def list_folder(self, prefix: str) -> Iterator[ObjectInfo | Folder]:
        return PagedListing(
            lambda _: read_folder(self._sessions, self._tree, prefix), "first", destination=self.name, prefix=prefix
        )

    def read_object(self, key: str, start: int = 0, length: int | None = None, *, version: str = "") -> ObjectStream:
        about: About = {"destination": self.name, "operation": "read", "key": key}
        with speaking_of(**about):
            lease = self._sessions.take()
            try:
                if key.endswith("/"):
                    marker = self._marker(lease.wire, "read", key)
                    lease.give_back()
                    if start > 0:
                        raise RangeRefused("a directory has no bytes", **about)
                    return ObjectStream(NoBytes(), marker.version)
                return self._open(lease, start, length, version, about)
            except BaseException:
                lease.give_back()
                raise

    def describe_object(self, key: str) -> ObjectInfo:
        with speaking_of(self.name, "describe", key), self._sessions.borrow() as wire:
            if key.endswith("/"):
                return self._marker(wire, "describe", key)
            _, facts = self._tree.find(wire, "describe", key)
            if not is_file(facts):
                raise self._tree.absent("no regular file", "describe", key)
            return info_of(key, facts)

    def excess_rights(self) -> tuple[str, ...] | None:
        with speaking_of(self.name, "describe"), self._sessions.borrow() as wire:
            return find_excess(wire, self._tree.find_root(wire, "describe", ""), self._login.username)

    def close(self) -> None:
        self._sessions.close()

    def _open(self, lease: Lease, start: int, length: int | None, version: str, about: About) -> ObjectStream:
        wire = lease.wire
        path, facts = self._tree.find(wire, "read", about["key"])
        if not is_file(facts):  # before opening: a pipe would not answer
            raise self._tree.absent("no regular file", "read", about["key"])
        handle = wire.open(path)
        try:
            before = wire.take_facts(wire.ask_facts(handle))
            if before.size is None or before.modified_s is None:
                raise self._tree.untold("read", about["key"])
            if version and version != version_of(before):
                raise Changed("replaced or written to since it was listed", **about)
            if start > before.size:
                raise RangeRefused(f"offset {start} lies behind the end at {before.size}", **about)
        except BaseException:
            wire.close(handle)
            raise
        rest = before.size - start
        count = rest if length is None else min(rest, length)
        raw = FileBytes(lease, handle, before, start, count, about, lambda: self._sessions.most_reads, self._read_less)
        return ObjectStream(raw, version_of(before))

    def _read_less(self) -> None:
        if self._sessions.ask_for_less():
            self._remarks.add(FEWER_READS, "")

    def _marker(self, wire: Wire, operation: str, key: str) -> ObjectInfo:
        path, facts = self._tree.find(wire, operation, key)
        if not is_directory(facts) or any(True for _ in wire.list_directory(path)):
            raise self._tree.absent("no empty directory", operation, key)
        return info_of(key, facts)


def _path(given: str | PathLike[str] | None) -> Path | None:
    return Path(given).expanduser() if given is not None else None
