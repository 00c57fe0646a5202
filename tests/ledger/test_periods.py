"""What was known of a period at a moment, on both databases; reports are kept once and as they were."""

from datetime import timedelta

import pytest

from auditor.ledger import Ledger, LedgerError
from auditor.ledger.periods import KeptReport
from auditor.model import Arrival, Content, Watched
from tests.ledger.things import DATASET, FLOW, HOUR, NOON, PLACE, audit_of, begin, finish, run, verdict

GROUP = (FLOW, DATASET, PLACE)
END = NOON + 100 * HOUR


def arrivals(ledger: Ledger, hours: int, newest: int | None = None) -> list[str]:
    """What was known `hours` after noon."""
    known = ledger.newest_verdict() if newest is None else newest
    runs = ledger.period_runs(GROUP, since=NOON, until=END, as_of=NOON + hours * HOUR, newest=known)
    return [one.verdict.arrival.value if one.verdict else "" for one in runs]


def test_the_newest_verdict_until_then_counts(ledger: Ledger) -> None:
    ledger.record_expected([run(0), run(3)], at=NOON)
    audit_of(ledger, [verdict(0, Arrival.PENDING)], NOON)
    audit_of(ledger, [verdict(0, Arrival.LATE)], NOON + 5 * HOUR)
    audit_of(ledger, [verdict(0, Arrival.EXPIRED), verdict(3)], NOON + 50 * HOUR)
    assert [arrivals(ledger, hours) for hours in (0, 4, 5, 50)] == [
        ["pending", ""],
        ["pending", ""],
        ["late", ""],
        ["expired", "on_time"],
    ]


def test_rows_written_after_a_report_do_not_count_whatever_moment_they_speak_of(ledger: Ledger) -> None:
    audit_of(ledger, [verdict(0, Arrival.MISSING)], NOON + 20 * HOUR)
    newest = ledger.newest_verdict()
    audit_of(ledger, [verdict(0, Arrival.LATE)], NOON + 10 * HOUR)
    assert arrivals(ledger, 90, newest) == ["missing"]
    (later,) = ledger.verdicts_after(newest, since=NOON, until=END)
    assert (later.verdict.arrival, later.at) == (Arrival.LATE, NOON + 10 * HOUR)
    assert ledger.verdicts_after(ledger.newest_verdict(), since=NOON, until=END) == []


def test_an_audit_that_was_overtaken_never_counts(ledger: Ledger) -> None:
    slow = begin(ledger, NOON + HOUR)
    audit_of(ledger, [verdict(0, Arrival.ON_TIME)], NOON + 2 * HOUR)
    ledger.record_verdicts(slow, [verdict(0, Arrival.UNKNOWN)], at=NOON + HOUR)
    finish(ledger, slow)
    assert arrivals(ledger, 90) == ["on_time"]


def test_what_was_sound_once_is_remembered_until_then_only(ledger: Ledger) -> None:
    audit_of(ledger, [verdict(0)], NOON + HOUR)
    audit_of(ledger, [verdict(0, Arrival.EXPIRED, content=Content.UNCHECKED, folder="")], NOON + 9 * HOUR)
    (known,) = ledger.period_runs(GROUP, since=NOON, until=END, as_of=END, newest=ledger.newest_verdict())
    assert (known.was_sound, known.judged_at) == (True, NOON + 9 * HOUR)


def test_only_runs_due_in_the_period_are_in_it(ledger: Ledger) -> None:
    ledger.record_expected([run(-1), run(0), run(99), run(100)], at=NOON)
    assert ledger.period_groups(NOON, END) == [GROUP]
    assert len(arrivals(ledger, 100)) == 2
    assert ledger.period_groups(END + HOUR, END + 9 * HOUR) == []


def test_audits_are_counted_by_configuration_and_looks_are_those_at_the_whole_place(ledger: Ledger) -> None:
    audit_of(ledger, [], NOON)
    audit_of(ledger, [], NOON + HOUR, destination=PLACE)
    audit_of(ledger, [], NOON + 2 * HOUR, destination="other")
    audit_of(ledger, [], NOON + 3 * HOUR, flow=FLOW)
    audit_of(ledger, [], NOON + 4 * HOUR, places=False)
    begin(ledger, NOON + 5 * HOUR)  # never finished
    (used,) = ledger.audits_of(NOON, END)
    assert (used.days, used.first, used.last) == (1, NOON, NOON + 4 * HOUR)
    assert ledger.looked_at(PLACE, NOON, END) == [NOON, NOON + HOUR]


def test_watched_flows_are_those_of_the_newest_audit_until_then(ledger: Ledger) -> None:
    finish(ledger, begin(ledger, NOON), [Watched(FLOW, NOON)])
    finish(ledger, begin(ledger, NOON + 9 * HOUR), [Watched(FLOW, NOON + HOUR)])
    assert ledger.watched_until(NOON + 8 * HOUR) == {FLOW: Watched(FLOW, NOON)}
    assert ledger.watched_until(NOON + 9 * HOUR)[FLOW].since == NOON + HOUR
    assert ledger.watched_until(NOON - HOUR) == {}


def test_what_is_beyond_destinations_comes_from_audits_of_everything(ledger: Ledger) -> None:
    assert ledger.beyond_until(END) is None
    audit_of(ledger, [], NOON)
    audit_of(ledger, [], NOON + HOUR, beyond=False)
    audit_of(ledger, [], NOON + HOUR, destination=PLACE)
    beyond = ledger.beyond_until(END)
    assert beyond is not None
    assert beyond.at == NOON


def test_the_first_report_of_a_period_stays(ledger: Ledger) -> None:
    first, other = KeptReport(0, NOON, "a", b"\x00first"), KeptReport(0, NOON + HOUR, "b", b"other")
    assert ledger.keep_period_report("2026-10", {"team": "web"}, first)
    assert not ledger.keep_period_report("2026-10", {"team": "web"}, other)
    assert ledger.keep_period_report("2026-10", {}, other)
    assert ledger.keep_period_report("2026-10", {"team": "web"}, KeptReport(1, END, "c", b"more"))
    assert [one.body for one in ledger.period_reports("2026-10", {"team": "web"})] == [b"\x00first", b"more"]
    assert [one.body for one in ledger.period_reports("2026-10", {})] == [b"other"]
    assert ledger.period_reports("2026-11", {}) == []


def test_a_report_whose_page_is_gone_is_an_error_and_no_new_report(ledger: Ledger) -> None:
    from sqlalchemy import delete

    from auditor.ledger.schema import pages

    ledger.keep_period_report("2026-10", {}, KeptReport(0, NOON, "a", b"x"))
    ledger._write(lambda connection: connection.execute(delete(pages)))
    with pytest.raises(LedgerError, match="restore the ledger from a backup"):
        ledger.period_reports("2026-10", {})


def test_reports_outlive_the_care_of_the_ledger(ledger: Ledger) -> None:
    ledger.keep_period_report("2026-10", {}, KeptReport(0, NOON, "a", b"kept"))
    ledger.record_watching(f"place:{PLACE}", NOON, gap=HOUR)
    for hour in range(9):
        audit_of(ledger, [verdict(0)], NOON + hour * HOUR, destination=PLACE)
    ledger.roll_up(timedelta(days=1), now=NOON + timedelta(days=30))
    assert [one.body for one in ledger.period_reports("2026-10", {})] == [b"kept"]
