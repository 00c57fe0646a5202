"""PagerDuty, Events API v2: triggered and resolved under one key. Acknowledging is left to people.

https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
"""

from typing import Any, Final

from auditor.alerts.channels.base import Delivery, Sending
from auditor.alerts.channels.http import Http, as_json
from auditor.alerts.shorten import shorten, shorten_line
from auditor.incident_model import EventKind, Notice
from auditor.settings.alerts import Channel

__all__ = ["PagerDuty"]

URL: Final = "https://events.pagerduty.com"
SUMMARY: Final = 1_024  # characters that the API takes
DETAILS: Final = 20_000
SHORTER: Final = 1_000


class PagerDuty:
    """One service there. What is no incident (a test, a report) is resolved at once, so that nothing stays open."""

    needs_earlier = False

    def __init__(self, channel: Channel, *, page: str = "") -> None:
        self.name = channel.name
        self._page = page
        self._routing_key: str = channel.options["routing_key"]
        self._url = f"{channel.options.get('url') or URL}/v2/enqueue"
        self._http = Http((self._routing_key,))

    def send(self, sending: Sending) -> Delivery:
        notice = sending.notice
        if notice.kind is EventKind.RECOVERED:
            return self._post(self._resolving(notice))
        done = self._post(self._triggering(notice, is_shorter=sending.is_shorter))
        return self._post(self._resolving(notice)) if notice.kind is None and done.is_sent else done

    def close(self) -> None:
        self._http.close()

    def _post(self, event: dict[str, Any]) -> Delivery:
        return self._http.post(self._url, as_json(event), {"content-type": "application/json"})

    def _resolving(self, notice: Notice) -> dict[str, Any]:
        return {"routing_key": self._routing_key, "event_action": "resolve", "dedup_key": _dedup(notice)}

    def _triggering(self, notice: Notice, *, is_shorter: bool) -> dict[str, Any]:
        message, labels = notice.message, notice.labels
        payload = {
            "summary": shorten_line(message.short if is_shorter else message.title, SUMMARY),
            "source": labels.get("destination") or labels.get("flow") or "export-auditor",
            "severity": notice.severity.value,  # critical, error, warning, info: the same words there
            "timestamp": (notice.starts_at or notice.created_at).isoformat(),
            "component": labels.get("flow", ""),
            "group": labels.get("team", ""),
            "class": labels.get("code", ""),
            "custom_details": {
                "message": shorten(message.plain, SHORTER if is_shorter else DETAILS),
                "incidents": [*notice.incidents],
                "labels": dict(labels),
                "notice": notice.key,
            },
        }
        event = {
            "routing_key": self._routing_key,
            "event_action": "trigger",
            "dedup_key": _dedup(notice),
            "client": "export-auditor",
            "payload": {name: value for name, value in payload.items() if value},
        }
        links = {"client_url": self._page, "links": [{"href": self._page, "text": "export-auditor"}]}
        return {**event, **links} if self._page else event


def _dedup(notice: Notice) -> str:
    """One key from opening to recovery. A gap is no part of what goes on: nothing resolves it but a person."""
    if notice.kind is None or not notice.dedup:
        return notice.key
    return f"{notice.dedup}-gap-{notice.key[:8]}" if notice.kind is EventKind.GAP else notice.dedup
