"""The parts of a notice that every kind has: a section as it is laid out, who looks after it, which datasets. Pure."""

from collections import Counter
from dataclasses import dataclass

from auditor.alerts.story import Story
from auditor.alerts.words import Address, Clock, count, named, said
from auditor.alerts.words_commands import Command, list_answers
from auditor.settings import Config

__all__ = ["Section", "say_added", "say_care", "say_datasets", "say_explained"]

_CARES = 3


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with sentences, and commands that can be pasted below them. Without either it is left out."""

    heading: str
    lines: tuple[str, ...] = ()
    commands: tuple[Command, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lines or self.commands)


def say_datasets(story: Story) -> tuple[str, ...]:
    """Their names, where the headline only counts them; none if it is all of the flow."""
    labels = sorted(story.labels)
    return (named(labels),) if len(labels) > 1 and len(labels) != story.all_datasets else ()


def say_added(story: Story, clock: Clock) -> tuple[str, ...]:
    """Due times and datasets."""
    added = story.added
    dues = [f"{count(len(added.dues), 'due time')}: {clock.list(added.dues)} UTC."] if added.dues else []
    labels = [story.label(dataset) for dataset in added.datasets]
    return (*dues, *([f"{count(len(labels), 'dataset')}: {named(labels)}."] if labels else []))


def say_explained(story: Story) -> tuple[str, ...]:
    """What nobody is told of while this lasts."""
    if not story.explains:
        return ()
    kinds = Counter(key.code for key in story.explains)
    of = ", ".join(f"{code} ({number:,})" if number > 1 else code for code, number in sorted(kinds.items()))
    if len(story.explains) == 1:
        return (f"1 other incident waits for it, and you are told of it if it goes on after this: {of}.",)
    return (
        f"{len(story.explains):,} other incidents wait for it, and you are told of those that go on after this: {of}.",
    )


def say_care(
    story: Story, clock: Clock, config: Config, *, is_open: bool
) -> tuple[tuple[str, ...], tuple[Command, ...]]:
    """Owner, team and runbook; who has acknowledged it; how to answer; when people are reminded."""
    owners = list(dict.fromkeys(care.owner for care in story.care if care.owner))
    teams = list(dict.fromkeys(care.team for care in story.care if care.team))
    books = list(dict.fromkeys(care.runbook for care in story.care if care.runbook))
    whose = [f"Owner: {named(owners, _CARES)}"] if owners else []
    whose += [f"team: {named(teams, _CARES)}"] if teams else []
    lines = [f"{', '.join(whose)}."] if whose else []
    lines += [Address(f"Runbook: {said(book)}") for book in books[:_CARES]]
    lines += [f"{len(books) - _CARES:,} more runbooks."] if len(books) > _CARES else []
    signed = next((one.acknowledged for one in story.incidents if one.acknowledged), None)
    if signed is not None:
        why = f": {said(signed.why)}" if signed.why else ""
        lines.append(f"Acknowledged by {said(signed.by, 100)}, {clock.full(signed.at)}{why}")
    if is_open and story.next_reminder is not None:
        lines.append(f"Next reminder {clock.full(story.next_reminder)}, unless it is over by then.")
    return tuple(lines), tuple(list_answers(story, config.path)) if is_open else ()
