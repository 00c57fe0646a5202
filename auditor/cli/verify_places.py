"""From paths on the command line to files of destinations."""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from adapters.addresses import open_address
from adapters.base import DestinationError, ObjectInfo, OpenAdapter, inert
from adapters.registry import opener
from auditor.model import StoredFile
from auditor.scan.names import FileKind, file_kind

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
    _sizes: dict[str, int] = field(default_factory=dict)

    def list_files(self) -> Iterator[StoredFile]:
        """The files to check, lazily. A listing that fails ends with `trouble` set; what came before it counts."""
        try:
            adapter = self.open_adapter()
            infos = map(adapter.describe_object, self.named) if self.named else adapter.list_objects(self.prefix)
            for info in infos:
                if self.named or self._is_data(info.key):
                    self._sizes[info.key] = info.size
                    yield _stored(info)
            self.passed_over += getattr(adapter, "remarks", ())  # links that lead out, devices: not looked at
            adapter.close()
        except DestinationError as error:
            self.trouble = str(error)

    def path_of(self, key: str) -> str:
        return self.named.get(key) or self.shown + key

    def size_of(self, key: str) -> int:
        """Bytes as listed; forgotten once told."""
        return self._sizes.pop(key)

    def _is_data(self, key: str) -> bool:
        kind = FileKind.MARKER if key.endswith("/") else file_kind(key.removeprefix(self.prefix))
        if kind is not FileKind.DATA and kind is not FileKind.MARKER:
            self.skipped[kind] += 1
        return kind is FileKind.DATA


def find_places(paths: list[str]) -> list[Place]:
    """The places that `paths` name, in their order, files of one folder together. Raises PlaceError."""
    places: dict[tuple[str, bool], Place] = {}
    for path in paths:
        if "://" in path:
            places[path, False] = _remote(path)
        else:
            _add_local(path, places)
    return list(places.values())


def _remote(address: str) -> Place:
    try:
        open_adapter, prefix = open_address(address)
    except ValueError as error:
        raise PlaceError(str(error)) from None
    return Place(open_adapter, address.removesuffix(prefix), prefix)


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
        raise PlaceError(f"{inert(path)} does not exist; name a file, a folder or s3://bucket/prefix") from None
    except (OSError, ValueError) as error:
        raise PlaceError(f"{inert(path)} cannot be looked at: {_words(error)}") from None


def _words(error: OSError | ValueError) -> str:
    said = error.strerror if isinstance(error, OSError) else None
    return (said or "it is no valid path").lower()


def _local(root: str) -> OpenAdapter:
    return opener("local", "local", {"root": root})


def _stored(info: ObjectInfo) -> StoredFile:
    return StoredFile(info.key, info.size, info.modified, info.version, info.archived)
