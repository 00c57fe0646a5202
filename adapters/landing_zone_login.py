"""The credentials of a Data Landing Zone: fetched at first use, before they end, and when they are refused."""

import math
import time
from collections.abc import Callable
from typing import Final, TypeAlias

from adapters.base import DestinationError
from adapters.experience_platform.landing_zone import AmazonLandingZone, AzureLandingZone

Zone: TypeAlias = AzureLandingZone | AmazonLandingZone

MARGIN_S: Final = 300.0
"""Credentials are renewed this long before they end; never before half of their life is over."""

PAUSE_S: Final = 10.0
"""After credentials were fetched in vain (the same, or none), they are not fetched again for this long."""


class ZoneLogin:
    """The zone and how to log in there at the moment. Not thread-safe: its user holds a lock.

    Ends are told by elapsed time from the server's own clock at the answer: ours may be wrong.
    """

    def __init__(self, fetch: Callable[[], Zone], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._renew_at_s = -math.inf
        self._ends_at_s = -math.inf
        self._pause_until_s = -math.inf
        self.zone: Zone | None = None

    @property
    def is_due(self) -> bool:
        """There are no credentials yet, or they are about to end."""
        return self._clock() >= self._renew_at_s

    def fetch_due(self) -> bool:
        """Fetch what is due: are they others than before? Raises: DestinationError, unless the old ones still hold."""
        try:
            return self._take(self._fetch())
        except DestinationError:
            now_s = self._clock()
            if self.zone is None or now_s >= self._ends_at_s:
                raise
            self._renew_at_s = min(now_s + PAUSE_S, self._ends_at_s)
            return False

    def fetch_refused(self) -> bool:
        """After the credentials were refused: are there others now? Raises: DestinationError."""
        if self._clock() < self._pause_until_s:
            return False
        is_other = self._take(self._fetch())
        if not is_other:
            self._pause_until_s = self._clock() + PAUSE_S
        return is_other

    def _take(self, zone: Zone) -> bool:
        now_s = self._clock()
        left_s = zone.left_s if isinstance(zone, AmazonLandingZone) else None
        if left_s is None:  # nothing tells when they end: a refusal will
            self._renew_at_s = self._ends_at_s = math.inf
        else:
            self._ends_at_s = now_s + left_s
            # Those that have ended already when they come are used all the same: who gave them knows better.
            self._renew_at_s = now_s + (max(left_s - MARGIN_S, left_s / 2) if left_s > 0 else PAUSE_S)
        if self.zone is not None and _keys(zone) == _keys(self.zone):
            return False
        self.zone = zone
        return True


def _keys(zone: Zone) -> tuple[object, ...]:
    if isinstance(zone, AzureLandingZone):
        return place_of(zone), zone.sas_token
    return place_of(zone), zone.access_key_id, zone.secret_access_key, zone.session_token


def place_of(zone: Zone) -> tuple[str, ...]:
    """Where the zone is, whatever the credentials."""
    if isinstance(zone, AzureLandingZone):
        return "azure", zone.account_url, zone.container
    return "amazon", zone.bucket, zone.folder
