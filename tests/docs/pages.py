"""The pages of the documentation, and what stands in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parents[2]
DOCS = TOP / "docs"
AT_THE_TOP = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
SHELLS = {"sh", "bash", "shell", "console"}
_FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, and the prose up to the next block."""

    language: str
    text: str
    after: str


def list_pages() -> list[str]:
    """Paths from the top of the repository."""
    return [*AT_THE_TOP, *(path.relative_to(TOP).as_posix() for path in sorted(DOCS.rglob("*.md")))]


def read_page(page: str) -> str:
    return (TOP / page).read_text("utf-8")


def find_blocks(text: str) -> Iterator[Block]:
    found = list(_FENCE.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)] * bool(found)
    for match, end in zip(found, ends, strict=True):
        lines = [line.removeprefix(match[1]) for line in match[3].splitlines(keepends=True)]
        yield Block(match[2], "".join(lines), text[match.end() : end])


def without_blocks(text: str) -> str:
    return _FENCE.sub("", text)
