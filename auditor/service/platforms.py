"""The organisations and sandboxes of one audit: each opened once, and not asked again once it does not answer."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from adapters.base import ClockSkew, CredentialExpired, DestinationError, Throttled, Unreachable
from adapters.experience_platform.types import Batch, EligibleDataset, Run
from auditor.flow_model import FlowVersion
from auditor.settings.experience_platform import ExperiencePlatformFacts

T = TypeVar("T")

HOPELESS = (Unreachable, Throttled, CredentialExpired, ClockSkew)
"""Errors that speak of the platform, not of one request: nothing else need be tried."""


class PlatformSource(Protocol):
    """What an audit asks of one organisation and sandbox. Lists are lazy; each call raises DestinationError."""

    @property
    def destination(self) -> str:
        """Its name, for errors."""

    def list_runs(self, flow_id: str, *, started_after_ms: int | None) -> Iterator[Run]:
        """The runs of a flow."""

    def read_exports(self) -> Sequence[FlowVersion]:
        """All dataset-export flows as they are now, with their connections."""

    def has_flow(self, flow_id: str) -> bool:
        """Whether there is a flow of this id, whatever it exports."""

    def list_eligible_datasets(self) -> Iterator[EligibleDataset]:
        """The datasets that can be exported."""

    def list_batches(self, dataset: str, *, created_after_ms: int, created_before_ms: int) -> list[Batch]:
        """The successful batches of new data in a span, 100 at most."""

    def close(self) -> None:
        """Give connections back."""


OpenPlatform = Callable[[ExperiencePlatformFacts], PlatformSource]


def open_configured_platform(facts: ExperiencePlatformFacts) -> PlatformSource:
    """The platform itself. Its HTTP client is loaded only where a configuration names one."""
    from auditor.service.adobe import Adobe

    return Adobe(facts)


class Platforms:
    """Asks the configured platforms. Thread-safe: one question at a time each."""

    def __init__(self, facts: Mapping[str, ExperiencePlatformFacts], open_with: OpenPlatform) -> None:
        self.facts = facts
        self._open_with = open_with
        self._sources: dict[str, PlatformSource] = {}
        self._locks = {name: threading.RLock() for name in facts}
        self.failures: dict[str, DestinationError] = {}  # the first of each platform
        self._over: dict[str, DestinationError] = {}  # of those that need not be asked again

    def ask(self, name: str, question: Callable[[PlatformSource], T], *, is_needed: bool = True) -> T:
        """The answer of platform `name`. Raises DestinationError; a hopeless platform is not asked again.

        `is_needed`: without the answer something could not be checked, and the audit says so.
        """
        with self._locks[name]:
            if name in self._over:
                raise self._over[name]
            try:
                if name not in self._sources:
                    self._sources[name] = self._open_with(self.facts[name])
                return question(self._sources[name])
            except DestinationError as error:
                if isinstance(error, HOPELESS):
                    self._over[name] = error
                if is_needed or name in self._over:
                    self.failures.setdefault(name, error)
                raise

    def close(self) -> None:
        """Close what was opened."""
        for source in self._sources.values():
            source.close()
