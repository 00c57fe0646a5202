"""What ends by itself: told in time, once, with where the date was read; nothing is said in steady state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auditor.flow_model import FlowVersion, TargetPlace
from auditor.model import Arrival, Content, Dataset, Flow, Level, Schedule, Severity, Verdict
from auditor.reconcile.ending_soon import find_endings, threshold_of
from auditor.reconcile.endings import Calendar, Credential, Retention, list_endings, newest_sound

NOW = datetime(2026, 10, 15, 9, 30, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
EVENTS = Dataset("5ef3e324052581191aa6a466", "Web events")
WEEK = Retention(7 * DAY, "`retain` in the configuration")


def flow(end: datetime | None = None, **changes) -> Flow:
    schedule = Schedule(NOW - 90 * DAY, end, every=3 * HOUR)
    given = {"experience_platform": "prod", "flow_id": "f1", "schedules": (schedule,)} | changes
    return Flow("web-3h", "lake", (EVENTS,), **given)


def version(end: datetime | None = None, state: str = "enabled", flow_id: str = "f1", **changes) -> FlowVersion:
    given = {"schedule": Schedule(NOW - 90 * DAY, end, every=3 * HOUR), "updated": NOW - 9 * DAY} | changes
    return FlowVersion("prod", flow_id, f"Flow {flow_id}", state, (EVENTS,), TargetPlace("s3"), **given)


def calendar(*flows: Flow, versions=(), **changes) -> Calendar:
    by_id = {(one.platform, one.flow_id): one for one in versions}
    return Calendar(flows, by_id, {"prod": NOW}, **changes)


def found(given: Calendar, severities=None, now: datetime = NOW):
    return [*find_endings(given, severities or {}, now=now)]


def run(
    days_ago: float,
    arrival: Arrival = Arrival.ON_TIME,
    content: Content = Content.SOUND,
    *,
    destination: str = "lake",
    flow: str = "web-3h",
) -> Verdict:
    due = NOW - days_ago * DAY
    level = Level.L3 if content is Content.SOUND else None
    here = arrival in (Arrival.ON_TIME, Arrival.EARLY, Arrival.LATE, Arrival.UNEXPECTED)
    folder = f"backups/{EVENTS.id}/exportTime={due:%Y%m%d%H%M}/" if here else ""
    return Verdict(flow, EVENTS.id, destination, due, arrival, content, level, due + HOUR if here else None, folder)


# --- thresholds ------------------------------------------------------------------------------


@pytest.mark.parametrize("days, reached", [(60, 60), (31, 60), (30, 30), (15, 30), (14, 14), (7, 7), (3, 3), (1, 1)])
def test_a_threshold_is_reached_at_its_very_second(days, reached):
    assert threshold_of(NOW + days * DAY, NOW) == reached


@pytest.mark.parametrize(
    "left, reached",
    [(60 * DAY + SECOND, None), (30 * DAY + SECOND, 60), (DAY + SECOND, 3), (timedelta(0), 1), (-SECOND, None)],
)
def test_a_second_before_it_is_the_one_before(left, reached):
    assert threshold_of(NOW + left, NOW) == reached


# --- flows -----------------------------------------------------------------------------------


def test_an_end_in_the_configuration_is_told_sixty_days_before():
    (told,) = found(calendar(flow(NOW + 60 * DAY)))
    assert (told.code, told.flow, told.destination, told.severity) == (
        "flow-ending",
        "web-3h",
        "lake",
        Severity.WARNING,
    )
    assert told.message == "The flow ends 2026-12-14 09:30 UTC, in 60 days."
    assert (told.evidence["days_left"], told.evidence["reached_days"]) == (60, 60)
    assert found(calendar(flow(NOW + 60 * DAY + SECOND))) == []


def test_an_end_that_only_flow_service_knows_is_told_as_read():
    (told,) = found(calendar(flow(), versions=[version(NOW + 5 * DAY)]))
    assert told.evidence["reached_days"] == 7
    assert told.evidence["sources"] == [
        "endTime of the flow in prod, read 2026-10-15 09:30 UTC: 2026-10-20 09:30 UTC",
    ]


def test_no_end_is_computed_for_a_flow_without_one():
    # AdobeDocs/experience-platform.en:help/destinations/ui/dataset-expiration-update.md gives old flows another end
    # than the documentation's page on exporting datasets: neither is a date that was read of the flow.
    old = version(created=NOW - 182 * DAY)
    assert found(calendar(flow(), versions=[old])) == []
    assert list_endings(calendar(flow(), versions=[old])) == ()


def test_the_earlier_of_two_ends_holds_and_both_are_shown():
    (told,) = found(calendar(flow(NOW + 50 * DAY), versions=[version(NOW + 2 * DAY)]))
    assert told.evidence["reached_days"] == 3
    assert len(told.evidence["sources"]) == 2


def test_the_same_end_by_both_is_one_entry():
    end = NOW + 50 * DAY
    (ending,) = list_endings(calendar(flow(end), versions=[version(end)]))
    assert ending.source == "endTime of the flow in prod, read 2026-10-15 09:30 UTC"
    assert (ending.flow, ending.subject, ending.platform) == ("web-3h", "Flow f1", "prod")


@pytest.mark.parametrize(
    "given",
    [
        calendar(flow(NOW - SECOND)),  # flow-ended tells it
        calendar(flow(), versions=[version(NOW - SECOND)]),
        calendar(flow(NOW + DAY), versions=[version(NOW + DAY, "disabled")]),  # it has stopped already
        calendar(flow(schedules=(Schedule(NOW - DAY, NOW + DAY, once=True),))),
        calendar(flow(), versions=[version(NOW + DAY, flow_id="f2")]),  # nobody audits it
    ],
)
def test_what_is_over_disabled_or_not_audited_is_no_warning(given):
    assert found(given) == []


def test_a_flow_that_nobody_audits_stands_in_the_calendar():
    (ending,) = list_endings(calendar(flow(), versions=[version(NOW + DAY, flow_id="f2")]))
    assert (ending.subject, ending.flow, ending.code) == ("Flow f2", "", "flow-ending")


def test_a_disabled_flow_stands_in_the_calendar_since_its_last_change():
    (ending,) = list_endings(calendar(flow(), versions=[version(None, "disabled")]))
    assert (ending.when, ending.code) == (NOW - 9 * DAY, "flow-disabled")


def test_a_flow_says_its_own_severity():
    (told,) = found(calendar(flow(NOW + DAY, severities={"flow-ending": Severity.ERROR})))
    assert told.severity is Severity.ERROR


def test_only_the_last_schedule_of_a_flow_ends_it():
    earlier = Schedule(NOW - 90 * DAY, NOW + DAY, every=HOUR)
    assert found(calendar(flow(schedules=(earlier, Schedule(NOW - DAY, every=HOUR))))) == []


# --- credentials -----------------------------------------------------------------------------

SAS = Credential(NOW + 10 * DAY, "sas_token of lake", "se= of the token", "lake")


def test_a_credential_is_told_before_it_ends():
    (told,) = found(Calendar(credentials=[SAS]))
    assert (told.code, told.destination, told.key) == ("credential-expiring", "lake", "sas_token of lake")
    assert told.message == "sas_token of lake ends 2026-10-25 09:30 UTC, in 10 days."
    assert told.evidence["reached_days"] == 14


def test_one_that_is_renewed_by_itself_is_only_in_the_calendar():
    given = Calendar(credentials=[replace(SAS, renewed=True)])
    assert found(given) == []
    assert [ending.source for ending in list_endings(given)] == [
        "se= of the token; the audit fetches new ones by itself"
    ]


@pytest.mark.parametrize("when", [NOW - SECOND, NOW + 61 * DAY])
def test_one_that_has_ended_or_is_good_for_long_is_no_warning(when):
    assert found(Calendar(credentials=[replace(SAS, when=when)])) == []


def test_of_a_day_only_the_day_is_told_and_it_is_told_to_its_end():
    day = datetime(2026, 10, 25, tzinfo=UTC)
    written = replace(SAS, when=day, day_only=True, subject="secret of channel pager", source="`expires`")
    (told,) = found(Calendar(credentials=[written]))
    assert told.message == "secret of channel pager ends 2026-10-25, in 9 days."
    (ending,) = list_endings(Calendar(credentials=[written]))
    assert (ending.when, ending.day_only) == (day, True)
    today = replace(written, when=NOW.replace(hour=0, minute=0))
    (told,) = found(Calendar(credentials=[today]))
    assert told.message == "secret of channel pager ends 2026-10-15, today."
    assert (told.evidence["reached_days"], told.evidence["days_left"]) == (1, 0)
    assert found(Calendar(credentials=[replace(today, when=today.when - DAY)])) == []


def test_a_destination_says_its_own_severity():
    (told,) = found(Calendar(credentials=[SAS]), {"lake": {"credential-expiring": Severity.ERROR}})
    assert told.severity is Severity.ERROR


# --- exports ---------------------------------------------------------------------------------

LAKE = {"lake": WEEK}
MISSED = run(4.4, Arrival.MISSING, Content.UNCHECKED)


def relay(*runs: Verdict, flows=None, retentions=None, **changes) -> Calendar:
    return calendar(*(flows or [flow()]), runs=runs, retentions=LAKE if retentions is None else retentions, **changes)


def test_the_calendar_has_every_export_that_will_be_removed():
    endings = list_endings(relay(run(0.5), run(0.25), run(0.1, Arrival.MISSING, Content.UNCHECKED)))
    assert [ending.when - NOW for ending in endings] == [6.5 * DAY, 6.75 * DAY]
    assert {ending.source for ending in endings} == {"`retain` in the configuration"}
    assert len(list_endings(relay(run(0.5), run(0.25)), every_export=False)) == 1


def test_steady_state_is_silent():
    assert found(relay(*[run(hours / 24) for hours in range(1, 168, 3)])) == []


def test_a_weekly_export_that_is_removed_when_the_next_one_comes_is_silent():
    assert found(relay(run(6), run(13, Arrival.EXPIRED, Content.UNCHECKED))) == []


def test_the_last_copy_is_told_three_days_before_it_goes():
    (told,) = found(relay(run(4.5), MISSED))
    assert (told.code, told.flow, told.dataset, told.destination) == ("export-expiring", "web-3h", EVENTS.id, "lake")
    assert told.key == run(4.5).folder
    assert (
        told.message
        == "The newest sound export is removed 2026-10-17 21:30 UTC, in 2 days; nothing sound came after it."
    )
    assert found(relay(run(3.9), run(3.8, Arrival.MISSING, Content.UNCHECKED))) == []


@pytest.mark.parametrize(
    "later",
    [
        run(4, Arrival.ON_TIME, Content.DAMAGED),
        run(4, Arrival.LATE, Content.INCOMPLETE),
        run(4, Arrival.MISSING, Content.UNCHECKED),
    ],
)
def test_bad_exports_after_it_do_not_save_it(later):
    assert [one.code for one in found(relay(run(4.5), later))] == ["export-expiring"]


@pytest.mark.parametrize(
    "later",
    [
        run(4, Arrival.UNKNOWN, Content.UNVERIFIABLE),
        run(4, Arrival.ON_TIME, Content.UNVERIFIABLE),
        run(4, Arrival.NOT_NEEDED, Content.UNCHECKED),
        run(4, Arrival.ARRIVING, Content.UNCHECKED),
        run(5, Arrival.MISSING, Content.UNCHECKED),  # before it
    ],
)
def test_what_could_not_be_seen_is_not_called_lost(later):
    assert found(relay(run(4.5), later)) == []


@pytest.mark.parametrize(
    "given",
    [
        relay(run(4.5), flows=[flow(NOW - 4 * DAY)]),
        relay(run(4.5), versions=[version(None, "disabled")]),
        relay(run(4.5), versions=[version(NOW - DAY)]),
        relay(run(4.5), flows=[flow(schedules=(Schedule(NOW - 4.5 * DAY, once=True),))]),
    ],
)
def test_the_last_copy_of_a_flow_that_has_stopped_is_told(given):
    assert [one.code for one in found(given)] == ["export-expiring"]


def test_a_copy_that_stays_elsewhere_saves_it():
    kept = run(4.5, destination="archive", flow="web-archive")
    assert found(relay(run(4.5), MISSED, kept)) == []
    older = replace(kept, due=kept.due - DAY)
    assert len(found(relay(run(4.5), MISSED, older))) == 1


def test_what_is_removed_already_is_not_about_to_be():
    assert found(relay(run(7.1), MISSED)) == []


def test_without_retention_nothing_is_removed():
    assert found(relay(run(4.5), MISSED, retentions={})) == []
    assert list_endings(relay(run(4.5), retentions={})) == ()


def test_a_retention_past_all_calendars_ends_nothing():
    assert list_endings(relay(run(1), retentions={"lake": Retention(timedelta.max, "")})) == ()


def test_the_newest_sound_one_is_by_due_time_or_arrival():
    folder = replace(run(0.1, Arrival.UNEXPECTED), due=None)
    assert newest_sound([run(1), run(2), run(0.5, Arrival.ON_TIME, Content.DAMAGED)]) == [run(1)]
    assert newest_sound([folder, run(1)]) == [folder]
    assert newest_sound([run(1), folder]) == [folder]


def test_soonest_comes_first():
    given = calendar(flow(NOW + 3 * DAY), credentials=[SAS], runs=[run(1)], retentions=LAKE)
    assert [ending.code for ending in list_endings(given)] == ["flow-ending", "export-expiring", "credential-expiring"]
