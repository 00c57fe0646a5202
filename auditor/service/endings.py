"""What is read for the calendar of ends: `expires` and signatures in the configuration, and what landing zones say."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from adapters.base import DestinationError
from auditor.flow_model import FlowVersion
from auditor.model import Flow, Verdict
from auditor.reconcile.endings import Calendar, Credential, Retention, minute
from auditor.reconcile.signatures import read_signature_end
from auditor.settings import Config, Destination
from auditor.settings.expiry import Expiry

SIGNED = ("sas_token", "sas_uri", "connection_string")
"""Options of a destination that may hold a shared access signature."""


class Zone(Protocol):
    """What a Data Landing Zone says of itself. Each call raises DestinationError."""

    def read_lifetime(self) -> timedelta | None:
        """How long a file stays; None where that is not told."""

    def read_expiry(self) -> datetime | None:
        """When the credentials that are given now end; None where that is not told."""


OpenZone = Callable[[Destination], Zone]


def open_configured_zone(destination: Destination) -> Zone:
    """Asks Experience Platform. Its HTTP client is loaded only where a landing zone is configured by it."""
    from auditor.service.landing_zone import AskedZone

    return AskedZone(destination)


@dataclass(frozen=True, slots=True)
class Untold:
    """An end that cannot be told, and why."""

    subject: str
    why: str


@dataclass(slots=True)
class ReadEnds:
    """What was read of destinations."""

    credentials: list[Credential] = field(default_factory=list)
    retentions: dict[str, Retention] = field(default_factory=dict)
    untold: list[Untold] = field(default_factory=list)
    unread: list[Untold] = field(default_factory=list)  # what did not answer


def read_ends(destinations: Iterable[Destination], *, open_zone: OpenZone | None) -> ReadEnds:
    """What ends at `destinations`. What a landing zone does not answer is as configured, and said to be.

    `open_zone`: None asks no landing zone.
    """
    ends = ReadEnds()
    for destination in destinations:
        if destination.expiry is not None:
            ends.credentials.append(_written_down(destination.expiry))
        for found in _signatures(destination):
            if isinstance(found, Credential):
                ends.credentials.append(found)
            else:
                ends.untold.append(found)
        if destination.facts.retain is not None:
            source = f"`retain` of {destination.name} in the configuration, counted from the due time"
            ends.retentions[destination.name] = Retention(destination.facts.retain, source)
        is_zone = destination.type == "data-landing-zone" and destination.options.get("experience_platform")
        if is_zone and open_zone is not None:
            _ask(destination, open_zone(destination), ends)
    return ends


def _ask(destination: Destination, zone: Zone, ends: ReadEnds) -> None:
    try:
        lifetime, expiry = zone.read_lifetime(), zone.read_expiry()
    except DestinationError as error:
        ends.unread.append(Untold(f"Data Landing Zone {destination.name}", str(error)))
        return
    at = minute(datetime.now(UTC))
    if lifetime is not None:
        source = f"the Data Landing Zone of {destination.name}, read {at}, counted from the due time"
        ends.retentions[destination.name] = Retention(lifetime, source)
    if expiry is None:
        why = "a stored policy holds its end; the audit fetches a new one when it is refused"
        ends.untold.append(Untold(f"credential of Data Landing Zone {destination.name}", why))
        return
    subject, source = f"credential of {destination.name}", f"expiryTime as given {at}"
    ends.credentials.append(Credential(expiry, subject, source, destination.name, renewed=True))


def _written_down(expiry: Expiry) -> Credential:
    return Credential(
        expiry.when, expiry.subject, expiry.source, expiry.destination, expiry.platform, day_only=expiry.day_only
    )


def _signatures(destination: Destination) -> Iterator[Credential | Untold]:
    for key in SIGNED:
        text = destination.options.get(key)
        end = read_signature_end(text) if isinstance(text, str) else None
        if end is None:
            continue
        subject = f"{key} of {destination.name}"
        if end.when is None:
            yield Untold(subject, end.why)
        else:
            yield Credential(end.when, subject, "`se=` of the signature", destination.name)


def make_calendar(
    config: Config,
    ends: ReadEnds,
    *,
    flows: Sequence[Flow],
    versions: Mapping[str, Mapping[str, FlowVersion]],
    read_at: Mapping[str, datetime],
    runs: Sequence[Verdict],
) -> Calendar:
    """All together. `versions`: the flows of each platform as they were read, by id; `read_at`: when."""
    there = {name: by_id for name, by_id in versions.items() if name in config.experience_platform}
    own = [_written_down(one) for one in config.expiries if not one.destination]
    return Calendar(
        flows=flows,
        versions={(name, flow_id): one for name, by_id in there.items() for flow_id, one in by_id.items()},
        read_at=read_at,
        credentials=[*ends.credentials, *own],
        retentions=ends.retentions,
        runs=runs,
    )
