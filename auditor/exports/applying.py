"""Has the planned objects made, one call after the other, and stops at the first refusal. Undoes nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.base import DestinationError
from adapters.experience_platform.writing import WritingExperiencePlatform
from auditor.exports.planning import FlowPlan
from auditor.exports.steps import Kind, Ref, Step, render_document
from auditor.settings.experience_platform import ExperiencePlatformFacts


@dataclass
class Outcome:
    """What was made, and where it stopped."""

    ids: dict[Ref, str] = field(default_factory=dict)  # of all objects, those that were there too
    made: list[Ref] = field(default_factory=list)
    stopped_at: Ref | None = None
    refusal: DestinationError | None = None


def apply_exports(
    plans: Sequence[FlowPlan],
    open_platform: Callable[[str], WritingExperiencePlatform],
    on_made: Callable[[Ref, str], None] = lambda _ref, _id: None,
) -> Outcome:
    """Make what is not there yet. `open_platform`: by entry, called where there is something to make.

    No plan may have obstacles. Sends nothing where all is there.
    """
    assert not any(plan.obstacles for plan in plans)
    outcome = Outcome({step.ref: step.id for plan in plans for step in plan.steps if step.id})
    outcome.ids |= {plan.declared.ref(Kind.FLOW): plan.found for plan in plans if plan.found}
    platforms: dict[str, WritingExperiencePlatform] = {}
    try:
        for step in [step for plan in plans for step in plan.calls]:
            name = step.ref.platform
            if name not in platforms:
                platforms[name] = open_platform(name)
            if not _make(step, platforms[name], outcome):
                break
            on_made(step.ref, outcome.ids[step.ref])
    finally:
        for platform in platforms.values():
            platform.close()
    return outcome


def open_writing(facts: ExperiencePlatformFacts) -> WritingExperiencePlatform:
    """The client that can write. Raises: ValueError where the configuration does not allow it."""
    options: dict[str, Any] = dict(facts.options)
    return WritingExperiencePlatform(facts.name, allow_write=facts.allow_write, **options)


def _make(step: Step, platform: WritingExperiencePlatform, outcome: Outcome) -> bool:
    body: Mapping[str, object] = step.body or {}
    document = render_document(body, outcome.ids, shown=False).encode("ascii")
    try:
        outcome.ids[step.ref] = platform.create(step.ref.kind.path, document, secrets=step.secrets)
    except DestinationError as error:
        outcome.stopped_at, outcome.refusal = step.ref, error
        return False
    outcome.made.append(step.ref)
    return True
