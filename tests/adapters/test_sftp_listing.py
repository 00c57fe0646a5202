"""Listings over SFTP: whole or an error; names are bytes; what need not be opened is not."""

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.base import AccessDenied, Adapter, DestinationError, Folder, NotFound, Unreachable, Unsupported
from adapters.registry import open_destination
from adapters.retry import Policy, RetryingAdapter
from adapters.sftp import SftpAdapter
from adapters.sftp_rights import find_excess
from adapters.sftp_wire import Ask
from tests.servers.fake_sftp import Entry, FakeSftp, facts, fake_sftp, names, status
from tests.servers.sshd import Sshd, shared_sshd, sshd

__all__ = ["sshd"]


@pytest.fixture(scope="module", autouse=True)
def held() -> Iterator[None]:
    with shared_sshd():
        yield


@pytest.fixture
def place(sshd: Sshd) -> Path:
    return sshd.make_directory()


@pytest.fixture
def real(sshd: Sshd, place: Path) -> Iterator[SftpAdapter]:
    opened = SftpAdapter("lake", **(sshd.options | {"root": sshd.path_of(place)}))
    yield opened
    opened.close()


@pytest.fixture
def server() -> Iterator[FakeSftp]:
    with fake_sftp() as running:
        yield running


@pytest.fixture
def fake(server: FakeSftp) -> Iterator[SftpAdapter]:
    opened = SftpAdapter("lake", **server.options)
    yield opened
    opened.close()


def keys(adapter: Adapter, prefix: str = "", start_at: str = "") -> list[str]:
    return [info.key for info in adapter.list_objects(prefix, start_at=start_at)]


def put(place: Path, *keys: str) -> None:
    for key in keys:
        (place / key).parent.mkdir(parents=True, exist_ok=True)
        (place / key).write_bytes(b"12345")


def test_folders_below_the_start_are_passed_over_by_name(server: FakeSftp, fake: SftpAdapter):
    folders = [f"ds/exportTime=202610{day:02}000000" for day in range(1, 31)]
    for folder in folders:
        server.put(f"/{folder}/part-0")
    assert len(keys(fake, "ds/")) == 30
    assert server.count(Ask.OPENDIR) == 31
    server.asked.clear()
    assert keys(fake, "ds/", f"{folders[-1]}/") == [f"{folders[-1]}/part-0"]
    assert server.count(Ask.OPENDIR) == 2
    server.asked.clear()
    assert keys(fake, f"{folders[3]}/") == [f"{folders[3]}/part-0"]
    assert server.count(Ask.OPENDIR) == 1


def test_a_prefix_opens_only_what_may_hold_it(server: FakeSftp, fake: SftpAdapter):
    for key in ("/ab/1", "/abc/2", "/b/3"):
        server.put(key)
    assert keys(fake, "abc") == ["abc/2"]
    assert server.count(Ask.OPENDIR) == 2


@pytest.mark.parametrize("ask", ["list_objects", "list_folder"])
def test_a_directory_that_may_not_be_read_is_an_error_that_names_it(place: Path, real: SftpAdapter, ask: str):
    put(place, "a/x", "b/y", "c/z")
    (place / "b").chmod(0o311)
    with pytest.raises(AccessDenied) as caught:
        list(getattr(real, ask)("" if ask == "list_objects" else "b/"))
    assert caught.value.key == "b/"
    assert "read and execute on the directories" in str(caught.value)
    assert [item.prefix for item in real.list_folder("") if isinstance(item, Folder)] == ["a/", "b/", "c/"]


def test_a_file_that_may_not_be_read_is_an_error_that_names_it(place: Path, real: SftpAdapter):
    put(place, "a/x")
    (place / "a/x").chmod(0o200)
    assert keys(real) == ["a/x"]
    with pytest.raises(AccessDenied, match="read on the files") as caught:
        real.read_object("a/x")
    assert caught.value.key == "a/x"


def test_names_that_are_no_utf8_go_there_and_back(place: Path, real: SftpAdapter):
    names = [b"\xff\xfe", b"caf\xe9", "café".encode(), b"\xed\xa0\x80", b"\xf0\x9f\x98\x80"]
    for number, name in enumerate(names):
        folder = place / os.fsdecode(b"d-" + name)
        folder.mkdir()
        (folder / os.fsdecode(b"f-" + name)).write_bytes(b"x" * number)
    listed = {info.key: info for info in real.list_objects("")}
    assert len(listed) == len(names)
    for number, name in enumerate(names):
        key = os.fsdecode(b"d-" + name + b"/f-" + name)
        assert listed[key].size == number
        assert real.read_object(key, version=listed[key].version).read() == b"x" * number
        assert keys(real, key[: key.index("/") + 1]) == [key]


def test_a_surrogate_that_stands_for_no_byte_names_nothing(place: Path, real: SftpAdapter):
    put(place, "x")
    for key in ("\ud800", "a/\ud800"):
        with pytest.raises(NotFound):
            real.describe_object(key)
        assert keys(real, key + "/") == []


def test_links_that_stay_inside_are_followed_and_others_are_not(place: Path, real: SftpAdapter):
    put(place, "a/x", "b/y")
    put(place.parent, "outside/secret")
    (place / "inside").symlink_to("a")
    (place / "b/file").symlink_to("../a/x")
    (place / "absolute").symlink_to("/etc")
    (place / "out").symlink_to("../outside")
    (place / "dead").symlink_to("nowhere")
    (place / "self").symlink_to("self")
    assert keys(real) == ["a/x", "b/file", "b/y", "inside/x"]
    (remark,) = real.remarks
    assert "links that leave the folder of the destination or lead nowhere are not followed" in remark
    assert keys(real, "inside/") == ["inside/x"]
    assert real.read_object("inside/x").read() == b"12345"
    for key in ("out/secret", "dead", "self", "absolute/passwd"):
        with pytest.raises(NotFound):
            real.read_object(key)
    with pytest.raises(Unsupported, match="leaves"):
        keys(real, "out/")


def test_links_in_circles_end(place: Path, real: SftpAdapter):
    put(place, "a/b/x", "c/y")
    (place / "a/b/up").symlink_to("..")
    (place / "a/here").symlink_to(".")
    (place / "a/other").symlink_to("../c")
    (place / "c/back").symlink_to("../a")
    assert sorted(keys(real)) == ["a/b/x", "a/other/y", "c/back/b/x", "c/y"]
    assert any("lead back" in remark for remark in real.remarks)


def test_links_are_not_followed_where_the_server_does_not_say_where_they_lead(server: FakeSftp, fake: SftpAdapter):
    server.resolves_links = False
    server.put("/d/x")
    server.put("/link", mode=stat.S_IFLNK | 0o777, target=b"/d")
    assert keys(fake) == ["d/x"]
    assert ["does not say where they lead" in remark for remark in fake.remarks] == [True]


def test_devices_pipes_and_sockets_are_remarked_on(place: Path, real: SftpAdapter):
    put(place, "x")
    os.mkfifo(place / "pipe")
    with socket.socket(socket.AF_UNIX) as unix:
        with contextlib.chdir(place):  # the path of a socket is short
            unix.bind("socket")
        assert keys(real) == ["x"]
    (remark,) = real.remarks
    assert "devices, pipes and sockets are not read" in remark


def test_a_directory_with_what_is_passed_over_is_not_empty(place: Path, real: SftpAdapter):
    (place / "d").mkdir()
    os.mkfifo(place / "d/pipe")
    (place / "e").mkdir()
    assert keys(real) == ["e/"]


def test_a_listing_without_facts_asks_for_each_and_believes_no_server_that_tells_none(
    server: FakeSftp, fake: SftpAdapter
):
    server.put("/d/x", mode=None)
    with pytest.raises(Unsupported, match="does not tell") as caught:
        keys(fake)
    assert caught.value.key == "d/x"
    assert server.count(Ask.LSTAT) == 1
    server.script = lambda asked: facts(asked, Entry(b"12345")) if asked.kind is Ask.LSTAT else None
    assert keys(fake) == ["d/x"]


@pytest.mark.parametrize("name", [b"a/b", b"", b"/etc"])
def test_a_name_that_is_a_path_is_refused(server: FakeSftp, fake: SftpAdapter, name: bytes):
    entry = server.put("/d/x")
    server.script = lambda asked: names(asked, (name, entry)) if asked.kind is Ask.READDIR else None
    with pytest.raises(Unreachable):
        keys(fake)


def test_an_empty_answer_is_not_the_end_of_a_directory(server: FakeSftp, fake: SftpAdapter):
    server.put("/x")
    server.script = lambda asked: names(asked) if asked.kind is Ask.READDIR else None
    with pytest.raises(Unreachable):
        keys(fake)


def test_a_name_that_is_shown_twice_counts_once(server: FakeSftp, fake: SftpAdapter):
    entry = server.put("/x")
    answers = iter([((b"x", entry), (b"y", entry)), ((b"y", entry), (b"z", entry))])
    server.script = lambda asked: (
        names(asked, *more) if asked.kind is Ask.READDIR and (more := next(answers, None)) else None
    )
    assert keys(fake) == ["x", "y", "z"]


def test_a_directory_that_never_ends_is_no_directory(server: FakeSftp, fake: SftpAdapter):
    entry = server.put("/x")
    server.script = lambda asked: names(asked, (b"x", entry), (b"y", entry)) if asked.kind is Ask.READDIR else None
    with pytest.raises(Unsupported, match="again and again"):
        keys(fake)
    assert server.count(Ask.READDIR) < 10


@pytest.mark.parametrize("code", [3, 4, 8, 99])
def test_a_directory_that_fails_half_way_never_looks_whole(server: FakeSftp, fake: SftpAdapter, code: int):
    server.put("/a/x")
    server.put("/b/y")
    seen = iter(range(100))
    server.script = lambda asked: status(asked, code) if asked.kind is Ask.READDIR and next(seen) > 2 else None
    with pytest.raises(DestinationError):
        keys(fake)


def test_a_directory_that_failed_is_asked_again_and_no_key_is_lost_or_repeated(server: FakeSftp):
    wanted = sorted(f"{folder}/{name}" for folder in "abcdef" for name in "xyz")
    for key in wanted:
        server.put(f"/{key}")
    for failing in range(12):
        adapter = RetryingAdapter(SftpAdapter("lake", **server.options), Policy(first_wait_s=0.001))
        seen = iter(range(1000))
        server.script = lambda asked, seen=seen, failing=failing: (
            status(asked, 4) if asked.kind is Ask.READDIR and next(seen) == failing else None
        )
        assert keys(adapter) == wanted
        assert adapter.retries <= 1
        adapter.close()


def test_a_directory_that_is_gone_since_it_was_seen_holds_nothing(server: FakeSftp, fake: SftpAdapter):
    server.put("/a/x")
    server.put("/b/y")
    server.script = lambda asked: status(asked, 2) if asked.text == b"/a" and asked.kind is not Ask.LSTAT else None
    assert keys(fake) == ["b/y"]


def test_not_there_is_not_believed_of_a_directory_that_is(server: FakeSftp, fake: SftpAdapter):
    server.put("/a/x")
    server.script = lambda asked: status(asked, 2) if asked.text == b"/a" and asked.kind is Ask.OPENDIR else None
    with pytest.raises(NotFound) as caught:
        keys(fake)
    assert caught.value.key == "a/"


def test_a_root_that_vanishes_is_not_an_empty_one(sshd: Sshd, place: Path):
    put(place, "root/a/x")
    adapter = SftpAdapter("lake", **(sshd.options | {"root": sshd.path_of(place / "root")}))
    assert keys(adapter) == ["a/x"]
    (place / "root").rename(place / "gone")
    for prefix in ("", "a/"):
        with pytest.raises(NotFound):
            keys(adapter, prefix)
        with pytest.raises(NotFound):
            list(adapter.list_folder(prefix))
    adapter.close()


def test_the_root_is_where_the_login_ends_or_an_absolute_path(sshd: Sshd, place: Path):
    put(place, "exports/x")
    there = sshd.path_of(place).lstrip("/")
    top = open_destination("lake", "sftp", sshd.options | {"root": "/"})
    assert keys(top, f"{there}/exports/") == [f"{there}/exports/x"]
    login = open_destination("lake", "sftp", sshd.options | {"root": ""})
    assert keys(login, f"{place.name}/exports/") == [f"{place.name}/exports/x"]
    top.close()
    login.close()


def test_very_many_and_very_long_names(place: Path, real: SftpAdapter):
    wanted = sorted(f"many/{number:04}-{'n' * 240}" for number in range(1200))
    put(place, *wanted, "/".join(["d" * 200] * 12) + "/x")
    assert keys(real, "many/") == wanted
    (deep,) = keys(real, "d")
    assert real.read_object(deep).read() == b"12345"


def test_times_beyond_2038_are_kept(place: Path, real: SftpAdapter):
    put(place, "x")
    os.utime(place / "x", (4_000_000_000, 4_000_000_000))
    (info,) = real.list_objects("")
    assert info.modified.year == 2096
    assert real.describe_object("x").modified == info.modified


@pytest.mark.parametrize(
    "modes, username, told",
    [
        ({"": 0o555, "exports": 0o555}, "audit", ()),
        ({"": 0o755, "exports": 0o755}, "audit", None),
        ({"": 0o575}, "audit", None),
        ({"": 0o777}, "audit", "'the folder' (drwxrwxrwx)"),
        ({"": 0o555, "exports": 0o1777}, "audit", "'exports' (drwxrwxrwt)"),
        ({"": 0o555}, "root", "the login is root"),
    ],
)
def test_rights_to_write_are_told_as_far_as_modes_show_them(
    server: FakeSftp, modes: dict[str, int], username: str, told: object
):
    for name, mode in modes.items():
        server.put(f"/{name}/x")
        server.entries[f"/{name}".encode()].mode = stat.S_IFDIR | mode
    adapter = SftpAdapter("lake", **server.options)
    if username == "audit":
        found = adapter.excess_rights()
    else:
        with adapter._sessions.borrow() as wire:
            found = find_excess(wire, b"/", username)
    if isinstance(told, str):
        assert found is not None
        assert told in found[0]
    else:
        assert found == told
    adapter.close()
