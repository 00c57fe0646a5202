"""A real blob service for tests: Azurite, one per test process, on a free loopback port, started when first asked for.

from tests.servers.azurite import azurite  # the fixture

def test_…(azurite):
    container = azurite.make_container()
    azurite.put_tree(container, directory, "backups/")
"""

import base64
import contextlib
import itertools
import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from azure.core.exceptions import AzureError
from azure.storage.blob import (
    AccountSasPermissions,
    BlobServiceClient,
    ContainerSasPermissions,
    ResourceTypes,
    generate_account_sas,
    generate_container_sas,
)

from tests.servers.bulk import Upload, send_all
from tests.servers.install import find_azurite
from tests.servers.process import Shared, die_with_parent, free_ports

READY_WITHIN_S = 60
STARTS = 3  # a port that was free may be taken by the time it is used

ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = base64.b64encode(b"a key that opens nothing but this emulator, 64 bytes long ......").decode()
DIRECT = {"http": "", "https": ""}  # a proxy of the environment has no business with a loopback server


@dataclass
class Azurite:
    """A running server. `container_sas` and `account_sas` make credentials with less rights than the owner's."""

    account_url: str  # path style: http://127.0.0.1:PORT/devstoreaccount1
    service: BlobServiceClient = field(repr=False)
    account_name: str = ACCOUNT
    account_key: str = ACCOUNT_KEY
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    @property
    def options(self) -> dict[str, object]:
        """Options of an `azure-blob` destination on this server as its owner, `container` excepted."""
        return {"account_url": self.account_url, "account_key": self.account_key}

    @property
    def connection_string(self) -> str:
        scheme = self.account_url.partition(":")[0]
        return (
            f"DefaultEndpointsProtocol={scheme};AccountName={self.account_name};AccountKey={self.account_key};"
            f"BlobEndpoint={self.account_url};"
        )

    def container_sas(
        self,
        container: str,
        permissions: str = "rl",
        *,
        start: datetime | None = None,
        expiry: datetime | None = None,
        policy: str | None = None,
    ) -> str:
        """A SAS for one container, an hour long unless told otherwise; with `policy` the stored policy alone rules."""
        return generate_container_sas(
            self.account_name,
            container,
            self.account_key,
            permission=None if policy else ContainerSasPermissions.from_string(permissions),
            start=start,
            expiry=None if policy else expiry or datetime.now(UTC) + timedelta(hours=1),
            policy_id=policy,
        )

    def account_sas(self, permissions: str = "rl", *, types: str = "sco", expiry: datetime | None = None) -> str:
        return generate_account_sas(
            self.account_name,
            self.account_key,
            ResourceTypes.from_string(types),
            AccountSasPermissions.from_string(permissions),
            expiry or datetime.now(UTC) + timedelta(hours=1),
        )

    def make_container(self) -> str:
        """A new, empty container."""
        name = f"exports-{next(self._numbers)}-{uuid.uuid4().hex[:8]}"
        self.service.create_container(name)
        return name

    def put(self, container: str, key: str, data: bytes, **properties: Any) -> None:
        """Store or replace. `properties` as of the SDK's upload_blob (metadata, content_settings, …)."""
        self.service.get_blob_client(container, key).upload_blob(data, overwrite=True, **properties)

    def put_many(self, container: str, objects: Mapping[str, bytes]) -> None:
        """Store thousands of small blobs."""
        sas, path = self.container_sas(container, "cw"), f"/{self.account_name}/{container}"
        headers = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-12-02"}
        send_all(
            self.account_url,
            [Upload(f"{path}/{quote(key)}?{sas}", data, headers=headers) for key, data in objects.items()],
        )

    def put_parts(self, container: str, key: str, parts: Sequence[bytes]) -> None:
        """Upload block by block, as a large upload does."""
        client = self.service.get_blob_client(container, key)
        names = [f"{number:08}" for number in range(len(parts))]
        for name, part in zip(names, parts, strict=True):
            client.stage_block(name, part)
        client.commit_block_list(names)

    def archive(self, container: str, key: str) -> None:
        self.service.get_blob_client(container, key).set_standard_blob_tier("Archive")

    def delete(self, container: str, key: str) -> None:
        self.service.get_blob_client(container, key).delete_blob()

    def put_tree(self, container: str, root: Path, prefix: str = "") -> list[str]:
        """Upload every file under `root`, its path as key after `prefix`; an empty directory as its marker."""
        uploads = {prefix + path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
        markers = [
            f"{prefix}{path.relative_to(root).as_posix()}/"
            for path in root.rglob("*")
            if path.is_dir() and not any(path.iterdir())
        ]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda item: self.put(container, item[0], item[1].read_bytes()), uploads.items()))
            list(pool.map(lambda key: self.put(container, key, b""), markers))
        return sorted([*uploads, *markers])


@contextlib.contextmanager
def running_azurite(*, certificate: Path | None = None, key: Path | None = None) -> Iterator[Azurite]:
    """Start a server of one's own; it is stopped in the end and keeps nothing.

    With a certificate (and its key) it speaks https and takes bearer tokens too (whose signature it does not check).
    """
    more = [] if certificate is None else ["--cert", os.fspath(certificate), "--key", str(key), "--oauth", "basic"]
    with tempfile.TemporaryDirectory(prefix="azurite-", ignore_cleanup_errors=True) as home:
        process, server = _start(Path(home), more, certificate)
        try:
            yield server
        finally:
            server.service.close()
            _stop(process)


shared_azurite = Shared(running_azurite)
"""The server of this process."""


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """Import this where it is used: every module that does shares one server."""
    with shared_azurite() as server:
        yield server


def _start(home: Path, more: list[str], certificate: Path | None) -> tuple[subprocess.Popen[bytes], Azurite]:
    failures = []
    for attempt in range(STARTS):
        log_path = home / f"log-{attempt}"
        [port] = free_ports(1)
        process = _launch(home, port, log_path, more)
        server = _server(f"{'https' if certificate else 'http'}://127.0.0.1:{port}/{ACCOUNT}", certificate)
        trouble = _wait_until_ready(process, server)
        if trouble is None:
            return process, server
        has_ended = process.poll() is not None
        _stop(process)
        failures.append(f"{trouble}\n{log_path.read_text(errors='replace')[-2000:]}")
        if not has_ended:
            break  # it ran and was not ready: another port does not mend that
    raise RuntimeError("Azurite did not start:\n" + "\n---\n".join(failures))


def _launch(home: Path, port: int, log_path: Path, more: list[str]) -> subprocess.Popen[bytes]:
    command = [*find_azurite(), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--silent", "--disableTelemetry"]
    command += ["--inMemoryPersistence", "--extentMemoryLimit", "512", "--skipApiVersionCheck", *more]
    with log_path.open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{ACCOUNT_KEY}", "HOME": os.fspath(home)},
            preexec_fn=die_with_parent,
        )


def _server(account_url: str, certificate: Path | None) -> Azurite:
    service = BlobServiceClient(
        account_url,
        {"account_name": ACCOUNT, "account_key": ACCOUNT_KEY},
        retry_total=0,
        proxies=DIRECT,
        connection_verify=True if certificate is None else os.fspath(certificate),
    )
    return Azurite(account_url, service)


def _wait_until_ready(process: subprocess.Popen[bytes], server: Azurite) -> str | None:
    """None once containers can be made; else what is the matter."""
    until = time.monotonic() + READY_WITHIN_S
    trouble = ""
    while time.monotonic() < until:
        if process.poll() is not None:
            return f"it ended with {process.returncode}"
        try:
            server.make_container()
        except AzureError as error:
            trouble = str(error)
            time.sleep(0.1)
        else:
            return None
    return f"not ready within {READY_WITHIN_S} s: {trouble}"


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()  # it holds everything in memory
    process.wait()
