"""What a sandbox has already: each list is read once, when it is first needed. Only reading requests."""

from collections.abc import Callable
from functools import cache

from adapters.experience_platform import ExperiencePlatform, reading
from adapters.experience_platform.types import (
    BaseConnection,
    EligibleDataset,
    Flow,
    SourceConnection,
    TargetConnection,
)
from auditor.flow.specs import DATA_LAKE, TYPE_OF_FLOW_SPEC


class Sandbox:
    """One organisation and sandbox. Every call raises DestinationError where it cannot be read."""

    def __init__(self, platform: ExperiencePlatform) -> None:
        self._platform = platform
        self.read_source: Callable[[str], SourceConnection] = cache(
            lambda connection: reading.read_source_connection(platform, connection)
        )
        self.read_target: Callable[[str], TargetConnection] = cache(
            lambda connection: reading.read_target_connection(platform, connection)
        )
        # What the server filters is filtered again: a filter that it does not know it may pass over.
        self.list_bases: Callable[[str], list[BaseConnection]] = cache(
            lambda spec: [one for one in reading.list_base_connections(platform, spec) if one.connection_spec == spec]
        )
        self.list_targets: Callable[[str], list[TargetConnection]] = cache(
            lambda spec: [one for one in reading.list_target_connections(platform, spec) if one.connection_spec == spec]
        )
        self.list_sources: Callable[[], list[SourceConnection]] = cache(self._list_sources)
        self.list_flows: Callable[[], list[Flow]] = cache(self._list_flows)
        self.list_eligible: Callable[[], dict[str, EligibleDataset]] = cache(self._list_eligible)

    def _list_sources(self) -> list[SourceConnection]:
        found = reading.list_source_connections(self._platform, DATA_LAKE)
        return [one for one in found if one.connection_spec == DATA_LAKE]

    def _list_flows(self) -> list[Flow]:
        """Those that export datasets."""
        found = reading.list_flows(self._platform, tuple(TYPE_OF_FLOW_SPEC))
        return [one for one in found if one.flow_spec in TYPE_OF_FLOW_SPEC]

    def _list_eligible(self) -> dict[str, EligibleDataset]:
        return {one.id: one for one in reading.list_eligible_datasets(self._platform, DATA_LAKE)}
