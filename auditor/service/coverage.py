"""Coverage as one audit or one question has it: sandboxes asked, storage taken from what was audited."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from adapters.base import DestinationError, inert
from auditor.flow_model import FlowVersion
from auditor.ledger import Ledger
from auditor.model import AuditResult, Coverage, Dataset, Finding, Flow, Unverifiable
from auditor.reconcile.coverage import Sandbox, Sight, judge_coverage
from auditor.reconcile.coverage_sights import see_datasets, unseen
from auditor.reconcile.unprotected import find_unprotected, mark_waived
from auditor.service.flows import AuditedFlows
from auditor.service.platforms import OpenPlatform, Platforms, open_configured_platform
from auditor.settings import Config


@dataclass(frozen=True, slots=True)
class CoverageAnswer:
    """How all datasets stand, what is to be said of it, and what could not be read."""

    lines: tuple[Coverage, ...] = ()
    findings: tuple[Finding, ...] = ()
    doubts: tuple[Unverifiable, ...] = ()
    versions: Mapping[str, Mapping[str, FlowVersion]] = field(default_factory=dict)  # by platform and id, as read
    read_at: datetime | None = None
    audited_at: datetime | None = None  # the moment of the audit that storage was taken from; None: of none


class CoverageReading:
    """Asks the sandboxes of a configuration which datasets could be exported and which flows export them."""

    def __init__(
        self, config: Config, platforms: Platforms, ledger: Ledger, *, now: datetime, is_past: bool = False
    ) -> None:
        """`is_past`: flows are as the ledger saw them by `now`; of those it did not know, as they are today."""
        self._is_past = is_past
        self._config = config
        self._platforms = platforms
        self._ledger = ledger
        self._now = now
        self._doubts: list[Unverifiable] = []
        self._versions: dict[str, Mapping[str, FlowVersion]] = {}

    def judge(
        self,
        platforms: Iterable[str],
        sights: Mapping[str, Mapping[str, Sight]],
        known: Mapping[str, Mapping[str, FlowVersion]],
    ) -> CoverageAnswer:
        """`sights`: by platform and dataset. `known`: flows that were read already, by platform and id."""
        lines: list[Coverage] = []
        for name in platforms:
            eligible = self._eligible(name)
            flows, unread = ([*known[name].values()], "") if name in known else self._flows(name)
            past = self._past(name)
            if self._is_past:
                flows = _as_of(flows, past, self._now)
            if not unread:
                self._versions[name] = {flow.flow_id: flow for flow in flows}
            sandbox = Sandbox(name, eligible, flows, past, sights.get(name, {}), unread)
            lines += judge_coverage(sandbox, now=self._now)
        waived = mark_waived(lines, self._config.waivers, now=self._now)
        findings = tuple(find_unprotected(waived, self._config.waivers))
        return CoverageAnswer(waived, findings, tuple(self._doubts), self._versions, datetime.now(UTC))

    def _eligible(self, name: str) -> list[Dataset]:
        try:
            found = self._platforms.ask(name, lambda source: [*source.list_eligible_datasets()])
        except DestinationError as error:
            self._doubt(name, f"datasets of {name} that could be exported", error)
            return []
        return [Dataset(one.id, inert(one.name)) for one in found]

    def _flows(self, name: str) -> tuple[Sequence[FlowVersion], str]:
        try:
            return self._platforms.ask(name, lambda source: source.read_exports()), ""
        except DestinationError as error:
            self._doubt(name, f"flows of {name}", error)
            return [], str(error)

    def _past(self, name: str) -> list[FlowVersion]:
        """All earlier versions of all flows that were ever seen, newest first."""
        seen = [
            one
            for latest in self._ledger.latest_flow_versions(name)
            for one in self._ledger.flow_history(name, latest.version.flow_id)
            if one.first_seen_at <= self._now
        ]
        return [one.version for one in sorted(seen, key=lambda one: one.id, reverse=True)]

    def _doubt(self, name: str, subject: str, error: DestinationError) -> None:
        self._doubts.append(Unverifiable(subject, str(error), destination=f"Experience Platform {name}"))


def _as_of(flows: Sequence[FlowVersion], past: Sequence[FlowVersion], now: datetime) -> list[FlowVersion]:
    """`flows` without those made later, each as it was then, where that is known."""
    then = {one.flow_id: one for one in reversed(past)}  # `past` has the newest first
    return [then.get(one.flow_id, one) for one in flows if one.created is None or one.created <= now]


def sights_of(
    config: Config, flows: Sequence[Flow], result: AuditResult | None, *, now: datetime
) -> dict[str, dict[str, Sight]]:
    """By platform and dataset: what `result` saw of the flows that export from there. None: no audit has looked."""
    sights: dict[str, dict[str, Sight]] = {}
    for name in config.experience_platform:
        own = [flow for flow in flows if flow.experience_platform in ("", name)]
        sights[name] = dict(unseen(own)) if result is None else see_datasets(own, result.runs, result.findings, now=now)
    return sights


def versions_of(audited: AuditedFlows) -> dict[str, Mapping[str, FlowVersion]]:
    """The flows that an audit has read, by platform and id."""
    return {name: sandbox.versions for name, sandbox in audited.sandboxes.items()}


def read_coverage(
    config: Config,
    ledger: Ledger,
    *,
    now: datetime,
    open_platform: OpenPlatform = open_configured_platform,
) -> CoverageAnswer:
    """Ask every sandbox anew; what is in storage is what the newest whole audit of the ledger saw.

    Raises LedgerError. A sandbox that cannot be asked is part of the answer.
    """
    number = ledger.newest_whole_audit()
    result = ledger.read_audit(number) if number is not None else None
    platforms = Platforms(config.experience_platform, open_platform)
    try:
        audited = AuditedFlows(config, platforms, ledger, now=now, remembers=False)
        audited.read()
        sights = sights_of(config, [*audited.flows.values()], result, now=now)
        reading = CoverageReading(config, platforms, ledger, now=now)
        answer = reading.judge(config.experience_platform, sights, versions_of(audited))
    finally:
        platforms.close()
    return CoverageAnswer(
        answer.lines,
        answer.findings,
        answer.doubts,
        answer.versions,
        answer.read_at,
        result.now if result else None,
    )
