"""The nesting of one column, as a running checksum per level.

Columns are decoded leaf by leaf. Siblings under one repeated parent must agree on how long each list
is and which structs are null; decoded together they would, or fail; alone nobody asks. Here it is asked.

Arrow's compute functions would do, but their first call costs 40 MB and 150 ms: Python's long integers
subtract and shift whole buffers as well.
"""

from typing import Any, TypeAlias

from isal import isal_zlib

Path: TypeAlias = tuple[str, ...]


class NestTrace:
    """Takes the arrays of one column in order, however they are cut."""

    def __init__(self) -> None:
        self._lengths: dict[Path, int] = {}  # checksum of all list lengths
        self._bits: dict[Path, _Bits] = {}

    def add(self, name: str, array: Any) -> Any:
        """Note the nesting of `array` and return its leaf values."""
        import pyarrow as pa

        path: Path = (name,)
        while pa.types.is_nested(array.type):
            self._bits.setdefault(path, _Bits()).add(array)
            if pa.types.is_struct(array.type):
                path, array = (*path, array.type.field(0).name), array.flatten()[0]
            else:
                if not pa.types.is_fixed_size_list(array.type):
                    self._lengths[path] = isal_zlib.crc32(list_lengths(array), self._lengths.get(path, 0))
                path, array = (*path, "[]"), array.flatten()
        return array

    def levels(self) -> dict[Path, tuple[int, ...]]:
        """What siblings must agree on: per ancestor its elements, which are null, how long each is."""
        return {path: (*bits.result(), self._lengths.get(path, 0)) for path, bits in self._bits.items()}


class _Bits:
    """Count and checksum of a stream of validity bits."""

    def __init__(self) -> None:
        self._count = 0
        self._checksum = 0
        self._rest = 0  # bits that do not fill a byte yet
        self._rest_count = 0

    def add(self, array: Any) -> None:
        count = len(array)
        bits = validity(array) << self._rest_count | self._rest
        self._count += count
        whole, self._rest_count = divmod(self._rest_count + count, 8)
        self._checksum = isal_zlib.crc32((bits & ((1 << 8 * whole) - 1)).to_bytes(whole, "little"), self._checksum)
        self._rest = bits >> 8 * whole

    def result(self) -> tuple[int, int]:
        return self._count, isal_zlib.crc32(bytes((self._rest, self._rest_count)), self._checksum)


def validity(array: Any) -> int:
    """One bit per element, the first one lowest: 1 where it is not null."""
    count: int = len(array)
    bitmap = array.buffers()[0]
    mask = (1 << count) - 1
    if bitmap is None:
        return mask
    first = array.offset // 8
    raw = memoryview(bitmap)[first : (array.offset + count + 7) // 8]
    bits = int.from_bytes(raw, "little")
    return bits >> int(array.offset % 8) & mask


def list_lengths(array: Any) -> bytes:
    """The lengths of the lists, as wide as their offsets: neighbours subtracted all at once.

    Offsets never fall, so that no lane borrows from the next one.
    """
    import pyarrow as pa

    width = 8 if pa.types.is_large_list(array.type) else 4
    count = len(array)
    if not count:
        return b""
    raw = memoryview(array.buffers()[1])[array.offset * width : (array.offset + count + 1) * width]
    upper, lower = int.from_bytes(raw[width:], "little"), int.from_bytes(raw[:-width], "little")
    return (upper - lower).to_bytes(count * width, "little")


def find_disagreement(known: dict[Path, tuple[int, ...]], column: dict[Path, tuple[int, ...]]) -> Path | None:
    """The first level that `column` sees otherwise than its siblings in `known` did; None if all agree."""
    for path, seen in column.items():
        if known.setdefault(path, seen) != seen:
            return path
    return None
