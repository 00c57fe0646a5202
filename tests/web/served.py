"""A state to be served: made by hand, field by field."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from auditor.incident_model import Incident, IncidentKey, Message, Notice, NoticeState
from auditor.ledger import LedgerError
from auditor.model import (
    Arrival,
    AuditResult,
    Content,
    Dataset,
    DestinationFacts,
    Finding,
    Flow,
    Schedule,
    Severity,
    Status,
    Unverifiable,
    Verdict,
    Waived,
)
from auditor.service.health import Health, LoopHealth
from auditor.service.traffic import DestinationTraffic
from auditor.settings import Config, Destination
from auditor.settings.alerts import Alerts, Channel, Route
from auditor.settings.service import ScheduledReport, ServiceSettings
from auditor.web.server import WebServer
from auditor.web.source import Tallies

NOW = datetime(2026, 10, 3, 12, 0, tzinfo=UTC)
TOKEN = "0123456789abcdef-token"
HASH = hashlib.sha256(TOKEN.encode()).hexdigest()


def make_config(*, datasets: int = 2, token: bool = False, reports: Sequence[Path] = (), **changes: Any) -> Config:
    """One flow into `lake`."""
    some = tuple(Dataset(f"set-{n}", f"Set {n}") for n in range(datasets))
    flow = Flow("web-3h", "lake", some, (Schedule(NOW - timedelta(days=9), every=timedelta(hours=3)),))
    given: dict[str, Any] = {
        "path": Path("/etc/auditor.yaml"),
        "hash": "ab" * 32,
        "ledger_url": "sqlite://",
        "destinations": {"lake": Destination(DestinationFacts("lake"), "local", {})},
        "flows": {"web-3h": flow},
        "service": ServiceSettings(
            token_hash=HASH if token else "",
            reports=tuple(ScheduledReport("month", ("html",), folder) for folder in reports),
        ),
        "alerts": Alerts({"ops-mail": Channel("ops-mail", "apprise", {})}, (Route("1", ("ops-mail",)),)),
    }
    return Config(**given | changes)


def make_run(n: int = 0, dataset: str = "set-0", **changes: Any) -> Verdict:
    """The n-th run before now; sound if nothing else is said."""
    due = NOW - timedelta(hours=3 * (n + 1))
    run = Verdict("web-3h", dataset, "lake", due, Arrival.ON_TIME, Content.SOUND, arrived_at=due, folder=f"x/{n}/")
    return replace(run, **changes)


def make_result(runs: Sequence[Verdict] = (make_run(0), make_run(1)), **changes: Any) -> AuditResult:
    given: dict[str, Any] = {
        "now": NOW,
        "watched_from": None,
        "status": Status.GOOD,
        "runs": tuple(runs),
        "findings": (),
        "unverifiable": (),
    }
    return AuditResult(**given | changes)


def make_incident(number: int = 1, code: str = "export-missing", **changes: Any) -> Incident:
    key = IncidentKey(code, "web-3h", "set-0", "lake")
    since = NOW - timedelta(hours=5)
    return replace(
        Incident(key, Severity.ERROR, since, since, NOW, number=number, message="It did not come."), **changes
    )


def make_notice(n: int = 1, title: str = "web-3h is late", **changes: Any) -> Notice:
    message = Message(title, "", "", "", "")
    at = NOW - timedelta(hours=n)
    return replace(Notice(f"k{n}", None, "1", "ops-mail", Severity.ERROR, message, at, at, id=n), **changes)


def make_loop(thing: str = "place:lake", ago: timedelta | None = timedelta(minutes=1), **changes: Any) -> LoopHealth:
    done = None if ago is None else NOW - ago
    return replace(LoopHealth(thing, timedelta(minutes=5), done, done), **changes)


@dataclass
class Played:
    """Satisfies `StateSource`."""

    config: Config = field(default_factory=make_config)
    loops: Sequence[LoopHealth] = (make_loop(),)
    result: AuditResult = field(default_factory=make_result)
    newest: Mapping[tuple[str, str, str], datetime] = field(default_factory=dict)
    incidents: Sequence[Incident] = ()
    notices: Sequence[Notice] = ()
    told: Tallies = field(default_factory=Tallies)
    health_changes: Mapping[str, Any] = field(default_factory=dict)
    ledger_error: str = ""
    clock: datetime = NOW

    def now(self) -> datetime:
        return self.clock

    def health(self) -> Health:
        given = {"started_at": NOW - timedelta(days=2), "loops": tuple(self.loops)}
        return Health(**given | {"ledger_trouble": self.ledger_error} | self.health_changes)  # type: ignore[arg-type]

    def present(self) -> AuditResult:
        return self._answered(self.result)

    def newest_sound(self) -> Mapping[tuple[str, str, str], datetime]:
        return self._answered(self.newest)

    def live_incidents(self) -> Sequence[Incident]:
        return self._answered(self.incidents)

    def recent_notices(self) -> Sequence[Notice]:
        return self._answered(self.notices)

    def tallies(self) -> Tallies:
        return self._answered(self.told)

    def _answered(self, answer: Any) -> Any:
        if self.ledger_error:
            raise LedgerError(self.ledger_error)
        return answer


def full_state(**changes: Any) -> Played:
    """Something of every kind, so that every metric has a series and every table a line."""
    found = Finding("protection-stale", Severity.CRITICAL, "Old.", "lake", "web-3h", "set-0")
    late = Finding("export-late", Severity.WARNING, "Late.", "lake", "web-3h", "set-0", NOW)
    result = make_result(
        [make_run(0), make_run(1, arrival=Arrival.MISSING, content=Content.UNCHECKED, folder="", arrived_at=None)],
        status=Status.FINDINGS,
        findings=(found, replace(late, waived=Waived("known", "me", NOW))),
        unverifiable=(Unverifiable("x/0/part", "refused", "lake"),),
    )
    states = {NoticeState.WAITING: 2, NoticeState.SENT: 40, NoticeState.DROPPED: 1}
    tallies = Tallies(
        3,
        {("ops-mail", state): count for state, count in states.items()},
        NOW - timedelta(minutes=4),
        {"lake": DestinationTraffic(1, 2, 3, 4, 5_000)},
    )
    given: dict[str, Any] = {
        "loops": (make_loop(failed_at=NOW - timedelta(hours=1)), make_loop("content:lake", every=None)),
        "result": result,
        "newest": {("web-3h", "set-0", "lake"): NOW - timedelta(hours=3)},
        "incidents": (make_incident(), make_incident(2, "export-late")),
        "notices": (make_notice(1, state=NoticeState.DROPPED, reason="gone for good"), make_notice(2)),
        "told": tallies,
    }
    return Played(**given | changes)


@contextmanager
def serving(app: Any, host: str = "127.0.0.1"):
    """The application on a free port, stopped again."""
    server = WebServer(app, host, 0)
    server.start()
    try:
        yield server
    finally:
        server.stop(5)
