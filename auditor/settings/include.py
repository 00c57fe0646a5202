"""`include: teams/*.yaml`: several files read as one configuration, each mistake in its own file."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import TypeVar

from adapters.base import inert
from auditor.settings.problems import ConfigError, Path, Problem, quoted
from auditor.settings.sections import unknown_key
from auditor.settings.yaml_tree import Spot, Tree, Value, parse_yaml

TOP_KEYS = (
    "include",
    "ledger",
    "ledger_file",
    "defaults",
    "experience_platform",
    "destinations",
    "flows",
    "exports",
    "waivers",
    "alerts",
    "service",
    "retention",
)
PART_KEYS = ("include", "destinations", "flows", "waivers")
MOST_FILES = 1000
Told = TypeVar("Told")

_ONLY_ON_TOP = "belongs in the configuration itself, not in a file that it includes; move it there"


@dataclass
class Files:
    """The files of one configuration, read as one tree."""

    tree: Tree
    hash: str  # SHA-256 over the bytes of all files, hex; of one file alone: of its bytes
    folders: dict[str, FilePath] = field(default_factory=dict)  # by the file's name in messages; "": the first one
    paths: tuple[FilePath, ...] = ()  # of all files, absolute

    def folder_of(self, path: Path) -> FilePath:
        """The folder of the file in which `path` is written."""
        return self.folders[self.tree.spot_of(path).file]


def read_files(path: FilePath) -> Files:
    """Read `path` and all that it includes. What is wrong stands in the tree's `problems`.

    Raises ConfigError if `path` itself cannot be read.
    """
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        message = f"cannot be read ({_reason(error)}); name the configuration with -c FILE"
        raise ConfigError(str(path), [Problem(0, 0, "", message)]) from None
    tree = parse_yaml(data)
    reader = _Reader(tree, hashlib.sha256(data))
    reader.folders[""] = path.absolute().parent
    reader.check_keys(tree, TOP_KEYS)
    reader.follow(tree, path, [path.resolve()])
    paths = (path.absolute(), *(FilePath(name).absolute() for name in reader.folders if name))
    return Files(tree, reader.digest.hexdigest(), reader.folders, paths)


class _Reader:
    def __init__(self, whole: Tree, digest: "hashlib._Hash") -> None:
        self.whole = whole
        self.digest = digest
        self.folders: dict[str, FilePath] = {}
        self._read: dict[FilePath, str] = {}  # included files: resolved path -> who includes it, and where

    def check_keys(self, tree: Tree, known: tuple[str, ...]) -> None:
        """Note keys that do not belong at the top of a file."""
        for key in tree.value if isinstance(tree.value, dict) else ():
            if key in known or key.startswith("x-"):  # a place for anchors, as elsewhere
                continue
            message = _ONLY_ON_TOP if key in TOP_KEYS else unknown_key(key, known)
            tree.add((key,), message, at_key=True)

    def follow(self, tree: Tree, path: FilePath, stack: list[FilePath]) -> None:
        """Read what `path` (as `tree`) includes. `stack`: the files that led here, resolved."""
        for at, pattern in _patterns(tree):
            for file in self._matching(pattern, path.parent, at, tree):
                self._include(file, at, tree, stack)

    def _matching(self, pattern: str, folder: FilePath, at: Path, tree: Tree) -> list[FilePath]:
        try:
            place = FilePath(pattern).expanduser()
            base = FilePath(place.anchor) if place.anchor else folder
            found = sorted(file for file in base.glob(str(place.relative_to(place.anchor))) if not file.is_dir())
        except (ValueError, RuntimeError, NotImplementedError, OSError, IndexError):
            tree.add(at, f"{quoted(pattern)} is no file name or pattern of names; write one such as teams/*.yaml")
            return []
        if not found:
            words = "fits no file" if any(sign in pattern for sign in "*?[") else "is not there"
            message = (
                f"{quoted(pattern)} {words} below {folder.absolute()}; correct it, or remove it until there is one"
            )
            tree.add(at, message)
        if len(found) + len(self._read) > MOST_FILES:
            tree.add(at, f"{quoted(pattern)} brings more than {MOST_FILES:,} files; include fewer, larger ones")
            return []
        return found

    def _include(self, file: FilePath, at: Path, tree: Tree, stack: list[FilePath]) -> None:
        resolved, name = file.resolve(), str(file)
        if resolved in stack:
            message = f"{_shown(name)} is included by itself, on the way over this file; remove it from one of them"
            tree.add(at, message if resolved != stack[-1] else f"{_shown(name)} is this file; name only others")
            return
        if resolved in self._read:
            tree.add(at, f"{_shown(name)} is included twice, first by {self._read[resolved]}; keep one of them")
            return
        try:
            data = file.read_bytes()
        except (OSError, ValueError) as error:
            tree.add(at, f"{_shown(name)} cannot be read ({_reason(error)}); let this user read it, or remove it")
            return
        spot = tree.spot_of(at)
        self._read[resolved] = f"{spot.file or FilePath(stack[0]).name} line {spot.line}"
        relative = os.path.relpath(file.absolute(), self.folders[""])
        self.digest.update(f"\0{relative}\0{len(data)}\0".encode("utf-8", "surrogateescape") + data)
        part = _placed(parse_yaml(data), name)
        self.folders[name] = file.absolute().parent
        if part.value is not None and not isinstance(part.value, dict) and not part.problems:
            part.add((), f"a mapping belongs here, with some of the keys {', '.join(PART_KEYS)}")
        self.check_keys(part, PART_KEYS)
        self._merge(part, name)
        self.follow(part, file, [*stack, resolved])
        self.whole.problems += part.problems

    def _merge(self, part: Tree, name: str) -> None:
        """Put what `part` says into the whole, with its places."""
        if not isinstance(part.value, dict) or not isinstance(self.whole.value, dict):
            return
        moved: dict[Path, Path] = {}  # places of `part` -> places of the whole
        for key in ("destinations", "flows"):
            if (given := part.value.get(key)) is not None:
                moved |= self._merge_names(key, given, part, self.whole.value)
        if (waivers := part.value.get("waivers")) is not None:
            moved |= self._merge_waivers(waivers, part, name, self.whole.value)
        _adopt(self.whole.keys, part.keys, moved)
        _adopt(self.whole.values, part.values, moved)
        _adopt(self.whole.bare, part.bare, moved)

    def _merge_names(self, key: str, given: Value, part: Tree, whole: dict[str, Value]) -> dict[Path, Path]:
        if not isinstance(given, dict):
            part.add((key,), "a mapping of names belongs here, as in {my-name: {…}}")
            return {}
        if whole.get(key) is None:
            whole[key] = {}
        own = whole[key]
        if not isinstance(own, dict):
            return {}  # told as a mistake of that file
        moved: dict[Path, Path] = {}
        for one, value in given.items():
            if one in own:
                part.add((key, one), self._twice((key, one), part), at_key=True)
            else:
                own[one] = value
                moved[key, one] = (key, one)
        return moved

    def _twice(self, path: Path, part: Tree) -> str:
        first, here = self.whole.spot_of(path), part.spot_of(path)
        place = f"{first.file} line {first.line}" if first.file else f"line {first.line} of the configuration"
        return f"is given twice, by {place} and by {here.file} line {here.line}; keep one of them"

    def _merge_waivers(self, given: Value, part: Tree, name: str, whole: dict[str, Value]) -> dict[Path, Path]:
        if not isinstance(given, list):
            part.add(("waivers",), "a list belongs here, as in waivers: [{match: {…}, reason: …, by: …, until: …}]")
            return {}
        if whole.get("waivers") is None:
            whole["waivers"] = []
        own = whole["waivers"]
        if not isinstance(own, list):
            return {}  # told as a mistake of that file
        self.whole.first_waiver[name] = len(own)
        own += given
        first = self.whole.first_waiver[name]
        return {("waivers", index): ("waivers", first + index) for index in range(len(given))}


def _patterns(tree: Tree) -> Iterator[tuple[Path, str]]:
    given = tree.value.get("include") if isinstance(tree.value, dict) else None
    items = given if isinstance(given, list) else [given]
    for index, item in enumerate(items):
        at: Path = ("include", index) if isinstance(given, list) else ("include",)
        if isinstance(item, str) and item.strip():
            yield at, item
        elif given is not None:
            tree.add(at, "names no file; write a file or a pattern of names, as in include: teams/*.yaml")


def _placed(part: Tree, name: str) -> Tree:
    """`part` with the name of its file at every place and problem."""
    part.keys = {path: replace(spot, file=name) for path, spot in part.keys.items()}
    part.values = {path: replace(spot, file=name) for path, spot in part.values.items()}
    part.values.setdefault((), Spot(1, 1, name))
    part.problems = [replace(problem, file=name) for problem in part.problems if part.value is not None or problem.line]
    return part


def _adopt(whole: dict[Path, Told], part: dict[Path, Told], moved: Mapping[Path, Path]) -> None:
    """Take over what `part` tells about the places that are `moved`, and about what is below them."""
    for path, told in part.items():
        if (place := moved.get(path[:2])) is not None:
            whole[place + path[2:]] = told


def _shown(name: str) -> str:
    """A file name in quotes, never cut."""
    return f'"{inert(name)}"'


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or "not a file name"
