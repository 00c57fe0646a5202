"""One configuration file, read, checked and complete."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from auditor.model import Flow
from auditor.settings.destinations import Destination, read_destinations
from auditor.settings.flows import read_flows
from auditor.settings.ledger import DEFAULT_LEDGER, read_ledger
from auditor.settings.models import DefaultsSection
from auditor.settings.problems import ConfigError, Path, Problem
from auditor.settings.sections import read_section, unknown_key
from auditor.settings.warnings import find_warnings
from auditor.settings.yaml_tree import Tree, Value, parse_yaml

TOP_KEYS = ("ledger", "defaults", "destinations", "flows")


@dataclass(frozen=True)
class Config:
    """What the file says, with every default filled in."""

    path: FilePath  # absolute
    hash: str  # SHA-256 of the file's bytes, hex
    ledger_url: str = field(repr=False)  # SQLAlchemy URL; may hold a password
    destinations: Mapping[str, Destination]
    flows: Mapping[str, Flow]
    warnings: tuple[str, ...] = ()  # what was read as it stands, and is probably not meant


def load_config(path: FilePath, environ: Mapping[str, str] | None = None) -> Config:
    """Read `path`. `environ` (default: the process's) gives `${NAME}` secrets.

    Raises ConfigError with every problem of the file at once.
    """
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        message = f"cannot be read ({reason}); name the configuration with -c FILE"
        raise ConfigError(str(path), [Problem(0, 0, "", message)]) from None
    tree = parse_yaml(data)
    config = _read(tree, data, path.absolute(), os.environ if environ is None else environ)
    if tree.problems or config is None:
        raise ConfigError(str(path), tree.problems)
    return config


def _read(tree: Tree, data: bytes, path: FilePath, environ: Mapping[str, str]) -> Config | None:
    if not isinstance(tree.value, dict):
        if not tree.problems:
            tree.add((), "a mapping belongs here, with the keys destinations and flows")
        return None
    for key in tree.value:
        if key not in TOP_KEYS and not key.startswith("x-"):  # a place for anchors, as elsewhere
            tree.add((key,), unknown_key(key, TOP_KEYS), at_key=True)
    given = tree.value.get("defaults")
    defaults = DefaultsSection() if given is None else read_section(DefaultsSection, given, ("defaults",), tree)
    destinations = read_destinations(_named("destinations", tree), path.parent, environ, tree)
    flows = read_flows(_named("flows", tree), defaults or DefaultsSection(), destinations, tree)
    ledger = read_ledger(tree.value.get("ledger", DEFAULT_LEDGER), path.parent, environ, tree)
    whole = {name: place for name, place in destinations.items() if place is not None}
    return Config(
        path=path,
        hash=hashlib.sha256(data).hexdigest(),
        ledger_url=ledger.get_secret_value(),
        destinations=whole,
        flows=flows,
        warnings=tuple(find_warnings(tree, whole, flows)),
    )


def _named(key: str, tree: Tree) -> dict[str, Value]:
    """The mapping of names under `key`, with what is wrong about the names."""
    assert isinstance(tree.value, dict)
    given = tree.value.get(key)
    if given is None:
        tree.add((key,), f"is missing; add {key}: with a name for each", at_key=True)
        return {}
    if not isinstance(given, dict):
        tree.add((key,), "a mapping of names belongs here, as in {my-name: {…}}")
        return {}
    if not given:
        tree.add((key,), "is empty; add at least one")
    for name in given:
        path: Path = (key, name)
        if not name or name != name.strip() or not name.isprintable():
            tree.add(path, "is no name; write letters without spaces around them or control characters", at_key=True)
    return given
