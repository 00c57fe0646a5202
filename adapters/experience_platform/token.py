"""The OAuth server-to-server token: kept until shortly before it ends, by elapsed time."""

import math
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from adapters.base import DestinationError, Unsupported

LONGEST_LIFE_S: Final = 24 * 3600.0
"""Adobe's tokens live a day. An answer that says more counts in milliseconds, as the retired JWT exchange did."""

LIFE_UNTOLD_S: Final = 300.0
MARGIN_S: Final = 60.0


class Token:
    """The token in use. Thread-safe: of several threads that need a new one, one asks.

    `ask` fetches the answer of the token endpoint. Whether a token has ended is told by a clock that only
    goes forward, from the moment before it was asked for: the clock on the wall may be wrong.
    """

    def __init__(self, ask: Callable[[], Any], clock: Callable[[], float], about: Mapping[str, str]) -> None:
        self._ask = ask
        self._clock = clock
        self._about = about
        self._lock = threading.Lock()
        self._value = ""
        self._until_s = -math.inf

    def __repr__(self) -> str:
        return f"Token({'held' if self._value else 'none'})"

    @property
    def value(self) -> str:
        """The token as it is held, to keep it out of what is written; "" before the first one."""
        return self._value

    def current(self) -> str:
        """A token that should be good. Raises: DestinationError where none can be had."""
        with self._lock:
            if self._clock() >= self._until_s:
                self._fetch()
            return self._value

    def renew(self, refused: str) -> str:
        """A token other than `refused`, which was not accepted: from another thread, or fetched."""
        with self._lock:
            if self._value == refused or self._clock() >= self._until_s:
                self._fetch()
            return self._value

    def _fetch(self) -> None:
        asked_at_s = self._clock()
        answer = self._ask()
        value = answer.get("access_token") if isinstance(answer, Mapping) else None
        if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
            raise self._fail("the answer has no access token")
        life_s = _life_s(answer.get("expires_in"))
        self._value = value
        self._until_s = asked_at_s + life_s - min(MARGIN_S, life_s / 10)

    def _fail(self, reason: str) -> DestinationError:
        return Unsupported(reason, destination=self._about["destination"], operation="POST", key=self._about["key"])


def _life_s(told: object) -> float:
    """Seconds by `expires_in`: a number, or its text."""
    try:
        life_s = float(told) if isinstance(told, str | int | float) else math.nan
    except (ValueError, OverflowError):
        life_s = math.nan
    if not math.isfinite(life_s):
        return LIFE_UNTOLD_S
    return min(max(life_s, 0.0), LONGEST_LIFE_S)
