"""Served for real: by uvicorn in a thread, over sockets."""

import socket
import threading
import time
import urllib.request

import pytest

from auditor.web.app import make_app
from auditor.web.server import CannotListenError, WebServer
from tests.logs.logging_to import logging_to_memory
from tests.web.served import Played, serving


def read(server, path="/healthz", **headers):
    asked = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers=headers)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return answer.status, answer.read(), dict(answer.headers)


def test_it_answers_on_a_free_port_and_stops():
    server = WebServer(make_app(Played()), "127.0.0.1", 0)
    server.start()
    status, body, headers = read(server)
    assert (status, body) == (200, b'{"status":"alive"}')
    assert "server" not in {name.lower() for name in headers}
    began = time.monotonic()
    server.stop(5)
    assert time.monotonic() - began < 5
    assert not server.is_alive
    with pytest.raises(OSError):
        read(server)


def test_the_port_is_free_at_once_after_stopping():
    with serving(make_app(Played())) as first:
        read(first)
    again = WebServer(make_app(Played()), "127.0.0.1", first.port)
    again.start()
    assert read(again)[0] == 200
    again.stop(5)


def test_a_taken_port_is_told_and_ends_nobody():
    with serving(make_app(Played())) as first:
        with pytest.raises(CannotListenError, match=rf"127\.0\.0\.1:{first.port} cannot be listened on: .*in use"):
            WebServer(make_app(Played()), "127.0.0.1", first.port).start()
        assert read(first)[0] == 200


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"])
def test_an_address_of_another_machine_is_told(host):
    with pytest.raises(CannotListenError, match=r"is no address of this machine|cannot be listened on"):
        WebServer(make_app(Played()), host, 0).start()


def test_a_request_that_hangs_does_not_keep_it_from_ending():
    entered, leave = threading.Event(), threading.Event()

    class Hanging(Played):
        def present(self):
            entered.set()
            leave.wait(20)
            return super().present()

    server = WebServer(make_app(Hanging()), "127.0.0.1", 0)
    server.start()
    asking = socket.create_connection(("127.0.0.1", server.port))
    asking.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert entered.wait(10)
    began = time.monotonic()
    server.stop(1)
    assert time.monotonic() - began < 6
    leave.set()
    asking.close()


def test_a_client_that_sends_nothing_holds_up_no_other():
    with serving(make_app(Played())) as server:
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
        for one in idle[:10]:
            one.sendall(b"GET / HTTP/1.1\r\nHost: ")
        assert read(server)[0] == 200
        for one in idle:
            one.close()


def test_what_is_asked_is_never_logged_but_what_failed_is():
    class Failing(Played):
        def present(self):
            raise RuntimeError("the state is broken")

    with logging_to_memory("debug") as lines, serving(make_app(Failing())) as server:
        with pytest.raises(OSError):
            read(server, "/?token=s3cr3t-in-the-address", Authorization="Bearer s3cr3t-as-a-header-1")
        read(server, "/healthz?token=s3cr3t-in-the-address")
        time.sleep(0.2)
    assert "the state is broken" in lines.text
    assert "s3cr3t" not in lines.text
    assert all(event["timestamp"] and event["level"] for event in lines.events)
