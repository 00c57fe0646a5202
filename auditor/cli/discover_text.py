"""What `discover` says: a summary for a person, and the differences without the secrets that stand between them."""

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer
from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from adapters.base import inert
from auditor.propose.habits import counted
from auditor.service.discovered_config import Written
from auditor.service.discovering import SandboxFlows
from auditor.settings.destination_models import DESTINATION_TYPES
from auditor.settings.experience_platform import ExperiencePlatformSection
from auditor.settings.secret_keys import secrets_of

_SECTIONS: tuple[type[BaseModel], ...] = (ExperiencePlatformSection, *DESTINATION_TYPES.values())
_SECRET_KEYS = {key for model in _SECTIONS for key in secrets_of(model)} | {"ledger"}
_SECRET = re.compile(rf"\b({'|'.join(sorted(_SECRET_KEYS))})[\"']?\s*:\s*(?!\s|\$\{{\w+\}}\s*$).*")
_REFERENCE = re.compile(r"\$\{\w+\}", re.ASCII)
_HIDDEN = r"\1: …"
"""What stands around a change may hold a secret as plain text: it is not shown."""


def render_diff(before: str, after: str, target: Path) -> str:
    """A unified diff. No secret is shown: neither as a value, wherever that stands, nor in what looks like its line."""
    name = inert(str(target))
    old, new = (_hide_secrets(text).removesuffix("\n").split("\n") for text in (before, after))
    lines = difflib.unified_diff(old, new, name, f"{name} (discovered)", lineterm="")
    return "".join(f"{_SECRET.sub(_HIDDEN, line)}\n" for line in lines)


def _hide_secrets(text: str) -> str:
    """On as many lines as before."""
    spans = {(node.start_mark.index, node.end_mark.index) for node in _find_secrets(_compose(text), set())}
    for start, end in sorted(spans, reverse=True):
        breaks = text.count("\n", start, end)
        text = text[:start] + "…" + "\n" * breaks + text[end:]
    return text


def _compose(text: str) -> Node | None:
    root: Node | None = YAML(typ="rt", pure=True).compose(text)
    return root


def _find_secrets(node: Node | None, seen: set[int]) -> Iterator[Node]:
    """The values of secret keys that are no references; an alias gives the value that it stands for."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    pairs = node.value if isinstance(node, MappingNode) else ()
    for key, value in pairs:
        if key.value in _SECRET_KEYS and isinstance(value, ScalarNode) and not _REFERENCE.fullmatch(value.value):
            yield value
        yield from _find_secrets(value, seen)
    for item in node.value if isinstance(node, SequenceNode) else ():
        yield from _find_secrets(item, seen)


def tell_failures(failed: Sequence[SandboxFlows]) -> None:
    """Why sandboxes were not read, on standard error."""
    for one in failed:
        typer.echo(f"export-auditor: {inert(one.platform)} was not read: {inert(str(one.failure))}", err=True)


def tell_result(written: Written, sandboxes: Sequence[SandboxFlows], *, shown_only: bool = False) -> None:
    """A summary for a person, on standard error."""
    for one in sandboxes:
        if one.failure is None:
            others = f"; {counted(one.others, 'other flow')} to destinations left out" if one.others else ""
            exports = counted(len(one.flows), "flow")
            typer.echo(f"{inert(one.platform)}: {exports} of dataset exports{others}", err=True)
    discovery = written.discovery
    changed = sum(change.is_something for change in written.changes)
    found = [counted(len(discovery.flows), "new flow"), counted(len(discovery.destinations), "new destination")]
    found += [counted(changed, "flow") + " with changes"] if written.changes else []
    found += [counted(len(discovery.left_out), "flow") + " left out"]
    typer.echo(f"{', '.join(found)}; {'nothing was written' if shown_only else 'written'}", err=True)
    for left in discovery.left_out:
        typer.echo(f"  {inert(left.flow.name)}: it {inert(left.why)}", err=True)
    for name in written.elsewhere:
        typer.echo(f"  {inert(name)} stands in an included file: changes there are made by hand", err=True)
    if todo := sum("TODO" in line for line in written.text.splitlines()):
        typer.echo(f"{counted(todo, 'line')} with TODO: to be filled in by hand", err=True)
