"""What goes in comes out, on both databases: times with their zones, names of any characters."""

import itertools
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.ledger import Ledger, LedgerError
from auditor.ledger.types import escape, unescape
from auditor.model import ExpectedRun, RunKey, RunKind, StoredFile, Unverifiable
from tests.ledger.things import HOUR, NOON, begin, check, file, file_checks, manifests, moments, stored_files, texts

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
PLACES = itertools.count()


@QUICK
@given(moment=moments)
def test_a_moment_comes_back_as_the_same_instant_in_utc(shared: Ledger, moment: datetime) -> None:
    """MemMachine/MemMachine#1558"""
    place = f"times-{next(PLACES)}"
    stored = StoredFile("k", 1, moment)
    shared.record_checks(place, [(stored, check("k"))], at=NOON, verifier="1")
    (known, _) = shared.known_checks(place, "", verifier="1")["k"]
    assert known.modified == moment
    assert known.modified.tzinfo is UTC
    assert known.fingerprint == stored.fingerprint


def test_a_due_time_given_with_an_offset_is_one_run_with_its_utc_twin(ledger: Ledger) -> None:
    berlin = datetime(2026, 10, 1, 2, tzinfo=ZoneInfo("Europe/Berlin"))
    for due in (berlin, datetime(2026, 10, 1, tzinfo=UTC), datetime.fromisoformat("2026-10-01T02:00:00+02:00")):
        key = RunKey("f", "d", "p", due)
        ledger.record_expected([ExpectedRun(key, RunKind.DAILY, due, due, due, HOUR)], at=NOON)
    with ledger._reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM expected_runs").scalar() == 1


def test_both_two_oclocks_of_the_night_when_clocks_go_back_are_kept_apart(ledger: Ledger) -> None:
    zone = ZoneInfo("Europe/Berlin")
    dues = [datetime(2026, 10, 25, 2, 30, tzinfo=zone, fold=fold) for fold in (0, 1)]
    runs = [ExpectedRun(RunKey("f", "d", "p", due), RunKind.DAILY, due, due, due, HOUR) for due in dues]
    ledger.record_expected(runs, at=NOON)
    with ledger._reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM expected_runs").scalar() == 2


def test_a_time_without_a_zone_is_refused(ledger: Ledger) -> None:
    naive = datetime(2026, 10, 1)  # noqa: DTZ001
    with pytest.raises(LedgerError, match="no zone"):
        begin(ledger, naive)
    with pytest.raises(LedgerError, match="no zone"):
        begin(ledger, NOON, since=naive)
    with pytest.raises(LedgerError, match="no zone"):
        ledger.record_checks("lake", [(StoredFile("k", 1, naive), check("k"))], at=NOON, verifier="1")
    with pytest.raises(LedgerError, match="no zone"):
        ledger.record_checks("lake", [(file("k"), check("k"))], at=naive, verifier="1")
    with pytest.raises(LedgerError, match="no zone"):
        ledger.record_unverifiable(begin(ledger), [Unverifiable("s", "r", due=naive)])


@given(text=st.text(st.characters(exclude_categories=())))
def test_escaping_can_be_undone_and_leaves_nothing_a_database_refuses(text: str) -> None:
    assert unescape(escape(text)) == text
    assert "\0" not in escape(text)
    escape(text).encode("utf-8")


@QUICK
@given(read=st.tuples(stored_files, file_checks))
def test_a_check_comes_back_equal(shared: Ledger, read: tuple[StoredFile, object]) -> None:
    import dataclasses

    stored, checked = read
    checked = dataclasses.replace(checked, key=stored.key)  # type: ignore[type-var]
    place = f"checks-{next(PLACES)}"
    shared.record_checks(place, [(stored, checked)], at=NOON, verifier="1")  # type: ignore[list-item]
    assert shared.known_checks(place, "", verifier="1") == {stored.key: (stored, checked)}


@QUICK
@given(read=manifests)
def test_a_manifest_comes_back_equal(shared: Ledger, read: object) -> None:
    place = f"manifests-{next(PLACES)}"
    shared.record_manifests(place, [read], at=NOON, verifier="1")  # type: ignore[list-item]
    assert shared.known_manifests(place, "", verifier="1") == {read.file.key: read}  # type: ignore[attr-defined]


@QUICK
@given(keys=st.sets(texts, max_size=8), start=texts | st.sampled_from(["%", "_", "a%", "\\", "\U0010ffff", "\ud7ff"]))
def test_a_prefix_finds_exactly_the_keys_that_begin_with_it(shared: Ledger, keys: set[str], start: str) -> None:
    place = f"prefix-{next(PLACES)}"
    keys |= {start, start + "x", start.upper() + "x", start + "\U0010ffff"}
    shared.record_checks(place, [(file(key), check(key)) for key in keys], at=NOON, verifier="1")
    assert set(shared.known_checks(place, start, verifier="1")) == {key for key in keys if key.startswith(start)}


def test_keys_longer_than_an_index_entry_can_be_are_told_apart(ledger: Ledger) -> None:
    import random

    chance = random.Random(5)
    long = "".join(chr(chance.randrange(0x4E00, 0x9FFF)) for _ in range(4000))  # does not compress
    keys = [long + "a/1", long + "a/2", long + "b/1", long[:300]]
    ledger.record_checks("lake", [(file(key), check(key)) for key in keys], at=NOON, verifier="1")
    assert set(ledger.known_checks("lake", long + "a/", verifier="1")) == set(keys[:2])
    assert set(ledger.known_checks("lake", long[:250], verifier="1")) == set(keys)


def test_names_are_told_apart_byte_by_byte(ledger: Ledger) -> None:
    keys = ["é", "e\u0301", "E\u0301", "a", "A", "a ", "ß", "ss"]
    ledger.record_checks("lake", [(file(key), check(key)) for key in keys], at=NOON, verifier="1")
    for key in keys:
        found = set(ledger.known_checks("lake", key, verifier="1"))
        assert found == {k for k in keys if k.startswith(key)}
    assert ledger.known_checks("LAKE", "", verifier="1") == {}


def test_a_prefix_is_looked_up_by_an_index_and_not_by_reading_all(ledger: Ledger) -> None:
    from sqlalchemy import select
    from sqlalchemy.dialects import postgresql, sqlite

    from auditor.ledger.schema import file_checks
    from auditor.ledger.sql import under_prefix

    many = [(file(f"b/{n // 10}/part-{n}"), check(f"b/{n // 10}/part-{n}")) for n in range(5000)]
    ledger.record_checks("lake", many, at=NOON, verifier="1")
    query = select(file_checks.c.key).where(under_prefix(file_checks, "lake", "b/77/"))
    with ledger._reading() as connection:
        kind = connection.dialect.name
        dialect = sqlite.dialect() if kind == "sqlite" else postgresql.dialect()
        if kind == "postgresql":
            connection.exec_driver_sql("ANALYZE file_checks")
        text = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN QUERY PLAN" if kind == "sqlite" else "EXPLAIN"
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(f"{explain} {text}".replace("%", "%%")))
    assert "checks_by_prefix" in plan
    assert "substr(" in plan if kind == "postgresql" else "destination=? AND <expr>>? AND <expr><?" in plan
