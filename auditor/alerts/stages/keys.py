"""What two passes, or two instances, must agree on: keys and order. Pure."""

import hashlib
from collections.abc import Iterable

from auditor.incident_model import Incident


def make_key(channel: str, dedup: str, *parts: object) -> str:
    """The idempotency key of a notice: the same for the same news to the same channel, whoever writes it."""
    text = "\0".join((channel, dedup, *map(str, parts)))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def in_order(incidents: Iterable[Incident]) -> tuple[Incident, ...]:
    """Gravest and oldest first."""
    return tuple(sorted(incidents, key=lambda one: (-one.severity.rank, one.since, one.number)))
