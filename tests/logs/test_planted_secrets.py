"""No secret of a destination stands in anything the product writes, whatever fails (Azure/azure-sdk-for-java#10887)."""

import base64
import json
import logging
from datetime import UTC, datetime
from functools import partial
from io import StringIO
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.testclient import TestClient

import adapters.retry
from auditor.ledger import Ledger
from auditor.report import FORMATS, ReportOptions
from auditor.service import AuditOptions, run_audit
from auditor.settings import load_config
from auditor.settings.destination_models import DESTINATION_TYPES
from auditor.settings.experience_platform import ExperiencePlatformSection
from auditor.settings.secret_keys import secrets_of
from auditor.web.app import make_app
from tests.logs.logging_to import logging_to_memory, nothing_known  # noqa: F401  # for every test
from tests.logs.planted import echoing, find_planted
from tests.web.served import Played, make_loop

NOW = datetime(2026, 10, 3, 12, 0, tzinfo=UTC)
PLANTED = "Pl4nted+Se/cret="
KEY = base64.b64encode(b"a key of an account, planted 32b").decode()
SAS = "sv=2022-11-02&sp=rl&sig=Pl4ntedS1gnature%2Bof%2FAzure%3D"
FINGERPRINT = "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8"
WAYS = [  # type, keys that are no secrets, secrets by key
    ("s3", {"bucket": "exports", "region": "eu-central-1", "endpoint_url": "{http}"},
     {"access_key_id": "AKIAPLANTED1234567", "secret_access_key": PLANTED, "session_token": "Pl4nted/Session+Token=="}),
    ("azure-blob", {"container": "exports", "account_url": "{http}/acme"}, {"account_key": KEY}),
    ("azure-blob", {"container": "exports", "account_url": "{http}/acme"}, {"sas_token": SAS}),
    ("azure-blob", {"container": "exports", "account_url": "{https}/acme", "tenant_id": "acme.example.com",
                    "client_id": "me", "authority_host": "{https}"}, {"client_secret": PLANTED}),
    ("azure-blob", {"container": "exports"},
     {"connection_string": f"AccountName=acme;AccountKey={KEY};BlobEndpoint={{http}}/acme"}),
    ("adls-gen2", {"file_system": "exports", "account_url": "{http}/acme"}, {"account_key": KEY}),
    ("adls-gen2", {"file_system": "exports", "account_url": "{http}/acme"}, {"sas_token": SAS}),
    ("adls-gen2", {"file_system": "exports", "account_url": "{https}/acme", "tenant_id": "acme.example.com",
                   "client_id": "me", "authority_host": "{https}"}, {"client_secret": PLANTED}),
    ("gcs", {"bucket": "exports", "endpoint_url": "{http}"},
     {"hmac_access_id": "GOOGPLANTED123456", "hmac_secret": PLANTED}),
    ("sftp", {"host": "127.0.0.1", "port": "{port}", "username": "me", "host_key_fingerprint": FINGERPRINT},
     {"password": PLANTED}),
    ("sftp", {"host": "127.0.0.1", "port": "{port}", "username": "me", "host_key_fingerprint": FINGERPRINT,
              "private_key_file": "{key}"}, {"passphrase": PLANTED}),
    ("data-landing-zone", {}, {"sas_uri": f"{{http}}/acme/dlz-destination?{SAS}"}),
    ("data-landing-zone", {"experience_platform": "prod"}, {"platform_client_secret": PLANTED}),
]  # fmt: skip
HOW = {"refused, with all of it thrown back": 403, "broken, with all of it thrown back": 503, "nobody there": None}


def test_every_key_that_takes_a_secret_is_planted():
    planted = {(kind, key) for kind, _, secrets in WAYS for key in secrets}
    takes = {(kind, key) for kind, model in DESTINATION_TYPES.items() for key in secrets_of(model)}
    takes |= {("data-landing-zone", f"platform_{key}") for key in secrets_of(ExperiencePlatformSection)}
    assert planted == takes


@pytest.fixture
def key_file(tmp_path):
    encrypted = serialization.BestAvailableEncryption(b"another passphrase")
    key = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, encrypted
    )
    (tmp_path / "key").write_bytes(key)
    return tmp_path / "key"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    policy = partial(adapters.retry.Policy, attempts=3, budget_s=3, first_wait_s=0.01, longest_wait_s=0.02)
    monkeypatch.setattr(adapters.retry, "Policy", policy)


def write_config(home, kind, keys, secrets, fill):
    """A configuration with its secrets in files."""
    lines = ["experience_platform:", "  prod:", "    org_id: 5B4C0D1E2F3A4B5C6D7E8F90@AdobeOrg", "    sandbox: prod"]
    lines += ["    client_id: me", f"    base_url: {fill('{http}')}", f"    token_url: {fill('{http}')}/ims/token/v3"]
    lines += ["    client_secret_file: platform_client_secret"] if "platform_client_secret" in secrets else []
    lines = lines if "platform_client_secret" in secrets else []
    lines += ["destinations:", "  lake:", f"    type: {kind}", "    timeout: 2s"]
    lines += [f"    {key}: {fill(value)}" for key, value in keys.items()]
    for key, value in secrets.items():
        (home / key).write_text(fill(value))
        lines += [] if key.startswith("platform_") else [f"    {key}_file: {key}"]
    lines += ["flows:", "  web:", "    destination: lake", "    schedule: {start: 2026-10-01T00:00:00Z, every: 24h}"]
    lines += ["    datasets: [{id: 5ef3e324052581191aa6a466}]"]
    (home / "auditor.yaml").write_text("\n".join(lines) + "\n")
    return load_config(home / "auditor.yaml")


@pytest.mark.parametrize("how", HOW, ids=str)
@pytest.mark.parametrize("kind, keys, secrets", WAYS, ids=[f"{kind} by {'+'.join(s)}" for kind, _, s in WAYS])
def test_nothing_the_product_writes_holds_a_secret(kind, keys, secrets, how, tmp_path, key_file):
    with echoing(HOW[how]) as port, logging_to_memory("debug") as lines:
        named = {
            "http": f"http://127.0.0.1:{port}",
            "https": f"https://127.0.0.1:{port}",
            "port": port,
            "key": key_file,
        }
        config = write_config(tmp_path, kind, keys, secrets, lambda text: text.format(**named))
        with Ledger.open(config.ledger_url) as ledger:
            result = run_audit(config, ledger, AuditOptions(now=NOW))
            log_all_there_is(config, result)
        written = {path.name: path.read_bytes() for path in tmp_path.glob("export-auditor.db*")}
        state = Played(config=config, result=result, loops=[make_loop(trouble=result.findings[0].message)])
        asking = TestClient(make_app(state), base_url="http://127.0.0.1")
        pages = {path: asking.get(path).text for path in ("/", "/metrics", "/readyz")}
        reports = {name: render(result, ReportOptions()) for name, render in FORMATS.items()}
    assert result.findings, "nothing went wrong"
    assert written
    planted = {key: value.format(**named) for key, value in secrets.items()}
    planted |= {"signature": "Pl4ntedS1gnature+of/Azure="} if SAS in str(secrets) else {}
    planted |= {"account key": KEY} if KEY in str(secrets) else {}
    assert find_planted(planted, {"log": lines.text, **written, **pages, **reports}) == []


def log_all_there_is(config, *more):
    """As a library would that logs whatever it holds, in every spelling."""
    log = logging.getLogger("some.library")
    options = {**config.destinations["lake"].options}
    for one in config.experience_platform.values():
        options |= {f"platform_{key}": value for key, value in one.options.items()}
    log.debug("opening with %r %r", options, more)
    for value in map(str, options.values()):
        encoded = base64.b64encode(f"me:{value}".encode()).decode()
        log.debug("GET /%s?x=%s %s %s", quote(value), quote(value, safe=""), encoded, value)
    try:
        raise ConnectionError(json.dumps(options, default=str))
    except ConnectionError:
        log.exception("failed")


@pytest.mark.parametrize("kind, keys, secrets", WAYS, ids=[f"{kind} by {'+'.join(s)}" for kind, _, s in WAYS])
def test_without_redaction_each_would_be_found(kind, keys, secrets, tmp_path, key_file):
    raw = StringIO()
    handler = logging.StreamHandler(raw)
    with logging_to_memory("debug"):
        logging.getLogger().addHandler(handler)
        named = {"http": "http://127.0.0.1:9", "https": "https://127.0.0.1:9", "port": 9, "key": key_file}
        config = write_config(tmp_path, kind, keys, secrets, lambda text: text.format(**named))
        log_all_there_is(config)
        logging.getLogger().removeHandler(handler)
    planted = {key: value.format(**named) for key, value in secrets.items()}
    assert find_planted(planted, {"log": raw.getvalue()}) == [f"{key} in log" for key in planted]
