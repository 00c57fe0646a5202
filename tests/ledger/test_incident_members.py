from dataclasses import replace
from datetime import timedelta

from auditor.incident_model import Closing, Incident, IncidentKey, IncidentState, Member
from auditor.incidents import Changes
from auditor.ledger import Ledger
from auditor.model import Severity
from tests.ledger.things import NOON

H = timedelta(hours=1)
FIRST, SECOND, FOLDER = Member(NOON - 6 * H), Member(NOON - 3 * H), Member(None, "a/b/")


def test_members_stay_known_with_when_they_joined_and_left(url: str) -> None:
    with Ledger.open(url) as ledger:
        incident = keep(ledger, an_incident(FIRST))
        joined = replace(incident, members=(FIRST, SECOND, FOLDER), last_seen_at=NOON + H)
        keep(ledger, joined)
        closed = {"state": IncidentState.CLOSED, "closed_at": NOON + 2 * H, "closing": Closing.RECOVERED}
        keep(ledger, replace(joined, members=(), **closed))
        found = ledger.memberships([incident.number])
    assert [(one.member, one.joined_at, one.left_at) for one in found] == [
        (FIRST, NOON, NOON + 2 * H),
        (SECOND, NOON + H, NOON + 2 * H),
        (FOLDER, NOON + H, NOON + 2 * H),
    ]


def test_members_of_no_incident_are_none(url: str) -> None:
    with Ledger.open(url) as ledger:
        keep(ledger, an_incident(FIRST))
        assert ledger.memberships([]) == []
        assert ledger.memberships([4711]) == []


def an_incident(*members: Member) -> Incident:
    key = IncidentKey("export-missing", "web-3h", "d", "lake")
    return Incident(key, Severity.ERROR, opened_at=NOON, since=NOON, last_seen_at=NOON, members=members)


def keep(ledger: Ledger, incident: Incident) -> Incident:
    return ledger.update_incidents_with(lambda _: Changes(incidents=(incident,)))[0]
