"""The balance adds up, whatever the population; and no report is green that may not be."""

import re
from datetime import timedelta

import pytest
from hypothesis import given

from auditor.model import Arrival, Content, Finding, Level, Severity, Status, Waived
from auditor.report.completeness import render_headline, render_summary
from auditor.report.completeness.text import render_arrived, render_balance
from auditor.report.completeness.types import FAILING, OPEN, Kind, Unwatched
from tests.report.completeness.making import CLOSED, START, judged, missing, populations, report_of, verdict
from tests.report.strategies import QUICK

A_DAY = Unwatched("lake", START, START + timedelta(days=1), "nothing looked at this destination")


def _sum(text: str) -> tuple[int, int]:
    left, _, right = text.partition(" = ")
    numbers = [int(one.split()[0].replace(",", "")) for one in right.split(" + ")]
    return int(re.match(r"[\d,]+", left)[0].replace(",", "")), sum(numbers)


@QUICK
@given(populations)
def test_both_balances_add_up(runs):
    report = report_of(runs)
    balance = report.balance
    assert balance.expected == len(runs)
    for text in (render_balance(balance), render_arrived(balance)):
        whole, parts = _sum(text)
        assert whole == parts
    assert balance.arrived == balance.on_time + balance.early + balance.late - balance.late_absent
    for line in report.datasets:
        assert line.expected == line.complete + line.failing + line.waived + line.open
    assert sum(line.expected for line in report.datasets) == balance.expected
    failing = sum(report.deviation_counts.get(k.value, 0) - report.waived_counts.get(k.value, 0) for k in FAILING)
    assert failing == sum(line.failing for line in report.datasets)
    assert sum(report.deviation_counts.get(kind.value, 0) for kind in OPEN) == sum(l.open for l in report.datasets)  # noqa: E741


@QUICK
@given(populations)
def test_no_report_is_green_unless_every_run_is_proven_or_put_up_with(runs):
    report = report_of(runs)
    for run in runs:
        v = run.verdict
        proven = v.arrival is Arrival.NOT_NEEDED or (v.arrival is Arrival.EXPIRED and run.was_sound)
        proven |= v.arrival in (Arrival.ON_TIME, Arrival.EARLY, Arrival.LATE) and v.content is Content.SOUND
        put_up = bool(v.findings) and any(one.waived for one in v.findings)
        if not proven and not put_up:
            assert report.status is not Status.GOOD
    assert report.status is not Status.GOOD or runs


def test_a_whole_month_is_complete():
    report = report_of(judged(*(verdict(hour) for hour in range(0, 744, 3))))
    assert report.status is Status.GOOD
    assert render_headline(report) == "All 248 backups expected in 2026-10 are proven sound."


def test_late_is_said_and_is_no_failure():
    report = report_of(judged(verdict(0), verdict(3, Arrival.LATE), verdict(6, Arrival.NOT_NEEDED)))
    assert report.status is Status.GOOD
    assert render_headline(report) == "All 3 backups expected in 2026-10 are proven sound or not needed; 1 came late."


@pytest.mark.parametrize(
    "runs, status, said",
    [
        ([verdict(0), missing(3)], Status.FINDINGS, "1 is proven sound; 1 missing."),
        ([verdict(0), missing(3, waived=True)], Status.GOOD, "1 is proven sound; 1 missing (waived)."),
        ([missing(3, waived=True)], Status.INCOMPLETE, "0 are proven sound; 1 missing (waived)."),
        ([verdict(0), verdict(3, Arrival.MISSING)], Status.FINDINGS, "1 missing"),
        ([verdict(0), verdict(3, content=Content.DAMAGED)], Status.FINDINGS, "1 damaged"),
        ([verdict(0), verdict(3, content=Content.INCOMPLETE)], Status.FINDINGS, "1 incomplete"),
        ([verdict(0), verdict(3, content=Content.UNVERIFIABLE)], Status.INCOMPLETE, "could not be checked"),
        ([verdict(0), verdict(3, content=Content.UNCHECKED)], Status.INCOMPLETE, "1 not checked"),
        ([verdict(0), verdict(3, Arrival.UNKNOWN)], Status.INCOMPLETE, "could not be looked at"),
        ([verdict(0), verdict(3, Arrival.PENDING)], Status.INCOMPLETE, "1 not settled yet"),
        ([verdict(0), verdict(3, Arrival.ARRIVING)], Status.INCOMPLETE, "1 not settled yet"),
        ([verdict(0), verdict(3, Arrival.LATE, Content.UNCHECKED, folder="")], Status.INCOMPLETE, "not settled"),
        ([verdict(0), verdict(3, Arrival.EXPIRED)], Status.INCOMPLETE, "removed by retention before"),
        ([], Status.INCOMPLETE, "No backup was expected in 2026-10, so nothing can be said of its completeness."),
    ],
)
def test_the_sentence_and_the_status_say_what_is_not_in_order(runs, status, said):
    report = report_of(judged(*runs))
    assert (report.status, said in render_headline(report)) == (status, True), render_headline(report)


def test_what_was_proven_before_it_expired_is_complete():
    assert report_of(judged(verdict(0, Arrival.EXPIRED), was_sound=True)).status is Status.GOOD


def test_a_waiver_of_something_else_excuses_no_hole():
    put_up = Finding("export-late", Severity.WARNING, "late", waived=Waived("known", "ops", CLOSED))
    torn = Finding("file-corrupt", Severity.ERROR, "torn")
    report = report_of(judged(verdict(0), verdict(3, content=Content.DAMAGED, findings=(put_up, torn))))
    assert report.status is Status.FINDINGS


def test_a_waiver_makes_nothing_known():
    put_up = Finding("file-unverifiable", Severity.ERROR, "?", waived=Waived("known", "ops", CLOSED))
    report = report_of(judged(verdict(0), verdict(3, content=Content.UNVERIFIABLE, findings=(put_up,))))
    assert report.status is Status.INCOMPLETE


def test_a_sound_export_with_another_error_is_not_among_the_proven_ones():
    changed = Finding("export-changed", Severity.ERROR, "It was changed.")
    report = report_of(judged(verdict(0), verdict(3, findings=(changed,))))
    assert report.status is Status.FINDINGS
    assert "1 is proven sound; 1 with another error" in render_headline(report)


def test_hours_not_watched_are_in_the_sentence_and_end_in_could_not_tell():
    report = report_of(judged(verdict(0)), unwatched=(A_DAY,))
    assert report.status is Status.INCOMPLETE
    assert "part of the period was not watched (up to 24.0 h of one place or flow)" in render_headline(report)


def test_a_flow_that_nobody_looked_at_is_in_the_sentence():
    report = report_of(judged(verdict(0)), never_read=("crm",))
    assert report.status is Status.INCOMPLETE
    assert "1 configured flow never looked at" in render_headline(report)


def test_an_open_period_is_preliminary_however_good():
    report = report_of(judged(verdict(0)), preliminary=True)
    assert report.status is Status.INCOMPLETE
    assert render_headline(report).startswith("Preliminary, as of 2026-11-04 00:00Z: ")


def test_holes_in_a_row_are_one_gap_and_datasets_are_not_mixed():
    runs = [missing(0), missing(3), verdict(6), missing(9), verdict(9, content=Content.DAMAGED, dataset="d2")]
    gaps = report_of(judged(*runs)).gaps
    assert [(gap.dataset, gap.runs) for gap in gaps] == [("d1", 2), ("d1", 1), ("d2", 1)]


def test_the_summary_shows_levels():
    told = render_summary(report_of(judged(verdict(0), verdict(3, level=Level.L1))))
    assert "2 arrived = 1 sound (L1) + 1 sound (L3) + 0 incomplete" in told


def test_many_deviations_are_counted_beside_those_listed():
    report = report_of(judged(*(missing(hour) for hour in range(700))))
    assert report.deviation_counts == {Kind.MISSING.value: 700}
    assert len(report.deviations) == 200
