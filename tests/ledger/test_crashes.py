"""Killed at any moment, or with others at work: the ledger stays whole and the next audit goes on."""

import multiprocessing
import random
import signal
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.incident_model import Event, EventKind, IncidentKey, Match, Member, NoticeState, Signed, Silence
from auditor.incidents import Changes, Known
from auditor.incidents.opening import open_incident, take_in
from auditor.ledger import Ledger
from auditor.ledger.database import parse_place
from auditor.ledger.periods import KeptReport
from auditor.ledger.schema import metadata
from auditor.model import Arrival, Finding, Manifest, Severity, Unverifiable, Watched
from tests.ledger.test_notices import notice
from tests.ledger.test_platform import FLOW_ID, PLATFORM, record, version
from tests.ledger.things import (
    DATASET,
    FLOW,
    HOUR,
    NOON,
    PLACE,
    begin,
    changed,
    check,
    file,
    finish,
    folder,
    listing_of,
    prefix,
    run,
    unexpected,
    verdict,
)

SPAWN = multiprocessing.get_context("spawn")
KILLS = 20
RUNS = 40


def _audit(ledger: Ledger, number: int) -> int:
    """A whole audit of RUNS runs; each number finds a little more than the one before."""
    now = NOON + number * HOUR
    audit = begin(ledger, now)
    ledger.record_expected([run(h) for h in range(RUNS)], at=now)
    stored = {h: [file(f"{prefix(h)}part-{n}") for n in range(number + 1)] for h in range(RUNS)}
    ledger.record_folders(PLACE, [folder(h, files) for h, files in stored.items()], at=now)
    ledger.record_whole(PLACE, [prefix(h) for h in stored], now)
    ledger.record_listing(PLACE, listing_of(f for files in stored.values() for f in files), shape="1", at=now)
    checks = [(f, check(f.key)) for files in stored.values() for f in files]
    ledger.record_checks(PLACE, checks, at=now, verifier="1")
    ledger.record_manifests(PLACE, [Manifest(file(f"{prefix(h)}m")) for h in stored], at=now, verifier="1")
    late = [verdict(h, Arrival.LATE if h < number * 5 else Arrival.ON_TIME, files=number) for h in range(RUNS)]
    ledger.record_verdicts(audit, [*late, *([unexpected(99)] if number < 2 else [])], at=now)
    found = [Finding("export-late", Severity.WARNING, f"late {number}", key=str(h)) for h in range(RUNS)]
    ledger.record_findings(audit, found, at=now)
    ledger.record_unverifiable(audit, [Unverifiable("a place", f"throttled {number}")])
    began = [replace(record(h + 1), ended=None) if h < number else record(h + 1) for h in range(RUNS)]
    ledger.record_flow_runs(PLATFORM, FLOW_ID, began, at=now)
    ledger.record_flow_reading(PLATFORM, FLOW_ID, since=NOON, at=now)
    ledger.record_flow_versions(PLATFORM, [version(name=f"flow {number}")], at=now, complete=True)
    ledger.set_flow_baseline(PLATFORM, FLOW_ID, ledger.flow_history(PLATFORM, FLOW_ID)[-1].id, at=now)
    finish(ledger, audit, [Watched(FLOW, NOON)])
    ledger.take_lease("beyond", "me", now=now, span=HOUR)
    ledger.begin_loop("beyond", now)
    ledger.finish_loop("beyond", now)
    ledger.record_watching("beyond", now, gap=HOUR)
    ledger.source_since(PLACE, "s3\0bucket", at=now)
    ledger.record_changes([changed(file(f"{prefix(0)}part-0"), at=now)])
    ledger.record_configuration(f"hash {number}", tool_version="1", summary={}, at=now)
    ledger.keep_period_report("2026-09", {}, KeptReport(number, now, "digest", b"body"))
    _tell_of_incidents(ledger, number, now)
    _send_notices(ledger, number, now)
    return audit


def _send_notices(ledger: Ledger, number: int, now: datetime) -> None:
    ledger.add_notices([notice(f"{number}-{word}", created_at=now, next_at=now) for word in ("sent", "waiting")])
    for one in ledger.due_notices(now):
        if one.key.endswith("sent") and ledger.begin_sending(one.id, now, again_at=now):
            ledger.finish_sending(one.id, state=NoticeState.SENT, reason="taken", at=now)


def _tell_of_incidents(ledger: Ledger, number: int, now: datetime) -> None:
    """Each audit finds another due time missing; somebody accepts, somebody silences."""
    found = {Member(NOON + n * HOUR): Finding("export-missing", Severity.ERROR, "gone") for n in range(number + 1)}
    key = IncidentKey("export-missing", FLOW, DATASET, PLACE)

    def work(known: Known) -> Changes:
        [before] = [*known.live] or [open_incident(key, found, None, now=now)]
        incident = take_in(before, found, found, now=now)
        return Changes((incident,), ((incident, Event(0, EventKind.OPENED, now, Severity.ERROR)),), {key: None})

    [incident] = ledger.update_incidents_with(work)
    ledger.accept(incident.number, Signed("jo", now, "known"))
    ledger.add_silence(Silence(Match(flow=FLOW), "jo", "moving", now, now + HOUR))


def _say(ledger: Ledger, last: int) -> Mapping[str, Any]:
    """What later audits and reports would read."""
    return {
        "verdicts": ledger.previous_verdicts(FLOW, DATASET, PLACE),
        "checks": ledger.known_checks(PLACE, "", verifier="1"),
        "manifests": ledger.known_manifests(PLACE, "", verifier="1"),
        "folders": set(ledger.folder_history(PLACE, DATASET)),
        "listing": listing.parts if (listing := ledger.recall_listing(PLACE, f"b/{DATASET}/")) else (),
        "audit": ledger.read_audit(last),
        "first": ledger.first_audit_at(),
        "runs": list(ledger.known_flow_runs(PLATFORM, FLOW_ID, since=NOON, until=NOON + 99 * HOUR)),
        "flow": ledger.flow_history(PLATFORM, FLOW_ID)[-1].version,
        "reports": [one.revision for one in ledger.period_reports("2026-09", {})],
        "notices": sorted({(one.key, one.state) for one in ledger.list_notices()}),
        "changes": [(one.before, one.after, one.kind) for one in ledger.standing_changes(PLACE)],
        "incidents": [(i.key, i.members, i.accepted) for i in ledger.live_incidents()],
        "baseline": baseline.version if (baseline := ledger.flow_baseline(PLATFORM, FLOW_ID)) else None,
    }


def _audit_for_ever(url: str, ready: "multiprocessing.synchronize.Event") -> None:
    with Ledger.open(url) as ledger:
        number = 0
        while True:
            ready.set()
            _audit(ledger, number % 4)
            number += 1


def test_killed_at_any_moment_the_next_audit_says_what_it_would_have_said(url: str) -> None:
    with Ledger.in_memory() as undisturbed:
        for number in range(4):
            last = _audit(undisturbed, number)
        expected = _say(undisturbed, last)
    chance = random.Random(11)
    for _ in range(KILLS):
        _start_and_kill(url, chance.uniform(0, 0.4))
    with Ledger.open(url) as ledger:
        for number in range(4):
            last = _audit(ledger, number)
        _check_sound(ledger)
        assert _say(ledger, last) == expected


def _start_and_kill(url: str, after_s: float) -> None:
    # Forked, not spawned: starting a new interpreter twenty times would take longer than the killing.
    fork = multiprocessing.get_context("fork")
    ready = fork.Event()
    process = fork.Process(target=_audit_for_ever, args=(url, ready))
    process.start()
    assert ready.wait(60)
    time.sleep(after_s)
    process.kill()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL


def _check_sound(ledger: Ledger) -> None:
    """The database finds no fault with itself, and every audit that finished can be read."""
    with ledger._reading() as connection:
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        twice = "SELECT subject FROM verdicts WHERE superseded_at IS NULL GROUP BY subject HAVING count(*) > 1"
        assert connection.exec_driver_sql(twice).all() == []
        finished = "SELECT id FROM audits WHERE finished_at IS NOT NULL ORDER BY id"
        numbers = connection.exec_driver_sql(finished).scalars().all()
    assert numbers
    for number in numbers:
        assert len([v for v in ledger.read_audit(number).runs if v.due]) == RUNS


def _audit_often(
    url: str, gate: "multiprocessing.synchronize.Barrier", answers: "multiprocessing.Queue[object]"
) -> None:
    gate.wait(60)
    try:
        with Ledger.open(url) as ledger:
            answers.put([(_audit(ledger, number), number) for number in (0, 1, 2, 3)])
    except BaseException as error:
        answers.put(repr(error))


def test_several_audits_at_once_on_one_ledger_all_work(url: str) -> None:
    gate, answers = SPAWN.Barrier(3), SPAWN.Queue()
    processes = [SPAWN.Process(target=_audit_often, args=(url, gate, answers)) for _ in range(3)]
    for process in processes:
        process.start()
    got = [answers.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(30)
    assert all(isinstance(answer, list) for answer in got), got
    said = dict(pair for answer in got for pair in answer)
    assert sorted(said) == list(range(1, 13))
    with Ledger.open(url) as ledger:
        _check_sound(ledger)
        for audit, number in said.items():
            runs = [v for v in ledger.read_audit(audit).runs if v.due]
            assert {v.files for v in runs} == {number}


def test_a_writer_waits_for_another_and_does_not_fail(tmp_path: Path) -> None:
    import threading

    with Ledger.open(f"sqlite:///{tmp_path}/l.db") as ledger:
        other = sqlite3.connect(tmp_path / "l.db", isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.5, other.rollback)
        timer.start()
        assert begin(ledger) == 1
        timer.join()


def test_a_lock_held_for_ever_ends_in_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor.ledger import LedgerError, database

    Ledger.open(f"sqlite:///{tmp_path}/l.db").close()
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    with sqlite3.connect(tmp_path / "l.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            Ledger.open(f"sqlite:///{tmp_path}/l.db") as ledger,
            pytest.raises(LedgerError, match=r"l\.db.*locked.*another process"),
        ):
            begin(ledger)
        other.execute("ROLLBACK")


def test_a_connection_the_server_cut_is_made_anew(new_schema: Any) -> None:
    import psycopg

    url = new_schema()
    with Ledger.open(url) as ledger:
        begin(ledger)
        with psycopg.connect(url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'export-auditor' AND pid <> pg_backend_pid()"
            )
        assert begin(ledger) == 2


def test_everything_in_the_schema_is_spoken_of_here(url: str) -> None:
    """So that a new table is not forgotten by the killing."""
    from sqlalchemy import create_engine, func, select

    with Ledger.open(url) as ledger:
        _audit(ledger, 0)
    engine = create_engine(parse_place(url).url)
    with engine.connect() as connection:
        empty = [
            t.name
            for t in metadata.tables.values()
            if not connection.execute(select(func.count()).select_from(t)).scalar()
        ]
    engine.dispose()
    assert empty == []
