"""What a base connection holds: the login that Experience Platform exports with, and where it leads.

Source: *Export datasets by using the Flow Service API*, section on base connections and their `authSpec`.
"""

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from adapters.experience_platform.types import BaseConnection
from auditor.settings import Destination

_SPECS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {  # specName, and its secrets by the destination's keys
    "s3": ("Access Key", {"s3AccessKey": "access_key_id", "s3SecretKey": "secret_access_key"}),
    "azure-blob": ("ConnectionString", {"connectionString": "connection_string"}),
    "adls-gen2": ("Azure Service Principal Auth", {"servicePrincipalKey": "client_secret"}),
    "gcs": (
        "Google Cloud Storage authentication credentials",
        {"accessKeyId": "hmac_access_id", "secretAccessKey": "hmac_secret"},
    ),
}
_PASSING: Final = {"s3": ("session_token", "role_arn")}  # a login for the time being, or by another identity


def find_login_obstacles(destination: Destination) -> Iterator[str]:
    """Why a base connection cannot be made of what the destination has here."""
    at, options = f"destinations.{destination.name}", destination.options
    if destination.type == "sftp":
        yield from _find_sftp_obstacles(at, options)
    elif destination.type in _SPECS:
        wanted = _SPECS[destination.type][1].values()
        if missing := [name for name in wanted if not options.get(name)]:
            yield f"{at}: has no {' and no '.join(missing)}, which a base connection is made of"
        for name in _PASSING.get(destination.type, ()):
            if options.get(name):
                yield f"{at}.{name}: no base connection can be made with it; use one that is there"


def _find_sftp_obstacles(at: str, options: Mapping[str, object]) -> Iterator[str]:
    if not options.get("password") and not options.get("private_key_file"):
        yield f"{at}: has neither password nor private_key_file, which a base connection is made of"
    if options.get("passphrase"):
        yield f"{at}.passphrase: Experience Platform takes keys without passphrase only"
    if options.get("port") not in (None, 22):
        yield f"{at}.port: how a port is told is not documented; make the base connection in Experience Platform"


def make_auth(destination: Destination) -> dict[str, Any] | None:
    """`auth` of a base connection without obstacles; None for a landing zone, which needs none.

    Raises: OSError where a key file cannot be read.
    """
    options = destination.options
    if destination.type == "sftp":
        return _sftp_auth(options)
    if destination.type not in _SPECS:
        return None
    name, secrets = _SPECS[destination.type]
    params: dict[str, Any] = {key: SecretStr(str(options[own])) for key, own in secrets.items()}
    if destination.type == "adls-gen2":
        own = {"servicePrincipalId": str(options["client_id"]), "tenant": str(options["tenant_id"])}
        params |= {"url": lake_url(options), **own}
    return {"specName": name, "params": params}


def _sftp_auth(options: Mapping[str, object]) -> dict[str, Any]:
    who: dict[str, Any] = {"domain": str(options["host"]), "username": str(options["username"])}
    if options.get("password"):
        return {"specName": "SFTP with Password", "params": who | {"password": SecretStr(str(options["password"]))}}
    key = base64.b64encode(Path(str(options["private_key_file"])).read_bytes()).decode("ascii")
    return {"specName": "SFTP with SSH Key", "params": who | {"sshKey": SecretStr(key)}}


def lake_url(options: Mapping[str, object]) -> str:
    """`abfss://<file system>@<host of the account>`."""
    return f"abfss://{options['file_system']}@{urlsplit(str(options['account_url'])).netloc}"


def find_other_place(base: BaseConnection, destination: Destination) -> Iterator[str]:
    """Where a base connection leads, if it says so and that is another place than the destination."""
    options = destination.options
    if destination.type == "adls-gen2" and base.place.get("url", lake_url(options)).rstrip("/") != lake_url(options):
        yield "it leads to another account or file system"
    told = base.place.get("domain") or base.place.get("host") or ""
    if destination.type == "sftp" and told and _host(told) != _host(str(options["host"])):
        yield "it leads to another server"


def _host(address: str) -> str:
    """Without scheme and port."""
    return address.strip().rstrip("/").lower().removeprefix("sftp://").partition(":")[0]
