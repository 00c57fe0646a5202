"""A bar of parts that add up: numbers in, whole units of width out."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

WIDTH = 1000
Kind = TypeVar("Kind", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a bar, in thousandths of its width."""

    kind: str
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Bar:
    parts: tuple[Part, ...]
    label: str  # the same in words


def make_bar(counts: Mapping[Kind, int], words: Mapping[Kind, str]) -> Bar:
    """Parts in the order of `counts`. None is narrower than a fortieth: one bad run in 28,000 is seen."""
    total = sum(counts.values())
    label = ", ".join(f"{count:,} {words[kind]}" for kind, count in counts.items() if count) or "nothing"
    widths = {kind: max(WIDTH // 40, count * WIDTH // total) for kind, count in counts.items() if count}
    if widths:
        widest = max(widths, key=lambda kind: widths[kind])
        widths[widest] += WIDTH - sum(widths.values())
    parts, start = [], 0
    for kind, width in widths.items():
        parts.append(Part(kind.value, start, width))
        start += width
    return Bar(tuple(parts), label)
