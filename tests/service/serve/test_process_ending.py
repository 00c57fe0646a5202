"""The service as a process is told to end, at any moment: it does, within its grace time, in order, and at once if told
twice."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.servers.fake_s3 import Answer, Request, fake_s3
from tests.servers.http_sink import Answer as Reply
from tests.servers.http_sink import http_sink
from tests.service.serve.forked import ROOT, Forking, forking
from tests.service.serve.processes import Home, offspring, wait_until

START = [sys.executable, "-c", "from auditor.entry import main\nif __name__ == '__main__': main()"]


@pytest.fixture(scope="module")
def begun() -> Iterator[Forking]:
    with forking() as made:
        yield made


def is_consistent(home: Home) -> bool:
    with sqlite3.connect(home.path / "ledger.db") as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def hanging(home: Path, begun: Forking, url: str, grace: str = "3s") -> Home:
    """A destination that takes a request and never answers."""
    about = f"type: s3, bucket: exports, endpoint_url: {url}, access_key_id: a, secret_access_key: b, timeout: 60s"
    return Home(home, begun, destinations=f"  lake-backup: {{{about}}}\n", service={"grace": grace})


@pytest.mark.parametrize("after_s", [0.0, 0.15, 0.5])
def test_from_the_first_moment_a_handler_can_stand_sigterm_ends_it_with_0(
    after_s: float, tmp_path: Path, begun: Forking
) -> None:
    home = Home(tmp_path, begun)
    process = subprocess.Popen(
        [*START, "serve", "-c", str(home.config)], stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    wait_until(lambda: _handles_sigterm(process.pid))
    time.sleep(after_s)
    process.terminate()
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"Traceback" not in told


def _handles_sigterm(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:")).split()[1]
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_in_the_middle_of_an_audit_it_ends_in_order(number: int, tmp_path: Path, begun: Forking) -> None:
    """daily-co/pipecat-cloud-images#104, mrmn2/PdfDing#165"""
    home = Home(tmp_path, begun)
    life = home.start()
    home.wait_for("serving")
    wait_until(lambda: home.events("looked") or offspring(life))
    workers = offspring(life)
    life.signal(number)
    assert life.wait(15) == 0
    assert home.events("ended")
    assert home.has_no_traceback()
    assert is_consistent(home)
    assert not psutil.wait_procs(workers, timeout=10)[1]


def test_while_the_database_is_opened_it_ends_at_once(tmp_path: Path, begun: Forking) -> None:
    home = Home(tmp_path, begun)
    with sqlite3.connect(home.path / "ledger.db", isolation_level=None) as blocking:  # another one migrates
        blocking.execute("PRAGMA journal_mode = WAL")
        blocking.execute("BEGIN IMMEDIATE")
        life = home.start()
        wait_until(lambda: "ledger.db" in {Path(one.path).name for one in psutil.Process(life.pid).open_files()})
        time.sleep(0.3)
        life.signal(signal.SIGTERM)
        assert life.wait(5) == 0
    assert home.said() == ""
    home.start()  # and the next one can begin
    home.wait_for("serving")


def test_a_destination_that_hangs_is_given_its_grace_and_then_let_go(tmp_path: Path, begun: Forking) -> None:
    def hang(_: Request) -> Answer:
        time.sleep(30)
        return Answer(500)

    with fake_s3(hang) as server:
        home = hanging(tmp_path, begun, server.endpoint_url)
        life = home.start()
        home.wait_for("serving")
        wait_until(lambda: server.connections)
        asked = time.monotonic()
        life.signal(signal.SIGTERM)
        assert life.wait(8) == 0
        assert time.monotonic() - asked < 6
    assert home.wait_for("ended")["all_work_done"] is False
    assert home.has_no_traceback()
    assert is_consistent(home)


def test_told_twice_it_ends_at_once(tmp_path: Path, begun: Forking) -> None:
    with fake_s3(lambda _: time.sleep(30) or Answer(500)) as server:  # type: ignore[func-returns-value]
        home = hanging(tmp_path, begun, server.endpoint_url, grace="10m")
        life = home.start()
        home.wait_for("serving")
        wait_until(lambda: server.connections)
        life.signal(signal.SIGTERM)
        home.wait_for("ending")
        assert not life.ended.wait(0.5)
        life.signal(signal.SIGTERM)
        assert life.wait(5) == 0
    assert home.has_no_traceback()


def test_a_receiver_that_hangs_keeps_it_no_longer_and_is_told_again_by_the_next(tmp_path: Path, begun: Forking) -> None:
    with http_sink() as sink:
        sink.always = Reply(after_s=20)
        hook = f'{{webhook: {{url: "{sink.url}", secret: whsec_c29haw==}}}}'
        more = f"alerts:\n  channels: {{hook: {hook}}}\n  routes: [{{to: [hook]}}]\n"
        home = Home(tmp_path, begun, more=more, service={"grace": "4s"})
        life = home.start()
        wait_until(lambda: sink.got)
        asked = time.monotonic()
        life.signal(signal.SIGTERM)
        assert life.wait(10) == 0
        assert time.monotonic() - asked < 7
        assert home.has_no_traceback()
        assert is_consistent(home)
        with home.open_ledger() as ledger:
            assert ledger.next_notice_at() is not None  # what was not answered waits
