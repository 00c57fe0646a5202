"""The schema tree of a Parquet footer: its leaves, their levels and a canonical text."""

from dataclasses import dataclass
from typing import Any

from adapters.base import inert
from auditor.verify.parquet_faults import Damage, Uncheckable
from auditor.verify.parquet_spec import WIDTHS, Physical, Repetition
from auditor.verify.reasons import Reason

_CONVERTED = {
    "string": {0},
    "map": {1, 2},
    "list": {3},
    "enum": {4},
    "decimal": {5},
    "date": {6},
    "json": {19},
    "bson": {20},
}
_TIME_CONVERTED = {("time", "ms"): 7, ("time", "us"): 8, ("timestamp", "ms"): 9, ("timestamp", "us"): 10}
_CONVERTED_NAMES = (
    *("string", "map", "map_key_value", "list", "enum", "decimal", "date"),
    *("time(ms)", "time(us)", "timestamp(ms)", "timestamp(us)"),
    *("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
    *("json", "bson", "interval"),
)  # by number
DEEPEST = 200  # groups inside one another
_TEXT = {"string", "enum", "json"}  # logical types that are UTF-8 by definition


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf column."""

    index: int
    path: tuple[str, ...]  # from below the root
    type: Physical
    width: int | None  # bytes of one PLAIN value; None where values differ in length
    max_definition: int
    max_repetition: int
    annotation: str  # logical type, "" if none
    top: int  # index of the top-level field it belongs to

    @property
    def name(self) -> str:
        """The path on one line, safe to show."""
        return inert(".".join(self.path))

    @property
    def is_text(self) -> bool:
        return self.annotation in _TEXT and self.type is Physical.BYTE_ARRAY


@dataclass(frozen=True, slots=True)
class Schema:
    leaves: tuple[Leaf, ...]
    text: str  # one "path: repetition type annotation" line per leaf; the same for all files of one writer


def parse_schema(elements: list[dict[str, Any]]) -> Schema:
    """The tree of `elements` (depth first, root in front).

    Raises: Damage if they do not make one tree; Uncheckable where two statements of a type disagree
    or a type is unknown.
    """
    if not elements or "type" in elements[0]:
        raise _damage("The schema has no root.")
    if "repetition" in elements[0]:  # says nothing, yet readers refuse one that does not exist
        _repetition(elements[0], ())
    walker = _Walker(elements)
    for top in range(_children(elements[0])):
        walker.walk((), 0, 0, top)
    if walker.next != len(elements):
        raise _damage("The schema's child counts do not add up to its elements.", elements=len(elements))
    return Schema(tuple(walker.leaves), "\n".join(walker.lines))


class _Walker:
    def __init__(self, elements: list[dict[str, Any]]) -> None:
        self.elements = elements
        self.next = 1
        self.leaves: list[Leaf] = []
        self.lines: list[str] = []

    def walk(self, above: tuple[str, ...], definition: int, repetition: int, top: int) -> None:
        if self.next >= len(self.elements):
            raise _damage("The schema's child counts do not add up to its elements.", elements=len(self.elements))
        if len(above) > DEEPEST:
            raise Uncheckable(
                Reason.DECODER_LIMIT,
                "The schema nests deeper than we follow.",
                column=_name(above)[:160],
                limit=DEEPEST,
            )
        element = self.elements[self.next]
        self.next += 1
        path = (*above, element["name"])
        kind = _repetition(element, path)
        definition += kind is not Repetition.REQUIRED
        repetition += kind is Repetition.REPEATED
        annotation = annotation_of(element, path)
        if "type" in element:
            self._add_leaf(element, path, annotation, definition, repetition, top)
            return
        count = _children(element)
        self.lines.append(f"{inert('.'.join(path))}: {kind.name.lower()} group {annotation}".rstrip())
        for _ in range(count):
            self.walk(path, definition, repetition, top)

    def _add_leaf(
        self,
        element: dict[str, Any],
        path: tuple[str, ...],
        annotation: str,
        definition: int,
        repetition: int,
        top: int,
    ) -> None:
        if element.get("num_children"):
            raise _damage("A schema element is a column and a group at once.", column=_name(path))
        physical = _physical(element["type"], path)
        width = WIDTHS.get(physical)
        if physical is Physical.FIXED_LEN_BYTE_ARRAY:
            width = element.get("type_length", 0)
            if not isinstance(width, int) or width <= 0:
                raise _damage("A fixed-length column has no length.", column=_name(path))
        leaf = Leaf(len(self.leaves), path, physical, width, definition, repetition, annotation, top)
        self.leaves.append(leaf)
        shown = physical.name.lower() + (f"({width})" if physical is Physical.FIXED_LEN_BYTE_ARRAY else "")
        self.lines.append(f"{leaf.name}: {_repetition(element, path).name.lower()} {shown} {annotation}".rstrip())


def annotation_of(element: dict[str, Any], path: tuple[str, ...]) -> str:
    """The logical type in one word or call. Raises Uncheckable if the old and the new statement differ."""
    logical = element.get("logical")
    converted = element.get("converted")
    if not logical:
        return _from_converted(converted, element, path)
    kind, values = next(iter(logical.items()))
    shown, expected = _from_logical(kind, values)
    if converted is not None and converted not in expected:
        raise _contradiction(path, shown, _converted_name(converted))
    if kind == "decimal":
        for part in ("scale", "precision"):
            if part in element and element[part] != values[part]:
                raise _contradiction(path, shown, f"{part} {element[part]}")
    return shown


def _from_logical(kind: str, values: dict[str, Any]) -> tuple[str, set[int]]:
    if kind in ("time", "timestamp"):
        unit = next(iter(values["unit"]))
        known = _TIME_CONVERTED.get((kind, unit))
        return f"{kind}({unit}{',utc' if values['utc'] else ''})", set() if known is None else {known}
    if kind == "integer":
        bits, signed = values["bits"], values["signed"]
        names = ("int" if signed else "uint") + str(bits)
        return names, {_CONVERTED_NAMES.index(names)} if names in _CONVERTED_NAMES else set()
    if kind == "decimal":
        return f"decimal({values['precision']},{values['scale']})", {5}
    return kind, _CONVERTED.get(kind, set())


def _from_converted(converted: int | None, element: dict[str, Any], path: tuple[str, ...]) -> str:
    if converted is None:
        return ""
    name = _converted_name(converted)
    if not 0 <= converted < len(_CONVERTED_NAMES):
        raise Uncheckable(
            Reason.UNSUPPORTED_FEATURE, f"The type annotation {converted} is unknown.", column=_name(path)
        )
    if name == "decimal":
        return f"decimal({element.get('precision')},{element.get('scale', 0)})"
    return name


def _converted_name(converted: int) -> str:
    return _CONVERTED_NAMES[converted] if 0 <= converted < len(_CONVERTED_NAMES) else str(converted)


def _contradiction(path: tuple[str, ...], new: str, old: str) -> Uncheckable:
    return Uncheckable(
        Reason.UNSUPPORTED_FEATURE,
        "The footer states a column's type twice, differently: readers may disagree.",
        column=_name(path),
        logical_type=new,
        converted_type=old,
    )


def _physical(number: int, path: tuple[str, ...]) -> Physical:
    try:
        return Physical(number)
    except ValueError:
        raise _damage("A column's physical type does not exist.", column=_name(path), actual=number) from None


def _repetition(element: dict[str, Any], path: tuple[str, ...]) -> Repetition:
    try:
        return Repetition(element.get("repetition", -1))
    except ValueError:
        raise _damage("A schema element says neither required, optional nor repeated.", column=_name(path)) from None


def _children(element: dict[str, Any]) -> int:
    count = element.get("num_children", 0)
    if not isinstance(count, int) or count < 0:
        raise _damage("A schema element has a negative number of children.", actual=count)
    return count


def _name(path: tuple[str, ...]) -> str:
    return inert(".".join(path))


def _damage(message: str, **evidence: Any) -> Damage:
    return Damage("file-corrupt", message, part="footer", **evidence)
