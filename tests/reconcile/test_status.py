"""Three answers, worst first."""

import pytest

from auditor.model import Arrival, Content, Finding, Severity, Status, Unverifiable, Verdict
from auditor.reconcile.status import judge_status


def verdict(arrival: str, content: str = "unchecked", folder: str = "f/") -> Verdict:
    return Verdict("f", "d", "lake", None, Arrival(arrival), Content(content), folder=folder)


GOOD = verdict("on_time", "sound")


@pytest.mark.parametrize(
    "told, runs, findings, unverifiable, status",
    [
        ("all sound", [GOOD], [], [], "good"),
        ("a warning is allowed", [GOOD], [("export-late", "warning")], [], "good"),
        ("an error is not", [GOOD], [("export-missing", "error")], [], "findings"),
        ("a finding outweighs what was not checked", [GOOD], [("export-missing", "error")], ["x"], "findings"),
        ("something not checked is no green", [GOOD], [], ["x"], "incomplete"),
        ("an access finding never causes findings", [GOOD], [("access-denied", "critical")], ["x"], "incomplete"),
        ("an unverifiable run is no green", [GOOD, verdict("on_time", "unverifiable")], [], [], "incomplete"),
        ("an unknown run is no green", [GOOD, verdict("unknown")], [], [], "incomplete"),
        ("an unchecked export is no green", [GOOD, verdict("on_time", "unchecked")], [], [], "incomplete"),
        ("a run still arriving or pending is no news", [GOOD, verdict("arriving"), verdict("pending")], [], [], "good"),
        ("late without a folder: nothing there to check", [GOOD, verdict("late", folder="")], [], [], "good"),
        ("nothing checked is never good", [], [], [], "incomplete"),
        ("late and nothing else: nothing was checked", [verdict("late", folder="")], [], [], "incomplete"),
        (
            "missing as a warning: nothing was checked",
            [verdict("missing")],
            [("export-missing", "warning")],
            [],
            "incomplete",
        ),
        ("all expired: nothing was checked", [verdict("expired")], [], [], "incomplete"),
        ("proven empty is an answer", [verdict("not_needed")], [], [], "good"),
        ("nothing due yet is never good", [verdict("pending"), verdict("arriving")], [], [], "incomplete"),
    ],
)
def test_status(told, runs, findings, unverifiable, status):
    found = [Finding(code, Severity(severity), "") for code, severity in findings]
    doubts = [Unverifiable(subject, "") for subject in unverifiable]
    assert judge_status(runs, found, doubts, fail_on=Severity.ERROR) == status


def test_the_threshold_can_be_lowered_and_raised():
    late = [Finding("export-late", Severity.WARNING, "")]
    assert judge_status([GOOD], late, [], fail_on=Severity.WARNING) == Status.FINDINGS
    missing = [Finding("export-missing", Severity.ERROR, "")]
    assert judge_status([GOOD], missing, [], fail_on=Severity.CRITICAL) == Status.GOOD


def test_each_status_has_its_exit_code():
    assert [status.exit_code for status in Status] == [0, 1, 3]
