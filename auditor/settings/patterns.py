"""Patterns of names that are not looked at (`ignore`), and what no pattern may hide."""

import re
from functools import lru_cache

from auditor.settings.problems import quoted

_UUID = "77a97b44-3a9b-4ab9-bf73-2eea3e8b0b2c"
_PART = f"part-00000-tid-4425861563193826473-{_UUID}-1-1-c000"
_NAMES_OF_EXPORTS = (
    *(f"{_PART}{ending}" for ending in (".json.gz", ".json", ".gz.parquet", ".snappy.parquet", ".parquet")),
    *(f"{_PART}{ending}" for ending in (".json.gz.pgp", ".gz.parquet.gpg")),
    f"manifest-{_UUID}-{_UUID}.json",
)
_SAMPLE_DATASET = "5ef3e324052581191aa6a466"
_SAMPLE_FOLDERS = tuple(f"{_SAMPLE_DATASET}/exportTime={time}" for time in ("20261001000000", "202610010000"))
_ALWAYS_SEEN = re.compile(r"part-.*|manifest-.*\.json", re.IGNORECASE | re.DOTALL)


def parse_pattern(text: str) -> str:
    """`text`, if it is a pattern that hides no export. Raises ValueError.

    `*` is any text without a slash, `**` any text, `?` one character, `[abc]` one of these. A pattern without a
    slash is held against each name of a path, one with a slash against the whole path; what it fits is not
    looked at, and neither is what lies below it.
    """
    if not text or text != text.strip():
        raise ValueError('is empty or has spaces at its ends; write a pattern of names, as in "*.bak"')
    if text.startswith("/") or text.endswith("/"):
        raise ValueError(f"has slashes at its ends; write {quoted(text.strip('/') or '*.bak')}")
    compiled(text)
    for folder in ("", *(f"{folder}/" for folder in _SAMPLE_FOLDERS)):
        hidden = next((name for name in _NAMES_OF_EXPORTS if fits(text, folder + name)), None)
        if hidden is not None:
            shown = hidden.replace(_PART, "part-…").replace(f"{_UUID}-{_UUID}", "…")
            raise ValueError(
                f"{quoted(text)} would hide what Experience Platform writes ({folder}{shown}), and an export with "
                "hidden files would look whole; write a pattern that fits only names that are no exports"
            )
    return text


def fits(pattern: str, path: str) -> bool:
    """Whether `pattern` fits `path` (without a leading slash), or a folder that it lies in."""
    return compiled(pattern).match(path) is not None


def is_always_seen(name: str) -> bool:
    """Names that Experience Platform gives: in an export folder no pattern hides them."""
    return _ALWAYS_SEEN.fullmatch(name) is not None


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str]:
    """`pattern` as a regular expression to `match` a path with. Raises ValueError for an open bracket."""
    anywhere = "" if "/" in pattern else "(?:.*/)?"
    # Lookahead, not alternatives: the pattern ends at a slash or at the end of the path.
    return re.compile(anywhere + "".join(_pieces(pattern)) + r"(?=/|\Z)", re.DOTALL)


def _pieces(pattern: str) -> list[str]:
    pieces = []
    for piece in re.findall(r"\*\*/|\*+|\?|\[[!^]?\]?[^]/]*\]|.", pattern, re.DOTALL):
        if piece == "**/":
            pieces.append("(?:.*/)?")
        elif piece[0] == "*":
            pieces.append(".*" if len(piece) > 1 else "[^/]*")
        elif piece == "?":
            pieces.append("[^/]")
        elif piece == "[":
            raise ValueError(f'{quoted(pattern)} has a "[" without its "]"; write [[] for the character itself')
        elif piece[0] == "[":
            pieces.append(_class(piece))
        else:
            pieces.append(re.escape(piece))
    return pieces


def _class(piece: str) -> str:
    inside = piece[1:-1]
    negated = inside[:1] in ("!", "^")
    characters = re.sub(r"([\\\[\]^&~|])", r"\\\1", inside[1:] if negated else inside)
    text = f"(?!/)[{'^' if negated else ''}{characters}]"
    try:
        re.compile(text)
    except re.error:
        raise ValueError(f"{quoted(piece)} is no choice of characters; write them as in [a-z]") from None
    return text
