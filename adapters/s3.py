"""Amazon S3 and servers that speak like it."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar, Final

from botocore.exceptions import ClientError

from adapters.base import (
    AccessDenied,
    Changed,
    DestinationError,
    Folder,
    ObjectInfo,
    RangeRefused,
    Traits,
    Unsupported,
)
from adapters.paging import PagedListing
from adapters.s3_answers import Fail, describe, read_etag, refuse_error_body
from adapters.s3_errors import EXPIRED, LIST_RIGHT, READ_RIGHT, S3_RIGHTS, Rights, read_answer, speaking_of
from adapters.s3_listing import S3Listing
from adapters.s3_session import Clients, Login
from adapters.streams import About, ObjectStream, PromisedBytes, no_bytes_of, promised_bytes

__all__ = ["S3Adapter"]

LARGEST_PAGE: Final = 1000
"""S3 gives no more keys a page, whatever it is asked for."""


class S3Adapter:
    """A bucket as flat keys. Needs s3:ListBucket and s3:GetObject.

    Opens its client at the first call. `remarks` holds what was noticed about the server without failing.
    It does not try again (see adapters/retry.py), except once with fresh credentials where the old ones
    ended and the chain has others. `timeout`: seconds for each connection and each read.

    Raises: ValueError for a bucket or number that cannot be.
    """

    traits = Traits(
        appears_whole=True,
        starts_at_key=True,
        time_resolution=timedelta(seconds=1),
        checksum_kinds=("sha256", "sha1", "md5", "crc64nvme", "crc32c", "crc32"),
        rights=(LIST_RIGHT, READ_RIGHT),
    )
    _rights: ClassVar[Rights] = S3_RIGHTS

    def __init__(
        self,
        name: str,
        bucket: str,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        profile: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        session_token: str | None = None,
        role_arn: str | None = None,
        external_id: str | None = None,
        requester_pays: bool = False,
        concurrency: int = 10,
        page_size: int = LARGEST_PAGE,
        timeout: float = 60.0,
    ) -> None:
        if not bucket or concurrency < 1 or page_size < 1 or timeout <= 0:
            raise ValueError(
                f"destination {name!r}: bucket must not be empty; concurrency, page_size and timeout are above 0"
            )
        self.name = name
        self.remarks: list[str] = []
        self._bucket = bucket
        self._page_size = min(page_size, LARGEST_PAGE)
        self._payer = {"RequestPayer": "requester"} if requester_pays else {}
        self._is_aws = endpoint_url is None
        self._asks_checksums = True
        self._clients = Clients(
            Login(
                region=region,
                endpoint_url=endpoint_url,
                profile=profile,
                access_key_id=access_key_id,
                secret_access_key=secret_access_key,
                session_token=session_token,
                role_arn=role_arn,
                external_id=external_id,
                concurrency=concurrency,
                timeout_s=timeout,
            )
        )

    def __repr__(self) -> str:
        return f"S3Adapter(name={self.name!r}, bucket={self._bucket!r})"

    def list_objects(self, prefix: str, *, start_at: str = "") -> Iterator[ObjectInfo]:
        return self._list(prefix, start_at=start_at)

    def list_folder(self, prefix: str) -> Iterator[ObjectInfo | Folder]:
        return self._list(prefix, delimiter="/")

    def read_object(self, key: str, start: int = 0, length: int | None = None, *, version: str = "") -> ObjectStream:
        if length == 0:
            return self._read_nothing(key, start, length, version)
        try:
            return self._open("read", key, start, length, version)
        except RangeRefused:
            return self._read_nothing(key, start, length, version)

    def describe_object(self, key: str) -> ObjectInfo:
        answer = self._head(key)
        with speaking_of(self.name, "describe", key):
            return self._describe(key, answer)

    def excess_rights(self) -> None:
        """S3 tells rights only to those who may ask IAM, or by trying."""

    def close(self) -> None:
        self._clients.close()

    def _describe(self, key: str, answer: Mapping[str, Any]) -> ObjectInfo:
        # The ETags of directory buckets are no MD5.
        return describe(key, answer, etag_may_be_md5=not self._bucket.endswith("--x-s3"))

    def _check_bytes(self, answer: Mapping[str, Any], fail: Fail) -> None:
        """Raise where what comes is not what is stored. S3 itself sends as it stores."""

    def _ask(self, operation: str, method: str, key: str, **parameters: Any) -> Mapping[str, Any]:
        parameters |= {"Bucket": self._bucket, **self._payer}
        with speaking_of(self.name, operation, key, self._rights):
            client = self._clients.current()
            try:
                answer: Mapping[str, Any] = getattr(client, method)(**parameters)
            except ClientError as error:
                if read_answer(error)[0] not in EXPIRED or not self._clients.renew(client):
                    raise
                answer = getattr(self._clients.current(), method)(**parameters)
            return answer

    def _list(self, prefix: str, *, start_at: str = "", delimiter: str = "") -> Iterator[Any]:
        listing = S3Listing(
            self._ask,
            self.name,
            prefix,
            self._page_size,
            delimiter=delimiter,
            start_at=start_at,
            restore_status=self._is_aws,
            remark=self._remark,
        )
        return PagedListing(listing.read_page, listing.first, destination=self.name, prefix=prefix)

    def _remark(self, text: str) -> None:
        if text not in self.remarks:
            self.remarks.append(text)

    def _head(self, key: str) -> Mapping[str, Any]:
        refused: DestinationError | None = None
        for mode in ({"ChecksumMode": "ENABLED"}, {}) if self._asks_checksums else ({},):
            try:
                answer = self._ask("describe", "head_object", key, Key=key, **mode)
            except (AccessDenied, Unsupported) as error:
                # Asking for checksums may need a right more (kms:Decrypt) or be unknown to the server.
                refused = error
                continue
            if isinstance(refused, Unsupported):
                self._asks_checksums = False
                self._remark("the server refuses to be asked for checksums; they are not compared")
            return answer
        # A refused HEAD has no body that could say why. A GET of one byte has.
        self._open("describe", key, 0, 1, "").close()
        return self._ask("describe", "head_object", key, Key=key)

    def _open(self, operation: str, key: str, start: int, length: int | None, version: str) -> ObjectStream:
        parameters = {"Key": key}
        if start or length is not None:
            parameters["Range"] = f"bytes={start}-{'' if length is None else start + length - 1}"
        if version and not version.startswith("W/"):
            parameters["IfMatch"] = f'"{version}"'
        answer = self._ask(operation, "get_object", key, **parameters)
        body = answer["Body"]
        fail = Fail(self.name, operation, key, answer)
        try:
            with speaking_of(self.name, operation, key):
                etag = read_etag(answer)
                if not etag:
                    refuse_error_body(answer, body, fail)
                if version and etag and etag != version:
                    raise fail(Changed, "replaced since it was listed")
                self._check_bytes(answer, fail)
                size, of_range = answer.get("ContentLength"), answer.get("ContentRange")
                promised = promised_bytes(size, of_range, start, length, fail)
        except DestinationError:
            body.close()
            raise

        def read_into(view: memoryview) -> int:
            with speaking_of(self.name, operation, key):
                return int(body.readinto(view))

        return ObjectStream(PromisedBytes(read_into, promised, fail, body.close), etag)

    def _read_nothing(self, key: str, start: int, length: int | None, version: str) -> ObjectStream:
        about: About = {"destination": self.name, "operation": "read", "key": key}
        return no_bytes_of(self.describe_object(key), start, length, version, about)
