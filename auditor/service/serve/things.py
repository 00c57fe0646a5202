"""The pieces of work of the service, by name, and how often each is due."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from auditor.settings import Config


class Work(StrEnum):
    """Kinds of work. Those of a destination are done for each of them by itself."""

    PLACE = "place"  # did exports arrive? only what matters now is listed
    CONTENT = "content"  # files of exports that have come to rest are read
    RELIST = "relist"  # every old export is listed again
    BEYOND = "beyond"  # flows of Experience Platform, coverage, what ends
    TELL = "tell"  # from what happened to notices
    SEND = "send"  # from notices to people
    HEARTBEAT = "heartbeat"
    REPORTS = "reports"
    UPKEEP = "upkeep"  # old rows of single files are let go


@dataclass(frozen=True, slots=True)
class Thing:
    """One piece of work. `every`: how often it is due; None: when something asks for it."""

    work: Work
    every: timedelta | None
    destination: str = ""

    @property
    def name(self) -> str:
        return f"{self.work}:{self.destination}" if self.destination else str(self.work)


BEYOND_EVERY = timedelta(minutes=15)  # at the most often: the schedule of a flow changes seldom
TELL_EVERY = timedelta(seconds=5)
REPORTS_EVERY = timedelta(hours=1)
UPKEEP_EVERY = timedelta(hours=24)


def list_things(config: Config) -> Iterator[Thing]:
    """All work there is by `config`, Experience Platform first: it may say what is expected."""
    often = config.service.arrival_every
    relist = config.service.relist
    yield Thing(Work.BEYOND, max(often, BEYOND_EVERY))
    for name in config.destinations:
        yield Thing(Work.PLACE, often, name)
        yield Thing(Work.CONTENT, None, name)
        # A listing that begins too late would break the promise by the time it takes.
        yield Thing(Work.RELIST, max(relist - 2 * often, relist / 2), name)
    yield Thing(Work.TELL, TELL_EVERY)
    yield Thing(Work.SEND, TELL_EVERY)
    if config.alerts.heartbeat:
        yield Thing(Work.HEARTBEAT, config.alerts.heartbeat.every)
    yield Thing(Work.REPORTS, REPORTS_EVERY)
    yield Thing(Work.UPKEEP, UPKEEP_EVERY)
