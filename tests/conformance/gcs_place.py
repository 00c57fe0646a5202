"""Google Cloud Storage for the conformance suite: by its JSON API on fake-gcs-server, by HMAC keys on SeaweedFS."""

from collections.abc import Mapping
from typing import Any

from adapters.base import OpenAdapter
from adapters.registry import opener
from tests.conformance import places
from tests.servers.fake_gcs import FakeGcs
from tests.servers.fake_s3 import Answer, Request
from tests.servers.played_gcs import gcs_error

_DENIED = "audit@acme.iam.gserviceaccount.com does not have storage.objects.{} access to the Google Cloud Storage {}."

GCS_ANSWERS: Mapping[places.Case, Answer] = {
    "wrong": gcs_error(401, "authError", "Invalid Credentials"),
    "expired": gcs_error(401, "authError", "Invalid Credentials"),
    "no-list": gcs_error(403, "forbidden", _DENIED.format("list", "bucket")),
    "no-read": gcs_error(403, "forbidden", _DENIED.format("get", "object")),
    "throttled": gcs_error(429, "rateLimitExceeded", "The rate of requests is too high."),
    "failing": gcs_error(500, "backendError", "We encountered an internal error. Please try again."),
    "error-with-200": gcs_error(500, "backendError", "We encountered an internal error.", sent_as=200),
}


class GcsPlace:
    type = "gcs"
    awkward_names: tuple[str, ...] = (*places.AWKWARD_NAMES, "\\back\\slash")
    in_key_order = True

    def __init__(self, server: FakeGcs) -> None:
        self.server = server
        self.address = server.endpoint_url
        self.bucket = server.make_bucket()

    @property
    def options(self) -> dict[str, Any]:
        return {**self.server.options, "bucket": self.bucket}

    def options_as(self, identity: places.Identity) -> None:
        """fake-gcs-server lets everyone in."""

    def options_through(self, address: str) -> dict[str, Any]:
        return {**self.options, "endpoint_url": address}

    def is_listing(self, request: Request) -> bool:
        return request.path == f"/storage/v1/b/{self.bucket}/o"

    def is_download(self, request: Request) -> bool:
        return request.query.get("alt") == "media"

    def answer(self, case: places.Case) -> Answer | None:
        return GCS_ANSWERS.get(case)  # no object need be restored, and no request of a session is signed by the clock

    @property
    def open(self) -> OpenAdapter:
        return opener(places.NAME, "gcs", {**self.options, "page_size": places.PAGE_SIZE})

    @property
    def open_missing(self) -> OpenAdapter:
        return opener(places.NAME, "gcs", {**self.server.options, "bucket": f"{self.bucket}-absent"})

    def put(self, key: str, data: bytes = b"12345") -> None:
        self.server.put(self.bucket, key, data)

    def put_many(self, objects: Mapping[str, bytes]) -> None:
        self.server.put_many(self.bucket, objects)

    def put_encoded(self, key: str, data: bytes) -> bool:
        self.server.put(self.bucket, key, data, contentEncoding="gzip")
        return True

    def put_marker(self, prefix: str) -> None:
        self.put(prefix, b"")

    def put_parts(self, key: str, parts: list[bytes]) -> None:
        self.server.put_parts(self.bucket, key, parts)

    def remove(self, key: str) -> None:
        self.server.delete(self.bucket, key)


class GcsHmacPlace(places.S3Place):
    """The XML API of Google Cloud Storage speaks like S3: SeaweedFS stands for it."""

    type = "gcs"

    @property
    def options(self) -> dict[str, Any]:
        return {**_as_hmac(self.server.options), "bucket": self.bucket}

    def options_as(self, identity: places.Identity) -> dict[str, Any] | None:
        options = super().options_as(identity)
        return None if options is None else _as_hmac(options)

    def answer(self, case: places.Case) -> Answer | None:
        return None if case == "archived" else super().answer(case)  # there nothing needs to be restored

    @property
    def open(self) -> OpenAdapter:
        return opener(places.NAME, "gcs", {**self.options, "page_size": places.PAGE_SIZE})

    @property
    def open_missing(self) -> OpenAdapter:
        return opener(places.NAME, "gcs", {**self.options, "bucket": f"{self.bucket}-absent"})


def _as_hmac(options: Mapping[str, Any]) -> dict[str, Any]:
    names = {"access_key_id": "hmac_access_id", "secret_access_key": "hmac_secret"}
    return {names.get(name, name): value for name, value in options.items()}
