"""`verify name:key`: a destination of the configuration, unless a file of that name is here."""

import pytest
from typer.testing import CliRunner

from auditor.cli import app
from tests.settings.configs import destination

SECRET = "hunter2hunter2"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exports" / "aep" / "x").mkdir(parents=True)
    (tmp_path / "exports" / "aep" / "x" / "part-1.json").write_text('{"a": 1}\n')
    (tmp_path / "c.yaml").write_text(destination("type: local", "root: exports", "folder: aep"))
    return tmp_path


def verify(*arguments):
    return CliRunner().invoke(app, ["verify", *arguments])


def test_a_configured_destination_is_opened_by_its_name(home):
    told = verify("d:aep/x", "-c", "c.yaml")
    assert told.exit_code == 0, told.output
    assert "d:aep/x/part-1.json" in told.stdout


def test_the_default_configuration_needs_no_option(home):
    (home / "c.yaml").rename(home / "auditor.yaml")
    assert verify("d:aep/x/part-1.json").exit_code == 0


def test_a_file_whose_name_has_a_colon_goes_first(home):
    (home / "d:aep").write_text('{"a": 1}\n')
    (home / "e:1.json").write_text('{"a": 1}\n')
    assert "1 file, 9 bytes" in verify("e:1.json").stdout
    assert "d:aep/x" not in verify("d:aep", "-c", "c.yaml").stdout
    assert verify("./e:1.json", "-c", "c.yaml").exit_code == 0


def test_keys_below_the_folder_alone_are_told_how_keys_begin(home):
    told = verify("d:x", "-c", "c.yaml")
    assert told.exit_code == 3
    assert "keys of exports there begin with aep/" in told.stdout


WRONG = [  # arguments, what is said
    (["f:aep", "-c", "c.yaml"], "no destination of that name in c.yaml; there: d."),
    (["d:aep"], "add -c FILE if it is a destination of a configuration"),
    (["d:aep", "-c", "none.yaml"], "cannot be read"),
    (["a/d:aep", "-c", "c.yaml"], "a/d:aep does not exist"),
    ([f"sftp://u:{SECRET}@h/x"], "holds a password"),
    ([f"https://h/x?sig={SECRET}"], "holds a password or a signature"),
    (["nowhere://x"], "no address that can be opened; known: s3://bucket/prefix, gs://"),
]


@pytest.mark.parametrize("arguments, said", WRONG, ids=[case[1] for case in WRONG])
def test_what_names_nothing_ends_with_2_and_one_sentence(home, arguments, said):
    told = verify(*arguments)
    assert (told.exit_code, told.stdout) == (2, "")
    assert said in told.stderr
    assert SECRET not in told.output
