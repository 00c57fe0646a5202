"""One file, one answer: levels, errors of the destination, foreign bytes, the provider's checksum."""

import hashlib
import io
import zlib
from contextlib import nullcontext
from dataclasses import replace

import pytest

from adapters import base
from adapters.base import Checksum
from auditor.model import Content, FileCheck, Level
from auditor.verify.checksum import judge_checksum
from auditor.verify.file import verify_file
from auditor.verify.reasons import DECODER_REASONS, Reason, reason_of
from auditor.verify.source import Source
from tests.scan.memory import MemoryAdapter
from tests.verify.checking import TEXT, check, codes, packed, records, stored

KEY = "part-0.json.gz"


def error(kind):
    return kind("said so", destination="memory", operation="read", key=KEY)


ERRORS = [
    (base.NotFound, "vanished"),
    (base.AccessDenied, "access-denied"),
    (base.CredentialExpired, "credential-expired"),
    (base.Throttled, "throttled"),
    (base.Unreachable, "unreachable"),
    (base.NotTrusted, "unreachable"),
    (base.Changed, "changed"),
    (base.RangeRefused, "changed"),
    (base.Archived, "archived"),
    (base.ClockSkew, "clock-skew"),
    (base.Unsupported, "unsupported-destination"),
    (base.DestinationError, "destination-refused"),
]


@pytest.mark.parametrize("kind, reason", ERRORS)
@pytest.mark.parametrize("level", [Level.L2, Level.L3, Level.L4])
def test_what_the_destination_will_not_do_is_neither_good_nor_bad(kind, reason, level):
    adapter = MemoryAdapter({KEY: packed(TEXT)})
    file = stored(adapter, KEY)
    adapter._fail_reading[KEY] = error(kind)
    adapter.read_object = _raising(error(kind))  # type: ignore[method-assign]
    said = verify_file(adapter, file, level)
    assert (said.content, said.reason) == (Content.UNVERIFIABLE, reason)
    assert codes(said) == (["file-archived"] if reason == "archived" else [])
    if kind is not base.RangeRefused:  # inside the listed size that means: it has shrunk
        assert said.facts["error"] == str(error(kind))


def _raising(what):
    def read_object(*_args, **_options):
        raise what

    return read_object


def test_every_error_of_the_protocol_has_a_reason():
    kinds = {kind for kind in vars(base).values() if isinstance(kind, type) and issubclass(kind, base.DestinationError)}
    assert kinds == {kind for kind, _ in ERRORS}
    assert {reason_of(error(kind)) for kind in kinds} | DECODER_REASONS == set(Reason)


@pytest.mark.parametrize(
    "level, content, reached, reads",
    [
        (Level.L0, Content.UNCHECKED, Level.L0, 0),
        (Level.L1, Content.SOUND, Level.L1, 0),
        (Level.L2, Content.SOUND, Level.L2, 1032),
        (Level.L3, Content.SOUND, Level.L3, None),
        (Level.L5, Content.SOUND, Level.L3, None),
    ],
)
def test_a_level_reads_what_it_needs_and_claims_no_more(level, content, reached, reads):
    data = packed(records(300))
    said = check(data, level=level)
    assert (said.content, said.level) == (content, reached)
    assert said.bytes_read == (len(data) if reads is None else reads)
    assert said.records == (300 if reached == Level.L3 else None)


@pytest.mark.parametrize("level", [Level.L1, Level.L2, Level.L3, Level.L4])
@pytest.mark.parametrize("name", ["x.json", "x.json.gz", "x.parquet", "x.gz.parquet", "x"])
def test_zero_bytes_are_damage(name, level):
    said = check(b"", name, level)
    assert (said.content, said.level, codes(said)) == (Content.DAMAGED, Level.L0, ["file-empty"])


@pytest.mark.parametrize("name, data", [("x.json", b"\n \n"), ("x.json.gz", packed(b""))])
def test_no_records_are_sound_with_a_remark(name, data):
    said = check(data, name)
    assert (said.content, said.records, codes(said)) == (Content.SOUND, 0, ["file-no-records"])


@pytest.mark.parametrize("level", [Level.L2, Level.L3])
@pytest.mark.parametrize(
    "name, data, found",
    [
        ("x.json.gz", b"PAR1 and so on PAR1", "parquet"),
        ("x.json", b"PAR1 and so on PAR1", "parquet"),
        ("x.json.gz", b"\x28\xb5\x2f\xfd and so on", "zstd"),
        ("x.json", b"<html>no such key</html>", "unknown"),
        ("x.json", bytes(5000), "unknown"),
        ("x.parquet", packed(TEXT), "gzip"),
        ("x.parquet", TEXT, "json"),
        ("x.gz.parquet", TEXT, "json"),
        ("x.parquet", b"<!DOCTYPE html><title>503</title>", "unknown"),
        ("x.parquet", b"\n<?xml version='1.0'?><Error/>", "unknown"),
    ],
)
def test_bytes_of_another_format_than_the_name_says_are_damage(name, data, found, level):
    said = check(data, name, level)
    assert (said.content, codes(said), said.faults[0].evidence["found"]) == (
        Content.DAMAGED,
        ["file-wrong-format"],
        found,
    )


@pytest.mark.parametrize(
    "name, data",
    [
        ("x.json.gz", b"\x85\x01\x0c\x03abcdefgh"),
        ("x.json", b"\xc1\xc0\x4c\x03abcdefgh"),
        ("x.json.gz", b"-----BEGIN PGP MESSAGE-----\n"),
        ("x.parquet", b"-----BEGIN PGP MESSAGE-----\n"),
        ("x.json.gz.pgp", b"whatever"),
    ],
)
def test_encrypted_is_unverifiable_never_damaged(name, data):
    said = check(data, name)
    assert (said.content, said.reason, codes(said)) == (Content.UNVERIFIABLE, "encrypted", ["file-unverifiable"])


@pytest.mark.parametrize(
    "data, content", [(TEXT, Content.SOUND), (packed(TEXT), Content.SOUND), (b"\x00\x01\x02", Content.UNVERIFIABLE)]
)
def test_a_name_that_promises_nothing_is_judged_by_the_bytes(data, content):
    said = check(data, "part-00001")
    assert said.content is content
    assert codes(said) == ([] if content is Content.SOUND else ["file-unverifiable"])


def test_an_archived_file_is_not_even_opened():
    adapter = MemoryAdapter({KEY: packed(TEXT)}, archived=frozenset({KEY}))
    said = verify_file(adapter, stored(adapter, KEY), Level.L3)
    assert (said.content, said.reason, codes(said)) == (Content.UNVERIFIABLE, "archived", ["file-archived"])
    assert ("read", KEY) not in adapter.calls


@pytest.mark.parametrize("name", ["x.json", "x.json.gz"])
@pytest.mark.parametrize("difference", [-1, 1, 100])
def test_a_file_that_is_not_as_long_as_listed_has_changed(name, difference):
    """It grew or shrank while we looked: no damage, whatever its bytes say."""
    data = TEXT if name == "x.json" else packed(TEXT)
    adapter = MemoryAdapter({name: data})
    said = verify_file(adapter, replace(stored(adapter, name), size=len(data) + difference), Level.L3)
    assert (said.content, said.reason) == (Content.UNVERIFIABLE, "changed")


def test_a_file_replaced_since_it_was_listed_has_changed():
    adapter = MemoryAdapter({KEY: packed(TEXT)})
    file = stored(adapter, KEY)
    adapter.put(KEY, packed(TEXT))
    assert verify_file(adapter, file, Level.L3).reason == "changed"


def test_a_file_that_was_empty_when_listed_and_is_not_now_has_changed():
    adapter = MemoryAdapter({KEY: packed(TEXT)})
    said = verify_file(adapter, replace(stored(adapter, KEY), size=0), Level.L3)
    assert (said.content, said.reason) == (Content.UNVERIFIABLE, "changed")


def test_a_body_cut_on_the_way_is_unverifiable_never_truncated():
    """boto/boto3#3781: the adapter says Unreachable in mid-body."""
    data = packed(records(5000))

    class Cut(io.BytesIO):
        def read(self, size=-1):
            part = super().read(size)
            if self.tell() >= len(data) // 2:
                raise error(base.Unreachable)
            return part

    adapter = MemoryAdapter({KEY: data})
    file = stored(adapter, KEY)
    adapter.read_object = lambda *args, **options: nullcontext(Cut(data))  # type: ignore[method-assign]
    said = verify_file(adapter, file, Level.L3)
    assert (said.content, said.reason, said.faults) == (Content.UNVERIFIABLE, "unreachable", ())


def test_a_store_that_lies_differently_each_time_proves_nothing():
    data = bytearray(packed(records(50)))
    reads = iter(range(20, 80))

    def read_object(*_args, **_options):
        lie = bytearray(data)
        lie[next(reads)] ^= 0x55
        return nullcontext(io.BytesIO(bytes(lie)))

    adapter = MemoryAdapter({KEY: bytes(data)})
    file = stored(adapter, KEY)
    adapter.read_object = read_object  # type: ignore[method-assign]
    said = verify_file(adapter, file, Level.L3)
    assert (said.content, said.reason, codes(said)) == (Content.UNVERIFIABLE, "reads-disagree", ["file-unverifiable"])


def test_ranges_are_exact_or_raise():
    adapter = MemoryAdapter({"x": b"0123456789"})
    source = Source(adapter, stored(adapter, "x"))
    assert (source.read_at(3, 4), source.read_at(9, 1), source.bytes_read) == (b"3456", b"9", 5)
    longer = Source(adapter, replace(stored(adapter, "x"), size=20))
    with pytest.raises(base.Changed):
        longer.read_at(8, 4)
    with pytest.raises(base.Changed):
        longer.read_at(15, 4)


# --- L4 ---

DATA = packed(TEXT)
CHECKSUMS = [
    Checksum("md5", hashlib.md5(DATA).digest()),
    Checksum("sha1", hashlib.sha1(DATA).digest()),
    Checksum("sha256", hashlib.sha256(DATA).digest()),
    Checksum("crc32", zlib.crc32(DATA).to_bytes(4, "big")),
]


@pytest.mark.parametrize("checksum", CHECKSUMS, ids=lambda checksum: checksum.kind)
def test_l4_is_equality_with_the_providers_checksum(checksum):
    said = check(DATA, KEY, Level.L4, checksums={KEY: checksum})
    assert (said.content, said.level, said.records) == (Content.SOUND, Level.L4, 2)
    wrong = Checksum(checksum.kind, bytes(len(checksum.value)))
    said = check(DATA, KEY, Level.L4, checksums={KEY: wrong})
    assert (said.content, said.level, codes(said)) == (Content.DAMAGED, Level.L3, ["file-corrupt"])
    assert said.faults[0].evidence["found"] == checksum.value.hex()


def test_crc32c_is_compared_too():
    known = Checksum("crc32c", bytes.fromhex("e3069283"))  # of "123456789", RFC 3720 and everywhere
    adapter = MemoryAdapter({"x.json": b"123456789"}, checksums={"x.json": known})
    said = judge_checksum(Source(adapter, stored(adapter, "x.json")), FileCheck("x.json", Content.SOUND, Level.L3))
    assert said.level == Level.L4


@pytest.mark.parametrize("checksum", [None, Checksum("crc64nvme", bytes(8))])
def test_without_a_checksum_that_can_be_compared_l4_is_not_claimed(checksum):
    said = check(DATA, KEY, Level.L4, checksums={KEY: checksum} if checksum else {})
    assert (said.content, said.level) == (Content.SOUND, Level.L3)
    assert said.facts["provider_checksum"]


def test_a_checksum_that_differs_once_is_no_proof():
    adapter = MemoryAdapter({KEY: DATA}, checksums={KEY: CHECKSUMS[0]})
    adapter._first_reads[KEY] = b"x" + DATA[1:]
    said = judge_checksum(Source(adapter, stored(adapter, KEY)), FileCheck(KEY, Content.SOUND, Level.L3))
    assert (said.content, said.level) == (Content.SOUND, Level.L4)
