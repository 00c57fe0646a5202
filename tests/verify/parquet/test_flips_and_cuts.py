"""Damage anywhere: never `sound` unless all decoded data are equal to the original."""

import io
import random

import pyarrow.parquet as pq
import pytest

from auditor.model import Content, Level
from tests.verify.parquet.files import check, codes, flipped, spark_like


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
