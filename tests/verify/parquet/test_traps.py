"""Files that broke other readers, or that other readers let pass."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

from auditor.model import Compression, Content, Level
from auditor.verify import parquet_footer
from auditor.verify.parquet import check_parquet
from auditor.verify.parquet_decode import limits_of, refusal_of
from auditor.verify.parquet_footer import read_footer
from auditor.verify.parquet_spec import Codec
from tests.verify.parquet.files import OneFile, check, codes, events, source_of, spark_like, written


def texts_with_bad_bytes(rows: int, bad: int) -> pa.Array:
    values = [b"fine %d" % n for n in range(rows)]
    values[bad] = b"caf\xe9"  # Latin-1
    raw = pa.array(values, pa.binary())
    return pa.Array.from_buffers(pa.string(), rows, raw.buffers())


@pytest.mark.parametrize("dictionary", [True, False])
def test_text_that_is_not_utf8_is_found_by_row_and_never_shown(dictionary: bool) -> None:
    table = pa.table({"n": list(range(500)), "t": texts_with_bad_bytes(500, 321)})
    result = check(written(table, use_dictionary=dictionary, row_group_size=300))
    assert (result.content, codes(result), result.level) == (Content.DAMAGED, ["record-invalid"], Level.L2)
    evidence = result.faults[0].evidence
    assert (evidence["column"], evidence["row_group"], evidence["row"]) == ("t", 1, 21)
    assert "caf" not in repr(result)


def test_text_that_is_not_utf8_is_found_inside_lists_too() -> None:
    nested = pa.ListArray.from_arrays(pa.array(range(501), pa.int32()), texts_with_bad_bytes(500, 7))
    assert codes(check(written(pa.table({"l": nested})))) == ["record-invalid"]


def test_bytes_need_not_be_text() -> None:
    assert check(written(pa.table({"b": [b"\xff\xfe"] * 10}))).content is Content.SOUND


def lists(lengths: list[int]) -> pa.Table:
    return pa.table({"l": [[{"x": 1, "y": 2.5}] * n for n in lengths]})


def test_sibling_lists_of_different_length_are_found() -> None:
    """Each leaf alone is perfect: the second one comes from another file of the same size."""
    options: dict[str, Any] = {"compression": "none", "use_dictionary": False, "write_statistics": False}
    one, other = written(lists([1, 2, 1, 2]), **options), written(lists([2, 1, 2, 1]), **options)
    chunk = pq.ParquetFile(io.BytesIO(one)).metadata.row_group(0).column(1)
    start, end = chunk.data_page_offset, chunk.data_page_offset + chunk.total_compressed_size
    spliced = one[:start] + other[start:end] + one[end:]
    assert check(one).content is check(other).content is Content.SOUND
    result = check(spliced)
    assert (result.content, codes(result)) == (Content.DAMAGED, ["file-corrupt"])
    assert result.faults[0].evidence["column"] == "l.list.element.y"


class OneKey(pe.KmsClient):  # type: ignore[misc]
    def __init__(self, _config: Any) -> None:
        pe.KmsClient.__init__(self)

    def wrap_key(self, key: bytes, _name: str) -> bytes:
        return key

    def unwrap_key(self, key: bytes, _name: str) -> bytes:
        return key


@pytest.mark.parametrize("plaintext_footer", [True, False])
def test_encrypted_files_are_neither_good_nor_bad(plaintext_footer: bool) -> None:
    settings = pe.EncryptionConfiguration(
        footer_key="k", column_keys={"k": ["n"]}, plaintext_footer=plaintext_footer, double_wrapping=False
    )
    factory = pe.CryptoFactory(OneKey)
    out = io.BytesIO()
    table = pa.table({"n": [1, 2], "m": [1, 2]})
    properties = factory.file_encryption_properties(pe.KmsConnectionConfig(), settings)
    with pq.ParquetWriter(out, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
    for level in (Level.L2, Level.L3):
        result = check(out.getvalue(), level)
        assert (result.content, result.reason, codes(result)) == (
            Content.UNVERIFIABLE,
            "encrypted",
            ["file-unverifiable"],
        )


def test_the_limits_of_arrow_are_raised_to_just_what_a_footer_needs() -> None:
    """apache/arrow#39873."""
    table = pa.table({"n": [1]}).replace_schema_metadata({"note": "x" * (2 << 20)})
    data = written(table)
    with pytest.raises(OSError, match=r"[Ee]xceeded|limit"):
        pq.ParquetFile(io.BytesIO(data), thrift_string_size_limit=1 << 20)
    result = check(data)
    assert result.content is Content.SOUND
    assert limits_of(read_footer(source_of(data)))["thrift_string_size_limit"] == result.facts["footer_bytes"]


def test_a_footer_beyond_our_limit_is_told_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    data = spark_like(100, page_checksums=False)
    monkeypatch.setattr(parquet_footer, "FOOTER_LIMIT", 1000)
    result = check(data)
    assert (result.content, result.reason) == (Content.UNVERIFIABLE, "decoder-limit")
    assert result.faults[0].evidence["footer_bytes"] == int.from_bytes(data[-8:-4], "little")


def test_the_old_lz4_codec_is_named_not_blamed() -> None:
    """apache/parquet-format#387: several framings under one number."""
    footer = read_footer(source_of(spark_like(10, page_checksums=False)))
    chunk = next(footer.list_chunks())[2]
    old = type(chunk)(**{name: getattr(chunk, name) for name in chunk.__slots__} | {"codec": int(Codec.LZ4)})
    told = refusal_of(OSError("Corrupt Lz4 compressed data."), old)
    assert getattr(told, "reason", "") == "unsupported-feature"
    assert getattr(told, "evidence", {})["codec"] == "LZ4"


def test_a_codec_that_no_decoder_knows_is_named() -> None:
    data = bytearray(spark_like(10, page_checksums=False))
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    told = set()
    for position in range(start, len(data) - 8):
        if data[position] == 4:  # GZIP is written as 4, LZO as 6
            data[position] = 6
            result = check(bytes(data))
            data[position] = 4
            if result.reason == "unsupported-feature":
                told.add(result.faults[0].evidence.get("codec"))
    assert "LZO" in told


@pytest.mark.parametrize(
    "codec, told", [("gzip", Compression.GZIP), ("snappy", Compression.NONE), ("none", Compression.NONE)]
)
def test_the_compression_is_what_the_pages_have_whatever_the_name_says(codec: str, told: Compression) -> None:
    data = spark_like(50, page_checksums=False, compression=codec)
    for name in ("part-0.parquet", "part-0.gz.parquet", "part-0.snappy.parquet"):
        assert check(data, Level.L2, name=name).compression is told


def test_a_file_without_any_page_contradicts_no_name() -> None:
    out = io.BytesIO()
    pq.ParquetWriter(out, events(0).schema).close()
    assert check(out.getvalue(), name="part-0.gz.parquet").compression is Compression.GZIP
    assert check(out.getvalue(), name="part-0.parquet").compression is None


def test_level_2_reads_the_footer_and_nothing_else() -> None:
    data = written(events(30_000), compression="none")
    source = source_of(data)
    result = check_parquet(source, Level.L2)
    assert (result.content, result.level, result.records) == (Content.SOUND, Level.L2, 30_000)
    assert isinstance(source.adapter, OneFile)
    assert sum(length for _, length in source.adapter.ranges) == result.bytes_read < 100_000 < len(data)


def test_a_hole_in_the_middle_is_found_at_level_2() -> None:
    data = spark_like(page_checksums=False)
    result = check(data[:1000] + data[9000:], Level.L2)
    assert (result.content, codes(result)) == (Content.DAMAGED, ["file-corrupt"])
    assert result.faults[0].evidence["part"] == "footer"


def test_a_few_bytes_are_no_parquet_file() -> None:
    for data in (b"PAR1", b"PAR1PAR1", b"x"):
        assert codes(check(data)) == ["file-truncated"]
