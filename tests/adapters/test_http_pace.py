"""Answers that come too slowly, and those that are only slow."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
import urllib3

from adapters.http_pace import LEAST_BYTES, _PacedSocket, paced
from adapters.http_sessions import prepare


class Network(io.RawIOBase):
    """Each receive brings so many bytes after so many seconds, by a clock of its own."""

    def __init__(self, count: int, after_s: float, first_s: float = 0.0) -> None:
        self.count, self.after_s = count, after_s
        self.now_s, self.first_s = 0.0, first_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        self.now_s += self.first_s or self.after_s
        self.first_s = 0.0
        return min(self.count, len(buffer))


@pytest.fixture
def open_on(monkeypatch: pytest.MonkeyPatch) -> Callable[[Network], io.BufferedReader]:
    def open_on(network: Network) -> io.BufferedReader:
        monkeypatch.setattr("adapters.http_pace.time.monotonic", lambda: network.now_s)
        return io.BufferedReader(_PacedSocket(network, span_s=120))

    return open_on


@pytest.mark.parametrize(
    "network",
    [
        Network(LEAST_BYTES // 10, after_s=59),  # 110 B/s
        Network(1, after_s=1),
    ],
)
def test_what_does_not_get_on_is_a_timeout(open_on, network: Network):
    with pytest.raises(TimeoutError):
        open_on(network).read(LEAST_BYTES * 100)
    assert network.now_s < 240


@pytest.mark.parametrize(
    "network, count",
    [
        (Network(LEAST_BYTES, after_s=59), LEAST_BYTES * 100),  # 1.1 kB/s, all the time
        (Network(10, after_s=0.001), LEAST_BYTES * 10),  # little at a time, and fast
        (Network(1, after_s=59), 3),  # a small answer after a long thought
        (Network(100, after_s=0.1, first_s=300), 1000),  # the first byte has a limit of its own
    ],
)
def test_what_is_only_slow_is_read_to_its_end(open_on, network: Network, count: int):
    assert len(open_on(network).read(count)) == count


def test_time_in_which_nobody_reads_does_not_count(open_on):
    network = Network(100, after_s=0.001)
    stream = open_on(network)
    for _ in range(10):
        assert len(stream.read(100)) == 100
        network.now_s += 3600


def test_a_netrc_file_never_takes_the_place_of_the_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "netrc").write_text("machine storage.googleapis.com login me password planted")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    request = requests.Request("GET", "https://storage.googleapis.com/x", headers={"Authorization": "Bearer ours"})
    session = requests.Session()
    assert session.prepare_request(request).headers["Authorization"].startswith("Basic ")
    prepare(session)
    assert session.prepare_request(request).headers["Authorization"] == "Bearer ours"


def test_pools_are_watched_once_however_often_they_are_asked_for():
    pools = urllib3.PoolManager().pool_classes_by_scheme
    assert paced(paced(pools)) == paced(pools) != pools
    session = requests.Session()
    prepare(session)
    pool = session.get_adapter("https://lake.example")
    by_proxy = [pool.proxy_manager_for("http://proxy.example:3128").pool_classes_by_scheme for _ in range(2)]
    assert by_proxy == [paced(pools)] * 2 == [pool.poolmanager.pool_classes_by_scheme] * 2
