"""`type: azure-blob` and `type: adls-gen2`: two ways to speak to a storage account."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from auditor.settings.destination_models.names import Authority, BlobAccount, Container, FileSystem, LakeAccount, Tenant
from auditor.settings.destination_models.section import DestinationSection, Fault
from auditor.settings.fields import Text, key, needed
from auditor.settings.secret_keys import Secret, secret_key

_CHAIN = "azure-identity's chain"


class AzureSection(DestinationSection):
    """The ways to log in that both have."""

    ways: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("account_key",),
        ("sas_token",),
        ("client_secret", "tenant_id", "client_id", "authority_host"),
    )

    account_url: Text | None = key("Address of the storage account.", example="https://acme.blob.core.windows.net")
    account_key: Secret | None = secret_key("Key of the storage account.", default=_CHAIN, example="${AUDIT_AZURE_KEY}")
    sas_token: Secret | None = secret_key(
        "Shared access signature of the account or the container, with rights to read and list (`sp=rl`).",
        default=_CHAIN,
        example="${AUDIT_AZURE_SAS}",
    )
    tenant_id: Tenant | None = key(
        "Tenant of the service principal.", default=_CHAIN, example="0a1b2c3d-0000-4000-8000-000000000000"
    )
    client_id: Text | None = key(
        "Application id of the service principal; alone, that of a managed identity.",
        default=_CHAIN,
        example="1b2c3d4e-0000-4000-8000-000000000000",
    )
    client_secret: Secret | None = secret_key("Its secret.", default=_CHAIN, example="${AUDIT_AZURE_CLIENT_SECRET}")
    authority_host: Authority | None = key(
        "Where it logs in, in another cloud than the public one.",
        default="https://login.microsoftonline.com",
        example="https://login.microsoftonline.us",
    )

    def find_contradictions(self) -> Iterator[Fault]:
        yield from self.find_two_ways(*self.ways)
        if self.has("client_secret") or self.tenant_id is not None:
            yield from self.find_halves("tenant_id", "client_id", "client_secret", without="azure-identity's own chain")
        by_key = any(self.has(key) for key in ("account_key", "sas_token"))
        if (self.account_url or "").startswith("http:") and not by_key:
            yield "account_url", "is not encrypted, and a token goes over https only; write https://, or add a key"

    def find_bad_secrets(self, secrets: Mapping[str, str], /) -> Iterator[Fault]:
        if "sas_token" in secrets:
            yield from self._find_bad_sas(secrets["sas_token"])
        if "account_key" in secrets and not _is_base64(secrets["account_key"]):
            yield "account_key", "is no key of a storage account (base64); copy it from the portal, Access keys"

    def _find_bad_sas(self, token: str) -> Iterator[Fault]:
        if "://" in token:
            yield "sas_token", "is a whole address; write what follows its question mark"
        elif "sig=" not in token:
            yield "sas_token", "is no shared access signature: it has no sig=; copy it whole"


class AzureBlobSection(AzureSection):
    """Azure Blob Storage. Without any key, the chain of azure-identity: environment, workload or managed identity,
    `az login`."""

    ways = (("connection_string",), *AzureSection.ways)

    container: Container = needed("Name of the container.", example="aep-exports")
    account_url: BlobAccount | None = key(
        "Address of the storage account; needed unless there is a connection string.",
        default="from `connection_string`",
        example="https://acmebackup.blob.core.windows.net",
    )
    connection_string: Secret | None = secret_key(
        "Connection string of the account.", example="${AUDIT_AZURE_CONNECTION}"
    )

    def place(self, options: Mapping[str, object], /) -> str:
        account = self.account_url or _account_of(str(options.get("connection_string", "")))
        return f"{account.rstrip('/')}/{self.container}"

    def find_contradictions(self) -> Iterator[Fault]:
        by_string = self.has("connection_string")
        if by_string and self.account_url is not None:
            yield "account_url", f"stands beside {self.written('connection_string')}, which holds it; keep one of them"
        if not by_string and self.account_url is None:
            yield "account_url", "is missing; add it, as in account_url: https://acmebackup.blob.core.windows.net"
        yield from super().find_contradictions()

    def find_bad_secrets(self, secrets: Mapping[str, str], /) -> Iterator[Fault]:
        yield from super().find_bad_secrets(secrets)
        text = secrets.get("connection_string", "")
        if text and not _parts_of(text).keys() & {"accountname", "blobendpoint", "usedevelopmentstorage"}:
            yield (
                "connection_string",
                "is no connection string: it has neither AccountName= nor BlobEndpoint=; copy it whole",
            )


class AdlsGen2Section(AzureSection):
    """Azure Data Lake Storage Gen2 (an account with a hierarchical namespace). Without any key, the chain of
    azure-identity: environment, workload or managed identity, `az login`."""

    file_system: FileSystem = needed("Name of the file system, which the portal calls container.", example="exports")
    account_url: LakeAccount = needed(
        "Address of the storage account.", example="https://acmelake.dfs.core.windows.net"
    )

    def place(self, _options: Mapping[str, object], /) -> str:
        return f"{self.account_url.rstrip('/')}/{self.file_system}"


def _parts_of(connection_string: str) -> dict[str, str]:
    """Names, in lower case, and values of `Name=value;Name=value`."""
    pairs = (part.partition("=") for part in connection_string.split(";") if "=" in part)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _account_of(connection_string: str) -> str:
    """The address of the account, which is no secret."""
    parts = _parts_of(connection_string)
    if endpoint := parts.get("blobendpoint"):
        return endpoint.partition("?")[0]
    if "usedevelopmentstorage" in parts:
        return "http://127.0.0.1:10000/devstoreaccount1"
    suffix = parts.get("endpointsuffix", "core.windows.net")
    return f"https://{parts.get('accountname', '')}.blob.{suffix}"


def _is_base64(text: str) -> bool:
    kept = text.strip().rstrip("=")
    return bool(kept) and kept.isascii() and all(one.isalnum() or one in "+/" for one in kept)
