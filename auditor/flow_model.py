"""The words for what Experience Platform says of its exports: claims, never proof. A leaf beside `model.py`.

Times are aware UTC datetimes, sizes are bytes. None: not given by Adobe, which is never the same as 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from auditor.model import Compression, Counts, Dataset, FileFormat, Mode, RunState, Schedule


@dataclass(frozen=True, slots=True)
class DatasetCounts:
    """What a run says of one of its datasets (`entitySummaries`)."""

    read: Counts = Counts()
    written: Counts = Counts()


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One flow run as `GET /runs` tells it, in our words."""

    id: str
    flow_id: str
    state: RunState  # never NONE or UNKNOWN
    word: str  # Adobe's own word for it; "" where the record has none
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    read: Counts = Counts()  # input
    written: Counts = Counts()  # output
    datasets: Mapping[str, DatasetCounts] = field(default_factory=dict)  # by dataset id; empty: not told apart
    errors: tuple[str, ...] = ()  # "code message", bounded


@dataclass(frozen=True, slots=True)
class TargetPlace:
    """Where a flow writes, by its target and base connections."""

    type: str  # a destination type of the configuration
    bucket: str = ""  # bucket, container or file system; "" where the connection does not tell
    path: str = ""  # the folder path, as given
    server: str = ""  # host (SFTP) or storage account's address (Azure), where the connection tells


@dataclass(frozen=True, slots=True)
class FlowVersion:
    """A dataset-export flow as Flow Service described it at one moment."""

    platform: str  # name of the organisation and sandbox in the configuration
    flow_id: str
    name: str
    state: str  # Adobe's word: enabled, disabled, …
    datasets: tuple[Dataset, ...]
    place: TargetPlace
    schedule: Schedule | None  # None: the record has none that can be read
    mode: Mode = Mode.INCREMENTAL
    format: FileFormat | None = None
    compression: Compression | None = None
    manifest: bool | None = None  # None: not told
    folder_template: str = ""  # "": the default layout
    created: datetime | None = None
    updated: datetime | None = None
    problems: tuple[str, ...] = ()  # what could not be read of it, one sentence each

    @property
    def is_at_work(self) -> bool:
        """Whether the flow is switched on, or on its way to be: some states are passed through while it is changed."""
        return self.state in ("enabled", "enabling", "updating", "")

    @property
    def is_off(self) -> bool:
        """Whether the flow exports nothing by its state. Of a word that is not known nobody can say."""
        return self.state in ("disabled", "disabling", "draft", "deleted", "deleting")

    @property
    def ends(self) -> datetime | None:
        """After it Adobe exports nothing more, and says nothing. As read, never computed from a rule."""
        return self.schedule.end if self.schedule else None
