"""A directory on a real OpenSSH server."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.base import OpenAdapter
from adapters.registry import opener
from tests.conformance.places import AWKWARD_NAMES, NAME, PAGE_SIZE, Identity
from tests.servers.fake_s3 import Answer, Request
from tests.servers.sshd import Sshd

SEARCHABLE = 0o311  # its files can be opened by those who know their names
UNREADABLE = 0o200


class SftpPlace:
    type = "sftp"
    awkward_names: tuple[str, ...] = (*AWKWARD_NAMES, "\\back\\slash", os.fsdecode(b"not-utf-8-\xff\xfe/\xe9"))
    in_key_order = True

    def __init__(self, server: Sshd) -> None:
        self.server = server
        self.address = f"tcp://{server.host}:{server.port}"
        self.root = server.make_directory()

    @property
    def options(self) -> dict[str, Any]:
        return {**self.server.options, "root": self.server.path_of(self.root)}

    def options_as(self, identity: Identity) -> dict[str, Any]:
        if identity in ("wrong", "expired"):
            name = "stranger" if identity == "wrong" else "ended"
            return {**self.options, "private_key_file": str(self.server.keys / name)}
        return {**self.options, "root": self.server.path_of(self._closed_copy(identity))}

    def _closed_copy(self, identity: Identity) -> Path:
        """The same files with fewer rights: there is one login, and rights are the files' own."""
        copy = self.server.make_directory()
        shutil.copytree(self.root, copy, dirs_exist_ok=True)
        for path in [*copy.rglob("*"), copy]:
            if identity == "no-list" and path.is_dir():
                path.chmod(SEARCHABLE)
            elif identity == "no-read" and path.is_file():
                path.chmod(UNREADABLE)
        return copy

    def options_through(self, address: str) -> dict[str, Any]:
        host, _, port = address.removeprefix("tcp://").rpartition(":")
        return {**self.options, "host": host, "port": int(port)}

    def is_listing(self, request: Request) -> bool:
        return False

    def is_download(self, request: Request) -> bool:
        return False

    def answer(self, case: str) -> Answer | None:
        """It does not speak HTTP."""

    @property
    def open(self) -> OpenAdapter:
        return opener(NAME, "sftp", {**self.options, "page_size": PAGE_SIZE})

    @property
    def open_missing(self) -> OpenAdapter:
        return opener(NAME, "sftp", {**self.options, "root": self.server.path_of(self.root / "absent")})

    def put(self, key: str, data: bytes = b"12345") -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def put_many(self, objects: Mapping[str, bytes]) -> None:
        for key, data in objects.items():
            self.put(key, data)

    def put_encoded(self, key: str, data: bytes) -> bool:
        return False

    def put_marker(self, prefix: str) -> None:
        (self.root / prefix).mkdir(parents=True)

    def put_parts(self, key: str, parts: list[bytes]) -> None:
        self.put(key, b"".join(parts))

    def remove(self, key: str) -> None:
        (self.root / key).unlink()
