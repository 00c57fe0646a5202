"""Sights in a few words, and the story that a row of them tells."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from auditor.checks import CATALOGUE
from auditor.incident_model import EventKind, Incident, IncidentKey, Sight
from auditor.incidents import Expecting, update_incidents
from auditor.ledger import Ledger
from auditor.model import Arrival, AuditResult, Content, Finding, Status, Verdict, Waived

FLOW, DATASET, PLACE = "web-3h", "5ef3e324052581191aa6a466", "lake"
START = datetime(2026, 10, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
EXPECTED = Expecting(flows=frozenset({(FLOW, DATASET, PLACE)}), destinations=frozenset({PLACE}), watched_before=START)
OVER = Waived("known", "jo", START + timedelta(days=99))


def due(number: int) -> datetime:
    """The due time of the n-th run, three-hourly."""
    return START + number * 3 * HOUR


def finding(code: str, number: int | None = None, *, of_place: bool = False, **more: object) -> Finding:
    """One about the n-th run; `of_place`: about the destination alone."""
    whose = {} if of_place else {"flow": FLOW, "dataset": DATASET}
    when = None if number is None else due(number)
    given = {"severity": CATALOGUE[code].severity, "message": f"{code} {number}", "destination": PLACE, "due": when}
    return Finding(code=code, **{**given, **whose, **more})  # type: ignore[arg-type]


def run(number: int, *codes: str, arrival: Arrival = Arrival.ON_TIME, content: Content = Content.SOUND) -> Verdict:
    """The n-th run with findings of these codes."""
    folder = "" if arrival in (Arrival.MISSING, Arrival.UNKNOWN, Arrival.PENDING) else f"f/{number}/"
    found = tuple(finding(code, number) for code in codes)
    return Verdict(FLOW, DATASET, PLACE, due(number), arrival, content, folder=folder, findings=found)


def right(number: int) -> Verdict:
    return run(number)


def missing(number: int) -> Verdict:
    return run(number, "export-missing", arrival=Arrival.MISSING, content=Content.UNCHECKED)


def late(number: int) -> Verdict:
    verdict = run(number, "export-late", arrival=Arrival.LATE, content=Content.UNCHECKED)
    return Verdict(**{**{n: getattr(verdict, n) for n in verdict.__dataclass_fields__}, "folder": ""})


def came_late(number: int) -> Verdict:
    found = (finding("export-late", number, key=f"f/{number}/"),)
    return Verdict(
        FLOW, DATASET, PLACE, due(number), Arrival.LATE, Content.SOUND, folder=f"f/{number}/", findings=found
    )


def damaged(number: int) -> Verdict:
    return run(number, "file-corrupt", content=Content.DAMAGED)


def unknown(number: int) -> Verdict:
    return run(number, arrival=Arrival.UNKNOWN, content=Content.UNVERIFIABLE)


def unread(number: int) -> Verdict:
    return run(number, content=Content.UNCHECKED)


def sight(*said: Verdict | Finding, **more: object) -> Sight:
    """What one look at the place saw."""
    runs = tuple(one for one in said if isinstance(one, Verdict))
    findings = tuple(one for one in said if isinstance(one, Finding))
    findings += tuple(found for verdict in runs for found in verdict.findings)
    result = AuditResult(START, None, Status.INCOMPLETE, runs, findings, ())
    given = {"destinations": frozenset({PLACE}), "is_whole": False, "beyond": False}
    return Sight(result, **{**given, **more})  # type: ignore[arg-type]


@dataclass
class Story:
    """Looks one after another, one every five minutes, and what happened."""

    expected: Expecting = EXPECTED
    ledger: Ledger = field(default_factory=Ledger.in_memory)
    now: datetime = START + 24 * HOUR

    def look(self, *said: Verdict | Finding, times: int = 1, **more: object) -> list[str]:
        """The events of these looks: kind and code."""
        before = {event.id for event in self._events()}
        for _ in range(times):
            self.now += timedelta(minutes=5)
            seen = sight(*said, **more)
            seen = replace(seen, result=replace(seen.result, now=self.now))
            self.ledger.update_incidents_with(
                lambda known, seen=seen: update_incidents(known, seen, now=self.now, expected=self.expected)
            )
        return [self._told(event) for event in self._events() if event.id not in before]

    def live(self) -> list[Incident]:
        return self.ledger.live_incidents()

    def one(self, code: str) -> Incident:
        [found] = [incident for incident in self.ledger.list_incidents() if incident.key.code == code]
        return found

    def _events(self):
        return self.ledger.waiting_events()

    def _told(self, event) -> str:
        incident = self.ledger.incident(event.incident)
        assert incident is not None
        return f"{event.kind} {incident.key.code}"


KEY = IncidentKey("export-missing", FLOW, DATASET, PLACE)
KINDS = EventKind
