"""A real Prometheus Alertmanager for tests, on free loopback ports."""

import contextlib
import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.install import find_alertmanager
from tests.servers.process import die_with_parent, free_ports

READY_WITHIN_S = 60
CONFIG = "route: {receiver: none, group_wait: 1s}\nreceivers: [{name: none}]\n"


@dataclass(frozen=True)
class RunningAlertmanager:
    url: str

    def alerts(self) -> list[dict[str, Any]]:
        """Those that are active."""
        return list(self._get("/api/v2/alerts"))

    def is_ready(self) -> bool:
        try:
            self._get("/api/v2/status")
        except (OSError, urllib.error.URLError):
            return False
        return True

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:
            return json.load(answer)


@contextlib.contextmanager
def alertmanager(folder: Path) -> Iterator[RunningAlertmanager]:
    """Runs until left; keeps its state in `folder`."""
    (folder / "alertmanager.yml").write_text(CONFIG, encoding="utf-8")
    for _ in range(3):  # a port that was free may be taken by the time it is used
        [port] = free_ports(1)
        command = [
            str(find_alertmanager()),
            f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=die_with_parent)
        running = RunningAlertmanager(f"http://127.0.0.1:{port}")
        try:
            until = time.monotonic() + READY_WITHIN_S
            while process.poll() is None and time.monotonic() < until and not running.is_ready():
                time.sleep(0.05)
            if process.poll() is None and running.is_ready():
                yield running
                return
        finally:
            process.terminate()
            process.wait(30)
    raise RuntimeError((folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:])
