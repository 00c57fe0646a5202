"""`expires:` beside a secret: when it ends, as somebody wrote it down. It feeds the calendar of ends."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time


@dataclass(frozen=True, slots=True)
class Expiry:
    """The end of a secret. What it is stands in `subject`; nothing of itself does."""

    when: datetime  # of a day: its first moment (UTC), for nobody knows at which hour it ends
    subject: str  # "secret of destination lake-backup"
    day_only: bool = False
    destination: str = ""
    platform: str = ""

    @property
    def source(self) -> str:
        """Where it was read, for people."""
        return "`expires` in the configuration"


def make_expiry(
    given: date | datetime | None, subject: str, *, destination: str = "", platform: str = ""
) -> Expiry | None:
    """`given` as an end of `subject`; None where nothing was written."""
    if given is None:
        return None
    if isinstance(given, datetime):
        return Expiry(given, subject, destination=destination, platform=platform)
    start = datetime.combine(given, time(), tzinfo=UTC)
    return Expiry(start, subject, day_only=True, destination=destination, platform=platform)
