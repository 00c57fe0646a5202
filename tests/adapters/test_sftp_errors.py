"""Every error class of paramiko and every status has its place in the error family; no secret and no word gets out."""

import inspect
import pickle
import pkgutil
from importlib import import_module

import paramiko
import pytest

from adapters.base import (
    AccessDenied,
    CredentialExpired,
    DestinationError,
    NotFound,
    NotTrusted,
    Unreachable,
    Unsupported,
)
from adapters.registry import open_destination
from adapters.sftp import SftpAdapter
from adapters.sftp_errors import BY_CLASS, BY_STATUS, speaking_of, translate
from adapters.sftp_hosts import DistrustError
from adapters.sftp_keys import NoLoginError
from adapters.sftp_wire import GarbledError, RefusedError

SECRET = "s3cr3t-never-to-be-seen"

EXPECTED: dict[str, type[DestinationError]] = {
    "AuthenticationException": CredentialExpired,
    "BadAuthenticationType": CredentialExpired,
    "BadHostKeyException": NotTrusted,
    "BERException": Unsupported,
    "ChannelException": Unreachable,
    "ConfigParseError": Unsupported,
    "CouldNotCanonicalize": Unsupported,
    "IncompatiblePeer": Unsupported,
    "InvalidHostKey": Unsupported,
    "MessageOrderError": Unreachable,
    "NeedRekeyException": Unreachable,
    "NoValidConnectionsError": Unreachable,
    "PartialAuthentication": CredentialExpired,
    "PasswordRequiredException": CredentialExpired,
    "PipeTimeout": Unreachable,
    "ProxyCommandFailure": Unsupported,
    "SFTPError": Unreachable,
    "SSHException": Unreachable,
    "UnableToAuthenticate": CredentialExpired,
    "AuthFailure": CredentialExpired,
    "UnknownKeyType": CredentialExpired,
}
"""Where each class belongs. A class of a newer paramiko that stands not here fails the test."""


def sdk_errors() -> dict[str, type[Exception]]:
    found = {}
    for module in pkgutil.iter_modules(paramiko.__path__):
        if module.name.startswith(("_win", "win_")):
            continue  # cannot be imported elsewhere
        members = inspect.getmembers(import_module(f"paramiko.{module.name}"), inspect.isclass)
        found |= {n: k for n, k in members if issubclass(k, Exception) and k.__module__.startswith("paramiko")}
    return found


def made(kind: type[Exception]) -> Exception:
    """An instance whose words hold the secret."""
    error = kind.__new__(kind)
    error.args = (SECRET,)
    return error


def test_every_error_class_of_the_sdk_is_known_here():
    assert sdk_errors().keys() == EXPECTED.keys()


@pytest.mark.parametrize("name, kind", sdk_errors().items())
def test_no_error_class_of_the_sdk_escapes_or_tells_a_secret(name: str, kind: type[Exception]):
    with pytest.raises(DestinationError) as caught, speaking_of("lake", "read", "p/x"):
        raise made(kind)
    error = caught.value
    assert type(error) is EXPECTED[name]
    assert (error.destination, error.operation, error.key) == ("lake", "read", "p/x")
    for shown in (str(error), repr(error), repr(pickle.loads(pickle.dumps(error)))):
        assert SECRET not in shown
        assert "\n" not in shown
    assert error.__suppress_context__
    assert name in str(error)


def test_no_class_is_left_to_the_fallback():
    named = tuple(one for classes, _, _ in BY_CLASS for one in classes)
    assert [name for name, kind in sdk_errors().items() if not issubclass(kind, named)] == []


@pytest.mark.parametrize(
    "error, kind",
    [
        (TimeoutError(), Unreachable),
        (ConnectionRefusedError(), Unreachable),
        (EOFError(), Unreachable),
        (GarbledError(), Unreachable),
        (DistrustError("x"), NotTrusted),
        (NoLoginError("x"), CredentialExpired),
        (ValueError(SECRET), Unsupported),
    ],
    ids=repr,
)
def test_class(error: Exception, kind: type[DestinationError]):
    found = translate(error, destination="lake", operation="read")
    assert type(found) is kind
    assert SECRET not in str(found)


STATUSES = {2: NotFound, 3: AccessDenied, 4: Unreachable, 5: Unsupported, 6: Unreachable, 7: Unreachable}
STATUSES |= {8: Unsupported, 10: NotFound, 19: NotFound, 99: Unsupported, 2**32 - 1: Unsupported}


@pytest.mark.parametrize("code, kind", STATUSES.items())
def test_status(code: int, kind: type[DestinationError]):
    found = translate(RefusedError(code), destination="lake", operation="read", key="p/x")
    assert type(found) is kind
    assert f"SFTP status {code}" in str(found)


def test_a_missing_right_is_told_in_the_words_of_the_server():
    listing = translate(RefusedError(3), destination="lake", operation="list", key="p/")
    reading = translate(RefusedError(3), destination="lake", operation="read", key="p/x")
    assert SftpAdapter.traits.rights[0] in str(listing)
    assert SftpAdapter.traits.rights[1] in str(reading)


def test_trying_again_mends_only_what_it_can():
    retried = {kind for kind, _ in BY_STATUS.values() if kind.retryable}
    assert retried == {Unreachable}
    assert not NotTrusted.retryable


def test_secrets_in_options_are_never_told(tmp_path, caplog):
    key = tmp_path / "key"
    key.write_text(f"-----BEGIN OPENSSH PRIVATE KEY-----\n{SECRET}\n-----END OPENSSH PRIVATE KEY-----\n")
    options = {"host": "127.0.0.1", "port": 1, "username": "audit", "password": SECRET, "passphrase": SECRET}
    options |= {"private_key_file": str(key)}
    adapter = open_destination("lake", "sftp", options, retries=False)
    for ask in (lambda: list(adapter.list_objects("")), lambda: adapter.read_object("x")):
        with pytest.raises(DestinationError) as caught:
            ask()
        assert SECRET not in str(caught.value) + repr(caught.value)
    assert SECRET not in repr(adapter) + repr(adapter._login) + caplog.text


@pytest.mark.parametrize(
    "options",
    [
        {"host": ""},
        {"port": 0},
        {"port": 65_536},
        {"concurrency": 0},
        {"timeout": 0},
        {"host_key_fingerprint": "MD5:aa:bb"},
        {"host_key_fingerprint": "SHA256:short"},
    ],
    ids=str,
)
def test_options_that_cannot_be_are_refused(options: dict[str, object]):
    with pytest.raises(ValueError, match="lake"):
        SftpAdapter("lake", **{"host": "h", "username": "u", **options})
