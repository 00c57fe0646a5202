"""A world audited, and the audit held against what the world says must be found: how much was, and how much else."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from adapters.base import OpenAdapter
from auditor.ledger import Ledger
from auditor.model import AuditResult, Finding, Unverifiable
from auditor.service import AuditOptions, run_audit
from auditor.service.audit import open_configured
from auditor.settings import load_config
from auditor.settings.destinations import Destination
from auditor.verify.pool import Verifier
from auditor.worlds import (
    World,
    compare_findings,
    describe_doubts,
    describe_expected,
    lay_out,
    list_verdicts,
    render_config,
    render_difference,
)
from auditor.worlds.schedule import patience

ABOUT = ("flow", "dataset", "destination", "due")
NEVER_FINDINGS = {"file-unverifiable"}  # "could not check" among the codes of worlds


ZOO = "fault zoo"  # under this name the numbers travel


@dataclass
class Tally:
    """Findings of any number of worlds."""

    worlds: int = 0
    expected: int = 0
    found: int = 0
    matched: int = 0
    verdicts: int = 0
    wrong_verdicts: int = 0

    @property
    def recall(self) -> float:
        return self.matched / self.expected if self.expected else 1.0

    @property
    def precision(self) -> float:
        return self.matched / self.found if self.found else 1.0

    def add(self, other: "Tally") -> None:
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def __str__(self) -> str:
        return (
            f"recall {self.recall:.4f}, precision {self.precision:.4f}: {self.matched} of {self.expected} expected"
            f" findings found, {self.found - self.matched} invented, {self.wrong_verdicts} of {self.verdicts} verdicts"
            f" wrong, in {self.worlds} worlds"
        )


def audit(
    world: World,
    home: Path,
    verifier: Verifier,
    *,
    place: dict[str, str] | None = None,
    platform: dict[str, str] | None = None,
    open_with: Callable[[Destination], OpenAdapter] = open_configured,
) -> AuditResult:
    """One audit of `world`: laid out as files below `home`, or at `place`, where it lies already."""
    if place is None:
        lay_out(world, home / "exports")
        (home / "exports").mkdir(exist_ok=True, parents=True)
    config = render_config(world, platform=platform, **({"place": place} if place else {}))
    (home / "auditor.yaml").write_text(config, encoding="utf-8")
    with Ledger.in_memory() as ledger:
        options = AuditOptions(now=world.now, is_past=True)
        config = load_config(home / "auditor.yaml")
        return run_audit(config, ledger, options, verifier=verifier, open_with=open_with)


def judge(world: World, result: AuditResult, *, cross_checked: bool = False) -> tuple[Tally, str]:
    """How the audit did, and in words what is wrong with it; "" if nothing is.

    `cross_checked`: the audit held the exports against run records too.
    """
    right = describe_expected(world, cross_checked=cross_checked)
    difference = compare_findings(right, [_facts(f) for f in result.findings])
    wrong, verdicts = _wrong_verdicts(world, result, cross_checked)
    tally = Tally(
        worlds=1,
        expected=difference.matched + len(difference.missed),
        found=difference.matched + len(difference.invented),
        matched=difference.matched,
        verdicts=verdicts,
        wrong_verdicts=len(wrong),
    )
    told = [] if difference.equal else [render_difference(difference)]
    told += wrong + _wrong_doubts(world, result, cross_checked) + _wrong_status(world, result, cross_checked)
    return tally, "\n".join(told)


def _facts(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        **_about(finding),
        "key": finding.key,
        "message": finding.message,
    }


def _about(item: Finding | Unverifiable) -> dict[str, object]:
    due = item.due.strftime("%Y-%m-%dT%H:%M:%SZ") if item.due else None
    return {"flow": item.flow, "dataset": item.dataset, "destination": item.destination, "due": due}


def _wrong_verdicts(world: World, result: AuditResult, cross_checked: bool) -> tuple[list[str], int]:
    """Each run has the verdict that its fault says, else it is on time and sound, once its time is over."""
    expected = list_verdicts(world, cross_checked=cross_checked)
    wrong, count = [], 0
    for verdict in result.runs:
        if verdict.due is None:
            continue
        run = (verdict.flow, verdict.dataset, verdict.due)
        wait = patience(world.flow(verdict.flow), verdict.due)
        if run not in expected and world.now <= verdict.due + wait.grace + timedelta(hours=1):
            continue  # what is under way, or just over, has no certain answer of its own
        count += 1
        answer, right = (str(verdict.arrival), str(verdict.content)), expected.get(run, ("on_time", "sound"))
        if answer != right:
            wrong.append(f"! verdict of {run}: {answer}, not {right}")
    return wrong, count


def _wrong_doubts(world: World, result: AuditResult, cross_checked: bool) -> list[str]:
    told = sorted(str(_about(one)) for one in result.unverifiable)
    expected = sorted(map(str, describe_doubts(world, cross_checked=cross_checked)))
    return [] if told == expected else [f"! could not check {told}\n  should be      {expected}"]


def _wrong_status(world: World, result: AuditResult, cross_checked: bool) -> list[str]:
    grave = any(
        item["severity"] in ("error", "critical") and item["code"] not in NEVER_FINDINGS
        for item in describe_expected(world, cross_checked=cross_checked)
    )
    expected = "findings" if grave else "incomplete" if describe_doubts(world, cross_checked=cross_checked) else "good"
    return [] if str(result.status) == expected else [f"! status {result.status}, not {expected}"]
