"""What is due after a cut and after a clock that was set back."""

from datetime import datetime
from typing import Any

from tests.service.serve.played import MINUTE, Played, play
from tests.worlds.small import WEB, at, small_world

__all__ = ["play"]


def played_until(play: Any, moment: datetime) -> Played:
    played: Played = play(small_world(WEB, now=at(5)), at(3, 6))
    played.play_until(moment)
    return played


def test_a_clock_set_back_an_hour_stops_nothing(play: Any) -> None:
    played = played_until(play, at(3, 8))
    done = len(played.done)
    played.clock.now = at(3, 7)
    played.play_until(at(3, 8))
    again = [name for _, name in played.done[done:]]
    assert again.count("place:lake-backup") >= 2  # it is looked at every hour


def test_what_was_cut_off_is_begun_anew_at_once_not_at_its_next_time(play: Any) -> None:
    played = played_until(play, at(3, 8))
    cut = ("relist:lake-backup", "place:lake-backup", "content:lake-backup")
    for name in cut:
        played.ledger.begin_loop(name, at(3, 8, 1))  # and its process was killed
    played.clock.now = at(3, 8, 1)
    played.restart()
    done = len(played.done)
    played.play_until(at(3, 8, 2))
    assert {*cut} <= {name for _, name in played.done[done:]}
    assert not any(played.ledger.read_loops()[name].was_cut_off for name in cut)


def test_a_lease_that_somebody_else_holds_is_waited_for(play: Any) -> None:
    played = played_until(play, at(3, 8))
    name = "place:lake-backup"
    played.clock.now = at(3, 8, 1)
    played.ledger.begin_loop(name, at(3, 8, 1))
    assert played.ledger.take_lease(name, "another", now=at(3, 8, 1), span=MINUTE)
    assert not played.service.work(name)
    played.clock.now = at(3, 8, 2, 1)
    assert played.service.work(name)


def test_nothing_is_read_before_the_first_look_has_said_what_there_is(play: Any) -> None:
    played: Played = play(small_world(WEB, now=at(5)), at(3, 6))
    played.play_until(at(3, 8))
    looks = [name for _, name in played.done if name.endswith("lake-backup")]
    assert looks[:2] == ["place:lake-backup", "content:lake-backup"]
