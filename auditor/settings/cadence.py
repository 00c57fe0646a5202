"""How often: `every`, `cron` and `zone` of a schedule."""

from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

from cronsim import CronSim, CronSimError

from auditor.settings.problems import did_you_mean, quoted
from auditor.settings.values import parse_duration

ONCE = timedelta(0)
"""What `every: once` is read as."""

_OF_THIS_MACHINE = {"localtime", "Factory"}  # the same file must mean the same on every machine
_SHORTEST = timedelta(minutes=1)
_EXAMPLE = 'write one such as "30 2 * * *"'


def parse_every(text: str) -> timedelta:
    """A duration of a minute or more, or ONCE for `once`. Raises ValueError."""
    if text == "once":
        return ONCE
    every = parse_duration(text)
    if every < _SHORTEST:
        raise ValueError(f"{quoted(text)} is too short; write 1m or more, or once")
    return every


def parse_cron(text: str) -> str:
    """Five cron fields, one space between them. Raises ValueError, also for days that never come."""
    if (fields := len(text.split())) != 5:
        raise ValueError(
            f'{quoted(text)} has {fields} fields; write five: minute hour day month weekday, as in "30 2 * * *"'
        )
    cron = " ".join(text.split())
    try:
        next(CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise ValueError(f"{quoted(text)} is no cron expression ({str(error).lower()}); {_EXAMPLE}") from None
    except StopIteration:
        raise ValueError(f"{quoted(text)} names no day that ever comes; {_EXAMPLE}") from None
    return cron


def parse_zone(text: str) -> str:
    """An IANA time zone. Raises ValueError with the nearest one."""
    zones = available_timezones() - _OF_THIS_MACHINE
    if text not in zones:
        hint = did_you_mean(text, zones)
        raise ValueError(f"{quoted(text)} is no IANA time zone; write one such as Europe/Berlin or UTC.{hint}")
    return text
