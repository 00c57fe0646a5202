"""Bytes over SFTP: bounded in time and memory, and never those of two versions."""

import hashlib
import os
import random
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.base import Changed, DestinationError, NotFound, Unreachable, Unsupported
from adapters.registry import open_destination
from adapters.retry import Policy, RetryingAdapter
from adapters.sftp import SftpAdapter
from adapters.sftp_reading import READ_BYTES
from adapters.sftp_session import MOST_READS
from adapters.sftp_wire import Ask, Tell
from tests.servers.fake_sftp import MTIME, Asked, FakeSftp, data, fake_sftp, status
from tests.servers.sshd import Sshd, shared_sshd, sshd

__all__ = ["sshd"]

DATA = random.Random(3).randbytes(1_000_000)


@pytest.fixture(scope="module", autouse=True)
def held() -> Iterator[None]:
    with shared_sshd():
        yield


@pytest.fixture
def server() -> Iterator[FakeSftp]:
    with fake_sftp() as running:
        running.put("/x", DATA)
        yield running


@pytest.fixture
def adapter(server: FakeSftp) -> Iterator[SftpAdapter]:
    opened = SftpAdapter("lake", **server.options)
    yield opened
    opened.close()


def read(adapter: SftpAdapter | RetryingAdapter, key: str = "x", **options: object) -> bytes:
    with adapter.read_object(key, **options) as stream:
        return stream.read()


def test_a_server_that_falls_silent_over_many_reads_is_given_up_in_time():
    """paramiko/paramiko#1788, #1779: it answers the first reads that are on their way together, and then nothing."""
    with fake_sftp(most_outstanding=2) as server:
        server.put("/x", DATA)
        adapter = SftpAdapter("lake", **(server.options | {"timeout": 1.0}))
        start = time.monotonic()
        with pytest.raises(Unreachable, match="no answer in time") as caught:
            read(adapter)
        assert time.monotonic() - start < 8
        assert caught.value.key == "x"
        adapter.close()


def test_a_server_that_falls_silent_over_many_reads_is_then_asked_for_fewer_at_a_time():
    with fake_sftp(most_outstanding=2) as server:
        server.put("/x", DATA)
        inner = SftpAdapter("lake", **(server.options | {"timeout": 1.0}))
        adapter = RetryingAdapter(inner, Policy(first_wait_s=0.01))
        assert read(adapter, version=inner.describe_object("x").version) == DATA
        assert adapter.retries == 2
        assert [remark for remark in adapter.remarks if "fell silent" in remark]
        assert read(adapter) == DATA
        assert adapter.retries == 2, "it is remembered"
        adapter.close()


def test_reads_on_their_way_are_bounded_and_grow_with_what_is_read(server: FakeSftp):
    server.put("/big", b"x" * (2 * MOST_READS * READ_BYTES))
    adapter = SftpAdapter("lake", **server.options)
    stream = adapter.read_object("big")
    stream.read(1)
    assert server.count(Ask.READ) <= 8, "who reads the first byte does not ask for the whole file"
    time.sleep(0.2)
    stream.read(20 * READ_BYTES)
    time.sleep(0.3)
    assert max(a.offset for a in server.asked if a.kind is Ask.READ) <= (21 + 4 + MOST_READS) * READ_BYTES
    stream.close()
    adapter.close()


def test_fewer_bytes_than_asked_for_are_asked_for_again(server: FakeSftp, adapter: SftpAdapter):
    server.most_read = 10_007
    assert read(adapter) == DATA
    assert read(adapter, start=5, length=70_000) == DATA[5:70_005]


def test_more_bytes_than_asked_for_are_not_taken(server: FakeSftp, adapter: SftpAdapter):
    server.script = lambda asked: data(asked, b"y" * (asked.count + 1)) if asked.kind is Ask.READ else None
    with pytest.raises(DestinationError):
        read(adapter)


def test_an_empty_answer_is_not_the_end(server: FakeSftp, adapter: SftpAdapter):
    server.script = lambda asked: data(asked, b"") if asked.kind is Ask.READ else None
    with pytest.raises(Unreachable):
        read(adapter)


def test_an_end_that_comes_early_is_no_whole_file(server: FakeSftp, adapter: SftpAdapter):
    server.script = lambda asked: status(asked, 1) if asked.kind is Ask.READ and asked.offset > 500_000 else None
    with pytest.raises(Unreachable, match="bytes early"):
        read(adapter)


@pytest.mark.parametrize(
    "packet",
    [
        b"\x00" * 9,
        b"",
        bytes([Tell.DATA]) + b"\xff\xff\xff\xff" + b"\x00\x00\x00\x00",
        bytes([Tell.HANDLE]) + b"\x00\x00\x00\x01",
        os.urandom(40),
    ],
    ids=["zeros", "nothing", "unknown number", "cut", "noise"],
)
def test_what_is_no_answer_is_unreachable_in_time(server: FakeSftp, packet: bytes):
    adapter = SftpAdapter("lake", **(server.options | {"timeout": 1.0}))
    server.script = lambda asked: packet if asked.kind is Ask.OPEN else None
    with pytest.raises(Unreachable):
        read(adapter)
    server.script = lambda _: None
    assert read(adapter) == DATA, "the next call has a connection of its own"
    adapter.close()


def test_answers_in_another_order_are_put_in_order(server: FakeSftp, adapter: SftpAdapter):
    kept: list[Asked] = []

    def shuffle(asked: Asked) -> bytes | None:
        if asked.kind is not Ask.READ or asked.offset == 0:
            return None
        kept.append(asked)
        if len(kept) == 1 and asked.offset + asked.count < len(DATA):
            return b""  # the answer comes after the next one's
        *late, last = kept
        kept.clear()
        for one in late:
            handler_sends.append(data(one, DATA[one.offset : one.offset + one.count]))
        return data(last, DATA[last.offset : last.offset + last.count])

    handler_sends: list[bytes] = []
    server.also_sends = handler_sends
    server.script = shuffle
    assert read(adapter) == DATA


@pytest.mark.parametrize("how", ["grows", "shrinks", "is rewritten"])
@pytest.mark.parametrize("at", [40_000, len(DATA) - 1])
def test_a_file_that_is_written_to_while_it_is_read_has_changed(
    server: FakeSftp, adapter: SftpAdapter, how: str, at: int
):
    """sshnet/SSH.NET#1008, theophilusx/ssh2-sftp-client#388: a file carries its final name while it still grows."""
    with adapter.read_object("x") as stream:
        stream.read(1)
        entry = server.entries[b"/x"]
        if how == "grows":
            entry.data += b"more"
        elif how == "shrinks":
            entry.data = DATA[:300_000]
        else:
            entry.mtime = MTIME + 1
        with pytest.raises(Changed) as caught:
            stream.read()
        assert caught.value.key == "x"
    entry.data, entry.mtime = DATA, MTIME
    assert read(adapter) == DATA


def test_a_file_that_grew_since_the_listing_has_changed_and_is_read_once_it_stands_still(
    server: FakeSftp, adapter: SftpAdapter
):
    (before,) = adapter.list_objects("x")
    server.entries[b"/x"].data = DATA + b"more"
    with pytest.raises(Changed):
        adapter.read_object("x", version=before.version)
    (after,) = adapter.list_objects("x")
    assert read(adapter, version=after.version) == DATA + b"more"


def test_a_cut_is_not_mended_with_the_bytes_of_another_version(server: FakeSftp):
    adapter = RetryingAdapter(SftpAdapter("lake", **(server.options | {"timeout": 1.0})), Policy(first_wait_s=0.01))
    with adapter.read_object("x") as stream:
        assert stream.read(100) == DATA[:100]
        server.script = lambda asked: b"" if asked.kind is Ask.READ else None  # silence
        server.entries[b"/x"].data = DATA[::-1] + b"!"
        with pytest.raises(Changed):
            stream.read()
    adapter.close()


def test_a_pipe_is_not_waited_for(sshd: Sshd):
    place = sshd.make_directory()
    os.mkfifo(place / "pipe")
    adapter = SftpAdapter("lake", **(sshd.options | {"root": sshd.path_of(place), "timeout": 5.0}))
    with pytest.raises(NotFound, match="no regular file"):
        read(adapter, "pipe")
    adapter.close()


def test_a_server_that_tells_neither_size_nor_time_is_not_believed(server: FakeSftp, adapter: SftpAdapter):
    server.put("/timeless", mtime=None)
    with pytest.raises(Unsupported, match="does not tell"):
        read(adapter, "timeless")


def test_handles_are_given_back(server: FakeSftp, adapter: SftpAdapter):
    for _ in range(20):
        assert read(adapter, length=10) == DATA[:10]
        adapter.read_object("x").close()
        list(adapter.list_objects(""))
    opened = server.count(Ask.OPEN) + server.count(Ask.OPENDIR)
    assert opened == 60
    assert server.count(Ask.CLOSE) >= opened - 1


def test_only_what_reads_is_ever_asked(server: FakeSftp, adapter: SftpAdapter):
    server.put("/d/y")
    server.put("/l", mode=stat.S_IFLNK | 0o777, target=b"/d")
    list(adapter.list_objects(""))
    list(adapter.list_folder(""))
    read(adapter)
    adapter.describe_object("d/y")
    adapter.excess_rights()
    assert {asked.kind for asked in server.asked} <= {
        Ask.OPEN, Ask.CLOSE, Ask.READ, Ask.LSTAT, Ask.FSTAT, Ask.OPENDIR, Ask.READDIR, Ask.REALPATH, Ask.STAT
    }  # fmt: skip


def test_a_reader_slower_than_the_network_holds_little_of_a_huge_file(sshd: Sshd):
    """piskvorky/smart_open#860, paramiko/paramiko#2519: what is fetched ahead fills the memory."""
    place = sshd.make_directory()
    with (place / "huge").open("wb") as file:
        file.truncate(2 * 1024**3)
    told = subprocess.run(
        [sys.executable, "-c", SLOW_READER, repr(sshd.options | {"root": sshd.path_of(place)})],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        timeout=120,
    )
    grown = int(told.stdout)
    assert grown < 24 * 1024, f"{grown} KiB"


SLOW_READER = """
import resource, sys, time
from adapters.sftp import SftpAdapter
adapter = SftpAdapter("lake", **eval(sys.argv[1]))
adapter.describe_object("huge")
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with adapter.read_object("huge") as stream:
    stream.read(1 << 20)
    before = peak()
    for _ in range(40):
        stream.read(1 << 20)
        time.sleep(0.05)
print(peak() - before)
adapter.close()
"""


def test_a_large_file_comes_whole_in_the_middle_of_other_reads(sshd: Sshd):
    place = sshd.make_directory()
    whole = random.Random(5).randbytes(5_000_000)
    (place / "x").write_bytes(whole)
    adapter = open_destination("lake", "sftp", sshd.options | {"root": sshd.path_of(place), "concurrency": 1})
    with adapter.read_object("x") as stream:
        parts = []
        while part := stream.read(300_000):
            parts.append(part)
            with adapter.read_object("x", 1000, 50_000) as other:
                assert other.read(20_000) == whole[1000:21_000]  # and closed with answers on their way
    assert hashlib.sha256(b"".join(parts)).digest() == hashlib.sha256(whole).digest()
    adapter.close()
