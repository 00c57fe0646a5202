"""Telling on a ledger: one transaction, nothing twice, nothing lost, whoever tells and whenever it dies."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.alerts import telling
from auditor.alerts.preview import preview
from auditor.alerts.telling import tell, when_to_tell
from auditor.incident_model import (
    Closing,
    Event,
    EventKind,
    EventState,
    Incident,
    IncidentState,
    Match,
    Member,
    NoticeState,
    Signed,
    Silence,
)
from auditor.incidents import Changes
from auditor.ledger import Ledger
from auditor.model import Severity
from auditor.settings.alerts import Route
from tests.alerts.telling_worlds import ALL, A, B, at, configured, key
from tests.ledger.conftest import new_schema, server, url  # noqa: F401

MAIL = configured(ALL)


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:  # noqa: F811
    with Ledger.open(url) as opened:
        yield opened


def opens(ledger: Ledger, *whats, when: str = "08:00", severity: Severity = Severity.ERROR) -> list[Incident]:
    moment = at(when)
    new = [Incident(what, severity, moment, moment, moment, members=(Member(moment),)) for what in whats]
    events = tuple((one, Event(0, EventKind.OPENED, moment, severity)) for one in new)
    return ledger.update_incidents_with(lambda _: Changes(tuple(new), events))


def closes(ledger: Ledger, incident: Incident, when: str) -> None:
    moment = at(when)
    over = replace(incident, state=IncidentState.CLOSED, closed_at=moment, closing=Closing.RECOVERED, members=())
    event = Event(incident.number, EventKind.RECOVERED, moment, incident.severity)
    ledger.update_incidents_with(lambda _: Changes((over,), ((over, event),)))


def sent(ledger: Ledger) -> list[tuple[str, str]]:
    return [(notice.channel, str(notice.kind)) for notice in reversed(ledger.list_notices())]


def test_from_opening_to_recovery(ledger):
    one, two = opens(ledger, key(dataset=A), key(dataset=B))
    assert tell(ledger, MAIL, now=at("08:00")) == 1
    assert tell(ledger, MAIL, now=at("08:05")) == 0
    assert when_to_tell(ledger, MAIL, now=at("08:05")) == at("1d 08:00")
    assert tell(ledger, MAIL, now=at("1d 08:00")) == 1
    closes(ledger, one, "1d 09:00")
    closes(ledger, two, "1d 09:00")
    assert tell(ledger, MAIL, now=at("1d 09:00")) == 1
    assert sent(ledger) == [("mail", "opened"), ("mail", "reminder"), ("mail", "recovered")]
    notices = ledger.list_notices()
    assert len({notice.dedup for notice in notices}) == 1
    recovered = notices[0]
    assert (recovered.starts_at, recovered.ends_at) == (at("08:00"), at("1d 09:00"))
    assert recovered.incidents == (one.number, two.number)
    assert recovered.labels == {
        "code": "export-missing", "flow": "web-3h", "destination": "lake", "severity": "error",
    }  # fmt: skip
    assert ledger.waiting_events() == []
    assert {event.reason for event in ledger.events_of(one.number)} == {"told to mail"}


def test_the_words_are_those_of_the_incident(ledger):
    opens(ledger, key())
    tell(ledger, MAIL, now=at("08:00"))
    (notice,) = ledger.list_notices()
    assert "web-3h" in notice.message.title
    assert notice.state is NoticeState.WAITING


def test_what_waits_says_for_what(ledger):
    opens(ledger, key())
    ledger.add_silence(Silence(Match(flow="web-*"), "jo", "planned", at("07:00"), at("10:00")))
    assert tell(ledger, MAIL, now=at("08:00")) == 0
    (event,) = ledger.waiting_events()
    assert event.reason == "silence 1 holds until 2026-11-02 10:00 UTC"
    ledger.end_silence(1, Signed("jo", at("09:00")))
    assert tell(ledger, MAIL, now=at("09:00")) == 1


def test_two_instances_at_the_same_moment_tell_once(ledger, url, monkeypatch):  # noqa: F811
    opens(ledger, key())
    with Ledger.open(url) as other:
        write = telling.write_notice

        def late(*args, **kwargs):  # the other one tells while the words are found
            monkeypatch.setattr(telling, "write_notice", write)
            assert tell(other, MAIL, now=at("08:01")) == 1
            return write(*args, **kwargs)

        monkeypatch.setattr(telling, "write_notice", late)
        assert tell(ledger, MAIL, now=at("08:00")) == 0
    assert sent(ledger) == [("mail", "opened")]
    (event,) = ledger.events_of(1)
    assert (event.state, event.settled_at) == (EventState.TOLD, at("08:01"))


def test_two_instances_remind_once(ledger, url, monkeypatch):  # noqa: F811
    opens(ledger, key())
    tell(ledger, MAIL, now=at("08:00"))
    with Ledger.open(url) as other:
        write = telling.write_notice

        def late(*args, **kwargs):
            monkeypatch.setattr(telling, "write_notice", write)
            assert tell(other, MAIL, now=at("1d 08:01")) == 1
            return write(*args, **kwargs)

        monkeypatch.setattr(telling, "write_notice", late)
        assert tell(ledger, MAIL, now=at("1d 08:00")) == 0
    assert sent(ledger) == [("mail", "opened"), ("mail", "reminder")]


def test_a_crash_before_the_end_of_the_transaction_leaves_everything_to_be_told(ledger, monkeypatch):
    opens(ledger, key())

    def die(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("auditor.alerts.telling._keep", die)
    with pytest.raises(KeyboardInterrupt):
        tell(ledger, MAIL, now=at("08:00"))
    monkeypatch.undo()
    assert (sent(ledger), len(ledger.waiting_events())) == ([], 1)
    assert tell(ledger, MAIL, now=at("08:00")) == 1


def test_what_the_words_fail_at_is_told_in_few_words(ledger, monkeypatch):
    opens(ledger, key())

    def fail(*_args, **_kwargs):
        raise KeyError("hunter2")

    monkeypatch.setattr("auditor.alerts.telling.write_message", fail)
    assert tell(ledger, MAIL, now=at("08:00")) == 1
    (notice,) = ledger.list_notices()
    assert "error export-missing web-3h" in notice.message.plain
    assert "could not be written (KeyError)" in notice.message.plain
    assert "hunter2" not in repr(notice)


def test_without_a_route_every_event_is_dropped_with_that_reason(ledger):
    opens(ledger, key(), key("protection-stale"))
    noted: list[str] = []
    note = lambda incident, event: noted.append(f"{incident.key.code}: {event.reason}")  # noqa: E731
    assert tell(ledger, configured(), now=at("08:00"), note=note) == 0
    assert noted == ["export-missing: no route is configured", "protection-stale: no route is configured"]
    events = [*ledger.events_of(1), *ledger.events_of(2)]
    assert {(event.state, event.reason) for event in events} == {(EventState.DROPPED, "no route is configured")}
    assert ledger.waiting_events() == []


def test_what_is_told_to_a_team_says_whose_it_is(ledger):
    opens(ledger, key(flow="daily", dataset="77a97b443a9b4ab9bf732eea", destination="vault"))
    tell(ledger, MAIL, now=at("08:00"))
    (notice,) = ledger.list_notices()
    assert notice.labels["team"] == "crm"


# --- preview ---------------------------------------------------------------------------------


def past(ledger: Ledger) -> None:
    """An outage of a destination, what the same look had proven there, and a silence that was ended early."""
    cause, child = opens(ledger, key("destination-unreachable", "", ""), key())
    closes(ledger, cause, "12:00")
    closes(ledger, child, "3d 08:30")
    number = ledger.add_silence(Silence(Match(code="unknown-dataset"), "jo", "x", at("4d 07:00"), at("9d 00:00")))
    ledger.end_silence(number, Signed("jo", at("4d 10:00")))
    opens(ledger, key("unknown-dataset", "", "z"), when="4d 08:00", severity=Severity.WARNING)


def test_preview_tells_what_would_have_been_sent_and_sends_nothing(ledger):
    past(ledger)
    made = preview(ledger, MAIL, at("07:00"), at("5d 12:00"))
    assert [(one.at, one.draft.kind, one.draft.incidents[0].number) for one in made.notices] == [
        (at("08:00"), "opened", 1),
        (at("08:00"), "opened", 2),
        (at("12:00"), "recovered", 1),
        (at("1d 08:00"), "reminder", 2),
        (at("3d 08:00"), "reminder", 2),
        (at("3d 08:30"), "recovered", 2),
        (at("4d 10:00"), "opened", 3),
        (at("5d 10:00"), "reminder", 3),
    ]
    assert (ledger.list_notices(), len(ledger.waiting_events())) == ([], 5)


def test_preview_of_other_routes_says_why_nothing_would_have_been_sent(ledger):
    past(ledger)
    only = configured(Route("1", ("pager",), Match(severity=Severity.CRITICAL)))
    made = preview(ledger, only, at("07:00"), at("5d 12:00"))
    assert made.notices == ()
    assert {event.reason for event in made.events} == {"no route matches", "nobody was told that it began"}


def test_preview_shows_its_span_only_and_knows_what_was_told_before(ledger):
    past(ledger)
    made = preview(ledger, MAIL, at("1d 00:00"), at("3d 12:00"))
    assert [(one.at, one.draft.kind) for one in made.notices] == [
        (at("1d 08:00"), "reminder"),
        (at("3d 08:00"), "reminder"),
        (at("3d 08:30"), "recovered"),
    ]


def test_preview_of_nothing_is_nothing(ledger):
    made = preview(ledger, MAIL, at("07:00"), at("07:00") + timedelta(days=9))
    assert (made.notices, made.events) == ((), ())
