"""What Experience Platform now says of a flow that a configuration has: what to bring in step, what to tell. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from auditor.expect import due_times
from auditor.flow_model import FlowVersion
from auditor.model import Dataset, Flow, Schedule
from auditor.propose.discovered import why_left_out
from auditor.propose.discovered_places import FoundFlow
from auditor.propose.discovered_writing import render_schedule
from auditor.settings.flows import DEFAULT_TEMPLATE

GONE: Final = "no dataflow of this flow_id is in its sandbox any more"
_COMPARED: Final = 25  # due times
_FAR: Final = datetime.fromisoformat("9000-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Change:
    """What to do to one flow of the configuration. `tell`: what is left to a person, one sentence each."""

    flow: str
    flow_id: str = ""  # to be added, with the platform's name
    platform: str = ""
    end: datetime | None = None  # to be set in its last schedule
    schedule: Schedule | None = None  # to be added behind its last one
    datasets: tuple[Dataset, ...] = ()  # to be added
    tell: tuple[str, ...] = ()

    @property
    def is_something(self) -> bool:
        return bool(self.flow_id or self.end or self.schedule or self.datasets or self.tell)


def compare(flow: Flow, found: FoundFlow, *, moved_to: str, now: datetime) -> Change:
    """What differs between a configured flow and the dataflow. `moved_to`: where it writes now; "": to the same.

    Only what adds expectations or follows the schedule is changed by itself. What the past is judged by (format,
    place, template) and what would expect less (a dataset that is no longer exported) is told and left.
    """
    version = found.version
    known = {dataset.id for dataset in flow.datasets}
    schedule, end = _compare_schedules(flow.schedules[-1], version)
    tied = (flow.experience_platform, flow.flow_id) == (version.platform, version.flow_id)
    return Change(
        flow.name,
        "" if tied else version.flow_id,
        "" if tied else version.platform,
        end,
        schedule,
        tuple(dataset for dataset in version.datasets if dataset.id not in known),
        tuple(_tell(flow, version, moved_to, now)),
    )


def _compare_schedules(last: Schedule, version: FlowVersion) -> tuple[Schedule | None, datetime | None]:
    """A schedule to be added, or an end to be set."""
    told = version.schedule
    if told is None:
        return None, None
    if _same_due_times(last, told):
        # No end there proves nothing: older flows are not told theirs.
        return None, told.end if told.end is not None and told.end != last.end else None
    start = told.start
    if start <= last.start and version.updated is not None and version.updated > last.start:
        # Edited without a new start: what held before the change is the past's.
        start = next(due_times([told], since=version.updated, until=_FAR), told.start)
    if start <= last.start:
        return None, None
    return Schedule(start, told.end, told.every, once=told.once), None


def _same_due_times(last: Schedule, told: Schedule) -> bool:
    """Whether both mean the same from the later start on, but for ends and planned pauses, which nobody tells.

    `last` may be a cron expression.
    """
    since = max(last.start, told.start)
    plain = (Schedule(one.start, None, one.every, one.cron, one.zone, one.once) for one in (last, told))
    ours, theirs = (list(islice(due_times([one], since=since, until=_FAR), _COMPARED)) for one in plain)
    return ours == theirs


def _tell(flow: Flow, version: FlowVersion, moved_to: str, now: datetime) -> Iterator[str]:
    if why := why_left_out(version, now):
        yield f"Experience Platform says that it {why}"
    if version.schedule is not None and _is_untold_past(flow.schedules[-1], version):
        yield f"Experience Platform says schedule: {render_schedule(version.schedule)}; since when is not told"
    if moved_to:
        yield f"it now exports to {moved_to}"
    for key, ours, theirs in (
        ("format", flow.format, version.format),
        ("compression", flow.compression, version.compression),
    ):
        if theirs is not None and theirs is not ours:
            yield f"Experience Platform says {key}: {theirs}"
    if (template := version.folder_template or DEFAULT_TEMPLATE) != flow.folder_template:
        yield f"Experience Platform says folder_template: {template}"
    if version.manifest is not None and version.manifest is not flow.manifest:
        yield f"Experience Platform says manifest: {'true' if version.manifest else 'false'}"
    exported = {dataset.id for dataset in version.datasets}
    if lost := [one for one in flow.datasets if one.id not in exported] if exported else []:
        yield f"no longer in the dataflow: {', '.join(f'{one.id} {one.name}'.strip() for one in lost)}"


def _is_untold_past(last: Schedule, version: FlowVersion) -> bool:
    told = version.schedule
    if told is None or _same_due_times(last, told):
        return False
    return _compare_schedules(last, version) == (None, None)
