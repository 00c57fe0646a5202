"""Experience Platform itself, as an audit asks it: reading requests only."""

from collections.abc import Iterator

from adapters.experience_platform import ExperiencePlatform, reading
from adapters.experience_platform.types import (
    BaseConnection,
    Batch,
    EligibleDataset,
    Flow,
    Run,
    SourceConnection,
    TargetConnection,
)
from auditor.flow.specs import DATA_LAKE, TYPE_OF_FLOW_SPEC
from auditor.settings.experience_platform import ExperiencePlatformFacts


class Adobe:
    """One organisation and sandbox. Satisfies `PlatformSource`."""

    def __init__(self, facts: ExperiencePlatformFacts) -> None:
        self._platform = ExperiencePlatform(facts.name, **facts.options)  # type: ignore[arg-type]  # settings check them

    @property
    def destination(self) -> str:
        return self._platform.destination

    def list_runs(self, flow_id: str, *, started_after_ms: int | None) -> Iterator[Run]:
        return reading.list_runs(self._platform, flow_id, started_after_ms=started_after_ms)

    def list_flows(self) -> Iterator[Flow]:
        return reading.list_flows(self._platform, list(TYPE_OF_FLOW_SPEC))

    def read_flow(self, flow_id: str) -> Flow:
        return reading.read_flow(self._platform, flow_id)

    def read_source_connection(self, connection: str) -> SourceConnection:
        return reading.read_source_connection(self._platform, connection)

    def read_target_connection(self, connection: str) -> TargetConnection:
        return reading.read_target_connection(self._platform, connection)

    def read_base_connection(self, connection: str) -> BaseConnection:
        return reading.read_base_connection(self._platform, connection)

    def list_eligible_datasets(self) -> Iterator[EligibleDataset]:
        return reading.list_eligible_datasets(self._platform, DATA_LAKE)

    def list_batches(self, dataset: str, *, created_after_ms: int, created_before_ms: int) -> list[Batch]:
        return reading.list_batches(
            self._platform, dataset, created_after_ms=created_after_ms, created_before_ms=created_before_ms
        )

    def close(self) -> None:
        self._platform.close()
