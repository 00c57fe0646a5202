"""Logging in to an SFTP server: every way, every refusal; few connections, and new ones after a break."""

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import paramiko
import pytest

from adapters.base import AccessDenied, Adapter, CredentialExpired, DestinationError, Unreachable
from adapters.registry import open_destination
from adapters.retry import Policy, RetryingAdapter
from adapters.sftp import SftpAdapter
from adapters.sftp_session import Sessions
from tests.servers.fake_sftp import PASSWORD, fake_sftp
from tests.servers.sshd import Sshd, make_key, running_sshd, shared_sshd, sshd
from tests.servers.tcp_proxy import tcp_proxy

__all__ = ["sshd"]


@pytest.fixture(scope="module", autouse=True)
def held() -> Iterator[None]:
    with shared_sshd():
        yield


def log_in(options: dict[str, Any]) -> None:
    adapter = SftpAdapter("lake", **options)
    try:
        list(adapter.list_folder(""))
    finally:
        adapter.close()


def refused(options: dict[str, Any], kind: type[DestinationError] = CredentialExpired) -> str:
    with pytest.raises(DestinationError) as caught:
        log_in(options)
    assert type(caught.value) is kind, str(caught.value)
    assert PASSWORD not in str(caught.value)
    return str(caught.value)


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sshd, Path]]:
    """A server that accepts keys of every type, each once with and once without passphrase."""
    directory = tmp_path_factory.mktemp("keyring")
    for kind, more in KINDS.items():
        for passphrase in ("", "open sesame"):
            make_key(directory / f"{kind}{'-locked' if passphrase else ''}", kind.split("-")[0], passphrase, *more)
    with running_sshd() as server:
        authorized = server.log.parent / "authorized_keys"
        authorized.write_text("".join(file.read_text() for file in sorted(directory.glob("*.pub"))))
        yield server, directory


KINDS = {"ed25519": (), "rsa": ("-b", "2048"), "ecdsa": (), "ecdsa-521": ("-b", "521"), "rsa-pem": ("-m", "PEM")}


@pytest.mark.parametrize("kind", KINDS)
def test_keys_of_every_type_log_in(keyring: tuple[Sshd, Path], kind: str):
    server, directory = keyring
    log_in(server.options | {"private_key_file": directory / kind})
    locked = directory / f"{kind}-locked"
    log_in(server.options | {"private_key_file": locked, "passphrase": "open sesame"})
    told = refused(server.options | {"private_key_file": locked})
    assert "is encrypted and no passphrase is given" in told
    assert locked.name in told
    told = refused(server.options | {"private_key_file": locked, "passphrase": "close sesame"})
    assert "the passphrase is wrong" in told
    assert "sesame" not in told


@pytest.mark.parametrize(
    "text, told",
    [
        (None, "cannot be read"),
        ("", "holds no private key"),
        ("ssh-ed25519 AAAA me", "not the public one"),
        ("PuTTY-User-Key-File-3: ssh-ed25519", "puttygen"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", "is damaged"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "is damaged"),
    ],
)
def test_a_key_file_that_cannot_be_used_says_why(sshd: Sshd, tmp_path: Path, text: str | None, told: str):
    file = tmp_path / "key"
    if text is not None:
        file.write_text(text)
    assert told in refused(sshd.options | {"private_key_file": file})


def test_a_key_that_the_server_does_not_know_is_refused(sshd: Sshd):
    told = refused(sshd.options | {"private_key_file": sshd.keys / "stranger"})
    assert f"does not accept the login of {sshd.username!r} by the private key" in told


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    address = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(address)], stdout=subprocess.DEVNULL)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(address))
    until = time.monotonic() + 10
    while not address.exists() and time.monotonic() < until:
        time.sleep(0.01)
    yield
    process.terminate()
    process.wait()


def add_to_agent(file: Path) -> None:
    subprocess.run(["ssh-add", "-q", str(file)], check=True, stdin=subprocess.DEVNULL, capture_output=True)


def without_key(options: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key != "private_key_file"}


def test_an_agent_is_asked_where_nothing_is_given(sshd: Sshd, agent: None):
    assert "no key in an SSH agent" in refused(without_key(sshd.options))
    add_to_agent(sshd.keys / "stranger")
    assert "by the keys of the SSH agent" in refused(without_key(sshd.options))
    add_to_agent(sshd.keys / "client")
    log_in(without_key(sshd.options))
    refused(sshd.options | {"private_key_file": sshd.keys / "stranger"})  # the agent is not asked then


def test_an_agent_that_says_nothing_is_not_waited_for(sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "silent"))
        start = time.monotonic()
        assert "the SSH agent gave no answer within 1 s" in refused(without_key(sshd.options) | {"timeout": 2.0})
        assert time.monotonic() - start < 4


def test_an_agent_that_hangs_up_is_none(sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with socket.socket(socket.AF_UNIX) as rude:
        rude.bind(str(tmp_path / "rude"))
        rude.listen()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "rude"))
        threading.Thread(target=lambda: rude.accept()[0].close(), daemon=True).start()
        assert "no key in an SSH agent" in refused(without_key(sshd.options))


def test_an_agent_is_left_when_the_login_is_done(sshd: Sshd, agent: None):
    add_to_agent(sshd.keys / "client")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        log_in(without_key(sshd.options))
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1


def test_more_agent_keys_than_the_server_has_patience_for_are_a_refusal(agent: None, tmp_path: Path):
    for number in range(4):
        add_to_agent(make_key(tmp_path / f"key-{number}", "ed25519"))
    with running_sshd({"MaxAuthTries": "2"}) as server:
        assert "the server refused the keys of the SSH agent and ended the login" in refused(
            without_key(server.options)
        )


def test_nothing_to_log_in_with_is_told(sshd: Sshd, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    assert "no password, no private_key_file, and no key in an SSH agent" in refused(without_key(sshd.options))


@pytest.mark.parametrize("by_prompt", [False, True])
def test_a_password_logs_in_however_it_is_asked_for(by_prompt: bool):
    with fake_sftp(by_prompt=by_prompt) as server:
        log_in(server.options)
        told = refused(server.options | {"password": "wrong-" + PASSWORD})
        assert "by the password" in told
        assert server.logins == 1


def test_a_password_is_not_the_answer_to_two_questions():
    with fake_sftp(by_prompt=True, with_prompts=2) as server:
        assert "refused the password" in refused(server.options)


def test_a_server_that_takes_no_passwords_says_what_it_takes(sshd: Sshd):
    told = refused(without_key(sshd.options) | {"password": PASSWORD})
    assert "it allows only publickey" in told


def test_a_server_that_wants_both_gets_both(sshd: Sshd):
    with fake_sftp(also_wants="password") as server:
        log_in(server.options | {"private_key_file": sshd.keys / "client"})
        assert "more than the private key" in refused(
            {k: v for k, v in server.options.items() if k != "password"} | {"private_key_file": sshd.keys / "client"}
        )


def test_a_login_that_gets_no_answer_ends_in_time():
    with fake_sftp(silent_at_login=True) as server:
        start = time.monotonic()
        assert "no answer in time" in refused(server.options | {"timeout": 1.0}, Unreachable)
        assert time.monotonic() - start < 8


@pytest.mark.parametrize(
    "settings",
    [
        {"Subsystem": "other internal-sftp", "ForceCommand": "none"},
        {"ForceCommand": "/bin/echo Welcome to this machine"},
    ],
    ids=["no subsystem", "a text instead"],
)
def test_a_login_without_sftp_is_a_missing_right(settings: dict[str, str]):
    with running_sshd({"ChrootDirectory": "none", **settings}) as server:
        told = refused(server.options, AccessDenied)
        assert "the login is accepted, and no SFTP session is opened for it" in told


def test_what_speaks_no_ssh_is_unreachable():
    with fake_sftp(drop_logins=100) as server:
        refused(server.options, Unreachable)


def patient(options: dict[str, Any]) -> Adapter:
    adapter = open_destination("lake", "sftp", options, retries=False)
    return RetryingAdapter(adapter, Policy(first_wait_s=0.1, longest_wait_s=1.0))


def test_a_server_that_drops_logins_which_come_together_is_audited_all_the_same():
    """paramiko/paramiko#2063: many logins at once; sshd drops some, which looks like a banner error."""
    with running_sshd({"MaxStartups": "2:100:2"}) as server:
        place = server.make_directory()
        for number in range(16):
            (place / f"{number:02}").write_bytes(b"12345")
        options = server.options | {"root": server.path_of(place), "concurrency": 8}
        adapters = [patient(options) for _ in range(2)]  # as worker processes are
        together = threading.Barrier(8, timeout=20)

        def read(number: int) -> bytes:
            if number < 8:
                together.wait()
            with adapters[number % 2].read_object(f"{number % 16:02}") as stream:
                return stream.read()

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(read, range(64))) == {b"12345"}
        for adapter in adapters:
            adapter.close()


def test_a_drop_before_the_login_is_tried_again():
    with fake_sftp(drop_logins=3) as server:
        server.put("/x")
        adapter = patient(server.options)
        assert [info.key for info in adapter.list_objects("")] == ["x"]
        assert adapter.retries == 3
        adapter.close()


def test_there_are_never_more_connections_than_concurrency(sshd: Sshd):
    place = sshd.make_directory()
    (place / "x").write_bytes(b"12345" * 20_000)
    adapter = SftpAdapter("lake", **(sshd.options | {"root": sshd.path_of(place), "concurrency": 3}))
    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(lambda _: adapter.read_object("x").read(), range(60))) == {b"12345" * 20_000}
    assert adapter._sessions.opened <= 3
    streams = [adapter.read_object("x") for _ in range(9)]  # more at a time than connections: shared, nobody waits
    assert {stream.read() for stream in streams} == {b"12345" * 20_000}
    assert adapter._sessions.opened == 3
    for stream in streams:
        stream.close()
    adapter.close()


def test_one_connection_is_enough_where_the_server_takes_no_second():
    with fake_sftp() as server:
        server.put("/x")
        adapter = SftpAdapter("lake", **(server.options | {"concurrency": 8}))
        first = adapter.read_object("x")
        server.drop_logins = 100
        with adapter.read_object("x") as second:
            assert (first.read(), second.read()) == (b"12345", b"12345")
        assert server.logins == 1
        first.close()
        adapter.close()


def test_after_a_drop_the_next_call_logs_in_anew(sshd: Sshd):
    place = sshd.make_directory()
    (place / "x").write_bytes(b"12345")
    with tcp_proxy(f"tcp://127.0.0.1:{sshd.port}") as relay:
        port = int(relay.address.rpartition(":")[2])
        adapter = patient(sshd.options | {"root": sshd.path_of(place), "port": port})
        assert [info.key for info in adapter.list_objects("")] == ["x"]
        for _ in range(3):
            relay.cut()
            assert [info.key for info in adapter.list_objects("")] == ["x"]
        assert relay.connections == 4
        adapter.close()


def test_a_host_that_is_down_is_tried_once_for_all_who_wait():
    opened = []

    class Dead:
        def open(self) -> None:
            opened.append(threading.get_ident())
            time.sleep(0.3)
            raise ConnectionRefusedError

    sessions = Sessions(Dead(), 8)  # type: ignore[arg-type]

    def fail(_: int) -> None:
        with pytest.raises(ConnectionRefusedError):
            sessions.take()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fail, range(8)))
    assert len(opened) == 1


def test_connections_are_closed_with_the_adapter(sshd: Sshd):
    def held() -> tuple[int, int]:
        files = len(list(Path("/proc/self/fd").iterdir()))
        return files, sum(
            isinstance(thread, paramiko.Transport) and thread.is_alive() for thread in threading.enumerate()
        )

    before = held()
    adapter = SftpAdapter("lake", **sshd.options)
    list(adapter.list_folder(""))
    assert held()[1] == before[1] + 1
    adapter.close()
    until = time.monotonic() + 5
    while held() != before and time.monotonic() < until:
        time.sleep(0.02)
    assert held() == before


def test_the_library_logs_nothing(sshd: Sshd, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]):
    with caplog.at_level(1):
        log_in(sshd.options)
        refused(sshd.options | {"private_key_file": sshd.keys / "stranger"})
    assert [record for record in caplog.records if record.name.startswith("paramiko")] == []
    assert capfd.readouterr() == ("", "")
