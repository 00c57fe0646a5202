"""However many come at once, whenever one dies: there is one schema and everybody is served."""

import multiprocessing
import random
import re
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect

from auditor.ledger import Ledger, LedgerError
from auditor.ledger.database import parse_place
from auditor.ledger.migrate import SCRIPTS
from auditor.ledger.schema import HEAD, VERSION_TABLE, metadata
from tests.ledger.things import NOON, audit_of, begin, verdict

SPAWN = multiprocessing.get_context("spawn")


def _start_and_serve(
    url: str, gate: "multiprocessing.synchronize.Barrier", answers: "multiprocessing.Queue[str]"
) -> None:
    gate.wait(60)
    try:
        with Ledger.open(url) as ledger:
            answers.put(f"audit {begin(ledger)}")
    except BaseException as error:
        answers.put(repr(error))


def test_four_processes_at_once_on_an_empty_database_all_serve(url: str) -> None:
    """langflow-ai/langflow#13204, sqlalchemy/alembic#633"""
    gate, answers = SPAWN.Barrier(4), SPAWN.Queue()
    processes = [SPAWN.Process(target=_start_and_serve, args=(url, gate, answers)) for _ in range(4)]
    for process in processes:
        process.start()
    got = sorted(answers.get(timeout=90) for _ in processes)
    for process in processes:
        process.join(30)
    assert got == ["audit 1", "audit 2", "audit 3", "audit 4"]


def test_four_threads_at_once_on_an_empty_database_all_serve(url: str) -> None:
    """vectorize-io/hindsight#521"""
    gate, answers = threading.Barrier(4), list[str]()

    def start() -> None:
        gate.wait(30)
        try:
            with Ledger.open(url) as ledger:
                answers.append(f"audit {begin(ledger)}")
        except BaseException as error:
            answers.append(repr(error))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == ["audit 1", "audit 2", "audit 3", "audit 4"]


def _open_for_ever(url: str, ready: "multiprocessing.synchronize.Event") -> None:
    from alembic import command  # noqa: F401  imported before the clock of the killing starts

    ready.set()
    Ledger.open(url)
    time.sleep(60)


def test_one_killed_while_migrating_leaves_a_database_the_next_can_migrate(url: str) -> None:
    chance = random.Random(1)
    for _ in range(6):
        ready = SPAWN.Event()
        process = SPAWN.Process(target=_open_for_ever, args=(url, ready))
        process.start()
        assert ready.wait(60)
        time.sleep(chance.uniform(0, 0.15))
        process.kill()
        process.join(30)
        assert process.exitcode == -signal.SIGKILL
    with Ledger.open(url) as ledger:
        assert audit_of(ledger, [verdict()]) == 1


INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY indexname",
}


def _shape(connection: Connection) -> dict[str, object]:
    """Everything a database knows of its tables, in words that can be compared."""
    found = inspect(connection)
    names = set(found.get_table_names()) - {VERSION_TABLE}
    shape: dict[str, object] = {
        name: (
            [(c["name"], repr(c["type"]), c["nullable"], c["default"]) for c in found.get_columns(name)],
            sorted(found.get_pk_constraint(name)["constrained_columns"]),
            sorted((f["constrained_columns"], f["referred_table"]) for f in found.get_foreign_keys(name)),
            sorted(u["column_names"] for u in found.get_unique_constraints(name)),
        )
        for name in names
    }
    indexes = connection.exec_driver_sql(INDEXES[connection.dialect.name]).all()
    shape["indexes"] = [
        (name, re.sub(r" ON ledger_\d+\.", " ON ", " ".join(sql.split())))
        for name, sql in indexes
        if "ledger_version" not in name
    ]
    return shape


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_the_migrations_build_exactly_the_tables_of_the_schema(ledger: Ledger, request: pytest.FixtureRequest) -> None:
    with ledger._reading() as connection:
        migrated, kind = _shape(connection), connection.dialect.name
    twin = "sqlite://" if kind == "sqlite" else request.getfixturevalue("new_schema")()
    engine = create_engine(parse_place(twin).url)
    with engine.begin() as connection:
        metadata.create_all(connection)
        assert migrated == _shape(connection)
    engine.dispose()
    assert len(migrated) == len(metadata.tables) + 1


def test_the_newest_script_is_the_version_the_ledger_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_newer_schema_is_refused_and_left_alone(url: str) -> None:
    with Ledger.open(url) as ledger:
        begin(ledger)
        ledger._write(lambda c: c.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(LedgerError, match=r"'9999' is newer.*install the newer"):
        Ledger.open(url)


def test_a_second_opening_migrates_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Ledger.open(url).close()
    monkeypatch.setattr("auditor.ledger.ledger.migrate", lambda *_: pytest.fail("it migrated again"))
    with Ledger.open(url) as ledger:
        assert begin(ledger) == 1


def test_another_applications_tables_may_live_in_the_same_postgresql_database(new_schema: Callable[[], str]) -> None:
    import psycopg

    url = new_schema()
    with psycopg.connect(url) as other:
        other.execute("CREATE TABLE alembic_version (version_num TEXT)")
        other.execute("INSERT INTO alembic_version VALUES ('of another')")
    with Ledger.open(url) as ledger:
        assert begin(ledger) == 1


def test_an_empty_file_becomes_a_ledger(tmp_path: Path) -> None:
    (tmp_path / "l.db").touch()
    with Ledger.open(f"sqlite:///{tmp_path}/l.db") as ledger:
        assert begin(ledger, NOON) == 1
    with sqlite3.connect(tmp_path / "l.db") as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
