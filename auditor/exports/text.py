"""The plan, and what came of it, for a person at a terminal."""

from collections.abc import Iterator, Sequence

from adapters.base import inert
from auditor.exports.applying import Outcome
from auditor.exports.planning import FlowPlan
from auditor.exports.steps import HIDDEN, Ids, Kind, Ref, Step, render_document
from auditor.settings import Config


def render_plan(config: Config, plans: Sequence[FlowPlan]) -> str:
    """Each flow with what is there and, whole but for its secrets, each call that would be sent."""
    ids = {step.ref: step.id for plan in plans for step in plan.steps if step.id}
    lines = [line for plan in plans for line in (*_render_flow(config, plan, ids), "")]
    return "\n".join([*lines, *_render_sum(plans)]) + "\n"


def _render_flow(config: Config, plan: FlowPlan, ids: Ids) -> Iterator[str]:
    export = plan.declared.export
    facts = config.experience_platform[export.experience_platform]
    at = f"sandbox {facts.sandbox} of {facts.org_id}, {facts.options['base_url']}"
    yield inert(f"Flow {export.flow} in {facts.name}: {at}")
    for obstacle in plan.obstacles:
        yield inert(f"  cannot be set up: {obstacle}")
    for remark in plan.remarks:
        yield inert(f"  note: {remark}")
    if plan.found and not plan.steps:
        yield inert(f"  there: dataflow {plan.found}")
    for step in plan.steps:
        yield from _render_step(step, ids)
    if plan.calls:
        yield f"  each with Authorization: Bearer {HIDDEN}, x-api-key: {HIDDEN}, x-gw-ims-org-id: {facts.org_id},"
        yield inert(f"  x-sandbox-name: {facts.sandbox}, Content-Type: application/json")


def _render_step(step: Step, ids: Ids) -> Iterator[str]:
    if step.body is not None:
        yield f"  to be made: {step.ref}"
        yield f"    POST {step.ref.kind.path}"
        yield from (f"    {line}" for line in render_document(step.body, ids, shown=True).splitlines())
    elif step.id:
        yield inert(f"  there: {step.ref}, {step.id}")
    else:
        yield f"  made for a flow above: {step.ref}"


def _render_sum(plans: Sequence[FlowPlan]) -> Iterator[str]:
    calls = sum(len(plan.calls) for plan in plans)
    if hindered := sum(1 for plan in plans if plan.obstacles):
        yield f"{_count(hindered, 'flow')} cannot be set up as declared. Until then nothing is sent."
    elif calls:
        yield f"{_count(calls, 'call')} would be sent. Nothing was: export-auditor exports apply --yes does it."
    else:
        yield "All is there. Nothing is to be sent."


def render_outcome(config: Config, plans: Sequence[FlowPlan], outcome: Outcome) -> str:
    """What was made, where it stopped and how to go on, and what to write into the configuration."""
    lines = [f"{_count(len(outcome.made), 'object')} made." if outcome.made else "Nothing was made."]
    lines += [inert(f"  {ref}: {outcome.ids[ref]}") for ref in outcome.made]
    if outcome.refusal is not None and outcome.stopped_at is not None:
        lines += _render_stop(outcome.stopped_at, outcome)
    elif not outcome.made:
        lines = ["All is there already. Nothing was sent."]
    for plan in plans:
        if flow_id := outcome.ids.get(plan.declared.ref(Kind.FLOW)):
            lines += _render_lines(config, plan, flow_id)
    return "\n".join(lines) + "\n"


def _render_stop(stopped_at: Ref, outcome: Outcome) -> Iterator[str]:
    yield f"Stopped at the {stopped_at}:"
    yield f"  {outcome.refusal}"
    yield "What was made stays: nothing is undone, and connections without a dataflow export nothing."
    yield "To go on: mend what the answer says, wait a few minutes, and run the same command again. What is there is"
    yield "found by its name and used, also if the call that failed was carried out after all."


def _render_lines(config: Config, plan: FlowPlan, flow_id: str) -> Iterator[str]:
    """Nothing where the configuration has them."""
    if plan.declared.flow.flow_id:
        return
    yield ""
    yield inert(f"Write below flows.{plan.declared.flow.name}, so that its exports are held against its runs:")
    yield inert(f"    experience_platform: {_reading_entry(config, plan.declared.export.experience_platform)}")
    yield inert(f"    flow_id: {flow_id}")


def _reading_entry(config: Config, name: str) -> str:
    """An entry of the same sandbox that may not write, where there is one: an audit needs no more."""
    here = config.experience_platform[name]
    for one in config.experience_platform.values():
        if not one.allow_write and (one.org_id, one.sandbox) == (here.org_id, here.sandbox):
            return one.name
    return name


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
