"""The Data Landing Zone's answers, in both shapes.

https://experienceleague.adobe.com/en/docs/experience-platform/destinations/catalog/cloud-storage/data-landing-zone
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from auditor.worlds.platform.replies import Call, Reply, service_refusal
from auditor.worlds.platform.server import PlatformServer

ZONE_PATH = "/data/foundation/connectors/landingzone"


@dataclass(frozen=True)
class AzureZone:
    """A container, and the SAS that is good for it."""

    account: str
    container: str
    sas: str = field(repr=False)
    endpoint: str = ""  # of the account; Azure's own where it is empty

    def credentials(self) -> dict[str, Any]:
        endpoint = self.endpoint or f"https://{self.account}.blob.core.windows.net"
        return {
            "containerName": self.container,
            "SASToken": self.sas,
            "storageAccountName": self.account,
            "SASUri": f"{endpoint}/{self.container}?{self.sas}",
        }

    def about(self) -> dict[str, Any]:
        return {"containerName": self.container, "containerTTL": "7"}


@dataclass(frozen=True)
class AmazonZone:
    """A folder of a bucket, and session keys that are good for it."""

    bucket: str
    folder: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    expires_at_s: int | None = None  # UNIX seconds

    def credentials(self) -> dict[str, Any]:
        keys = {"awsAccessKeyId": self.access_key_id, "awsSecretAccessKey": self.secret_access_key}
        if self.session_token:
            keys["awsSessionToken"] = self.session_token
        expiry = {} if self.expires_at_s is None else {"expiryTime": self.expires_at_s}
        return {"credentials": keys, "dlzPath": self._path(), "dlzProvider": "Amazon S3", **expiry}

    def about(self) -> dict[str, Any]:
        lasting = {"timeUnit": "days", "timeQuantity": 7}
        return {"dlzPath": self._path(), "dataTTL": lasting, "dlzProvider": "Amazon S3"}

    def _path(self) -> dict[str, str]:
        return {"bucketName": self.bucket, "dlzFolder": self.folder}


def serve_landing_zone(platform: PlatformServer, zone_of: Callable[[str], AzureZone | AmazonZone]) -> None:
    """Have `platform` answer for the zones of exports, one for each sandbox: what `zone_of` gives for its name."""

    def of_exports(answer: Callable[[AzureZone | AmazonZone], dict[str, Any]]) -> Callable[[Call], Reply]:
        def reply(call: Call) -> Reply:
            if call.first("type") != "dlz_destination":
                return service_refusal(404, "CONN-1000-404", "Not Found", "No landing zone of this type")
            return Reply(200, answer(zone_of(call.headers.get("x-sandbox-name", "prod"))))

        return reply

    platform.route("GET", ZONE_PATH, of_exports(lambda zone: zone.about()))
    platform.route("GET", f"{ZONE_PATH}/credentials", of_exports(lambda zone: zone.credentials()))
