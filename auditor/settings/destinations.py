"""The destinations of a configuration, with the options that open them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path as FilePath
from typing import Any

from pydantic import SecretStr

from auditor.model import DestinationFacts
from auditor.settings.destination_models import (
    DESTINATION_TYPES,
    SECRET_KEYS,
    DestinationSection,
    LocalSection,
    S3Section,
)
from auditor.settings.problems import Path, did_you_mean, quoted
from auditor.settings.secrets import read_secret, read_secret_file
from auditor.settings.sections import read_section
from auditor.settings.severities import read_severities
from auditor.settings.yaml_tree import Tree, Value

_PLAIN_S3 = ("bucket", "region", "endpoint_url", "profile", "role_arn", "external_id", "requester_pays")


@dataclass(frozen=True)
class Destination:
    """A place exports land in. `options` go to the adapter as they are and may hold secrets: never shown."""

    facts: DestinationFacts
    type: str
    options: Mapping[str, object] = field(repr=False)
    place: str = ""  # for people: the root or bucket, without any secret

    @property
    def name(self) -> str:
        return self.facts.name


def read_destinations(
    given: dict[str, Value], folder_of: Callable[[Path], FilePath], environ: Mapping[str, str], tree: Tree
) -> dict[str, Destination | None]:
    """Every destination by name; None for one with mistakes.

    Relative paths are relative to `folder_of` where the destination is written: the folder of that file.
    """
    return {
        name: _read_destination(name, value, folder_of(("destinations", name)), environ, tree)
        for name, value in given.items()
    }


def _read_destination(
    name: str, given: Value, folder: FilePath, environ: Mapping[str, str], tree: Tree
) -> Destination | None:
    path: Path = ("destinations", name)
    before = len(tree.problems)
    severities = read_severities(given, path, tree)
    _check_nothing_for_secrets(given, path, tree)
    if (kind := _type(given, path, tree)) is None or (section := read_section(kind, given, path, tree)) is None:
        return None
    facts = DestinationFacts(
        name=name,
        folder=section.folder,
        retain=section.retain,
        arrival=section.arrival,
        severities=severities,
        ignore=tuple(section.ignore),
    )
    options = _common(section, path, tree)
    if isinstance(section, LocalSection):
        options["root"] = str(_absolute(section.root, folder, (*path, "root"), tree))
    elif isinstance(section, S3Section):
        options |= {key: value for key in _PLAIN_S3 if (value := getattr(section, key)) is not None}
        options |= _secrets(section, folder, environ, path, tree)
        _check_credentials(section, path, tree)
    if len(tree.problems) > before:
        return None
    return Destination(facts=facts, type=section.type, options=options, place=_place(section, options))


def _type(given: Value, path: Path, tree: Tree) -> type[DestinationSection] | None:
    """The model for the type that is named. What else stands in an unknown type cannot be judged."""
    if not isinstance(given, dict):
        return DestinationSection
    word = given.get("type")
    if not isinstance(word, str):
        tree.add((*path, "type"), "is missing; add it, as in type: local")
    elif word not in DESTINATION_TYPES:
        hint = did_you_mean(word, DESTINATION_TYPES)
        known = ", ".join(DESTINATION_TYPES)
        tree.add((*path, "type"), f"{quoted(word)} is no type of destination; write one of: {known}.{hint}")
    return DESTINATION_TYPES.get(word) if isinstance(word, str) else None


def _common(section: DestinationSection, path: Path, tree: Tree) -> dict[str, object]:
    options: dict[str, object] = {}
    if section.concurrency is not None:
        options["concurrency"] = section.concurrency
    if section.page_size is not None:
        options["page_size"] = section.page_size
    if section.timeout is not None:
        if not timedelta(seconds=1) <= section.timeout <= timedelta(hours=1):
            tree.add((*path, "timeout"), "does not fit; write a duration from 1s to 1h")
        options["timeout"] = section.timeout.total_seconds()
    return options


def _absolute(text: str, folder: FilePath, path: Path, tree: Tree) -> FilePath:
    if not text.strip():
        tree.add(path, "is empty; write the folder, as in ./exports")
    try:
        return (folder / FilePath(text).expanduser()).absolute()
    except RuntimeError:  # "~name" of nobody
        tree.add(path, f"{quoted(text)} names the home folder of nobody here; write the folder in full")
        return folder


def _secrets(
    section: DestinationSection, folder: FilePath, environ: Mapping[str, str], path: Path, tree: Tree
) -> dict[str, object]:
    """The secrets that are given, each by its key."""
    found: dict[str, object] = {}
    for key in SECRET_KEYS:
        value: SecretStr | None = getattr(section, key)
        file: str | None = getattr(section, f"{key}_file")
        if value is not None and file is not None:
            tree.add((*path, f"{key}_file"), f"stands beside {key}; keep one of them", at_key=True)
            continue
        at, read = (key, value) if value is not None else (f"{key}_file", file)
        try:
            if isinstance(read, SecretStr):
                found[key] = read_secret(read, environ).get_secret_value()
            elif read is not None:
                found[key] = read_secret_file(folder / FilePath(read).expanduser()).get_secret_value()
        except (ValueError, RuntimeError) as error:
            tree.add((*path, at), str(error))
    return found


def _check_nothing_for_secrets(given: Value, path: Path, tree: Tree) -> None:
    """A secret that was meant and came out empty must not make the audit use another identity."""
    for key in (name for secret in SECRET_KEYS for name in (secret, f"{secret}_file")):
        if isinstance(given, dict) and key in given and given[key] is None:
            tree.add((*path, key), "is empty; leave the key out, or give the secret")


def _check_credentials(section: S3Section, path: Path, tree: Tree) -> None:
    """Half a credential, or two at once, would be refused or silently ignored by the provider's client."""
    has = {key: getattr(section, key) or getattr(section, f"{key}_file") for key in SECRET_KEYS}
    if has["access_key_id"] and not has["secret_access_key"]:
        tree.add(path, "has access_key_id without secret_access_key; add it, or leave both out for the AWS chain")
    if has["secret_access_key"] and not has["access_key_id"]:
        tree.add(path, "has secret_access_key without access_key_id; add it, or leave both out for the AWS chain")
    if has["session_token"] and not has["access_key_id"]:
        tree.add(path, "has session_token without access_key_id and secret_access_key; add them")
    if section.profile is not None and has["access_key_id"]:
        tree.add((*path, "profile"), "stands beside access_key_id; keep one of them")
    if section.external_id is not None and section.role_arn is None:
        tree.add((*path, "external_id"), "stands without role_arn; add the role, or remove it")


def _place(section: DestinationSection, options: Mapping[str, Any]) -> str:
    if isinstance(section, S3Section):
        server = f" at {section.endpoint_url}" if section.endpoint_url else ""
        return f"s3://{section.bucket}{server}"
    return str(options.get("root", ""))
