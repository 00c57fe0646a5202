"""Runs a command and samples the resident memory of it and all its children together."""

import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

EVERY_S = 0.05


@dataclass(frozen=True)
class Peak:
    """What a command cost. `memory` is the peak of the sum over all its processes, in bytes.

    Summed as unique plus proportional shares (PSS) where the system tells, so that pages shared by the
    processes count once; `resident` is the plain sum of resident sizes, which counts them again.
    """

    seconds: float
    memory: int
    resident: int
    exit_code: int
    output: str


def run_watched(command: Sequence[str]) -> Peak:
    """Run `command` to its end. Its stderr goes nowhere."""
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as stdout:  # no pipe: a full one would stop the command
        process = subprocess.Popen(command, stdout=stdout, stderr=subprocess.DEVNULL)
        root = psutil.Process(process.pid)
        memory = resident = 0
        while process.poll() is None:
            now_memory, now_resident = _sample(root)
            memory, resident = max(memory, now_memory), max(resident, now_resident)
            time.sleep(EVERY_S)
        seconds = time.monotonic() - started
        stdout.seek(0)
        return Peak(seconds, memory, resident, process.returncode, stdout.read())


def _sample(root: psutil.Process) -> tuple[int, int]:
    memory = resident = 0
    for process in [root, *_children(root)]:
        try:
            full = process.memory_full_info()
        except psutil.Error:  # it ended meanwhile
            continue
        memory += getattr(full, "pss", full.uss)
        resident += full.rss
    return memory, resident


def _children(root: psutil.Process) -> list[psutil.Process]:
    try:
        return root.children(recursive=True)
    except psutil.Error:
        return []
