"""Many short lives of `export-auditor serve`: forked from a process that has imported everything and done nothing yet.

A start takes a tenth of a second instead of two, so that kills hit the work and not the imports. From `auditor.entry`
on each life is what the installed command is: a process of its own, its own signals, its own worker processes.

The process is asked by lines of JSON on its standard input, and tells of ends on its standard output.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.process import die_with_parent

ROOT = Path(__file__).parents[3]
CODE = """
from tests.service.serve.forked import become
if __name__ == "__main__" and become():
    from auditor.entry import main
    main()
"""


@dataclass
class Life:
    """One process. `code` is there when it has ended."""

    pid: int
    ended: threading.Event = field(default_factory=threading.Event)
    code: int | None = None

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self, seconds: float) -> int:
        """Its exit code. Raises AssertionError if it lives on."""
        assert self.ended.wait(seconds), f"process {self.pid} had not ended after {seconds} s"
        assert self.code is not None
        return self.code

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.wait(20)


class Forking:
    """Begins lives."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._lives: dict[int, Life] = {}
        self._begun = threading.Event()
        self._newest = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def start(self, arguments: Sequence[str], log: Path, **patches: float) -> Life:
        """`export-auditor ARGUMENTS`; what it says is added to `log`. `patches`: seconds of its spans, shortened."""
        self._begun.clear()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"arguments": [*arguments], "log": str(log), "patches": patches}) + "\n")
        self._process.stdin.flush()
        assert self._begun.wait(60), "the process that forks does not answer"
        return self._lives[self._newest]

    def end(self) -> None:
        for life in self._lives.values():
            if not life.ended.is_set():
                life.kill()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "code" in told:
                life = self._lives[told["pid"]]
                life.code = told["code"]
                life.ended.set()
            else:
                self._newest = told["pid"]
                self._lives[told["pid"]] = Life(told["pid"])
                self._begun.set()


@contextmanager
def forking() -> Iterator[Forking]:
    """Everything that was begun is over afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-c", CODE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=die_with_parent,
    )
    made = Forking(process)
    try:
        yield made
    finally:
        made.end()


def become() -> bool:
    """Runs in the process that forks: False in it, when nobody asks any more; True in each child, once."""
    import auditor.cli.serving
    import auditor.service.scheduled_reports  # noqa: F401

    asked, lives = b"", set[int]()
    while True:
        ready, _, _ = select.select([0], [], [], 0.01)
        for pid in [*lives]:
            gone, status = os.waitpid(pid, os.WNOHANG)
            if gone:
                lives.discard(pid)
                _tell({"pid": pid, "code": os.waitstatus_to_exitcode(status)})
        if not ready:
            continue
        data = os.read(0, 65_536)
        if not data:
            return False
        asked += data
        while b"\n" in asked:
            line, _, asked = asked.partition(b"\n")
            parent, pid = os.getpid(), os.fork()
            if not pid:
                _begin(json.loads(line), parent)
                return True
            lives.add(pid)
            _tell({"pid": pid})


def _begin(asked: dict[str, Any], parent: int) -> None:
    die_with_parent()
    if os.getppid() != parent:
        os._exit(1)
    os.setsid()
    log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(old, new)
    sys.argv = ["export-auditor", *asked["arguments"]]
    for name, seconds in asked["patches"].items():
        from datetime import timedelta

        import auditor.cli.serving

        assert hasattr(auditor.cli.serving, name), name
        setattr(auditor.cli.serving, name, timedelta(seconds=seconds))


def _tell(told: dict[str, Any]) -> None:
    os.write(1, (json.dumps(told) + "\n").encode())
