"""Waiting events and reminders -> notices in the outbox, each event with its reason, in one transaction.

What is told rests on the ledger alone, and the clock comes in as an argument: several instances, restarts and scripted
worlds tell the same.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from auditor.alerts.message import write_message
from auditor.alerts.planning import make_plan
from auditor.alerts.stages.case import Draft, Picture, Plan, Told, group_of
from auditor.alerts.stages.subjects import list_subjects
from auditor.alerts.words_plain import render_plainly
from auditor.incident_model import Event, EventKind, Incident, Message, Notice
from auditor.ledger import Ledger, LedgerError
from auditor.ledger.notices import Telling, Untold
from auditor.settings import Config

__all__ = ["read_picture", "tell", "when_to_tell", "write_notice"]


def tell(
    ledger: Ledger, config: Config, *, now: datetime, note: Callable[[Incident, Event], None] | None = None
) -> int:
    """Tell of what waits, and remind of what goes on: the number of notices that were written. Raises LedgerError.

    Nothing is sent here. What another instance told in the meantime is not told again. `note` gets each event whose
    state or reason changes, for the log.
    """
    picture = read_picture(ledger.read_untold(), now)
    plan = make_plan(picture, config)
    if not plan.drafts and not plan.events:
        return 0
    # The words are found outside of the transaction: they take many readings, and others must not wait for them.
    notices = [write_notice(ledger, config, draft, now=now) for draft in plan.drafts]
    written = ledger.tell(lambda untold: _keep(untold, plan, notices))
    if note is not None:
        for event in plan.events:
            note(picture.incidents[event.incident], event)
    return written


def when_to_tell(ledger: Ledger, config: Config, *, now: datetime) -> datetime | None:
    """When `tell` has something to do if nothing happens before: a reminder, the end of a silence. None: never."""
    return make_plan(read_picture(ledger.read_untold(), now), config).next_at


def read_picture(untold: Untold, now: datetime) -> Picture:
    """What the ledger knows, as the stages take it."""
    told = (
        Told(one.key, one.dedup, one.kind, one.channel, one.created_at, one.incidents, one.state) for one in untold.told
    )
    return Picture(now, untold.waiting, untold.incidents, untold.silences, tuple(told))


def _keep(untold: Untold, plan: Plan, notices: Sequence[Notice]) -> Telling:
    """Of `plan`, what still holds: what another instance settled meanwhile was told by it."""
    waiting = {event.id for event in untold.waiting}
    kept, again = [], set[int]()
    for draft, notice in zip(plan.drafts, notices, strict=True):
        if waiting.issuperset(draft.events):
            kept.append(notice)
        else:
            again |= set(draft.events)  # the next pass looks at the rest of them
    return Telling(kept, [event for event in plan.events if event.id in waiting - again])


def write_notice(ledger: Ledger, config: Config, draft: Draft, *, now: datetime) -> Notice:
    """`draft` with its words. Raises LedgerError."""
    return Notice(
        key=draft.key,
        kind=draft.kind,
        route=draft.target.route,
        channel=draft.target.channel,
        severity=draft.severity,
        message=_write(ledger, config, draft, now),
        created_at=now,
        next_at=now,
        incidents=tuple(incident.number for incident in draft.incidents),
        dedup=draft.dedup,
        starts_at=min(incident.since for incident in draft.incidents),
        ends_at=_ends_at(draft),
        labels=make_labels(draft, config),
    )


def _write(ledger: Ledger, config: Config, draft: Draft, now: datetime) -> Message:
    try:
        return write_message(
            ledger,
            config,
            draft.incidents,
            draft.kind,
            now=now,
            next_reminder=draft.next_reminder,
            route=draft.target.route,
            told_at=draft.told_at,
        )
    except LedgerError:
        raise
    except Exception as error:  # whatever is wrong with the words, people must be told
        return render_plainly(draft.incidents, draft.kind, trouble=type(error).__name__)


def _ends_at(draft: Draft) -> datetime | None:
    """Of a recovery: when the last of it was over."""
    if draft.kind is not EventKind.RECOVERED:
        return None
    return max((one.closed_at for one in draft.incidents if one.closed_at is not None), default=None)


def make_labels(draft: Draft, config: Config) -> Mapping[str, str]:
    """What receivers match by: the same from opening to recovery, but for the severity.

    `team` and `owner` only where all that the group may concern has the same.
    """
    first = draft.incidents[0].key
    subjects = list_subjects(group_of(first), config.flows)
    given = {
        "code": first.code,
        "flow": first.flow,
        "destination": first.destination,
        "team": _common(subject.care.team for subject in subjects),
        "owner": _common(subject.care.owner for subject in subjects),
        "severity": str(draft.severity),
    }
    return {name: value for name, value in given.items() if value}


def _common(words: Iterable[str]) -> str:
    found = set(words)
    return found.pop() if len(found) == 1 else ""
