"""The service before real receivers: its configuration, and what must be seen of it from outside."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

from tests.servers.prometheus import prometheus
from tests.servers.smtp_sink import SmtpSink

RULES = Path(__file__).parents[2] / "config/prometheus/rules.yml"
TOKEN = "0123456789abcdef-of-the-service"
SETTINGS = """\
ledger: sqlite:///{state}/export-auditor.db
service: {{listen: "{listen}", token_file: {secrets}/service-token}}
alerts:
  channels: {{ops-mail: {{apprise_file: {secrets}/ops-mail}}}}
  routes: [{{to: [ops-mail]}}]
"""


def write_settings(config: Path, world: str, sink: SmtpSink, *, listen: str, state: str, secrets: str) -> Path:
    """`config`/auditor.yaml for `world`, with paths as the service sees them; the folder of the secrets it reads."""
    folder = config.parent / "secrets"
    for made in (config, folder):
        made.mkdir(exist_ok=True)
    (folder / "service-token").write_text(f"{TOKEN}\n")
    (folder / "ops-mail").write_text(sink.url())
    settings = SETTINGS.format(listen=listen, state=state, secrets=secrets)
    (config / "auditor.yaml").write_text(settings + world)
    return folder


def get(port: int, path: str, token: str = "") -> tuple[int, str]:
    """Status and body; status 0: nobody answers."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def wait_for(what: str, ask: Callable[[], object], seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if ask():
            return
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds} s")


def wait_for_words(sink: SmtpSink, told: tuple[str, ...], seconds: float) -> None:
    try:
        wait_for("mail", lambda: all(word in words_of(sink.received) for word in told), seconds)
    except AssertionError:
        missing = [word for word in told if word not in words_of(sink.received)]
        subjects = "\n".join(str(one["subject"]) for one in sink.received)
        raise AssertionError(f"no mail speaks of {missing}, but of:\n{subjects}") from None


def words_of(messages: list[EmailMessage]) -> str:
    """Subjects and bodies."""
    return "\n".join(
        f"{one['subject']}\n{part.get_content()}"
        for one in messages
        for part in one.walk()
        if part.get_content_maintype() == "text"
    )


def see_it_serve(port: int, sink: SmtpSink, told: tuple[str, ...], seconds: float = 60.0) -> dict[str, float]:
    """Probes need no token and everything else does; it audits, tells, and is scraped by a real Prometheus.

    `told`: codes or words that the mails must hold. What Prometheus knows of it in the end, by metric.
    """
    wait_for("alive", lambda: get(port, "/healthz")[0] == 200, seconds)
    assert get(port, "/metrics")[0] == get(port, "/")[0] == 401
    assert get(port, "/metrics", TOKEN[:-1])[0] == 401
    wait_for("ready", lambda: get(port, "/readyz")[0] == 200, seconds)
    wait_for_words(sink, told, seconds)
    assert get(port, "/", TOKEN)[0] == 200
    with prometheus(f"127.0.0.1:{port}", rules=RULES, token=TOKEN) as scraper:
        scraper.wait_for('up{job="export-auditor"} == 1', seconds=30)
        scraper.wait_for('sum(export_auditor_notices_total{channel="ops-mail", state="sent"}) > 0', seconds=60)
        seen = {
            name: float(scraper.wait_for(f"sum({name})")[0]["value"][1])
            for name in (
                "export_auditor_ready",
                "export_auditor_runs",
                "export_auditor_findings",
                "export_auditor_incidents",
                "export_auditor_objects_listed_total",
                "export_auditor_files_read_total",
                'export_auditor_notices_total{state="sent"}',
            )
        }
    assert min(seen.values()) > 0, seen
    return seen
