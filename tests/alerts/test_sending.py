"""The outbox against receivers that refuse, throttle, hang and go away."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from auditor.alerts.sending import LONGEST_WAIT, next_wait
from auditor.ledger import Ledger
from tests.alerts.outbox import NOW, Outbox, notice, webhook
from tests.servers.http_sink import Answer, HttpSink, http_sink

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.in_memory() as opened:
        yield opened


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    with http_sink() as running:
        yield running


@pytest.fixture
def other() -> Iterator[HttpSink]:
    with http_sink() as running:
        yield running


def test_what_is_due_is_sent_once_and_said_to_be_sent(ledger: Ledger, sink: HttpSink) -> None:
    box = Outbox(ledger, (webhook("hook", sink.url),))
    ledger.add_notices([notice("1"), notice("2"), notice("3", next_at=NOW + HOUR)])
    result = box.send()
    assert (result.tried, result.sent, result.findings) == (2, 2, ())
    assert [one.json["id"][-1] for one in sink.got] == ["1", "2"]
    assert box.send().tried == 0
    assert box.fates() == [("hook", "sent"), ("hook", "sent"), ("hook", "waiting")]
    assert ledger.list_notices()[1].reason == "HTTP 202"


def test_too_long_then_throttled_then_taken(ledger: Ledger, sink: HttpSink) -> None:
    """elastic/kibana#73061, maknz/slack#36: shortened once, then as the receiver asks; the same key each time."""
    sink.answers = [Answer(400, body="too long"), Answer(429, {"Retry-After": "90"}), Answer(200)]
    box = Outbox(ledger, (webhook("hook", sink.url),))
    ledger.add_notices([notice()])
    box.send()
    assert box.send(89 * SECOND).tried == 0
    assert box.send(1 * SECOND).sent == 1
    whole, cut, again = sink.got
    assert len(cut.body) < 3_500 < len(whole.body)
    assert "more lines left out" in cut.json["data"]["message"]["text"]
    assert {one.headers["webhook-id"] for one in sink.got} == {notice().key}
    assert again.json == whole.json


def test_what_is_refused_short_too_is_dropped_and_told_elsewhere(
    ledger: Ledger, sink: HttpSink, other: HttpSink
) -> None:
    sink.always = Answer(400, body="no")
    box = Outbox(ledger, (webhook("hook", sink.url, fallback="pager"), webhook("pager", other.url)))
    ledger.add_notices([notice()])
    result = box.send()
    assert len(sink.got) == 2
    box.send()
    assert box.fates() == [("hook", "dropped"), ("pager", "sent")]
    assert box.reasons()[0] == "sent to pager instead: HTTP 400: no; shortened: HTTP 400: no"
    assert [one.destination for one in result.findings] == ["channel hook"]
    assert other.got[0].json["data"]["instead_of"] == "hook"


@pytest.mark.parametrize("status", [301, 401, 403, 404, 410])
def test_a_refused_channel_is_broken_at_once_and_its_fallback_told(
    ledger: Ledger, sink: HttpSink, other: HttpSink, status: int
) -> None:
    sink.always = Answer(status, {"Location": other.url})
    box = Outbox(ledger, (webhook("hook", sink.url, fallback="pager"), webhook("pager", other.url)))
    ledger.add_notices([notice()])
    [finding] = box.send().findings
    assert (finding.code, finding.destination) == ("notices-undelivered", "channel hook")
    assert str(status) in finding.message
    box.send()
    assert len(other.got) == 1  # of the fallback: the redirect was not followed
    assert box.fates() == [("hook", "dropped"), ("pager", "sent")]


def test_without_a_fallback_what_is_refused_waits_until_the_channel_is_mended(ledger: Ledger, sink: HttpSink) -> None:
    sink.answers = [Answer(403)]
    box = Outbox(ledger, (webhook("hook", sink.url),))
    ledger.add_notices([notice()])
    assert len(box.send().findings) == 1
    assert len(box.send(MINUTE).findings) == 1  # not tried, and still broken
    mended = box.send(HOUR)
    assert (mended.sent, mended.findings) == (1, ())


def test_a_channel_that_stays_down_gives_way_to_its_fallback(ledger: Ledger, sink: HttpSink, other: HttpSink) -> None:
    sink.always = Answer(503)
    box = Outbox(ledger, (webhook("hook", sink.url, fallback="pager"), webhook("pager", other.url)))
    ledger.add_notices([notice()])
    found = [bool(box.send(10 * SECOND).findings) for _ in range(60)]
    assert len(sink.got) == 5
    assert len(other.got) == 1
    assert found.index(True) > 5  # a blip is no trouble
    assert all(found[found.index(True) :])
    ledger.add_notices([notice("2", created_at=box.now, next_at=box.now)])
    box.send()
    box.send()
    assert (len(sink.got), len(other.got)) == (6, 2)  # known to be broken: tried once
    sink.always = Answer(202)
    ledger.add_notices([notice("3", created_at=box.now, next_at=box.now)])
    assert box.send().findings == ()
    assert len(other.got) == 2


def test_that_a_channel_is_broken_is_told_through_another_one_though_it_has_no_fallback(
    ledger: Ledger, sink: HttpSink, other: HttpSink
) -> None:
    """home-assistant/core#30665: that telling failed must be told another way, and only once."""
    sink.always = other.always = Answer(401)
    box = Outbox(ledger, (webhook("hook", sink.url), webhook("more", other.url)))
    ledger.add_notices([notice(labels={"code": "notices-undelivered", "destination": "channel hook"})])
    for _ in range(50):
        box.send(MINUTE)
    assert box.fates() == [("hook", "dropped"), ("more", "waiting")]  # and no loop between the two
    assert len(box.send().findings) == 2


def test_a_slow_channel_delays_no_other(ledger: Ledger, sink: HttpSink, other: HttpSink) -> None:
    sink.always = Answer(after_s=1.5)
    box = Outbox(ledger, (webhook("slow", sink.url), webhook("quick", other.url)), patience_s=0.3)
    ledger.add_notices([notice("1", "slow"), notice("2", "quick")])
    began = time.monotonic()
    result = box.send()
    assert time.monotonic() - began < 1.2
    assert (result.sent, result.is_whole) == (1, False)
    ledger.add_notices([notice("3", "quick")])
    assert box.send().sent == 1
    box.sender.close()
    assert box.send().sent == 1
    assert [state for _, state in box.fates()] == ["sent"] * 3


def test_a_burst_waits_as_one_while_the_receiver_throttles(ledger: Ledger, sink: HttpSink) -> None:
    sink.answers = [Answer(429, {"Retry-After": "60"})]
    box = Outbox(ledger, (webhook("hook", sink.url),))
    ledger.add_notices([notice(str(number)) for number in range(1, 41)])
    assert box.send().tried == 1
    assert box.send(30 * SECOND).tried == 0
    assert box.send(31 * SECOND).sent == 40
    assert len(sink.got) == 41


def test_one_notice_that_never_passes_does_not_hold_the_others_for_ever(ledger: Ledger, sink: HttpSink) -> None:
    sink.answers = [*[lambda got: Answer(500 if got.json["id"].endswith("1") else 202)] * 500]
    box = Outbox(ledger, (webhook("hook", sink.url),))
    ledger.add_notices([notice("1"), notice("2"), notice("3")])
    for _ in range(30):
        box.send(10 * SECOND)
    assert [state for _, state in box.fates()] == ["waiting", "sent", "sent"]


def test_what_a_killed_sender_left_is_sent_once_more_with_the_same_key(ledger: Ledger, sink: HttpSink) -> None:
    box = Outbox(ledger, (webhook("hook", sink.url),))
    ledger.add_notices([notice()])
    ledger.begin_sending(1, NOW, again_at=NOW + 3 * MINUTE)  # and it was killed
    assert box.send().tried == 0
    assert box.send(3 * MINUTE).sent == 1
    assert sink.got[0].headers["webhook-id"] == notice().key


def test_after_a_week_it_is_dropped_with_the_reason(ledger: Ledger, sink: HttpSink) -> None:
    sink.always = Answer(hangs_up=True)
    box = Outbox(ledger, (webhook("hook", sink.url),))
    ledger.add_notices([notice(), notice("2", "gone")])
    box.send()
    assert box.send(timedelta(days=7, seconds=1)).dropped == 1
    lasting, gone = box.reasons()
    assert lasting.startswith("not delivered within 7 days: no connection")
    assert gone == "the channel gone is no longer configured"


@pytest.mark.parametrize(
    "given, low_s, high_s",
    [
        ("7", 7, 10),
        ("120", 120, 120),
        ("90.5", 90.5, 90.5),
        ("Tue, 24 Nov 2026 12:02:00 GMT", 120, 120),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 5, 10),
        ("soon", 5, 10),
        ("nan", 5, 10),
        ("-5", 5, 10),
        ("10800", 3600, 3600),
        ("99999999999999999999", 3600, 3600),
    ],
)
def test_how_long_a_receiver_may_make_us_wait(
    ledger: Ledger, sink: HttpSink, given: str, low_s: float, high_s: float
) -> None:
    """IBM/mcp-context-forge#5674: seconds, a fraction, a date by the server's clock, nonsense, hours."""
    sink.always = Answer(503, {"Retry-After": given, "Date": "Tue, 24 Nov 2026 12:00:00 GMT"})
    box = Outbox(ledger, (webhook("hook", sink.url),))
    ledger.add_notices([notice()])
    box.send()
    waited = (ledger.list_notices()[0].next_at - NOW).total_seconds()
    assert low_s <= waited <= high_s


def test_waiting_doubles_up_to_a_limit_and_never_runs_away() -> None:
    waits = [next_wait(tries, None, 0.999) for tries in range(200)]
    assert waits == sorted(waits)
    assert waits[-1] <= LONGEST_WAIT
    assert next_wait(0, None, 0.0) == 5 * SECOND


def test_a_seed_gives_the_same_waits(sink: HttpSink) -> None:
    def wait_once() -> Any:
        with Ledger.in_memory() as ledger:
            sink.always = Answer(503)
            ledger.add_notices([notice()])
            Outbox(ledger, (webhook("hook", sink.url),)).send()
            return ledger.list_notices()[0].next_at

    assert wait_once() == wait_once()
