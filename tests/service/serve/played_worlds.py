"""The worlds that the service is played on, and what befalls their destination meanwhile."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from adapters.base import Adapter, OpenAdapter, Unreachable
from auditor.service.audit import open_configured
from auditor.settings import Destination
from auditor.worlds import Run, World
from tests.worlds.small import DAILY, EVENTS, PROFILES, WEB, at, small_world

OFTEN = replace(WEB, datasets=(EVENTS,), start=at(3), parts=(1, 1), rows=(3, 3), backfill=(1, 3))
ONCE_A_DAY = replace(DAILY, format="json", parts=(1, 1), rows=(3, 3), backfill=(1, 3))
BEGUN = at(4, 0, 30)
"""When the service begins to look, half an hour after the last export: not all that was due is history then."""


def often(**changes: Any) -> World:
    """Every three hours from the 3rd on: late after 2.5 hours, missing after 6."""
    return small_world(replace(OFTEN, **changes), now=at(8))


def once_a_day() -> World:
    """At 02:30 from the 1st on: late after 4 hours, missing after 12, stale after 36."""
    return small_world(ONCE_A_DAY, now=at(8))


def due_often(hour: int, day: int = 4) -> Run:
    return Run(OFTEN.name, EVENTS.id, at(day, hour))


def due_daily(day: int = 4) -> Run:
    return Run(ONCE_A_DAY.name, PROFILES.id, at(day, 2, 30))


class Outage:
    """A destination that gives no answer in some stretches. `clock` is set once the world is played."""

    def __init__(self, *stretches: tuple[datetime, datetime]) -> None:
        self._stretches = stretches
        self.clock: Callable[[], datetime] = lambda: at(1)

    def __call__(self, destination: Destination) -> OpenAdapter:
        if any(began <= self.clock() < ended for began, ended in self._stretches):
            return partial(_no_answer, destination.facts.name)
        return open_configured(destination)


def _no_answer(name: str) -> Adapter:
    raise Unreachable("no answer within 30 seconds", destination=name, operation="list")


def hours(number: float) -> timedelta:
    return timedelta(hours=number)
