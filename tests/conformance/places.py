"""The places on which the conformance suite runs: one for each destination type of the registry.

A place is a real destination that a test may fill. To add a destination: one class here and one line in PLACES.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from adapters.base import Adapter, OpenAdapter
from adapters.registry import opener
from tests.servers.seaweedfs import SeaweedFS, shared_seaweedfs

PAGE_SIZE = 3  # so that every case crosses pages
NAME = "lake-backup"

AWKWARD_NAMES = (
    "a b",
    "a+b",
    "a%20b",
    "a%2Bb",
    "back ups+%20/ü/k&<>'\"",
    "u\u0308/decomposed",
    "\u00fc/composed",
    ".hidden/.x",
    "..a/..b..",
    "a..b",
    "~/$(x)/;",
    "star*?[x]",
    "😀/x",
    "exportTime=20261001000000/part-00000-tid-1-c000.json.gz",
    "n" * 200 + "/" + "m" * 250,
    "-",
    "tab\tin",
    "new\nline",
    "return\rin",
    "escape\x1b[31m",
    "\x01",
)


class Place(Protocol):
    """A destination that a test may fill."""

    awkward_names: tuple[str, ...]
    in_key_order: bool  # the server sorts by the whole key, so that a listing may start anywhere

    @property
    def open(self) -> OpenAdapter:
        """Opens the destination."""

    @property
    def open_missing(self) -> OpenAdapter:
        """Opens a destination whose root is not there."""

    def put(self, key: str, data: bytes = b"12345") -> None:
        """Store or replace."""

    def put_marker(self, prefix: str) -> None:
        """An empty folder, as this destination shows one. `prefix` ends with a slash."""

    def put_parts(self, key: str, parts: list[bytes]) -> None:
        """As a large upload would."""

    def remove(self, key: str) -> None:
        """Take away."""


class LocalPlace:
    awkward_names: tuple[str, ...] = (*AWKWARD_NAMES, "\\back\\slash", os.fsdecode(b"not-utf-8-\xff\xfe/\xe9"))
    in_key_order = True

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()

    @property
    def open(self) -> OpenAdapter:
        return opener(NAME, "local", {"root": str(self.root), "page_size": PAGE_SIZE})

    @property
    def open_missing(self) -> OpenAdapter:
        return opener(NAME, "local", {"root": str(self.root / "absent")})

    def put(self, key: str, data: bytes = b"12345") -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def put_marker(self, prefix: str) -> None:
        (self.root / prefix).mkdir(parents=True)

    def put_parts(self, key: str, parts: list[bytes]) -> None:
        self.put(key, b"".join(parts))

    def remove(self, key: str) -> None:
        (self.root / key).unlink()


class S3Place:
    awkward_names: tuple[str, ...] = AWKWARD_NAMES  # a backslash is a slash to SeaweedFS
    in_key_order = False  # SeaweedFS sorts directory by directory

    def __init__(self, server: SeaweedFS) -> None:
        self.server = server
        self.bucket = server.make_bucket()

    @property
    def open(self) -> OpenAdapter:
        return opener(NAME, "s3", {**self.server.options, "bucket": self.bucket, "page_size": PAGE_SIZE})

    @property
    def open_missing(self) -> OpenAdapter:
        return opener(NAME, "s3", {**self.server.options, "bucket": f"{self.bucket}-absent"})

    def put(self, key: str, data: bytes = b"12345") -> None:
        self.server.put(self.bucket, key, data)

    def put_marker(self, prefix: str) -> None:
        self.server.put(self.bucket, prefix, b"")

    def put_parts(self, key: str, parts: list[bytes]) -> None:
        self.server.put_parts(self.bucket, key, parts)

    def remove(self, key: str) -> None:
        self.server.delete(self.bucket, key)


@contextmanager
def _local(directory: Path) -> Iterator[Place]:
    yield LocalPlace(directory / "root")


@contextmanager
def _s3(_: Path) -> Iterator[Place]:
    with shared_seaweedfs() as server:
        yield S3Place(server)


PLACES: dict[str, Callable[[Path], AbstractContextManager[Place]]] = {"local": _local, "s3": _s3}


@pytest.fixture(scope="session", autouse=True)
def held() -> Iterator[None]:
    """Holds the servers from the first test to the last."""
    with shared_seaweedfs():
        yield


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty place of each type."""
    with PLACES[request.param](tmp_path) as made:
        yield made


@pytest.fixture
def adapter(place: Place) -> Iterator[Adapter]:
    """The adapter of `place`, as the product opens it."""
    opened = place.open()
    yield opened
    opened.close()
