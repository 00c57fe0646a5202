"""Damage anywhere: never `sound` unless all decoded data are equal to the original."""

import io
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.model import Content, Level
from tests.verify.parquet.files import check, codes, flipped, spark_like, written


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "brotli", "lz4"])
def test_a_file_cut_at_any_percent_is_truncated(compression: str) -> None:
    data = spark_like(page_checksums=False, compression=compression)
    for percent in range(1, 100):
        result = check(data[: len(data) * percent // 100])
        assert (result.content, codes(result), result.level) == (Content.DAMAGED, ["file-truncated"], Level.L1), percent


@pytest.mark.parametrize("page_checksums", [False, True])
def test_one_flipped_bit_in_200_places_of_a_gz_parquet(page_checksums: bool) -> None:
    data = spark_like(page_checksums=page_checksums)
    original = pq.read_table(io.BytesIO(data))
    rnd = random.Random(20261001)
    answers = []
    for _ in range(200):
        position, bit = rnd.randrange(len(data)), rnd.randrange(8)
        changed = flipped(data, position, bit)
        result = check(changed, name="part-0.gz.parquet")
        answers.append(result.content)
        if result.content is Content.SOUND:  # a statistic, a free text: no value depends on it
            assert pq.read_table(io.BytesIO(changed)).equals(original), (position, bit)
            assert result.records == original.num_rows
        else:
            assert result.faults, (position, bit)
    assert answers.count(Content.DAMAGED) >= 180
    assert answers.count(Content.UNVERIFIABLE) <= 6


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "lz4"])
def test_page_checksums_guard_every_bit_of_every_page_body(compression: str) -> None:
    data = spark_like(500, page_checksums=True, compression=compression)
    meta = pq.ParquetFile(io.BytesIO(data)).metadata
    chunk = meta.row_group(0).column(0)
    rnd = random.Random(7)
    for _ in range(25):
        # past the first page's header, before the chunk's end
        position = rnd.randrange(chunk.dictionary_page_offset + 40, chunk.dictionary_page_offset + 1000)
        result = check(flipped(data, position, rnd.randrange(8)))
        assert (result.content, codes(result)) == (Content.DAMAGED, ["file-corrupt"])
        assert result.faults[0].evidence["row_group"] == 0
        assert result.faults[0].evidence["column"] == "_id"


def test_each_bit_of_both_magics_and_of_the_footer_length() -> None:
    data = spark_like(100, page_checksums=False)
    for position in (*range(4), *range(len(data) - 8, len(data))):
        for bit in range(8):
            result = check(flipped(data, position, bit))
            if {data[:4], flipped(data, position, bit)[-4:]} == {b"PAR1", b"PARE"}:
                continue  # says "encrypted" now
            assert result.content is Content.DAMAGED, (position, bit)


@pytest.mark.parametrize("nullable", [False, True])
def test_no_bit_of_a_footers_schema_changes_values_unseen(nullable: bool) -> None:
    """A flipped type, width, repetition or child count makes decoders read garbage without complaint."""
    table = pa.table({"n": pa.array(range(200)), "t": [f"v{n}" for n in range(200)], "l": [[n] for n in range(200)]})
    table = table.cast(pa.schema([pa.field(f.name, f.type, nullable=nullable) for f in table.schema]))
    data = written(table, compression="gzip", store_schema=False, use_dictionary=False, write_statistics=False)
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    schema_end = data.index(b"&", start)  # the first row group's first 64-bit field
    for position in range(start, schema_end):
        for bit in range(8):
            changed = flipped(data, position, bit)
            result = check(changed)
            if result.content is Content.SOUND:
                decoded = pq.read_table(io.BytesIO(changed))
                assert list(decoded.to_pydict().values()) == list(table.to_pydict().values()), (position, bit)
