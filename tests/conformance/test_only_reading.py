"""An audit, a verification and a check of credentials send requests that read, and nothing else."""

import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paramiko
import pytest

from adapters.base import ObjectInfo
from adapters.registry import open_destination, opener
from auditor.model import Content, Level, StoredFile
from auditor.service.checking import check_destinations
from auditor.worlds import list_objects
from auditor.worlds.platform import PlatformServer
from auditor.worlds.platform.gate import TOKEN_PATH
from tests.conformance.places import NAME, PLACES, held
from tests.conformance.scenes import WORLD, Scene, scene_on
from tests.conformance.sftp_place import SftpPlace
from tests.conformance.test_failures import ON_HTTP
from tests.conformance.wires import HttpWire
from tests.servers.sshd import Sshd, running_sshd
from tests.service.auditing import verifier

__all__ = ["held", "verifier"]

READING_METHODS = {"GET", "HEAD"}
READING_WORDS = {
    "realpath",
    "stat",
    "lstat",
    "fstat",
    "opendir",
    "readdir",
    "open flags 1",
    "read",
    "close",
    "readlink",
}
"""As sftp-server logs them. Flag 1 of an open is READ alone: sftp-server.c, process_open; sftp.h, SSH2_FXF_READ."""


def look_at_all(scene: Scene) -> None:
    """Everything that the product does with a destination."""
    assert scene.audit().findings == ()
    options = {**scene.place.options_through(scene.wire.address), "page_size": 3}
    adapter = open_destination(NAME, scene.place.type, options)
    infos = list(adapter.list_objects(""))
    assert {info.key for info in infos} == {o.key for o in list_objects(WORLD)}
    assert list(adapter.list_folder(""))
    files = [stored(info) for info in infos if "part-" in info.key]
    opening = opener(NAME, scene.place.type, options)
    checks = list(scene.verifier.verify(files, Level.L4, open_adapter=opening))
    assert {check.content for check in checks} == {Content.SOUND}
    assert adapter.describe_object(infos[0].key).size == infos[0].size
    adapter.excess_rights()
    adapter.close()
    destination = scene.config.destinations[NAME]
    (checked,) = check_destinations([destination], open_adapter=lambda _: opening())
    assert checked.looked_at, checked.steps


def stored(info: ObjectInfo) -> StoredFile:
    return StoredFile(info.key, info.size, info.modified, info.version, info.archived)


@pytest.mark.parametrize("name", ON_HTTP)
def test_over_http_only_reading_requests_leave(name: str, tmp_path: Path, verifier: Any):
    with PLACES[name](tmp_path) as place, scene_on(name, place, tmp_path, verifier) as scene:
        assert isinstance(scene.wire, HttpWire)
        look_at_all(scene)
        requests = scene.wire.proxy.requests
        assert len(requests) > 40
        assert {request.method for request in requests} <= READING_METHODS
        assert not [r for r in requests if r.headers.get("content-length", "0") != "0"], "a body is something to write"
        platform = getattr(place, "platform", None)
        if platform is not None:
            only_asks_for_credentials(platform)


def only_asks_for_credentials(platform: PlatformServer) -> None:
    """The one POST is for a token. The action that would end the credentials in use is never asked for."""
    calls = Counter((call.method, call.path) for call in platform.calls)
    posts = {path for method, path in calls if method == "POST"}
    assert posts == {TOKEN_PATH}
    assert {method for method, _ in calls} == {"GET", "POST"}
    assert not [call for call in platform.calls if "refresh" in repr(call.query).lower()]


def test_over_sftp_only_reading_requests_leave(tmp_path: Path, verifier: Any):
    """On a server that refuses everything else, and by its own log of the protocol."""
    with running_sshd({"ForceCommand": "internal-sftp -R -l DEBUG3"}) as server, log_of(server) as log:
        place = SftpPlace(server)
        with scene_on("sftp", place, tmp_path, verifier) as scene:
            look_at_all(scene)
        if not server.is_chrooted:
            return  # its log goes where only root can listen; the refusals of -R remain
        words, refused = heard(log)
        assert {"opendir", "readdir", "read", "open flags 1"} <= words <= READING_WORDS
        assert refused == []
        with pytest.raises(PermissionError):
            write_something(server)
        words, refused = heard(log)
        assert refused == ["mkdir"], "what writes would have been seen"


@contextmanager
def log_of(server: Sshd) -> Iterator[list[str]]:
    """What internal-sftp tells the syslog of its chroot."""
    lines: list[str] = []
    over = threading.Event()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        if server.is_chrooted:
            path = server.home / "dev" / "log"
            path.parent.mkdir()
            listening.bind(str(path))
            path.chmod(0o777)
        listening.settimeout(0.1)

        def listen() -> None:
            while not over.is_set():
                try:
                    lines.append(listening.recv(65_536).decode(errors="replace"))
                except TimeoutError:
                    continue

        thread = threading.Thread(target=listen, daemon=True)
        if server.is_chrooted:
            thread.start()
        try:
            yield lines
        finally:
            over.set()
            if server.is_chrooted:
                thread.join(5)


def heard(log: list[str]) -> tuple[set[str], list[str]]:
    """The requests that were carried out, and those that were refused as writing, once all sessions have ended."""
    text = "\n".join(log)
    asked = re.findall(r"request \d+: (?!sent )(open flags \d+|[\w@.-]+)", text)
    refused = Counter(re.findall(r"Refusing ([\w-]+) request in read-only mode", text))
    # At its beginning each session names the extensions that it will refuse.
    refused -= Counter(dict.fromkeys(EXTENSIONS, text.count("received client version")))
    return set(asked), sorted(refused)


EXTENSIONS = ("posix-rename", "hardlink", "fsync", "lsetstat", "copy-data")


def write_something(server: Sshd) -> None:
    with paramiko.SSHClient() as client:
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect(
            server.host,
            server.port,
            server.username,
            key_filename=str(server.private_key_file),
            allow_agent=False,
            look_for_keys=False,
        )
        client.open_sftp().mkdir("new")
