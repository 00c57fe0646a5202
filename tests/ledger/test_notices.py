"""The outbox: written with the events, sent at least once, each end with its reason."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.incident_model import Event, EventKind, EventState, Incident, IncidentKey, Message, Notice, NoticeState
from auditor.incidents import Changes
from auditor.ledger import Ledger
from auditor.ledger.notices import Telling, Untold, group_key
from auditor.model import Severity
from tests.ledger.things import DATASET, FLOW, HOUR, NOON, PLACE

KEY = IncidentKey("export-missing", FLOW, DATASET, PLACE)
MINUTE = timedelta(minutes=1)
WORDS = Message("title", "plain\n", "**mark**\n", "<p>html \ud800</p>\n", "short")


def notice(key: str = "1", **more: object) -> Notice:
    given = Notice(
        key=key.rjust(32, "0"),
        kind=EventKind.OPENED,
        route="1",
        channel="mail",
        severity=Severity.ERROR,
        message=WORDS,
        created_at=NOON,
        next_at=NOON,
        incidents=(1,),
        dedup=group_key(KEY),
        starts_at=NOON - HOUR,
        labels={"code": KEY.code, "team": "wéb"},
    )
    return replace(given, **more)  # type: ignore[arg-type]


def open_incident(ledger: Ledger, key: IncidentKey = KEY) -> Incident:
    opened = Incident(key, Severity.ERROR, NOON, NOON, NOON)
    event = Event(0, EventKind.OPENED, NOON, Severity.ERROR)
    return ledger.update_incidents_with(lambda known: Changes((opened,), ((opened, event),)))[0]


def test_a_notice_comes_back_as_it_was_written(ledger: Ledger) -> None:
    assert ledger.add_notices([notice(), notice("2", kind=None, ends_at=NOON, instead_of="pager")]) == 2
    first, second = ledger.due_notices(NOON)
    assert first == notice(id=1)
    assert second == notice("2", kind=None, ends_at=NOON, instead_of="pager", id=2)


def test_the_same_key_is_never_written_twice(ledger: Ledger) -> None:
    assert ledger.add_notices([notice(), notice(channel="other")]) == 1
    assert ledger.add_notices([notice(), notice("2")]) == 1
    assert [one.id for one in ledger.list_notices()] == [2, 1]


def test_events_are_settled_and_notices_written_together_or_not_at_all(ledger: Ledger) -> None:
    incident = open_incident(ledger)

    def work(untold: Untold) -> Telling:
        (event,) = untold.waiting
        assert untold.incidents[event.incident].key == incident.key
        settled = replace(event, state=EventState.TOLD, reason="told to mail", settled_at=NOON)
        return Telling([notice()], [settled])

    def fail(untold: Untold) -> Telling:
        work(untold)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        ledger.tell(fail)
    assert ledger.list_notices() == []
    assert ledger.tell(work) == 1
    assert ledger.waiting_events() == []
    assert ledger.events_of(incident.number)[0].reason == "told to mail"
    assert [one.key for one in ledger.notices_of(incident.number)] == [notice().key]
    assert [one.key for one in ledger.read_untold().told] == [notice().key]


def test_of_several_senders_one_begins(url: str) -> None:
    with Ledger.open(url) as ledger:
        ledger.add_notices([notice()])
    gate, begun = threading.Barrier(6), list[bool]()

    def begin() -> None:
        with Ledger.open(url) as mine:
            gate.wait(30)
            begun.append(mine.begin_sending(1, NOON, again_at=NOON + MINUTE))

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(begun) == [False] * 5 + [True]


def test_a_try_that_nobody_heard_of_again_is_made_once_more(ledger: Ledger) -> None:
    ledger.add_notices([notice()])
    assert ledger.begin_sending(1, NOON, again_at=NOON + MINUTE)
    assert ledger.due_notices(NOON) == []
    (again,) = ledger.due_notices(NOON + MINUTE)
    assert (again.key, again.tries) == (notice().key, 1)


def test_sent_is_written_after_sending_and_stays(ledger: Ledger) -> None:
    ledger.add_notices([notice()])
    ledger.begin_sending(1, NOON, again_at=NOON + MINUTE)
    ledger.finish_sending(1, state=NoticeState.SENT, reason="HTTP 202", at=NOON + MINUTE)
    ledger.finish_sending(1, state=NoticeState.DROPPED, reason="too late", at=NOON + HOUR)
    assert not ledger.begin_sending(1, NOON + HOUR, again_at=NOON + HOUR)
    (sent,) = ledger.list_notices()
    assert (sent.state, sent.reason, sent.sent_at) == (NoticeState.SENT, "HTTP 202", NOON + MINUTE)


def test_what_goes_another_way_is_written_as_the_first_is_dropped(ledger: Ledger) -> None:
    ledger.add_notices([notice()])
    ledger.begin_sending(1, NOON, again_at=NOON + MINUTE)
    other = notice("2", channel="pager", instead_of="mail")
    ledger.finish_sending(1, state=NoticeState.DROPPED, reason="told on pager", at=NOON, instead=other)
    assert [(one.channel, one.instead_of) for one in ledger.due_notices(NOON)] == [("pager", "mail")]


def test_what_fails_is_known_until_the_channel_delivers_again(ledger: Ledger) -> None:
    ledger.add_notices([notice("1"), notice("2"), notice("3", channel="pager")])
    for number in (1, 3):
        ledger.begin_sending(number, NOON, again_at=NOON)
        ledger.finish_sending(number, state=NoticeState.WAITING, reason="no answer", at=NOON, next_at=NOON + MINUTE)
    assert [one.channel for one in ledger.failing_notices()] == ["mail", "pager"]
    ledger.begin_sending(2, NOON + MINUTE, again_at=NOON + HOUR)
    ledger.finish_sending(2, state=NoticeState.SENT, reason="taken", at=NOON + MINUTE)
    assert [one.channel for one in ledger.failing_notices()] == ["pager"]


def test_what_a_channel_was_told_and_goes_on(ledger: Ledger) -> None:
    number = open_incident(ledger).number
    told = [notice("1"), notice("2", kind=EventKind.REMINDER), notice("3", channel="pager", kind=EventKind.GAP)]
    ledger.add_notices([replace(one, state=NoticeState.SENT, sent_at=NOON, incidents=(number,)) for one in told])
    assert [one.id for one in ledger.going_on("mail")] == [2]
    assert ledger.going_on("pager") == []
    assert [one.id for one in ledger.earlier_notices("mail", group_key(KEY))] == [1, 2]
    over = notice("4", kind=EventKind.RECOVERED, state=NoticeState.SENT, sent_at=NOON)
    ledger.add_notices([over])
    assert ledger.going_on("mail") == []
    assert ledger.earlier_notices("mail", group_key(KEY)) == []
    assert ledger.count_notices() == {("mail", "sent"): 3, ("pager", "sent"): 1}
