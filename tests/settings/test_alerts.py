"""`alerts:`, `service:`, `retention:` and `expires:`: what is understood, what is refused with which sentence."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from auditor.incident_model import Match
from auditor.model import Severity
from auditor.settings.alerts import Alerts, Channel, Heartbeat, Route
from auditor.settings.expiry import Expiry
from auditor.settings.schema import make_schema
from auditor.settings.service import Retention, ScheduledReport, ServiceSettings
from auditor.settings.values import parse_duration
from tests.settings.configs import destination, flow, mistakes, read
from tests.settings.test_schema import as_an_editor_reads

SCHEMA = jsonschema.Draft202012Validator(make_schema())
MAIL = "mailtos://audit:hunter2@mail.example.com"
BASE = flow("team: web", "tags: [gdpr]")  # 7 lines
ISSUE = f"""alerts:
  channels:
    ops-mail: {{apprise: "{MAIL}", fallback: pager}}
    pager:    {{pagerduty: {{routing_key: hunter2hunter2}}}}
    hook:     {{webhook: {{url: "https://h.example.com/hunter2", secret: hunter2}}}}
    prom:     {{alertmanager: {{url: "http://alertmanager:9093/"}}}}
  routes:
    - {{match: {{severity: critical}}, to: [pager, ops-mail]}}
    - {{match: {{team: web}}, to: [hook, prom], group_wait: 2m, repeat: 12h, continue: true, name: web}}
    - {{to: ops-mail}}
  heartbeat: {{url: "https://hc-ping.com/hunter2", every: 10m}}
  zone: Europe/Berlin
  page: https://exports.example.com/
service:
  listen: 127.0.0.1:8181
  arrival_every: 10m
  relist: 12h
  workers: 2
  grace: 30s
  reports: [{{every: month, formats: [html, json], to: {{folder: ./reports}}, route: ops-mail}}]
retention: {{files: 100d}}
"""


def test_the_whole_is_understood(tmp_path):
    config = read(tmp_path, BASE + ISSUE)
    hook = {"url": "https://h.example.com/hunter2", "secret": "hunter2", "headers": {}}
    assert config.alerts == Alerts(
        channels={
            "ops-mail": Channel("ops-mail", "apprise", {"url": MAIL}, "pager"),
            "pager": Channel("pager", "pagerduty", {"routing_key": "hunter2hunter2"}),
            "hook": Channel("hook", "webhook", hook),
            "prom": Channel("prom", "alertmanager", {"url": "http://alertmanager:9093"}),
        },
        routes=(
            Route("1", ("pager", "ops-mail"), Match(severity=Severity.CRITICAL)),
            Route(
                "web",
                ("hook", "prom"),
                Match(team="web"),
                goes_on=True,
                group_wait=timedelta(minutes=2),
                repeat=timedelta(hours=12),
            ),
            Route("3", ("ops-mail",)),
        ),
        heartbeat=Heartbeat("https://hc-ping.com/hunter2", timedelta(minutes=10)),
        zone="Europe/Berlin",
        page="https://exports.example.com",
    )
    assert config.service == ServiceSettings(
        port=8181,
        arrival_every=timedelta(minutes=10),
        relist=timedelta(hours=12),
        workers=2,
        grace=timedelta(seconds=30),
        reports=(ScheduledReport("month", ("html", "json"), tmp_path / "reports", "ops-mail"),),
    )
    assert config.retention == Retention(timedelta(days=100))
    assert (config.warnings, config.alerts.nobody_told) == ((), "")
    assert "hunter2" not in repr(config)


def test_nothing_said_is_the_defaults_and_nobody_is_told(tmp_path):
    config = read(tmp_path, BASE)
    assert (config.alerts, config.service, config.retention) == (Alerts(), ServiceSettings(), Retention())
    assert config.alerts.nobody_told.startswith("nobody will be told of anything")


@pytest.mark.parametrize("text", ["alerts:\nservice:\nretention:\n", "alerts: {}\nservice: {}\nretention: {}\n"])
def test_sections_without_anything_are_the_defaults(text, tmp_path):
    config = read(tmp_path, BASE + text)
    assert (config.alerts, config.service, config.retention) == (Alerts(), ServiceSettings(), Retention())


SECRETS = [  # configuration with {}, key, whose
    ("alerts: {{channels: {{c: {{{}}}}}}}\n", "apprise", MAIL),
    ("alerts: {{channels: {{c: {{pagerduty: {{{}}}}}}}}}\n", "routing_key", "hunter2"),
    ("alerts: {{channels: {{c: {{webhook: {{secret: s, {}}}}}}}}}\n", "url", "https://h.example.com/hunter2"),
    ("alerts: {{channels: {{c: {{webhook: {{url: 'https://h', {}}}}}}}}}\n", "secret", "hunter2"),
    ("alerts: {{channels: {{c: {{alertmanager: {{url: 'https://a', {}}}}}}}}}\n", "token", "hunter2"),
    ("alerts: {{channels: {{c: {{alertmanager: {{url: 'https://a', user: u, {}}}}}}}}}\n", "password", "hunter2"),
    ("alerts: {{heartbeat: {{{}}}}}\n", "url", "https://hc-ping.com/hunter2"),
    ("service: {{{}}}\n", "token", "hunter2hunter2hunter2"),
    ("service: {{{}}}\n", "token_hash", "a" * 64),
]


@pytest.mark.parametrize("text, name, secret", SECRETS, ids=[f"{case[1]} {n}" for n, case in enumerate(SECRETS)])
def test_each_secret_comes_as_it_is_from_the_environment_or_from_a_file(text, name, secret, tmp_path):
    (tmp_path / "secret").write_text(f"{secret}\n")
    given = read(tmp_path, BASE + text.format(f"{name}: '{secret}'"))
    by_variable = read(tmp_path, BASE + text.format(f"{name}: '${{HUSH}}'"), {"HUSH": secret})
    by_file = read(tmp_path, BASE + text.format(f"{name}_file: secret"))
    for other in (by_variable, by_file):
        assert (other.alerts, other.service) == (given.alerts, given.service)
    assert by_file.files == (tmp_path / "c.yaml", tmp_path / "secret")
    told = mistakes(tmp_path, BASE + text.format(f"{name}: '{secret}', {name}_file: secret"))
    assert len(told) == 1
    assert f"stands beside {name}; keep one of them" in told[0]
    (told,) = mistakes(tmp_path, BASE + text.format(f"{name}: '${{HUSH}}'"))
    assert "the environment variable HUSH is not set" in told
    told = mistakes(tmp_path, BASE + text.format(f"{name}: "))
    assert any("is empty; leave the key out, or give the secret" in one for one in told)


def test_the_token_is_kept_as_its_hash(tmp_path):
    config = read(tmp_path, BASE + "service: {listen: 0.0.0.0:80, token: hunter2hunter2hunter2}\n")
    token_hash = hashlib.sha256(b"hunter2hunter2hunter2").hexdigest()
    assert (config.service.host, config.service.token_hash) == ("0.0.0.0", token_hash)
    given = read(tmp_path, BASE + f"service: {{token_hash: 'sha256:{token_hash.upper()}'}}\n")
    assert given.service.token_hash == token_hash


def test_headers_may_hold_secrets(tmp_path):
    text = "alerts: {channels: {c: {webhook: {url: 'https://h', secret: s, headers: {X-Team: data, X-Key: '${K}'}}}}}\n"
    config = read(tmp_path, BASE + text, {"K": "hunter2"})
    assert config.alerts.channels["c"].options["headers"] == {"X-Team": "data", "X-Key": "hunter2"}


LISTENS = [
    ("localhost:1", ("localhost", 1)),
    ("'[::1]:8080'", ("::1", 8080)),
    ("127.0.0.2:0", ("127.0.0.2", 0)),
]


@pytest.mark.parametrize("text, place", LISTENS)
def test_this_machine_needs_no_token(text, place, tmp_path):
    service = read(tmp_path, BASE + f"service: {{listen: {text}}}\n").service
    assert (service.host, service.port) == place


REASON = "would let everybody who reaches this address read names, findings and reports; add a token"


@pytest.mark.parametrize("host", ["0.0.0.0", "'[::]", "10.1.2.3", "audit.example.com", "'[::ffff:127.0.0.1]"])
def test_another_address_needs_a_token(host, tmp_path):
    quote = "'" if host.startswith("'") else ""
    (told,) = mistakes(tmp_path, BASE + f"service: {{listen: {host}:8080{quote}}}\n")
    assert told.startswith(f"c.yaml:10:19: service.listen: {REASON}")


def alerts(text: str) -> str:
    return f"{BASE}alerts:\n  {text}\n"


CHANNEL = "channels: {a: {webhook: {url: 'https://h', secret: s}}}"
MISTAKES = [  # told, configuration, messages
    ("no channel of that name", alerts(f"{CHANNEL}\n  routes: [{{to: [aa]}}]"),
     ['c.yaml:12:18: alerts.routes[0].to[0]: "aa" is no channel; add it to alerts.channels. Did you mean "a"?']),
    ("no channel at all", alerts("routes: [{to: [mail]}]"),
     ['c.yaml:11:18: alerts.routes[0].to[0]: "mail" is no channel; add it to alerts.channels.']),
    ("a route to nobody", alerts("routes: [{to: []}]"),
     ["c.yaml:11:17: alerts.routes[0].to: names no channel; write at least one, as in to: [ops-mail]"]),
    ("a route without channels", alerts("routes: [{match: {team: web}}]"),
     ["c.yaml:11:12: alerts.routes[0].to: is missing; add it, as in to: [ops-mail]"]),
    ("a fallback of nobody", alerts("channels: {a: {pagerduty: {routing_key: k}, fallback: b}}"),
     ['c.yaml:11:57: alerts.channels.a.fallback: "b" is no channel; add it to alerts.channels. Known are: "a".']),
    ("a fallback to itself", alerts("channels: {a: {pagerduty: {routing_key: k}, fallback: a}}"),
     [("c.yaml:11:57: alerts.channels.a.fallback: goes in a circle (a → a): when all are broken, none is left; "
       "remove one fallback")]),
    ("a circle of fallbacks, told once",
     alerts("channels: {a: {pagerduty: {routing_key: k}, fallback: b}, b: {pagerduty: {routing_key: k}, fallback: a}}"),
     [("c.yaml:11:57: alerts.channels.a.fallback: goes in a circle (a → b → a): when all are broken, none is left; "
       "remove one fallback")]),
    ("a channel that is nothing", alerts("channels: {a: {fallback: a}}"),
     [("c.yaml:11:14: alerts.channels.a: says not how it reaches anybody; add one of: apprise, pagerduty, webhook, "
       "alertmanager"),
      ("c.yaml:11:28: alerts.channels.a.fallback: goes in a circle (a → a): when all are broken, none is left; "
       "remove one fallback")]),
    ("a channel that is two", alerts(f"channels: {{a: {{apprise: '{MAIL}', pagerduty: {{routing_key: k}}}}}}"),
     ["c.yaml:11:71: alerts.channels.a.pagerduty: stands beside apprise; give each a channel of its own"]),
    ("an address that apprise cannot read", alerts("channels: {a: {apprise: 'slakc://hunter2'}}"),
     [("c.yaml:11:27: alerts.channels.a.apprise: is no address that apprise can read: the scheme before :// is not "
       "known, or a part is missing; see https://github.com/caronc/apprise/wiki")]),
    ("no address for apprise", alerts("channels: {a: {apprise: hunter2}}"),
     [("c.yaml:11:27: alerts.channels.a.apprise: is no address; write it as apprise does, as in "
       "mailtos://user:password@mail.example.com")]),
    ("no routing key", alerts("channels: {a: {pagerduty: {}}}"),
     [("c.yaml:11:18: alerts.channels.a.pagerduty.routing_key: is missing; add it, or routing_key_file with the file "
       "that holds it")]),
    ("a webhook without a scheme", alerts("channels: {a: {webhook: {url: hunter2.example.com, secret: s}}}"),
     ["c.yaml:11:33: alerts.channels.a.webhook.url: is no address; write it with its scheme, as https://host/path"]),
    ("an unsigned webhook", alerts("channels: {a: {webhook: {url: 'https://h'}}}"),
     [("c.yaml:11:18: alerts.channels.a.webhook.secret: is missing; add it, or secret_file with the file that holds "
       "it")]),
    ("a header of two lines",
     alerts('channels: {a: {webhook: {url: "https://h", secret: s, headers: {X: "hunter\\n2"}}}}'),
     [("c.yaml:11:70: alerts.channels.a.webhook.headers.X: is no value of a header; write one line of plain "
       "characters, without spaces at its ends")]),
    ("a header with a space in its name",
     alerts('channels: {a: {webhook: {url: "https://h", secret: s, headers: {"X Y": z}}}}'),
     [("c.yaml:11:74: alerts.channels.a.webhook.headers.X Y: is no name of a header; write letters, digits and "
       "hyphens, as in X-Team")]),
    ("a password in the open",
     alerts("channels: {a: {alertmanager: {url: 'http://a:9093', user: u, password: hunter2}}}"),
     ["c.yaml:11:38: alerts.channels.a.alertmanager.url: is not encrypted; write https://a:9093"]),
    ("half a login", alerts("channels: {a: {alertmanager: {url: 'https://a', user: u}}}"),
     [("c.yaml:11:18: alerts.channels.a.alertmanager.password: is missing; a user needs its password, and a password "
       "its user")]),
    ("two logins", alerts("channels: {a: {alertmanager: {url: 'https://a', user: u, password: p, token: t}}}"),
     ["c.yaml:11:80: alerts.channels.a.alertmanager.token: stands beside a user; keep one way to log in"]),
    ("a code that does not exist", alerts(f"{CHANNEL}\n  routes: [{{match: {{code: export-mising}}, to: a}}]"),
     [('c.yaml:12:27: alerts.routes[0].match.code: "export-mising" fits no finding code; `export-auditor explain` '
       'lists them. Did you mean "export-missing"?')]),
    ("a severity that does not exist", alerts(f"{CHANNEL}\n  routes: [{{match: {{severity: fatal}}, to: a}}]"),
     [('c.yaml:12:31: alerts.routes[0].match.severity: "fatal" is not known here; write one of: info, warning, error, '
       "critical.")]),
    ("a route of the name of another",
     alerts(f"{CHANNEL}\n  routes: [{{name: x, match: {{team: web}}, to: a}}, {{name: x, to: a}}]"),
     ['c.yaml:12:57: alerts.routes[1].name: "x" is the name of a route above too; give each its own']),
    ("a wait that keeps what is urgent", alerts(f"{CHANNEL}\n  routes: [{{to: a, group_wait: 1d}}]"),
     [("c.yaml:12:32: alerts.routes[0].group_wait: is longer than 1h, and would keep what is urgent; write 1h or "
       "less")]),
    ("reminders without end", alerts(f"{CHANNEL}\n  routes: [{{to: a, repeat: 1m}}]"),
     ["c.yaml:12:28: alerts.routes[0].repeat: is shorter than 5m, and would bury what is new; write 5m or more"]),
    ("a heartbeat without an address", alerts("heartbeat: {every: 5m}"),
     ["c.yaml:11:3: alerts.heartbeat.url: is missing; add it, or url_file with the file that holds it"]),
    ("a key that does not exist", alerts("channel: {}"),
     ['c.yaml:11:3: alerts.channel: is no key here. Did you mean "channels"?']),
    ("alerts as a list", f"{BASE}alerts: [a]\n",
     [("c.yaml:10:9: alerts: a mapping belongs here, as in alerts: {channels: {ops-mail: {apprise: "
       '"${AUDIT_MAIL_URL}"}}, routes: [{to: [ops-mail]}]}')]),
    ("a port alone", f"{BASE}service: {{listen: 8080}}\n",
     ['c.yaml:10:19: service.listen: "8080" lacks the address or the port; write both, as in 127.0.0.1:8080']),
    ("a host alone", f"{BASE}service: {{listen: localhost}}\n",
     ['c.yaml:10:19: service.listen: "localhost" lacks the address or the port; write both, as in 127.0.0.1:8080']),
    ("IPv6 without brackets", f"{BASE}service: {{listen: '::1:8080'}}\n",
     ['c.yaml:10:19: service.listen: "::1:8080" is no address with a port; write IPv6 in brackets, as in [::1]:8080']),
    ("a port that does not exist", f"{BASE}service: {{listen: 127.0.0.1:70000}}\n",
     ['c.yaml:10:19: service.listen: "70000" does not fit; write a whole number from 0 to 65,535']),
    ("no address", f"{BASE}service: {{listen: 127.0.0.300:80}}\n",
     ['c.yaml:10:19: service.listen: "127.0.0.300" is neither an address nor a name; write it as 127.0.0.1:8080']),
    ("a token that can be guessed", f"{BASE}service: {{token: hunter2}}\n",
     [("c.yaml:10:18: service.token: is no token: it needs 16 characters or more, without spaces; make one by openssl "
       "rand -hex 32")]),
    ("a hash that is none", f"{BASE}service: {{token_hash: hunter2}}\n",
     [("c.yaml:10:23: service.token_hash: is no SHA-256 (64 hexadecimal digits); make it by printf %s TOKEN | "
       "sha256sum")]),
    ("looks without a pause", f"{BASE}service: {{arrival_every: 1s}}\n",
     ["c.yaml:10:26: service.arrival_every: does not fit; write a duration from 10s to 6h"]),
    ("a report for nobody", f"{BASE}service: {{reports: [{{every: month, to: {{folder: r}}, route: ops}}]}}\n",
     ['c.yaml:10:60: service.reports[0].route: "ops" is no channel; add it to alerts.channels.']),
    ("a report of a week", f"{BASE}service: {{reports: [{{every: week, to: {{folder: r}}}}]}}\n",
     ['c.yaml:10:29: service.reports[0].every: "week" is not known here; write one of: month, quarter.']),
    ("a ledger that forgets at once", f"{BASE}retention: {{files: 1d}}\n",
     ["c.yaml:10:20: retention.files: is shorter than 30d: what changes later would go unseen; write 30d or more"]),
    ("a ledger in two places", f"ledger: sqlite:///a.db\nledger_file: x\n{BASE}",
     ["c.yaml:2:1: ledger_file: stands beside ledger; keep one of them"]),
    ("an end in words",
     destination("type: sftp", "host: h", "username: u", "known_hosts_file: k", "password: p", "expires: soon"),
     ['c.yaml:8:14: destinations.d.expires: "soon" is no time; write it as 2026-10-01T00:00:00Z']),
    ("an end of nothing", destination("type: local", "root: r", "expires: 2027-01-01"),
     [("c.yaml:5:5: destinations.d.expires: is no key here; known are: type, folder, retain, arrival, severity, "
       "ignore, concurrency, page_size, timeout, root")]),
]  # fmt: skip


@pytest.mark.parametrize("told, text, messages", MISTAKES, ids=[case[0] for case in MISTAKES])
def test_each_mistake_has_its_sentence_and_repeats_no_secret(told, text, messages, tmp_path):
    found = mistakes(tmp_path, text)
    assert found == messages
    assert "hunter2" not in "".join(found)


WARNINGS = [
    (
        "a route below one that takes everything",
        f"{CHANNEL}\n  routes: [{{to: a}}, {{match: {{team: web}}, to: a}}]",
        ["line 12: alerts.routes[1]: is never reached: route 1 takes everything"],
    ),
    ("one that goes on takes nothing away", f"{CHANNEL}\n  routes: [{{to: a, continue: yes}}, {{to: a}}]", []),
    (
        "a channel that is not used",
        "channels: {a: {pagerduty: {routing_key: k}}, b: {pagerduty: {routing_key: k}}}\n  routes: [{to: a}]",
        ["line 11: alerts.channels.b: no route leads to it: nobody is told by it"],
    ),
    (
        "names that are not there",
        f"{CHANNEL}\n  routes: [{{match: {{team: we, flow: f, tag: gd*, destination: x}}, to: a}}]",
        [
            'line 12: alerts.routes[0].match.destination: "x" fits no destination of this configuration',
            'line 12: alerts.routes[0].match.team: "we" fits no team of this configuration',
        ],
    ),
]


@pytest.mark.parametrize("told, text, warnings", WARNINGS, ids=[case[0] for case in WARNINGS])
def test_what_is_probably_not_meant_is_said(told, text, warnings, tmp_path):
    assert list(read(tmp_path, alerts(text)).warnings) == warnings


def test_the_ledger_may_stand_in_a_file(tmp_path):
    (tmp_path / "url").write_text("postgresql://audit:hunter2@db/audit\n")
    config = read(tmp_path, f"ledger_file: url\n{BASE}")
    assert config.ledger_url == "postgresql://audit:hunter2@db/audit"
    assert config.files == (tmp_path / "c.yaml", tmp_path / "url")


def test_what_ends_is_known_with_its_day(tmp_path):
    login = ("username: u", "password: p", "expires: 2027-03-31")
    sftp = destination("type: sftp", "host: h", "known_hosts_file: k", *login)
    platform = (
        "experience_platform:\n  prod: {org_id: 5B4C@AdobeOrg, sandbox: prod, client_id: c, client_secret: s, "
        "expires: 2027-01-01T12:00:00+01:00}\n"
    )
    more = (
        "alerts: {channels: {a: {pagerduty: {routing_key: k, expires: 2027-02-01}}}, "
        "heartbeat: {url: 'https://h', expires: 2027-02-02}}\n"
        "service: {token: hunter2hunter2hunter2, expires: 2027-02-03}\n"
    )
    config = read(tmp_path, platform + sftp + more)
    assert config.expiries == (
        Expiry(datetime(2027, 3, 31, tzinfo=UTC), "secret of destination d", day_only=True, destination="d"),
        Expiry(datetime(2027, 1, 1, 11, tzinfo=UTC), "client secret of prod", platform="prod"),
        Expiry(datetime(2027, 2, 1, tzinfo=UTC), "secret of channel a", day_only=True),
        Expiry(datetime(2027, 2, 2, tzinfo=UTC), "address of the heartbeat", day_only=True),
        Expiry(datetime(2027, 2, 3, tzinfo=UTC), "bearer token of the service", day_only=True),
    )
    assert "expires" not in config.destinations["d"].options


def test_every_file_that_it_was_read_from_is_known(tmp_path):
    (tmp_path / "more.yaml").write_text("waivers: []\n")
    config = read(tmp_path, f"include: more.yaml\n{BASE}")
    assert config.files == (tmp_path / "c.yaml", tmp_path / "more.yaml")


@pytest.mark.parametrize("text", [BASE + ISSUE, BASE + "alerts:\nservice:\nretention:\n"])
def test_what_is_understood_fits_the_schema(text):
    assert not [error.message for error in SCHEMA.iter_errors(as_an_editor_reads(text))]


def test_the_example_of_the_reference_page_loads(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    text = page.partition("## Alerts")[2].partition("```yaml\n")[2].partition("```")[0]
    text = text.replace("secret_file: /run/secrets/hook", "secret: s")
    secrets = {"AUDIT_MAIL_URL": MAIL, "AUDIT_PAGERDUTY_KEY": "k", "AUDIT_HEARTBEAT_URL": "https://h"}
    assert read(tmp_path, BASE + text, secrets).warnings == ()


def test_the_defaults_that_are_told_are_those_that_hold():
    assert ServiceSettings().arrival_every == parse_duration("5m")
    assert ServiceSettings().grace == parse_duration("25s")
    assert Retention().files == parse_duration("400d")
