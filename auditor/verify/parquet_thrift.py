"""Thrift's compact protocol, read strictly: each byte is accounted for or the text is refused.

Decoders skip what they do not expect, which turns a flipped bit into a missing value. Here a known
field must have its declared type, required fields must be there and unknown ones are named.
Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

BOOL: Final = 1  # wire types; 2 is FALSE where the value lies in the field header
BYTE: Final = 3
I16: Final = 4
I32: Final = 5
I64: Final = 6
DOUBLE: Final = 7
BINARY: Final = 8
LIST: Final = 9
SET: Final = 10
MAP: Final = 11
STRUCT: Final = 12
UUID: Final = 13

EXTENSION_FIELD: Final = 32767  # reserved for private extensions by Parquet's BinaryProtocolExtensions.md
MAX_DEPTH: Final = 32
_BITS: Final = {I16: 15, I32: 31, I64: 63}
_HIGHEST_FIELD: Final = 127  # the format numbers its fields from 1 without holes; it is at 18


Make: TypeAlias = Callable[[dict[str, Any]], Any]


class ThriftError(ValueError):
    """What stands at `offset` (from the start of the text) cannot be what was declared."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


class Incomplete(ThriftError):
    """The text ends before the struct does."""


@dataclass(frozen=True, slots=True)
class Field:
    """One declared field. `struct` for STRUCT and lists of structs, `item` the wire type of list elements."""

    name: str
    wire: int
    struct: "Struct | None" = None
    item: int = 0
    text: bool = False  # BINARY that must be UTF-8
    keep: bool = True  # False: its form is checked, its value is dropped
    choices: frozenset[int] | None = None  # of an enumeration: readers built from the declaration refuse others


@dataclass(frozen=True, slots=True)
class Struct:
    """A declared struct."""

    name: str
    fields: Mapping[int, Field]
    required: frozenset[int] = field(default_factory=frozenset)
    union: bool = False  # exactly one field


class CompactReader:
    """Reads structs from `data`; `position` is the next unread byte, `unknown` the undeclared fields met."""

    def __init__(self, data: bytes, position: int = 0, makers: Mapping[str, Make] | None = None) -> None:
        self.data = data
        self.position = position
        self.makers = makers or {}  # struct name -> what list elements become, so that large lists stay small
        self.unknown: set[str] = set()

    def read_struct(self, struct: Struct, depth: int = 0) -> dict[str, Any]:
        """The next struct as name -> value. Raises ThriftError; Incomplete where the data end first."""
        if depth > MAX_DEPTH:
            raise ThriftError("nested too deep", self.position)
        values: dict[str, Any] = {}
        seen: set[int] = set()
        number = 0
        while (header := self._byte()) != 0:
            wire, step = header & 0x0F, header >> 4
            number = number + step if step else self._zigzag()
            if number in seen:
                raise ThriftError(f"field {number} of {struct.name} stands twice", self.position)
            seen.add(number)
            declared = struct.fields.get(number)
            if declared is None or _is_another_field(struct, number, wire):
                self._skip_unknown(struct, number, wire, depth)
                continue
            if wire != declared.wire and not (declared.wire == BOOL and wire == 2):
                raise ThriftError(f"field {number} of {struct.name} has another type", self.position)
            value = (wire == BOOL) if declared.wire == BOOL else self._value(declared, depth)
            if declared.choices is not None:
                self._judge_choices(struct, declared, value)
            if declared.keep:
                values[declared.name] = value
        self._require(struct, seen)
        return values

    def _judge_choices(self, struct: Struct, declared: Field, value: Any) -> None:
        for number in value if declared.wire == LIST else (value,):
            if number < 0:
                raise ThriftError(f"{struct.name} cannot have {declared.name} {number}", self.position)
            if number not in (declared.choices or ()):
                self.unknown.add(f"{struct.name}.{declared.name}={number}")  # of a later version of the format

    def _require(self, struct: Struct, seen: set[int]) -> None:
        if not struct.required <= seen:
            lacking = struct.fields[min(struct.required - seen)].name
            raise ThriftError(f"{struct.name} lacks {lacking}", self.position)
        if struct.union and len(seen) != 1:
            raise ThriftError(f"{struct.name} names {len(seen)} alternatives", self.position)

    def _skip_unknown(self, struct: Struct, number: int, wire: int, depth: int) -> None:
        highest = EXTENSION_FIELD - 1 if struct.union else _HIGHEST_FIELD  # alternatives are added far more often
        if not 0 < number <= highest and number != EXTENSION_FIELD:
            raise ThriftError(f"{struct.name} cannot have a field {number}", self.position)
        if number != EXTENSION_FIELD:
            self.unknown.add(f"{struct.name}.{number}")
        if wire not in (BOOL, 2):
            self._skip(wire, depth)

    def _value(self, declared: Field, depth: int) -> Any:
        if declared.wire in _BITS:
            return self._integer(declared.wire)
        if declared.wire == STRUCT:
            assert declared.struct is not None
            return self.read_struct(declared.struct, depth + 1)
        if declared.wire == LIST:
            return self._list(declared, depth)
        return self._scalar(declared.wire, text=declared.text)

    def _scalar(self, wire: int, *, text: bool = False) -> Any:
        if wire in (I16, I32, I64):
            return self._integer(wire)
        if wire == BINARY:
            raw = self._take(self._varint())
            return self._text(raw) if text else raw
        if wire == DOUBLE:
            return self._take(8)
        if wire == BYTE:
            return self._byte()
        if wire == UUID:
            return self._take(16)
        if wire in (BOOL, 2):  # an element: one byte of its own
            return self._byte() == 1
        raise ThriftError(f"wire type {wire} does not exist", self.position)

    def _integer(self, wire: int) -> int:
        start = self.position
        if start < len(self.data) and (byte := self.data[start]) < 0x80:  # most are this short
            self.position = start + 1
            return (byte >> 1) ^ -(byte & 1)
        value = self._zigzag()
        bits = _BITS[wire]
        if not -(1 << bits) <= value < (1 << bits):
            raise ThriftError(f"integer of more than {bits + 1} bits", start)
        return value

    def _text(self, raw: bytes) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise ThriftError("text that is not UTF-8", self.position) from None

    def _list_header(self) -> tuple[int, int]:
        header = self._byte()
        size, wire = header >> 4, header & 0x0F
        size = self._varint() if size == 15 else size
        if size > len(self.data) - self.position:  # each element takes a byte at least
            raise Incomplete(f"list of {size} elements", self.position)
        return size, wire

    def _list(self, declared: Field, depth: int) -> list[Any]:
        size, wire = self._list_header()
        if size and wire != declared.item and {wire, declared.item} != {BOOL, 2}:
            raise ThriftError(f"list {declared.name} has elements of another type", self.position)
        if declared.struct is not None:
            make: Make = self.makers.get(declared.struct.name, _as_it_is)
            return [make(self.read_struct(declared.struct, depth + 1)) for _ in range(size)]
        return [self._scalar(wire, text=declared.text) for _ in range(size)]

    def _skip(self, wire: int, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ThriftError("nested too deep", self.position)
        if wire == STRUCT:
            self.read_struct(_ANY, depth + 1)
        elif wire in (LIST, SET):
            size, item = self._list_header()
            for _ in range(size):
                self._skip(item, depth + 1)
        elif wire == MAP:
            self._skip_map(depth)
        else:
            self._scalar(wire)

    def _skip_map(self, depth: int) -> None:
        size = self._varint()
        kinds = self._byte() if size else 0
        for _ in range(size):
            self._skip(kinds >> 4, depth + 1)
            self._skip(kinds & 0x0F, depth + 1)

    def _byte(self) -> int:
        if self.position >= len(self.data):
            raise Incomplete("the text ends inside a struct", self.position)
        self.position += 1
        return self.data[self.position - 1]

    def _take(self, length: int) -> bytes:
        end = self.position + length
        if end > len(self.data):
            raise Incomplete(f"{length} bytes announced, fewer left", self.position)
        raw = self.data[self.position : end]
        self.position = end
        return raw

    def _varint(self) -> int:
        data, position = self.data, self.position
        value = shift = 0
        try:
            while (byte := data[position]) & 0x80:
                value |= (byte & 0x7F) << shift
                shift += 7
                position += 1
                if shift > 63:
                    raise ThriftError("integer of more than 10 bytes", self.position)
        except IndexError:
            raise Incomplete("the text ends inside an integer", self.position) from None
        self.position = position + 1
        return value | byte << shift

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)


def _is_another_field(struct: Struct, number: int, wire: int) -> bool:
    """A number that a writer's private field took before the format did: a container where an optional number stands.

    No single flipped bit makes one wire type of the other; readers pass over such a field.
    """
    is_number = struct.fields[number].wire in _BITS
    return is_number and number not in struct.required and wire in (BINARY, LIST, SET, MAP, STRUCT)


def _as_it_is(values: dict[str, Any]) -> dict[str, Any]:
    return values


_ANY = Struct("unknown", {})
