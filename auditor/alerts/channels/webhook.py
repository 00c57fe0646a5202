"""A signed webhook: CloudEvents 1.0 in JSON, structured mode, signed as Standard Webhooks says.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any, Final

from auditor.alerts.channels.base import Delivery, Sending
from auditor.alerts.channels.http import Http, as_json, secrets_of_url
from auditor.alerts.shorten import shorten
from auditor.incident_model import Notice
from auditor.settings.alerts import Channel

__all__ = ["Webhook", "sign"]

SHORTER: Final = 2_000
_PREFIX: Final = "whsec_"


class Webhook:
    """One address that gets each notice as an event. `webhook-id` and `id` are the same in every try."""

    needs_earlier = False

    def __init__(self, channel: Channel, *, page: str = "") -> None:
        self.name = channel.name
        self._source = page or "/export-auditor"
        self._url: str = channel.options["url"]
        self._secret: str = channel.options["secret"]
        self._headers: dict[str, str] = dict(channel.options.get("headers") or {})
        self._http = Http((self._secret, *secrets_of_url(self._url), *self._headers.values()))

    def send(self, sending: Sending) -> Delivery:
        body = as_json(make_event(sending.notice, self._source, is_shorter=sending.is_shorter))
        signed = sign(self._secret, sending.notice.key, sending.now, body)
        own = {"content-type": "application/cloudevents+json; charset=utf-8", "user-agent": "export-auditor"}
        return self._http.post(self._url, body, {**self._headers, **own, **signed})

    def close(self) -> None:
        self._http.close()


def sign(secret: str, identity: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks. A secret that begins with `whsec_` is base64 after that."""
    seconds = str(int(at.timestamp()))
    signed = b".".join((identity.encode(), seconds.encode(), body))
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": identity, "webhook-timestamp": seconds, "webhook-signature": signature}


def make_event(notice: Notice, source: str, *, is_shorter: bool = False) -> dict[str, Any]:
    """The CloudEvent of a notice."""
    message, kind = notice.message, notice.kind
    about = "/".join(filter(None, (notice.labels.get("flow"), notice.labels.get("destination"))))
    words = {"title": message.title, "text": message.plain, "markdown": message.markdown, "short": message.short}
    if is_shorter:
        words = {"title": message.title, "text": shorten(message.plain, SHORTER), "short": message.short}
    event = {
        "specversion": "1.0",
        "id": notice.key,
        "source": source,
        "type": f"export-auditor.incident.{kind.value}" if kind else "export-auditor.message",
        "time": _time(notice.created_at),
        "datacontenttype": "application/json",
        "data": {
            "incidents": [*notice.incidents],
            "group": notice.dedup,
            "severity": notice.severity.value,
            "starts_at": _time(notice.starts_at),
            "ends_at": _time(notice.ends_at),
            "labels": dict(notice.labels),
            "message": words,
            "route": notice.route,
            "instead_of": notice.instead_of,
        },
    }
    return {**event, "subject": about} if about else event  # an empty subject is not allowed


def _key(secret: str) -> bytes:
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode("utf-8", "surrogatepass")


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None
