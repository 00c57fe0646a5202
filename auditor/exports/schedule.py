"""A schedule as Flow Service is told it, and what of a schedule cannot be told.

Source: *Export datasets by using the Flow Service API*, section on creating a dataflow; *Schedule dataset exports*.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from auditor.model import Flow, Mode, Schedule
from auditor.settings.exports import Export

HOURS: Final = (3, 6, 8, 9, 12)
"""Intervals that Adobe documents, by the API page or the page on scheduling."""

DAY: Final = timedelta(days=1)
LAYOUT_BY_DEFAULT: Final = "%DATASET_ID%/%EXPORT_TIME%"


def find_schedule_obstacles(flow: Flow, export: Export) -> Iterator[str]:
    """What of the flow's schedule Experience Platform cannot be told, each with what to write instead."""
    at = f"flows.{flow.name}"
    if len(flow.schedules) != 1:
        yield f"{at}.schedule: is a list of several; a flow that is new has one, so leave one"
        return
    schedule = flow.schedules[0]
    if schedule.cron:
        yield f"{at}.schedule.cron: Experience Platform knows intervals only; write every: 3h, 6h, 8h, 9h, 12h or 1d"
    elif not schedule.once and _interval(schedule) is None:
        yield f"{at}.schedule.every: Experience Platform exports every 3h, 6h, 8h, 9h, 12h or 1d, or once; write one"
    if schedule.exclusions:
        yield f"{at}.schedule.except: Experience Platform knows no pauses and would export then too; remove it"
    if flow.mode is Mode.FULL:
        yield f"{at}.mode: Experience Platform exports whole datasets once only; write mode: once, or incremental"
    yield from _find_end_obstacles(schedule, export, at)


def _find_end_obstacles(schedule: Schedule, export: Export, at: str) -> Iterator[str]:
    if schedule.end is None and not schedule.once and not export.leave_end:
        yield (
            f"{at}.schedule.end: is missing. Experience Platform ends a flow that is made without an end by itself, "
            f"six months later, and its exports stop without a word: write the end, or exports.{export.flow}.end: "
            "default if that is meant"
        )
    if schedule.end is not None and export.leave_end:
        yield f"exports.{export.flow}.end: stands beside an end of the schedule; keep one of them"


def make_schedule(flow: Flow) -> dict[str, object]:
    """`scheduleParams` of a flow without obstacles. UNIX seconds."""
    schedule = flow.schedules[0]
    unit, interval = ("day", 0) if schedule.once else _interval(schedule) or ("", 0)
    params: dict[str, object] = {
        "interval": interval,
        "timeUnit": unit,
        "startTime": int(schedule.start.timestamp()),
        "exportMode": "DAILY_FULL_EXPORT" if schedule.once else "FIRST_FULL_THEN_INCREMENTAL",
    }
    if schedule.end is not None:
        params["endTime"] = int(schedule.end.timestamp())
    if flow.folder_template != LAYOUT_BY_DEFAULT:
        params["foldernameTemplate"] = flow.folder_template
    return params


def _interval(schedule: Schedule) -> tuple[str, int] | None:
    if schedule.every == DAY:
        return "day", 1
    hours, rest = divmod(schedule.every or timedelta(0), timedelta(hours=1))
    return ("hour", hours) if not rest and hours in HOURS else None
