"""An outbox with notices, channels of a configuration, and a clock that is set by hand."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from auditor.alerts.sending import Sender, SendingResult
from auditor.incident_model import EventKind, Message, Notice
from auditor.ledger import Ledger
from auditor.model import Severity
from auditor.settings import Config
from auditor.settings.alerts import Alerts, Channel

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LONG = "\n".join(f"line {number} of what was found" for number in range(400)) + "\n"
TITLE, SHORT = "[error] web → lake: no sound export", "[error] web: none"
WORDS = Message(TITLE, LONG, f"**web**\n\n{LONG}", f"<p>{LONG}</p>", SHORT)


def notice(key: str = "1", channel: str = "hook", **more: Any) -> Notice:
    given = Notice(
        key=key.rjust(32, "0"),
        kind=EventKind.OPENED,
        route="1",
        channel=channel,
        severity=Severity.ERROR,
        message=WORDS,
        created_at=NOW,
        next_at=NOW,
        incidents=(1,),
        dedup="d" * 32,
        starts_at=NOW - timedelta(hours=2),
        labels={"code": "export-missing", "flow": "web", "destination": "lake", "team": "data"},
    )
    return replace(given, **more)


def webhook(name: str, url: str, fallback: str = "", **options: Any) -> Channel:
    given = {"url": url, "secret": "whsec_c2VjcmV0LXNpZ24=", "headers": {}, **options}
    return Channel(name, "webhook", given, fallback)


@dataclass
class Outbox:
    """`clock` is what the sender sees as the time."""

    ledger: Ledger
    channels: tuple[Channel, ...]
    now: datetime = NOW
    patience_s: float = 20.0
    sender: Sender = field(init=False)

    def __post_init__(self) -> None:
        alerts = Alerts(channels={one.name: one for one in self.channels})
        config = Config(Path("/auditor.yaml"), "hash", "sqlite://", {}, {}, alerts=alerts)
        self.sender = Sender(config, self.ledger, lambda: self.now, seed=7, patience_s=self.patience_s)

    def send(self, after: timedelta = timedelta(0)) -> SendingResult:
        self.now += after
        return self.sender.send_due(self.now)

    def fates(self) -> list[tuple[str, str]]:
        """Channel and state of each notice, oldest first."""
        return [(one.channel, one.state.value) for one in reversed(self.ledger.list_notices())]

    def reasons(self) -> list[str]:
        return [one.reason for one in reversed(self.ledger.list_notices())]
