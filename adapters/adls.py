"""Azure Data Lake Storage Gen2: a storage account with a hierarchical namespace, where directories are real."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

from adapters.adls_endpoints import contradiction, endpoint
from adapters.adls_listing import AdlsListing, Answer, Question
from adapters.adls_requests import PathRequests
from adapters.azure_blob import AzureBlobAdapter
from adapters.azure_errors import READ_RIGHT
from adapters.azure_session import AzureLogin
from adapters.base import DestinationError, Folder, NotFound, ObjectInfo, Traits
from adapters.paging import PagedListing
from adapters.streams import ObjectStream

__all__ = ["AdlsAdapter"]

LARGEST_PAGE: Final = 5000
"""List Paths gives no more paths a page, whatever it is asked for."""


class AdlsAdapter:
    """A file system as flat keys. Needs to list and to read (role Storage Blob Data Reader; SAS with r and l).

    Listings come from the account's `dfs` endpoint, properties and bytes from its `blob` endpoint, as Microsoft's
    SDK does it. `account_url` is either of them; an address that names neither serves both. A directory that holds
    something is no object; one that holds nothing is a marker (`…/`).

    Opens its clients at the first call. `remarks` holds what was noticed about the server without failing.
    It does not try again (see adapters/retry.py). `timeout`: seconds for each connection and
    each read.

    Raises: ValueError for a file system or number that cannot be, and for ways to log in that contradict each other.
    """

    traits = Traits(
        appears_whole=False,  # a file is created, appended to and flushed, and seen all the time
        starts_at_key=True,
        time_resolution=timedelta(seconds=1),
        checksum_kinds=("md5",),
        rights=(f"{READ_RIGHT} (role Storage Blob Data Reader; SAS: r and l; ACLs: r on files, r-x on directories)",),
    )

    def __init__(
        self,
        name: str,
        file_system: str,
        *,
        account_url: str,
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
        if not account_url or not file_system or "/" in file_system or concurrency < 1 or page_size < 1 or timeout <= 0:
            raise ValueError(
                f"destination {name!r}: account_url must not be empty; file_system is one name without a slash; "
                "concurrency, page_size and timeout are above 0"
            )
        login: dict[str, Any] = {
            "account_key": account_key,
            "sas_token": sas_token,
            "tenant_id": tenant_id,
            "client_id": client_id,
            "client_secret": client_secret,
            "authority_host": authority_host,
            "concurrency": concurrency,
        }
        blob_url, dfs_url = endpoint(account_url, "blob"), endpoint(account_url, "dfs")
        self._blobs = AzureBlobAdapter(
            name, file_system, account_url=blob_url, page_size=page_size, timeout=timeout, **login
        )
        self._login = AzureLogin(account_url=dfs_url, timeout_s=timeout, **login)
        self._paths = PathRequests(name, file_system, self._login)
        self.name = name
        self.remarks: list[str] = []
        self._file_system = file_system
        self._page_size = min(page_size, LARGEST_PAGE)

    def __repr__(self) -> str:
        return f"AdlsAdapter(name={self.name!r}, file_system={self._file_system!r})"

    def list_objects(self, prefix: str, *, start_at: str = "") -> Iterator[ObjectInfo]:
        return self._list(prefix, start_at=start_at)

    def list_folder(self, prefix: str) -> Iterator[ObjectInfo | Folder]:
        return self._list(prefix, in_folder=True)

    def read_object(self, key: str, start: int = 0, length: int | None = None, *, version: str = "") -> ObjectStream:
        return self._blobs.read_object(key, start, length, version=version)

    def describe_object(self, key: str) -> ObjectInfo:
        return self._blobs.describe_object(key)

    def excess_rights(self) -> Sequence[str] | None:
        return self._blobs.excess_rights()

    def close(self) -> None:
        self._paths.close()
        self._blobs.close()

    def _list(self, prefix: str, *, start_at: str = "", in_folder: bool = False) -> Iterator[Any]:
        def ask(question: Question) -> Answer:
            try:
                return self._paths.ask(question, prefix, listing.shrink)
            except NotFound as error:
                raise contradiction(error, self._told_by_blob(prefix), self._login.sas) from None

        listing = AdlsListing(
            ask,
            self._describe_directory,
            self.name,
            prefix,
            self._page_size,
            in_folder=in_folder,
            start_at=start_at,
            remark=self._remark,
        )
        return PagedListing(listing.read_page, listing.first, destination=self.name, prefix=prefix)

    def _told_by_blob(self, prefix: str) -> DestinationError | None:
        """What the blob endpoint says when it is asked for the same; None if it lists."""
        try:
            next(self._blobs.list_objects(prefix), None)
        except DestinationError as error:
            return error
        return None

    def _describe_directory(self, key: str) -> ObjectInfo | None:
        try:
            return self._blobs.describe_object(key)
        except NotFound:
            return None

    def _remark(self, text: str) -> None:
        if text not in self.remarks:
            self.remarks.append(text)
