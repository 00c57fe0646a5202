"""The answer of a whole audit: good, findings, or could not check."""

from collections.abc import Iterable, Sequence

from auditor.model import Arrival, Content, Finding, Severity, Status, Unverifiable, Verdict

NEVER_FINDINGS = frozenset(
    {
        "destination-unreachable",
        "access-denied",
        "credential-expired",
        "clock-skew",
        "flow-service-unreachable",
        "file-unverifiable",
        "file-archived",
    }
)
"""Codes that say "could not check": they are what status `incomplete` (exit 3) is for, and never cause `findings`."""

NOTHING_TO_CHECK = {Arrival.PENDING, Arrival.ARRIVING, Arrival.MISSING, Arrival.NOT_NEEDED, Arrival.EXPIRED}


def judge_status(
    runs: Sequence[Verdict],
    findings: Iterable[Finding],
    unverifiable: Sequence[Unverifiable],
    *,
    fail_on: Severity,
) -> Status:
    """Worst first: findings at or above `fail_on` that are not waived, then anything not checked, then good.

    Nothing checked, and nothing due yet, is never good.
    """
    if any(f.severity.rank >= fail_on.rank and f.code not in NEVER_FINDINGS and not f.waived for f in findings):
        return Status.FINDINGS
    if unverifiable or any(_was_not_checked(run) for run in runs):
        return Status.INCOMPLETE
    if not any(_was_checked(run) for run in runs):
        return Status.INCOMPLETE
    return Status.GOOD


def _was_checked(run: Verdict) -> bool:
    """Something was looked at, or proven not to be needed. What is late, missing or expired was not."""
    return run.arrival is Arrival.NOT_NEEDED or run.content in {Content.SOUND, Content.INCOMPLETE, Content.DAMAGED}


def _was_not_checked(run: Verdict) -> bool:
    if run.arrival is Arrival.UNKNOWN or run.content is Content.UNVERIFIABLE:
        return True
    if run.content is not Content.UNCHECKED or run.arrival in NOTHING_TO_CHECK:
        return False
    return run.arrival is not Arrival.LATE or bool(run.folder)  # late without a folder: nothing there to check
