"""How old the newest export that could be restored is: what wakes people."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from auditor.checks.arrival import PROTECTION_STALE
from auditor.model import Arrival, Content, ExpectedRun, Finding, RunKind, Verdict
from auditor.reconcile.subject import Subject

CAME = {Arrival.ON_TIME, Arrival.EARLY, Arrival.LATE, Arrival.UNEXPECTED}


def dated(verdict: Verdict, export_times: dict[str, datetime]) -> datetime | None:
    """The moment whose data an export holds: its due time, or the export time of an unexpected folder."""
    return verdict.due or export_times.get(verdict.folder)


def find_stale(
    subject: Subject,
    verdicts: Sequence[Verdict],
    runs: Sequence[ExpectedRun],
    export_times: dict[str, datetime],
    *,
    max_age: timedelta | None,
    is_default: bool,
    now: datetime,
) -> Iterator[Finding]:
    """PROTECTION_STALE if the newest sound or proven-empty export is older than `max_age`.

    Not if something newer and inside the limit could not be judged: then no one knows. With a default limit, only if a
    run is overdue as well, so that a planned pause (an exception, the end of the flow) raises no alarm. An export that
    came and was not read yet may be sound: the age is counted from it, until it is known.
    """
    if max_age is None or not runs:
        return
    moments = [(moment, v) for v in verdicts if (moment := dated(v, export_times)) is not None]
    moments = [(moment, v) for moment, v in moments if v.due or moment <= now]  # a stamp of the future dates nothing
    good = [moment for moment, v in moments if _is_good(v)]
    unread = [moment for moment, v in moments if v.arrival in CAME and v.content is Content.UNCHECKED and v.files]
    newest = max([*good, *unread], default=None)
    was_read = newest is None or newest in good
    since = newest or min(run.key.due for run in runs)
    if now - since <= max_age:
        return
    if newest is None and any(run.kind is RunKind.FIRST and now <= run.missing_after for run in runs):
        return  # the backfill still has its time, and what follows waits for it
    later = [v for moment, v in moments if newest is None or moment > newest]
    if any(_is_open(v) for moment, v in moments if (newest is None or moment > newest) and now - moment <= max_age):
        return
    overdue = [run for run in runs if run.key.due > since or newest is None]
    overdue = [run for run in overdue if now > (run.missing_after if newest is None else run.late_after)]
    if (is_default or newest is None) and not overdue:
        return
    told = (
        f"since {newest:%Y-%m-%d %H:%M} UTC" if newest else f"at all since watching began at {since:%Y-%m-%d %H:%M} UTC"
    )
    yield subject.finding(
        PROTECTION_STALE,
        f"No sound export {told}; the limit is {_hours(max_age)}."
        + ("" if was_read else " That one was not read yet."),
        evidence={
            "newest_sound": f"{newest:%Y-%m-%dT%H:%M:%SZ}" if newest else None,
            "age_hours": round((now - since) / timedelta(hours=1), 1),
            "limit_hours": round(max_age / timedelta(hours=1), 1),
            "runs_since": len(later),
        },
    )


def _is_good(verdict: Verdict) -> bool:
    return verdict.arrival is Arrival.NOT_NEEDED or (verdict.arrival in CAME and verdict.content is Content.SOUND)


def _is_open(verdict: Verdict) -> bool:
    """Neither good nor bad: an export still arriving, or one that could not be read.

    An absence that cannot be explained (`empty_runs: no-folder`, a folder without files) is not open: this very
    limit guards it.
    """
    return bool(verdict.files) and (
        verdict.arrival is Arrival.ARRIVING or verdict.content in {Content.UNVERIFIABLE, Content.UNCHECKED}
    )


def _hours(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    return f"{hours:g} h"
