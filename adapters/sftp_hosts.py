"""Which host keys are known: by a known_hosts file as OpenSSH keeps it, or by a fingerprint.

Source: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". paramiko's own reader knows neither patterns nor markers.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

DEFAULT_FILES: Final = (Path("~/.ssh/known_hosts"), Path("/etc/ssh/ssh_known_hosts"))
DEFAULT_PORT: Final = 22


class DistrustError(Exception):
    """The server's host key is not accepted. The text is one sentence or two, with fingerprints, for people."""


@dataclass(frozen=True, slots=True)
class HostKey:
    """A public key as the server shows it, or a file has it."""

    blob: bytes

    @property
    def type(self) -> str:
        length = int.from_bytes(self.blob[:4], "big")
        return self.blob[4 : 4 + length].decode("ascii", "replace")

    @property
    def fingerprint(self) -> str:
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")

    def __str__(self) -> str:
        return f"{self.type} {self.fingerprint}"


@dataclass(frozen=True, slots=True)
class Known:
    """What a file says of one server."""

    keys: tuple[HostKey, ...] = ()
    revoked: tuple[HostKey, ...] = ()
    by_authority: bool = False  # there is a certificate authority for it; certificates are not understood here

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key.type for key in self.keys))


def read_known(files: Iterable[Path], host: str, port: int) -> Known:
    """What the files know of the server. Raises OSError for a file that cannot be read."""
    lines = [line for file in files for line in file.read_text("utf-8", "surrogateescape").splitlines()]
    return parse_known(lines, host, port)


def parse_known(lines: Iterable[str], host: str, port: int) -> Known:
    """The lines about a server. As with OpenSSH, a name without port holds for any port that has none of its own."""
    entries = [entry for line in lines if (entry := _parse_line(line)) is not None]
    host = host.lower()
    names = [host] if port == DEFAULT_PORT else [f"[{host}]:{port}", host]
    for name in names:
        found = [(marker, key) for marker, patterns, key in entries if _fits(patterns, name)]
        known = Known(
            keys=tuple(key for marker, key in found if not marker),
            revoked=tuple(key for marker, key in found if marker == "@revoked"),
            by_authority=any(marker == "@cert-authority" for marker, _ in found),
        )
        if found:
            return known
    return Known()


def _parse_line(line: str) -> tuple[str, str, HostKey] | None:
    """Marker, host patterns, key; None for what is no entry."""
    fields = line.split()
    marker = fields.pop(0) if fields and fields[0].startswith("@") else ""
    if len(fields) < 3 or fields[0].startswith("#"):
        return None
    try:
        key = HostKey(base64.b64decode(fields[2], validate=True))
    except (binascii.Error, ValueError):
        return None
    return (marker, fields[0], key) if key.type == fields[1] else None


def _fits(patterns: str, name: str) -> bool:
    if patterns.startswith("|1|"):
        return _is_hash_of(patterns, name)
    fits = False
    for pattern in patterns.lower().split(","):
        # Brackets stand for themselves here ("[host]:port"); only * and ? are wild.
        wanted = re.sub(r"\[", "[[]", pattern.removeprefix("!"))
        if fnmatchcase(name, wanted):
            if pattern.startswith("!"):
                return False
            fits = True
    return fits


def _is_hash_of(entry: str, name: str) -> bool:
    try:
        salt, wanted = (base64.b64decode(part) for part in entry.split("|")[2:4])
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), wanted)


@dataclass(frozen=True, slots=True)
class Trust:
    """By what a server is known: a fingerprint, or files (the usual ones where none is named)."""

    host: str
    port: int
    fingerprint: str | None = None
    file: Path | None = None

    def known(self) -> Known:
        """What the files say; nothing where a fingerprint decides. Raises OSError for a named file."""
        if self.fingerprint is not None:
            return Known()
        return read_known(self._files(), self.host, self.port)

    def _files(self) -> list[Path]:
        if self.file is not None:
            return [self.file]
        return [path for each in DEFAULT_FILES if (path := each.expanduser()).is_file()]

    def accepts(self, shown: HostKey) -> bool:
        """Is this the fingerprint that was given?"""
        return self.fingerprint is not None and shown.fingerprint == self.fingerprint.rstrip("=")

    def check(self, shown: HostKey, known: Known) -> None:
        """Raises DistrustError where the key is not one of the known ones."""
        if shown in known.revoked:
            raise DistrustError(f"the host key {shown} is marked as revoked in {self._where()}")
        if shown not in known.keys:
            raise DistrustError(self._doubt(shown, known))

    def refuse(self, shown: Iterable[HostKey]) -> DistrustError:
        """The error for a server none of whose keys has the fingerprint."""
        keys = " and ".join(str(key) for key in shown)
        return DistrustError(
            f"the server shows {keys}, not the host_key_fingerprint {self.fingerprint}: "
            "either its key was replaced (ask whoever runs it), or another server answers"
        )

    def _doubt(self, shown: HostKey, known: Known) -> str:
        if known.keys:
            return (
                f"the host key has changed: the server shows {shown}, {self._where()} has "
                f"{' and '.join(str(key) for key in known.keys)}: either the key was replaced "
                "(ask whoever runs the server, then renew the line), or another server answers"
            )
        authority = (
            "; the file knows only a certificate authority, which is not supported" if known.by_authority else ""
        )
        return (
            f"the host key is not known{authority}: the server shows {shown}. Have it confirmed by whoever runs the "
            f'server, then write host_key_fingerprint: "{shown.fingerprint}", or add the line that '
            f"'ssh-keyscan -p {self.port} {self.host}' prints to {self._where()}"
        )

    def _where(self) -> str:
        return str(self.file or DEFAULT_FILES[0])
