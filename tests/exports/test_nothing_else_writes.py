"""No command but `exports apply` sends Experience Platform anything but reading requests and those for a token.

A real server records what comes. A new command fails the last test until it has its line here.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from auditor.cli import app
from auditor.ledger import Ledger
from auditor.worlds.platform import AmazonZone, FlowService, PlatformServer, Reply, Stock, serve_landing_zone
from auditor.worlds.platform.stock import CONNECTION_SPECS, DATA_LAKE, FLOW_SPECS, make_id
from tests.exports.world import TOKEN_PATH, WEB, add_base
from tests.servers.fake_s3 import fake_s3, page

FLOW, SOURCE, TARGET, BASE, RUN = (make_id(name) for name in ("flow", "source", "target", "base", "run"))

ASKING = [  # every command that asks Experience Platform: its name, arguments, and the end of an address that it asks
    ("audit", "", "/runs"),
    ("audit", "--plan", "/landingzone/credentials"),
    ("audit", "--relist --reverify", "/landingzone/credentials"),
    ("verify", "zone:aep", "/landingzone/credentials"),
    ("destinations check", "", "/landingzone/credentials"),
    ("discover", "", "/flows"),
    ("discover", "--diff", "/flows"),
    ("discover", "--merge", "/flows"),
    ("experience-platform check", "", "/configs"),
    ("coverage", "", "/configs"),
    ("calendar", "", "/landingzone"),
    ("calendar", "--format ics", "/flows"),
    ("db rebuild", "", "/runs"),
    ("serve", "--log-level debug", "/runs"),
    ("exports plan", "", "/flows"),
    ("exports apply", "--yes", "/flows"),  # of what is there already
]
NOT_ASKING = [
    *("config check", "config init", "config schema", "demo", "explain", "report", "accept"),
    *("incidents", "ack", "silence list", "silence add", "silence end"),
    *("alerts preview", "alerts test"),
    *("db backup", "db copy", "db info", "db upgrade"),
]
"""They ask nothing of it, or, as the demo does, a stand-in of their own."""


@dataclass
class Recorded:
    """A sandbox with one dataflow to a landing zone, and a configuration that may write."""

    server: PlatformServer
    stock: Stock
    config: Path

    def run(self, *arguments: str) -> Any:
        if arguments[0] == "serve":
            return self._serve(*arguments)
        if arguments[0] == "exports":  # which has nothing to do for a flow whose id is known
            self.forget_flow_id()
        return CliRunner().invoke(app, [*arguments, "-c", str(self.config)])

    def _serve(self, *arguments: str) -> Any:
        """For as long as a first round takes."""
        told = self.config.read_text(encoding="utf-8")
        self.config.write_text(f"{told}service: {{listen: 127.0.0.1:0}}\n", encoding="utf-8")
        code = "from auditor.entry import main\nif __name__ == '__main__': main()"
        command = [sys.executable, "-c", code, *arguments, "-c", str(self.config)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        until = time.monotonic() + 60
        while time.monotonic() < until and not any(call.path.endswith("/flows") for call in self.server.calls):
            time.sleep(0.1)
        time.sleep(4)
        process.terminate()
        output, _ = process.communicate(timeout=60)
        return SimpleNamespace(exit_code=process.returncode, output=output, exception=None)

    def forget_flow_id(self) -> None:
        told = self.config.read_text(encoding="utf-8")
        self.config.write_text(told.replace(f", experience_platform: prod, flow_id: {FLOW}", ""), encoding="utf-8")

    @property
    def written(self) -> list[tuple[str, str]]:
        """What was neither read nor a token."""
        sent = [(call.method, call.path) for call in self.server.calls]
        return [call for call in sent if call[0] != "GET" and call != ("POST", TOKEN_PATH)]


@contextmanager
def recorded(folder: Path) -> Iterator[Recorded]:
    with PlatformServer() as server, fake_s3(lambda request: page([])) as storage:
        stock = Stock(org_id=server.gate.org_id)
        start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
        fill(stock, int(start.timestamp()))
        FlowService(server, stock)
        serve_landing_zone(server, lambda _: AmazonZone("zone", "x", "key", "zone-secret"))
        config = folder / "auditor.yaml"
        config.write_text(text(server, storage.endpoint_url, f"{start:%Y-%m-%dT%H:%M:%SZ}"), encoding="utf-8")
        Ledger.open(f"sqlite:///{folder}/ledger.db").close()  # `db rebuild` makes one beside it
        yield Recorded(server, stock, config)


def text(server: PlatformServer, storage: str, start: str) -> str:
    gate = server.gate
    return f"""\
ledger: sqlite:///ledger.db
experience_platform:
  prod:
    org_id: {gate.org_id}
    sandbox: prod
    client_id: {gate.client_id}
    client_secret: {gate.client_secret}
    base_url: {server.base_url}
    token_url: {server.token_url}
    discover: true
    allow_write: true
destinations:
  zone: {{type: data-landing-zone, folder: aep, experience_platform: prod, endpoint_url: "{storage}", timeout: 5s}}
flows:
  web: {{destination: zone, schedule: {{every: 1d, start: {start}}}, datasets: [{WEB}], experience_platform: prod, flow_id: {FLOW}}}
exports:
  web: {{experience_platform: prod, base_connection: Zone, end: default}}
"""  # noqa: E501


def fill(stock: Stock, start_s: int) -> None:
    def owned(entity: str) -> dict[str, Any]:
        return stock.owned(entity, created_ms=start_s * 1000 - 1)

    zone = {"id": CONNECTION_SPECS["data-landing-zone"], "version": "1.0"}
    lake = {"id": DATA_LAKE, "version": "1.0"}
    stock.add("eligible", {"id": WEB, "name": "Web events", "state": "DRAFT"})
    stock.datasets[WEB] = {"name": "Web events"}
    add_base(stock, BASE, "Zone", "data-landing-zone")
    datasets = {"datasets": [{"dataSetId": WEB, "name": "Web events"}]}
    stock.add("sources", {**owned(SOURCE), "name": "web source", "connectionSpec": lake, "params": datasets})
    params = {"mode": "Server-to-server", "path": "aep", "compression": "GZIP", "datasetFileType": "JSON"}
    target = {"name": "web target", "baseConnectionId": BASE, "connectionSpec": zone, "params": params}
    stock.add("targets", {**owned(TARGET), **target})
    schedule = {"interval": 1, "timeUnit": "day", "startTime": start_s, "exportMode": "FIRST_FULL_THEN_INCREMENTAL"}
    flow = {
        "name": "web",
        "state": "enabled",
        "flowSpec": {"id": FLOW_SPECS["data-landing-zone"], "version": "1.0"},
        "sourceConnectionIds": [SOURCE],
        "targetConnectionIds": [TARGET],
        "scheduleParams": schedule,
        "transformations": [],
    }
    stock.add("flows", {**owned(FLOW), **flow})
    span = {"startedAtUTC": start_s * 1000, "completedAtUTC": start_s * 1000 + 5}
    run = {
        "flowId": FLOW,
        "metrics": {"durationSummary": span, "statusSummary": {"status": "success"}},
        "activities": [],
    }
    stock.add("runs", {**owned(RUN), **run})


@pytest.mark.parametrize("command, arguments, address", ASKING)
def test_a_command_reads_and_writes_nothing(command, arguments, address, tmp_path):
    with recorded(tmp_path) as platform:
        told = platform.run(*command.split(), *arguments.split())
        assert told.exception is None or isinstance(told.exception, SystemExit), told.output
        assert told.exit_code in (0, 1, 3), told.output
        assert [call for call in platform.server.calls if call.path.endswith(address)], told.output
        assert platform.written == []


@pytest.mark.parametrize("command, arguments, _", ASKING)
def test_nothing_is_written_either_where_tokens_end_and_permissions_are_missing(command, arguments, _, tmp_path):
    with recorded(tmp_path) as platform:
        platform.server.gate.token_life_s, platform.server.gate.told_life_s = 0.05, 86400
        platform.server.gate.forbidden = ("/data/foundation/flowservice/runs", "/data/foundation/catalog")
        platform.server.fail("/flows", Reply(500, {}, {"Retry-After": "0"}))
        platform.run(*command.split(), *arguments.split())
        assert platform.server.calls
        assert platform.written == []


def test_a_writing_request_would_be_seen(tmp_path):
    with recorded(tmp_path) as platform:
        told = platform.config.read_text()
        platform.stock.flows.clear()
        start = told[told.index("start: ") : told.index("start: ") + len("start: 2026-10-01T00:00:00Z")]
        platform.config.write_text(told.replace(start, "start: 2099-10-01T00:00:00Z"))
        assert platform.run("exports", "apply", "--yes").exit_code == 0
        assert platform.written == [("POST", "/data/foundation/flowservice/flows")]


def test_every_command_is_tried_or_known_to_ask_nothing():
    tried = {command for command, _, _ in ASKING}
    assert sorted({*tried, *NOT_ASKING}) == sorted(_all_commands(typer.main.get_command(app)))


def _all_commands(group: Any, prefix: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _all_commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}"


def test_a_check_of_the_configuration_asks_nothing(tmp_path):
    with recorded(tmp_path) as platform:
        assert platform.run("config", "check").exit_code == 0
        assert platform.server.calls == []
