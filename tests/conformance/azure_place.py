"""Azure Blob Storage for the conformance suite, on Azurite."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.storage.blob import ContentSettings

from adapters.base import OpenAdapter
from adapters.registry import opener
from tests.conformance import places
from tests.servers.azurite import ACCOUNT, Azurite
from tests.servers.fake_azure import error
from tests.servers.fake_s3 import Answer, Request

_UNKNOWN = (
    "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly "
    "including the signature."
)
_DENIED = "This request is not authorized to perform this operation using this permission."

AZURE_ANSWERS: Mapping[places.Case, Answer] = {
    "wrong": error(
        "AuthenticationFailed",
        403,
        _UNKNOWN,
        detail="The MAC signature found in the HTTP request 's3cr3t' is not the same as any computed signature.",
    ),
    "expired": error(
        "AuthenticationFailed",
        403,
        _UNKNOWN,
        detail="Signature not valid in the specified time frame: Start [Thu, 01 Oct 2026 00:00:00 GMT] - "
        "Expiry [Fri, 02 Oct 2026 00:00:00 GMT] - Current [Sat, 03 Oct 2026 00:00:00 GMT]",
    ),
    "no-list": error("AuthorizationPermissionMismatch", 403, _DENIED),
    "no-read": error("AuthorizationPermissionMismatch", 403, _DENIED),
    "clock-skew": error(
        "AuthenticationFailed", 403, _UNKNOWN, detail="Request date header too old: 'Thu, 01 Oct 2026 00:00:00 GMT'"
    ),
    "archived": error("BlobArchived", 409, "This operation is not permitted on an archived blob."),
    "throttled": error("ServerBusy", 503, "The server is busy."),
    "failing": error("InternalError", 500, "The server encountered an internal error. Please retry the request."),
    "error-with-200": error("InternalError", 200, "The server encountered an internal error."),
}


class AzurePlace:
    type = "azure-blob"
    # Azure refuses control characters; of these Azurite takes what XML can carry. A backslash is a slash to both.
    awkward_names: tuple[str, ...] = tuple(n for n in places.AWKWARD_NAMES if not {"\x01", "\x1b"} & set(n))
    in_key_order = True

    def __init__(self, server: Azurite) -> None:
        self.server = server
        self.address = server.account_url.removesuffix(f"/{ACCOUNT}")
        self.container = server.make_container()

    @property
    def options(self) -> dict[str, Any]:
        return {**self.server.options, "container": self.container}

    def options_as(self, identity: places.Identity) -> dict[str, Any]:
        if identity == "wrong":
            return {**self.options, "account_key": "bm9ib2R5LWtub3dz"}
        expiry = datetime.now(UTC) + timedelta(hours=-1 if identity == "expired" else 1)
        permissions = {"no-list": "r", "no-read": "l"}.get(identity, "rl")
        sas = self.server.container_sas(self.container, permissions, expiry=expiry)
        return {"account_url": self.server.account_url, "container": self.container, "sas_token": sas}

    def options_through(self, address: str) -> dict[str, Any]:
        return {**self.options, "account_url": f"{address}/{ACCOUNT}"}

    def is_listing(self, request: Request) -> bool:
        return request.query.get("comp") == "list"

    def is_download(self, request: Request) -> bool:
        return request.method == "GET" and not self.is_listing(request)

    def answer(self, case: places.Case) -> Answer:
        return AZURE_ANSWERS[case]

    @property
    def open(self) -> OpenAdapter:
        return opener(places.NAME, "azure-blob", {**self.options, "page_size": places.PAGE_SIZE})

    @property
    def open_missing(self) -> OpenAdapter:
        return opener(places.NAME, "azure-blob", {**self.options, "container": f"{self.container}-absent"})

    def put(self, key: str, data: bytes = b"12345") -> None:
        self.server.put(self.container, key, data)

    def put_many(self, objects: Mapping[str, bytes]) -> None:
        self.server.put_many(self.container, objects)

    def put_encoded(self, key: str, data: bytes) -> bool:
        self.server.put(self.container, key, data, content_settings=ContentSettings(content_encoding="gzip"))
        return True

    def put_marker(self, prefix: str) -> None:
        self.put(prefix, b"")

    def put_parts(self, key: str, parts: list[bytes]) -> None:
        self.server.put_parts(self.container, key, parts)

    def remove(self, key: str) -> None:
        self.server.delete(self.container, key)
