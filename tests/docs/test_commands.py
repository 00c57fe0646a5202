"""Every `export-auditor …` that the documentation names can be typed as it stands."""

import itertools
import re
import shlex
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from auditor.checks import CATALOGUE
from auditor.cli import app
from auditor.cli.calendar import FORMATS as OF_CALENDAR
from auditor.cli.coverage import FORMATS as OF_COVERAGE
from auditor.cli.report import FORMATS as OF_REPORT
from auditor.report import FORMATS
from tests.docs.pages import SHELLS, find_blocks, list_pages, read_page, without_blocks


def _made_harmless(command: Any) -> Any:
    """The same command line, whose commands do nothing."""
    for part in getattr(command, "commands", {}).values():
        _made_harmless(part)
    if not hasattr(command, "commands"):
        command.callback = lambda **_: None
    return command


COMMAND = _made_harmless(typer.main.get_command(app))
FOR_MAKERS = {"CONTRIBUTING.md", "docs/fault-zoo.md"}
NAMES_ALONE = {
    "alerts preview",
    *("", "accept", "ack", "config", "silence", "silence add", "silence end", "verify", "verify --json"),
}  # named in prose; to be typed they need more
PROSE = re.compile(r"`(export-auditor(?: [^`]*)?)`")
ENDS = {"|", "||", "&&", ";", ">", "2>", "<", ")", "&"}


def find_commands(page: str) -> Iterator[str]:
    """Those in prose, in blocks of a shell, and in the `script:` and `run:` lines of CI systems."""
    text = read_page(page)
    yield from (re.sub(r"\s+", " ", found) for found in PROSE.findall(without_blocks(text)))
    for block in find_blocks(text):
        for line in block.text.replace("\\\n", " ").splitlines() if block.language in {*SHELLS, "", "yaml"} else ():
            if found := re.match(
                r"^(?:\s|-|\$|run:|script:|\d[\d */-]*|(?:.*(?:&&|;|do) ))*(export-auditor(?: .*)?)$", line
            ):
                yield found[1]


def refusal(line: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command line says against `line` before any command begins; "" if nothing."""
    words = [word for word in _words(line)[1:] if word != "…"]
    if " ".join(words) in NAMES_ALONE:
        return ""
    with pytest.raises(SystemExit) as end:
        COMMAND.main(words, prog_name="export-auditor")
    return capsys.readouterr().err if end.value.code else ""


def _words(line: str) -> list[str]:
    """Those of the first command of a line; brackets around what may be left out are taken off."""
    lexer = shlex.shlex(re.sub(r" \d>.*", "", line), posix=True, punctuation_chars=";<>|&()")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    return [word.strip("[]") for word in itertools.takewhile(lambda word: word not in ENDS, lexer)]


NAMED = sorted({(page, line) for page in list_pages() for line in find_commands(page)})


@pytest.mark.parametrize("page, line", NAMED)
def test_a_command_in_the_docs_can_be_typed(page, line, capsys):
    assert refusal(line, capsys) == "", page


@pytest.mark.parametrize(
    "line", ["export-auditor audti", "export-auditor audit --nothing", "export-auditor audit --flow"]
)
def test_a_command_that_does_not_exist_would_be_found(line, capsys):
    assert "No such" in refusal(line, capsys) or "requires an argument" in refusal(line, capsys)


def test_every_command_stands_in_the_readme():
    told = " ".join(line for page, line in NAMED if page == "README.md")
    assert [name for name in _all_commands(COMMAND) if f"export-auditor {name}" not in told] == []


def _all_commands(group: Any, prefix: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _all_commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}"


def test_the_codes_that_pages_ask_about_exist():
    asked = {line.split()[2] for _, line in NAMED if line.startswith("export-auditor explain ")}
    assert {code.strip("[]") for code in asked} - {"CODE"} <= set(CATALOGUE)


def test_the_formats_that_pages_name_exist():
    known = {"coverage": OF_COVERAGE, "calendar": OF_CALENDAR, "report": OF_REPORT}
    named = [
        (name, line)
        for _, line in NAMED
        for found in re.findall(r"--format ([\w|]+)", line)
        for name in found.split("|")
    ]
    assert [(name, line) for name, line in named if name not in known.get(line.split()[1], FORMATS)] == []
    assert len({name for name, _ in named}) > 3


@pytest.mark.parametrize("page", list_pages())
def test_scripts_are_what_a_shell_understands(page):
    scripts = "\n".join(
        block.text for block in find_blocks(read_page(page)) if block.language in {"sh", "bash", "shell"}
    )
    checked = subprocess.run(["bash", "-n"], input=scripts, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_no_page_needs_more_than_the_command():
    """Makers of the product type `python -m …`; its users never."""
    for page in list_pages():
        if page not in FOR_MAKERS:
            commands = "".join(block.text for block in find_blocks(read_page(page)) if block.language in SHELLS)
            assert not re.search(r"python\d? -m (?!venv|pip)", commands), page
