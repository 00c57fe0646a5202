"""The private keys to log in with: from a file, or from an SSH agent."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import paramiko

_KINDS: Final = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


class NoLoginError(Exception):
    """There is nothing to log in with, or the server does not accept it. The text is for people, without secrets."""


def read_private_key(file: Path, passphrase: str | None) -> Any:
    """The key in a file, in OpenSSH's or PEM format: Ed25519, ECDSA or RSA. Raises NoLoginError."""
    try:
        text = file.read_text("latin-1")
    except OSError as error:
        raise NoLoginError(f"the private key file {str(file)!r} cannot be read ({type(error).__name__})") from None
    if text.startswith("PuTTY-User-Key-File"):
        raise NoLoginError(
            f"the private key file {str(file)!r} is PuTTY's; convert it with 'puttygen -O private-openssh-new'"
        )
    if "PRIVATE KEY" not in text:
        raise NoLoginError(f"the file {str(file)!r} holds no private key; name the private one, not the public one")
    return _parsed(file, passphrase)


def _parsed(file: Path, passphrase: str | None) -> Any:
    is_encrypted = False
    for kind in _KINDS:
        try:
            return kind.from_private_key_file(str(file), password=passphrase)
        except paramiko.PasswordRequiredException:
            is_encrypted = True
        except Exception:  # noqa: S112 (whatever its parsers raise, it may quote the key: another kind, or none)
            continue
    if is_encrypted:
        raise NoLoginError(f"the private key {str(file)!r} is encrypted and no passphrase is given")
    wrong = "the passphrase is wrong, or " if passphrase is not None else ""
    raise NoLoginError(f"{wrong}the private key {str(file)!r} is damaged or no Ed25519, ECDSA or RSA key")


@contextmanager
def agent_keys(timeout_s: float) -> Iterator[list[Any]]:
    """The keys that an SSH agent offers while it is connected; none without an agent.

    Raises: NoLoginError where the agent does not answer in time.
    """
    try:
        agent = _Agent(timeout_s)
    except TimeoutError:
        raise NoLoginError(f"the SSH agent gave no answer within {timeout_s:.0f} s") from None
    except (paramiko.SSHException, OSError):
        yield []
        return
    try:
        yield list(agent.get_keys())
    finally:
        agent.close()


class _Agent(paramiko.Agent):  # type: ignore[misc]  # paramiko has no types
    """paramiko waits for the agent's answers without a limit, here when it is asked for keys and when it signs."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        super().__init__()

    def _connect(self, conn: Any) -> None:
        try:
            if isinstance(conn, socket.socket):
                conn.settimeout(self._timeout_s)
            super()._connect(conn)
        except BaseException:
            conn.close()
            raise
