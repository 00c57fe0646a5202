"""Sound files of every writer, codec and shape are called sound, with the right number of records."""

import datetime as dt
import decimal
import io
from pathlib import Path

import duckdb
import fastparquet
import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.model import Compression, Content, Level
from tests.verify.parquet.files import check, codes, events, written

ROWS = 3000


def every_type() -> pa.Table:
    n = range(ROWS)
    return pa.table(
        {
            "number": pa.array(n),
            "text": [f"hé{i % 97}" if i % 7 else None for i in n],
            "map": pa.array([[("k", i)] if i % 3 else None for i in n], pa.map_(pa.string(), pa.int32())),
            "deep": [[{"x": i, "y": ["q"] * (i % 3)}] if i % 5 else None for i in n],
            "struct": [{"p": i, "q": None if i % 2 else "ü"} if i % 4 else None for i in n],
            "a.dotted.name": ["x"] * ROWS,
            "flag": [bool(i % 3) for i in n],
            "amount": pa.array([decimal.Decimal(i) / 100 for i in n], pa.decimal128(20, 2)),
            "time": pa.array([dt.datetime(2026, 1, 1, tzinfo=dt.UTC)] * ROWS, pa.timestamp("us", "UTC")),
            "nanos": pa.array([1] * ROWS, pa.timestamp("ns")),
            "day": pa.array([dt.date(2026, 1, 1)] * ROWS),
            "float": [i / 3 for i in n],
            "half": pa.array([1.5] * ROWS, pa.float16()),
            "bytes": [b"\xff\xfe"] * ROWS,
            "nothing": pa.nulls(ROWS),
            "fixed": pa.array([[1, 2]] * ROWS, pa.list_(pa.int32(), 2)),
            "small": pa.array([1] * ROWS, pa.uint8()),
            "category": pa.array(["a", "b", None] * (ROWS // 3)).dictionary_encode(),
        }
    )


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd", "brotli", "lz4"])
@pytest.mark.parametrize("page_version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_arrow(codec: str, page_version: str, dictionary: bool) -> None:
    data = written(
        every_type(),
        compression=codec,
        data_page_version=page_version,
        use_dictionary=dictionary,
        write_page_checksum=dictionary,
        write_page_index=dictionary,
        row_group_size=1300,
        data_page_size=4000,
    )
    result = check(data)
    assert (result.content, result.level, result.records, codes(result)) == (Content.SOUND, Level.L3, ROWS, [])
    assert result.facts["page_checksums"] == ("all" if dictionary else "none")
    assert result.compression == (Compression.GZIP if codec == "gzip" else Compression.NONE)


@pytest.mark.parametrize("encoding", ["DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"])
def test_arrow_with_newer_encodings(encoding: str) -> None:
    data = written(pa.table({"n": pa.array(range(ROWS))}), use_dictionary=False, column_encoding=encoding)
    assert check(data).records == ROWS


@pytest.mark.parametrize("encoding", ["DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"])
def test_arrow_with_newer_text_encodings(encoding: str) -> None:
    data = written(pa.table({"t": [f"x{n}" for n in range(ROWS)]}), use_dictionary=False, column_encoding=encoding)
    assert check(data).records == ROWS


@pytest.mark.parametrize("codec", ["uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw"])
@pytest.mark.parametrize("version", ["V1", "V2"])
def test_duckdb(codec: str, version: str, tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    duckdb.sql(
        f"""COPY (SELECT i, i::VARCHAR s, [i, i + 1] l, {{'a': i, 'b': 'x' || i % 9}} st, i % 3 = 0 b, uuid() u,
        (i / 100)::DECIMAL(18, 2) d, MAP{{'a': i}} m, CASE WHEN i % 3 = 0 THEN NULL ELSE i END nn, i::HUGEINT h,
        TIMESTAMP '2026-01-01' t, '{{"a": 1}}'::JSON j, ['a', 'b', 'c'][i % 3 + 1]::ENUM ('a', 'b', 'c') e
        FROM range({ROWS}) r(i))
        TO '{path}' (FORMAT parquet, CODEC '{codec}', PARQUET_VERSION '{version}', ROW_GROUP_SIZE 2048)"""
    )
    result = check(path.read_bytes())
    assert (result.content, result.records, codes(result)) == (Content.SOUND, ROWS, [])


@pytest.mark.parametrize("codec", ["uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4"])
def test_polars(codec: str, tmp_path: Path) -> None:
    frame = polars.DataFrame(
        {
            "a": range(ROWS),
            "s": [f"x{i}" if i % 5 else None for i in range(ROWS)],
            "l": [[i] * (i % 3) for i in range(ROWS)],
            "st": [{"a": i, "b": ["x"] * (i % 2)} for i in range(ROWS)],
            "b": [i % 3 == 0 for i in range(ROWS)],
            "c": polars.Series(["a", "b"] * (ROWS // 2), dtype=polars.Categorical),
        }
    )
    frame.write_parquet(tmp_path / "p.parquet", compression=codec, row_group_size=1300)  # type: ignore[arg-type]
    result = check((tmp_path / "p.parquet").read_bytes())
    assert (result.content, result.records, codes(result)) == (Content.SOUND, ROWS, [])


@pytest.mark.parametrize("codec", [None, "SNAPPY", "GZIP", "ZSTD", "BROTLI", "LZ4", "LZ4_RAW"])
def test_fastparquet_and_its_padded_pages(codec: str | None, tmp_path: Path) -> None:
    frame = pandas.DataFrame(
        {
            "a": range(ROWS),
            "s": [f"x{i}" for i in range(ROWS)],
            "b": [i % 3 == 0 for i in range(ROWS)],
            "c": pandas.Categorical(["a", "b"] * (ROWS // 2)),
            "n": pandas.array([1, None] * (ROWS // 2), dtype="Int64"),
            "t": pandas.date_range("2026", periods=ROWS),
            "sn": [None if i % 3 else f"y{i}" for i in range(ROWS)],
        }
    )
    fastparquet.write(str(tmp_path / "f.parquet"), frame, compression=codec, row_group_offsets=1300)
    result = check((tmp_path / "f.parquet").read_bytes())
    assert (result.content, result.records, codes(result)) == (Content.SOUND, ROWS, [])


def test_a_file_without_rows_is_sound_with_a_remark() -> None:
    empty_chunks = written(events(0), compression="gzip")
    no_groups = io.BytesIO()
    pq.ParquetWriter(no_groups, events(0).schema).close()
    for data in (empty_chunks, no_groups.getvalue()):
        result = check(data, name="part-0.gz.parquet")
        assert (result.content, result.level, result.records) == (Content.SOUND, Level.L3, 0)
        assert codes(result) == ["file-no-records"]


def test_many_small_row_groups_and_columns() -> None:
    table = pa.table({f"c{n}": list(range(40)) for n in range(200)})
    result = check(written(table, row_group_size=10))
    assert (result.content, result.records, result.facts["row_groups"]) == (Content.SOUND, 40, 4)


def test_the_schema_text_depends_on_the_columns_alone() -> None:
    one, two = (check(written(events(rows), row_group_size=size)) for rows, size in ((100, 10), (500, 400)))
    assert one.schema == two.schema
    assert "web.views.value: optional double" in one.schema.splitlines()
    assert check(written(pa.table({"x": [1]}))).schema != check(written(pa.table({"x": [1.0]}))).schema


def test_equal_data_have_equal_digests_whatever_the_file_is_called() -> None:
    one, again, other = (written(events(500, seed)) for seed in (1, 1, 2))
    assert check(one, name="a.parquet").digest == check(again, name="b.parquet").digest != ""
    assert check(one).digest != check(other).digest
