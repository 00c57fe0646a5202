"""Accepting what is no change of files: the flow as it is now, and other columns than before, through a real ledger."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.incident_model import Closing, Incident, Sight, Signed
from auditor.incidents import Expecting, update_incidents
from auditor.ledger import Ledger
from auditor.model import AuditResult
from auditor.service.accepting import accept_incident
from auditor.verify.pool import Verifier
from auditor.worlds import World, faults
from auditor.worlds.platform import PlatformServer
from tests.service.auditing import verifier
from tests.service.test_platform_flows import Sandbox, findings
from tests.worlds.small import DAILY, DAILY_RUN, PROFILES, small_world

__all__ = ["verifier"]

HOUR = timedelta(hours=1)
PLACE = "lake-backup"
FLOWS = frozenset({(DAILY.name, PROFILES.id, PLACE)})


class Told(Sandbox):
    """A sandbox, and the incidents that its audits make."""

    def look(self, hours: int) -> AuditResult:
        result = self.audit(after=hours * HOUR)
        expected = Expecting(FLOWS, frozenset({PLACE}))
        sight = Sight(result, frozenset({PLACE}))
        self.ledger.update_incidents_with(
            lambda known: update_incidents(known, sight, now=result.now, expected=expected)
        )
        return result

    def live(self, code: str) -> list[Incident]:
        return [one for one in self.ledger.live_incidents() if one.key.code == code]

    def accept(self, incident: Incident, hours: int) -> str:
        signed = Signed("jo", self.world.now + hours * HOUR, "agreed with the owner")
        done = accept_incident(self.ledger, incident.number, signed)
        assert (done.incident.number, done.changes, done.also) == (incident.number, 0, ())
        return done.remark

    def says(self, every: str) -> None:
        self.edit = lambda text: text.replace("every: 24h", f"every: {every}").replace("every: 1d", f"every: {every}")

    def daily(self) -> dict[str, Any]:
        return self.flow("profiles-daily")["scheduleParams"]


@pytest.fixture
def told(tmp_path: Path, verifier: Verifier) -> Iterator[Callable[[World], Told]]:
    with PlatformServer() as platform, Ledger.in_memory() as ledger:
        yield lambda world: Told(world, tmp_path, platform, ledger, verifier)


def test_an_accepted_weakening_is_what_the_next_one_is_measured_by(told):
    bench = told(small_world(DAILY))
    bench.look(0)
    bench.daily()["interval"] = 2
    bench.says("2d")  # the configuration is in line with the flow
    bench.look(1)
    [incident] = bench.live("protection-weakened")
    assert bench.accept(incident, 1) == ""
    result = bench.look(2)
    assert findings(result, "protection-weakened") == []
    assert bench.live("protection-weakened") == []
    assert bench.ledger.incident(incident.number).closing is Closing.ACCEPTED
    bench.daily()["interval"] = 4
    bench.says("4d")
    (finding,) = findings(bench.look(3), "protection-weakened")
    assert (finding.evidence["schedule_before"], finding.evidence["schedule_after"]) == ("every 48 h", "every 96 h")
    assert len(bench.live("protection-weakened")) == 1


def test_a_flow_that_does_less_than_the_configuration_says_is_told_until_both_say_the_same(told):
    bench = told(small_world(DAILY))
    bench.look(0)
    bench.daily()["interval"] = 2
    bench.look(1)
    [incident] = bench.live("protection-weakened")
    bench.accept(incident, 1)
    bench.look(2)  # ends what was accepted
    bench.look(3)
    [by_configuration] = bench.live("protection-weakened")
    assert "by the configuration" in by_configuration.message
    assert bench.accept(by_configuration, 3).startswith("the configuration still says more than the flow does")
    bench.says("2d")
    assert findings(bench.look(4), "protection-weakened") == []


def test_what_is_not_accepted_is_told_however_often_it_is_looked_at(told):
    bench = told(small_world(DAILY))
    bench.look(0)
    bench.daily()["interval"] = 2
    for hours in (1, 2, 3):
        assert len(findings(bench.look(hours), "protection-weakened")) == 1
    assert len(bench.live("protection-weakened")) == 1


def test_accepted_columns_are_told_no_more_and_stay_in_what_the_audit_finds(told):
    bench = told(faults.change_schema(small_world(DAILY), DAILY_RUN))
    bench.look(0)
    [incident] = bench.live("schema-changed")
    assert incident.is_open
    bench.accept(incident, 1)
    for hours in (2, 3):
        bench.look(hours)
        assert bench.live("schema-changed") == []
    assert bench.ledger.incident(incident.number).closing is Closing.ACCEPTED
