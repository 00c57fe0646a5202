"""A run's verdict with what Experience Platform claims of it: the table, carried out on runs and folders."""

from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.flow_model import RunRecord
from auditor.model import (
    ArrivalClock,
    Claim,
    Counts,
    CountTolerance,
    DestinationFacts,
    EmptyRuns,
    RunState,
    Severity,
)
from auditor.reconcile.dataset import blind_chain, judge_chain
from tests.reconcile.worlds import FLOW, at, chain, folder, manifest_of, run, sight, with_files

RUN = run("09:00")
WROTE = Counts(10, 1, 100)  # what the sound folder of these tests holds
HELD = replace(FLOW, experience_platform="prod", flow_id="4f2c")


def claim(state: RunState, **changes: object) -> Claim:
    told = Claim(state, ("r1",), started=at("09:01"), ended=at("09:20"))
    return replace(told, **changes)  # type: ignore[arg-type]


def judged(told: Claim | None, *sights, now: str = "23:00", flow=HELD, **changes: object):
    """The verdict of the one run, with `told` claimed of it."""
    given = {"flow": flow, "claims": {RUN.key.due: told} if told else {}, "runs_were_read": True, "max_age": None}
    answer = judge_chain(chain([RUN], list(sights), now, **{**given, **changes}), now=at(now))
    return answer.verdicts[0]


def answer_of(verdict) -> tuple[str, str, list[str]]:
    return str(verdict.arrival), str(verdict.content), [finding.code for finding in verdict.findings]


WHOLE = sight(with_files("09:00", "09:20"))
SUCCEEDED, FAILED, PARTIAL = RunState.SUCCEEDED, RunState.FAILED, RunState.PARTIAL
OPEN, NONE, UNKNOWN = RunState.IN_PROGRESS, RunState.NONE, RunState.UNKNOWN

ABSENT = [
    ("read nothing", claim(SUCCEEDED, read=Counts(0)), "not_needed", []),
    ("wrote nothing, and does not say what it read", claim(SUCCEEDED, written=Counts(0)), "unknown", []),
    ("wrote data", claim(SUCCEEDED, written=WROTE), "missing", ["run-without-export"]),
    ("says no number", claim(SUCCEEDED), "unknown", []),
    ("failed", claim(FAILED), "missing", ["run-failed"]),
    ("a part", claim(PARTIAL, written=Counts(3)), "missing", ["run-failed", "run-without-export"]),
    ("open", claim(OPEN, ended=None), "missing", ["export-missing", "run-stuck"]),
    ("no run", Claim(NONE), "missing", ["export-missing"]),
    ("not read", Claim(UNKNOWN, reason="no answer"), "unknown", []),
    ("not cross-checked", None, "missing", ["export-missing"]),
]


@pytest.mark.parametrize("told, said, arrival, codes", ABSENT, ids=[case[0] for case in ABSENT])
def test_no_folder(told, said, arrival, codes):
    verdict = judged(said)
    assert answer_of(verdict) == (arrival, "unchecked", codes)
    assert verdict.claim == said
    assert bool(verdict.unverifiable) == (arrival == "unknown")


@pytest.mark.parametrize("told, said, arrival, codes", ABSENT, ids=[case[0] for case in ABSENT])
def test_before_its_grace_is_over_nothing_is_missing_whatever_is_claimed(told, said, arrival, codes):
    assert answer_of(judged(said, now="11:30")) == ("pending", "unchecked", [])


PRESENT = [
    ("agrees", claim(SUCCEEDED, written=WROTE), "sound", []),
    ("says nothing", claim(SUCCEEDED), "sound", []),
    ("more records", claim(SUCCEEDED, written=Counts(11)), "sound", ["record-count-mismatch"]),
    ("more files", claim(SUCCEEDED, written=Counts(10, 2)), "sound", ["file-count-mismatch"]),
    ("other bytes", claim(SUCCEEDED, written=Counts(10, 1, 99)), "sound", ["byte-count-mismatch"]),
    ("failed, and agrees", claim(FAILED, written=WROTE), "sound", ["run-failed"]),
    ("failed, and differs", claim(FAILED, written=Counts(8)), "incomplete", ["run-failed", "record-count-mismatch"]),
    ("failed without a number", claim(FAILED), "unverifiable", ["run-failed"]),
    ("a part without a number", claim(PARTIAL), "unverifiable", ["run-failed"]),
    ("open", claim(OPEN, ended=None), "sound", ["run-stuck"]),
    ("no run", Claim(NONE), "sound", ["export-without-run"]),
    ("not read", Claim(UNKNOWN, reason="no answer"), "sound", []),
]


@pytest.mark.parametrize("told, said, content, codes", PRESENT, ids=[case[0] for case in PRESENT])
def test_a_whole_folder(told, said, content, codes):
    assert answer_of(judged(said, WHOLE)) == ("on_time", content, codes)


def test_a_folder_without_files_is_no_export_of_a_run_that_wrote():
    empty = sight(folder("09:00"))
    wrote = judged(claim(SUCCEEDED, written=WROTE), empty)
    assert [finding.code for finding in wrote.findings] == ["folder-empty", "run-without-export"]
    assert str(wrote.content) == "unverifiable"
    nothing = judged(claim(SUCCEEDED, read=Counts(0), written=Counts(0)), empty)
    assert [finding.code for finding in nothing.findings] == ["folder-empty"]


def test_an_open_run_may_still_write_until_its_deadline():
    told = claim(OPEN, ended=None)
    assert answer_of(judged(told, WHOLE, now="14:59")) == ("arriving", "unchecked", [])
    assert answer_of(judged(told, WHOLE, now="15:01")) == ("on_time", "sound", ["run-stuck"])


def test_its_record_may_come_after_its_files():
    assert answer_of(judged(Claim(NONE), WHOLE, now="14:59")) == ("on_time", "sound", [])


def test_where_every_run_leaves_a_folder_none_is_missing_whatever_the_record_leaves_open():
    flow = replace(HELD, empty_runs=EmptyRuns.FOLDER)
    for told in (claim(SUCCEEDED), Claim(UNKNOWN, reason="no answer")):
        assert answer_of(judged(told, flow=flow)) == ("missing", "unchecked", ["export-missing"])


def test_where_empty_runs_leave_none_the_record_explains_it():
    flow = replace(HELD, empty_runs=EmptyRuns.NO_FOLDER)
    assert answer_of(judged(claim(FAILED), flow=flow)) == ("missing", "unchecked", ["run-failed"])
    assert answer_of(judged(claim(SUCCEEDED, read=Counts(0)), flow=flow))[0] == "not_needed"
    assert answer_of(judged(Claim(NONE), flow=flow))[0] == "missing"


def test_what_the_destination_removes_is_not_missing_because_of_a_record():
    place = DestinationFacts("lake", "backups", retain=timedelta(hours=10))
    for told in (claim(SUCCEEDED, written=WROTE), claim(FAILED), Claim(NONE)):
        assert answer_of(judged(told, place=place)) == ("unknown", "unchecked", [])
    assert answer_of(judged(claim(SUCCEEDED, read=Counts(0)), place=place))[0] == "not_needed"


def test_a_difference_within_the_tolerance_is_none_and_its_severity_can_be_set():
    told = claim(SUCCEEDED, written=Counts(11))
    loose = replace(HELD, count_mismatch=CountTolerance(0.1))
    assert answer_of(judged(told, WHOLE, flow=loose))[2] == []
    mild = replace(HELD, count_mismatch=CountTolerance(0.0, Severity.INFO))
    (finding,) = judged(told, WHOLE, flow=mild).findings
    assert (finding.severity, finding.evidence["claimed"], finding.evidence["found"]) == (Severity.INFO, 11, 10)
    grave = replace(mild, severities={"record-count-mismatch": Severity.ERROR})
    assert judged(told, WHOLE, flow=grave).findings[0].severity is Severity.ERROR


def test_after_a_failed_run_it_is_said_that_nothing_is_proven_to_fill_the_hole():
    (finding,) = judged(claim(FAILED, errors=("E1 quota",))).findings
    assert "No later export is proven to fill the hole" in finding.message
    assert finding.evidence["hole"] == "not proven to be filled later"
    assert finding.evidence["errors"] == ["E1 quota"]


@pytest.mark.parametrize("count, told", [(0, "no new batch came"), (1, "1 new batch came"), (7, "7 new batches came")])
def test_new_batches_are_evidence_and_decide_nothing(count, told):
    verdict = judged(Claim(NONE, new_batches=count))
    assert answer_of(verdict) == ("missing", "unchecked", ["export-missing"])
    assert told in verdict.findings[0].message
    assert verdict.findings[0].evidence["new_batches"] == count
    unknown = judged(claim(SUCCEEDED, new_batches=count))
    assert unknown.arrival == "unknown"
    assert told in unknown.unverifiable[0].reason


def test_the_end_of_the_run_is_the_arrival_where_that_is_asked_for():
    flow = replace(HELD, arrival=ArrivalClock.RUN)
    copied = with_files("09:00", "22:00")
    verdict = judged(claim(SUCCEEDED, written=WROTE), sight(copied, run_ended=at("09:20")), flow=flow)
    assert (verdict.arrival, verdict.arrived_at) == ("on_time", at("09:20"))
    late = judged(claim(SUCCEEDED, ended=at("13:00")), sight(copied, run_ended=at("13:00")), flow=flow)
    assert answer_of(late) == ("late", "sound", ["export-late"])
    assert late.findings[0].evidence["arrival_by"] == "the end of the run"


def test_without_a_record_of_its_end_the_usual_clock_holds_and_that_is_told():
    flow = replace(HELD, arrival=ArrivalClock.RUN)
    verdict = judged(Claim(UNKNOWN, reason="no answer"), sight(with_files("09:00", "13:00")), flow=flow)
    assert (verdict.arrival, verdict.arrived_at) == ("late", at("13:00"))
    assert verdict.findings[0].evidence["arrival_by"] == "modification: no run record tells an end"


def test_a_folder_that_its_run_accounts_for_is_judged_before_it_has_settled():
    fresh = with_files("09:00", "09:20")
    told = claim(SUCCEEDED, written=WROTE)
    assert answer_of(judged(told, sight(fresh), now="09:25"))[0] == "arriving"
    assert answer_of(judged(told, sight(fresh, is_accounted_for=True), now="09:25")) == ("on_time", "sound", [])


def test_a_place_that_cannot_be_looked_at_is_unknown_and_a_failed_run_is_told_all_the_same():
    blind = chain([RUN], [], "23:00", flow=HELD, claims={RUN.key.due: claim(FAILED)})
    (verdict,) = blind_chain(blind, reason="no listing", now=at("23:00")).verdicts
    assert answer_of(verdict) == ("unknown", "unverifiable", ["run-failed"])
    for told in (claim(SUCCEEDED, read=Counts(0)), Claim(NONE), claim(SUCCEEDED, written=WROTE)):
        blind = replace(blind, claims={RUN.key.due: told})
        (verdict,) = blind_chain(blind, reason="no listing", now=at("23:00")).verdicts
        assert answer_of(verdict) == ("unknown", "unverifiable", [])


DEMANDED = RunRecord("d1", "4f2c", SUCCEEDED, "success", created=at("10:30"), started=at("10:30"), ended=at("10:40"))
EXTRA = sight(with_files("10:30", "10:40"))
BESIDE = [
    ("on demand", (DEMANDED,), claim(SUCCEEDED, written=WROTE), "Run d1 made it, which fits no due time"),
    ("after a failure", (DEMANDED,), claim(FAILED, written=WROTE), "after the scheduled run had failed"),
    ("a retry", (), claim(FAILED, runs=("r1", "r2"), written=WROTE), "A second delivery: 2 runs began"),
    ("no run", (), claim(SUCCEEDED, written=WROTE), "knows no run of this flow that made it"),
]


@pytest.mark.parametrize("told, made, beside, said", BESIDE, ids=[case[0] for case in BESIDE])
def test_a_folder_that_nobody_asked_for_is_told_by_its_run(told, made, beside, said):
    makers = {EXTRA.folder.prefix: made} if made else {}
    given = {"flow": HELD, "claims": {RUN.key.due: beside}, "makers": makers, "runs_were_read": True, "max_age": None}
    answer = judge_chain(chain([RUN], [WHOLE, EXTRA], "23:00", **given), now=at("23:00"))
    (finding,) = [one for one in answer.verdicts[-1].findings if one.code == "export-duplicate"]
    assert said in finding.message


def test_of_records_that_could_not_be_read_nothing_is_said():
    given = {"flow": HELD, "claims": {RUN.key.due: Claim(UNKNOWN, reason="no answer")}, "max_age": None}
    answer = judge_chain(chain([RUN], [WHOLE, EXTRA], "23:00", **given), now=at("23:00"))
    assert "Experience Platform" not in answer.verdicts[-1].findings[0].message


def test_a_manifest_without_files_is_a_run_without_data():
    empty = folder("09:00")
    told = manifest_of(empty)
    listed = sight(replace(empty, manifests=(told.file,)), manifests=(told,))
    verdict = judged(claim(SUCCEEDED, written=Counts(0, 0, 0)), listed)
    assert (verdict.arrival, [finding.code for finding in verdict.findings]) == ("on_time", [])
