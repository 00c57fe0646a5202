"""What ends by itself as iCalendar (RFC 5545): one event for each end, with alarms at the thresholds. UTC.

An event keeps its UID for as long as it is the same end, so that importing anew moves it instead of doubling it. The
exports that a destination removes on one day are one event of that day for each dataset.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Final, TypeAlias

from icalendar import Alarm, Calendar, Event

from adapters.base import inert
from auditor.model import Ending
from auditor.reconcile.ending_soon import EXPORT_DAYS, THRESHOLDS
from auditor.report.ending_words import render_what
from auditor.report.words import render_count

NO_EVENT: Final = frozenset({"flow-disabled", "credential-renewed"})
"""What has ended already, and what is renewed every hour by itself."""
LONGEST: Final = 500  # characters of one text
LISTED: Final = 20  # folders in the text of one event

Day: TypeAlias = tuple[str, str, str, date]  # flow, dataset, destination, day


def render_ics(endings: Sequence[Ending], *, now: datetime, names: dict[str, str]) -> str:
    """All that ends later than `now`. `names`: of datasets. The same ends at the same moment give the same bytes."""
    calendar = Calendar()
    calendar.add("prodid", "-//export-auditor//calendar of ends//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Export audit: what ends by itself")
    coming = [one for one in endings if one.when >= now and one.code not in NO_EVENT]
    for event in (*_of_each(coming, now), *_of_days(coming, now, names)):
        calendar.add_component(event)
    text: str = calendar.to_ical().decode("utf-8")
    return text


def _of_each(endings: Sequence[Ending], now: datetime) -> Iterator[Event]:
    for one in endings:
        if one.code == "export-expiring":
            continue
        summary = _text(render_what(one, now))
        event = _event(_uid(one.code, one.platform, one.destination, one.flow, one.subject, _kind(one)), summary, now)
        _at(event, one.when.astimezone(UTC).date() if one.day_only else one.when.astimezone(UTC))
        about = [f"Read from: {one.source}", f"More: export-auditor explain {one.code}"]
        event.add("description", _lines(about))
        for days in THRESHOLDS:
            if one.when - timedelta(days=days) > now:
                event.add_component(_alarm(days, f"In {render_count(days, 'day')}: {summary}"))
        yield event


def _kind(ending: Ending) -> str:
    """Two sources that give two dates of one flow are two events; when they were read makes no difference."""
    return ending.source.partition(", read ")[0] if ending.code == "flow-ending" else ""


def _of_days(endings: Sequence[Ending], now: datetime, names: dict[str, str]) -> Iterator[Event]:
    days: dict[Day, list[Ending]] = defaultdict(list)
    for one in endings:
        if one.code == "export-expiring":
            days[one.flow, one.dataset, one.destination, one.when.astimezone(UTC).date()].append(one)
    for (flow, dataset, destination, day), some in sorted(days.items()):
        name = names.get(dataset) or dataset
        summary = _text(f"{render_count(len(some), 'export')} of {name} removed from {destination}")
        event = _event(_uid("export-expiring", flow, dataset, destination, day.isoformat()), summary, now)
        _at(event, day)
        listed = [one.subject for one in some[:LISTED]]
        more = [f"and {len(some) - LISTED} more"] if some[LISTED:] else []
        event.add("description", _lines([*listed, *more, f"Read from: {some[0].source}"]))
        event.add_component(_alarm(EXPORT_DAYS, f"In {render_count(EXPORT_DAYS, 'day')}: {summary}"))
        yield event


def _event(uid: str, summary: str, now: datetime) -> Event:
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    event.add("summary", summary)
    event.add("transp", "TRANSPARENT")
    return event


def _at(event: Event, when: date | datetime) -> None:
    """A day has an end that is the day after it (RFC 5545, 3.6.1); a moment lasts no time."""
    if isinstance(when, datetime):
        event.add("dtstart", when.replace(microsecond=0))
        return
    event.add("dtstart", when)
    event.add("dtend", when + timedelta(days=1))


def _alarm(days: int, told: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", told)
    alarm.add("trigger", timedelta(days=-days))
    return alarm


def _uid(*parts: str) -> str:
    digest = sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{digest[:32]}@export-auditor"


def _text(text: str) -> str:
    safe = inert(text)
    return safe if len(safe) <= LONGEST else f"{safe[: LONGEST - 1]}…"


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(map(_text, lines))
