"""A real Prometheus on a free port, with one target."""

import json
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.install import find_prometheus
from tests.servers.process import die_with_parent, free_ports

START_S = 60.0


@dataclass(frozen=True)
class Prometheus:
    """Answers questions about what it scraped."""

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The instant vector of `expression` now."""
        answer = self._get("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def wait_for(self, expression: str, *, seconds: float = 30.0) -> list[dict[str, Any]]:
        """As `query`, asked until there is an answer."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := self.query(expression):
                return found
            time.sleep(0.2)
        raise AssertionError(f"{expression} has no value; targets: {self.targets()}")

    def targets(self) -> list[dict[str, Any]]:
        """What it scrapes, with the last error."""
        active: list[dict[str, Any]] = self._get("/api/v1/targets")["data"]["activeTargets"]
        return active

    def rules(self) -> dict[str, str]:
        """State of each alert by name, of the rules it has read."""
        groups = self._get("/api/v1/rules")["data"]["groups"]
        return {rule["name"]: rule["state"] for group in groups for rule in group["rules"]}

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)


@contextmanager
def prometheus(target: str, *, rules: Path | None = None, token: str = "") -> Iterator[Prometheus]:
    """Scrape `target` (host:port) every half second. A server that does not start is a failure, not a skip."""
    program = find_prometheus()
    with tempfile.TemporaryDirectory(prefix="prometheus-") as home:
        for _ in range(5):  # another process may take the port that was free
            (port,) = free_ports(1)
            process = _start(program, Path(home), port, target, rules, token)
            try:
                if _is_ready(process, port):
                    yield Prometheus(f"http://127.0.0.1:{port}")
                    return
            finally:
                process.terminate()
                process.wait(30)
        raise AssertionError(f"Prometheus did not start: {(Path(home) / 'log').read_text(errors='replace')[-800:]}")


def _start(
    program: Path, home: Path, port: int, target: str, rules: Path | None, token: str
) -> subprocess.Popen[bytes]:
    (home / "token").write_text(token)
    job: dict[str, Any] = {"job_name": "export-auditor", "static_configs": [{"targets": [target]}]}
    if token:
        job["authorization"] = {"credentials_file": str(home / "token")}
    settings = {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms", "scrape_timeout": "500ms"},
        "rule_files": [str(rules)] if rules else [],
        "scrape_configs": [job],
    }
    (home / "prometheus.json").write_text(json.dumps(settings))  # JSON is YAML
    with (home / "log").open("ab") as log:
        return subprocess.Popen(
            [
                str(program),
                f"--config.file={home / 'prometheus.json'}",
                f"--storage.tsdb.path={home / f'data-{port}'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )


def _is_ready(process: subprocess.Popen[bytes], port: int) -> bool:
    until = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            time.sleep(0.1)
    return False
