"""A folder with a small world and its configuration, in which `export-auditor serve` really runs."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import psutil

from auditor.ledger import Ledger
from auditor.worlds import Run, World, WorldDataset, WorldFlow, build_world, faults, lay_out, render_config
from tests.service.serve.forked import Forking, Life

DATASET = WorldDataset("5ef3e324052581191aa6a466", "Web events")
PATIENCE_S = 60.0  # for a machine that is busy with other tests; nothing waits for it to pass
HOURS = timedelta(hours=1)


def small_world(*, hours: int = 30, now: datetime | None = None, parts: tuple[int, int] = (1, 2)) -> World:
    """Exports every three hours until now: one is missing for good, one is cut off, the newest are right."""
    hour = (now or datetime.now(UTC)).replace(minute=0, second=0, microsecond=0)
    flow = WorldFlow(
        "web-3h",
        "d0420d72-756c-4159-9e7f-7d3e2f8b501e",
        (DATASET,),
        hour - hours * HOURS,
        parts=parts,
        rows=(3, 6),
        backfill=(2, 4),
    )
    world = build_world((flow,), seed="process", now=hour)
    world = faults.drop_run(world, Run("web-3h", DATASET.id, hour - 12 * HOURS))
    return faults.truncate_file(world, Run("web-3h", DATASET.id, hour - 9 * HOURS))


def wait_until(what: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
    """What it gives when it gives something. Raises AssertionError."""
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.03)
    return found


@dataclass
class Home:
    """One configuration, and the processes that serve it."""

    path: Path
    forking: Forking
    destinations: str = ""  # YAML, in place of the local one
    more: str = ""  # YAML: alerts
    service: Mapping[str, Any] = field(default_factory=dict)
    ledger: str = "sqlite:///ledger.db"
    world: World | None = None
    lives: list[Life] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = self.world or small_world()
        if not self.destinations and not (self.path / "exports").exists():
            lay_out(self.world, self.path / "exports")
        self.write()

    @property
    def config(self) -> Path:
        return self.path / "auditor.yaml"

    @property
    def log_file(self) -> Path:
        return self.path / "log"

    def write(self) -> None:
        assert self.world is not None
        settings = {"listen": "127.0.0.1:0", "arrival_every": "10s", "workers": 1, "grace": "5s", **self.service}
        text = f"ledger: {json.dumps(self.ledger)}\n" + render_config(self.world) + self.more
        if self.destinations:
            before, _, after = text.partition("destinations:\n")
            flows = after.partition("\nflows:\n")[2]
            text = f"{before}destinations:\n{self.destinations}\nflows:\n{flows}"
        self.config.write_text(text + f"\nservice: {json.dumps(settings)}\n", encoding="utf-8")

    def start(self, log: str = "log", **patches: float) -> Life:
        life = self.forking.start(["serve", "-c", str(self.config)], self.path / log, **patches)
        self.lives.append(life)
        return life

    def said(self, log: str = "log") -> str:
        path = self.path / log
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def events(self, event: str, log: str = "log", **about: Any) -> list[dict[str, Any]]:
        """What was logged under this name."""
        lines = (json.loads(line) for line in self.said(log).splitlines(keepends=True) if line.endswith("}\n"))
        return [one for one in lines if one["event"] == event and about.items() <= one.items()]

    def wait_for(self, event: str, log: str = "log", *, times: int = 1, **about: Any) -> dict[str, Any]:
        def found() -> list[dict[str, Any]]:
            seen = self.events(event, log, **about)
            return seen if len(seen) >= times else []

        try:
            return wait_until(found)[-1]  # type: ignore[no-any-return]
        except AssertionError:
            raise AssertionError(f"{event} {about} was not logged:\n{self.said(log)[-3000:]}") from None

    def get(self, path: str, log: str = "log") -> httpx2.Response:
        """From the newest process that said where it is."""
        address = self.events("serving", log)[-1]["address"]
        return httpx2.get(address.rstrip("/") + path, timeout=10)

    def open_ledger(self) -> Ledger:
        url = self.ledger.replace("sqlite:///ledger", f"sqlite:///{self.path}/ledger")
        return Ledger.open(url)

    def has_no_traceback(self, log: str = "log") -> bool:
        return "Traceback" not in self.said(log) and "exception" not in self.said(log)


def offspring(life: Life) -> list[psutil.Process]:
    """Its worker processes now."""
    try:
        return psutil.Process(life.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
