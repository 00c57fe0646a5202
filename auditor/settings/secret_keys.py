"""Sections with secrets: each brings its `<key>_file`, and so each may be given as a value, a reference or a file."""

import inspect
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path as FilePath
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, SecretStr
from pydantic.fields import FieldInfo

from auditor.settings.fields import DayOrInstant, Section, Text, key, one_value
from auditor.settings.problems import Path
from auditor.settings.secrets import read_secret, read_secret_file
from auditor.settings.yaml_tree import Tree, Value

_EXPIRES = "When the secret ends, as a day or a moment; it is told in time, and stands in the calendar of ends."


def _secret(given: Any) -> Any:
    if not isinstance(given, str):
        raise ValueError(one_value(given))
    if not given.strip():
        raise ValueError("is empty; leave the key out, or give the secret")
    return SecretStr(given)


Secret = Annotated[SecretStr, BeforeValidator(_secret)]


def secret_key(description: str, *, default: str = "none", example: str) -> Any:
    """An optional key for a secret. The class it stands in has the key with `_file` appended too."""
    extra: dict[str, Any] = {"default_text": default, "example": example, "secret": True}
    return Field(default=None, description=description, json_schema_extra=extra)


def file_key(description: str, *, default: str = "none", example: str, given: Any = None) -> Any:
    """A key for a file or folder: relative to the configuration, `~` is the home folder. `...`: it must be given."""
    extra: dict[str, Any] = {"default_text": default, "example": example, "path": True}
    return Field(default=given, description=description, json_schema_extra=extra)


def is_path(info: FieldInfo) -> bool:
    """Whether a field was made by `file_key`."""
    return isinstance(info.json_schema_extra, dict) and bool(info.json_schema_extra.get("path"))


def secrets_of(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys of `model` whose values are secrets, without their `_file` keys."""
    return tuple(name for name, info in model.model_fields.items() if _is_secret(info))


def _is_secret(info: Any) -> bool:
    extra = getattr(info, "json_schema_extra", None)
    return isinstance(extra, dict) and bool(extra.get("secret"))


class SecretSection(Section):
    """A section in which each `secret_key` has its `_file` beside it, and all of them one `expires`."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # Before pydantic reads the annotations: the file keys are fields like any other from there on.
        annotations: dict[str, Any] = {}
        own = inspect.get_annotations(cls)
        for name, kind in own.items():
            annotations[name] = kind
            if _is_secret(cls.__dict__.get(name)):
                annotations[f"{name}_file"] = Text | None
                example = f"/run/secrets/{name.replace('_', '-')}"
                setattr(cls, f"{name}_file", key(f"File that holds `{name}`.", default="none", example=example))
        if any(_is_secret(cls.__dict__.get(name)) for name in own) and "expires" not in cls.model_fields:
            annotations["expires"] = DayOrInstant | None
            cls.expires = key(_EXPIRES, default="not said", example="2027-03-31")  # type: ignore[attr-defined]
        cls.__annotations__ = annotations
        super().__init_subclass__(**kwargs)

    def has(self, key: str) -> bool:
        """Whether `key` is given, a secret in any of its ways."""
        return getattr(self, key) is not None or getattr(self, f"{key}_file", None) is not None

    def written(self, name: str) -> str:
        """`name`, or the key with `_file` if the secret is given by a file."""
        return name if getattr(self, name) is not None else f"{name}_file"

    def ends(self) -> date | datetime | None:
        """When its secrets end, as far as that was written down."""
        ends: date | datetime | None = getattr(self, "expires", None)
        return ends


def read_secret_values(
    given: Mapping[str, SecretStr], environ: Mapping[str, str], path: Path, tree: Tree
) -> dict[str, str]:
    """Values by name, each the secret itself or a reference; what cannot be read is noted in `tree`."""
    found: dict[str, str] = {}
    for name, value in given.items():
        try:
            found[name] = read_secret(value, environ).get_secret_value()
        except ValueError as error:
            tree.add((*path, name), str(error))
    return found


def read_secrets(
    section: SecretSection, folder: FilePath, environ: Mapping[str, str], path: Path, tree: Tree
) -> dict[str, str]:
    """The secrets that are given, each by its key; what cannot be read is noted in `tree`."""
    found: dict[str, str] = {}
    for one in secrets_of(type(section)):
        value: SecretStr | None = getattr(section, one)
        file: str | None = getattr(section, f"{one}_file")
        if value is not None and file is not None:
            tree.add((*path, f"{one}_file"), f"stands beside {one}; keep one of them", at_key=True)
            continue
        try:
            if value is not None:
                found[one] = read_secret(value, environ).get_secret_value()
            elif file is not None:
                place = (folder / FilePath(file).expanduser()).absolute()
                tree.secret_files.append(place)
                found[one] = read_secret_file(place).get_secret_value()
        except (ValueError, RuntimeError) as error:
            tree.add((*path, one if value is not None else f"{one}_file"), str(error))
    return found


def check_nothing_for_secrets(given: Value, model: type[SecretSection], path: Path, tree: Tree) -> None:
    """A secret that was meant and came out empty must not make the audit use another identity."""
    for one in _ways(model):
        if isinstance(given, dict) and one in given and given[one] is None:
            tree.add((*path, one), "is empty; leave the key out, or give the secret")


def _ways(model: type[SecretSection]) -> Iterator[str]:
    for one in secrets_of(model):
        yield from (one, f"{one}_file")
