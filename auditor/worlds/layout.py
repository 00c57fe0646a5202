"""A world as objects, and as files on a disk."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from auditor.worlds.model import Delivery, World, WorldObject
from auditor.worlds.names import render_manifest


def list_objects(world: World, *, until: datetime | None = None) -> Iterator[WorldObject]:
    """Every object written up to `until` (the world's `now`), one at a time, with the time it was written.

    Lazy: bytes are made when an object is asked for. Keys are relative to the destination and begin with its folder.
    """
    last = until or world.now
    for delivery in world.deliveries:
        yield from _objects_of(delivery, last)
    for item in world.loose:
        if item.modified <= last:
            yield WorldObject(item.key, item.data, item.modified)


def _objects_of(delivery: Delivery, last: datetime) -> Iterator[WorldObject]:
    for part in delivery.parts:
        if part.modified <= last:
            yield WorldObject(delivery.prefix + part.name, part.render(), part.modified)
    for key, manifest in zip(delivery.manifest_keys, delivery.manifests, strict=True):
        if manifest.modified <= last:
            yield WorldObject(key, render_manifest(manifest), manifest.modified)
    for item in delivery.loose:
        if item.modified <= last:
            yield WorldObject(item.key, item.data, item.modified)


def lay_out(world: World, directory: Path, *, until: datetime | None = None) -> int:
    """Write the world's objects below `directory` with their planned modification times; their number.

    Raises ValueError for a key that is no path below `directory`, FileExistsError for one that is there already.
    """
    count = 0
    for item in list_objects(world, until=until):
        count += 1
        path = _path_below(directory, item.key)
        if item.key.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(item.data)
        _set_modified(path, item.modified)
    return count


def _path_below(directory: Path, key: str) -> Path:
    parts = key.removesuffix("/").split("/")
    if "\0" in key or any(part in {"", ".", ".."} for part in parts):
        raise ValueError(f"not a path below the directory: {key!r}")
    return directory.joinpath(*parts)


def _set_modified(path: Path, moment: datetime) -> None:
    nanoseconds = int(moment.timestamp() * 1_000_000) * 1_000
    os.utime(path, ns=(nanoseconds, nanoseconds))
