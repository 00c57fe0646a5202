"""What one answer of S3 says about an object: its length, version, checksum, storage class."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any, Final

from botocore.exceptions import ClientError

from adapters.base import Checksum, DestinationError, ObjectInfo, Unsupported
from adapters.s3_listing import ARCHIVE_CLASSES
from adapters.streams import About

CHECKSUM_FIELDS: Final[Mapping[str, str]] = {
    "sha256": "ChecksumSHA256",
    "sha1": "ChecksumSHA1",
    "md5": "",  # stands in the ETag
    "crc64nvme": "ChecksumCRC64NVME",
    "crc32c": "ChecksumCRC32C",
    "crc32": "ChecksumCRC32",
}
"""By strength: the first one that an object has is given."""


class Fail:
    """Makes errors about one answer."""

    def __init__(self, destination: str, operation: str, key: str, answer: Mapping[str, Any]) -> None:
        self.about: About = {"destination": destination, "operation": operation, "key": key}
        about = answer.get("ResponseMetadata", {})
        self.request_id = str(about.get("RequestId") or read_headers(answer).get("x-guploader-uploadid", ""))[:80]

    def __call__(self, kind: type[DestinationError], reason: str) -> DestinationError:
        return kind(reason, request_id=self.request_id, **self.about)


def read_headers(answer: Mapping[str, Any]) -> Mapping[str, str]:
    """The headers of an answer, names in lower case."""
    headers: Mapping[str, str] = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers


def read_etag(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ETag", "")).strip('"')


def refuse_error_body(answer: Mapping[str, Any], body: Any, fail: Fail) -> None:
    """Some servers send an error with status 200 (boto/botocore#3276); such an answer has no ETag."""
    if "xml" not in str(answer.get("ContentType", "")):
        return
    text = body.read(4096).decode("utf-8", "replace")
    if code := re.search(r"<Error>.*?<Code>([\w.-]{1,64})</Code>", text, re.DOTALL):
        raise ClientError(
            {"Error": {"Code": code[1]}, "ResponseMetadata": dict(answer.get("ResponseMetadata", {}))}, "GetObject"
        )
    raise fail(Unsupported, "the answer has neither ETag nor a body that is an object's")


def describe(key: str, answer: Mapping[str, Any], *, etag_may_be_md5: bool) -> ObjectInfo:
    return ObjectInfo(
        key=key,
        size=int(answer["ContentLength"]),
        modified=answer["LastModified"].astimezone(UTC),
        version=read_etag(answer),
        checksum=next(_checksums(answer, etag_may_be_md5=etag_may_be_md5), None),
        archived=answer.get("StorageClass") in ARCHIVE_CLASSES
        and 'ongoing-request="false"' not in answer.get("Restore", ""),
    )


def _checksums(answer: Mapping[str, Any], *, etag_may_be_md5: bool) -> Iterator[Checksum]:
    for kind, name in CHECKSUM_FIELDS.items():
        if kind == "md5":
            value = _md5(answer) if etag_may_be_md5 else None
        else:
            value = _whole_object_digest(str(answer.get(name, "")), str(answer.get("ChecksumType", "")))
        if value:
            yield Checksum(kind, value)


def _whole_object_digest(text: str, kind: str) -> bytes | None:
    """None for a composite value (`…-3`): it is made of the parts' checksums and no checksum of the whole."""
    if "-" in text or kind == "COMPOSITE":
        return None
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def _md5(answer: Mapping[str, Any]) -> bytes | None:
    """The ETag, where it is the MD5 of the bytes: put in one part, and not encrypted with KMS or the customer's key.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html (ETag)
    """
    is_encrypted = answer.get("ServerSideEncryption") not in (None, "AES256") or "SSECustomerAlgorithm" in answer
    etag = read_etag(answer)
    return bytes.fromhex(etag) if re.fullmatch(r"[0-9a-f]{32}", etag) and not is_encrypted else None
