"""What cannot be a ledger is refused in one line that says where and what to do."""

import multiprocessing
import os
import pwd
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auditor.ledger import Ledger, LedgerError
from auditor.ledger.filesystem import network_file_system, read_mounts
from tests.ledger.things import NOON, begin, check, file
from tests.servers.postgresql import Server

SPAWN = multiprocessing.get_context("spawn")

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
none /mnt/c 9p rw,aname=drvfs;path=C:\\134,trans=fd 0 0
none /sandbox 9p rw,trans=fd,rfd=4,wfd=4 0 0
host /vm 9p rw,trans=virtio 0 0
server:/export /data nfs4 rw,vers=4.2 0 0
//nas/share /mnt/my\\040share cifs rw 0 0
tmpfs /data/local tmpfs rw 0 0
me@host: /fuse fuse.sshfs rw 0 0
/dev/fuse /fuse/good fuse.ntfs-3g rw 0 0
systemd-1 /auto autofs rw 0 0
server:/a /auto nfs rw 0 0
server:/b /under nfs rw 0 0
/dev/sdb /under ext4 rw 0 0
"""

PATHS = [  # path, network file system
    ("/var/ledger.db", ""),
    ("/data/ledger.db", "nfs4"),
    ("/data/deep/er/ledger.db", "nfs4"),
    ("/database/ledger.db", ""),  # begins like /data and is not below it
    ("/data/local/ledger.db", ""),
    ("/mnt/my share/ledger.db", "cifs"),
    ("/fuse/ledger.db", "fuse.sshfs"),
    ("/fuse/good/ledger.db", ""),
    ("/auto/ledger.db", "nfs"),
    ("/under/ledger.db", ""),  # the local disk hides what lies under it
    ("/mnt/c/ledger.db", "9p"),
    ("/vm/ledger.db", "9p"),
    ("/sandbox/ledger.db", ""),
]


@pytest.mark.parametrize("path, kind", PATHS)
def test_a_network_file_system_is_known_by_its_type(path: str, kind: str) -> None:
    assert network_file_system(Path(path), MOUNTS) == kind


def test_the_kernels_own_table_can_be_read() -> None:
    assert sys.platform != "linux" or " / " in read_mounts()


def test_sqlite_on_a_network_file_system_is_refused_and_postgresql_named(tmp_path: Path) -> None:
    """Sonarr/Sonarr#1886"""
    with pytest.raises(LedgerError, match=r"network file system \(nfs4\).*PostgreSQL"):
        Ledger.open(f"sqlite:///{tmp_path}/l.db", mounts=lambda: f"server:/x {tmp_path} nfs4 rw 0 0\n")
    assert not list(tmp_path.iterdir())


def test_a_link_to_a_network_file_system_is_followed(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "link").symlink_to("share")
    with pytest.raises(LedgerError, match="network file system"):
        Ledger.open(f"sqlite:///{tmp_path}/link/l.db", mounts=lambda: f"x {tmp_path}/share cifs rw 0 0\n")


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"the folder .*/no does not exist"):
        Ledger.open(f"sqlite:///{tmp_path}/no/l.db")


@pytest.mark.parametrize("text", [b"hello, I am a letter and no database at all. " * 40, b"x" * 5000])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "letter.txt").write_bytes(text)
    with pytest.raises(LedgerError, match=r"letter\.txt.*not a database.*name another path"):
        Ledger.open(f"sqlite:///{tmp_path}/letter.txt")
    assert (tmp_path / "letter.txt").read_bytes() == text


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(LedgerError, match=r"other\.db.*'recipes'.*empty database"):
        Ledger.open(f"sqlite:///{tmp_path}/other.db")
    assert sqlite3.connect(tmp_path / "other.db").execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


def test_a_postgresql_database_with_tables_of_the_same_name_is_refused(new_schema: Callable[[], str]) -> None:
    import psycopg

    url = new_schema()
    with psycopg.connect(url) as other:
        other.execute("CREATE TABLE files (name TEXT)")
    with pytest.raises(LedgerError, match=r"'files'.*empty database"):
        Ledger.open(url)


def _as_nobody(url: str, answers: "multiprocessing.Queue[str]") -> None:
    if os.geteuid() == 0:
        os.setgid(pwd.getpwnam("nobody").pw_gid)
        os.setuid(pwd.getpwnam("nobody").pw_uid)
    try:
        with Ledger.open(url) as ledger:
            begin(ledger)
    except LedgerError as error:
        answers.put(str(error))
    else:
        answers.put("it worked")


def _ask_nobody(url: str) -> str:
    answers: multiprocessing.Queue[str] = SPAWN.Queue()
    process = SPAWN.Process(target=_as_nobody, args=(url, answers))
    process.start()
    answer = answers.get(timeout=60)
    process.join(30)
    return answer


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user may enter and only its owner may write."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        Path(name).chmod(0o755)


def test_a_folder_that_cannot_be_written_is_named(public: Path) -> None:
    public.chmod(0o555)
    answer = _ask_nobody(f"sqlite:///{public}/l.db")
    assert f"{public}/l.db" in answer
    assert "able to write" in answer


def test_a_ledger_that_may_only_be_read_is_named(public: Path) -> None:
    Ledger.open(f"sqlite:///{public}/l.db").close()
    (public / "l.db").chmod(0o444)
    public.chmod(0o555)
    answer = _ask_nobody(f"sqlite:///{public}/l.db")
    assert f"{public}/l.db" in answer
    assert "able to write" in answer


def test_a_full_disk_is_told_and_what_was_recorded_stays(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/l.db") as ledger:
        first = begin(ledger)
        with ledger._reading() as connection:
            used = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {used + 2}")  # this connection's disk ends here
        many = [(file(f"k{n}"), check(f"k{n}")) for n in range(2000)]
        with pytest.raises(LedgerError, match=r"l\.db.*full.*make room"):
            ledger.record_checks("lake", many, at=NOON, verifier="1")
    with Ledger.open(f"sqlite:///{tmp_path}/l.db") as ledger:
        assert ledger.known_checks("lake", "", verifier="1") == {}
        ledger.record_checks("lake", many, at=NOON, verifier="1")
        assert begin(ledger) == first + 1


BAD_URLS = ["", "ledger.db", "mysql://u:geheim@h/d", "sqlite:///x.db?mode=geheim", "sqlite://host/x", "http://[geheim"]


@pytest.mark.parametrize("url", BAD_URLS)
def test_what_is_no_ledger_url_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(LedgerError) as error:
        Ledger.open(url)
    assert "\n" not in str(error.value)
    assert "geheim" not in str(error.value)


def test_no_password_is_told_when_the_server_refuses(server: Server) -> None:
    url = server.url("postgres").replace(server.password, "geheim%2Fwort")
    with pytest.raises(LedgerError, match="password authentication failed") as error:
        Ledger.open(url)
    assert "geheim" not in str(error.value)
    assert "127.0.0.1" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_server_that_is_not_there_is_told(server: Server) -> None:
    with pytest.raises(LedgerError, match="refused") as error:
        Ledger.open("postgresql://u:geheim@127.0.0.1:1/d?password=geheim2")
    assert "geheim" not in str(error.value)


def test_a_database_that_cannot_hold_every_name_is_refused(server: Server) -> None:
    import psycopg

    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    url = server.url("latin")
    with pytest.raises(LedgerError, match=r"LATIN1.*UTF8"):
        Ledger.open(url)


def test_without_the_driver_the_command_to_get_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(LedgerError, match=r"pip install 'psycopg\[binary\]'"):
        Ledger.open("postgresql://u@127.0.0.1/d")


def test_a_ledger_in_memory_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Ledger.in_memory() as ledger:
        begin(ledger)
        assert ledger.first_audit_at() == NOON
    with Ledger.in_memory() as ledger:
        assert ledger.first_audit_at() is None
    assert not list(tmp_path.iterdir())


def test_a_driver_that_quotes_the_password_is_not_passed_on() -> None:
    from auditor.ledger.errors import speaking_of

    with pytest.raises(LedgerError) as error, speaking_of("there", ("geheim",)):
        raise sqlite3.OperationalError("cannot log in as u:geheim@h\nDETAIL: geheim")
    assert str(error.value) == "ledger there: cannot log in as u:***@h"
