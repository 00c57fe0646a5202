"""Worlds and the auditor meet: what was laid out is found, nothing else. They share no rule, only this test."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from adapters.experience_platform import ExperiencePlatform
from adapters.experience_platform.reading import list_runs
from auditor.cli import app
from auditor.cli.demo import audit_demo, compare_demo
from auditor.ledger import Ledger
from auditor.model import AuditResult
from auditor.report import render_json
from auditor.service import AuditOptions, run_audit
from auditor.settings import load_config
from auditor.worlds import (
    CROSS_CHECKED,
    NotHere,
    World,
    compare_findings,
    describe_doubts,
    describe_expected,
    faults,
    lay_out,
    lay_out_demo,
    make_demo,
    render_config,
    render_difference,
    serve_demo,
)
from tests.worlds.small import DAILY, NOW, UNKNOWN, WEB, at, small_world
from tests.worlds.test_composition import ON_A_RUN, spoil
from tests.worlds.test_faults import FAULTS


def audit(world: World, directory: Path) -> dict[str, object]:
    """The JSON report of an audit of `world`, laid out in `directory`."""
    lay_out(world, directory / "exports")
    (directory / "auditor.yaml").write_text(render_config(world), encoding="utf-8")
    with Ledger.in_memory() as ledger:
        options = AuditOptions(now=world.now, is_past=True, workers=1)
        return json.loads(render_json(run_audit(load_config(directory / "auditor.yaml"), ledger, options)))


def check(world: World, directory: Path) -> None:
    report = audit(world, directory)
    difference = compare_findings(describe_expected(world), report["findings"])
    assert difference.equal, render_difference(difference)
    told = [{name: item[name] for name in ("flow", "dataset", "destination", "due")} for item in report["unverifiable"]]
    assert sorted(map(str, told)) == sorted(map(str, describe_doubts(world)))


def test_the_demo_command_finds_exactly_what_it_laid_out(tmp_path):
    answer = CliRunner().invoke(app, ["demo", str(tmp_path / "demo")])
    assert answer.exit_code == 0, answer.output
    assert "none missed, none invented" in answer.stdout
    assert "export-auditor explain run-without-export" in answer.stdout
    claims = answer.stdout.partition("What Experience Platform claims")[2].partition("What to look at")[0]
    for told in (  # claimed, found, what follows
        ("succeeded; written: 30 records", "no folder", "missing; run-without-export"),
        ("failed; read: 0 records; ACTIVATION_BATCH-0000-FAILED Job aborted.", "no folder", "missing; run-failed"),
        ("empty; read: 0 records", "no folder", "not needed; no finding"),
        ("succeeded; written: 79 records", "3 files, 39 records, sound", "on time; record-count-mismatch"),
        ("no run at all", "2 files, 37 records, sound", "on time; export-without-run"),
    ):
        assert "    claimed  {}\n    found    {}\n    so       {}\n".format(*told) in claims


def test_the_demo_by_storage_alone_finds_what_storage_can_tell(tmp_path):
    world = lay_out_demo(tmp_path)
    difference = compare_demo(world, audit_demo(tmp_path))
    assert difference.equal, render_difference(difference)


def test_what_was_claimed_is_remembered_when_the_stand_in_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr("adapters.retry.time.sleep", lambda _: None)
    world = lay_out_demo(tmp_path)
    with serve_demo(world, tmp_path):
        there = audit_demo(tmp_path, config=CROSS_CHECKED)
    assert compare_demo(world, there, cross_checked=True).equal
    gone = audit_demo(tmp_path, config=CROSS_CHECKED)
    invented = compare_demo(world, gone, cross_checked=True).invented
    assert [item["code"] for item in invented] == ["flow-service-unreachable"]
    assert gone.unverifiable
    before, after = verdicts(there), verdicts(gone)
    assert {said.run for said in world.claims} <= {run for run in before if before[run] == after[run]}
    changed = {after[run] for run in before if before[run] != after[run]}
    assert changed == {("unknown", "unchecked")}, "absences so young that a record may have come since"


def verdicts(result: AuditResult) -> dict[tuple[object, ...], tuple[str, str]]:
    due = [run for run in result.runs if run.due]
    return {(run.flow, run.dataset, run.due): (str(run.arrival), str(run.content)) for run in due}


def test_the_demo_serves_until_it_is_interrupted(tmp_path):
    code = "from auditor.entry import main; main()"
    started = subprocess.Popen(
        [sys.executable, "-c", code, "demo", str(tmp_path / "demo"), "--serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert started.stdout
        told = next(line for line in started.stdout if "Ctrl-C ends it" in line)
        assert CROSS_CHECKED in told
        platform = load_config(tmp_path / "demo" / CROSS_CHECKED).experience_platform["prod"]
        client = ExperiencePlatform("prod", **platform.options)
        assert len(list(list_runs(client, world_flow_id()))) > 200
        client.close()
        started.send_signal(signal.SIGINT)
        assert started.wait(30) == 0
    finally:
        started.kill()
        started.wait(30)


def world_flow_id() -> str:
    return next(flow.id for flow in make_demo().flows if flow.name == "web-3h")


def test_the_demo_fails_where_storage_differs_from_what_was_laid_out(tmp_path):
    world = lay_out_demo(tmp_path)
    victim = next((tmp_path / "exports/backups/6504a2f1abf9b128d3f90e5d/exportTime=202610101200").glob("part-*"))
    victim.unlink()
    (mended,) = (tmp_path / "exports/backups").glob("notes.txt")
    mended.unlink()
    difference = compare_demo(world, audit_demo(tmp_path))
    assert [item["code"] for item in difference.missed] == ["stray-object"]
    assert [item["code"] for item in difference.invented] == ["manifest-file-missing"]


def test_the_demo_refuses_a_directory_of_someone_else(tmp_path):
    (tmp_path / "mine").write_text("x")
    answer = CliRunner().invoke(app, ["demo", str(tmp_path)])
    assert answer.exit_code == 2
    assert "nothing was changed" in answer.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_a_world_without_faults_gives_no_finding(tmp_path):
    check(small_world(), tmp_path)


def test_the_dates_of_a_copy_are_no_delay(tmp_path):
    check(faults.copy_all(small_world(DAILY), at(6, 20)), tmp_path)


def test_every_kind_of_fault_is_found(tmp_path):
    """Each kind once in each flow that it can befall, all in one world, each on an export of its own."""
    start = NOW - timedelta(days=29, hours=10, minutes=20)
    daily = replace(DAILY, start=start, rows=(2, 3))
    world = small_world(replace(WEB, start=at(2), rows=(2, 3)), daily)
    for flow in world.flows:
        runs = [run for run in world.runs() if run.flow == flow.name and run.due > flow.start]
        for fault in ON_A_RUN:
            world = first_that_works(world, fault, runs)
    world = faults.stray(faults.unknown_dataset(world, "web-3h", UNKNOWN, at(3, 6)), at(3))
    codes = {str(item["code"]) for item in describe_expected(world)}
    assert codes == {item[0] for _, _, expected, _ in FAULTS for item in expected}
    check(world, tmp_path)


def first_that_works(world, fault, runs):
    """The world with `fault` on the first of `runs` where it is possible; as it was if there is none."""
    for run in runs:
        try:
            return fault(world, run)
        except NotHere:
            continue
    return world


@pytest.mark.parametrize("seed", range(6))
def test_random_sets_of_faults_are_found(tmp_path, seed):
    random = Random(seed)
    for _ in range(20):
        world, happened = spoil(small_world(WEB, DAILY, seed=str(seed)), random, 20)
        try:
            describe_expected(world)
        except NotHere:
            continue
        assert happened
        check(world, tmp_path)
        return
    pytest.fail("no world with a certain answer in twenty tries")
