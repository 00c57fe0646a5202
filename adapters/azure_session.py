"""Logging in to Azure Storage: options to a credential, and what every client of its SDKs is opened with."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import requests
from azure.core.credentials import AzureSasCredential, TokenCredential
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import AzureAuthorityHosts, ClientSecretCredential, DefaultAzureCredential

from adapters.http_answers import is_loopback
from adapters.http_sessions import prepare

DIRECT: Final[Mapping[str, str]] = {"http": "", "https": ""}
"""No proxy, whatever the environment says."""

FULL_CONTROL: Final = "full control of the account (account key)"

# https://learn.microsoft.com/rest/api/storageservices/create-service-sas#permissions-for-a-directory-container-or-blob
WRITING: Final[Mapping[str, str]] = {
    "a": "add",
    "c": "create",
    "w": "write",
    "d": "delete",
    "x": "delete version",
    "y": "permanent delete",
    "t": "tags",
    "m": "move",
    "o": "ownership",
    "p": "permissions",
    "i": "set immutability policy",
}
"""SAS permissions that change something; of a SAS's others, `r`, `l`, `f` (find by tags) and `e` (execute) do not."""

CONNECTION_LOGINS: Final = ("ACCOUNTKEY", "SHAREDACCESSSIGNATURE", "USEDEVELOPMENTSTORAGE")

Credential = AzureSasCredential | TokenCredential | dict[str, str] | None


@dataclass(frozen=True, slots=True)
class AzureLogin:
    """How to log in. Nothing but an address: azure-identity's usual chain; `client_id` alone: that managed identity.

    Raises: ValueError for options that contradict each other or lack one another; no value is quoted.
    """

    account_url: str | None = field(default=None, repr=False)  # may carry a SAS
    connection_string: str | None = field(default=None, repr=False)
    account_key: str | None = field(default=None, repr=False)
    sas_token: str | None = field(default=None, repr=False)
    tenant_id: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    authority_host: str | None = None
    concurrency: int = 10
    timeout_s: float = 60.0

    def __post_init__(self) -> None:
        _refuse_what_is_no_address(self.account_url)
        by_url = parse_qs(urlsplit(self.account_url or "").query)
        if by_url and "sig" not in by_url:
            raise ValueError("account_url must not have a query, unless it is a SAS")
        ways = {
            "connection_string": self.connection_string,
            "account_key": self.account_key,
            "sas_token": self.sas_token,
            "a SAS in account_url": "sig" in by_url,
            "client_secret": self.client_secret,
        }
        given = [name for name, value in ways.items() if value]
        if len(given) > 1:
            raise ValueError(f"more than one way to log in: {', '.join(given)}; give one")
        if bool(self.account_url) == bool(self.connection_string):
            raise ValueError("account_url is needed, unless a connection_string says where the account is; not both")
        if self.connection_string and not any(map(self._connection, CONNECTION_LOGINS)):
            raise ValueError("connection_string has neither AccountKey= nor SharedAccessSignature=; copy it whole")
        if self.client_secret and not (self.tenant_id and self.client_id):
            raise ValueError("client_secret needs tenant_id and client_id too")
        if self.tenant_id and not self.client_secret:
            raise ValueError("tenant_id needs client_id and client_secret too")
        if self.needs_token and urlsplit(self.endpoint).scheme != "https":
            raise ValueError("a token is sent over https only: account_url must begin with https://")

    @property
    def endpoint(self) -> str:
        """The account's address without a SAS; "" where a connection string has it."""
        if not self.account_url:
            return ""
        url = self.account_url if "://" in self.account_url else f"https://{self.account_url}"
        return url.partition("?")[0].rstrip("/")

    @property
    def sas(self) -> str:
        """The SAS in use, without a leading `?`; "" if there is none."""
        given = self.sas_token or urlsplit(self.account_url or "").query or self._connection("SHAREDACCESSSIGNATURE")
        return given.strip().lstrip("?&")

    @property
    def needs_token(self) -> bool:
        return not (self.connection_string or self.account_key or self.sas)

    def open_credential(self) -> Credential:
        """What a client of the SDK takes as its `credential`; None where a connection string brings it.

        A SAS may be replaced while in use: AzureSasCredential.update().
        """
        if self.connection_string:
            return None
        if self.account_key:
            return {"account_name": account_name(self.endpoint), "account_key": self.account_key.strip()}
        if self.sas:
            return AzureSasCredential(self.sas)
        return self._open_token_credential()

    def _open_token_credential(self) -> TokenCredential:
        options = self._options(self.authority_host)
        if self.authority_host:
            options["authority"] = self.authority_host
            # An authority that Microsoft does not list cannot be asked about at Microsoft's.
            options["disable_instance_discovery"] = _host(self.authority_host) not in KNOWN_AUTHORITIES
        if self.client_secret and self.tenant_id and self.client_id:
            return ClientSecretCredential(self.tenant_id, self.client_id, self.client_secret.strip(), **options)
        if self.client_id:
            options["managed_identity_client_id"] = self.client_id
        return DefaultAzureCredential(**options)

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments for any client of azure-storage-blob and azure-storage-file-datalake.

        The transport is new and its pool sized to `concurrency`; closing the client closes it. Trying again is
        adapters/retry.py's business, so the SDK does not. No redirect is followed: it could lead a SAS elsewhere.
        """
        return {**self._options(self.endpoint or self._connection("BLOBENDPOINT")), "permit_redirects": False}

    def _options(self, address: str | None) -> dict[str, Any]:
        keep_secrets_out_of_logs()
        return {
            "transport": self._open_transport(),
            "retry_total": 0,
            # A proxy for the outside has no business with a server on this machine.
            "proxies": dict(DIRECT) if is_loopback(address) else None,
            "logger": _SILENT,
        }

    def _open_transport(self) -> RequestsTransport:
        session = requests.Session()
        prepare(session, self.concurrency)
        return RequestsTransport(
            session=session,
            connection_timeout=min(self.timeout_s, 10.0),
            read_timeout=self.timeout_s,
            connection_data_block_size=64 * 1024,
        )

    def excess_rights(self) -> Sequence[str] | None:
        """The rights to write that these credentials are seen to have; None where they do not tell.

        A token does not, nor a SAS whose rights stand in a stored access policy.
        """
        if self.account_key or self._connection("ACCOUNTKEY") or self._connection("USEDEVELOPMENTSTORAGE"):
            return (FULL_CONTROL,)
        permissions = parse_qs(self.sas).get("sp", [""])[0]
        if not permissions:
            return None
        return tuple(f"SAS permission {letter} ({WRITING[letter]})" for letter in permissions if letter in WRITING)

    def _connection(self, name: str) -> str:
        """A field of the connection string; "" if it is not there."""
        parts = (part.partition("=") for part in (self.connection_string or "").split(";"))
        return {key.strip().upper(): value for key, _, value in parts}.get(name, "")


def account_name(endpoint: str) -> str:
    """The storage account in its address: the first label of the host, or the path of an emulator's address."""
    parts = urlsplit(endpoint)
    return parts.path.strip("/").partition("/")[0] or (parts.hostname or "").partition(".")[0].removesuffix(
        "-secondary"
    )


def _refuse_what_is_no_address(account_url: str | None) -> None:
    """Raises: ValueError that quotes nothing; Python's own may quote what stands before an `@`."""
    try:
        parts = urlsplit(account_url or "https://none")
        is_one = "://" not in (account_url or "://") or bool(parts.scheme in ("http", "https") and parts.hostname)
        _ = parts.port
    except ValueError:
        is_one = False
    if not is_one:
        raise ValueError("account_url is no address like https://ACCOUNT.blob.core.windows.net")


def _host(address: str) -> str:
    return urlsplit(address if "://" in address else f"https://{address}").hostname or ""


KNOWN_AUTHORITIES: Final = frozenset(
    value for name, value in vars(AzureAuthorityHosts).items() if not name.startswith("_")
)

_SILENT: Final = logging.Logger("azure-without-headers")
"""For the SDKs' logs of requests: addresses and headers stay out of them."""
_SILENT.disabled = True


def keep_secrets_out_of_logs() -> None:
    """The connection pool logs each address with its query when someone turns on its debugging.

    And azure-identity warns of each failure in the words of the server; the errors say it in ours.
    """
    identity = logging.getLogger("azure.identity")
    if identity.level == logging.NOTSET:
        identity.setLevel(logging.ERROR)
    logger = logging.getLogger("urllib3.connectionpool")
    if _HIDE_SIGNATURES not in logger.filters:
        logger.addFilter(_HIDE_SIGNATURES)


class _HideSignatures(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = re.sub(r"(?i)(sig(?:=|%3D))[^&\s\"']+", r"\1…", record.getMessage())
        record.args = ()
        return True


_HIDE_SIGNATURES: Final = _HideSignatures()
