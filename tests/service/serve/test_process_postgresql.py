"""Several instances on one PostgreSQL: one at each thing, another takes over; the database may go and come back."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ledger.conftest import new_schema, server
from tests.servers.fake_s3 import fake_s3, page
from tests.servers.http_sink import http_sink
from tests.servers.postgresql import Server
from tests.servers.tcp_proxy import tcp_proxy
from tests.service.serve.forked import Forking, forking
from tests.service.serve.processes import Home, wait_until

__all__ = ["new_schema", "server"]

LEASE_S = 3.0  # instead of a minute


@pytest.fixture(scope="module")
def begun() -> Iterator[Forking]:
    with forking() as made:
        yield made


def test_of_two_instances_one_works_on_a_thing_and_nobody_is_told_twice(
    tmp_path: Path, begun: Forking, new_schema: Callable[[], str]
) -> None:
    with http_sink() as sink:
        hook = f'{{webhook: {{url: "{sink.url}", secret: whsec_c29haw==}}}}'
        more = f"alerts:\n  channels: {{hook: {hook}}}\n  routes: [{{to: [hook]}}]\n"
        home = Home(tmp_path, begun, more=more, ledger=new_schema())
        one, other = home.start("one", LEASE=LEASE_S), home.start("other", LEASE=LEASE_S)
        for log in ("one", "other"):
            home.wait_for("serving", log)
        wait_until(lambda: sum(b"file-truncated" in got.body or b"cut off" in got.body for got in sink.got))
        one.kill()
        looked = len(home.events("looked", "other"))
        home.wait_for("looked", "other", times=looked + 2)
        with home.open_ledger() as ledger:
            assert ledger.next_notice_at() is None or wait_until(lambda: ledger.next_notice_at() is None)
            incidents = ledger.list_incidents()
        assert len({incident.key for incident in incidents}) == len(incidents)
        keys = Counter(got.headers["webhook-id"] for got in sink.got)
        assert len(keys) == len({(got.json["type"], *got.json["data"]["incidents"]) for got in sink.got})
        other.signal(signal.SIGTERM)
        assert other.wait(40) == 0
    assert home.has_no_traceback("one")
    assert home.has_no_traceback("other")


def test_what_a_dead_instance_was_at_another_takes_over_when_its_lease_ends(
    tmp_path: Path, begun: Forking, new_schema: Callable[[], str]
) -> None:
    stall_s = 60.0
    with fake_s3(lambda _: replace(page([]), stall_s=stall_s)) as s3:
        s3_at = f"type: s3, bucket: exports, endpoint_url: {s3.endpoint_url}, access_key_id: a, secret_access_key: b"
        home = Home(tmp_path, begun, destinations=f"  lake-backup: {{{s3_at}, timeout: 60s}}\n", ledger=new_schema())
        first = home.start("first", LEASE=LEASE_S)
        home.wait_for("serving", "first")
        wait_until(lambda: s3.connections)
        second = home.start("second", LEASE=LEASE_S)
        home.wait_for("serving", "second")
        before = s3.connections
        time.sleep(2 * LEASE_S)  # the first one prolongs what it holds
        assert s3.connections == before
        first.kill()
        stall_s = 0.0
        began = time.monotonic()
        wait_until(lambda: s3.connections > before)
        assert time.monotonic() - began < 4 * LEASE_S
        second.kill()


def test_a_database_that_goes_away_is_waited_for(
    tmp_path: Path, begun: Forking, server: Server, new_schema: Callable[[], str]
) -> None:
    url = new_schema()
    with tcp_proxy(f"tcp://127.0.0.1:{server.port}") as relay:
        home = Home(tmp_path, begun, ledger=url.replace(f":{server.port}/", f":{relay.address.rpartition(':')[2]}/"))
        life = home.start()
        home.wait_for("looked")
        relay.refuse = True
        relay.cut()
        home.wait_for("the ledger does not answer")
        wait_until(lambda: home.get("/readyz").status_code == 503)
        assert "ledger postgresql://" in home.get("/readyz").json()["reasons"][0]
        assert home.get("/healthz").status_code == 200
        relay.refuse = False
        looked = len(home.events("looked"))
        home.wait_for("looked", times=looked + 1)
        wait_until(lambda: home.get("/readyz").status_code == 200)
        life.signal(signal.SIGTERM)
        assert life.wait(20) == 0
    assert home.has_no_traceback()
    assert server.password not in home.said()
