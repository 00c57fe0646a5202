"""One folder level of a template as a pattern: does a name fit, what does it say, and if not, why not."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from unicodedata import normalize

from auditor.scan.template import EXPORT_TIME_LABEL, Field, Literal, Macro, Segment, Token

DATASET_ID = re.compile(r"[0-9a-z]{24}")
_LABEL = EXPORT_TIME_LABEL.rstrip("=").casefold()
_MANY_DIGITS = re.compile(r"(?:[0-9][^0-9]?){8}")
_ANYTHING = "[^/]+"
_TIME_FIELDS = ("year", "month", "day", "hour", "minute", "second")


@dataclass(frozen=True, slots=True)
class Level:
    """One folder name of the template."""

    tokens: Segment
    exact: re.Pattern[str]
    normal: re.Pattern[str]  # the same with its literals in Unicode normal form C

    @property
    def literal(self) -> str | None:
        """The whole name, where it is the same for all exports."""
        texts = [token.text for token in self.tokens if isinstance(token, Literal)]
        return "".join(texts) if len(texts) == len(self.tokens) else None

    def says(self, macro: str | None) -> bool:
        return any(isinstance(token, Macro) and token.name == macro for token in self.tokens)

    def read(self, name: str) -> dict[str, str] | None:
        """What `name` says, by macro name and time field; None if it does not fit or contradicts itself."""
        match = self.exact.fullmatch(name) or self.normal.fullmatch(normalize("NFC", name))
        if match is None:
            return None
        said: dict[str, str] = {}
        for group, value in match.groupdict().items():
            what = group.rpartition("_")[0]
            if said.setdefault(what, value) != value and what != "DATASET_NAME":
                return None
        return said


def level_of(segment: Segment, dataset_ids: Collection[str]) -> Level:
    """`dataset_ids` are accepted as they are, whatever they look like, beside all well-formed ones."""
    odd = [re.escape(one) for one in sorted(dataset_ids) if not DATASET_ID.fullmatch(one)]
    ids = "|".join([DATASET_ID.pattern, *odd])

    def pattern(form: str) -> re.Pattern[str]:
        parts = [_pattern(token, n, ids, form) for n, token in enumerate(segment)]
        return re.compile(_joined(segment, parts), re.DOTALL)

    return Level(segment, pattern(""), pattern("NFC"))


def looks_like_a_time(name: str) -> bool:
    """Whether somebody probably meant `name` as the folder of an export time."""
    return _LABEL in name.casefold() or _MANY_DIGITS.search(name) is not None


def parse_export_time(said: Mapping[str, str]) -> datetime:
    """The UTC time that the folder names say. Raises ValueError, with the reason, for a time that is none."""
    if "EXPORT_TIME" in said:
        digits = said["EXPORT_TIME"].ljust(14, "0")
        numbers = [int(digits[:4]), *(int(digits[n : n + 2]) for n in range(4, 14, 2))]
    else:
        numbers = [int(said.get(field, "0")) for field in _TIME_FIELDS]
    year, month, day, hour, minute, second = numbers
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def why_not(level: Level, name: str) -> str:
    """Why `name` does not fit: a clause without the name itself."""
    if level.says("EXPORT_TIME"):
        _, label, value = name.partition(EXPORT_TIME_LABEL)
        if label and value.isascii() and value.isdigit():
            return f"{len(value)} digits after {EXPORT_TIME_LABEL}, 12 or 14 are expected"
        if label:
            return f"{EXPORT_TIME_LABEL} is not followed by 12 or 14 digits alone"
        return f"no {EXPORT_TIME_LABEL} where the export time is expected"
    if level.says("DATASET_ID"):
        return "not a dataset id (24 characters 0-9 a-z)"
    return f"does not fit {_shown(level.tokens)}"


def _joined(segment: Segment, parts: list[str]) -> str:
    """The parts of a name as one pattern that takes linear time whatever the name.

    Between two texts of any length, what stands there is taken where it comes first, for good (an atomic
    group): an earlier end never leaves less for the rest, and without it hostile names cost their length
    to the power of the number of free texts. Nothing that decides stands there, see `parse_template`.
    """
    free = [n for n, token in enumerate(segment) if isinstance(token, Macro) and token.is_free]
    for here, following in pairwise(free):
        parts[here] = f"(?>{_ANYTHING}?"
        parts[following - 1] += ")"
    return "".join(parts)


def _pattern(token: Token, n: int, ids: str, form: str) -> str:
    if isinstance(token, Literal):
        return re.escape(normalize("NFC", token.text) if form else token.text)
    if token.name == "DATASET_ID":
        return f"(?P<DATASET_ID_{n}>{ids})"
    if token.name == "EXPORT_TIME":
        return f"{EXPORT_TIME_LABEL}(?P<EXPORT_TIME_{n}>[0-9]{{14}}|[0-9]{{12}})"
    if token.name == "DATETIME":
        return "".join(_field_pattern(field, f"{n}x{k}") for k, field in enumerate(token.fields))
    return f"(?P<DATASET_NAME_{n}>{_ANYTHING})" if token.name == "DATASET_NAME" else _ANYTHING


def _field_pattern(field: Field | Literal, place: str) -> str:
    if isinstance(field, Literal):
        return re.escape(field.text)
    return f"(?P<{field.name}_{place}>[0-9]{{{field.width}}})"


def _shown(tokens: Segment) -> str:
    return "".join(token.text if isinstance(token, Literal) else f"%{token.name}%" for token in tokens)
