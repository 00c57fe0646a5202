"""Who may ask what."""

import base64

import pytest
from starlette.testclient import TestClient

from auditor.settings.service import ServiceSettings
from auditor.web.app import make_app
from auditor.web.guard import SECURITY_HEADERS
from tests.web.served import HASH, TOKEN, Played, make_config

PATHS = ["/", "/metrics", "/reports/", "/nothing"]
BASIC = base64.b64encode(f"anyone:{TOKEN}".encode()).decode()


def client(*, token=False, base="http://127.0.0.1:8080", **changes):
    return TestClient(make_app(Played(config=make_config(token=token, **changes))), base_url=base)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer ", "Bearer wrong", f"Bearer {HASH}", f"Token {TOKEN}", "Basic ====", "Basic 8J+Yg",
     f"Bearer {TOKEN}x", f"Basic {base64.b64encode(TOKEN.encode()).decode()}", "Bearer \xff"],
)  # fmt: skip
def test_without_the_token_nothing_is_told(path, given):
    answer = client(token=True).get(path, headers={"Authorization": given.encode("latin-1")} if given else {})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "token is needed" in answer.json()["detail"]
    assert "lake" not in answer.text


@pytest.mark.parametrize("given", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"Basic {BASIC}"])
def test_with_the_token_everything_is(given):
    assert client(token=True).get("/", headers={"Authorization": given}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probers_need_no_token(path):
    assert client(token=True, base="http://10.0.0.7:8080").get(path).status_code == 200


@pytest.mark.parametrize("path", ["/healthz/", "//healthz", "/readyz/x", "/healthz/../metrics", "/%68ealthz/..%2f"])
def test_no_other_path_passes_for_a_probers(path):
    answer = client(token=True).get(path)
    assert answer.status_code in (401, 200)
    assert "export_auditor_" not in answer.text


NAMES = [  # without a token
    ("127.0.0.1:8080", 200), ("localhost:8080", 200), ("LOCALHOST", 200), ("[::1]:8080", 200), ("127.8.8.8", 200),
    ("evil.example.com", 421), ("127.0.0.1.evil.example.com", 421), ("10.0.0.7", 421), ("", 421), ("[::1", 421),
    ("exports.example.com", 200), ("localhost@evil.example.com", 421), ("auditor-box", 200),
]  # fmt: skip


@pytest.mark.parametrize("name, status", NAMES)
@pytest.mark.parametrize("path", ["/", "/readyz"])
def test_a_page_of_another_name_cannot_read_it_through_a_browser_here(path, name, status):
    config = make_config(service=ServiceSettings(host="auditor-box"))
    object.__setattr__(config.alerts, "page", "https://exports.example.com/x")
    answer = TestClient(make_app(Played(config=config)), base_url="http://127.0.0.1").get(path, headers={"Host": name})
    assert answer.status_code == status


@pytest.mark.parametrize("path", ["/", "/healthz", "/nothing", "/metrics"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS"])
def test_every_answer_has_the_headers_that_keep_it_to_itself(path, method):
    answer = client().request(method, path)
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "server" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers


def test_what_is_not_there_and_what_is_not_done_are_answered_as_json():
    assert (client().get("/nothing").status_code, client().get("/nothing").json()) == (404, {"detail": "Not Found"})
    refused = client().post("/healthz")
    assert (refused.status_code, refused.json()) == (405, {"detail": "Method Not Allowed"})
    assert client().get("/docs").status_code == client().get("/openapi.json").status_code == 404


def test_a_swapped_configuration_holds_at_once():
    state = Played(config=make_config())
    asking = TestClient(make_app(state), base_url="http://127.0.0.1")
    assert asking.get("/").status_code == 200
    state.config = make_config(token=True)
    assert asking.get("/").status_code == 401
