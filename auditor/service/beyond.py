"""What an audit says beyond its runs: how datasets are covered, and what ends by itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.ledger import Ledger
from auditor.model import AuditResult, Coverage, Ending, Finding, Flow, Status, Verdict, Waiver
from auditor.reconcile.ending_soon import find_endings
from auditor.reconcile.endings import list_endings
from auditor.reconcile.unprotected import list_unsure, names_of
from auditor.service.coverage import CoverageAnswer, CoverageReading, sights_of, versions_of
from auditor.service.endings import make_calendar, read_ends
from auditor.service.flows import AuditedFlows
from auditor.service.options import AuditOptions
from auditor.service.platforms import Platforms
from auditor.settings import Config, Destination


@dataclass(frozen=True, slots=True)
class Beyond:
    """To be recorded with an audit. What could not be read is in the failures of the platforms."""

    coverage: tuple[Coverage, ...] = ()
    endings: tuple[Ending, ...] = ()
    findings: tuple[Finding, ...] = ()
    unsure: tuple[Waiver, ...] = ()  # of which it is not known whether they fit anything
    names: Mapping[str, str] = field(default_factory=dict)  # of datasets, as Experience Platform has them


def look_beyond(
    config: Config,
    audited: AuditedFlows,
    platforms: Platforms,
    ledger: Ledger,
    options: AuditOptions,
    *,
    flows: Sequence[Flow],
    destinations: Iterable[Destination],
    runs: Sequence[Verdict],
    findings: Sequence[Finding],
) -> Beyond:
    """Coverage of the sandboxes that flows are held against, if nothing is left out; and what ends of `flows`.

    `flows` and `destinations`: those in scope; `runs` and `findings`: what this audit said of them.
    """
    answer = CoverageAnswer()
    names = [name for name in config.experience_platform if _is_asked(name, config)]
    whole = not (options.is_partial or options.destination)
    if names and whole:
        seen = AuditResult(options.now, None, Status.GOOD, tuple(runs), tuple(findings), ())
        sights = sights_of(config, [*config.flows.values()], seen, now=options.now)
        reading = CoverageReading(config, platforms, ledger, now=options.now, is_past=options.is_past)
        answer = reading.judge(names, sights, versions_of(audited))
    versions = {**versions_of(audited), **answer.versions}
    if not whole:
        own = {(flow.experience_platform, flow.flow_id) for flow in flows}
        versions = {
            name: {key: one for key, one in by_id.items() if (name, key) in own} for name, by_id in versions.items()
        }
    read_at = dict.fromkeys(versions, options.now)
    ends = read_ends(destinations, open_zone=None)
    made = make_calendar(config, ends, flows=flows, versions=versions, read_at=read_at, runs=runs)
    severities = {name: place.facts.severities for name, place in config.destinations.items()}
    told = (*answer.findings, *find_endings(made, severities, now=options.now))
    return Beyond(
        answer.lines,
        list_endings(made, every_export=False),
        told,
        list_unsure(answer.lines, config.waivers, now=options.now),
        names_of(answer.lines),
    )


def _is_asked(name: str, config: Config) -> bool:
    """Not a sandbox that only gives the credentials of a landing zone."""
    facts = config.experience_platform[name]
    return facts.discover or any(flow.experience_platform == name for flow in config.flows.values())
