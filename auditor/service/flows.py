"""The flows of one audit: those of the configuration, and those that Experience Platform itself tells."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from adapters.base import DestinationError
from auditor.flow.history import Sighting, Spell, list_datasets, list_schedules, list_spells
from auditor.flow_model import FlowVersion
from auditor.ledger import Ledger
from auditor.ledger.flow_versions import SeenVersion
from auditor.model import Compression, Dataset, FileFormat, Finding, Flow
from auditor.propose.discovered_names import choose_names, slug
from auditor.propose.discovered_places import FoundFlow, fits
from auditor.reconcile.drift import find_weakenings, tells_as_much
from auditor.reconcile.drifted import Measured, find_drift, find_unknown_flow, find_unmatched, find_unread
from auditor.reconcile.subject import Subject
from auditor.service.platforms import Platforms, PlatformSource
from auditor.settings import Config
from auditor.settings.experience_platform import ExperiencePlatformFacts


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What was read of one sandbox's flows in this audit."""

    platform: str
    read_at: datetime
    versions: Mapping[str, FlowVersion] = field(default_factory=dict)  # of its dataset exports, by flow id
    there: frozenset[str] = frozenset()  # configured ids that are flows of another kind


class AuditedFlows:
    """Reads the flows of the sandboxes that matter, says which are expected, and what is to be said of them.

    `remembers`: the audit is one of the present, and what was read becomes part of the flows' past. Without `asks`,
    they are as the ledger last saw them.
    """

    def __init__(
        self,
        config: Config,
        platforms: Platforms,
        ledger: Ledger,
        *,
        now: datetime,
        remembers: bool,
        asks: bool = True,
    ) -> None:
        self._config = config
        self._platforms = platforms
        self._ledger = ledger
        self._now = now
        self._remembers = remembers
        self._asks = asks
        self.sandboxes: dict[str, Sandbox] = {}  # those whose flows were read
        self.flows: dict[str, Flow] = dict(config.flows)
        self._unmatched: list[FlowVersion] = []
        self._unread: list[FlowVersion] = []  # of those that are followed: too little is known to expect anything
        self._newest: dict[tuple[str, str], str] = {}  # by platform and flow id: which of its names is that of today

    def read(self, *, selects: Callable[[Flow], bool] = lambda _: True) -> None:
        """Ask, and put `flows` together. What could not be read is in the failures of the platforms.

        `selects`: which flows of the configuration are looked at; a sandbox of others alone is not asked.
        """
        for name, facts in self._config.experience_platform.items():
            follows = facts.discover
            if self._asks and ((self._remembers and any(map(selects, self._configured(name)))) or follows):
                self._read(name)
            if follows:
                self._follow(name)

    def find(self) -> Iterator[Finding]:
        """What is to be said of flows that were read: switched off, weakened, other than configured, unmatched."""
        for version in self._unmatched:
            yield from find_unmatched(version)
        for version in self._unread:
            yield from find_unread(version)
        if self._remembers:
            for flow in self.flows.values():
                is_newest = self._newest.get((flow.experience_platform, flow.flow_id), flow.name) == flow.name
                if (sandbox := self.sandboxes.get(flow.experience_platform)) and is_newest:
                    yield from self._drift(flow, sandbox)

    def _configured(self, platform: str) -> list[Flow]:
        return [flow for flow in self._config.flows.values() if flow.experience_platform == platform]

    def _read(self, name: str) -> None:
        try:
            versions = {one.flow_id: one for one in self._platforms.ask(name, lambda source: source.read_exports())}
            known = {one.version.flow_id: one for one in self._ledger.latest_flow_versions(name) if one.gone_at is None}
            unlisted = ({flow.flow_id for flow in self._configured(name)} | known.keys()) - versions.keys()
            there = {one for one in sorted(unlisted) if self._platforms.ask(name, partial(_has_flow, one))}
        except DestinationError:
            return
        # Left out of the list, and there: nobody says that it was deleted.
        versions |= {flow_id: known[flow_id].version for flow_id in there & known.keys()}
        self.sandboxes[name] = Sandbox(name, self._now, versions, frozenset(there - known.keys()))
        if self._remembers:
            self._ledger.record_flow_versions(name, versions.values(), at=self._now, complete=True)

    def _follow(self, name: str) -> None:
        """Every flow that the sandbox has or had, as expected, at the destinations that it writes or wrote to."""
        pasts = sorted(self._pasts(name), key=lambda past: (past[0].first, past[0].version.flow_id))
        own = {flow.flow_id: flow for flow in self._configured(name)}
        names = self._names(name, pasts, own)
        for past in pasts:
            flow_id = past[0].version.flow_id
            self._newest[name, flow_id] = names[flow_id]
            if flow_id not in own and _was_over(past):
                continue
            expected = list(self._as_expected(names[flow_id], past, own.get(flow_id)))
            self.flows |= {flow.name: flow for flow in expected}
            newest = past[-1]
            if not expected and flow_id not in own and newest.gone is None and newest.version not in self._unmatched:
                self._unread.append(newest.version)

    def _names(self, platform: str, pasts: Sequence[Sequence[Sighting]], own: Mapping[str, Flow]) -> dict[str, str]:
        """By flow id; from the name it first had, so that a flow that is renamed stays what it was."""
        chosen = {flow_id: flow.name for flow_id, flow in own.items()}
        taken = {*self.flows}
        for past in pasts:
            first = past[0].version
            if first.flow_id not in chosen:
                base = slug(first.name) or first.flow_id
                chain = [base, f"{base}-{slug(platform)}", f"{base}-{first.flow_id[:8]}"]
                (name,) = choose_names([chain], taken=taken)
                chosen[first.flow_id] = name
                taken.add(name)
        return chosen

    def _pasts(self, name: str) -> Iterator[list[Sighting]]:
        known = {one.version.flow_id for one in self._ledger.latest_flow_versions(name)}
        for flow_id in sorted(known):
            seen = [one for one in self._ledger.flow_history(name, flow_id) if one.first_seen_at <= self._now]
            if seen:
                yield [_sighting(one, self._now) for one in seen]
        if sandbox := self.sandboxes.get(name):  # an audit of the past that has seen nothing of a flow before
            for flow_id in sorted(sandbox.versions.keys() - known):
                yield [Sighting(sandbox.versions[flow_id], self._now, self._now)]

    def _as_expected(self, name: str, past: Sequence[Sighting], own: Flow | None) -> Iterator[Flow]:
        """One flow for each destination and folder layout that it had; the newest has its name."""
        spells = list_spells(past)
        places = [self._place(spell, own) for spell in spells]
        if places[-1] is None and past[-1].gone is None and not spells[-1].is_off:
            self._unmatched.append(past[-1].version)
        for place in dict.fromkeys(place for place in places if place is not None):
            mine = [spell if at == place else _elsewhere(spell) for spell, at in zip(spells, places, strict=True)]
            last = max(number for number, at in enumerate(places) if at == place)
            ends = "" if place == places[-1] else f" until {spells[last].until:%Y-%m-%d}"
            flow = self._flow(f"{name}{ends}", place[0], mine, spells[last], own)
            if flow.schedules and flow.datasets:
                yield flow

    def _place(self, spell: Spell, own: Flow | None) -> tuple[str, str] | None:
        """(destination, folder template) of a version; None where no destination of the configuration fits."""
        template = spell.version.folder_template or self._config.usual.folder_template
        found = FoundFlow(spell.version)
        fitting = [name for name, place in self._config.destinations.items() if fits(found, place)]
        if own is not None and (own.destination in fitting or not fitting):
            return own.destination, spell.version.folder_template or own.folder_template
        return (fitting[0], template) if fitting else None

    def _flow(self, name: str, destination: str, spells: Sequence[Spell], newest: Spell, own: Flow | None) -> Flow:
        version, base = newest.version, own or self._config.usual
        care = {dataset.id: dataset for dataset in base.datasets}
        datasets = tuple(_cared_for(one, care.get(one.id), base) for one in list_datasets(spells))
        facts = self._config.destinations[destination].facts
        since = _same_since(spells)
        return replace(
            base,
            name=name,
            destination=destination,
            datasets=datasets,
            schedules=list_schedules(spells),
            format=version.format or (own.format if own else FileFormat.JSON),
            compression=version.compression or (own.compression if own else Compression.GZIP),
            manifest=version.manifest if version.manifest is not None else base.manifest,
            mode=version.mode,
            folder_template=version.folder_template or base.folder_template,
            arrival=base.arrival if own else facts.arrival or base.arrival,
            watch_from=max(filter(None, (base.watch_from, since)), default=None),
            experience_platform=version.platform,
            flow_id=version.flow_id,
        )

    def _drift(self, flow: Flow, sandbox: Sandbox) -> Iterator[Finding]:
        platform, flow_id = flow.experience_platform, flow.flow_id
        history = self._ledger.flow_history(platform, flow_id)
        facts = self._config.destinations[flow.destination].facts
        subject = Subject(flow.destination, flow.name, severities={**facts.severities, **flow.severities})
        measured = Measured(
            flow,
            sandbox.versions.get(flow_id),
            is_configured=flow.name in self._config.flows,
            is_followed=self._config.experience_platform[platform].discover,
        )
        if not history or flow_id in sandbox.there:
            yield from find_unknown_flow(subject, measured)
            return
        baseline = self._ledger.flow_baseline(platform, flow_id) or history[0]
        measured = replace(measured, baseline=baseline.version, baseline_seen=baseline.first_seen_at)
        yield from find_drift(subject, measured, now=self._now)
        if not find_weakenings(baseline.version, measured.now) and tells_as_much(baseline.version, history[-1].version):
            baseline = history[-1]  # a change that weakens nothing is what the next one is measured by
        self._ledger.set_flow_baseline(platform, flow_id, baseline.id, at=self._now)


def known_flows(config: Config, ledger: Ledger, *, now: datetime) -> Mapping[str, Flow]:
    """The flows of the configuration, and those that Experience Platform had when it was last asked."""
    nobody = Platforms({}, _refuse_to_ask)
    audited = AuditedFlows(config, nobody, ledger, now=now, remembers=False, asks=False)
    audited.read()
    return audited.flows


def _refuse_to_ask(facts: ExperiencePlatformFacts) -> PlatformSource:
    raise AssertionError(f"{facts} is not to be asked")


def _has_flow(flow_id: str, source: PlatformSource) -> bool:
    return source.has_flow(flow_id)


def _was_over(past: Sequence[Sighting]) -> bool:
    """Whether a flow had come to its end, or was switched off, whenever anybody looked."""
    first = past[0]
    ended = first.version.ends is not None and first.version.ends < first.first
    return (ended and len(past) == 1) or all(one.version.is_off for one in past)


def _sighting(seen: SeenVersion, now: datetime) -> Sighting:
    gone = seen.gone_at if seen.gone_at is not None and seen.gone_at <= now else None
    return Sighting(seen.version, seen.first_seen_at, min(seen.last_seen_at, now), gone)


def _elsewhere(spell: Spell) -> Spell:
    """A time in which the flow wrote to another place: here nothing was due."""
    return replace(spell, version=replace(spell.version, state="disabled"))


def _cared_for(dataset: Dataset, configured: Dataset | None, base: Flow) -> Dataset:
    """The name and the care that the configuration gives win."""
    if configured is None:
        return replace(dataset, care=base.care)
    return replace(dataset, name=configured.name or dataset.name, care=configured.care)


def _same_since(spells: Sequence[Spell]) -> datetime | None:
    """Since when files have the form that they have now: what is older is not held against it. None: ever."""
    on = [spell for spell in spells if not spell.is_off]
    forms = [(spell.version.format, spell.version.compression, spell.version.manifest) for spell in on]
    return next((on[n].since for n in range(len(on) - 1, 0, -1) if forms[n] != forms[n - 1]), None)
