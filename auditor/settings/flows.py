"""The flows of a configuration, complete: what is set, then the defaults."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from auditor.model import (
    ArrivalClock,
    Care,
    Compression,
    CountTolerance,
    Dataset,
    EmptyRuns,
    Encryption,
    FileFormat,
    Flow,
    Level,
    Mode,
)
from auditor.settings.destinations import Destination, Platforms
from auditor.settings.experience_platform import find_platform
from auditor.settings.models import CareSection, DatasetSection, DefaultsSection, FlowSection
from auditor.settings.problems import Path, did_you_mean, quoted
from auditor.settings.schedules import read_schedules
from auditor.settings.sections import read_section
from auditor.settings.severities import read_severities
from auditor.settings.windows import read_windows
from auditor.settings.yaml_tree import Tree, Value

DEFAULT_TEMPLATE = "%DATASET_ID%/%EXPORT_TIME%"


def read_flows(
    given: dict[str, Value],
    defaults: DefaultsSection,
    destinations: Mapping[str, Destination | None],
    platforms: Platforms,
    tree: Tree,
) -> dict[str, Flow]:
    """Every flow without mistakes, by name. `destinations` and `platforms`: None for those that have some."""
    flows: dict[str, Flow] = {}
    for name, value in given.items():
        path: Path = ("flows", name)
        _check_destination(value, destinations, path, tree)
        severities = read_severities(value, path, tree)
        if (section := read_section(FlowSection, _listed(value), path, tree)) is not None:
            _check_platform(section, platforms, path, tree)
            flow = _flow(name, section, defaults, destinations.get(section.destination), tree)
            flows[name] = replace(flow, severities=severities)
    _find_shared_datasets(flows, tree)
    _find_shared_ids(flows, tree)
    return flows


def default_flow(defaults: DefaultsSection) -> Flow:
    """A flow of which nothing is said: what `defaults` and the product's own defaults make of it."""
    nothing = FlowSection(destination="", datasets=[], schedule=[])
    return _flow("", nothing, defaults, None, Tree(value={}))


def _listed(given: Value) -> Value:
    """One schedule alone is a list of one."""
    if isinstance(given, dict) and isinstance(schedule := given.get("schedule"), dict | str):
        return {**given, "schedule": [schedule]}
    return given


def _check_destination(given: Value, known: Iterable[str], path: Path, tree: Tree) -> None:
    name = given.get("destination") if isinstance(given, dict) else None
    if isinstance(name, str) and name not in (names := list(known)):
        hint = did_you_mean(name, names) or (f" Known are: {', '.join(map(quoted, names))}." if names else "")
        tree.add((*path, "destination"), f"{quoted(name)} is no destination; add it to destinations.{hint}")


def _check_platform(section: FlowSection, platforms: Platforms, path: Path, tree: Tree) -> None:
    """Run records are found by the platform and the flow's id there: one without the other finds none."""
    if section.experience_platform is None and section.flow_id is None:
        return
    if section.experience_platform is None:
        tree.add((*path, "flow_id"), "needs experience_platform beside it: in which sandbox is this flow?")
    else:
        find_platform(section.experience_platform, platforms, (*path, "experience_platform"), tree)
    if section.flow_id is None:
        tree.add((*path, "experience_platform"), "needs flow_id beside it: which flow of that sandbox is this?")


def _find_shared_ids(flows: Mapping[str, Flow], tree: Tree) -> None:
    first: dict[tuple[str, str], str] = {}
    for flow in flows.values():
        other = first.setdefault((flow.experience_platform, flow.flow_id), flow.name) if flow.flow_id else flow.name
        if other != flow.name:
            tree.add(("flows", flow.name, "flow_id"), f"is that of flow {quoted(other)} too; each flow has its own")


def _flow(
    name: str, section: FlowSection, defaults: DefaultsSection, destination: Destination | None, tree: Tree
) -> Flow:
    path: Path = ("flows", name)
    schedules = read_schedules(section.schedule, section.mode, (*path, "schedule"), tree)
    once = bool(schedules) and all(schedule.once for schedule in schedules)
    care = _care(section, Care())
    inherited = (destination.facts.arrival if destination else None) or defaults.arrival
    return Flow(
        name=name,
        destination=section.destination,
        datasets=_datasets(section.datasets, care, (*path, "datasets"), tree),
        schedules=schedules,
        format=section.format or FileFormat.JSON,
        compression=section.compression or Compression.GZIP,
        manifest=section.manifest,
        mode=section.mode or (Mode.ONCE if once else Mode.INCREMENTAL),
        folder_template=section.folder_template or DEFAULT_TEMPLATE,
        empty_runs=section.empty_runs or defaults.empty_runs or EmptyRuns.EITHER,
        level=_level(section, defaults),
        arrival=section.arrival or inherited or ArrivalClock.MODIFIED,
        windows=read_windows(section, defaults, path, tree),
        max_age=section.max_age if section.max_age is not None else defaults.max_age,
        watch_from=section.watch_from or defaults.watch_from,
        care=care,
        encryption=section.encryption or Encryption.NONE,
        ignore=tuple(section.ignore),
        experience_platform=section.experience_platform or "",
        flow_id=section.flow_id or "",
        count_mismatch=CountTolerance(section.count_mismatch.tolerance, section.count_mismatch.severity),
    )


def _care(section: CareSection, inherited: Care) -> Care:
    """What is said, and for the rest what is inherited. `tags: []` says that there are none."""
    return Care(
        owner=inherited.owner if section.owner is None else section.owner,
        team=inherited.team if section.team is None else section.team,
        tags=inherited.tags if section.tags is None else tuple(section.tags),
        runbook=inherited.runbook if section.runbook is None else section.runbook,
    )


def _level(section: FlowSection, defaults: DefaultsSection) -> Level:
    levels = (section.level, defaults.level, Level.L3)  # L0 is false: no `or` here
    return next(level for level in levels if level is not None)


def _datasets(sections: list[DatasetSection], care: Care, path: Path, tree: Tree) -> tuple[Dataset, ...]:
    if not sections:
        tree.add(path, "is empty; add the datasets that the dataflow exports")
    first: dict[str, int] = {}
    for index, section in enumerate(sections):
        if section.id in first:
            line = tree.spot_of((*path, first[section.id], "id")).line
            tree.add((*path, index, "id"), f"{section.id} is listed twice, first on line {line}; keep one of them")
        first.setdefault(section.id, index)
    return tuple(Dataset(section.id, section.name, _care(section, care)) for section in sections)


def _find_shared_datasets(flows: Mapping[str, Flow], tree: Tree) -> None:
    """Two flows that would both own one folder: nobody could say whose export it is."""
    owner: dict[tuple[str, str, str], str] = {}
    for flow in flows.values():
        for index, dataset in enumerate(flow.datasets):
            claim = (flow.destination, flow.folder_template, dataset.id)
            other = owner.setdefault(claim, flow.name)
            if other != flow.name:
                message = (
                    f"{dataset.id} is exported by flow {quoted(other)} to the same destination and folders too, "
                    "so that nobody can say whose export a folder is; remove it from one flow, or give "
                    "one another folder_template"
                )
                tree.add(("flows", flow.name, "datasets", index, "id"), message)
