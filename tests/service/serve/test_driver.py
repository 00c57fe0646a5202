"""What wakes the work: one that hangs keeps no other from being done."""

import threading
import time
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from auditor.service.serve import driver as module
from auditor.service.serve.driver import Driver
from auditor.service.serve.stopping import Stop

PLACES = [f"place:{name}" for name in ("a", "b", "c", "d", "e", "hangs")]


def test_one_of_six_destinations_that_never_answers_delays_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """agronholm/apscheduler#342, #423: it must use up neither a pool nor the wake-ups of the others."""
    monkeypatch.setattr(module, "USUAL_TICK_S", 0.05)
    calls: Counter[str] = Counter()
    answer, enough = threading.Event(), threading.Event()

    def work(name: str) -> bool:
        calls[name] += 1
        if name == "place:hangs":
            answer.wait(60)
        if all(calls[place] >= 3 for place in PLACES[:-1]):
            enough.set()
        return True

    service: Any = SimpleNamespace(
        work=work,
        things=lambda: dict.fromkeys(PLACES),
        lease=timedelta(minutes=1),
        keep_leases=lambda: None,
        configured=SimpleNamespace(has_moved=lambda: False, read_again=lambda: False),
        stop=Stop(),
        wait_for_work=lambda _seconds: False,
    )
    running = Driver(service)
    running.start()
    try:
        assert enough.wait(30)
        assert calls["place:hangs"] == 1
        asked = time.monotonic()
        assert running.stop(0.1) is False  # it says that not all has ended, and waits no longer
        assert time.monotonic() - asked < 5
    finally:
        answer.set()
