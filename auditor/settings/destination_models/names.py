"""How buckets, containers, servers and addresses are written. Each refusal says what to write; none quotes a secret."""

import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator

from auditor.settings.fields import one_value, plain_text
from auditor.settings.problems import quoted
from auditor.settings.values import parse_whole_number

_CREDENTIALS = "holds credentials; leave them out of the address and write them as keys of their own"
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?", re.ASCII)


def _text(parse: Callable[[str], str]) -> BeforeValidator:
    def read(given: Any) -> str:
        if not isinstance(given, str):
            raise ValueError(one_value(given))
        return parse(plain_text(given))

    return BeforeValidator(read)


def parse_folder(given: str) -> str:
    """A folder path without slashes at its ends. Raises ValueError."""
    if given.startswith("/") or given.endswith("/"):
        raise ValueError(f"has slashes at its ends; write {quoted(given.strip('/'))}")
    if any(part in (".", "..") for part in given.split("/")):
        raise ValueError('"." and ".." are no folder names in an export; write the folder path itself')
    return given


def _server_folder(given: str) -> str:
    """A folder path that may begin at the top of the server."""
    if given == "/":
        return given
    try:
        return given[: given.startswith("/")] + parse_folder(given.removeprefix("/"))
    except ValueError:
        if given.strip("/") and (given.endswith("/") or given.startswith("//")):
            top = "/" if given.startswith("/") else ""
            raise ValueError(f"has slashes too many; write {quoted(top + given.strip('/'))}") from None
        raise


def _is_address(given: str) -> bool:
    """Something of which nothing may be repeated: the rest of an address may be a signature or a password."""
    return "?" in given or "@" in given


def _s3_bucket(given: str) -> str:
    _refuse_bucket_address(given, r"^s3[an]?://")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{2,62}", given, re.ASCII):
        raise ValueError(f"{quoted(given)} is no bucket name (3 to 63 letters, digits, dots and hyphens)")
    return given


def _gcs_bucket(given: str) -> str:
    """Google's rules: https://cloud.google.com/storage/docs/buckets#naming"""
    _refuse_bucket_address(given, r"^gs://")
    parts = given.split(".")
    fits = re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", given, re.ASCII) and all(0 < len(p) < 64 for p in parts)
    if not fits:
        raise ValueError(
            f"{quoted(given)} is no bucket name (3 to 63 lower-case letters, digits, hyphens, underscores and dots)"
        )
    return given


def _refuse_bucket_address(given: str, scheme: str) -> None:
    name, _, folder = re.sub(scheme, "", given).strip("/").partition("/")
    if given == name:
        return
    if _is_address(given):
        raise ValueError("is an address and no bucket name; write the name of the bucket alone")
    rest = f", and folder: {folder}" if folder else ""
    raise ValueError(f"{quoted(given)} is no bucket name; write bucket: {name}{rest}")


def _container(kind: str, key: str) -> Callable[[str], str]:
    """Azure's rules: https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers"""

    def parse(given: str) -> str:
        if "://" in given or _is_address(given):
            raise ValueError(f"is an address and no {kind} name; write the name alone, and the rest as account_url")
        if "/" in given:
            name, _, folder = given.strip("/").partition("/")
            rest = f", and folder: {folder}" if folder else ""
            raise ValueError(f"{quoted(given)} is no {kind} name; write {key}: {name}{rest}")
        plain = re.fullmatch(r"[a-z0-9](-?[a-z0-9])+", given, re.ASCII) and 3 <= len(given) <= 63
        if not plain and given not in ("$root", "$web", "$logs"):
            raise ValueError(
                f"{quoted(given)} is no {kind} name (3 to 63 lower-case letters, digits and single hyphens)"
            )
        return given

    return parse


def _parts(given: str) -> SplitResult:
    """`given` as an http address. Raises ValueError, quoting it only where it can hold no secret."""
    try:
        parts = urlsplit(given)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is no address; write it as https://host:port") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError(_CREDENTIALS)
    if parts.query or parts.fragment:
        raise ValueError("holds a query; write the address alone, as https://host:port")
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"{quoted(given)} is no address; write it with its scheme, as https://host:port")
    return parts


def _endpoint(given: str) -> str:
    _parts(given)
    return given


def refuse_plain_http(parts: SplitResult) -> None:
    """Credentials and exports go over encrypted connections, except to this machine. Raises ValueError."""
    if parts.scheme == "http" and not is_this_machine(parts.hostname or ""):
        raise ValueError(f"is not encrypted; write https://{parts.netloc}{parts.path}")


def is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _safe_endpoint(given: str) -> str:
    refuse_plain_http(_parts(given))
    return given


def _account(service: str, other: str, other_type: str) -> Callable[[str], str]:
    """The address of a storage account: `service` is the part of its name that says which one is spoken to."""

    def parse(given: str) -> str:
        if "sig=" in given:
            raise ValueError("holds a shared access signature; write it as sas_token, and the address alone here")
        parts = _parts(given if "://" in given else f"https://{given}")
        if "://" not in given:
            raise ValueError(f"{quoted(given)} is no address; write it with its scheme, as https://{given}")
        refuse_plain_http(parts)
        host = parts.hostname or ""
        if f".{other}." in host:
            right = given.replace(f".{other}.", f".{service}.", 1)
            raise ValueError(
                f"is the {other} address of the account; write {right}, or type: {other_type} for a destination there"
            )
        inner = parts.path.strip("/")
        if inner and (".core." in host or "/" in inner):
            raise ValueError(f"names more than the account; write {parts.scheme}://{parts.netloc} alone")
        return given

    return parse


def _authority(given: str) -> str:
    refuse_plain_http(_parts(given if "://" in given else f"https://{given}"))
    return given


def _tenant(given: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.-]+", given, re.ASCII):
        raise ValueError(f"{quoted(given)} is no tenant; write its id, or a domain of it, as in acme.onmicrosoft.com")
    return given


def _host(given: str) -> str:
    if "://" in given or "@" in given or "/" in given:
        raise ValueError("is an address; write the name of the server alone, the rest as port, username and folder")
    if re.fullmatch(r"[^:\[\]]+:\d+", given):
        name, _, port = given.partition(":")
        raise ValueError(f"{quoted(given)} holds the port; write host: {name}, and port: {port}")
    if not given.strip() or any(one.isspace() for one in given):
        raise ValueError(f"{quoted(given)} is no name of a server; write it as sftp.example.com")
    return given


def _fingerprint(given: str) -> str:
    if not _FINGERPRINT.fullmatch(given):
        raise ValueError(
            "is no fingerprint of a host key; write SHA256: and the 43 characters that "
            "`ssh-keyscan HOST | ssh-keygen -lf -` shows, after comparing them with what the server's people say"
        )
    return given


def _port(given: Any) -> Any:
    if not isinstance(given, str):
        raise ValueError(one_value(given))
    return parse_whole_number(given, 1, 65_535)


FolderPath = Annotated[str, _text(parse_folder)]
ServerFolderPath = Annotated[str, _text(_server_folder)]
S3Bucket = Annotated[str, _text(_s3_bucket)]
GcsBucket = Annotated[str, _text(_gcs_bucket)]
Container = Annotated[str, _text(_container("container", "container"))]
FileSystem = Annotated[str, _text(_container("file system", "file_system"))]
Endpoint = Annotated[str, _text(_endpoint)]
SafeEndpoint = Annotated[str, _text(_safe_endpoint)]
BlobAccount = Annotated[str, _text(_account("blob", "dfs", "adls-gen2"))]
LakeAccount = Annotated[str, _text(_account("dfs", "blob", "azure-blob"))]
Authority = Annotated[str, _text(_authority)]
Tenant = Annotated[str, _text(_tenant)]
Host = Annotated[str, _text(_host)]
Fingerprint = Annotated[str, _text(_fingerprint)]
Port = Annotated[int, BeforeValidator(_port)]
