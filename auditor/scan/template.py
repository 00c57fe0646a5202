"""Folder name templates of Experience Platform: text -> segments of literals and macros.

Macros as the product's pages list them. A segment must say its dataset and its time in one way only:
templates that can be read in two ways are refused with the reason, never guessed at.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

EXPORT_TIME_LABEL = "exportTime="

_FREE_MACROS = (
    "DESTINATION",
    "DESTINATION_NAME",
    "DESTINATION_INSTANCE_NAME",
    "DESTINATION_INSTANCE_ID",
    "SANDBOX_NAME",
    "ORGANIZATION_NAME",
)
_PLAIN_MACROS = ("DATASET_ID", "DATASET_NAME", "EXPORT_TIME", *_FREE_MACROS)
_TOKEN = re.compile(rf"%(?:(?P<name>{'|'.join(_PLAIN_MACROS)})|DATETIME\((?P<pattern>[^%)]*)\))%|(?P<slash>/)")
_LIKE_A_MACRO = re.compile(r"%([A-Za-z]+(?:_[A-Za-z]+)*(?:\([^)]*\))?)%")

_FIELDS = {"YYYY": "year", "yyyy": "year", "MM": "month", "dd": "day", "DD": "day", "HH": "hour", "mm": "minute"}
_FIELDS["ss"] = "second"
_FIELD = re.compile(r"(YYYY|yyyy|MM|dd|DD|HH|mm|ss)|'([^']*)'|([^A-Za-z'])")
_NEEDED_FIELDS = {"year", "month", "day", "hour", "minute"}


class TemplateError(ValueError):
    """A folder name template that cannot be used. `str()` says why, on one line."""


@dataclass(frozen=True, slots=True)
class Literal:
    text: str


@dataclass(frozen=True, slots=True)
class Macro:
    """`name` as in the template, without %. `fields`: of DATETIME, names of time fields and literals in turn."""

    name: str
    fields: tuple["Field | Literal", ...] = ()

    @property
    def is_free(self) -> bool:
        """Its text may be anything, so where it ends must follow from what stands around it."""
        return self.name in _FREE_MACROS or self.name == "DATASET_NAME"


@dataclass(frozen=True, slots=True)
class Field:
    name: str  # year, month, day, hour, minute, second

    @property
    def width(self) -> int:
        return 4 if self.name == "year" else 2


Token: TypeAlias = Literal | Macro
Segment: TypeAlias = tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """One parsed template; a segment is one folder level."""

    text: str
    segments: tuple[Segment, ...]

    @property
    def macros(self) -> frozenset[str]:
        return frozenset(t.name for segment in self.segments for t in segment if isinstance(t, Macro))

    @property
    def dataset_macro(self) -> str | None:
        """The macro that says the dataset: the id where both stand."""
        return next((name for name in ("DATASET_ID", "DATASET_NAME") if name in self.macros), None)

    @property
    def time_macro(self) -> str | None:
        """The macro that says the export time; None if it is not said to the minute."""
        if "EXPORT_TIME" in self.macros:
            return "EXPORT_TIME"
        return "DATETIME" if self._datetime_fields() >= _NEEDED_FIELDS else None

    def _datetime_fields(self) -> set[str]:
        tokens = (token for segment in self.segments for token in segment if isinstance(token, Macro))
        return {field.name for token in tokens for field in token.fields if isinstance(field, Field)}


def parse_template(text: str) -> Template:
    """Parse a folder name template. Slashes at the ends mean nothing; "" and "/" have no segments.

    Raises TemplateError for an unknown macro, a date pattern with other fields than YYYY MM dd HH mm ss,
    an empty folder name, and for templates whose dataset or time could be read in two ways:
    one that stands between two macros of free text in one folder name, a dataset name beside another
    free text, and an export time (12 or 14 digits) that runs into following free text.
    """
    segments = _split(list(_tokens(text)))
    if any(not segment for segment in segments):
        raise TemplateError(f"{text!r} has an empty folder name")
    template = Template(text, tuple(segments))
    for segment in segments:
        _refuse_ambiguity(template, segment)
    return template


def render_segment(segment: Segment, values: dict[str, str], export_time: datetime, digits: int) -> str:
    """The folder name; `values` by macro name. Raises TemplateError if one is missing."""
    return "".join(_render_token(token, values, export_time, digits) for token in segment)


def _render_token(token: Token, values: dict[str, str], export_time: datetime, digits: int) -> str:
    if isinstance(token, Literal):
        return token.text
    if token.name == "EXPORT_TIME":
        return EXPORT_TIME_LABEL + export_time.strftime("%Y%m%d%H%M%S")[:digits].zfill(digits)
    if token.name == "DATETIME":
        return "".join(_render_field(field, export_time) for field in token.fields)
    if not values.get(token.name):
        raise TemplateError(f"no value for %{token.name}%")
    return values[token.name]


def _render_field(field: Field | Literal, export_time: datetime) -> str:
    if isinstance(field, Literal):
        return field.text
    return str(getattr(export_time, field.name)).zfill(field.width)


def _tokens(text: str) -> Iterator[Token | None]:
    """Literals and macros in turn; None for a slash."""
    position = 0
    for match in _TOKEN.finditer(text):
        yield from _literal(text[position : match.start()])
        position = match.end()
        if match["slash"]:
            yield None
        elif match["name"]:
            yield Macro(match["name"])
        else:
            yield from _datetime_tokens(match["pattern"])
    yield from _literal(text[position:])


def _literal(text: str) -> Iterator[Literal]:
    for match in _LIKE_A_MACRO.finditer(text):
        known = ", ".join(f"%{name}%" for name in _PLAIN_MACROS)
        raise TemplateError(f"%{match[1]}% is no known macro; known are {known} and %DATETIME(YYYYMMdd_HHmmss)%")
    if text:
        yield Literal(text)


def _datetime_tokens(pattern: str) -> Iterator[Token | None]:
    """A slash inside the pattern separates folders like any other."""
    for n, part in enumerate(pattern.split("/")):
        if n:
            yield None
        if part or "/" not in pattern:
            yield Macro("DATETIME", tuple(_fields(part)))


def _fields(pattern: str) -> Iterator[Field | Literal]:
    position = 0
    while position < len(pattern):
        match = _FIELD.match(pattern, position)
        if match is None:
            raise TemplateError(
                f"the date pattern {pattern!r} has {pattern[position]!r}; YYYY MM dd HH mm ss and separators are known"
            )
        position = match.end()
        if match[1]:
            yield Field(_FIELDS[match[1]])
        else:
            yield Literal("'" if match[2] == "" else match[2] or match[3])
    if not position:
        raise TemplateError("%DATETIME()% has no date pattern")


def _split(tokens: list[Token | None]) -> list[Segment]:
    while tokens and tokens[0] is None:
        del tokens[0]
    while tokens and tokens[-1] is None:
        del tokens[-1]
    if not tokens:
        return []
    segments: list[list[Token]] = [[]]
    for token in tokens:
        if token is None:
            segments.append([])
        else:
            segments[-1].append(token)
    return [tuple(segment) for segment in segments]


def _refuse_ambiguity(template: Template, segment: Segment) -> None:
    needed = {template.dataset_macro, template.time_macro}
    free = [n for n, token in enumerate(segment) if isinstance(token, Macro) and token.is_free]
    if len(free) > 1:
        for token in segment[free[0] : free[-1] + 1]:
            if isinstance(token, Macro) and token.name in needed:
                raise TemplateError(
                    f"in {template.text!r} it cannot be told where %{token.name}% begins: "
                    "the same folder name has two parts of free text"
                )
    for n, token in enumerate(segment):
        runs_on = token == Macro("EXPORT_TIME") and any(f > n for f in free)
        if runs_on and not _ends_digits(segment[n + 1]):
            raise TemplateError(
                f"in {template.text!r} it cannot be told where %EXPORT_TIME% ends: "
                "put something that is no digit between it and the next macro"
            )


def _ends_digits(token: Token) -> bool:
    return isinstance(token, Literal) and not token.text[0].isdigit()
