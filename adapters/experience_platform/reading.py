"""What an audit asks of Experience Platform, each answer typed. Lists are lazy: one page is held.

Addresses: *Flow Service API*, *Catalog Service API*. Each function raises DestinationError; an answer that is not
as documented is Unsupported, with the field's path and never its value.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from adapters.base import NotFound, Unsupported, inert
from adapters.experience_platform.client import ExperiencePlatform
from adapters.experience_platform.paging import Take
from adapters.experience_platform.parsing import (
    Fields,
    parse_base_connection,
    parse_batch,
    parse_catalog_dataset,
    parse_eligible_dataset,
    parse_flow,
    parse_run,
    parse_source_connection,
    parse_target_connection,
)
from adapters.experience_platform.types import (
    BaseConnection,
    Batch,
    CatalogDataset,
    EligibleDataset,
    Flow,
    Run,
    SourceConnection,
    TargetConnection,
)

T = TypeVar("T")

FLOW_SERVICE: Final = "/data/foundation/flowservice"
CATALOG: Final = "/data/foundation/catalog"
LARGEST_PAGE: Final = 100
"""Entities Flow Service gives in one answer, whatever it is asked for."""


def list_flows(platform: ExperiencePlatform, flow_specs: Sequence[str]) -> Iterator[Flow]:
    """The flows of these specs, by Adobe newest first. A comma is an *or* (sorting and filtering page)."""
    filters = {"property": f"flowSpec.id=={','.join(flow_specs)}", "limit": LARGEST_PAGE}
    return _each(platform, f"{FLOW_SERVICE}/flows", filters, parse_flow)


def count_destination_flows(platform: ExperiencePlatform) -> int | None:
    """How many flows lead to destinations of any kind; None where the answer does not say."""
    asked = {"property": "inheritedAttributes.properties.isDestinationFlow==true", "count": "true"}
    told = platform.get(f"{FLOW_SERVICE}/flows", asked)
    count = told.get("count") if isinstance(told, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) else None


def read_flow(platform: ExperiencePlatform, flow_id: str) -> Flow:
    """One flow. Raises NotFound where there is none of that id in the sandbox."""
    return _one(platform, f"{FLOW_SERVICE}/flows/{flow_id}", parse_flow)


def read_source_connection(platform: ExperiencePlatform, connection: str) -> SourceConnection:
    return _one(platform, f"{FLOW_SERVICE}/sourceConnections/{connection}", parse_source_connection)


def read_target_connection(platform: ExperiencePlatform, connection: str) -> TargetConnection:
    return _one(platform, f"{FLOW_SERVICE}/targetConnections/{connection}", parse_target_connection)


def read_base_connection(platform: ExperiencePlatform, connection: str) -> BaseConnection:
    return _one(platform, f"{FLOW_SERVICE}/connections/{connection}", parse_base_connection)


def list_source_connections(platform: ExperiencePlatform, connection_spec: str) -> Iterator[SourceConnection]:
    return _of_spec(platform, "sourceConnections", connection_spec, parse_source_connection)


def list_target_connections(platform: ExperiencePlatform, connection_spec: str) -> Iterator[TargetConnection]:
    return _of_spec(platform, "targetConnections", connection_spec, parse_target_connection)


def list_base_connections(platform: ExperiencePlatform, connection_spec: str) -> Iterator[BaseConnection]:
    return _of_spec(platform, "connections", connection_spec, parse_base_connection)


def list_runs(platform: ExperiencePlatform, flow_id: str, *, started_after_ms: int | None = None) -> Iterator[Run]:
    """The runs of a flow. Never filtered by `flowSpec`: Adobe's own sample has an unlisted one.

    `started_after_ms` leaves out runs that have not started yet, too: those have no start to compare.
    """
    properties = [f"flowId=={flow_id}"]
    if started_after_ms is not None:
        properties.append(f"metrics.durationSummary.startedAtUTC>{started_after_ms}")
    return _each(platform, f"{FLOW_SERVICE}/runs", {"property": properties, "limit": LARGEST_PAGE}, parse_run)


def list_eligible_datasets(platform: ExperiencePlatform, data_lake_spec: str) -> Iterator[EligibleDataset]:
    """The datasets that can be exported (API page *Export datasets*, list of eligible datasets)."""
    path = f"{FLOW_SERVICE}/connectionSpecs/{data_lake_spec}/configs"
    asked = {"outputType": "activationDatasets", "outputField": "datasets", "properties": "name,state"}
    return platform.numbered_items(path, asked, _taking(platform, path, parse_eligible_dataset))


def read_dataset(platform: ExperiencePlatform, dataset: str) -> CatalogDataset:
    """A dataset by Catalog, whose answers are keyed by id. Raises NotFound."""
    path = f"{CATALOG}/dataSets/{dataset}"
    answer = platform.ask(path, {"properties": "name"})
    found = answer.body if isinstance(answer.body, dict) else None
    if found is None or dataset not in found:
        raise _strange(platform, path, "the answer is not keyed by the dataset's id", answer.request_id)
    return _parsed(
        platform, path, lambda: parse_catalog_dataset(dataset, Fields(found[dataset], dataset)), answer.request_id
    )


def list_batches(
    platform: ExperiencePlatform, dataset: str, *, created_after_ms: int, created_before_ms: int
) -> list[Batch]:
    """The successful batches of new data that a dataset got in a span; 100 at most: enough to know that there are."""
    path = f"{CATALOG}/batches"
    answer = platform.ask(
        path,
        {
            "dataSet": dataset,
            "status": "success",
            "createdAfter": created_after_ms,
            "createdBefore": created_before_ms,
            "limit": LARGEST_PAGE,
        },
    )
    if not isinstance(answer.body, dict):
        raise _strange(platform, path, "the answer is not keyed by batch ids", answer.request_id)
    found: dict[str, Any] = answer.body
    return [_parsed(platform, path, partial(_read_batch, name, one), answer.request_id) for name, one in found.items()]


def _read_batch(name: str, given: object) -> Batch:
    return parse_batch(name, Fields(given, inert(name)[:40]))


def _of_spec(platform: ExperiencePlatform, kind: str, spec: str, parse: Callable[[Fields], T]) -> Iterator[T]:
    return _each(
        platform,
        f"{FLOW_SERVICE}/{kind}",
        {"property": f"connectionSpec.id=={spec}", "limit": LARGEST_PAGE},
        parse,
    )


def _each(platform: ExperiencePlatform, path: str, params: dict[str, Any], parse: Callable[[Fields], T]) -> Iterator[T]:
    return platform.items(path, params, _taking(platform, path, parse))


def _taking(platform: ExperiencePlatform, path: str, parse: Callable[[Fields], T]) -> Take[T]:
    """`parse` for the items of a list: an item that is not as documented names its page's request."""

    def take(item: Any, place: int, request_id: str) -> T:
        return _parsed(platform, path, lambda: parse(Fields(item, f"items[{place}]")), request_id)

    return take


def _one(platform: ExperiencePlatform, path: str, parse: Callable[[Fields], T]) -> T:
    """`GET …/{id}` answers a list of one."""
    answer = platform.ask(path)
    items = answer.body.get("items") if isinstance(answer.body, dict) else None
    if not isinstance(items, list):
        raise _strange(platform, path, "the answer has no items", answer.request_id)
    if not items:
        raise NotFound(
            "not there", destination=platform.destination, operation="GET", key=path, request_id=answer.request_id
        )
    return _parsed(platform, path, lambda: parse(Fields(items[0], "items[0]")), answer.request_id)


def _parsed(platform: ExperiencePlatform, path: str, parse: Callable[[], T], request_id: str) -> T:
    try:
        return parse()
    except ValueError as error:
        raise _strange(platform, path, f"the answer is not as documented: {error}", request_id) from None


def _strange(platform: ExperiencePlatform, path: str, reason: str, request_id: str) -> Unsupported:
    return Unsupported(reason, destination=platform.destination, operation="GET", key=path, request_id=request_id)
