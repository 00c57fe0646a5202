"""No secret of a channel, the heartbeat or the service stands in anything that is written when nobody can be told."""

import logging
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from auditor.alerts.heartbeat import ping
from auditor.alerts.sending import Sender
from auditor.ledger import Ledger
from auditor.model import Status
from auditor.settings import alert_models, load_config
from auditor.settings.secret_keys import SecretSection, secrets_of
from auditor.settings.service_models import ServiceSection
from auditor.web.app import make_app
from tests.alerts.outbox import notice
from tests.logs.logging_to import logging_to_memory, nothing_known  # noqa: F401  # for every test
from tests.logs.planted import echoing, find_planted
from tests.web.served import NOW, Played, make_result

PLANTED = {
    "channel.apprise": "json://me:Pl4ntedMailPassw0rd@127.0.0.1:{port}/Pl4ntedT0kenOfApprise",
    "pagerduty.routing_key": "Pl4ntedRoutingKey0123456789abcde",
    "webhook.url": "{http}/hooks/Pl4ntedT0kenOfTheHook",
    "webhook.secret": "Pl4ntedSigningSecret+/=",
    "webhook.headers": "Pl4ntedHeader+Value/",
    "alertmanager.password": "Pl4ntedPassword&Of=Prom",
    "alertmanager.token": "Pl4ntedToken/OfProm==",
    "heartbeat.url": "{http}/ping/Pl4ntedT0kenOfTheSwitch",
    "service.token": "Pl4ntedTokenOfTheService",
    "service.token_hash": "",
}
ALONE = ("Pl4ntedMailPassw0rd", "Pl4ntedT0kenOfApprise", "Pl4ntedT0kenOfTheHook", "Pl4ntedT0kenOfTheSwitch")
"""What is a secret inside an address."""

CONFIG = """
destinations: {{lake: {{type: local, root: .}}}}
flows:
  web:
    destination: lake
    schedule: {{start: 2026-10-01T00:00:00Z, every: 24h}}
    datasets: [{{id: 5ef3e324052581191aa6a466}}]
alerts:
  channels:
    mail: {{apprise_file: channel.apprise}}
    pager: {{pagerduty: {{routing_key_file: pagerduty.routing_key, url: "{http}"}}}}
    hook: {{webhook: {{url_file: webhook.url, secret_file: webhook.secret, headers: {{X-Key: "{header}"}}}}}}
    prom: {{alertmanager: {{url: "{http}", user: me, password_file: alertmanager.password}}}}
    prom-2: {{alertmanager: {{url: "{http}", token_file: alertmanager.token}}}}
  routes: [{{to: [mail, pager, hook, prom, prom-2]}}]
  heartbeat: {{url_file: heartbeat.url, every: 15m}}
service: {{token_file: service.token}}
"""


def test_every_key_that_takes_a_secret_is_planted():
    models = {
        name.removesuffix("Section").lower(): one
        for name, one in vars(alert_models).items()
        if isinstance(one, type) and issubclass(one, SecretSection) and one is not SecretSection
    }
    takes = {f"{name}.{key}" for name, one in models.items() for key in secrets_of(one)}
    takes |= {f"service.{key}" for key in secrets_of(ServiceSection)} | {"webhook.headers"}
    assert takes == PLANTED.keys()


@pytest.fixture
def home(tmp_path):
    return tmp_path


@pytest.mark.parametrize("status", [403, 503, None])
def test_nothing_written_holds_a_secret_when_nobody_can_be_told(home, status):
    with echoing(status) as port, logging_to_memory("debug") as lines:
        http = f"http://127.0.0.1:{port}"
        secrets = {name: text.format(http=http, port=port) for name, text in PLANTED.items()}
        for name, secret in secrets.items():
            (home / name).write_text(secret)
        (home / "auditor.yaml").write_text(CONFIG.format(http=http, header=secrets["webhook.headers"]))
        config = load_config(home / "auditor.yaml")
        options = {name: channel.options for name, channel in config.alerts.channels.items()}
        logging.getLogger("some.library").debug("a library that logs what it holds: %r", options)
        result = make_result((), status=Status.INCOMPLETE)
        with Ledger.open(config.ledger_url) as ledger:
            ledger.add_notices([notice(str(n), name, created_at=NOW, next_at=NOW) for n, name in enumerate(options)])
            sender = Sender(config, ledger, lambda: NOW, seed=1, patience_s=30)
            tried = [sender.send_due(NOW + n * timedelta(minutes=40)) for n in range(2)]
            beat = ping(config.alerts.heartbeat, now=NOW)
            listed = ledger.list_notices()
        state = Played(config=config, result=result, notices=listed)
        asking = TestClient(make_app(state), headers={"Authorization": f"Bearer {secrets['service.token']}"})
        pages = {path: asking.get(path).text for path in ("/", "/metrics", "/readyz")}
        written = {path.name: path.read_bytes() for path in home.glob("export-auditor.db*")}
    assert sum(one.tried for one in tried) >= len(options)
    assert sum(one.sent for one in tried) == 0
    assert not beat.is_sent
    assert "mail" in pages["/"]
    planted = {name: secret for name, secret in secrets.items() if secret} | {one: one for one in ALONE}
    planted["service.token_hash"] = config.service.token_hash
    said = {"what was said": repr((tried, beat, listed))}
    assert find_planted(planted, {"log": lines.text, **said, **pages, **written}) == []
