"""The service by the words of the Dockerfile, before a real mail server and a real Prometheus.

The image itself is tried by hand, see `try_image.py`: building one takes an engine and a base.
"""

import os
import signal
import subprocess
import sysconfig
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor.worlds import Run, faults, lay_out, render_config
from tests.container.dockerfile import read_dockerfile
from tests.container.served import see_it_serve, write_settings
from tests.servers.process import die_with_parent, free_ports
from tests.servers.smtp_sink import smtp_sink
from tests.worlds.small import WEB, small_world

LAST = {instruction.word: instruction for instruction in read_dockerfile()}
PROGRAM = Path(sysconfig.get_path("scripts"), "export-auditor")


def world_of_now():
    """A day of exports that ends now, with one that is damaged; the newest that should be here is not."""
    now = datetime.now(UTC)
    newest = now.replace(second=0, microsecond=0) - timedelta(hours=12, minutes=20)
    flow = replace(WEB, start=newest - timedelta(hours=24), every=timedelta(hours=12), backfill=(1, 5))
    world = small_world(flow, now=newest + timedelta(hours=11))
    world = faults.flip_byte(world, Run(flow.name, flow.datasets[0].id, newest - timedelta(hours=12)))
    return faults.drop_run(world, Run(flow.name, flow.datasets[1].id, newest))


def as_the_image(config: Path) -> list[str]:
    """ENTRYPOINT and CMD, without the init, which is the Debian of the base's."""
    init, s, dashes, program = LAST["ENTRYPOINT"].listed
    assert (init, s, dashes, program) == ("/usr/bin/tini", "-s", "--", PROGRAM.name)
    return [str(PROGRAM), *(word.replace("/config", str(config)) for word in LAST["CMD"].listed)]


def test_it_audits_alerts_is_scraped_and_ends_with_0_on_the_signal_of_the_image(tmp_path):
    config, state = tmp_path / "config", tmp_path / "state"
    state.mkdir()
    world = world_of_now()
    lay_out(world, config / "exports")
    [port] = free_ports(1)
    with smtp_sink() as sink, (tmp_path / "log").open("wb") as log:
        secrets = str(tmp_path / "secrets")
        write_settings(
            config, render_config(world), sink, listen=f"127.0.0.1:{port}", state=str(state), secrets=secrets
        )
        process = subprocess.Popen(
            as_the_image(config),
            cwd=state,
            env={"PATH": os.defpath, "HOME": str(state), "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"},
            stderr=log,
            stdin=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        try:
            see_it_serve(port, sink, ("export-missing", "file-corrupt"))
            process.send_signal(signal.Signals[LAST["STOPSIGNAL"].text])
            assert process.wait(40) == 0
        finally:
            process.kill()
            process.wait(30)
    assert '"event": "ended"' in (tmp_path / "log").read_text()
