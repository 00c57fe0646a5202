"""Worker processes: one decoder that dies, hangs or is wrong costs one file its verdict, and nothing else."""

import os
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path

import psutil
import pytest

from auditor.model import Content, Level, StoredFile
from auditor.verify.pool import Verifier
from tests.scan.memory import MemoryAdapter
from tests.verify.checking import TEXT, codes, packed, stored
from tests.verify.killers import Opener, RefusingOpener

OBJECTS = {f"d/part-{n}.json.gz": packed(TEXT) for n in range(10)}
PROJECT = tomllib.loads(Path(__file__).parents[2].joinpath("pyproject.toml").read_text())
HARM = [  # what reading does, the reason told
    ("SIGSEGV", "decoder-crashed"),
    ("exit", "decoder-crashed"),
    ("SIGKILL", "out-of-memory"),
    ("hang", "timed-out"),
    ("defect", "decoder-crashed"),
    ("memory", "out-of-memory"),
]


def files_of(objects) -> list[StoredFile]:
    adapter = MemoryAdapter(objects)
    return [stored(adapter, key) for key in objects]


def test_one_file_in_ten_that_harms_its_worker_costs_one_verdict():
    """apache/parquet-java#2266, for every way of dying, and the worker serves on."""
    for harm, reason in HARM:
        opener = Opener(OBJECTS, {"d/part-3.json.gz": harm})
        with Verifier(opener, workers=2, timeout_s=3) as verifier:
            said = {check.key: check for check in verifier.verify(files_of(OBJECTS), Level.L3)}
        assert sorted(said) == sorted(OBJECTS)
        culprit = said.pop("d/part-3.json.gz")
        assert (culprit.content, culprit.reason, codes(culprit)) == (
            Content.UNVERIFIABLE,
            reason,
            ["file-unverifiable"],
        )
        assert "must not be told" not in repr(culprit)
        assert {check.content for check in said.values()} == {Content.SOUND}


def test_many_files_lazily_once_each_and_several_destinations():
    objects = {f"{n}.json": b'{"n":%d}\n' % n for n in range(700)}
    taken = Counter()

    def listing():
        for file in files_of(objects):
            taken[file.key] += 1
            yield file

    with Verifier(workers=2) as verifier:
        answers = verifier.verify(listing(), Level.L3, open_adapter=Opener(objects))
        first = next(answers)
        assert taken.total() <= 6 * 32  # no more than a few batches ahead
        keys = [first.key, *(check.key for check in answers)]
        assert sorted(keys) == sorted(objects)
        others = list(verifier.verify(files_of(OBJECTS), Level.L3, open_adapter=Opener(OBJECTS)))
        assert [check.records for check in others] == [2] * 10
        assert list(verifier.verify([], Level.L3, open_adapter=Opener(OBJECTS))) == []


def test_a_destination_that_cannot_be_opened_leaves_every_file_unverifiable():
    with Verifier(RefusingOpener(), workers=1) as verifier:
        said = list(verifier.verify(files_of(OBJECTS), Level.L3))
    assert Counter(check.reason for check in said) == {"access-denied": 10}


def test_a_wrong_configuration_is_raised_not_counted_as_unverifiable():
    with Verifier(RefusingOpener(wrong=True), workers=1) as verifier, pytest.raises(ValueError, match="no such option"):
        list(verifier.verify(files_of(OBJECTS), Level.L3))


def test_a_reader_that_leaves_early_waits_for_nobody():
    opener = Opener(OBJECTS, {"d/part-9.json.gz": "hang"})
    start = time.monotonic()
    with Verifier(opener, workers=1) as verifier:
        answers = verifier.verify(files_of(OBJECTS), Level.L3)
        del answers
    assert time.monotonic() - start < 60


PARENT = """
import sys, time
from auditor.model import Level
from auditor.verify import Verifier
from tests.verify.killers import Opener
from tests.verify.test_pool import OBJECTS, files_of
if __name__ == "__main__":
    with Verifier(Opener(OBJECTS), workers=1) as verifier:
        said = list(verifier.verify(files_of(OBJECTS), Level.L3))
        assert all(check.records == 2 for check in said)
        heavy = {"pyarrow", "duckdb", "simdjson", "isal"} & set(sys.modules)
        print("ready", sorted(heavy), flush=True)
        time.sleep(120)
"""


def test_workers_die_with_their_parent_and_the_parent_imports_no_decoder(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)}
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=env)
    assert parent.stdout
    try:
        assert parent.stdout.readline() == "ready []\n"
        children = psutil.Process(parent.pid).children(recursive=True)
        workers = [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]
        assert len(workers) == 1
        for worker in workers:
            worker.send_signal(signal.SIGINT)  # what a terminal sends to all of them: not theirs to act on
        time.sleep(0.3)
        assert all(worker.is_running() for worker in workers)
    finally:
        parent.kill()
        parent.wait()
    _gone, alive = psutil.wait_procs(workers, timeout=20)
    assert [child for child in alive if child.status() != psutil.STATUS_ZOMBIE] == []


def test_workers_of_the_command_do_not_import_the_command_line():
    """Each of them imports the main module of its parent again: half a second and 40 MB, were it all of the command."""
    module, _, name = PROJECT["project"]["scripts"]["export-auditor"].partition(":")
    heavy = {"typer", "rich", "pydantic", "sqlalchemy", "auditor.cli", "auditor.verify"}
    code = f"import sys; from {module} import {name}; print(sorted({heavy!r} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
