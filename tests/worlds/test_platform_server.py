"""The stand-in for Experience Platform answers as Adobe documents it.

https://experienceleague.adobe.com/en/docs/experience-platform/landing/troubleshooting
"""

import http.client
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from auditor.worlds.platform import AmazonZone, AzureZone, Call, PlatformServer, Reply, serve_landing_zone

FLOWS = "/data/foundation/flowservice/flows"
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def server() -> Iterator[PlatformServer]:
    with PlatformServer() as running:
        running.route("GET", FLOWS, lambda call: Reply(200, {"items": [], "asked": call.every("property")}))
        yield running


def ask(
    url: str, headers: Mapping[str, str] | None = None, data: bytes | None = None, method: str | None = None
) -> tuple[int, Any, Mapping[str, str]]:
    request = urllib.request.Request(url, data=data, headers=dict(headers or {}), method=method)
    try:
        with OPENER.open(request, timeout=10) as answer:
            body = answer.read()
            return answer.status, json.loads(body) if body else None, answer.headers
    except urllib.error.HTTPError as refused:
        with refused:
            body = refused.read()
            return refused.code, json.loads(body) if body else None, refused.headers


def fetch_token(server: PlatformServer, **form: str) -> tuple[int, Any]:
    given = {
        "grant_type": "client_credentials",
        "client_id": server.gate.client_id,
        "client_secret": server.gate.client_secret,
        "scope": "openid",
    }
    status, body, _ = ask(server.token_url, data=urlencode(given | form).encode())
    return status, body


def headers(server: PlatformServer, **changed: str | None) -> dict[str, str]:
    _, body = fetch_token(server)
    made: dict[str, str | None] = {
        "Authorization": f"Bearer {body['access_token']}",
        "x-api-key": server.gate.client_id,
        "x-gw-ims-org-id": server.gate.org_id,
        "x-sandbox-name": "prod",
    }
    made |= {name.replace("_", "-"): value for name, value in changed.items()}
    return {name: value for name, value in made.items() if value is not None}


def test_a_token_is_given_for_the_right_secret(server: PlatformServer):
    status, body = fetch_token(server)
    assert (status, body["token_type"], body["expires_in"]) == (200, "bearer", 86400.0)


@pytest.mark.parametrize(
    "form, status, code",
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 401, "invalid_client"),
        ({"scope": ""}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_no_token_is_given_otherwise(server: PlatformServer, form, status, code):
    answered, body = fetch_token(server, **form)
    assert (answered, body["error"]) == (status, code)


REFUSALS = [  # the header that is changed, status, the documented body
    ({"Authorization": None}, 403, {"error_code": "403010", "message": "Oauth token is missing."}),
    ({"Authorization": "Bearer other"}, 401, {"error_code": "401013", "message": "Oauth token is not valid"}),
    ({"x_api_key": None}, 403, {"error_code": "403000", "message": "Api Key is required"}),
    ({"x_api_key": "other"}, 403, {"error_code": "403003", "message": "Api Key is invalid"}),
    ({"x_gw_ims_org_id": None}, 400, {"error_code": "400003", "message": "Missing header"}),
    ({"x_gw_ims_org_id": "other"}, 403, {"error_code": "403025", "message": "Profile is not valid"}),
]


@pytest.mark.parametrize("changed, status, body", REFUSALS, ids=[str(case[0]) for case in REFUSALS])
def test_each_header_is_asked_for(server: PlatformServer, changed, status, body):
    answered, told, got = ask(f"{server.base_url}{FLOWS}", headers(server, **changed))
    assert (answered, told) == (status, body)
    assert got["x-request-id"]


def test_a_call_with_all_headers_is_answered_and_recorded(server: PlatformServer):
    status, body, _ = ask(f"{server.base_url}{FLOWS}?property=a%3D%3D1&property=b%3E2", headers(server))
    assert (status, body) == (200, {"items": [], "asked": ["a==1", "b>2"]})
    assert [(call.method, call.path) for call in server.calls] == [("POST", "/ims/token/v3"), ("GET", FLOWS)]
    assert "stand-in-secret" not in repr(server)
    assert "stand-in-token" not in repr(server.calls)


def test_a_sandbox_that_is_not_named_is_prod(server: PlatformServer):
    server.gate.sandboxes = ("dev",)
    assert ask(f"{server.base_url}{FLOWS}", headers(server, x_sandbox_name="dev"))[0] == 200
    for name in (None, "prod", "other"):
        status, body, _ = ask(f"{server.base_url}{FLOWS}", headers(server, x_sandbox_name=name))
        assert (status, body["status"], body["title"]) == (404, 404, "Not Found")


def test_a_permission_may_be_missing(server: PlatformServer):
    server.gate.forbidden = ("/data/foundation/flowservice",)
    status, body, _ = ask(f"{server.base_url}{FLOWS}", headers(server))
    assert (status, body["type"].rpartition("/")[2]) == (403, "2120-403")


def test_a_token_ends(server: PlatformServer):
    now_s = 0.0
    server.gate.clock = lambda: now_s
    server.gate.token_life_s = 60
    given = headers(server)
    assert ask(f"{server.base_url}{FLOWS}", given)[0] == 200
    now_s = 60.0
    assert ask(f"{server.base_url}{FLOWS}", given)[0] == 401
    assert ask(f"{server.base_url}{FLOWS}", headers(server))[0] == 200
    server.gate.revoke_tokens()
    assert ask(f"{server.base_url}{FLOWS}", given)[0] == 401


def test_too_many_calls_are_told_to_wait(server: PlatformServer):
    given = headers(server)
    now_s = 5.0
    server.gate.clock, server.gate.calls_per_s = (lambda: now_s), 2
    got = [ask(f"{server.base_url}{FLOWS}", given) for _ in range(3)]
    assert [status for status, *_ in got] == [200, 200, 429]
    assert got[-1][1]["error_code"] == "429050"
    assert got[-1][2]["Retry-After"] == "1"
    now_s = 6.1
    assert ask(f"{server.base_url}{FLOWS}", given)[0] == 200


def test_faults_come_as_often_as_they_are_set_and_where(server: PlatformServer):
    given = headers(server)
    server.route("GET", "/other", lambda _: Reply(200, {}))
    server.fail("/flows$", Reply(503, headers={"Retry-After": "7"}), times=2)
    server.fail("/flows$", Reply(200, b"{"))
    assert ask(f"{server.base_url}/other", given)[0] == 200
    for _ in range(2):
        status, body, got = ask(f"{server.base_url}{FLOWS}", given)
        assert (status, body, got["Retry-After"]) == (503, None, "7")
    with pytest.raises(json.JSONDecodeError):
        ask(f"{server.base_url}{FLOWS}", given)
    assert ask(f"{server.base_url}{FLOWS}", given)[0] == 200


def test_an_answer_may_be_late_or_cut(server: PlatformServer):
    given = headers(server)
    server.fail("flows", Reply(200, {"items": ["x" * 100]}, cut_at=10))
    with pytest.raises(http.client.IncompleteRead):
        ask(f"{server.base_url}{FLOWS}", given)
    server.fail("flows", Reply(200, {}, stall_s=0.3))
    begun = time.monotonic()
    ask(f"{server.base_url}{FLOWS}", given)
    assert time.monotonic() - begun >= 0.3


def test_what_is_not_there_and_not_allowed_is_told(server: PlatformServer):
    assert ask(f"{server.base_url}/nowhere", headers(server))[0] == 404
    assert ask(f"{server.base_url}{FLOWS}", headers(server), data=b"{}")[0] == 405


def test_a_newer_route_holds(server: PlatformServer):
    server.route("GET", f"{FLOWS}/(.+)", lambda call: Reply(200, {"id": call.path.rpartition("/")[2]}))
    server.route("GET", FLOWS, lambda _: Reply(200, {"newer": True}))
    assert ask(f"{server.base_url}{FLOWS}", headers(server))[1] == {"newer": True}
    assert ask(f"{server.base_url}{FLOWS}/f1", headers(server))[1] == {"id": "f1"}


def test_it_serves_many_at_once_and_is_gone_afterwards():
    with PlatformServer() as server:
        together = threading.Barrier(4, timeout=10)

        def wait(_: Call) -> Reply:
            together.wait()
            return Reply(200, {})

        server.route("GET", "/wait", wait)
        given = headers(server)
        threads = [threading.Thread(target=ask, args=(f"{server.base_url}/wait", given)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.asked("/wait")) == 4
        port = int(server.base_url.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


ZONE = "/data/foundation/connectors/landingzone"


def test_the_landing_zone_in_azure_is_told_as_documented(server: PlatformServer):
    serve_landing_zone(server, lambda _: AzureZone("account", "dlz-destination", "si=policy&sig=abc"))
    given = headers(server)
    assert ask(f"{server.base_url}{ZONE}/credentials?type=dlz_destination", given)[1] == {
        "containerName": "dlz-destination",
        "SASToken": "si=policy&sig=abc",
        "storageAccountName": "account",
        "SASUri": "https://account.blob.core.windows.net/dlz-destination?si=policy&sig=abc",
    }
    about = ask(f"{server.base_url}{ZONE}?type=dlz_destination", given)[1]
    assert about == {"containerName": "dlz-destination", "containerTTL": "7"}
    assert ask(f"{server.base_url}{ZONE}/credentials?type=user_drop_zone", given)[0] == 404
    assert ask(f"{server.base_url}{ZONE}/credentials?type=dlz_destination&action=refresh", given, data=b"")[0] == 405


def test_the_landing_zone_in_amazon_is_told_as_documented(server: PlatformServer):
    server.gate.sandboxes = ("prod", "dev")
    ends_at_s = 1735689599
    serve_landing_zone(server, lambda name: AmazonZone("bucket", f"dlz/{name}", "key", "secret", "token", ends_at_s))
    given = headers(server, x_sandbox_name="dev")
    path = {"bucketName": "bucket", "dlzFolder": "dlz/dev"}
    assert ask(f"{server.base_url}{ZONE}/credentials?type=dlz_destination", given)[1] == {
        "credentials": {"awsAccessKeyId": "key", "awsSecretAccessKey": "secret", "awsSessionToken": "token"},
        "dlzPath": path,
        "dlzProvider": "Amazon S3",
        "expiryTime": 1735689599,
    }
    assert ask(f"{server.base_url}{ZONE}?type=dlz_destination", given)[1] == {
        "dlzPath": path,
        "dataTTL": {"timeUnit": "days", "timeQuantity": 7},
        "dlzProvider": "Amazon S3",
    }
