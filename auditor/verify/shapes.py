"""Proves whole lines good at once, by the shape of the records before them.

Parsing each line by itself and looking at each name of it costs several times more than inflating. But records
of one dataset look alike. Their common shape becomes one regular expression that takes nothing but valid JSON,
in which each object names each of its members at most once, in a fixed order. RE2 makes an automaton of
it, which reads each byte once whatever the bytes are, and lets other threads run meanwhile. A line that
matches is proven good; a line that does not match proves nothing and is looked at by itself.
"""

import re
from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Final, TypeAlias

from auditor.verify.grammar import NULL, SCALAR, STRING, list_of, names_apart, object_of, one_of, text_of

__all__ = ["ShapeBook", "Shapes"]

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"
Prove: TypeAlias = Callable[[bytes, int], int]

_FIRST_COMPILE: Final = 16  # misses before an expression is worth its price
_COMPILES: Final = 8  # at most; each waits for four times as many misses as the one before
_MEMBERS: Final = 128  # of one object: more look like keys of a map, not like names
_DEPTH: Final = 24
_PLACES: Final = 1500  # members in the whole shape: bounds the expression, as does
_PATTERN_BYTES: Final = 1024 * 1024
_AUTOMATON_BYTES: Final = 96 * 1024 * 1024  # a third at most becomes states; usual are one or two MiB
_BOOKS: Final = 2

_RAW_NAME: Final = re.compile(r'[^"\\\x00-\x1f\ud800-\udfff]*')


class _NoShape(Exception):
    """Too large or too deep, or names written with escapes."""


class _Place:
    """What stands at one place of the records."""

    def __init__(self) -> None:
        self.string = self.scalar = False
        self.objects = 0  # how many objects were seen here
        self.members: dict[str, tuple[_Place, int]] = {}  # with times seen
        self.before: dict[str, set[str]] = {}  # by name, those seen written just before it
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
        for name in value:
            if name not in self.members:
                self._add(name, budget)
        for name, following in pairwise(value):
            self.before[following].add(name)
        for name, member in value.items():
            place, seen = self.members[name]
            self.members[name] = (place, seen + 1)
            place.learn(member, budget, depth + 1)

    def _add(self, name: str, budget: list[int]) -> None:
        budget[0] -= 1
        if budget[0] < 0 or len(self.members) >= _MEMBERS:
            raise _NoShape
        if not _RAW_NAME.fullmatch(name):
            raise _NoShape  # written with escapes: two spellings of one name must not count as two
        self.members[name] = (_Place(), 0)
        self.before[name] = set()

    def pattern(self) -> bytes:
        """Alternatives begin with different bytes. `null` may stand anywhere."""
        kinds = [SCALAR if self.scalar else NULL]
        kinds += [STRING] if self.string else []
        kinds += [self.object_pattern()] if self.objects else []
        kinds += [list_of(self.items.pattern())] if self.items else []
        return one_of(kinds)

    def object_pattern(self) -> bytes:
        """Raises _NoShape if it grows too large."""
        members: list[tuple[bytes, bytes, bool]] = []
        size = 0
        order = self._order()
        for name, expression in zip(order, names_apart(order), strict=True):
            place, seen = self.members[name]
            members.append((expression, place.pattern(), seen == self.objects))
            size += len(members[-1][1])
            if size > _PATTERN_BYTES:
                raise _NoShape
        return object_of(members)

    def _order(self) -> list[str]:
        """One order that is that of all records seen; where there is none, any will do for some of them."""
        try:
            return list(TopologicalSorter(self.before).static_order())
        except CycleError:
            return list(self.members)


class Shapes:
    """Learns from the records that did not match, and stops when there is nothing to gain."""

    def __init__(self) -> None:
        self._prove: Prove = _prove_nothing
        self._place = _Place()
        self._budget = [_PLACES]
        self._misses = 0
        self._next_compile = _FIRST_COMPILE
        self._compiles = 0

    def prove(self, text: bytes, start: int = 0) -> int:
        """Where the lines end that are proven good from `start` on. Threads may call it at the same time.

        Each of them is one JSON object, ends with its line feed, and calls for no remark.
        """
        return self._prove(text, start)

    def learn(self, record: dict[str, JsonValue]) -> None:
        """Take in a record that is valid, repeats no name and did not match."""
        if self._compiles >= _COMPILES:
            return
        try:
            self._place.learn(record, self._budget)
        except _NoShape:
            return
        self._misses += 1
        if self._misses >= self._next_compile:
            self._misses = 0
            self._next_compile *= 4
            self._compiles += 1
            self._prove = _compiled(self._place) or self._prove


def _compiled(record: _Place) -> Prove | None:
    """None if the expression would be too large."""
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # bytes are bytes
    options.max_mem = _AUTOMATON_BYTES
    options.log_errors = False
    try:
        expression = re2.compile(text_of(record.object_pattern()), options)
    except (_NoShape, re2.error):
        return None
    finally:
        re2.purge()  # it would keep the last 128 expressions alive

    def prove(text: bytes, start: int) -> int:
        match = expression.match(text, start)
        return match.end() if match else start  # none: the engine lacked memory

    return prove


def _prove_nothing(_text: bytes, start: int) -> int:
    return start


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
