"""Decoding of one column chunk with Arrow, in small batches, its bytes walked on the way (level L3)."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.base import inert
from auditor.verify.parquet_bytes import Readable
from auditor.verify.parquet_faults import Damage, Refusal, Uncheckable
from auditor.verify.parquet_footer import Chunk, Footer, codec_name
from auditor.verify.parquet_nest import NestTrace, Path
from auditor.verify.parquet_pages import PageWalker
from auditor.verify.parquet_schema import Leaf
from auditor.verify.parquet_spec import DICTIONARY_ENCODINGS, MAGIC, Codec, Physical
from auditor.verify.parquet_tap import Tap
from auditor.verify.reasons import Reason

BUFFER: Final = 1 << 20  # bytes that Arrow asks for at a time
BATCH_VALUES: Final = 64 << 10
BATCH_BYTES: Final = 512 << 10  # decoded, by the averages that the footer tells: fits a processor's cache
_DECODABLE: Final = frozenset(Codec) - {Codec.LZO}
_UNSUPPORTED_WORDS: Final = (
    "not supported",
    "unsupported",
    "not implemented",
    "not yet implemented",
    "unknown encoding",
)


@dataclass(slots=True)
class Seen:
    """What decoding one chunk showed."""

    digest: bytes
    pages: int
    checksummed: int
    unprotected: int
    nesting: dict[Path, tuple[int, ...]] = field(default_factory=dict)


class ColumnDecoder:
    """Decodes chunks of one file, one after the other. Not thread-safe: one per thread."""

    def __init__(self, source: Readable, footer: Footer, metadata: Any) -> None:
        self._tap = Tap(source)
        self._footer = footer
        self._metadata = metadata
        self._readers: dict[bool, Any] = {}

    def decode(self, number: int, leaf: Leaf, chunk: Chunk) -> Seen:
        """Decode the chunk of `leaf` in row group `number`, each page, each value.

        Raises: Damage, Refusal (Arrow will not, and nothing proves the file wrong), Uncheckable, DestinationError.
        """
        rows = self._footer.row_groups[number].num_rows
        judge_codec(chunk)
        walker = PageWalker(leaf, chunk, rows=rows, inside=number == 0, padding=self._footer.padding)
        trace = NestTrace()
        self._tap.begin(walker)
        try:
            refusal = self._try_batches(number, leaf, chunk, rows, trace)
            self._tap.drain()
        finally:
            self._tap.end()
        if isinstance(refusal, Refusal):
            refusal.digest = walker.digest
        if refusal is not None:
            raise refusal
        return Seen(walker.digest, walker.pages, walker.checksummed, walker.unprotected, trace.levels())

    def _try_batches(self, number: int, leaf: Leaf, chunk: Chunk, rows: int, trace: NestTrace) -> Exception | None:
        """Decode all batches. What the walk or the destination said is raised, what Arrow said is returned."""
        import pyarrow as pa

        done = 0
        try:
            for batch in self._list_batches(number, leaf, chunk, rows):
                column = batch.column(0)
                values = trace.add(batch.schema.names[0], column) if len(leaf.path) > 1 else column
                judge_text(leaf, values, done)
                if chunk.all_null and values.null_count < len(values):
                    message = "The statistics say that a column holds nulls alone; it holds values."
                    raise Damage("file-corrupt", message, offset=chunk.start)
                done += batch.num_rows
        except (pa.ArrowException, OSError, MemoryError) as error:
            if self._tap.error is not None:
                raise self._tap.error from None
            return refusal_of(error, chunk)
        if self._tap.error is not None:  # swallowed on the way through Arrow
            raise self._tap.error
        if done != rows:
            raise Damage(
                "file-corrupt",
                "A column decodes to another number of rows.",
                offset=chunk.start,
                expected=rows,
                actual=done,
            )
        return None

    def _list_batches(self, number: int, leaf: Leaf, chunk: Chunk, rows: int) -> Iterator[Any]:
        by_dictionary = leaf.type is Physical.BYTE_ARRAY and is_all_dictionary(chunk)
        reader = self._readers.get(by_dictionary) or self._open(by_dictionary)
        size = batch_rows(chunk, rows, dictionary=by_dictionary)
        return iter(reader.iter_batches(size, row_groups=[number], column_indices=[leaf.index], use_threads=False))

    def _open(self, by_dictionary: bool) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        names = [".".join(leaf.path) for leaf in self._footer.schema.leaves if leaf.type is Physical.BYTE_ARRAY]
        opened = pq.ParquetFile(
            pa.PythonFile(self._tap, mode="r"),
            metadata=self._metadata,
            read_dictionary=names if by_dictionary else None,
            pre_buffer=False,
            buffer_size=BUFFER,
            arrow_extensions_enabled=False,
            **limits_of(self._footer),
        )
        self._readers[by_dictionary] = opened.reader  # takes leaf indices: names with dots are ambiguous
        return opened.reader


def use_lean_memory() -> None:
    """Let this (worker) process give decoded batches back: Arrow's default pool keeps 30 to 90 MB more resident."""
    import pyarrow as pa

    backends = pa.supported_memory_backends()
    pa.set_memory_pool(pa.jemalloc_memory_pool() if "jemalloc" in backends else pa.system_memory_pool())


def read_arrow_metadata(footer: Footer) -> Any:
    """The footer as Arrow understands it. Raises Refusal or Uncheckable."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = b"".join((MAGIC, footer.raw, len(footer.raw).to_bytes(4, "little"), MAGIC))
    try:
        # The schema is converted here, so that what Arrow cannot express is found before any column is read.
        opened = pq.ParquetFile(pa.BufferReader(file), arrow_extensions_enabled=False, **limits_of(footer))
        assert opened.schema_arrow is not None
        return opened.metadata
    except (pa.ArrowException, OSError, MemoryError, UnicodeDecodeError) as error:
        raise refusal_of(error, None) from None


def limits_of(footer: Footer) -> dict[str, int]:
    """Thrift limits that just let this footer pass: no string or list in it can be larger than itself."""
    size = max(len(footer.raw), 1 << 20)
    return {"thrift_string_size_limit": size, "thrift_container_size_limit": size}


def judge_codec(chunk: Chunk) -> None:
    """Raise Uncheckable for a codec that none of our decoders knows."""
    if chunk.codec not in _DECODABLE:
        raise Uncheckable(
            Reason.UNSUPPORTED_FEATURE, "Our decoders do not know the codec.", codec=codec_name(chunk.codec)
        )


def refusal_of(error: Exception, chunk: Chunk | None) -> Refusal | Uncheckable:
    """What Arrow's `error` means for the file."""
    import pyarrow as pa

    said = describe(error)
    codec = codec_name(chunk.codec) if chunk else ""
    if isinstance(error, MemoryError):
        return Uncheckable(Reason.OUT_OF_MEMORY, "Arrow ran out of memory.", decoder=arrow_version())
    if isinstance(error, pa.ArrowNotImplementedError) or any(word in said.lower() for word in _UNSUPPORTED_WORDS):
        return Uncheckable(
            Reason.UNSUPPORTED_FEATURE,
            "Arrow does not support this file.",
            decoder=arrow_version(),
            said=said,
            codec=codec,
        )
    if chunk is not None and chunk.codec == Codec.LZ4:
        return Uncheckable(
            Reason.UNSUPPORTED_FEATURE,
            "The old LZ4 codec has several framings; Arrow does not know the one of this file.",
            decoder=arrow_version(),
            codec=codec,
        )
    return Refusal(arrow_version(), said)


def describe(error: Exception) -> str:
    """The first line of a decoder's message, bounded and inert."""
    return inert((str(error).splitlines() or [""])[0])[:160]


@functools.cache
def arrow_version() -> str:
    """Name and version of the first decoder."""
    import pyarrow as pa

    return f"pyarrow {pa.__version__}"


def is_all_dictionary(chunk: Chunk) -> bool:
    """All data pages refer to the dictionary: then it is kept as such, and no value is written out twice."""
    data = {encoding for kind, encoding in chunk.page_kinds if kind in (0, 3)}
    return bool(data) and data <= DICTIONARY_ENCODINGS


def batch_rows(chunk: Chunk, rows: int, *, dictionary: bool) -> int:
    """How many rows to decode at a time, so that a batch stays near BATCH_BYTES."""
    if not rows or not chunk.num_values:
        return BATCH_VALUES
    size = max(chunk.uncompressed_size, chunk.unencoded_bytes or 0)
    per_row = max(1.0, 4 * chunk.num_values / rows if dictionary else size / rows)
    most = max(1, BATCH_VALUES * rows // chunk.num_values)
    return int(max(1, min(most, BATCH_BYTES / per_row)))


def judge_text(leaf: Leaf, values: Any, row: int) -> None:
    """Raise Damage if a text column's `values`, the first one in `row`, are not UTF-8. Arrow does not look."""
    import pyarrow as pa

    if not len(values):
        return
    if pa.types.is_dictionary(values.type):
        judge_references(values)
        if is_utf8(values.dictionary) or not leaf.is_text:
            return
    elif not leaf.is_text or is_utf8(values):
        return
    evidence: dict[str, Any] = {}
    if len(leaf.path) == 1:
        evidence["row"] = row + first_bad(values)  # inside the row group
    raise Damage("record-invalid", "A text value is not valid UTF-8.", **evidence)


def judge_references(values: Any) -> None:
    """Raise Damage if a value refers beyond its dictionary. Arrow looks only when it writes values out."""
    import pyarrow as pa

    try:
        pa.DictionaryArray.from_arrays(values.indices, values.dictionary, safe=True)
    except (pa.ArrowException, IndexError):
        raise Damage("file-corrupt", "A value refers beyond the dictionary of its column chunk.") from None


def is_utf8(texts: Any) -> bool:
    """Whether each value of a string or binary array is UTF-8."""
    import pyarrow as pa

    if pa.types.is_binary(texts.type):  # Arrow's name for ENUM; the same buffers are read as text
        texts = pa.Array.from_buffers(pa.string(), len(texts), texts.buffers(), offset=texts.offset)
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def first_bad(values: Any) -> int:
    """Index of the first value that is not UTF-8. There is one."""
    import pyarrow as pa

    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    low, high = 0, len(values)
    while high - low > 1:
        middle = (low + high) // 2
        if is_utf8(values.slice(low, middle - low)):
            low = middle
        else:
            high = middle
    return low
