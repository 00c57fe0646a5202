"""Whom we talk to is known before anything secret is said."""

import base64
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.base import NotTrusted
from adapters.sftp import SftpAdapter
from adapters.sftp_hosts import DistrustError, HostKey, Trust, parse_known
from tests.servers.fake_sftp import fake_sftp
from tests.servers.sshd import Sshd, fingerprint_of, hash_names, make_key, running_sshd, shared_sshd, sshd

__all__ = ["sshd"]


@pytest.fixture(scope="module", autouse=True)
def held() -> Iterator[None]:
    with shared_sshd():
        yield


def key(kind: str, filler: str = "a") -> HostKey:
    return HostKey(struct.pack(">I", len(kind)) + kind.encode() + filler.encode() * 32)


def line(names: str, known: HostKey, marker: str = "") -> str:
    return f"{marker} {names} {known.type} {base64.b64encode(known.blob).decode()} comment".strip()


ED, ED2, RSA = key("ssh-ed25519"), key("ssh-ed25519", "b"), key("ssh-rsa")


@pytest.mark.parametrize(
    "names, host, port, fits",
    [
        ("sftp.example.com", "sftp.example.com", 22, True),
        ("sftp.example.com", "SFTP.Example.com", 22, True),
        ("sftp.example.com,192.0.2.1", "192.0.2.1", 22, True),
        ("sftp.example.com", "other.example.com", 22, False),
        ("[sftp.example.com]:2222", "sftp.example.com", 2222, True),
        ("[sftp.example.com]:2222", "sftp.example.com", 2223, False),
        ("[sftp.example.com]:2222", "sftp.example.com", 22, False),
        ("sftp.example.com", "sftp.example.com", 2222, True),  # as OpenSSH does it
        ("*.example.com", "sftp.example.com", 22, True),
        ("*.example.com,!sftp.example.com", "sftp.example.com", 22, False),
        ("sftp?.example.com", "sftp1.example.com", 22, True),
        ("[*.example.com]:2222", "sftp.example.com", 2222, True),
        ("[s-z]ftp", "sftp", 22, False),
        ("[2001:db8::1]:2222", "2001:db8::1", 2222, True),
        ("2001:db8::1", "2001:db8::1", 22, True),
    ],
)
def test_a_line_is_about_a_server(names: str, host: str, port: int, fits: bool):
    assert parse_known([line(names, ED)], host, port).keys == ((ED,) if fits else ())


def test_a_port_of_its_own_goes_before_the_name_alone():
    lines = [line("h", ED), line("[h]:2222", RSA)]
    assert parse_known(lines, "h", 2222).keys == (RSA,)


def test_hashed_names_are_found_as_openssh_hashes_them():
    text = hash_names(f"{line('[h]:2222', ED)}\n{line('other', RSA)}\n")
    assert "[h]" not in text
    assert parse_known(text.splitlines(), "h", 2222).keys == (ED,)
    assert parse_known(text.splitlines(), "other", 22).keys == (RSA,)
    assert parse_known(text.splitlines(), "third", 22).keys == ()


def test_what_is_no_entry_is_passed_over():
    lines = ["", "# comment", "h", "h ssh-ed25519", "h ssh-ed25519 !!!", "h ssh-rsa " + line("h", ED).split()[2]]
    lines += ["|1|x|y ssh-ed25519 AAAA", line("h", ED)]
    assert parse_known(lines, "h", 22).keys == (ED,)


def test_revoked_keys_and_authorities_are_told_apart():
    known = parse_known([line("h", ED), line("*", ED2, "@revoked"), line("h", RSA, "@cert-authority")], "h", 22)
    assert (known.keys, known.revoked, known.by_authority) == ((ED,), (ED2,), True)
    with pytest.raises(DistrustError, match="revoked"):
        Trust("h", 22).check(ED2, known)
    only = parse_known([line("h", RSA, "@cert-authority")], "h", 22)
    with pytest.raises(DistrustError, match="authority"):
        Trust("h", 22).check(RSA, only)


def known_by(sshd: Sshd, tmp_path: Path, text: str) -> SftpAdapter:
    file = tmp_path / "known_hosts"
    file.write_text(text)
    options = {k: v for k, v in sshd.options.items() if k != "host_key_fingerprint"}
    return SftpAdapter("lake", **options, known_hosts_file=file)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
@pytest.mark.parametrize("hashed", [False, True])
def test_the_type_that_is_known_is_asked_for(sshd: Sshd, tmp_path: Path, kind: str, hashed: bool):
    """paramiko/paramiko#865: the file has one type, the library negotiates another."""
    adapter = known_by(sshd, tmp_path, sshd.known_hosts(kind, hashed=hashed))
    list(adapter.list_folder(""))
    adapter.close()


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_fingerprint_of_any_of_the_servers_keys_will_do(sshd: Sshd, kind: str):
    adapter = SftpAdapter("lake", **(sshd.options | {"host_key_fingerprint": sshd.fingerprint(kind)}))
    list(adapter.list_folder(""))
    adapter.close()


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_key_that_changed_is_refused_with_both_fingerprints(sshd: Sshd, tmp_path: Path, kind: str):
    """twisted/twisted#8957: never a false alarm, never a key that goes unchecked."""
    make_key(tmp_path / "old", kind, "", *(("-b", "2048") if kind == "rsa" else ()))
    old = " ".join((tmp_path / "old.pub").read_text().split()[:2])
    adapter = known_by(sshd, tmp_path, f"[{sshd.host}]:{sshd.port} {old}\n")
    with pytest.raises(NotTrusted, match="changed") as caught:
        list(adapter.list_folder(""))
    assert fingerprint_of(tmp_path / "old.pub") in str(caught.value)
    assert sshd.fingerprint(kind) in str(caught.value)
    assert not caught.value.retryable


def test_a_server_without_the_known_type_is_refused_with_both_fingerprints(tmp_path: Path):
    with running_sshd(host_keys=["rsa"]) as server:
        adapter = known_by(server, tmp_path, server.known_hosts("ed25519"))
        with pytest.raises(NotTrusted, match="changed") as caught:
            list(adapter.list_folder(""))
        assert server.fingerprint("ed25519") in str(caught.value)
        assert server.fingerprint("rsa") in str(caught.value)


def test_an_unknown_server_is_refused_with_its_fingerprint_and_the_way_to_make_it_known(sshd: Sshd, tmp_path: Path):
    adapter = known_by(sshd, tmp_path, sshd.known_hosts("ed25519").replace("127.0.0.1", "192.0.2.1"))
    with pytest.raises(NotTrusted, match="not known") as caught:
        list(adapter.list_folder(""))
    assert f'host_key_fingerprint: "{sshd.fingerprint("ed25519")}"' in str(caught.value)
    assert f"ssh-keyscan -p {sshd.port} 127.0.0.1" in str(caught.value)
    assert (tmp_path / "known_hosts").read_text().count("\n") == 1, "nothing is written"


def test_a_wrong_fingerprint_is_refused_with_those_that_are_shown(sshd: Sshd):
    wrong = "SHA256:" + "A" * 43
    adapter = SftpAdapter("lake", **(sshd.options | {"host_key_fingerprint": wrong}))
    with pytest.raises(NotTrusted) as caught:
        list(adapter.list_folder(""))
    for told in (wrong, *map(sshd.fingerprint, ("ed25519", "ecdsa", "rsa"))):
        assert told in str(caught.value)


def test_a_known_hosts_file_that_is_not_there_is_no_reason_to_trust(sshd: Sshd, tmp_path: Path):
    options = {k: v for k, v in sshd.options.items() if k != "host_key_fingerprint"}
    adapter = SftpAdapter("lake", **options, known_hosts_file=tmp_path / "absent")
    with pytest.raises(NotTrusted, match="cannot be read"):
        list(adapter.list_folder(""))


def test_the_usual_file_is_read_where_none_is_named(sshd: Sshd, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    options = {k: v for k, v in sshd.options.items() if k != "host_key_fingerprint"}
    with pytest.raises(NotTrusted):
        list(SftpAdapter("lake", **options).list_folder(""))
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/known_hosts").write_text(sshd.known_hosts("ecdsa"))
    adapter = SftpAdapter("lake", **options)
    list(adapter.list_folder(""))
    adapter.close()


def test_no_password_is_sent_to_a_server_that_is_not_trusted():
    with fake_sftp() as server:
        adapter = SftpAdapter("lake", **(server.options | {"host_key_fingerprint": "SHA256:" + "A" * 43}))
        with pytest.raises(NotTrusted):
            list(adapter.list_folder(""))
        assert server.logins == 0
