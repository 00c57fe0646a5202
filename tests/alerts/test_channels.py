"""What each kind of channel sends: by its protocol, within its limits, nothing of its secrets let out."""

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from apprise import NotifyFormat
from jsonschema import validate

from auditor.alerts.channels.apprise import choose_format
from auditor.alerts.channels.base import Delivered, Sending
from auditor.alerts.channels.http import harmless
from auditor.alerts.channels.opening import open_receiver
from auditor.alerts.channels.webhook import sign
from auditor.alerts.heartbeat import ping
from auditor.incident_model import EventKind, Message
from auditor.ledger import Ledger
from auditor.model import Severity
from auditor.settings.alerts import Channel, Heartbeat
from tests.alerts.outbox import NOW, WORDS, Outbox, notice, webhook
from tests.servers.fake_entra import make_certificate
from tests.servers.http_sink import Answer, HttpSink, http_sink
from tests.servers.smtp_sink import SmtpSink, smtp_sink

SECRET = "s3cr3t/ne+ver=to be%seen"
PAGE = "https://exports.example.com"
EVENT = {  # CloudEvents 1.0, JSON format, structured mode: required attributes, and what optional ones must be
    "type": "object",
    "required": ["specversion", "id", "source", "type", "time", "datacontenttype", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1},
        "type": {"type": "string", "pattern": r"^export-auditor\.(incident\.[a-z]+|message)$"},
        "time": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "subject": {"type": "string", "minLength": 1},
        "datacontenttype": {"const": "application/json"},
        "data": {"type": "object", "required": ["incidents", "message", "labels", "severity", "group"]},
    },
    "patternProperties": {"^[a-z0-9]+$": {}},
    "additionalProperties": False,
}


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    with http_sink() as running:
        yield running


@pytest.fixture
def mail() -> Iterator[SmtpSink]:
    with smtp_sink() as running:
        yield running


def pagerduty(sink: HttpSink) -> Any:
    return open_receiver(Channel("pager", "pagerduty", {"routing_key": "R" * 32, "url": sink.url}), page=PAGE)


@pytest.mark.parametrize("kind", [*EventKind, None])
def test_a_webhook_gets_a_cloud_event(sink: HttpSink, kind: EventKind | None) -> None:
    receiver = open_receiver(webhook("hook", f"{sink.url}/in"), page=PAGE)
    assert receiver.send(Sending(notice(kind=kind), NOW)).is_sent
    [got] = sink.got
    assert got.headers["content-type"].startswith("application/cloudevents+json")
    validate(got.json, EVENT)
    assert (got.json["id"], got.json["source"], got.json["subject"]) == (notice().key, PAGE, "web/lake")
    assert got.json["data"]["message"]["text"] == WORDS.plain


def test_a_webhook_is_signed_as_standard_webhooks_says(sink: HttpSink) -> None:
    raw = b"secret-sign"
    receiver = open_receiver(webhook("hook", sink.url, secret=f"whsec_{base64.b64encode(raw).decode()}"))
    receiver.send(Sending(notice(), NOW))
    [got] = sink.got
    told = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    expected = base64.b64encode(hmac.new(raw, told, hashlib.sha256).digest()).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"
    assert got.headers["webhook-timestamp"] == str(int(NOW.timestamp()))


def test_the_signature_of_the_specification_s_example() -> None:
    """The test vector of the Standard Webhooks libraries."""
    at = datetime.fromtimestamp(1_614_265_330, UTC)
    headers = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}'
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_pagerduty_is_triggered_and_resolved_under_one_key(sink: HttpSink) -> None:
    receiver = pagerduty(sink)
    for kind in (EventKind.OPENED, EventKind.REMINDER, EventKind.RECOVERED):
        assert receiver.send(Sending(notice(kind=kind), NOW)).is_sent
    opened, reminded, over = (got.json for got in sink.got)
    assert [one["event_action"] for one in (opened, reminded, over)] == ["trigger", "trigger", "resolve"]
    assert {one["dedup_key"] for one in (opened, reminded, over)} == {notice().dedup}
    assert sink.got[0].path == "/v2/enqueue"
    payload = opened["payload"]
    assert (payload["severity"], payload["source"], payload["class"]) == ("error", "lake", "export-missing")
    assert len(payload["summary"]) <= 1_024
    assert opened["links"] == [{"href": PAGE, "text": "export-auditor"}]


def test_a_summary_fits_pagerduty_whatever_it_says(sink: HttpSink) -> None:
    words = Message("x" * 5_000, "y" * 30_000 + "\ny" * 300, "z", "<p>", "s" * 160)
    assert pagerduty(sink).send(Sending(notice(message=words), NOW)).is_sent
    assert len(sink.got[0].json["payload"]["summary"]) <= 1_024
    assert len(sink.got[0].body) < 100_000


def test_a_test_leaves_nothing_open_at_pagerduty(sink: HttpSink) -> None:
    assert pagerduty(sink).send(Sending(notice(kind=None, dedup="", severity=Severity.INFO), NOW)).is_sent
    assert [got.json["event_action"] for got in sink.got] == ["trigger", "resolve"]
    assert len({got.json["dedup_key"] for got in sink.got}) == 1


def test_a_gap_is_no_part_of_what_goes_on(sink: HttpSink) -> None:
    pagerduty(sink).send(Sending(notice(kind=EventKind.GAP), NOW))
    assert sink.got[0].json["dedup_key"] != notice().dedup


def test_mail_arrives_as_html_and_text(mail: SmtpSink) -> None:
    receiver = open_receiver(Channel("mail", "apprise", {"url": mail.url()}))
    assert receiver.send(Sending(notice(), NOW)).is_sent
    [got] = mail.received
    assert got["subject"] == WORDS.title
    assert got["to"] == "ops@example.com"
    html = got.get_body(("html",))
    assert html is not None
    assert "line 399" in html.get_content()
    assert not [part for part in got.walk() if part.get_filename()]


def test_apprise_says_only_that_it_failed_and_it_is_tried_again(mail: SmtpSink) -> None:
    mail.refusals = ["451 later"]
    with Ledger.in_memory() as ledger:
        box = Outbox(ledger, (Channel("mail", "apprise", {"url": mail.url()}),))
        ledger.add_notices([notice(channel="mail")])
        assert box.send().sent == 0
        assert box.reasons() == ["not taken (apprise says no more)"]
        box.now = ledger.list_notices()[0].next_at
        assert box.send().sent == 1


def test_a_service_that_takes_anything_gets_plain_text(sink: HttpSink) -> None:
    receiver = open_receiver(Channel("x", "apprise", {"url": f"json://{sink.url.removeprefix('http://')}/x"}))
    assert receiver.send(Sending(notice(), NOW)).is_sent
    assert sink.got[0].json["message"].strip() == WORDS.plain.strip()


HTML, MARKDOWN, TEXT = NotifyFormat.HTML, NotifyFormat.MARKDOWN, NotifyFormat.TEXT


@pytest.mark.parametrize(
    "takes, longest, expected",
    [
        ((HTML, TEXT), 32_768, HTML),  # mail
        ((MARKDOWN, TEXT), 35_000, MARKDOWN),  # Slack
        ((HTML, MARKDOWN), 4_096, MARKDOWN),  # Telegram: some tags, no document
        ((TEXT, HTML, MARKDOWN), 32_768, TEXT),
        (TEXT, 160, TEXT),
        (HTML, 1_000, TEXT),
    ],
)
def test_each_service_of_apprise_gets_what_it_shows_best(takes: object, longest: int, expected: NotifyFormat) -> None:
    assert choose_format(takes, longest) is expected


@pytest.mark.parametrize("answer", [Answer(302, {"Location": "http://127.0.0.1:9/"}), Answer(301, {"Location": "/x"})])
def test_no_token_follows_a_redirect(sink: HttpSink, answer: Answer) -> None:
    sink.always = answer
    host = sink.url.removeprefix("http://")
    for channel in (webhook("hook", sink.url), Channel("x", "apprise", {"url": f"json://{host}/x"})):
        sink.got.clear()
        assert not open_receiver(channel).send(Sending(notice(), NOW)).is_sent
        assert len(sink.got) == 1


def test_a_certificate_that_nobody_trusts_is_refused(tmp_path: Path) -> None:
    with http_sink(make_certificate(tmp_path)) as secure:
        for channel in (
            webhook("hook", secure.url),
            Channel("pager", "pagerduty", {"routing_key": "R" * 32, "url": secure.url}),
            Channel("prom", "alertmanager", {"url": secure.url}),
        ):
            delivery = open_receiver(channel).send(Sending(notice(), NOW))
            assert delivery.how is Delivered.REFUSED
            assert "certificate" in delivery.reason
        assert secure.got == []


@pytest.mark.parametrize("answer", [Answer(hangs_up=True), Answer(500), Answer(503), Answer(408), Answer(429)])
def test_what_passes_is_told_from_what_does_not(sink: HttpSink, answer: Answer) -> None:
    sink.always = answer
    assert open_receiver(webhook("hook", sink.url)).send(Sending(notice(), NOW)).how is Delivered.PASSING


def _planted(sink: HttpSink, mail: SmtpSink) -> list[Channel]:
    """A secret under every key of every kind of channel."""
    coded, host = quote(SECRET, safe=""), sink.url.removeprefix("http://")
    return [
        webhook("hook", f"{sink.url}/{coded}?token={coded}", secret=SECRET, headers={"X-Token": "s3cr3t/ne+ver"}),
        Channel("pager", "pagerduty", {"routing_key": SECRET, "url": sink.url}),
        Channel("prom", "alertmanager", {"url": sink.url, "user": "me", "password": SECRET}),
        Channel("prom2", "alertmanager", {"url": sink.url, "token": "s3cr3t/ne+ver=to"}),
        Channel("json", "apprise", {"url": f"json://me:{coded}@{host}/{coded}"}),
        Channel("mail", "apprise", {"url": mail.url(password=coded)}),
    ]


@pytest.mark.parametrize("status", [200, 400, 401, 429, 500, 302])
def test_no_secret_of_a_channel_is_let_out(
    sink: HttpSink,
    mail: SmtpSink,
    status: int,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """Not in the ledger's bytes, not in logs at debug level of any library, not on the streams; nor encoded."""
    caplog.set_level(logging.DEBUG)

    def quoting(got: Any) -> Answer:
        return Answer(status, body=json.dumps({"path": got.path, "headers": dict(got.headers), "body": str(got.body)}))

    sink.answers = [quoting] * 100
    mail.refusals = [] if status == 200 else [f"535 wrong password {SECRET}"] * 10
    path = tmp_path / "ledger.db"
    with Ledger.open(f"sqlite:///{path}") as ledger:
        box = Outbox(ledger, tuple(_planted(sink, mail)))
        ledger.add_notices([notice(str(n), one.name) for n, one in enumerate(box.channels)])
        result = box.send()
        assert result.tried == len(box.channels)
        said = [*box.reasons(), *(one.message + str(one.evidence) for one in result.findings)]
    stored = b"".join(one.read_bytes() for one in tmp_path.iterdir()).decode("utf-8", "replace")
    ours = [one.getMessage() for one in caplog.records if one.name != "mail.log"]  # that of the test's own server
    seen = "\n".join([*said, *ours, *capfd.readouterr(), stored])
    raw = SECRET.encode()
    forms = [SECRET, quote(SECRET), quote(SECRET, safe=""), base64.b64encode(raw).decode().rstrip("="), "s3cr3t/ne"]
    assert [form for form in forms if form in seen] == []


def test_what_a_receiver_answers_is_quoted_on_one_short_line() -> None:
    told = harmless("line\n\x1b[31mred\u202e " + "x" * 10_000)
    assert len(told) <= 201
    assert told.isprintable()
    assert harmless("a TOKEN-1234 b", ["token-1234"]) == "a … b"


def test_the_heartbeat_says_how_it_goes(sink: HttpSink) -> None:
    beat = Heartbeat(f"{sink.url}/ping/uuid", every=NOW - NOW)
    sink.always = Answer(200)
    for state, end in (("start", "/start"), ("good", ""), ("fail", "/fail")):
        delivery = ping(beat, state, now=NOW)  # type: ignore[arg-type]
        assert delivery is not None
        assert delivery.is_sent
        assert sink.got[-1].path == f"/ping/uuid{end}"
    ping(beat, is_good=False, now=NOW)
    assert sink.got[-1].path == "/ping/uuid/fail"
    assert ping(None, now=NOW) is None


def test_a_heartbeat_that_is_not_heard_raises_nothing_and_hides_its_address(
    sink: HttpSink, capfd: pytest.CaptureFixture[str]
) -> None:
    sink.always = Answer(404, body="no such check uuid-1234")
    for url in (
        f"{sink.url}/uuid-1234",
        "http://127.0.0.1:9/uuid-1234",
        "http://[/uuid-1234",
        "",
        "http://nowhere.invalid/",
    ):
        delivery = ping(Heartbeat(url, every=NOW - NOW), now=NOW)
        assert delivery is not None
        assert not delivery.is_sent
        assert "uuid-1234" not in delivery.reason
    assert "uuid-1234" not in "".join(capfd.readouterr())
