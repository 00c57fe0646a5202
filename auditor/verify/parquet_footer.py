"""The footer of a Parquet file, by ranged reads, and what it must agree with (level L2).

Source of the layout: https://parquet.apache.org/docs/file-format/
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.base import inert
from auditor.verify.parquet_bytes import Readable
from auditor.verify.parquet_faults import Damage, Uncheckable
from auditor.verify.parquet_schema import Leaf, Schema, parse_schema
from auditor.verify.parquet_spec import FILE_META, MAGIC, MAGIC_ENCRYPTED, WIDTHS, Codec
from auditor.verify.parquet_thrift import CompactReader, ThriftError
from auditor.verify.reasons import Reason

TAIL: Final = 8  # footer length (4 bytes, little-endian) and magic
SMALLEST: Final = len(MAGIC) + TAIL
FOOTER_LIMIT: Final = (
    128 << 20
)  # bytes; Arrow's own limit is 100 MB (apache/arrow#39873), decoded it takes many times that
_FIRST_READ: Final = 64 << 10  # bytes from the end: most footers fit, one request is enough


@dataclass(frozen=True, slots=True)
class Chunk:
    """One column chunk as the footer describes it."""

    type: int
    path: tuple[str, ...]
    codec: int
    encodings: frozenset[int]
    page_kinds: frozenset[tuple[int, int]]  # (page type, encoding) of encoding_stats; empty if not given
    num_values: int
    uncompressed_size: int
    compressed_size: int
    data_page_offset: int
    dictionary_page_offset: int | None
    unencoded_bytes: int | None  # of SizeStatistics: decoded size of all BYTE_ARRAY values
    all_null: bool  # by its statistics: some readers then do not read it at all

    @property
    def start(self) -> int:
        """First byte. Readers take the dictionary page only where it lies in front of the data pages.

        A chunk without values has a data page offset of 0 in some writers' files.
        """
        first, data = self.dictionary_page_offset or 0, self.data_page_offset
        return first if first > 0 and (first < data or not data) else data

    @property
    def end(self) -> int:
        return self.start + self.compressed_size


@dataclass(frozen=True, slots=True)
class RowGroup:
    num_rows: int
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Footer:
    raw: bytes  # the Thrift text alone
    start: int  # offset of the footer: data must end before it
    num_rows: int
    schema: Schema
    row_groups: tuple[RowGroup, ...]
    created_by: str
    unknown: tuple[str, ...] = field(default=())  # undeclared Thrift fields

    @property
    def padding(self) -> int:
        """Zero bytes that this writer leaves at the end of each data page."""
        return 8 if self.created_by.startswith("fastparquet") else 0

    def list_chunks(self) -> Iterator[tuple[int, Leaf, Chunk]]:
        """(row group, leaf, chunk) in footer order."""
        for number, group in enumerate(self.row_groups):
            for leaf, chunk in zip(self.schema.leaves, group.chunks, strict=True):
                yield number, leaf, chunk


def read_footer(source: Readable) -> Footer:
    """Read and parse the footer of `source`, reading nothing else but the first four bytes.

    Raises: Damage, Uncheckable (encrypted, decoder-limit, unsupported-feature), DestinationError.
    """
    if source.size < SMALLEST:
        raise Damage(
            "file-truncated",
            "The file is shorter than the smallest Parquet file.",
            expected=SMALLEST,
            actual=source.size,
        )
    head = source.read_at(0, len(MAGIC))
    tail_start = max(0, source.size - _FIRST_READ)
    tail = source.read_at(tail_start, source.size - tail_start)
    _judge_magic(head, tail[-4:])
    length = int.from_bytes(tail[-TAIL:-4], "little")
    if not 0 < length <= source.size - SMALLEST:
        raise Damage(
            "file-corrupt",
            "The footer's length does not fit into the file.",
            part="footer",
            footer_bytes=length,
            offset=source.size - TAIL,
        )
    if length > FOOTER_LIMIT:
        raise Uncheckable(
            Reason.DECODER_LIMIT, "The footer is larger than the safety limit.", footer_bytes=length, limit=FOOTER_LIMIT
        )
    start = source.size - TAIL - length
    raw = tail[start - tail_start : -TAIL] if start >= tail_start else source.read_at(start, length)
    return parse_footer(raw, start)


def _judge_magic(head: bytes, end: bytes) -> None:
    if MAGIC_ENCRYPTED in (head, end) and {head, end} <= {MAGIC, MAGIC_ENCRYPTED}:
        raise Uncheckable(Reason.ENCRYPTED, "The footer is encrypted.")
    if head != MAGIC:
        raise Damage("file-corrupt", "The file does not begin with the Parquet magic.", offset=0, part="magic")
    if end != MAGIC:
        raise Damage(
            "file-truncated", "The file begins as Parquet and does not end as such: its end is missing.", part="magic"
        )


def parse_footer(raw: bytes, start: int) -> Footer:
    """Parse the Thrift text `raw` that stands at offset `start`, and compare all its counts and extents."""
    reader = CompactReader(raw, makers={"ColumnChunk": _make_chunk, "RowGroup": _make_group})
    try:
        meta = reader.read_struct(FILE_META)
    except ThriftError as error:
        raise Damage(
            "file-corrupt",
            "The footer cannot be parsed.",
            part="footer",
            offset=start + error.offset,
            cause=error.reason,
        ) from None
    if reader.position != len(raw):
        raise Damage(
            "file-corrupt",
            "The footer is shorter than its announced length.",
            part="footer",
            offset=start + reader.position,
            expected=len(raw),
            actual=reader.position,
        )
    if "encryption" in meta:
        raise Uncheckable(Reason.ENCRYPTED, "Columns are encrypted.", created_by=inert(meta.get("created_by", "")))
    if reader.unknown:
        raise Uncheckable(
            Reason.UNSUPPORTED_FEATURE,
            "The footer holds fields or values that the Parquet format does not declare.",
            fields=[*sorted(reader.unknown)],
        )
    footer = Footer(
        raw,
        start,
        meta["num_rows"],
        parse_schema(meta["schema"]),
        tuple(meta["row_groups"]),
        inert(meta.get("created_by", "")),
    )
    _judge_rows(footer)
    for number, group in enumerate(footer.row_groups):
        _judge_group(footer, number, group)
    _judge_overlap(footer)
    return footer


def _make_group(values: dict[str, Any]) -> RowGroup:
    return RowGroup(values["num_rows"], tuple(values["columns"]))


def _make_chunk(values: dict[str, Any]) -> Chunk:
    if "crypto" in values:
        raise Uncheckable(Reason.ENCRYPTED, "Columns are encrypted.")
    if values.get("file_path"):
        raise Uncheckable(Reason.UNSUPPORTED_FEATURE, "A column chunk lies in another file.")
    if "meta" not in values:
        raise Damage("file-corrupt", "A column chunk has no metadata.", part="footer")
    meta = values["meta"]
    _judge_statistics(meta)
    kinds = frozenset((s["page_type"], s["encoding"]) for s in meta.get("encoding_stats", ()) if s["count"])
    return Chunk(
        type=meta["type"],
        path=tuple(meta["path"]),
        codec=meta["codec"],
        encodings=frozenset(meta["encodings"]),
        page_kinds=kinds,
        num_values=meta["num_values"],
        uncompressed_size=meta["uncompressed_size"],
        compressed_size=meta["compressed_size"],
        data_page_offset=meta["data_page_offset"],
        dictionary_page_offset=meta.get("dictionary_page_offset"),
        unencoded_bytes=meta.get("size_statistics", {}).get("unencoded_bytes"),
        all_null=0 < meta["num_values"] == meta.get("statistics", {}).get("null_count"),
    )


def _judge_statistics(meta: dict[str, Any]) -> None:
    """Raise Uncheckable where the least or greatest value has another length than all values: some readers refuse."""
    width = WIDTHS.get(meta["type"])
    bounds = {name: value for name, value in meta.get("statistics", {}).items() if name != "null_count"}
    odd = {name: len(value) for name, value in bounds.items() if value and len(value) != width}
    if width and odd:
        raise Uncheckable(
            Reason.UNSUPPORTED_FEATURE,
            "A column's statistics have another length than its values: readers that use them refuse the file.",
            column=inert(".".join(meta["path"])),
            expected=width,
            **odd,
        )


def _judge_rows(footer: Footer) -> None:
    total = sum(group.num_rows for group in footer.row_groups)
    if total != footer.num_rows or footer.num_rows < 0 or any(g.num_rows < 0 for g in footer.row_groups):
        raise Damage(
            "file-corrupt",
            "The row counts of the footer and of its row groups differ.",
            part="footer",
            expected=footer.num_rows,
            actual=total,
        )


def _judge_group(footer: Footer, number: int, group: RowGroup) -> None:
    leaves = footer.schema.leaves
    if len(group.chunks) != len(leaves):
        raise Damage(
            "file-corrupt",
            "A row group has not one chunk for each column.",
            part="footer",
            row_group=number,
            expected=len(leaves),
            actual=len(group.chunks),
        )
    for leaf, chunk in zip(leaves, group.chunks, strict=True):
        try:
            _judge_chunk(footer, group, leaf, chunk)
        except Damage as damage:
            raise damage.placed(part="footer", row_group=number, column=leaf.name) from None


def _judge_chunk(footer: Footer, group: RowGroup, leaf: Leaf, chunk: Chunk) -> None:
    if chunk.path != leaf.path:
        raise Damage("file-corrupt", "A column chunk is named otherwise than its column in the schema.")
    if chunk.type != leaf.type:
        raise Damage(
            "file-corrupt",
            "A column chunk has another type than its column in the schema.",
            expected=int(leaf.type),
            actual=chunk.type,
        )
    if chunk.codec < 0:
        raise Damage("file-corrupt", "A column chunk's codec does not exist.", actual=chunk.codec)
    fewest = group.num_rows
    if chunk.num_values < fewest or (leaf.max_repetition == 0 and chunk.num_values != fewest):
        raise Damage(
            "file-corrupt",
            "A column chunk's count of values contradicts the row group's rows.",
            expected=fewest,
            actual=chunk.num_values,
        )
    if chunk.compressed_size < 0 or (chunk.start < len(MAGIC) and chunk.compressed_size):
        raise Damage("file-corrupt", "A column chunk lies in front of the data.", offset=chunk.start)
    if chunk.end > footer.start:
        raise Damage(
            "file-corrupt",
            "A column chunk reaches beyond the data.",
            offset=chunk.start,
            expected=chunk.compressed_size,
            actual=max(0, footer.start - chunk.start),
        )


def _judge_overlap(footer: Footer) -> None:
    end = 0
    for chunk in sorted((c for g in footer.row_groups for c in g.chunks if c.compressed_size), key=lambda c: c.start):
        if chunk.start < end:
            raise Damage(
                "file-corrupt",
                "Two column chunks overlap.",
                part="footer",
                offset=chunk.start,
                column=inert(".".join(chunk.path)),
            )
        end = chunk.end


def codec_name(number: int) -> str:
    """The codec's name, or its number if the format declares none."""
    return Codec(number).name if number in Codec.__members__.values() else str(number)
