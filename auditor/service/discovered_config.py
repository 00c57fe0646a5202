"""From what sandboxes export to a configuration that loads: written anew, or brought into one that is there."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from auditor.propose.discovered import Discovery, Known, NewDestination, NewFlow, arrange, claims_of
from auditor.propose.discovered_changes import GONE, Change, compare
from auditor.propose.discovered_merging import Merged, merge
from auditor.propose.discovered_places import FoundFlow, Place, fits, place_of
from auditor.propose.discovered_writing import Source, render_discovery
from auditor.service.discovering import SandboxFlows
from auditor.settings import Config, ConfigError, load_config
from auditor.settings.platforms import Platforms

__all__ = ["Written", "merge_config", "write_config"]

SECRET_VARIABLE = "AUDIT_AEP_SECRET"  # noqa: S105 (a name)


@dataclass(frozen=True, slots=True)
class Written:
    """The text of a configuration, and what stands in it."""

    text: str
    discovery: Discovery
    changes: tuple[Change, ...] = ()
    elsewhere: tuple[str, ...] = ()  # flows of included files, which are not changed


def write_config(platforms: Platforms, sandboxes: Sequence[SandboxFlows], *, now: datetime) -> Written:
    """A whole configuration. Raises ConfigError if it would not load; ValueError for a name that none can hold."""
    sources = [_source(one, platforms) for one in sandboxes]
    trial = _Trial(sources)
    found = [flow for one in sandboxes for flow in one.flows]
    discovery = arrange(found, now=now, find_refusal=trial.find_refusal)
    if discovery.flows:
        trial.load(discovery)
    return Written(render_discovery(discovery, sources), discovery)


def merge_config(
    text: str, config: Config | None, platforms: Platforms, sandboxes: Sequence[SandboxFlows], *, now: datetime
) -> Written:
    """`text` with what is new and what changed; `config` is what it says, None if it has no flows yet.

    Nothing is concluded about the flows of a sandbox that could not be read. Raises CannotEditError.
    """
    known = Known(config.destinations, config.flows) if config else Known()
    found = [flow for one in sandboxes for flow in one.flows]
    tied = _tie(found, known)
    changes = [
        compare(known.flows[name], one, moved_to=_moved_to(one, known, name), now=now) for name, one in tied.items()
    ]
    changes = [_without_foreign(change, known) for change in changes]
    changes += _gone(known, tied, [one.platform for one in sandboxes if one.failure is None])
    new = [one for one in found if one not in set(tied.values())]
    trial = _Trial([_source(one, platforms) for one in sandboxes])
    discovery = arrange(new, now=now, known=known, find_refusal=trial.find_refusal)
    order = {name: place for place, name in enumerate(known.flows)}
    changes.sort(key=lambda change: order[change.flow])
    merged: Merged = merge(text, discovery, changes)
    return Written(merged.text, discovery, tuple(changes), merged.elsewhere)


def _tie(found: Iterable[FoundFlow], known: Known) -> dict[str, FoundFlow]:
    """Which configured flow is which dataflow: by its id; else by place and datasets, where only one fits."""
    listed = list(found)
    by_id = {(one.version.platform, one.version.flow_id): one for one in listed}
    tied = {
        name: one
        for name, flow in known.flows.items()
        if flow.flow_id and (one := by_id.get((flow.experience_platform, flow.flow_id)))
    }
    taken = set(tied.values())
    for name, flow in known.flows.items():
        if flow.flow_id:
            continue
        ids = {dataset.id for dataset in flow.datasets}
        destination = known.destinations.get(flow.destination)
        fitting = [
            one
            for one in listed
            if one not in taken
            and destination is not None
            and fits(one, destination)
            and ids & {dataset.id for dataset in one.version.datasets}
        ]
        if len(fitting) == 1:
            tied[name] = fitting[0]
            taken.add(fitting[0])
    return tied


def _moved_to(found: FoundFlow, known: Known, name: str) -> str:
    """Where a flow writes now, for people; "" where that is its configured destination."""
    destination = known.destinations.get(known.flows[name].destination)
    if destination is None or destination.type == "local" or fits(found, destination):
        return ""
    return place_of(found).told


def _without_foreign(change: Change, known: Known) -> Change:
    """Datasets whose folders another flow has already are told, not added: two cannot own one folder."""
    flow = known.flows[change.flow]
    owners = {
        claim: other.name
        for other in known.flows.values()
        for claim in claims_of(other.destination, other.folder_template, other.datasets)
    }
    claims = dict(zip(change.datasets, claims_of(flow.destination, flow.folder_template, change.datasets), strict=True))
    foreign = {dataset: owners[claim] for dataset, claim in claims.items() if claim in owners}
    told = [f"exports {dataset.id} to the folders of flow {owner} too" for dataset, owner in foreign.items()]
    own = tuple(dataset for dataset in change.datasets if dataset not in foreign)
    return replace(change, datasets=own, tell=(*change.tell, *told))


def _gone(known: Known, tied: Mapping[str, FoundFlow], read: Sequence[str]) -> list[Change]:
    return [
        Change(name, tell=(GONE,))
        for name, flow in known.flows.items()
        if flow.flow_id and flow.experience_platform in read and name not in tied
    ]


def _source(sandbox: SandboxFlows, platforms: Platforms) -> Source:
    """How a sandbox is written down: its secret as a reference only."""
    section, remarks = dict(platforms.written.get(sandbox.platform, {})), []
    if not any(key.startswith("client_secret") for key in section):
        section["client_secret"] = f"${{{SECRET_VARIABLE}}}"
        remarks.append(
            f"TODO: set the variable {SECRET_VARIABLE}; the secret itself is not copied from {platforms.path}"
        )
    return Source(sandbox.platform, section, remarks, len(sandbox.flows), str(sandbox.failure or ""))


class _Trial:
    """Loads what was written, as an audit would. Nothing is reached for, and no secret is needed."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = [replace(one, section=_without_secret(one.section)) for one in sources]

    def find_refusal(self, flow: NewFlow, place: Place | None) -> str:
        """Why a flow alone cannot stand in a configuration; "" if it can."""
        alone = NewDestination(flow.destination, place or Place("s3", "trial", ""))
        try:
            self.load(Discovery((alone,), (flow,)))
        except ConfigError as error:
            return "; ".join(dict.fromkeys(problem.message for problem in error.problems))
        except ValueError as error:  # a name that is no text
            return str(error)
        return ""

    def load(self, discovery: Discovery) -> None:
        """Raises ConfigError where a configuration of it would have mistakes, ValueError as render_discovery."""
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "discovered.yaml"
            path.write_text(render_discovery(discovery, self._sources), encoding="utf-8")
            load_config(path)


def _without_secret(section: Mapping[str, str]) -> dict[str, str]:
    kept = {key: value for key, value in section.items() if not key.startswith("client_secret")}
    return {**kept, "client_secret": "stand-in"}
