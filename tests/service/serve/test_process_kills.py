"""Killed again and again, a service that is at last left in peace says what one says that was never disturbed."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from auditor.incident_model import NoticeState
from auditor.service.present import read_present
from auditor.settings import load_config
from tests.servers.http_sink import HttpSink, http_sink
from tests.service.serve.forked import Forking, forking
from tests.service.serve.processes import Home, offspring, small_world, wait_until

KILLS = 30


@pytest.fixture(scope="module")
def begun() -> Iterator[Forking]:
    with forking() as made:
        yield made


def made_home(path: Path, begun: Forking, sink: HttpSink, world: Any) -> Home:
    hook = f'{{webhook: {{url: "{sink.url}", secret: whsec_c29haw==}}}}'
    more = f"alerts:\n  channels: {{hook: {hook}}}\n  routes: [{{to: [hook]}}]\n"
    path.mkdir()
    return Home(path, begun, more=more, world=world)


def is_quiet(home: Home) -> bool:
    """All is read, all is told, all is sent."""
    with home.open_ledger() as ledger:
        loops = ledger.read_loops()
        read = loops.get("content:lake-backup")
        at_place = loops.get("place:lake-backup")
        return bool(
            read and at_place and read.done_at and at_place.done_at and at_place.done_at > read.done_at
            and not ledger.waiting_events() and ledger.next_notice_at() is None and ledger.list_incidents()
        )  # fmt: skip


def said(home: Home) -> Any:
    world = home.world
    assert world is not None
    with home.open_ledger() as ledger:
        result = read_present(ledger, load_config(home.config), now=world.now)
        runs = Counter((r.flow, r.dataset, r.due, r.arrival, r.content, r.files, r.records) for r in result.runs)
        found = Counter((f.code, f.flow, f.dataset, f.due, f.severity, f.key) for f in result.findings)
        return runs, found


def told(home: Home, sink: HttpSink) -> Counter[Any]:
    """Notices by key, and of what they are."""
    with home.open_ledger() as ledger:
        by_key = {got.headers["webhook-id"]: got.json for got in sink.got}
        assert {n.state for n in (ledger.notices_of(i.number)[0] for i in ledger.list_incidents())} == {
            NoticeState.SENT
        }
        return Counter(
            (one["type"], ledger.incident(number).key)  # type: ignore[union-attr]
            for one in by_key.values()
            for number in one["data"]["incidents"]
        )


def test_thirty_kills_change_nothing_of_what_is_said_and_told(tmp_path: Path, begun: Forking) -> None:
    world, chance = small_world(), random.Random(7)
    with http_sink() as sink, http_sink() as calm_sink:
        calm = made_home(tmp_path / "calm", begun, calm_sink, world)
        home = made_home(tmp_path / "killed", begun, sink, world)
        undisturbed, workers = calm.start(), set[psutil.Process]()
        for _ in range(KILLS):
            life = home.start()
            assert not life.ended.wait(chance.uniform(0.02, 1.4)), home.said()[-2000:]
            workers |= {*offspring(life)}
            life.kill()
        life = home.start()
        wait_until(lambda: is_quiet(home) and is_quiet(calm))
        for one in (life, undisturbed):
            one.signal(15)
            assert one.wait(15) == 0
        assert said(home) == said(calm)
        assert told(home, sink) == told(calm, calm_sink) != Counter()
    assert not psutil.wait_procs(workers, timeout=10)[1]  # whoever read for a killed one ends by itself
    assert home.has_no_traceback()
