"""Runs one part of the tree through its pydantic model and turns pydantic's errors into ours."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from auditor.settings.destination_models import DESTINATION_TYPES
from auditor.settings.fields import Section, known_keys
from auditor.settings.models import FlowSection
from auditor.settings.problems import Path, did_you_mean, shown_key
from auditor.settings.yaml_tree import Tree, Value

_OF_FLOWS = frozenset(known_keys(FlowSection))
_OF_DESTINATIONS = frozenset(key for model in DESTINATION_TYPES.values() for key in known_keys(model))
_ELSEWHERE = {
    "to a destination; move it below destinations": _OF_DESTINATIONS - _OF_FLOWS,
    "to a flow; move it below flows": _OF_FLOWS - _OF_DESTINATIONS,
}

AnySection = TypeVar("AnySection", bound=Section)


def read_section(kind: type[AnySection], given: Value, path: Path, tree: Tree) -> AnySection | None:
    """`given` as `kind`; `tree` gets each problem. None if too much is wrong to go on."""
    if not isinstance(given, dict):
        tree.add(path, "a mapping belongs here: keys with their values, as in {key: value}", at_key=given is None)
        return None
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    for detail in details:
        _translate(detail, kind, path, tree)
    if all(detail["type"] == "extra_forbidden" for detail in details):
        # An unknown key alone must not hide what else is wrong.
        return kind.model_validate(_without(given, {detail["loc"] for detail in details}, ()))
    return None


def _without(given: Value, unknown: set[tuple[int | str, ...]], at: tuple[int | str, ...]) -> Value:
    """A copy of `given` without the keys at `unknown`."""
    if isinstance(given, dict):
        kept = {key: value for key, value in given.items() if (*at, key) not in unknown}
        return {key: _without(value, unknown, (*at, key)) for key, value in kept.items()}
    if isinstance(given, list):
        return [_without(value, unknown, (*at, index)) for index, value in enumerate(given)]
    return given


def _translate(detail: ErrorDetails, kind: type[Section], path: Path, tree: Tree) -> None:
    place = (*path, *detail["loc"])
    if detail["type"] == "missing":
        tree.add(place, f"is missing; add it{_example(kind, detail['loc'])}")
    elif detail["type"] == "extra_forbidden":
        tree.add(place, unknown_key(str(place[-1]), known_keys(_model_at(kind, detail["loc"][:-1]))), at_key=True)
    elif detail["type"] == "value_error":
        tree.add(place, str(detail["ctx"]["error"]))
    else:
        shape = "a list" if detail["type"] == "list_type" else "a mapping"
        tree.add(place, f"{shape} belongs here{_example(kind, detail['loc'])}")


def unknown_key(name: str, known: tuple[str, ...]) -> str:
    """The sentence for a key that is not one of `known`."""
    if ":" in name:
        return f"a space is missing after the colon of {shown_key(name).removesuffix('…')}"
    is_destination = {"type", "folder"} <= {*known}  # of a type that has no such key
    places = () if is_destination and name in _OF_DESTINATIONS else _ELSEWHERE.items()
    if place := next((told for told, keys in places if name in keys and name not in known), None):
        return f"is no key here; it belongs {place}"
    hint = did_you_mean(name, known)
    return f"is no key here.{hint}" if hint else f"is no key here; known are: {', '.join(known)}"


def _model_at(kind: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    """The model that stands at `location` below `kind`."""
    for part in (p for p in location if isinstance(p, str)):
        info = next((i for name, i in kind.model_fields.items() if (i.alias or name) == part), None)
        kind = (_model_in(info.annotation) if info else None) or kind
    return kind


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for a in getattr(annotation, "__args__", ()) if (m := _model_in(a))), None)


def _example(kind: type[BaseModel], location: tuple[int | str, ...]) -> str:
    named = [place for place, part in enumerate(location) if isinstance(part, str)]
    model, name = _model_at(kind, location[: named[-1]]), str(location[named[-1]])
    info = next((i for n, i in model.model_fields.items() if (i.alias or n) == name), None)
    extra = info.json_schema_extra if info else None
    example = extra.get("example") if isinstance(extra, dict) else ""
    return f", as in {name}: {example}" if example else ""
