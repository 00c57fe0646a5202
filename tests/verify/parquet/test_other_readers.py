"""What other readers open is not called damaged, and what they refuse is not called sound."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.model import Content
from tests.verify.parquet.files import check, codes, written


def _footer_start(data: bytes) -> int:
    return len(data) - 8 - int.from_bytes(data[-8:-4], "little")


def _with_footer(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    start = _footer_start(data)
    raw = change(data[start:-8])
    return data[:start] + raw + len(raw).to_bytes(4, "little") + b"PAR1"


def _replaced(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(raw: bytes) -> bytes:
        assert raw.count(bytes.fromhex(old)) == 1
        return raw.replace(bytes.fromhex(old), bytes.fromhex(new))

    return change


def _numbers() -> bytes:
    return written(
        pa.table({"n": pa.array(range(9), pa.int32())}), use_dictionary=False, store_schema=False, compression="none"
    )


def _rows(data: bytes) -> int:
    return int(pq.read_table(io.BytesIO(data)).num_rows)


def test_a_writer_may_leave_the_list_of_encodings_empty() -> None:
    """As HVR does. What is not stated contradicts no page."""
    data = written(pa.table({"n": range(9)}), use_dictionary=False, store_schema=False, compression="none")
    emptied = _with_footer(data, _replaced("19250600" + "1918016e", "1905" + "1918016e"))
    emptied = _with_footer(emptied, _replaced("191c" + "150015001502" + "00", "190c"))  # encoding_stats too
    assert _rows(emptied) == 9
    result = check(emptied)
    assert (result.content, result.records, codes(result)) == (Content.SOUND, 9, [])


def test_a_logical_type_of_a_later_version_is_not_damage() -> None:
    data = written(pa.table({"s": ["a"]}), store_schema=False, compression="none")
    later = _with_footer(data, _replaced("4c" + "1c0000", "4c" + "0cf627" + "0000"))
    assert _rows(later) == 1
    result = check(later)
    assert (result.content, result.reason) == (Content.UNVERIFIABLE, "unsupported-feature")


def test_a_private_field_under_a_number_that_the_format_took_later_is_not_damage() -> None:
    """As a fork of parquet-mr wrote it: a list where ColumnMetaData now has bloom_filter_length."""
    data = written(
        pa.table({"n": range(9)}), use_dictionary=False, store_schema=False, compression="none", write_statistics=False
    )
    counted = "150015001502" + "00"  # the end of field 13; behind it comes field 16 (size_statistics)
    private = _with_footer(data, _replaced(counted + "3c", counted + "2915" + "02" + "1c"))
    assert _rows(private) == 9
    result = check(private)
    assert (result.content, result.reason) == (Content.UNVERIFIABLE, "unsupported-feature")


def test_deep_groups_are_a_limit_of_ours_and_no_damage() -> None:
    kind: pa.DataType = pa.int32()
    value: object = 1
    for _ in range(203):
        kind, value = pa.struct({"x": kind}), {"x": value}
    result = check(written(pa.table({"x": pa.array([value], kind)}), store_schema=False))
    assert (result.content, result.reason) == (Content.UNVERIFIABLE, "decoder-limit")


def _odd_numbers() -> Iterator[tuple[str, bytes, Content]]:
    data = _numbers()
    listed = "19250600" + "1918016e"
    unverifiable, damaged = Content.UNVERIFIABLE, Content.DAMAGED
    yield "negative encoding", _with_footer(data, _replaced(listed, "19250700" + "1918016e")), damaged
    yield "no such encoding", _with_footer(data, _replaced(listed, "19252600" + "1918016e")), unverifiable
    yield "encoding never used", _with_footer(data, _replaced(listed, "19250602" + "1918016e")), unverifiable
    root = "3500" + "1806" + b"schema".hex()
    yield "repetition of the root", _with_footer(data, _replaced(root, root.replace("3500", "3520"))), damaged
    least = "1804" + "00000000"
    shorter = "1803" + "000000"
    yield (
        "short statistics",
        _with_footer(data, lambda raw: raw.replace(*map(bytes.fromhex, (least, shorter)))),
        unverifiable,
    )


@pytest.mark.parametrize("told, data, content", list(_odd_numbers()), ids=[case[0] for case in _odd_numbers()])
def test_what_another_reader_refuses_is_not_sound(told: str, data: bytes, content: Content, tmp_path: Path) -> None:
    (place := tmp_path / "x.parquet").write_bytes(data)
    with pytest.raises(duckdb.Error):
        duckdb.execute("SELECT * FROM read_parquet(?)", [str(place)]).fetchall()
    assert check(data).content is content


def test_statistics_that_hide_all_values_of_a_column_are_damage(tmp_path: Path) -> None:
    """DuckDB does not read a column of which the footer says that it holds nulls alone."""
    hidden = _with_footer(
        _numbers(), lambda raw: raw.replace(bytes.fromhex("001600" + "2804"), bytes.fromhex("001612" + "2804"))
    )
    (place := tmp_path / "x.parquet").write_bytes(hidden)
    assert duckdb.execute("SELECT count(n) FROM read_parquet(?)", [str(place)]).fetchall() == [(0,)]
    result = check(hidden)
    assert (result.content, codes(result)) == (Content.DAMAGED, ["file-corrupt"])


def test_a_column_of_nulls_alone_is_sound() -> None:
    nulls = pa.table(
        {"n": pa.nulls(9, pa.int32()), "s": pa.nulls(9, pa.string()), "l": pa.nulls(9, pa.list_(pa.string()))}
    )
    assert check(written(nulls)).content is Content.SOUND
