"""How a dataset stands: never green without a sound export and an enabled flow, never red where it cannot be told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.flow_model import FlowVersion, TargetPlace
from auditor.model import Dataset, Schedule, Standing, Waived
from auditor.reconcile.coverage import WITHIN, Sandbox, Sight, judge_coverage

NOW = datetime(2026, 10, 15, 9, 30, tzinfo=UTC)
EVENTS = Dataset("5ef3e324052581191aa6a466", "Web events")
ORDERS = Dataset("62a1b7c0d4e5f60718293a4b", "Orders")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = NOW - 90 * DAY
FRESH = Sight(newest_sound=NOW - HOUR)


def flow(flow_id: str = "f1", *, state: str = "enabled", datasets=(EVENTS,), **changes) -> FlowVersion:
    schedule = Schedule(START, changes.pop("end", None), every=3 * HOUR)
    given = {"schedule": schedule, "name": f"flow {flow_id}"} | changes
    return FlowVersion("prod", flow_id, state=state, datasets=datasets, place=TargetPlace("s3"), **given)


def stands(sandbox: Sandbox, dataset: Dataset = EVENTS):
    (line,) = [line for line in judge_coverage(sandbox, now=NOW) if line.dataset == dataset.id]
    return line


def of(flows=(), sight: Sight | None = None, eligible=(EVENTS,), past=(), **changes) -> Sandbox:
    return Sandbox("prod", eligible, flows, past, {EVENTS.id: sight} if sight else {}, **changes)


def once(days_ago: float) -> FlowVersion:
    return flow(schedule=Schedule(NOW - days_ago * DAY, once=True))


OLD = Sight(newest_sound=NOW - 8 * DAY)
CASES = {
    "a sound export and an enabled flow": (of([flow()], FRESH), Standing.PROTECTED),
    "just inside the limit": (of([flow()], Sight(NOW - WITHIN)), Standing.PROTECTED),
    "just past it": (of([flow()], Sight(NOW - WITHIN - timedelta(seconds=1))), Standing.NOTHING_SOUND),
    "a flow with a longer limit of its own": (of([flow()], replace(OLD, limit=11 * DAY)), Standing.PROTECTED),
    "in a planned pause": (of([flow()], replace(OLD, is_current=True)), Standing.PROTECTED),
    "young, and the audit calls it stale": (of([flow()], replace(FRESH, is_stale=True)), Standing.NOTHING_SOUND),
    "no new data since the last sound one": (of([flow()], replace(OLD, proven_empty=NOW - DAY)), Standing.PROTECTED),
    "never anything to export": (of([flow()], Sight(proven_empty=NOW - DAY)), Standing.UNKNOWN),
    "nothing sound at all": (of([flow()], Sight()), Standing.NOTHING_SOUND),
    "being enabled": (of([flow(state="enabling")], FRESH), Standing.PROTECTED),
    "by two flows": (of([flow(), flow("f2")], FRESH), Standing.TWICE),
    "by two flows, one of them over": (of([flow(), flow("f2", end=NOW - HOUR)], FRESH), Standing.PROTECTED),
    "by two flows, one of them disabled": (of([flow(), flow("f2", state="disabled")], FRESH), Standing.PROTECTED),
    "a flow that ends at this moment": (of([flow(end=NOW)], FRESH), Standing.PROTECTED),
    "a flow that ended a second ago": (of([flow(end=NOW - timedelta(seconds=1))], FRESH), Standing.NO_LONGER),
    "a disabled flow": (of([flow(state="disabled")], FRESH), Standing.NO_LONGER),
    "a word for a state that nobody knows": (of([flow(state="resting")], FRESH), Standing.UNKNOWN),
    "the dataset was taken out": (of([flow(datasets=(ORDERS,))], past=[flow()]), Standing.NO_LONGER),
    "the flow is gone": (of([], past=[flow()]), Standing.NO_LONGER),
    "exports in storage, by no flow": (of([], FRESH), Standing.NO_LONGER),
    "exported once, last week": (of([once(6)], Sight(NOW - 6 * DAY)), Standing.PROTECTED),
    "exported once, last month": (of([once(30)], replace(OLD, is_current=True)), Standing.NO_LONGER),
    "no flow": (of([]), Standing.NEVER),
    "another dataset's flow": (of([flow(datasets=(ORDERS,))]), Standing.NEVER),
    "a flow that nobody audits": (of([flow()]), Standing.UNKNOWN),
    "could not look": (of([flow()], Sight(could_look=False, reason="no right to list")), Standing.UNKNOWN),
    "could not look now, sound lately": (of([flow()], replace(FRESH, could_look=False)), Standing.PROTECTED),
    "the first export is not due yet": (of([flow()], Sight(first_due=NOW)), Standing.UNKNOWN),
    "the first export was due": (of([flow()], Sight(first_due=NOW - HOUR)), Standing.NOTHING_SOUND),
    "flows not readable": (of([], FRESH, past=[flow()], unread="no answer"), Standing.UNKNOWN),
    "a flow whose datasets are not readable": (of([flow(datasets=())]), Standing.UNKNOWN),
    "a disabled flow whose datasets are not readable": (of([flow(state="disabled", datasets=())]), Standing.NEVER),
    "protected, beside a flow that is not readable": (of([flow(), flow("f2", datasets=())], FRESH), Standing.PROTECTED),
    "in a flow and not eligible": (of([flow()], FRESH, eligible=()), Standing.PROTECTED),
    "a schedule that cannot be read": (of([flow(schedule=None)], FRESH), Standing.PROTECTED),
}


@pytest.mark.parametrize("case", CASES)
def test_a_dataset_stands_as_it_is(case):
    sandbox, standing = CASES[case]
    assert stands(sandbox).standing is standing


@pytest.mark.parametrize(
    "case, told",
    [
        ("a disabled flow", "Flow flow f1 is disabled."),
        ("a flow that ended a second ago", "Flow flow f1 ended 2026-10-15 09:29 UTC."),
        ("the dataset was taken out", "Flow flow f1 exports it no more."),
        ("the flow is gone", "Flow flow f1, which exported it, is no longer there."),
        ("exported once, last month", "Flow flow f1 exported it only once, 2026-09-15 09:30 UTC."),
        ("could not look", "no right to list"),
        ("flows not readable", "The flows could not be read: no answer"),
        (
            "a flow whose datasets are not readable",
            "The datasets of flow flow f1 could not be read; it may export this one.",
        ),
        ("by two flows", "2 flows export it."),
        ("nothing sound at all", "A flow runs, and nothing sound has landed."),
        ("just past it", "A flow runs, and nothing sound landed since 2026-10-08 09:29 UTC."),
    ],
)
def test_the_reason_names_the_flow_and_the_moment(case, told):
    assert stands(CASES[case][0]).reason == told


def test_a_flow_without_a_name_is_told_by_its_id():
    assert stands(of([flow(name="")], FRESH)).flows == ("f1",)


def test_what_is_told_of_a_flow_that_is_there_comes_before_one_that_is_gone():
    gone = flow("f9", updated=NOW)
    assert stands(of([flow(state="disabled")], past=[gone])).reason == "Flow flow f1 is disabled."


def test_earlier_versions_of_a_flow_are_one_flow():
    sandbox = of([flow()], FRESH, past=[flow(state="disabled"), flow(name="older")])
    assert stands(sandbox).flows == ("flow f1",)


def test_a_name_that_only_the_flow_tells_is_kept():
    assert stands(of([flow()], FRESH, eligible=(Dataset(EVENTS.id),))).name == "Web events"


def test_lines_come_by_name():
    lines = judge_coverage(of([flow(datasets=(EVENTS, ORDERS))], eligible=(Dataset("a" * 24, "alpha"),)), now=NOW)
    assert [line.name for line in lines] == ["alpha", "Orders", "Web events"]


def test_a_stale_export_that_is_put_up_with_says_so():
    waived = Waived("known", "jo", NOW + DAY)
    sight = replace(FRESH, is_stale=True, waived=waived)
    assert stands(of([flow()], sight)).waived == waived
    assert stands(of([flow(state="disabled")], sight)).waived is None


spans = st.none() | st.integers(-400, 400).map(lambda hours: NOW - hours * HOUR)
sights = st.none() | st.builds(
    Sight,
    newest_sound=spans,
    proven_empty=spans,
    is_current=st.booleans(),
    is_stale=st.booleans(),
    could_look=st.booleans(),
    first_due=spans,
)
flows = st.builds(
    flow,
    st.sampled_from(["f1", "f2", "f3"]),
    state=st.sampled_from(["enabled", "disabled", "enabling", "resting"]),
    datasets=st.sampled_from([(), (EVENTS,), (ORDERS,), (EVENTS, ORDERS)]),
    end=spans,
)


@given(
    st.lists(flows, max_size=3, unique_by=lambda one: one.flow_id), st.lists(flows, max_size=3), sights, st.booleans()
)
def test_green_needs_an_enabled_flow_and_a_sound_export_and_red_needs_that_all_could_be_read(now_, past, sight, unread):
    sandbox = of(() if unread else now_, sight, past=past, unread="no answer" if unread else "")
    line = stands(sandbox)
    at_work = [
        one
        for one in sandbox.flows
        if one.state in ("enabled", "enabling") and EVENTS in one.datasets and (one.ends is None or one.ends >= NOW)
    ]
    if line.standing in (Standing.PROTECTED, Standing.TWICE):
        assert at_work
        assert sight
        assert sight.newest_sound
        assert not sight.is_stale
        assert not unread
    if line.standing in (Standing.NEVER, Standing.NO_LONGER, Standing.NOTHING_SOUND):
        assert not unread
    if line.standing in (Standing.NEVER, Standing.NO_LONGER):
        assert not at_work
    if line.standing is Standing.NEVER:
        assert not any(EVENTS in one.datasets for one in (*sandbox.flows, *past))
    assert line.reason or line.standing is Standing.PROTECTED
