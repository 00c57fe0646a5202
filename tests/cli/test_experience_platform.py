"""`experience-platform check` as a new user sees it: what can be read, what is missing, and what for."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from auditor.cli import app
from auditor.cli.experience_platform_text import render_sandboxes
from auditor.report import ReportOptions
from auditor.service.checking import Outcome
from auditor.service.platform_check import NEEDED, PlatformStep, SandboxCheck, Tried
from auditor.worlds.model import WorldDataset, WorldFlow
from auditor.worlds.plan import build_world
from auditor.worlds.platform import FlowService, PlatformServer, Reply, Stock, Target, describe_world
from tests.cli.sandboxes import SECRET, sandbox_config

SCHEMA = jsonschema.Draft202012Validator(
    json.loads(files("auditor.report").joinpath("schemas", "experience-platform-1.json").read_text("utf-8"))
)
SERVICE = "/data/foundation/flowservice"


@pytest.fixture
def server() -> Iterator[PlatformServer]:
    with PlatformServer() as running:
        running.gate.client_secret = SECRET
        yield running


@pytest.fixture
def stock(server: PlatformServer) -> Stock:
    made = describe_world(small_world(), target=Target())
    FlowService(server, made)
    return made


def small_world() -> Any:
    flow = WorldFlow(
        name="web",
        id="d0420d72-756c-4159-9e7f-7d3e2f8b501e",
        datasets=(WorldDataset("5ef3e324052581191aa6a466", "Web events"),),
        start=datetime(2026, 10, 28, tzinfo=UTC),
        parts=(1, 1),
        rows=(1, 1),
        backfill=(1, 1),
    )
    return build_world((flow,), seed="check", now=datetime(2026, 10, 28, 12, tzinfo=UTC))


def check(tmp_path: Path, text: str, *arguments: str) -> Any:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    return CliRunner().invoke(app, ["experience-platform", "check", "-c", str(path), *arguments])


def steps(told: Any, sandbox: int = 0) -> dict[str, str]:
    return {one["step"]: one["outcome"] for one in json.loads(told.stdout)["sandboxes"][sandbox]["steps"]}


def test_all_that_an_audit_asks_is_tried_and_nothing_is_written(server, stock, tmp_path):
    told = check(tmp_path, sandbox_config(server))
    assert told.exit_code == 0, told.output
    assert "All that an audit asks can be read." in told.stdout
    assert "1 flow of dataset exports" in told.stdout
    assert {call.method for call in server.calls if "ims" not in call.path} == {"GET"}
    asked = {call.path.removeprefix("/data/foundation/").partition("/")[2].partition("/")[0] for call in server.calls}
    assert {"flows", "sourceConnections", "targetConnections", "connections", "runs", "connectionSpecs"} <= asked
    assert {"dataSets", "batches"} <= asked
    assert SECRET not in told.output


def test_json_is_what_its_schema_says(server, stock, tmp_path):
    told = check(tmp_path, sandbox_config(server), "--format", "json")
    found = json.loads(told.stdout)
    SCHEMA.validate(found)
    assert found["status"] == "good"
    assert list(steps(told)) == [step.value for step in PlatformStep]
    assert set(steps(told).values()) <= {"done", "nothing to read"}


HEADERS = [  # what the organisation is like, the step that fails, Adobe's words, steps before it that hold
    ({"client_secret": "another"}, "token", "client_id and client_secret are not accepted", []),
    ({"org_id": "FFFF@AdobeOrg"}, "organisation", "Profile is not valid (403025", ["token", "API key"]),
    ({"sandboxes": ("dev",)}, "sandbox", "Sandbox prod was not found", ["token", "API key", "organisation"]),
]


@pytest.mark.parametrize("gate, step, words, before", HEADERS, ids=[case[1] for case in HEADERS])
def test_what_is_wrong_with_the_credential_is_told_and_nothing_is_tried_after_it(
    server, stock, tmp_path, gate, step, words, before
):
    text = sandbox_config(server)
    for name, value in gate.items():
        setattr(server.gate, name, value)
    told = check(tmp_path, text, "--format", "json")
    assert told.exit_code == 3
    (sandbox,) = json.loads(told.stdout)["sandboxes"]
    outcomes = steps(told)
    assert outcomes.pop(step) == "failed"
    assert [outcomes.pop(one) for one in before] == ["done"] * len(before)
    assert set(outcomes.values()) == {"not tried"}
    (failed,) = (one for one in sandbox["steps"] if one["outcome"] == "failed")
    assert words in failed["told"]
    assert failed["unknown_without"].startswith("everything that Experience Platform says")


def test_an_api_key_that_is_not_accepted_is_told_as_such(server, stock, tmp_path):
    server.fail("flows$", Reply(403, {"error_code": "403003", "message": "Api Key is invalid"}))
    told = check(tmp_path, sandbox_config(server), "--format", "json")
    assert (steps(told)["API key"], steps(told)["organisation"]) == ("failed", "not tried")


def test_a_token_that_the_services_do_not_accept_is_no_matter_of_permissions(server, stock, tmp_path):
    server.fail("flows$", Reply(401, {"error_code": "401013", "message": "Oauth token is not valid"}), times=9)
    told = check(tmp_path, sandbox_config(server), "--format", "json")
    assert (steps(told)["token"], steps(told)["flows"]) == ("failed", "not tried")


PERMISSIONS = [  # the beginning of what is forbidden, the steps that fail by it
    (f"{SERVICE}/flows", {"flows"}),
    (f"{SERVICE}/sourceConnections", {"source connections"}),
    (f"{SERVICE}/targetConnections", {"target connections"}),
    (f"{SERVICE}/connections/", {"accounts"}),
    (f"{SERVICE}/runs", {"flow runs"}),
    (f"{SERVICE}/connectionSpecs", {"datasets to export"}),
    ("/data/foundation/catalog", {"dataset names", "batches"}),
]


@pytest.mark.parametrize("path, failing", PERMISSIONS, ids=[case[0] for case in PERMISSIONS])
def test_each_permission_is_tried_by_the_call_that_needs_it(server, stock, tmp_path, path, failing):
    server.gate.forbidden = (path,)
    told = check(tmp_path, sandbox_config(server), "--format", "json")
    assert told.exit_code == 3
    outcomes = steps(told)
    assert {step for step, outcome in outcomes.items() if outcome == "failed"} == failing
    assert "not tried" not in outcomes.values()
    for one in json.loads(told.stdout)["sandboxes"][0]["steps"]:
        if one["outcome"] == "failed":
            assert "2120-403" in one["told"]
            assert "request request-" in one["told"]


def test_the_table_says_what_is_needed_and_what_stays_unknown_without_it(server, stock, tmp_path):
    server.gate.forbidden = (f"{SERVICE}/runs",)
    told = check(tmp_path, sandbox_config(server))
    text = " ".join(told.stdout.split())
    assert "flow runs: a permission is missing" in text
    assert "needed: View Destinations" in text
    assert "unknown without it: what runs claim: exports are judged by storage alone" in text
    assert text.endswith("Not all can be read: prod.")


def test_nobody_who_answers_ends_the_tries_of_that_sandbox(server, stock, tmp_path):
    server.fail(f"{SERVICE}/targetConnections", Reply(503))
    told = check(tmp_path, sandbox_config(server), "--format", "json")
    outcomes = steps(told)
    assert (outcomes["source connections"], outcomes["target connections"]) == ("done", "failed")
    assert (outcomes["accounts"], outcomes["flow runs"]) == ("not tried", "not tried")
    assert told.exit_code == 3


def test_a_sandbox_without_flows_has_nothing_to_try_and_is_no_failure(server, tmp_path):
    FlowService(server, Stock())
    told = check(tmp_path, sandbox_config(server), "--format", "json")
    assert told.exit_code == 0, told.output
    assert steps(told)["flow runs"] == "nothing to read"


def test_each_sandbox_has_its_own_answer_in_the_order_of_the_configuration(server, tmp_path):
    FlowService(server, describe_world(small_world()), Stock(sandbox="stage"))
    told = check(tmp_path, sandbox_config(server, "prod", "stage", "gone"), "--format", "json")
    found = json.loads(told.stdout)["sandboxes"]
    assert [(one["name"], one["looked_at"]) for one in found] == [("prod", True), ("stage", True), ("gone", False)]
    one = check(tmp_path, sandbox_config(server, "prod", "stage", "gone"), "stage")
    assert (one.exit_code, "prod" in one.stdout) == (0, False)


MISTAKES = [
    (["nobody"], "no sandbox of that name"),
    (["prdo"], 'Did you mean "prod"?'),
    (["--format", "xml"], "use one of table, json"),
]


@pytest.mark.parametrize("arguments, said", MISTAKES, ids=[case[1] for case in MISTAKES])
def test_a_mistake_of_the_command_line_is_told_before_anything_is_asked(server, tmp_path, arguments, said):
    told = check(tmp_path, sandbox_config(server), *arguments)
    assert told.exit_code == 2
    assert said in told.stderr
    assert server.calls == []


def test_a_configuration_without_the_section_says_what_to_add(tmp_path):
    told = check(tmp_path, "destinations: {}\n")
    assert told.exit_code == 2
    assert "experience_platform: is missing; add it" in told.stderr


@pytest.mark.parametrize("width", [40, 60, 100, 160])
def test_no_line_is_wider_than_the_terminal(width):
    tried = tuple(Tried(step, Outcome.FAILED, 12_345, "word " * 30 + "x" * 200) for step in PlatformStep)
    one = SandboxCheck("päd\u202egogik\x1b[2J", "0123456789ABCDEF01234567@AdobeOrg", "prod", tried)
    text = render_sandboxes([one, replace(one, name="n" * 90)], ReportOptions(width=width))
    assert max(map(cell_len, text.splitlines())) <= width
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_every_step_says_what_it_needs_and_what_is_unknown_without():
    assert set(NEEDED) == set(PlatformStep)
    assert all(one.needs and one.unknown for one in NEEDED.values())
