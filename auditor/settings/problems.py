"""What is wrong with a configuration: every problem at once, each with its line, column and key."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from adapters.base import inert

Path: TypeAlias = tuple[str | int, ...]

_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake. `line` and `column` count from 1; 0 where the file as a whole is meant."""

    line: int
    column: int
    path: str
    message: str
    file: str = ""  # an included file; "" for the one that was asked for

    def render(self, file: str) -> str:
        """`file:line:column: path: message` on one line."""
        file = self.file or file
        place = f"{file}:{self.line}:{self.column}" if self.line else file
        return inert(": ".join(part for part in (place, self.path, self.message) if part))


class ConfigError(Exception):
    """A configuration that cannot be used. `str()` lists all `problems`, one a line, never a secret."""

    def __init__(self, file: str, problems: Iterable[Problem]) -> None:
        self.file = file
        self.problems = tuple(sorted(set(problems), key=lambda problem: (problem.file, problem)))
        super().__init__("\n".join(problem.render(file) for problem in self.problems))


def quoted(text: str) -> str:
    """`text` in quotes, on one line, cut where it is long. Not for secrets."""
    shown = inert(text)
    return f'"{shown}"' if len(shown) <= _SHOWN_CHARACTERS else f'"{shown[:_SHOWN_CHARACTERS]}…"'


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean "…"?` with the nearest of `known`, or nothing."""
    names = {name.lower().replace("-", "_"): name for name in known}
    near = difflib.get_close_matches(word.lower().replace("-", "_"), names, n=1, cutoff=0.6)
    return f" Did you mean {quoted(names[near[0]])}?" if near else ""


def render_path(path: Path) -> str:
    """`flows.web-3h.datasets[0].id`. A key is cut at its colon: what follows may be a secret."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else ("." if text else "") + shown_key(part)
    return text


def shown_key(key: str) -> str:
    """A key as it may be shown: `secret:value` without its space is a key for YAML, and a secret."""
    name, colon, _ = key.partition(":")
    shown = inert(name)
    if len(shown) > _SHOWN_CHARACTERS:
        shown = shown[:_SHOWN_CHARACTERS] + "…"
    return shown + (":…" if colon else "")
