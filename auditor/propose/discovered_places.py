"""Where flows write, as destinations of a configuration: keys, what is to be filled in, and which is which. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from auditor.flow_model import FlowVersion
from auditor.propose.discovered_names import slug
from auditor.settings import Destination

_READ_ONLY: Final = "rights to list and read are enough"

TODO: Final = "todo"
"""Stands where something is needed that Experience Platform does not tell."""

_ACCOUNT: Final = "Experience Platform keeps it in a connection string, which is a secret and never read"


@dataclass(frozen=True, slots=True)
class FoundFlow:
    """A flow with the id of the account (base connection) that it logs in with; "" where there is none."""

    version: FlowVersion
    account: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """One bucket and folder. `account`, `platform`: only where nothing else tells one place from another."""

    type: str
    bucket: str
    folder: str  # as it is written in a configuration
    server: str = ""
    account: str = ""
    platform: str = ""

    @property
    def told(self) -> str:
        """For people: `s3 acme-exports, folder backups`."""
        where = " ".join(filter(None, (self.type, self.bucket or self.server or self.platform)))
        return f"{where}, folder {self.folder}" if self.folder else where

    @property
    def names(self) -> tuple[str, ...]:
        """What it might be called, shortest first."""
        server = (urlsplit(self.server).hostname or "").partition(".")[0] if "://" in self.server else self.server
        base = slug(self.bucket or server) or self.type
        folder = slug(self.folder)
        chain = [base, f"{base}-{folder}" if folder else base]
        chain += [f"{name}-{slug(self.platform)}" for name in chain if self.platform]
        chain += [f"{chain[1]}-{self.type}", f"{chain[1]}-{slug(server)}", f"{chain[1]}-{self.account[:8]}"]
        return tuple(dict.fromkeys(name.strip("-") for name in chain))

    def lines(self) -> Iterator[tuple[str, str]]:
        """The keys of the destination, type first."""
        yield "type", self.type
        yield from _KEYS.get(self.type, _other_keys)(self)
        if self.folder:
            yield "folder", self.folder

    def todo(self) -> Iterator[str]:
        """What a person has to fill in or decide: secrets, and what the API does not tell."""
        yield from _TODO.get(self.type, ())
        if self.type == "adls-gen2" and not self.server:
            yield "account_url: the name of the storage account; its connection does not tell it"
        if not self.bucket and self.type in ("s3", "gcs", "azure-blob", "adls-gen2"):
            yield "the name of the bucket or container; the connection does not tell it"


def place_of(found: FoundFlow) -> Place:
    """The place that a flow writes to. Equal places are one."""
    told, kind = found.version.place, found.version.place.type
    folder = told.path.strip("/")
    if kind == "sftp":
        return Place(kind, "", ("/" if told.path.startswith("/") else "") + folder, told.server.lower())
    if kind == "data-landing-zone":
        return Place(kind, "", folder, platform=found.version.platform)
    if kind in ("s3", "gcs"):  # their buckets have one name in all the world
        return Place(kind, told.bucket, folder, account="" if told.bucket else found.account)
    return Place(kind, told.bucket, folder, told.server, "" if told.server else found.account)


def fits(found: FoundFlow, destination: Destination) -> bool:
    """Whether a configured destination is where a flow writes: same type, bucket, folder and, where told, server."""
    told, options = found.version.place, destination.options
    if destination.type != told.type or destination.facts.folder != told.path.strip("/"):
        return False
    if told.type == "data-landing-zone":
        entry = options.get("experience_platform")
        return not isinstance(entry, Mapping) or entry.get("name") == found.version.platform
    if told.type == "sftp":
        return str(options.get("host", "")).lower() == told.server.lower()
    bucket = next((options[key] for key in ("bucket", "container", "file_system") if key in options), None)
    ours, theirs = _host(str(options.get("account_url", ""))), _host(told.server)
    return bucket == told.bucket and (not ours or not theirs or ours == theirs)


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _s3_keys(place: Place) -> Iterator[tuple[str, str]]:
    yield "bucket", place.bucket or TODO


def _blob_keys(place: Place) -> Iterator[tuple[str, str]]:
    yield "container", place.bucket or TODO
    yield "account_url", place.server or f"https://{TODO}.blob.core.windows.net"


def _lake_keys(place: Place) -> Iterator[tuple[str, str]]:
    yield "file_system", place.bucket or TODO
    yield "account_url", place.server or f"https://{TODO}.dfs.core.windows.net"


def _zone_keys(place: Place) -> Iterator[tuple[str, str]]:
    yield "experience_platform", place.platform


def _sftp_keys(place: Place) -> Iterator[tuple[str, str]]:
    yield "host", place.server or TODO
    yield "username", TODO
    yield "known_hosts_file", "~/.ssh/known_hosts"


def _other_keys(place: Place) -> Iterator[tuple[str, str]]:
    yield "bucket", place.bucket or TODO


_KEYS: Final = {
    "s3": _s3_keys,
    "gcs": _s3_keys,
    "azure-blob": _blob_keys,
    "adls-gen2": _lake_keys,
    "data-landing-zone": _zone_keys,
    "sftp": _sftp_keys,
}

_AZURE_LOGIN: Final = (
    f"how to log in, unless by azure-identity's chain: sas_token, account_key, or tenant_id and client_id; {_READ_ONLY}"
)
_GCS_LOGIN: Final = (
    "how to log in, unless by application default credentials: service_account_file, or hmac_access_id and "
    f"hmac_secret; {_READ_ONLY}"
)
_S3_LOGIN: Final = (
    f"how to log in, unless by the AWS chain: profile, role_arn, or access_key_id and secret_access_key; {_READ_ONLY}"
)
_TODO: Final[Mapping[str, tuple[str, ...]]] = {
    "s3": ("region of the bucket, where the AWS chain does not tell it, as in region: eu-central-1", _S3_LOGIN),
    "gcs": (_GCS_LOGIN,),
    "azure-blob": (f"account_url: the name of the storage account; {_ACCOUNT}", _AZURE_LOGIN),
    "adls-gen2": (_AZURE_LOGIN,),
    "sftp": (
        f"username, and how to log in: private_key_file or password, unless by the SSH agent; {_READ_ONLY}",
        "the server's host key must stand in known_hosts_file",
    ),
}
