"""A real OpenSSH server for tests: internal-sftp on a free loopback port, started when first asked for.

As root: chrooted, and logged in as `nobody`, so that rights count. Otherwise sshd can log in only the user that
runs it, and cannot chroot: the same tests run on the same files by their absolute path (`Sshd.is_chrooted`).
"""

import contextlib
import itertools
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.servers.install import find_sshd
from tests.servers.process import Shared, die_with_parent, free_ports

READY_WITHIN_S = 20
STARTS = 3  # a port that was free may be taken by the time it is used
HOST_KEY_TYPES = ("ed25519", "ecdsa", "rsa")


@dataclass
class Sshd:
    """A running server. `home` is, on this machine, the directory that it serves."""

    home: Path
    port: int
    username: str
    keys: Path  # of the host keys, and of the client's: "client", "ended" (since 2020), "stranger" (unknown there)
    is_chrooted: bool
    log: Path
    host: str = "127.0.0.1"
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    @property
    def private_key_file(self) -> Path:
        return self.keys / "client"

    @property
    def options(self) -> dict[str, Any]:
        """Options of an `sftp` destination that is the served directory."""
        return {
            "host": self.host,
            "port": self.port,
            "username": self.username,
            "private_key_file": str(self.private_key_file),
            "host_key_fingerprint": self.fingerprint("ed25519"),
            "root": self.path_of(self.home),
        }

    def path_of(self, path: Path) -> str:
        """How the server calls a directory of this machine; what it serves is "/" in a chroot."""
        if not self.is_chrooted:
            return str(path)
        return f"/{path.relative_to(self.home)}".removesuffix("/.") if path != self.home else "/"

    def make_directory(self) -> Path:
        """A new directory that is served."""
        made = self.home / f"place-{next(self._numbers)}"
        made.mkdir()
        return made

    def public_key(self, kind: str) -> str:
        """Type and base64 of a host key, as known_hosts has them."""
        return " ".join((self.keys / f"host-{kind}.pub").read_text().split()[:2])

    def fingerprint(self, kind: str) -> str:
        return fingerprint_of(self.keys / f"host-{kind}.pub")

    def known_hosts(self, *kinds: str, hashed: bool = False) -> str:
        """Lines of a known_hosts file for these host keys."""
        name = f"[{self.host}]:{self.port}"
        text = "".join(f"{name} {self.public_key(kind)}\n" for kind in kinds)
        return hash_names(text) if hashed else text


def fingerprint_of(public_key: Path) -> str:
    """As OpenSSH itself tells it."""
    return _run("ssh-keygen", "-l", "-E", "sha256", "-f", str(public_key)).split()[1]


def hash_names(known_hosts: str) -> str:
    """The text with its names hashed, by OpenSSH itself."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "known_hosts"
        file.write_text(known_hosts)
        _run("ssh-keygen", "-H", "-f", str(file))
        return file.read_text()


def make_key(file: Path, kind: str, passphrase: str = "", *more: str) -> Path:
    """A key pair by OpenSSH itself. Gives the private half's path."""
    _run("ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", str(file), *more)
    return file


def _run(*command: str) -> str:
    find_sshd()  # its package brings ssh-keygen, too
    return subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout


@contextlib.contextmanager
def running_sshd(
    settings: Mapping[str, str] | None = None, *, host_keys: Sequence[str] = HOST_KEY_TYPES, keys: Path | None = None
) -> Iterator[Sshd]:
    """Start a server of one's own; it is stopped and its files removed in the end.

    `settings`: lines of sshd_config, before the usual ones. `keys`: those of another server.
    """
    is_root = os.geteuid() == 0
    base = Path(tempfile.mkdtemp(prefix="export-auditor-sshd-", dir=_safe_parent() if is_root else None))
    try:
        base.chmod(0o755)
        home = base / "home"
        home.mkdir()
        held = keys or _make_keys(base / "keys")
        username = "nobody" if is_root else pwd.getpwuid(os.geteuid()).pw_name
        process, server = _start(base, home, held, username, dict(settings or {}), host_keys, is_root)
        try:
            yield server
        finally:
            process.terminate()
            process.wait()
    finally:
        shutil.rmtree(base, ignore_errors=True)


shared_sshd = Shared(running_sshd)
"""The server of this process."""


@pytest.fixture(scope="session")
def sshd() -> Iterator[Sshd]:
    """Import this where it is used: every module that does shares one server."""
    with shared_sshd() as server:
        yield server


def _safe_parent() -> str:
    """A directory in which sshd accepts a chroot: root's, and on the whole way down writable for nobody else."""
    for candidate in ("/run", "/var/lib", "/srv", "/opt", "/"):
        path = Path(candidate)
        if path.is_dir() and all(_is_safe(each) for each in (path, *path.parents)):
            return candidate
    raise RuntimeError("no directory is safe enough for sshd to chroot into")


def _is_safe(path: Path) -> bool:
    facts = path.stat()
    return facts.st_uid == 0 and not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _make_keys(directory: Path) -> Path:
    directory.mkdir()
    for kind in HOST_KEY_TYPES:
        make_key(directory / f"host-{kind}", kind, "", *(("-b", "2048") if kind == "rsa" else ()))
    for name in ("client", "stranger", "ended"):
        make_key(directory / name, "ed25519")
    return directory


def _start(
    base: Path,
    home: Path,
    keys: Path,
    username: str,
    settings: dict[str, str],
    host_keys: Sequence[str],
    is_root: bool,
) -> tuple[subprocess.Popen[bytes], Sshd]:
    if is_root:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd locks up its unprivileged half
    authorized = base / "authorized_keys"
    ended = f'expiry-time="20200101" {(keys / "ended.pub").read_text()}'
    authorized.write_text((keys / "client.pub").read_text() + ended)
    authorized.chmod(0o644)
    tail = ""
    for attempt in range(STARTS):
        (port,) = free_ports(1)
        lines = {**settings, "Port": str(port), "ListenAddress": "127.0.0.1", "PidFile": "none"}
        lines |= {"AuthorizedKeysFile": str(authorized), "StrictModes": "no", "PasswordAuthentication": "no"}
        lines |= {"KbdInteractiveAuthentication": "no", "Subsystem": "sftp internal-sftp"}
        lines["ForceCommand"] = f"internal-sftp -d {'/' if is_root else home}"
        if is_root:
            lines |= {"ChrootDirectory": str(home)}
        text = "".join(f"{name} {value}\n" for name, value in ({**lines, **settings}).items())
        text += "".join(f"HostKey {keys / f'host-{kind}'}\n" for kind in host_keys)
        config, log = base / f"config-{attempt}", base / f"log-{attempt}"
        config.write_text(text)
        with log.open("wb") as out:
            process = subprocess.Popen(
                [str(find_sshd()), "-D", "-e", "-f", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent,
            )
        if _is_ready(process, port):
            return process, Sshd(home, port, username, keys, is_root, log)
        process.kill()
        process.wait()
        tail = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"sshd did not start:\n{tail}")


def _is_ready(process: subprocess.Popen[bytes], port: int) -> bool:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connected:
            return connected.recv(4) == b"SSH-"
        time.sleep(0.02)
    return False
