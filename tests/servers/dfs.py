"""A Data Lake account for tests. No emulator has the `dfs` endpoint, so this one speaks its documented calls itself.

from tests.servers.dfs import lake  # the fixture

def test_…(lake):
    file_system = lake.make_file_system()
    lake.put(file_system, "backups/x", b"…")
    lake.make_directory(file_system, "backups/empty")

Path - List and Filesystem - Get Properties are answered here, over real HTTP; all else (what the SDK sends to the
account's `blob` endpoint) goes through to Azurite, which has the bytes. Both endpoints have one address, path style.
https://learn.microsoft.com/rest/api/storageservices/datalakestoragegen2/path/list
https://learn.microsoft.com/rest/api/storageservices/datalakestoragegen2/filesystem/getproperties
"""

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import pytest

from tests.servers.azurite import Azurite, shared_azurite
from tests.servers.dfs_namespace import Entry, Namespace, split
from tests.servers.fake_s3 import Answer, Request
from tests.servers.fault_proxy import HOP_BY_HOP, FaultProxy, Tampered, fault_proxy
from tests.servers.process import Shared

LARGEST_PAGE: Final = 5000
KNOWN: Final = frozenset(
    {"resource", "timeout", "continuation", "directory", "recursive", "maxResults", "upn", "beginFrom"}
)
SAS_FIELDS: Final = {
    *("sv", "ss", "srt", "sr", "sp", "st", "se", "spr", "sip", "si", "sig", "sdd"),
    *("skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid", "ses"),
}
BEGIN_FROM_SINCE: Final = "2026-02-06"  # service versions before it do not know the parameter
REQUEST_ID: Final = "8d0f2a3e-801f-0041-5bb4-000000000000"

Fault = Callable[[Request], Answer | Tampered | None]


class RefusedError(Exception):
    def __init__(self, status: int, code: str, message: str = "Told by the test server.") -> None:
        super().__init__(code)
        self.answer = error(code, status, message)


def error(code: str, status: int, message: str = "Told by the test server.", **headers: str) -> Answer:
    """A failure in the shape of the dfs endpoint."""
    said = f"{message}\nRequestId:{REQUEST_ID}\nTime:2026-10-01T00:00:00.0000000Z"
    body = json.dumps({"error": {"code": code, "message": said}}).encode()
    told = {"x-ms-error-code": code, "Content-Type": "application/json;charset=utf-8"}
    return Answer(status, body, {**_always(), **told, **headers})


def page(paths: Sequence[Mapping[str, str]], continuation: str = "") -> Answer:
    """One page of a listing."""
    headers = {**_always(), "Content-Type": "application/json;charset=utf-8"}
    if continuation:
        headers["x-ms-continuation"] = continuation
    return Answer(200, json.dumps({"paths": list(paths)}).encode(), headers)


@dataclass
class Lake:
    """A running account. What is put through it is there on both endpoints."""

    azurite: Azurite
    proxy: FaultProxy
    faults: list[Fault] = field(default_factory=list)  # asked before every answer, each may answer in its place
    _spaces: dict[str, Namespace] = field(default_factory=lambda: defaultdict(Namespace))

    @property
    def account_url(self) -> str:
        return f"{self.proxy.address}/{self.azurite.account_name}"

    @property
    def options(self) -> dict[str, Any]:
        """Options of an `adls-gen2` destination on this server as its owner, `file_system` excepted."""
        return {"account_url": self.account_url, "account_key": self.azurite.account_key}

    @property
    def listings(self) -> list[Request]:
        """What was asked of the dfs endpoint."""
        return [request for request in self.proxy.requests if is_dfs(request)]

    def make_file_system(self) -> str:
        name = self.azurite.make_container()
        self._spaces[name] = Namespace()
        return name

    def put(self, file_system: str, key: str, data: bytes, **properties: Any) -> None:
        """Store or replace a file; the directories above it come to be, as on the service."""
        self._make_parents(file_system, key)
        self.azurite.put(file_system, key, data, **properties)
        self._note(file_system, key, is_directory=False)

    def put_parts(self, file_system: str, key: str, parts: Sequence[bytes]) -> None:
        self._make_parents(file_system, key)
        self.azurite.put_parts(file_system, key, parts)
        self._note(file_system, key, is_directory=False)

    def put_many(self, file_system: str, objects: Mapping[str, bytes]) -> None:
        for key in objects:
            self._make_parents(file_system, key)
        self.azurite.put_many(file_system, objects)
        for blob in self.azurite.service.get_container_client(file_system).list_blobs():
            if blob.name in objects:
                self._spaces[file_system].put(
                    Entry(blob.name, False, blob.size, blob.etag.strip('"'), blob.last_modified)
                )

    def make_directory(self, file_system: str, path: str) -> None:
        """A directory with all above it. The blob endpoint shows one as a blob of no bytes with `hdi_isfolder`."""
        path = path.rstrip("/")
        known = self._spaces[file_system].get(path)
        if known is None:
            self._make_parents(file_system, path)
            self.azurite.put(file_system, path, b"", metadata={"hdi_isfolder": "true"})
            self._note(file_system, path, is_directory=True)
        elif not known.is_directory:
            raise ValueError(f"{path} is a file")

    def remove(self, file_system: str, key: str) -> None:
        self.azurite.delete(file_system, key)
        self._spaces[file_system].remove(key)

    def _make_parents(self, file_system: str, key: str) -> None:
        if parent := key.rpartition("/")[0]:
            self.make_directory(file_system, parent)

    def _note(self, file_system: str, path: str, *, is_directory: bool) -> None:
        about = self.azurite.service.get_blob_client(file_system, path).get_blob_properties()
        entry = Entry(path, is_directory, about.size, about.etag.strip('"'), about.last_modified)
        self._spaces[file_system].put(entry)

    # --- what it answers

    def answer(self, request: Request) -> Answer | Tampered | None:
        for fault in self.faults:
            if (played := fault(request)) is not None:
                return played
        try:
            if is_dfs(request):
                return self._answer_dfs(request)
            if request.headers.get("authorization", "").startswith("Bearer "):
                self._check_bearer(request)
                return self._as_owner(request)
        except RefusedError as refused:
            return refused.answer
        return None

    def _answer_dfs(self, request: Request) -> Answer:
        file_system = request.path.split("/")[2]
        self._authorize(request, file_system)
        if file_system not in self._spaces:
            raise RefusedError(404, "FilesystemNotFound", "The specified filesystem does not exist.")
        if request.method == "HEAD":
            return Answer(200, b"", {**_always(), "x-ms-namespace-enabled": "true"})
        if request.method != "GET":
            raise RefusedError(405, "UnsupportedHttpVerb")
        return self._list(self._spaces[file_system], request)

    def _list(self, space: Namespace, request: Request) -> Answer:
        query = request.query
        directory, begin_from = query.get("directory", "").strip("/"), query.get("beginFrom", "")
        recursive = query.get("recursive", "").lower()
        count = query.get("maxResults", str(LARGEST_PAGE))
        if unknown := query.keys() - KNOWN - SAS_FIELDS:
            raise RefusedError(400, "UnsupportedQueryParameter", ", ".join(unknown))
        if begin_from and request.headers.get("x-ms-version", "") < BEGIN_FROM_SINCE:
            raise RefusedError(400, "UnsupportedQueryParameter", "beginFrom")
        if not recursive:
            raise RefusedError(400, "MissingRequiredQueryParameter", "recursive")
        if recursive not in ("true", "false") or not count.isdigit():
            raise RefusedError(400, "InvalidQueryParameterValue")
        if count == "0":
            raise RefusedError(400, "OutOfRangeQueryParameterValue", "maxResults")
        if recursive == "false" and len(split(begin_from)) > 1:
            raise RefusedError(400, "InvalidQueryParameterValue", "beginFrom has several levels")
        if directory:
            there = space.get(directory)
            if there is None:
                raise RefusedError(404, "PathNotFound", "The specified path does not exist.")
            if not there.is_directory:  # of a file, the service lists the file itself
                return page([_shown(there)])
        try:
            found, continuation = space.page(
                directory,
                recursive=recursive == "true",
                begin_from=begin_from,
                continuation=query.get("continuation", ""),
                count=min(int(count), LARGEST_PAGE),
            )
        except ValueError:
            raise RefusedError(400, "InvalidQueryParameterValue", "continuation") from None
        return page([_shown(entry) for entry in found], continuation)

    # --- whom it lets in

    def _authorize(self, request: Request, file_system: str) -> None:
        authorization = request.headers.get("authorization", "")
        if "sig" in request.query:
            self._check_sas(request, file_system)
        elif authorization.startswith("Bearer "):
            self._check_bearer(request)
        elif authorization.startswith("SharedKey "):
            wanted = f"SharedKey {self.azurite.account_name}:{_signature(self.azurite, request)}"
            if not hmac.compare_digest(authorization, wanted):
                raise RefusedError(403, "AuthenticationFailed", "Server failed to authenticate the request.")
        else:
            raise RefusedError(401, "NoAuthenticationInformation")

    def _check_sas(self, request: Request, file_system: str) -> None:
        """Azurite knows SAS: it says whether this one may list the container."""
        sas = {name: value for name, value in request.query.items() if name in SAS_FIELDS}
        asked = {"restype": "container", "comp": "list", "maxresults": "1", **sas}
        path = f"/{self.azurite.account_name}/{file_system}"
        status, headers, _ = self._fetch("GET", f"{path}?{urlencode(asked)}", {})
        if status == 404:
            raise RefusedError(404, "FilesystemNotFound", "The specified filesystem does not exist.")
        if status != 200:
            code = headers.get("x-ms-error-code", "AuthenticationFailed")
            raise RefusedError(status, code, "Signature fields: " + ", ".join(sas))

    def _check_bearer(self, request: Request) -> None:
        """A token of tests/servers/fake_entra.py, whose signature nobody checks, as with Azurite."""
        claims = _claims(request.headers["authorization"].removeprefix("Bearer "))
        if claims.get("aud") != "https://storage.azure.com" or claims.get("exp", 0) < time.time():
            raise RefusedError(401, "InvalidAuthenticationInfo", "Signature validation failed.")

    def _as_owner(self, request: Request) -> Answer:
        """The blob endpoint's answer to one who has shown a good token; Azurite takes tokens over https only."""
        sas = self.azurite.account_sas("rl")
        query = urlencode(dict(request.query))
        kept = {n: v for n, v in request.headers.items() if n not in ("authorization", "host", "connection")}
        status, headers, body = self._fetch(request.method, f"{quote(request.path)}?{query}&{sas}", kept)
        headers = {n.title(): v for n, v in headers.items() if n not in HOP_BY_HOP or n == "content-length"}
        return Answer(status, body, headers)

    def _fetch(self, method: str, target: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.azurite.account_url).netloc, timeout=30)
        try:
            connection.request(method, target, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()


def is_dfs(request: Request) -> bool:
    return request.query.get("resource") == "filesystem"


def _claims(token: str) -> dict[str, Any]:
    with contextlib.suppress(ValueError, IndexError):
        told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return told
    return {}


def _shown(entry: Entry) -> dict[str, str]:
    """A path as Path - List writes it: all values are text, and only directories say what they are."""
    since_1601 = entry.modified - datetime(1601, 1, 1, tzinfo=UTC)
    shown = {
        "contentLength": str(entry.size),
        "creationTime": str(int(since_1601.total_seconds()) * 10_000_000),
        "etag": entry.etag,
        "group": "$superuser",
        "lastModified": format_datetime(entry.modified.astimezone(UTC), usegmt=True),
        "name": entry.path,
        "owner": "$superuser",
        "permissions": "rwxr-x---" if entry.is_directory else "rw-r-----",
    }
    return shown | ({"isDirectory": "true"} if entry.is_directory else {})


def _always() -> dict[str, str]:
    return {"x-ms-request-id": REQUEST_ID, "x-ms-version": "2026-02-06", "Server": "Windows-Azure-HDFS/1.0"}


SIGNED: Final = (
    *("content-encoding", "content-language", "content-length", "content-md5", "content-type", "date"),
    *("if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range"),
)


def _signature(azurite: Azurite, request: Request) -> str:
    """https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key"""
    headers = request.headers
    lines = [request.method]
    lines += ["" if (n, headers.get(n)) == ("content-length", "0") else headers.get(n, "") for n in SIGNED]
    lines += [f"{name}:{value}" for name, value in sorted(headers.items()) if name.startswith("x-ms-")]
    lines += [f"/{azurite.account_name}{quote(request.path)}"]
    lines += [f"{name.lower()}:{value}" for name, value in sorted(request.query.items(), key=lambda i: i[0].lower())]
    secret = base64.b64decode(azurite.account_key)
    return base64.b64encode(hmac.new(secret, "\n".join(lines).encode(), hashlib.sha256).digest()).decode()


@contextlib.contextmanager
def running_lake() -> Iterator[Lake]:
    """An account before the shared Azurite."""
    with shared_azurite() as azurite, fault_proxy(azurite.account_url.rpartition("/")[0]) as proxy:
        lake = Lake(azurite, proxy)
        proxy.script = lake.answer
        yield lake


shared_lake = Shared(running_lake)
"""The account of this process."""


@pytest.fixture(scope="session")
def shared() -> Iterator[Lake]:
    with shared_lake() as running:
        yield running


@pytest.fixture
def lake(shared: Lake) -> Iterator[Lake]:
    """Import this and `shared` where it is used. Faults end with the test, and `listings` begins with it."""
    shared.faults.clear()
    shared.proxy.requests.clear()
    yield shared
    shared.faults.clear()
