"""Names for flows and destinations: readable, unique, and the same whenever the same things are found. Pure."""

import re
import unicodedata
from collections import Counter
from collections.abc import Container, Sequence
from typing import Final

_LONGEST: Final = 60


def slug(text: str) -> str:
    """`Web events (3h)` as `web-events-3h`; "" where nothing of it can stand in a name."""
    plain = unicodedata.normalize("NFKC", text).lower()
    words = re.sub(r"[^\w.]+|_+", "-", plain).strip("-.")
    return "".join(one for one in words if one.isprintable())[:_LONGEST].strip("-.")


def choose_names(chains: Sequence[Sequence[str]], *, taken: Container[str] = ()) -> list[str]:
    """One name for each chain: its first that no other has in the same place and that is not `taken`.

    All that share a name go on to their next one, so that the order in which they come changes nothing.
    """
    chosen: list[str | None] = [None] * len(chains)
    used: set[str] = set()
    for level in range(max(map(len, chains), default=0)):
        waiting = [n for n, name in enumerate(chosen) if name is None and level < len(chains[n])]
        counts = Counter(chains[n][level] for n in waiting)
        for n in waiting:
            name = chains[n][level]
            if counts[name] == 1 and name not in used and name not in taken:
                chosen[n] = name
                used.add(name)
    return [name if name is not None else _numbered(chains[n][-1], used, taken) for n, name in enumerate(chosen)]


def _numbered(name: str, used: set[str], taken: Container[str]) -> str:
    number = 2
    while f"{name}-{number}" in used or f"{name}-{number}" in taken:
        number += 1
    used.add(f"{name}-{number}")
    return f"{name}-{number}"
