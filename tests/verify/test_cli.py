"""`export-auditor verify`: what it prints, and how it ends."""

import json

import pytest
import typer
from typer.testing import CliRunner

from auditor.cli.verify import verify
from tests.verify.checking import TEXT, packed

APP = typer.Typer(pretty_exceptions_enable=False)
APP.command()(verify)


def run(*arguments):
    return CliRunner().invoke(APP, [str(argument) for argument in arguments])


@pytest.fixture
def tree(tmp_path):
    """Two sound files, a manifest, a marker and an upload leftover."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "part-1.json.gz").write_bytes(packed(TEXT))
    (tmp_path / "part-2.json").write_bytes(TEXT)
    (tmp_path / "manifest-1.json").write_text('{\n"flowRunId": "x"\n}')
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / "part-3.json.gz.tmp").write_bytes(b"half")
    return tmp_path


def test_all_sound_is_exit_0_one_object_a_line(tree):
    result = run("--json", tree)
    assert result.exit_code == 0
    lines = sorted((json.loads(line) for line in result.stdout.splitlines()), key=lambda line: line["path"])
    assert [line["path"] for line in lines] == [f"{tree}/deep/er/part-1.json.gz", f"{tree}/part-2.json"]
    packed_line = lines[0]
    assert {key: packed_line[key] for key in ("content", "level", "format", "compression", "records", "bytes")} == {
        "content": "sound",
        "level": "L3",
        "format": "json",
        "compression": "gzip",
        "records": 2,
        "bytes": len(packed(TEXT)),
    }
    assert packed_line["findings"] == []
    assert "Not checked as data" in result.stderr


def test_people_get_a_line_a_file_and_a_summary(tree):
    result = run(tree)
    assert result.exit_code == 0
    assert "2 files" in result.stdout
    assert "2 sound" in result.stdout
    assert "1 manifest" in result.stdout


def test_anything_damaged_is_exit_1_with_evidence_and_remedy(tree):
    (tree / "cut.json.gz").write_bytes(packed(TEXT)[:-9])
    (tree / "who knows.json.pgp").write_bytes(b"x")
    result = run("--json", tree, tree / "who knows.json.pgp")
    assert result.exit_code == 1
    (bad,) = [line for line in map(json.loads, result.stdout.splitlines()) if line["content"] == "damaged"]
    (finding,) = bad["findings"]
    assert (finding["code"], finding["severity"]) == ("file-truncated", "error")
    assert finding["remedy"]
    assert finding["evidence"]["records_readable"] == 2
    assert "file-truncated" in run(tree).stdout


def test_anything_that_could_not_be_checked_is_exit_3(tree):
    (tree / "part-9.json.gz.pgp").write_bytes(b"x")
    result = run("--json", tree)
    assert result.exit_code == 3
    assert [line["reason"] for line in map(json.loads, result.stdout.splitlines()) if line["content"] != "sound"] == [
        "encrypted"
    ]


def test_nothing_found_is_exit_3(tmp_path):
    (tmp_path / "empty").mkdir()
    for options in ([], ["--json"]):
        result = run(*options, tmp_path)
        assert result.exit_code == 3
        assert "Nothing to check" in result.stdout + result.stderr


def test_level_0_reads_nothing_and_is_never_good(tree):
    assert run("--level", "L0", tree).exit_code == 3


@pytest.mark.parametrize(
    "arguments", [["nowhere"], ["no\x1b[31mwhere"], ["--level", "L9", "."], ["ftp://x/y"], ["/dev/null"]]
)
def test_usage_errors_are_exit_2_with_one_sentence(arguments):
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert "\x1b" not in result.stderr


def test_a_file_named_is_checked_whatever_its_name(tree):
    (tree / "_odd").write_bytes(TEXT)
    result = run("--json", tree / "_odd", tree / "part-2.json")
    assert result.exit_code == 0
    assert sorted(json.loads(line)["path"] for line in result.stdout.splitlines()) == [
        f"{tree}/_odd",
        f"{tree}/part-2.json",
    ]


def test_hostile_names_and_links_do_no_harm(tree, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.json").write_bytes(TEXT)
    (tree / "link.json").symlink_to(outside / "secret.json")
    (tree / "up").symlink_to("..")
    name = "a\x1b[2J\n[red]b\u202e.json"
    (tree / name).write_bytes(b"nope\n")
    (tree / "ü ..json").write_bytes(TEXT)
    result = run(tree)
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
    assert "4 files" in result.stdout
    assert "links that leave the root" in result.stdout
    paths = [json.loads(line)["path"] for line in run("--json", tree).stdout.splitlines()]
    assert f"{tree}/{name}" in paths
    assert not any(path.endswith("link.json") for path in paths)
