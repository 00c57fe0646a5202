"""`incidents`, `ack` and `silence` as people type them."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from auditor.cli import app
from auditor.cli.incident_text import render_incident, render_incidents, render_span
from auditor.ledger import Ledger
from auditor.report import ReportOptions
from auditor.service.incidents import read_history
from tests.incidents.making import DATASET, Story, damaged, finding, missing, right
from tests.report.schemas import read_held

NOW = datetime(2026, 10, 3, tzinfo=UTC)
HOSTILE = "zz\x1b[31mz\u202e<b>"


@dataclass
class Shell:
    """A configuration with a ledger in which things have happened."""

    folder: Path

    def run(self, *words: str, user: str | None = "ann") -> Any:
        return CliRunner(env={"USER": user}).invoke(app, [*words, "-c", str(self.folder / "auditor.yaml")])

    @property
    def ledger(self) -> Ledger:
        return Ledger.open(f"sqlite:///{self.folder}/ledger.db")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "exports").mkdir()
    (tmp_path / "auditor.yaml").write_text(
        f"""\
destinations: {{lake: {{type: local, root: {tmp_path}/exports}}}}
flows:
  web-3h:
    destination: lake
    datasets: [{{id: {DATASET}, name: Web events}}]
    schedule: {{every: 3h, start: "2026-10-01T00:00:00Z"}}
ledger: sqlite:///{tmp_path}/ledger.db
"""
    )
    made = Shell(tmp_path)
    with made.ledger as ledger:
        story = Story(ledger=ledger)
        story.look(right(1), missing(2), missing(3), finding("unknown-dataset", of_place=True, dataset=HOSTILE))
        story.look(damaged(1), missing(2), missing(3), finding("destination-unreachable", of_place=True))
        story.look(damaged(1), right(4))
    return made


def test_what_is_open_is_shown_and_what_is_over_where_asked_for(shell: Shell) -> None:
    told = shell.run("incidents")
    assert told.exit_code == 0
    assert "unknown-dataset" in told.output
    assert "export-missing" not in told.output
    everything = shell.run("incidents", "--all").output
    assert "export-missing web-3h / Web events → lake" in everything
    assert "a later due time is right; 2 holes left" in " ".join(everything.split())
    assert "export-missing" in shell.run("incidents", "--since", "2026-10-02T00:00Z").output
    assert "export-missing" not in shell.run("incidents", "--since", "2026-10-05T00:00Z").output
    assert HOSTILE not in everything


def test_one_incident_is_shown_whole(shell: Shell) -> None:
    told = shell.run("incidents", "1").output
    for part in (
        "Holes that stay (2): 2026-10-01 06:00Z, 2026-10-01 09:00Z",
        "opened, error",
        "recovered",
        "nobody yet",
    ):
        assert part in told
    described = read_held(shell.run("incidents", "1", "--json").output)
    assert (described["code"], described["closing"]) == ("export-missing", "next_right")
    assert [one["due"] for one in described["gaps"]] == ["2026-10-01T06:00:00Z", "2026-10-01T09:00:00Z"]
    assert [one["kind"] for one in described["events"]] == ["opened", "recovered"]


def test_programs_get_what_people_get(shell: Shell) -> None:
    shell.run("ack", "2", "--why", "ticket 4711")
    described = read_held(shell.run("incidents", "--all", "--json").output)
    for one in described["incidents"]:
        read_held(shell.run("incidents", str(one["number"]), "--json").output)
    assert {one["code"] for one in described["incidents"]} >= {"unknown-dataset", "export-missing"}
    assert [one["code"] for one in described["suspected"]] in ([], ["destination-unreachable"])


@pytest.mark.parametrize("width", [40, 80, 160])
@pytest.mark.parametrize("unicode", [True, False])
def test_no_line_is_wider_than_the_terminal(shell: Shell, width: int, unicode: bool) -> None:
    options = ReportOptions(width=width, unicode=unicode)
    with shell.ledger as ledger:
        found = ledger.list_incidents()
        texts = [render_incidents(found, 1, {DATASET: "Web events"}, NOW, options)]
        texts += [
            render_incident(history, {}, NOW, options) for one in found if (history := read_history(ledger, one.number))
        ]
    for text in texts:
        assert all(cell_len(line) <= width for line in text.splitlines())
        assert unicode or text.isascii()


def test_an_acknowledgement_is_kept_with_who_and_why(shell: Shell) -> None:
    number = json.loads(shell.run("incidents", "--json").output)["incidents"][0]["number"]
    assert shell.run("ack", str(number), "--why", "ticket 4711").exit_code == 0
    with shell.ledger as ledger:
        signed = ledger.incident(number).acknowledged
    assert (signed.by, signed.why) == ("ann", "ticket 4711")
    assert "looked after by ann" in shell.run("incidents").output


def test_a_silence_begins_holds_and_ends(shell: Shell) -> None:
    assert shell.run("silence", "add", "--flow", "web-*", "--for", "4h", "--why", "migration").exit_code == 0
    with shell.ledger as ledger:
        [silence] = ledger.list_silences()
    assert (silence.match.flow, silence.by, silence.until - silence.starts_at) == ("web-*", "ann", timedelta(hours=4))
    assert "flow web-*" in shell.run("silence", "list").output
    assert shell.run("silence", "end", "1", "--by", "jo", "--why", "done").exit_code == 0
    assert shell.run("silence", "list").output.startswith("No silence holds.")
    shell.run("silence", "add", "--severity", "error", "--owner", "jo", "--until", "2099-01-01T00:00Z", "--why", "é")
    [described, _] = read_held(shell.run("silence", "list", "--all", "--json").output)["silences"]
    assert (described["holds"], described["ended"]["by"]) == (False, "jo")
    assert shell.run("silence", "end", "1").exit_code == 2


MISTAKES = [
    ("incidents 77", "no incident 77"),
    ("incidents 1 --all", "leave --all"),
    ("incidents --since yesterday", "no moment"),
    ("ack 77 --why x", "no incident 77"),
    ("ack 1 --why x", "is over since"),
    ("ack 1", "--why"),
    ("silence add --for 4h --why x", "say what is meant"),
    ("silence add --flow web-3h --why x", "--for 4h"),
    ("silence add --flow web-3h --for 4h --until 2099-01-01T00:00Z --why x", "--for 4h"),
    ("silence add --flow web-3h --until 2020-01-01T00:00Z --why x", "over already"),
    ("silence add --flow web-3h --for 0h --why x", "last for a while"),
    ("silence add --flow web-3h --for long --why x", "no duration"),
    ("silence add --code export-mising --for 4h --why x", "export-missing"),
    ("silence add --severity bad --for 4h --why x", "no such severity"),
    ("silence end 9", "no silence 9"),
]


@pytest.mark.parametrize("line, told", MISTAKES, ids=[line for line, _ in MISTAKES])
def test_a_mistake_is_exit_code_2_and_one_sentence(shell: Shell, line: str, told: str) -> None:
    answer = shell.run(*line.split())
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert told in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_who_cannot_be_named_gives_no_order(shell: Shell) -> None:
    answer = shell.run("silence", "add", "--flow", "web-3h", "--for", "4h", "--why", "x", user="")
    assert (answer.exit_code, "say who you are" in answer.stderr) == (2, True)


def test_a_name_that_is_not_configured_is_said_and_silenced_all_the_same(shell: Shell) -> None:
    answer = shell.run("silence", "add", "--destination", "lak", "--for", "4h", "--why", "x")
    assert answer.exit_code == 0
    assert '"lake"' in answer.stderr


@pytest.mark.parametrize(
    "minutes, told", [(-5, "0 min"), (59, "59 min"), (60, "1 h 00 min"), (2879, "47 h 59 min"), (2880, "2 d 0 h")]
)
def test_spans_are_rounded_down(minutes: int, told: str) -> None:
    assert render_span(timedelta(minutes=minutes)) == told
