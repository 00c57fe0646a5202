"""Mistakes of a first hour: what a person wrote, and the command they ran on it.

`python -m tests.mistakes.cases` writes the golden files anew; read their differences before keeping them.
"""

import json
import os
import re
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from typer.testing import CliRunner

from auditor.cli import app
from tests.servers.fake_s3 import error, fake_s3

GOLDEN = Path(__file__).with_name("golden")
DATASET = "5ef3e324052581191aa6a466"
LOCAL = "destinations:\n  lake: {type: local, root: ./exports, folder: backups}\n"
FLOW = f"""flows:
  web:
    destination: lake
    format: json
    compression: gzip
    schedule: {{every: 1d, start: 2026-10-01T00:00:00Z}}
    datasets: [{DATASET}]
"""
GOOD = LOCAL + FLOW
S3 = "destinations:\n  lake:\n    type: s3\n    bucket: exports\n    endpoint_url: {endpoint}\n"
S3 += "    region: eu-central-1\n    access_key_id: AKIAHUNTER2\n    secret_access_key: hunter2\n    timeout: 2s\n"
AZURE = "destinations:\n  lake:\n    type: azure-blob\n    container: exports\n"
ACCOUNT = "    account_url: https://acme.blob.core.windows.net\n"
LAKE = "destinations:\n  lake:\n    type: adls-gen2\n    file_system: exports\n"
GCS = "destinations:\n  lake:\n    type: gcs\n    bucket: exports\n"
SFTP = "destinations:\n  lake:\n    type: sftp\n    host: sftp.example.com\n    username: audit\n"
ZONE = "destinations:\n  lake: {type: data-landing-zone, experience_platform: prod}\n"
SANDBOX = (
    "experience_platform:\n  prod: {org_id: 5B4C0D1E@AdobeOrg, sandbox: prod, client_id: abc, client_secret: hunter2}\n"
)
HOOK = "alerts:\n  channels: {hook: {webhook: {url: https://hooks.example.com/hunter2, secret: hunter2}}}\n"
AUDIT = ("audit", "-c", "auditor.yaml", "--now", "2026-10-02T20:00:00Z", "--since", "2026-10-01T00:00:00Z")
CHECK = ("config", "check", "-c", "auditor.yaml")
PART = f"exports/backups/{DATASET}/exportTime=20261001000000/part-00000.json"


@dataclass(frozen=True)
class Mistake:
    """`files` by name; a command; `server`: what stands behind `{endpoint}`: "" for nobody."""

    name: str
    files: Mapping[str, str | bytes] = field(default_factory=lambda: {"auditor.yaml": GOOD})
    command: tuple[str, ...] = CHECK
    server: bool = False
    folders: tuple[str, ...] = ()


def config(text: str | bytes) -> dict[str, str | bytes]:
    return {"auditor.yaml": text}


def with_exports(text: str = GOOD, **more: str) -> dict[str, str | bytes]:
    return {"auditor.yaml": text, PART: '{"a": 1}\n', **more}


MISTAKES = (
    Mistake("wrong bucket", config(S3 + FLOW), AUDIT, server=True),
    Mistake("connection refused", config(S3 + FLOW), AUDIT),
    Mistake("endpoint without scheme", config(S3.replace("{endpoint}", "s3.example.com:9000") + FLOW)),
    Mistake("s3 without bucket", config("destinations:\n  lake: {type: s3}\n" + FLOW)),
    Mistake("bucket with a path", config("destinations:\n  lake: {type: s3, bucket: s3://acme/backups}\n" + FLOW)),
    Mistake(
        "profile that does not exist",
        config("destinations:\n  lake: {type: s3, bucket: acme, profile: nobody-here}\n" + FLOW),
        AUDIT,
    ),
    Mistake(
        "secret in the endpoint",
        config(S3.replace("{endpoint}", "https://AKIAHUNTER2:hunter2@s3.example.com") + FLOW),
    ),
    Mistake(
        "secret without its variable",
        config(
            S3.replace("secret_access_key: hunter2", "secret_access_key: ${AUDIT_SECRET}").replace(
                "{endpoint}", "https://s3.example.com"
            )
            + FLOW
        ),
    ),
    Mistake("secret on the flow", config(GOOD + "    secret_access_key: hunter2\n")),
    Mistake(
        "key of a flow on its destination",
        config(GOOD.replace("folder: backups", "folder: backups, format: json")),
    ),
    Mistake(
        "password glued to its key",
        config(
            S3.replace("secret_access_key: ", "secret_access_key:").replace("{endpoint}", "https://s3.example.com")
            + FLOW
        ),
    ),
    Mistake("wrong folder", with_exports(GOOD.replace("folder: backups", "folder: backup")), AUDIT),
    Mistake("wrong root", with_exports(GOOD.replace("./exports", "./export")), AUDIT),
    Mistake("root that is a file", {**config(GOOD), "exports": "x"}, AUDIT),
    Mistake("wrong dataset id", with_exports(GOOD.replace(DATASET, "5ef3e324052581191aa6a467")), AUDIT),
    Mistake("dataset name for its id", config(GOOD.replace(DATASET, "Web events"))),
    Mistake("wrong format", with_exports(GOOD.replace("format: json", "format: parquet")), AUDIT),
    Mistake("wrong compression", with_exports(), AUDIT),
    Mistake("word that is no format", config(GOOD.replace("format: json", "format: ndjson"))),
    Mistake("tab", config("destinations:\n\tlake: {type: local, root: x}\n" + FLOW)),
    Mistake("no for none", config(GOOD.replace("compression: gzip", "compression: no"))),
    Mistake("date for a time", config(GOOD.replace("2026-10-01T00:00:00Z", "2026-10-01"))),
    Mistake("time without zone", config(GOOD.replace("2026-10-01T00:00:00Z", "2026-10-01T00:00:00"))),
    Mistake("key given twice", config(GOOD + "    format: parquet\n")),
    Mistake("unquoted colon", config(GOOD.replace("destination: lake", "destination: lake: backup"))),
    Mistake("every without unit", config(GOOD.replace("every: 1d", "every: 3"))),
    Mistake("unknown keys", config(GOOD.replace("datasets:", "dataset:") + "    owners: jo\n")),
    Mistake("unknown destination", config(GOOD.replace("destination: lake", "destination: lak"))),
    Mistake("template with another macro", config(GOOD + '    folder_template: "%DATASET%/%EXPORT_TIME%"\n')),
    Mistake("template without time", config(GOOD + '    folder_template: "%DATASET_ID%"\n')),
    Mistake("configuration that is not there", {}, CHECK),
    Mistake("configuration that is a folder", {}, ("config", "check", "-c", "conf"), folders=("conf",)),
    Mistake("not UTF-8", config(GOOD.replace("web:", "wéb:").encode("latin-1"))),
    Mistake("UTF-16 as some editors save it", config(GOOD.encode("utf-16"))),
    Mistake("BOM and CRLF are no mistake", config(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())),
    Mistake("now without zone", command=("audit", "-c", "auditor.yaml", "--now", "2026-11-01T06:00:00")),
    Mistake("now in words", command=("audit", "-c", "auditor.yaml", "--now", "yesterday")),
    Mistake("level that does not exist", command=("audit", "-c", "auditor.yaml", "--level", "3")),
    Mistake("threshold that does not exist", command=("audit", "-c", "auditor.yaml", "--fail-on", "fatal")),
    Mistake("format that does not exist", command=("audit", "-c", "auditor.yaml", "--format", "xml")),
    Mistake("flow that is not configured", command=("audit", "-c", "auditor.yaml", "--flow", "wbe")),
    Mistake("destination that is not configured", command=("audit", "-c", "auditor.yaml", "--destination", "lakes")),
    Mistake("team that nobody has", command=("audit", "-c", "auditor.yaml", "--team", "web")),
    Mistake("report into a missing folder", with_exports(), (*AUDIT, "-o", "reports/audit.json")),
    Mistake("ledger in a missing folder", with_exports("ledger: sqlite:///state/l.db\n" + GOOD), AUDIT),
    Mistake(
        "ledger that is no database",
        with_exports("ledger: sqlite:///l.db\n" + GOOD, **{"l.db": "hello, world\n" * 99}),
        AUDIT,
    ),
    Mistake("ledger as a path", config("ledger: audit.db\n" + GOOD)),
    Mistake("verify a path that does not exist", command=("verify", "exports/nowhere")),
    Mistake("include that fits nothing", config("include: teams/*.yaml\n" + GOOD)),
    Mistake("pattern that hides exports", config(GOOD + '    ignore: ["*"]\n')),
    Mistake("route to a channel that is not there", config(GOOD + HOOK + "  routes: [{to: [hok]}]\n")),
    Mistake("address that apprise cannot read", config(GOOD + "alerts: {channels: {a: {apprise: slakc://hunter2}}}\n")),
    Mistake("service open to everybody", config(GOOD + "service: {listen: 0.0.0.0:8080}\n")),
    Mistake(
        "waiver of everything",
        config(GOOD + "waivers: [{match: {code: '*'}, reason: x, by: jo, until: 2026-12-31}]\n"),
    ),
    Mistake("azure without its account", config(AZURE + FLOW)),
    Mistake("azure account without scheme", config(AZURE + "    account_url: acme.blob.core.windows.net\n" + FLOW)),
    Mistake("azure address of the other service", config(AZURE + ACCOUNT.replace(".blob.", ".dfs.") + FLOW)),
    Mistake("signature in the address", config(AZURE + ACCOUNT.rstrip() + "/?sv=2024-11-04&sig=hunter2\n" + FLOW)),
    Mistake(
        "container as an address", config(AZURE.replace("exports", "https://acme.blob.core.windows.net/exports") + FLOW)
    ),
    Mistake("container in capitals", config(AZURE.replace("exports", "Exports") + ACCOUNT + FLOW)),
    Mistake(
        "two ways to log in",
        config(AZURE + ACCOUNT + "    account_key: aHVudGVyMg==\n    sas_token: sv=2024-11-04&sig=hunter2\n" + FLOW),
    ),
    Mistake("half a service principal", config(AZURE + ACCOUNT + "    client_secret: hunter2\n" + FLOW)),
    Mistake("something else for a connection string", config(AZURE + "    connection_string: hunter2\n" + FLOW)),
    Mistake("blob address for a lake", config(LAKE + ACCOUNT + FLOW)),
    Mistake("half an HMAC key", config(GCS + "    hmac_secret: hunter2\n" + FLOW)),
    Mistake("gs address for a bucket", config(GCS.replace("exports", "gs://acme/backups") + FLOW)),
    Mistake("sftp without a host key", config(SFTP + "    password: hunter2\n" + FLOW)),
    Mistake(
        "sftp as an address",
        config(SFTP.replace("sftp.example.com", "sftp://audit:hunter2@sftp.example.com") + FLOW),
    ),
    Mistake(
        "password and private key",
        config(SFTP + "    password: hunter2\n    private_key_file: key\n    known_hosts_file: hosts\n" + FLOW),
    ),
    Mistake(
        "fingerprint of the older kind",
        config(SFTP + "    host_key_fingerprint: MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48\n" + FLOW),
    ),
    Mistake(
        "passphrase without its key", config(SFTP + "    passphrase: hunter2\n    known_hosts_file: hosts\n" + FLOW)
    ),
    Mistake("landing zone without credentials", config("destinations:\n  lake: {type: data-landing-zone}\n" + FLOW)),
    Mistake("landing zone of an unknown sandbox", config(SANDBOX + ZONE.replace(": prod", ": prd") + FLOW)),
    Mistake(
        "landing zone with two ways to log in",
        config(SANDBOX + ZONE.replace("}", ", sas_uri: 'https://a.blob.core.windows.net/c?sig=hunter2'}") + FLOW),
    ),
    Mistake("organisation id cut short", config(SANDBOX.replace("@AdobeOrg", "") + ZONE + FLOW)),
    Mistake("discover without sandboxes", command=("discover", "-c", "auditor.yaml")),
    Mistake(
        "discover a sandbox that is not there",
        config(SANDBOX),
        ("discover", "-c", "auditor.yaml", "--sandbox", "prdo"),
    ),
    Mistake(
        "discover over a file that is there", config(SANDBOX), ("discover", "-c", "auditor.yaml", "-o", "auditor.yaml")
    ),
    Mistake("merge into a file that is not there", config(SANDBOX), ("discover", "-o", "nowhere.yaml", "--merge")),
    Mistake(
        "experience platform where nobody answers",
        config(SANDBOX.replace("}", ", base_url: {endpoint}, token_url: {endpoint}/token}")),
        ("experience-platform", "check"),
    ),
    Mistake("client secret left out", config(SANDBOX.replace(", client_secret: hunter2", "") + ZONE + FLOW)),
    Mistake(
        "check of a destination that is not configured", command=("destinations", "check", "-c", "auditor.yaml", "lak")
    ),
    Mistake("check of a server that is not there", config(S3 + FLOW), ("destinations", "check", "-c", "auditor.yaml")),
    Mistake(
        "check of a bucket that is not there", config(S3 + FLOW), ("destinations", "check", "-c", "auditor.yaml"), True
    ),
    Mistake("verify with a password in the address", command=("verify", "sftp://audit:hunter2@sftp.example.com/x")),
    Mistake("verify a container without its account", command=("verify", "az://exports/backups")),
    Mistake("verify a destination that is not configured", command=("verify", "-c", "auditor.yaml", "lak:backups/x")),
    Mistake("waiver without end", config(GOOD + "waivers: [{match: {flow: web}, reason: x, by: jo}]\n")),
)


def run(mistake: Mistake, home: Path) -> str:
    """What the command says, as the golden file holds it."""
    with _endpoint(mistake.server) as endpoint, _in(home):
        for name, content in mistake.files.items():
            data = content if isinstance(content, bytes) else content.replace("{endpoint}", endpoint).encode()
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_bytes(data)
            os.utime(name, (1790820000, 1790820000))  # 2026-10-01T02:00:00Z
        for folder in mistake.folders:
            Path(folder).mkdir()
        wants_json = mistake.command[0] == "audit" and "--format" not in mistake.command and "-o" not in mistake.command
        result = CliRunner().invoke(app, [*mistake.command, *(["--format", "json"] if wants_json else [])])
        assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
        told = _findings(result.stdout) if wants_json and result.stdout else result.stdout
        text = f"exit code {result.exit_code}\n--- stderr\n{result.stderr}--- stdout\n{told}"
        return _normalised(text, home, endpoint)


def _findings(stdout: str) -> str:
    """The sentences of a report: findings with their remedy, and what could not be checked."""
    report = json.loads(stdout)
    lines = [f"{report['summary']['headline']}\n"]
    for one in report["findings"]:
        lines.append(f"{one['severity']} {one['code']}: {one['message']}\n  {one['remedy']}\n")
    lines += [f"could not check {one['subject']}: {one['reason']}\n" for one in report["unverifiable"]]
    return "".join(lines)


def _is_timed(text: str) -> bool:
    return "reach, log in" in text


def _normalised(text: str, home: Path, endpoint: str) -> str:
    text = text.replace(endpoint, "http://ENDPOINT").replace(endpoint.removeprefix("http://"), "ENDPOINT")
    text = re.sub(r"\(\d+ attempts in \d+ s\)", "(N attempts)", text)
    text = re.sub(r"\(request [^)]+\)", "(request ID)", text)
    text = re.sub(r"(?:[\d,]+|<1) ms", "N ms", text)
    if _is_timed(text):  # the columns are as wide as the times in them
        text = re.sub(r"(?<=\S) {2,}", "  ", text)
    return text.replace(f"{home.resolve()}/", "HOME/").replace(str(home.resolve()), "HOME").replace(str(home), "HOME")


@contextmanager
def _endpoint(server: bool) -> Iterator[str]:
    if server:
        with fake_s3(lambda _request: error("NoSuchBucket", 404)) as fake:
            yield fake.endpoint_url
        return
    with socket.socket() as free:  # bound, and nobody listens
        free.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{free.getsockname()[1]}"


@contextmanager
def _in(home: Path) -> Iterator[None]:
    """Work in `home`, with nothing of this machine's AWS configuration."""
    before = Path.cwd()
    own = {"AWS_CONFIG_FILE": str(home / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(home / "none")}
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("AWS_", "AZURE_")) and key != "AUDIT_SECRET"
    }
    os.chdir(home)
    try:
        with (
            patch.dict(os.environ, {**kept, **own, "AWS_EC2_METADATA_DISABLED": "true"}, clear=True),
            patch("auditor.cli.output.TERMINAL_WIDTH", 1000),  # no line breaks where the path of a test is long
        ):
            yield
    finally:
        os.chdir(before)


def golden_of(mistake: Mistake) -> Path:
    return GOLDEN / f"{mistake.name.replace(' ', '-')}.txt"


if __name__ == "__main__":
    for each in MISTAKES:
        with tempfile.TemporaryDirectory() as folder:
            golden_of(each).write_text(run(each, Path(folder)), encoding="utf-8")
