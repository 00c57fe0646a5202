"""Destinations: options for their adapters, and secrets that never show."""

import pickle
from datetime import timedelta
from pathlib import Path

import pytest

from auditor.model import Severity
from auditor.settings import ConfigError
from tests.settings.configs import destination, flow, mistakes, read

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEY = "AKIAIOSFODNN7EXAMPLE"


def s3(*lines):
    return destination("type: s3", "bucket: acme", *lines)


def options(folder, text, environ=None):
    return dict(read(folder, text, environ).destinations["d"].options)


def test_a_relative_root_is_relative_to_the_file(tmp_path):
    found = read(tmp_path, flow()).destinations["d"]
    assert (found.type, dict(found.options)) == ("local", {"root": str(tmp_path / "exports")})
    assert (found.name, found.facts.folder, found.facts.retain) == ("d", "", None)


def test_a_root_may_be_absolute_or_at_home(tmp_path):
    assert options(tmp_path, destination("type: local", "root: /srv/x"))["root"] == "/srv/x"
    assert options(tmp_path, destination("type: local", "root: ~/x"))["root"] == str(Path.home() / "x")


def test_facts_are_read(tmp_path):
    text = s3("folder: _a/.b c/ü", "retain: 7d", "severity: {stray-object: error}")
    facts = read(tmp_path, text).destinations["d"].facts
    assert (facts.folder, facts.retain) == ("_a/.b c/ü", timedelta(days=7))
    assert facts.severities == {"stray-object": Severity.ERROR}


def test_only_what_is_given_becomes_an_option(tmp_path):
    assert options(tmp_path, s3()) == {"bucket": "acme"}
    text = s3(
        "region: eu-central-1",
        "endpoint_url: http://127.0.0.1:9000",
        "profile: audit",
        "role_arn: arn:aws:iam::123456789012:role/x",
        "external_id: 007",
        "requester_pays: yes",
        "concurrency: 4",
        "page_size: 3",
        "timeout: 1m30s",
    )
    assert options(tmp_path, text) == {
        "bucket": "acme",
        "region": "eu-central-1",
        "endpoint_url": "http://127.0.0.1:9000",
        "profile": "audit",
        "role_arn": "arn:aws:iam::123456789012:role/x",
        "external_id": "007",
        "requester_pays": True,
        "concurrency": 4,
        "page_size": 3,
        "timeout": 90.0,
    }


def test_a_secret_may_be_a_value_a_variable_or_a_file(tmp_path):
    (tmp_path / "token").write_text("t0ken\r\n")
    text = s3(f"access_key_id: {KEY}", "secret_access_key: ${AUDIT_SECRET}", "session_token_file: token")
    found = options(tmp_path, text, {"AUDIT_SECRET": SECRET})
    assert found["access_key_id"] == KEY
    assert (found["secret_access_key"], found["session_token"]) == (SECRET, "t0ken")


def test_options_reach_a_worker_process(tmp_path):
    text = s3(f"access_key_id: {KEY}", f"secret_access_key: {SECRET}")
    found = read(tmp_path, text).destinations["d"]
    assert pickle.loads(pickle.dumps(found)) == found


BOTH = [f"access_key_id: {KEY}", f"secret_access_key: {SECRET}"]
WRONG = [  # told, lines, messages
    (
        "variable that is not set",
        [BOTH[0], "secret_access_key: ${NOT_SET}"],
        [
            (
                "c.yaml:6:24: destinations.d.secret_access_key: the environment variable NOT_SET is not set; "
                "set it, or name another one"
            )
        ],
    ),
    (
        "variable that is empty",
        [BOTH[0], "secret_access_key: ${EMPTY}"],
        [
            (
                "c.yaml:6:24: destinations.d.secret_access_key: the environment variable EMPTY is empty; "
                "set it, or name another one"
            )
        ],
    ),
    (
        "reference with a default",
        [BOTH[0], 'secret_access_key: "${A:-hunter2}"'],
        [
            (
                "c.yaml:6:24: destinations.d.secret_access_key: is no reference to an environment variable; "
                "write ${NAME} with letters, digits and _"
            )
        ],
    ),
    (
        "file that is not there",
        [BOTH[0], "secret_access_key_file: /nowhere/at/all"],
        [
            (
                "c.yaml:6:29: destinations.d.secret_access_key_file: /nowhere/at/all cannot be read "
                "(No such file or directory); name a file that this user may read"
            )
        ],
    ),
    (
        "file that is empty",
        [BOTH[0], "secret_access_key_file: /dev/null"],
        ["c.yaml:6:29: destinations.d.secret_access_key_file: /dev/null is empty; write the secret into it"],
    ),
    (
        "value and file",
        [*BOTH, "secret_access_key_file: /dev/null"],
        ["c.yaml:7:5: destinations.d.secret_access_key_file: stands beside secret_access_key; keep one of them"],
    ),
    (
        "empty value",
        [BOTH[0], 'secret_access_key: ""'],
        ["c.yaml:6:24: destinations.d.secret_access_key: is empty; leave the key out, or give the secret"],
    ),
    (
        "both empty",
        ["access_key_id:", "secret_access_key:"],
        [
            "c.yaml:5:5: destinations.d.access_key_id: is empty; leave the key out, or give the secret",
            "c.yaml:6:5: destinations.d.secret_access_key: is empty; leave the key out, or give the secret",
        ],
    ),
    (
        "key without secret",
        BOTH[:1],
        [
            (
                "c.yaml:3:5: destinations.d: has access_key_id without secret_access_key; "
                "add it, or leave both out for the AWS chain"
            )
        ],
    ),
    (
        "secret without key",
        BOTH[1:],
        [
            (
                "c.yaml:3:5: destinations.d: has secret_access_key without access_key_id; "
                "add it, or leave both out for the AWS chain"
            )
        ],
    ),
    (
        "token alone",
        [f"session_token: {SECRET}"],
        ["c.yaml:3:5: destinations.d: has session_token without access_key_id and secret_access_key; add them"],
    ),
    (
        "profile and keys",
        [*BOTH, "profile: x"],
        ["c.yaml:7:14: destinations.d.profile: stands beside access_key_id; keep one of them"],
    ),
    (
        "external id without role",
        ["external_id: x"],
        ["c.yaml:5:18: destinations.d.external_id: stands without role_arn; add the role, or remove it"],
    ),
]


@pytest.mark.parametrize("told, lines, expected", WRONG, ids=[case[0] for case in WRONG])
def test_a_credential_that_cannot_work_is_told_before_it_is_tried(told, lines, expected, tmp_path):
    assert mistakes(tmp_path, s3(*lines), {"EMPTY": ""}) == expected


LEAKS = [  # told, text
    ("a mapping", s3("access_key_id: x", f"secret_access_key: {{value: {SECRET}}}")),
    ("a list", s3("access_key_id: x", f"secret_access_key: [{SECRET}]")),
    ("no space after the colon", s3(f"secret_access_key:{SECRET}")),
    (
        "no space after the colon, in braces",
        f"destinations:\n  d: {{type: s3, bucket: a, secret_access_key:{SECRET}}}\n",
    ),
    ("a key of another name", s3(f"aws_secret_access_key: {SECRET}")),
    ("in the address", s3(f"endpoint_url: https://{KEY}:{SECRET.replace('/', '')}@s3.example.com")),
    ("in the query", s3(f"endpoint_url: https://s3.example.com?sig={SECRET}")),
    ("in an address that is none", s3(f"endpoint_url: 'https://[{SECRET}'")),
    ("an alias", s3(f"secret_access_key: *{SECRET.replace('/', 'x').replace('+', 'y')}")),
    ("an anchor", s3(f"secret_access_key: &{SECRET.replace('/', 'x').replace('+', 'y')}")),
    ("a tag", s3(f"secret_access_key: !{SECRET}")),
    ("a percent sign", s3(f"secret_access_key: %{SECRET}")),
    ("an at sign", s3(f"secret_access_key: @{SECRET}")),
    ("an open quote", s3(f'secret_access_key: "{SECRET}')),
    ("another value behind", s3(f"secret_access_key: a: {SECRET}")),
    ("the ledger", f"ledger: postgres://audit:{SECRET}@db/audit\n" + flow()),
    ("the ledger without slashes", f"ledger: postgresql:audit:{SECRET}@db/audit\n" + flow()),
    ("a reference that is none", s3(f"secret_access_key: '${{{SECRET}}}'")),
]


@pytest.mark.parametrize("told, text", LEAKS, ids=[case[0] for case in LEAKS])
def test_a_secret_in_the_wrong_place_shows_in_no_message(told, text, tmp_path):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    shown = f"{caught.value!s} {caught.value!r} {caught.value.problems!r}"
    assert not [part for part in (SECRET, SECRET[:12], SECRET[-12:]) if part in shown]
    assert caught.value.__cause__ is None


def test_no_secret_shows_in_what_was_read(tmp_path):
    text = "ledger: postgresql://audit:hunter2@db/audit\n" + s3(*BOTH, f"session_token: {SECRET}")
    config = read(tmp_path, text)
    shown = f"{config!r} {config!s} {config.destinations['d']!r} {config.destinations['d'].place}"
    assert not [part for part in (SECRET, KEY, "hunter2") if part in shown]
    assert config.ledger_url == "postgresql://audit:hunter2@db/audit"


LEDGERS = [  # told, line, URL with {0} for the folder
    ("left out", "", "sqlite:///{0}/export-auditor.db"),
    ("relative", "ledger: sqlite:///state/a.db\n", "sqlite:///{0}/state/a.db"),
    ("absolute", "ledger: sqlite:////var/lib/a.db\n", "sqlite:////var/lib/a.db"),
    ("with options", "ledger: sqlite:///a.db?timeout=5\n", "sqlite:///{0}/a.db?timeout=5"),
    ("PostgreSQL", "ledger: postgresql+psycopg://u@h/n\n", "postgresql+psycopg://u@h/n"),
    ("from the environment", "ledger: ${LEDGER}\n", "sqlite:///{0}/env.db"),
]


@pytest.mark.parametrize("told, line, expected", LEDGERS, ids=[case[0] for case in LEDGERS])
def test_the_ledger_is_relative_to_the_file(told, line, expected, tmp_path):
    config = read(tmp_path, line + flow(), {"LEDGER": "sqlite:///env.db"})
    assert config.ledger_url == expected.format(tmp_path)


def test_the_hash_tells_one_text_from_another(tmp_path):
    first = read(tmp_path, flow())
    assert first.path == tmp_path / "c.yaml"
    assert first.hash == read(tmp_path, flow()).hash != read(tmp_path, flow() + "# edited\n").hash
