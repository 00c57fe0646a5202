"""`explain`: plain at any width, and no dead end."""

import pytest
from typer.testing import CliRunner

from auditor.checks import CATALOGUE
from auditor.cli import app


def run(*arguments):
    return CliRunner().invoke(app, ["explain", *arguments])


@pytest.mark.parametrize("code", CATALOGUE)
def test_an_entry_is_told_whole(code):
    result = run(code)
    told = " ".join(result.stdout.split())
    entry = CATALOGUE[code]
    assert result.exit_code == 0
    for text in (code, entry.severity, entry.meaning, entry.why, *entry.causes, entry.remedy, entry.since):
        assert " ".join(text.split()) in told
    assert "\x1b" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_the_list_names_every_code():
    result = run()
    assert result.exit_code == 0
    assert not [code for code in CATALOGUE if f" {code} " not in result.stdout]


def test_underscores_and_capitals_are_understood():
    assert run("FILE_TRUNCATED").stdout == run("file-truncated").stdout


def test_an_unknown_code_is_a_usage_error_with_the_nearest():
    result = run("file-trunkated")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "file-trunkated is no finding code; did you mean file-truncated" in result.stderr


def test_a_code_like_none_points_to_the_list():
    result = run("\x1b[31mzzzz")
    assert result.exit_code == 2
    assert (
        result.stderr.strip()
        == r"export-auditor: \x1b[31mzzzz is no finding code; `export-auditor explain` lists them all"
    )
