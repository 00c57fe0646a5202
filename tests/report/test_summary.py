"""How a dataset stands, and the sentence: never a false green, never a false alarm, three answers apart."""

import dataclasses
from datetime import timedelta

import pytest
from hypothesis import given

from auditor.model import Arrival, AuditResult, Content, Finding, Level, Severity, Status, Unverifiable, Verdict
from auditor.report.standing import Standing, judge_standings
from auditor.report.summary import render_headline, summarise
from auditor.report.table import render_balance, render_content
from tests.report.example import NOW, START
from tests.report.example import run as example_run
from tests.report.strategies import QUICK, audits


def run(arrival: str, content: str = "unchecked", day: int = 0, dataset: str = "d") -> Verdict:
    return example_run("f", dataset, START + timedelta(days=day), Arrival(arrival), Content(content))


def overdue(day: int = 0) -> Verdict:
    return Verdict("f", "d", "lake-backup", START + timedelta(days=day), Arrival.LATE, Content.UNCHECKED)


def audit(*runs: Verdict, findings: tuple[Finding, ...] = (), **more) -> AuditResult:
    return AuditResult(NOW, START, Status.GOOD, runs, findings, more.pop("unverifiable", ()), **more)


def standing(*runs: Verdict, findings: tuple[Finding, ...] = ()) -> str:
    (judged,) = judge_standings(audit(*runs, findings=findings))
    return judged.standing.value


CASES = [  # told, runs, standing
    ("here and sound", [run("on_time", "sound")], "good"),
    ("early and sound", [run("early", "sound")], "good"),
    ("late and sound", [run("late", "sound")], "good"),
    ("nothing to export, proven", [run("not_needed")], "good"),
    ("missing", [run("missing")], "attention"),
    ("here and damaged", [run("on_time", "damaged")], "attention"),
    ("here and incomplete", [run("late", "incomplete")], "attention"),
    ("here and unverifiable", [run("on_time", "unverifiable")], "unknown"),
    ("here and unchecked", [run("on_time", "unchecked")], "unknown"),
    ("could not look", [run("unknown", "unverifiable")], "unknown"),
    ("gone with its retention", [run("expired", "sound")], "unknown"),
    ("not due", [run("pending")], "waiting"),
    ("still settling", [run("arriving")], "waiting"),
    ("overdue inside the deadline", [overdue()], "waiting"),
    ("an old good one does not hide a new bad one", [run("on_time", "sound"), run("missing", day=1)], "attention"),
    ("an old good one does not hide an unknown", [run("on_time", "sound"), run("unknown", day=1)], "unknown"),
    ("an old good one does not hide one overdue", [run("on_time", "sound"), overdue(day=1)], "waiting"),
    ("what is not due yet does not hide the last", [run("on_time", "sound"), run("pending", day=1)], "good"),
    ("order of the runs is nothing", [run("missing", day=1), run("on_time", "sound")], "attention"),
]


@pytest.mark.parametrize("told, runs, expected", CASES, ids=[case[0] for case in CASES])
def test_standing(told, runs, expected):
    """The newest expected run decides, not the newest good one: exasol/nagios-monitoring#7, KenKundert/emborg#55."""
    assert standing(*runs) == expected


def about(code: str, severity: str = "error", flow: str = "f", dataset: str = "d") -> Finding:
    return Finding(code, Severity(severity), "", flow=flow, dataset=dataset)


def beside(code: str, destination: str = "") -> Finding:
    return Finding(code, Severity.ERROR, "", destination)


FINDINGS = [  # told, finding, standing of a dataset whose newest run is good
    ("an error on an older run stays open", about("export-missing"), "attention"),
    ("a critical one on the whole flow", about("flow-disabled", "critical", dataset=""), "attention"),
    ("an error on the destination", beside("destination-empty", "lake-backup"), "attention"),
    ("an error on everything", beside("x"), "attention"),
    ("too old, whatever severity was set", about("protection-stale", "info"), "attention"),
    ("a warning is no need", about("export-late", "warning"), "good"),
    ("an error of another dataset", about("export-missing", dataset="e"), "good"),
    ("an error of another flow", about("export-missing", flow="g"), "good"),
    ("an error of another destination", beside("destination-empty", "other"), "good"),
    ("no access is no proof of harm", beside("access-denied", "lake-backup"), "good"),
    ("one unreadable file is no proof", about("file-unverifiable"), "good"),
]


@pytest.mark.parametrize("told, finding, expected", FINDINGS, ids=[case[0] for case in FINDINGS])
def test_findings_keep_a_dataset_from_being_called_good(told, finding, expected):
    assert standing(run("on_time", "sound"), findings=(finding,)) == expected


SENTENCES = [  # told, audit, sentence
    ("no run", audit(), "Nothing was checked: no export was expected in the time watched."),
    ("nothing due", audit(run("pending")), "Nothing could be judged yet: 1 dataset waits for an export."),
    (
        "one good",
        audit(run("on_time", "sound")),
        "1 of 1 dataset is in order with a sound export younger than its limit.",
    ),
    (
        "all kinds",
        audit(
            run("on_time", "sound", dataset="a"),
            run("missing", dataset="b"),
            run("unknown", dataset="c"),
            run("pending", dataset="d"),
            findings=(about("export-missing", dataset="b"),),
        ),
        (
            "1 of 4 datasets are in order with a sound export younger than their limit; 1 needs you; "
            "1 could not be checked; 1 dataset waits for an export."
        ),
    ),
    (
        "what could not be checked elsewhere is not hidden",
        audit(run("on_time", "sound"), unverifiable=(Unverifiable("x", "denied"),)),
        "1 of 1 dataset is in order with a sound export younger than its limit; 1 check could not be made.",
    ),
    (
        "a finding that concerns no dataset is not hidden",
        audit(run("on_time", "sound"), findings=(Finding("x", Severity.ERROR, "", flow="other"),)),
        "1 of 1 dataset is in order with a sound export younger than its limit; 1 finding beside these needs you.",
    ),
    (
        "less than every record is said",
        audit(dataclasses.replace(run("on_time", "sound"), level=Level.L1)),
        "1 of 1 dataset is in order with a sound export younger than its limit (checked only to L1).",
    ),
]


@pytest.mark.parametrize("told, result, sentence", SENTENCES, ids=[case[0] for case in SENTENCES])
def test_the_first_sentence(told, result, sentence):
    assert render_headline(summarise(result)) == sentence


def test_the_balance_adds_up_in_words():
    runs = [run("on_time", "sound", day) for day in range(3)]
    runs += [run("missing", day=4), overdue(5), run("late", "damaged", 6), run("pending", day=7)]
    summary = summarise(audit(*runs))
    assert render_balance(summary) == (
        "7 expected = 3 on time + 2 late (1 not here yet) + 1 missing + 1 not due yet or in grace"
    )
    assert render_content(summary) == "4 arrived = 3 sound (3 to L3) + 1 damaged"


@QUICK
@given(audits())
def test_a_dataset_is_good_only_with_proof(result):
    for judged in judge_standings(result):
        if judged.standing is Standing.GOOD:
            of_it = [r for r in result.runs if (r.flow, r.dataset) == (judged.flow, judged.dataset) and r.due]
            closed = [r for r in of_it if r.arrival not in (Arrival.PENDING, Arrival.ARRIVING)]
            newest = max(closed, key=lambda r: r.due)
            assert newest.arrival is Arrival.NOT_NEEDED or newest.content is Content.SOUND


@QUICK
@given(audits())
def test_every_dataset_stands_somewhere_once(result):
    pairs = {(r.flow, r.dataset) for r in result.runs if r.flow}
    assert [(s.flow, s.dataset) for s in judge_standings(result)] == sorted(pairs)
