"""The installed command and signals: it ends in order, whatever it is doing, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import psutil
import pytest

import auditor.entry

ROOT = Path(auditor.entry.__file__).parents[1]
START = [sys.executable, "-c", "from auditor.entry import main\nif __name__ == '__main__': main()"]


def _start(*arguments: str) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [*START, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, start_new_session=True
    )


def _wait_until_imports(process: "subprocess.Popen[bytes]") -> None:
    """Python has begun: the first shared library of a dependency is loaded."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if any("_pydantic_core" in each.path for each in psutil.Process(process.pid).memory_maps()):
            return
        time.sleep(0.005)
    raise AssertionError("the command did not begin")


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_command_starts_ends_it_without_a_traceback(number: int, code: int) -> None:
    process = _start("--help")
    _wait_until_imports(process)
    process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert (process.returncode, told) in ((code, b""), (0, b""))  # 0: it was faster


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_files_are_checked_ends_command_and_workers(number: int, code: int, tmp_path: Path) -> None:
    record = json.dumps({"_id": "x" * 50, "list": [{"n": n} for n in range(40)]}) + "\n"
    with (tmp_path / "part-0.json").open("w") as file:
        for _ in range(400):
            file.write(record * 200)
    process = _start("verify", str(tmp_path))
    until = time.monotonic() + 30
    while not (workers := _decoding(process.pid)) and time.monotonic() < until:
        time.sleep(0.01)
    assert workers
    process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert (process.returncode, told) == (code, b"")
    assert not psutil.wait_procs(workers, timeout=10)[1]


def _decoding(pid: int) -> list[psutil.Process]:
    """The workers that have come so far as to read a file."""
    children = psutil.Process(pid).children(recursive=True)
    return [child for child in children if any("part-0" in opened.path for opened in child.open_files())]


def test_the_installed_script_is_this_command() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert declared == {"export-auditor": "auditor.entry:main"}


def test_a_crash_of_ours_is_no_finding(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def crash() -> None:
        raise RuntimeError("a defect")

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("auditor.cli.main", crash)
    try:
        with pytest.raises(SystemExit) as ended:
            auditor.entry.main()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended.value.code == 3
    assert "RuntimeError: a defect" in capsys.readouterr().err
