"""From paths on the command line to files of destinations."""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adapters.addresses import open_address
from adapters.base import DestinationError, ObjectInfo, OpenAdapter, inert
from adapters.registry import opener
from auditor.cli.choices import DEFAULT_CONFIG
from auditor.model import StoredFile
from auditor.scan.names import FileKind, file_kind
from auditor.settings import ConfigError, Destination, load_config
from auditor.settings.problems import did_you_mean

__all__ = ["Place", "PlaceError", "find_places"]


class PlaceError(Exception):
    """A path that names nothing we can look at. `str()` is one sentence, with the name made harmless."""


@dataclass(slots=True)
class Place:
    """One folder, prefix or group of files in one folder, and what came of looking there."""

    open_adapter: OpenAdapter
    shown: str  # put before a key it gives the path as the user knows it
    prefix: str = ""
    named: dict[str, str] = field(default_factory=dict)  # key -> path as given, of files named one by one
    skipped: Counter[FileKind] = field(default_factory=Counter)
    passed_over: list[str] = field(default_factory=list)
    trouble: str = ""  # the error that ended the listing
    found: int = 0  # files to check, so far
    hint: str = ""  # what to say if nothing is found
    _sizes: dict[str, int] = field(default_factory=dict)

    def list_files(self) -> Iterator[StoredFile]:
        """The files to check, lazily. A listing that fails ends with `trouble` set; what came before it counts."""
        try:
            adapter = self.open_adapter()
            infos = map(adapter.describe_object, self.named) if self.named else adapter.list_objects(self.prefix)
            for info in infos:
                if self.named or self._is_data(info.key):
                    self._sizes[info.key] = info.size
                    self.found += 1
                    yield _stored(info)
            self.passed_over += getattr(adapter, "remarks", ())  # links that lead out, devices: not looked at
            adapter.close()
        except (DestinationError, ValueError) as error:  # ValueError: options that cannot be, told without secrets
            self.trouble = str(error)

    def path_of(self, key: str) -> str:
        return self.named.get(key) or self.shown + key

    def size_of(self, key: str) -> int:
        """Bytes as listed; forgotten once told."""
        return self._sizes.pop(key)

    def _is_data(self, key: str) -> bool:
        # Names are judged below the folder that was named; the prefix itself may end inside a name, or be one.
        below = key[self.prefix.rfind("/") + 1 :]
        kind = FileKind.MARKER if key.endswith("/") else file_kind(below)
        if kind is not FileKind.DATA and kind is not FileKind.MARKER:
            self.skipped[kind] += 1
        return kind is FileKind.DATA


def find_places(paths: list[str], config: Path | None = None) -> list[Place]:
    """The places that `paths` name, in their order, files of one folder together. Raises PlaceError.

    `name:key` is a key, or what keys begin with, of a destination in the configuration at `config`, unless there
    is a file of that name here.
    """
    places: dict[tuple[str, bool], Place] = {}
    configured = _Configured(config)
    for path in paths:
        if "://" in path:
            places[path, False] = _remote(path)
        elif (named := configured.find(path)) is not None:
            places[path, False] = named
        else:
            _add_local(path, places)
    return list(places.values())


def _remote(address: str) -> Place:
    try:
        open_adapter, prefix = open_address(address)
    except ValueError as error:
        raise PlaceError(str(error)) from None
    return Place(open_adapter, address.removesuffix(prefix), prefix)


@dataclass(slots=True)
class _Configured:
    """Destinations by the name that a configuration gives them; it is read when first needed."""

    config: Path | None
    _known: Mapping[str, Destination] | None = None

    def find(self, path: str) -> Place | None:
        """The place that `path` names; None if it is no `name:key`, or a file or folder of that name is here."""
        name, colon, key = path.partition(":")
        if not colon or not name or "/" in name or os.path.lexists(path):
            return None
        destination = self._destinations(path).get(name)
        if destination is None:
            known = self._destinations(path)
            hint = did_you_mean(name, known)
            told = f"there: {', '.join(map(inert, known))}.{hint}"
            raise PlaceError(
                f"{inert(name)}: no file {inert(path)!r} here, and no destination of that name in {self._file}; {told}"
            )
        place = Place(opener(name, destination.type, destination.options), f"{name}:", key.removeprefix("/"))
        folder = destination.facts.folder
        if folder and not place.prefix.startswith(folder):
            place.hint = f"{inert(name)}: keys of exports there begin with {inert(folder)}/, as reports show them."
        return place

    @property
    def _file(self) -> Path:
        return self.config or DEFAULT_CONFIG

    def _destinations(self, path: str) -> Mapping[str, Destination]:
        if self._known is None:
            if self.config is None and not DEFAULT_CONFIG.is_file():
                meant = "name a file or folder that does, or add -c FILE if it is a destination of a configuration"
                raise PlaceError(f"{inert(path)} does not exist; {meant}")
            try:
                self._known = load_config(self._file).destinations
            except ConfigError as error:
                raise PlaceError(str(error)) from None
        return self._known


def _add_local(path: str, places: dict[tuple[str, bool], Place]) -> None:
    mode = _mode_of(path)
    real = os.path.realpath(path)  # named by the user: a link is meant to be followed
    if stat.S_ISDIR(mode):
        places[path, False] = Place(_local(real), os.path.join(path, ""))  # noqa: PTH118 (keeps the path as typed)
    elif stat.S_ISREG(mode):
        folder, name = os.path.split(real)
        place = places.setdefault((folder, True), Place(_local(folder), ""))
        place.named[name] = path
    else:
        raise PlaceError(f"{inert(path)} is neither a file nor a folder")


def _mode_of(path: str) -> int:
    try:
        return os.stat(path).st_mode  # noqa: PTH116 (any bytes are a name)
    except (FileNotFoundError, NotADirectoryError):
        raise PlaceError(
            f"{inert(path)} does not exist; name a file, a folder, s3://bucket/prefix or destination-name:key"
        ) from None
    except (OSError, ValueError) as error:
        raise PlaceError(f"{inert(path)} cannot be looked at: {_words(error)}") from None


def _words(error: OSError | ValueError) -> str:
    said = error.strerror if isinstance(error, OSError) else None
    return (said or "it is no valid path").lower()


def _local(root: str) -> OpenAdapter:
    return opener("local", "local", {"root": root})


def _stored(info: ObjectInfo) -> StoredFile:
    return StoredFile(info.key, info.size, info.modified, info.version, info.archived)
