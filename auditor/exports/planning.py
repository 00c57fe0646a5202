"""What is there, what is to be made, and what stands against it. Sends reading requests only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from adapters.base import NotFound, inert
from adapters.experience_platform.types import BaseConnection
from auditor.exports.bodies import Declared, make_base, make_flow, make_source, make_target
from auditor.exports.differences import (
    find_flow_differences,
    find_shared_datasets,
    find_source_differences,
    find_target_differences,
    is_declared_base,
)
from auditor.exports.logins import find_login_obstacles, find_other_place
from auditor.exports.places import CONNECTION_SPEC, find_place_obstacles
from auditor.exports.sandbox import Sandbox
from auditor.exports.schedule import find_schedule_obstacles
from auditor.exports.steps import Kind, Ref, Step
from auditor.settings import Config
from auditor.settings.exports import is_id

_BASES_SHOWN = 5


@dataclass(frozen=True)
class FlowPlan:
    """One flow: the objects that it is made of, in the order in which they are made.

    With `obstacles` it cannot be set up as it is declared, and then there are no steps.
    """

    declared: Declared
    steps: tuple[Step, ...] = ()
    obstacles: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    found: str = ""  # id of the dataflow that is there already

    @property
    def calls(self) -> list[Step]:
        """What is to be sent."""
        return [step for step in self.steps if step.body is not None]


@dataclass
class _Parts:
    """What is found out about one flow."""

    steps: list[Step] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def list_declared(config: Config, names: Sequence[str]) -> list[Declared]:
    """The declared exports of these flows; of all, where none is named."""
    chosen = [export for flow, export in config.exports.items() if not names or flow in names]
    return [Declared(one, flow := config.flows[one.flow], config.destinations[flow.destination]) for one in chosen]


def plan_exports(
    config: Config, declared: Sequence[Declared], sandboxes: Mapping[str, Sandbox], now: datetime
) -> list[FlowPlan]:
    """One plan for each flow. `sandboxes` by entry. Raises: DestinationError where one cannot be read."""
    planned: dict[Ref, Step] = {}
    plans = []
    for one in declared:
        plan = _plan(config, one, sandboxes[one.export.experience_platform], now)
        plans.append(_without_what_is_planned(plan, planned))
    return plans


def _without_what_is_planned(plan: FlowPlan, planned: dict[Ref, Step]) -> FlowPlan:
    """Two flows may share a base connection: the first makes it."""
    for step in plan.calls:
        earlier = planned.setdefault(step.ref, step)
        if earlier.body != step.body:
            told = f"the {step.ref} would be made with another login by another flow; give each its own name"
            return replace(plan, steps=(), obstacles=(*plan.obstacles, told))
    steps = (step if planned.get(step.ref, step) is step else replace(step, body=None) for step in plan.steps)
    return replace(plan, steps=tuple(steps))


def _plan(config: Config, declared: Declared, sandbox: Sandbox, now: datetime) -> FlowPlan:
    if flow_id := declared.flow.flow_id:
        return FlowPlan(declared, found=flow_id, remarks=("Its flow_id is configured: nothing was looked up.",))
    if obstacles := _find_declared_obstacles(config, declared):
        return FlowPlan(declared, obstacles=obstacles)
    found, obstacles, remarks = _find_flow(declared, sandbox)
    if found or obstacles:
        return FlowPlan(declared, (Step(declared.ref(Kind.FLOW), found),) if found else (), obstacles, remarks, found)
    parts = _Parts()
    for step in (_plan_start, _plan_source, _plan_base, _plan_target):
        step(declared, sandbox, now, parts)
    if parts.obstacles:
        return FlowPlan(declared, obstacles=tuple(parts.obstacles))
    body = make_flow(declared, [declared.ref(Kind.SOURCE)], [declared.ref(Kind.TARGET)])
    parts.steps.append(Step(declared.ref(Kind.FLOW), body=body))
    return FlowPlan(declared, tuple(parts.steps), remarks=(*parts.remarks, *_find_remarks(declared)))


def _find_declared_obstacles(config: Config, declared: Declared) -> tuple[str, ...]:
    """What the configuration alone tells."""
    facts = config.experience_platform[declared.export.experience_platform]
    found = [*find_schedule_obstacles(declared.flow, declared.export)]
    found += find_place_obstacles(declared.flow, declared.destination, facts)
    return tuple(found)


def _find_flow(declared: Declared, sandbox: Sandbox) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The dataflow's id if it is there as declared; what stands against making it; remarks."""
    named = [one for one in sandbox.list_flows() if one.name == declared.export.name]
    if not named:
        return "", tuple(_find_others(declared, sandbox)), ()
    differences = {one.id: [*find_flow_differences(one, declared, sandbox)] for one in named}
    same = [name for name, found in differences.items() if not found]
    if len(same) > 1:
        return same[0], (), (f"It is there more than once: {', '.join(map(inert, same))}. Each exports everything.",)
    if same:
        return same[0], (), ()
    told = f"exports.{declared.export.flow}: a dataflow named {inert(declared.export.name)!r} is there"
    obstacles = [
        f"{told} ({inert(name)}), but {'; '.join(map(inert, found))}. It is left as it is: write what it does here and "
        "add its flow_id to the flow, or give another name"
        for name, found in differences.items()
    ]
    return "", tuple(obstacles), ()


def _find_others(declared: Declared, sandbox: Sandbox) -> Iterator[str]:
    """A dataflow of another name that does it already: each export would come twice, into the same folders."""
    for other in sandbox.list_flows():
        try:
            shared = find_shared_datasets(other, declared, sandbox)
        except NotFound:  # its connections are gone: it exports nothing
            continue
        if shared:
            yield (
                f"exports.{declared.export.flow}: the dataflow {inert(other.name)!r} ({inert(other.id)}) exports "
                f"{', '.join(shared)} to the same folder already; add flow_id: {inert(other.id)} to the flow, or "
                "export to another folder"
            )


def _plan_start(declared: Declared, _: Sandbox, now: datetime, parts: _Parts) -> None:
    if (start := declared.flow.schedules[0].start) <= now:
        parts.obstacles.append(
            f"flows.{declared.flow.name}.schedule.start: {start:%Y-%m-%d %H:%M}Z has passed, and what Experience "
            "Platform does with such a start is not documented; write one that is still to come"
        )


def _plan_source(declared: Declared, sandbox: Sandbox, _: datetime, parts: _Parts) -> None:
    eligible = sandbox.list_eligible()
    if unknown := [one for one in declared.dataset_ids if one not in eligible]:
        told = f"flows.{declared.flow.name}.datasets: not among the datasets that {declared.export.experience_platform}"
        parts.obstacles.append(f"{told} can export: {', '.join(unknown)}")
        return
    ref = declared.ref(Kind.SOURCE)
    same = {one.id: [*find_source_differences(one, declared)] for one in sandbox.list_sources() if one.name == ref.name}
    configured = {one.id: one.name for one in declared.flow.datasets}
    body = make_source(declared, {one: eligible[one].name or configured[one] or one for one in declared.dataset_ids})
    _take(parts, Step(ref, body=body), same)


def _plan_base(declared: Declared, sandbox: Sandbox, _: datetime, parts: _Parts) -> None:
    ref, export = declared.ref(Kind.BASE), declared.export
    bases = sandbox.list_bases(CONNECTION_SPEC[declared.destination.type])
    named = [one for one in bases if is_declared_base(one, declared)]
    at = f"exports.{export.flow}.base_connection"
    if len(named) > 1:
        ids = ", ".join(inert(one.id) for one in named)
        parts.obstacles.append(f"{at}: several have this name; write the id of one of them: {ids}")
    elif named:
        elsewhere = [f"{at}: {told}" for told in find_other_place(named[0], declared.destination)]
        parts.obstacles += elsewhere
        parts.steps.append(Step(ref, named[0].id))
    elif export.create_base_connection:
        _plan_new_base(declared, parts)
    else:
        what = "id" if is_id(export.base_connection) else "name"
        parts.obstacles.append(
            f"{at}: none to {declared.destination.type} has this {what}{_known(bases)}; make it in Experience Platform "
            "(Destinations, Connect), or write create_base_connection: true"
        )


def _known(bases: list[BaseConnection]) -> str:
    names = [repr(inert(one.name or one.id)) for one in bases]
    more = f" and {len(names) - _BASES_SHOWN} more" if len(names) > _BASES_SHOWN else ""
    return f" (there: {', '.join(names[:_BASES_SHOWN])}{more})" if names else ""


def _plan_new_base(declared: Declared, parts: _Parts) -> None:
    if obstacles := [*find_login_obstacles(declared.destination)]:
        parts.obstacles += obstacles
        return
    try:
        body = make_base(declared)
    except OSError as error:
        told = f"destinations.{declared.destination.name}.private_key_file: cannot be read"
        parts.obstacles.append(f"{told}: {(error.strerror or type(error).__name__).lower()}")
        return
    parts.steps.append(Step(declared.ref(Kind.BASE), body=body))
    if "auth" in body:
        parts.remarks.append(
            f"The login of destinations.{declared.destination.name} is given to Adobe, which needs the right to write "
            "there. An audit does not: a base connection that is made in Experience Platform keeps the two apart."
        )


def _plan_target(declared: Declared, sandbox: Sandbox, _: datetime, parts: _Parts) -> None:
    base = next((step for step in parts.steps if step.ref.kind is Kind.BASE), None)
    if base is None:
        return
    ref = declared.ref(Kind.TARGET)
    targets = sandbox.list_targets(CONNECTION_SPEC[declared.destination.type])
    same = {one.id: [*find_target_differences(one, declared, base.id)] for one in targets if one.name == ref.name}
    _take(parts, Step(ref, body=make_target(declared, base.ref)), same)


def _take(parts: _Parts, step: Step, named: Mapping[str, Sequence[str]]) -> None:
    """The one of that name that is the same, else none of that name may be there."""
    if same := [one for one, differences in named.items() if not differences]:
        parts.steps.append(replace(step, id=same[0], body=None))
        return
    for one, differences in named.items():
        told = f"a {step.ref.kind} named {inert(step.ref.name)!r} is there ({inert(one)}), but {'; '.join(differences)}"
        parts.obstacles.append(f"{told}. It is left as it is: give the export another name")
    parts.steps.append(step)


def _find_remarks(declared: Declared) -> Iterator[str]:
    if declared.export.leave_end and not declared.flow.schedules[0].once:
        yield (
            "No end is sent: Experience Platform ends it by itself, by its documentation six months after it was made, "
            "and its exports stop without a word."
        )
