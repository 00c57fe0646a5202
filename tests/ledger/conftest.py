"""Each promise of the ledger is kept on both databases."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from auditor.ledger import Ledger
from tests.servers.postgresql import Server, postgresql

NUMBERS = itertools.count()
DATABASES = ["sqlite", "postgresql"]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with postgresql() as running:
        yield running


@pytest.fixture(scope="session")
def new_schema(server: Server) -> Callable[[], str]:
    """Makes an empty place in PostgreSQL and gives its URL: a schema, which is quicker made than a database."""

    def make() -> str:
        name = f"ledger_{next(NUMBERS)}"
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        return f"{server.url('postgres')}?options=-csearch_path%3D{name}"

    return make


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place for a ledger."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return str(request.getfixturevalue("new_schema")())


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url) as opened:
        yield opened


@pytest.fixture(scope="module", params=DATABASES)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """One ledger for all examples of a property; each takes a destination of its own."""
    folder = tmp_path_factory.mktemp("ledger")
    place = f"sqlite:///{folder}/l.db" if request.param == "sqlite" else request.getfixturevalue("new_schema")()
    with Ledger.open(place) as opened:
        yield opened
