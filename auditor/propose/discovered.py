"""What Flow Service told, arranged as a person would write it: places, flows, and those that are left out. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from auditor.flow_model import FlowVersion
from auditor.model import Dataset, Flow
from auditor.propose.discovered_names import choose_names, slug
from auditor.propose.discovered_places import FoundFlow, Place, fits, place_of
from auditor.settings import Destination
from auditor.settings.flows import DEFAULT_TEMPLATE

WATCHED: Final = timedelta(days=30)
"""So far back an audit looks the first time. A flow that ended since is expected up to its end."""


@dataclass(frozen=True, slots=True)
class NewFlow:
    """A flow that is to be written. `shared`: its datasets that another flow exports to the same folders."""

    name: str
    destination: str
    version: FlowVersion
    datasets: tuple[Dataset, ...]
    shared: tuple[tuple[Dataset, str], ...] = ()  # with the name of that flow


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A flow from which nothing is expected, and why: an end of a sentence that begins with the flow."""

    flow: NewFlow
    why: str
    place: str = ""  # for people, where no destination is written for it


@dataclass(frozen=True, slots=True)
class NewDestination:
    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Discovery:
    """Everything that is to be written."""

    destinations: tuple[NewDestination, ...] = ()
    flows: tuple[NewFlow, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What a configuration has already."""

    destinations: Mapping[str, Destination] = field(default_factory=dict)
    flows: Mapping[str, Flow] = field(default_factory=dict)

    def destination_of(self, found: FoundFlow) -> str:
        """The name of the destination that a flow exports to; "" if there is none, or more than one."""
        names = [name for name, one in self.destinations.items() if fits(found, one)]
        return names[0] if len(names) == 1 else ""


def arrange(
    found: Iterable[FoundFlow],
    *,
    now: datetime,
    known: Known | None = None,
    find_refusal: Callable[[NewFlow, Place | None], str] = lambda _flow, _place: "",
) -> Discovery:
    """All of `found` with names that `known` does not use yet. In the order of places, then of names.

    `find_refusal` says why a flow cannot stand in a configuration ("": it can). `now` tells which flows have ended.
    """
    known = known or Known()
    listed = sorted(found, key=lambda one: (one.version.platform, one.version.name, one.version.flow_id))
    places: dict[FoundFlow, Place] = {one: place_of(one) for one in listed if not known.destination_of(one)}
    named = _name_places(places.values(), known)
    flow_names = _name_flows(listed, known)
    arranged = _Arranged(known, named)
    for one in listed:
        place = places.get(one)
        flow = NewFlow(
            flow_names[one],
            named[place] if place else known.destination_of(one),
            one.version,
            one.version.datasets,
        )
        arranged.take(flow, place, find_refusal, now)
    return arranged.discovery()


def why_left_out(version: FlowVersion, now: datetime) -> str:
    """Why nothing is expected from a flow any more, or yet; "" if something is."""
    if not version.is_at_work:
        return f"is {version.state}: Experience Platform exports nothing while it is"
    if version.ends is not None and version.ends < now - WATCHED:
        return f"ended {version.ends:%Y-%m-%d %H:%M}Z: Experience Platform exports nothing after that, and says nothing"
    if version.schedule is None or not version.datasets:
        told = "; ".join(version.problems) or "has no schedule"
        return f"cannot be written as a flow: it {told}"
    return ""


def claims_of(destination: str, template: str, datasets: Iterable[Dataset]) -> Iterator[tuple[str, str, str]]:
    """What only one flow can have: the folders of a dataset."""
    return ((destination, template or DEFAULT_TEMPLATE, dataset.id) for dataset in datasets)


class _Arranged:
    def __init__(self, known: Known, named: Mapping[Place, str]) -> None:
        self._named = named
        self._owners = {
            claim: flow.name
            for flow in known.flows.values()
            for claim in claims_of(flow.destination, flow.folder_template, flow.datasets)
        }
        self._flows: list[NewFlow] = []
        self._left: list[LeftOut] = []
        self._used: dict[str, Place] = {}

    def take(
        self, flow: NewFlow, place: Place | None, find_refusal: Callable[[NewFlow, Place | None], str], now: datetime
    ) -> None:
        why = why_left_out(flow.version, now)
        if not why and (reason := find_refusal(flow, place)):
            why = f"cannot stand in a configuration: {reason}"
        mine = flow if why else self._without_shared(flow)
        if not why and not mine.datasets:
            why = f"exports to the same folders as {', '.join(sorted({owner for _, owner in mine.shared}))}"
        if why:
            self._left.append(LeftOut(flow, why, place.told if place else ""))
            return
        self._flows.append(mine)
        if place is not None:
            self._used[mine.destination] = place

    def _without_shared(self, flow: NewFlow) -> NewFlow:
        own: list[Dataset] = []
        shared: list[tuple[Dataset, str]] = []
        for dataset in flow.datasets:
            (claim,) = claims_of(flow.destination, flow.version.folder_template, [dataset])
            owner = self._owners.setdefault(claim, flow.name)
            if owner == flow.name:
                own.append(dataset)
            else:
                shared.append((dataset, owner))
        return replace(flow, datasets=tuple(own), shared=tuple(shared))

    def discovery(self) -> Discovery:
        left = [
            one if one.flow.destination not in self._used and one.place else replace(one, place="")
            for one in self._left
        ]
        return Discovery(
            tuple(NewDestination(name, self._used[name]) for name in sorted(self._used)),
            tuple(sorted(self._flows, key=lambda flow: (flow.destination, flow.name))),
            tuple(left),
        )


def _name_places(places: Iterable[Place], known: Known) -> dict[Place, str]:
    distinct = list(dict.fromkeys(places))
    return dict(zip(distinct, choose_names([one.names for one in distinct], taken=known.destinations), strict=True))


def _name_flows(found: Sequence[FoundFlow], known: Known) -> dict[FoundFlow, str]:
    chains = []
    for one in found:
        version = one.version
        plain = slug(version.name) or f"flow-{version.flow_id[:8]}"
        chains.append((plain, f"{plain}-{slug(version.platform)}", f"{plain}-{version.flow_id[:8]}", version.flow_id))
    return dict(zip(found, choose_names(chains, taken=known.flows), strict=True))
