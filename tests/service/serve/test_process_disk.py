"""A disk that takes nothing more: shown while it lasts, over when it is over, and nothing is lost."""

import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import psutil

from tests.service.serve.forked import ROOT
from tests.service.serve.processes import Home, wait_until

START = [sys.executable, "-c", "from auditor.entry import main\nif __name__ == '__main__': main()"]


class NoForking:
    """This one is started by itself: its log goes through a pipe, which no limit on files holds up."""


def test_while_the_disk_is_full_it_says_so_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    home = Home(tmp_path, NoForking())  # type: ignore[arg-type]
    process = subprocess.Popen(
        [*START, "serve", "-c", str(home.config)], stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    reading = threading.Thread(target=_keep, args=(process, home.log_file))
    reading.start()
    try:
        home.wait_for("looked")
        running = psutil.Process(process.pid)
        running.rlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        trouble = home.wait_for("the ledger does not answer")
        assert "ledger" in trouble["error"]
        wait_until(lambda: home.get("/readyz").status_code == 503)
        assert home.get("/healthz").status_code == 200
        running.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        home.wait_for("looked", times=len(home.events("looked")) + 1)
        wait_until(lambda: home.get("/readyz").status_code == 200)
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        reading.join(10)
    assert home.has_no_traceback()


def _keep(process: "subprocess.Popen[bytes]", log: Path) -> None:
    assert process.stderr is not None
    with log.open("ab", buffering=0) as file:
        for line in process.stderr:
            file.write(line)
