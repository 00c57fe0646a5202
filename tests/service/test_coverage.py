"""Coverage and ends of whole audits, against a stand-in for Experience Platform, and by their commands."""

import csv
import json
import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from typer.testing import CliRunner

from auditor.cli import app
from auditor.model import Coverage, Standing, Status
from auditor.report import render_json
from auditor.service.coverage import read_coverage
from auditor.settings import load_config
from auditor.worlds.platform import Reply
from tests.report.test_json_report import schema
from tests.service.auditing import verifier
from tests.service.test_platform_flows import Sandbox, findings, follow, sandbox
from tests.worlds.small import DAILY, EVENTS, WEB

__all__ = ["sandbox", "verifier"]

DAY = timedelta(days=1)
NEW = "aaaaaaaaaaaaaaaaaaaaaaaa"
FLOWS = r"/data/foundation/flowservice/flows"
CONFIGS = r"/connectionSpecs/.*/configs"


def standing(lines: Any, dataset: str) -> Standing:
    (line,) = [one for one in lines if one.dataset == dataset]
    found: Coverage = line
    return found.standing


def add_eligible(bench: Sandbox, *ids: str) -> None:
    like = next(iter(bench.stock.eligible.values()))
    bench.stock.add("eligible", *({**like, "id": one, "name": f"Dataset {one[:4]}"} for one in ids))


def ends_in(bench: Sandbox, left: timedelta) -> None:
    for flow in bench.stock.flows.values():
        flow["scheduleParams"]["endTime"] = int((bench.world.now + left).timestamp())


def failing(bench: Sandbox, path: str) -> None:
    bench.platform.fail(path, Reply(403, {"error_code": "2120-403", "message": "no permission"}), times=99)


# --- in an audit -------------------------------------------------------------------------------


def test_an_audit_has_coverage_and_ends_in_its_json(sandbox):
    bench = sandbox(DAILY)
    add_eligible(bench, NEW)
    ends_in(bench, 12 * DAY)
    told = json.loads(render_json(bench.audit()))
    stands = {row["dataset"]: row["standing"] for row in told["coverage"]}
    assert (stands[NEW], stands[DAILY.datasets[0].id]) == ("never_protected", "protected")
    assert [row["code"] for row in told["endings"]] == ["flow-ending"]
    assert told["endings"][0]["experience_platform"]
    assert Draft202012Validator(schema("audit-1"), format_checker=FormatChecker()).is_valid(told)


def test_what_never_was_exported_is_one_warning_and_no_exit_code_1(sandbox):
    bench = sandbox(DAILY)
    add_eligible(bench, NEW, NEW.replace("a", "b"))
    result = bench.audit()
    (told,) = findings(result, "dataset-unprotected")
    assert told.evidence["count"] == 2
    assert result.status is Status.GOOD
    assert result.names[NEW] == "Dataset aaaa"


def test_a_dataset_whose_flow_is_disabled_or_deleted_is_no_longer_protected(sandbox):
    bench = sandbox(DAILY)
    dataset = DAILY.datasets[0].id
    assert standing(bench.audit().coverage, dataset) is Standing.PROTECTED
    bench.flow(DAILY.name)["state"] = "disabled"
    result = bench.audit(after=timedelta(minutes=1))
    assert standing(result.coverage, dataset) is Standing.NO_LONGER
    assert dataset in {one.dataset for one in findings(result, "dataset-unprotected")}
    bench.stock.flows.clear()
    gone = bench.audit(after=timedelta(minutes=2))
    assert standing(gone.coverage, dataset) is Standing.NO_LONGER
    assert "no longer there" in next(one.reason for one in gone.coverage if one.dataset == dataset)


@pytest.mark.parametrize("path", [FLOWS, CONFIGS])
def test_what_cannot_be_read_is_unknown_or_left_out_and_never_called_unprotected(sandbox, path):
    bench = sandbox(DAILY)
    add_eligible(bench, NEW)
    failing(bench, path)
    result = bench.audit()
    assert findings(result, "dataset-unprotected") == []
    assert {one.standing for one in result.coverage} <= {Standing.UNKNOWN, Standing.PROTECTED}
    assert result.status is Status.INCOMPLETE


def test_a_waiver_by_the_name_that_only_adobe_knows_is_used(sandbox):
    bench = sandbox(DAILY)
    add_eligible(bench, NEW)
    match = "{code: dataset-unprotected, dataset: Dataset a*}"
    bench.edit = lambda text: f"{text}\nwaivers: [{{match: {match}, reason: test, by: jo, until: 2099-01-01}}]\n"
    result = bench.audit()
    assert findings(result, "waiver-unused") == []
    assert [one.waived.reason for one in findings(result, "dataset-unprotected")] == ["test"]
    assert [one.waived is not None for one in result.coverage if one.dataset == NEW] == [True]


def test_a_flow_that_ends_is_told_in_time(sandbox):
    bench = sandbox(DAILY)
    ends_in(bench, 12 * DAY)
    (told,) = findings(bench.audit(), "flow-ending")
    assert (told.flow, told.evidence["reached_days"]) == (DAILY.name, 14)
    ends_in(bench, 61 * DAY)
    assert findings(bench.audit(after=timedelta(minutes=1)), "flow-ending") == []


def test_a_part_of_the_configuration_says_nothing_of_coverage(sandbox):
    bench = sandbox(WEB, DAILY)
    add_eligible(bench, NEW)
    asked = len(bench.platform.asked(CONFIGS))
    result = bench.audit(flow=DAILY.name)
    assert result.coverage == ()
    assert findings(result, "dataset-unprotected") == []
    assert len(bench.platform.asked(CONFIGS)) == asked


def test_a_waiver_for_a_dataset_of_which_nothing_can_be_told_is_not_called_unused(sandbox):
    bench = sandbox(WEB, DAILY)
    add_eligible(bench, NEW)
    match = "{code: dataset-unprotected, dataset: Dataset a*}"
    bench.edit = lambda text: f"{text}\nwaivers: [{{match: {match}, reason: test, by: jo, until: 2099-01-01}}]\n"
    source = bench.stock.sources[bench.flow(WEB.name)["sourceConnectionIds"][0]]
    source["params"] = {}
    result = bench.audit()
    assert standing(result.coverage, NEW) is Standing.UNKNOWN
    assert findings(result, "waiver-unused") == []


def test_an_audit_of_the_past_takes_flows_as_they_were_known_then(sandbox):
    bench = sandbox(DAILY)
    dataset = DAILY.datasets[0].id
    bench.audit()
    bench.flow(DAILY.name)["state"] = "disabled"
    assert standing(bench.audit(after=timedelta(minutes=9)).coverage, dataset) is Standing.NO_LONGER
    then = bench.audit(after=timedelta(minutes=5), is_past=True)
    assert standing(then.coverage, dataset) is Standing.PROTECTED


def test_flows_that_are_followed_are_covered(sandbox):
    bench = sandbox(DAILY)
    bench.edit = follow
    result = bench.audit()
    assert standing(result.coverage, DAILY.datasets[0].id) is Standing.PROTECTED
    assert standing(answer_of(bench).lines, DAILY.datasets[0].id) is Standing.PROTECTED


def test_a_sandbox_that_no_flow_is_held_against_is_not_asked(sandbox):
    bench = sandbox(DAILY)
    bench.edit = lambda text: re.sub(r"^    (experience_platform|flow_id): .*\n", "", text, flags=re.MULTILINE)
    result = bench.audit()
    assert bench.platform.asked() == []
    assert (result.coverage, result.status) == ((), Status.GOOD)


# --- the commands ------------------------------------------------------------------------------


def answer_of(bench: Sandbox):
    config = load_config(bench.home / "auditor.yaml")
    return read_coverage(config, bench.ledger, now=bench.world.now + timedelta(minutes=5))


def test_coverage_takes_storage_from_the_newest_audit_of_everything(sandbox):
    bench = sandbox(WEB, DAILY)
    bench.audit()
    bench.audit(flow=DAILY.name, after=timedelta(minutes=1))
    answer = answer_of(bench)
    assert answer.audited_at == bench.world.now
    assert standing(answer.lines, WEB.datasets[0].id) in (Standing.PROTECTED, Standing.TWICE)


def test_coverage_without_an_audit_knows_nothing_of_storage(sandbox):
    bench = sandbox(DAILY)
    bench.audit(flow=DAILY.name)
    answer = answer_of(bench)
    assert answer.audited_at is None
    assert {one.standing for one in answer.lines if DAILY.name in one.flows} == {Standing.UNKNOWN}


def run(bench: Sandbox, *words: str):
    """A command on a ledger of its own."""
    return CliRunner().invoke(app, [words[0], "-c", str(bench.home / "auditor.yaml"), *words[1:]])


def test_the_command_says_how_datasets_stand_in_every_format(sandbox):
    bench = sandbox(DAILY)
    add_eligible(bench, NEW)
    bench.audit(flow=DAILY.name)
    table = run(bench, "coverage")
    assert table.exit_code == 3  # nothing was audited as a whole
    assert "storage was never audited as a whole" in table.stdout
    told = json.loads(run(bench, "coverage", "--format", "json").stdout)
    assert Draft202012Validator(schema("coverage-1"), format_checker=FormatChecker()).is_valid(told)
    assert told["summary"]["never"] >= 1
    assert told["status"] == "incomplete"
    rows = [*csv.DictReader(StringIO(run(bench, "coverage", "--format", "csv").stdout))]
    assert {row["dataset"]: row["standing"] for row in rows}[NEW] == "never_protected"
    assert run(bench, "coverage", "--fail-on", "warning").exit_code == 1
    assert run(bench, "coverage", "--format", "xml").exit_code == 2


def test_the_command_cannot_tell_where_the_sandbox_does_not_answer(sandbox):
    bench = sandbox(DAILY)
    bench.audit(flow=DAILY.name)
    failing(bench, FLOWS)
    failing(bench, CONFIGS)
    result = run(bench, "coverage")
    assert result.exit_code == 3
    assert "could not be read: flows of" in result.stdout
    assert "hunter2" not in result.output


def test_the_calendar_is_told_in_every_format(sandbox):
    bench = sandbox(DAILY)
    bench.audit(flow=DAILY.name)
    ends_in(bench, 4000 * DAY)  # the command has the machine's own clock
    table = run(bench, "calendar")
    assert table.exit_code == 0
    assert f"flow {DAILY.name} ends" in table.stdout
    told = json.loads(run(bench, "calendar", "--format", "json").stdout)
    assert Draft202012Validator(schema("calendar-1"), format_checker=FormatChecker()).is_valid(told)
    assert [row["code"] for row in told["endings"]] == ["flow-ending"]
    file = bench.home / "ends.ics"
    assert run(bench, "calendar", "--format", "ics", "-o", str(file)).exit_code == 0
    assert file.read_text().startswith("BEGIN:VCALENDAR")
    failing(bench, FLOWS)
    refused = run(bench, "calendar")
    assert refused.exit_code == 3
    assert "could not be read" in refused.output


def test_coverage_needs_somebody_to_ask(tmp_path):
    config = tmp_path / "auditor.yaml"
    config.write_text(
        "destinations: {lake: {type: local, root: ./exports}}\n"
        f"flows: {{web: {{destination: lake, datasets: [{EVENTS.id}], "
        "schedule: {every: 3h, start: 2026-01-01T00:00:00Z}}}\n"
    )
    result = CliRunner().invoke(app, ["coverage", "-c", str(config)])
    assert result.exit_code == 2
    assert "has no experience_platform section" in result.output
    assert CliRunner().invoke(app, ["calendar", "-c", str(config)]).exit_code == 0
