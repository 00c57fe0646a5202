"""How everything stands now: the current verdicts, and what the newest look at each place said."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from auditor.checks import CATALOGUE, FAMILIES
from auditor.checks.access import FLOW_SERVICE_UNREACHABLE
from auditor.checks.protection import FLOW_ENDED
from auditor.incidents.natures import SEEN_BY_EVERY_LOOK
from auditor.ledger import Ledger
from auditor.model import AuditResult, Care, Finding, Severity, Status, Unverifiable, Verdict, Watched
from auditor.reconcile.status import judge_status
from auditor.settings import Config

BEYOND = frozenset(
    {FLOW_SERVICE_UNREACHABLE.code}
    | {one.code for family in ("protection", "waiver") for one in FAMILIES[family]} - {FLOW_ENDED.code}
)
"""Codes that a look at a destination alone does not find."""


def read_present(
    ledger: Ledger,
    config: Config,
    *,
    now: datetime,
    since: datetime | None = None,
    fail_on: Severity = Severity.ERROR,
) -> AuditResult:
    """As one audit would say it that looked at everything now, but from the ledger alone.

    `since`: runs due earlier are left out. What was never looked at is not in it. Raises LedgerError.
    """
    runs: list[Verdict] = []
    findings: list[Finding] = []
    doubts: list[Unverifiable] = []
    watched: dict[str, Watched] = {}
    looks = ledger.newest_looks(config.destinations)
    wholes = ledger.newest_looks(config.destinations, whole=True)
    results = {number: ledger.read_audit(number) for number in {*looks.values(), *wholes.values()}}
    for destination, number in looks.items():
        look = results[number]
        own = [*ledger.current_verdicts(destination, since=since)]
        runs += own
        found = [*_findings(own, look, destination)]
        findings += found
        if destination in wholes and wholes[destination] != number:
            findings += _of_whole(found, results[wholes[destination]], destination)
        doubts += _doubts(own, look, destination)
        watched |= {one.flow: one for one in look.watched}
    beyond = ledger.newest_beyond()
    last = (results.get(beyond) or ledger.read_audit(beyond)) if beyond is not None else None
    if last is not None:
        findings += [one for one in last.findings if _is_from_beyond(one, config)]
        doubts += [one for one in last.unverifiable if one.destination not in config.destinations]
    return AuditResult(
        now=now,
        watched_from=min((one.since for one in watched.values()), default=None),
        status=judge_status(runs, findings, doubts, fail_on=fail_on) if runs else Status.INCOMPLETE,
        runs=tuple(runs),
        findings=tuple(findings),
        unverifiable=tuple(doubts),
        watched=tuple(watched.values()),
        looks=tuple(one for name, number in looks.items() for one in results[number].looks if one.destination == name),
        names={d.id: d.name for flow in config.flows.values() for d in flow.datasets if d.name},
        care={(f.name, d.id): d.care for f in config.flows.values() for d in f.datasets if d.care != Care()},
        coverage=last.coverage if last else (),
        endings=last.endings if last else (),
    )


def _is_from_beyond(finding: Finding, config: Config) -> bool:
    of_a_platform = CATALOGUE[finding.code].family == "access" and finding.destination not in config.destinations
    return finding.code in BEYOND or of_a_platform


def _findings(runs: Sequence[Verdict], look: AuditResult, destination: str) -> Iterator[Finding]:
    """Those of the runs as they are now, and those that the newest look had of the place itself."""
    yield from (finding for run in runs for finding in run.findings)
    of_runs = {_name(finding) for run in look.runs for finding in run.findings}
    for one in look.findings:
        if one.destination == destination and one.code not in BEYOND and _name(one) not in of_runs:
            yield one


def _of_whole(found: Sequence[Finding], look: AuditResult, destination: str) -> Iterator[Finding]:
    """What only a look at everything finds, beside what was `found` since: it stands until the next one."""
    known = {_name(finding) for finding in found}
    for one in _findings((), look, destination):
        if one.code not in SEEN_BY_EVERY_LOOK and _name(one) not in known:
            yield one


def _doubts(runs: Sequence[Verdict], look: AuditResult, destination: str) -> Iterator[Unverifiable]:
    yield from (doubt for run in runs for doubt in run.unverifiable)
    of_runs = {(doubt.subject, doubt.due) for run in look.runs for doubt in run.unverifiable}
    for one in look.unverifiable:
        if one.destination == destination and (one.subject, one.due) not in of_runs:
            yield one


def _name(finding: Finding) -> tuple[object, ...]:
    return finding.code, finding.flow, finding.dataset, finding.due, finding.key
