"""`exports:` – which of the flows are to be set up in Experience Platform, and with what beside their own keys."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator

from auditor.model import Flow
from auditor.settings.destinations import Platforms
from auditor.settings.experience_platform import ExperiencePlatformFacts, find_platform
from auditor.settings.fields import Section, Text, YesNo, key, needed, one_value
from auditor.settings.problems import Path, did_you_mean, quoted
from auditor.settings.sections import read_section
from auditor.settings.yaml_tree import Tree, Value

BY_ADOBE = "default"
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)


def is_id(text: str) -> bool:
    """Whether `text` is written as Experience Platform writes the ids of connections and flows."""
    return _ID.fullmatch(text) is not None


def _name(given: Any) -> Any:
    if isinstance(given, str) and (not given.strip() or given != given.strip()):
        raise ValueError("is empty or has spaces at its ends; write the name as Experience Platform shows it")
    return given


Name = Annotated[Text, BeforeValidator(_name)]


def _end(given: Any) -> Any:
    if not isinstance(given, str):
        raise ValueError(one_value(given))
    if given != BY_ADOBE:
        raise ValueError(
            f"{quoted(given)} does not belong here; write the end into the flow's schedule, or end: {BY_ADOBE} to "
            "leave it to Experience Platform"
        )
    return given


class ExportSection(Section):
    """A flow of this configuration that `export-auditor exports` may set up; the name is the flow's. What is exported
    when, where to and how, the flow and its destination say."""

    experience_platform: Text = needed("Entry of `experience_platform` in whose sandbox it is set up.", example="prod")
    base_connection: Name = needed(
        "Name or id of the base connection, which holds the login that Experience Platform exports with.",
        example="Lake backup",
    )
    create_base_connection: YesNo = key(
        "Make the base connection where none has that name, with the secrets that the destination has here.",
        default="false",
        example="false",
        given=False,
    )
    name: Name | None = key(
        "Name of the dataflow there; its connections are named after it.", default="the flow's", example="Web events"
    )
    end: Annotated[str | None, BeforeValidator(_end)] = key(
        "`default`: the schedule has no `end`, and Experience Platform may set one: six months after it was made.",
        default="that of the schedule",
        example=BY_ADOBE,
    )


@dataclass(frozen=True)
class Export:
    """A flow to be set up."""

    flow: str
    experience_platform: str
    name: str  # of the dataflow there
    base_connection: str  # name or id
    create_base_connection: bool = False
    leave_end: bool = False  # Experience Platform ends it by its own rule


def read_exports(given: Value, flows: Mapping[str, Flow], platforms: Platforms, tree: Tree) -> dict[str, Export]:
    """Every export without mistakes, by the flow's name."""
    top: Path = ("exports",)
    if given is None:
        return {}
    if not isinstance(given, dict):
        tree.add(top, "a mapping of flow names belongs here, as in {web-3h: {experience_platform: prod, …}}")
        return {}
    found: dict[str, Export] = {}
    for flow, value in given.items():
        if (export := _read(flow, value, flows, platforms, tree)) is not None:
            found[flow] = export
    _find_shared_names(found, tree)
    _find_two_entries(found, platforms, tree)
    return found


def _read(flow: str, given: Value, flows: Mapping[str, Flow], platforms: Platforms, tree: Tree) -> Export | None:
    path: Path = ("exports", flow)
    section = read_section(ExportSection, given, path, tree)
    if flow not in flows and flow not in (known := _written(tree)):  # else it is there, with mistakes of its own
        hint = did_you_mean(flow, known)
        tree.add(path, f"{quoted(flow)} is no flow of this configuration; add it to flows.{hint}", at_key=True)
    if section is None or flow not in flows:
        return None
    if section.create_base_connection and is_id(section.base_connection):
        tree.add((*path, "create_base_connection"), "needs a name in base_connection; an id is given by Adobe")
    find_platform(section.experience_platform, platforms, (*path, "experience_platform"), tree)
    if (held := flows[flow].experience_platform) and not _is_same(held, section.experience_platform, platforms):
        tree.add((*path, "experience_platform"), f"is another sandbox than that of the flow itself, {quoted(held)}")
    return Export(
        flow=flow,
        experience_platform=section.experience_platform,
        name=section.name or flow,
        base_connection=section.base_connection,
        create_base_connection=section.create_base_connection,
        leave_end=section.end == BY_ADOBE,
    )


def _is_same(one: str, other: str, platforms: Platforms) -> bool:
    """Whether two entries are one sandbox, as one that audits and one that may write. With mistakes: perhaps."""
    first, second = platforms.get(one), platforms.get(other)
    return first is None or second is None or _place(first) == _place(second)


def _place(facts: ExperiencePlatformFacts) -> tuple[str, str]:
    return facts.org_id, facts.sandbox


def _written(tree: Tree) -> list[str]:
    given = tree.value.get("flows") if isinstance(tree.value, dict) else None
    return [*given] if isinstance(given, dict) else []


def _find_shared_names(exports: Mapping[str, Export], tree: Tree) -> None:
    """What exists is found by its name: two flows of one name would each take the other's."""
    first: dict[tuple[str, str], str] = {}
    for export in exports.values():
        other = first.setdefault((export.experience_platform, export.name), export.flow)
        if other != export.flow:
            told = f"{quoted(export.name)} is the name of flow {quoted(other)} there too; give each its own"
            tree.add(("exports", export.flow, "name"), told)


def _find_two_entries(exports: Mapping[str, Export], platforms: Platforms, tree: Tree) -> None:
    """What one entry has made another one would not know of, and make it again."""
    first: dict[tuple[str, str], Export] = {}
    for export in exports.values():
        if (facts := platforms.get(export.experience_platform)) is None:
            continue
        other = first.setdefault(_place(facts), export)
        if other.experience_platform != export.experience_platform:
            used = f"{quoted(other.experience_platform)}, which sets up flow {quoted(other.flow)}"
            told = f"is the same sandbox as {used}; use one entry for both"
            tree.add(("exports", export.flow, "experience_platform"), told)
