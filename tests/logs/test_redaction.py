"""Secrets out of texts: the known ones in every spelling, and whatever has the shape of one."""

import base64
import html
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from auditor.logs import redact, register_secrets
from auditor.logs.redaction import HIDDEN, SHORTEST
from tests.logs.logging_to import nothing_known  # noqa: F401  # for every test

SECRET = 'p@ss/w0rd+x y"z\\ä&%='
SPELLINGS = [
    SECRET,
    quote(SECRET),
    quote(SECRET, safe=""),
    quote(SECRET, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
    quote(quote(SECRET, safe=""), safe=""),
    quote_plus(SECRET),
    json.dumps(SECRET)[1:-1],
    json.dumps(SECRET, ensure_ascii=False)[1:-1],
    repr(SECRET)[1:-1],
    html.escape(SECRET),
    base64.b64encode(SECRET.encode()).decode().rstrip("="),
    base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_known_secret_is_left_out_however_it_is_spelled(spelling):
    register_secrets([SECRET])
    assert spelling not in redact(f"before {spelling} after")
    assert redact(f"before {spelling} after").startswith("before ")


@pytest.mark.parametrize("user", ["", "u:", "us:", "use:"])
def test_base64_of_a_secret_is_found_wherever_the_secret_begins_in_it(user):
    register_secrets(["correct horse battery"])
    encoded = base64.b64encode(f"{user}correct horse battery".encode()).decode()
    assert encoded[len(user) * 4 // 3 + 4 : -4] not in redact(f"Basic-ish {encoded}")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=st.text(st.characters(codec="utf-8"), min_size=SHORTEST, max_size=60).filter(lambda s: s.strip() == s))
@example(secret="***" * 3)
@example(secret=".*+?()[]{}^$|")
def test_no_secret_survives_in_any_place(secret):
    register_secrets([secret])
    left = redact(f"a{secret}b {quote(secret, safe='')} {json.dumps(secret)}")
    if not set(secret) <= {"*"}:
        assert secret not in left.replace(HIDDEN, "\0")


SHAPES = [
    ("a signature of Azure", "GET /c/x?sv=2022&sig=abc%2Bd%3D&se=2026-01-01 HTTP/1.1", ["abc%2Bd"], "se=2026-01-01"),
    ("a signature in an address in a value", "to=https%3A%2F%2Fh%2F%3Fsig%3DabcDEF%26x%3D1", ["abcDEF"], "x%3D1"),
    ("a signed request of S3", "?X-Amz-Credential=AKIA1/2026&X-Amz-Signature=0af3&x=1", ["AKIA1", "0af3"], "x=1"),
    ("a signed request of Google", "?X-Goog-Signature=77aa&x=1", ["77aa"], "x=1"),
    ("a header", "Authorization: Bearer a.b-c\nAccept: all", ["a.b-c"], "Accept: all"),
    ("headers as a mapping", "{'Authorization': b'AWS4-HMAC-SHA256 Signature=0f', 'A': 1}", ["0f"], "'A': 1"),
    ("headers as JSON inside JSON", '{\\"Authorization\\": \\"Bearer zz9\\", \\"a\\": 1}', ["zz9"], '\\"a\\": 1'),
    ("a cookie", "Set-Cookie: sid=93aa77; Path=/", ["93aa77"], ""),
    ("a bearer token in a sentence", "refused Bearer abc123def456 for reading", ["abc123def456"], "for reading"),
    ("a JSON web token", "got eyJhbGciOi.eyJzdWIi.c2ln here", ["eyJzdWIi", "c2ln"], "here"),
    ("an answer with tokens", '{"access_token": "q\\"w", "expires_in": 3600}', ["q\\", 'w"'], '"expires_in": 3600'),
    ("a form", "grant_type=x&client_secret=s3&scope=y", ["s3"], "scope=y"),
    ("a password in an address", "postgresql://me:pw@db/ledger failed", [":pw@"], "db/ledger failed"),
    ("a private key", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nrest", ["MIIE"], "rest"),
    ("a private key that is cut", "-----BEGIN PRIVATE KEY-----\nMIIE", ["MIIE"], ""),
]  # fmt: skip


@pytest.mark.parametrize("told, text, gone, stays", SHAPES, ids=[case[0] for case in SHAPES])
def test_what_has_the_shape_of_a_secret_is_left_out_and_the_rest_stays(told, text, gone, stays):
    left = redact(text)
    assert not [one for one in gone if one in left], left
    assert stays in left


PLAIN = [
    "basic authentication is asked for",
    "web-3h → lake-backup: no sound export since 15:00 UTC (limit 12 h)",
    "s3://acme-exports/backups/5ef3e324/exportTime=20261003T060000Z/part-0000.json.gz",
    "https://acme.blob.core.windows.net/exports?comp=list&prefix=a%2Fb",
    "the token has expired; renew it",
]


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_secret_stays(text):
    assert redact(text) == text


def test_a_short_secret_is_no_reason_to_tear_holes_everywhere():
    assert register_secrets(["ab1"]) == 1
    assert redact("ab1 is a word, password=ab1 is not") == "ab1 is a word, password=*** is not"


def test_the_parts_of_an_address_that_is_a_secret_are_secrets():
    register_secrets(["https://acme.example.com/hook/T0KEN12345?sv=1&sig=q%2Fw%3D9zz"])
    for text in ('acme.example.com:443 "POST /hook/T0KEN12345?sv=1 HTTP/1.1"', "q/w=9zz", "q%2Fw%3D9zz"):
        assert HIDDEN in redact(text)


def test_the_file_of_a_ledger_is_no_secret():
    register_secrets(["sqlite:////var/lib/export-auditor-2026/ledger.db"])
    assert redact("/var/lib/export-auditor-2026/ledger.db") == "/var/lib/export-auditor-2026/ledger.db"


@pytest.mark.parametrize(
    "piece", ["a.", "sig=", "://", '"token": "', "Authorization", "-----BEGIN PRIVATE KEY-----", "\\"]
)
def test_long_texts_take_no_long_time(piece):
    began = time.process_time()
    redact(piece * (100_000 // len(piece)))
    assert time.process_time() - began < 2
