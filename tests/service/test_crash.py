"""Killed at any moment of an audit: the next one says what it says on an undisturbed ledger."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from random import Random

from auditor.worlds import faults
from tests.service.auditing import Bench, verifier
from tests.worlds.small import CLICK_RUN, EVENTS, WEB, WEB_RUN, at, small_world

__all__ = ["verifier"]

KILLS = 10
PATIENCE_S = 60  # for a child to begin, on a busy machine

# Audits for ever, each reading every file and changing verdicts of the one before.
CHILD = """
import itertools, sys
from datetime import datetime
from pathlib import Path
from auditor.ledger import Ledger
from auditor.model import Level
from auditor.service import AuditOptions, run_audit
from auditor.settings import load_config
from auditor.verify.pool import Verifier

if __name__ == "__main__":
    config, now = load_config(Path(sys.argv[1])), datetime.fromisoformat(sys.argv[2])
    with Ledger.open(config.ledger_url) as ledger, Verifier(workers=1) as verifier:
        for level, flow in itertools.cycle([(Level.L3, ""), (Level.L1, ""), (Level.L2, "web-3h")]):
            print("begun", flush=True)
            run_audit(config, ledger, AuditOptions(now, reverify=True, level=level, flow=flow), verifier=verifier)
"""


def begin(script, home, now):
    """A child at its audits, in a session of its own."""
    command = [sys.executable, str(script), str(home / "auditor.yaml"), now.isoformat()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, start_new_session=True)


def wait_for_nobody(session):
    """Whether all processes of the session are gone within a while: an orphan would go on reading."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            os.killpg(session, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_an_audit_after_any_crash_equals_an_undisturbed_one(tmp_path, verifier):
    world = faults.drop_run(small_world(replace(WEB, start=at(3)), seed="crash"), WEB_RUN)
    world = faults.unexpected_run(faults.flip_byte(world, CLICK_RUN), WEB.name, EVENTS.id, at(5, 11, 40))
    made = Bench.of_world(world, tmp_path, verifier)
    calm = Bench(tmp_path / "calm", verifier, world.now)
    calm.home.mkdir()
    config = (tmp_path / "auditor.yaml").read_text().replace("./exports", str(tmp_path / "exports"))
    (calm.home / "auditor.yaml").write_text(config)
    undisturbed = calm.audit(is_past=False)
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    random = Random("crash")
    for kill in range(KILLS):
        children = [begin(script, tmp_path, world.now) for _ in range(1 + kill % 2)]  # also two at once on one ledger
        try:
            for child in children:
                assert child.stdout.readline() == b"begun\n"
            for child in children:
                time.sleep(random.random() * 0.6)
                child.send_signal(signal.SIGKILL)
                child.wait(PATIENCE_S)
                assert wait_for_nobody(child.pid), "workers outlived the audit they worked for"
        finally:
            for child in children:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.stdout.close()
        result = made.audit(is_past=False)
        assert (result.runs, result.findings) == (undisturbed.runs, undisturbed.findings)
        assert (result.unverifiable, result.status) == (undisturbed.unverifiable, undisturbed.status)
