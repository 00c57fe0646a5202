"""Moments as Experience Platform writes them. The year 1970 to 9999; anything else is no moment."""

from datetime import UTC, datetime


def from_ms(epoch_ms: int) -> datetime:
    """Epoch milliseconds as a moment. Raises ValueError if they are none."""
    return from_s(epoch_ms / 1000)


def from_s(epoch_s: float) -> datetime:
    """UNIX seconds as a moment. Raises ValueError if they are none."""
    try:
        if epoch_s >= 0:
            return datetime.fromtimestamp(epoch_s, UTC)
    except (OverflowError, OSError, ValueError):
        pass
    raise ValueError(f"{epoch_s:g} is no moment")
