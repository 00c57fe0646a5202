"""What is said of datasets in no enabled flow: each loss, one sentence for all that never were, and what is waived."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auditor.model import Coverage, Severity, Standing, Waived, Waiver
from auditor.reconcile.unprotected import find_unprotected, mark_waived, names_of
from auditor.reconcile.waivers import Scope, apply_waivers, find_waiver_faults

NOW = datetime(2026, 10, 15, 9, 30, tzinfo=UTC)
HELD = Waived("test data", "jo", NOW + timedelta(days=1))
OVER = Waived("test data", "jo", NOW - timedelta(days=1))


def line(number: int, standing: Standing, platform: str = "prod") -> Coverage:
    return Coverage(platform, f"{number:024x}", f"Dataset {number}", standing, reason="No flow exports it.")


def told(lines, waivers=()):
    return [(f.dataset, f.key, f.waived) for f in judged(lines, waivers)[0]]


def judged(lines, waivers=()):
    """As an audit does it: found, waived, and the faults of the waivers."""
    found, _ = apply_waivers([*find_unprotected(lines, waivers)], (), waivers, names=names_of(lines), now=NOW)
    faults = find_waiver_faults(found, waivers, Scope(True), names=names_of(lines), now=NOW)
    return found, [finding.code for finding in faults]


@pytest.mark.parametrize("standing", [Standing.PROTECTED, Standing.TWICE, Standing.NOTHING_SOUND, Standing.UNKNOWN])
def test_what_is_protected_stale_or_not_known_is_no_finding_here(standing):
    assert told([line(1, standing)]) == []


def test_each_dataset_that_lost_its_protection_is_told():
    lines = [line(1, Standing.NO_LONGER), line(2, Standing.NO_LONGER)]
    assert [dataset for dataset, _, _ in told(lines)] == [lines[0].dataset, lines[1].dataset]
    (first, _) = find_unprotected(lines, ())
    assert first.severity is Severity.WARNING
    assert first.message == f"Dataset 1 ({lines[0].dataset}) in prod is in no enabled flow. No flow exports it."
    assert first.evidence["experience_platform"] == "prod"


def test_a_hundred_that_never_were_protected_are_one_finding_for_each_sandbox():
    lines = [line(number, Standing.NEVER) for number in range(100)] + [line(7, Standing.NEVER, "dev")]
    prod, dev = find_unprotected(lines, ())
    assert prod.message == "100 datasets of prod can be exported, and no flow exports them."
    assert prod.evidence["count"] == 100
    assert len(prod.evidence["datasets"]) == 50
    assert prod.evidence["left_out"] == 50
    assert dev.message == "1 dataset of dev can be exported, and no flow exports it."
    assert (prod.key, dev.key) == ("Experience Platform prod", "Experience Platform dev")


def test_a_waiver_for_all_waives_the_one_finding_and_marks_every_line():
    lines = [line(1, Standing.NEVER), line(2, Standing.NO_LONGER), line(3, Standing.PROTECTED)]
    waivers = [Waiver(HELD, code="dataset-unprotected")]
    assert [waived for _, _, waived in told(lines, waivers)] == [HELD, HELD]
    assert [one.waived for one in mark_waived(lines, waivers, now=NOW)] == [HELD, HELD, None]


@pytest.mark.parametrize("pattern", [f"{1:024x}", "Dataset 1", "Data*1"])
def test_a_waiver_for_one_dataset_takes_it_out_of_the_lump_and_is_used(pattern):
    lines = [line(1, Standing.NEVER), line(2, Standing.NEVER)]
    found, faults = judged(lines, [Waiver(HELD, code="dataset-unprotected", dataset=pattern)])
    assert [(f.dataset, f.waived) for f in found] == [(lines[0].dataset, HELD), ("", None)]
    assert found[1].evidence["count"] == 1
    assert faults == []
    marked = mark_waived(lines, [Waiver(HELD, dataset=pattern)], now=NOW)
    assert [one.waived for one in marked] == [HELD, None]


def test_a_waiver_that_is_over_is_told_as_over_and_marks_nothing():
    lines = [line(1, Standing.NEVER), line(2, Standing.NEVER)]
    waivers = [Waiver(OVER, code="dataset-unprotected", dataset="Dataset 1")]
    found, faults = judged(lines, waivers)
    assert [f.waived for f in found] == [None, None]
    assert faults == ["waiver-expired"]
    assert [one.waived for one in mark_waived(lines, waivers, now=NOW)] == [None, None]


def test_a_waiver_for_a_dataset_that_is_protected_by_now_fits_nothing():
    lines = [line(1, Standing.PROTECTED)]
    assert judged(lines, [Waiver(HELD, code="dataset-unprotected", dataset="Dataset 1")])[1] == ["waiver-unused"]


def test_what_is_not_known_can_be_put_up_with_too():
    (marked,) = mark_waived([line(1, Standing.UNKNOWN)], [Waiver(HELD, dataset="Dataset 1")], now=NOW)
    assert marked.waived == HELD


def test_a_waiver_that_a_line_has_already_stays():
    own = Waived("known", "ana", NOW)
    (marked,) = mark_waived([replace(line(1, Standing.NOTHING_SOUND), waived=own)], [], now=NOW)
    assert marked.waived == own
