"""One audit: one pass over everything in scope, at one moment."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from adapters.base import OpenAdapter, inert
from adapters.registry import opener
from auditor.checks import CATALOGUE
from auditor.expect import watched_since
from auditor.ledger import Ledger
from auditor.model import AuditResult, Care, Finding, Flow, Watched
from auditor.reconcile.places import find_platform_trouble
from auditor.service.answer import PlaceAnswer
from auditor.service.beyond import Beyond, look_beyond
from auditor.service.flows import AuditedFlows
from auditor.service.limits import Choice, Newest
from auditor.service.options import AuditOptions, Progress, Quiet
from auditor.service.place import PlaceAudit
from auditor.service.plan import AuditPlan, Planning, Tally
from auditor.service.platforms import OpenPlatform, Platforms, open_configured_platform
from auditor.service.present import read_present
from auditor.service.reading import Reading
from auditor.service.recent import judged_since
from auditor.service.run_records import RunRecords
from auditor.service.saying import Saying
from auditor.service.side_by_side import run_each
from auditor.service.trouble import trouble_of_platform
from auditor.settings import Config, Destination
from auditor.verify.pool import Verifier


def open_configured(destination: Destination) -> OpenAdapter:
    """How a destination of the configuration is opened, here and in worker processes."""
    return opener(destination.facts.name, destination.type, destination.options)


def run_audit(
    config: Config,
    ledger: Ledger,
    options: AuditOptions,
    *,
    progress: Progress | None = None,
    verifier: Verifier | None = None,
    open_with: Callable[[Destination], OpenAdapter] = open_configured,
    open_platform: OpenPlatform = open_configured_platform,
) -> AuditResult:
    """Audit what `options` select of `config`; what is known of files and verdicts goes to `ledger`.

    A past audit (`options.is_past`) takes and leaves checks of files in the ledger, for bytes have no clock,
    but its verdicts go to a ledger of its own: those of the present stay as they are.
    Raises LedgerError. A destination's failure is part of the answer, never an exception.
    """
    told = progress or Quiet()
    with ExitStack() as stack:
        platforms = stack.enter_context(closing(Platforms(config.experience_platform, open_platform)))
        audited = _read_flows(config, platforms, ledger, options, told)
        config = replace(config, flows=audited.flows)
        flows = _selected(config, options)
        book = stack.enter_context(Ledger.in_memory()) if options.is_past else ledger
        watched = _watched(flows, ledger, options)
        if options.recent:
            watched = judged_since(flows, watched, ledger, now=options.now)
        saying = Saying(book, config, options, flows, judged_since=max(watched.values(), default=None))
        places = [*_places(config, options)] if options.places else []
        choice = _choose(config, ledger, options, open_with) if options.limits.any else None
        records = RunRecords(platforms, ledger, now=options.now, clock=partial(datetime.now, UTC))
        read_with = partial(Reading, choice=choice)
        checker = verifier or stack.enter_context(Verifier(workers=options.workers))
        jobs = [
            partial(
                _audit_place,
                PlaceAudit(place.facts, own, watched, ledger, book, options, _source_of(place), records),
                place,
                open_with,
                checker,
                read_with,
            )
            for place, own in places
        ]
        readings = _look_at_places(jobs, [place for place, _ in places], saying, told)
        if not options.places:  # they are looked at for themselves: what was found there counts here
            present = read_present(ledger, config, now=options.now)
            saying.take(PlaceAnswer([*present.runs], [*present.findings], [*present.unverifiable]))
        beyond = _beyond(config, audited, platforms, ledger, options, flows, saying) if options.beyond else Beyond()
        saying.names = {**beyond.names, **saying.names}
        of_flows = [*audited.find(), *beyond.findings] if options.beyond else []
        saying.say(_told_of_platforms(platforms, [one for one in of_flows if _is_selected(one, flows, options)]))
        left = [choice.told()] if choice and choice.left_files else []
        saying.say(PlaceAnswer(unverifiable=left))
        sure = [waiver for waiver in config.waivers if waiver not in beyond.unsure]
        whole = options.looks_at_all and not left and not platforms.failures
        saying.say_of_waivers(sure, whole=whole, watched=watched)
        saying.finish(readings, [Watched(f.name, watched[f.name]) for f in flows], beyond.coverage, beyond.endings)
        care = {(f.name, d.id): d.care for f in flows for d in f.datasets if d.care != Care()}
        return replace(book.read_audit(saying.audit), names=saying.names, care=care)


def _beyond(
    config: Config,
    audited: AuditedFlows,
    platforms: Platforms,
    ledger: Ledger,
    options: AuditOptions,
    flows: Sequence[Flow],
    saying: Saying,
) -> Beyond:
    places = {flow.destination for flow in flows}
    return look_beyond(
        config,
        audited,
        platforms,
        ledger,
        options,
        flows=flows,
        destinations=[place for name, place in config.destinations.items() if name in places],
        runs=saying.runs,
        findings=saying.findings,
    )


def _read_flows(
    config: Config, platforms: Platforms, ledger: Ledger, options: AuditOptions, told: Progress
) -> AuditedFlows:
    """The configured flows, and those that Experience Platform knows, as far as they are in scope."""
    remembers = not options.is_past
    audited = AuditedFlows(config, platforms, ledger, now=options.now, remembers=remembers, asks=options.beyond)
    if config.experience_platform and options.beyond:
        told.stage("asking Experience Platform for its flows")
    audited.read(selects=lambda flow: any(options.selects(flow, dataset.id) for dataset in flow.datasets))
    return audited


def _look_at_places(
    jobs: Sequence[Callable[[Progress], tuple[PlaceAnswer, Reading | None]]],
    places: Sequence[Destination],
    saying: Saying,
    told: Progress,
) -> list[Reading]:
    """Have all destinations audited side by side. What is found at each is kept as it comes, said in their order."""
    done: dict[int, tuple[PlaceAnswer, Reading | None]] = {}
    with closing(run_each(jobs, told)) as coming:
        for number, (answer, reading) in coming:
            answer.findings = [_with_place(finding, places[number]) for finding in answer.findings]
            done[number] = saying.kept(answer), reading
    for number in sorted(done):
        saying.take(done[number][0])
    return [reading for number in sorted(done) if (reading := done[number][1])]


def _is_selected(finding: Finding, flows: Sequence[Flow], options: AuditOptions) -> bool:
    """Whether a finding about a flow is in scope; one about a flow that is not configured, if nothing is left out."""
    return any(flow.name == finding.flow for flow in flows) or not (options.is_partial or options.destination)


def _told_of_platforms(platforms: Platforms, of_flows: Sequence[Finding]) -> PlaceAnswer:
    """What is said of the sandboxes themselves, and of their flows."""
    answer = PlaceAnswer(findings=[*of_flows])
    for name, error in sorted(platforms.failures.items()):
        finding, doubt = find_platform_trouble(name, trouble_of_platform(error))
        answer.findings.append(finding)
        answer.unverifiable.append(doubt)
    return answer


def _audit_place(
    place: PlaceAudit,
    destination: Destination,
    open_with: Callable[[Destination], OpenAdapter],
    verifier: Verifier,
    read_with: Callable[..., Reading],
    progress: Progress,
) -> tuple[PlaceAnswer, Reading | None]:
    with verifier.in_use():
        return place.run(open_with(destination), verifier, progress, read_with)


def _source_of(destination: Destination) -> str:
    """What the destination's name stands for: moved elsewhere, it has another past."""
    return "\0".join((destination.type, destination.place, str(destination.options.get("endpoint_url", ""))))


def _with_place(finding: Finding, destination: Destination) -> Finding:
    """A refusal of a place, with where that place is by the configuration: a mistyped name is seen at once."""
    if CATALOGUE[finding.code].family != "access":
        return finding
    return replace(finding, message=f"{finding.message}; looked at {inert(destination.place)}")


def plan_audit(
    config: Config,
    ledger: Ledger,
    options: AuditOptions,
    *,
    open_with: Callable[[Destination], OpenAdapter] = open_configured,
    open_platform: OpenPlatform = open_configured_platform,
) -> AuditPlan:
    """What an audit with these options would read: lists and matches, opens nothing, writes nothing down."""
    with closing(Platforms(config.experience_platform, open_platform)) as platforms:
        audited = AuditedFlows(config, platforms, ledger, now=options.now, remembers=False)
        audited.read()
        config = replace(config, flows=audited.flows)
    tally, troubles = _tally(config, ledger, options, open_with)
    return tally.told(troubles, ledger)


def _choose(
    config: Config, ledger: Ledger, options: AuditOptions, open_with: Callable[[Destination], OpenAdapter]
) -> Choice:
    """The newest files, over all destinations, that fit into the limits."""
    return _tally(config, ledger, options, open_with)[0].newest.choice()


def _tally(
    config: Config, ledger: Ledger, options: AuditOptions, open_with: Callable[[Destination], OpenAdapter]
) -> tuple[Tally, list[str]]:
    tally = Tally(Newest(options.limits))
    watched = _watched(_selected(config, options), ledger, options)
    places = [*_places(config, options)]
    troubles: dict[int, list[str]] = {}
    with Ledger.in_memory() as nowhere:
        jobs = [
            partial(
                _audit_place,
                PlaceAudit(place.facts, own, watched, ledger, nowhere, options, _source_of(place)),
                place,
                open_with,
                Verifier(),
                partial(Planning, tally),
            )
            for place, own in places
        ]
        with closing(run_each(jobs, Quiet())) as coming:
            for number, (answer, _) in coming:
                doubts = (doubt for doubt in answer.unverifiable if doubt.subject.startswith("destination "))
                troubles[number] = [doubt.reason for doubt in doubts]
    return tally, [told for number in sorted(troubles) for told in troubles[number]]


def _selected(config: Config, options: AuditOptions) -> list[Flow]:
    return [f for f in config.flows.values() if any(options.selects(f, d.id) for d in f.datasets)]


def _places(config: Config, options: AuditOptions) -> Iterator[tuple[Destination, list[Flow]]]:
    """The destinations in scope, each with all its flows, those out of scope included."""
    selected = {flow.destination for flow in _selected(config, options)}
    for name, destination in config.destinations.items():
        if name in selected:
            yield destination, [f for f in config.flows.values() if f.destination == name]


def _watched(flows: list[Flow], ledger: Ledger, options: AuditOptions) -> dict[str, datetime]:
    """Since when each flow is watched: its first audit counts, not the configuration's."""
    return {f.name: watched_since(f, first_audit=_first(ledger, f, options), since=options.since) for f in flows}


def _first(ledger: Ledger, flow: Flow, options: AuditOptions) -> datetime:
    first = ledger.first_audit_of(flow.name)
    return min(first, options.now) if first else options.now
