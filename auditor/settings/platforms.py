"""The section `experience_platform:` alone: enough to ask what there is, before destinations and flows are written."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from auditor.settings.experience_platform import ExperiencePlatformFacts, read_experience_platforms
from auditor.settings.include import read_files
from auditor.settings.problems import ConfigError
from auditor.settings.yaml_tree import Value

_REFERENCE = re.compile(r"\$\{\w+\}", re.ASCII)
_PLAIN = ("org_id", "sandbox", "client_id", "base_url", "token_url", "discover")


@dataclass(frozen=True)
class Platforms:
    """The configured sandboxes by name. `written`: their keys that may be shown; a secret as its reference only."""

    path: FilePath
    facts: Mapping[str, ExperiencePlatformFacts]
    written: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def load_platforms(path: FilePath, environ: Mapping[str, str] | None = None) -> Platforms:
    """Read the section of `path`; what else stands there is not looked at. Raises ConfigError with every mistake."""
    files = read_files(path)
    tree, value = files.tree, files.tree.value
    if not isinstance(value, dict):
        if not tree.problems:
            tree.add((), "a mapping belongs here, with the key experience_platform")
        raise ConfigError(str(path), tree.problems)
    given = value.get("experience_platform")
    if not given:
        tree.add(
            ("experience_platform",),
            "is missing; add it, as in experience_platform: {prod: {org_id: …@AdobeOrg, sandbox: prod, client_id: …, "
            "client_secret: ${AUDIT_AEP_SECRET}}}",
        )
    environ = os.environ if environ is None else environ
    facts = read_experience_platforms(given, files.folder_of, environ, tree)
    if tree.problems:
        raise ConfigError(str(path), tree.problems)
    return Platforms(
        path,
        {name: one for name, one in facts.items() if one is not None},
        _written(given, files.folder_of(("experience_platform",))),
    )


def has_flows(path: FilePath) -> bool:
    """Whether a configuration, or a file that it includes, has destinations or flows. Raises ConfigError."""
    value = read_files(path).tree.value
    return not isinstance(value, dict) or any(key in value for key in ("destinations", "flows"))


def _written(given: Value, folder: FilePath) -> dict[str, dict[str, str]]:
    """Of each entry what is no secret, as it is written."""
    shown: dict[str, dict[str, str]] = {}
    for name, section in given.items() if isinstance(given, dict) else ():
        if not isinstance(section, dict):
            continue
        shown[name] = {key: text for key in _PLAIN if isinstance(text := section.get(key), str)}
        if scopes := section.get("scopes"):
            shown[name]["scopes"] = ", ".join(map(str, scopes)) if isinstance(scopes, list) else str(scopes)
        secret, file = section.get("client_secret"), section.get("client_secret_file")
        if isinstance(secret, str) and _REFERENCE.fullmatch(secret):
            shown[name]["client_secret"] = secret
        elif isinstance(file, str):
            shown[name]["client_secret_file"] = str((folder / FilePath(file).expanduser()).absolute())
    return shown
