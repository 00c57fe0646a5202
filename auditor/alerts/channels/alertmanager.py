"""Prometheus Alertmanager, API v2. It groups, silences and escalates by its own rules.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml

It forgets an alert when `endsAt` has passed, and all of them when it restarts: what goes on is posted again every few
minutes (`refresh`). Its alerts are told apart by their labels: where a label changes, the alert of before is ended.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from auditor.alerts.channels.base import Delivered, Delivery, Sending
from auditor.alerts.channels.http import Http, as_json
from auditor.alerts.shorten import shorten
from auditor.incident_model import EventKind, Notice
from auditor.settings.alerts import Channel

__all__ = ["Alertmanager"]

REFRESH_EVERY: Final = timedelta(minutes=2)
LASTS: Final = timedelta(hours=1)
"""Unheard of for so long, an alert ends: later than any restart, since an end reads as recovery."""
AT_ONCE: Final = 100  # alerts in one request
TEXT: Final = 4_000
SHORTER: Final = 500
LABELS: Final = ("code", "flow", "destination", "severity", "team", "owner")
"""The only labels, whatever a notice has: series of Prometheus and groups of Alertmanager stay few."""


class Alertmanager:
    """One Alertmanager (or the address before a cluster of them)."""

    needs_earlier = True

    def __init__(self, channel: Channel, *, page: str = "") -> None:
        options = channel.options
        self.name = channel.name
        self._page = page
        self._url = f"{options['url']}/api/v2/alerts"
        self._login = (str(options["user"]), str(options.get("password", ""))) if options.get("user") else None
        token = str(options.get("token") or "")
        self._headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        self._http = Http(tuple(filter(None, (token, str(options.get("password") or "")))))

    def send(self, sending: Sending) -> Delivery:
        """Post the alert, or its end; with it the end of what it was under other labels."""
        notice, now = sending.notice, sending.now
        is_over = notice.kind is EventKind.RECOVERED
        alert = self._alert(notice, now, is_shorter=sending.is_shorter)
        if is_over or notice.kind is None:
            alert["endsAt"] = _time(now)
        others = {tuple(sorted(labels.items())): one for one in sending.earlier if (labels := make_labels(one))}
        others.pop(tuple(sorted(alert["labels"].items())), None)
        ended = [
            {**alert, "labels": dict(labels), "startsAt": _time(one.starts_at or one.created_at), "endsAt": _time(now)}
            for labels, one in others.items()
        ]
        alerts = ended if is_over and others and not _was_told(alert, sending) else [*ended, alert]
        return self._post(alerts)

    def refresh(self, going_on: Sequence[Notice], now: datetime) -> Delivery:
        """Post again what goes on, so that it is not forgotten."""
        done = Delivery(Delivered.SENT, "nothing goes on")
        for first in range(0, len(going_on), AT_ONCE):
            done = self._post([self._alert(one, now) for one in going_on[first : first + AT_ONCE]])
            if not done.is_sent:
                break
        return done

    def close(self) -> None:
        self._http.close()

    def _alert(self, notice: Notice, now: datetime, *, is_shorter: bool = False) -> dict[str, Any]:
        message = notice.message
        annotations = {
            "summary": message.short if is_shorter else message.title,
            "description": shorten(message.plain, SHORTER if is_shorter else TEXT),
            "incidents": ", ".join(map(str, notice.incidents)),
        }
        alert = {
            "labels": make_labels(notice),
            "annotations": {name: _readable(value) for name, value in annotations.items() if value},
            "startsAt": _time(min(notice.starts_at or notice.created_at, now)),
            "endsAt": _time(now + LASTS),
        }
        return {**alert, "generatorURL": self._page} if self._page else alert

    def _post(self, alerts: Iterable[Mapping[str, Any]]) -> Delivery:
        return self._http.post(self._url, as_json([*alerts]), self._headers, login=self._login)


def make_labels(notice: Any) -> dict[str, str]:
    """What the alert of a notice is known by. Names fit Prometheus (`[a-zA-Z_][a-zA-Z0-9_]*`); empty ones are left out.

    The same from opening to recovery, but for the severity.
    """
    given = {**{name: notice.labels.get(name, "") for name in LABELS}, "severity": notice.severity.value}
    own = {"alertname": notice.labels.get("code") or "export-auditor", "group": notice.dedup or notice.key}
    found = {re.sub(r"\W", "_", name, flags=re.ASCII): _readable(value) for name, value in (own | given).items()}
    return {name: value for name, value in found.items() if value}


def _was_told(alert: Mapping[str, Any], sending: Sending) -> bool:
    return any(make_labels(one) == alert["labels"] for one in sending.earlier)


def _readable(text: str) -> str:
    """Alertmanager refuses what is no UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
