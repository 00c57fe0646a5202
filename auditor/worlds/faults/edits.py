"""What can happen to bytes. Each edit is pure and can be pickled."""

import gzip
import io
import zlib

GZIP = 31  # zlib's window bits for one gzip member


def cut(data: bytes, *, keep: float) -> bytes:
    """The first part of `data`, as an upload that stopped leaves it."""
    return data[: max(1, int(len(data) * keep))]


def empty(_data: bytes) -> bytes:
    return b""


def flip_gzip(data: bytes) -> bytes:
    """One flipped bit that leaves the stream decodable to its end: only the checksum can tell."""
    for offset in range(len(data) // 2, len(data) - 8):
        flipped = _flip(data, offset)
        try:
            zlib.decompress(flipped, GZIP)
        except zlib.error as error:
            if "incorrect data check" in str(error):
                return flipped
    return _flip(data, len(data) - 8)  # the checksum itself


def flip_parquet(data: bytes) -> bytes:
    """One flipped bit at the end of the largest column chunk: inside a page, never in a header or the footer."""
    import pyarrow.parquet as pq

    group = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0)
    chunks = [group.column(n) for n in range(group.num_columns)]
    largest = max(chunks, key=lambda chunk: chunk.total_compressed_size)
    start = largest.dictionary_page_offset or largest.data_page_offset
    return _flip(data, start + largest.total_compressed_size - 3)


def break_line(data: bytes) -> bytes:
    """The middle line loses its second half; compressed data stays a sound gzip file."""
    packed = data[:2] == b"\x1f\x8b"
    lines = (gzip.decompress(data) if packed else data).splitlines(keepends=True)
    middle = len(lines) // 2
    lines[middle] = lines[middle][: len(lines[middle]) // 2].rstrip(b"\\") + b"\n"
    text = b"".join(lines)
    return gzip.compress(text, compresslevel=6, mtime=0) if packed else text


def _flip(data: bytes, offset: int) -> bytes:
    return data[:offset] + bytes([data[offset] ^ 0x01]) + data[offset + 1 :]
