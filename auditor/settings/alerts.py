"""`alerts:` as it is used: channels, routes, the heartbeat. What is not given holds its default here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from auditor.incident_model import Match
from auditor.model import Severity
from auditor.settings.expiry import Expiry


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to reach people. `options` are the sender's arguments and may hold secrets: never shown.

    They are, by type: apprise `url`; pagerduty `routing_key`, and `url` where it is not the default (without path);
    webhook `url`, `secret`, `headers` (a mapping, may be empty); alertmanager `url` (without path), and `user` with
    `password`, or `token`, where given.
    """

    name: str
    type: str  # apprise, webhook, pagerduty or alertmanager
    options: Mapping[str, Any] = field(repr=False)
    fallback: str = ""  # another channel's name
    expiry: Expiry | None = None  # of its secrets


@dataclass(frozen=True, slots=True)
class Route:
    """Who is told of what. The first that matches wins, unless it says `continue`."""

    name: str  # as given, or its number: "1" is the first
    to: tuple[str, ...]  # names of channels
    match: Match = Match()
    goes_on: bool = False  # `continue: true`
    from_severity: Severity = Severity.WARNING  # without a severity in `match`: this one and graver
    group_wait: timedelta = timedelta(0)  # gather for so long before telling
    repeat: timedelta = timedelta(hours=24)  # first reminder after this; later ones ever more rarely


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A dead man's switch (Healthchecks style): pinged after each whole cycle, at most this often."""

    url: str = field(repr=False)  # holds a token
    every: timedelta
    expiry: Expiry | None = None


@dataclass(frozen=True, slots=True)
class Alerts:
    """No route at all: notices go to the log and the page only, and whoever starts the service is told so."""

    channels: Mapping[str, Channel] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    heartbeat: Heartbeat | None = None
    zone: str = "UTC"  # the reader's: times are given in UTC and in it
    page: str = ""  # where this service is reached, for links in messages

    @property
    def nobody_told(self) -> str:
        """Why nobody will be told of anything, as a sentence; "": somebody will."""
        if self.routes:
            return ""
        return (
            "nobody will be told of anything: alerts has no routes, so that notices go to the log and the page only; "
            "add a channel and a route to it, as in routes: [{to: [ops-mail]}]"
        )
