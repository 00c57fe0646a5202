"""JUnit XML: what CI systems accept, in which nothing found is lost and nothing unchecked looks passed."""

import dataclasses
import random
import re
from collections import Counter
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given

from adapters.base import inert
from auditor.model import Arrival, Content, Finding, Severity, Status, Unverifiable, Waived
from auditor.report import FORMATS, ReportOptions, render_junit
from auditor.report.marks import Group, is_open_and_grave, judge_mark
from tests.report.example import EXAMPLE, NOW
from tests.report.strategies import HOSTILE, QUICK, audits

# Attributes and children of the schema of Jenkins' xUnit plugin (junit-10.xsd), which GitLab and Azure DevOps follow.
ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "skipped": {"message"},
    "system-out": set(),
}
CHILDREN = {
    "testsuites": ["testsuite"],
    "testsuite": ["properties", "testcase"],
    "properties": ["property"],
    "testcase": ["failure", "skipped", "system-out"],
}


def parse(text: str) -> Xml.Element:
    return Xml.fromstring(text.encode("utf-8"))


def check_schema(root: Xml.Element) -> None:
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) == ATTRIBUTES[element.tag]
        order = [CHILDREN.get(element.tag, []).index(child.tag) for child in element]
        assert order == sorted(order)
    for suite in root:
        cases = suite.findall("testcase")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp"))
        assert int(suite.get("tests")) == len(cases)
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped"))
        assert all(len([c for c in case if c.tag in ("failure", "skipped")]) <= 1 for case in cases)
        assert all(len(case.findall("system-out")) <= 1 for case in cases)
    for count in ("tests", "failures", "errors"):
        assert int(root.get(count)) == sum(int(suite.get(count)) for suite in root)


@QUICK
@given(audits())
def test_every_audit_gives_a_document_that_ci_systems_accept(result):
    text = render_junit(result)
    check_schema(parse(text))
    assert all(c.isprintable() or c == "\n" for c in text)


@QUICK
@given(audits())
def test_nothing_found_and_nothing_unchecked_is_lost(result):
    told = "\n".join(
        Xml.tostring(element, encoding="unicode", method="text") for element in parse(render_junit(result))
    )
    messages = "\n".join(e.get("message") for e in parse(render_junit(result)).iter() if e.get("message"))
    for finding in result.findings:
        assert f"{finding.severity} {inert(finding.code)}: {inert(finding.message)}" in told
    for item in result.unverifiable:
        assert inert(item.subject) in told
        assert inert(item.reason) in told + messages


@QUICK
@given(audits())
def test_there_is_a_failure_exactly_where_something_grave_is_not_waived(result):
    root = parse(render_junit(result))
    grave = Counter(inert(f.code) for f in result.findings if is_open_and_grave(f))
    failures = [failure.get("type") for failure in root.iter("failure")]
    assert set(failures) - {"verdict"} <= set(grave)
    assert bool(failures) >= bool(grave)


@QUICK
@given(audits())
def test_what_was_not_checked_never_looks_passed(result):
    root = parse(render_junit(result))
    unsure = result.status is Status.INCOMPLETE or result.unverifiable
    first = root.find("testsuite/testcase[@name='everything due could be checked']")
    if unsure:
        assert first.find("skipped") is not None


def passed(root: Xml.Element) -> list[str]:
    return [case.get("name") for case in root.iter("testcase") if not {"failure", "skipped"} & {c.tag for c in case}]


@pytest.mark.parametrize("arrival", [arrival for arrival in Arrival if arrival is not Arrival.UNEXPECTED])
@pytest.mark.parametrize("content", Content)
@pytest.mark.parametrize("folder", ["", "f/"])
def test_a_run_passes_only_where_its_mark_is_good(arrival, content, folder):
    run = dataclasses.replace(EXAMPLE.runs[0], arrival=arrival, content=content, folder=folder, arrived_at=None)
    root = parse(render_junit(dataclasses.replace(EXAMPLE, runs=(run,), findings=(), unverifiable=())))
    assert ("due 2026-10-01T00:00:00Z" in passed(root)) == (judge_mark(run).group is Group.GOOD)


@pytest.mark.parametrize("waived", [None, Waived("planned pause", "ops", NOW)])
@pytest.mark.parametrize(
    "code, arrival, content",
    [
        ("export-missing", Arrival.MISSING, Content.UNCHECKED),
        ("file-truncated", Arrival.ON_TIME, Content.DAMAGED),
    ],
)
def test_a_bad_run_never_passes_however_little_its_finding_is_set_to_weigh(code, arrival, content, waived):
    run = dataclasses.replace(EXAMPLE.runs[0], arrival=arrival, content=content)
    finding = Finding(code, Severity.WARNING, "", run.destination, run.flow, run.dataset, run.due, waived=waived)
    run = dataclasses.replace(run, findings=(finding,))
    root = parse(render_junit(dataclasses.replace(EXAMPLE, runs=(run,), findings=(finding,), unverifiable=())))
    assert list(root.iter("failure")) == []
    assert not [name for name in passed(root) if name.startswith("due ")]


def test_each_expected_run_is_a_case_and_each_dataset_a_suite():
    root = parse(render_junit(EXAMPLE))
    cases = [case for case in root.iter("testcase") if case.get("name").startswith("due ")]
    assert len(cases) == sum(run.due is not None for run in EXAMPLE.runs)
    assert "web-3h / Web events (5ef3e324052581191aa6a466)" in [suite.get("name") for suite in root]


def test_a_waived_finding_is_skipped_with_its_reason_and_does_not_fail():
    waived = tuple(
        dataclasses.replace(finding, waived=Waived("planned pause", "ops", NOW)) for finding in EXAMPLE.findings
    )
    root = parse(render_junit(dataclasses.replace(EXAMPLE, findings=waived)))
    assert list(root.iter("failure")) == []
    reasons = [skipped.get("message") for skipped in root.iter("skipped")]
    assert reasons.count("waived: planned pause") == 2  # the missing and the cut one; warnings need no pardon
    assert "waived until 2026-10-15T09:30:00Z by ops: planned pause" in "".join(root.itertext())


def test_a_warning_passes_and_is_said():
    late = tuple(finding for finding in EXAMPLE.findings if finding.severity is Severity.WARNING)
    runs = tuple(run for run in EXAMPLE.runs if run.content is Content.SOUND)
    root = parse(render_junit(dataclasses.replace(EXAMPLE, runs=runs, findings=late, unverifiable=())))
    assert list(root.iter("failure")) == []
    assert "".join(root.itertext()).count("warning export-late: Arrived after its grace.") == 2


@pytest.mark.parametrize("code", ["access-denied", "file-unverifiable", "file-archived", "destination-unreachable"])
def test_could_not_check_is_skipped_whatever_its_severity(code):
    finding = Finding(code, Severity.CRITICAL, "No right.", "lake-backup")
    root = parse(render_junit(dataclasses.replace(EXAMPLE, runs=(), findings=(finding,), unverifiable=())))
    assert list(root.iter("failure")) == []
    assert "could not check: No right." in [skipped.get("message") for skipped in root.iter("skipped")]


def test_an_audit_of_nothing_has_no_passed_case():
    nothing = dataclasses.replace(EXAMPLE, status=Status.INCOMPLETE, runs=(), findings=(), unverifiable=(), watched=())
    root = parse(render_junit(nothing))
    assert passed(root) == []
    assert root.get("tests") == "1"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_letter_by_letter(name):
    finding = dataclasses.replace(EXAMPLE.findings[0], key=name, message=name, flow=name, dataset=name, due=None)
    doubt = Unverifiable(name, name, name, name, name)
    runs = tuple(dataclasses.replace(run, flow=name, dataset=name, folder=name) for run in EXAMPLE.runs[:2])
    result = dataclasses.replace(EXAMPLE, runs=runs, findings=(finding,), unverifiable=(doubt,), names={name: name})
    root = parse(render_junit(result))
    check_schema(root)
    assert inert(name) in root.findall(".//failure")[0].get("message")
    assert inert(name) in "".join(root.itertext())


def test_the_order_in_which_things_were_found_changes_nothing():
    beside = [dataclasses.replace(finding, due=None) for finding in EXAMPLE.findings]
    runs, findings = list(EXAMPLE.runs), [*EXAMPLE.findings, *beside, dataclasses.replace(beside[0], code="file-empty")]
    result = dataclasses.replace(EXAMPLE, findings=tuple(findings))
    random.Random(5).shuffle(runs)
    random.Random(6).shuffle(findings)
    again = dataclasses.replace(EXAMPLE, runs=tuple(runs), findings=tuple(findings))
    assert render_junit(again) == FORMATS["junit"](result, ReportOptions())
