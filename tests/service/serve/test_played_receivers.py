"""The service with real receivers, a destination that never answers, and a death in the middle of sending."""

from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.alerts.sending import Sender
from auditor.incident_model import NoticeState
from auditor.worlds import Run, faults
from tests.servers.http_sink import Answer, http_sink
from tests.servers.smtp_sink import smtp_sink
from tests.service.serve.played import play  # noqa: F401
from tests.service.serve.played_worlds import BEGUN, OFTEN, ONCE_A_DAY, due_often, often
from tests.worlds.small import PROFILES, at, small_world

SECRET = "whsec_" + "a" * 32


@pytest.fixture
def hook():
    with http_sink() as sink:
        yield sink


def hooked(url, more=""):
    return f"""
alerts:
  channels: {{hook: {{webhook: {{url: "{url}/in", secret: "{SECRET}"}}}}}}
  routes: [{{to: [hook]}}]
service: {{arrival_every: 1h}}
{more}"""


def test_two_flows_are_told_by_two_routes_to_a_mail_server_and_a_hook(play, hook):  # noqa: F811
    world = small_world(OFTEN, replace(ONCE_A_DAY, start=at(3, 2, 30)), now=at(8))
    world = faults.drop_run(world, due_often(9))
    world = faults.drop_run(world, Run(ONCE_A_DAY.name, PROFILES.id, at(4, 2, 30)))
    with smtp_sink() as mails:
        more = f"""
alerts:
  channels:
    mail: {{apprise: "{mails.url()}"}}
    hook: {{webhook: {{url: "{hook.url}/in", secret: "{SECRET}"}}}}
  routes:
    - {{match: {{flow: web-3h}}, to: [hook]}}
    - {{to: [mail]}}
service: {{arrival_every: 1h}}
"""
        played = play(world, BEGUN, more=more, sends=True)
        played.play_until(at(4, 20))
        told = [(kind, codes, channel) for _, kind, codes, channel in played.told()]
        assert told == [
            ("opened", "export-late", "mail"),
            ("gap", "export-late", "hook"),
            ("opened", "export-missing", "mail"),
            ("gap", "export-missing", "hook"),
            ("opened", "protection-stale", "mail"),
        ]
        assert len(mails.received) == 3
        assert all("profiles-daily" in str(mail["subject"]) for mail in mails.received)
    assert ["web-3h" in got.body.decode() for got in hook.got] == [True, True]
    assert {one.state for one in played.notices()} == {NoticeState.SENT}


def test_a_death_between_sending_and_writing_it_down_sends_once_more_with_the_same_key(play, hook):  # noqa: F811
    played = play(faults.drop_run(often(), due_often(9)), BEGUN, more=hooked(hook.url))
    played.play_until(at(4, 13))
    [notice] = played.notices()
    now = played.clock.now
    with pytest.MonkeyPatch.context() as dying:
        dying.setattr(played.ledger, "finish_sending", _die)
        sender = Sender(played.service.config, played.ledger, played.clock)
        with pytest.raises(RuntimeError, match="killed here"):
            sender.send_due(now)
        sender.close()
    assert len(hook.got) == 1
    played.restart()
    sender = Sender(played.service.config, played.ledger, played.clock)
    played.clock.now = now + timedelta(seconds=30)
    assert sender.send_due(played.clock.now).tried == 0  # that try may still be under way
    played.clock.now = now + timedelta(minutes=5)
    assert sender.send_due(played.clock.now).sent == 1
    sender.close()
    first, second = (got.headers["webhook-id"] for got in hook.got)
    assert first == second
    assert [one.key for one in played.notices()] == [notice.key]
    assert notice.key in first


def test_a_receiver_that_refuses_for_a_while_is_told_in_the_end_and_once(play, hook):  # noqa: F811
    hook.answers += [Answer(503), Answer(503)]
    played = play(faults.drop_run(often(), due_often(9)), BEGUN, more=hooked(hook.url), sends=True)
    played.play_until(at(4, 14))
    [notice] = played.notices()
    assert (notice.state, notice.tries) == (NoticeState.SENT, 3)
    assert len({got.headers["webhook-id"] for got in hook.got}) == 1


def _die(*_args, **_named):
    raise RuntimeError("killed here")
