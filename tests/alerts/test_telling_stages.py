"""Who is told what, when, and why everything else is not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.alerts.stages.case import Told
from auditor.incident_model import Closing, EventKind, EventState, Match, NoticeState
from auditor.model import Severity
from auditor.settings.alerts import Route
from tests.alerts.telling_worlds import ALL, A, B, C, World, at, configured, key, shown

CRITICAL = Match(severity=Severity.CRITICAL)
ROUTES = (
    Route("critical", ("pager", "mail"), CRITICAL),
    Route("web", ("hook",), Match(team="web")),
    Route("rest", ("mail",)),
)
WHO = [  # told, routes, incident, severity, channels
    ("critical goes to the pager", ROUTES, key("protection-stale"), "critical", ["pager", "mail"]),
    ("a team's own dataset goes to its hook, and nowhere else", ROUTES, key(dataset=A), "error", ["hook"]),
    ("another team's does not", ROUTES, key(dataset=B), "error", ["mail"]),
    ("warnings are told by default", (ALL,), key("export-late"), "warning", ["mail"]),
    ("remarks are not", (ALL,), key("export-early"), "info", []),
    ("unless a route says so", (Route("1", ("mail",), Match(severity=Severity.INFO)),), key(), "info", ["mail"]),
    ("a severity is meant exactly", (Route("1", ("mail",), Match(severity=Severity.ERROR)),), key(), "critical", []),
    ("the first match wins", (Route("1", ("a",)), Route("2", ("b",))), key(), "error", ["a"]),
    ("unless it continues", (Route("1", ("a",), goes_on=True), Route("2", ("b", "a"))), key(), "error", ["a", "b"]),
    ("a destination concerns everybody there", ROUTES, key("access-denied", "", ""), "error", ["hook", "mail"]),
    ("and nobody elsewhere", (Route("1", ("crm",), Match(team="crm")),), key("access-denied", "", ""), "error", []),
    ("a flow concerns each of its teams", ROUTES, key("flow-disabled", dataset=""), "error", ["hook", "mail"]),
    (
        "Experience Platform concerns all",
        (*ROUTES[:2], Route("crm", ("crm",), Match(team="crm")), ROUTES[2]),
        key("flow-service-unreachable", "", "", ""),
        "error",
        ["hook", "crm", "mail"],
    ),
    (
        "a sandbox concerns the flows that are held against it",
        ROUTES,
        key("access-denied", "", "", "prod"),
        "error",
        ["hook", "mail"],
    ),
    ("a channel that is broken is nobody's flow", ROUTES, key("notices-undelivered", "", "", ""), "warning", ["mail"]),
    ("by tag", (Route("1", ("law",), Match(tag="gd*")),), key(dataset=A), "error", ["law"]),
    ("by owner", (Route("1", ("jo",), Match(owner="*@example.com")),), key(dataset=B), "error", ["jo"]),
    ("by name of the dataset", (Route("1", ("x",), Match(dataset="Web"))), key(dataset=A), "error", ["x"]),
    ("by its id", (Route("1", ("x",), Match(dataset=A))), key(dataset=A), "error", ["x"]),
    ("by code and flow", (Route("1", ("x",), Match(code="export-*", flow="web-*")),), key(), "error", ["x"]),
    ("all must fit", (Route("1", ("x",), Match(code="export-*", flow="daily")),), key(), "error", []),
    (
        "what is not configured fits what asks for nothing",
        (ALL,),
        key("unknown-dataset", "", "z", "old"),
        "error",
        ["mail"],
    ),
    ("no route at all", (), key(), "critical", []),
]


@pytest.mark.parametrize("told, routes, what, severity, channels", WHO, ids=[case[0] for case in WHO])
def test_who_is_told(told, routes, what, severity, channels):
    world = World(configured(*(routes if isinstance(routes, tuple) else (routes,))))
    world.opens("08:00", what, severity)
    assert [draft.target.channel for draft in world.tell("08:00")] == channels
    (event,) = world.events.values()
    if channels:
        assert (event.state, event.reason) == (EventState.TOLD, f"told to {', '.join(channels)}")
    else:
        reason = "no route matches" if routes else "no route is configured"
        assert (event.state, event.reason) == (EventState.DROPPED, reason)
    assert event.settled_at == at("08:00")


def test_one_notice_per_flow_and_cause_not_per_dataset():
    world = World()
    world.opens("08:00", key(dataset=A))
    world.opens("08:00", key(dataset=B))
    world.opens("08:00", key("export-late", dataset=B), "warning")
    assert shown(world.tell("08:00")) == ["mail opened 1 2", "mail opened 3"]


def test_what_is_told_is_told_once():
    world = World()
    world.opens("08:00")
    assert shown(world.tell("08:00")) == ["mail opened 1"]
    assert [world.tell(f"{hour:02}:00") for hour in range(8, 24)] == [[]] * 16


def test_the_same_key_is_never_written_twice():
    world = World()
    world.opens("08:00")
    (draft,) = world.tell("08:00")
    world.events[1] = type(world.events[1])(1, EventKind.OPENED, at("08:00"), Severity.ERROR, 1)  # as before the crash
    assert world.tell("08:05") == []
    assert world.fates() == ["told: told to mail"]
    assert [one.key for one in world.told] == [draft.key]


def test_a_group_is_gathered_and_what_joins_meanwhile_goes_with_it():
    world = World(configured(Route("1", ("mail",), group_wait=timedelta(minutes=2))))
    world.opens("08:00", key(dataset=A))
    assert world.tell("08:00") == []
    assert world.fates() == ["waiting: gathering until 08:02:00 UTC"]
    world.opens("08:01", key(dataset=B))
    assert world.tell("08:01") == []
    assert shown(world.tell("08:02")) == ["mail opened 1 2"]


def test_what_gets_worse_is_told_at_once_with_what_gathers():
    world = World(configured(Route("1", ("mail",), group_wait=timedelta(minutes=30))))
    one = world.opens("08:00", severity="warning")
    world.opens("08:00", key(dataset=B))
    world.worsens(one, "08:05")
    assert shown(world.tell("08:05")) == ["mail opened 1 2"]


def test_worse_than_it_was_told_is_told_by_the_routes_for_that():
    world = World(configured(*ROUTES))
    one = world.opens("08:00", key(dataset=B))
    world.tell("08:00")
    world.worsens(one, "09:00")
    assert shown(world.tell("09:00")) == ["pager worsened 1", "mail worsened 1"]


JOINED = [("error", [], "dropped: stands in the next reminder"), ("critical", ["mail joined 1"], "told: told to mail")]


@pytest.mark.parametrize("severity, drafts, fate", JOINED)
def test_another_due_time_is_news_only_of_what_is_critical(severity, drafts, fate):
    world = World()
    one = world.opens("08:00", severity=severity)
    world.tell("08:00")
    world.happens(one, EventKind.JOINED, "11:00")
    assert shown(world.tell("11:00")) == drafts
    assert world.fates()[-1] == fate


def test_a_gap_is_told_once_and_never_reminded_of():
    world = World()
    one = world.opens("08:00")
    del world.events[1]
    world.closes(one, "08:00", Closing.NEXT_RIGHT)
    world.events = {1: type(world.events[1])(one, EventKind.GAP, at("08:00"), Severity.ERROR, 1)}
    (draft,) = world.tell("08:00")
    assert (shown([draft]), draft.next_reminder) == (["mail gap 1"], None)
    assert world.tell("9d 08:00") == []


# --- root causes -----------------------------------------------------------------------------


def explained():
    world = World()
    cause = world.opens("08:00", key("destination-unreachable", "", ""))
    child = world.opens("08:00", cause=cause)
    return world, cause, child


def test_what_another_incident_explains_waits_for_it():
    world, _, _ = explained()
    assert shown(world.tell("08:00")) == ["mail opened 1"]
    assert world.fates()[1] == "waiting: incident 1 explains it"
    assert shown(world.tell("3d 08:00")) == ["mail reminder 1"], "no reminder of what is explained"


def test_it_is_told_when_the_cause_is_over_and_it_goes_on():
    world, cause, child = explained()
    world.tell("08:00")
    world.closes(cause, "12:00")
    assert shown(world.tell("12:00")) == ["mail opened 2", "mail recovered 1"]
    world.closes(child, "13:00")
    assert shown(world.tell("13:00")) == ["mail recovered 2"]


def test_it_is_not_told_when_it_ended_with_its_cause():
    world, cause, child = explained()
    world.tell("08:00")
    world.closes(cause, "12:00")
    world.closes(child, "12:00")
    assert shown(world.tell("12:00")) == ["mail recovered 1"]
    assert world.fates()[1] == "dropped: incident 1 explains it, and it was over before that ended"
    assert world.fates()[3] == "dropped: nobody was told that it began"


def test_an_end_is_told_though_something_explains_it_by_now():
    world = World()
    one = world.opens("08:00")
    world.tell("08:00")
    cause = world.opens("09:00", key("destination-unreachable", "", ""))
    world.change(one, cause=cause)
    world.tell("09:00")
    world.closes(one, "10:00")
    assert shown(world.tell("10:00")) == ["mail recovered 1"]


def test_incidents_that_explain_each_other_explain_nothing():
    world = World()
    world.opens("08:00", cause=2)
    world.opens("08:00", key("export-late"), cause=1)
    assert len(world.tell("08:00")) == 2


# --- over before it was told -----------------------------------------------------------------

OVER = [  # closing, drafts, fate of the opening
    (Closing.RECOVERED, [], "dropped: over before it was told"),
    (Closing.WAIVED, [], "dropped: over before it was told"),
    (Closing.NEXT_RIGHT, ["mail gap 1"], "told: told to mail"),
]


@pytest.mark.parametrize("closing, drafts, fate", OVER)
def test_what_was_over_before_anybody_was_told_leaves_at_most_its_gap_to_tell(closing, drafts, fate):
    world = World()
    one = world.opens("08:00")
    world.closes(one, "08:01", closing)
    assert shown(world.tell("08:02")) == drafts
    assert world.fates() == [fate, "dropped: nobody was told that it began"]


# --- silences and acknowledgements -----------------------------------------------------------


def test_a_silence_holds_back_and_what_is_open_at_its_end_is_told_then():
    world = World()
    world.silence(Match(flow="web-*"), "07:00", "10:00")
    world.opens("08:00")
    world.opens("08:00", key(flow="daily", dataset=C, destination="vault"))
    assert shown(world.tell("08:00")) == ["mail opened 2"]
    assert world.fates()[0] == "waiting: silence 1 holds until 2026-11-02 10:00 UTC"
    assert shown(world.tell("10:00")) == ["mail opened 1"]


def test_what_ended_during_a_silence_is_not_told():
    world = World()
    world.silence(Match(code="export-missing"), "07:00", "10:00")
    one = world.opens("08:00")
    world.tell("08:00")
    world.closes(one, "09:00", Closing.NEXT_RIGHT)
    assert world.tell("10:00") == []
    assert world.fates()[0] == (
        "dropped: silence 1 holds until 2026-11-02 10:00 UTC, and it was over before that ended"
    )


def test_what_was_told_before_a_silence_is_not_reminded_of_and_its_end_is_told():
    world = World()
    one = world.opens("08:00")
    world.tell("08:00")
    world.silence(Match(), "09:00", "3d 09:00")
    assert world.tell("2d 08:00") == []
    world.closes(one, "2d 09:00")
    assert shown(world.tell("2d 09:00")) == ["mail recovered 1"]


SILENCES = [  # told, match, incident, held
    ("a team's silence does not hide what others lose too", Match(team="web"), key("access-denied", "", ""), False),
    ("a destination's holds what is wrong with it", Match(destination="lake"), key("access-denied", "", ""), True),
    ("a flow's does not hide its destination", Match(flow="web-3h"), key("access-denied", "", ""), True),
    ("another severity is not meant", CRITICAL, key(), False),
]


@pytest.mark.parametrize("told, match, what, held", SILENCES, ids=[case[0] for case in SILENCES])
def test_what_a_silence_holds(told, match, what, held):
    world = World()
    world.silence(match, "07:00", "10:00")
    world.opens("08:00", what)
    assert (world.tell("08:00") == []) is held


def test_what_is_acknowledged_is_not_reminded_of_and_its_end_is_told():
    world = World()
    one = world.opens("08:00")
    world.tell("08:00")
    world.acknowledge(one, "09:00")
    assert world.tell("9d 08:00") == []
    world.closes(one, "9d 09:00")
    assert shown(world.tell("9d 09:00")) == ["mail recovered 1"]


def test_what_gets_worse_after_it_was_acknowledged_is_told():
    world = World()
    one = world.opens("08:00")
    world.tell("08:00")
    world.acknowledge(one, "09:00")
    world.worsens(one, "10:00")
    (draft,) = world.tell("10:00")
    assert (shown([draft]), draft.next_reminder) == (["mail worsened 1"], None)


def test_what_somebody_has_acknowledged_before_it_was_told_is_known():
    world = World()
    world.silence(Match(), "07:00", "10:00")
    one = world.opens("08:00")
    world.tell("08:00")
    world.acknowledge(one, "09:00")
    assert world.tell("10:00") == []
    assert world.fates() == ["dropped: acknowledged by jo"]


# --- reminders -------------------------------------------------------------------------------


def test_reminders_come_ever_more_rarely_and_at_least_weekly():
    world = World()
    world.opens("08:00")
    hours = [hour for hour in range(24 * 36) if world.tell(at("08:00") + timedelta(hours=hour))]
    assert [hour // 24 for hour in hours] == [0, 1, 3, 7, 14, 21, 28, 35]


def test_a_reminder_says_when_the_next_one_comes():
    world = World()
    world.opens("08:00")
    (first,) = world.tell("08:00")
    (second,) = world.tell("1d 08:00")
    assert (first.next_reminder, second.next_reminder) == (at("1d 08:00"), at("3d 08:00"))
    assert second.told_at == at("08:00")


def test_three_days_without_the_service_bring_one_reminder():
    world = World()
    world.opens("08:00")
    world.tell("08:00")
    assert shown(world.tell("4d 08:00")) == ["mail reminder 1"]


def test_two_instances_write_the_same_reminder():
    world = World()
    world.opens("08:00")
    world.tell("08:00")
    other = World(world.config, world.incidents, dict(world.events), told=list(world.told))
    assert [one.key for one in world.tell("1d 08:00")] == [one.key for one in other.tell("1d 08:05")]


def test_nothing_is_reminded_of_before_it_was_told():
    quick = Route("1", ("mail",), group_wait=timedelta(hours=1), repeat=timedelta(minutes=10))
    world = World(configured(quick))
    world.opens("08:00")
    assert world.tell("08:30") == []
    assert shown(world.tell("09:00")) == ["mail opened 1"]


def test_what_is_new_in_a_group_is_told_instead_of_a_reminder():
    world = World()
    world.opens("08:00", key(dataset=A))
    world.tell("08:00")
    world.opens("1d 08:00", key(dataset=B))
    assert shown(world.tell("1d 08:00")) == ["mail opened 1 2"]


def test_a_route_that_leads_elsewhere_now_reminds_there_when_the_next_one_is_due():
    world = World()
    world.opens("08:00")
    world.tell("08:00")
    world.tell("1d 08:00")
    world.config = configured(Route("1", ("chat",)))
    assert world.tell("2d 07:00") == []
    assert shown(world.tell("2d 08:00")) == ["chat reminder 1"]


def test_a_channel_that_came_with_a_new_configuration_is_reminded_of_what_goes_on():
    world = World(configured())
    world.opens("08:00")
    world.tell("08:00")
    assert world.fates() == ["dropped: no route is configured"]
    world.config = configured(ALL)
    assert world.tell("09:00") == []
    assert shown(world.tell("1d 08:00")) == ["mail reminder 1"]


def test_the_next_pass_is_known():
    from auditor.alerts.planning import make_plan

    world = World(configured(Route("1", ("mail",), group_wait=timedelta(minutes=2), repeat=timedelta(hours=6))))
    world.opens("08:00")
    assert make_plan(world.picture(at("08:00")), world.config).next_at == at("08:02")
    world.tell("08:02")
    assert make_plan(world.picture(at("08:03")), world.config).next_at == at("14:02")
    world.silence(Match(), "09:00", "10:00")
    assert make_plan(world.picture(at("09:00")), world.config).next_at == at("10:00")


# --- recoveries ------------------------------------------------------------------------------


def test_a_group_is_over_when_the_last_of_it_is():
    world = World()
    one, two = world.opens("08:00", key(dataset=A)), world.opens("08:00", key(dataset=B))
    world.tell("08:00")
    world.closes(one, "09:00")
    assert world.tell("09:00") == []
    assert world.fates()[2] == "waiting: told when the rest of the same trouble (1 more) is over too"
    world.closes(two, "10:00")
    assert shown(world.tell("10:00")) == ["mail recovered 1 2"]


def test_a_recovery_goes_to_each_channel_that_was_told_when_its_part_is_over():
    routes = (Route("web", ("hook", "mail"), Match(team="web")), Route("rest", ("mail",)))
    world = World(configured(*routes))
    one, two = world.opens("08:00", key(dataset=A)), world.opens("08:00", key(dataset=B))
    assert shown(world.tell("08:00")) == ["hook opened 1", "mail opened 1 2"]
    world.closes(one, "09:00")
    assert shown(world.tell("09:00")) == ["hook recovered 1"]
    world.closes(two, "10:00")
    assert shown(world.tell("10:00")) == ["mail recovered 1 2"]
    assert world.fates()[2:] == ["told: told to mail", "told: told to mail"]


def test_openings_reminders_and_recovery_share_one_key_whatever_the_severity():
    world = World()
    one = world.opens("08:00", severity="warning")
    drafts = world.tell("08:00")
    world.worsens(one, "09:00")
    drafts += world.tell("09:00") + world.tell("2d 09:00")
    world.closes(one, "2d 10:00")
    drafts += world.tell("2d 10:00")
    assert [draft.kind for draft in drafts] == ["opened", "worsened", "reminder", "recovered"]
    assert len({draft.dedup for draft in drafts}) == 1
    assert len({draft.key for draft in drafts}) == 4


def test_a_recovery_whose_channel_is_gone_is_told_by_the_routes_of_now():
    world = World()
    one = world.opens("08:00")
    world.tell("08:00")
    world.config = configured(Route("1", ("chat",)))
    world.closes(one, "09:00")
    assert shown(world.tell("09:00")) == ["chat recovered 1"]


def test_of_what_never_arrived_no_recovery_is_told():
    world = World()
    one = world.opens("08:00")
    world.tell("08:00")
    (told,) = world.told
    world.told = [
        Told(told.key, told.dedup, told.kind, told.channel, told.created_at, told.incidents, NoticeState.DROPPED)
    ]
    world.closes(one, "09:00")
    assert world.tell("09:00") == []
    assert world.fates()[1] == "dropped: the notice of it was never delivered"


def test_what_another_incident_tells_of_now_is_ended_only_where_an_alert_would_stay_open():
    world = World(configured(Route("1", ("mail", "pager"))))
    channels = world.config.alerts.channels
    channels["mail"] = replace(channels["mail"], type="apprise")  # type: ignore[index]
    late = world.opens("08:00", key("export-late"))
    world.tell("08:00")
    world.closes(late, "12:00", Closing.REPLACED)
    world.opens("12:00", key("export-missing"))
    assert shown(world.tell("12:00")) == ["mail opened 2", "pager opened 2", "pager recovered 1"]
    assert world.fates()[1] == "told: told to pager"


def test_what_opens_again_is_told_again_under_the_same_key():
    world = World()
    one = world.opens("08:00")
    first = world.tell("08:00")
    world.closes(one, "09:00")
    world.tell("09:00")
    world.opens("10:00")
    second = world.tell("10:00")
    assert shown(second) == ["mail opened 2"]
    assert second[0].dedup == first[0].dedup
    assert second[0].key != first[0].key
