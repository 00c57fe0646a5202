"""A Data Lake file system for the conformance suite: the `dfs` calls of tests/servers/dfs.py, Azurite for the bytes."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.storage.blob import ContentSettings

from adapters.base import OpenAdapter
from adapters.registry import opener
from tests.conformance.places import AWKWARD_NAMES, NAME, PAGE_SIZE, REQUEST_ID, Case, Identity
from tests.servers.dfs import Lake, error, is_dfs
from tests.servers.fake_s3 import Answer, Request


def _refusal(code: str, status: int, message: str = "Told by the test.") -> Answer:
    told = error(code, status, message)
    headers = {**told.headers, "x-ms-request-id": REQUEST_ID}
    if status == 200:
        del headers["x-ms-error-code"]  # as an error in disguise comes
    return Answer(status, told.body, headers)


TOO_OLD = "Request date header too old: 'Thu, 01 Oct 2026 00:00:00 GMT'"
OUT_OF_TIME = "Signature not valid in the specified time frame: Start [...] - Expiry [...] - Current [...]"
ANSWERS: Mapping[Case, Answer] = {
    "wrong": _refusal("AuthenticationFailed", 403, "Server failed to authenticate the request."),
    "expired": _refusal("AuthenticationFailed", 403, OUT_OF_TIME),
    "no-list": _refusal("AuthorizationPermissionMismatch", 403),
    "no-read": _refusal("AuthorizationPermissionMismatch", 403),
    "clock-skew": _refusal("AuthenticationFailed", 403, TOO_OLD),
    "archived": _refusal("BlobArchived", 409),
    "throttled": _refusal("ServerBusy", 503),
    "failing": _refusal("InternalError", 500),
    "error-with-200": _refusal("InternalError", 200),
}
"""https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes"""


class AdlsPlace:
    type = "adls-gen2"
    awkward_names: tuple[str, ...] = AWKWARD_NAMES
    in_key_order = True  # it sorts directory by directory, and the adapter begins early enough

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.address = lake.proxy.address
        self.file_system = lake.make_file_system()

    @property
    def options(self) -> dict[str, Any]:
        return {**self.lake.options, "file_system": self.file_system}

    def options_as(self, identity: Identity) -> dict[str, Any]:
        azurite = self.lake.azurite
        base = {"account_url": self.lake.account_url, "file_system": self.file_system}
        if identity == "wrong":
            return {**base, "account_key": base64.b64encode(b"nobody knows").decode()}
        permissions = {"no-list": "r", "no-read": "l"}.get(identity, "rl")
        ended = datetime.now(UTC) - timedelta(minutes=5) if identity == "expired" else None
        return {**base, "sas_token": azurite.container_sas(self.file_system, permissions, expiry=ended)}

    def options_through(self, address: str) -> dict[str, Any]:
        return {**self.options, "account_url": f"{address}/{self.lake.azurite.account_name}"}

    def is_listing(self, request: Request) -> bool:
        return is_dfs(request)

    def is_download(self, request: Request) -> bool:
        return request.method == "GET" and not is_dfs(request)

    def answer(self, case: Case) -> Answer:
        return ANSWERS[case]

    @property
    def open(self) -> OpenAdapter:
        return opener(NAME, self.type, {**self.options, "page_size": PAGE_SIZE})

    @property
    def open_missing(self) -> OpenAdapter:
        return opener(NAME, self.type, {**self.options, "file_system": f"{self.file_system}-absent"})

    def put(self, key: str, data: bytes = b"12345") -> None:
        self.lake.put(self.file_system, key, data)

    def put_many(self, objects: Mapping[str, bytes]) -> None:
        self.lake.put_many(self.file_system, objects)

    def put_encoded(self, key: str, data: bytes) -> bool:
        self.lake.put(self.file_system, key, data, content_settings=ContentSettings(content_encoding="gzip"))
        return True

    def put_marker(self, prefix: str) -> None:
        self.lake.make_directory(self.file_system, prefix)

    def put_parts(self, key: str, parts: list[bytes]) -> None:
        self.lake.put_parts(self.file_system, key, parts)

    def remove(self, key: str) -> None:
        self.lake.remove(self.file_system, key)
