"""What a request carries, and what is done when it fails."""

import gzip
import json
import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from adapters.base import (
    AccessDenied,
    CredentialExpired,
    DestinationError,
    NotFound,
    Throttled,
    Unreachable,
    Unsupported,
)
from adapters.experience_platform import ExperiencePlatform
from adapters.retry import Policy
from auditor.worlds.platform import PlatformServer, Reply
from tests.adapters.experience_platform.making import FLOWS, Clock, asking, client, patient
from tests.servers.fault_proxy import Tampered, fault_proxy

ONCE = Policy(attempts=1)


@pytest.fixture
def server() -> Iterator[PlatformServer]:
    with PlatformServer() as running:
        running.route("GET", FLOWS, lambda _: Reply(200, {"items": []}))
        yield running


def test_every_request_has_the_four_headers_and_only_reads(server: PlatformServer):
    server.gate.sandboxes = ("stage",)
    with asking(server, sandbox="stage") as platform:
        assert platform.get(FLOWS, {"property": ["a==1", "b==2"], "limit": 100}) == {"items": []}
    (call,) = server.asked("flows")
    assert call.headers["authorization"].startswith("Bearer stand-in-token-")
    assert call.headers["x-api-key"] == "stand-in-client"
    assert call.headers["x-gw-ims-org-id"] == server.gate.org_id
    assert call.headers["x-sandbox-name"] == "stage"
    assert call.query == (("property", "a==1"), ("property", "b==2"), ("limit", "100"))
    assert {(call.method, call.path) for call in server.calls} == {("POST", "/ims/token/v3"), ("GET", FLOWS)}


def test_the_sandbox_is_named_even_where_it_is_prod(server: PlatformServer):
    with asking(server) as platform:
        platform.get(FLOWS)
    assert server.asked("flows")[0].headers["x-sandbox-name"] == "prod"


def test_a_header_can_be_added(server: PlatformServer):
    with asking(server) as platform:
        platform.get(FLOWS, headers={"Accept": "application/vnd.adobe.xdm+json"})
    assert server.asked("flows")[0].headers["accept"] == "application/vnd.adobe.xdm+json"


REFUSALS = [  # what the organisation is like, which error, what it says
    ({"client_id": "another"}, "client_id", CredentialExpired, "client_id and client_secret are not accepted"),
    ({"org_id": "FFFF@AdobeOrg"}, "org", AccessDenied, "Profile is not valid (403025, HTTP 403)"),
    ({"sandboxes": ("dev",)}, "sandbox", NotFound, "Sandbox prod was not found"),
    ({"forbidden": ("/data/foundation/flowservice",)}, "permission", AccessDenied, "a permission is missing"),
]


@pytest.mark.parametrize("gate, _, kind, said", REFUSALS, ids=[case[1] for case in REFUSALS])
def test_a_refusal_is_told_in_adobes_words(server: PlatformServer, gate, _, kind, said):
    platform = client(server)
    for name, value in gate.items():
        setattr(server.gate, name, value)
    with pytest.raises(kind) as caught:
        platform.get(FLOWS)
    assert said in str(caught.value)
    assert caught.value.destination == "Experience Platform prod"
    assert caught.value.request_id.startswith("request-")
    assert "stand-in-secret" not in str(caught.value)


def test_a_key_that_the_gateway_does_not_know_is_denied(server: PlatformServer):
    with asking(server) as platform:
        platform.get(FLOWS)
        server.gate.client_id = "other"
        with pytest.raises(AccessDenied, match="Api Key is invalid"):
            platform.get(FLOWS)


def test_a_server_fault_is_tried_again_and_bounded(server: PlatformServer):
    clock = Clock()
    for status in (500, 503, 504):
        server.fail("flows", Reply(status))
    with asking(server, policy=patient(clock)) as platform:
        assert platform.get(FLOWS) == {"items": []}
        server.fail("flows", Reply(500), times=99)
        with pytest.raises(Unreachable, match="6 attempts"):
            platform.get(FLOWS)
    assert len(server.asked("flows")) == 4 + 6


def test_what_is_no_fault_of_the_server_is_not_tried_again(server: PlatformServer):
    for status, kind in (
        (400, Unsupported),
        (404, NotFound),
        (403, AccessDenied),
        (302, Unsupported),
        (501, Unsupported),
    ):
        server.fail("flows", Reply(status, headers={"Location": "https://elsewhere.example/"}), times=1)
        asked = len(server.asked("flows"))
        with asking(server) as platform, pytest.raises(kind):
            platform.get(FLOWS)
        assert len(server.asked("flows")) == asked + 1


def in_the_future(seconds: int) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


def waits_after(server: PlatformServer, retry_after: str, status: int = 429) -> list[float]:
    clock = Clock()
    server.fail("flows", Reply(status, headers={"Retry-After": retry_after}))
    with asking(server, policy=patient(clock)) as platform:
        platform.get(FLOWS)
    return [round(wait, 2) for wait in clock.waits if wait > 0.1]


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_is_asked_for_is_kept(server: PlatformServer, status: int):
    assert waits_after(server, "7", status) == [7.0]
    assert waits_after(server, "1.5", status) == [1.5]
    (waited,) = waits_after(server, in_the_future(30), status)
    assert 25 <= waited <= 31


@pytest.mark.parametrize(
    "retry_after",
    [
        *("soon", "", "nan", "-1", "0", "Wed, 21 Oct 2015 07:28:00 GMT", "1e999"),
        "Wed, 21 Oct 99999999999999999999 07:28:00 GMT",
        "Wed, 21 Oct 2015 07:28:00 +99999999999999999999",
    ],
)
def test_what_is_no_wait_leaves_it_to_the_back_off(server: PlatformServer, retry_after: str):
    # IBM/mcp-context-forge#5674: a date or a fraction is no reason to fall over
    assert waits_after(server, retry_after) == [0.5]


@pytest.mark.parametrize("retry_after", ["10800", in_the_future(10800)], ids=["seconds", "a date"])
def test_a_wait_beyond_our_patience_stands_at_once(server: PlatformServer, retry_after: str):
    clock = Clock()
    server.fail("flows", Reply(429, headers={"Retry-After": retry_after}), times=9)
    with asking(server, policy=patient(clock)) as platform, pytest.raises(Throttled) as caught:
        platform.get(FLOWS)
    assert 10700 < caught.value.retry_after_s <= 10800
    assert len(server.asked("flows")) == 1
    assert sum(clock.waits) < 1


def test_many_at_once_are_spaced_and_few(server: PlatformServer):
    under_way, most, lock = 0, 0, threading.Lock()

    def slow(_) -> Reply:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.1)
        with lock:
            under_way -= 1
        return Reply(200, {})

    server.route("GET", FLOWS, slow)
    with asking(server) as platform:
        begun = time.monotonic()
        threads = [threading.Thread(target=platform.get, args=(FLOWS,)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(server.asked("flows")) == 12
    assert len(server.asked("token")) == 1
    assert most <= 4
    assert time.monotonic() - begun >= 12 * 0.05


def test_a_limited_server_is_asked_until_it_answers(server: PlatformServer):
    server.gate.calls_per_s = 5
    with asking(server) as platform:
        for _ in range(8):
            platform.get(FLOWS)
    assert any(call for call in server.asked("flows"))
    assert len(server.asked("flows")) >= 9


BROKEN = [
    (Reply(200, b"{"), Unsupported, "the answer is no JSON"),
    (Reply(200, b"<html>log in</html>", {"Content-Type": "text/html"}), Unsupported, "no JSON (text/html, 19 bytes)"),
    (Reply(200, b""), Unsupported, "the answer is no JSON"),
    (Reply(200, b"\xff\xfe\x00"), Unsupported, "the answer is no JSON"),
    (Reply(200, b"[" * 200_000), Unsupported, "the answer is no JSON"),
    (Reply(200, b"9" * 10_000), Unsupported, "the answer is no JSON"),
    (Reply(200, {"items": ["x" * 1000]}, cut_at=100), Unreachable, "the connection was cut"),
    (Reply(200, b"no gzip", {"Content-Encoding": "gzip"}), Unreachable, "the answer is cut or not encoded"),
    (Reply(200, {}, stall_s=1.5), Unreachable, "no answer in time"),
    (Reply(503, b"<html>"), Unreachable, "the server failed (HTTP 503)"),
    (Reply(418, b"[1]"), Unsupported, "the request is refused (HTTP 418)"),
]


@pytest.mark.parametrize("reply, kind, said", BROKEN, ids=[said for _, _, said in BROKEN])
def test_a_broken_answer_is_a_clear_error(server: PlatformServer, reply, kind, said):
    server.fail("flows", reply)
    with asking(server, policy=ONCE, timeout=1.0) as platform, pytest.raises(kind) as caught:
        platform.get(FLOWS)
    assert said in str(caught.value)
    assert str(caught.value).isprintable()
    if reply.cut_at is None and not reply.stall_s and "encoded" not in said:
        assert caught.value.request_id.startswith("request-")


def test_an_answer_is_bounded(server: PlatformServer, monkeypatch):
    monkeypatch.setattr("adapters.experience_platform.client.LARGEST_ANSWER", 1000)
    for reply in (Reply(200, b" " * 1001), Reply(200, gzip.compress(b" " * 9000), {"Content-Encoding": "gzip"})):
        server.fail("flows", reply)
        with asking(server) as platform, pytest.raises(Unsupported, match="larger than"):
            platform.get(FLOWS)


def test_an_answer_that_comes_drop_by_drop_ends_too(server: PlatformServer):
    server.route("GET", FLOWS, lambda _: Reply(200, {"items": ["x" * 500]}))
    drops = lambda request: Tampered(drip_s=0.02) if request.path == FLOWS else None  # noqa: E731
    with fault_proxy(server.base_url, drops) as proxy, asking(server, policy=ONCE, timeout=0.2) as platform:
        platform.base_url = proxy.address
        began_s = time.monotonic()
        with pytest.raises(Unreachable, match="not whole within 1 s"):
            platform.get(FLOWS)
    assert time.monotonic() - began_s < 4


def test_an_answer_may_come_compressed(server: PlatformServer):
    server.fail("flows", Reply(200, gzip.compress(b'{"a": 1}'), {"Content-Encoding": "gzip"}))
    with asking(server) as platform:
        assert platform.get(FLOWS) == {"a": 1}


def test_nobody_there_is_unreachable():
    with PlatformServer() as gone:
        platform = client(gone, policy=ONCE)
    with pytest.raises(Unreachable, match="no connection"):
        platform.get(FLOWS)


def test_no_token_goes_to_another_host(server: PlatformServer):
    with PlatformServer() as elsewhere, asking(server) as platform:
        server.fail("flows", Reply(307, headers={"Location": f"{elsewhere.base_url}{FLOWS}"}))
        with pytest.raises(Unsupported, match="sends elsewhere"):
            platform.get(FLOWS)
        assert elsewhere.calls == []


def test_a_secret_is_never_written(server: PlatformServer, caplog):
    caplog.set_level(logging.DEBUG)
    with asking(server) as platform:
        platform.get(FLOWS)
        token = server.asked("flows")[0].headers["authorization"].removeprefix("Bearer ")
        said = f"token {token} of client_secret=stand-in-secret, Bearer abc.def, eyJhbGci.eyJzdWIi.c2ln\nnext \x1b[31m"
        server.fail("flows", Reply(403, {"error_code": "403025", "message": said + "x" * 1000}))
        with pytest.raises(AccessDenied) as caught:
            platform.get(FLOWS)
        written = f"{caught.value} {caught.value.reason} {platform!r} {vars(platform)['_token']!r} {caplog.text}"
    for secret in (token, "stand-in-secret", "abc.def", "c2ln", "\x1b"):
        assert secret not in written
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_path_is_data(server: PlatformServer):
    server.route("GET", "/flows/.*", lambda call: Reply(200, call.path))
    with asking(server) as platform:
        assert platform.get("/flows/a b?x=1#y%2F") == "/flows/a b?x=1#y%2F"


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "http://platform.example"},
        {"token_url": "http://ims.example/token"},
        {"base_url": "ftp://127.0.0.1/"},
        {"base_url": "https://user:password@platform.example"},
        {"base_url": ""},
        {"client_secret": ""},
        {"sandbox": ""},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_cannot_be_is_refused_at_once(server: PlatformServer, wrong):
    with pytest.raises(ValueError, match="experience_platform 'prod'") as caught:
        client(server, **wrong)
    assert "password" not in str(caught.value)


@pytest.mark.parametrize("org_id", ["a\r\nX-Injected: 1", "ü", "\U0001f600"])
def test_what_no_header_can_carry_is_not_sent(server: PlatformServer, org_id: str):
    with asking(server, org_id=org_id) as platform, pytest.raises(Unsupported, match="the request cannot be"):
        platform.get(FLOWS)
    assert server.asked("flows") == []


SHAPES = [
    ({"error_code": "403003", "message": "Api Key is invalid"}, 403, AccessDenied, "invalid (403003, HTTP 403)"),
    ({"error_code": 403003, "message": "Api Key is invalid"}, 403, AccessDenied, "(403003, HTTP 403)"),
    ({"error_code": "403010", "message": "Oauth token is missing."}, 403, AccessDenied, "the access token is missing"),
    ({"errorMessage": "No such flow", "errorDetails": "id x"}, 404, NotFound, "there: No such flow. id x (HTTP 404)"),
    ({"type": "http://ns.adobe.com/aep/errors/2120-403", "title": "Forbidden", "status": 403, "detail": "no"}, 403,
     AccessDenied, "a permission is missing: Forbidden. no (2120-403, HTTP 403)"),
    ({"title": "Forbidden", "report": {"detailed-message": "needs View Destinations"}}, 403, AccessDenied,
     "access denied: Forbidden. needs View Destinations (HTTP 403)"),
    ({"errorMessage": "FLOW 2120-403 denied"}, 403, AccessDenied, "a permission is missing"),
    ({"type": None, "title": 3, "detail": [1, {"message": "x"}]}, 400, Unsupported, "the request is refused: x"),
    ([], 403, AccessDenied, "access denied (HTTP 403)"),
    ({"message": None}, 500, Unreachable, "the server failed (HTTP 500)"),
]  # fmt: skip


@pytest.mark.parametrize("body, status, kind, said", SHAPES, ids=[said for *_, said in SHAPES])
def test_each_shape_of_refusal_is_understood(server: PlatformServer, body, status, kind, said):
    server.fail("flows", Reply(status, json.dumps(body).encode()))
    with asking(server, policy=ONCE) as platform, pytest.raises(DestinationError) as caught:
        platform.get(FLOWS)
    assert type(caught.value) is kind
    assert said in str(caught.value)


def test_opening_reaches_for_nothing():
    ExperiencePlatform("prod", org_id="o", client_id="c", client_secret="s3cr3t").close()
