"""The places on which the conformance suite runs: one or more for each destination type of the registry.

A place is a real destination that a test may fill. To add a destination: one class (in a module of its own,
`<type>_place.py`) and one line in PLACES. The key there is the registry's type, with the way of logging in behind it
where there are several: "gcs by JSON", "gcs by HMAC", "data-landing-zone on Azure", "data-landing-zone on S3".

What a server of the tests cannot do itself is played by a proxy before it (tests/servers/fault_proxy.py), with the
answers that `Place.answer` gives in the provider's shape. What no proxy can play either stands in
`tests/conformance/table.py`.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import pytest

from adapters.base import Adapter, OpenAdapter
from adapters.registry import opener
from auditor.worlds.platform import PlatformServer
from tests.servers.azurite import shared_azurite
from tests.servers.dfs import shared_lake
from tests.servers.fake_gcs import shared_fake_gcs
from tests.servers.fake_s3 import Answer, Request
from tests.servers.fake_s3 import error as s3_error
from tests.servers.seaweedfs import SeaweedFS, shared_seaweedfs
from tests.servers.sshd import shared_sshd

PAGE_SIZE = 3  # so that every case crosses pages
NAME = "lake-backup"

Identity: TypeAlias = Literal["wrong", "expired", "no-list", "no-read"]
"""Credentials that do not do: nobody knows them; they have ended; they may read and not list; list and not read."""

IDENTITIES: tuple[Identity, ...] = ("wrong", "expired", "no-list", "no-read")

Case: TypeAlias = Literal[
    "wrong",  # the credentials are not known, or the signature does not fit
    "expired",  # the credentials have ended
    "no-list",  # the right to list is missing
    "no-read",  # the right to read is missing
    "clock-skew",  # our clock and the server's differ too much
    "archived",  # the object must be restored first
    "throttled",  # slow down; the suite adds Retry-After itself
    "failing",  # the server failed (500)
    "error-with-200",  # status 200, and an error of the provider as body
]
CASES: tuple[Case, ...] = (
    *IDENTITIES,
    "clock-skew",
    "archived",
    "throttled",
    "failing",
    "error-with-200",
)
REQUEST_ID = "REQ1"
"""The provider's request id in each scripted answer, in the header (and body) where the provider has it."""

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

    type: str  # as the registry calls it
    awkward_names: tuple[str, ...]
    in_key_order: bool  # the server sorts by the whole key, so that a listing may start anywhere
    address: str | None  # of the server: "http://127.0.0.1:8333", "tcp://127.0.0.1:2222" (SFTP); None without a server

    @property
    def options(self) -> dict[str, Any]:
        """How the destination is opened: the keys of a configuration, without page_size, concurrency and timeout."""

    def options_as(self, identity: Identity) -> dict[str, Any] | None:
        """`options` with credentials that do not do; None where the server of the tests has no such identity.

        Asked for on each kind of call, the real server then refuses by its own words.
        """

    def options_through(self, address: str) -> dict[str, Any] | None:
        """`options` for the same place behind `address` (as `self.address` is written); None without a server.

        Only the address differs: credentials, container and path stay. Nothing need listen there, and its host need
        not exist.
        """

    def is_listing(self, request: Request) -> bool:
        """Is this HTTP request one for a page of a listing? All other GETs read an object's bytes or properties."""

    def is_download(self, request: Request) -> bool:
        """Is this HTTP request one for an object's bytes?"""

    def answer(self, case: Case) -> Answer | None:
        """What the provider answers in this case over HTTP: status, headers, body in its documented shape.

        With REQUEST_ID where the provider has one. None where the provider has no such answer (and on SFTP).
        """

    @property
    def open(self) -> OpenAdapter:
        """Opens the destination."""

    @property
    def open_missing(self) -> OpenAdapter:
        """Opens a destination whose root is not there."""

    def put(self, key: str, data: bytes = b"12345") -> None:
        """Store or replace."""

    def put_many(self, objects: Mapping[str, bytes]) -> None:
        """Store thousands of objects, quickly: `put_in_parallel(self.put, objects)` if there is no faster way."""

    def put_encoded(self, key: str, data: bytes) -> bool:
        """Store `data` as it is, with the property `Content-Encoding: gzip`; False where there is no such property."""

    def put_marker(self, prefix: str) -> None:
        """An empty folder, as this destination shows one. `prefix` ends with a slash."""

    def put_parts(self, key: str, parts: list[bytes]) -> None:
        """As a large upload would."""

    def remove(self, key: str) -> None:
        """Take away."""


def put_in_parallel(put: Callable[[str, bytes], None], objects: Mapping[str, bytes]) -> None:
    """For servers that answer several at a time. `put` is safe in threads."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, objects.keys(), objects.values()))


def put_tree(place: Place, root: Path) -> None:
    """Every file below `root`, its path as key; an empty directory as its marker."""
    found = [(path.relative_to(root).as_posix(), path) for path in sorted(root.rglob("*"))]
    place.put_many({key: path.read_bytes() for key, path in found if path.is_file()})
    for key, path in found:
        if path.is_dir() and not any(path.iterdir()):
            place.put_marker(f"{key}/")


class LocalPlace:
    type = "local"
    address = None
    awkward_names: tuple[str, ...] = (*AWKWARD_NAMES, "\\back\\slash", os.fsdecode(b"not-utf-8-\xff\xfe/\xe9"))
    in_key_order = True

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()

    @property
    def options(self) -> dict[str, Any]:
        return {"root": str(self.root)}

    def options_as(self, identity: Identity) -> None:
        """There is nothing to log in to."""

    def options_through(self, address: str) -> None:
        """There is no server."""

    def is_listing(self, request: Request) -> bool:
        return False

    def is_download(self, request: Request) -> bool:
        return False

    def answer(self, case: Case) -> None:
        """There is no server."""

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


def _s3_answer(code: str, status: int) -> Answer:
    return s3_error(code, status, headers={"x-amz-request-id": REQUEST_ID})


S3_ANSWERS: Mapping[Case, Answer] = {
    "wrong": _s3_answer("InvalidAccessKeyId", 403),
    "expired": _s3_answer("ExpiredToken", 400),
    "no-list": _s3_answer("AccessDenied", 403),
    "no-read": _s3_answer("AccessDenied", 403),
    "clock-skew": _s3_answer("RequestTimeTooSkewed", 403),
    "archived": _s3_answer("InvalidObjectState", 403),
    "throttled": _s3_answer("SlowDown", 503),
    "failing": _s3_answer("InternalError", 500),
    "error-with-200": _s3_answer("InternalError", 200),
}
"""https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; also what the XML API of GCS answers."""


class S3Place:
    type = "s3"
    awkward_names: tuple[str, ...] = AWKWARD_NAMES  # a backslash is a slash to SeaweedFS
    in_key_order = False  # SeaweedFS sorts directory by directory

    def __init__(self, server: SeaweedFS) -> None:
        self.server = server
        self.address = server.endpoint_url
        self.bucket = server.make_bucket()

    @property
    def options(self) -> dict[str, Any]:
        return {**self.server.options, "bucket": self.bucket}

    def options_as(self, identity: Identity) -> dict[str, Any] | None:
        known = {"no-list": self.server.keys("reader"), "no-read": self.server.keys("lister")}
        known["wrong"] = {"secret_access_key": "nobody-knows"}
        return {**self.options, **known[identity]} if identity in known else None

    def options_through(self, address: str) -> dict[str, Any]:
        return {**self.options, "endpoint_url": address}

    def is_listing(self, request: Request) -> bool:
        return request.is_listing

    def is_download(self, request: Request) -> bool:
        return request.method == "GET" and not request.is_listing

    def answer(self, case: Case) -> Answer:
        return S3_ANSWERS[case]

    @property
    def open(self) -> OpenAdapter:
        return opener(NAME, "s3", {**self.options, "page_size": PAGE_SIZE})

    @property
    def open_missing(self) -> OpenAdapter:
        return opener(NAME, "s3", {**self.server.options, "bucket": f"{self.bucket}-absent"})

    def put(self, key: str, data: bytes = b"12345") -> None:
        self.server.put(self.bucket, key, data)

    def put_many(self, objects: Mapping[str, bytes]) -> None:
        self.server.put_many(self.bucket, objects)

    def put_encoded(self, key: str, data: bytes) -> bool:
        self.server.put(self.bucket, key, data, ContentEncoding="gzip")
        return True

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


@contextmanager
def _azure_blob(_: Path) -> Iterator[Place]:
    from tests.conformance.azure_place import AzurePlace

    with shared_azurite() as server:
        yield AzurePlace(server)


@contextmanager
def _adls_gen2(_: Path) -> Iterator[Place]:
    from tests.conformance.adls_place import AdlsPlace

    with shared_lake() as lake:
        yield AdlsPlace(lake)


@contextmanager
def _gcs(_: Path) -> Iterator[Place]:
    from tests.conformance.gcs_place import GcsPlace  # it builds on this module

    with shared_fake_gcs() as server:
        yield GcsPlace(server)


@contextmanager
def _gcs_by_hmac(_: Path) -> Iterator[Place]:
    from tests.conformance.gcs_place import GcsHmacPlace

    with shared_seaweedfs() as server:
        yield GcsHmacPlace(server)


@contextmanager
def _sftp(_: Path) -> Iterator[Place]:
    from tests.conformance.sftp_place import SftpPlace  # it builds on this module

    with shared_sshd() as server:
        yield SftpPlace(server)


@contextmanager
def _landing_zone_on_azure(_: Path) -> Iterator[Place]:
    from tests.conformance.landing_zone_place import AzureZonePlace  # it builds on this module

    with shared_azurite() as server, PlatformServer() as platform:
        yield AzureZonePlace(server, platform)


@contextmanager
def _landing_zone_on_s3(_: Path) -> Iterator[Place]:
    from tests.conformance.landing_zone_place import AmazonZonePlace

    with shared_seaweedfs() as server, PlatformServer() as platform:
        yield AmazonZonePlace(server, platform)


@contextmanager
def _landing_zone_by_sas_uri(_: Path) -> Iterator[Place]:
    from tests.conformance.landing_zone_place import SasUriPlace

    with shared_azurite() as server:
        yield SasUriPlace(server)


def type_of(name: str) -> str:
    """The registry's type of a key of PLACES."""
    return name.partition(" ")[0]


PLACES: dict[str, Callable[[Path], AbstractContextManager[Place]]] = {
    "local": _local,
    "s3": _s3,
    "azure-blob": _azure_blob,
    "adls-gen2": _adls_gen2,
    "gcs by JSON": _gcs,
    "gcs by HMAC": _gcs_by_hmac,
    "sftp": _sftp,
    "data-landing-zone on Azure": _landing_zone_on_azure,
    "data-landing-zone on S3": _landing_zone_on_s3,
    "data-landing-zone by SAS URI": _landing_zone_by_sas_uri,
}


@pytest.fixture(scope="session", autouse=True)
def held() -> Iterator[None]:
    """Each server runs from the first test that asks for it to the last test of all."""
    with ExitStack() as stack:
        for server in (shared_azurite, shared_lake, shared_seaweedfs, shared_fake_gcs, shared_sshd):
            stack.enter_context(server.kept())
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
