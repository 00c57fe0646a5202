"""Who may not begin says why and ends with 2; of several at once on a new ledger all or one begin, by the database."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ledger.conftest import new_schema, server
from tests.service.serve.forked import Forking, forking
from tests.service.serve.processes import Home, wait_until

__all__ = ["new_schema", "server"]


@pytest.fixture(scope="module")
def begun() -> Iterator[Forking]:
    with forking() as made:
        yield made


def test_a_second_service_on_the_same_file_says_so_and_ends(tmp_path: Path, begun: Forking) -> None:
    home = Home(tmp_path, begun)
    first = home.start()
    home.wait_for("serving")
    second = home.start("second")
    assert second.wait(20) == 2
    assert "another `export-auditor serve` works on it; stop that one, or name a PostgreSQL" in home.said("second")
    assert home.said("second").count("\n") == 1
    first.kill()
    home.start("third")  # whatever the dead one held is free
    home.wait_for("serving", "third")


def test_a_port_that_is_taken_is_named(tmp_path: Path, begun: Forking) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        home = Home(tmp_path, begun, service={"listen": address})
        assert home.start().wait(20) == 2
    assert f"{address} cannot be listened on" in home.said()
    assert "service.listen" in home.said()
    assert home.has_no_traceback()


def test_of_four_at_once_on_a_new_file_one_begins_and_three_say_why_not(tmp_path: Path, begun: Forking) -> None:
    home = Home(tmp_path, begun)
    lives = [home.start(f"log-{n}") for n in range(4)]
    wait_until(lambda: sum(life.ended.is_set() for life in lives) == 3)
    going = [n for n, life in enumerate(lives) if not life.ended.is_set()]
    home.wait_for("serving", f"log-{going[0]}")
    assert sorted(life.code or 0 for life in lives) == [0, 2, 2, 2]
    assert all(home.has_no_traceback(f"log-{n}") for n in range(4))


def test_four_at_once_on_a_new_postgresql_all_begin(
    tmp_path: Path, begun: Forking, new_schema: Callable[[], str]
) -> None:
    home = Home(tmp_path, begun, ledger=new_schema())
    lives = [home.start(f"log-{n}") for n in range(4)]
    for n in range(4):
        home.wait_for("serving", f"log-{n}")
    wait_until(lambda: any(home.events("looked", f"log-{n}") for n in range(4)))
    assert not any(life.ended.is_set() for life in lives)
    assert all(home.has_no_traceback(f"log-{n}") for n in range(4))
