"""Programs that tests need and pip does not have: installed where that is allowed, else named with their command.

`python -m tests.servers.install` installs them all, which the test command does first.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

AZURITE = Path(__file__).parent / "azurite"
"""package.json and package-lock.json of the Azure Storage emulator; `npm ci` puts it into node_modules there."""


class MissingProgramError(Exception):
    """A program is not there and cannot be installed from here. `str()` names the command that does."""


def find_sshd() -> Path:
    """The OpenSSH server."""
    return _found_or_installed("sshd", "openssh-server")


def find_node() -> Path:
    """The JavaScript runtime that Azurite needs."""
    return _found_or_installed("node", "nodejs", "npm")


def find_azurite() -> list[str]:
    """The command that starts Azurite's blob service, without options."""
    node, program = find_node(), AZURITE / "node_modules/azurite/dist/src/blob/main.js"
    with _one_at_a_time():
        if not program.exists():
            npm = str(_found_or_installed("npm", "npm", locked=False))
            _run([npm, "ci", "--no-audit", "--no-fund", "--omit=dev"], cwd=AZURITE, why="Azurite is not installed")
    return [str(node), str(program)]


def find_prometheus() -> Path:
    """The monitoring server that scrapes the service's metrics."""
    return _found_or_installed("prometheus", "prometheus")


def find_promtool() -> Path:
    """What checks its rules."""
    return _found_or_installed("promtool", "prometheus")


def find_alertmanager() -> Path:
    """What takes alerts and groups them."""
    return _found_or_installed("prometheus-alertmanager", "prometheus-alertmanager")


def _found_or_installed(program: str, *packages: str, locked: bool = True) -> Path:
    """The path of `program`, from Debian's `packages` where it is not there yet."""
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", "/usr/local/sbin"])
    with _one_at_a_time() if locked else _nothing():
        if not shutil.which(program, path=search):
            _install(program, packages)
        found = shutil.which(program, path=search)
    if not found:
        raise MissingProgramError(f"{program} is not there; run: apt-get install -y {' '.join(packages)}")
    return Path(found)


def _install(program: str, packages: Sequence[str]) -> None:
    command = f"apt-get install -y {' '.join(packages)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise MissingProgramError(f"the tests need {program}; run: {command}")
    wait = ["-o", "DPkg::Lock::Timeout=300"]
    _run(["apt-get", *wait, "update"], why=f"the tests need {program}; run: {command}")
    _run(
        ["apt-get", *wait, "install", "-y", "--no-install-recommends", *packages],
        why=f"the tests need {program}; run: {command}",
    )


def _run(command: Sequence[str], *, why: str, cwd: Path | None = None) -> None:
    # RUNLEVEL=1: a package must not start a server of its own.
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    done = subprocess.run(
        command, cwd=cwd, env=quiet, stdin=subprocess.DEVNULL, capture_output=True, timeout=900, check=False
    )
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).decode(errors="replace").splitlines()[-15:])
        raise MissingProgramError(f"{why}\n{' '.join(command)} ended with {done.returncode}:\n{tail}")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Several test processes start at once."""
    with (Path(tempfile.gettempdir()) / f"export-auditor-install-{os.geteuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _nothing() -> Iterator[None]:
    yield


PROGRAMS = (find_sshd, find_azurite, find_prometheus, find_alertmanager)


def main() -> int:
    """Install what is missing; 1 with the commands that would help, where that cannot be done from here."""
    failures = []
    for find in PROGRAMS:
        try:
            find()
        except MissingProgramError as error:
            failures.append(str(error))
    print(*failures, sep="\n", file=sys.stderr, end="\n" if failures else "")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
