"""Reads what sandboxes export: every dataset-export flow with its connections, and how many others there are."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from adapters.base import AccessDenied, DestinationError, NotFound, Unsupported
from adapters.experience_platform import ExperiencePlatform, reading, types
from auditor.flow.specs import TYPE_OF_FLOW_SPEC
from auditor.flow.versions import is_dataset_export, read_version
from auditor.propose.discovered_places import FoundFlow
from auditor.settings.experience_platform import ExperiencePlatformFacts

__all__ = ["SandboxFlows", "open_platform", "read_sandboxes"]

T = TypeVar("T")
AT_ONCE: Final = 4  # flows; each asks for three connections


@dataclass(frozen=True, slots=True)
class SandboxFlows:
    """What one sandbox exports. With a `failure` nothing is known of it, and nothing may be concluded."""

    platform: str  # name in the configuration
    flows: tuple[FoundFlow, ...] = ()
    others: int | None = None  # flows to destinations that export no datasets: audiences, profiles; None: not told
    failure: DestinationError | None = None


def open_platform(facts: ExperiencePlatformFacts) -> ExperiencePlatform:
    """The client of a configured sandbox. Raises ValueError as the client does."""
    return ExperiencePlatform(facts.name, **facts.options)  # type: ignore[arg-type]


def read_sandboxes(
    sandboxes: Iterable[ExperiencePlatformFacts],
    *,
    open_with: Callable[[ExperiencePlatformFacts], ExperiencePlatform] = open_platform,
) -> Iterator[SandboxFlows]:
    """Each sandbox in its turn. One that cannot be read is an answer, not an exception."""
    for facts in sandboxes:
        try:
            platform = open_with(facts)
        except ValueError as error:
            yield SandboxFlows(facts.name, failure=_unopened(facts, error))
            continue
        try:
            yield read_sandbox(platform)
        except DestinationError as error:
            yield SandboxFlows(facts.name, failure=error)
        finally:
            platform.close()


def read_sandbox(platform: ExperiencePlatform) -> SandboxFlows:
    """All dataset exports of a sandbox. Raises DestinationError: a part would look like the whole."""
    # By id: a flow that was changed while the pages were read may stand on two of them.
    listed = list({flow.id: flow for flow in reading.list_flows(platform, tuple(TYPE_OF_FLOW_SPEC))}.values())
    reader = _Reader(platform)
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        found = list(pool.map(reader.read, listed))
    finally:
        pool.shutdown(cancel_futures=True)
    exports = tuple(one for one in found if one is not None)
    return SandboxFlows(platform.name, exports, _count_others(platform, len(exports)))


def _count_others(platform: ExperiencePlatform, exports: int) -> int | None:
    """How many more flows lead to destinations. A number for people: without it nothing is missing."""
    try:
        total = reading.count_destination_flows(platform)
    except DestinationError:
        return None
    return None if total is None else max(0, total - exports)


class _Reader:
    """Flows with their connections, each connection once."""

    def __init__(self, platform: ExperiencePlatform) -> None:
        self._platform = platform
        self._known: dict[str, object] = {}

    def read(self, flow: types.Flow) -> FoundFlow | None:
        """None for a flow that exports no datasets. Raises DestinationError."""
        sources = self._each(flow.source_connections, reading.read_source_connection)
        if not is_dataset_export(flow, sources):
            return None
        targets = self._each(flow.target_connections, reading.read_target_connection)
        account = targets[0].base_connection if targets else ""
        bases, problems = self._base(account)
        version = read_version(self._platform.name, flow, sources, targets, bases)
        return FoundFlow(replace(version, problems=(*version.problems, *problems)), account)

    def _each(self, ids: Iterable[str], read: Callable[[ExperiencePlatform, str], T]) -> list[T]:
        """Those that are there; of one that was removed, the version says what is missing."""
        found = []
        for one in ids:
            try:
                found.append(self._once(one, read))
            except NotFound:
                continue
        return found

    def _base(self, account: str) -> tuple[dict[str, types.BaseConnection], list[str]]:
        """The account by its id. It tells no more than host or storage account: without it the rest holds."""
        if not account:
            return {}, []
        try:
            return {account: self._once(account, reading.read_base_connection)}, []
        except (AccessDenied, NotFound) as error:
            return {}, [f"names an account that cannot be read: {error.reason}"]

    def _once(self, name: str, read: Callable[[ExperiencePlatform, str], T]) -> T:
        if name not in self._known:
            self._known[name] = read(self._platform, name)
        known: T = self._known[name]  # type: ignore[assignment]  # ids are not shared between kinds
        return known


def _unopened(facts: ExperiencePlatformFacts, error: ValueError) -> DestinationError:
    return Unsupported(str(error), destination=f"Experience Platform {facts.name}", operation="open", key="")
