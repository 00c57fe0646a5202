"""What an SFTP server, its protocol and paramiko say when something fails, in the words of the protocol."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Final

import paramiko
from paramiko.ber import BERException
from paramiko.packet import NeedRekeyException
from paramiko.pkey import UnknownKeyType

from adapters.base import (
    AccessDenied,
    CredentialExpired,
    DestinationError,
    NotFound,
    NotTrusted,
    Unreachable,
    Unsupported,
)
from adapters.sftp_hosts import DistrustError
from adapters.sftp_keys import NoLoginError
from adapters.sftp_wire import GarbledError, NoSftpError, RefusedError
from adapters.translation import translated

DIRECTORY_RIGHT: Final = "read and execute on the directories"
FILE_RIGHT: Final = "read on the files"

BY_STATUS: Final[Mapping[int, tuple[type[DestinationError], str]]] = {
    1: (Unreachable, "the file or directory ended early"),
    2: (NotFound, "not there"),
    3: (AccessDenied, "permission denied"),
    4: (Unreachable, "the server failed"),  # what OpenSSH says of a disk that fails, or too many open files
    5: (Unsupported, "the server calls the request bad, for example the name too long"),
    6: (Unreachable, "the server has no connection"),
    7: (Unreachable, "the server lost its connection"),
    8: (Unsupported, "the server does not know the request"),
    # Later drafts' codes, which some servers use in version 3, too.
    9: (Unreachable, "the server forgot the open file"),
    10: (NotFound, "the directory is not there"),
    12: (AccessDenied, "the server allows it not"),
    13: (Unreachable, "the server's medium is not there"),
    17: (Unreachable, "another process holds a lock on the file"),
    19: (NotFound, "a part of the path is no directory"),
    20: (NotFound, "the server allows no such name"),
    21: (NotFound, "links go in a circle"),
}
"""SSH_FX_… of https://datatracker.ietf.org/doc/html/draft-ietf-secsh-filexfer-13#section-9.1; others: Unsupported."""

# The first class that fits holds. What stands nowhere is Unsupported, with the name of its class.
BY_CLASS: Final[tuple[tuple[tuple[type[BaseException], ...], type[DestinationError], str], ...]] = (
    ((paramiko.BadHostKeyException,), NotTrusted, "the host key is not the known one"),
    ((paramiko.PasswordRequiredException,), CredentialExpired, "the private key is encrypted"),
    ((paramiko.BadAuthenticationType,), CredentialExpired, "the server does not allow this way to log in"),
    ((paramiko.AuthenticationException, UnknownKeyType), CredentialExpired, "the login is refused"),
    (
        (paramiko.ChannelException,),
        Unreachable,
        "the server opens no SFTP session on the connection",
    ),
    (
        (paramiko.ssh_exception.IncompatiblePeer,),
        Unsupported,
        "the server offers no host key, cipher or key exchange that is secure enough",
    ),
    (
        (
            paramiko.ConfigParseError,
            paramiko.CouldNotCanonicalize,
            paramiko.ProxyCommandFailure,
            paramiko.hostkeys.InvalidHostKey,
        ),
        Unsupported,
        "the SSH configuration cannot be used",
    ),
    ((BERException,), Unsupported, "a key cannot be understood"),
    ((paramiko.SFTPError, GarbledError), Unreachable, "the server's answer is no SFTP"),
    ((NoSftpError,), AccessDenied, "the login is accepted, and no SFTP session is opened for it"),
    ((TimeoutError,), Unreachable, "no answer in time"),
    ((EOFError,), Unreachable, "the connection ended"),
    # Banner errors: too many logins at once (paramiko/paramiko#2063), or no SSH server.
    ((paramiko.SSHException, NeedRekeyException, OSError), Unreachable, "no connection, or it broke"),
)


def speaking_of(destination: str, operation: str, key: str = "") -> AbstractContextManager[None]:
    """Every exception inside as a DestinationError; no SDK exception escapes, and none of its words."""
    return translated(partial(translate, destination=destination, operation=operation, key=key))


def translate(error: Exception, *, destination: str, operation: str, key: str = "") -> DestinationError:
    """`error` in the words of the protocol. Texts of paramiko and of the server are never quoted."""
    kind, reason = _told(error, operation)
    return kind(reason, destination=destination, operation=operation, key=key)


def _told(error: Exception, operation: str) -> tuple[type[DestinationError], str]:
    if isinstance(error, RefusedError):
        return _of_status(error.code, operation)
    if isinstance(error, DistrustError):
        return NotTrusted, str(error)
    if isinstance(error, NoLoginError):
        return CredentialExpired, str(error)
    for classes, kind, reason in BY_CLASS:
        if isinstance(error, classes):
            return kind, f"{reason} ({type(error).__name__})"
    return Unsupported, f"the request cannot be made, or its answer not be understood ({type(error).__name__})"


def _of_status(code: int, operation: str) -> tuple[type[DestinationError], str]:
    kind, reason = BY_STATUS.get(code, (Unsupported, "the server refuses"))
    if kind is AccessDenied:
        reason += f"; the right to {DIRECTORY_RIGHT if operation == 'list' else FILE_RIGHT} is missing"
    return kind, f"{reason} (SFTP status {code})"
