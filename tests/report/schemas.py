"""Holds what a command prints as JSON to its schema."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker


def read_held(text: str) -> Any:
    """What `text` says, after it was held to the schema that it names: no more and no less than is described there."""
    told = json.loads(text)
    schema = json.loads(files("auditor.report").joinpath("schemas", f"{told['schema']}.json").read_text("utf-8"))
    for part in _objects(schema):
        part.setdefault("additionalProperties", False)
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(told)
    assert text.isascii()
    assert text.endswith("}\n")
    return told


def _objects(part: Any) -> Iterator[dict[str, Any]]:
    """All parts of a schema that describe an object key by key."""
    if isinstance(part, dict):
        if part.get("type") == "object" and "properties" in part:
            yield part
        for inner in part.values():
            yield from _objects(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _objects(inner)
