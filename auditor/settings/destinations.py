"""The destinations of a configuration, with the options that open them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path as FilePath

from auditor.model import DestinationFacts
from auditor.settings.destination_models import DESTINATION_TYPES, DestinationSection
from auditor.settings.destination_models.landing_zone import LandingZoneSection
from auditor.settings.experience_platform import ExperiencePlatformFacts, find_platform
from auditor.settings.expiry import Expiry, make_expiry
from auditor.settings.paths import absolute
from auditor.settings.problems import Path, did_you_mean, quoted
from auditor.settings.secret_keys import check_nothing_for_secrets, is_path, read_secrets, secrets_of
from auditor.settings.sections import read_section
from auditor.settings.severities import read_severities
from auditor.settings.yaml_tree import Tree, Value

_OF_ALL = frozenset(DestinationSection.model_fields)

Platforms = Mapping[str, ExperiencePlatformFacts | None]


@dataclass(frozen=True)
class Destination:
    """A place exports land in. `options` go to the adapter as they are and may hold secrets: never shown."""

    facts: DestinationFacts
    type: str
    options: Mapping[str, object] = field(repr=False)
    place: str = ""  # for people: the root or bucket, without any secret
    expiry: Expiry | None = None  # of its secrets, as written down

    @property
    def name(self) -> str:
        return self.facts.name


def read_destinations(
    given: dict[str, Value],
    folder_of: Callable[[Path], FilePath],
    environ: Mapping[str, str],
    platforms: Platforms,
    tree: Tree,
) -> dict[str, Destination | None]:
    """Every destination by name; None for one with mistakes.

    Relative paths are relative to `folder_of` where the destination is written: the folder of that file.
    """
    reader = _Reader(environ, platforms, tree)
    return {name: reader.read(name, value, folder_of(("destinations", name))) for name, value in given.items()}


@dataclass(frozen=True)
class _Reader:
    environ: Mapping[str, str]
    platforms: Platforms
    tree: Tree

    def read(self, name: str, given: Value, folder: FilePath) -> Destination | None:
        path: Path = ("destinations", name)
        before = len(self.tree.problems)
        severities = read_severities(given, path, self.tree)
        kind = _type(given, path, self.tree)
        if kind is not None:
            check_nothing_for_secrets(given, kind, path, self.tree)
        if kind is None or (section := read_section(kind, given, path, self.tree)) is None:
            return None
        prefix, options = section.split_folder()
        options = {**self._plain(section, path), **self._paths(section, folder, path), **options}
        options |= self._secrets(section, folder, path)
        for key, sentence in section.find_contradictions():
            self.tree.add((*path, key) if key else path, sentence)
        if len(self.tree.problems) > before:
            return None
        facts = DestinationFacts(
            name=name,
            folder=prefix,
            retain=section.retain or section.retained,
            arrival=section.arrival,
            severities=severities,
            ignore=tuple(section.ignore),
        )
        expiry = make_expiry(section.ends(), f"secret of destination {name}", destination=name)
        return Destination(facts, section.type, options, section.place(options), expiry)

    def _plain(self, section: DestinationSection, path: Path) -> dict[str, object]:
        """What is given and goes to the adapter as it is."""
        options: dict[str, object] = {}
        for key in ("concurrency", "page_size"):
            if (value := getattr(section, key)) is not None:
                options[key] = value
        if section.timeout is not None:
            if not timedelta(seconds=1) <= section.timeout <= timedelta(hours=1):
                self.tree.add((*path, "timeout"), "does not fit; write a duration from 1s to 1h")
            options["timeout"] = section.timeout.total_seconds()
        for key in _own_keys(section):
            if (value := getattr(section, key)) is not None:
                options[key] = value
        if isinstance(section, LandingZoneSection) and section.experience_platform is not None:
            at = (*path, "experience_platform")
            options["experience_platform"] = find_platform(section.experience_platform, self.platforms, at, self.tree)
        return options

    def _paths(self, section: DestinationSection, folder: FilePath, path: Path) -> dict[str, object]:
        """The files and folders that are named, absolute."""
        return {
            key: str(absolute(value, folder, (*path, key), self.tree))
            for key, info in type(section).model_fields.items()
            if is_path(info) and (value := getattr(section, key)) is not None
        }

    def _secrets(self, section: DestinationSection, folder: FilePath, path: Path) -> dict[str, str]:
        secrets = read_secrets(section, folder, self.environ, path, self.tree)
        for key, sentence in section.find_bad_secrets(secrets):
            self.tree.add((*path, section.written(key)), sentence)
        return secrets


def _own_keys(section: DestinationSection) -> list[str]:
    """The keys of this type that are neither secrets nor files."""
    secrets = secrets_of(type(section))
    apart = {*_OF_ALL, *secrets, "expires", *(f"{one}_file" for one in secrets)}
    return [key for key, info in type(section).model_fields.items() if key not in apart and not is_path(info)]


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
