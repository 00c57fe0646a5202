"""The Data Landing Zone for the conformance suite: on Azurite and SeaweedFS, with what the stand-in says of them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.base import OpenAdapter
from adapters.registry import opener
from auditor.worlds.platform import AmazonZone, AzureZone, PlatformServer, serve_landing_zone
from tests.conformance import places
from tests.conformance.azure_place import AZURE_ANSWERS, AzurePlace
from tests.servers.azurite import ACCOUNT, Azurite
from tests.servers.fake_s3 import Answer
from tests.servers.seaweedfs import SeaweedFS

FOLDER = "dlz-0123abcd/exports"


def platform_options(platform: PlatformServer, sandbox: str = "prod") -> dict[str, Any]:
    """`experience_platform` as the settings pass it on."""
    return {
        "name": "prod",
        "org_id": platform.gate.org_id,
        "sandbox": sandbox,
        "client_id": platform.gate.client_id,
        "client_secret": platform.gate.client_secret,
        "base_url": platform.base_url,
        "token_url": platform.token_url,
    }


class Zones:
    """A sandbox for each zone that was asked for, so that one stand-in tells of all of them."""

    def __init__(self, platform: PlatformServer) -> None:
        self._platform = platform
        self._zones: dict[str, AzureZone | AmazonZone] = {}
        serve_landing_zone(platform, self._zones.__getitem__)

    def options(self, zone: AzureZone | AmazonZone) -> dict[str, Any]:
        sandbox = f"sandbox-{len(self._zones)}"
        self._zones[sandbox] = zone
        self._platform.gate.sandboxes = (*self._platform.gate.sandboxes, sandbox)
        return {"experience_platform": platform_options(self._platform, sandbox)}


class SasUriPlace(AzurePlace):
    """By a fixed SAS URI."""

    type = "data-landing-zone"

    @property
    def options(self) -> dict[str, Any]:
        return self._by_uri(self.container, self.server.container_sas(self.container))

    def options_as(self, identity: places.Identity) -> dict[str, Any]:
        if identity == "wrong":
            return self._by_uri(self.container, "sv=2021-12-02&sr=c&sp=rl&se=2099-01-01T00:00:00Z&sig=bm9ib2R5")
        expiry = datetime.now(UTC) + timedelta(hours=-1 if identity == "expired" else 1)
        permissions = {"no-list": "r", "no-read": "l"}.get(identity, "rl")
        return self._by_uri(self.container, self.server.container_sas(self.container, permissions, expiry=expiry))

    def options_through(self, address: str) -> dict[str, Any]:
        return {**self.options, "endpoint_url": f"{address}/{ACCOUNT}"}

    @property
    def open(self) -> OpenAdapter:
        return opener(places.NAME, self.type, {**self.options, "page_size": places.PAGE_SIZE})

    @property
    def open_missing(self) -> OpenAdapter:
        absent = f"{self.container}-absent"
        return opener(places.NAME, self.type, self._by_uri(absent, self.server.container_sas(absent)))

    def answer(self, case: places.Case) -> Answer:
        return AZURE_ANSWERS[case]

    def _by_uri(self, container: str, sas: str) -> dict[str, Any]:
        return {"sas_uri": f"{self.server.account_url}/{container}?{sas}"}


class AzureZonePlace(SasUriPlace):
    """With the credentials that Experience Platform gives."""

    def __init__(self, server: Azurite, platform: PlatformServer) -> None:
        super().__init__(server)
        self.zones = Zones(platform)

    def _by_uri(self, container: str, sas: str) -> dict[str, Any]:
        return self.zones.options(AzureZone(ACCOUNT, container, sas, endpoint=self.server.account_url))


class AmazonZonePlace(places.S3Place):
    """A folder of a bucket, with the credentials that Experience Platform gives; beside it lies what is not ours."""

    type = "data-landing-zone"
    merged_prefixes = ("/", "//")  # behind a folder SeaweedFS takes two slashes for one

    def __init__(self, server: SeaweedFS, platform: PlatformServer) -> None:
        super().__init__(server)
        self.zones = Zones(platform)
        self.server.put(self.bucket, f"{FOLDER}-of-others/x", b"no business of ours")

    @property
    def options(self) -> dict[str, Any]:
        return self._by_keys(self.bucket, "owner-key", "owner-secret")

    def options_as(self, identity: places.Identity) -> dict[str, Any] | None:
        known = {"no-list": "reader", "no-read": "lister"}
        if identity == "wrong":
            return self._by_keys(self.bucket, "owner-key", "nobody-knows")
        if identity not in known:
            return None
        return self._by_keys(self.bucket, *self.server.keys(known[identity]).values())

    def options_through(self, address: str) -> dict[str, Any]:
        return {**self.options, "endpoint_url": address}

    @property
    def open(self) -> OpenAdapter:
        return opener(places.NAME, self.type, {**self.options, "page_size": places.PAGE_SIZE})

    @property
    def open_missing(self) -> OpenAdapter:
        return opener(places.NAME, self.type, self._by_keys(f"{self.bucket}-absent", "owner-key", "owner-secret"))

    def put(self, key: str, data: bytes = b"12345") -> None:
        self.server.put(self.bucket, f"{FOLDER}/{key}", data)

    def put_many(self, objects: Mapping[str, bytes]) -> None:
        self.server.put_many(self.bucket, {f"{FOLDER}/{key}": data for key, data in objects.items()})

    def put_encoded(self, key: str, data: bytes) -> bool:
        self.server.put(self.bucket, f"{FOLDER}/{key}", data, ContentEncoding="gzip")
        return True

    def put_marker(self, prefix: str) -> None:
        self.put(prefix, b"")

    def put_parts(self, key: str, parts: list[bytes]) -> None:
        self.server.put_parts(self.bucket, f"{FOLDER}/{key}", parts)

    def remove(self, key: str) -> None:
        self.server.delete(self.bucket, f"{FOLDER}/{key}")

    def _by_keys(self, bucket: str, access_key_id: str, secret_access_key: str) -> dict[str, Any]:
        # SeaweedFS takes a session token for one of its own STS; tests/adapters has the ones with a token.
        zone = AmazonZone(bucket, FOLDER, access_key_id, secret_access_key)
        return {**self.zones.options(zone), "endpoint_url": self.server.endpoint_url}
