"""The demo on a disk: exports, configuration, expected findings, and a page that says what to look at."""

import json
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditor.worlds.config import render_config
from auditor.worlds.demo import DEMO_NOW, make_demo
from auditor.worlds.expected import describe_expected
from auditor.worlds.layout import lay_out
from auditor.worlds.model import World
from auditor.worlds.platform import FlowService, PlatformServer, Stock, describe_world, login_of

MARKER = ".export-auditor-demo"
LEDGER = "export-auditor.db"
CONFIG = "auditor.yaml"
CROSS_CHECKED = "with-experience-platform.yaml"
OWN_FILES = (
    CONFIG,
    CROSS_CHECKED,
    "expected-findings.json",
    "WHAT-TO-LOOK-AT.md",
    LEDGER,
    f"{LEDGER}-wal",
    f"{LEDGER}-shm",
)
HEADER = """\
# The demo's configuration. Its exports stand as they did on {day}; audit them as of then:
#   export-auditor audit -c {name} --now {now}
"""
_NOW = f"{DEMO_NOW:%Y-%m-%dT%H:%M:%SZ}"
ASKS = """\
# It asks a stand-in for Experience Platform on this machine, which answers while `export-auditor demo` runs: start it
# with --serve to keep it. The secret below opens nothing else.
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
    _write(directory / CONFIG, _head(CONFIG) + render_config(world))
    told = [f'"now": "{_NOW}"']
    for name, cross_checked in (("findings", False), ("findings_with_experience_platform", True)):
        lines = ",\n".join(f"  {json.dumps(item)}" for item in describe_expected(world, cross_checked=cross_checked))
        told.append(f'"{name}": [\n{lines}\n]')
    _write(directory / "expected-findings.json", f"{{{', '.join(told)}}}\n")
    _write(directory / "WHAT-TO-LOOK-AT.md", render_guide(world, directory))
    return world


@contextmanager
def serve_demo(world: World, directory: Path) -> Iterator[PlatformServer]:
    """The stand-in for Experience Platform, with what it would say of `world`; its configuration beside the exports."""
    with PlatformServer() as platform:
        FlowService(platform, describe_world(world, stock=Stock(org_id=platform.gate.org_id)))
        text = _head(CROSS_CHECKED) + ASKS + render_config(world, platform=login_of(platform))
        _write(directory / CROSS_CHECKED, text)
        yield platform


def _head(name: str) -> str:
    return HEADER.format(day=f"{DEMO_NOW:%Y-%m-%d at %H:%M} UTC", now=_NOW, name=name)


def list_commands(directory: Path) -> list[tuple[str, str]]:
    """What is worth trying on the demo: (why, command to paste)."""
    config, now = shlex.quote(str(directory / CONFIG)), f"--now {_NOW}"
    chat = "66018d8312377d2c68545bac"
    cut = directory / "exports/backups/5ef3e324052581191aa6a466/exportTime=202610072100"
    return [
        (
            "the same exports by storage alone: nothing is read anew, and three of the runs are just missing",
            f"export-auditor audit -c {config} {now}",
        ),
        (
            "one dataset whose exports stopped",
            f"export-auditor audit -c {config} {now} --flow web-3h --dataset {chat} --format json",
        ),
        (
            "the same flow as it stood a day earlier, before they stopped",
            f"export-auditor audit -c {config} --now 2026-10-28T14:00:00Z --flow web-3h",
        ),
        ("one export with a file cut in half", f"export-auditor verify {shlex.quote(str(cut))}"),
        ("what a finding means and what to do", "export-auditor explain run-without-export"),
    ]


def list_asking_commands(directory: Path) -> list[tuple[str, str]]:
    """The same for commands that ask Experience Platform: the first keeps the stand-in running for the others."""
    config = shlex.quote(str(directory / CROSS_CHECKED))
    return [
        (
            "keep the stand-in for Experience Platform running, for the next ones in another terminal",
            f"export-auditor demo {shlex.quote(str(directory))} --serve",
        ),
        (
            "the cross-check again: run records that are known and closed are not asked for anew",
            f"export-auditor audit -c {config} --now {_NOW}",
        ),
        ("what these credentials may see", f"export-auditor experience-platform check -c {config}"),
        ("the configuration that Flow Service alone gives", f"export-auditor discover -c {config}"),
    ]


def render_guide(world: World, directory: Path) -> str:
    """The page beside the demo: each fault that was laid out, and commands to look at them."""
    lines = ["# What to look at", "", f"Exports as they stood at {DEMO_NOW:%Y-%m-%d %H:%M} UTC, with these faults:", ""]
    lines += _table(world, describe_expected(world))
    lines += ["", "Everything else is as it should be.", "", "## Held against Experience Platform", ""]
    lines += ["What its run records say is compared with what lies there. Then these findings differ:", ""]
    lines += _table(world, _differences(world))
    lines += ["", "## Commands to try", ""]
    for why, command in list_commands(directory):
        lines += [f"* {why}", "", f"      {command}", ""]
    lines += ["Those that ask Experience Platform:", ""]
    for why, command in list_asking_commands(directory):
        lines += [f"* {why}", "", f"      {command}", ""]
    return "\n".join(lines)


def _differences(world: World) -> list[dict[str, object]]:
    """What is told with the run records and not without them, and the other way round."""
    alone, crossed = describe_expected(world), describe_expected(world, cross_checked=True)
    added = [item for item in crossed if item not in alone]
    gone = [{**item, "note": "not told: the run record says why nothing came"} for item in alone if item not in crossed]
    return added + gone


def _table(world: World, items: list[dict[str, object]]) -> list[str]:
    lines = ["| when due (UTC) | flow | dataset | finding | what happened |", "|---|---|---|---|---|"]
    names = {dataset.id: dataset.name for flow in world.flows for dataset in flow.datasets}
    for item in items:
        dataset = str(item["dataset"])
        due = str(item["due"] or "").removesuffix(":00Z").replace("T", " ")
        cells = (due, item["flow"], names.get(dataset, dataset), f"`{item['code']}`", item["note"])
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return lines


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
