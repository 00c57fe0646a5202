"""gzip files: cut, flipped, joined, padded; and decoders that are wrong."""

import gzip
import random
import zlib
from collections import Counter

import pytest

from auditor.model import Compression, Content, Level
from auditor.verify import gunzip
from tests.verify.checking import TEXT, check, codes, packed, records

WHOLE = packed(records(400))
FREE = {4, 5, 6, 7, 8, 9}  # bytes of the header that say nothing of the contents: time, extra flags, system


@pytest.mark.parametrize("level", [1, 6, 9])
@pytest.mark.parametrize("percent", range(100))
def test_a_file_cut_anywhere_is_damaged(percent, level):
    whole = gzip.compress(records(120), level)
    said = check(whole[: len(whole) * percent // 100])
    assert (said.content, said.level) == (Content.DAMAGED, Level.L1 if percent else Level.L0)
    assert codes(said) == ["file-truncated" if percent else "file-empty"]


@pytest.mark.parametrize("cut", range(1, 30))
def test_the_last_bytes_count_too(cut):
    assert codes(check(WHOLE[:-cut])) == ["file-truncated"]


@pytest.mark.parametrize("percent", range(1, 100))
def test_a_plain_file_cut_inside_a_record_is_damaged(percent):
    whole = records(40)
    cut = whole[: len(whole) * percent // 100]
    said = check(cut, "x.json")
    if cut.endswith((b"\n", b"}\n")) or cut + b"\n" == whole[: len(cut) + 1]:
        assert said.content is Content.SOUND  # cut exactly at a line end: cannot be told from the file alone
    else:
        assert codes(said) == ["file-truncated"]


def test_no_flipped_bit_passes_that_changes_what_is_read():
    chance = random.Random(3)
    for _ in range(200):
        bit = chance.choice([b for b in range(len(WHOLE) * 8) if b // 8 not in FREE])
        flipped = bytearray(WHOLE)
        flipped[bit // 8] ^= 1 << bit % 8
        said = check(bytes(flipped))
        assert said.content is Content.DAMAGED or _reads_the_same(bytes(flipped)), bit
        assert said.content in (Content.DAMAGED, Content.SOUND)


def _reads_the_same(data: bytes) -> bool:
    """Another encoding of the very same text, checksum and all, is no damage: the writer might have chosen it."""
    try:
        return gzip.decompress(data) == gzip.decompress(WHOLE)
    except (OSError, EOFError, zlib.error):
        return False


def test_several_members_are_one_text():
    said = check(packed(TEXT) + packed(TEXT[:5]) + packed(b"") + packed(TEXT[5:]))
    assert (said.content, said.records, said.facts["gzip_members"]) == (Content.SOUND, 4, 4)
    assert said.digest == check(TEXT * 2, "x.json").digest


def test_a_second_member_is_checked_like_the_first():
    assert codes(check(packed(TEXT) + packed(TEXT)[:-3])) == ["file-truncated"]
    assert codes(check(packed(TEXT) + b"\x1f")) == ["file-truncated"]
    broken = bytearray(packed(TEXT))
    broken[-5] ^= 1
    assert codes(check(packed(TEXT) + bytes(broken))) == ["file-corrupt"]


def test_zeros_behind_the_end_are_padding_and_said():
    said = check(packed(TEXT) + bytes(300_000))
    assert (said.content, said.records, said.facts["padding_bytes"]) == (Content.SOUND, 2, 300_000)


@pytest.mark.parametrize("rest", [b"x", b"\0\0x", b"\0" + packed(TEXT), b"{}\n", bytes(200_000) + b"x"])
def test_anything_else_behind_the_end_is_damage(rest):
    assert codes(check(packed(TEXT) + rest)) == ["file-corrupt"]


@pytest.mark.parametrize("place, what", [(-8, "checksum"), (-1, "length")])
def test_checksum_and_length_are_compared(place, what):
    broken = bytearray(packed(TEXT))
    broken[place] ^= 1
    said = check(bytes(broken))
    assert codes(said) == ["file-corrupt"]
    assert what in said.faults[0].message
    assert any(name.startswith("isal") for name in said.faults[0].evidence["decoders"])
    assert any(name.startswith("zlib") for name in said.faults[0].evidence["decoders"])


def header(flags: int, rest: bytes) -> bytes:
    body = zlib.compressobj(wbits=-15)
    deflated = body.compress(TEXT) + body.flush()
    trailer = zlib.crc32(TEXT).to_bytes(4, "little") + len(TEXT).to_bytes(4, "little")
    start = bytes([0x1F, 0x8B, 8, flags, 1, 2, 3, 4, 0, 255])
    if flags & 2:
        rest += (zlib.crc32(start + rest) & 0xFFFF).to_bytes(2, "little")
    return start + rest + deflated + trailer


@pytest.mark.parametrize("raw_bytes", [1, 7, 128 * 1024])
@pytest.mark.parametrize("flags, rest", [(0, b""), (8, b"name.json\0"), (16, b"comment\0"), (4, b"\x03\0abc"), (2, b""),
                                         (30, b"\x01\0xname\0said\0"), (1, b"")])  # fmt: skip
def test_every_kind_of_header_is_read(flags, rest, raw_bytes, monkeypatch):
    monkeypatch.setattr(gunzip, "RAW_BYTES", raw_bytes)
    assert check(header(flags, rest)).records == 2
    assert check(header(flags, rest), level=Level.L2).content is Content.SOUND


@pytest.mark.parametrize("flags", [32, 64, 128])
def test_reserved_flags_are_refused_as_the_format_demands(flags):
    assert codes(check(header(flags, b""))) == ["file-corrupt"]


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1024, 1536, 5000])
def test_text_that_ends_where_a_chunk_ends_is_whole(size, monkeypatch):
    monkeypatch.setattr(gunzip, "TEXT_BYTES", 512)
    monkeypatch.setattr(gunzip, "RAW_BYTES", 64)
    text = b'{"a":"' + b"x" * max(0, size - 9) + b'"}\n' if size > 8 else b""
    for engine in ("isal", "zlib"):
        assert b"".join(gunzip.Gunzip(_Reader(packed(text)), engine)) == text


class _Reader:
    def __init__(self, data):
        self.data = data

    def read(self, size):
        part, self.data = self.data[:size], self.data[size:]
        return part


def refuse(stream):
    raise stream._corrupt("the gzip checksum does not match the decoded text")
    yield b""


def test_a_fast_decoder_that_refuses_a_good_file_accuses_nobody(monkeypatch):
    """pycompression/python-isal#87"""
    monkeypatch.setitem(gunzip.ENGINES, "isal", refuse)
    said = check(WHOLE)
    assert (said.content, said.level, said.records, said.faults) == (Content.SOUND, Level.L3, 400, ())
    assert said.facts["second_read"].startswith("same bytes, refused by isal")


def test_a_second_decoder_that_refuses_what_the_first_reads_proves_nothing(monkeypatch):
    monkeypatch.setitem(gunzip.ENGINES, "zlib", refuse)
    said = check(packed(b"[]\n"))
    assert (said.content, said.reason) == (Content.UNVERIFIABLE, "one-decoder-refused")
    assert "zlib" in said.faults[0].evidence["decoder"]


def test_one_bad_byte_once_ends_sound_and_is_said():
    bad = Counter()
    for at in range(12, len(WHOLE), len(WHOLE) // 60):
        first = WHOLE[:at] + bytes([WHOLE[at] ^ 0x10]) + WHOLE[at + 1 :]
        said = check(WHOLE, first_reads={"part-0.json.gz": first})
        assert (said.content, said.records) == (Content.SOUND, 400)
        bad[said.facts.get("second_read")] += 1
    assert bad["first read differed"] > 50


def test_a_bad_byte_once_in_a_plain_file_ends_sound_too():
    said = check(TEXT, "x.json", first_reads={"x.json": b'{"a":\xff}\n{"b":[1,2]}\n'})
    assert (said.content, said.facts["second_read"]) == (Content.SOUND, "first read differed")
    said = check(TEXT, "x.json", first_reads={"x.json": b"PAR1" + TEXT[4:]})
    assert (said.content, said.facts["second_read"]) == (Content.SOUND, "first read differed")


def test_a_bad_byte_once_in_a_file_that_is_damaged_elsewhere_still_proves_the_damage():
    broken = TEXT + b"[]\n"
    said = check(broken, "x.json", first_reads={"x.json": b'{"a":\xff}\n' + broken[8:]})
    assert (said.content, codes(said), said.faults[0].evidence["line"]) == (Content.DAMAGED, ["record-invalid"], 3)


def test_name_and_packing():
    said = check(packed(TEXT), "x.json")
    assert (said.content, said.compression, codes(said)) == (
        Content.SOUND,
        Compression.GZIP,
        ["file-wrong-compression"],
    )
    said = check(TEXT, "x.json.gz")
    assert (said.content, said.compression, said.records) == (Content.SOUND, Compression.NONE, 2)
    assert codes(said) == ["file-wrong-compression"]
