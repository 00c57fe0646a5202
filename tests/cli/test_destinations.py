"""`destinations check` as a user sees it: a table, what to do about it, JSON, exit codes."""

import json
from importlib.resources import files

import jsonschema
import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from auditor.cli import app
from auditor.cli.destinations_text import render_checks, render_checks_json
from auditor.report import ReportOptions
from auditor.service.checking import DestinationCheck, Outcome, Step, StepName
from tests.servers.fake_s3 import error, fake_s3, page, stored
from tests.settings.configs import destination

SCHEMA = jsonschema.Draft202012Validator(
    json.loads(files("auditor.report").joinpath("schemas", "destinations-1.json").read_text("utf-8"))
)
SECRET = "hunter2hunter2"


def run(tmp_path, text, *arguments):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    return CliRunner().invoke(app, ["destinations", "check", "-c", str(path), *arguments])


def on_s3(fake):
    return destination(
        "type: s3", "bucket: exports", "folder: aep", f"endpoint_url: {fake.endpoint_url}", "access_key_id: x",
        f"secret_access_key: {SECRET}", "timeout: 5s", "page_size: 3",
    )  # fmt: skip


def test_a_bucket_is_asked_for_two_pages_at_most_and_one_object_whatever_lies_in_it(tmp_path):
    def answer(request):
        if request.is_listing:
            return page(["aep/", "aep/a.json", "aep/b.json"], token="more")
        return stored(b"01234", request)

    with fake_s3(answer) as fake:
        told = run(tmp_path, on_s3(fake))
    assert told.exit_code == 0, told.output
    assert "It can be audited." in told.stdout
    assert {request.method for request in fake.requests} <= {"GET", "HEAD"}
    assert len([request for request in fake.requests if request.is_listing]) <= 3
    assert {request.path for request in fake.requests if not request.is_listing} == {"/exports/aep/a.json"}


def test_a_right_that_is_missing_is_named_in_the_providers_words(tmp_path):
    def answer(request):
        return page(["aep/a.json"]) if request.is_listing else error("AccessDenied", 403, said=SECRET)

    with fake_s3(answer) as fake:
        told = run(tmp_path, on_s3(fake))
    assert told.exit_code == 3
    assert "s3:GetObject" in told.stdout
    assert "export-auditor explain access-denied" in " ".join(told.stdout.split())
    assert SECRET not in told.output


def test_json_is_what_its_schema_says(tmp_path):
    with fake_s3(lambda _: error("InvalidAccessKeyId", 403)) as fake:
        told = run(tmp_path, on_s3(fake), "--format", "json")
    assert told.exit_code == 3
    found = json.loads(told.stdout)
    SCHEMA.validate(found)
    assert (found["status"], found["destinations"][0]["looked_at"]) == ("unknown", False)
    failed = [step for step in found["destinations"][0]["steps"] if step["outcome"] == "failed"]
    assert [(step["step"], step["code"]) for step in failed] == [("log in", "credential-expired")]


def test_an_empty_place_is_good(tmp_path):
    (tmp_path / "exports").mkdir()
    told = run(tmp_path, destination("type: local", "root: exports"))
    assert told.exit_code == 0
    assert "nothing to read yet" in " ".join(told.stdout.split())


def test_names_choose_and_unknown_ones_are_mistakes(tmp_path):
    (tmp_path / "exports").mkdir()
    text = destination("type: local", "root: exports").replace("  d:\n", "  gone: {type: local, root: nowhere}\n  d:\n")
    assert run(tmp_path, text).exit_code == 3
    assert run(tmp_path, text, "d").exit_code == 0
    unknown = run(tmp_path, text, "gonne")
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    assert 'Did you mean "gone"?' in unknown.stderr
    assert run(tmp_path, text, "--format", "xml").exit_code == 2
    assert run(tmp_path, "destinations: {}\n").exit_code == 2


def done(name, took_ms=None, told=""):
    return Step(name, Outcome.DONE, took_ms, told)


REACH, LOG_IN, LIST, READ = StepName
GOOD = (done(REACH), done(LOG_IN, 1234), done(LIST, 0, "7 objects"), done(READ, 56, "a"))
DENIED = Step(
    LIST, Outcome.FAILED, 5, "not allowed (AuthorizationFailure)", ("Storage Blob Data Reader",), "access-denied"
)
CHECKS = [
    DestinationCheck("lake", "s3", "s3://exports", "aep", GOOD, None),
    DestinationCheck("a" * 60, "data-landing-zone", "https://acme.blob.core.windows.net/dlz", "", GOOD, ("write",)),
    DestinationCheck(
        "nasty\x1b[31m\n",
        "gcs",
        "gs://x",
        "",
        (done(REACH), done(LOG_IN), DENIED, Step(READ, Outcome.NOT_TRIED)),
        None,
        ("n\x07",),
    ),
    DestinationCheck(
        "clean", "sftp", "sftp://u@h:22", "", (*GOOD[:3], Step(READ, Outcome.NOTHING, None, "nothing")), ()
    ),
]


@pytest.mark.parametrize("width", [40, 80, 120, 160])
@pytest.mark.parametrize("unicode", [True, False])
def test_the_table_fits_and_holds_nothing_that_moves_a_cursor(width, unicode):
    text = render_checks(CHECKS, ReportOptions(width=width, colour=False, unicode=unicode))
    assert max(map(cell_len, text.splitlines())) <= width
    assert not set(text) & {"\x1b", "\x07", "\r"}
    assert unicode or text.isascii()


def test_the_table_says_what_each_may_and_what_to_do():
    text = render_checks(CHECKS, ReportOptions(width=160, colour=False, unicode=True))
    lines = text.splitlines()
    assert lines[0].split() == ["destination", "type", "place", "reach,", "log", "in", "list", "read", "may", "write"]
    assert "✓ 1,234 ms" in text
    assert "✓ <1 ms" in text
    assert [line.split()[-1] for line in lines if line.startswith(("lake ", "clean "))] == ["told", "no"]
    assert "needed there: Storage Blob Data Reader" in text
    assert text.rstrip().endswith("1 destination of 4 cannot be audited: nasty\\x1b[31m\\n.")


def test_the_json_of_hostile_names_is_ascii_and_valid():
    text = render_checks_json(CHECKS)
    assert text.isascii()
    SCHEMA.validate(json.loads(text))
