"""Reports on a schedule: each once, whole or not at all, amended when something was corrected."""

from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.model import Arrival
from auditor.service.period import period_before
from auditor.service.scheduled_reports import make_due_reports
from tests.service.test_completeness import (
    CLOSED,
    DAY,
    DUES,
    HOUR,
    LATER,
    OCTOBER,
    audit,
    config,
    ledger,
    said,
    whole_month,
)

__all__ = ["config", "ledger"]  # fixtures


def files_of(folder):
    return {one.name: one.read_bytes() for one in folder.iterdir()}


def test_nothing_is_due_before_the_period_closed(ledger, config):
    whole_month(ledger)
    assert make_due_reports(ledger, config, now=CLOSED - HOUR) == []


def test_a_report_is_made_once_when_its_period_closed(ledger, config):
    whole_month(ledger)
    (made,) = make_due_reports(ledger, config, now=CLOSED)
    assert (made.period, made.revision, made.folder.name) == ("2026-10", 0, "backup-completeness-2026-10")
    assert made.summary.startswith("All 31 backups expected in 2026-10 are proven sound.\n")
    assert set(files_of(made.folder)) == {"report.html", "report.json", "population.csv", "SHA256SUMS"}
    assert make_due_reports(ledger, config, now=LATER) == []


def test_periods_from_before_the_first_audit_are_passed_over(ledger, config):
    assert make_due_reports(ledger, config, now=LATER) == []
    audit(ledger, [], OCTOBER.end + DAY)
    assert make_due_reports(ledger, config, now=LATER) == []


def test_a_correction_adds_an_amendment_and_leaves_the_report_as_it_was(ledger, config):
    whole_month(ledger, d3=said(DUES[3], Arrival.MISSING))
    (first,) = make_due_reports(ledger, config, now=CLOSED)
    before = files_of(first.folder)
    audit(ledger, [said(DUES[3], Arrival.LATE)], LATER)
    (second,) = make_due_reports(ledger, config, now=LATER)
    after = files_of(second.folder)
    assert second.revision == 1
    assert {name: after[name] for name in before if name != "SHA256SUMS"} == {
        name: body for name, body in before.items() if name != "SHA256SUMS"
    }
    assert {"amendment-1-report.html", "amendment-1-report.json", "amendment-1-population.csv"} < set(after)
    assert make_due_reports(ledger, config, now=LATER + HOUR) == []


def test_what_a_crash_left_out_is_written_by_the_next_call_with_the_same_bytes(ledger, config, monkeypatch):
    from auditor.service import report_files

    whole_month(ledger)
    whole = report_files.write_parts

    def breaks(parts, path):
        if path.name == "population.csv":
            raise OSError(28, "No space left on device")
        return whole(parts, path)

    monkeypatch.setattr(report_files, "write_parts", breaks)
    with pytest.raises(OSError, match="No space"):
        make_due_reports(ledger, config, now=CLOSED)
    monkeypatch.undo()
    (made,) = make_due_reports(ledger, config, now=LATER)
    there = files_of(made.folder)
    for one in made.folder.iterdir():
        one.unlink()
    (again,) = make_due_reports(ledger, config, now=LATER + DAY)
    assert files_of(again.folder) == there


def test_after_months_without_the_service_all_reports_are_made_in_order(ledger, config):
    whole_month(ledger)
    made = make_due_reports(ledger, config, now=CLOSED + timedelta(days=62))
    assert [one.period for one in made] == ["2026-10", "2026-11", "2026-12"]


def test_quarters_are_made_too(ledger, config):
    whole_month(ledger)
    quarterly = tuple(replace(one, every="quarter") for one in config.service.reports)
    told = replace(config, service=replace(config.service, reports=quarterly))
    made = make_due_reports(ledger, told, now=period_before("quarter", CLOSED + 90 * DAY).closes_at)
    assert [one.period for one in made] == ["2026-Q4"]
