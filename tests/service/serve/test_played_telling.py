"""Silences, acknowledgement, reminders, flows that end, another configuration: how telling goes on beside checks."""

import pytest

from auditor.incident_model import Match, NoticeState, Signed, Silence
from auditor.service.accepting import accept_incident
from auditor.worlds import faults
from tests.service.serve.played import TWO_CHANNELS, play  # noqa: F401
from tests.service.serve.played_worlds import BEGUN, due_daily, due_often, hours, often, once_a_day
from tests.service.serve.test_played_runs import stories
from tests.worlds.small import EVENTS, PROFILES, at

STOPPED = faults.stop_runs(once_a_day(), "profiles-daily", PROFILES.id, at(4))
"""Nothing comes from the 4th on."""


def of_code(played, code):
    return [(when, kind) for when, kind, codes, channel in played.told() if codes == code and channel == "mail"]


def test_what_goes_on_is_kept_in_mind_ever_more_rarely(play):  # noqa: F811
    played = play(STOPPED, at(3, 12))
    played.play_until(at(7, 20))
    assert of_code(played, "protection-stale") == [
        ("04 15:00", "opened"),
        ("05 15:00", "reminder"),  # after 24 hours
        ("07 15:00", "reminder"),  # after 48 more
    ]
    assert of_code(played, "export-missing") == [
        ("04 15:00", "opened"),
        ("05 15:00", "reminder"),
        ("07 15:00", "reminder"),
    ]


def test_what_comes_and_goes_in_a_silence_is_never_told_though_it_is_known(play):  # noqa: F811
    played = play(faults.delay(once_a_day(), due_daily(), hours(6)), at(3, 12))
    played.ledger.add_silence(Silence(Match(flow="profiles-daily"), "ann", "known", at(4), at(4, 12)))
    played.play_until(at(5, 12))
    assert played.told() == []
    assert stories(played) == [("export-late", "04 06:30", "recovered", "04 02:30")]


def test_a_hole_that_stays_is_told_when_the_silence_ends(play):  # noqa: F811
    played = play(faults.drop_run(often(), due_often(9)), BEGUN)
    played.ledger.add_silence(Silence(Match(flow="web-3h"), "ann", "known", BEGUN, at(4, 12, 45)))
    played.play_until(at(4, 20))
    assert played.told() == [
        ("04 12:45", "gap", "export-late", "mail"),
        ("04 15:30", "gap", "export-missing", "mail"),
    ]
    assert [story[0] for story in stories(played)] == ["export-late", "export-missing"]


def test_what_goes_on_when_a_silence_ends_is_told_then(play):  # noqa: F811
    played = play(STOPPED, at(3, 12))
    played.ledger.add_silence(Silence(Match(), "ann", "moving house", at(4), at(5, 0, 30)))
    played.play_until(at(5, 6))
    assert [one for one in played.told() if one[3] == "mail"][:2] == [
        ("05 00:30", "opened", "export-missing", "mail"),
        ("05 00:30", "opened", "protection-stale", "mail"),
    ]
    assert all(when >= "05 00:30" for when, *_ in played.told())


def test_what_is_acknowledged_is_not_repeated_and_its_end_is_told(play):  # noqa: F811
    world = once_a_day()
    for day in (4, 5, 6):
        world = faults.drop_run(world, due_daily(day))
    played = play(world, at(3, 12))
    played.play_until(at(4, 16))
    for incident in played.ledger.live_incidents():
        played.ledger.acknowledge(incident.number, Signed("ann", played.clock.now, "on it"))
    told = played.told()
    played.play_until(at(7, 12))
    after = [one for one in played.told()[len(told) :] if one[2] in ("export-missing", "protection-stale")]
    assert {kind for _, kind, _, _ in after} == {"recovered"}
    assert sorted((codes, channel) for _, _, codes, channel in after) == [
        ("export-missing", "mail"),
        ("protection-stale", "mail"),
        ("protection-stale", "pager"),
    ]


def test_a_flow_that_ended_is_one_notice_and_nothing_is_missing_after_it(play):  # noqa: F811
    played = play(faults.end_flow(often(), "web-3h", at(4, 9)), BEGUN)
    played.play_until(at(5, 6))
    assert played.told() == [("04 09:30", "opened", "flow-ended", "mail")]


def test_an_old_export_that_was_deleted_is_told_within_the_promise_and_ends_only_by_accepting(play):  # noqa: F811
    played = play(often(), at(5, 0, 30))
    played.play_until(at(5, 20))
    file, *_ = sorted((played.exports / "backups" / EVENTS.id / "exportTime=202610040900").glob("part-*"))
    file.unlink()
    played.play_until(at(6, 12))
    assert played.told() == [("05 20:30", "opened", "export-deleted", "mail")]
    played.restart()
    played.play_until(at(6, 21))
    [incident] = played.ledger.live_incidents()
    accept_incident(played.ledger, incident.number, Signed("ann", played.clock.now, "no longer needed"))
    played.play_until(at(8))
    assert of_code(played, "export-deleted") == [
        ("05 20:30", "opened"),
        ("06 20:30", "reminder"),
        ("06 22:00", "recovered"),
    ]
    assert {codes for _, _, codes, _ in played.told()} == {"export-deleted"}


def test_the_loss_of_many_exports_is_one_notice_that_holds_back_all_that_follows_from_it(play):  # noqa: F811
    played = play(often(), at(5, 0, 30))
    played.play_until(at(6, 0, 20))
    for folder in (played.exports / "backups" / EVENTS.id).glob("exportTime=2026100[34]*"):
        for file in folder.iterdir():
            file.unlink()
    played.play_until(at(7, 12))
    assert played.told() == [
        ("06 01:30", "opened", "mass-loss", "pager"),
        ("06 01:30", "opened", "mass-loss", "mail"),
        ("07 01:30", "reminder", "mass-loss", "pager"),
        ("07 01:30", "reminder", "mass-loss", "mail"),
    ]


def test_a_wrong_configuration_is_refused_and_the_old_one_goes_on(play):  # noqa: F811
    played = play(faults.drop_run(often(), due_often(9)), BEGUN)
    played.play_until(at(4, 10))
    config = played.home / "auditor.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("to: [mail]", "to: [nobody]"), encoding="utf-8")
    assert not played.service.configured.read_again()
    assert "nobody" in played.service.configured.trouble
    played.play_until(at(4, 13))
    assert played.told() == [("04 12:30", "gap", "export-late", "mail")]


def test_a_flow_that_is_no_longer_configured_has_no_incidents(play):  # noqa: F811
    played = play(STOPPED, at(3, 12))
    played.play_until(at(4, 16))
    assert {one.key.code for one in played.ledger.live_incidents()} == {"export-missing", "protection-stale"}
    config = played.home / "auditor.yaml"
    text = (
        config.read_text(encoding="utf-8")
        .replace("profiles-daily", "another")
        .replace("start: 2026-10-01", "start: 2026-10-08")
    )
    config.write_text(text, encoding="utf-8")
    assert played.service.configured.read_again()
    played.play_until(at(4, 20))
    assert [str(one.closing) for one in played.ledger.list_incidents() if one.key.code != "export-late"] == [
        "not_expected"
    ] * 2
    assert [kind for _, kind in of_code(played, "export-missing")] == ["opened", "recovered"]


@pytest.mark.parametrize("seconds", [-1, 0, 1])
@pytest.mark.parametrize(("border", "code"), [(hours(2.5), "export-late"), (hours(6), "export-missing")])
def test_a_border_belongs_to_the_better_answer(play, border, code, seconds):  # noqa: F811
    """The service begins again at the second in question, and so looks just then."""
    played = play(faults.stop_runs(often(), "web-3h", EVENTS.id, at(4, 9)), BEGUN)
    moment = at(4, 9) + border + hours(seconds / 3600)
    played.sleep_until(moment)
    played.play_until(moment)
    codes = {one.key.code for one in played.ledger.list_incidents()}
    assert (code in codes) is (seconds > 0)


def test_nobody_is_reached_in_these_worlds(play):  # noqa: F811
    """The outbox keeps what would be sent."""
    played = play(faults.drop_run(often(), due_often(9)), BEGUN, more=TWO_CHANNELS)
    played.play_until(at(4, 13))
    assert {one.state for one in played.notices()} == {NoticeState.WAITING}
