"""Writes the pages of the JSON schemas: `python -m docs.json.generate`. A test compares them."""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

Schema = dict[str, Any]
PAGES = {
    "audit.md": "audit-1",
    "verify.md": "verify-1",
    "destinations.md": "destinations-1",
    "experience-platform.md": "experience-platform-1",
    "coverage.md": "coverage-1",
    "calendar.md": "calendar-1",
    "completeness.md": "completeness-1",
    "incidents.md": "incidents-1",
    "incident.md": "incident-1",
    "silences.md": "silences-1",
    "accepted.md": "accepted-1",
    "db-info.md": "db-info-1",
}
INTRODUCTION = {
    "audit.md": """\
The object goes to standard output alone (or to the file named with `-o`); progress and warnings go to standard
error. It is pure ASCII, ends with a newline, and holds one run, finding or unverifiable thing a line. The same audit
gives the same bytes.
""",
    "verify.md": """\
The lines go to standard output alone; progress and warnings go to standard error. They are pure ASCII, and each is
complete by itself, so that they can be read while more are coming.
""",
    "destinations.md": """\
The object goes to standard output alone; progress goes to standard error. It is pure ASCII and stands on one line.
Times differ from check to check.
""",
    "experience-platform.md": """\
The object goes to standard output alone; progress goes to standard error. It is pure ASCII and stands on one line.
Times differ from check to check.
""",
    "coverage.md": """\
The object goes to standard output alone (or to the file named with `-o`); progress goes to standard error. It is pure
ASCII, ends with a newline, and holds one dataset a line. How a dataset stands: [Coverage and ends](../coverage.md).
""",
    "calendar.md": """\
The object goes to standard output alone (or to the file named with `-o`); progress goes to standard error. It is pure
ASCII, ends with a newline, and holds one end a line. What they mean: [Coverage and ends](../coverage.md).
""",
    "completeness.md": """\
The object goes to standard output alone (or to the file named with `-o`); the sentence also goes to standard error. It
is pure ASCII and ends with a newline. A closed period gives the same bytes each time. What it means:
[Backup completeness](../completeness.md).
""",
    "incidents.md": """\
The object goes to standard output alone. It is pure ASCII. Nothing but the ledger is looked at: what the service, or
the last audit, found. What the words mean: [Incidents](../incidents.md).
""",
    "incident.md": """\
The object goes to standard output alone. It is pure ASCII. What the words mean: [Incidents](../incidents.md).
""",
    "silences.md": """\
The object goes to standard output alone. It is pure ASCII. What a silence does:
[Tell nobody for a while](../incidents.md#tell-nobody-for-a-while).
""",
    "accepted.md": """\
The object goes to standard output alone. It is pure ASCII. What accepting means:
[Accepting](../integrity.md#accepting).
""",
    "db-info.md": """\
The object goes to standard output alone (or to the file named with `-o`). It is pure ASCII. Nothing is changed by
looking. More: [Looking after the ledger](../ledger.md#looking-after-it).
""",
}
PROMISES = """\
* Keys may be added within a version: ignore those you do not know. A key that goes, or changes its meaning, raises the
  version (`{name}`, then the next number).
* Strings are never null: an empty one means that there is none.
* A name that is not valid Unicode shows its undecodable bytes as the text `\\udcXX`, so that every strict parser can
  read the rest.
"""


def render_page(page: str) -> str:
    """The page of one schema, in Markdown."""
    name = PAGES[page]
    schema = read_schema(name)
    parts = [f"# {schema['title']} as JSON\n", f"{schema['description']}\n", INTRODUCTION[page]]
    parts.append(
        f"The schema is `auditor/report/schemas/{name}.json` (JSON Schema, draft 2020-12), part of the package.\n"
    )
    parts.append(PROMISES.format(name=name))
    parts.append("Generated from the schema by `python -m docs.json.generate`; edit the schema, not this page.\n")
    parts.append("## The object\n\n" + render_properties(schema))
    parts += [f"## {name}\n\n{render_definition(part)}" for name, part in schema["$defs"].items()]
    return "\n".join(parts)


def read_schema(name: str) -> Schema:
    schema: Schema = json.loads(files("auditor.report").joinpath("schemas", f"{name}.json").read_text("utf-8"))
    return schema


def render_definition(part: Schema) -> str:
    text = f"{part['description']}\n"
    return f"{text}\n{render_properties(part)}" if "properties" in part else text


def render_properties(part: Schema) -> str:
    """A table of the properties; those of an object inside follow with a dotted name."""
    rows = ["| key | type | meaning |", "|---|---|---|"]
    rows += [f"| `{name}` | {render_type(told)} | {_cell(told)} |" for name, told in walk(part)]
    return "\n".join(rows) + "\n"


def walk(part: Schema, prefix: str = "") -> Iterator[tuple[str, Schema]]:
    for name, told in part["properties"].items():
        yield prefix + name, told
        if "properties" in told:
            yield from walk(told, f"{prefix}{name}.")
        elif "properties" in told.get("items", {}):
            yield from walk(told["items"], f"{prefix}{name}[].")


def render_type(told: Schema) -> str:
    """`string`, `[finding](#finding)`, `array of …`, `"good", "findings" or "incomplete"`."""
    if "$ref" in told:
        name = told["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name})"
    if "const" in told:
        return f"`{told['const']}`"
    if "enum" in told:
        words = [f"`{'null' if value is None else value}`" for value in told["enum"]]
        return f"{', '.join(words[:-1])} or {words[-1]}"
    if "anyOf" in told:
        return " or ".join(render_type(option) for option in told["anyOf"])
    if told["type"] == "array":
        return f"array of {render_type(told['items'])}"
    return " or ".join(told["type"]) if isinstance(told["type"], list) else str(told["type"])


def _cell(told: Schema) -> str:
    return str(told.get("description", "")).replace("|", "\\|")


if __name__ == "__main__":
    for page in PAGES:
        Path(__file__).with_name(page).write_text(render_page(page), "utf-8")
