"""Whatever is seen: each beginning has one end, nothing wrong stays untold, nothing unseen is told."""

from collections import defaultdict
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.incident_model import EventKind
from auditor.model import Severity
from tests.incidents.making import (
    DATASET,
    EXPECTED,
    FLOW,
    OVER,
    START,
    Story,
    came_late,
    damaged,
    finding,
    late,
    missing,
    right,
    unknown,
    unread,
)

FATES = [right, right, missing, damaged, late, came_late, unknown, unread]
DOWN = finding("destination-unreachable", of_place=True)


@st.composite
def looks(draw):
    """Looks at the first few of ten runs, more of them each time; what a run is may change between two looks."""
    said = []
    for number in range(draw(st.integers(2, 12))):
        count = min(10, number + 2)
        said.append([draw(st.sampled_from(FATES))(n) for n in range(1, count)])
        if draw(st.integers(0, 5)) == 0:
            said[-1] = [unknown(n) for n in range(1, count)] + [DOWN]
    return said


NO_HISTORY = replace(EXPECTED, watched_before=START.replace(year=2025))


def play(said):
    story = Story(expected=NO_HISTORY)
    try:
        told = []
        for one in said:
            told.append(sorted(story.look(*one)))
        events = defaultdict(list)
        for event in story.ledger.waiting_events():
            events[event.incident].append(event.kind)
        incidents = {incident.number: incident for incident in story.ledger.list_incidents()}
        return told, events, incidents
    finally:
        story.ledger.close()


@settings(max_examples=20, deadline=None)
@given(looks())
def test_each_incident_has_one_beginning_and_at_most_one_end(said) -> None:
    _, events, incidents = play(said)
    for number, kinds in events.items():
        assert kinds[0] in (EventKind.OPENED, EventKind.GAP)
        assert sum(kind in (EventKind.OPENED, EventKind.GAP) for kind in kinds) == 1
        ends = kinds.count(EventKind.RECOVERED)
        assert ends <= 1
        if incidents[number].is_open:
            assert ends == 0
        elif kinds[0] is EventKind.OPENED and incidents[number].closing not in ("replaced", "blip"):
            assert ends == 1
            assert kinds[-1] is EventKind.RECOVERED


@settings(max_examples=20, deadline=None)
@given(looks())
def test_what_is_missing_or_damaged_is_always_told(said) -> None:
    _, _, incidents = play(said)
    told = {(i.key.code, m.due) for i in incidents.values() for m in (*i.members, *i.gaps)}
    ever = {(i.key.code) for i in incidents.values()}
    for one in said:
        for verdict in one:
            for found in getattr(verdict, "findings", ()):
                if found.code in ("export-missing", "file-corrupt"):
                    assert found.code in ever
    for verdict in said[-1]:
        for found in getattr(verdict, "findings", ()):
            if found.code in ("export-missing", "file-corrupt"):
                assert (found.code, found.due) in told


@settings(max_examples=15, deadline=None)
@given(looks())
def test_a_second_look_at_the_same_tells_nothing_more(said) -> None:
    story = Story(expected=NO_HISTORY)
    for one in said:
        story.look(*one)
    sure = [verdict for verdict in said[-1] if verdict is not DOWN]
    story.look(*sure)
    assert [event for event in story.look(*sure) if "flap" not in event] == []
    story.ledger.close()


@settings(max_examples=12, deadline=None)
@given(looks())
def test_looks_that_see_nothing_change_nothing(said) -> None:
    blind = [[*(unknown(n) for n in range(1, 9)), DOWN] for _ in range(2)]
    plain, _, before = play(said)
    with_blind, _, after = play([*said, *blind])
    assert with_blind[: len(plain)] == plain
    assert with_blind[len(plain) :] in (
        [[], []],
        [["opened destination-unreachable"], []],
        [[], ["opened destination-unreachable"]],
    )
    assert {n: (i.members, i.gaps, i.state) for n, i in before.items()} == {
        n: (i.members, i.gaps, i.state)
        for n, i in after.items()
        if n in before and i.key.code != "destination-unreachable"
    } or any(i.key.code == "destination-unreachable" for i in before.values())


def elsewhere(said, place):
    """The same look at another destination."""
    moved = []
    for one in said:
        found = tuple(replace(f, destination=place) for f in getattr(one, "findings", ()))
        moved.append(replace(one, destination=place, **({"findings": found} if found else {})))
    return moved


def told_of_each(rows, order):
    """What is told of each subject by the looks of `rows` (by destination), taken in `order`."""
    places = frozenset(rows)
    flows = frozenset((FLOW, DATASET, place) for place in places)
    story = Story(expected=replace(NO_HISTORY, flows=flows, destinations=places))
    left = {place: list(said) for place, said in rows.items()}
    for place in order:
        story.look(*left[place].pop(0), destinations=frozenset({place}))
    told = defaultdict(list)
    for event in story.ledger.waiting_events():
        told[story.ledger.incident(event.incident).key].append((event.kind, event.severity))
    ends = {(i.key, i.members, i.gaps, i.state, i.closing, i.cause is None) for i in story.ledger.list_incidents()}
    story.ledger.close()
    return dict(told), ends


@settings(max_examples=20, deadline=None)
@given(looks(), looks(), st.randoms(use_true_random=False))
def test_in_which_order_destinations_are_looked_at_does_not_matter(first, second, chance) -> None:
    rows = {"lake": first, "other": [elsewhere(said, "other") for said in second]}
    one_after_another = ["lake"] * len(first) + ["other"] * len(second)
    mixed = [*one_after_another]
    chance.shuffle(mixed)
    assert told_of_each(rows, mixed) == told_of_each(rows, one_after_another)


@settings(max_examples=20, deadline=None)
@given(looks())
def test_what_is_put_up_with_and_what_is_only_worth_knowing_has_no_event(said) -> None:
    for change in ({"waived": OVER}, {"severity": Severity.INFO}):
        quiet = []
        for look in said:
            runs = [one for one in look if one is not DOWN]
            quiet.append([replace(r, findings=tuple(replace(f, **change) for f in r.findings)) for r in runs])
        told, events, incidents = play(quiet)
        assert (events, incidents) == ({}, {})
        assert not any(told)


@settings(max_examples=20, deadline=None)
@given(looks())
def test_a_missing_export_is_never_without_an_event(said) -> None:
    """At the end of any row of looks each is in an incident of which something was told, or is one of its holes."""
    _, events, incidents = play(said)
    kept = {
        m.due
        for n, i in incidents.items()
        if i.key.code == "export-missing" and events[n]
        for m in (*i.members, *i.gaps)
    }
    gone = {v.due for v in said[-1] if v is not DOWN and any(f.code == "export-missing" for f in v.findings)}
    assert gone <= kept
