"""The service itself with six destinations, of which one never answers: agronholm/apscheduler#342, #423."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from adapters.base import Adapter, OpenAdapter
from auditor.ledger import Ledger
from auditor.service.audit import open_configured
from auditor.service.health import judge_ready
from auditor.service.serve import driver as module
from auditor.service.serve.configured import Configured
from auditor.service.serve.driver import Driver
from auditor.service.serve.looking import Looking
from auditor.service.serve.readers import Readers
from auditor.service.serve.telling import Tellers
from auditor.service.serve.working import Service
from auditor.settings import Destination, load_config
from auditor.web.state import read_health
from tests.worlds.small import EVENTS

NAMES = ("a", "b", "c", "d", "e", "hangs")
QUICKER = 100  # than the machine's clock


@pytest.fixture
def answer() -> Iterator[threading.Event]:
    """Set at the end, so that the thread that hangs ends too."""
    made = threading.Event()
    yield made
    made.set()


def configuration(home: Path) -> Path:
    (home / "exports").mkdir()
    start = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:00:00Z}"
    places = "".join(f"  {name}: {{type: local, root: ./exports, folder: {name}}}\n" for name in NAMES)
    flows = "".join(
        f"  of-{name}: {{destination: {name}, datasets: [{EVENTS.id}], schedule: {{every: 3h, start: {start}}}}}\n"
        for name in NAMES
    )
    path = home / "auditor.yaml"
    path.write_text(f"destinations:\n{places}flows:\n{flows}service: {{arrival_every: 30s}}\n", encoding="utf-8")
    return path


def clock_from(began: datetime) -> Callable[[], datetime]:
    started = time.monotonic()
    return lambda: began + QUICKER * timedelta(seconds=time.monotonic() - started)


def waiting(answer: threading.Event, open_adapter: OpenAdapter) -> Adapter:
    answer.wait(120)
    return open_adapter()


def test_one_of_six_destinations_never_answers(
    tmp_path: Path, answer: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "USUAL_TICK_S", 0.05)
    config = load_config(configuration(tmp_path))
    looks: Counter[str] = Counter()

    def open_with(destination: Destination) -> OpenAdapter:
        looks[destination.facts.name] += 1
        found = open_configured(destination)
        return partial(waiting, answer, found) if destination.facts.name == "hangs" else found

    clock = clock_from(datetime.now(UTC))
    with Ledger.open(config.ledger_url) as ledger, Ledger.open(config.ledger_url) as readings:
        configured = Configured(config, ledger, clock=clock)
        looking = Looking(ledger, Readers(), open_with=open_with)
        made: list[Service] = []
        tellers = Tellers(ledger, looking, configured, clock, read_health=lambda: read_health(made[0], readings))
        service = Service(configured, ledger, looking, tellers, clock=clock, holder="one", lease=timedelta(hours=9))
        made.append(service)
        running = Driver(service)
        running.start()
        try:
            until = time.monotonic() + 60
            while time.monotonic() < until:
                ready = judge_ready(read_health(service, readings), clock())
                if not ready.is_ready and min(looks[name] for name in NAMES[:-1]) >= 3:
                    break
                time.sleep(0.1)
            assert looks["hangs"] == 1
            assert {name for name in NAMES[:-1] if looks[name] < 3} == set()
            assert any(reason.startswith("place:hangs is due") for reason in ready.reasons), ready
            others = judge_ready(read_health(service, readings), clock()).reasons
            assert [one for one in others if one.startswith("place:") and "place:hangs" not in one] == []
        finally:
            answer.set()
            assert running.stop(20)
            tellers.close()
