"""Starts an image as an engine would, with its own words, and sees it serve. Linux, root, buildah (vfs); by hand:

    python -m tests.container.try_image export-auditor:0.1.0

In namespaces of its own: network with loopback alone, processes (the init is the first one), mounts. The root is
read-only, the user is the image's, without capabilities and new privileges. The demo world is audited as of now.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from auditor.incident_model import Incident
from auditor.ledger import Ledger
from auditor.worlds import lay_out_demo
from tests.container.served import see_it_serve, wait_for, write_settings
from tests.servers.smtp_sink import SmtpSink, smtp_sink

OWN_NETWORK = "EXPORT_AUDITOR_TRIED"
PORT = 8080
TOLD = ("export-missing", "protection-stale")
MOUNTS = """\
set -e
mount --make-rprivate /
mount --bind {root} {root}
mount -o remount,bind,ro {root}
mount -t proc proc {root}/proc
mount --rbind /dev {root}/dev
mount -t tmpfs -o size=1100m,mode=1777 tmpfs {root}/tmp
mount -t tmpfs -o mode=755 tmpfs {root}/run
mkdir {root}/run/secrets
hostname tried
mount --bind {hosts} {root}/etc/hosts
for one in {config}:config {secrets}:run/secrets {state}:var/lib/export-auditor; do
  mount --bind "${{one%%:*}}" "{root}/${{one##*:}}"
done
mount -o remount,bind,ro {root}/config
mount -o remount,bind,ro {root}/run/secrets
exec chroot {root} /usr/bin/setpriv --reuid {uid} --regid {gid} --clear-groups --inh-caps=-all --bounding-set=-all \
  --no-new-privs /usr/bin/env -i --chdir={workdir} {words}
"""


def buildah(*words: str) -> str:
    return subprocess.run(
        ["buildah", "--storage-driver", "vfs", *words], check=True, capture_output=True, text=True
    ).stdout.strip()


@contextmanager
def unpacked(image: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The root of the image, and what it says of its start."""
    container = buildah("from", "--pull-never", image)
    try:
        said = json.loads(buildah("inspect", container))["Docker"]["config"]
        yield Path(buildah("mount", container)), said
    finally:
        buildah("rm", container)


@contextmanager
def running(root: Path, said: dict[str, Any], home: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The process id of the container's first process, and the one that waits for it."""
    (root / "config").mkdir(exist_ok=True)  # an engine makes the places of mounts
    uid, gid = said["User"].split(":")
    script = MOUNTS.format(
        root=root,
        uid=uid,
        gid=gid,
        workdir=said["WorkingDir"],
        words=shlex.join([*said["Env"], *said["Entrypoint"], *said["Cmd"]]),
        **{name: home / name for name in ("config", "secrets", "state", "hosts")},
    )
    with (home / "log").open("wb") as log:
        unshare = ["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "sh", "-c", script]
        outside = subprocess.Popen(unshare, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            children = Path(f"/proc/{outside.pid}/task/{outside.pid}/children")
            wait_for("a first process", children.read_text, 10)
            first, init = int(children.read_text()), Path(said["Entrypoint"][0]).name
            wait_for(init, lambda: Path(f"/proc/{first}/comm").read_text().strip() == init, 10)
            yield first, outside
        finally:
            outside.kill()
            outside.wait()


def check_health(first: int, said: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """The HEALTHCHECK, as `docker exec` would run it."""
    _, *command = said["Healthcheck"]["Test"]
    uid, gid = said["User"].split(":")
    enter = ["nsenter", "-t", str(first), "-m", "-p", "-n", "-r", "-w", "-S", uid, "-G", gid, "--", *command]
    return subprocess.run(enter, capture_output=True, text=True, timeout=60)


def try_image(image: str, home: Path) -> None:
    """Raises AssertionError for what the image does not do."""
    (home / "config").mkdir()
    lay_out_demo(home / "config" / "world")
    world = (home / "config/world/auditor.yaml").read_text().replace("./exports", "./world/exports")
    with smtp_sink() as sink, unpacked(image) as (root, said):
        prepare(home, world, sink, said)
        with running(root, said, home) as (first, outside):
            print("health before it serves:", check_health(first, said).stdout.strip())
            seen = see_it_serve(PORT, sink, TOLD, 300)
            health = check_health(first, said)
            assert health.returncode == 0, health
            print("health:", health.stdout.strip())
            print("seen by Prometheus:", json.dumps(seen, indent=1))
            print("mails:", *sorted(str(one["subject"]) for one in sink.received), sep="\n  ")
            print("resident:", resident(first), "MB")
            began = time.monotonic()
            os.kill(first, signal.Signals[said["StopSignal"]])
            code = outside.wait(40)
            print(f"ended with {code} after {time.monotonic() - began:.1f} s")
            assert code == 0
        print("incidents:", *sorted({incident.key.code for incident in incidents_of(home / "state")}))


def prepare(home: Path, world: str, sink: SmtpSink, said: dict[str, Any]) -> None:
    """Configuration, secrets and the volume, of the image's user alone."""
    (state,) = said["Volumes"]
    write_settings(home / "config", world, sink, listen=f"0.0.0.0:{PORT}", state=f"/{state}", secrets="/run/secrets")
    (home / "hosts").write_text("127.0.0.1 localhost\n127.0.0.1 tried\n")  # as every engine has it
    (home / "state").mkdir()
    uid, gid = map(int, said["User"].split(":"))
    for place in (home / "state", home / "secrets", *(home / "secrets").iterdir()):
        os.chown(place, uid, gid)
        place.chmod(0o700 if place.is_dir() else 0o400)


def incidents_of(state: Path) -> list[Incident]:
    """All that the service wrote down."""
    with Ledger.open(f"sqlite:///{state}/export-auditor.db") as ledger:
        return ledger.list_incidents()


def resident(first: int) -> int:
    """Of the first process and all below it, MB."""
    total = 0
    for child in Path(f"/proc/{first}/task/{first}/children").read_text().split():
        total += resident(int(child))
    rows = Path(f"/proc/{first}/status").read_text().splitlines()
    return total + sum(int(row.split()[1]) for row in rows if row.startswith("VmRSS")) // 1024


if __name__ == "__main__":
    if OWN_NETWORK not in os.environ:
        again = shlex.join([sys.executable, "-m", "tests.container.try_image", *sys.argv[1:]])
        script = f"ip link set lo up && exec {again}"
        os.execvpe("unshare", ["unshare", "--net", "sh", "-c", script], {**os.environ, OWN_NETWORK: "1"})
    with tempfile.TemporaryDirectory(prefix="try-image-") as made:
        Path(made).chmod(0o755)
        try:
            try_image(sys.argv[1], Path(made))
        finally:
            print((Path(made) / "log").read_text(errors="replace"), file=sys.stderr)
