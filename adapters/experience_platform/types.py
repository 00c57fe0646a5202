"""What Experience Platform answers, typed and as it stands: nothing is interpreted here.

Times are epoch milliseconds as given (schedules: seconds); None and "" mean that the field was absent. Sources: the
API reference *Flow Service - Destinations*, *Export datasets by using the Flow Service API*, Catalog Service.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Schedule:
    """`scheduleParams` of a flow."""

    interval: int | None
    time_unit: str
    start_s: int | None
    end_s: int | None
    export_mode: str
    folder_template: str  # `foldernameTemplate` (API reference: `folderNameTemplate`)


@dataclass(frozen=True, slots=True)
class Flow:
    """One dataflow."""

    id: str
    name: str
    state: str
    flow_spec: str  # id
    source_connections: tuple[str, ...]  # ids
    target_connections: tuple[str, ...]
    schedule: Schedule | None
    created_ms: int | None
    updated_ms: int | None
    operation_ms: int | None  # `lastOperation.updated`: when its schedule or datasets were last changed
    operation_status: str
    connection_specs: tuple[str, ...] = ()  # of its targets, by `inheritedAttributes`
    is_destination: bool | None = None


@dataclass(frozen=True, slots=True)
class SourceConnection:
    id: str
    connection_spec: str
    datasets: tuple[tuple[str, str], ...]  # (dataSetId, name)
    name: str = ""


@dataclass(frozen=True, slots=True)
class TargetConnection:
    """`params` is what the type of destination wants: path, bucketName, container, remotePath, …"""

    id: str
    name: str
    connection_spec: str
    base_connection: str  # id; "" for a Data Landing Zone
    params: Mapping[str, str]  # texts only
    has_manifest: bool | None  # `includeFileManifest`; None: not told
    state: str = ""


@dataclass(frozen=True, slots=True)
class BaseConnection:
    """Where and how Experience Platform logs in. Secrets of `auth.params` are never taken over."""

    id: str
    name: str
    connection_spec: str
    auth: str  # specName
    place: Mapping[str, str] = field(default_factory=dict)  # those auth.params that say where: url, domain


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of a run or of a part of it; None: not given."""

    records_in: int | None = None
    records_out: int | None = None
    records_skipped: int | None = None
    records_failed: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    files_in: int | None = None
    files_out: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One flow run."""

    id: str
    flow_id: str
    created_ms: int | None
    updated_ms: int | None
    started_ms: int | None
    completed_ms: int | None
    stopped_ms: int | None
    status: str  # `metrics.statusSummary.status`; "" if absent
    summary: Summary
    entities: Mapping[str, Summary] = field(
        default_factory=dict
    )  # by `entitySummaries[].id`, sources and targets together
    errors: tuple[tuple[str, str], ...] = ()  # (code, message)


@dataclass(frozen=True, slots=True)
class EligibleDataset:
    """A dataset that can be exported."""

    id: str
    name: str
    state: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class CatalogDataset:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of new data in a dataset (Catalog)."""

    id: str
    status: str
    created_ms: int | None
    completed_ms: int | None
    records: int | None
