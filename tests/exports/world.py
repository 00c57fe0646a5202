"""A sandbox in which exports are set up, and configurations that declare them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from auditor.cli import app
from auditor.worlds.platform import Call, FlowService, PlatformServer, Stock
from auditor.worlds.platform.stock import CONNECTION_SPECS

WEB = "5ef3e324052581191aa6a466"
CRM = "6051f8cd1f37e519484b9d6c"
BASE = "3c7dc58e-a1ee-4e29-b3b2-a7757fb82044"
TOKEN_PATH = "/ims/token/v3"
SECRET = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLE"

LAKE = "{type: s3, bucket: acme-exports, folder: aep/web}"
SCHEDULE = "{every: 3h, start: 2099-12-01T00:00:00Z, end: 2100-12-01T00:00:00Z}"


@dataclass
class World:
    """A stand-in with one sandbox, in which two datasets can be exported and one base connection to S3 is there."""

    server: PlatformServer
    stock: Stock

    def text(
        self,
        *,
        flow: str = "",
        lake: str = LAKE,
        schedule: str = SCHEDULE,
        export: str = "base_connection: Lake backup",
        allow_write: bool = True,
        datasets: str = f"[{{id: {WEB}, name: Web}}, {CRM}]",
    ) -> str:
        gate = self.server.gate
        return f"""\
ledger: sqlite:///ledger.db
experience_platform:
  prod:
    org_id: {gate.org_id}
    sandbox: prod
    client_id: {gate.client_id}
    client_secret: {gate.client_secret}
    base_url: {self.server.base_url}
    token_url: {self.server.token_url}
    allow_write: {str(allow_write).lower()}
destinations:
  lake: {lake}
flows:
  web-3h: {{destination: lake, schedule: {schedule}, datasets: {datasets}{f", {flow}" if flow else ""}}}
exports:
  web-3h: {{experience_platform: prod, {export}}}
"""

    @property
    def calls(self) -> list[Call]:
        """All but those for a token."""
        return [call for call in self.server.calls if call.path != TOKEN_PATH]

    @property
    def sent(self) -> list[Call]:
        """What was more than a reading request."""
        return [call for call in self.calls if call.method != "GET"]

    def bodies(self) -> list[Any]:
        return [json.loads(call.body) for call in self.sent]


@contextmanager
def world() -> Iterator[World]:
    with PlatformServer() as server:
        stock = Stock(org_id=server.gate.org_id)
        for dataset, name in ((WEB, "Web events"), (CRM, "Profiles")):
            stock.add("eligible", {"id": dataset, "name": name, "state": "DRAFT"})
        add_base(stock, BASE, "Lake backup", "s3")
        FlowService(server, stock)
        yield World(server, stock)


def add_base(stock: Stock, connection: str, name: str, kind: str, **params: str) -> None:
    spec = {"id": CONNECTION_SPECS[kind], "version": "1.0"}
    owned = stock.owned(connection, created_ms=1_700_000_000_000)
    auth = {"specName": "a login", "params": params}
    stock.add("connections", {**owned, "name": name, "connectionSpec": spec, "auth": auth})


def write(folder: Path, text: str) -> Path:
    path = folder / "auditor.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def run(folder: Path, text: str, *arguments: str) -> Any:
    """`export-auditor exports …` on `text`: what it says on both channels, and its exit code."""
    return CliRunner().invoke(app, ["exports", *arguments, "-c", str(write(folder, text))])
