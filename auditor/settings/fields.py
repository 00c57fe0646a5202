"""The kinds of field a configuration has, for pydantic: text in, typed value out."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from auditor.model import ArrivalClock, Compression, EmptyRuns, Encryption, FileFormat, Level, Mode, Severity
from auditor.settings import cadence, values
from auditor.settings.patterns import parse_pattern
from auditor.settings.problems import quoted

NEEDED = "(needed)"

_REFERENCE = re.compile(r"\$\{\w+\}")

Choice = TypeVar("Choice", bound=StrEnum)


class Section(BaseModel):
    """A mapping of the configuration. Unknown keys are errors; a key with nothing behind it was not given."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def drop_nothing(cls, given: Any) -> Any:
        if isinstance(given, dict):
            return {key: value for key, value in given.items() if value is not None or key not in known_keys(cls)}
        return given


def known_keys(section: type[BaseModel]) -> tuple[str, ...]:
    """The keys of `section` as they are written in YAML."""
    return tuple(info.alias or name for name, info in section.model_fields.items())


def key(description: str, *, default: str = "", example: str = "", alias: str | None = None, given: Any = None) -> Any:
    """An optional key. `default` is what holds when it is left out, as a reader would say it."""
    extra: dict[str, Any] = {"default_text": default, "example": example}
    return Field(default=given, description=description, alias=alias, json_schema_extra=extra)


def needed(description: str, *, example: str, alias: str | None = None) -> Any:
    """A key that must be given."""
    return Field(description=description, alias=alias, json_schema_extra={"default_text": NEEDED, "example": example})


def _from_text(parse: Callable[[str], Any]) -> BeforeValidator:
    """Only text goes through `parse`; anything else is refused with one sentence."""

    def read(given: Any) -> Any:
        if isinstance(given, str):
            return parse(given)
        raise ValueError(one_value(given))

    return BeforeValidator(read)


def one_value(given: object) -> str:
    """Why `given` cannot be a single value."""
    kind = "a mapping" if isinstance(given, dict) else "a list" if isinstance(given, list) else "nothing"
    return f"{kind} stands here; write one value"


def choice(words: type[Choice]) -> BeforeValidator:
    """Reads one of `words`."""
    known = {word.value: word for word in words}
    return _from_text(lambda text: known[values.parse_choice(text, known)])


def plain_text(given: str) -> str:
    """`given`, if every room can store and show it and it is meant as it stands. Raises ValueError."""
    if "\x00" in given or any("\ud800" <= character <= "\udfff" for character in given):
        raise ValueError("holds a character that is no text (NUL or half a surrogate pair); remove it")
    if _REFERENCE.fullmatch(given):
        raise ValueError(f"{quoted(given)} is only looked up for secrets and the ledger; write the value itself")
    return given


def positive(span: timedelta) -> timedelta:
    """`span`, if it is longer than nothing. Raises ValueError."""
    if not span:
        raise ValueError("is no time at all; write 1s or more, or leave the key out")
    return span


Text = Annotated[str, _from_text(plain_text)]
Duration = Annotated[timedelta, _from_text(values.parse_duration)]
PositiveDuration = Annotated[timedelta, _from_text(lambda text: positive(values.parse_duration(text)))]
Instant = Annotated[datetime, _from_text(values.parse_instant)]
Day = Annotated[date, _from_text(values.parse_day)]
DayOrInstant = Annotated[datetime | date, _from_text(values.parse_day_or_instant)]
Every = Annotated[timedelta, _from_text(cadence.parse_every)]
Cron = Annotated[str, _from_text(cadence.parse_cron)]
Zone = Annotated[str, _from_text(cadence.parse_zone)]
YesNo = Annotated[bool, _from_text(values.parse_yes_no)]
AssuranceLevel = Annotated[Level, _from_text(values.parse_level)]
FormatWord = Annotated[FileFormat, choice(FileFormat)]
CompressionWord = Annotated[Compression, choice(Compression)]
ModeWord = Annotated[Mode, choice(Mode)]
EmptyRunsWord = Annotated[EmptyRuns, choice(EmptyRuns)]
EncryptionWord = Annotated[Encryption, choice(Encryption)]
Patterns = list[Annotated[str, _from_text(lambda text: parse_pattern(plain_text(text)))]]
ArrivalWord = Annotated[ArrivalClock, choice(ArrivalClock)]
SeverityWord = Annotated[Severity, choice(Severity)]
Tolerance = Annotated[float, _from_text(values.parse_part)]
Concurrency = Annotated[int, _from_text(lambda text: values.parse_whole_number(text, 1, 256))]
PageSize = Annotated[int, _from_text(lambda text: values.parse_whole_number(text, 1, 5000))]
