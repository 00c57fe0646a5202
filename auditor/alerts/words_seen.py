"""What Adobe says and what storage shows of a story, in sentences. Pure."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from auditor.alerts.story import Story
from auditor.alerts.story_runs import ABSENT
from auditor.alerts.words import Clock, count, named, said, sentence
from auditor.model import Arrival, Claim, Content, EvidenceValue, RunState, Verdict

__all__ = ["OF_ABSENCE", "OF_RECOVERY", "claims_of", "say_adobe", "say_evidence", "say_found", "say_storage"]

OF_ABSENCE = frozenset(
    {"export-missing", "export-late", "protection-stale", "run-failed", "run-stuck", "run-without-export"}
)
"""Told by what is not there."""
_BY_ADOBE = frozenset(
    {"run-failed", "run-stuck", "flow-disabled", "flow-ending", "protection-weakened", "flow-unmatched"}
    | {"dataset-unprotected", "flow-service-unreachable"}
)
"""Their messages are what Experience Platform says."""
_BY_NEITHER = frozenset({"waiver-expired", "credential-expiring", "clock-skew", "notices-undelivered", "flow-ended"})
OF_RECOVERY = ("recoverable_until", "recovery")
"""Evidence that says whether what is gone can be brought back: told with what is at stake."""
_SHOWN = 5
_FACTS = 12
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

_STATES: dict[RunState, tuple[str, str]] = {  # of one run, of several
    RunState.SUCCEEDED: ("succeeded", "succeeded"),
    RunState.FAILED: ("failed", "failed"),
    RunState.PARTIAL: ("exported only a part", "exported only a part"),
    RunState.IN_PROGRESS: ("is still open", "are still open"),
    RunState.NONE: ("has no record", "have no record"),
    RunState.UNKNOWN: ("could not be told", "could not be told"),
}


def claims_of(story: Story) -> list[Claim]:
    """What the run records say of the runs it is about; none where the flow is not held against them."""
    return [run.claim for run in story.runs if run.claim is not None]


def say_adobe(story: Story) -> list[str]:
    """Sentences; none where nothing was asked."""
    lines = [_say_claims(claims)] if (claims := claims_of(story)) else []
    lines += _say_errors(claims)
    if claims and all(claim.new_batches == 0 for claim in claims):
        lines.append("No new data came into the datasets before these runs.")
    if story.is_part and lines:
        lines.append(f"(The newest {count(len(claims), 'run')} only; the others were not looked up.)")
    if story.code in _BY_ADOBE or story.is_platform:
        lines += [line for line in _messages(story) if line not in lines] if not claims else []
    return lines


def say_storage(story: Story, clock: Clock) -> list[str]:
    """Sentences; none where storage has nothing to say of it."""
    if story.code in OF_ABSENCE:
        came = _say_findings(story, clock) if any(run.folder for run in story.runs) else []
        return [*_say_folders(story.runs), *came, *_say_here(story)]
    if story.code in _BY_ADOBE | _BY_NEITHER or story.is_platform:
        return []
    return _say_findings(story, clock)


def say_found(story: Story) -> list[str]:
    """What neither Adobe nor storage says."""
    return _messages(story) if story.code in _BY_NEITHER and not story.is_platform else []


def say_evidence(story: Story) -> str:
    """Where one thing only was found: its facts, on one line. Empty where the other sentences say it all."""
    if len(story.incidents) > 1 or story.code in OF_ABSENCE:
        return ""
    given = [(name, value) for name, value in story.evidence.items() if value not in (None, "", [], False)]
    given = [(name, value) for name, value in given if name not in OF_RECOVERY]
    facts = [f"{said(name.replace('_', ' '), 60)} {_value(value)}" for name, value in given[:_FACTS]]
    left = len(given) - len(facts)
    return sentence("; ".join([*facts, *([f"{left} more facts in the report"] if left else [])])) if facts else ""


def _say_claims(claims: Sequence[Claim]) -> str:
    states = Counter(claim.state for claim in claims)
    records = [claim.written.records for claim in claims if claim.state in (RunState.SUCCEEDED, RunState.PARTIAL)]
    known = [number for number in records if number is not None]
    written = f", {count(sum(known), 'record')}" if known else ""
    if len(states) == 1:
        return _say_one_state(claims, next(iter(states)), written)
    parts = [f"{number:,} {_STATES[state][number > 1]}" for state in RunState if (number := states[state])]
    return f"Of {count(len(claims), 'run')}: {', '.join(parts)}{written}."


def _say_one_state(claims: Sequence[Claim], state: RunState, written: str) -> str:
    number = len(claims)
    subject = {1: "The run", 2: "Both runs"}.get(number, f"All {number:,} runs")
    if state is RunState.UNKNOWN:
        reason = next((said(claim.reason) for claim in claims if claim.reason), "")
        return sentence(f"It could not be told: the run records could not be read{reason and f' ({reason})'}")
    return f"{subject} {_STATES[state][number > 1]}{written}."


def _say_errors(claims: Sequence[Claim]) -> Iterator[str]:
    errors = Counter(error for claim in claims for error in claim.errors)
    for error, times in errors.most_common(2):
        yield sentence(f"Error{f', {times:,} times' if times > 1 else ''}: {said(error)}")


def _say_folders(runs: Sequence[Verdict]) -> Iterator[str]:
    if not runs:
        return
    unseen = [run for run in runs if run.arrival is Arrival.UNKNOWN]
    absent = [run for run in runs if not run.folder and run.arrival in ABSENT | {Arrival.PENDING, Arrival.ARRIVING}]
    present = [run for run in runs if run.folder]
    if absent and not present and not unseen:
        yield "No folder." if len(absent) == 1 else f"No folder for any of these {len(absent):,} runs."
    elif absent:
        yield f"No folder for {len(absent):,} of {count(len(runs), 'run')}."
    if unseen:
        yield f"{count(len(unseen), 'run')} could not be looked at."
    contents = Counter(run.content for run in present if run.content is not Content.SOUND)
    sound = sum(run.content is Content.SOUND for run in present)
    said_of = [f"{number:,} {content.value}" for content, number in contents.items()]
    if present:
        yield f"{count(len(present), 'folder')}: {', '.join([f'{sound:,} sound'] * bool(sound) + said_of)}."


def _say_here(story: Story) -> Iterator[str]:
    here = story.here
    if here is None:
        return
    if here.siblings:
        yield f"{count(here.siblings, 'other dataset')} of this flow came for the same due times."
    if here.arriving:
        yield f"Other flows here still arrive: {named(here.arriving, 5)}."
    elif here.absent:
        yield f"Of other flows here nothing came either: {named(here.absent, 5)}."


def _say_findings(story: Story, clock: Clock) -> list[str]:
    """Message and place of each finding on the runs, newest first; else those of the incidents."""
    found = [
        (run.due, run.dataset, f.message, f.key) for run in story.runs for f in run.findings if f.code == story.code
    ]
    if not found:
        keys = [member.key for member in story.members if member.key]
        what = story.thing.capitalize() + ("" if len(keys) == 1 else "s")
        where = [f"{what}: {named(keys, _SHOWN)}"] if keys and story.thing else []
        return _messages(story) + where
    found.sort(key=lambda one: (-one[0].timestamp() if one[0] else 0.0, one[1]))
    lines = [_say_finding(story, clock, *one) for one in found[:_SHOWN]]
    left = len(found) - _SHOWN
    return lines + ([f"And {left:,} more like these."] if left > 0 else [])


def _say_finding(story: Story, clock: Clock, due: datetime | None, dataset: str, message: str, key: str) -> str:
    whose = [said(story.label(dataset), 100)] if len(story.datasets) > 1 else []
    when = [f"due {clock.short(due)} UTC"] if due and len(story.dues) > 1 else []
    intro = f"{', '.join([*whose, *when])}: " if whose or when else ""
    return sentence(f"{intro}{said(message).rstrip('.')}{f' ({said(key)})' if key else ''}")


def _messages(story: Story) -> list[str]:
    messages = list(dict.fromkeys(one.message for one in story.incidents if one.message))
    left = len(messages) - _SHOWN
    lines = [sentence(said(message)) for message in messages[:_SHOWN]]
    return lines + ([f"And {left:,} more like these."] if left > 0 else [])


def _value(value: EvidenceValue) -> str:
    if isinstance(value, list | tuple):
        return named([str(one) for one in value], _FACTS)
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return f"{value[:10]} {value[11:16]} UTC"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else said(str(value))
