"""The slow, strict judge of one line: is it exactly one JSON object (RFC 8259) in UTF-8?

Not recursive: a value may nest as deep as the line is long. Its word is final; the fast parser only
says which lines need not come here.
"""

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["FAST_DEPTH", "Judgement", "NotAnObject", "parse_line"]

NAMES_DEPTH: Final = 10_000  # duplicate names are looked for down to here: deeper, memory would not be bounded
FAST_DEPTH: Final = 1024  # deeper than this many readers refuse, though the JSON is valid

_SPACE: Final = re.compile(rb"[ \t\r\n]*")
_PLAIN: Final = re.compile(rb'[^"\\\x00-\x1f]*')
_NUMBER: Final = re.compile(rb"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORD: Final = re.compile(rb"true|false|null")
_HEX: Final = re.compile(rb"[0-9a-fA-F]{0,4}")
_CUT_NUMBER: Final = re.compile(rb"-?(?:0|[1-9][0-9]*)?(?:\.[0-9]*)?(?:[eE][+-]?)?")
_WORDS: Final = (b"true", b"false", b"null")
_OBJECT, _ARRAY = 0x7B, 0x5B


class NotAnObject(Exception):
    """The line is not one JSON object. `at`: byte of the line; `unclosed`: more bytes could have made it one."""

    def __init__(self, what: str, at: int, *, unclosed: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.at = at
        self.unclosed = unclosed


@dataclass(slots=True)
class Judgement:
    """What is remarkable about a valid object."""

    duplicate_names: bool = False  # in one and the same object
    lone_surrogates: bool = False  # an escape that is half a character
    huge_numbers: bool = False  # integers outside -2^63 … 2^64-1, fractions that overflow a double
    depth: int = 0

    def remarks(self) -> list[str]:
        """The names of what holds, as they stand in `FileCheck.facts`."""
        said = {
            "duplicate_names": self.duplicate_names,
            "lone_surrogates": self.lone_surrogates,
            "huge_numbers": self.huge_numbers,
            "deep_nesting": self.depth > FAST_DEPTH,
        }
        return [name for name, holds in said.items() if holds]


def parse_line(line: bytes) -> Judgement:
    """Judge one line without its line feed. Raises NotAnObject, whose text never quotes the line."""
    try:
        line.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        cut = error.end == len(line) and error.reason == "unexpected end of data"
        raise NotAnObject("is not valid UTF-8", error.start, unclosed=cut) from None
    return _Parser(line).parse()


class _Parser:
    def __init__(self, line: bytes) -> None:
        self.line = line
        self.at = 0
        self.open = bytearray()  # one byte a level
        self.fresh = False  # just opened: no member yet, no comma
        self.names: list[set[str]] = []  # of the open objects, down to NAMES_DEPTH
        self.said = Judgement()

    def parse(self) -> Judgement:
        self._skip_space()
        if self._peek() != _OBJECT:
            raise self._not("is not an object")
        self._value()
        while self.open:
            self._skip_space()
            self._member_or_end()
        self._skip_space()
        if self.at < len(self.line):
            raise self._not("holds more than one value")
        return self.said

    # --- structure ---

    def _value(self) -> None:
        """Read a scalar whole, or open an object or array."""
        self._skip_space()
        byte = self._peek()
        if byte in (_OBJECT, _ARRAY):
            self._open(byte)
        elif byte == 0x22:
            self._string()
        elif byte == 0x2D or 0x30 <= byte <= 0x39:
            self._number()
        else:
            self._word()

    def _open(self, kind: int) -> None:
        self.at += 1
        self.open.append(kind)
        self.said.depth = max(self.said.depth, len(self.open))
        if kind == _OBJECT and len(self.open) <= NAMES_DEPTH:
            self.names.append(set())
        self.fresh = True

    def _member_or_end(self) -> None:
        kind, byte, fresh = self.open[-1], self._peek(), self.fresh
        self.fresh = False
        if byte == kind + 2:  # "{" + 2 is "}", "[" + 2 is "]"
            self._close(kind)
        elif fresh:
            self._member(kind)
        elif byte == 0x2C:
            self.at += 1
            self._member(kind)
        else:
            raise self._not("lacks a comma or a closing bracket")

    def _close(self, kind: int) -> None:
        self.at += 1
        if kind == _OBJECT and len(self.open) <= NAMES_DEPTH:
            self.names.pop()
        self.open.pop()

    def _member(self, kind: int) -> None:
        if kind == _OBJECT:
            self._name()
        self._value()

    def _name(self) -> None:
        self._skip_space()
        if self._peek() != 0x22:
            raise self._not("lacks a name in quotation marks")
        name = self._string()
        if len(self.open) <= NAMES_DEPTH:
            seen = self.names[-1]
            self.said.duplicate_names |= name in seen
            seen.add(name)
        self._skip_space()
        if self._peek() != 0x3A:
            raise self._not("lacks a colon")
        self.at += 1

    # --- scalars ---

    def _string(self) -> str:
        start = self.at
        self.at += 1
        escapes: list[int] = []
        while True:
            plain = _PLAIN.match(self.line, self.at)
            self.at = plain.end() if plain else self.at
            byte = self._peek()
            if byte == 0x22:
                break
            if byte != 0x5C:
                raise self._not("holds a control character in a string")
            escapes.append(self._escape())
        self.at += 1
        text = self.line[start + 1 : self.at - 1]
        return self._decoded(text) if escapes else text.decode("utf-8")

    def _escape(self) -> int:
        self.at += 1
        byte = self._peek()
        if byte != 0x75:
            if byte not in b'"\\/bfnrt':
                raise self._not("holds an unknown escape")
            self.at += 1
            return byte
        digits = _HEX.match(self.line, self.at + 1)
        self.at = digits.end() if digits else self.at
        if digits is None or len(digits[0]) < 4:
            self._peek()  # the end of the line, or
            raise self._not("holds an unknown escape")
        return byte

    def _decoded(self, text: bytes) -> str:
        """The string's value. Validated already, so the standard library's decoder cannot refuse it."""
        import json

        value: str = json.loads(b'"' + text + b'"')
        self.said.lone_surrogates |= any("\ud800" <= c <= "\udfff" for c in value)
        return value

    def _number(self) -> None:
        number = _NUMBER.match(self.line, self.at)
        end = number.end() if number else self.at
        cut = _CUT_NUMBER.match(self.line, self.at)
        if cut and cut.end() > end:  # "-", "1." or "1e": fine so far
            self.at = cut.end()
            self._peek()
            raise self._not("holds a number that is not valid")
        if number is None:
            raise self._not("holds a number that is not valid")
        self.at = end
        self.said.huge_numbers |= _is_huge(number[0], fraction=bool(number[1] or number[2]))

    def _word(self) -> None:
        word = _WORD.match(self.line, self.at)
        if word:
            self.at = word.end()
            return
        rest = self.line[self.at : self.at + 5]
        if any(known.startswith(rest) for known in _WORDS):
            self.at = len(self.line)
            self._peek()
        raise self._not("holds something that is no JSON value")

    # --- reading ---

    def _skip_space(self) -> None:
        space = _SPACE.match(self.line, self.at)
        self.at = space.end() if space else self.at

    def _peek(self) -> int:
        """The next byte. At the end of the line the value is unclosed."""
        if self.at >= len(self.line):
            raise NotAnObject("ends inside a value", self.at, unclosed=True)
        return self.line[self.at]

    def _not(self, what: str) -> NotAnObject:
        return NotAnObject(what, self.at)


def _is_huge(number: bytes, *, fraction: bool) -> bool:
    if fraction:
        return float(number) in (float("inf"), float("-inf"))
    return len(number) > 20 or not -(2**63) <= int(number) < 2**64
