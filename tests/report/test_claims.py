"""What Adobe says, held against what was found: counted once each, in words that add up."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model import Arrival, Claim, Content, Counts, Finding, RunState, Severity
from auditor.report.claims import (
    Agree,
    Said,
    judge_agreement,
    judge_said,
    list_differing,
    records_of,
    render_counts,
    render_tally,
    tally,
    tally_datasets,
    tally_flows,
)
from tests.report.example import CLAIMED, EVENTS, EXAMPLE, NOW, run
from tests.report.strategies import QUICK, verdicts

SOUND = run("web-3h", EVENTS, NOW, Arrival.ON_TIME, Content.SOUND)  # 812 records, 3 files
GONE = run("web-3h", EVENTS, NOW, Arrival.MISSING, Content.UNCHECKED)


def claimed(about, state=RunState.SUCCEEDED, *codes: str, **counts):
    found = tuple(Finding(code, Severity.WARNING, "") for code in codes)
    return replace(about, claim=Claim(state, ("r",), written=Counts(**counts)), findings=found)


@pytest.mark.parametrize(
    "about, said, agree, records",
    [
        (claimed(SOUND, records=812), Said.SUCCEEDED, Agree.AGREE, (812, 812)),
        (claimed(SOUND, files=3), Said.SUCCEEDED, Agree.AGREE, None),
        (claimed(SOUND), Said.SUCCEEDED, Agree.NOT_GIVEN, None),
        (claimed(replace(SOUND, records=None), records=812), Said.SUCCEEDED, Agree.NOT_GIVEN, None),
        (
            claimed(SOUND, RunState.SUCCEEDED, "record-count-mismatch", records=9),
            Said.SUCCEEDED,
            Agree.DIFFER,
            (9, 812),
        ),
        (claimed(SOUND, RunState.FAILED, "run-failed"), Said.FAILED, Agree.NOT_GIVEN, None),
        (claimed(SOUND, RunState.PARTIAL, "run-failed", records=812), Said.PARTIAL, Agree.AGREE, (812, 812)),
        (claimed(GONE, RunState.SUCCEEDED, "run-without-export", records=7), Said.SUCCEEDED, Agree.DIFFER, (7, 0)),
        (claimed(GONE, RunState.FAILED, "run-failed"), Said.FAILED, None, None),
        (claimed(replace(GONE, arrival=Arrival.NOT_NEEDED), records=0), Said.EMPTY, None, None),
        (claimed(SOUND, RunState.IN_PROGRESS), Said.IN_PROGRESS, Agree.NOT_GIVEN, None),
        (replace(SOUND, claim=Claim(RunState.NONE)), Said.NONE, None, None),
        (replace(SOUND, claim=Claim(RunState.UNKNOWN)), Said.UNKNOWN, None, None),
    ],
)
def test_a_run_is_counted_as_what_its_record_and_storage_say(about, said, agree, records):
    assert (judge_said(about), judge_agreement(about), records_of(about)) == (said, agree, records)


def test_a_flow_is_told_in_one_line():
    runs = [claimed(SOUND, records=812)] * 50 + [claimed(SOUND)] * 3
    runs += [claimed(SOUND, RunState.SUCCEEDED, "record-count-mismatch", records=9)]
    runs += [claimed(GONE, RunState.FAILED)] * 2 + [claimed(replace(GONE, arrival=Arrival.NOT_NEEDED), records=0)]
    told = "54 runs succeeded, 1 empty, 2 failed; counts agree for 50, differ for 1, not given for 3"
    assert render_tally(tally(runs)) == told
    assert render_tally(tally([claimed(GONE, RunState.FAILED)])) == "1 run failed"


@pytest.mark.parametrize("arrival", [Arrival.PENDING, Arrival.ARRIVING, Arrival.EXPIRED])
def test_what_is_not_judged_is_not_counted(arrival):
    assert tally([replace(GONE, arrival=arrival, claim=Claim(RunState.NONE))]).runs == 0


def test_flows_that_are_not_cross_checked_are_not_told():
    assert tally_flows(EXAMPLE) == {}
    assert [*tally_flows(CLAIMED)] == ["web-3h"]
    assert len(tally_datasets(CLAIMED)) == 2


def test_those_that_differ_come_newest_first():
    old, new = (
        claimed(replace(SOUND, due=NOW - timedelta(days=d)), RunState.SUCCEEDED, "file-count-mismatch") for d in (2, 1)
    )
    assert list_differing(replace(EXAMPLE, runs=(old, SOUND, new))) == [new, old]


@pytest.mark.parametrize(
    "counts, told",
    [
        (Counts(1_204_331, 1, 7), "1,204,331 records, 1 file, 7 bytes"),
        (Counts(files=0), "0 files"),
        (Counts(), "no numbers"),
    ],
)
def test_counts_are_said_as_far_as_they_are_known(counts, told):
    assert render_counts(counts) == told


@QUICK
@given(st.lists(verdicts, max_size=8))
def test_every_judged_run_with_a_claim_is_counted_once(runs):
    told = tally(runs)
    judged = [one for one in runs if one.claim and one.arrival not in ("pending", "arriving", "expired")]
    assert told.runs == len(judged)
    assert sum(told.agree.values()) <= len(judged)
