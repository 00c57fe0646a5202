"""What a flow was to export, and when, from the versions that were seen of it: its schedules, oldest first. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from auditor.expect import due_times
from auditor.flow_model import FlowVersion
from auditor.model import Dataset, Exclusion, Schedule

EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
FOREVER: Final = datetime(9500, 1, 1, tzinfo=UTC)  # later than any due time
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Spell:
    """A version of a flow, and from when to when it held."""

    version: FlowVersion
    since: datetime
    until: datetime

    @property
    def is_off(self) -> bool:
        """Nothing is exported. Of a state that nobody knows exports go on being expected."""
        return self.version.is_off


@dataclass(frozen=True, slots=True)
class Sighting:
    """A version of a flow with when it was first and last seen, and when the flow was found gone."""

    version: FlowVersion
    first: datetime
    last: datetime
    gone: datetime | None = None


def list_spells(seen: Sequence[Sighting]) -> list[Spell]:
    """From when to when each version held, oldest first.

    The first holds from ever. A later one holds from when Flow Service says that the flow was changed, if that lies
    between two looks at it, else from the look that showed it.
    """
    begins = [EVER, *(_changed(before, now) for before, now in pairwise(seen))]
    spells = []
    for number, (one, since) in enumerate(zip(seen, begins, strict=True)):
        following = begins[number + 1] if number + 1 < len(seen) else FOREVER
        spells.append(Spell(one.version, since, min(one.gone or FOREVER, following)))
    return spells


def _changed(before: Sighting, now: Sighting) -> datetime:
    told = now.version.updated
    return told if told is not None and before.last < told <= now.first else now.first


def list_schedules(spells: Sequence[Spell]) -> tuple[Schedule, ...]:
    """The schedules that held, each from its first due time after the change, with holes while nothing was exported."""
    schedules: list[Schedule] = []
    rhythm: Schedule | None = None  # the last one as it was told
    for number, spell in enumerate(spells):
        told = spell.version.schedule
        if told is not None and told != rhythm:
            schedules = _followed(schedules, told, spell.since)
            rhythm = told
        if schedules:
            following = spells[number + 1].since if number + 1 < len(spells) else FOREVER
            idle_since = spell.since if spell.is_off else spell.until
            schedules[-1] = _with_hole(schedules[-1], idle_since, following)
    return tuple(schedules)


def _followed(schedules: list[Schedule], told: Schedule, since: datetime) -> list[Schedule]:
    """`schedules` with `told` in force from `since` on."""
    if not schedules:
        return [told]
    begun = _begin(told, since)
    earlier = [one for one in schedules if one.start < begun.start]  # the others never came to anything
    if not earlier:
        return [begun]
    return [*earlier[:-1], _with_hole(earlier[-1], since, begun.start), begun]


def _begin(told: Schedule, since: datetime) -> Schedule:
    """`told` from its first due time at or after `since` on; with none, a schedule under which nothing is due."""
    last = told.end if told.end is not None else FOREVER
    first = next(due_times([told], since=max(since, told.start), until=last), None) if last >= since else None
    if first is None:
        return replace(told, start=since, end=min(last, since - _INSTANT))
    return replace(told, start=first)


def _with_hole(schedule: Schedule, start: datetime, end: datetime) -> Schedule:
    if start >= end:
        return schedule
    return replace(schedule, exclusions=(*schedule.exclusions, Exclusion(start, end)))


def list_datasets(spells: Sequence[Spell]) -> tuple[Dataset, ...]:
    """Every dataset that the flow ever had, by its newest name, with when it was not in the flow.

    A version whose datasets could not be read says nothing of them.
    """
    telling = [spell for spell in spells if spell.version.datasets]
    newest = {dataset.id: dataset for spell in telling for dataset in spell.version.datasets}
    return tuple(replace(one, exclusions=tuple(_absences(one.id, telling))) for one in newest.values())


def _absences(dataset: str, spells: Sequence[Spell]) -> Iterator[Exclusion]:
    for number, spell in enumerate(spells):
        if dataset not in {one.id for one in spell.version.datasets} and spell.since < spell.until:
            until = spells[number + 1].since if number + 1 < len(spells) else FOREVER
            yield Exclusion(spell.since, until)
