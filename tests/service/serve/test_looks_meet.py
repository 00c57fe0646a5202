"""Looks at one destination that run into each other: what an older one has seen is told as nothing new."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.service.options import Quiet
from auditor.worlds import Run, faults
from tests.service.serve.played import Played
from tests.worlds.small import CLICKS, EVENTS, WEB, at, small_world

MINUTE = timedelta(minutes=1)
LATE = Run("web-3h", EVENTS.id, at(4, 9))
PLACE = "lake-backup"
LISTING, JUDGING = f"listing {PLACE}", f"verifying web-3h / {CLICKS.id}"


class Meanwhile(Quiet):
    """What happens when a look comes to this stage."""

    def __init__(self, text: str, happens: Callable[[], None]) -> None:
        self._text = text
        self._happens = happens

    def stage(self, text: str, total: int | None = None) -> None:
        if text == self._text:
            self._text = ""
            self._happens()


@pytest.fixture
def played(tmp_path: Path) -> Iterator[Played]:
    """One export comes a little too late, at about ten to twelve."""
    world = faults.delay(small_world(WEB, now=at(5)), LATE, timedelta(hours=2, minutes=40))
    made = Played(world, tmp_path, at(4, 8))
    yield made
    made.close()


def look(played: Played, moment: datetime, progress: Any = None, *, whole: bool = False) -> list[str]:
    """What became of incidents by one look at `moment`."""
    played.sleep_until(moment)
    looking = played.service._looking
    looked = looking.at_place(played.service.config, PLACE, now=moment, progress=progress or Quiet(), whole=whole)
    return [f"{one.key.code} {one.state}" for one in looked.changed]


def live(played: Played) -> list[str]:
    return [one.key.code for one in played.ledger.live_incidents()]


@pytest.mark.parametrize("whole", [False, True])
def test_a_slow_look_does_not_tell_again_what_a_later_one_saw_to_be_over(played: Played, whole: bool) -> None:
    look(played, at(4, 9), whole=True)
    assert look(played, at(4, 11, 40)) == ["export-late open"]
    told: list[str] = []
    later = Meanwhile(JUDGING, lambda: told.extend(look(played, at(4, 11, 58))))
    assert look(played, at(4, 11, 42), later, whole=whole) == []
    assert told == ["export-late closed"]
    assert live(played) == []


def test_an_export_that_comes_during_a_long_look_has_not_come_before_that_began(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = at(4, 11, 20)
    monkeypatch.setattr("auditor.service.place.monotonic", lambda: (played.clock.now - began).total_seconds())
    look(played, at(4, 9), whole=True)
    # A look that began in time comes to this folder half an hour later.
    looking = Meanwhile(LISTING, lambda: played.sleep_until(at(4, 11, 58)))
    look(played, began, looking, whole=True)
    look(played, at(4, 12, 5))
    [run] = [v for v in played.ledger.current_verdicts(PLACE) if (v.dataset, v.due) == (LATE.dataset, LATE.due)]
    assert str(run.arrival) == "late"
