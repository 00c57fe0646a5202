"""After a pause of any length the service judges what was due meanwhile, and tells nothing twice."""

from datetime import timedelta
from typing import Any

import pytest

from auditor.incident_model import EventKind
from auditor.model import Arrival
from auditor.worlds import Run, faults
from tests.service.serve.played import Played, play
from tests.worlds.small import CLICKS, EVENTS, WEB, at, small_world

__all__ = ["play"]

HOUR = timedelta(hours=1)
HOOK = """
alerts:
  channels: {hook: {webhook: {url: "http://127.0.0.1:9/hook", secret: "s3cr3t-s3cr3t-s3cr3t"}}}
  routes: [{to: [hook]}]
service: {arrival_every: 30m}
"""


def playing(play: Any, *missing: Run) -> Played:
    world = small_world(WEB, now=at(9))
    for run in missing:
        world = faults.drop_run(world, run)
    played: Played = play(world, at(4, 6), more=HOOK)
    return played


@pytest.mark.parametrize("pause", [timedelta(seconds=3), 3 * HOUR, timedelta(days=3)], ids=str)
def test_every_due_time_of_a_pause_is_judged_as_of_when_it_became_missing(pause: timedelta, play: Any) -> None:
    """agronholm/apscheduler#146, #292: a job that is late must not be dropped."""
    lost = Run("web-3h", EVENTS.id, at(4, 9))  # missing from 15:00 on
    played = playing(play, lost)
    played.play_until(at(4, 14, 59))
    played.sleep_until(at(4, 14, 59) + pause)
    played.restart()
    played.play_until(played.clock.now + HOUR)
    [incident] = [one for one in played.ledger.list_incidents() if one.key.code == "export-missing"]
    assert incident.since == at(4, 15)
    judged = played.ledger.current_verdicts(played.world.destination, since=at(4, 6))
    over = played.clock.now - 9 * HOUR
    arrivals = {one.due: one.arrival for one in judged if one.dataset == EVENTS.id and one.due and one.due <= over}
    dues = [at(4, 6) + n * 3 * HOUR for n in range((over - at(4, 6)) // (3 * HOUR) + 1)]
    assert arrivals == {due: Arrival.MISSING if due == lost.due else Arrival.ON_TIME for due in dues}


def test_a_night_off_with_an_incident_open_opens_it_no_second_time(play: Any) -> None:
    """louislam/uptime-kuma#5710, #4085"""
    lost = [Run("web-3h", CLICKS.id, at(4, 9) + n * 3 * HOUR) for n in range(9)]
    played = playing(play, *lost)
    played.play_until(at(4, 20))
    before = [one for one in played.told() if one[2] == "export-missing"]
    assert [kind for _, kind, _, _ in before] == ["opened"]
    played.sleep_until(at(5, 6))
    played.restart()
    played.play_until(at(5, 8))
    after = [one for one in played.told() if one[2] == "export-missing"]
    assert after == before
    [incident] = [one for one in played.ledger.list_incidents() if one.key.code == "export-missing"]
    assert incident.is_open
    assert {member.due for member in incident.members} >= {run.due for run in lost[:6]}
    opened = [event for event in played.ledger.events_between(at(4), at(6)) if event.incident == incident.number]
    assert [event.kind for event in opened].count(EventKind.OPENED) == 1
