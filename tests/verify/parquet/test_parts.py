"""The small parts: Thrift read strictly, runs counted, nesting traced however it is cut."""

import contextlib
import itertools
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.verify.parquet_faults import Damage, Uncheckable
from auditor.verify.parquet_footer import parse_footer
from auditor.verify.parquet_nest import NestTrace, find_disagreement
from auditor.verify.parquet_shape import count_runs
from auditor.verify.parquet_spec import DICTIONARY_PAGE, PAGE_HEADER
from auditor.verify.parquet_thrift import CompactReader, Incomplete, ThriftError

DICTIONARY = bytes.fromhex("15 06 15 00 12 00".replace(" ", ""))  # 3 values, PLAIN, not sorted


def test_thrift_reads_what_is_declared() -> None:
    reader = CompactReader(DICTIONARY)
    assert reader.read_struct(DICTIONARY_PAGE) == {"num_values": 3, "encoding": 0, "is_sorted": False}
    assert reader.position == len(DICTIONARY)


@pytest.mark.parametrize(
    "told, text",
    [
        ("another type", "16 06 15 00 00"),
        ("lacks encoding", "15 06 00"),
        ("stands twice", "15 06 05 02 15 00 00"),
        ("integer of more than 32 bits", "15 ff ff ff ff 7f 15 00 00"),
        ("cannot have a field", "15 06 15 00 05 ff 7f 00 00"),
        ("integer of more than 10 bytes", "15" + "ff" * 11 + "00"),
    ],
)
def test_thrift_refuses_what_is_not(told: str, text: str) -> None:
    with pytest.raises(ThriftError, match=told):
        CompactReader(bytes.fromhex(text.replace(" ", ""))).read_struct(DICTIONARY_PAGE)


def test_thrift_names_undeclared_fields() -> None:
    reader = CompactReader(bytes.fromhex("15061500" + "3502" + "00"))
    reader.read_struct(DICTIONARY_PAGE)
    assert reader.unknown == {"DictionaryPageHeader.5"}


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_no_bytes_at_all_make_the_parsers_fail_otherwise(data: bytes) -> None:
    for read in (lambda: CompactReader(data).read_struct(PAGE_HEADER), lambda: parse_footer(data, 4)):
        with contextlib.suppress(ThriftError, Damage, Uncheckable):
            read()


@pytest.mark.parametrize("cut", range(len(DICTIONARY)))
def test_thrift_knows_that_more_must_come(cut: int) -> None:
    with pytest.raises(Incomplete):
        CompactReader(DICTIONARY[:cut]).read_struct(DICTIONARY_PAGE)


def test_runs_are_counted() -> None:
    repeated, packed = bytes((10 << 1, 1)), bytes((1 << 1 | 1, 0b10110001))
    assert count_runs(repeated + packed, 1, 18, 1) == 14
    assert count_runs(repeated + packed, 1, 15, 1) == 12
    with pytest.raises(Damage):
        count_runs(repeated, 1, 11, 1)
    with pytest.raises(Uncheckable):
        count_runs(repeated + packed, 1, 10, 1)
    with pytest.raises(Damage):
        count_runs(bytes((3 << 1, 2)), 2, 3, 1)


TREES = st.lists(
    st.none() | st.lists(st.none() | st.fixed_dictionaries({"x": st.none() | st.integers(0, 9)}), max_size=4),
    max_size=40,
)
KIND = pa.list_(pa.struct({"x": pa.int64()}))


def traced(pieces: list[pa.Array]) -> dict[Any, Any]:
    trace = NestTrace()
    for piece in pieces:
        trace.add("l", piece)
    return trace.levels()


@given(TREES, st.lists(st.integers(0, 40), max_size=4))
@settings(max_examples=150, deadline=None)
def test_nesting_is_the_same_however_a_column_is_cut(rows: list[Any], cuts: list[int]) -> None:
    whole = pa.array(rows, KIND)
    ends = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    pieces = [whole.slice(a, b - a) for a, b in itertools.pairwise(ends)]
    fresh = [pa.array(rows[a:b], KIND) for a, b in itertools.pairwise(ends)]
    assert traced(pieces) == traced([whole]) == traced(fresh)


@given(TREES, TREES)
@settings(max_examples=150, deadline=None)
def test_other_nesting_is_seen(rows: list[Any], others: list[Any]) -> None:
    def shape(tree: list[Any]) -> list[Any]:
        return [None if row is None else [item is None for item in row] for row in tree]

    one, other = traced([pa.array(rows, KIND)]), traced([pa.array(others, KIND)])
    assert (find_disagreement(dict(one), other) is None) == (shape(rows) == shape(others))
