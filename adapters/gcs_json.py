"""Google Cloud Storage by its own JSON API, with Google's SDK."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from google.cloud.exceptions import from_http_response

from adapters.base import (
    AccessDenied,
    Changed,
    Folder,
    NotFound,
    ObjectInfo,
    RangeRefused,
    Traits,
    Unsupported,
)
from adapters.gcs_answers import (
    LIST_FIELDS,
    Fail,
    parse_object,
    parse_page,
    refuse_error_body,
    stored_bytes,
)
from adapters.gcs_errors import LIST_RIGHT, READ_RIGHT, speaking_of
from adapters.gcs_hashes import refuse_unpacked
from adapters.gcs_session import Connection, Login, lowered
from adapters.paging import Page, PagedListing
from adapters.streams import About, ObjectStream, PromisedBytes, no_bytes_of, promised_bytes

__all__ = ["GcsAdapter"]

LARGEST_PAGE: Final = 1000

WRITING: Final = (
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.update",
    "storage.buckets.delete",
    "storage.buckets.update",
    "storage.buckets.setIamPolicy",
)


class GcsAdapter:
    """A bucket as flat keys. Needs storage.objects.list and storage.objects.get.

    Opens its session at the first call. It does not try again (see adapters/retry.py); an access token
    that ended is renewed once per request. A version is the object's generation.
    """

    traits = Traits(
        appears_whole=True,
        starts_at_key=True,
        time_resolution=timedelta(milliseconds=1),
        checksum_kinds=("md5", "crc32c"),
        rights=(LIST_RIGHT, READ_RIGHT),
    )

    def __init__(self, name: str, bucket: str, login: Login, page_size: int = LARGEST_PAGE) -> None:
        self.name = name
        self.remarks: list[str] = []
        self._bucket = bucket
        self._page_size = min(page_size, LARGEST_PAGE)
        self._login = login
        self._connection = Connection(login)

    def __repr__(self) -> str:
        return f"GcsAdapter(name={self.name!r}, bucket={self._bucket!r})"

    def list_objects(self, prefix: str, *, start_at: str = "") -> Iterator[ObjectInfo]:
        return self._list(prefix, start_at=start_at)

    def list_folder(self, prefix: str) -> Iterator[ObjectInfo | Folder]:
        return self._list(prefix, delimiter="/")

    def read_object(self, key: str, start: int = 0, length: int | None = None, *, version: str = "") -> ObjectStream:
        if length == 0:
            return self._read_nothing(key, start, length, version)
        try:
            return self._open(key, start, length, version)
        except RangeRefused:
            return self._read_nothing(key, start, length, version)

    def describe_object(self, key: str) -> ObjectInfo:
        with speaking_of(self.name, "describe", key):
            blob = self._connection.client().bucket(self._bucket).blob(key)
            blob.reload(timeout=self._login.timeouts_s, retry=None)
            return parse_object(
                {
                    "name": key,
                    "size": blob.size,
                    "timeCreated": blob.time_created.isoformat(),
                    "generation": blob.generation,
                    "md5Hash": blob.md5_hash,
                    "crc32c": blob.crc32c,
                }
            )

    def excess_rights(self) -> Sequence[str] | None:
        try:
            with speaking_of(self.name, "ask for rights"):
                bucket = self._connection.client().bucket(self._bucket)
                held = bucket.test_iam_permissions(WRITING, timeout=self._login.timeouts_s, retry=None)
        except (NotFound, AccessDenied, Unsupported):
            return None  # the server does not know the question, or does not answer it
        return tuple(right for right in WRITING if right in held)

    def close(self) -> None:
        self._connection.close()

    def _list(self, prefix: str, *, start_at: str = "", delimiter: str = "") -> Iterator[Any]:
        def read_page(token: str) -> Page[ObjectInfo | Folder]:
            return self._read_page(token, prefix, start_at, delimiter)

        return PagedListing(read_page, "", destination=self.name, prefix=prefix)

    def _read_page(self, token: str, prefix: str, start_at: str, delimiter: str) -> Page[ObjectInfo | Folder]:
        with speaking_of(self.name, "list", prefix):
            pages = self._connection.client().list_blobs(
                self._bucket,
                page_token=token or None,
                prefix=prefix or None,
                delimiter=delimiter or None,
                start_offset=start_at or None,
                fields=LIST_FIELDS,
                page_size=self._page_size,
                timeout=self._login.timeouts_s,
                retry=None,
            )
            document = next(pages.pages).raw_page
            found = parse_page(document, self._connection.session().last_headers, prefix, delimiter)
            items = [item for item in found if _is_wanted(item, prefix, start_at, delimiter)]
            return Page(items, document.get("nextPageToken") or None)

    def _open(self, key: str, start: int, length: int | None, version: str) -> ObjectStream:
        with speaking_of(self.name, "read", key):
            answer = self._get(key, start, length, version)
            headers = lowered(answer.headers)
            about: About = {"destination": self.name, "operation": "read", "key": key}
            fail = Fail(about, headers)
            try:
                if not 200 <= answer.status_code < 300:
                    raise from_http_response(answer)  # type: ignore[no-untyped-call]
                generation = headers.get("x-goog-generation", "")
                if not generation:
                    refuse_error_body(headers, answer.raw.read, fail)
                if version and generation != version:
                    raise fail(Changed, "replaced since it was listed")
                refuse_unpacked(
                    headers.get("x-goog-stored-content-encoding", ""), headers.get("content-encoding", ""), fail
                )
                size, of_range = stored_bytes(headers, fail), headers.get("content-range")
                promised = promised_bytes(size, of_range, start, length, fail)
            except BaseException:
                answer.close()
                raise

        def read_into(view: memoryview) -> int:
            with speaking_of(self.name, "read", key):
                data = answer.raw.read(len(view), decode_content=False)
            view[: len(data)] = data
            return len(data)

        return ObjectStream(PromisedBytes(read_into, promised, fail, answer.close), generation)

    def _get(self, key: str, start: int, length: int | None, version: str) -> Any:
        """The SDK only pushes bytes into a file; its session lets them be pulled."""
        # Without this the server unpacks what is stored with Content-Encoding: gzip.
        headers = {"Accept-Encoding": "gzip"}
        if start or length is not None:
            headers["Range"] = f"bytes={start}-{'' if length is None else start + length - 1}"
        query = {"alt": "media"} | ({"ifGenerationMatch": version} if version else {})
        path = f"b/{quote(self._bucket, safe='')}/o/{quote(key, safe='')}"
        return self._connection.session().request(
            "GET",
            f"{self._login.endpoint_url.rstrip('/')}/download/storage/v1/{path}",
            params=query,
            headers=headers,
            timeout=self._login.timeouts_s,
            stream=True,
        )

    def _read_nothing(self, key: str, start: int, length: int | None, version: str) -> ObjectStream:
        about: About = {"destination": self.name, "operation": "read", "key": key}
        return no_bytes_of(self.describe_object(key), start, length, version, about)


def _is_wanted(item: ObjectInfo | Folder, prefix: str, start_at: str, delimiter: str) -> bool:
    name = item.prefix if isinstance(item, Folder) else item.key
    rest = name[len(prefix) :]
    if not name.startswith(prefix) or (delimiter and delimiter in rest[:-1]):
        raise ValueError("names that were not asked for")
    is_itself = bool(delimiter) and not rest  # the marker of the folder itself does not stand in it
    return not is_itself and name.encode("utf-8", "surrogatepass") >= start_at.encode("utf-8", "surrogatepass")
