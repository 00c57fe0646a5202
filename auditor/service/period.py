"""Periods of reports: months and quarters by UTC, or any span."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

CLOSES_AFTER = timedelta(days=3)
"""From the end of a period on: late exports, and audits that look at them, have that long."""


class PeriodError(ValueError):
    """What was given is no period. `str()` is one sentence."""


@dataclass(frozen=True, slots=True)
class Period:
    """start <= due < end. `name` stands for it for ever."""

    name: str
    start: datetime
    end: datetime

    @property
    def closes_at(self) -> datetime:
        return self.end + CLOSES_AFTER

    def is_closed(self, now: datetime) -> bool:
        """Whether nothing that is found later changes its report."""
        return now >= self.closes_at


def parse_period(text: str) -> Period:
    """`2026-10` or `2026-Q3`, by UTC. Raises PeriodError."""
    if found := re.fullmatch(r"([1-8]\d{3}|19[7-9]\d)-(0[1-9]|1[0-2])", text, re.ASCII):
        return month_of(int(found[1]), int(found[2]))
    if found := re.fullmatch(r"([1-8]\d{3}|19[7-9]\d)-[Qq]([1-4])", text, re.ASCII):
        return quarter_of(int(found[1]), int(found[2]))
    raise PeriodError(f"{text!r} is no period; write a month like 2026-10 or a quarter like 2026-Q3")


def parse_span(start: datetime, end: datetime) -> Period:
    """Any span; one that is exactly a month or quarter is that one. Raises PeriodError."""
    if start >= end:
        raise PeriodError("the period ends before it begins; --to must be later than --from")
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    for known in (month_of(start.year, start.month), quarter_of(start.year, (start.month + 2) // 3)):
        if (known.start, known.end) == (start, end):
            return known
    return Period(f"{_iso(start)}/{_iso(end)}", start, end)


def month_of(year: int, month: int) -> Period:
    """One month by UTC."""
    return Period(f"{year}-{month:02}", _first(year, month), _first(year, month + 1))


def quarter_of(year: int, number: int) -> Period:
    """One quarter (1 to 4) by UTC."""
    first = 3 * number - 2
    return Period(f"{year}-Q{number}", _first(year, first), _first(year, first + 3))


def period_before(every: str, moment: datetime) -> Period:
    """The newest whole `month` or `quarter` that had ended at `moment`."""
    moment = moment.astimezone(UTC)
    if every == "quarter":
        number = (moment.month + 2) // 3 - 1
        return quarter_of(moment.year, number) if number else quarter_of(moment.year - 1, 4)
    return month_of(moment.year, moment.month - 1) if moment.month > 1 else month_of(moment.year - 1, 12)


def whole_day(moment: datetime) -> datetime:
    """The midnight by UTC at which its day began."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _first(year: int, month: int) -> datetime:
    return datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=UTC)


def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat() + "Z"
