"""YAML text -> plain mappings, lists and text, with the place of everything.

Every scalar stays the text that was written: `007`, `1e5`, `no` and `2026-12-25` are names until a
field says otherwise. Nothing given (`folder:`) is None.
"""

from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from auditor.settings.problems import Path, Problem, render_path

Value: TypeAlias = "dict[str, Value] | list[Value] | str | None"

MOST_BYTES = 4_000_000
MOST_VALUES = 200_000  # aliases counted each time they are used: a small file must not become a large one
DEEPEST = 40

_CORE = "tag:yaml.org,2002:"
_CORE_TAGS = {_CORE + n for n in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value")}

# Our own sentences: ruamel's quote the text, and the text may be a secret.
_SENTENCES = (
    ("character '\\t'", "a tab cannot indent YAML; write spaces"),
    ("that cannot start any token", "a value that begins with @, `, % or & must stand in quotes"),
    (
        "undefined alias",
        "a value that begins with * must stand in quotes (else it refers to an anchor, not found here)",
    ),
    ("duplicate anchor", "this anchor (&) is defined twice"),
    ("mapping values are not allowed", "a second colon in one line, or wrong indentation; put the value in quotes"),
    ("another document", 'only one document is read; remove what follows the "---"'),
    ("unexpected end of stream", "a quote that was opened here or above is not closed"),
    ("could not find expected ':'", "a key without its colon, or without a space after the colon"),
    ("expected ',' or", "a bracket or brace that was opened above is not closed, or a comma is missing"),
    ("expected the node content", "a value is missing here, or a bracket or brace is not closed"),
    ("expected <block end>", "the indentation does not fit the lines above"),
)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something stands. Lines and columns count from 1."""

    line: int
    column: int
    file: str = ""  # an included file; "" for the one that was asked for


@dataclass(slots=True)
class Tree:
    """A read configuration and the mistakes found in it so far."""

    value: Value = None
    keys: dict[Path, Spot] = field(default_factory=dict)
    values: dict[Path, Spot] = field(default_factory=dict)
    bare: dict[Path, str] = field(default_factory=dict)  # unquoted words that YAML would not take for text
    problems: list[Problem] = field(default_factory=list)
    secret_files: list[FilePath] = field(default_factory=list)  # those that were named, absolute
    first_waiver: dict[str, int] = field(default_factory=dict)  # by included file: the place of its first in `waivers`

    def add(self, path: Path, message: str, *, at_key: bool = False) -> None:
        """Note a problem at `path`, or at the nearest thing around it that was written."""
        path = self._written(path)
        spot = self._spot(path, at_key)
        self.problems.append(Problem(spot.line, spot.column, self.render(path), message, spot.file))

    def spot_of(self, path: Path) -> Spot:
        """Where `path` stands, or what is around it."""
        return self._spot(self._written(path), at_key=True)

    def render(self, path: Path) -> str:
        """`path` as text, counted as in the file where it is written."""
        match path:
            case ("waivers", int(index), *rest):
                return render_path(("waivers", index - self.first_waiver.get(self.spot_of(path[:2]).file, 0), *rest))
        return render_path(path)

    def _spot(self, path: Path, at_key: bool) -> Spot:
        for length in range(len(path), -1, -1):
            part = path[:length]
            first, second = (self.keys, self.values) if at_key or length < len(path) else (self.values, self.keys)
            if spot := first.get(part) or second.get(part):
                return spot
        return Spot(1, 1)

    def _written(self, path: Path) -> Path:
        """`path` without the steps that only the model has: one mapping read as a list, text as a mapping."""
        at: Value = self.value
        kept: list[str | int] = []
        for part in path:
            if isinstance(part, int) and not isinstance(at, list):
                continue
            if isinstance(part, str) and not isinstance(at, dict):
                break
            kept.append(part)
            if isinstance(at, list) and isinstance(part, int):
                at = at[part] if part < len(at) else None
            elif isinstance(at, dict) and isinstance(part, str):
                at = at.get(part)
        return tuple(kept)


def parse_yaml(data: bytes) -> Tree:
    """Read `data`; what is wrong stands in the tree's `problems`, and then its value may be incomplete."""
    tree = Tree()
    if len(data) > MOST_BYTES:
        tree.problems.append(Problem(0, 0, "", f"is larger than {MOST_BYTES:,} bytes and was not read"))
        return tree
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        tree.problems.append(Problem(line, column, "", "is not UTF-8 text; save the file as UTF-8"))
        return tree
    root = _compose(text, tree)
    if root is not None:
        tree.value = _Builder(tree).build(root, ())
    return tree


def _compose(text: str, tree: Tree) -> Node | None:
    try:
        root: Node | None = YAML(typ="safe", pure=True).compose(text)
    except RecursionError:
        tree.problems.append(Problem(1, 1, "", f"is nested deeper than {DEEPEST} levels"))
    except ReaderError as error:
        line, column = text.count("\n", 0, error.position) + 1, error.position - text.rfind("\n", 0, error.position)
        message = f"the character U+{ord(text[error.position]):04X} is not allowed in YAML; remove it"
        tree.problems.append(Problem(line, column, "", message))
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        words = str(getattr(error, "problem", "") or "")
        sentence = next((said for told, said in _SENTENCES if told in words), "this cannot be read as YAML")
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        tree.problems.append(Problem(line, column, "", sentence))
    else:
        if root is None:
            tree.problems.append(Problem(0, 0, "", "is empty; it needs at least destinations and flows"))
        return root
    return None


class _TooMuch(Exception):
    """The text grows without bound."""


class _Builder:
    """Nodes -> values. Aliases and merge keys are followed, within bounds."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.count = 0
        self.open: set[int] = set()

    def build(self, node: Node, path: Path) -> Value:
        try:
            return self._value(node, path)
        except _TooMuch as error:
            self.tree.problems.append(Problem(1, 1, "", str(error)))
            return None

    def _value(self, node: Node, path: Path) -> Value:
        self.count += 1
        if self.count > MOST_VALUES:
            raise _TooMuch(f"holds more than {MOST_VALUES:,} values once its aliases (*) are written out")
        if len(path) > DEEPEST:
            raise _TooMuch(f"is nested deeper than {DEEPEST} levels")
        if not (isinstance(node, ScalarNode) and node.style is None and node.value == ""):
            self.tree.values.setdefault(path, _spot(node))  # nothing stands where the next thing begins
        if id(node) in self.open:
            self._note(node, path, "refers to itself by an alias (*)")
            return None
        if str(node.tag) not in _CORE_TAGS:
            self._note(node, path, "YAML tags (!…) are not read; a value that begins with ! must stand in quotes")
            return None
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        self.open.add(id(node))
        try:
            if isinstance(node, SequenceNode):
                return self._list(node, path)
            return self._mapping(node, path)
        finally:
            self.open.discard(id(node))

    def _scalar(self, node: ScalarNode, path: Path) -> str | None:
        text = str(node.value)
        if text == "" and node.style is None and node.anchor:
            self._note(node, path, "a value that begins with & must stand in quotes (else it names an anchor)")
        if node.style is None and text.lower() in ("null", "~"):
            self.tree.bare[path] = text
        return None if node.style is None and text == "" else text

    def _list(self, node: SequenceNode, path: Path) -> Value:
        return [self._value(child, (*path, index)) for index, child in enumerate(node.value)]

    def _mapping(self, node: Node, path: Path) -> Value:
        own: dict[str, Value] = {}
        merged: list[tuple[Node, Node]] = []
        for key, child in node.value:
            if str(key.tag) == _CORE + "merge":
                merged += self._merged(child, path)
            else:
                self._take(own, key, child, path)
        for key, child in merged:  # what is written beside << holds against what is merged
            if not (isinstance(key, ScalarNode) and str(key.value) in own):
                self._take(own, key, child, path)
        return own

    def _take(self, own: dict[str, Value], key: Node, child: Node, path: Path) -> None:
        if not isinstance(key, ScalarNode):
            self.tree.problems.append(
                Problem(_spot(key).line, _spot(key).column, render_path(path), "a key must be text")
            )
            return
        name, spot = str(key.value), _spot(key)
        place = (*path, name)
        if name in own:
            first = self.tree.keys[place].line
            message = f"is given twice, on lines {first} and {spot.line}; keep one of them"
            self.tree.problems.append(Problem(spot.line, spot.column, render_path(place), message))
            return
        self.tree.keys[place] = spot
        own[name] = self._value(child, place)

    def _note(self, node: Node, path: Path, message: str) -> None:
        spot = _spot(node)
        self.tree.problems.append(Problem(spot.line, spot.column, render_path(path), message))

    def _merged(self, node: Node, path: Path) -> list[tuple[Node, Node]]:
        """The pairs that `<<: *anchor` or `<<: [*a, *b]` brings in, merges of merges included."""
        if id(node) in self.open:
            self._note(node, path, "refers to itself by a merge key (<<)")
            return []
        parts = node.value if isinstance(node, SequenceNode) else [node]
        pairs: list[tuple[Node, Node]] = []
        self.open.add(id(node))
        for part in parts:
            if not isinstance(part, MappingNode):
                self._note(part, path, "a merge key (<<) needs a mapping: <<: *anchor")
                continue
            for key, child in part.value:
                self.count += 1
                if self.count > MOST_VALUES:
                    raise _TooMuch(f"holds more than {MOST_VALUES:,} values once its aliases (*) are written out")
                pairs += self._merged(child, path) if str(key.tag) == _CORE + "merge" else [(key, child)]
        self.open.discard(id(node))
        by_name: dict[str, tuple[Node, Node]] = {}
        for key, child in pairs:  # the first mapping of a merge list holds
            by_name.setdefault(str(key.value), (key, child))
        return list(by_name.values())


def _spot(node: Node) -> Spot:
    return Spot(node.start_mark.line + 1, node.start_mark.column + 1)
