"""Destinations are audited side by side: what one does is no concern of the others."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from copy import copy
from dataclasses import replace
from functools import partial

import pytest

from adapters.base import Unreachable
from auditor.model import Arrival, Level, StoredFile
from auditor.report import render_json
from auditor.service import Limits
from auditor.service.side_by_side import StoppedError, run_each
from tests.scan.memory import MemoryAdapter
from tests.service.auditing import Bench, codes, in_memory, verifier
from tests.worlds.small import DAILY, NOW, at, small_world

__all__ = ["verifier"]

NAMES = ["a-lake", "b-lake", "c-lake"]
LIMIT_S = 30  # of a wait that a test which passes does not make


class Paced:
    """An adapter that begins its listing when `begin` is set, and sets `ended` when it is closed."""

    def __init__(self, inner, begin: threading.Event | None = None) -> None:
        self._inner = inner
        self._begin = begin
        self.ended = threading.Event()
        self.waited = True

    def __reduce__(self):
        return copy, (self._inner,)  # workers read without waiting

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def list_folder(self, prefix):
        if self._begin:
            self.waited = self._begin.wait(LIMIT_S)
        return self._inner.list_folder(prefix)

    def close(self) -> None:
        self.ended.set()


@pytest.fixture
def made(tmp_path, verifier) -> Bench:
    """Three destinations with a daily flow each."""
    world = small_world(replace(DAILY, start=at(5, 2, 30)))
    flows = "".join(
        f"  {name}-flow:\n    destination: {name}\n    format: parquet\n    mode: incremental\n"
        f"    schedule: {{every: 1d, start: 2026-10-05T02:30:00Z}}\n    datasets: [{DAILY.datasets[0].id}]\n"
        for name in NAMES
    )
    places = "".join(f"  {name}: {{type: local, root: ./exports, folder: backups}}\n" for name in NAMES)
    (tmp_path / "auditor.yaml").write_text(f"destinations:\n{places}flows:\n{flows}")
    bench = Bench(tmp_path, verifier, NOW)
    bench.world = world
    return bench


def audit(made: Bench, *adapters):
    made.adapters = dict(zip(NAMES, adapters, strict=True))
    return made.audit(since=at(5), reverify=True)


def place(made: Bench, **breaks):
    return in_memory(made.world, **breaks)


def test_one_that_hangs_delays_none_of_the_others(made):
    """paramiko/paramiko#1788"""
    last = Paced(place(made))
    hanging = Paced(place(made), begin=last.ended)
    result = audit(made, hanging, Paced(place(made)), last)
    assert hanging.waited, "the last destination was not begun before the first had ended"
    assert {v.arrival for v in result.runs} == {Arrival.ON_TIME}
    assert {v.destination for v in result.runs} == set(NAMES)


def test_who_ends_first_changes_no_byte_of_the_report(made):
    told = []
    for slow in range(3):
        quick = [Paced(place(made)) for _ in range(2)]
        adapters = [*quick[:slow], Paced(place(made), begin=quick[0].ended), *quick[slow:]]
        told.append(render_json(audit(made, *adapters)))
    assert told[0] == told[1] == told[2]


def test_one_that_is_broken_stops_none_of_the_others(made):
    broken = place(made, fail_listing_at=(0, Unreachable("no answer", destination="a-lake", operation="list")))
    result = audit(made, broken, place(made), place(made))
    assert codes(result) == ["destination-unreachable"]
    assert {v.destination for v in result.runs if v.arrival is Arrival.ON_TIME} == {"b-lake", "c-lake"}


def test_an_error_of_ours_is_raised_though_another_one_hangs(made):
    class Broken(Paced):
        def list_folder(self, prefix):
            raise RuntimeError("a mistake in the code")

    never = threading.Event()
    begun = time.monotonic()
    with pytest.raises(RuntimeError, match="a mistake in the code"):
        audit(made, Paced(place(made), begin=never), Broken(place(made)), place(made))
    assert time.monotonic() - begun < LIMIT_S / 2
    never.set()


def test_a_limit_on_what_is_read_chooses_the_newest_of_all(made):
    made.adapters = {name: Paced(place(made)) for name in NAMES}
    result = made.audit(since=at(5), limits=Limits(files=3))
    read = [v for v in result.runs if v.level and v.level > Level.L1]
    assert result.files_read == 3
    assert all(v.due == max(run.due for run in result.runs if run.due) for v in read)


def test_the_others_stop_at_their_next_step_once_one_has_failed():
    stopped = threading.Event()
    failed = threading.Event()

    def busy(progress):
        failed.wait(LIMIT_S)
        for _ in range(10_000):
            try:
                progress.advance()
            except StoppedError:
                stopped.set()
                raise
            time.sleep(0.001)

    def fail(_progress):
        failed.set()
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(run_each([busy, fail], Told()))
    assert stopped.wait(LIMIT_S)


class Told:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.files = 0

    def stage(self, text, total=None):
        self.lines.append(text)
        self.files = 0

    def advance(self, n=1):
        self.files += n

    def note(self, text):
        self.lines.append(text)


def test_progress_counts_the_files_of_all_and_says_how_many_are_done():
    told = Told()

    def work(progress):
        progress.stage("listing", 7)
        progress.advance(5)
        progress.note("a remark")

    assert sorted(run_each([work, work, work], told)) == [(0, None), (1, None), (2, None)]
    assert told.files == 15
    assert told.lines.count("a remark") == 3
    assert told.lines[-1] == "auditing 3 destinations, 3 done; files verified"


def test_one_alone_tells_its_own_progress():
    told = Told()
    assert list(run_each([lambda progress: progress.stage("listing lake")], told)) == [(0, None)]
    assert told.lines == ["listing lake"]


@pytest.mark.parametrize("users, taken", [(1, 4 * 32), (2, 32)])
def test_while_there_are_several_none_holds_all_workers(verifier, users, taken):
    asked = 0

    def files():
        nonlocal asked
        for n in range(1000):
            asked += 1
            yield StoredFile(f"none/{n}", 1, NOW)

    with ExitStack() as stack:
        for _ in range(users):
            stack.enter_context(verifier.in_use())
        checks = verifier.verify(files(), Level.L3, open_adapter=partial(MemoryAdapter, {}))
        next(checks)
        assert asked == taken
        checks.close()


@pytest.mark.parametrize("sent, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_an_audit_in_which_a_destination_hangs(tmp_path, sent, code):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(LIMIT_S)
        (tmp_path / "exports").mkdir()
        schedule = "schedule: {every: 1d, start: 2026-10-01T00:00:00Z}"
        flow = f"{{destination: %s, {schedule}, datasets: [{DAILY.datasets[0].id}]}}"
        (tmp_path / "auditor.yaml").write_text(
            "destinations:\n  disk: {type: local, root: ./exports}\n"
            f"  lake: {{type: s3, bucket: exports, endpoint_url: 'http://127.0.0.1:{silent.getsockname()[1]}',"
            " access_key_id: a, secret_access_key: b}\n"
            f"flows:\n  one: {flow % 'disk'}\n  two: {flow % 'lake'}\n"
        )
        command = [sys.executable, "-c", "from auditor.entry import main; main()", "audit"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        child = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            connection, _ = silent.accept()  # it asks, and gets no answer
            time.sleep(0.3)
            begun = time.monotonic()
            child.send_signal(sent)
            _, errors = child.communicate(timeout=LIMIT_S)
            connection.close()
        finally:
            child.kill()
            child.wait()
    assert child.returncode == code, errors
    assert time.monotonic() - begun < LIMIT_S / 2
    assert "Traceback" not in errors
    assert "Fatal" not in errors
