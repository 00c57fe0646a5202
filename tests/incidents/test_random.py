"""Whatever is seen: each beginning has one end, nothing wrong stays untold, nothing unseen is told."""

from collections import defaultdict
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.incident_model import EventKind
from auditor.ledger import Ledger
from tests.incidents.making import (
    EXPECTED,
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


def play(said, *, restart=False):
    story = Story(expected=NO_HISTORY)
    try:
        told = []
        for one in said:
            told.append(sorted(story.look(*one)))
            if restart:
                story = replace(story, ledger=story.ledger)
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


def test_the_ledger_gives_back_what_was_kept() -> None:
    with Ledger.in_memory() as ledger:
        assert ledger.live_incidents() == []
        assert ledger.incident(1) is None
