"""The log as the last way: what reached nobody else stands there, and what became of each notice."""

import structlog

from auditor.alerts.channels.base import Delivered, Delivery
from auditor.incident_model import Notice

__all__ = ["log_delivery", "log_undelivered"]

log = structlog.get_logger("auditor.alerts")


def log_delivery(notice: Notice, delivery: Delivery) -> None:
    """Keep how one try ended."""
    say = log.info if delivery.how is Delivered.SENT else log.warning
    say(
        "notice sent" if delivery.how is Delivered.SENT else "notice not sent",
        channel=notice.channel,
        notice=notice.key,
        incidents=list(notice.incidents),
        tries=notice.tries + 1,
        reason=delivery.reason,
    )


def log_undelivered(notice: Notice, reason: str) -> None:
    """Keep what a notice says that its channel will not deliver."""
    log.error(
        "notice undelivered",
        channel=notice.channel,
        notice=notice.key,
        incidents=list(notice.incidents),
        reason=reason,
        says=notice.message.short,
    )
