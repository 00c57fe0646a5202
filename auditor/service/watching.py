"""Which stretches of a period nobody watched."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from adapters.base import inert
from auditor.ledger import Ledger
from auditor.model import Flow
from auditor.report.completeness.types import Unwatched
from auditor.service.period import Period

AN_AUDIT_SEES = timedelta(hours=25)
"""How far back an audit watches where no service does: one a day leaves no hole, with an hour to spare."""
Stretch = tuple[datetime, datetime]


def find_unwatched(
    ledger: Ledger, destinations: Iterable[str], flows: Mapping[str, Flow], period: Period, *, as_of: datetime
) -> Iterator[Unwatched]:
    """Stretches of [start, min(end, as_of)) in which a destination, or a flow, was not looked at."""
    end = min(period.end, as_of)
    if end <= period.start:
        return
    for name in sorted(set(destinations)):
        seen = _seen(ledger, name, period.start, end, as_of)
        for began, ended in holes_of(seen, period.start, end):
            yield Unwatched(inert(name), began, ended, "nothing looked at this destination")
    watched = ledger.watched_until(as_of)
    for name in sorted(flows.keys() & watched.keys()):
        schedules = flows[name].schedules
        began = max(period.start, schedules[0].start) if schedules else period.start
        ended = min(watched[name].since, end)
        if began < ended:
            yield Unwatched(inert(name), began, ended, "the flow was not watched yet")


def _seen(ledger: Ledger, destination: str, start: datetime, end: datetime, as_of: datetime) -> list[Stretch]:
    """By the service; before it ever looked there, by audits."""
    thing = f"place:{destination}"
    early = datetime.min.replace(tzinfo=start.tzinfo)
    spans = [span for span in ledger.watch_spans(since=early, until=end) if span.thing == thing]
    seen = [(span.began, span.ended) for span in spans]
    # The service's last look before the end speaks for what the next one, after it, found: spans go on past `end`.
    served_from = min((began for began, _ in seen), default=as_of)
    looks = ledger.looked_at(destination, start, max(min(served_from, as_of), start))
    return sorted([*seen, *((moment - AN_AUDIT_SEES, moment) for moment in looks)])


def holes_of(seen: Sequence[Stretch], start: datetime, end: datetime) -> Iterator[Stretch]:
    """What of [start, end) no stretch of `seen` (in order) covers."""
    at = start
    for began, ended in seen:
        if began >= end:
            break
        if began > at:
            yield at, began
        at = max(at, ended)
    if at < end:
        yield at, end
