"""Verdicts: appended where they differ, never lost, and right however audits overlap."""

from dataclasses import replace

import pytest

from auditor.ledger import Ledger, LedgerError
from auditor.model import Arrival, Content, Finding, RunKey, Severity, Unverifiable, Verdict
from tests.ledger.things import (
    DATASET,
    FLOW,
    HOUR,
    NOON,
    PLACE,
    audit_of,
    begin,
    finish,
    folder,
    prefix,
    unexpected,
    verdict,
)

KEY = RunKey(FLOW, DATASET, PLACE, NOON)
FINDING = Finding("export-late", Severity.WARNING, "it came late")

DIFFERENT = [
    {"arrival": Arrival.LATE},
    {"content": Content.DAMAGED},
    {"level": None},
    {"arrived_at": NOON},
    {"folder": ""},
    {"files": 2},
    {"records": 0},
    {"bytes": 1},
    {"findings": (FINDING,)},
    {"unverifiable": (Unverifiable("k", "throttled"),)},
]


def rows(ledger: Ledger, table: str = "verdicts") -> int:
    with ledger._reading() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() or 0)


@pytest.mark.parametrize("change", DIFFERENT, ids=[next(iter(d)) for d in DIFFERENT])
def test_a_verdict_that_changes_leaves_the_old_one_readable(ledger: Ledger, change: dict[str, object]) -> None:
    old, new = verdict(), replace(verdict(), **change)  # type: ignore[arg-type]
    first, second = begin(ledger), begin(ledger)
    ledger.record_verdicts(first, [old], at=NOON, why="first look")
    ledger.record_verdicts(second, [new], at=NOON + HOUR, why="a file came")
    before, after = ledger.verdict_history(KEY)
    assert (before.verdict, before.audit, before.recorded_at, before.why) == (old, first, NOON, "first look")
    assert (before.superseded_at, before.superseded_by) == (NOON + HOUR, second)
    assert before.superseded_why
    assert (after.verdict, after.audit, after.why, after.superseded_at) == (new, second, "a file came", None)
    assert ledger.previous_verdicts(FLOW, DATASET, PLACE) == {NOON: new}


def test_a_verdict_that_stays_writes_nothing(ledger: Ledger) -> None:
    said = [verdict(h) for h in range(10)]
    audit_of(ledger, said)
    before = rows(ledger), rows(ledger, "pages")
    for _ in range(3):
        audit_of(ledger, said)
    assert (rows(ledger), rows(ledger, "pages")) == before
    assert len(ledger.verdict_history(KEY)) == 1


def test_one_change_among_many_costs_little(ledger: Ledger) -> None:
    said = [verdict(h) for h in range(5000)]
    audit_of(ledger, said)
    before = rows(ledger), rows(ledger, "pages")
    second = audit_of(ledger, [verdict(0, Arrival.LATE), *said[1:]])
    assert rows(ledger) == before[0] + 1
    assert rows(ledger, "pages") <= before[1] + 3
    assert ledger.read_audit(second).runs == (verdict(0, Arrival.LATE), *said[1:])
    assert ledger.read_audit(1).runs == tuple(said)


def test_a_run_that_an_audit_does_not_speak_of_keeps_its_verdict(ledger: Ledger) -> None:
    audit_of(ledger, [verdict(h) for h in range(4)])
    partial = audit_of(ledger, [verdict(3, Arrival.LATE)], since=NOON + 3 * HOUR)
    assert set(ledger.previous_verdicts(FLOW, DATASET, PLACE)) == {NOON + h * HOUR for h in range(4)}
    assert set(ledger.previous_verdicts(FLOW, DATASET, PLACE, NOON + 2 * HOUR)) == {NOON + h * HOUR for h in (2, 3)}
    assert ledger.read_audit(partial).runs == (verdict(3, Arrival.LATE),)


def test_verdicts_may_come_in_portions_and_be_corrected_within_an_audit(ledger: Ledger) -> None:
    audit = begin(ledger)
    ledger.record_verdicts(audit, [verdict(0), verdict(1)], at=NOON)
    ledger.record_verdicts(audit, [verdict(2)], at=NOON)
    ledger.record_verdicts(audit, [verdict(1, Arrival.LATE)], at=NOON)
    finish(ledger, audit)
    assert ledger.read_audit(audit).runs == (verdict(0), verdict(1, Arrival.LATE), verdict(2))


def test_two_verdicts_on_one_run_are_refused(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="judged twice"):
        ledger.record_verdicts(begin(ledger), [verdict(), verdict(arrival=Arrival.LATE)], at=NOON)


def test_an_audit_nobody_began_can_say_nothing(ledger: Ledger) -> None:
    with pytest.raises(LedgerError):
        ledger.record_verdicts(7, [verdict()], at=NOON)
    with pytest.raises(LedgerError, match="no audit 7"):
        ledger.record_verdicts(7, [], at=NOON)
    with pytest.raises(LedgerError, match="no audit 7"):
        ledger.record_findings(7, [FINDING], at=NOON)
    with pytest.raises(LedgerError, match="no audit 7"):
        finish(ledger, 7)
    assert rows(ledger) == 0


def test_an_audit_overtaken_by_a_later_one_does_not_turn_its_verdicts_back(ledger: Ledger) -> None:
    slow, quick = begin(ledger), begin(ledger)
    ledger.record_verdicts(quick, [verdict(0)], at=NOON)
    finish(ledger, quick)
    ledger.record_verdicts(slow, [verdict(0, Arrival.PENDING), verdict(1)], at=NOON)
    finish(ledger, slow)
    assert ledger.previous_verdicts(FLOW, DATASET, PLACE) == {NOON: verdict(0), NOON + HOUR: verdict(1)}
    assert ledger.read_audit(slow).runs == (verdict(0, Arrival.PENDING), verdict(1))
    assert ledger.read_audit(quick).runs == (verdict(0),)
    overtaken = ledger.verdict_history(KEY)[1]
    assert (overtaken.superseded_by, overtaken.verdict.arrival) == (quick, Arrival.PENDING)


def test_nor_where_the_later_one_only_confirmed_what_was_known(ledger: Ledger) -> None:
    audit_of(ledger, [verdict()])
    slow = begin(ledger)
    audit_of(ledger, [verdict()])
    ledger.record_verdicts(slow, [verdict(arrival=Arrival.UNKNOWN)], at=NOON)
    finish(ledger, slow)
    assert ledger.previous_verdicts(FLOW, DATASET, PLACE) == {NOON: verdict()}
    assert ledger.read_audit(slow).runs == (verdict(arrival=Arrival.UNKNOWN),)


def test_an_audit_of_a_clock_gone_wrong_does_not_block_later_ones(ledger: Ledger) -> None:
    audit_of(ledger, [verdict(arrival=Arrival.MISSING)], now=NOON + 100_000 * HOUR)
    audit_of(ledger, [verdict()], now=NOON)
    assert ledger.previous_verdicts(FLOW, DATASET, PLACE) == {NOON: verdict()}


# --- unexpected folders ------------------------------------------------------------------------

BLIND = verdict(5, Arrival.UNKNOWN, folder="", content=Content.UNVERIFIABLE, level=None, files=0)
NOT_DUE = verdict(5, Arrival.PENDING, folder="", content=Content.UNCHECKED, level=None, files=0)

LATER = [  # told, what the next audit says, its options, is the unexpected folder still current
    ("reported again", [verdict(5), unexpected()], {}, True),
    ("looked at and gone", [verdict(5)], {}, False),
    ("another is there and it is not", [unexpected(1)], {}, False),
    ("missing runs were looked for too", [verdict(5, Arrival.MISSING)], {}, False),
    ("taken by an expected run", [verdict(0)], {}, False),
    ("what cannot be seen closes nothing", [BLIND], {}, True),
    ("nor does what is not due", [NOT_DUE], {}, True),
    ("nor an audit of another dataset", [replace(verdict(5), dataset="another")], {}, True),
    ("nor of another destination", [replace(verdict(5), destination="another")], {}, True),
    ("nor of another flow alone", [verdict(5, flow="other")], {"flow": ["other"]}, True),
    ("of this flow alone it does", [verdict(5)], {"flow": [FLOW]}, False),
    ("a flow given as one name", [verdict(5)], {"flow": FLOW}, False),
    ("the flow was renamed", [verdict(5, flow="other")], {}, False),
    ("older than the audit looked", [verdict(5)], {"since": NOON + HOUR}, True),
    ("young enough for it to look", [verdict(5)], {"since": NOON - HOUR}, False),
    ("the border was looked at", [verdict(5)], {"since": "2026-10-01T14:00:00+02:00"}, False),
    ("an audit without a word", [], {}, True),
]


@pytest.mark.parametrize("told, said, options, current", LATER, ids=[case[0] for case in LATER])
def test_an_unexpected_folder_is_closed_by_sight_alone(
    ledger: Ledger, told: str, said: list[Verdict], options: dict[str, object], current: bool
) -> None:
    ledger.record_folders(PLACE, [folder(0)], at=NOON)
    first = audit_of(ledger, [verdict(4), unexpected()])
    audit_of(ledger, said, NOON + HOUR, **options)
    with ledger._reading() as connection:
        query = "SELECT folder, superseded_why FROM verdicts WHERE due IS NULL AND superseded_at IS NOT NULL"
        closed = [tuple(row) for row in connection.exec_driver_sql(query)]
    assert [folder for folder, _ in closed] == ([] if current else [prefix()])
    assert all(why for _, why in closed)
    assert NOON + 4 * HOUR in ledger.previous_verdicts(FLOW, DATASET, PLACE)  # an expected run is never closed
    assert ledger.read_audit(first).runs == (verdict(4), unexpected())


def test_an_overtaken_audit_closes_nothing_a_later_one_saw(ledger: Ledger) -> None:
    slow = begin(ledger)
    audit_of(ledger, [verdict(4), unexpected()])
    ledger.record_verdicts(slow, [verdict(4)], at=NOON)
    finish(ledger, slow)
    with ledger._reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM verdicts WHERE superseded_at IS NULL").scalar() == 2


def test_an_audit_that_crashed_before_its_end_closes_nothing(ledger: Ledger) -> None:
    audit_of(ledger, [verdict(4), unexpected()])
    ledger.record_verdicts(begin(ledger), [verdict(4)], at=NOON)
    with ledger._reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM verdicts WHERE superseded_at IS NULL").scalar() == 2


def test_an_export_once_seen_stays_seen_whatever_is_said_of_it_later(ledger):
    for number, said in enumerate([verdict(0), verdict(0, Arrival.EXPIRED, folder=""), verdict(0, folder="")]):
        audit = begin(ledger, NOON + number * HOUR)
        ledger.record_verdicts(audit, [said, verdict(1, Arrival.MISSING, folder="")], at=NOON + number * HOUR)
        finish(ledger, audit)
        assert ledger.dues_seen(FLOW, DATASET, PLACE, until=NOON + number * HOUR) == {NOON}
    assert ledger.dues_seen(FLOW, DATASET, PLACE, until=NOON - HOUR) == set()
    assert ledger.dues_seen("another", DATASET, PLACE, until=NOON) == set()
