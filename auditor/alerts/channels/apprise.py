"""E-mail, Slack, Teams and the rest of apprise's list, in this process.

apprise says of a try only whether it went well. A failure is taken as passing, and tried again: what it logs of the
reason quotes addresses, which hold passwords, and is not let out.
"""

from typing import Final

import apprise

from auditor.alerts.channels.base import Delivered, Delivery, Sending
from auditor.alerts.channels.silence import silence_libraries
from auditor.alerts.shorten import shorten, shorten_line
from auditor.incident_model import EventKind, Message, Notice
from auditor.model import Severity
from auditor.settings.alerts import Channel

__all__ = ["Apprise"]

WITHIN_S: Final = 45.0
MAIL_SIZED: Final = 32_768  # a receiver that takes this much can show a whole HTML document
SHORTER: Final = 1_000
_TYPES = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.ERROR: "failure", Severity.CRITICAL: "failure"}


class Apprise:
    """One receiver of its list."""

    needs_earlier = False

    def __init__(self, channel: Channel, *, page: str = "") -> None:
        silence_libraries()
        self.name = channel.name
        asset = apprise.AppriseAsset(
            app_id="export-auditor",
            app_desc="export-auditor",
            app_url=page or "export-auditor",
            async_mode=False,
            http_redirects=False,  # a token goes where it is meant to go
            storage_mode=apprise.PersistentStoreMode.MEMORY,  # nothing of it is written to a disk
        )
        self._way = apprise.Apprise(asset=asset)
        self._is_usable = self._add(str(channel.options["url"]))

    def send(self, sending: Sending) -> Delivery:
        if not self._is_usable:
            return Delivery(Delivered.REFUSED, "apprise cannot read the address of this channel")
        title, body, form = self._words(sending.notice.message, is_shorter=sending.is_shorter)
        kind = _type_of(sending.notice)
        try:
            done = self._way.notify(body, title=title, notify_type=kind, body_format=form, timeout=WITHIN_S)
        except Exception as error:  # its services raise what they like, and quote the address
            return Delivery(Delivered.PASSING, f"apprise failed ({type(error).__name__})")
        if done:
            return Delivery(Delivered.SENT, "taken")
        return Delivery(Delivered.PASSING, "not taken (apprise says no more)")

    def close(self) -> None:
        """Nothing is kept open."""

    def _add(self, url: str) -> bool:
        try:
            return bool(self._way.add(url)) and len(self._way) > 0
        except Exception:
            return False

    def _words(self, message: Message, *, is_shorter: bool) -> tuple[str, str, apprise.NotifyFormat]:
        """Title, body and its format, as this service takes it, within its limits."""
        service = self._way[0]
        title = shorten_line(message.title, service.title_maxlen) if service.title_maxlen > 0 else message.title
        beside = 0 if service.title_maxlen > 0 else len(title) + 20  # a service without titles gets it in the body
        limit = max(service.body_maxlen - beside, 100)
        limit = min(limit, SHORTER) if is_shorter else limit
        form = choose_format(service.notify_format, service.body_maxlen)
        if form is apprise.NotifyFormat.HTML and len(message.html) <= limit:
            return title, message.html, form
        if form is apprise.NotifyFormat.MARKDOWN:
            return title, shorten(message.markdown, limit), form
        return title, shorten(message.plain, limit), apprise.NotifyFormat.TEXT


def choose_format(offered: object, longest: int) -> apprise.NotifyFormat:
    """What a service shows best of what it takes: our HTML is a whole document, which only mail can show."""
    takes: tuple[object, ...] = (
        offered if isinstance(offered, tuple) else (offered,)
    )  # the one it shows best comes first
    if takes[0] is apprise.NotifyFormat.HTML and longest >= MAIL_SIZED:
        return apprise.NotifyFormat.HTML
    shows = takes[0] is not apprise.NotifyFormat.TEXT and apprise.NotifyFormat.MARKDOWN in takes
    form: apprise.NotifyFormat = apprise.NotifyFormat.MARKDOWN if shows else apprise.NotifyFormat.TEXT
    return form


def _type_of(notice: Notice) -> str:
    if notice.kind is EventKind.RECOVERED:
        return "success"
    return "info" if notice.kind is None else _TYPES[notice.severity]
