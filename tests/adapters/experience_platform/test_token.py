"""The token: fetched once, renewed by elapsed time and once on refusal, never in a loop."""

import threading
from collections.abc import Iterator

import pytest

from adapters.base import CredentialExpired, Throttled, Unsupported
from adapters.retry import Policy
from auditor.worlds.platform import PlatformServer, Reply
from tests.adapters.experience_platform.making import FLOWS, Clock, asking, patient


@pytest.fixture
def server() -> Iterator[PlatformServer]:
    with PlatformServer() as running:
        running.route("GET", FLOWS, lambda _: Reply(200, {"items": []}))
        yield running


def fetched(server: PlatformServer) -> int:
    return len(server.asked("token"))


def test_it_is_asked_for_by_a_form_and_kept(server: PlatformServer):
    with asking(server, scopes=("openid", "session")) as platform:
        platform.check_token()
        platform.get(FLOWS)
        platform.get(FLOWS)
    (call,) = server.asked("token")
    assert call.query == ()
    assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    assert call.form == {
        "grant_type": "client_credentials",
        "client_id": "stand-in-client",
        "client_secret": "stand-in-secret",
        "scope": "openid,session",
    }


LIVES = [  # expires_in, still kept after, fetched anew after (seconds elapsed)
    (60, 50, 55),
    ("60", 50, 55),
    (86400, 86300, 86341),
    (86_399_000, 86300, 86341),  # milliseconds, as the retired exchange gave them
    (None, 200, 300),
    ("soon", 200, 300),
    ([], 200, 300),
    (float("nan"), 200, 300),
    (-5, None, 0.1),
    (0, None, 0.1),
]


@pytest.mark.parametrize("told, kept_s, over_s", LIVES, ids=[str(case[0]) for case in LIVES])
def test_its_end_is_told_by_elapsed_time(server: PlatformServer, told, kept_s, over_s):
    # adobe/experience-platform-streaming-connect#25: the clock on the wall has no say
    clock = Clock()
    server.gate.told_life_s = told if told is not None else "nothing said"
    with asking(server, policy=patient(clock)) as platform:
        platform.get(FLOWS)
        begun = clock.now_s
        if kept_s is not None:
            clock.now_s = begun + kept_s
            platform.get(FLOWS)
            assert fetched(server) == 1
        clock.now_s = begun + over_s
        platform.get(FLOWS)
        assert fetched(server) == 2


def test_a_token_refused_before_its_end_is_renewed_once(server: PlatformServer):
    with asking(server) as platform:
        platform.get(FLOWS)
        server.gate.revoke_tokens()
        assert platform.get(FLOWS) == {"items": []}
    assert fetched(server) == 2
    assert len(server.asked("flows")) == 3


def test_a_new_token_that_is_refused_too_is_no_loop(server: PlatformServer):
    server.fail("flows", Reply(401, {"error_code": "401013", "message": "Oauth token is not valid"}), times=99)
    with asking(server) as platform:
        for asked in (1, 2):
            with pytest.raises(CredentialExpired, match="Oauth token is not valid"):
                platform.get(FLOWS)
            assert len(server.asked("flows")) == 2 * asked


def test_of_many_threads_one_renews(server: PlatformServer):
    with asking(server) as platform:
        platform.get(FLOWS)
        server.gate.revoke_tokens()
        threads = [threading.Thread(target=platform.get, args=(FLOWS,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert fetched(server) == 2
        platform.get(FLOWS)


def test_a_secret_that_is_not_accepted_is_said_at_once(server: PlatformServer):
    server.gate.client_secret = "renewed"
    with asking(server, client_secret="0ld-one") as platform, pytest.raises(CredentialExpired) as caught:
        platform.check_token()
    assert "client_id and client_secret are not accepted: invalid client_secret parameter" in str(caught.value)
    assert "0ld-one" not in str(caught.value)
    assert fetched(server) == 1


def test_a_token_endpoint_that_is_busy_is_asked_again(server: PlatformServer):
    clock = Clock()
    server.fail("token", Reply(429, headers={"Retry-After": "3"}))
    server.fail("token", Reply(503))
    with asking(server, policy=patient(clock)) as platform:
        assert platform.get(FLOWS) == {"items": []}
    assert max(clock.waits) == 3.0
    server.fail("token", Reply(429, headers={"Retry-After": "3"}), times=9)
    with asking(server, policy=Policy(attempts=1)) as platform, pytest.raises(Throttled) as caught:
        platform.get(FLOWS)
    assert caught.value.retry_after_s == 3.0


@pytest.mark.parametrize("body", [{}, [], {"access_token": ""}, {"access_token": 7}, {"access_token": "a\r\nb"}])
def test_an_answer_without_a_token_is_said(server: PlatformServer, body):
    server.fail("token", Reply(200, body))
    with asking(server) as platform, pytest.raises(Unsupported, match="no access token"):
        platform.get(FLOWS)
