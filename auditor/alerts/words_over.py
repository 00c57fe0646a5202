"""A notice that something is over: what ended, how long it took, what stays a gap. Pure."""

from auditor.alerts.story import Story
from auditor.alerts.words import Clock, capital, count, named, said, span_text
from auditor.alerts.words_codes import words_for
from auditor.alerts.words_commands import list_commands
from auditor.alerts.words_section import Section, say_care, say_datasets
from auditor.alerts.words_why import say_newest
from auditor.incident_model import Closing
from auditor.settings import Config

__all__ = ["list_over"]

_TO_FILL = (
    "A later export is not proven to hold what is missing: export the datasets anew in full, or waive the gap with a "
    "reason. Until then reports show it."
)


def list_over(story: Story, clock: Clock, config: Config) -> tuple[Section, ...]:
    """The sections of a recovery, in the order of a notice."""
    newest = say_newest(story, clock)
    gaps = _say_gaps(story, clock)
    audits = list_commands(story, config.path, follows_adobe=False)[:1] if story.gap_dues else []
    lines, _ = say_care(story, clock, config, is_open=False)
    return (
        Section("What ended", (_say_ended(story, clock), *_say_signed(story, clock))),
        Section("Datasets", say_datasets(story)),
        Section("What stays", gaps, tuple(audits)),
        Section("Newest sound export", (newest,) if newest else ()),
        Section("Who looks after it", lines),
    )


def _say_ended(story: Story, clock: Clock) -> str:
    until = story.closed_at or story.now
    dues = f", {count(len(story.dues), 'due time')}: {clock.list(story.dues)} UTC" if story.dues else ""
    lasted = f"{span_text(until - story.since)}, from {clock.full(story.since)} to {clock.full(until)}"
    return f"{capital(words_for(story.code).ended)}{dues}. It lasted {lasted}."


def _say_signed(story: Story, clock: Clock) -> list[str]:
    signed = next((one.accepted for one in story.incidents if one.accepted), None)
    if signed is None:
        return []
    why = f": {said(signed.why)}" if signed.why else ""
    return [f"Accepted by {said(signed.by, 100)}, {clock.full(signed.at)}{why}"]


def _say_gaps(story: Story, clock: Clock) -> tuple[str, ...]:
    dues = story.gap_dues
    still = [story.label(dataset) for dataset in story.still_open]
    goes_on = (f"It goes on for {count(len(still), 'other dataset')}: {named(still)}.",) if still else ()
    if dues:
        stay = "stays a gap" if len(dues) == 1 else "stay gaps"
        return (*goes_on, f"{count(len(dues), 'due time')} {stay}: {clock.list(dues)} UTC.", _TO_FILL)
    if all(one.closing is Closing.RECOVERED for one in story.incidents) and story.members and not still:
        return ("Nothing: no gap is left.",)
    return goes_on
