"""Small worlds for telling: a configuration, incidents, and passes over them at given times, with the outbox kept."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor.alerts.planning import make_plan
from auditor.alerts.stages.case import Draft, Picture, Told
from auditor.incident_model import (
    Closing,
    Event,
    EventKind,
    EventState,
    Incident,
    IncidentKey,
    IncidentState,
    Match,
    Member,
    Signed,
    Silence,
)
from auditor.model import Care, Dataset, Flow, Severity
from auditor.settings import Config
from auditor.settings.alerts import Alerts, Channel, Route

START = datetime(2026, 11, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, B, C = "5ef3e324052581191aa6a466", "6051f8cd1f37e519484b9d6c", "77a97b443a9b4ab9bf732eea"
WEB = Flow(
    "web-3h",
    "lake",
    (Dataset(A, "Web", Care(team="web", tags=("gdpr",))), Dataset(B, "App", Care(team="app", owner="jo@example.com"))),
    (),
    experience_platform="prod",
)
DAILY = Flow("daily", "vault", (Dataset(C, "Profiles", Care(team="crm")),), ())
ALL = Route("1", ("mail",))


def at(text: str) -> datetime:
    """`08:30` of the first day, or `3d 08:30` of the third day after it."""
    days, _, clock = text.rpartition("d ")
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, 2, hour, minute, tzinfo=UTC) + timedelta(days=int(days or 0))


def configured(*routes: Route) -> Config:
    names = dict.fromkeys(name for route in routes for name in route.to)
    channels = {name: Channel(name, "webhook", {}) for name in names}
    alerts = Alerts(channels=channels, routes=routes)
    flows = {flow.name: flow for flow in (WEB, DAILY)}
    return Config(Path("/c.yaml"), "0", "sqlite://", {}, flows, alerts=alerts)


def key(code: str = "export-missing", flow: str = "web-3h", dataset: str = A, destination: str = "lake") -> IncidentKey:
    return IncidentKey(code, flow, dataset, destination)


@dataclass
class World:
    """Incidents and their events as the ledger would hold them; each pass tells and keeps what it told."""

    config: Config = field(default_factory=lambda: configured(ALL))
    incidents: dict[int, Incident] = field(default_factory=dict)
    events: dict[int, Event] = field(default_factory=dict)
    silences: list[Silence] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    def opens(
        self, when: str, what: IncidentKey | None = None, severity: str = "error", cause: int | None = None
    ) -> int:
        number, moment = len(self.incidents) + 1, at(when)
        self.incidents[number] = Incident(
            what or key(), Severity(severity), moment, moment, moment, number, members=(Member(moment),), cause=cause
        )
        self.happens(number, EventKind.OPENED, when)
        return number

    def happens(self, number: int, kind: EventKind, when: str) -> None:
        event = Event(number, kind, at(when), self.incidents[number].severity, len(self.events) + 1)
        self.events[event.id] = event

    def closes(self, number: int, when: str, closing: Closing = Closing.RECOVERED) -> None:
        gaps = self.incidents[number].members if closing is Closing.NEXT_RIGHT else ()
        self.change(number, state=IncidentState.CLOSED, closed_at=at(when), closing=closing, members=(), gaps=gaps)
        self.happens(number, EventKind.RECOVERED, when)

    def worsens(self, number: int, when: str, severity: str = "critical") -> None:
        self.change(number, severity=Severity(severity))
        self.happens(number, EventKind.WORSENED, when)

    def change(self, number: int, **changes: object) -> None:
        self.incidents[number] = replace(self.incidents[number], **changes)  # type: ignore[arg-type]

    def acknowledge(self, number: int, when: str) -> None:
        self.change(number, acknowledged=Signed("jo", at(when)))

    def silence(self, match: Match, since: str, until: str) -> None:
        number = len(self.silences) + 1
        self.silences.append(Silence(match, "jo", "planned", at(since), at(until), number))

    def picture(self, when: datetime) -> Picture:
        waiting = [event for event in self.events.values() if event.state is EventState.WAITING]
        return Picture(when, tuple(waiting), self.incidents, tuple(self.silences), tuple(self.told))

    def tell(self, when: str | datetime) -> list[Draft]:
        """One pass."""
        now = when if isinstance(when, datetime) else at(when)
        plan = make_plan(self.picture(now), self.config)
        self.events |= {event.id: event for event in plan.events}
        self.told += [
            Told(d.key, d.dedup, d.kind, d.target.channel, now, frozenset(one.number for one in d.incidents))
            for d in plan.drafts
        ]
        return list(plan.drafts)

    def fates(self) -> list[str]:
        """What became of each event: its state and the reason."""
        return [f"{event.state}: {event.reason}" for event in self.events.values()]


def shown(drafts: Iterable[Draft]) -> list[str]:
    """`mail opened 1 2`."""
    return [f"{one.target.channel} {one.kind} {' '.join(str(i.number) for i in one.incidents)}" for one in drafts]
