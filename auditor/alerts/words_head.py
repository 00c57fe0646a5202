"""The first lines of a notice: what, since when, and how much of what it concerns. Pure."""

from datetime import datetime, timedelta

from auditor.alerts.story import Story
from auditor.alerts.words import Clock, count, named, said, span_text
from auditor.alerts.words_codes import words_for
from auditor.incident_model import Closing, EventKind
from auditor.model import Arrival

__all__ = ["say_extent", "say_headline", "say_over", "say_place", "say_standing", "say_what"]

_ENDINGS = {
    Closing.NOT_EXPECTED: "no longer configured",
    Closing.WAIVED: "put up with by a waiver",
    Closing.ACCEPTED: "accepted as it is",
    Closing.BLIP: "gone again",
    Closing.REPLACED: "told by another incident now",
}
_AGAIN = frozenset({Closing.RECOVERED, Closing.NEXT_RIGHT, Closing.BLIP})


def say_place(story: Story) -> str:
    """`web-3h → lake-backup`; what there is of the two."""
    parts = [said(part, 100) for part in (story.flow, story.destination) if part]
    beyond = [story.evidence.get("experience_platform"), story.evidence.get("channel")]
    parts = parts or [said(one, 100) for one in beyond if isinstance(one, str) and one][:1]
    if not parts:
        parts = [named(story.labels, 1)] if story.labels else ["export-auditor"]
    return " → ".join(parts)


def say_what(story: Story, clock: Clock) -> str:
    """`no sound export since 15:00 UTC (limit 12 h)`, `no export came`."""
    if story.code == "mass-loss":
        return _say_mass(story)
    if story.code == "export-late" and story.kind is EventKind.GAP:
        return "exports came late"
    if story.code != "protection-stale":
        return words_for(story.code).what
    hours = story.evidence.get("limit_hours")
    limit = f" (limit {hours:g} h)" if isinstance(hours, int | float) else ""
    newest = story.newest
    if newest is None or newest.oldest is None:
        return f"no sound export{' at all' if newest else ' for too long'}{limit}"
    without = f", and never of {len(newest.without):,}" if newest.without and newest.datasets > 1 else ""
    return f"no sound export since {clock.short(newest.oldest)} UTC{without}{limit}"


def say_extent(story: Story, clock: Clock) -> str:
    """`20 of 20 datasets, 2 due times missing: 18:00, 21:00`; empty where there is nothing to count."""
    return ", ".join(part for part in (_datasets(story), _dues(story, clock)) if part)


def say_headline(story: Story, clock: Clock) -> str:
    """One line that says it all."""
    place, extent = say_place(story), say_extent(story, clock)
    if story.kind is EventKind.RECOVERED:
        whose = f"; {_datasets(story)}" if story.datasets and story.flow else ""
        gaps = count(len(story.gap_dues), "due time stays a gap", "due times stay gaps") if story.gap_dues else ""
        return f"{place}: {say_over(story)}, after {span_text(_lasted(story))}{whose}{gaps and f'; {gaps}'}"
    how = {
        EventKind.REMINDER: f", still so after {span_text(story.now - story.since)}",
        EventKind.WORSENED: ", graver now",
        EventKind.GAP: ", found afterwards" if story.is_hole else "",
    }.get(story.kind, "")
    return f"{place}: {say_what(story, clock)}{how}{extent and f'; {extent}'}"


def say_standing(story: Story, clock: Clock) -> str:
    """`Error · export-missing · incident 17 · since 2026-11-24 20:30 UTC (21:30 CET), 6 h ago`."""
    numbers = story.numbers
    shown = ", ".join(f"{number}" for number in numbers[:5]) + (
        f" and {len(numbers) - 5:,} more" if numbers[5:] else ""
    )
    which = [f"{'incident' if len(numbers) == 1 else 'incidents'} {shown}"] if numbers else []
    when = [] if story.kind is EventKind.RECOVERED else [f"since {clock.full(story.since)}, {clock.ago(story.since)}"]
    grade = [] if story.kind is EventKind.RECOVERED else [story.severity.value.capitalize(), story.code]
    return " · ".join([*grade, *which, *when])


def say_over(story: Story) -> str:
    """How it is now: never by the label of the failure (kOlapsis/maintenant#67)."""
    endings = {one.closing for one in story.incidents if one.closing is not None}
    if len(endings) == 1 and (ending := next(iter(endings))) not in _AGAIN:
        return _ENDINGS[ending]
    return words_for(story.code).right


def _say_mass(story: Story) -> str:
    objects, known = (story.evidence.get(name) for name in ("objects", "known_objects"))
    if isinstance(objects, int) and isinstance(known, int):
        return f"{objects:,} of {known:,} known objects are gone or changed"
    return words_for(story.code).what


def _lasted(story: Story) -> timedelta:
    return (story.closed_at or story.now) - story.since


def _datasets(story: Story) -> str:
    number, known = len(story.datasets), story.all_datasets
    if not number:
        return f"it concerns {count(known, 'dataset')}" if known and story.flow else ""
    if not story.flow:
        return "" if say_place(story) == named(story.labels, 1) else named(story.labels, 1)
    if number == 1:
        return named(story.labels) + (f" (1 of {known:,} datasets)" if known and known > 1 else "")
    return f"{number:,} of {max(known, number):,} datasets" if known else f"{number:,} datasets"


def _dues(story: Story, clock: Clock) -> str:
    keys = {one.key for one in story.members if one.key}
    if story.dues:
        return _list("", story.dues, clock)
    if story.runs:
        state = " missing" if all(run.arrival is Arrival.MISSING for run in story.runs) else " not right"
        state += " in the last 7 days" if story.is_part else ""
        return _list(state, tuple(sorted({run.due for run in story.runs if run.due})), clock)
    return count(len(keys), story.thing) if keys and story.thing else ""


def _list(state: str, dues: tuple[datetime, ...], clock: Clock) -> str:
    return f"{count(len(dues), 'due time')}{state}: {clock.list(dues)} UTC"
