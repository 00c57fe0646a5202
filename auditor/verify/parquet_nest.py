"""The nesting of one column, as a running checksum per level.

Columns are decoded leaf by leaf. Siblings under one repeated parent must agree on how long each list
is and which structs are null; decoded together they would, or fail; alone nobody asks. Here it is asked.
"""

from typing import Any, TypeAlias

from isal import isal_zlib

Path: TypeAlias = tuple[str, ...]


class NestTrace:
    """Takes the arrays of one column in order; `levels` is (elements, checksum) per ancestor."""

    def __init__(self) -> None:
        self.levels: dict[Path, tuple[int, int]] = {}

    def add(self, name: str, array: Any) -> Any:
        """Note the nesting of `array` and return its leaf values."""
        import pyarrow as pa
        import pyarrow.compute as pc

        path: Path = (name,)
        while True:
            kind = array.type
            if pa.types.is_struct(kind):
                self._note((*path, "struct"), pc.is_valid(array).cast(pa.uint8()))
                path, array = (*path, kind.field(0).name), array.flatten()[0]
            elif pa.types.is_nested(kind):
                lengths = pc.list_value_length(array)
                self._note((*path, "list"), lengths.fill_null(-1))
                path, array = (*path, "item"), array.flatten()
            else:
                return array

    def _note(self, path: Path, numbers: Any) -> None:
        count, checksum = self.levels.get(path, (0, 0))
        width = numbers.type.bit_width // 8
        start = numbers.offset * width
        raw = memoryview(numbers.buffers()[1] or b"")[start : start + len(numbers) * width]
        self.levels[path] = count + len(numbers), isal_zlib.crc32(raw, checksum)


def find_disagreement(known: dict[Path, tuple[int, int]], column: dict[Path, tuple[int, int]]) -> Path | None:
    """The first level that `column` sees otherwise than its siblings in `known` did; None if all agree."""
    for path, seen in column.items():
        if known.setdefault(path, seen) != seen:
            return path
    return None
