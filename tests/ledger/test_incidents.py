"""Incidents in the ledger: one transaction for all of a look, one incident whoever looks, everything as it was kept."""

import multiprocessing
import threading
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from auditor.incident_model import (
    Closing,
    Event,
    EventKind,
    EventState,
    Incident,
    IncidentKey,
    IncidentState,
    Match,
    Member,
    Signed,
    Silence,
)
from auditor.incidents import Changes, Known
from auditor.ledger import Ledger, LedgerError
from auditor.model import Severity
from tests.incidents.making import KEY, Story, damaged, due, finding, missing, right
from tests.ledger.things import HOUR, NOON

FORK = multiprocessing.get_context("fork")
MICRO = timedelta(microseconds=1)
HOSTILE = IncidentKey("file-corrupt", "a\0\\u0041", "\udcff", "lake")


def whole(key: IncidentKey = HOSTILE, **more: object) -> Incident:
    """An incident in which every field says something."""
    given = {
        "severity": Severity.CRITICAL,
        "opened_at": NOON + MICRO,
        "since": NOON - HOUR + MICRO,
        "last_seen_at": NOON + 2 * MICRO,
        "members": (Member(None, "f/\0"), Member(NOON + MICRO), Member(NOON + HOUR)),
        "gaps": (Member(NOON - HOUR),),
        "message": "two lines\nof \udcff",
        "evidence": {"n": 1, "part": 0.25, "none": None, "list": ["a", 2, None], "yes": True},
        "sights": (True, False),
        "openings": (NOON, NOON + MICRO),
    }
    return Incident(key, **{**given, **more})  # type: ignore[arg-type]


def keep(ledger: Ledger, *incidents: Incident, **more: object) -> list[Incident]:
    return ledger.update_incidents_with(lambda _: Changes(incidents, **more))  # type: ignore[arg-type]


def test_an_incident_comes_back_as_it_was_kept(ledger: Ledger) -> None:
    [kept] = keep(ledger, whole())
    assert kept == whole(number=1)
    assert ledger.live_incidents() == [kept]
    assert ledger.incident(1) == ledger.last_incident(HOSTILE) == kept
    closed = replace(
        kept,
        state=IncidentState.CLOSED,
        closed_at=NOON + HOUR,
        closing=Closing.NEXT_RIGHT,
        members=(),
        gaps=kept.members,
    )
    keep(ledger, closed)
    found = ledger.incident(1)
    assert (found.closed_at, found.closing, found.members) == (NOON + HOUR, Closing.NEXT_RIGHT, ())
    assert {*found.gaps} >= {*kept.members}
    assert ledger.live_incidents() == []


def test_numbers_and_keys_are_given_in_the_same_transaction(ledger: Ledger) -> None:
    child, cause = whole(KEY), whole(IncidentKey("flow-ended", KEY.flow, "", KEY.destination))
    event = Event(0, EventKind.OPENED, NOON, Severity.ERROR)
    kept = keep(ledger, child, cause, events=((child, event), (cause, event)), causes={KEY: cause.key, cause.key: None})
    assert [one.number for one in kept] == [1, 2]
    assert ledger.incident(1).cause == 2
    assert [one.incident for one in ledger.waiting_events()] == [1, 2]
    keep(ledger, causes={KEY: None, cause.key: None})
    assert ledger.incident(1).cause is None
    assert ledger.events_of(2) == [replace(event, id=2, incident=2)]
    assert ledger.events_of(1)[0].state is EventState.WAITING


def test_what_fails_leaves_nothing(ledger: Ledger) -> None:
    def fails(known: Known) -> Changes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ledger.update_incidents_with(fails)
    with pytest.raises(KeyError):  # an event of an incident that nobody knows
        keep(ledger, whole(), events=((whole(KEY), Event(0, EventKind.OPENED, NOON, Severity.ERROR)),))
    assert ledger.list_incidents() == []
    assert ledger.waiting_events() == []


def test_one_key_is_live_once(ledger: Ledger) -> None:
    keep(ledger, whole())
    with pytest.raises(LedgerError):
        keep(ledger, whole())
    assert len(ledger.live_incidents()) == 1


def test_times_of_any_zone_are_the_same_instant(ledger: Ledger) -> None:
    zone = timezone(timedelta(hours=5, minutes=45))
    keep(ledger, whole(members=(Member(NOON.astimezone(zone)),), gaps=(), opened_at=NOON.astimezone(zone)))
    found = ledger.incident(1)
    assert (found.members, found.opened_at, found.opened_at.utcoffset()) == ((Member(NOON),), NOON, timedelta())


def test_incidents_are_found_by_when_they_lasted(ledger: Ledger) -> None:
    over = {"state": IncidentState.CLOSED, "closing": Closing.RECOVERED}
    keep(ledger, whole(KEY, opened_at=NOON, closed_at=NOON + HOUR, **over))
    keep(ledger, whole(KEY, opened_at=NOON + 2 * HOUR))
    blip = {**over, "closing": Closing.BLIP}
    keep(ledger, whole(HOSTILE, closed_at=NOON + HOUR, **blip))
    assert [one.number for one in ledger.list_incidents()] == [2, 1]
    assert [one.number for one in ledger.list_incidents(since=NOON + HOUR)] == [2, 1]
    assert [one.number for one in ledger.list_incidents(since=NOON + HOUR + MICRO)] == [2]
    assert [one.number for one in ledger.list_incidents(until=NOON + HOUR)] == [1]
    assert [one.number for one in ledger.list_incidents(open_only=True)] == [2]
    assert ledger.last_incident(KEY).number == 2


def test_what_is_acknowledged_or_accepted_must_be_live(ledger: Ledger) -> None:
    keep(ledger, whole())
    ledger.acknowledge(1, Signed("jo", NOON + MICRO, "ticket"))
    assert ledger.accept(1, Signed("ann", NOON, "meant")) == 1
    found = ledger.incident(1)
    assert (found.acknowledged, found.accepted) == (Signed("jo", NOON + MICRO, "ticket"), Signed("ann", NOON, "meant"))
    keep(ledger, replace(found, state=IncidentState.CLOSED, closed_at=NOON, closing=Closing.ACCEPTED, members=()))
    for number in (1, 2):
        with pytest.raises(LedgerError, match=f"incident {number}"):
            ledger.acknowledge(number, Signed("jo", NOON))


def test_a_silence_comes_back_and_ends_once(ledger: Ledger) -> None:
    match = Match(Severity.ERROR, "export-*", "lake", "web-?", "d\0", "data", "gold", "jo")
    silence = Silence(match, "jo", "because", NOON, NOON + HOUR + MICRO)
    number = ledger.add_silence(silence)
    assert ledger.list_silences(now=NOON) == [replace(silence, id=number)]
    assert ledger.list_silences(now=NOON + HOUR + MICRO) == []
    ledger.end_silence(number, Signed("ann", NOON + HOUR, "done"))
    assert ledger.list_silences(now=NOON) == []
    assert ledger.list_silences()[0].ended == Signed("ann", NOON + HOUR, "done")
    with pytest.raises(LedgerError, match="no silence 1"):
        ledger.end_silence(number, Signed("ann", NOON, "again"))


LOOKS = [
    (right(1), missing(2)),
    (right(1), missing(2), missing(3), finding("unknown-dataset", of_place=True, dataset="zzz")),
    (right(1), damaged(2), missing(3)),
    (right(1), damaged(2), right(4)),
    (right(1), damaged(2), right(4), missing(5)),
]


def play(url: str, *, reopened: bool) -> list[tuple[object, ...]]:
    """What the looks come to, each with the ledger opened anew or all with one."""
    told: list[tuple[object, ...]] = []
    story = Story(ledger=Ledger.open(url))
    for look in LOOKS:
        if reopened:
            story.ledger.close()
            story.ledger = Ledger.open(url)
        told.append(tuple(story.look(*look)))
    told += [(one.key, one.state, one.members, one.gaps, one.openings) for one in story.ledger.list_incidents()]
    story.ledger.close()
    return told


def test_a_restart_between_any_two_looks_changes_nothing(url: str) -> None:
    """TwiN/gatus#972, klen/graphite-beacon#109: what an incident is is not kept in memory."""
    assert play(url, reopened=True) == play("sqlite://", reopened=False)


def test_several_that_see_the_same_at_once_make_one_incident(url: str) -> None:
    gate = threading.Barrier(4)

    def look() -> None:
        with Ledger.open(url) as mine:
            story = Story(ledger=mine)
            gate.wait(30)
            story.look(right(1), missing(2))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with Ledger.open(url) as ledger:
        assert [(one.key, one.members) for one in ledger.live_incidents()] == [(KEY, (Member(due(2)),))]
        assert [event.kind for event in ledger.waiting_events()] == [EventKind.OPENED]


def _keep_and_hang(url: str, ready: "multiprocessing.synchronize.Event") -> None:
    with Ledger.open(url) as ledger:
        event = Event(0, EventKind.OPENED, NOON, Severity.ERROR)
        ledger.update_incidents_with(lambda _: Changes((whole(),), ((whole(), event),)))

        def hang(known: Known) -> Changes:
            ready.set()
            threading.Event().wait()
            return Changes()

        ledger.update_incidents_with(hang)


def test_killed_inside_a_look_leaves_the_look_before_whole_and_the_way_free(url: str) -> None:
    ready = FORK.Event()
    process = FORK.Process(target=_keep_and_hang, args=(url, ready))
    process.start()
    assert ready.wait(60)
    process.kill()
    process.join(30)
    with Ledger.open(url) as ledger:
        assert [one.number for one in ledger.live_incidents()] == [1]
        assert len(ledger.waiting_events()) == 1
        keep(ledger, whole(KEY))
        assert len(ledger.live_incidents()) == 2
