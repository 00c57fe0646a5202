"""A week in which nothing happens, on a virtual clock. Exit code 1 if the process grows.

    python -m benchmarks.idle_week

The service itself looks at one destination every 15 minutes, lists it again every day, tells and sends every
five minutes (the real one every five seconds), answers /readyz, /metrics and the page. Its memory is sampled four times
a day; the last two days are compared with the fourth and fifth: by then all that is loaded when needed is loaded.
"""

import argparse
import ctypes
import gc
import sys
import time
from datetime import timedelta
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

import psutil
import structlog
from starlette.testclient import TestClient

from auditor.service.traffic import Traffic
from auditor.verify.pool import Verifier
from auditor.web.app import make_app
from auditor.web.state import ServiceState
from auditor.worlds import WorldFlow, build_world, lay_out, render_config
from tests.service.serve.played import Playing
from tests.worlds.small import CLICKS, EVENTS, PROFILES, at

HOUR = timedelta(hours=1)
SAMPLE = 6 * HOUR
ALLOWED = 2**20  # bytes: what a heap of this size breathes

FLOW = WorldFlow(
    "web-3h",
    "d0420d72-756c-4159-9e7f-7d3e2f8b501e",
    (EVENTS, CLICKS, PROFILES),
    at(1),
    end=at(5),  # nothing is due any more
    parts=(1, 2),
    rows=(4, 9),
    backfill=(2, 5),
)
MORE = """
alerts:
  channels: {hook: {webhook: {url: "http://127.0.0.1:9/", secret: "s3cr3t-s3cr3t-s3cr3t"}}}
  routes: [{to: [hook]}]
service: {arrival_every: 15m}
"""


def play(home: Path, days: float) -> list[float]:
    """Resident megabytes, every SAMPLE."""
    world = build_world((FLOW,), seed="idle", now=at(5))
    lay_out(world, home / "exports")
    (home / "auditor.yaml").write_text(render_config(world) + MORE, encoding="utf-8")
    sampled, process = [], psutil.Process()
    with Verifier(workers=1) as warm:
        playing = Playing(home, at(6), warm=warm, without=frozenset({"heartbeat"}))
        state = ServiceState(playing.service, playing.ledger, Traffic(), playing.clock)
        web = TestClient(make_app(state))
        for _ in range(int(days * 24)):
            _one_hour(playing, web)
            if not (playing.clock.now - at(6)) % SAMPLE:
                playing.ledger.close()  # with its connections go SQLite's page caches, 2 MB each at the most
                gc.collect()
                if sys.platform == "linux":
                    ctypes.CDLL(None).malloc_trim(0)  # what is free already is no growth
                sampled.append(process.memory_info().rss / 2**20)
                print(
                    f"{playing.clock.now - at(6)}: {sampled[-1]:.1f} MB, {len(playing.done)} pieces of work", flush=True
                )
        playing.close()
    return sampled


def _one_hour(playing: Playing, web: TestClient) -> None:
    for _ in range(12):
        playing.play_until(playing.clock.now + HOUR / 12)
        for name in ("tell", "send"):
            playing.service.ask(name)
            playing.service.work(name)
    for path in ("/readyz", "/metrics", "/"):
        web.get(path)
    del playing.done[:-1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--days", type=float, default=7, help="six at least")
    asked, began = parser.parse_args(), time.monotonic()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with TemporaryDirectory() as home:
        sampled = play(Path(home), asked.days)
    early, late = fmean(sampled[12:20]), fmean(sampled[-8:])
    print(f"days 4 and 5: {early:.1f} MB, last two days: {late:.1f} MB; {time.monotonic() - began:.0f} s")
    return 1 if (late - early) * 2**20 > ALLOWED else 0


if __name__ == "__main__":
    sys.exit(main())
