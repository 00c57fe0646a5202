"""Azure Blob Storage, and servers that speak like it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from adapters.azure_errors import READ_RIGHT, speaking_of
from adapters.azure_listing import ARCHIVE, AzureListing, StartSupport, as_marker, md5_of, parse_modified
from adapters.azure_requests import Answer, ContainerRequests
from adapters.azure_session import AzureLogin
from adapters.base import (
    AccessDenied,
    Changed,
    CredentialExpired,
    DestinationError,
    Folder,
    NotFound,
    ObjectInfo,
    RangeRefused,
    Traits,
    Unsupported,
)
from adapters.paging import PagedListing
from adapters.streams import About, ObjectStream, PromisedBytes, no_bytes_of, promised_bytes

__all__ = ["AzureBlobAdapter"]

LARGEST_PAGE: Final = 5000
"""Azure gives no more entries a page, whatever it is asked for."""


class AzureBlobAdapter:
    """A container as flat keys. Needs to list and to read blobs (role Storage Blob Data Reader; SAS with r and l).

    Opens its client at the first call. `remarks` holds what was noticed about the server without failing.
    It does not try again (see adapters/retry.py). `timeout`: seconds for each connection and
    each read.

    Raises: ValueError for a container or number that cannot be, and for ways to log in that contradict each other.
    """

    traits = Traits(
        appears_whole=True,
        starts_at_key=True,
        time_resolution=timedelta(seconds=1),
        checksum_kinds=("md5",),
        rights=(f"{READ_RIGHT} (role Storage Blob Data Reader; SAS: r and l)",),
    )

    def __init__(
        self,
        name: str,
        container: str,
        *,
        account_url: str | None = None,
        connection_string: str | None = None,
        account_key: str | None = None,
        sas_token: str | None = None,
        tenant_id: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        authority_host: str | None = None,
        concurrency: int = 10,
        page_size: int = LARGEST_PAGE,
        timeout: float = 60.0,
    ) -> None:
        if not container or "/" in container or concurrency < 1 or page_size < 1 or timeout <= 0:
            raise ValueError(
                f"destination {name!r}: container is one name without a slash; "
                "concurrency, page_size and timeout are above 0"
            )
        try:
            self._login = AzureLogin(
                account_url=account_url,
                connection_string=connection_string,
                account_key=account_key,
                sas_token=sas_token,
                tenant_id=tenant_id,
                client_id=client_id,
                client_secret=client_secret,
                authority_host=authority_host,
                concurrency=concurrency,
                timeout_s=timeout,
            )
        except ValueError as error:
            raise ValueError(f"destination {name!r}: {error}") from None
        self.name = name
        self.remarks: list[str] = []
        self._container = container
        self._page_size = min(page_size, LARGEST_PAGE)
        self._start_support = StartSupport()
        self._requests = ContainerRequests(name, container, self._login)

    def __repr__(self) -> str:
        return f"AzureBlobAdapter(name={self.name!r}, container={self._container!r})"

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
        except NotFound:
            if key.endswith("/"):  # on a hierarchical account the directory is a blob without the slash
                return self._read_nothing(key, start, length, version)
            raise
        except Changed:
            self.describe_object(key)  # raises NotFound: some servers say of a vanished blob, too, that it is another
            raise

    def describe_object(self, key: str) -> ObjectInfo:
        try:
            info = self._describe(key, key)
        except NotFound:
            if not key.endswith("/"):
                raise
            return self._describe(key, key.rstrip("/"))
        if info.key != key:
            raise NotFound("a directory, not an object", destination=self.name, operation="describe", key=key)
        return info

    def excess_rights(self) -> Sequence[str] | None:
        return self._login.excess_rights()

    def close(self) -> None:
        self._requests.close()

    def _list(self, prefix: str, *, start_at: str = "", delimiter: str = "") -> Iterator[Any]:
        listing = AzureListing(
            self._requests,
            prefix,
            self._page_size,
            delimiter=delimiter,
            start_at=start_at,
            support=self._start_support,
            remark=self._remark,
        )
        return PagedListing(listing.read_page, "", destination=self.name, prefix=prefix)

    def _remark(self, text: str) -> None:
        if text not in self.remarks:
            self.remarks.append(text)

    def _describe(self, key: str, blob: str) -> ObjectInfo:
        try:
            answer = self._requests.ask("describe", key, method="HEAD", blob=blob)
        except (AccessDenied, CredentialExpired):
            # A refused HEAD has no body that could say why. A GET of one byte has.
            self._open("describe", key, 0, 1, "").close()
            answer = self._requests.ask("describe", key, method="HEAD", blob=blob)
        answer.close()
        with speaking_of(self.name, "describe", key):
            return _described(blob, answer)

    def _open(self, operation: str, key: str, start: int, length: int | None, version: str) -> ObjectStream:
        headers = {}
        if start or length is not None:
            # The SDK's signature covers this header and not `Range`.
            headers["x-ms-range"] = f"bytes={start}-{'' if length is None else start + length - 1}"
        if version:
            headers["If-Match"] = f'"{version}"'
        answer = self._requests.ask(operation, key, blob=key, headers=headers)
        try:
            etag = _etag(answer.headers)
            if not etag:
                raise _without_etag(answer)
            if version and etag != version:
                raise answer.fail(Changed, "replaced since it was listed")
            if _is_directory(answer.headers) and not key.endswith("/"):
                raise answer.fail(NotFound, "a directory, not an object")
            promised = _promised_bytes(answer, start, length)
        except DestinationError:
            answer.close()
            raise
        return ObjectStream(PromisedBytes(answer.read_into, promised, answer.fail, answer.close), etag)

    def _read_nothing(self, key: str, start: int, length: int | None, version: str) -> ObjectStream:
        about: About = {"destination": self.name, "operation": "read", "key": key}
        return no_bytes_of(self.describe_object(key), start, length, version, about)


def _etag(headers: Mapping[str, str]) -> str:
    return headers.get("etag", "").strip('"')


def _is_directory(headers: Mapping[str, str]) -> bool:
    stub = headers.get("x-ms-meta-hdi_isfolder", "").lower() == "true" and headers.get("content-length") == "0"
    return stub or headers.get("x-ms-resource-type") == "directory"


def _described(blob: str, answer: Answer) -> ObjectInfo:
    told = answer.headers
    is_folder = _is_directory(told)
    if not _etag(told):
        raise _without_etag(answer)
    return ObjectInfo(
        key=as_marker(blob) if is_folder else blob,
        size=int(told["content-length"]),
        modified=parse_modified(told.get("last-modified", "")),
        version=_etag(told),
        checksum=None if is_folder else md5_of(told.get("content-md5", ""), told.get("x-ms-blob-type", "")),
        archived=told.get("x-ms-access-tier") == ARCHIVE,
    )


def _without_etag(answer: Answer) -> DestinationError:
    """Every blob has an ETag; an answer of status 200 without one is an error in disguise, or somebody else's page."""
    body = next(answer.chunks(), b"").decode("utf-8", "replace") if answer.status == 200 else ""
    if re.search(r"<Error>.*?<Code>[\w.-]{1,64}</Code>", body, re.DOTALL):
        return answer.refuse(body)
    return answer.fail(Unsupported, "the answer has neither ETag nor a body that is an object's")


def _promised_bytes(answer: Answer, start: int, length: int | None) -> int:
    """How many bytes must come. Raises where the answer is not for the range that was asked for."""
    told = answer.headers.get("content-length", "")
    of_range = answer.headers.get("content-range", "" if answer.status == 206 else None)
    if not told.isdecimal():
        raise answer.fail(Unsupported, "the answer does not say how long it is")
    return promised_bytes(int(told), of_range, start, length, answer.fail)
