"""What the service could not see, or was not there to see: told once, and judged afterwards from what storage shows."""

import random

import pytest

from auditor.worlds import faults
from tests.service.serve.played import TWO_CHANNELS, play  # noqa: F401
from tests.service.serve.played_worlds import BEGUN, Outage, due_often, hours, often
from tests.service.serve.test_played_runs import stories
from tests.worlds.small import at

HOLE = faults.drop_run(often(), due_often(9))
"""The export of 9 o'clock never comes: late since 11:30, missing since 15:00."""


def played_with_outage(play, world, *stretches):  # noqa: F811
    outage = Outage(*stretches)
    played = play(world, BEGUN, open_with=outage)
    outage.clock = played.clock
    return played


def test_an_outage_is_one_notice_and_what_it_hid_is_judged_afterwards(play):  # noqa: F811
    played = played_with_outage(play, HOLE, (at(4, 11), at(4, 14, 30)))
    played.play_until(at(5))
    assert played.told() == [
        ("04 13:30", "opened", "destination-unreachable", "mail"),  # when it was seen three times
        ("04 14:30", "gap", "export-late", "mail"),
        ("04 14:30", "recovered", "destination-unreachable", "mail"),
        ("04 15:30", "gap", "export-missing", "mail"),
    ]


def test_an_outage_over_all_due_times_holds_back_what_is_missing_until_it_can_be_seen(play):  # noqa: F811
    played = played_with_outage(play, HOLE, (at(4, 10), at(5)))
    played.play_until(at(5, 6))
    assert played.told() == [
        ("04 12:30", "opened", "destination-unreachable", "mail"),
        ("05 00:30", "gap", "export-missing", "mail"),
        ("05 00:30", "recovered", "destination-unreachable", "mail"),
    ]
    assert stories(played)[1] == ("export-missing", "04 15:00", "next_right", "04 09:00")


def test_an_outage_while_all_is_well_says_nothing_of_exports(play):  # noqa: F811
    played = played_with_outage(play, often(), (at(4, 10), at(5)))
    played.play_until(at(5, 6))
    assert {codes for _, _, codes, _ in played.told()} == {"destination-unreachable"}


def test_of_a_blip_nobody_is_told(play):  # noqa: F811
    played = played_with_outage(play, often(), (at(4, 11, 25), at(4, 11, 35)))
    played.play_until(at(4, 20))
    assert played.told() == []


def test_where_nothing_could_be_seen_nothing_was_watched(play):  # noqa: F811
    played = played_with_outage(play, often(), (at(4, 10), at(4, 20)))
    played.play_until(at(5))
    [before, after] = [s for s in played.ledger.watch_spans(since=at(1), until=at(9)) if s.thing != "beyond"]
    assert (before.ended, after.began) == (at(4, 9, 30), at(4, 20, 30))


@pytest.mark.parametrize(
    ("stopped", "again", "told"),
    [
        (
            at(4, 11, 59, 59),
            at(4, 12, 0, 2),
            ["04 12:00 opened export-late", "04 12:30 recovered export-late", "04 15:00 gap export-missing"],
        ),
        (at(4, 11, 20), at(4, 14, 20), ["04 14:20 gap export-late", "04 15:20 gap export-missing"]),
        (at(4, 8), at(7, 8), ["07 08:00 gap export-missing"]),
    ],
    ids=["3 s", "3 h", "3 days"],
)
def test_after_a_stop_all_that_was_due_is_judged_by_its_own_time(play, stopped, again, told):  # noqa: F811
    played = play(HOLE, BEGUN)
    played.play_until(stopped)
    played.sleep_until(again)
    played.restart()
    played.play_until(again.replace(hour=20))
    assert [" ".join(one[:3]) for one in played.told()] == told
    [missing] = [one for one in played.ledger.list_incidents() if one.key.code == "export-missing"]
    assert missing.since == at(4, 15)


def test_a_stop_is_a_hole_in_what_was_watched_and_what_was_told_is_not_told_again(play):  # noqa: F811
    world = faults.drop_run(HOLE, due_often(12))
    played = play(world, BEGUN)
    played.play_until(at(4, 13, 45))
    told = played.told()
    assert told == [("04 12:30", "opened", "export-late", "mail")]
    played.sleep_until(at(5, 8, 15))
    played.restart()
    played.play_until(at(5, 20))
    assert [one for one in played.told() if one not in told] == [
        ("05 08:15", "gap", "export-missing", "mail"),
        ("05 08:15", "recovered", "export-late", "mail"),
    ]
    spans = [(s.began, s.ended) for s in played.ledger.watch_spans(since=at(1), until=at(9))]
    assert [began for began, _ in spans] == [BEGUN, at(5, 8, 15)]
    assert spans[0][1] == at(4, 13, 30)


TROUBLED = faults.truncate_file(
    faults.drop_run(faults.drop_run(often(manifest=False), due_often(6)), due_often(9)), due_often(18)
)


def restarted_at(played, moments):
    for moment in sorted(moments):
        played.play_until(moment)
        played.restart()
    played.play_until(at(5, 6))
    return played


def test_restarts_between_two_looks_change_nothing_that_is_told(play):  # noqa: F811
    chance = random.Random(7)
    looks = [BEGUN + hours(number) for number in range(1, 29)]
    undisturbed = restarted_at(play(TROUBLED, BEGUN), [])
    restarted = restarted_at(play(TROUBLED, BEGUN), chance.sample(looks, 10))
    assert (
        restarted.told()
        == undisturbed.told()
        == [
            ("04 09:30", "opened", "export-late", "mail"),
            ("04 12:30", "gap", "export-missing", "mail"),
            ("04 12:30", "recovered", "export-late", "mail"),
            ("04 15:30", "gap", "export-missing", "mail"),
            ("04 18:30", "opened", "file-truncated", "mail"),
            ("04 21:30", "recovered", "file-truncated", "mail"),
        ]
    )
    assert stories(restarted) == stories(undisturbed)


def test_restarts_at_random_moments_tell_of_the_same_holes_once_each(play):  # noqa: F811
    """A start looks at once, and so sees what goes on at other moments: what is told of is the same."""
    chance = random.Random(1)
    moments = [BEGUN + chance.random() * hours(29) for _ in range(12)]
    restarted = restarted_at(play(TROUBLED, BEGUN), moments)
    holes = [(story[0], gap) for story in stories(restarted) for gap in story[3:]]
    assert sorted(holes) == [
        ("export-missing", "04 06:00"),
        ("export-missing", "04 09:00"),
        ("file-truncated", "04 18:00"),
    ]
    begun = [codes for _, kind, codes, _ in restarted.told() if kind != "recovered"]
    assert sorted(begun) == ["export-late", "export-missing", "export-missing", "file-truncated"]
