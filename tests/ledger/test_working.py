"""One works on a thing at a time; what was not watched is known afterwards."""

import threading
from datetime import timedelta

from auditor.incident_model import Span
from auditor.ledger import Ledger
from tests.ledger.things import NOON

MINUTE = timedelta(minutes=1)


def test_a_lease_is_one_holders_until_it_ends_or_is_given_back(ledger: Ledger) -> None:
    assert ledger.take_lease("place:lake", "a", now=NOON, span=MINUTE)
    assert ledger.take_lease("place:lake", "a", now=NOON + MINUTE / 2, span=MINUTE)
    assert not ledger.take_lease("place:lake", "b", now=NOON + MINUTE, span=MINUTE)
    assert ledger.take_lease("place:other", "b", now=NOON, span=MINUTE)
    assert ledger.take_lease("place:lake", "b", now=NOON + 1.5 * MINUTE, span=MINUTE)
    ledger.give_back_lease("place:lake", "a")
    assert not ledger.take_lease("place:lake", "a", now=NOON + 2 * MINUTE, span=MINUTE)
    ledger.give_back_lease("place:lake", "b")
    assert ledger.take_lease("place:lake", "a", now=NOON + 2 * MINUTE, span=MINUTE)


def test_of_many_at_once_exactly_one_gets_the_lease(url: str) -> None:
    gate, got = threading.Barrier(8), list[str]()

    def take(name: str) -> None:
        with Ledger.open(url) as mine:
            gate.wait(30)
            if mine.take_lease("beyond", name, now=NOON, span=MINUTE):
                got.append(name)

    threads = [threading.Thread(target=take, args=(f"holder {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(got) == 1


def test_a_loop_tells_when_it_was_last_done_and_what_its_last_trouble_was(ledger: Ledger) -> None:
    ledger.begin_loop("tell", NOON)
    assert ledger.read_loops()["tell"].done_at is None
    ledger.finish_loop("tell", NOON + MINUTE)
    ledger.begin_loop("tell", NOON + 2 * MINUTE)
    ledger.finish_loop("tell", NOON + 3 * MINUTE, trouble="disk full")
    loop = ledger.read_loops()["tell"]
    assert (loop.done_at, loop.failed_at, loop.trouble) == (NOON + MINUTE, NOON + 3 * MINUTE, "disk full")
    ledger.finish_loop("tell", NOON + 4 * MINUTE)
    assert ledger.read_loops()["tell"].trouble == ""


def test_a_hole_longer_than_allowed_begins_a_new_span(ledger: Ledger) -> None:
    for minutes in (0, 5, 10, 40, 45):
        ledger.record_watching("place:lake", NOON + minutes * MINUTE, gap=15 * MINUTE)
    ledger.record_watching("place:lake", NOON + 20 * MINUTE, gap=15 * MINUTE)  # told late: takes nothing back
    assert ledger.watch_spans(since=NOON, until=NOON + 60 * MINUTE) == [
        Span("place:lake", NOON, NOON + 10 * MINUTE),
        Span("place:lake", NOON + 40 * MINUTE, NOON + 45 * MINUTE),
    ]
    assert ledger.watch_spans(since=NOON + 50 * MINUTE, until=NOON + 60 * MINUTE) == []
    assert ledger.first_watched_at() == NOON


def test_a_configuration_is_kept_for_as_long_as_it_was_used_without_another_between(ledger: Ledger) -> None:
    for minutes, hash_ in enumerate(("one", "one", "two", "one")):
        ledger.record_configuration(hash_, tool_version="1", summary={"flows": ["web"]}, at=NOON + minutes * MINUTE)
    used = ledger.configurations(since=NOON, until=NOON + 9 * MINUTE)
    assert [(one.hash, one.first_used_at - NOON, one.last_used_at - NOON) for one in used] == [
        ("one", 0 * MINUTE, MINUTE),
        ("two", 2 * MINUTE, 2 * MINUTE),
        ("one", 3 * MINUTE, 3 * MINUTE),
    ]
    assert used[0].summary == {"flows": ["web"]}


def test_a_lease_from_before_the_clock_was_set_back_holds_nobody_up(ledger: Ledger) -> None:
    assert ledger.take_lease("place:lake", "a", now=NOON + 60 * MINUTE, span=MINUTE)
    assert ledger.take_lease("place:lake", "b", now=NOON, span=MINUTE)
    assert not ledger.take_lease("place:lake", "c", now=NOON - MINUTE / 2, span=MINUTE)  # clocks differ a little


def test_a_loop_that_was_begun_and_has_not_ended_is_known_as_such(ledger: Ledger) -> None:
    ledger.begin_loop("relist:lake", NOON)
    assert ledger.read_loops()["relist:lake"].was_cut_off
    ledger.finish_loop("relist:lake", NOON, trouble="disk full")
    assert not ledger.read_loops()["relist:lake"].was_cut_off
    ledger.begin_loop("relist:lake", NOON + MINUTE)
    assert ledger.read_loops()["relist:lake"].was_cut_off
    ledger.finish_loop("relist:lake", NOON + 2 * MINUTE)
    assert not ledger.read_loops()["relist:lake"].was_cut_off
