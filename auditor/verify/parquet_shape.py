"""The inside of one page: do its levels and values take exactly the bytes that the page has?

A decoder told a wrong type, width or repetition reads garbage without complaint; the lengths show it.
It also checks what GZIP keeps at its end (CRC and length), so that damage has a proof.
Source: https://parquet.apache.org/docs/file-format/data-pages/encodings/
"""

import zlib
from typing import TYPE_CHECKING, Final

from auditor.verify.parquet_faults import Damage, Uncheckable
from auditor.verify.parquet_schema import Leaf
from auditor.verify.parquet_spec import DICTIONARY_ENCODINGS, Codec, Encoding, PageType, Physical
from auditor.verify.reasons import Reason

if TYPE_CHECKING:
    from auditor.verify.parquet_pages import Page

ARROW_CODECS: Final = {
    Codec.SNAPPY: "snappy",
    Codec.BROTLI: "brotli",
    Codec.ZSTD: "zstd",
    Codec.LZ4_RAW: "lz4_raw",
}
_WALKED_VALUES: Final = 100_000  # variable-length values that are walked one by one in Python


def judge_inside(leaf: Leaf, codec: int, page: "Page", body: bytes, *, padding: int = 0) -> None:
    """Raise Damage where the page's counts and lengths contradict each other, Uncheckable where bytes are left over.

    `padding`: zero bytes that the writer leaves behind the values of each data page.
    A page that does not decompress, and has no proof of its own, is left to the decoders.
    """
    try:
        _Inside(leaf, page, codec, padding).judge(body)
    except Damage as damage:
        raise damage.placed(offset=page.offset, page_crc=f"{zlib.crc32(body):08x}") from None


class _Inside:
    def __init__(self, leaf: Leaf, page: "Page", codec: int, padding: int) -> None:
        self.padding = b"\0" * padding
        self.leaf = leaf
        self.page = page
        self.codec = codec

    def judge(self, body: bytes) -> None:
        page = self.page
        levels = page.repetition_length + page.definition_length
        plain = (
            decompress(self.codec, body[levels:], page.uncompressed_size - levels)
            if page.is_compressed
            else body[levels:]
        )
        if plain is None:
            return
        if page.type is PageType.DICTIONARY_PAGE:
            self._judge_plain(plain, page.values)
        elif page.type is PageType.DATA_PAGE:
            self._judge_v1(plain)
        elif page.type is PageType.DATA_PAGE_V2:
            definition = body[page.repetition_length : levels]
            self._count(body[: page.repetition_length], self.leaf.max_repetition)
            self._judge_values(plain, self._count(definition, self.leaf.max_definition))

    def _judge_v1(self, plain: bytes) -> None:
        for level, encoding in (
            (self.leaf.max_repetition, self.page.repetition_encoding),
            (self.leaf.max_definition, self.page.definition_encoding),
        ):
            if level and encoding != Encoding.RLE:
                return  # BIT_PACKED levels: deprecated, left to the decoder
        position, present = 0, self.page.values
        for level in (self.leaf.max_repetition, self.leaf.max_definition):
            if level:
                length = int.from_bytes(plain[position : position + 4], "little")
                if len(plain) - position - 4 < length:
                    raise Damage("file-corrupt", "A page's levels reach beyond the page.")
                present = self._count(plain[position + 4 : position + 4 + length], level)
                position += 4 + length
        self._judge_values(plain[position:], present if self.leaf.max_definition else self.page.values)

    def _count(self, levels: bytes, level: int) -> int:
        """How many of the page's levels equal `level`."""
        if not level:
            return self.page.values
        return count_runs(levels, level.bit_length(), self.page.values, level)

    def _judge_values(self, plain: bytes, present: int) -> None:
        plain = plain.removesuffix(self.padding)
        encoding = self.page.encoding
        if encoding == Encoding.PLAIN:
            self._judge_plain(plain, present)
        elif encoding == Encoding.BYTE_STREAM_SPLIT and self.leaf.width:
            self._expect(present * self.leaf.width, plain)
        elif encoding in DICTIONARY_ENCODINGS and present:
            if not plain or plain[0] > 32:
                raise Damage("file-corrupt", "A page's dictionary references have an impossible width.")
            count_runs(plain[1:], plain[0], present, None)

    def _judge_plain(self, plain: bytes, present: int) -> None:
        if self.leaf.width is not None:
            self._expect(present * self.leaf.width, plain)
        elif self.leaf.type is Physical.BOOLEAN:
            self._expect((present + 7) // 8, plain)
        else:
            self._walk_lengths(plain, present)

    def _walk_lengths(self, plain: bytes, present: int) -> None:
        position, size, walked = 0, len(plain), min(present, _WALKED_VALUES)
        for _ in range(walked):
            if position + 4 > size:
                break
            position += 4 + int.from_bytes(plain[position : position + 4], "little")
        else:
            if position <= size:
                if walked == present:
                    self._expect(position, plain)
                return
        raise Damage("file-corrupt", "A page holds fewer values than it announces.", expected=present)

    def _expect(self, expected: int, plain: bytes) -> None:
        if len(plain) == expected:
            return
        if len(plain) > expected and not any(plain[expected:]):
            raise _unexplained(len(plain) - expected)
        raise Damage(
            "file-corrupt",
            "A page's size contradicts its number of values.",
            expected=expected,
            actual=len(plain),
        )


def _unexplained(size: int) -> Uncheckable:
    # Padding of a writer that we do not know, or values that the footer hides: cannot be told.
    return Uncheckable(Reason.UNSUPPORTED_FEATURE, "A page holds bytes that its encoding does not explain.", bytes=size)


def count_runs(data: bytes, width: int, values: int, wanted: int | None) -> int:
    """Walk the RLE/bit-packed hybrid `data` of `values` numbers; count those equal to `wanted`.

    Raises: Damage if the runs end early or a number is larger than `wanted`, Uncheckable if bytes are left over.
    """
    position = seen = found = 0
    value_bytes = (width + 7) // 8
    while seen < values:
        header = shift = 0
        while True:
            if position >= len(data):
                raise Damage("file-corrupt", "A page's runs end before its values do.", expected=values, actual=seen)
            byte = data[position]
            position += 1
            header |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if header & 1:
            count, size = (header >> 1) * 8, (header >> 1) * width
            used = min(count, values - seen)
            # The last group may be cut after the values that count.
            if len(data) - position < (used * width + 7) // 8:
                raise Damage("file-corrupt", "A page's runs end before its values do.", expected=values, actual=seen)
            if wanted is not None:
                found += _count_packed(data[position : position + size], width, used, wanted)
            position = min(position + size, len(data))
        else:
            count, size = header >> 1, value_bytes
            if wanted is not None:
                found += min(count, values - seen) * _equals(data[position : position + size], wanted)
            position += size
        if not count:
            raise Damage("file-corrupt", "A page holds a run of no values.")
        seen += count
    if position < len(data):
        raise _unexplained(len(data) - position)
    if position > len(data):
        raise Damage("file-corrupt", "A page's runs end before its values do.", expected=values)
    return found


def _equals(raw: bytes, wanted: int) -> bool:
    value = int.from_bytes(raw, "little")
    if value > wanted:
        raise Damage("file-corrupt", "A page holds a level above the highest.", expected=wanted, actual=value)
    return value == wanted


def _count_packed(raw: bytes, width: int, used: int, wanted: int) -> int:
    if width == 1:
        return (int.from_bytes(raw, "little") & ((1 << used) - 1)).bit_count()
    mask, found = (1 << width) - 1, 0
    for start in range(0, used, 8):
        group = int.from_bytes(raw[start // 8 * width : (start // 8 + 1) * width], "little")
        for n in range(min(8, used - start)):
            value = group >> n * width & mask
            if value > wanted:
                raise Damage("file-corrupt", "A page holds a level above the highest.", expected=wanted, actual=value)
            found += value == wanted
    return found


def decompress(codec: int, body: bytes, size: int) -> bytes | None:
    """`body` unpacked to `size` bytes; None if the codec is not ours, or refuses without a proof.

    Raises: Damage where GZIP's own checksum or length, or the announced size, is contradicted.
    """
    if codec == Codec.GZIP:
        return _gunzip(body, size)
    name = ARROW_CODECS.get(Codec(codec)) if codec in Codec.__members__.values() else None
    if name is None:
        return None
    import pyarrow as pa

    try:
        return bytes(pa.Codec(name).decompress(body, decompressed_size=size))
    except (pa.ArrowException, OSError):
        return None


def _gunzip(body: bytes, size: int) -> bytes:
    parts: list[bytes] = []
    rest = body
    while rest:
        member = zlib.decompressobj(wbits=47)
        try:
            parts.append(member.decompress(rest, max(1, size + 1)))
        except zlib.error as error:
            raise Damage(
                "file-corrupt", "A page's gzip checksum, length or form is wrong.", cause=str(error)[:80]
            ) from None
        if not member.eof:
            raise Damage(
                "file-corrupt", "A page's gzip stream does not end inside the page, or is longer than announced."
            )
        rest = member.unused_data
    plain = b"".join(parts)
    if len(plain) != size:
        raise Damage(
            "file-corrupt", "A page unpacks to another size than it announces.", expected=size, actual=len(plain)
        )
    return plain
