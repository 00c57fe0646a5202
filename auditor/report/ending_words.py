"""What ends by itself, in words: for every report alike. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from auditor.model import Ending
from auditor.report.words import render_count, render_minute

NEAR = timedelta(days=60)
"""A report of an audit lists what ends within this; the calendar lists all."""
NEAR_EXPORT = timedelta(days=3)
KINDS = {
    "flow-ending": "flow",
    "flow-disabled": "flow",
    "credential-expiring": "credential",
    "credential-renewed": "credential",
    "export-expiring": "export",
}


def choose_near(endings: Iterable[Ending], now: datetime) -> list[Ending]:
    """Those of the near future, soonest first; exports, which come and go, only in their last days."""
    spans = {"export-expiring": NEAR_EXPORT}
    known = [one for one in endings if one.code != "credential-renewed"]
    return [one for one in known if timedelta(0) <= one.when - now <= spans.get(one.code, NEAR)]


def render_when(ending: Ending) -> str:
    """`2026-10-27 09:30Z`, or the day alone."""
    return f"{ending.when:%Y-%m-%d}" if ending.day_only else render_minute(ending.when)


def render_left(when: datetime, now: datetime) -> str:
    """`in 12 days`, `in 5 hours`, `3 days ago`."""
    left = abs(when - now)
    days, hours = left.days, int(left / timedelta(hours=1))
    span = render_count(days, "day") if days >= 2 else render_count(hours, "hour")
    if hours < 1:
        return "now"
    return f"in {span}" if when > now else f"{span} ago"


def render_what(ending: Ending, now: datetime) -> str:
    """`flow Web backup ends`: what happens, or has happened."""
    kind = KINDS.get(ending.code, "")
    of = f" of {ending.flow}" if ending.flow and ending.flow != ending.subject and kind == "flow" else ""
    if ending.code == "flow-disabled":
        return f"flow {ending.subject}{of} disabled"
    past = ending.when < now
    if ending.code == "export-expiring":
        return f"export {ending.subject} in {ending.destination} {'may be gone' if past else 'is removed'}"
    return f"{kind} {ending.subject}{of} {'ended' if past else 'ends'}".strip()
