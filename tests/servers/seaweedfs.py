"""A real S3 server for tests: SeaweedFS, one per test process, on free loopback ports, started when first asked for.

from tests.servers.seaweedfs import seaweedfs  # the fixture

def test_…(seaweedfs):
    bucket = seaweedfs.make_bucket()
    seaweedfs.put_tree(bucket, directory, "backups/")
"""

import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.servers.bulk import Upload, send_all
from tests.servers.process import Shared, die_with_parent, free_ports

READY_WITHIN_S = 60
STARTS = 3  # a port that was free may be taken by the time it is used

IDENTITIES = {  # actions of the identities file are SeaweedFS's own words
    "owner": ["Admin", "Read", "Write", "List", "Tagging"],
    "reader": ["Read"],  # may read objects, not list them
    "lister": ["List"],  # may list objects, not read them
    "nobody": ["Tagging"],
}


@dataclass
class SeaweedFS:
    """A running server. `keys(identity)` gives credentials with less rights than the owner's."""

    endpoint_url: str
    access_key_id: str
    secret_access_key: str
    client: Any = field(repr=False)
    filer_url: str = field(repr=False)  # where its files are written without S3
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    def keys(self, identity: str) -> dict[str, str]:
        return {"access_key_id": f"{identity}-key", "secret_access_key": f"{identity}-secret"}

    @property
    def options(self) -> dict[str, object]:
        """Options of an `s3` destination on this server, `bucket` excepted."""
        return {"endpoint_url": self.endpoint_url, **self.keys("owner")}

    def make_bucket(self) -> str:
        """A new, empty bucket."""
        name = f"exports-{next(self._numbers)}-{uuid.uuid4().hex[:8]}"
        self.client.create_bucket(Bucket=name)
        return name

    def put(self, bucket: str, key: str, data: bytes, **parameters: Any) -> None:
        self.client.put_object(Bucket=bucket, Key=key, Body=data, **parameters)

    def put_many(self, bucket: str, objects: Mapping[str, bytes]) -> None:
        """Store thousands of objects, past the S3 side of the server: what it shows of them is the same."""
        send_all(self.filer_url, [Upload(f"/buckets/{bucket}/{quote(key)}", data) for key, data in objects.items()])

    def put_parts(self, bucket: str, key: str, parts: list[bytes]) -> None:
        """Upload in parts; all but the last must have 5 MiB."""
        upload = {"Bucket": bucket, "Key": key}
        upload["UploadId"] = self.client.create_multipart_upload(**upload)["UploadId"]
        done = [
            {"PartNumber": n, "ETag": self.client.upload_part(**upload, PartNumber=n, Body=part)["ETag"]}
            for n, part in enumerate(parts, 1)
        ]
        self.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": done})

    def delete(self, bucket: str, key: str) -> None:
        self.client.delete_object(Bucket=bucket, Key=key)

    def put_tree(self, bucket: str, root: Path, prefix: str = "") -> list[str]:
        """Upload every file under `root`, its path as key after `prefix`; an empty directory as its marker."""
        uploads = {prefix + path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
        markers = [
            f"{prefix}{path.relative_to(root).as_posix()}/"
            for path in root.rglob("*")
            if path.is_dir() and not any(path.iterdir())
        ]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda item: self.put(bucket, item[0], item[1].read_bytes()), uploads.items()))
            list(pool.map(lambda key: self.put(bucket, key, b""), markers))
        return sorted([*uploads, *markers])


@contextlib.contextmanager
def running_seaweedfs() -> Iterator[SeaweedFS]:
    """Start a server of one's own; it is stopped and its data removed in the end."""
    with tempfile.TemporaryDirectory(prefix="seaweedfs-", ignore_cleanup_errors=True) as home:
        process, ports, server = _start(Path(home))
        try:
            yield server
        finally:
            _stop(process, ports)


shared_seaweedfs = Shared(running_seaweedfs)
"""The server of this process."""


@pytest.fixture(scope="session")
def seaweedfs() -> Iterator[SeaweedFS]:
    """Import this where it is used: every module that does shares one server."""
    with shared_seaweedfs() as server:
        yield server


def _start(home: Path) -> tuple[subprocess.Popen[bytes], dict[str, int], SeaweedFS]:
    failures = []
    for attempt in range(STARTS):
        data = home / str(attempt)
        data.mkdir()
        log_path = data / "log"
        with log_path.open("wb") as log:
            process, ports = _launch(data, log)
        server = _server(ports["s3.port"], ports["filer.port"])
        trouble = _wait_until_ready(process, server)
        if trouble is None:
            return process, ports, server
        has_ended = process.poll() is not None
        _stop(process, ports)
        tail = log_path.read_text(errors="replace").splitlines()[-25:]
        failures.append(f"{trouble}\n" + "\n".join(tail))
        if not has_ended:
            break  # it ran and was not ready: another port does not mend that
    raise RuntimeError("SeaweedFS did not start:\n" + "\n---\n".join(failures))


def _launch(data: Path, log: BinaryIO) -> tuple[subprocess.Popen[bytes], dict[str, int]]:
    identities = [
        {"name": name, "credentials": [{"accessKey": f"{name}-key", "secretKey": f"{name}-secret"}], "actions": actions}
        for name, actions in IDENTITIES.items()
    ]
    config = data / "s3.json"
    config.write_text(json.dumps({"identities": identities}))
    names = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc")
    names += ("filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    command = [os.fspath(Path(sys.executable).parent / "weed"), "-logtostderr=true", "server", f"-dir={data}"]
    command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", f"-s3.config={config}", "-s3.iam=false"]
    command += [f"-{name}={port}" for name, port in ports.items()]
    command += [f"-filer.localSocket={data / 'filer.sock'}", f"-s3.localSocket={data / 's3.sock'}"]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"]
    command += ["-master.volumePreallocate=false", "-master.volumeSizeLimitMB=128", "-volume.max=1000"]
    process = subprocess.Popen(
        command,
        cwd=data,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        # One volume per bucket instead of seven.
        env=os.environ | {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1", "HOME": os.fspath(data)},
        preexec_fn=die_with_parent,
    )
    return process, ports


def _server(port: int, filer_port: int) -> SeaweedFS:
    url = f"http://127.0.0.1:{port}"
    client = boto3.session.Session(
        aws_access_key_id="owner-key", aws_secret_access_key="owner-secret", region_name="us-east-1"
    ).client(
        "s3",
        endpoint_url=url,
        config=Config(
            retries={"mode": "standard", "total_max_attempts": 2},
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            max_pool_connections=16,
            proxies={},
        ),
    )
    return SeaweedFS(url, "owner-key", "owner-secret", client, f"http://127.0.0.1:{filer_port}")


def _wait_until_ready(process: subprocess.Popen[bytes], server: SeaweedFS) -> str | None:
    """None once an object can be stored; else what is the matter."""
    until = time.monotonic() + READY_WITHIN_S
    trouble = ""
    while time.monotonic() < until:
        if process.poll() is not None:
            return f"it ended with {process.returncode}"
        try:
            server.put(server.make_bucket(), "ready", b"1")
        except (BotoCoreError, ClientError) as error:
            trouble = str(error)
            time.sleep(0.1)
        else:
            return None
    return f"not ready within {READY_WITHIN_S} s: {trouble}"


def _stop(process: subprocess.Popen[bytes], ports: dict[str, int]) -> None:
    process.kill()  # its data is thrown away, and saying goodbye takes it ten seconds
    process.wait()
    for name, port in ports.items():  # sockets that it puts into /tmp whatever it is told
        part, _, _ = name.partition(".")
        Path(f"/tmp/seaweedfs-{part}-grpc-{port}.sock").unlink(missing_ok=True)
