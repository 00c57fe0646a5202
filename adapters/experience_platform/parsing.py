"""From answers of Experience Platform to typed results: unknown fields are passed over, absent ones tolerated.

A field of another kind than documented raises ValueError with its path and without its value.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapters.experience_platform.types import (
    BaseConnection,
    Batch,
    CatalogDataset,
    EligibleDataset,
    Flow,
    Run,
    Schedule,
    SourceConnection,
    Summary,
    TargetConnection,
)

PLACE_PARAMS: Final = ("url", "domain", "host", "port")
"""Those `auth.params` of a base connection that say where it leads. The others may be secrets and are not read."""

ERRORS_KEPT: Final = 20

WHOLE_NUMBER: Final = re.compile("-?[0-9]{1,18}")
TOO_LARGE: Final = 10**18  # no count and no time is as large


class Fields:
    """One JSON object, asked for its fields by kind. `path` says where it stands in the answer."""

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, Mapping):
            raise ValueError(f"{path} is no object")
        self._value: Mapping[str, Any] = value
        self.path = path

    def text(self, *names: str) -> str:
        """The first of `names` that is there; "" if none. Numbers are texts too: some codes come as either."""
        for name in names:
            value = self._value.get(name)
            if isinstance(value, str):
                return value
            if isinstance(value, int | float) and not isinstance(value, bool):
                return str(value)
            if value is not None:
                raise ValueError(f"{self.path}.{name} is no text")
        return ""

    def number(self, name: str) -> int | None:
        """A whole number, or one written as a text; None if absent."""
        value = self._value.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str) and WHOLE_NUMBER.fullmatch(value):
            return int(value)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        # No comparison with NaN holds.
        if not is_number or not -TOO_LARGE < value < TOO_LARGE or int(value) != value:
            raise ValueError(f"{self.path}.{name} is no whole number")
        return int(value)

    def moment(self, name: str) -> int | None:
        """Epoch milliseconds; None if absent or 0, which Adobe writes for "not yet"."""
        return self.number(name) or None

    def flag(self, name: str) -> bool | None:
        value = self._value.get(name)
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if value is not None and not isinstance(value, bool):
            raise ValueError(f"{self.path}.{name} is neither true nor false")
        return value

    def part(self, name: str) -> "Fields":
        """The object under `name`; an empty one if it is absent."""
        value = self._value.get(name)
        return Fields({} if value is None else value, f"{self.path}.{name}")

    def has(self, name: str) -> bool:
        return self._value.get(name) is not None

    def each(self, name: str) -> Iterator["Fields"]:
        """The objects of a list; none if it is absent."""
        for number, value in enumerate(self._list(name)):
            yield Fields(value, f"{self.path}.{name}[{number}]")

    def texts(self, name: str) -> tuple[str, ...]:
        found = self._list(name)
        if not all(isinstance(value, str) for value in found):
            raise ValueError(f"{self.path}.{name} holds something that is no text")
        return tuple(found)

    def plain(self) -> dict[str, str]:
        """All fields that are texts, numbers or flags, as texts."""
        return {
            str(key): str(value) for key, value in self._value.items() if isinstance(value, str | int | float | bool)
        }

    def needed(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise ValueError(f"{self.path}.{name} is missing")
        return value

    def _list(self, name: str) -> list[Any]:
        value = self._value.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise ValueError(f"{self.path}.{name} is no list")
        return value


def parse_flow(given: Fields) -> Flow:
    inherited = given.part("inheritedAttributes")
    operation = given.part("lastOperation")
    specs = (target.part("connectionSpec").text("id") for target in inherited.each("targetConnections"))
    return Flow(
        id=given.needed("id"),
        name=given.text("name"),
        state=given.text("state"),
        flow_spec=given.part("flowSpec").text("id"),
        source_connections=given.texts("sourceConnectionIds"),
        target_connections=given.texts("targetConnectionIds"),
        schedule=_parse_schedule(given.part("scheduleParams")) if given.has("scheduleParams") else None,
        created_ms=given.moment("createdAt"),
        updated_ms=given.moment("updatedAt"),
        operation_ms=operation.moment("updated"),
        operation_status=operation.part("status").text("value"),
        connection_specs=tuple(dict.fromkeys(spec for spec in specs if spec)),
        is_destination=inherited.part("properties").flag("isDestinationFlow"),
    )


def _parse_schedule(given: Fields) -> Schedule:
    return Schedule(
        interval=given.number("interval"),
        time_unit=given.text("timeUnit"),
        start_s=given.moment("startTime"),
        end_s=given.moment("endTime"),
        export_mode=given.text("exportMode"),
        folder_template=given.text("foldernameTemplate", "folderNameTemplate"),
    )


def parse_source_connection(given: Fields) -> SourceConnection:
    datasets = given.part("params").each("datasets")
    return SourceConnection(
        id=given.needed("id"),
        connection_spec=given.part("connectionSpec").text("id"),
        datasets=tuple((dataset.needed("dataSetId"), dataset.text("name")) for dataset in datasets),
        name=given.text("name"),
    )


def parse_target_connection(given: Fields) -> TargetConnection:
    params = given.part("params")
    inherited = given.part("inheritedAttributes").part("baseConnection")
    return TargetConnection(
        id=given.needed("id"),
        name=given.text("name"),
        connection_spec=given.part("connectionSpec").text("id"),
        base_connection=given.text("baseConnectionId") or inherited.text("id"),
        params=params.plain(),
        has_manifest=params.flag("includeFileManifest"),
        state=given.text("state"),
    )


def parse_base_connection(given: Fields) -> BaseConnection:
    auth = given.part("auth")
    params = auth.part("params")
    return BaseConnection(
        id=given.needed("id"),
        name=given.text("name"),
        connection_spec=given.part("connectionSpec").text("id"),
        auth=auth.text("specName"),
        place={name: value for name in PLACE_PARAMS if (value := params.text(name))},
    )


def parse_run(given: Fields) -> Run:
    """A run; fields that Adobe's own sample of a dataset run lacks (status, all output counts) may be absent."""
    metrics = given.part("metrics")
    duration, status = metrics.part("durationSummary"), metrics.part("statusSummary")
    errors = list(status.each("errors"))[:ERRORS_KEPT]
    return Run(
        id=given.needed("id"),
        flow_id=given.text("flowId"),
        created_ms=given.moment("createdAt"),
        updated_ms=given.moment("updatedAt"),
        started_ms=duration.moment("startedAtUTC"),
        completed_ms=duration.moment("completedAtUTC"),
        stopped_ms=duration.moment("stoppedAtUTC"),
        status=status.text("status"),
        summary=_parse_summary(metrics),
        entities=_parse_entities(metrics.part("recordSummary")),
        errors=tuple((error.text("code"), error.text("message")) for error in errors),
    )


def _parse_summary(metrics: Fields) -> Summary:
    records, size, files = metrics.part("recordSummary"), metrics.part("sizeSummary"), metrics.part("fileSummary")
    return Summary(
        records_in=records.number("inputRecordCount"),
        records_out=_first(records.number("outputRecordCount"), records.number("createdRecordCount")),
        records_skipped=records.number("skippedRecordCount"),
        records_failed=records.number("failedRecordCount"),
        bytes_in=size.number("inputBytes"),
        bytes_out=size.number("outputBytes"),
        files_in=files.number("inputFileCount"),
        files_out=files.number("outputFileCount"),
    )


def _parse_entities(records: Fields) -> dict[str, Summary]:
    """What is told of each dataset: its input stands in the source summaries, its output in the target ones."""
    read: dict[str, Fields] = {}
    written: dict[str, Fields] = {}
    for side, found in (("sourceSummaries", read), ("targetSummaries", written)):
        for summary in records.each(side):
            for entity in summary.each("entitySummaries"):
                if name := entity.text("id"):
                    found.setdefault(name, entity)
    nothing = Fields({}, records.path)
    return {name: _of_entity(read.get(name, nothing), written.get(name, nothing)) for name in {**read, **written}}


def _of_entity(source: Fields, target: Fields) -> Summary:
    return Summary(
        records_in=source.number("inputRecordCount"),
        records_out=_first(target.number("outputRecordCount"), target.number("createdRecordCount")),
        records_skipped=_first(target.number("skippedRecordCount"), source.number("skippedRecordCount")),
        records_failed=_first(target.number("failedRecordCount"), source.number("failedRecordCount")),
        bytes_in=source.number("inputBytes"),
        bytes_out=target.number("outputBytes"),
        files_in=source.number("inputFileCount"),
        files_out=target.number("outputFileCount"),
    )


def parse_eligible_dataset(given: Fields) -> EligibleDataset:
    return EligibleDataset(given.needed("id"), given.text("name"), given.text("state"), given.text("description"))


def parse_catalog_dataset(dataset: str, given: Fields) -> CatalogDataset:
    """`dataset`: Catalog's answers are keyed by id."""
    return CatalogDataset(dataset, given.text("name"))


def parse_batch(batch: str, given: Fields) -> Batch:
    return Batch(
        id=batch,
        status=given.text("status"),
        created_ms=given.moment("created"),
        completed_ms=given.moment("completed"),
        records=given.part("metrics").number("outputRecordCount"),
    )


def _first(*numbers: int | None) -> int | None:
    return next((number for number in numbers if number is not None), None)
