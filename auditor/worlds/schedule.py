"""When the runs of a flow are due, and how long an audit waits for them: the rules of the product in literals.

Written anew on purpose: a world that asked the auditor for its windows would agree with any mistake in them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from auditor.worlds.model import WorldFlow

EARLY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long after its due time a run may come and still be on time, or not be missing."""

    grace: timedelta
    deadline: timedelta


FREQUENT = Patience(timedelta(minutes=150), timedelta(hours=6))
DAILY = Patience(timedelta(hours=4), timedelta(hours=12))
BACKFILL = Patience(timedelta(hours=24), timedelta(hours=72))


def list_due_times(flow: WorldFlow, until: datetime) -> list[datetime]:
    """All due times from the flow's start to `until` and its end, both included, without its exceptions."""
    last = until if flow.end is None else min(until, flow.end)
    if flow.every is None:
        return [flow.start] if flow.start <= last else []
    count = (last - flow.start) // flow.every + 1 if last >= flow.start else 0
    times = [flow.start + n * flow.every for n in range(count)]
    return [due for due in times if due.date() not in flow.exceptions]


def patience(flow: WorldFlow, due: datetime) -> Patience:
    """The windows that hold for the run due at `due`, by the defaults of its kind."""
    if flow.mode == "incremental" and due == flow.start:
        return BACKFILL
    return FREQUENT if flow.every is not None and flow.every < timedelta(days=1) else DAILY


def max_age(flow: WorldFlow) -> timedelta | None:
    """How old the newest sound export of a dataset may be. None: it may be of any age.

    12 hours for runs every few hours, but never less than one and a half intervals: a flow of every 12 hours
    would be stale by its own schedule.
    """
    return None if flow.every is None else max(timedelta(hours=12), flow.every * 1.5)
