"""What HTTP itself says about a failure, whichever provider speaks it."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from adapters.base import (
    AccessDenied,
    Changed,
    CredentialExpired,
    DestinationError,
    NotFound,
    RangeRefused,
    Throttled,
    Unreachable,
    Unsupported,
)

BY_STATUS: Final[Mapping[int, type[DestinationError]]] = {
    401: CredentialExpired,
    403: AccessDenied,
    404: NotFound,
    408: Unreachable,
    409: Unreachable,
    412: Changed,
    416: RangeRefused,
    429: Throttled,
    501: Unsupported,
}


def kind_of_status(status: int) -> type[DestinationError]:
    """The error that a status means where the provider's own code says nothing better."""
    return BY_STATUS.get(status) or (Unreachable if status >= 500 else Unsupported)


def parse_retry_after(value: str, date: str = "") -> float | None:
    """Seconds to wait by a `Retry-After` header: seconds, or an HTTP date (RFC 9110 §10.2.3); None if neither.

    A date counts from the server's own `Date`, since our clock may be off. A date in the past is 0.
    """
    try:
        seconds = float(value)
    except ValueError:
        pass
    else:
        return max(seconds, 0.0) if math.isfinite(seconds) else None
    until, since = parse_http_date(value), parse_http_date(date) or datetime.now(UTC)
    return None if until is None else max((until - since).total_seconds(), 0.0)


def parse_http_date(value: str) -> datetime | None:
    """A moment as HTTP headers write it; None if it is none."""
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError, IndexError):  # years and zones of twenty digits, too
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_loopback(address: str | None) -> bool:
    """Whether `address` (a URL) is on this machine: a proxy for the outside has no business with it."""
    host = urlsplit(address).hostname if address else None
    if host is None:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
