"""A real PostgreSQL server for tests: a temporary one, on a free loopback port, gone afterwards."""

import fcntl
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

INSTALL = "apt-get install -y postgresql"
START_S = 60


@dataclass(frozen=True)
class Server:
    """A running server; `password` is that of its only user, `auditor`."""

    port: int
    password: str

    def url(self, database: str) -> str:
        return f"postgresql://auditor:{self.password}@127.0.0.1:{self.port}/{database}"


def find_programs() -> Path:
    """The folder of initdb and postgres; installs Debian's package where root may, else fails naming the command."""
    with (Path(tempfile.gettempdir()) / f"postgresql-install-{os.geteuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes start at once
        found = _installed()
        if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
            _install()
            found = _installed()
    assert found is not None, f"the ledger's tests need a PostgreSQL server; run: {INSTALL}"
    return found


def _installed() -> Path | None:
    # Debian keeps the server's programs outside the PATH, by version.
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3].split(".")[0]))
    beside = shutil.which("initdb")
    found = places[-1] if places else Path(beside) if beside else None
    return found.resolve().parent if found and (found.resolve().parent / "postgres").exists() else None


def _install() -> None:
    # RUNLEVEL=1: the package must not start a server of its own.
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    wait = ["-o", "DPkg::Lock::Timeout=300"]
    for command in (["apt-get", *wait, "update"], ["apt-get", *wait, "install", "-y", "postgresql"]):
        subprocess.run(command, env=quiet, stdin=subprocess.DEVNULL, capture_output=True, timeout=600, check=False)


@contextmanager
def postgresql() -> Iterator[Server]:
    """Start a server and stop it again. A server that does not start is a failure, not a skip."""
    programs, password = find_programs(), secrets.token_urlsafe(16)
    home = Path(tempfile.mkdtemp(prefix="postgresql-"))
    try:
        process, port = _start(programs, home, password)
        try:
            yield Server(port, password)
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: nothing of it is needed again
            process.wait(60)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _start(programs: Path, home: Path, password: str) -> tuple[subprocess.Popen[bytes], int]:
    (home / "password").write_text(password)
    user = _owner(home)
    encoding = ["--encoding=UTF8", "--locale=C", "--no-sync"]
    login = ["--username=auditor", "--auth=scram-sha-256", f"--pwfile={home / 'password'}"]
    made = subprocess.run(
        [*user, programs / "initdb", "-D", home / "data", *encoding, *login], capture_output=True, timeout=120
    )
    assert made.returncode == 0, f"initdb failed: {made.stderr.decode(errors='replace')[-500:]}"
    for _ in range(5):  # another process may take the port that was free
        port = _free_port()
        process = _serve([*user, str(programs / "postgres")], home, port)
        if process is not None:
            return process, port
    raise AssertionError(f"PostgreSQL did not start: {(home / 'log').read_text(errors='replace')[-500:]}")


def _owner(home: Path) -> list[str]:
    """How to run as somebody who is not root (PostgreSQL refuses root), dying with the tests."""
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    ends = ["--pdeathsig", "QUIT"]
    if os.geteuid() != 0:
        return ["setpriv", *ends] if shutil.which("setpriv") else []
    entry = names.get("postgres") or names["nobody"]
    for path in (home, home / "password"):
        os.chown(path, entry.pw_uid, entry.pw_gid)
    return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", *ends]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serve(command: list[str], home: Path, port: int) -> subprocess.Popen[bytes] | None:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
        "full_page_writes": "off",
        "shared_buffers": "32MB",
        "max_connections": 40,
        "autovacuum": "off",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "-D", str(home / "data"), *options], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    until = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < until:
        if re.search(r"\nready *\n?$", (home / "data" / "postmaster.pid").read_text()) if _has_pid(home) else False:
            return process
        time.sleep(0.05)
    process.kill()
    process.wait()
    return None


def _has_pid(home: Path) -> bool:
    return (home / "data" / "postmaster.pid").exists()
