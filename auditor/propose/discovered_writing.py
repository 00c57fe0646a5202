"""Discovered flows and destinations as YAML, as a person would have written it, with what is still to be filled in."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor.flow_model import FlowVersion
from auditor.model import Dataset, Mode, Schedule
from auditor.propose.discovered import Discovery, LeftOut, NewDestination, NewFlow
from auditor.propose.discovered_places import TODO, Place
from auditor.propose.quoting import render_comment, render_value
from auditor.settings.flows import DEFAULT_TEMPLATE
from auditor.settings.values import render_duration

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REFERENCE = re.compile(r"\$\{\w+\}", re.ASCII)
_FORMAT_UNTOLD = "TODO: json or parquet; the connection does not tell"
_COMPRESSION_UNTOLD = "TODO: gzip or none; the connection does not tell"
_MANIFEST_UNTOLD = "TODO: true if *Include manifest file* is switched on; the API does not tell"


@dataclass(frozen=True, slots=True)
class Source:
    """An organisation's sandbox that was read, or was to be. `section`: its keys, secrets as references only."""

    name: str
    section: Mapping[str, str]
    remarks: Sequence[str] = ()  # about its secret
    flows: int = 0
    failure: str = ""  # why it could not be read


def render_discovery(discovery: Discovery, sources: Sequence[Source]) -> str:
    """The whole configuration. Raises ValueError for a name that no configuration can hold."""
    lines = [*_head(sources), "experience_platform:"]
    for source in sources:
        lines.append(f"  {render_value(source.name)}:")
        lines += [f"    # {render_comment(remark)}" for remark in source.remarks]
        lines += [f"    {key}: {_setting(value)}" for key, value in source.section.items()]
    lines += ["", "destinations:"]
    for destination in discovery.destinations:
        lines += render_destination(destination)
    lines += ["", "flows:"]
    for flow in discovery.flows:
        lines += [*render_flow(flow), ""]
    lines += render_left_out(discovery.left_out)
    return "\n".join(lines).rstrip("\n") + "\n"


def _setting(value: str) -> str:
    return value if _REFERENCE.fullmatch(value) else render_value(value)


def _head(sources: Sequence[Source]) -> Iterator[str]:
    yield "# Written by `export-auditor discover` from what Experience Platform says of its dataset exports."
    yield "# Look for TODO: secrets are never read, and some facts the API does not tell."
    for source in sources:
        if source.failure:
            yield f"# NOT READ, so that its flows are missing here: {render_comment(source.name)}:"
            yield f"#   {render_comment(source.failure)}"
    yield ""


def render_destination(destination: NewDestination) -> Iterator[str]:
    """Its lines, two spaces in."""
    yield f"  {render_value(destination.name)}:"
    yield from (f"    {line}" for line in render_place(destination.place))


def render_place(place: Place) -> Iterator[str]:
    for key, value in place.lines():
        yield f"{key}: {render_value(value)}"
    yield from (f"# TODO: {told}" for told in place.todo())


def render_flow(flow: NewFlow, *, place: str = "") -> Iterator[str]:
    """Its lines, two spaces in. `place`: where it writes, if that is no destination of the configuration."""
    version = flow.version
    yield f"  {render_value(flow.name)}:"
    if place:
        yield f"    destination: {TODO}  # {render_comment(place)}"
    else:
        yield f"    destination: {render_value(flow.destination)}"
    yield f"    experience_platform: {render_value(version.platform)}"
    yield f"    flow_id: {render_flow_id(version.flow_id)}{_called(flow)}"
    if version.schedule is not None:
        yield f"    schedule: {render_schedule(version.schedule)}"
        yield from (f"    # {told}" for told in _tell_schedule(version))
    yield from _facts(version)
    yield "    datasets:"
    yield from (f"      - {render_dataset(dataset)}" for dataset in flow.datasets)
    for dataset, owner in flow.shared:
        told = f"{dataset.id} {dataset.name}".strip()
        yield f"      # {render_comment(told)}: flow {render_comment(owner)} exports it to the same folders, so that"
        yield "      # nobody can say whose export is whose"
    for problem in version.problems:
        yield f"    # TODO: Experience Platform's record {render_comment(problem)}"


def render_flow_id(flow_id: str) -> str:
    """Plain, as it is shown everywhere: no reader takes a UUID for a number."""
    return flow_id if _UUID.fullmatch(flow_id) else render_value(flow_id)


def _called(flow: NewFlow) -> str:
    """Its name there, where it is another one here."""
    name = flow.version.name
    return f"  # {render_comment(name)}" if name and name != flow.name else ""


def _tell_schedule(version: FlowVersion) -> Iterator[str]:
    schedule, changed = version.schedule, version.updated
    if schedule is None:
        return
    if changed is not None and changed > schedule.start:
        yield f"The dataflow was last changed on {changed:%Y-%m-%d %H:%M}Z; what held before is not told. To leave out"
        yield f"earlier exports, add watch_from: {render_instant(changed)}"
    if schedule.end is None and not schedule.once:
        yield "No end is told: see in Experience Platform whether the dataflow has one."


def _facts(version: FlowVersion) -> Iterator[str]:
    yield f"    format: {version.format}" if version.format else f"    format: json  # {_FORMAT_UNTOLD}"
    yield (
        f"    compression: {version.compression}"
        if version.compression
        else f"    compression: gzip  # {_COMPRESSION_UNTOLD}"
    )
    if version.manifest is None:
        yield f"    manifest: false  # {_MANIFEST_UNTOLD}"
    else:
        yield f"    manifest: {'true' if version.manifest else 'false'}"
    if version.mode is not Mode.ONCE:
        yield f"    mode: {version.mode}"
    if version.folder_template not in ("", DEFAULT_TEMPLATE):
        yield f"    folder_template: {render_value(version.folder_template)}"


def render_schedule(schedule: Schedule) -> str:
    """`{every: 3h, start: …, end: …}`. No schedule of Flow Service has cron."""
    every = "once" if schedule.every is None else render_duration(schedule.every)
    end = f", end: {render_instant(schedule.end)}" if schedule.end else ""
    return f"{{every: {every}, start: {render_instant(schedule.start)}{end}}}"


def render_dataset(dataset: Dataset) -> str:
    """`{id: …, name: …}`."""
    name = f", name: {render_value(dataset.name)}" if dataset.name else ""
    return f"{{id: {render_value(dataset.id)}{name}}}"


def render_left_out(left_out: Sequence[LeftOut]) -> Iterator[str]:
    """Flows from which nothing is expected, as comments: what to take off the # from, should they be."""
    if left_out:
        yield "  # Left out: nothing is expected from these. To expect it all the same, take off the # in front."
    for one in left_out:
        yield "  #"
        yield f"  # It {render_comment(one.why)}:"
        for line in render_flow(one.flow, place=one.place):
            yield f"  # {line[2:]}".rstrip()


def render_instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
