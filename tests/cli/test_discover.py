"""`discover` as a user sees it: a configuration that a person would have written, and that one kept in step."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from auditor.cli import app
from auditor.cli.discover_text import render_diff
from auditor.ledger import Ledger
from auditor.report import render_json
from auditor.service import AuditOptions, run_audit
from auditor.settings import load_config
from auditor.worlds import DEMO_NOW, lay_out, make_demo, render_config
from auditor.worlds.model import WorldDataset, WorldFlow
from auditor.worlds.plan import build_world
from auditor.worlds.platform import FlowService, PlatformServer, Reply, Stock, Target, describe_world
from auditor.worlds.platform.stock import AUDIENCES
from tests.cli.sandboxes import SECRET, sandbox_config

SERVICE = "/data/foundation/flowservice"
NOW = datetime(2026, 10, 28, 12, tzinfo=UTC)
WEB_ID = "d0420d72-756c-4159-9e7f-7d3e2f8b501e"
DAILY_ID = "5b0c2f9e-37a1-4c5e-8a43-0c1d2e3f4a5b"
WEB, COMMERCE, PROFILES = (f"5ef3e32405258119{n:02d}aa6a46" for n in range(3))


@pytest.fixture
def server() -> Iterator[PlatformServer]:
    with PlatformServer() as running:
        running.gate.client_secret = SECRET
        yield running


@pytest.fixture
def stock(server: PlatformServer) -> Stock:
    made = make_stock()
    FlowService(server, made)
    return made


def make_stock(**given: Any) -> Stock:
    """Two flows: `Web events` every three hours with two datasets, `profiles` daily with one."""
    start = datetime(2026, 10, 20, tzinfo=UTC)
    small = {"parts": (1, 1), "rows": (1, 1), "backfill": (1, 1)}
    flows = (
        WorldFlow(
            "Web events", WEB_ID, (WorldDataset(WEB, "Web"), WorldDataset(COMMERCE, "Commerce, all")), start, **small
        ),
        WorldFlow(
            "profiles", DAILY_ID, (WorldDataset(PROFILES, ""),), start, timedelta(days=1), format="parquet", **small
        ),
    )
    return describe_world(
        build_world(flows, seed="discover", now=NOW), stock=Stock(**given), target=Target(bucket="acme")
    )


def change(stock: Stock, flow: str, **fields: Any) -> None:
    """Change `scheduleParams` or top fields of a flow, as an edit at noon of the 27th would."""
    stock.flows[flow] = {**stock.flows[flow], **fields}
    at_ms = int((NOW - timedelta(days=1)).timestamp() * 1000)
    stock.flows[flow] |= {"updatedAt": at_ms, "lastOperation": {"updated": at_ms, "operation": "update"}}


def reschedule(stock: Stock, flow: str, **fields: Any) -> None:
    change(stock, flow, scheduleParams={**stock.flows[flow]["scheduleParams"], **fields})


def run(path: Path, *arguments: str) -> Any:
    return CliRunner().invoke(app, ["discover", "-c", str(path), "--now", f"{NOW:%Y-%m-%dT%H:%M:%SZ}", *arguments])


@pytest.fixture
def path(server: PlatformServer, tmp_path: Path) -> Path:
    made = tmp_path / "auditor.yaml"
    made.write_text("# ours\n" + sandbox_config(server))
    return made


# --- written anew ------------------------------------------------------------------------------


def test_it_is_written_as_a_person_would_have_written_it(stock, path, tmp_path, monkeypatch):
    told = run(path, "-o", str(tmp_path / "found.yaml"))
    assert told.exit_code == 0, told.output
    text = (tmp_path / "found.yaml").read_text()
    assert (
        text.partition("\ndestinations:\n")[2]
        == f"""\
  acme:
    type: s3
    bucket: acme
    folder: backups
    # TODO: region of the bucket, where the AWS chain does not tell it, as in region: eu-central-1
    # TODO: how to log in, unless by the AWS chain: profile, role_arn, or access_key_id and secret_access_key; rights \
to list and read are enough

flows:
  profiles:
    destination: acme
    experience_platform: prod
    flow_id: {DAILY_ID}
    schedule: {{every: 1d, start: 2026-10-20T00:00:00Z}}
    # No end is told: see in Experience Platform whether the dataflow has one.
    format: parquet
    compression: gzip
    manifest: false  # TODO: true if *Include manifest file* is switched on; the API does not tell
    mode: incremental
    datasets:
      - {{id: {PROFILES}}}

  web-events:
    destination: acme
    experience_platform: prod
    flow_id: {WEB_ID}  # Web events
    schedule: {{every: 3h, start: 2026-10-20T00:00:00Z}}
    # No end is told: see in Experience Platform whether the dataflow has one.
    format: json
    compression: gzip
    manifest: false  # TODO: true if *Include manifest file* is switched on; the API does not tell
    mode: incremental
    datasets:
      - {{id: {WEB}, name: Web}}
      - {{id: {COMMERCE}, name: "Commerce, all"}}
"""
    )
    assert SECRET not in text
    monkeypatch.setenv("AUDIT_AEP_SECRET", "x")
    assert set(load_config(tmp_path / "found.yaml").flows) == {"profiles", "web-events"}
    assert CliRunner().invoke(app, ["config", "check", "-c", str(tmp_path / "found.yaml")]).exit_code == 0


def test_a_secret_that_is_a_reference_stays_one(server, stock, tmp_path, monkeypatch):
    monkeypatch.setenv("MY_SECRET", SECRET)
    (path := tmp_path / "c.yaml").write_text(sandbox_config(server, secret="${MY_SECRET}"))
    (tmp_path / "secret.txt").write_text(SECRET)
    (by_file := tmp_path / "d.yaml").write_text(
        sandbox_config(server).replace(f"client_secret: {SECRET}", "client_secret_file: secret.txt")
    )
    assert "    client_secret: ${MY_SECRET}\n" in run(path).stdout
    assert f"    client_secret_file: {tmp_path / 'secret.txt'}\n" in run(by_file).stdout


def test_only_reading_requests_are_sent_and_the_answer_is_the_same_every_time(server, stock, path):
    first, second = run(path).stdout, run(path).stdout
    assert first == second
    assert {call.method for call in server.calls if "ims" not in call.path} == {"GET"}


def test_what_has_ended_or_is_off_stands_as_a_comment_with_its_end(stock, path, tmp_path, monkeypatch):
    long_ago = int((NOW - timedelta(days=40)).timestamp())
    reschedule(stock, WEB_ID, endTime=long_ago, startTime=long_ago - 864000)
    told = run(path, "-o", str(tmp_path / "f.yaml"))
    text = (tmp_path / "f.yaml").read_text()
    assert "  # It ended 2026-09-18 12:00Z: Experience Platform exports nothing after that, and says nothing:" in text
    assert "  #   schedule: {every: 3h, start: 2026-09-08T12:00:00Z, end: 2026-09-18T12:00:00Z}" in text
    assert "1 flow left out" in told.stderr
    monkeypatch.setenv("AUDIT_AEP_SECRET", "x")
    assert set(load_config(tmp_path / "f.yaml").flows) == {"profiles"}
    change(stock, DAILY_ID, state="disabled")
    told = run(path)
    assert (told.exit_code, told.stdout) == (3, "")
    assert "profiles: it is disabled" in told.stderr
    assert "no flow exports datasets at present, so nothing is written" in told.stderr


def test_a_comment_without_its_hash_is_configuration(stock, path, tmp_path, monkeypatch):
    change(stock, WEB_ID, state="disabled")
    text = run(path).stdout
    head, _, left = text.partition("  # It is disabled")
    body = "\n".join(line.replace("  # ", "  ", 1) for line in left.splitlines()[1:])
    (tmp_path / "g.yaml").write_text(f"{head}{body}\n")
    monkeypatch.setenv("AUDIT_AEP_SECRET", "x")
    assert set(load_config(tmp_path / "g.yaml").flows) == {"profiles", "web-events"}


def test_a_flow_that_ended_a_day_ago_is_still_expected_up_to_its_end(stock, path):
    """Else a flow that ended by itself would be silent in the very report that should tell it."""
    reschedule(stock, WEB_ID, endTime=int((NOW - timedelta(days=1)).timestamp()))
    assert "end: 2026-10-27T12:00:00Z}" in run(path).stdout.partition("\nflows:")[2]


def test_flows_of_audiences_are_left_out_and_counted(stock, path):
    audience = {**stock.flows[WEB_ID], "id": "aaaa0d72-756c-4159-9e7f-7d3e2f8b501e", "flowSpec": {"id": AUDIENCES}}
    stock.add("flows", audience)
    told = run(path)
    assert "2 flows of dataset exports; 1 other flow to destinations left out" in told.stderr
    assert "aaaa0d72" not in told.stdout


def test_several_organisations_and_sandboxes_in_one_configuration(server, path):
    stage = make_stock(sandbox="stage", sandbox_id="another")
    FlowService(server, make_stock(), stage)
    stage.flows = {name.replace("d", "e"): {**flow, "id": name.replace("d", "e")} for name, flow in stage.flows.items()}
    for target in stage.targets.values():
        target["params"]["path"] = "stage/backups"
    path.write_text(sandbox_config(server, "prod", "stage"))
    text = run(path).stdout
    flows = re.findall(r"^  (\S+):$", text.partition("\nflows:")[2], re.M)
    assert flows == ["profiles-prod", "web-events-prod", "profiles-stage", "web-events-stage"]
    assert re.findall(r"^  (\S+):$", text.partition("destinations:")[2].partition("flows:")[0], re.M) == [
        "acme-backups", "acme-stage-backups",
    ]  # fmt: skip
    only = run(path, "--sandbox", "stage").stdout
    assert "experience_platform: prod" not in only
    assert "  web-events:" in only


def test_a_sandbox_that_cannot_be_read_is_said_and_the_others_are_written(server, stock, path):
    path.write_text(sandbox_config(server, "gone", "prod"))
    told = run(path)
    assert told.exit_code == 3
    assert "  web-events:" in told.stdout
    assert "# NOT READ, so that its flows are missing here: gone:" in told.stdout
    assert "Sandbox gone was not found" in told.stderr


FAILING = [
    ("flows", f"{SERVICE}/flows$"),
    ("source connections", f"{SERVICE}/sourceConnections/"),
    ("target connections", f"{SERVICE}/targetConnections/"),
]


@pytest.mark.parametrize("what, address", FAILING, ids=[case[0] for case in FAILING])
def test_a_part_that_is_refused_never_looks_like_the_whole(server, stock, path, what, address):
    server.fail(address, Reply(403, {"title": "Forbidden", "type": "x/2120-403"}), times=99)
    told = run(path)
    assert (told.exit_code, told.stdout) == (3, "")
    assert "no sandbox could be read, so nothing is written" in told.stderr
    assert "a permission is missing" in told.stderr


def test_an_account_that_may_not_be_read_costs_no_more_than_what_it_tells(server, stock, path):
    server.fail(f"{SERVICE}/connections/", Reply(403, {"title": "Forbidden", "type": "x/2120-403"}), times=99)
    told = run(path)
    assert told.exit_code == 0
    assert "# TODO: Experience Platform's record names an account that cannot be read: a permission" in told.stdout


def test_a_connection_that_was_removed_makes_its_flow_a_comment(stock, path):
    for name in stock.flows[WEB_ID]["sourceConnectionIds"]:
        del stock.sources[name]
    told = run(path)
    assert told.exit_code == 0
    assert "# It cannot be written as a flow: it names no dataset in its source connections:" in told.stdout


def test_a_name_that_no_configuration_can_hold_leaves_the_others_whole(stock, path):
    for name in stock.flows[WEB_ID]["targetConnectionIds"]:
        stock.targets[name]["params"]["path"] = "a/../b"
    for name in stock.flows[DAILY_ID]["sourceConnectionIds"]:
        stock.sources[name]["params"]["datasets"][0]["name"] = "\x1b[2J: {\u202e'\"\n# x"
    told = run(path)
    assert told.exit_code == 0, told.output
    assert "# It cannot stand in a configuration:" in told.stdout
    assert "  profiles:" in told.stdout
    assert "\x1b" not in told.output


def test_a_file_that_is_there_is_not_overwritten(server, stock, path, tmp_path):
    (there := tmp_path / "there.yaml").write_text("mine\n")
    told = run(path, "-o", str(there))
    assert (told.exit_code, there.read_text(), server.calls) == (2, "mine\n", [])
    assert "add --merge or --diff" in told.stderr


MISTAKES = [
    (("--merge", "--diff"), "do not go together"),
    (("--sandbox", "prdo"), "no sandbox of that name"),
    (("--merge", "-o", "-"), "to see it, use --diff"),
    (("--merge", "-o", "nowhere.yaml"), "is not there, so there is nothing to compare with"),
]


@pytest.mark.parametrize("arguments, said", MISTAKES, ids=[case[1] for case in MISTAKES])
def test_a_mistake_is_told_before_anything_is_asked(server, stock, path, arguments, said):
    told = run(path, *arguments)
    assert told.exit_code == 2
    assert said in told.stderr
    assert server.calls == []


# --- the demo ----------------------------------------------------------------------------------


def test_the_audit_of_the_discovered_demo_equals_that_of_the_one_written_by_hand(server, tmp_path):
    world = make_demo()
    FlowService(server, describe_world(world, target=Target(tells_manifest=True)))
    lay_out(world, tmp_path / "exports")
    (by_hand := tmp_path / "by-hand.yaml").write_text(render_config(world))
    (found := tmp_path / "found.yaml").write_text(sandbox_config(server))
    told = CliRunner().invoke(app, ["discover", "-c", str(found), "--merge", "--now", f"{DEMO_NOW:%Y-%m-%dT%H:%M:%SZ}"])
    assert told.exit_code == 0, told.output
    # The place alone is another one, and neither is held against run records here.
    text = re.sub(r"type: s3\n    bucket: exports", "type: local\n    root: ./exports", found.read_text())
    text = re.sub(r"    (experience_platform|flow_id): .*\n", "", text)
    found.write_text(
        text.replace("  exports:\n", f"  {world.destination}:\n").replace(
            "destination: exports", f"destination: {world.destination}"
        )
    )
    ours, theirs = load_config(found), load_config(by_hand)
    assert ours.flows == {
        name: replace(flow, experience_platform="", flow_id="") for name, flow in theirs.flows.items()
    }
    assert audit(found) == audit(by_hand)


def audit(path: Path) -> Any:
    config = load_config(path)
    plain = replace(
        config, flows={name: replace(flow, experience_platform="", flow_id="") for name, flow in config.flows.items()}
    )
    with Ledger.in_memory() as ledger:
        result = run_audit(plain, ledger, AuditOptions(now=DEMO_NOW, is_past=True))
    told = json.loads(render_json(result))
    return {key: sorted(map(str, value)) if isinstance(value, list) else value for key, value in told.items()}


# --- kept in step ------------------------------------------------------------------------------


def test_merging_into_the_file_that_names_the_sandboxes_leaves_its_lines_as_they_are(stock, path):
    before = path.read_text()
    told = run(path, "--merge")
    assert (told.exit_code, told.stdout) == (0, "")
    assert path.read_text().startswith(before)
    assert set(load_config(path).flows) == {"profiles", "web-events"}
    assert "2 new flows, 1 new destination" in told.stderr
    once = path.read_bytes()
    assert run(path, "--merge").exit_code == 0
    assert path.read_bytes() == once
    assert [one.name for one in path.parent.iterdir()] == [path.name], "nothing is left beside it"


def test_a_difference_is_shown_and_nothing_is_written(stock, path):
    run(path, "--merge")
    assert (run(path, "--diff").exit_code, run(path, "--diff").stdout) == (0, "")
    reschedule(stock, WEB_ID, endTime=int(datetime(2027, 4, 1, tzinfo=UTC).timestamp()))
    before = path.read_bytes()
    told = run(path, "--diff")
    assert told.exit_code == 1
    assert "-    schedule: {every: 3h, start: 2026-10-20T00:00:00Z}\n" in told.stdout
    assert "+    schedule: {every: 3h, start: 2026-10-20T00:00:00Z, end: 2027-04-01T00:00:00Z}\n" in told.stdout
    assert "nothing was written" in told.stderr
    assert path.read_bytes() == before
    assert SECRET not in told.output


def test_a_sandbox_that_cannot_be_read_marks_none_of_its_flows_as_gone(server, path):
    FlowService(server, make_stock(), Stock(sandbox="stage"))
    path.write_text(sandbox_config(server, "prod", "stage"))
    run(path, "--merge")
    before = path.read_text()
    server.fail(f"{SERVICE}/flows$", Reply(403, {"title": "Forbidden", "type": "x/2120-403"}))
    told = run(path, "--merge")
    assert told.exit_code == 3
    assert path.read_text() == before
    assert "prod was not read" in told.stderr


def test_a_flow_that_was_deleted_is_marked(stock, path):
    run(path, "--merge")
    del stock.flows[DAILY_ID]
    assert run(path, "--diff").exit_code == 1
    run(path, "--merge")
    assert "  # discover: no dataflow of this flow_id is in its sandbox any more\n  profiles:\n" in path.read_text()
    assert set(load_config(path).flows) == {"profiles", "web-events"}


def test_line_breaks_and_a_byte_order_mark_stay(stock, path):
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert run(path, "--merge").exit_code == 0
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf# ours\r\n")
    assert data.count(b"\n") == data.count(b"\r\n") > 20
    assert run(path, "--diff").exit_code == 0


def test_another_file_can_be_merged_into(server, stock, path, tmp_path):
    (other := tmp_path / "other.yaml").write_text("# theirs\n" + sandbox_config(server))
    run(path, "-o", str(other), "--merge")
    assert other.read_text().startswith("# theirs\n")
    assert "flows:" in other.read_text()
    assert "flows:" not in path.read_text()


def test_a_difference_shows_no_secret_that_stands_beside_it(server, stock, path):
    told = run(path, "--diff")
    assert told.exit_code == 1
    assert "     client_secret: …\n" in told.stdout
    assert "+flows:" in told.stdout
    assert SECRET not in told.output
    gate = server.gate
    path.write_text(
        f"experience_platform: {{prod: {{org_id: {gate.org_id}, sandbox: prod, client_id: {gate.client_id}, "
        f"base_url: {server.base_url}, token_url: {server.token_url}, \"client_secret\" : '{SECRET}'}}}}\n"
    )
    told = run(path, "--diff")
    assert told.exit_code == 1, told.output
    assert SECRET not in told.output


@pytest.mark.parametrize(
    "written",
    [
        "client_secret: >-\n      {}",
        "client_secret:\n      {}",
        "client_secret: |-\n      {}",
        '? client_secret\n    : "{}"',
        "'client_secret':\n      # our own\n      '{}'",
    ],
)
def test_a_difference_shows_no_secret_however_it_is_written(server, stock, path, written):
    text = path.read_text()
    assert text.count(f"client_secret: {SECRET}") == 1
    lines = text.replace(f"    client_secret: {SECRET}\n", "").rstrip("\n")
    path.write_text(lines + f"\n    {written.format(SECRET)}\n")
    told = run(path, "--diff")
    assert told.exit_code == 1, told.output
    assert "+flows:" in told.stdout
    assert SECRET not in told.output
    assert run(path, "--merge").exit_code == 0
    assert SECRET in path.read_text()


def test_a_secret_behind_an_alias_is_not_shown_where_it_stands():
    text = f"flows: {{}}\nx-login: &login {SECRET}\nexperience_platform: {{prod: {{client_secret: *login}}}}\n"
    shown = render_diff(text, text.replace("flows: {}", "flows: {a: {}}"), Path("auditor.yaml"))
    assert "+flows: {a: {}}\n x-login: …\n" in shown
    assert SECRET not in shown


def test_what_is_written_into_the_file_while_the_sandboxes_are_read_is_not_lost(stock, path, monkeypatch):
    command = sys.modules["auditor.cli.discover"]
    read = command.read_sandboxes

    def slowly(chosen):
        yield from read(chosen)
        path.write_text(path.read_text() + "# written meanwhile\n")

    monkeypatch.setattr(command, "read_sandboxes", slowly)
    told = run(path, "--merge")
    assert told.exit_code == 2
    assert "was changed meanwhile; nothing was written" in told.stderr
    assert path.read_text().endswith("# written meanwhile\n")
    assert "flows:" not in path.read_text()


@pytest.mark.parametrize("data", [b"# one\r\n# two\n", b"# one\r# two\n"])
def test_line_breaks_that_could_not_be_given_back_are_left_alone(server, stock, path, data):
    path.write_bytes(before := data + path.read_bytes())
    told = run(path, "--merge")
    assert (told.exit_code, path.read_bytes()) == (2, before)
    assert "line breaks of several kinds" in told.stderr
    assert server.calls == []


def test_a_file_that_only_its_owner_reads_stays_so(stock, path):
    path.chmod(0o600)
    run(path, "--merge")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_configuration_with_mistakes_is_not_merged_into(server, stock, path):
    path.write_text(path.read_text() + "flows: {web: {destination: nowhere}}\n")
    told = run(path, "--merge")
    assert told.exit_code == 2
    assert "flows.web" in told.stderr
    assert server.calls == []
