"""The protocol every destination speaks, its objects and its errors. Standard library only."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, ClassVar, Protocol, TypeAlias

__all__ = [
    "AccessDenied",
    "Adapter",
    "Archived",
    "Changed",
    "Checksum",
    "ClockSkew",
    "CredentialExpired",
    "DestinationError",
    "Folder",
    "NotFound",
    "NotTrusted",
    "ObjectInfo",
    "OpenAdapter",
    "RangeRefused",
    "Throttled",
    "Traits",
    "Unreachable",
    "Unsupported",
    "inert",
]


def inert(text: str) -> str:
    """`text` on one line with every control, format and undecodable character escaped.

    Names come from outside: they must not move a cursor, break a line or fake a log entry.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in text)


@dataclass(frozen=True, slots=True)
class Checksum:
    """A checksum that the provider keeps of the *whole stored object*.

    A composite value (S3 multipart, `…-3`) is no checksum of the whole and never stands here.
    """

    kind: str  # "md5" | "crc32" | "crc32c" | "crc64nvme" | "sha1" | "sha256"
    value: bytes  # raw digest, big-endian where the kind is a number


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object as a listing or a description shows it."""

    key: str  # flat, relative to the destination's root or bucket; undecodable bytes as lone surrogates
    size: int  # bytes as stored
    modified: datetime  # aware, UTC
    version: str = ""  # etag, version id or generation; "" where the destination has none
    checksum: Checksum | None = None
    archived: bool = False  # in a storage class that must be restored before it can be read

    @property
    def is_marker(self) -> bool:
        """A directory marker: an object that only stands for a folder, never data."""
        return self.key.endswith("/")


@dataclass(frozen=True, slots=True)
class Folder:
    """A "sub-folder" as a listing by delimiter shows it."""

    prefix: str  # ends with "/"


@dataclass(frozen=True, slots=True)
class Traits:
    """How destinations differ. The auditor asks these, never for the type of a destination."""

    appears_whole: bool  # an object shows only when complete; False where files are seen while they grow
    starts_at_key: bool  # `list_objects(start_at=…)` skips on the server instead of reading past
    time_resolution: timedelta  # of `ObjectInfo.modified`
    checksum_kinds: tuple[str, ...] = ()  # which `Checksum.kind` describe_object may give
    rights: tuple[str, ...] = ()  # what list and read need, in the provider's own words ("s3:ListBucket")


class Adapter(Protocol):
    """One destination as flat keys. No method writes, renames or deletes.

    Knows keys, sizes, times and bytes; nothing of datasets or schedules. Times are aware and
    UTC. Every failure is a `DestinationError`; no SDK exception escapes. Safe to use from
    several threads. Bytes are those stored: no transparent decompression.
    """

    @property
    def name(self) -> str:
        """The destination's name, for errors."""

    @property
    def traits(self) -> Traits:
        """What this destination can and cannot do."""

    @property
    def remarks(self) -> Sequence[str]:
        """What was noticed without failing: names passed over, faults of the server. Bounded, one line each."""

    def list_objects(self, prefix: str, *, start_at: str = "") -> Iterator[ObjectInfo]:
        """Yield each object whose key starts with `prefix` (and is >= `start_at`), once, in any order.

        Lazy, one page at a time. Ends normally only when the listing is complete by the
        provider's own end mark; a failing page raises, so that a cut listing never looks whole.
        An empty prefix of an existing root yields nothing; a root, bucket or container that does
        not exist raises NotFound.
        """

    def list_folder(self, prefix: str) -> Iterator[ObjectInfo | Folder]:
        """Yield what stands directly under `prefix` ("" or ending with "/"): objects and sub-folders.

        Same promises as `list_objects`. A prefix under which nothing is yields nothing.
        """

    def read_object(
        self, key: str, start: int = 0, length: int | None = None, *, version: str = ""
    ) -> AbstractContextManager[BinaryIO]:
        """Stream `key` from offset `start`, `length` bytes or to its end.

        The stream ends early only by raising: fewer bytes than promised is Unreachable, after
        resuming has failed. With `version` (of ObjectInfo) given, a replaced object raises Changed.

        Raises: NotFound, also if it vanished since listing; RangeRefused if `start` is past the
        end; Archived; AccessDenied; Changed.
        """

    def describe_object(self, key: str) -> ObjectInfo:
        """The object as it is now, with its provider checksum where there is one. Raises NotFound."""

    def excess_rights(self) -> Sequence[str] | None:
        """The rights to write or delete that these credentials are seen to have, in the provider's own words.

        Told by reading alone (a token's own text, a question about permissions); nothing is tried out.
        Empty where none is seen and the provider would tell; None where it cannot be told without writing.
        """

    def close(self) -> None:
        """Give connections back. Using the adapter afterwards is an error of the caller."""


OpenAdapter: TypeAlias = Callable[[], Adapter]
"""Opens a destination anew; picklable, so that worker processes can open it themselves."""


class DestinationError(Exception):
    """Something a destination would not do. Above the adapters this means *could not check*.

    `str()` is one line: destination, operation, key, reason, request id. Never a secret, never
    an SDK's own message that may quote a signed address.
    """

    retryable: ClassVar[bool] = False

    def __init__(
        self,
        reason: str,
        *,
        destination: str,
        operation: str,
        key: str = "",
        request_id: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.destination = destination
        self.operation = operation
        self.key = key
        self.request_id = request_id
        self.retry_after_s = retry_after_s  # seconds the provider asked us to wait

    def __str__(self) -> str:
        about = f" {self.key!r}" if self.key else ""
        request = f" (request {self.request_id})" if self.request_id else ""
        return inert(f"{self.destination}: {self.operation}{about}: {self.reason}{request}")

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.reason, self.__dict__.copy())


def _rebuild(kind: type[DestinationError], reason: str, state: dict[str, object]) -> DestinationError:
    error = kind(reason, destination="", operation="")
    error.__dict__.update(state)
    return error


class NotFound(DestinationError):
    """The object, bucket or root is not there."""


class AccessDenied(DestinationError):
    """The credentials are accepted, the right is missing."""


class CredentialExpired(DestinationError):
    """The credentials are no longer, or not at all, accepted."""


class Throttled(DestinationError):
    """The provider asks us to slow down."""

    retryable = True


class Unreachable(DestinationError):
    """No connection, no answer in time, a body cut in the middle, or a server fault."""

    retryable = True


class NotTrusted(Unreachable):
    """The server is not who it should be: its certificate or host key is not accepted. Trying again mends nothing."""

    retryable = False


class Changed(DestinationError):
    """The object was replaced between listing and reading, or while it was read."""


class RangeRefused(DestinationError):
    """The offset lies behind the end of the object."""


class Archived(DestinationError):
    """The object is in a storage class that must be restored before it can be read."""


class ClockSkew(DestinationError):
    """Our clock and the provider's differ too much for signed requests."""


class Unsupported(DestinationError):
    """The destination does not speak what is needed, or answers what cannot be trusted."""
