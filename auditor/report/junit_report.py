"""The audit as JUnit XML, for CI systems: a suite for each flow and dataset, a case for each expected run.

Three answers: passed, failure (a finding of severity error or worse that nobody has waived), skipped (could not be
checked, not here yet, waived). What is said beside the runs are cases of their own, so that none of it is lost.
Follows the schema that Jenkins, GitLab, GitHub and Azure DevOps read.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias
from xml.etree import ElementTree as Xml

from adapters.base import inert
from auditor.checks import CATALOGUE
from auditor.model import AuditResult, Finding, Status, Unverifiable, Verdict
from auditor.report.claims import render_counts
from auditor.report.json_report import run_order
from auditor.report.marks import MEANINGS, Group, is_open_and_grave, is_put_up_with, judge_mark
from auditor.report.options import ReportOptions
from auditor.report.standing import is_third_answer, is_unknown
from auditor.report.summary import list_unverifiable, render_headline, summarise
from auditor.report.table_findings import render_evidence, render_where
from auditor.report.words import render_instant

Suite: TypeAlias = tuple[str, str, str]  # flow, dataset, destination; "" where it concerns no single one


@dataclass(slots=True)
class Case:
    """One test case: its answer follows from what it holds."""

    name: str
    run: Verdict | None = None
    findings: list[Finding] = field(default_factory=list)
    doubts: list[Unverifiable] = field(default_factory=list)
    skipped: str = ""  # why, where nothing else says so


def render_junit(result: AuditResult, options: ReportOptions | None = None) -> str:  # noqa: ARG001
    """One XML document, ending with a newline. The same result gives the same bytes."""
    suites = _collect(result)
    root = Xml.Element("testsuites", {"name": "export-auditor"})
    for suite in sorted(suites):
        root.append(_render_suite(suite, suites[suite], result))
    for count in ("tests", "failures", "errors"):  # `skipped` is not allowed here
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    root.set("time", "0")
    Xml.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Xml.tostring(root, encoding="unicode")}\n'


def _collect(result: AuditResult) -> dict[Suite, list[Case]]:
    """Every run, finding and doubt in exactly one case."""
    suites: dict[Suite, list[Case]] = defaultdict(list)
    of_runs: dict[tuple[Suite, datetime], Case] = {}
    for run in sorted(result.runs, key=run_order):
        if run.due is not None:
            suite = (run.flow, run.dataset, run.destination)
            case = of_runs[suite, run.due] = Case(f"due {render_instant(run.due)}", run)
            suites[suite].append(case)
    beside: dict[tuple[Suite, str], Case] = {}
    for finding in sorted(result.findings, key=_finding_order):
        name = f"{finding.code}: {finding.key}" if finding.key else finding.code
        _case_of(finding, name, suites, of_runs, beside).findings.append(finding)
    for item in list_unverifiable(result):
        _case_of(item, f"could not check: {item.subject}", suites, of_runs, beside).doubts.append(item)
    suites["", "", ""].insert(0, _judge_audit(result))
    return suites


def _finding_order(finding: Finding) -> tuple[int, str, str, str]:
    """Gravest first: the first grave one of a case gives the failure its type."""
    return -finding.severity.rank, finding.code, finding.key, finding.message


def _case_of(
    item: Finding | Unverifiable,
    name: str,
    suites: dict[Suite, list[Case]],
    of_runs: dict[tuple[Suite, datetime], Case],
    beside: dict[tuple[Suite, str], Case],
) -> Case:
    """The case of the run that `item` is about, or one of its own."""
    suite = (item.flow, item.dataset, item.destination)
    if item.due is not None:
        if (suite, item.due) in of_runs:
            return of_runs[suite, item.due]
        name = f"{name}, due {render_instant(item.due)}"
    if (suite, name) not in beside:
        beside[suite, name] = Case(name)
        suites[suite].append(beside[suite, name])
    return beside[suite, name]


def _judge_audit(result: AuditResult) -> Case:
    """The audit itself: skipped where something was not checked, so that an empty audit never looks passed."""
    summary = summarise(result)
    whole = (
        result.status is not Status.INCOMPLETE and not summary.unverifiable and not any(map(is_unknown, result.runs))
    )
    return Case("everything due could be checked", skipped="" if whole else render_headline(summary))


def _render_suite(suite: Suite, cases: Sequence[Case], result: AuditResult) -> Xml.Element:
    name = render_where(result, *suite, None) or "audit"
    element = Xml.Element("testsuite", {"name": inert(name)})
    properties = Xml.SubElement(element, "properties")
    about = zip(("flow", "dataset", "destination"), suite, strict=True)
    for key, value in (("judged_at", render_instant(result.now)), *about):
        if value:
            Xml.SubElement(properties, "property", {"name": key, "value": inert(value)})
    for case in cases:
        element.append(_render_case(case, inert(".".join(filter(None, suite)) or "audit")))
    element.set("tests", str(len(cases)))
    element.set("failures", str(len(element.findall("testcase/failure"))))
    element.set("errors", "0")
    element.set("skipped", str(len(element.findall("testcase/skipped"))))
    element.set("time", "0")
    element.set("timestamp", result.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    return element


def _render_case(case: Case, classname: str) -> Xml.Element:
    element = Xml.Element("testcase", {"name": inert(case.name), "classname": classname, "time": "0"})
    grave = [finding for finding in case.findings if is_open_and_grave(finding)]
    if grave or _is_bad_and_silent(case):
        first = grave[0] if grave else None
        message = first.message if first else "the export is not good, and no finding says why"
        failure = Xml.SubElement(
            element, "failure", {"message": inert(message), "type": inert(first.code if first else "verdict")}
        )
        failure.text = _join(map(_describe_finding, grave))
    elif why := _why_skipped(case):
        Xml.SubElement(element, "skipped", {"message": inert(why)})
    if lines := [*_describe_run(case), *_describe_rest(case)]:
        Xml.SubElement(element, "system-out").text = _join(lines)
    return element


def _is_bad_and_silent(case: Case) -> bool:
    return case.run is not None and not case.findings and judge_mark(case.run).group is Group.BAD


def _why_skipped(case: Case) -> str:
    """Why the case is neither passed nor failed; "" if it passed."""
    if case.skipped:
        return case.skipped
    if is_put_up_with(case.findings):
        return "; ".join(dict.fromkeys(f"waived: {f.waived.reason}" for f in case.findings if f.waived))
    if case.doubts:
        return "; ".join(dict.fromkeys(f"could not check: {item.reason}" for item in case.doubts))
    if unsure := [f.message for f in case.findings if f.waived is None and is_third_answer(f)]:
        return f"could not check: {'; '.join(dict.fromkeys(unsure))}"
    if case.run is None:
        return ""
    mark = judge_mark(case.run)
    return "" if mark.group is Group.GOOD else MEANINGS[mark]  # bad in spite of findings set to `warning`, too


def _describe_run(case: Case) -> list[str]:
    run = case.run
    if run is None:
        return []
    arrived = f" at {render_instant(run.arrived_at)}" if run.arrived_at else ""
    level = f" to {run.level}" if run.level is not None else ""
    folder = f"; {run.folder}" if run.folder else ""
    lines = [inert(f"arrival {run.arrival.value}{arrived}; content {run.content.value}{level}{folder}")]
    if run.claim:
        lines.append(inert(f"Experience Platform: {run.claim.state.value}, wrote {render_counts(run.claim.written)}"))
    return lines


def _describe_rest(case: Case) -> list[str]:
    """What the failure does not say: warnings, remarks, what is waived, what could not be checked."""
    others = [_describe_finding(finding) for finding in case.findings if not is_open_and_grave(finding)]
    return others + [inert(f"could not check: {item.subject}: {item.reason}") for item in case.doubts]


def _describe_finding(finding: Finding) -> str:
    kind = CATALOGUE.get(finding.code)
    waived = finding.waived
    parts = (
        f"{finding.severity.value} {finding.code}: {finding.message}",
        f"waived until {render_instant(waived.until)} by {waived.by}: {waived.reason}" if waived else "",
        finding.key,
        render_evidence(finding.evidence),
        f"what to do: {kind.remedy}" if kind else "",
    )
    return "\n  ".join(inert(part) for part in parts if part)


def _join(lines: Iterable[str]) -> str:
    return "\n".join(lines)
