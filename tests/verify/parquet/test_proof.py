"""What counts as proof: damage shows twice, or two decoders agree; all else is "could not check"."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from adapters.base import Changed, Unreachable
from auditor.model import Content, Level, StoredFile
from auditor.verify import parquet, parquet_chunks, parquet_second
from auditor.verify.parquet import HELD_BYTES, check_parquet
from auditor.verify.parquet_decode import ColumnDecoder, read_arrow_metadata
from auditor.verify.parquet_footer import read_footer
from auditor.verify.source import Source
from tests.verify.parquet.files import OneFile, check, codes, events, flipped, source_of, spark_like, written


def spoil_first(position: int, times: int = 1) -> Any:
    """A store that delivers the byte at `position` wrong the first `times` times."""
    seen = iter(range(times))

    def spoil(_number: int, start: int, part: bytes) -> bytes:
        if start <= position < start + len(part) and next(seen, None) is not None:
            return flipped(part, position - start, 3)
        return part

    return spoil


@pytest.mark.parametrize("place", ["data", "footer", "magic", "end"])
def test_a_bad_byte_delivered_once_ends_sound_with_a_note(place: str) -> None:
    data = spark_like(page_checksums=True)
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    position = {"data": 900, "footer": footer, "magic": 1, "end": len(data) - 1}[place]
    assert check(flipped(data, position, 3)).content is not Content.SOUND
    result = check(data, spoil=spoil_first(position))
    assert (result.content, result.level, codes(result)) == (Content.SOUND, Level.L3, [])
    assert result.facts["second_read"] == "clean"


def test_the_note_is_not_made_without_a_reason() -> None:
    assert "second_read" not in check(spark_like(page_checksums=True)).facts


def test_two_reads_with_two_faults_prove_nothing() -> None:
    data = spark_like(page_checksums=True)
    places = iter((900, 4000))

    def spoil(_number: int, start: int, part: bytes) -> bytes:
        position = next(places, None)
        return part if position is None else flipped(part, position - start, 3)

    result = check(data, spoil=spoil)
    assert (result.content, result.reason) == (Content.UNVERIFIABLE, "reads-disagree")


def refuse(error: Exception) -> Any:
    def list_batches(*_: Any) -> Iterator[Any]:
        raise error

    return list_batches


def test_a_sound_file_that_one_decoder_calls_corrupt_is_not_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    """duckdb/duckdb#3222: both decoders are named, and nobody says "corrupt"."""
    monkeypatch.setattr(ColumnDecoder, "_list_batches", refuse(pa.ArrowInvalid("Corrupt page")))
    result = check(spark_like(300, page_checksums=False))
    assert (result.content, result.reason, result.level) == (Content.UNVERIFIABLE, "one-decoder-refused", Level.L2)
    assert codes(result) == ["file-unverifiable"]
    evidence = result.faults[0].evidence
    assert str(evidence["decoder"]).startswith("pyarrow ")
    assert str(evidence["second_decoder"]).startswith("duckdb ")


def test_a_decoder_that_refuses_once_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    decode, tries = ColumnDecoder._list_batches, iter([True])

    def once(*arguments: Any) -> Any:
        if next(tries, False):
            raise OSError("hiccup")
        return decode(*arguments)

    monkeypatch.setattr(ColumnDecoder, "_list_batches", once)
    result = check(spark_like(300, page_checksums=False))
    assert (result.content, result.facts["second_read"]) == (Content.SOUND, "clean")


def test_two_decoders_that_refuse_the_same_bytes_prove_damage() -> None:
    data = written(events(2000), compression="snappy", store_schema=False, use_dictionary=False)
    changed = bytearray(data)
    changed[200:1200] = b"\xff" * 1000  # inside the first page: Snappy has no checksum of its own
    result = check(bytes(changed))
    assert (result.content, codes(result)) == (Content.DAMAGED, ["file-corrupt"])
    assert {"decoder", "second_decoder"} <= set(result.faults[0].evidence)


def test_without_a_second_opinion_there_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_second, "COPY_LIMIT", 100)
    monkeypatch.setattr(ColumnDecoder, "_list_batches", refuse(pa.ArrowInvalid("Corrupt page")))
    result = check(spark_like(300, page_checksums=False))
    assert (result.content, result.reason) == (Content.UNVERIFIABLE, "one-decoder-refused")
    assert "not_asked" in result.faults[0].evidence


def test_what_arrow_has_not_implemented_is_not_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    """apache/arrow#32723: nested columns of more than 2 GB in one row group."""
    error = pa.ArrowNotImplementedError("Nested data conversions not implemented for chunked array outputs")
    monkeypatch.setattr(ColumnDecoder, "_list_batches", refuse(error))
    result = check(spark_like(300, page_checksums=False))
    assert (result.content, result.reason) == (Content.UNVERIFIABLE, "unsupported-feature")
    assert result.faults[0].evidence["codec"] == "GZIP"


def test_gzip_pages_prove_their_own_damage() -> None:
    """No page checksum, and no second decoder is needed: gzip keeps a CRC and a length."""
    data = spark_like(2000, page_checksums=False)
    result = check(flipped(data, 1500, 0))
    assert (result.content, codes(result)) == (Content.DAMAGED, ["file-corrupt"])
    assert "gzip" in result.faults[0].message


@pytest.mark.parametrize("kept", [1000, 12])
def test_many_bad_chunks_are_told_in_bounds(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_chunks, "KEPT_TROUBLES", kept)
    table = pa.table({f"c{n}": list(range(100)) for n in range(40)})
    data = bytearray(written(table, write_page_checksum=True, compression="none", use_dictionary=False))
    for position in range(60, 800 * 40, 400):
        data[position] ^= 1
    result = check(bytes(data))
    assert result.content is Content.DAMAGED
    assert len(result.faults) == parquet_chunks.PROVEN_FAULTS
    assert int(str(result.facts["bad_chunks"])) > len(result.faults)


@pytest.mark.parametrize("held, answered", [(1 << 20, 0), (1 << 20, 1), (0, 0), (0, 1), (0, 2), (0, 5), (0, 20)])
def test_a_destination_that_does_not_answer_is_no_verdict(
    held: int, answered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "HELD_BYTES", held)
    data = spark_like(page_checksums=False)

    def spoil(number: int, _start: int, part: bytes) -> bytes:
        if number >= answered:
            raise Unreachable("no answer", destination="memory", operation="read")
        return flipped(part, 900, 0) if len(part) == len(data) else part  # a fault: a second read is needed

    with pytest.raises(Unreachable):
        check(data, spoil=spoil)


def test_more_troubles_than_are_kept_never_end_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is cleared by the second look, but not all of them had one."""
    monkeypatch.setattr(parquet_chunks, "KEPT_TROUBLES", 3)
    decode, tries = ColumnDecoder._list_batches, iter([True] * 5)

    def five_times(*arguments: Any) -> Any:
        if next(tries, False):
            raise OSError("hiccup")
        return decode(*arguments)

    monkeypatch.setattr(ColumnDecoder, "_list_batches", five_times)
    result = check(spark_like(300, page_checksums=False))
    assert (result.content, result.reason) == (Content.UNVERIFIABLE, "decoder-limit")


def test_troubles_do_not_hold_pieces_of_the_file() -> None:
    data = flipped(spark_like(2000, page_checksums=True), 900, 1)
    source = source_of(data)
    footer = read_footer(source)
    ((_, trouble),) = parquet_chunks.decode_all(source, footer, read_arrow_metadata(footer), threads=1).troubles
    assert trouble.__traceback__ is None
    assert trouble.__context__ is None


def test_bytes_that_come_otherwise_each_time_prove_nothing() -> None:
    """The same page fails each time, by other bytes: that says something of the way, not of the file."""
    data = written(pa.table({"b": [random.Random(n).randbytes(1000) for n in range(9000)]}), compression="gzip")
    assert len(data) > HELD_BYTES
    place = len(data) // 2

    def spoil(number: int, start: int, part: bytes) -> bytes:
        return flipped(part, place - start, number % 8) if start <= place < start + len(part) else part

    result = check(data, spoil=spoil)
    assert (result.content, result.reason) == (Content.UNVERIFIABLE, "reads-disagree")


@pytest.mark.parametrize("level", [Level.L2, Level.L3])
def test_an_object_that_has_grown_is_changed_not_cut(level: Level) -> None:
    data = spark_like(100, page_checksums=False)
    listed = StoredFile("part-0.parquet", len(data) - 1, datetime(2026, 10, 1, tzinfo=UTC))
    with pytest.raises(Changed):
        check_parquet(Source(OneFile(data), listed), level)  # type: ignore[arg-type]
