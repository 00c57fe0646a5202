"""The schedules of a flow, checked and complete."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from auditor.model import Exclusion, Mode, Schedule
from auditor.settings.cadence import ONCE
from auditor.settings.models import ExclusionSection, ScheduleSection
from auditor.settings.problems import Path
from auditor.settings.yaml_tree import Tree


def read_schedules(sections: list[ScheduleSection], mode: Mode | None, path: Path, tree: Tree) -> tuple[Schedule, ...]:
    """All schedules, in the order given; each mistake becomes a problem."""
    if not sections:
        tree.add(path, "is empty; add {every: 3h, start: 2026-10-01T00:00:00Z}")
    schedules = tuple(_read_schedule(section, mode, (*path, index), tree) for index, section in enumerate(sections))
    for index, (before, after) in enumerate(pairwise(schedules)):
        if after.start <= before.start:
            message = "starts no later than the schedule above it; list schedules oldest first, each with its own start"
            tree.add((*path, index + 1, "start"), message)
    return schedules


def _read_schedule(section: ScheduleSection, mode: Mode | None, path: Path, tree: Tree) -> Schedule:
    zone = ZoneInfo(section.zone)
    once = mode is Mode.ONCE or section.every == ONCE
    _check_cadence(section, mode, path, tree)
    if section.end is not None and section.end < section.start:
        tree.add((*path, "end"), "lies before start, so that no run is ever due; write a later end, or leave it out")
    exclusions = [
        _exclusion(item, zone, (*path, "except", index), tree) for index, item in enumerate(section.exclusions)
    ]
    return Schedule(
        start=section.start,
        end=section.end,
        every=None if once else section.every,
        cron=None if once else section.cron,
        zone=section.zone,
        once=once,
        exclusions=tuple(item for item in exclusions if item is not None),
    )


def _check_cadence(section: ScheduleSection, mode: Mode | None, path: Path, tree: Tree) -> None:
    """Exactly one of every and cron; with `mode: once` neither is needed."""
    if section.every is not None and section.cron is not None:
        tree.add((*path, "cron"), "stands beside every; keep one of them")
    elif mode is Mode.ONCE and (section.cron is not None or section.every not in (None, ONCE)):
        key = "cron" if section.cron is not None else "every"
        tree.add((*path, key), "contradicts mode: once; remove it, or write every: once")
    elif mode is not Mode.ONCE and section.every is None and section.cron is None:
        tree.add(path, 'says not how often; add every: 3h, or cron: "30 2 * * *", or every: once')


def _exclusion(section: ExclusionSection, zone: ZoneInfo, path: Path, tree: Tree) -> Exclusion | None:
    """A day means that whole day in the schedule's zone, also as the last day of a span."""
    if section.day is not None and (section.start is not None or section.end is not None):
        tree.add(path, "has a day beside from and to; keep one of them")
        return None
    first, last = (section.day, section.day) if section.day is not None else (section.start, section.end)
    if first is None or last is None:
        tree.add(path, "needs both from and to, or is a date alone, such as 2026-12-25")
        return None
    try:
        start = first if isinstance(first, datetime) else _midnight(first, zone)
        end = last if isinstance(last, datetime) else _midnight(last + timedelta(days=1), zone)
    except OverflowError:
        tree.add(path, "reaches past the calendar; write a year such as 2026")
        return None
    if end <= start:
        tree.add(path, "ends before it begins; write from before to")
        return None
    return Exclusion(start=start, end=end)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
