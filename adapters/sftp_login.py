"""Logging in to an SFTP server: connection, host key, then (and only then) credentials."""

import logging
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import paramiko

from adapters.sftp_hosts import DistrustError, HostKey, Known, Trust
from adapters.sftp_keys import NoLoginError, agent_keys, read_private_key
from adapters.sftp_wire import GarbledError, NoSftpError, Wire

KEEP_ALIVE_S: Final = 30
CONNECT_S: Final = 10.0

# paramiko logs user names, addresses and whole tracebacks; what matters of them is in our errors.
logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)

ALGORITHMS: Final[Mapping[str, tuple[str, ...]]] = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),  # the key's type keeps its old name, the signature does not
}
"""How a server is asked for each type of host key, the preferred ones first."""


@dataclass(frozen=True, slots=True)
class Login:
    """Where, as whom and by what. Without password and key file: the keys of an SSH agent."""

    host: str
    port: int
    username: str
    trust: Trust
    password: str | None = field(default=None, repr=False)
    private_key_file: Path | None = None
    passphrase: str | None = field(default=None, repr=False)
    timeout_s: float = 60.0

    def open(self) -> tuple[Any, Wire]:
        """A connection that is logged in, and its SFTP channel.

        Raises: DistrustError, NoLoginError, and what paramiko and the socket raise.
        """
        transport = self._trusted()
        try:
            with self._no_longer_than(self.timeout_s, transport):
                self._authenticate(transport)
                transport.set_keepalive(KEEP_ALIVE_S)
                wire = self._open_sftp(transport)
        except BaseException:
            transport.close()
            raise
        return transport, wire

    def _open_sftp(self, transport: Any) -> Wire:
        channel = transport.open_session(timeout=self.timeout_s)
        try:
            channel.invoke_subsystem("sftp")
            wire = Wire(channel, self.timeout_s)
            wire.greet()
        except TimeoutError:
            raise
        except (paramiko.SSHException, EOFError, OSError, GarbledError):  # the last: a shell that greets its user
            if transport.is_active():  # else the connection broke
                raise NoSftpError from None
            raise
        return wire

    def _trusted(self) -> Any:
        """A connection to the server that is meant, not logged in yet."""
        try:
            known = self.trust.known()
        except OSError as error:
            raise DistrustError(f"the known_hosts file cannot be read ({type(error).__name__})") from None
        if self.trust.fingerprint is not None:
            return self._with_fingerprint()
        return self._with_known_key(known)

    def _with_known_key(self, known: Known) -> Any:
        """Asks for a key of a type that is known: another one could not be compared (paramiko/paramiko#865)."""
        types = [kind for kind in known.types if kind in ALGORITHMS]
        try:
            transport, shown = self._connect(types or list(ALGORITHMS))
        except paramiko.ssh_exception.IncompatiblePeer:
            if not types:
                raise
            transport, shown = self._connect(list(ALGORITHMS))  # it has no key of that type: which has it?
        try:
            self.trust.check(shown, known)
        except DistrustError:
            transport.close()
            raise
        return transport

    def _with_fingerprint(self) -> Any:
        """A fingerprint does not say of which type the key is: ask for one type after the other until it fits."""
        left = dict(ALGORITHMS)
        shown: list[HostKey] = []
        while left:
            try:
                transport, key = self._connect(list(left))
            except paramiko.ssh_exception.IncompatiblePeer:
                if not shown:
                    raise
                break
            if self.trust.accepts(key):
                return transport
            transport.close()
            shown.append(key)
            left.pop(key.type, None)
        raise self.trust.refuse(shown)

    def _connect(self, types: list[str]) -> tuple[Any, HostKey]:
        """A connection, and the host key by which the server has proved to have its private half."""
        limit_s = min(self.timeout_s, CONNECT_S)
        connected = socket.create_connection((self.host, self.port), timeout=limit_s)
        try:
            transport = paramiko.Transport(connected)
        except BaseException:
            connected.close()
            raise
        try:
            transport.banner_timeout = transport.auth_timeout = self.timeout_s
            wanted = transport.get_security_options()
            wanted.key_types = [name for kind in types for name in ALGORITHMS[kind]]
            # A third less work than ciphers with a checksum of their own, which paramiko prefers.
            wanted.ciphers = sorted(wanted.ciphers, key=lambda cipher: "gcm" not in cipher)
            with self._no_longer_than(self.timeout_s, transport):
                transport.start_client(timeout=self.timeout_s)
                key = transport.get_remote_server_key()
        except BaseException:
            transport.close()
            raise
        return transport, HostKey(key.asbytes())

    @contextmanager
    def _no_longer_than(self, seconds: float, transport: Any) -> Iterator[None]:
        """Some of paramiko's waits have no limit: the connection is closed when the time is over."""
        over = threading.Event()

        def end() -> None:
            over.set()
            transport.close()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception:
            if over.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()

    def _authenticate(self, transport: Any) -> None:
        refused = 0
        for way, attempt in self._ways(transport):
            try:
                if not attempt():
                    return
            except paramiko.AuthenticationException as error:
                if not transport.is_active() and type(error) is paramiko.AuthenticationException and not refused:
                    raise EOFError from None  # cut in the middle of a login: nothing was refused
                if not transport.is_active():
                    raise NoLoginError(f"the server refused {way} and ended the login") from None
                refused, last = refused + 1, way
                if isinstance(error, paramiko.BadAuthenticationType):
                    last += "; it allows only " + ", ".join(_words(error.allowed_types))
            else:
                refused, last = refused + 1, f"more than {way}"
        if not refused:
            raise NoLoginError("no password, no private_key_file, and no key in an SSH agent")
        raise NoLoginError(f"the server does not accept the login of {self.username!r} by {last}")

    def _ways(self, transport: Any) -> Iterator[tuple[str, Any]]:
        """What to log in with, in turn. An attempt gives the ways that the server still wants: none, and we are in."""
        if self.private_key_file is not None:
            key = read_private_key(self.private_key_file, self.passphrase)
            yield "the private key", lambda: transport.auth_publickey(self.username, key)
        if self.password is not None:
            # Falls back to keyboard-interactive where the server asks for passwords in that way only.
            yield "the password", lambda: transport.auth_password(self.username, self.password)
        if self.private_key_file is None and self.password is None:
            with agent_keys(self.timeout_s / 2) as keys:  # so that the whole login can still say why
                for agent_key in keys:
                    yield (
                        "the keys of the SSH agent",
                        lambda key=agent_key: transport.auth_publickey(self.username, key),
                    )


def _words(methods: list[str]) -> list[str]:
    """The names of ways to log in that OpenSSH knows; others are a server's text, and not repeated."""
    known = ("password", "publickey", "keyboard-interactive", "gssapi-with-mic", "hostbased")
    return [method for method in methods if method in known] or ["others"]
