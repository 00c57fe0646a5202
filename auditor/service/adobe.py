"""Experience Platform itself, as an audit asks it: reading requests only."""

from collections.abc import Iterator, Sequence

from adapters.base import NotFound, Unsupported
from adapters.experience_platform import ExperiencePlatform, reading
from adapters.experience_platform.types import Batch, EligibleDataset, Run
from auditor.flow.specs import DATA_LAKE
from auditor.flow_model import FlowVersion
from auditor.service.discovering import read_sandbox
from auditor.settings.experience_platform import ExperiencePlatformFacts


class Adobe:
    """One organisation and sandbox. Satisfies `PlatformSource`. Raises DestinationError for an address that is none."""

    def __init__(self, facts: ExperiencePlatformFacts) -> None:
        try:
            self._platform = ExperiencePlatform(facts.name, **facts.options)  # type: ignore[arg-type]  # settings check
        except ValueError as error:
            raise Unsupported(str(error), destination=f"Experience Platform {facts.name}", operation="open") from None

    @property
    def destination(self) -> str:
        return self._platform.destination

    def list_runs(self, flow_id: str, *, started_after_ms: int | None) -> Iterator[Run]:
        return reading.list_runs(self._platform, flow_id, started_after_ms=started_after_ms)

    def read_exports(self) -> Sequence[FlowVersion]:
        return [found.version for found in read_sandbox(self._platform).flows]

    def has_flow(self, flow_id: str) -> bool:
        try:
            reading.read_flow(self._platform, flow_id)
        except NotFound:
            return False
        return True

    def list_eligible_datasets(self) -> Iterator[EligibleDataset]:
        return reading.list_eligible_datasets(self._platform, DATA_LAKE)

    def list_batches(self, dataset: str, *, created_after_ms: int, created_before_ms: int) -> list[Batch]:
        return reading.list_batches(
            self._platform, dataset, created_after_ms=created_after_ms, created_before_ms=created_before_ms
        )

    def close(self) -> None:
        self._platform.close()
