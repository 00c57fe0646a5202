"""Addresses of storage, as the vendors' own tools write them, and how what they name is opened.

Credentials come from where the vendor's tools take them: the AWS chain, application default credentials,
azure-identity or the variables of the `az` command line, the SSH agent. None may stand in an address.
"""

import getpass
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from adapters.base import OpenAdapter, inert
from adapters.registry import opener

__all__ = ["KNOWN", "Address", "open_address", "parse_address", "shown_address"]

KNOWN: Final = (
    "s3://bucket/prefix, gs://bucket/prefix, az://container@account.blob.core.windows.net/prefix, "
    "abfss://filesystem@account.dfs.core.windows.net/path, sftp://user@host:port/path"
)

_SECRET: Final = re.compile(r"(?i)[?&](?:sig|x-amz-signature|x-amz-credential|x-goog-signature|signature)=")
_ACCOUNT_HOST: Final = re.compile(r"[A-Za-z0-9.-]+\.[A-Za-z0-9-]+(:\d{1,5})?", re.ASCII)
_SFTP_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+)(?::(\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class Address:
    """One place: `place` and `login` together are what opens it. `login` may hold secrets of the environment."""

    type: str
    name: str  # for errors, without secrets
    place: Mapping[str, object]  # where it is, by the keys of a configuration
    prefix: str  # of the keys there
    login: Mapping[str, object] = field(default_factory=dict, repr=False)

    def open_with(self, options: Mapping[str, object] | None = None) -> OpenAdapter:
        return opener(self.name, self.type, {**self.place, **self.login, **(options or {})})


def open_address(address: str, environ: Mapping[str, str] | None = None) -> tuple[OpenAdapter, str]:
    """What opens `address`, and the prefix it names there. `environ`: the process's, if None.

    Raises: ValueError as `parse_address` does. A local path is no address: its root is for the caller to choose.
    """
    parsed = parse_address(address, environ)
    return parsed.open_with(), parsed.prefix


def parse_address(address: str, environ: Mapping[str, str] | None = None) -> Address:
    """`address` taken apart. What follows the place is a prefix of keys as it stands: nothing in it is decoded.

    Raises: ValueError if it is no such address, or holds a secret; the secret is not repeated.
    """
    scheme, separator, rest = address.partition("://")
    place, _, prefix = rest.partition("/")
    parse = _SCHEMES.get(scheme)
    if _holds_secret(address):
        raise ValueError(
            f"the address {inert(scheme)[:20]}://… holds a password or a signature; leave it out: credentials come "
            "from where the vendor's own tools take them, or from a configuration"
        )
    if (
        parse is None
        or not separator
        or not place
        or (parsed := parse(place, prefix, os.environ if environ is None else environ)) is None
    ):
        raise ValueError(f"{shown_address(address)!r} is no address that can be opened; known: {KNOWN}")
    return parsed


def shown_address(address: str) -> str:
    """`address` as it may be shown: of one that may hold a secret, no more than its scheme."""
    scheme, separator, rest = address.partition("://")
    if separator and (_holds_secret(address) or "@" in rest or "?" in rest):
        return f"{inert(scheme)[:20]}://…"
    return inert(address)


def _holds_secret(address: str) -> bool:
    place = address.partition("://")[2].partition("/")[0]
    user, at, _ = place.rpartition("@")
    return bool(_SECRET.search(address)) or (bool(at) and ":" in user)


def _s3(place: str, prefix: str, _environ: Mapping[str, str]) -> Address | None:
    return None if "@" in place else Address("s3", f"s3://{place}", {"bucket": place}, prefix)


def _gs(place: str, prefix: str, environ: Mapping[str, str]) -> Address | None:
    if "@" in place:
        return None
    where: dict[str, object] = {"bucket": place}
    login: dict[str, object] = {}
    if emulator := environ.get("STORAGE_EMULATOR_HOST"):  # Google's own clients go there, without logging in
        where["endpoint_url"] = emulator if "://" in emulator else f"http://{emulator}"
        login["anonymous"] = True
    return Address("gcs", f"gs://{place}", where, prefix, login)


def _az(place: str, prefix: str, environ: Mapping[str, str]) -> Address | None:
    container, at, host = place.partition("@")
    if not container or (at and not _ACCOUNT_HOST.fullmatch(host)):
        return None
    name = f"az://{place}"
    if at:
        where = {"container": container, "account_url": f"https://{host}"}
        return Address("azure-blob", name, where, prefix, _azure_login(host, environ))
    if string := environ.get("AZURE_STORAGE_CONNECTION_STRING"):
        return Address("azure-blob", name, {"container": container}, prefix, {"connection_string": string})
    account = environ.get("AZURE_STORAGE_ACCOUNT", "")
    if not account:
        raise ValueError(
            f"{inert(name)}: the account is missing; write az://{inert(container)}@ACCOUNT.blob.core.windows.net, or "
            "set AZURE_STORAGE_ACCOUNT"
        )
    host = f"{account}.blob.core.windows.net"
    where = {"container": container, "account_url": f"https://{host}"}
    return Address("azure-blob", name, where, prefix, _azure_login(host, environ))


def _abfss(place: str, prefix: str, environ: Mapping[str, str]) -> Address | None:
    file_system, _, host = place.partition("@")
    if not file_system or not _ACCOUNT_HOST.fullmatch(host):
        return None
    where = {"file_system": file_system, "account_url": f"https://{host}"}
    return Address("adls-gen2", f"abfss://{place}", where, prefix, _azure_login(host, environ))


def _azure_login(host: str, environ: Mapping[str, str]) -> dict[str, object]:
    """The key or signature of the `az` command line's variables, if they are those of this account."""
    if environ.get("AZURE_STORAGE_ACCOUNT") != host.partition(".")[0]:
        return {}  # a signature must not go to an account that it was not made for
    if key := environ.get("AZURE_STORAGE_KEY"):
        return {"account_key": key}
    token = environ.get("AZURE_STORAGE_SAS_TOKEN")
    return {"sas_token": token} if token else {}


def _sftp(place: str, prefix: str, environ: Mapping[str, str]) -> Address | None:
    """As curl reads it: the path is absolute, `/~/x` is relative to the login."""
    user, _, server = place.rpartition("@")
    match = _SFTP_HOST.fullmatch(server)
    port = int(match[2] or 22) if match else 0
    if match is None or not 0 < port < 65_536:
        return None
    where: dict[str, object] = {
        "host": match[1].strip("[]"),
        "port": port,
        "username": user or environ.get("USER") or getpass.getuser(),
        "known_hosts_file": str(Path("~/.ssh/known_hosts").expanduser()),
    }
    if prefix == "~" or prefix.startswith("~/"):
        return Address("sftp", f"sftp://{place}", where, prefix[2:])
    return Address("sftp", f"sftp://{place}", {**where, "root": "/"}, prefix)


_SCHEMES: Final[Mapping[str, Callable[[str, str, Mapping[str, str]], Address | None]]] = {
    "s3": _s3,
    "gs": _gs,
    "az": _az,
    "abfss": _abfss,
    "sftp": _sftp,
}
