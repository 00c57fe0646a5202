"""Every old export is held against what it was within the promise, and what that shows is told at once."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Adapter, OpenAdapter, Unreachable
from auditor.service.audit import open_configured
from auditor.settings import Destination
from auditor.worlds import Run
from tests.service.auditing import verifier
from tests.service.changing import BARE, EVENTS, other
from tests.service.serve.played import Played
from tests.worlds.small import at, small_world

__all__ = ["verifier"]

HOUR = timedelta(hours=1)
RELIST = 12 * HOUR
OLD = Run("json", EVENTS.id, at(3))
SERVICE = "\nservice: {arrival_every: 1h, relist: 12h}\n"


@dataclass(frozen=True)
class Outage:
    """Opens a destination, unless `sign` is there."""

    sign: Path

    def __call__(self, destination: Destination) -> OpenAdapter:
        return partial(self._open, open_configured(destination))

    def _open(self, really: OpenAdapter) -> Adapter:
        if self.sign.exists():
            raise Unreachable("no route to host", destination="lake-backup", operation="open")
        return really()


@pytest.fixture
def outage(tmp_path: Path) -> Outage:
    return Outage(tmp_path / "outage")


@pytest.fixture
def played(tmp_path: Path, verifier: Any, outage: Outage) -> Iterator[Played]:
    """A service that has watched for a day, and listed everything again a moment ago."""
    world = small_world(replace(BARE, every=timedelta(days=1)), now=at(9))
    made = Played(world, tmp_path, at(5, 16), more=SERVICE, open_with=outage, warm=verifier)
    made.play_until(at(6, 2))
    yield made
    made.close()


def files_of(played: Played, run: Run) -> list[Path]:
    folder = played.exports / played.world.delivery(run).prefix
    return sorted(one for one in folder.rglob("*") if one.is_file())


def rewrite(played: Played, path: Path) -> None:
    path.write_bytes(other(path.read_bytes()))
    os.utime(path, (played.clock.now.timestamp(),) * 2)


def opened(played: Played) -> dict[str, datetime]:
    return {one.key.code: one.opened_at for one in played.ledger.live_incidents() if one.is_open}


@pytest.mark.parametrize("what", ["export-deleted", "export-changed"])
def test_what_became_of_an_old_export_is_told_within_the_promise(played: Played, what: str) -> None:
    changed_at = played.clock.now
    path = files_of(played, OLD)[0]
    path.unlink() if what == "export-deleted" else rewrite(played, path)
    played.play_until(changed_at + RELIST + HOUR / 2)
    assert [*opened(played)] == [what]
    assert opened(played)[what] <= changed_at + RELIST


def test_old_exports_that_could_not_be_listed_when_it_was_due_are_listed_once_they_can_be(
    played: Played, outage: Outage
) -> None:
    last = max(moment for moment, name in played.done if name.startswith("relist"))
    files_of(played, OLD)[0].unlink()
    due = last + RELIST - 2 * HOUR
    played.play_until(due - HOUR / 2)
    outage.sign.touch()
    played.play_until(due + HOUR / 2)
    assert played.done[-1][0] >= due
    outage.sign.unlink()
    played.play_until(due + 5 * HOUR)
    assert "export-deleted" in opened(played)


def test_a_look_beyond_the_destinations_says_nothing_of_one_that_cannot_be_reached(
    played: Played, outage: Outage
) -> None:
    outage.sign.touch()
    played.play_until(played.clock.now + 7 * HOUR)
    [incident] = [one for one in played.ledger.live_incidents() if one.key.code == "destination-unreachable"]
    assert incident.is_open
    assert all(incident.sights)


def test_work_that_failed_is_tried_again_within_the_hour(played: Played) -> None:
    thing = next(one for one in played.service.things().values() if one.work == "relist")
    assert thing.every == 10 * HOUR
    played.ledger.begin_loop(thing.name, played.clock.now)
    played.ledger.finish_loop(thing.name, played.clock.now, trouble="the disk was full")
    assert played.service.due_at(thing) == played.clock.now + HOUR
