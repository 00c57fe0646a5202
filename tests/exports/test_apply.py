"""`exports apply`: only where it may, nothing twice, and an end at the first refusal that says how to go on."""

import json
import re

import pytest

from adapters.base import CredentialExpired
from adapters.experience_platform.writing import WritingExperiencePlatform
from auditor.worlds.platform import Reply
from auditor.worlds.platform.stock import CONNECTION_SPECS, FLOW_SPECS
from tests.adapters.experience_platform.making import client
from tests.exports.test_plan import NEW, TYPES
from tests.exports.world import BASE, CRM, SECRET, WEB, add_base, run, world

FLOWS = "/data/foundation/flowservice/flows"
SOURCES = "/data/foundation/flowservice/sourceConnections"
TARGETS = "/data/foundation/flowservice/targetConnections"
CONNECTIONS = "/data/foundation/flowservice/connections"
TWO_FLOWS = f"""\
  web-3h: {{destination: lake, schedule: SCHEDULE, datasets: [{WEB}]}}
  crm: {{destination: lake, schedule: SCHEDULE, datasets: [{CRM}], folder_template: "x/%DATASET_ID%/%EXPORT_TIME%"}}
exports:
  web-3h: {{experience_platform: prod, DECLARED}}
  crm: {{experience_platform: prod, DECLARED}}
""".replace("SCHEDULE", "{every: 3h, start: 2099-12-01T00:00:00Z, end: 2100-12-01T00:00:00Z}")


def refuse(sandbox, path, reply):
    """Have calls that make something at `path` answered with `reply`, lists as before; gives the way back."""
    refusing = [True]
    answer = next(each.answer for each in sandbox.server._routes if each.method == "POST" and each.path.fullmatch(path))
    sandbox.server.route("POST", path, lambda call: reply if refusing[0] else answer(call))
    return lambda: refusing.__setitem__(0, False)


def test_a_second_apply_sends_nothing(tmp_path):
    with world() as sandbox:
        first = run(tmp_path, sandbox.text(), "apply", "--yes")
        sent = len(sandbox.sent)
        second = run(tmp_path, sandbox.text(), "apply", "--yes")
        flow_id = next(iter(sandbox.stock.flows))
        assert (first.exit_code, second.exit_code, sent, len(sandbox.sent)) == (0, 0, 3, 3)
    assert "All is there already. Nothing was sent." in second.stdout
    for told in (first, second):
        assert f"    experience_platform: prod\n    flow_id: {flow_id}\n" in told.stdout


def test_the_lines_that_are_printed_are_taken_by_the_configuration(tmp_path):
    with world() as sandbox:
        assert run(tmp_path, sandbox.text(), "apply", "--yes").exit_code == 0
        flow_id = next(iter(sandbox.stock.flows))
        before = len(sandbox.server.calls)
        text = sandbox.text(flow=f"experience_platform: prod, flow_id: {flow_id}")
        told = [run(tmp_path, text, *arguments) for arguments in (["plan"], ["apply", "--yes"])]
        assert [one.exit_code for one in told] == [0, 0]
        assert len(sandbox.server.calls) == before
    assert "Write below" not in told[1].stdout


def test_the_lines_name_an_entry_that_cannot_write_where_there_is_one(tmp_path):
    with world() as sandbox:
        text = sandbox.text()
        entry = re.search(r"  prod:\n(?:    .*\n)+", text)[0]
        reading = entry.replace("prod:", "audit:", 1).replace("allow_write: true", "allow_write: false")
        text = text.replace(entry, entry + reading)
        assert "    experience_platform: audit\n" in run(tmp_path, text, "apply", "--yes").stdout
        assert sandbox.bodies()


@pytest.mark.parametrize(
    "arguments, allowed, told",
    [
        (["apply", "--yes"], False, "experience_platform.prod.allow_write is false, so nothing is sent there"),
        (["apply"], True, "exports apply sends nothing without --yes"),
    ],
)
def test_nothing_at_all_is_asked_where_nothing_may_be_sent(arguments, allowed, told, tmp_path):
    with world() as sandbox:
        found = run(tmp_path, sandbox.text(allow_write=allowed), *arguments)
        assert found.exit_code == 2
        assert told in found.stderr
        assert sandbox.server.calls == []


def test_a_plan_needs_no_permission_to_write(tmp_path):
    with world() as sandbox:
        assert run(tmp_path, sandbox.text(allow_write=False), "plan").exit_code == 0


def test_the_client_that_can_write_does_not_open_where_it_may_not():
    with pytest.raises(ValueError, match="allow_write is false"):
        WritingExperiencePlatform("prod", allow_write=False, org_id="o", client_id="c", client_secret="hush")


@pytest.mark.parametrize("made, path", list(enumerate([SOURCES, CONNECTIONS, TARGETS, FLOWS])))
def test_it_stops_at_the_first_refusal_and_goes_on_from_there(made, path, tmp_path):
    with world() as sandbox:
        text = sandbox.text(lake=TYPES["s3"][0], export=NEW)
        mend = refuse(sandbox, path, Reply(400, {"errorMessage": "Bad Request", "errorDetails": "not like this"}))
        found = run(tmp_path, text, "apply", "--yes")
        assert found.exit_code == 3
        assert "not like this" in found.stdout
        assert "nothing is undone" in found.stdout
        assert "To go on: " in found.stdout
        assert "Write below" not in found.stdout
        assert len(sandbox.sent) == made + 1
        kept = [*sandbox.stock.sources, *(set(sandbox.stock.connections) - {BASE}), *sandbox.stock.targets]
        assert len(kept) == made
        assert all(f": {one}\n" in found.stdout for one in kept)
        assert (f"{made} object{'' if made == 1 else 's'} made." if made else "Nothing was made.") in found.stdout
        mend()
        assert run(tmp_path, text, "apply", "--yes").exit_code == 0
        assert len(sandbox.sent) == 1 + 4
        assert len(sandbox.stock.flows) == len(sandbox.stock.sources) == len(sandbox.stock.targets) == 1
        assert run(tmp_path, text, "apply", "--yes").exit_code == 0
        assert len(sandbox.sent) == 1 + 4


@pytest.mark.parametrize("status", [429, 500, 503, 504])
def test_no_call_is_sent_twice_whatever_the_server_answers(status, tmp_path):
    with world() as sandbox:
        refuse(sandbox, TARGETS, Reply(status, {}, {"Retry-After": "0"}))
        assert run(tmp_path, sandbox.text(), "apply", "--yes").exit_code == 3
        assert [call.path for call in sandbox.sent] == [SOURCES, TARGETS]


def test_an_object_that_was_made_and_whose_answer_was_lost_is_found_and_not_made_again(tmp_path):
    with world() as sandbox:
        answer = next(
            one.answer for one in sandbox.server._routes if one.method == "POST" and one.path.fullmatch(FLOWS)
        )
        cut = [3]

        def lose(call):
            reply = answer(call)
            return Reply(reply.status, reply.body, reply.headers, cut_at=cut.pop()) if cut else reply

        sandbox.server.route("POST", FLOWS, lose)
        found = run(tmp_path, sandbox.text(), "apply", "--yes")
        assert found.exit_code == 3
        assert "also if the call that failed was carried out after all" in found.stdout.replace("\n", " ")
        again = run(tmp_path, sandbox.text(), "apply", "--yes")
        assert again.exit_code == 0
        assert len(sandbox.stock.flows) == 1
        assert next(iter(sandbox.stock.flows)) in again.stdout


def test_an_answer_without_an_id_is_no_success(tmp_path):
    with world() as sandbox:
        refuse(sandbox, SOURCES, Reply(201, {"etag": "x"}))
        found = run(tmp_path, sandbox.text(), "apply", "--yes")
    assert found.exit_code == 3
    assert "the answer has no id" in found.stdout


@pytest.mark.parametrize("kind", ["s3", "azure-blob", "adls-gen2", "gcs", "sftp"])
def test_a_refusal_that_quotes_what_was_sent_shows_no_secret(kind, tmp_path):
    with world() as sandbox:
        sandbox.server.route(
            "POST", CONNECTIONS, lambda call: Reply(400, {"errorMessage": "no", "errorDetails": call.body.decode()})
        )
        found = run(tmp_path, sandbox.text(lake=TYPES[kind][0], export=NEW), "apply", "--yes")
    assert found.exit_code == 3
    assert "specName" in found.stdout
    assert SECRET not in found.output
    with world() as sandbox:
        sandbox.server.route(
            "POST", CONNECTIONS, lambda call: Reply(400, {"errorMessage": f"{SECRET} is wrong", "errorDetails": ""})
        )
        found = run(tmp_path, sandbox.text(lake=TYPES[kind][0], export=NEW), "apply", "--yes")
    assert "is wrong" in found.stdout
    assert SECRET not in found.output


def test_secrets_go_to_the_base_connection_call_and_nowhere_else(tmp_path):
    with world() as sandbox:
        assert run(tmp_path, sandbox.text(lake=TYPES["s3"][0], export=NEW), "apply", "--yes").exit_code == 0
        holding = {call.path for call in sandbox.server.calls if SECRET.encode() in call.body}
        assert holding == {CONNECTIONS}
        assert not [call for call in sandbox.server.calls if SECRET in str((call.query, call.headers))]


def test_an_existing_base_connection_gets_no_secret_though_the_destination_has_some(tmp_path):
    with world() as sandbox:
        assert run(tmp_path, sandbox.text(lake=TYPES["s3"][0]), "apply", "--yes").exit_code == 0
        assert not [call for call in sandbox.server.calls if SECRET.encode() in call.body]


def test_a_token_that_is_refused_is_renewed_once_and_nothing_is_made_twice():
    with world() as sandbox:
        given = {
            "org_id": sandbox.server.gate.org_id,
            "client_id": "stand-in-client",
            "client_secret": "stand-in-secret",
        }
        addresses = {"base_url": sandbox.server.base_url, "token_url": sandbox.server.token_url}
        platform = WritingExperiencePlatform("prod", allow_write=True, **given, **addresses)
        platform.check_token()
        sandbox.server.gate.revoke_tokens()
        spec = {"id": CONNECTION_SPECS["data-landing-zone"], "version": "1.0"}
        document = json.dumps({"name": "zone", "connectionSpec": spec}).encode()
        assert platform.create(CONNECTIONS, document) in sandbox.stock.connections
        assert [call.path for call in sandbox.sent] == [CONNECTIONS] * 2
        sandbox.server.route("POST", CONNECTIONS, lambda call: Reply(401, {"error_code": "401013", "message": "no"}))
        with pytest.raises(CredentialExpired):
            platform.create(CONNECTIONS, document)
        assert len(sandbox.sent) == 4
        platform.close()


def test_the_reading_client_has_no_way_to_make_anything():
    with world() as sandbox:
        platform = client(sandbox.server)
        assert not hasattr(platform, "create")
        platform.close()


def test_two_flows_share_a_base_connection_that_the_first_makes(tmp_path):
    with world() as sandbox:
        text = sandbox.text(lake=TYPES["s3"][0]).partition("  web-3h:")[0] + TWO_FLOWS.replace("DECLARED", NEW)
        planned = run(tmp_path, text, "plan")
        assert planned.exit_code == 0, planned.output
        assert 'made for a flow above: base connection "new base"' in planned.stdout
        found = run(tmp_path, text, "apply", "--yes")
        assert found.exit_code == 0, found.output
        assert [call.path for call in sandbox.sent] == [SOURCES, CONNECTIONS, TARGETS, FLOWS, SOURCES, TARGETS, FLOWS]
        assert len({target["baseConnectionId"] for target in sandbox.stock.targets.values()}) == 1
        assert run(tmp_path, text, "apply", "--yes").exit_code == 0
        assert len(sandbox.sent) == 7


def test_two_flows_that_would_make_one_base_connection_with_different_logins(tmp_path):
    with world() as sandbox:
        text = sandbox.text(lake=TYPES["s3"][0]).partition("  web-3h:")[0] + TWO_FLOWS.replace("DECLARED", NEW)
        other = TYPES["s3"][0].replace(f"secret_access_key: {SECRET}", "secret_access_key: another-secret")
        text = text.replace("flows:\n", f"  pond: {other}\nflows:\n").replace(
            "crm: {destination: lake", "crm: {destination: pond"
        )
        found = run(tmp_path, text, "apply", "--yes")
        assert found.exit_code == 2, found.output
        assert "would be made with another login by another flow" in found.stdout
        assert sandbox.sent == []


def test_one_flow_that_cannot_be_set_up_keeps_all_from_being_sent(tmp_path):
    with world() as sandbox:
        text = sandbox.text().partition("  web-3h:")[0] + TWO_FLOWS.replace("DECLARED", "base_connection: Lake backup")
        text = text.replace(CRM, "0123456789abcdef01234567")
        assert run(tmp_path, text, "apply", "--yes").exit_code == 2
        assert sandbox.sent == []
        assert run(tmp_path, text, "apply", "--yes", "web-3h").exit_code == 0
        assert len(sandbox.sent) == 3


def change_flow(**changes):
    def change(stock):
        flow = next(iter(stock.flows.values()))
        flow.update({key: value for key, value in changes.items() if key != "schedule"})
        flow["scheduleParams"].update(changes.get("schedule", {}))

    return change


def change_source(stock):
    next(iter(stock.sources.values()))["params"]["datasets"].pop()


def change_target(**changes):
    return lambda stock: next(iter(stock.targets.values()))["params"].update(changes)


def change_base(stock):
    stock.connections[BASE]["name"] = "renamed"


DIFFERENT = [
    (change_flow(state="disabled"), "it is not enabled (state disabled)"),
    (change_flow(schedule={"interval": 12}), "it exports every 12 hour"),
    (change_flow(schedule={"startTime": 4099766401}), "its schedule has another start"),
    (change_flow(schedule={"endTime": 4131302401}), "its schedule has another end"),
    (change_flow(schedule={"exportMode": "DAILY_FULL_EXPORT"}), "its export mode is DAILY_FULL_EXPORT"),
    (change_flow(schedule={"foldernameTemplate": "%DATASET_ID%"}), "its folder names are others"),
    (change_flow(flowSpec={"id": FLOW_SPECS["gcs"], "version": "1.0"}), "it exports to another type of destination"),
    (change_source, "its datasets are others"),
    (change_target(path="aep/Web"), "its path is another one"),
    (change_target(bucketName="other"), "its bucketName is another one"),
    (change_target(compression="NONE"), "its compression is another one"),
    (change_target(datasetFileType="PARQUET"), "its datasetFileType is another one"),
    (change_base, "its base connection is another one"),
]


@pytest.mark.parametrize("change, told", DIFFERENT, ids=[told for _, told in DIFFERENT])
def test_a_dataflow_of_the_name_that_differs_is_left_as_it_is_and_never_called_there(change, told, tmp_path):
    with world() as sandbox:
        assert run(tmp_path, sandbox.text(), "apply", "--yes").exit_code == 0
        change(sandbox.stock)
        before = json.dumps(sandbox.stock.flows)
        found = run(tmp_path, sandbox.text(), "apply", "--yes")
        assert found.exit_code == 2, found.output
        assert told in found.stdout
        assert len(sandbox.sent) == 3
        assert json.dumps(sandbox.stock.flows) == before


@pytest.mark.parametrize(
    "change, told",
    [
        (change_source, "a source connection named 'web-3h source' is there"),
        (change_target(bucketName="other"), "a target connection named 'web-3h target' is there"),
    ],
)
def test_a_connection_of_the_name_that_differs_is_not_used(change, told, tmp_path):
    with world() as sandbox:
        assert run(tmp_path, sandbox.text(), "apply", "--yes").exit_code == 0
        sandbox.stock.flows.clear()
        change(sandbox.stock)
        found = run(tmp_path, sandbox.text(), "apply", "--yes")
        assert found.exit_code == 2, found.output
        assert told in found.stdout
        assert len(sandbox.sent) == 3


def rename(stock, **changes):
    next(iter(stock.flows.values())).update(name="made by hand", **changes)


@pytest.mark.parametrize("state, is_obstacle", [("enabled", True), ("disabled", False)])
def test_a_dataflow_of_another_name_that_does_it_already_is_told(state, is_obstacle, tmp_path):
    with world() as sandbox:
        assert run(tmp_path, sandbox.text(), "apply", "--yes").exit_code == 0
        rename(sandbox.stock, state=state)
        found = run(tmp_path, sandbox.text(), "plan")
        assert (found.exit_code == 2) == is_obstacle, found.output
        assert ("the dataflow 'made by hand'" in found.stdout) == is_obstacle
        other = run(tmp_path, sandbox.text(lake="{type: s3, bucket: acme-exports, folder: aep/other}"), "plan")
        assert "made by hand" not in other.stdout


def test_a_dataflow_whose_connections_are_gone_stands_in_nobodys_way(tmp_path):
    with world() as sandbox:
        assert run(tmp_path, sandbox.text(), "apply", "--yes").exit_code == 0
        rename(sandbox.stock)
        sandbox.stock.targets.clear()
        assert run(tmp_path, sandbox.text(), "plan").exit_code == 0


def test_a_dataflow_that_is_there_twice_is_told_and_no_third_one_is_made(tmp_path):
    with world() as sandbox:
        assert run(tmp_path, sandbox.text(), "apply", "--yes").exit_code == 0
        first, flow = next(iter(sandbox.stock.flows.items()))
        sandbox.stock.flows["twin"] = {**flow, "id": "twin"}
        found = run(tmp_path, sandbox.text(), "plan")
        assert found.exit_code == 0
        assert "It is there more than once: " in found.stdout
        assert first in found.stdout
        assert run(tmp_path, sandbox.text(), "apply", "--yes").exit_code == 0
        assert len(sandbox.sent) == 3


def test_what_is_there_is_found_on_whichever_page_it_stands(tmp_path):
    with world() as sandbox:
        assert run(tmp_path, sandbox.text(), "apply", "--yes").exit_code == 0
        for number in range(130):  # a page has a hundred at most, the newest first
            flow = next(iter(sandbox.stock.flows.values()))
            made = {"createdAt": flow["createdAt"] + 1 + number, "updatedAt": flow["createdAt"] + 1 + number}
            name = {"id": f"other-{number:03}", "name": f"other {number}"}
            sandbox.stock.add("flows", {**flow, **name, **made, "state": "disabled"})
            add_base(sandbox.stock, f"base-{number:03}", f"base {number}", "s3")
        assert run(tmp_path, sandbox.text(), "apply", "--yes").exit_code == 0
        assert len(sandbox.sent) == 3


def test_each_object_is_told_as_soon_as_it_is_made(tmp_path):
    with world() as sandbox:
        found = run(tmp_path, sandbox.text(), "apply", "--yes")
        told = [line.split('"')[0].strip() for line in found.stderr.splitlines()]
    assert told == ["made: source connection", "made: target connection", "made: dataflow"]


def test_where_nothing_can_be_read_nothing_is_sent(tmp_path):
    with world() as sandbox:
        sandbox.server.gate.forbidden = (TARGETS,)
        found = run(tmp_path, sandbox.text(), "apply", "--yes")
        assert found.exit_code == 3
        assert sandbox.sent == []
