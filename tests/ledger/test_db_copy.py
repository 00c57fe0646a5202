"""A ledger moved to the other database says what it said, or the target stays empty."""

import multiprocessing
import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.ledger import Ledger, LedgerError
from auditor.ledger.existing import ExistingLedger
from auditor.ledger.moving import MovedTable, move_ledger
from auditor.ledger.schema import metadata
from tests.ledger.older import copies_beside, make_older
from tests.ledger.things import (
    DATASET,
    FLOW,
    HOUR,
    NOON,
    PLACE,
    audit_of,
    begin,
    check,
    file,
    finish,
    folder,
    listing_of,
    manifests,
    run,
    stored_files,
    texts,
    unexpected,
    verdict,
    verdicts,
)
from tests.service.auditing import Bench, verifier  # noqa: F401 (a fixture)

SPAWN = multiprocessing.get_context("spawn")
WAYS = ["sqlite-postgresql", "postgresql-sqlite", "sqlite-sqlite", "postgresql-postgresql"]


@pytest.fixture
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """An empty place on the database of that kind."""
    names = iter("abcdefghij")

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/{next(names)}.db"
        return str(request.getfixturevalue("new_schema")())

    return make


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, new_place: Callable[[str], str]) -> tuple[str, str]:
    """From where to where: each way between the databases."""
    source, target = request.param.split("-")
    return new_place(source), new_place(target)


def fill(ledger: Ledger, hours: int = 3) -> list[int]:
    """Rows in every table that audits fill."""
    for number, hour in enumerate(range(hours)):
        one = file(f"b/{DATASET}/exportTime={hour}/part.gz", size=number)
        ledger.record_expected([run(hour)], at=NOON)
        ledger.record_folders(PLACE, [folder(hour, [one])], at=NOON)
        ledger.record_whole(PLACE, folder(hour).prefix, NOON)
        ledger.record_checks(PLACE, [(one, check(one.key))], at=NOON, verifier="1")
        ledger.record_listing(PLACE, listing_of([one]), shape="s", at=NOON)
    first = audit_of(ledger, [verdict(hour) for hour in range(hours)])
    second = audit_of(ledger, [verdict(0, files=2), unexpected(1)], NOON + HOUR)
    return [first, second]


def rows(url: str) -> dict[str, set[tuple[Any, ...]]]:
    """Everything, as the types of the schema read it."""
    ledger = ExistingLedger.open(url)
    with ledger._reading() as connection:
        read = {
            table.name: {tuple(_plain(row)) for row in connection.execute(table.select())}
            for table in metadata.sorted_tables
        }
    ledger.close()
    return read


def _plain(row: Iterable[Any]) -> Iterable[Any]:
    return (bytes(v) if isinstance(v, memoryview) else repr(v) if isinstance(v, dict | list) else v for v in row)


def test_every_audit_of_the_copy_says_what_the_original_says(way: tuple[str, str]) -> None:
    source, target = way
    with Ledger.open(source) as ledger:
        audits = fill(ledger)
        said = [ledger.read_audit(audit) for audit in audits]
    moved = move_ledger(source, target)
    with Ledger.open(target) as copy:
        assert [copy.read_audit(audit) for audit in audits] == said
        assert copy.verdict_history(run(0).key)[-1].verdict == verdict(0, files=2)
    assert rows(target) == rows(source)
    assert {one.name: one.rows for one in moved} == {name: len(there) for name, there in rows(source).items()}
    assert len(moved) == len(metadata.tables)


def test_the_copy_goes_on_where_the_original_stood(way: tuple[str, str]) -> None:
    source, target = way
    with Ledger.open(source) as ledger:
        audits = fill(ledger)
    move_ledger(source, target)
    with Ledger.open(target) as copy:
        assert audit_of(copy, [verdict(0), verdict(1)], NOON + 2 * HOUR) == audits[-1] + 1
        assert copy.previous_verdicts(FLOW, DATASET, PLACE)[NOON] == verdict(0)
        assert copy.known_checks(PLACE, "", verifier="1").keys()


def test_there_and_back_again_is_the_same(new_place: Callable[[str], str]) -> None:
    places = [new_place(kind) for kind in ("sqlite", "postgresql", "sqlite")]
    with Ledger.open(places[0]) as ledger:
        fill(ledger)
    assert move_ledger(places[0], places[1]) == move_ledger(places[1], places[2])
    assert rows(places[2]) == rows(places[0])


@given(
    files=st.lists(stored_files, max_size=5, unique_by=lambda one: one.key),
    said=st.lists(verdicts, max_size=4, unique_by=lambda v: (v.flow, v.dataset, v.destination, v.due or v.folder)),
    read=st.lists(manifests, max_size=2, unique_by=lambda one: one.file.key),
    name=texts,
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_names_times_and_numbers_come_across(new_place, tmp_path_factory, files, said, read, name) -> None:
    folder = tmp_path_factory.mktemp("any")
    source, other, back = f"sqlite:///{folder}/l.db", new_place("postgresql"), f"sqlite:///{folder}/back.db"
    with Ledger.open(source) as ledger:
        audit = begin(ledger, note=name)
        ledger.record_checks(name, [(one, check(one.key)) for one in files], at=NOON, verifier=name)
        ledger.record_manifests(name, read, at=NOON, verifier=name)
        ledger.record_verdicts(audit, said, at=NOON)
        finish(ledger, audit)
        told = ledger.read_audit(audit)
        known = ledger.known_checks(name, "", verifier=name)
    move_ledger(source, other)
    move_ledger(other, back)
    for url in (other, back):
        with Ledger.open(url) as copy:
            assert copy.read_audit(audit) == told
            assert copy.known_checks(name, "", verifier=name) == known
    assert rows(back) == rows(source)


def test_more_rows_than_a_portion_holds_all_come(new_place: Callable[[str], str], monkeypatch: Any) -> None:
    monkeypatch.setattr("auditor.ledger.moving.PORTION", 7)
    for kinds in (("sqlite", "postgresql"), ("postgresql", "sqlite")):
        source, target = map(new_place, kinds)
        with Ledger.open(source) as ledger:
            ledger.record_expected([run(hour) for hour in range(50)], at=NOON)
        assert {one.name: one.rows for one in move_ledger(source, target)}["expected_runs"] == 50
        assert rows(target) == rows(source)


def test_a_target_that_is_not_empty_is_refused_and_left_alone(way: tuple[str, str]) -> None:
    source, target = way
    for url in way:
        with Ledger.open(url) as ledger:
            begin(ledger)
    before = rows(target)
    with pytest.raises(LedgerError, match="it is not empty"):
        move_ledger(source, target)
    assert rows(target) == before


def test_a_ledger_is_not_copied_into_itself(url: str) -> None:
    with Ledger.open(url) as ledger:
        begin(ledger)
    with pytest.raises(LedgerError, match="it is not empty"):
        move_ledger(url, url)


def test_an_older_target_with_rows_is_refused_before_it_is_migrated(tmp_path: Path) -> None:
    source, target = f"sqlite:///{tmp_path}/l.db", f"sqlite:///{tmp_path}/old.db"
    Ledger.open(source).close()
    make_older(target)
    with pytest.raises(LedgerError, match="it is not empty"):
        move_ledger(source, target)
    assert copies_beside(tmp_path / "old.db") == []


def test_another_programs_database_is_no_target(tmp_path: Path) -> None:
    Ledger.open(f"sqlite:///{tmp_path}/l.db").close()
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(LedgerError, match=r"other\.db.*'recipes'"):
        move_ledger(f"sqlite:///{tmp_path}/l.db", f"sqlite:///{tmp_path}/other.db")


def test_an_older_ledger_is_to_be_upgraded_first(tmp_path: Path) -> None:
    make_older(f"sqlite:///{tmp_path}/l.db")
    with pytest.raises(LedgerError, match="run export-auditor db upgrade first"):
        move_ledger(f"sqlite:///{tmp_path}/l.db", f"sqlite:///{tmp_path}/new.db")
    assert not (tmp_path / "new.db").exists()


def test_a_row_that_arrives_otherwise_is_found_and_nothing_kept(way: tuple[str, str]) -> None:
    source, target = way
    with Ledger.open(source) as ledger:
        fill(ledger)
    Ledger.open(target).close()
    spoilt = ExistingLedger.open(target)
    with spoilt._engine.begin() as connection:  # the target drops the last character of a name while it is written
        for statement in SPOIL[connection.dialect.name]:
            connection.exec_driver_sql(statement)
    spoilt.close()
    with pytest.raises(LedgerError, match="the table export_folders is not the same in the copy"):
        move_ledger(source, target)
    assert not any(rows(target).values())


ADD_ONE = "UPDATE export_folders SET bytes = bytes + 1 WHERE folder = NEW.folder"
SPOIL = {
    "sqlite": [f"CREATE TRIGGER spoil AFTER INSERT ON export_folders BEGIN {ADD_ONE}; END"],
    "postgresql": [
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.bytes := 9; RETURN NEW; END'",
        "CREATE TRIGGER spoil BEFORE INSERT ON export_folders FOR EACH ROW EXECUTE FUNCTION spoil()",
    ],
}


def _move(source: str, target: str) -> None:
    import auditor.ledger.moving as moving

    moving.PORTION = 1
    move_ledger(source, target)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_one_killed_while_copying_leaves_the_target_empty(kind: str, new_place: Callable[[str], str]) -> None:
    source, target = new_place("sqlite"), new_place(kind)
    with Ledger.open(source) as ledger:
        ledger.record_expected([run(hour) for hour in range(3000)], at=NOON)
    Ledger.open(target).close()
    process = SPAWN.Process(target=_move, args=(source, target))
    process.start()
    time.sleep(1.5)
    process.kill()
    process.join(30)
    there = len(rows(target)["expected_runs"])
    assert there in (0, 3000)
    if not there:
        assert move_ledger(source, target)
    assert rows(target) == rows(source)


@pytest.mark.parametrize("way", WAYS[:-1], indirect=True)  # in one database, writers wait for the copy
def test_what_is_written_to_the_original_meanwhile_is_not_half_in_the_copy(
    way: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import auditor.ledger.moving as moving

    source, target = way
    original, moves = moving._move_table, list[MovedTable]()
    with Ledger.open(source) as ledger:
        audits = fill(ledger)
        before = rows(source)

        def move_and_write(*given: Any) -> MovedTable:
            moves.append(original(*given))
            if len(moves) == 1:
                audit_of(ledger, [verdict(2, files=9)], NOON + 3 * HOUR)
            return moves[-1]

        monkeypatch.setattr(moving, "_move_table", move_and_write)
        move_ledger(source, target)
    assert rows(target) == before
    with Ledger.open(target) as copy:
        assert copy.read_audit(audits[-1]).runs
