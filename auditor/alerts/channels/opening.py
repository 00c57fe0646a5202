"""Configured channels -> what sends through them. A module is loaded when a channel of its kind is opened."""

from importlib import import_module
from typing import Final, cast

from auditor.alerts.channels.base import Receiver
from auditor.alerts.channels.silence import silence_libraries
from auditor.settings.alerts import Channel

__all__ = ["open_receiver"]

KINDS: Final = {
    "apprise": "Apprise",
    "webhook": "Webhook",
    "pagerduty": "PagerDuty",
    "alertmanager": "Alertmanager",
}


def open_receiver(channel: Channel, *, page: str = "") -> Receiver:
    """The sender of one channel. `page`: where this service is reached, for links. Raises ValueError."""
    if channel.type not in KINDS:
        raise ValueError(f"channel {channel.name}: there is no kind {channel.type}")
    silence_libraries()
    module = import_module(f"auditor.alerts.channels.{channel.type}")
    return cast("Receiver", getattr(module, KINDS[channel.type])(channel, page=page))
