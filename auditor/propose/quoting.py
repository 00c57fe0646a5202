"""Text from outside as YAML values and as comments. Whatever it holds, it stays one value, one line."""

import re

from adapters.base import inert

_PLAIN = re.compile(r"(?:[A-Za-z]|\.{0,2}/)[\w./-]*(?: [\w./-]+)*", re.ASCII)
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_HEX_ID = re.compile("[0-9a-f]{24}")
_LONGEST = 200


def render_value(text: str) -> str:
    """`text` as a YAML scalar that every reader gives back as this text: plain where that is safe.

    Raises ValueError for half a surrogate pair (a name that is no text), which YAML cannot hold.
    """
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and not text.endswith("."):
        return text
    if _HEX_ID.fullmatch(text) and re.search("[acdf]", text):  # no number has these letters
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def render_comment(text: str) -> str:
    """`text` for a comment: one line without control characters, cut where it is very long."""
    shown = inert(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    number = ord(character)
    if 0xD800 <= number <= 0xDFFF:
        raise ValueError("a name that is no valid text cannot stand in a configuration")
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
