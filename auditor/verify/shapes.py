"""Proves quickly that no object of a record repeats a name, by the shape of the records before it.

Finding duplicate names means looking at every name of every record, which costs more than parsing. But
records of one dataset look alike. Their common shape becomes one regular expression in which each object
names each of its members at most once, in a fixed order. A line that is valid JSON and matches it
repeats no name; a line that does not match proves nothing and is looked at name by name.
"""

import re
from collections.abc import Callable
from typing import Final, TypeAlias

__all__ = ["ShapeBook", "Shapes"]

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"
Match: TypeAlias = Callable[[bytes], object]

_FIRST_COMPILE: Final = 48  # misses before an expression is worth its price
_COMPILES: Final = 8  # at most; each waits for four times as many misses as the one before
_MEMBERS: Final = 128  # of one object: more look like keys of a map, not like names
_DEPTH: Final = 24
_PLACES: Final = 1500  # members in the whole shape: bounds the expression
_BOOKS: Final = 8

# Most lines hold no backslash at all, and then a string ends at the next quotation mark: twice as fast.
_PLAIN_STRING: Final = rb'"[^"]*+"'
_STRING: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*"'
_SCALAR: Final = rb'[^][{}",:]++'
_SCALARS: Final = rb'\[[^][{}"]*+\]'
_COMMA: Final = rb",?+ ?+"
_COLON: Final = rb": ?+"
_RAW_NAME: Final = re.compile(r'[^"\\\x00-\x1f]*')


class _NoShape(Exception):
    """This record cannot be merged: too large, names in another order, or names written with escapes."""


class _Place:
    """What stands at one place of the records."""

    def __init__(self) -> None:
        self.string = self.scalar = False
        self.objects = 0  # how many objects were seen here
        self.members: dict[str, tuple[_Place, int]] = {}  # in the order they are written, with times seen
        self.items: _Place | None = None

    def learn(self, value: JsonValue, budget: list[int], depth: int = 0) -> None:
        if depth > _DEPTH:
            raise _NoShape
        if isinstance(value, str):
            self.string = True
        elif isinstance(value, dict):
            self._learn_object(value, budget, depth)
        elif isinstance(value, list):
            self.items = self.items or _Place()
            for item in value:
                self.items.learn(item, budget, depth + 1)
        else:
            self.scalar = True

    def _learn_object(self, value: dict[str, JsonValue], budget: list[int], depth: int) -> None:
        self.objects += 1
        self.members = _merged(self.members, list(value))
        budget[0] -= sum(1 for _place, seen in self.members.values() if not seen)
        if len(self.members) > _MEMBERS or budget[0] < 0:
            raise _NoShape
        for name, member in value.items():
            place, seen = self.members[name]
            self.members[name] = (place, seen + 1)
            place.learn(member, budget, depth + 1)

    def pattern(self, string: bytes) -> bytes:
        """Alternatives begin with different bytes, so that nothing is tried twice."""
        kinds = [string] if self.string else []
        kinds += [self._object_pattern(string)] if self.objects else []
        kinds += [self._array_pattern(string)] if self.items else []
        kinds += [_SCALAR] if self.scalar else []
        return kinds[0] if len(kinds) == 1 else b"(?:" + b"|".join(kinds) + b")"

    def _object_pattern(self, string: bytes) -> bytes:
        return rb"\{" + b"".join(self._member_pattern(name, string) for name in self.members) + rb"\}"

    def _member_pattern(self, name: str, string: bytes) -> bytes:
        place, seen = self.members[name]
        member = b'"' + re.escape(name.encode("utf-8")) + b'"' + _COLON + place.pattern(string) + _COMMA
        return member if seen == self.objects else b"(?:" + member + b")?"

    def _array_pattern(self, string: bytes) -> bytes:
        items = self.items
        if items is None or not (items.string or items.objects or items.items):
            return _SCALARS
        return rb"\[(?:" + items.pattern(string) + _COMMA + rb")*\]"


def _merged(known: dict[str, tuple[_Place, int]], names: list[str]) -> dict[str, tuple[_Place, int]]:
    """`known` with `names` put in where they are written. Raises _NoShape where two orders contradict."""
    order = list(known)
    at = 0
    for name in names:
        if name in known:
            place = order.index(name)
            if place < at:
                raise _NoShape
            at = place + 1
            continue
        if not _RAW_NAME.fullmatch(name):
            raise _NoShape  # written with escapes: two spellings of one name must not count as two
        order.insert(at, name)
        at += 1
    return {name: known.get(name) or (_Place(), 0) for name in order}


class Shapes:
    """Learns from the records that did not match, and stops when there is nothing to gain."""

    def __init__(self) -> None:
        self.match_plain: Match = _never  # for lines without a backslash
        self.match_escaped: Match = _never  # for all lines
        self._place = _Place()
        self._misses = 0
        self._next_compile = _FIRST_COMPILE
        self._compiles = 0

    def learn(self, record: dict[str, JsonValue]) -> None:
        """Take in a record that is valid, repeats no name and did not match."""
        if self._compiles >= _COMPILES:
            return
        try:
            self._place.learn(record, [_PLACES])
        except _NoShape:
            return
        self._misses += 1
        if self._misses >= self._next_compile:
            self._misses = 0
            self._next_compile *= 4
            self._compiles += 1
            self.match_plain = self._compiled(_PLAIN_STRING)
            self.match_escaped = self._compiled(_STRING)

    def _compiled(self, string: bytes) -> Match:
        return re.compile(self._place.pattern(string) + rb"\r?+", re.DOTALL).fullmatch


def _never(_line: bytes) -> object:
    return None


class ShapeBook:
    """The shapes a worker has learned, so that the next file of a dataset need not begin anew."""

    def __init__(self) -> None:
        self._by_subject: dict[str, Shapes] = {}

    def shapes_for(self, subject: str) -> Shapes:
        """Those of `subject` (a dataset's folder); the longest unused give way."""
        shapes = self._by_subject.pop(subject, None) or Shapes()
        self._by_subject[subject] = shapes
        if len(self._by_subject) > _BOOKS:
            del self._by_subject[next(iter(self._by_subject))]
        return shapes
