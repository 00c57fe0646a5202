"""The words of a backup-completeness report. Texts in it are inert already; times are UTC, sizes bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from auditor.model import Status, Verdict


@dataclass(frozen=True, slots=True)
class Judged:
    """One expected run and the verdict that counts; `judged_at` is None where no audit judged it in time."""

    verdict: Verdict
    judged_at: datetime | None
    was_sound: bool = False  # of an expired one: it was proven sound while it was there


class Kind(StrEnum):
    """What is not as it should be about a run. Gravest first; a run has the first that fits."""

    MISSING = "missing"
    DAMAGED = "damaged"
    INCOMPLETE = "incomplete"
    FINDING = "finding"  # arrived and readable, and something else of severity error or worse was found
    UNKNOWN = "unknown"  # could not be looked at
    UNVERIFIABLE = "unverifiable"
    UNCHECKED = "unchecked"
    EXPIRED = "expired"  # removed by retention before it was proven sound
    PENDING = "pending"  # not settled when the report speaks
    LATE = "late"  # late, and else in good order


HOLES = (Kind.MISSING, Kind.DAMAGED, Kind.INCOMPLETE)
"""What cannot be restored from."""
FAILING = (*HOLES, Kind.FINDING)
"""What makes status `findings`, unless waived."""
OPEN = (Kind.UNKNOWN, Kind.UNVERIFIABLE, Kind.UNCHECKED, Kind.EXPIRED, Kind.PENDING)
"""What could not be told: status `incomplete`."""


@dataclass(frozen=True, slots=True)
class Balance:
    """expected = on_time + early + late + missing + not_needed + unknown + pending + expired;
    arrived = on_time + early + late − late_absent = sound + incomplete + damaged + unverifiable + unchecked.
    """

    expected: int = 0
    on_time: int = 0
    early: int = 0
    late: int = 0
    missing: int = 0
    not_needed: int = 0
    unknown: int = 0
    pending: int = 0  # not due for long enough, or still being written
    expired: int = 0
    late_absent: int = 0  # of `late`: overdue, and nothing there
    expired_sound: int = 0  # of `expired`: proven sound while they were there
    arrived: int = 0
    sound: Mapping[str, int] = field(default_factory=dict)  # by level, "L0" to "L5"
    incomplete: int = 0
    damaged: int = 0
    unverifiable: int = 0
    unchecked: int = 0
    files: int = 0
    records: int = 0  # as far as they were counted
    bytes: int = 0

    @property
    def sound_in_all(self) -> int:
        return sum(self.sound.values())


@dataclass(frozen=True, slots=True)
class PutUp:
    """A finding that is put up with."""

    code: str
    reason: str
    by: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Deviation:
    """An expected run that is not on time and sound."""

    kind: Kind
    flow: str
    dataset: str
    destination: str
    due: datetime
    why: str  # one sentence
    codes: tuple[str, ...] = ()
    waived: tuple[PutUp, ...] = ()  # not empty: all that fails it is put up with
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Due times in a row of one dataset from which nothing can be restored."""

    flow: str
    dataset: str
    destination: str
    first: datetime
    last: datetime
    runs: int


@dataclass(frozen=True, slots=True)
class DatasetLine:
    """One dataset of one flow at one destination."""

    flow: str
    dataset: str
    destination: str
    name: str = ""
    owner: str = ""
    team: str = ""
    expected: int = 0
    # expected = complete + failing + waived + open
    complete: int = 0  # sound, proven not to be needed, or proven sound before it expired
    failing: int = 0  # missing, damaged, incomplete or with an error, not waived
    waived: int = 0
    open: int = 0  # could not be told
    late: int = 0
    newest_sound: datetime | None = None  # due time


@dataclass(frozen=True, slots=True)
class Unwatched:
    """A stretch of the period in which something was not looked at."""

    subject: str  # a destination, or a flow
    began: datetime
    ended: datetime
    why: str

    @property
    def span(self) -> timedelta:
        return self.ended - self.began


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """One incident that lasted in the period, as known when the report speaks."""

    number: int
    code: str
    severity: str
    flow: str
    dataset: str
    destination: str
    opened_at: datetime
    closed_at: datetime | None
    how: str  # it was closed: a word of incident_model.Closing; "" while open
    message: str
    acknowledged: str = ""  # "by whom, when: why"
    accepted: str = ""


@dataclass(frozen=True, slots=True)
class CoverageLine:
    """One dataset that could be exported, and is not protected by a sound export."""

    platform: str
    dataset: str
    name: str
    standing: str
    reason: str
    waived: str = ""


@dataclass(frozen=True, slots=True)
class EndingLine:
    when: datetime
    what: str
    subject: str
    source: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was not checked, how often, and one example."""

    reason: str
    times: int
    example: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the expected runs of a flow come from."""

    flow: str
    origin: str  # "configuration", or "Flow Service: …"
    versions: int = 0  # of the flow, as seen until then
    seen_at: datetime | None = None  # when the newest version was first seen


@dataclass(frozen=True, slots=True)
class Used:
    """A configuration and tool version that audits of the period worked by."""

    config_hash: str
    tool_version: str
    first: datetime
    last: datetime
    days: int  # by UTC, on which there was any: how many there were is not kept for ever


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the report rests on."""

    sources: tuple[Source, ...] = ()
    read_at: datetime | None = None  # the newest audit that counts: until then the list of expected runs is known
    used: tuple[Used, ...] = ()  # audits that count, by configuration and version, oldest first
    configurations: tuple[Used, ...] = ()  # by which the service worked, in the order of use; days are not counted here
    newest_verdict: int = 0  # number of the newest row of the ledger that was taken into account


@dataclass(frozen=True, slots=True)
class Change:
    """A run whose verdict is another than in the revision before."""

    flow: str
    dataset: str
    destination: str
    due: datetime
    before: str
    after: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A run drawn for re-performance, with the commands that check it again."""

    flow: str
    dataset: str
    destination: str
    due: datetime
    said: str
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    seed: str
    size: int  # asked for
    population: int
    runs: tuple[Drawn, ...] = ()


@dataclass(frozen=True, slots=True)
class Completeness:
    """One report. Of a closed period nothing in it depends on when it is asked for."""

    period: str  # "2026-10", "2026-Q3", or two instants
    start: datetime
    end: datetime  # excluded
    closes_at: datetime
    as_of: datetime  # what was known then counts: the closing, or, while the period is open, now
    preliminary: bool
    status: Status
    balance: Balance
    revision: int = 0
    filters: Mapping[str, str] = field(default_factory=dict)
    deviations: tuple[Deviation, ...] = ()  # at most LIMIT of each kind; all of them are in the population
    deviation_counts: Mapping[str, int] = field(default_factory=dict)  # by kind, all
    waived_counts: Mapping[str, int] = field(default_factory=dict)  # of these: waived
    gaps: tuple[Gap, ...] = ()
    gap_count: int = 0
    datasets: tuple[DatasetLine, ...] = ()
    unwatched: tuple[Unwatched, ...] = ()
    never_read: tuple[str, ...] = ()  # flows that are configured, and that no audit of the period looked at
    incidents: tuple[IncidentLine, ...] = ()
    coverage: tuple[CoverageLine, ...] = ()
    coverage_counts: Mapping[str, int] = field(default_factory=dict)  # by standing
    endings: tuple[EndingLine, ...] = ()
    not_checked: tuple[Reason, ...] = ()
    provenance: Provenance = Provenance()
    unjudged: tuple[tuple[str, str, str, datetime], ...] = ()  # expected, and no audit judged them in time
    changes: tuple[Change, ...] = ()  # of an amendment
    sample: Sample | None = None
