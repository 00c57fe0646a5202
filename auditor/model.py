"""The words of the product as frozen dataclasses and enums. A leaf: imports nothing of the project.

Times are aware UTC datetimes, sizes are bytes, spans are timedeltas, everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None
EvidenceValue: TypeAlias = Scalar | list[Scalar]
Evidence: TypeAlias = Mapping[str, EvidenceValue]


class Severity(StrEnum):
    """How bad a finding is. Ordered: `rank` grows with gravity."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Arrival(StrEnum):
    """Did the export of an expected run come, and when?"""

    PENDING = "pending"  # not due, or inside its grace
    ARRIVING = "arriving"  # folder there, still settling
    ON_TIME = "on_time"
    EARLY = "early"
    LATE = "late"
    MISSING = "missing"
    NOT_NEEDED = "not_needed"  # the run record says there was nothing to export
    UNEXPECTED = "unexpected"  # a folder that no schedule asked for
    EXPIRED = "expired"  # seen once, now older than the destination keeps exports
    UNKNOWN = "unknown"  # we could not look: never "missing"


class Content(StrEnum):
    """Is what came whole and readable? Ordered: `rank` grows with gravity, the gravest holds."""

    SOUND = "sound"
    UNCHECKED = "unchecked"
    UNVERIFIABLE = "unverifiable"  # we could not check: neither good nor bad
    INCOMPLETE = "incomplete"  # files missing against manifest or run record
    DAMAGED = "damaged"

    @property
    def rank(self) -> int:
        return list(Content).index(self)


class Level(IntEnum):
    """Assurance level reached: how far something was proven sound. Written "L0" … "L5"."""

    L0 = 0  # listed
    L1 = 1  # sizes and manifest agree
    L2 = 2  # container sound: gzip header and trailer, Parquet footer
    L3 = 3  # every record decoded, every checksum in the file verified
    L4 = 4  # equal to the provider's checksum or to the hash taken earlier
    L5 = 5  # restored in a rehearsal

    def __str__(self) -> str:
        return self.name


class Status(StrEnum):
    """The answer of a whole audit; mirrors the exit code."""

    GOOD = "good"  # 0
    FINDINGS = "findings"  # 1
    INCOMPLETE = "incomplete"  # 3: could not check, nothing to check, or nothing due yet

    @property
    def exit_code(self) -> int:
        return {Status.GOOD: 0, Status.FINDINGS: 1, Status.INCOMPLETE: 3}[self]


class FileFormat(StrEnum):
    JSON = "json"
    PARQUET = "parquet"


class Compression(StrEnum):
    GZIP = "gzip"
    NONE = "none"


class Mode(StrEnum):
    """What each run of a flow holds (`exportMode` of Flow Service)."""

    INCREMENTAL = "incremental"  # first run a full backfill, then what was added since the previous run
    FULL = "full"
    ONCE = "once"


class EmptyRuns(StrEnum):
    """What a run without new data leaves in storage (undocumented by Adobe, so a setting)."""

    FOLDER = "folder"
    NO_FOLDER = "no-folder"
    EITHER = "either"


class ArrivalClock(StrEnum):
    """Which time says when an export arrived."""

    MODIFIED = "modified"
    EXPORT_TIME = "export_time"
    RUN = "run"


class RunKind(StrEnum):
    """Which of the default windows hold for an expected run."""

    FREQUENT = "frequent"  # every few hours
    DAILY = "daily"  # daily or rarer
    FIRST = "first"  # first run of an incremental dataset: the backfill


# --- what should exist -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Windows:
    """When a run is early, late, missing and settled, counted from its due time (settle: from the last change)."""

    early: timedelta
    grace: timedelta
    deadline: timedelta
    settle: timedelta


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A span in which no exports are due: start <= due < end."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule of a flow, valid from `start` until the next one's. Exactly one of `every`, `cron`, `once`."""

    start: datetime
    end: datetime | None = None  # inclusive: a run due at `end` is expected
    every: timedelta | None = None  # elapsed time from `start`, no wall-clock arithmetic
    cron: str | None = None
    zone: str = "UTC"  # IANA name; for cron and for exclusion dates
    once: bool = False
    exclusions: tuple[Exclusion, ...] = ()


class Encryption(StrEnum):
    """Whether exported files are encrypted with a key that the auditor does not have."""

    NONE = "none"
    PGP = "pgp"


@dataclass(frozen=True, slots=True)
class Care:
    """Who looks after something, and where they look first. Empty: not said."""

    owner: str = ""
    team: str = ""
    tags: tuple[str, ...] = ()
    runbook: str = ""  # address of a page


@dataclass(frozen=True, slots=True)
class Dataset:
    id: str
    name: str = ""
    care: Care = Care()  # complete: what the dataset does not say is its flow's
    exclusions: tuple[Exclusion, ...] = ()  # when it was not in its flow


@dataclass(frozen=True, slots=True)
class CountTolerance:
    """How far the counts of a claim may be from those of storage (`count_mismatch`)."""

    part: float = 0.0  # of the claimed number; 0.01 is one per cent
    severity: Severity | None = None  # None: the catalogue's


@dataclass(frozen=True, slots=True)
class Flow:
    """A dataflow of Experience Platform: one schedule, one destination, one or more datasets."""

    name: str
    destination: str
    datasets: tuple[Dataset, ...]
    schedules: tuple[Schedule, ...]  # oldest first
    format: FileFormat = FileFormat.JSON
    compression: Compression = Compression.GZIP
    manifest: bool = False
    mode: Mode = Mode.INCREMENTAL
    folder_template: str = "%DATASET_ID%/%EXPORT_TIME%"
    empty_runs: EmptyRuns = EmptyRuns.EITHER
    level: Level = Level.L3
    arrival: ArrivalClock = ArrivalClock.MODIFIED
    windows: Mapping[RunKind, Windows] = field(default_factory=dict)  # complete: one entry per kind
    max_age: timedelta | None = None  # None: the default for the schedule
    watch_from: datetime | None = None
    severities: Mapping[str, Severity] = field(default_factory=dict)  # finding code -> override
    care: Care = Care()
    encryption: Encryption = Encryption.NONE
    ignore: tuple[str, ...] = ()  # patterns of names in export folders that are never data
    experience_platform: str = ""  # the organisation and sandbox whose run records it is held against; "": none
    flow_id: str = ""  # its id there
    count_mismatch: CountTolerance = CountTolerance()


@dataclass(frozen=True, slots=True)
class DestinationFacts:
    """What the auditor knows of a destination beside its adapter."""

    name: str
    folder: str = ""  # the folder path typed in Experience Platform, without slashes at the ends; may be empty
    retain: timedelta | None = None  # older exports are removed by the destination itself
    arrival: ArrivalClock | None = None
    severities: Mapping[str, Severity] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()  # patterns of keys below the folder path that are never looked at


@dataclass(frozen=True, slots=True, order=True)
class RunKey:
    """Identity of an expected run, for ever."""

    flow: str
    dataset: str
    destination: str
    due: datetime


@dataclass(frozen=True, slots=True)
class ExpectedRun:
    key: RunKey
    kind: RunKind
    early_from: datetime  # due − early: nothing before it belongs to this run
    late_after: datetime  # due + grace: at this instant still on time
    missing_after: datetime  # due + deadline: at this instant still late
    settle: timedelta


# --- what does exist -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One object as the auditor keeps it: (destination, key) with a fingerprint."""

    key: str
    size: int
    modified: datetime
    version: str = ""
    archived: bool = False

    @property
    def name(self) -> str:
        return self.key.rsplit("/", 1)[-1]

    @property
    def fingerprint(self) -> tuple[int, datetime, str]:
        return self.size, self.modified, self.version


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One line of `exportResults`."""

    sink_path: str
    name: str
    size: int | None  # bytes; None if absent


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as read. `problem` says why it could not be read (then there are no entries)."""

    file: StoredFile
    run_id: str = ""
    scheduled_time: datetime | None = None
    entries: tuple[ManifestEntry, ...] = ()
    problem: str = ""  # it was read and is no manifest: damaged
    unreadable: str = ""  # it could not be read at all (a DestinationError): unverifiable


@dataclass(frozen=True, slots=True)
class ExportFolder:
    """What landed for one dataset and one export time. Files of every nesting level below it included."""

    destination: str
    prefix: str  # key prefix, ends with "/"
    dataset: str
    export_time: datetime
    files: tuple[StoredFile, ...] = ()  # data files, by key
    manifests: tuple[StoredFile, ...] = ()  # in the folder; those above it come with the partition
    temporary: tuple[StoredFile, ...] = ()  # upload leftovers and signs of an upload under way
    strays: tuple[StoredFile, ...] = ()  # neither data, manifest, marker nor ignored
    flows: tuple[str, ...] = ()  # names of the flows whose layout it fits: one dataset may be in several

    @property
    def changed_at(self) -> datetime | None:
        """Newest modification among data files and manifests."""
        return max((f.modified for f in (*self.files, *self.manifests)), default=None)


# --- what verification says ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong (or remarkable) inside one file. `code` is a finding code."""

    code: str
    message: str  # one sentence, no record contents
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What verification says of one file."""

    key: str
    content: Content  # SOUND, DAMAGED, UNVERIFIABLE or UNCHECKED
    level: Level  # the highest level at which the file is proven sound; of a bad file, the last one passed
    format: FileFormat | None = None  # as found in the bytes, not as named
    compression: Compression | None = None  # JSON: the file's; Parquet: gzip if any page codec is GZIP
    records: int | None = None  # None: not counted at this level
    bytes_read: int = 0
    faults: tuple[Fault, ...] = ()  # of any severity; a sound file may carry remarks
    reason: str = ""  # for UNVERIFIABLE: one of the listed reasons; see auditor/verify
    digest: str = ""  # equal digests mean equal decoded contents; "" if unknown
    schema: str = ""  # Parquet: canonical text of the schema; "" if none
    facts: Evidence = field(default_factory=dict)  # codec, page checksums, decoder versions, second read, ...


# --- what Experience Platform claims (more in flow_model.py) ---------------------------------


class RunState(StrEnum):
    """How a run ended by its record, or why there is none."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    PARTIAL = "partial"  # some records were not exported
    IN_PROGRESS = "in_progress"
    NONE = "none"  # the records were read, and none is of this due time
    UNKNOWN = "unknown"  # the records could not be read: no claim at all


@dataclass(frozen=True, slots=True)
class Counts:
    """How much, by a run record or as found."""

    records: int | None = None
    files: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What all run records together say of one due time of one dataset. Several runs are one claim."""

    state: RunState
    runs: tuple[str, ...] = ()  # ids, oldest first
    read: Counts = Counts()
    written: Counts = Counts()
    started: datetime | None = None  # of the first run
    ended: datetime | None = None  # of the last one; None while any is open
    errors: tuple[str, ...] = ()
    reason: str = ""  # for UNKNOWN: why the records could not be read
    new_batches: int | None = None  # catalog batches of the dataset in the window; None: not read


# --- what became of exports afterwards -------------------------------------------------------


class ChangeKind(StrEnum):
    """What became of one file of an export that had come to rest."""

    CHANGED = "changed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that is no longer as it was when its export had come to rest. Kept until undone or accepted."""

    destination: str
    dataset: str
    prefix: str  # of its export folder
    export_time: datetime
    kind: ChangeKind
    before: StoredFile
    after: StoredFile | None  # None: deleted
    known_at: datetime  # when it was last seen as before
    seen_at: datetime  # when it was first seen otherwise
    confirmed_at: datetime | None = None  # seen twice, and explained by nothing
    undone_at: datetime | None = None  # it is as before again, or explained
    why: str = ""  # then: by what
    is_manifest: bool = False
    said: str = ""  # digest of what a manifest said before; "" if it was not read
    accepted: "Waived | None" = None  # by whom and why it may stay so
    id: int = 0  # 0: not kept yet


@dataclass(frozen=True, slots=True)
class KnownExport:
    """An export folder that had come to rest, with its files as they were when last seen."""

    prefix: str
    dataset: str
    export_time: datetime
    seen_at: datetime
    files: tuple[StoredFile, ...]
    manifests: tuple[StoredFile, ...] = ()


# --- what the audit says ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FindingType:
    """One entry of the findings catalogue."""

    code: str
    family: str
    severity: Severity
    meaning: str  # one present-tense sentence about the subject
    why: str  # the harm to a restore
    causes: tuple[str, ...]
    remedy: str  # begins with a verb
    since: str = "0.1.0"


@dataclass(frozen=True, slots=True)
class Waived:
    """Why a finding is put up with, by whom, and until when. It stays visible and causes no exit code 1."""

    reason: str
    by: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Waiver:
    """Findings that are put up with: those that fit every pattern (`*`, `?`, `[…]`; the whole text must fit)."""

    waived: Waived
    code: str = "*"
    flow: str = "*"
    dataset: str = "*"  # id or configured name
    destination: str = "*"
    due_from: datetime | None = None  # with a span, only findings about a due time in it; both ends included
    due_to: datetime | None = None
    place: str = ""  # where it is written, for people


@dataclass(frozen=True, slots=True)
class Finding:
    """One occurrence of a finding type."""

    code: str
    severity: Severity
    message: str
    destination: str = ""
    flow: str = ""
    dataset: str = ""
    due: datetime | None = None
    key: str = ""  # the object or prefix it is about
    evidence: Evidence = field(default_factory=dict)
    waived: Waived | None = None


@dataclass(frozen=True, slots=True)
class Unverifiable:
    """Something that could not be checked: the third answer."""

    subject: str  # what: a key, a destination, a flow
    reason: str
    destination: str = ""
    flow: str = ""
    dataset: str = ""
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The two answers for one run, with what they rest on. `due` is None for an unexpected folder."""

    flow: str
    dataset: str
    destination: str
    due: datetime | None
    arrival: Arrival
    content: Content
    level: Level | None = None  # of sound content
    arrived_at: datetime | None = None
    folder: str = ""  # key prefix; "" if none
    files: int = 0
    records: int | None = None
    bytes: int = 0
    unprotected: int = 0  # sound files without checksums of their own: a changed value in them could go unseen
    findings: tuple[Finding, ...] = ()
    unverifiable: tuple[Unverifiable, ...] = ()
    claim: Claim | None = None  # None: the flow is not cross-checked


@dataclass(frozen=True, slots=True)
class Watched:
    """Since when a flow is watched; what is earlier is "not watched", never good."""

    flow: str
    since: datetime


class Standing(StrEnum):
    """Whether a dataset that could be exported is protected by an export."""

    PROTECTED = "protected"
    TWICE = "protected_twice"  # by more than one enabled flow
    NOTHING_SOUND = "nothing_sound"  # a flow runs, and nothing sound lands
    NO_LONGER = "no_longer_protected"  # an earlier flow is gone, ended or disabled
    NEVER = "never_protected"
    UNKNOWN = "unknown"  # could not be told: flows or destination could not be read


@dataclass(frozen=True, slots=True)
class Coverage:
    """How one dataset of an organisation's sandbox stands."""

    platform: str
    dataset: str
    name: str
    standing: Standing
    flows: tuple[str, ...] = ()  # names of the flows that export it, or did
    newest_sound: datetime | None = None  # export time of the newest sound export
    reason: str = ""  # one sentence
    waived: Waived | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """Something that ends by itself, with when and where that was read. Never computed from a rule."""

    when: datetime
    code: str  # the finding that tells of it: flow-ending, flow-disabled, export-expiring, credential-expiring
    subject: str  # what ends: a flow, an export, a credential
    source: str  # where the date was read
    flow: str = ""
    dataset: str = ""
    destination: str = ""
    platform: str = ""
    day_only: bool = False  # only the day is known, not the hour


@dataclass(frozen=True, slots=True)
class Look:
    """How the folders of one dataset were looked at."""

    destination: str
    dataset: str
    fully_at: datetime | None = None  # when they were last listed in full: old exports are as they were then; None: now


@dataclass(frozen=True, slots=True)
class AuditResult:
    """One audit, whole: what reports are made from. The ledger gives it."""

    now: datetime
    watched_from: datetime | None  # the earliest of `watched`
    status: Status
    runs: tuple[Verdict, ...]
    findings: tuple[Finding, ...]  # all, those of runs included
    unverifiable: tuple[Unverifiable, ...]
    watched: tuple[Watched, ...] = ()
    files_read: int = 0
    files_reused: int = 0  # unchanged since an earlier audit, their check taken from the ledger
    bytes_read: int = 0
    looks: tuple[Look, ...] = ()  # by destination and dataset; none of what could not be listed
    names: Mapping[str, str] = field(default_factory=dict)  # dataset id -> its name, for people
    care: Mapping[tuple[str, str], Care] = field(default_factory=dict)  # (flow, dataset id) -> who looks after it
    coverage: tuple[Coverage, ...] = ()  # of every organisation and sandbox whose datasets were read
    endings: tuple[Ending, ...] = ()  # soonest first
