"""Why it is so, whether waiting helps, what is lost and when, and what is still sound: sentences on a story. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from auditor.alerts.story import Story
from auditor.alerts.story_runs import is_of_runs
from auditor.alerts.words import Clock, Ours, capital, count, named, said, sentence, span_text
from auditor.alerts.words_codes import words_for
from auditor.alerts.words_seen import OF_ABSENCE, OF_RECOVERY, claims_of
from auditor.incident_model import EventKind
from auditor.model import Arrival, RunState

__all__ = ["say_causes", "say_loss", "say_newest", "say_waiting"]

_CAUSES = 3
_NEAR = timedelta(days=60)
_NOTHING_DUE = frozenset({"flow-disabled", "flow-ended"})


def say_causes(story: Story, clock: Clock) -> list[str]:
    """What the facts point to first; then what the catalogue knows. At most a few."""
    pointed = list(_pointed(story, clock))
    known = list(story.entry.causes[:_CAUSES]) if story.entry else []
    if pointed:
        return [*pointed, *([Ours(f"Otherwise: {'; '.join(known)}.")] if known else [])]
    if len(known) == 1:
        return [Ours(f"{capital(known[0])}.")]
    return [Ours(f"Most often one of these: {'; '.join(known)}.")] if known else []


def say_waiting(story: Story, clock: Clock) -> str:
    """One answer; empty where nobody can say."""
    if story.code == "export-missing":
        return _waiting_for_missing(story)
    if story.code == "export-late":
        return _waiting_for_late(story, clock)
    if story.code == "protection-stale":
        then = f" The next is due {clock.full(story.next_due)}." if story.next_due else ""
        return f"Only if a run is under way now.{then}"
    return words_for(story.code).waiting


def say_loss(story: Story, clock: Clock) -> list[str]:
    """The harm, and the dates that are known: retention, next due time, end of the flow."""
    return [*([Ours(story.entry.why)] if story.entry else []), *_recovery(story, clock), *_dates(story, clock)]


def say_newest(story: Story, clock: Clock) -> str:
    """Of one dataset the export; of several the span. Empty for what is about no flow."""
    newest = story.newest
    if newest is None:
        return ""
    if newest.oldest is None or newest.newest is None:
        return (
            "None is known." if newest.datasets == 1 else f"None is known of any of the {newest.datasets:,} datasets."
        )
    if newest.run is not None and newest.datasets == 1:
        return _say_export(story, clock)
    missing = f" None is known of {named([story.label(one) for one in newest.without], 5)}." if newest.without else ""
    known = newest.datasets - len(newest.without)
    of = f"of {'all ' * (not newest.without)}{count(known, 'dataset')}" if newest.datasets > 1 else ""
    if newest.oldest == newest.newest:
        return f"{clock.full(newest.newest)}, {clock.ago(newest.newest)}{of and f', {of}'}.{missing}"
    between = f"from {clock.full(newest.oldest)} to {clock.full(newest.newest)}"
    return f"{capital(of)}: {between}, by dataset.{missing}"


def _say_export(story: Story, clock: Clock) -> str:
    assert story.newest is not None
    run, at = story.newest.run, story.newest.newest
    assert run is not None
    assert at is not None
    when = f"{clock.full(at)}, {clock.ago(at)}"
    if run.arrival is Arrival.NOT_NEEDED:
        return f"{when}: there was nothing to export then, by the run record."
    facts = [count(run.files, "file")] if run.files else []
    facts += [count(run.records, "record")] if run.records is not None else []
    facts += [f"proven to {run.level}"] if run.level is not None else []
    where = f" in {said(run.folder)}" if run.folder else ""
    return f"{when}{': ' if facts else ''}{', '.join(facts)}{where}."


def _pointed(story: Story, clock: Clock) -> Iterator[str]:
    if story.code not in OF_ABSENCE:
        return
    claims = claims_of(story)
    states = {claim.state for claim in claims}
    here, place = story.here, said(story.destination, 100)
    if story.code == "run-failed":
        if any(claim.errors for claim in claims):
            yield "The error that Experience Platform names, above."
    elif story.ends is not None and story.ends < story.now:
        yield f"The flow had its end on {clock.full(story.ends)}."
    elif states & {RunState.FAILED, RunState.PARTIAL}:
        yield "The runs failed in Experience Platform; the error above is where to begin."
    elif states == {RunState.IN_PROGRESS} and story.code != "run-stuck":
        yield "The runs take longer than usual: they are still open."
    elif states == {RunState.SUCCEEDED}:
        yield f"The runs wrote somewhere else than {place}, or their folders were removed afterwards."
    elif here and here.absent and not here.arriving:
        yield f"Something all flows to {place} share: credentials or policy by which Experience Platform writes."
    elif here and here.siblings:
        yield "Something about these datasets alone: others of the same flow arrived."
    elif here and here.arriving:
        yield f"Something about this flow alone, such as its state or schedule: other flows to {place} arrive."


def _waiting_for_missing(story: Story) -> str:
    if story.kind is EventKind.GAP:
        return "No: later exports are there already, and this one is not."
    states = {claim.state for claim in claims_of(story)}
    if RunState.IN_PROGRESS in states:
        return "Perhaps: a run is still open in Experience Platform, and runs may stay open for about four hours."
    if states & {RunState.FAILED, RunState.PARTIAL}:
        return "Hardly: the run failed. Only while Experience Platform retries it."
    return "Hardly: the deadline is over. If a folder still comes, it is counted as late, and this ends by itself."


def _waiting_for_late(story: Story, clock: Clock) -> str:
    if "arrived_at" in story.evidence:
        return "There is nothing to wait for: the export is there, it came late."
    deadline = _moment(story.evidence.get("missing_after"))
    if deadline is None:
        return "Yes, until the deadline: what has not come by then is missing."
    if deadline < story.now:
        return "Hardly: the deadline is over."
    return f"Yes, until {clock.full(deadline)}: what has not come by then is missing, and you are told."


def _dates(story: Story, clock: Clock) -> Iterator[str]:
    oldest = story.newest.oldest if story.newest else None
    nothing_follows = story.code in OF_ABSENCE | _NOTHING_DUE and story.kind is not EventKind.GAP
    if story.retain is not None and oldest is not None and nothing_follows:
        gone = oldest + story.retain
        keeps = f"{said(story.destination, 100)} keeps exports for {span_text(story.retain)}"
        when = f"goes about {clock.full(gone)}" if gone > story.now else "may be gone already"
        yield f"{keeps}: the newest sound one {when}."
    if story.ends is not None and story.code not in ("flow-ended", "flow-ending") and story.ends - story.now < _NEAR:
        yield f"The flow {'ended' if story.ends < story.now else 'ends'} {clock.full(story.ends)}."
    goes_on = story.kind is not EventKind.GAP and story.code != "protection-stale"
    if story.next_due is not None and goes_on and is_of_runs(story.code):
        yield f"The next run is due {clock.full(story.next_due)}."


def _recovery(story: Story, clock: Clock) -> Iterator[str]:
    """Until when what is gone can be brought back, or that nobody could tell."""
    until, told = (story.evidence.get(name) for name in OF_RECOVERY)
    if (moment := _moment(until)) is not None:
        yield f"It can be brought back until {clock.full(moment)}."
    if isinstance(told, str) and told:
        yield sentence(f"Bringing it back: {said(told)}")


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo else None
