"""Runs that come late, never, or broken, as the service lives through them: who is told of what, and when."""

from auditor.incident_model import Closing
from auditor.worlds import faults
from tests.service.serve.played import play  # noqa: F401
from tests.service.serve.played_worlds import BEGUN, due_daily, due_often, hours, often, once_a_day
from tests.worlds.small import at


def stories(played):
    """Of each incident: its code, since when it was so, how it ended, the due times it left as gaps."""
    return [
        (
            one.key.code,
            f"{one.since:%d %H:%M}",
            str(one.closing) if one.closing else "goes on",
            *(f"{gap.due:%d %H:%M}" for gap in one.gaps if gap.due),
        )
        for one in sorted(played.ledger.list_incidents(), key=lambda one: one.number)
    ]


def test_when_all_is_well_nobody_is_told_anything(play):  # noqa: F811
    played = play(often(), BEGUN)
    played.play_until(at(5, 6))
    assert (played.told(), stories(played)) == ([], [])


def test_what_is_late_is_told_and_so_is_its_coming(play):  # noqa: F811
    played = play(faults.delay(once_a_day(), due_daily(), hours(6)), at(3, 12))
    played.play_until(at(5, 12))
    assert played.told() == [
        ("04 07:00", "opened", "export-late", "mail"),
        ("04 10:00", "recovered", "export-late", "mail"),
    ]
    assert stories(played) == [("export-late", "04 06:30", "recovered", "04 02:30")]


def test_what_is_missing_is_told_to_all_it_concerns_and_ends_with_the_next_right_one(play):  # noqa: F811
    played = play(faults.drop_run(once_a_day(), due_daily()), at(3, 12))
    played.play_until(at(5, 12))
    assert played.told() == [
        ("04 07:00", "opened", "export-late", "mail"),
        ("04 15:00", "opened", "export-missing", "mail"),
        ("04 15:00", "opened", "protection-stale", "pager"),
        ("04 15:00", "opened", "protection-stale", "mail"),
        ("04 15:00", "recovered", "export-late", "mail"),
        ("05 04:00", "recovered", "export-missing", "mail"),
        ("05 04:00", "recovered", "protection-stale", "mail"),
        ("05 04:00", "recovered", "protection-stale", "pager"),
    ]
    assert stories(played) == [
        ("export-late", "04 06:30", "replaced"),
        ("export-missing", "04 14:30", "next_right", "04 02:30"),
        ("protection-stale", "04 14:30", "recovered"),
    ]


def test_what_was_missing_and_comes_after_all_recovers_and_is_not_told_again_as_late(play):  # noqa: F811
    played = play(faults.delay(once_a_day(), due_daily(), hours(14)), at(3, 12))
    played.play_until(at(5, 12))
    assert [(when, kind) for when, kind, code, _ in played.told() if code == "export-missing"] == [
        ("04 15:00", "opened"),
        ("04 17:00", "recovered"),
    ]
    assert [(when, kind) for when, kind, code, _ in played.told() if code == "export-late"] == [
        ("04 07:00", "opened"),
        ("04 15:00", "recovered"),
    ]


def test_three_in_a_row_are_one_story(play):  # noqa: F811
    world = often()
    for hour in (6, 9, 12):
        world = faults.drop_run(world, due_often(hour))
    played = play(world, BEGUN)
    played.play_until(at(5, 3))
    assert played.told() == [
        ("04 09:30", "opened", "export-late", "mail"),
        ("04 12:30", "opened", "export-missing", "mail"),
        ("04 15:30", "recovered", "export-late", "mail"),
        ("04 15:30", "recovered", "export-missing", "mail"),
        ("04 18:30", "gap", "export-missing", "mail"),  # the last of them had its deadline after the right one
    ]
    assert stories(played) == [
        ("export-late", "04 08:30", "next_right"),
        ("export-missing", "04 12:00", "next_right", "04 06:00", "04 09:00"),
        ("export-missing", "04 18:00", "next_right", "04 12:00"),
    ]


def test_damage_found_by_reading_is_told_and_ends_with_the_next_sound_export(play):  # noqa: F811
    played = play(faults.truncate_file(often(manifest=False), due_often(9)), BEGUN)
    played.play_until(at(4, 20))
    assert played.told() == [
        ("04 09:30", "opened", "file-truncated", "mail"),
        ("04 12:30", "recovered", "file-truncated", "mail"),
    ]
    assert stories(played) == [("file-truncated", "04 09:30", "next_right", "04 09:00")]


def test_a_hole_that_stays_is_told_once_however_long_the_service_goes_on(play):  # noqa: F811
    played = play(faults.drop_run(often(), due_often(9)), BEGUN)
    played.play_until(at(4, 16))
    told = played.told()
    for day in (5, 6, 7):
        played.play_until(at(day))
        played.restart()
    assert played.told() == told
    [missing] = [one for one in played.ledger.list_incidents() if one.key.code == "export-missing"]
    assert (missing.closing, [gap.due for gap in missing.gaps]) == (Closing.NEXT_RIGHT, [at(4, 9)])
