"""Times, spans, counts and names as a notice writes them. Pure.

Every text that comes from outside passes `said` (prose) or `quote` (a command) before it stands in a notice.
"""

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from adapters.base import inert

NAMED = 20
"""So many datasets, incidents or folders are named; the rest is counted."""
LONGEST = 300
"""Characters of one name or error text: what is longer is cut, and shows it."""

_MENTION = re.compile(r"(?<![A-Za-z0-9])@(?=\w)|<(?=[!@#])")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.:/=,+-]+")
_RISKY_IN_SHELL = re.compile(r"[@<>`!\\]")


class Ours(str):
    """A text of this product, as the catalogue has it: its `code` and *emphasis* are meant."""


class Address(str):
    """A line with an address that the configuration gives: a link where there are links. No other text becomes one."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Writes instants as of `now`, in UTC and in the reader's `zone`."""

    now: datetime
    zone: str = "UTC"

    def full(self, moment: datetime) -> str:
        """`2026-11-24 15:00 UTC (16:00 CET)`: and the reader's time where that is another."""
        utc = moment.astimezone(UTC)
        local = utc.astimezone(ZoneInfo(self.zone))
        text = f"{utc:%Y-%m-%d %H:%M} UTC"
        if local.utcoffset() == timedelta(0):
            return text
        name = local.tzname() or self.zone
        name = name if name.isalpha() else f"UTC{name}" if name[:1] in "+-" else self.zone
        return f"{text} ({local:%H:%M} {name})" if local.date() == utc.date() else f"{text} ({local:%a %H:%M} {name})"

    def short(self, moment: datetime) -> str:
        """`15:00` of this UTC day, `24 Nov 15:00` of another. UTC, for headlines; the word UTC is the caller's."""
        utc = moment.astimezone(UTC)
        return f"{utc:%H:%M}" if utc.date() == self.now.astimezone(UTC).date() else self._dated(utc)

    def _dated(self, utc: datetime) -> str:
        same_year = utc.year == self.now.astimezone(UTC).year
        return f"{utc.day} {utc:%b %H:%M}" if same_year else f"{utc:%Y-%m-%d %H:%M}"

    def list(self, moments: Iterable[datetime], most: int = 8) -> str:
        """`18:00, 21:00`, `23 Nov 18:00, 21:00, 24 Nov 00:00 and 12 more`; the newest are named. UTC."""
        given = sorted({moment.astimezone(UTC) for moment in moments})
        shown = given[-most:]
        days = [[*day] for _, day in groupby(shown, key=lambda moment: moment.date())]
        parts = []
        for first, *others in days:
            parts += [self._dated(first) if len(days) > 1 else self.short(first), *(f"{one:%H:%M}" for one in others)]
        earlier = len(given) - len(shown)
        return ", ".join(parts) + (f" and {earlier:,} earlier" if earlier else "")

    def ago(self, moment: datetime) -> str:
        """`6 h ago`, `in 2 days`, `now`."""
        if abs(self.now - moment) < timedelta(minutes=1):
            return "now"
        span = span_text(abs(self.now - moment))
        return f"{span} ago" if moment < self.now else f"in {span}"


def span_text(span: timedelta) -> str:
    """`45 min`, `6 h 30 min`, `12 h`, `3 days`, `3 days 4 h`: two units at most, rounded down."""
    minutes = int(span / timedelta(minutes=1))
    if minutes < 1:
        return "less than a minute"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return " ".join(
            part for part in (hours and f"{hours} h", (minutes and hours < 24) and f"{minutes} min") if part
        )
    days, hours = divmod(hours, 24)
    return f"{days} days" + (f" {hours} h" if hours and days < 7 else "")


def count(number: int, one: str, many: str = "") -> str:
    """`1 file`, `1,204 files`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def said(text: str, longest: int = LONGEST) -> str:
    """A text from outside as one harmless line of prose: no control characters, no mention that would call people."""
    line = inert(text)
    if len(line) > longest:
        line = line[: longest - 1] + "…"
    return _MENTION.sub(lambda found: found.group() + "\u2060", line)


def named(names: Sequence[str], most: int = NAMED) -> str:
    """`a, b, c and 380 more`. The names come from outside."""
    shown = ", ".join(said(name, 100) for name in names[:most])
    return shown + (f" and {len(names) - most:,} more" if len(names) > most else "")


def quote(text: str) -> str:
    """`text` as one word of a POSIX shell (with `$'…'` of bash, zsh and ksh where it holds what no chat should see)."""
    if _PLAIN_NAME.fullmatch(text):
        return text
    if text.isprintable() and not _RISKY_IN_SHELL.search(text):
        return shlex.quote(text)
    return "$'" + "".join(_escaped(character) for character in text) + "'"


def capital(text: str) -> str:
    """With a capital first letter, for what begins a sentence; names of flows keep their own."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """With one full stop at the end."""
    return text if text.endswith((".", "!", "?", "…")) else text + "."


def _escaped(character: str) -> str:
    if character.isascii() and (character.isalnum() or character in " ./:=_,-+"):
        return character
    raw = character.encode("utf-8", "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass")
    return "".join(f"\\x{byte:02x}" for byte in raw)
