"""`exports plan`: exactly what would be sent, and nothing but reading requests until then."""

import base64
import json
import re

import pytest
from typer.testing import CliRunner

from auditor.cli import app
from tests.exports.world import BASE, CRM, SECRET, WEB, add_base, run, world, write

NEW = "base_connection: new base, create_base_connection: true"
ACCOUNT = "https://acmelake.dfs.core.windows.net"
LOGIN = f"tenant_id: 0a1b2c3d-0000-4000-8000-000000000000, client_id: an-app, client_secret: {SECRET}"
CONNECTION = f"AccountName=acme;AccountKey={SECRET}"
ELSEWHERE = "abfss://other@acmelake.dfs.core.windows.net"
PRINT = "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8"
SERVER = f'type: sftp, username: u, host_key_fingerprint: "{PRINT}"'

TYPES = {  # destination, what the target connection says of the place, what the base connection holds
    "s3": (
        f"{{type: s3, bucket: acme, folder: a/b, access_key_id: {SECRET}1, secret_access_key: {SECRET}}}",
        {"bucketName": "acme", "path": "a/b"},
        {"specName": "Access Key", "params": {"s3AccessKey": f"{SECRET}1", "s3SecretKey": SECRET}},
    ),
    "azure-blob": (
        f"{{type: azure-blob, container: acme, folder: a/b, connection_string: {CONNECTION}}}",
        {"container": "acme", "path": "a/b"},
        {"specName": "ConnectionString", "params": {"connectionString": CONNECTION}},
    ),
    "adls-gen2": (
        f"{{type: adls-gen2, file_system: exports, account_url: {ACCOUNT}, folder: a/b, {LOGIN}}}",
        {"path": "a/b"},
        {
            "specName": "Azure Service Principal Auth",
            "params": {
                "servicePrincipalKey": SECRET,
                "servicePrincipalId": "an-app",
                "tenant": "0a1b2c3d-0000-4000-8000-000000000000",
                "url": "abfss://exports@acmelake.dfs.core.windows.net",
            },
        },
    ),
    "data-landing-zone": (
        "{type: data-landing-zone, folder: a/b, experience_platform: prod}",
        {"path": "a/b"},
        None,
    ),
    "gcs": (
        f"{{type: gcs, bucket: acme, folder: a/b, hmac_access_id: {SECRET}1, hmac_secret: {SECRET}}}",
        {"bucketName": "acme", "path": "a/b"},
        {
            "specName": "Google Cloud Storage authentication credentials",
            "params": {"accessKeyId": f"{SECRET}1", "secretAccessKey": SECRET},
        },
    ),
    "sftp": (
        f"{{{SERVER}, host: h.example.com, folder: /a/b, password: {SECRET}}}",
        {"remotePath": "/a/b"},
        {"specName": "SFTP with Password", "params": {"domain": "h.example.com", "username": "u", "password": SECRET}},
    ),
}


def documents(stdout):
    """The bodies that a plan shows, as text."""
    return [
        "\n".join(line[4:] for line in found.splitlines())
        for found in re.findall(r"^    POST \S+\n(    \{\n.*?^    \}$)", stdout, re.MULTILINE | re.DOTALL)
    ]


def hide(document):
    """What was sent, as a plan may show it."""
    body = json.loads(document)
    for name, value in body.get("auth", {}).get("params", {}).items():
        if SECRET in value:
            body["auth"]["params"][name] = "•••"
    return json.dumps(body, indent=2).replace(json.dumps("•••"), '"•••"')


@pytest.mark.parametrize("kind", TYPES)
def test_a_plan_shows_byte_for_byte_what_apply_sends(kind, tmp_path):
    lake, where, auth = TYPES[kind]
    with world() as sandbox:
        text = sandbox.text(lake=lake, export=NEW)
        planned = run(tmp_path, text, "plan")
        assert planned.exit_code == 0, planned.output
        assert sandbox.sent == []
        applied = run(tmp_path, text, "apply", "--yes")
        assert applied.exit_code == 0, applied.output
        told = re.findall(r'^  (\w+ ?\w*) "([^"]+)": (\S+)$', applied.stdout, re.MULTILINE)
        sent = [call.body.decode("ascii") for call in sandbox.sent]
    shown = documents(planned.stdout)
    for what, name, made in told:
        shown = [one.replace(f"<id of the {what} {name}>", made) for one in shown]
    assert shown == [hide(one) for one in sent]
    assert [hide(one) == one for one in sent].count(False) == (1 if auth else 0)
    bodies = [json.loads(one) for one in sent]
    assert [body for body in bodies if "auth" in body] == ([bodies[1]] if auth else [])
    assert bodies[1].get("auth") == auth
    place = {"mode": "Server-to-server", "compression": "GZIP", "datasetFileType": "JSON", **where}
    assert bodies[2]["params"] == place


@pytest.mark.parametrize("kind", TYPES)
def test_no_secret_is_shown(kind, tmp_path):
    with world() as sandbox:
        text = sandbox.text(lake=TYPES[kind][0], export=NEW)
        told = [run(tmp_path, text, *arguments) for arguments in (["plan"], ["apply", "--yes"])]
        assert [one.exit_code for one in told] == [0, 0]
        for one in told:
            assert SECRET not in one.output
            assert sandbox.server.gate.client_secret not in one.output


def test_the_documented_calls_are_made(tmp_path):
    """By Adobe's page on exporting datasets by API, each as it stands there."""
    with world() as sandbox:
        text = sandbox.text(flow="format: parquet, compression: none, folder_template: '%DATASET_NAME%/%EXPORT_TIME%'")
        assert run(tmp_path, text, "apply", "--yes").exit_code == 0
        source, target, flow = sandbox.bodies()
        paths = [call.path.rpartition("/")[2] for call in sandbox.sent]
    assert paths == ["sourceConnections", "targetConnections", "flows"]
    assert source == {
        "name": "web-3h source",
        "description": "Set up by export-auditor",
        "connectionSpec": {"id": "23598e46-f560-407b-88d5-ea6207e49db0", "version": "1.0"},
        "params": {
            "datasets": [{"dataSetId": WEB, "name": "Web events"}, {"dataSetId": CRM, "name": "Profiles"}],
        },
    }
    assert target == {
        "name": "web-3h target",
        "description": "Set up by export-auditor",
        "baseConnectionId": BASE,
        "params": {
            "mode": "Server-to-server",
            "bucketName": "acme-exports",
            "path": "aep/web",
            "compression": "NONE",
            "datasetFileType": "PARQUET",
        },
        "connectionSpec": {"id": "4fce964d-3f37-408f-9778-e597338a21ee", "version": "1.0"},
    }
    made = flow.pop("sourceConnectionIds") + flow.pop("targetConnectionIds")
    assert len(set(made)) == 2
    assert flow == {
        "name": "web-3h",
        "description": "Set up by export-auditor",
        "flowSpec": {"id": "269ba276-16fc-47db-92b0-c1049a3c131f", "version": "1.0"},
        "transformations": [],
        "scheduleParams": {
            "interval": 3,
            "timeUnit": "hour",
            "startTime": 4099766400,
            "exportMode": "FIRST_FULL_THEN_INCREMENTAL",
            "endTime": 4131302400,
            "foldernameTemplate": "%DATASET_NAME%/%EXPORT_TIME%",
        },
    }


def test_a_key_of_sftp_goes_as_base64(tmp_path):
    (tmp_path / "key").write_text(f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n")
    lake = f"{{{SERVER}, host: h.example.com, folder: a, private_key_file: key}}"
    with world() as sandbox:
        text = sandbox.text(lake=lake, export=NEW)
        assert '"sshKey": "•••"' in run(tmp_path, text, "plan").stdout
        assert run(tmp_path, text, "apply", "--yes").exit_code == 0
        auth = sandbox.bodies()[1]["auth"]
    assert auth["specName"] == "SFTP with SSH Key"
    assert base64.b64decode(auth["params"]["sshKey"]) == (tmp_path / "key").read_bytes()
    (tmp_path / "key").unlink()
    with world() as sandbox:
        told = run(tmp_path, sandbox.text(lake=lake, export=NEW), "plan")
    assert told.exit_code == 2
    assert "private_key_file: cannot be read: no such file" in told.stdout


def test_the_headers_that_go_along_are_told_without_their_secrets(tmp_path):
    with world() as sandbox:
        told = run(tmp_path, sandbox.text(), "plan").stdout
        assert f"x-gw-ims-org-id: {sandbox.server.gate.org_id}" in told
        assert "Authorization: Bearer •••" in told
        assert run(tmp_path, sandbox.text(), "apply", "--yes").exit_code == 0
        for call in sandbox.sent:
            assert call.headers["x-sandbox-name"] == "prod"
            assert call.headers["content-type"] == "application/json"
            assert call.headers["x-api-key"] == sandbox.server.gate.client_id


def test_awkward_names_are_shown_as_they_are_sent_and_move_no_cursor(tmp_path):
    with world() as sandbox:
        name = '"Web \\"events\\" ä \\u202e\\e[2J"'
        text = sandbox.text(export=f"base_connection: Lake backup, name: {name}")
        told = run(tmp_path, text, "plan")
        assert told.exit_code == 0, told.output
        assert all(line.isprintable() for line in told.stdout.split("\n"))
        assert run(tmp_path, text, "apply", "--yes").exit_code == 0
        assert sandbox.bodies()[-1]["name"] == 'Web "events" ä \u202e\x1b[2J'
        assert run(tmp_path, text, "plan").stdout.endswith("All is there. Nothing is to be sent.\n")


@pytest.mark.parametrize(
    "schedule, sent",
    [
        ("{every: 6h, START, END}", (6, "hour", "FIRST_FULL_THEN_INCREMENTAL", True)),
        ("{every: 8h, START, END}", (8, "hour", "FIRST_FULL_THEN_INCREMENTAL", True)),
        ("{every: 12h, START, END}", (12, "hour", "FIRST_FULL_THEN_INCREMENTAL", True)),
        ("{every: 1d, START, END}", (1, "day", "FIRST_FULL_THEN_INCREMENTAL", True)),
        ("{every: 24h, START, END}", (1, "day", "FIRST_FULL_THEN_INCREMENTAL", True)),
        ("{every: once, START}", (0, "day", "DAILY_FULL_EXPORT", False)),
    ],
)
def test_schedules_as_flow_service_takes_them(schedule, sent, tmp_path):
    schedule = schedule.replace("START", "start: 2099-12-01T00:00:00Z").replace("END", "end: 2100-12-01T00:00:00Z")
    with world() as sandbox:
        text = sandbox.text(schedule=schedule)
        assert run(tmp_path, text, "apply", "--yes").exit_code == 0
        params = sandbox.bodies()[-1]["scheduleParams"]
        assert run(tmp_path, text, "plan").stdout.endswith("All is there. Nothing is to be sent.\n")
    assert (params["interval"], params["timeUnit"], params["exportMode"], "endTime" in params) == sent


def test_an_end_that_is_left_to_adobe_is_told_and_not_sent(tmp_path):
    with world() as sandbox:
        schedule = "{every: 3h, start: 2099-12-01T00:00:00Z}"
        text = sandbox.text(schedule=schedule, export="base_connection: Lake backup, end: default")
        told = run(tmp_path, text, "plan")
        assert told.exit_code == 0
        assert "six months after it was made" in told.stdout
        assert run(tmp_path, text, "apply", "--yes").exit_code == 0
        assert "endTime" not in sandbox.bodies()[-1]["scheduleParams"]
        assert run(tmp_path, text, "plan").stdout.endswith("All is there. Nothing is to be sent.\n")


OBSTACLES = [  # what is declared otherwise, what is told
    ({"schedule": "{every: 3h, start: 2099-12-01T00:00:00Z}"}, "flows.web-3h.schedule.end: is missing. Experience"),
    ({"export": "base_connection: Lake backup, end: default"}, "exports.web-3h.end: stands beside an end of the"),
    (
        {"schedule": "{every: 3h, start: 2020-12-01T00:00:00Z, end: 2100-12-01T00:00:00Z}"},
        "flows.web-3h.schedule.start: 2020-12-01 00:00Z has passed",
    ),
    ({"schedule": "{every: 5h, start: 2099-12-01T00:00:00Z, end: 2100-12-01T00:00:00Z}"}, "every 3h, 6h, 8h, 9h, 12h"),
    (
        {"schedule": '{cron: "0 3 * * *", start: 2099-12-01T00:00:00Z, end: 2100-12-01T00:00:00Z}'},
        "flows.web-3h.schedule.cron: Experience Platform knows intervals only",
    ),
    (
        {"schedule": "{every: 1d, start: 2099-12-01T00:00:00Z, end: 2100-12-01T00:00:00Z, except: [2099-12-25]}"},
        "flows.web-3h.schedule.except: Experience Platform knows no pauses",
    ),
    ({"flow": "mode: full"}, "flows.web-3h.mode: Experience Platform exports whole datasets once only"),
    ({"flow": "compression: none"}, "JSON is exported compressed only"),
    ({"flow": "manifest: true"}, "write manifest: false"),
    ({"flow": "encryption: pgp"}, "flows.web-3h.encryption: no call is documented"),
    ({"lake": "{type: local, root: ./exports, folder: a}"}, "Experience Platform does not export to local"),
    ({"lake": "{type: s3, bucket: acme}"}, "destinations.lake.folder: is missing"),
    ({"lake": "{type: s3, bucket: acme, folder: 'a b'}"}, "'a b' is no folder path that Experience Platform takes"),
    (
        {"lake": "{type: s3, bucket: acme, folder: a, endpoint_url: https://s3.example.com}"},
        "destinations.lake.endpoint_url: Experience Platform exports to the provider's own servers only",
    ),
    ({"datasets": "[0123456789abcdef01234567]"}, "can export: 0123456789abcdef01234567"),
    ({"export": "base_connection: Lake"}, "none to s3 has this name (there: 'Lake backup'); make it in Experience"),
    ({"export": f"base_connection: {BASE[:-1]}5"}, "none to s3 has this id"),
    ({"export": NEW}, "has no access_key_id and no secret_access_key, which a base connection is made of"),
    (
        {
            "export": NEW,
            "lake": "{type: s3, bucket: acme, folder: a, access_key_id: x, secret_access_key: y, session_token: z}",
        },
        "destinations.lake.session_token: no base connection can be made with it",
    ),
    (
        {
            "export": NEW,
            "lake": f"{{{SERVER}, host: h, port: 2222, folder: a, password: x}}",
        },
        "destinations.lake.port: how a port is told is not documented",
    ),
]


@pytest.mark.parametrize("changed, told", OBSTACLES, ids=[told[:40] for _, told in OBSTACLES])
def test_what_cannot_be_set_up_is_told_and_nothing_is_sent(changed, told, tmp_path):
    with world() as sandbox:
        for arguments in (["plan"], ["apply", "--yes"]):
            found = run(tmp_path, sandbox.text(**changed), *arguments)
            assert found.exit_code == 2, found.output
            assert f"cannot be set up: {told}" in found.stdout or told in found.stdout
        assert sandbox.sent == []
    assert "Traceback" not in found.output


def test_a_landing_zone_of_another_sandbox_is_refused(tmp_path):
    with world() as sandbox:
        text = sandbox.text(lake="{type: data-landing-zone, folder: a, experience_platform: dev}", export=NEW)
        dev = (
            re.search(r"  prod:\n(?:    .*\n)+", text)[0]
            .replace("prod:", "dev:")
            .replace("sandbox: prod", "sandbox: dev")
        )
        found = run(tmp_path, text.replace("experience_platform:\n", f"experience_platform:\n{dev}", 1), "plan")
    assert found.exit_code == 2, found.output
    assert "is the landing zone of another sandbox" in found.stdout


@pytest.mark.parametrize("url, is_here", [("abfss://exports@acmelake.dfs.core.windows.net/", True), (ELSEWHERE, False)])
def test_a_base_connection_that_leads_elsewhere_is_not_used(url, is_here, tmp_path):
    with world() as sandbox:
        add_base(sandbox.stock, BASE[:-1] + "9", "A lake", "adls-gen2", url=url)
        found = run(tmp_path, sandbox.text(lake=TYPES["adls-gen2"][0], export="base_connection: A lake"), "plan")
    assert (found.exit_code == 0) == is_here
    assert ("leads to another account" in found.stdout) != is_here


def test_a_base_connection_by_its_id_where_several_have_its_name(tmp_path):
    with world() as sandbox:
        add_base(sandbox.stock, other := BASE[:-1] + "9", "Lake backup", "s3")
        found = run(tmp_path, sandbox.text(), "plan")
        assert found.exit_code == 2
        assert f"several have this name; write the id of one of them: {BASE}, {other}" in found.stdout or (
            f"several have this name; write the id of one of them: {other}, {BASE}" in found.stdout
        )
        assert run(tmp_path, sandbox.text(export=f"base_connection: {other}"), "apply", "--yes").exit_code == 0
        assert sandbox.bodies()[1]["baseConnectionId"] == other
        again = run(tmp_path, sandbox.text(export=f"base_connection: {other}"), "plan")
    assert "All is there." in again.stdout


def test_what_cannot_be_read_is_no_plan(tmp_path):
    with world() as sandbox:
        sandbox.server.gate.forbidden = ("/data/foundation/flowservice/connectionSpecs",)
        found = run(tmp_path, sandbox.text(), "plan")
    assert found.exit_code == 3
    assert found.stdout == ""
    assert "a permission is missing" in found.stderr
    assert "Nothing was sent" in found.stderr


def test_a_flow_by_its_name_alone_and_one_that_is_not_declared(tmp_path):
    with world() as sandbox:
        assert run(tmp_path, sandbox.text(), "plan", "web-3h").exit_code == 0
        found = run(tmp_path, sandbox.text(), "plan", "web")
        assert found.exit_code == 2
        assert 'Did you mean "web-3h"?' in found.stderr
        without = sandbox.text().partition("exports:\n")[0]
        assert "has no exports" in run(tmp_path, without, "plan").stderr


def test_a_check_of_the_configuration_tells_what_may_be_set_up(tmp_path):
    with world() as sandbox:
        found = CliRunner().invoke(app, ["config", "check", "-c", str(write(tmp_path, sandbox.text()))])
    assert found.exit_code == 0, found.output
    told = " ".join(found.stdout.split())
    assert "exports may be set up there" in told
    assert "may be set up in prod as web-3h, base connection Lake backup" in told
