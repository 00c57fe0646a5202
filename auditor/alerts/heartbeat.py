"""The dead man's switch: an address that is called while all is well, so that silence is noticed elsewhere.

As Healthchecks takes it: the address itself for good, `/start` before, `/fail` for trouble.
https://healthchecks.io/docs/http_api/
"""

from datetime import datetime
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import structlog

from auditor.alerts.channels.base import Delivery
from auditor.alerts.channels.http import Http, secrets_of_url
from auditor.alerts.channels.silence import silence_libraries
from auditor.settings.alerts import Heartbeat

__all__ = ["ping"]

State: TypeAlias = Literal["start", "good", "fail"]
WITHIN_S: Final = 10.0
log = structlog.get_logger("auditor.heartbeat")


def ping(
    heartbeat: Heartbeat | None, state: State | None = None, *, is_good: bool = True, now: datetime
) -> Delivery | None:
    """Say how it goes: `state`, or by `is_good`. None: no heartbeat is configured. Never raises.

    Not tried again: the next one comes soon, and the other side waits for longer than one.
    """
    if heartbeat is None:
        return None
    silence_libraries()
    state = state or ("good" if is_good else "fail")
    http = Http(secrets_of_url(heartbeat.url), connect_s=WITHIN_S / 2, answer_s=WITHIN_S, whole_s=WITHIN_S)
    done = http.get(_address(heartbeat.url, state))
    http.close()
    if not done.is_sent:
        log.warning("heartbeat not heard", state=state, reason=done.reason, at=now.isoformat())
    return done


def _address(url: str, state: State) -> str:
    if state == "good":
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return url  # no address: calling it says so
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{state}"))
