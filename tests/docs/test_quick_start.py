"""The quick start, typed word by word on the sample exports: each command ends as the page says."""

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from auditor.settings import load_config
from auditor.worlds import DEMO_NOW, lay_out_demo
from tests.docs.pages import TOP, find_blocks, read_page
from tests.servers.process import free_ports
from tests.servers.smtp_sink import smtp_sink

PAGE = read_page("docs/quick-start.md")
COMMANDS = [block for block in find_blocks(PAGE) if block.language == "sh"]
MINUTE_S = 15  # for which the service is watched here
SAYS = re.compile(r"\A\s*Exit code \*\*(\d)\*\*( with the sample exports)?")


def test_every_command_of_the_page_ends_as_it_says(tmp_path):
    lay_out_demo(tmp_path / "demo-exports")
    with smtp_sink() as mail:
        environment = make_environment(tmp_path) | {"AUDIT_MAIL_URL": mail.url()}
        type_all(tmp_path, environment)
    check_results(tmp_path, environment)
    assert str(mail.received[0]["subject"]).startswith("[test]")


def type_all(folder: Path, environment: dict[str, str]) -> None:
    for block in COMMANDS:
        said = SAYS.match(block.after)
        assert said, f"the page does not say how this ends: {block.text}"
        done = run(block.text, folder, environment)
        assert done.returncode == int(said[1]), f"{block.text}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def check_results(folder: Path, environment: dict[str, str]) -> None:
    """What the page says is there now, and what it quotes."""
    assert len(load_config(folder / "auditor.yaml", environment).flows) > 1
    page = (folder / "report.html").read_text("utf-8")
    assert "http://" not in page
    first = re.search(r"```text\n(.*)\n```", PAGE)
    assert first
    assert (folder / "stdout").read_text("utf-8").count(first[1]) == 1


def run(text: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """One block, in the same way as a reader of the sample exports would type it: see `No bucket at hand?`."""
    text = re.sub(r"^EXPORTS=.*$", sample("EXPORTS="), text, flags=re.MULTILINE)
    text = re.sub(r"^export-auditor audit\b", rf"\g<0> {sample('--now ')}", text, flags=re.MULTILINE)
    text = re.sub(r"(listen: 127\.0\.0\.1:)8080", lambda found: f"{found[1]}{free_ports(1)[0]}", text)
    text = text.replace(" 60 export-auditor serve", f" {MINUTE_S} export-auditor serve")
    done = subprocess.run(
        ["bash", "-c", text], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    with (folder / "stdout").open("a") as all_output:
        all_output.write(done.stdout)
    return done


def sample(start: str) -> str:
    """What the page says to write for the sample exports."""
    found = re.search(rf"`({start}[^`]+)`", PAGE)
    assert found
    return found[1]


def make_environment(folder: Path) -> dict[str, str]:
    """The command on PATH whether or not it is installed, and nothing else of this process's settings."""
    command = folder / "bin" / "export-auditor"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from auditor.entry import main; main()" "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    bash = shutil.which("bash")
    assert bash
    path = os.pathsep.join([str(command.parent), str(Path(bash).parent), "/usr/bin", "/bin"])
    return {"PATH": path, "PYTHONPATH": str(TOP), "HOME": str(folder), "LC_ALL": "C.UTF-8"}


def test_the_page_says_the_moment_of_the_sample_exports():
    assert sample("--now ") == f"--now {DEMO_NOW:%Y-%m-%dT%H:%M:%SZ}"


def test_the_steps_are_those_that_a_first_hour_needs():
    text = "".join(block.text for block in COMMANDS)
    wanted = [
        "config init --from-storage",
        "config check",
        "audit --plan",
        "export-auditor audit\n",
        "explain ",
        "html -o",
        "config check",
        "alerts test",
        "export-auditor serve",
        "export-auditor incidents",
    ]
    position = 0
    for words in wanted:
        position = text.index(words, position)
