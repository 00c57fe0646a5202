"""A mail server that keeps what it is sent."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.servers.process import free_ports


@dataclass
class SmtpSink:
    """`refusals`: answers for the next messages, in order, instead of taking them."""

    port: int = 0
    received: list[EmailMessage] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def url(self, password: str = "pw") -> str:
        """As apprise writes it."""
        who = "from=audit@example.com&to=ops@example.com"
        return f"mailto://sender:{password}@127.0.0.1:{self.port}?{who}&mode=insecure"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refusals:
            return self.refusals.pop(0)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.received.append(message)
        return "250 taken"


@contextlib.contextmanager
def smtp_sink() -> Iterator[SmtpSink]:
    """Runs on a free loopback port."""
    sink = SmtpSink()
    controller = _started(sink)
    try:
        yield sink
    finally:
        controller.stop()


def _started(sink: SmtpSink) -> Controller:
    for attempt in range(3):  # a port that was free may be taken by the time it is used
        [sink.port] = free_ports(1)
        login = {"auth_require_tls": False, "authenticator": lambda *_: AuthResult(success=True)}
        controller = Controller(sink, hostname="127.0.0.1", port=sink.port, **login)
        try:
            controller.start()
        except OSError:
            if attempt == 2:
                raise
        else:
            return controller
    raise AssertionError("started, or raised")
