"""What Experience Platform claims against what lies there: each kind of claim gives just what it says, in an audit."""

import json
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from auditor.model import AuditResult
from auditor.report import render_json
from auditor.worlds import (
    NotHere,
    World,
    compare_findings,
    describe_doubts,
    describe_expected,
    faults,
    list_verdicts,
    render_difference,
)
from auditor.worlds.schedule import patience
from tests.worlds.crossed import audit_crossed, serving
from tests.worlds.small import CLICK_RUN, DAILY, DAILY_RUN, NOW, WEB, WEB_RUN, at, small_world
from tests.worlds.test_audited import first_that_works
from tests.worlds.test_composition import ON_A_RUN

SMALL = (replace(WEB, start=at(3), rows=(2, 4), backfill=(2, 3)), replace(DAILY, rows=(2, 4), backfill=(2, 3)))

# told, fault, its codes with the records read, its codes without, verdict with the records
CLAIMS = [
    ("a failed run", faults.fail_run, ["run-failed"], ["export-missing"], ("missing", "unchecked")),
    ("files of a failed run", faults.fail_after_files, ["run-failed"], [], ("on_time", "unverifiable")),
    ("a run in part", faults.fail_in_part, ["run-failed"], [], ("on_time", "sound")),
    ("a lost export", faults.lose_export, ["run-without-export"], ["export-missing"], ("missing", "unchecked")),
    ("nothing to export", faults.empty_run, [], ["export-missing"], ("not_needed", "unchecked")),
    ("a run without a word", faults.silence_run, [], ["export-missing"], ("unknown", "unchecked")),
    ("an open run", faults.stick_run, ["export-missing", "run-stuck"], ["export-missing"], ("missing", "unchecked")),
    ("files of an open run", faults.stick_after_files, ["run-stuck"], [], ("on_time", "sound")),
    ("no record", faults.forget_run, ["export-without-run"], [], ("on_time", "sound")),
    ("too many records", faults.miscount_records, ["record-count-mismatch"], [], ("on_time", "sound")),
    ("a good run without a word", faults.silence_good_run, [], [], ("on_time", "sound")),
    ("two records of one run", faults.halve_run, [], [], ("on_time", "sound")),
    ("an hour late to start", faults.start_late, [], [], ("on_time", "sound")),
]


def check(world: World, result: AuditResult) -> None:
    report = json.loads(render_json(result))
    difference = compare_findings(describe_expected(world, cross_checked=True), report["findings"])
    assert difference.equal, render_difference(difference)
    told = [{name: item[name] for name in ("flow", "dataset", "destination", "due")} for item in report["unverifiable"]]
    assert sorted(map(str, told)) == sorted(map(str, describe_doubts(world, cross_checked=True)))
    special = list_verdicts(world, cross_checked=True)
    for verdict in result.runs:
        if verdict.due is None or world.now <= verdict.due + patience(world.flow(verdict.flow), verdict.due).grace:
            continue
        run = (verdict.flow, verdict.dataset, verdict.due)
        if run in special:
            assert (str(verdict.arrival), str(verdict.content)) == special[run], run


@pytest.mark.parametrize("run", [WEB_RUN, CLICK_RUN, DAILY_RUN], ids=["first dataset", "second dataset", "alone"])
@pytest.mark.parametrize("told, fault, with_records, without, verdict", CLAIMS, ids=[case[0] for case in CLAIMS])
def test_what_a_claim_must_cause(told, fault, with_records, without, verdict, run):
    world = fault(small_world(*SMALL), run)
    about = [item for item in describe_expected(world, cross_checked=True) if item["due"]]
    assert sorted(item["code"] for item in about) == with_records
    assert {(item["flow"], item["dataset"]) for item in about} <= {run[:2]}
    assert sorted(item["code"] for item in describe_expected(world)) == without
    assert list_verdicts(world, cross_checked=True).get(run, verdict) == verdict


def test_what_a_count_of_files_must_cause():
    world = faults.miscount_files(small_world(*SMALL), DAILY_RUN)
    assert [item["code"] for item in describe_expected(world, cross_checked=True)] == ["file-count-mismatch"]
    assert describe_expected(world) == []
    with pytest.raises(NotHere, match="not counted for each"):
        faults.miscount_files(small_world(*SMALL), WEB_RUN)


@pytest.mark.parametrize("entities", ["", "dataset:", None], ids=["plain ids", "ids behind a prefix", "one number"])
def test_every_kind_of_claim_is_found_and_nothing_else(tmp_path, entities):
    """Each kind once in each flow, all in one world, each on a run of its own."""
    web, daily = (replace(flow, entities=entities) for flow in SMALL)
    web = replace(web, datasets=web.datasets[:1]) if entities is None else web
    world = small_world(web, replace(daily, start=daily.start - timedelta(days=22)))
    cases = [*CLAIMS, ("files", faults.miscount_files, ["file-count-mismatch"])]
    expected: Counter[str] = Counter()
    for flow in world.flows:
        runs = iter([run for run in world.runs() if run.flow == flow.name and run.due > flow.start + timedelta(days=1)])
        for case in cases:
            if case[1] is faults.miscount_files and len(flow.datasets) > 1:
                continue
            world = case[1](world, next(runs))
            expected.update(case[2])
    with serving(world) as (platform, _):
        result = audit_crossed(world, tmp_path, platform)
    check(world, result)
    assert Counter(finding.code for finding in result.findings) == expected


@pytest.mark.parametrize("seed", range(4))
def test_random_sets_of_faults_and_claims_are_found(tmp_path, seed):
    random = Random(seed)
    kinds = [*ON_A_RUN, *(case[1] for case in CLAIMS), faults.miscount_files]
    for _ in range(20):
        world = small_world(*SMALL, seed=str(seed))
        runs = list(world.runs())
        for _ in range(30):
            with suppress(NotHere):
                world = random.choice(kinds)(world, random.choice(runs))
        with suppress(NotHere):
            describe_expected(world, cross_checked=True)
            break
    assert world.claims
    with serving(world) as (platform, _):
        check(world, audit_crossed(world, tmp_path, platform))


def test_every_fault_of_storage_is_told_beside_true_records(tmp_path):
    daily = replace(DAILY, start=NOW - timedelta(days=29, hours=10, minutes=20))
    world = small_world(*(replace(flow, rows=(2, 3)) for flow in (replace(WEB, start=at(2)), daily)))
    for flow in world.flows:
        runs = [run for run in world.runs() if run.flow == flow.name and run.due > flow.start]
        for fault in ON_A_RUN:
            world = first_that_works(world, fault, runs)
    with serving(world) as (platform, _):
        check(world, audit_crossed(world, tmp_path, platform))
