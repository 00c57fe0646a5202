"""`config check` says what was understood, or every mistake."""

from pathlib import Path

from typer.testing import CliRunner

from auditor.cli import app
from tests.settings.configs import flow

EXAMPLE = Path(__file__).parents[2] / "config" / "auditor.example.yaml"


def check(path):
    return CliRunner().invoke(app, ["config", "check", "-c", str(path)])


def test_what_was_understood_is_told():
    result = check(EXAMPLE)
    assert (result.exit_code, result.stderr) == (0, "")
    told = " ".join(result.stdout.split())
    for text in (
        "lake-backup: local",
        "folder backups",
        "Flow web-3h to lake-backup",
        "json, gzip, with manifest, incremental, checked to L3",
        "every 3h from 2026-10-01 00:00Z to 2027-04-01 00:00Z",
        "runs: 10m early, late after 2h30m, missing after 6h, settled after 15m",
        "first run: 10m early, late after 1d, missing after 3d, settled after 15m",
        "dataset 5e3324052581191e66466000 App events",
        "cron 30 2 * * *, Europe/Berlin from 2026-10-31 23:00Z without end, except 2 spans",
        "export-late is error",
    ):
        assert text in told
    assert "\x1b" not in result.stdout


def test_mistakes_go_to_stderr_and_end_with_2(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(flow("colour: red", "grace: 3"))
    result = check(path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[0].startswith(f"{path}:5:5: flows.f.colour: is no key here")
    assert result.stderr.splitlines()[-1] == "2 mistakes; nothing was audited"


def test_a_file_that_is_not_there_ends_with_2(tmp_path):
    assert check(tmp_path / "nope.yaml").exit_code == 2


def test_warnings_are_told_and_are_no_mistake(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(flow('folder_template: "%DATASET_ID%"'))
    result = check(path)
    assert result.exit_code == 0
    assert "line 5: flows.f.folder_template: names no export time" in " ".join(result.stdout.split())


def test_a_template_that_reads_in_two_ways_is_told_before_the_audit(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(flow('folder_template: "%EXPORT_TIME%%SANDBOX_NAME%/%DATASET_ID%"'))
    result = check(path)
    assert result.exit_code == 0
    assert "it cannot be told where %EXPORT_TIME% ends" in " ".join(result.stdout.split())


def test_no_secret_is_told(tmp_path):
    path = tmp_path / "c.yaml"
    keys = "access_key_id: AKIAHUNTER2, secret_access_key: hunter2hunter2"
    text = flow().replace("type: local, root: ./exports", f"type: s3, bucket: acme, {keys}")
    path.write_text("ledger: postgresql://audit:hunter2@db:5432/audit\n" + text)
    result = check(path)
    assert result.exit_code == 0
    assert "hunter2" not in result.output.lower()
    assert "postgresql://db/audit" in result.stdout


def test_names_from_the_file_are_only_read(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(flow(datasets='[{id: 5ef3e324052581191aa6a466, name: "\\e[31m[bold]x\\ny"}]'))
    assert r"dataset 5ef3e324052581191aa6a466 \x1b[31m[bold]x\ny" in check(path).stdout
