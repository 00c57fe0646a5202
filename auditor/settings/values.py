"""Text of one value -> duration, instant, day, number or choice. Each refusal says what to write instead."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from auditor.model import Level
from auditor.settings.problems import did_you_mean, quoted

_PART = re.compile(r"\d{1,3}(\.\d{1,6})?|\.\d{1,6}", re.ASCII)
_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?=.)" + "".join(rf"(?:([0-9]{{1,9}}){unit})?" for unit in _UNITS), re.ASCII)
_LONGEST = timedelta(days=36_500)
_LOOSE_DURATION = re.compile(r"(\d+)\s*([a-zA-Z]+)", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)\s?([Zz]|[+-]\d{2}(?::?\d{2})?)?", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
YES_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def parse_duration(text: str) -> timedelta:
    """`90s`, `10m`, `6h`, `1d`, `2w` or several of them, longest first, as `1h30m`. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{quoted(text)} is no duration; write {_duration_meant(text)}")
    seconds = sum(int(n) * unit for n, unit in zip(match.groups(), _UNITS.values(), strict=True) if n)
    if seconds > _LONGEST.total_seconds():
        raise ValueError(f"{quoted(text)} is longer than 100 years; write a shorter duration")
    return timedelta(seconds=seconds)


def _duration_meant(text: str) -> str:
    """What was probably meant, as a phrase: `3s (seconds), 3m (minutes), 3h (hours) or 3d (days)`."""
    number = text.strip()
    if re.fullmatch(r"[0-9]{1,9}", number, re.ASCII):
        return f"the unit too: {number}s (seconds), {number}m (minutes), {number}h (hours) or {number}d (days)"
    loose = _LOOSE_DURATION.fullmatch(number)
    if loose and loose[2] != "M" and loose[2][0].lower() in _UNITS and not loose[2].lower().startswith("mo"):
        return f"{loose[1]}{loose[2][0].lower()}"
    return "a number and a unit, such as 90s, 10m, 6h, 1d, 2w or 1h30m"


def render_duration(span: timedelta) -> str:
    """The shortest text that `parse_duration` reads back as `span` (whole seconds)."""
    left, text = int(span.total_seconds()), ""
    for letter, unit in _UNITS.items():
        count, left = divmod(left, unit)
        text += f"{count}{letter}" if count else ""
    return text or "0s"


def parse_instant(text: str) -> datetime:
    """A time with its zone (`Z` or an offset) as aware UTC. Raises ValueError."""
    match = _INSTANT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{quoted(text)} is no time; write {_instant_meant(text)}")
    day, clock, zone = match.groups()
    if zone is None:
        full = f"{day}T{clock}" + ("" if clock.count(":") == 2 else ":00")
        raise ValueError(f"{quoted(text)} has no time zone; write {full}Z for UTC, or the offset, as in {full}+02:00")
    offset = zone if zone in "Zz" or len(zone) > 3 else f"{zone}:00"
    try:
        return datetime.fromisoformat(f"{day}T{clock}{offset.upper()}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{quoted(text)} is no time that exists; write one such as 2026-10-01T00:00:00Z") from None


def _instant_meant(text: str) -> str:
    if _DAY.fullmatch(text.strip()):
        return f"the time of day and the zone too: {text.strip()}T00:00:00Z"
    if re.fullmatch(r"[0-9]{9,10}", text.strip(), re.ASCII):
        return f"these UNIX seconds as {datetime.fromtimestamp(int(text), UTC):%Y-%m-%dT%H:%M:%SZ}"
    return "it as 2026-10-01T00:00:00Z"


def parse_day(text: str) -> date:
    """`2026-12-25`. Raises ValueError."""
    if _DAY.fullmatch(text.strip()):
        try:
            return date.fromisoformat(text.strip())
        except ValueError:
            raise ValueError(f"{quoted(text)} is no day of the calendar; write one such as 2026-12-25") from None
    raise ValueError(f"{quoted(text)} is no date; write it as 2026-12-25")


def parse_day_or_instant(text: str) -> date | datetime:
    """A whole day, or a time with its zone. Raises ValueError."""
    return parse_day(text) if re.fullmatch(r"[-0-9]{1,10}", text.strip()) else parse_instant(text)


def parse_yes_no(text: str) -> bool:
    """`true` or `false` (also yes, no, on, off). Raises ValueError."""
    if (answer := YES_WORDS.get(text.lower())) is None:
        raise ValueError(f"{quoted(text)} is neither true nor false; write one of them")
    return answer


def parse_whole_number(text: str, least: int, most: int) -> int:
    """A whole number between `least` and `most`, both allowed. Raises ValueError."""
    digits = text.replace("_", "")
    if not re.fullmatch(r"[0-9]{1,9}", digits, re.ASCII) or not least <= int(digits) <= most:
        raise ValueError(f"{quoted(text)} does not fit; write a whole number from {least:,} to {most:,}")
    return int(digits)


def parse_choice(text: str, known: Mapping[str, object]) -> str:
    """One of the words of `known`. Raises ValueError with the nearest one and the list."""
    if text in known:
        return text
    words = ", ".join(known)
    raise ValueError(f"{quoted(text)} is not known here; write one of: {words}.{did_you_mean(text, known)}")


def parse_part(text: str) -> float:
    """A part of a whole, as `0.01` or `1%`. Raises ValueError for what is no number from 0 to 1 (100%)."""
    number, is_percent = (text.strip()[:-1].rstrip(), True) if text.strip().endswith("%") else (text.strip(), False)
    if not _PART.fullmatch(number):
        raise ValueError(f"{quoted(text)} is no part of a number; write 1% or 0.01")
    part = float(number) / (100 if is_percent else 1)
    if part > 1:
        raise ValueError(f"{quoted(text)} is more than the whole; write 0% to 100%, or 0 to 1")
    return part


def parse_level(text: str) -> Level:
    """`L0` … `L4`. Raises ValueError; `L5` is reached by a rehearsal only."""
    if text.upper() == "L5":
        raise ValueError("L5 is reached by restoring in a rehearsal, not by an audit; write L4 or lower")
    known = {level.name: level for level in Level if level < Level.L5}
    if text.upper() not in known:
        hint = f" Did you mean L{text}?" if text in "01234" and text else ""
        raise ValueError(f"{quoted(text)} is no assurance level; write one of: {', '.join(known)}.{hint}")
    return known[text.upper()]
