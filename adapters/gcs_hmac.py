"""Google Cloud Storage by its XML API, which speaks like S3, with HMAC keys: what differs from S3.

https://cloud.google.com/storage/docs/interoperability
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from adapters.base import ObjectInfo, Traits
from adapters.gcs_hashes import parse_hashes, refuse_unpacked
from adapters.s3 import S3Adapter
from adapters.s3_answers import Fail, read_headers
from adapters.s3_errors import Rights
from adapters.s3_session import Clients, Login

__all__ = ["GcsHmacAdapter"]

RIGHTS = Rights("storage.objects.list", "storage.objects.get")


class GcsHmacAdapter(S3Adapter):
    """A bucket of Google Cloud Storage by HMAC keys. Needs storage.objects.list and storage.objects.get."""

    traits = Traits(
        appears_whole=True,
        starts_at_key=True,
        time_resolution=timedelta(seconds=1),
        checksum_kinds=("md5", "crc32c"),
        rights=(RIGHTS.to_list, RIGHTS.to_read),
    )
    _rights: ClassVar[Rights] = RIGHTS

    def __init__(self, name: str, bucket: str, *, login: Login, page_size: int) -> None:
        super().__init__(name, bucket, endpoint_url=login.endpoint_url, page_size=page_size)
        self._asks_checksums = False  # it has none of S3's, and tells its own unasked
        # Without this header what is stored with Content-Encoding: gzip is unpacked on the way. It must not be
        # signed: Google's front end adds to it (rclone/rclone#6670).
        self._clients = Clients(replace(login, region=login.region or "auto", accept_encoding="gzip"))

    def __repr__(self) -> str:
        return f"GcsHmacAdapter(name={self.name!r}, bucket={self._bucket!r})"

    def _describe(self, key: str, answer: Mapping[str, Any]) -> ObjectInfo:
        """The ETag is not always the MD5: of objects uploaded in parts, composed, or encrypted it is none."""
        checksum = parse_hashes(read_headers(answer).get("x-goog-hash", ""))
        return replace(super()._describe(key, answer), checksum=checksum, archived=False)

    def _check_bytes(self, answer: Mapping[str, Any], fail: Fail) -> None:
        stored_as = read_headers(answer).get("x-goog-stored-content-encoding", "")
        refuse_unpacked(stored_as, str(answer.get("ContentEncoding") or ""), fail)
