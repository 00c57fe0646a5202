"""The demo on a disk: exports, configuration, expected findings, and a page that says what to look at."""

import json
import shlex
import shutil
from pathlib import Path

from auditor.worlds.config import render_config
from auditor.worlds.demo import DEMO_NOW, make_demo
from auditor.worlds.expected import describe_expected
from auditor.worlds.layout import lay_out
from auditor.worlds.model import World

MARKER = ".export-auditor-demo"
LEDGER = "export-auditor.db"
OWN_FILES = ("auditor.yaml", "expected-findings.json", "WHAT-TO-LOOK-AT.md", LEDGER, f"{LEDGER}-wal", f"{LEDGER}-shm")
HEADER = """\
# The demo's configuration. Its exports stand as they did on {day}; audit them as of then:
#   export-auditor audit -c auditor.yaml --now {now}
"""


class NotOurs(Exception):
    """The directory holds something that no demo has laid there. `str()` is a sentence for the user."""


def prepare_directory(directory: Path) -> None:
    """Make room for the demo: a new or empty directory, or one that an earlier demo filled.

    Removes only what a demo writes. Raises NotOurs, and then has changed nothing.
    """
    if directory.exists() and not directory.is_dir():
        raise NotOurs(f"{str(directory)!a} is not a directory; name a new one.")
    if directory.is_dir() and any(directory.iterdir()) and not (directory / MARKER).is_file():
        raise NotOurs(
            f"{str(directory)!a} holds files that no demo has laid there, so nothing was changed; "
            "name a new or empty directory."
        )
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MARKER).write_text("Laid out by `export-auditor demo`; the next demo replaces it.\n", encoding="utf-8")
    for name in OWN_FILES:
        (directory / name).unlink(missing_ok=True)
    exports = directory / "exports"
    if exports.is_symlink():
        exports.unlink()
    elif exports.exists():
        shutil.rmtree(exports)


def lay_out_demo(directory: Path) -> World:
    """Write the whole demo into `directory`. Raises NotOurs; see prepare_directory."""
    prepare_directory(directory)
    world = make_demo()
    lay_out(world, directory / "exports")
    now = f"{DEMO_NOW:%Y-%m-%dT%H:%M:%SZ}"
    _write(
        directory / "auditor.yaml",
        HEADER.format(day=f"{DEMO_NOW:%Y-%m-%d at %H:%M} UTC", now=now) + render_config(world),
    )
    expected = describe_expected(world)
    lines = ",\n".join(f"  {json.dumps(item)}" for item in expected)
    _write(directory / "expected-findings.json", f'{{"now": "{now}", "findings": [\n{lines}\n]}}\n')
    _write(directory / "WHAT-TO-LOOK-AT.md", render_guide(world, directory))
    return world


def list_commands(directory: Path) -> list[tuple[str, str]]:
    """What is worth trying on the demo: (why, command to paste)."""
    config = shlex.quote(str(directory / "auditor.yaml"))
    now = f"--now {DEMO_NOW:%Y-%m-%dT%H:%M:%SZ}"
    chat = "66018d8312377d2c68545bac"
    cut = directory / "exports/backups/5ef3e324052581191aa6a466/exportTime=202610072100"
    return [
        ("the same audit again: nothing changed, so nothing is read anew", f"export-auditor audit -c {config} {now}"),
        (
            "one dataset whose exports stopped",
            f"export-auditor audit -c {config} {now} --flow web-3h --dataset {chat} --format json",
        ),
        (
            "the same flow as it stood a day earlier, before they stopped",
            f"export-auditor audit -c {config} --now 2026-10-28T14:00:00Z --flow web-3h",
        ),
        ("one export with a file cut in half", f"export-auditor verify {shlex.quote(str(cut))}"),
        ("what a finding means and what to do", "export-auditor explain protection-stale"),
    ]


def render_guide(world: World, directory: Path) -> str:
    """The page beside the demo: each fault that was laid out, and commands to look at them."""
    lines = ["# What to look at", "", f"Exports as they stood at {DEMO_NOW:%Y-%m-%d %H:%M} UTC, with these faults:", ""]
    lines += ["| when due (UTC) | flow | dataset | finding | what happened |", "|---|---|---|---|---|"]
    names = {dataset.id: dataset.name for flow in world.flows for dataset in flow.datasets}
    for item in describe_expected(world):
        dataset = str(item["dataset"])
        due = str(item["due"] or "").removesuffix(":00Z").replace("T", " ")
        cells = (due, item["flow"], names.get(dataset, dataset), f"`{item['code']}`", item["note"])
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    lines += ["", "Everything else is as it should be. Commands to try:", ""]
    for why, command in list_commands(directory):
        lines += [f"* {why}", "", f"      {command}", ""]
    return "\n".join(lines)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
