"""The calendar of ends, asked for by itself: flows as Experience Platform says now, exports as last audited."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from adapters.base import DestinationError
from auditor.flow_model import FlowVersion
from auditor.ledger import Ledger
from auditor.model import Ending
from auditor.reconcile.endings import list_endings
from auditor.service.endings import OpenZone, make_calendar, open_configured_zone, read_ends
from auditor.service.flows import AuditedFlows
from auditor.service.platforms import OpenPlatform, Platforms, open_configured_platform
from auditor.settings import Config


@dataclass(frozen=True, slots=True)
class CalendarAnswer:
    """What ends, what cannot be told of it, and what could not be read."""

    endings: tuple[Ending, ...]
    now: datetime
    audited_at: datetime | None = None
    untold: tuple[tuple[str, str], ...] = ()  # subject, why
    unread: tuple[tuple[str, str], ...] = ()  # subject, reason
    names: dict[str, str] = field(default_factory=dict)  # of datasets, by id


def read_calendar(
    config: Config,
    ledger: Ledger,
    *,
    now: datetime,
    open_platform: OpenPlatform = open_configured_platform,
    open_zone: OpenZone | None = open_configured_zone,
) -> CalendarAnswer:
    """Ask every sandbox and landing zone. Where a sandbox does not answer, its flows are as they were last seen.

    Raises LedgerError.
    """
    number = ledger.newest_whole_audit()
    result = ledger.read_audit(number) if number is not None else None
    ends = read_ends(config.destinations.values(), open_zone=open_zone)
    versions: dict[str, dict[str, FlowVersion]] = {}
    read_at: dict[str, datetime] = {}
    unread = [(one.subject, one.why) for one in ends.unread]
    platforms = Platforms(config.experience_platform, open_platform)
    try:
        audited = AuditedFlows(config, platforms, ledger, now=now, remembers=False)
        audited.read()
        for name in config.experience_platform:
            try:
                versions[name] = _versions(name, audited, platforms)
                read_at[name] = datetime.now(UTC)
            except DestinationError as error:
                unread.append((f"flows of {name}", str(error)))
                seen = [one for one in ledger.latest_flow_versions(name) if one.gone_at is None]
                versions[name] = {one.version.flow_id: one.version for one in seen}
                if seen:
                    read_at[name] = min(one.last_seen_at for one in seen)
    finally:
        platforms.close()
    flows = [*audited.flows.values()]
    made = make_calendar(
        config, ends, flows=flows, versions=versions, read_at=read_at, runs=result.runs if result else ()
    )
    names = {one.id: one.name for flow in flows for one in flow.datasets if one.name}
    return CalendarAnswer(
        list_endings(made),
        now,
        result.now if result else None,
        tuple((one.subject, one.why) for one in ends.untold),
        tuple(unread),
        names,
    )


def _versions(name: str, audited: AuditedFlows, platforms: Platforms) -> dict[str, FlowVersion]:
    """The flows of one platform, as they are now. Raises DestinationError."""
    if name in audited.sandboxes:
        return dict(audited.sandboxes[name].versions)
    return {one.flow_id: one for one in platforms.ask(name, lambda source: source.read_exports())}
