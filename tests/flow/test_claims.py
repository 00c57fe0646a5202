"""Which run record speaks of which due time, and who made a folder that none asked for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.flow.claims import Landed, as_of, hold, unknown_claims
from auditor.flow_model import DatasetCounts, RunRecord
from auditor.model import Claim, Counts, RunState
from tests.reconcile.worlds import DATASET, at, run

OTHER = "6504a2f1abf9b128d3f90e5d"
RUNS = [run("00:00"), run("03:00"), run("06:00"), run("09:00")]


def record(name: str, began: str, ended: str | None = None, **changes: object) -> RunRecord:
    told = RunRecord(
        id=name,
        flow_id="f",
        state=RunState.SUCCEEDED if ended else RunState.IN_PROGRESS,
        word="",
        created=at(began),
        started=at(began),
        ended=at(ended) if ended else None,
        written=Counts(10, 2, 100),
    )
    return replace(told, **changes)  # type: ignore[arg-type]


def landed(name: str, export_time: str, due: str | None = None, *runs: str) -> Landed:
    return Landed(f"{name}/", at(export_time), at(due) if due else None, frozenset(runs))


def held(records, *folders, datasets=(DATASET,), runs=RUNS):
    return hold(records, runs, DATASET, datasets_of_flow=datasets, landed=folders)


def claimed(records, *folders, **given):
    """Due time to the runs that are claimed of it."""
    claims = held(records, *folders, **given).claims
    return {f"{due:%H:%M}": claim.runs for due, claim in claims.items() if claim.runs}


@pytest.mark.parametrize(
    "began, due",
    [
        ("02:50", "03:00"),  # as early as an export may be
        ("03:00", "03:00"),
        ("04:03", "03:00"),  # Adobe's samples start an hour late
        ("05:49", "03:00"),
        ("15:00", "09:00"),
    ],
)
def test_a_run_belongs_to_the_latest_due_time_before_it(began, due):
    assert claimed([record("a", "00:00", "00:10"), record("r", began, "15:30")])[due][-1:] == ("r",)


def test_after_its_deadline_a_run_belongs_to_none():
    assert claimed([record("a", "00:00", "00:10"), record("r", "15:01", "15:30")]) == {"00:00": ("a",)}


def test_a_run_that_began_after_its_deadline_made_the_folder_that_no_other_run_did():
    records = [record("a", "00:00", "00:10"), record("r", "15:01", "15:30")]
    assert claimed(records, landed("own", "09:00", "09:00"))["09:00"] == ("r",)
    timely = record("b", "09:01", "09:20")
    assert claimed([*records, timely], landed("own", "09:00", "09:00"))["09:00"] == ("b",)


def test_several_runs_for_one_due_time_are_one_claim_with_the_worst_state():
    first = record("a", "03:00", "03:10", state=RunState.FAILED, errors=("E1 broken",))
    claim = held([first, record("b", "03:20", "03:40")]).claims[at("03:00")]
    assert claim == Claim(
        RunState.FAILED,
        ("a", "b"),
        written=Counts(20, 4, 200),
        started=at("03:00"),
        ended=at("03:40"),
        errors=("E1 broken",),
    )


def test_one_open_run_leaves_the_claim_open():
    claim = held([record("a", "03:00", "03:10"), record("b", "03:20")]).claims[at("03:00")]
    assert (claim.state, claim.ended) == (RunState.IN_PROGRESS, None)


def test_a_sum_with_an_unknown_part_is_unknown():
    silent = record("b", "03:20", "03:40", written=Counts(None, 1, None))
    claim = held([record("a", "03:00", "03:10"), silent]).claims[at("03:00")]
    assert claim.written == Counts(None, 3, None)


def test_a_due_time_without_a_run_is_told_so_but_not_where_the_records_do_not_reach():
    told = held([record("a", "4T00:02", "4T00:10")], runs=[run("3T06:00"), run("4T00:00"), run("4T06:00")]).claims
    assert {f"{due:%dT%H}": claim.state.value for due, claim in told.items()} == {
        "04T00": "succeeded",
        "04T06": "none",
    }


def test_no_record_at_all_claims_nothing():
    assert held([]).claims == {}


def test_a_run_of_another_dataset_says_nothing_of_this_one():
    other = record("b", "03:00", "03:10", datasets={OTHER: DatasetCounts()})
    told = held([record("a", "00:00", "00:10"), other], datasets=(DATASET, OTHER))
    assert told.claims[at("03:00")].state is RunState.NONE


def test_of_several_datasets_only_its_own_line_counts():
    both = record("a", "03:00", "03:10", datasets={DATASET: DatasetCounts(written=Counts(4)), OTHER: DatasetCounts()})
    assert held([both], datasets=(DATASET, OTHER)).claims[at("03:00")].written == Counts(4)
    untold = replace(both, datasets={})
    assert held([untold], datasets=(DATASET, OTHER)).claims[at("03:00")].written == Counts()


def test_a_manifest_says_whose_run_it_is_whenever_that_began():
    late = record("late", "23:00", "23:20")
    told = claimed([record("a", "00:00", "00:10"), late], landed("own", "03:00", "03:00", "late"))
    assert told == {"00:00": ("a",), "03:00": ("late",)}


def test_a_run_on_demand_that_left_a_folder_of_its_own_is_no_part_of_the_claim():
    scheduled, demanded = record("s", "03:01", "03:20"), record("d", "04:17", "04:30")
    told = held([scheduled, demanded], landed("own", "03:00", "03:00"), landed("extra", "04:17"))
    assert told.claims[at("03:00")].runs == ("s",)
    assert told.makers == {"extra/": (demanded,)}


def test_a_run_that_began_before_the_folder_beside_it_did_not_make_that():
    late_start = record("s", "03:40", "04:20")
    told = held([late_start, record("d", "04:17", "04:30")], landed("own", "03:00", "03:00"), landed("extra", "04:17"))
    assert told.claims[at("03:00")].runs == ("s",)


def test_a_folder_stamped_shortly_before_the_due_time_keeps_its_own_run():
    before, scheduled = record("d", "02:56", "03:10"), record("s", "03:01", "03:20")
    told = held([before, scheduled], landed("extra", "02:55"), landed("own", "03:00", "03:00"))
    assert told.claims[at("03:00")].runs == ("s",)
    assert told.makers == {"extra/": (before,)}


def test_a_failed_retry_is_not_hidden_behind_the_folder_of_another_run():
    records = [record("s", "03:01", "03:20"), record("d", "04:17", "04:30"), record("f", "05:10", "05:20")]
    records[2] = replace(records[2], state=RunState.FAILED)
    told = held(records, landed("own", "03:00", "03:00"), landed("extra", "04:17"))
    assert told.claims[at("03:00")].state is RunState.FAILED
    assert [one.id for one in told.makers["extra/"]] == ["d"]


def test_a_manifest_that_lies_in_two_folders_says_nothing_of_its_run():
    records = [record("a", "00:01", "00:10"), record("b", "03:01", "03:20")]
    folders = [landed("first", "00:00", "00:00", "a"), landed("second", "03:00", "03:00", "a")]
    assert claimed(records, *folders) == {"00:00": ("a",), "03:00": ("b",)}


def test_one_run_alone_stays_with_its_due_time_whatever_lies_beside():
    told = held([record("s", "03:04", "03:20")], landed("own", "03:00", "03:00"), landed("extra", "03:03"))
    assert told.claims[at("03:00")].runs == ("s",)
    assert told.makers == {}


def test_a_folder_that_fits_no_due_time_has_its_maker_by_time():
    told = held([record("a", "00:00", "00:10"), record("d", "15:30", "15:40")], landed("extra", "15:30"))
    assert [one.id for one in told.makers["extra/"]] == ["d"]
    far = held([record("a", "00:00", "00:10"), record("d", "20:00", "20:10")], landed("extra", "15:30"))
    assert far.makers == {}


def test_at_an_earlier_moment_a_run_was_open_or_not_there():
    told = record("a", "03:00", "03:10", datasets={DATASET: DatasetCounts()}, errors=("E",))
    assert as_of(told, at("02:59")) is None
    assert as_of(told, at("03:10")) == told
    then = as_of(told, at("03:05"))
    assert then is not None
    assert (then.state, then.ended, then.written, then.errors) == (RunState.IN_PROGRESS, None, Counts(), ())


def test_what_could_not_be_read_claims_and_denies_nothing():
    assert unknown_claims(RUNS[:1], "no answer") == {at("00:00"): Claim(RunState.UNKNOWN, reason="no answer")}


def test_ten_thousand_runs_are_held_in_a_moment():
    records = (record(f"r{n}", "00:00", "00:01", started=at("00:00") + timedelta(seconds=n)) for n in range(10_000))
    assert len(held(records, runs=RUNS[:1]).claims[at("00:00")].runs) == 10_000
