"""The pages of one column chunk, walked as their bytes pass by.

The walk sees each byte before the decoder does: a page whose checksum or length is wrong never
reaches it. Memory: one page header, and the body of a page only where its inside is asked for.
"""

from dataclasses import dataclass
from typing import Any, Final

from isal import isal_zlib

from auditor.verify.parquet_faults import Damage, Uncheckable
from auditor.verify.parquet_footer import Chunk
from auditor.verify.parquet_schema import Leaf
from auditor.verify.parquet_shape import judge_inside
from auditor.verify.parquet_spec import DICTIONARY_ENCODINGS, PAGE_HEADER, Codec, Encoding, PageType
from auditor.verify.parquet_thrift import CompactReader, Incomplete, ThriftError
from auditor.verify.reasons import Reason

HEADER_LIMIT: Final = 16 << 20  # bytes of one page header; Arrow's own limit
PAGE_LIMIT: Final = 1 << 30  # bytes of one decompressed page: it must fit into memory
INSIDE_LIMIT: Final = 32 << 20  # bytes of a page whose inside is looked at
_DEFLATE_RATIO: Final = 1032  # DEFLATE cannot expand more (https://zlib.net/zlib_tech.html)
_LEVEL_ENCODINGS: Final = frozenset({Encoding.RLE, Encoding.BIT_PACKED})
_DATA: Final = frozenset({PageType.DATA_PAGE, PageType.DATA_PAGE_V2})


@dataclass(frozen=True, slots=True)
class Page:
    """One page header. `values` of a data page includes nulls."""

    offset: int  # of the header, in the file
    type: PageType
    uncompressed_size: int
    compressed_size: int
    crc: int | None  # unsigned
    encoding: int
    values: int
    rows: int | None  # DATA_PAGE_V2
    definition_encoding: int
    repetition_encoding: int
    definition_length: int  # DATA_PAGE_V2: bytes in front of the compressed values
    repetition_length: int
    is_compressed: bool


class Digest:
    """CRC-32, Adler-32 and count of bytes: together as good as free, SHA-256 is not."""

    def __init__(self) -> None:
        self._crc, self._adler, self.count = 0, 1, 0

    def add(self, data: bytes) -> None:
        self._crc, self._adler = isal_zlib.crc32(data, self._crc), isal_zlib.adler32(data, self._adler)
        self.count += len(data)

    def result(self) -> bytes:
        return b"".join(number.to_bytes(8, "little") for number in (self._crc, self._adler, self.count))


class PageWalker:
    """Takes the bytes of `chunk` in order with `feed`, then `finish`. Raises Damage or Uncheckable.

    `inside`: also decompress and measure the first data page (or with `all_inside` each page).
    """

    def __init__(
        self, leaf: Leaf, chunk: Chunk, *, rows: int, inside: bool = False, all_inside: bool = False, padding: int = 0
    ) -> None:
        self.leaf = leaf
        self.chunk = chunk
        self.rows = rows
        self.pages = 0
        self.checksummed = 0
        self.unprotected = 0  # pages whose values neither a page checksum nor gzip's own guards
        self.dictionary: Page | None = None
        self._digest = Digest()
        self._padding = padding
        self._inside = inside or all_inside
        self._all_inside = all_inside
        self._page: Page | None = None
        self._body: list[bytes] | None = None
        self._left = 0  # bytes of the current page still to come
        self._crc = 0
        self._fed = 0  # bytes of the chunk seen so far
        self._pending = b""  # the beginning of a page header
        self._values = 0
        self._rows = 0

    @property
    def digest(self) -> bytes:
        """Checksums and count of the bytes so far."""
        return self._digest.result()

    def feed(self, data: bytes) -> None:
        """The next bytes of the chunk."""
        self._digest.add(data)
        self._fed += len(data)
        if self._pending:
            data, self._pending = self._pending + data, b""
        position = 0
        while position < len(data):
            read = self._read_header if self._page is None else self._read_body
            position = read(data, position)

    def finish(self) -> None:
        """All bytes of the chunk have been fed: compare what must add up."""
        if self._page is not None or self._pending:
            raise self._damage("The last page reaches beyond its column chunk.")
        if self._values != self.chunk.num_values:
            raise self._damage(
                "The values of the pages do not add up to those of the column chunk.",
                expected=self.chunk.num_values,
                actual=self._values,
            )
        if self._rows and self._rows != self.rows:
            raise self._damage(
                "The rows of the pages do not add up to those of the row group.", expected=self.rows, actual=self._rows
            )

    def _read_header(self, data: bytes, position: int) -> int:
        offset = self.chunk.start + self._fed - (len(data) - position)
        reader = CompactReader(data, position)
        try:
            values = reader.read_struct(PAGE_HEADER)
        except Incomplete:
            if self._fed >= self.chunk.compressed_size or len(data) - position > HEADER_LIMIT:
                raise self._damage("A page header does not end inside its column chunk.", offset=offset) from None
            self._pending = data[position:]
            return len(data)
        except ThriftError as error:
            raise self._damage("A page header cannot be parsed.", offset=offset, cause=error.reason) from None
        if reader.unknown:
            raise Uncheckable(
                Reason.UNSUPPORTED_FEATURE,
                "A page header holds fields or values that the Parquet format does not declare.",
                fields=[*sorted(reader.unknown)],
            )
        self._begin(self._make_page(values, offset), reader.position - position)
        return reader.position

    def _begin(self, page: Page, header_size: int) -> None:
        self._judge_sizes(page, header_size)
        self._judge_kind(page)
        self._page, self._left, self._crc = page, page.compressed_size, 0
        wanted = self._inside and max(page.compressed_size, page.uncompressed_size) <= INSIDE_LIMIT
        self._body = [] if wanted else None
        if not self._left:
            self._end()

    def _read_body(self, data: bytes, position: int) -> int:
        end = min(len(data), position + self._left)
        part = memoryview(data)[position:end]
        assert self._page is not None
        if self._page.crc is not None:
            self._crc = isal_zlib.crc32(part, self._crc)
        if self._body is not None:
            self._body.append(bytes(part))
        self._left -= end - position
        if not self._left:
            self._end()
        return end

    def _end(self) -> None:
        page = self._page
        assert page is not None
        self.pages += 1
        if page.crc is not None:
            self.checksummed += 1
            if page.crc != self._crc:
                raise self._damage(
                    "A page's checksum does not match its bytes.",
                    offset=page.offset,
                    expected=f"{page.crc:08x}",
                    actual=f"{self._crc:08x}",
                )
        elif (
            not page.is_compressed or self.chunk.codec != Codec.GZIP or page.definition_length or page.repetition_length
        ):
            self.unprotected += 1
        if page.type in _DATA:
            self._values += page.values
            self._rows += page.rows or 0
        elif page.type is PageType.DICTIONARY_PAGE:
            self.dictionary = page
        if self._body is not None:
            judge_inside(self.leaf, self.chunk.codec, page, b"".join(self._body), padding=self._padding)
            if page.type in _DATA and page.values and not self._all_inside:
                self._inside = False
        self._page = self._body = None

    def _make_page(self, values: dict[str, Any], offset: int) -> Page:
        try:
            kind = PageType(values["type"])
        except ValueError:
            raise self._damage("A page's type does not exist.", offset=offset, actual=values["type"]) from None
        names = {PageType.DATA_PAGE: "data", PageType.DICTIONARY_PAGE: "dictionary", PageType.DATA_PAGE_V2: "data_v2"}
        inner = values.get(names.get(kind, ""), {})
        if kind is not PageType.INDEX_PAGE and not inner:
            raise self._damage("A page's type and its header contradict each other.", offset=offset)
        crc = values.get("crc")
        return Page(
            offset=offset,
            type=kind,
            uncompressed_size=values["uncompressed_size"],
            compressed_size=values["compressed_size"],
            crc=None if crc is None else crc & 0xFFFFFFFF,
            encoding=inner.get("encoding", 0),
            values=inner.get("num_values", 0),
            rows=inner.get("num_rows"),
            definition_encoding=inner.get("definition_encoding", Encoding.RLE),
            repetition_encoding=inner.get("repetition_encoding", Encoding.RLE),
            definition_length=inner.get("definition_length", 0),
            repetition_length=inner.get("repetition_length", 0),
            is_compressed=inner.get("is_compressed", True) and self.chunk.codec != Codec.UNCOMPRESSED,
        )

    def _judge_sizes(self, page: Page, header_size: int) -> None:
        room = self.chunk.end - page.offset - header_size
        if not 0 <= page.compressed_size <= room:
            raise self._damage(
                "A page does not fit into its column chunk.",
                offset=page.offset,
                expected=room,
                actual=page.compressed_size,
            )
        levels = page.definition_length + page.repetition_length
        if page.uncompressed_size < 0 or page.values < 0 or not 0 <= levels <= page.compressed_size:
            raise self._damage("A page header holds an impossible count.", offset=page.offset)
        if not page.is_compressed and page.compressed_size != page.uncompressed_size:
            raise self._damage("An uncompressed page states two different sizes.", offset=page.offset)
        if self.chunk.codec == Codec.GZIP and page.uncompressed_size > _DEFLATE_RATIO * page.compressed_size + 1024:
            raise self._damage("A page announces more than its bytes can expand to.", offset=page.offset)
        if page.uncompressed_size > PAGE_LIMIT:
            raise Uncheckable(
                Reason.DECODER_LIMIT,
                "A page is larger than the safety limit.",
                page_bytes=page.uncompressed_size,
                limit=PAGE_LIMIT,
            )

    def _judge_kind(self, page: Page) -> None:
        if page.type is PageType.DICTIONARY_PAGE:
            self._judge_dictionary(page)
        elif page.type in _DATA:
            self._judge_encodings(page)

    def _judge_dictionary(self, page: Page) -> None:
        if self.pages:
            raise self._damage("A dictionary page is not the first page of its column chunk.", offset=page.offset)
        if page.encoding not in (Encoding.PLAIN, Encoding.PLAIN_DICTIONARY):
            raise self._damage("A dictionary page has an encoding that such pages cannot have.", offset=page.offset)
        if self.leaf.width is not None and page.uncompressed_size != page.values * self.leaf.width:
            raise self._damage(
                "A dictionary page's size contradicts its number of values.",
                offset=page.offset,
                expected=page.values * self.leaf.width,
                actual=page.uncompressed_size,
            )

    def _judge_encodings(self, page: Page) -> None:
        if page.encoding in DICTIONARY_ENCODINGS and self.dictionary is None:
            raise self._damage("A page refers to a dictionary that is not there.", offset=page.offset)
        if not _stated(page.encoding, self.chunk.encodings) or not _stated(page.encoding, self._data_encodings()):
            raise self._damage(
                "A page has an encoding that the footer does not state.", offset=page.offset, actual=page.encoding
            )
        for level, encoding in (
            (self.leaf.max_definition, page.definition_encoding),
            (self.leaf.max_repetition, page.repetition_encoding),
        ):
            if level and encoding not in _LEVEL_ENCODINGS:
                raise self._damage("A page's levels have an encoding that levels cannot have.", offset=page.offset)

    def _data_encodings(self) -> frozenset[int]:
        """What encoding_stats say of data pages; where they say nothing, the plain list."""
        stated = frozenset(encoding for kind, encoding in self.chunk.page_kinds if kind in _DATA)
        return stated or self.chunk.encodings

    def _damage(self, message: str, **evidence: Any) -> Damage:
        return Damage("file-corrupt", message, **{"offset": self.chunk.start, **evidence})


def _stated(encoding: int, stated: frozenset[int]) -> bool:
    # Some writers leave the list empty, and they mix the two names of the dictionary encoding.
    if not stated:
        return True
    return bool(DICTIONARY_ENCODINGS & stated) if encoding in DICTIONARY_ENCODINGS else encoding in stated
