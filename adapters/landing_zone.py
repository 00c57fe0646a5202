"""The Data Landing Zone: the container of a sandbox that Adobe provides, in Azure or in Amazon S3."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from adapters.base import DestinationError, Folder, ObjectInfo, Traits
from adapters.experience_platform.client import ExperiencePlatform
from adapters.experience_platform.landing_zone import (
    AzureLandingZone,
    parse_sas_uri,
    read_landing_zone,
    read_landing_zone_lifetime,
)
from adapters.landing_zone_login import Zone, ZoneLogin, place_of
from adapters.paging import PagedListing
from adapters.retry import Policy
from adapters.streams import ObjectStream

if TYPE_CHECKING:
    from adapters.landing_zone_amazon import AmazonZoneAdapter
    from adapters.landing_zone_azure import AzureZoneAdapter

    Inner: TypeAlias = AzureZoneAdapter | AmazonZoneAdapter

__all__ = ["LandingZoneAdapter"]

T = TypeVar("T")

ONCE: Final = Policy(attempts=1)
"""Trying again is adapters/retry.py's business, around the whole adapter; attempts must not multiply."""


class LandingZoneAdapter:
    """The landing zone that exports go to (`dlz_destination`), as flat keys; on Amazon relative to the zone's folder.

    Credentials come from Experience Platform (`experience_platform`: the arguments of ExperiencePlatform, `name`
    among them), or are a fixed `sas_uri`. They are fetched at first use, again before they end, and once when they
    are refused; a call or listing then goes on where it was. The action that resets them, which would end
    everybody else's, is never asked for. `endpoint_url`: the storage's address, where it is not the one that the
    credentials name. `timeout`: seconds for each connection and each read.

    Raises: ValueError for options that cannot be; a secret is not quoted.
    """

    traits = Traits(
        appears_whole=True,
        starts_at_key=True,
        time_resolution=timedelta(seconds=1),
        checksum_kinds=("sha256", "sha1", "md5", "crc64nvme", "crc32c", "crc32"),
        rights=(
            "Experience Platform: to read the credentials of the Data Landing Zone",
            "on Azure: a SAS with r and l",
            "on Amazon: s3:ListBucket and s3:GetObject",
        ),
    )

    def __init__(
        self,
        name: str,
        *,
        experience_platform: Mapping[str, Any] | None = None,
        sas_uri: str | None = None,
        endpoint_url: str | None = None,
        concurrency: int = 10,
        page_size: int | None = None,
        timeout: float = 60.0,
    ) -> None:
        if (experience_platform is None) == (sas_uri is None):
            raise ValueError(f"destination {name!r}: give experience_platform or sas_uri, and one of them only")
        if concurrency < 1 or (page_size is not None and page_size < 1) or timeout <= 0:
            raise ValueError(f"destination {name!r}: concurrency, page_size and timeout are above 0")
        self.name = name
        self._endpoint_url = endpoint_url
        self._options: dict[str, Any] = {"concurrency": concurrency, "page_size": page_size, "timeout": timeout}
        self._platform = None if experience_platform is None else _open_platform(name, experience_platform, timeout)
        self._login = ZoneLogin(self._fetch if sas_uri is None else _fixed(name, sas_uri, endpoint_url))
        self._lock = threading.Lock()
        self._now: tuple[Inner, Zone] | None = None
        self._closes: list[Callable[[], object]] = []

    def __repr__(self) -> str:
        return f"LandingZoneAdapter(name={self.name!r}, {self._platform or 'by SAS URI'!r})"

    @property
    def remarks(self) -> list[str]:
        """What was noticed about the storage without failing."""
        return list(self._now[0].remarks) if self._now is not None else []

    def list_objects(self, prefix: str, *, start_at: str = "") -> Iterator[ObjectInfo]:
        return _Listing(self, lambda inner: inner.list_objects(prefix, start_at=start_at))

    def list_folder(self, prefix: str) -> Iterator[ObjectInfo | Folder]:
        return _Listing(self, lambda inner: inner.list_folder(prefix))

    def read_object(self, key: str, start: int = 0, length: int | None = None, *, version: str = "") -> ObjectStream:
        return self._ask(lambda inner: inner.read_object(key, start, length, version=version))

    def describe_object(self, key: str) -> ObjectInfo:
        return self._ask(lambda inner: inner.describe_object(key))

    def excess_rights(self) -> Sequence[str] | None:
        """What the SAS itself says. Adobe's can write and delete, whoever it is given to. Nothing is told on Amazon."""
        return self._ask(lambda inner: inner.excess_rights())

    def read_lifetime(self) -> timedelta | None:
        """How long after it was written a file is removed by Adobe; None where it is not said, or nobody can be asked.

        Raises: DestinationError.
        """
        if self._platform is None:
            return None
        platform = self._platform
        return self._from_platform(lambda: read_landing_zone_lifetime(platform))

    def close(self) -> None:
        with self._lock:
            while self._closes:
                self._closes.pop()()
            if self._now is not None:
                self._now[0].close()
        if self._platform is not None:
            self._platform.close()

    def current(self) -> tuple["Inner", Zone]:
        """The storage's adapter, logged in as it should do, and with what. Raises: DestinationError."""
        if self._now is not None and not self._login.is_due:
            return self._now
        with self._lock:
            if self._login.is_due and self._from_platform(self._login.fetch_due):
                self._log_in()
            assert self._now is not None
            return self._now

    def renew(self, inner: "Inner", refused: Zone) -> bool:
        """After `inner` was refused with the credentials `refused`: has it others now? Raises: DestinationError."""
        with self._lock:
            if self._login.zone is refused and self._from_platform(self._login.fetch_refused):
                self._log_in()
            return self._now is not None and self._now[0] is inner and self._now[1] is not refused

    def _ask(self, ask: "Callable[[Inner], T]") -> T:
        inner, zone = self.current()
        try:
            return ask(inner)
        except inner.refusals:
            if not self.renew(inner, zone):
                raise
        return ask(inner)

    def _log_in(self) -> None:
        """Use the credentials that were fetched; in the place used so far, if it is still the same."""
        zone = self._login.zone
        assert zone is not None
        while len(self._closes) > 1:  # what others may still read from is closed one renewal later
            self._closes.pop(0)()
        if self._now is not None and place_of(self._now[1]) == place_of(zone):
            inner = self._now[0]
            self._closes.append(inner.log_in_anew(zone))  # type: ignore[arg-type]  # the same place, so the same kind
        else:
            if self._now is not None:
                self._closes.append(self._now[0].close)
            inner = self._open(zone)
        self._now = (inner, zone)

    def _open(self, zone: Zone) -> "Inner":
        if isinstance(zone, AzureLandingZone):
            from adapters.landing_zone_azure import AzureZoneAdapter  # the SDK of the other provider stays out

            return AzureZoneAdapter(self.name, zone, **self._options)
        from adapters.landing_zone_amazon import AmazonZoneAdapter

        return AmazonZoneAdapter(self.name, zone, endpoint_url=self._endpoint_url, **self._options)

    def _fetch(self) -> Zone:
        assert self._platform is not None
        zone = read_landing_zone(self._platform)
        if isinstance(zone, AzureLandingZone) and self._endpoint_url:
            return replace(zone, account_url=self._endpoint_url.rstrip("/"))
        return zone

    def _from_platform(self, ask: Callable[[], T]) -> T:
        """`ask`, with errors that name this destination: what it says of Experience Platform holds for it."""
        try:
            return ask()
        except DestinationError as error:
            raise type(error)(
                f"the credentials of the Data Landing Zone cannot be had from {error.destination}: {error.reason}",
                destination=self.name,
                operation="log in",
                request_id=error.request_id,
                retry_after_s=error.retry_after_s,
            ) from None


class _Listing(PagedListing[T]):
    """The pages of the storage's own listing. A page that was refused is asked for again with other credentials.

    So no key is lost or repeated: the storage's listing stays the same one, and asks for the same page.
    """

    def __init__(self, zone: LandingZoneAdapter, begin: "Callable[[Inner], Iterator[T]]") -> None:
        self._zone = zone
        self._begin = begin
        self._listing: tuple[Inner, Iterator[T]] | None = None

    def __next__(self) -> T:
        current, credentials = self._zone.current()
        if self._listing is None:
            self._listing = (current, self._begin(current))
        inner, listing = self._listing
        try:
            return next(listing)
        except inner.refusals:
            if not self._zone.renew(inner, credentials):
                raise
        return next(listing)


def _open_platform(name: str, options: Mapping[str, Any], timeout_s: float) -> ExperiencePlatform:
    given = {key: value for key, value in options.items() if value is not None}
    try:
        return ExperiencePlatform(**{"timeout": timeout_s, **given, "policy": ONCE})
    except TypeError as error:  # names a key, never a value
        raise ValueError(f"destination {name!r}: experience_platform: {error}") from None
    except ValueError as error:
        raise ValueError(f"destination {name!r}: {error}") from None


def _fixed(name: str, sas_uri: str, endpoint_url: str | None) -> Callable[[], Zone]:
    try:
        zone = parse_sas_uri(sas_uri)
    except ValueError as error:
        raise ValueError(f"destination {name!r}: {error}") from None
    if endpoint_url:
        zone = replace(zone, account_url=endpoint_url.rstrip("/"))
    return lambda: zone
