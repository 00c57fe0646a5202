"""Changes to a YAML text at the places of its values: everything else stays as it was written, to the byte. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_PROPERTIES: Final = re.compile(r"(?:[&!]\S*(?:[ \t\n]+(?:#[^\n]*)?)*)*")
"""Anchor and tag, and what stands between them and the value."""


class CannotEditError(Exception):
    """The text is written in a way that cannot be changed in place. `str()` is one sentence for the user."""


@dataclass(slots=True)
class Edits:
    """A text with changes to be made. Positions are those of the text as it was; line breaks are `\\n`."""

    text: str
    root: Node | None = None
    _made: list[tuple[int, int, int, str]] = field(default_factory=list)  # start, order, end, new

    def __post_init__(self) -> None:
        self.root = YAML(typ="rt", pure=True).compose(self.text)

    def replace(self, start: int, end: int, new: str) -> None:
        self._made.append((start, len(self._made), end, new))

    def insert(self, at: int, new: str) -> None:
        self.replace(at, at, new)

    def insert_lines(self, line: int, lines: Iterable[str]) -> None:
        """`lines` before line `line` (from 0)."""
        at = self.start_of(line)
        new = "".join(f"{one}\n" for one in lines)
        if at == len(self.text) and self.text and not self.text.endswith("\n"):
            new = "\n" + new
        if new.strip():
            self.insert(at, new)

    def remove_lines(self, first: int, end: int) -> None:
        self.replace(self.start_of(first), self.start_of(end), "")

    def result(self) -> str:
        """Raises CannotEditError where two changes would take the same characters: one of them would hit others."""
        text, taken_from = self.text, len(self.text)
        for start, _, end, new in sorted(self._made, reverse=True):
            if end > taken_from:
                raise CannotEditError("two changes fall on one place of the file; write each flow on lines of its own")
            text, taken_from = text[:start] + new + text[end:], start
        return text

    def lines(self) -> list[str]:
        return self.text.split("\n")

    def start_of(self, line: int) -> int:
        at = 0
        for _ in range(line):
            found = self.text.find("\n", at)
            if found < 0:
                return len(self.text)
            at = found + 1
        return at

    def line_of(self, node: Node) -> int:
        """The line on which a node begins. YAML knows other line breaks, and counts them."""
        return self.text.count("\n", 0, node.start_mark.index)

    def content_of(self, node: Node) -> int:
        """Where a value begins behind its anchor and tag."""
        found = _PROPERTIES.match(self.text, node.start_mark.index)
        return found.end() if found else int(node.start_mark.index)

    def column_of(self, node: Node) -> int:
        """The column of the first key of a mapping, or of the first dash of a list."""
        at = self.content_of(node)
        return at - (self.text.rfind("\n", 0, at) + 1)

    def child(self, node: Node | None, key: str) -> tuple[Node, Node] | None:
        """The key and value nodes of `key` in a mapping; what a merge key (<<) brings in is not its own."""
        if not isinstance(node, MappingNode):
            return None
        return next(((name, value) for name, value in node.value if name.value == key), None)

    def end_of(self, node: Node) -> int:
        """Where the last character of a value stands, comments and blank lines behind it left out."""
        if isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
            last = node.value[-1]
            parts = last if isinstance(last, tuple) else (last,)
            return max(self.end_of(part) for part in parts)
        end: int = node.end_mark.index
        if isinstance(node, ScalarNode) and node.style in ("|", ">"):
            return len(self.text[:end].rstrip())
        return end

    def line_after(self, node: Node, key: Node | None = None) -> int:
        """The line behind a value, and behind the comments that are indented with it."""
        end = max(self.end_of(node), key.end_mark.index if key else 0)
        line = self.text.count("\n", 0, end) + 1
        lines, indent = self.lines(), self.column_of(node)
        while line < len(lines):
            stripped = lines[line].lstrip(" ")
            if not stripped.startswith("#") or len(lines[line]) - len(stripped) < max(indent, 1):
                break
            line += 1
        return line


def is_written_below(node: Node, key: Node) -> bool:
    """Whether a value stands where its key is, and is no alias (*) of one elsewhere."""
    return int(node.start_mark.index) >= int(key.end_mark.index)


def is_shared(node: Node) -> bool:
    """Whether a value has an anchor (&): what is changed in it changes wherever its alias stands."""
    return node.anchor is not None


def is_block(node: Node) -> bool:
    return isinstance(node, MappingNode | SequenceNode) and not node.flow_style
