"""What is particular to directories: order, links, special files, and a disk that changes meanwhile."""

import errno
import os
import socket
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import AccessDenied, Changed, DestinationError, NotFound, Unreachable, Unsupported
from adapters.local import LocalAdapter


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    made.mkdir()
    return made


@pytest.fixture
def adapter(root: Path) -> LocalAdapter:
    return LocalAdapter("lake", root)


def put(root: Path, *keys: str, data: bytes = b"12345") -> None:
    for key in keys:
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def keys(adapter: LocalAdapter, prefix: str = "", start_at: str = "") -> list[str]:
    return [info.key for info in adapter.list_objects(prefix, start_at=start_at)]


def test_keys_come_in_the_order_of_their_bytes(root: Path, adapter: LocalAdapter):
    put(root, "a/x", "a.b", "a b/y", "a-/z", "a0", "a/b/c", "é", "\ue000", "\U0001f600")
    listed = keys(adapter)
    assert len(listed) == 9
    assert listed == sorted(listed, key=str.encode)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=3).filter(
    lambda name: name not in (".", "..")
)


@given(
    st.lists(st.lists(NAMES, min_size=1, max_size=3).map("/".join), max_size=8),
    st.text(max_size=4),
    st.text(max_size=4),
)
def test_a_listing_is_what_a_flat_store_would_give(tmp_path_factory, wanted: list[str], prefix: str, start_at: str):
    root = tmp_path_factory.mktemp("root")
    stored = set()
    for key in wanted:
        try:
            put(root, key)
        except OSError:
            continue  # a file stands where this key needs a directory, or the other way round
        stored.add(key)
    adapter = LocalAdapter("lake", root)
    order = [key.encode() for key in stored if key.startswith(prefix) and key.encode() >= start_at.encode()]
    listed = [info.key.encode() for info in adapter.list_objects(prefix, start_at=start_at) if not info.is_marker]
    assert listed == sorted(order)


def test_a_directory_that_cannot_hold_what_is_asked_for_is_not_opened(root, adapter, monkeypatch):
    put(root, "p/t=1/x", "p/t=2/x", "p/t=3/x", "q/x")
    opened = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: opened.append(Path(path).name) or scandir(path))
    assert keys(adapter, "p/t=", "p/t=2/") == ["p/t=2/x", "p/t=3/x"]
    assert opened == ["p", "t=2", "t=3"]


def test_a_link_that_stays_inside_is_followed(root: Path, adapter: LocalAdapter):
    put(root, "a/x")
    (root / "b").symlink_to(root / "a")
    (root / "c").symlink_to("a/x")
    assert keys(adapter) == ["a/x", "b/x", "c"]
    for key in ("b/x", "c"):
        with adapter.read_object(key) as stream:
            assert stream.read() == b"12345"


def test_a_link_that_leaves_the_root_is_passed_over_and_said(root: Path, adapter: LocalAdapter, tmp_path: Path):
    put(tmp_path, "outside/secret")
    put(root, "x")
    (root / "dir").symlink_to(tmp_path / "outside")
    (root / "file").symlink_to(tmp_path / "outside/secret")
    (root / "up").symlink_to("..")
    (root / "dead").symlink_to("nowhere")
    assert keys(adapter) == ["x"]
    assert [item.key for item in adapter.list_folder("")] == ["x"]
    assert len(adapter.remarks) == 1
    assert "leave the root" in adapter.remarks[0]
    for key in ("dir/secret", "file", "up/outside/secret", "dead"):
        with pytest.raises(NotFound):
            adapter.read_object(key)
        with pytest.raises(NotFound):
            adapter.describe_object(key)


@pytest.mark.parametrize("listing", ["list_objects", "list_folder"])
def test_a_folder_reached_only_by_leaving_the_root_is_not_called_empty(root, adapter, tmp_path, listing):
    put(tmp_path, "outside/d/x")
    (root / "backups").symlink_to(tmp_path / "outside")
    with pytest.raises(Unsupported, match="leaves the root"):
        list(getattr(adapter, listing)("backups/d/"))


def test_a_name_beside_the_root_is_not_inside_it(root: Path, adapter: LocalAdapter, tmp_path: Path):
    put(tmp_path, "root-of-others/x")
    (root / "link").symlink_to(tmp_path / "root-of-others")
    assert keys(adapter) == []


def test_links_in_a_circle_end(root: Path, adapter: LocalAdapter):
    put(root, "a/x", "b/y")
    (root / "a/up").symlink_to("..")
    (root / "a/self").symlink_to(".")
    (root / "b/a").symlink_to("../a")
    (root / "a/b").symlink_to("../b")
    (root / "loop").symlink_to("loop")
    listed = keys(adapter)
    assert {"a/x", "b/y", "b/a/x", "a/b/y"} <= set(listed)
    assert len(listed) < 20
    with pytest.raises(NotFound):
        adapter.read_object("loop")


def test_a_root_that_is_a_link_is_a_root(root: Path, tmp_path: Path):
    put(root, "a/x")
    (tmp_path / "link").symlink_to(root)
    assert keys(LocalAdapter("lake", tmp_path / "link")) == ["a/x"]


def test_what_is_no_regular_file_is_neither_listed_nor_opened(root: Path, adapter: LocalAdapter):
    put(root, "x")
    os.mkfifo(root / "pipe")
    (root / "to-pipe").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as made:
        old = Path.cwd()
        os.chdir(root)  # the path of a socket must be short
        made.bind("socket")
        os.chdir(old)
        assert keys(adapter) == ["x"]
        for key in ("pipe", "to-pipe", "socket", "pipe/x"):
            with pytest.raises(NotFound):
                adapter.read_object(key)
    assert any("pipes" in remark for remark in adapter.remarks)


def test_a_directory_of_nothing_but_passed_over_things_is_not_called_empty(root: Path, adapter: LocalAdapter):
    (root / "d").mkdir()
    os.mkfifo(root / "d/pipe")
    assert keys(adapter) == []


def test_only_the_innermost_empty_directory_is_a_marker(root: Path, adapter: LocalAdapter):
    (root / "a/b/c").mkdir(parents=True)
    assert keys(adapter) == ["a/b/c/"]
    assert keys(adapter, "a/b/c/") == ["a/b/c/"]
    assert keys(adapter, "a/b/c") == ["a/b/c/"]


def test_a_tree_deeper_than_the_stack_is_walked(root: Path, adapter: LocalAdapter):
    here = os.open(root, os.O_RDONLY)
    for _ in range(1200):  # step by step: such a path is too long to be named at once
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    try:
        assert keys(adapter) == ["d/" * 1200]
    finally:  # too deep for the tools that clear temporary folders
        subprocess.run(["rm", "-rf", str(root / "d")], check=True)


def refuse(monkeypatch: pytest.MonkeyPatch, name: str, when: Callable[[object], bool], code: int) -> None:
    """Have `os.<name>` fail, as it would for a user without the right (tests may run as root)."""
    real = getattr(os, name)

    def refusing(path: object, *args: object, **kwargs: object) -> object:
        if when(path):
            raise OSError(code, os.strerror(code), str(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, name, refusing)


ERRORS = [
    (errno.EACCES, AccessDenied),
    (errno.EPERM, AccessDenied),
    (errno.EIO, Unreachable),
    (errno.ESTALE, Unreachable),
    (errno.EMFILE, Unreachable),
    (errno.ETIMEDOUT, Unreachable),
    (errno.ENOENT, NotFound),
]


@pytest.mark.parametrize("code, kind", ERRORS)
def test_a_directory_that_cannot_be_read_never_looks_empty(root, adapter, monkeypatch, code, kind):
    put(root, "a/x", "b/y", "c/z")
    refuse(monkeypatch, "scandir", lambda path: str(path).endswith("/b"), code)
    with pytest.raises(kind) as caught:
        keys(adapter)
    assert (caught.value.destination, caught.value.operation, caught.value.key) == ("lake", "list", "b/")


@pytest.mark.parametrize("code, kind", ERRORS)
def test_a_file_that_cannot_be_read_says_why(root, adapter, monkeypatch, code, kind):
    put(root, "a/x")
    refuse(monkeypatch, "open", lambda path: str(path).endswith("/x"), code)
    with pytest.raises(kind) as caught:
        adapter.read_object("a/x")
    assert (caught.value.destination, caught.value.operation, caught.value.key) == ("lake", "read", "a/x")
    assert str(root) not in str(caught.value)


def test_every_errno_is_some_destination_error(root, adapter, monkeypatch):
    put(root, "x")
    for code in errno.errorcode:
        with monkeypatch.context() as patch:
            refuse(patch, "open", lambda path: str(path).endswith("/x"), code)
            with pytest.raises(DestinationError):
                adapter.read_object("x")


def test_a_root_that_is_a_file_is_not_there(root: Path):
    put(root, "x")
    with pytest.raises(NotFound):
        keys(LocalAdapter("lake", root / "x"))


def test_a_file_that_vanishes_while_listed_is_left_out(root, adapter, monkeypatch):
    put(root, "a", "b", "c")
    lstat = Path.lstat

    def vanishing(path: Path) -> os.stat_result:
        if path.name == "b":
            path.unlink(missing_ok=True)
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", vanishing)
    assert keys(adapter) == ["a", "c"]
    assert adapter.remarks == []


@pytest.mark.parametrize(
    "meddle",
    [
        lambda path: path.write_bytes(b"y" * 400_000),
        lambda path: os.truncate(path, 200_000),
        lambda path: os.truncate(path, 0),
        lambda path: os.utime(path, (1, 1)),
        lambda path: path.open("ab").write(b"more"),
    ],
    ids=["rewritten", "cut", "emptied", "touched", "grown"],
)
def test_a_file_written_to_while_it_is_read_has_changed(root: Path, adapter: LocalAdapter, meddle):
    put(root, "x", data=b"x" * 400_000)
    os.utime(root / "x", (1_700_000_000, 1_700_000_000))
    with adapter.read_object("x") as stream:
        assert stream.read(1000) == b"x" * 1000
        meddle(root / "x")
        with pytest.raises(Changed) as caught:
            stream.read()
    assert caught.value.key == "x"


def test_a_file_replaced_while_it_is_read_is_read_as_it_was(root: Path, adapter: LocalAdapter):
    put(root, "x", data=b"old" * 100_000)
    put(root, "new", data=b"new" * 100_000)
    with adapter.read_object("x") as stream:
        stream.read(3)
        (root / "new").replace(root / "x")
        assert stream.read() == b"old" * 99_999


def test_a_disk_that_gives_fewer_bytes_than_it_promised_is_a_failing_disk(root, adapter, monkeypatch):
    put(root, "x", data=b"x" * 400_000)
    with adapter.read_object("x") as stream:
        monkeypatch.setattr(os, "preadv", lambda *_: 0)
        with pytest.raises(Unreachable, match="400000 bytes early"):
            stream.read()


def test_a_version_outlives_a_chmod_and_a_copy_of_the_tree(root: Path, adapter: LocalAdapter, tmp_path: Path):
    put(root, "x")
    before = adapter.describe_object("x").version
    (root / "x").chmod(0o600)
    assert adapter.describe_object("x").version == before
    put(tmp_path, "copy/x")
    facts = (root / "x").stat()
    os.utime(tmp_path / "copy/x", ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert LocalAdapter("lake", tmp_path / "copy").describe_object("x").version == before
    os.utime(root / "x", ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    assert adapter.describe_object("x").version != before


@pytest.mark.parametrize(
    "mtime_ns, modified",
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (1_790_812_800_123_456_789, datetime(2026, 10, 1, 0, 0, 0, 123456, tzinfo=UTC)),
        (-1_000, datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ],
)
def test_times_are_exact_and_utc(root: Path, adapter: LocalAdapter, mtime_ns: int, modified: datetime):
    put(root, "x")
    os.utime(root / "x", ns=(0, mtime_ns))
    assert adapter.describe_object("x").modified == modified


def test_files_are_closed_again(root: Path, adapter: LocalAdapter):
    put(root, "x")
    before = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    for _ in range(20):
        with adapter.read_object("x") as stream:
            stream.read(1)
        with pytest.raises(Changed):
            adapter.read_object("x", version="other")
    after = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    assert after <= before + 1
