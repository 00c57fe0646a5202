"""Adobe's documented answers are read as they are; what is otherwise is said by its place, never by its value."""

import copy
import json
from collections.abc import Iterator
from functools import reduce
from typing import Any

import pytest

from adapters.base import NotFound, Unsupported
from adapters.experience_platform import ExperiencePlatform, reading
from auditor.worlds.platform import PlatformServer, Reply
from tests.adapters.experience_platform import documented
from tests.adapters.experience_platform.making import asking

SERVICE = "/data/foundation/flowservice"
CATALOG = "/data/foundation/catalog"
SPECS = ["269ba276-16fc-47db-92b0-c1049a3c131f", "95bd8965-fc8a-4119-b9c3-944c2c2df6d2"]
SECRET = "hunter2"


@pytest.fixture
def server() -> Iterator[PlatformServer]:
    with PlatformServer() as running:
        yield running


@pytest.fixture
def platform(server: PlatformServer) -> Iterator[ExperiencePlatform]:
    with asking(server) as opened:
        yield opened


def serve(server: PlatformServer, path: str, body: Any) -> None:
    server.route("GET", path, lambda _: Reply(200, body))


def changed(given: dict[str, Any], path: str, value: Any = ...) -> dict[str, Any]:
    """A copy of `given` with `value` at `path`, or without it."""
    made = copy.deepcopy(given)
    *above, last = path.split(".")
    holder = reduce(lambda part, name: part[int(name)] if isinstance(part, list) else part[name], above, made)
    if value is ...:
        del holder[last]
    else:
        holder[last] = value
    return made


def test_a_flow_is_read_as_documented(server, platform):
    serve(server, f"{SERVICE}/flows", {"items": [documented.FLOW]})
    (flow,) = reading.list_flows(platform, SPECS)
    assert flow.id == "7a6e996c-afcc-48ff-ab14-594321147cdd"
    assert (flow.name, flow.state, flow.flow_spec) == ("Documentation S3 Destination", "enabled", SPECS[0])
    assert flow.source_connections == ("8191fc9c-1e12-44c2-8d9a-bc40f5d81c9b",)
    assert flow.target_connections == ("f1d67830-7e4a-4e8a-8564-603542d5c596",)
    assert (flow.schedule.interval, flow.schedule.time_unit, flow.schedule.start_s) == (3, "hour", 1668474000)
    assert (flow.schedule.end_s, flow.schedule.export_mode, flow.schedule.folder_template) == (None, "", "")
    assert (flow.created_ms, flow.updated_ms, flow.operation_ms) == (1658340453699, 1658430188496, 1668539536003)
    assert (flow.connection_specs, flow.is_destination) == ((documented.S3,), True)
    (call,) = server.asked("flows")
    assert call.every("property") == [f"flowSpec.id=={','.join(SPECS)}"]


def test_one_flow_is_a_list_of_one_and_a_list_of_none_is_not_there(server, platform):
    serve(server, f"{SERVICE}/flows/here", {"items": [documented.FLOW]})
    serve(server, f"{SERVICE}/flows/gone", {"items": []})
    assert reading.read_flow(platform, "here").name == "Documentation S3 Destination"
    with pytest.raises(NotFound) as caught:
        reading.read_flow(platform, "gone")
    assert caught.value.request_id.startswith("request-")


def test_connections_are_read_as_documented(server, platform):
    serve(server, f"{SERVICE}/sourceConnections/s", {"items": [documented.SOURCE]})
    serve(server, f"{SERVICE}/targetConnections/t", {"items": [documented.TARGET]})
    source = reading.read_source_connection(platform, "s")
    target = reading.read_target_connection(platform, "t")
    assert source.connection_spec == documented.DATA_LAKE
    assert source.datasets == (
        ("616d53e0a6de2719486fb024", "Company Dataset"),
        ("972a43e0n3fe2419923bb037", "Employee Dataset"),  # not hexadecimal, in Adobe's own example
    )
    assert (target.connection_spec, target.base_connection) == (documented.S3, "7d354d3a-fd93-48c8-821e-c7c2d7e929da")
    assert target.params["bucketName"] == "dataexportsbucket"
    assert (target.params["path"], target.params["compression"]) == ("dataexports", "GZIP")
    assert target.has_manifest is None, "not told, which is not false"


def test_the_secrets_of_a_base_connection_are_not_taken_over(server, platform):
    serve(server, f"{SERVICE}/connections/b", {"items": [documented.BASE]})
    base = reading.read_base_connection(platform, "b")
    assert base.place == {"url": "abfss://exports@acmelake.dfs.core.windows.net"}
    assert SECRET not in repr(base)


def test_a_dataset_run_may_lack_its_status_and_all_output_counts(server, platform):
    serve(server, f"{SERVICE}/runs", {"items": [documented.EMPTY_RUN]})
    (run,) = reading.list_runs(platform, "f", started_after_ms=1675807719410)
    assert (run.status, run.started_ms, run.completed_ms, run.stopped_ms) == ("", 1675807719411, 1675807719416, None)
    assert (run.summary.records_in, run.summary.bytes_in, run.summary.files_in) == (0, 0, None)
    assert (run.summary.records_out, run.summary.bytes_out, run.summary.files_out) == (None, None, None)
    assert (run.entities, run.errors) == ({}, ())
    (call,) = server.asked("runs")
    assert call.every("property") == ["flowId==f", "metrics.durationSummary.startedAtUTC>1675807719410"]
    assert "flowSpec" not in json.dumps(call.query), "Adobe's own sample has a flow spec that is none of the six"


def test_the_runs_of_the_reference_are_read_with_counts_and_errors(server, platform):
    serve(server, f"{SERVICE}/runs", {"items": [documented.AUDIENCE_RUN, documented.FAILED_RUN]})
    ok, failed = reading.list_runs(platform, "f")
    assert (ok.status, failed.status) == ("success", "failed")
    assert failed.errors == (("ACTIVATION_BATCH-0000-FAILED", "Job aborted."),)
    (entity,) = failed.entities
    assert entity.startswith("segment:")
    assert failed.entities[entity].records_in == 0
    assert ok.summary.records_out is not None


def test_counts_of_one_dataset_are_put_together_from_both_sides(server, platform):
    run = changed(
        documented.EMPTY_RUN,
        "metrics.recordSummary.sourceSummaries.0.entitySummaries",
        [{"id": "d", "inputRecordCount": 7}],
    )
    run["metrics"]["recordSummary"]["targetSummaries"] = [{"entitySummaries": [{"id": "d", "createdRecordCount": 5}]}]
    serve(server, f"{SERVICE}/runs", {"items": [run]})
    (read,) = reading.list_runs(platform, "f")
    assert (read.entities["d"].records_in, read.entities["d"].records_out) == (7, 5)


def test_eligible_datasets_are_read_over_all_pages(server, platform):
    def answer(call):
        start = int(call.first("start"))
        return Reply(
            200,
            {
                "items": [{**documented.ELIGIBLE, "id": f"d{start}"}],
                "pageInfo": {"start": start, "end": start, "total": 3, "hasNext": start < 2},
            },
        )

    server.route("GET", f"{SERVICE}/connectionSpecs/{documented.DATA_LAKE}/configs", answer)
    found = list(reading.list_eligible_datasets(platform, documented.DATA_LAKE))
    assert [(one.id, one.name, one.state) for one in found] == [
        (f"d{n}", "AAM Authenticated Profiles Meta Data", "DRAFT") for n in range(3)
    ]
    assert server.asked("configs")[0].first("outputType") == "activationDatasets"


def test_catalog_answers_by_id(server, platform):
    serve(server, f"{CATALOG}/dataSets/5ef3", {"5ef3": {"name": "Web events", "tags": {}, "unknown": [1]}})
    batch = {"status": "success", "created": 1675807700000, "completed": 0, "metrics": {"outputRecordCount": 12}}
    serve(server, f"{CATALOG}/batches", {"b1": batch, "b2": {}})
    assert reading.read_dataset(platform, "5ef3").name == "Web events"
    first, second = reading.list_batches(platform, "5ef3", created_after_ms=1, created_before_ms=2)
    assert (first.id, first.records, first.completed_ms) == ("b1", 12, None)
    assert (second.status, second.created_ms, second.records) == ("", None, None)
    (call,) = server.asked("batches")
    assert (call.first("dataSet"), call.first("createdAfter"), call.first("createdBefore")) == ("5ef3", "1", "2")


@pytest.mark.parametrize("told, count", [({"count": 12}, 12), ({}, None), ({"count": "many"}, None), ([], None)])
def test_flows_are_counted_where_the_count_is_told(server, platform, told, count):
    serve(server, f"{SERVICE}/flows", told)
    assert reading.count_destination_flows(platform) == count
    (call,) = server.asked("flows")
    assert (call.first("count"), call.first("limit")) == ("true", ""), "the two may not stand together"


ABSENT = [  # everything that a flow may lack, one at a time
    "name", "state", "flowSpec", "sourceConnectionIds", "targetConnectionIds", "inheritedAttributes", "scheduleParams",
    "createdAt", "updatedAt", "lastOperation", "lastOperation.status", "inheritedAttributes.properties",
    "scheduleParams.startTime", "scheduleParams.interval", "inheritedAttributes.targetConnections.0.connectionSpec",
]  # fmt: skip


@pytest.mark.parametrize("how", [..., None], ids=["absent", "null"])
@pytest.mark.parametrize("path", ABSENT)
def test_a_flow_may_lack_almost_everything(server, platform, path, how):
    serve(server, f"{SERVICE}/flows", {"items": [changed(documented.FLOW, path, how)]})
    (flow,) = reading.list_flows(platform, SPECS)
    assert flow.id == documented.FLOW["id"]


def test_fields_nobody_knows_are_passed_over(server, platform):
    more = {**documented.FLOW, "newField": {"deep": [1, {"er": None}]}, "state2": 5}
    serve(server, f"{SERVICE}/flows", {"items": [documented.FLOW, more]})
    plain, other = reading.list_flows(platform, SPECS)
    assert plain == other


def test_the_end_and_the_template_are_read_in_both_spellings(server, platform):
    written = {"interval": "6", "timeUnit": "hour", "startTime": 1668474000, "endTime": "1700000000"}
    flows = [
        changed(documented.FLOW, "scheduleParams", {**written, spelling: "%DATASET_ID%/%EXPORT_TIME%"})
        for spelling in ("foldernameTemplate", "folderNameTemplate")
    ]
    serve(server, f"{SERVICE}/flows", {"items": flows})
    for flow in reading.list_flows(platform, SPECS):
        assert (flow.schedule.interval, flow.schedule.end_s) == (6, 1700000000), "numbers written as texts are numbers"
        assert flow.schedule.folder_template == "%DATASET_ID%/%EXPORT_TIME%"


WRONG = [  # where, what stands there, how it is told
    ("id", ..., "items[1].id is missing"),
    ("id", {SECRET: 1}, "items[1].id is no text"),
    ("name", [SECRET], "items[1].name is no text"),
    ("scheduleParams", SECRET, "items[1].scheduleParams is no object"),
    ("scheduleParams.startTime", SECRET, "items[1].scheduleParams.startTime is no whole number"),
    ("scheduleParams.startTime", 1.5, "items[1].scheduleParams.startTime is no whole number"),
    ("scheduleParams.startTime", "--5", "items[1].scheduleParams.startTime is no whole number"),
    ("scheduleParams.startTime", "9" * 5000, "items[1].scheduleParams.startTime is no whole number"),
    ("scheduleParams.startTime", 10**400, "items[1].scheduleParams.startTime is no whole number"),
    ("scheduleParams.startTime", float("inf"), "items[1].scheduleParams.startTime is no whole number"),
    ("scheduleParams.startTime", float("nan"), "items[1].scheduleParams.startTime is no whole number"),
    ("scheduleParams.startTime", True, "items[1].scheduleParams.startTime is no whole number"),
    ("sourceConnectionIds", SECRET, "items[1].sourceConnectionIds is no list"),
    ("sourceConnectionIds", [{SECRET: 1}], "items[1].sourceConnectionIds holds something that is no text"),
    ("inheritedAttributes.properties.isDestinationFlow", SECRET, "isDestinationFlow is neither true nor false"),
    ("inheritedAttributes.targetConnections", [SECRET], "inheritedAttributes.targetConnections[0] is no object"),
]  # fmt: skip


@pytest.mark.parametrize("path, value, told", WRONG, ids=[f"{case[2]} {n}" for n, case in enumerate(WRONG)])
def test_what_is_of_another_kind_is_told_by_its_place_and_request(server, platform, path, value, told):
    body = json.dumps({"items": [documented.FLOW, changed(documented.FLOW, path, value)]}).encode()
    server.route("GET", f"{SERVICE}/flows", lambda _: Reply(200, body))
    with pytest.raises(Unsupported) as caught:
        list(reading.list_flows(platform, SPECS))
    assert told in str(caught.value)
    assert caught.value.request_id == f"request-{len(server.calls)}"
    assert SECRET not in str(caught.value)
    assert "99999" not in str(caught.value)


STRANGE = [  # what is asked, its address, an answer of another shape
    (lambda p: reading.read_flow(p, "x"), f"{SERVICE}/flows/x", [SECRET]),
    (lambda p: reading.read_flow(p, "x"), f"{SERVICE}/flows/x", {"items": SECRET}),
    (lambda p: list(reading.list_runs(p, "x")), f"{SERVICE}/runs", {"item": SECRET}),
    (lambda p: list(reading.list_runs(p, "x")), f"{SERVICE}/runs", {"items": [SECRET]}),
    (lambda p: reading.read_dataset(p, "x"), f"{CATALOG}/dataSets/x", {SECRET: {}}),
    (lambda p: reading.read_dataset(p, "x"), f"{CATALOG}/dataSets/x", {"x": SECRET}),
    (lambda p: reading.list_batches(p, "x", created_after_ms=0, created_before_ms=1), f"{CATALOG}/batches", [SECRET]),
    (
        lambda p: reading.list_batches(p, "x", created_after_ms=0, created_before_ms=1),
        f"{CATALOG}/batches",
        {"b": {"created": SECRET}},
    ),
    (
        lambda p: list(reading.list_eligible_datasets(p, "lake")),
        f"{SERVICE}/connectionSpecs/lake/configs",
        {"items": [{"name": SECRET}], "pageInfo": {"total": 1, "hasNext": False}},
    ),
]


@pytest.mark.parametrize("ask, path, body", STRANGE, ids=[f"{case[1]} {n}" for n, case in enumerate(STRANGE)])
def test_an_answer_of_another_shape_names_its_request_and_shows_nothing(server, platform, ask, path, body):
    serve(server, path, body)
    with pytest.raises(Unsupported) as caught:
        ask(platform)
    assert caught.value.request_id == f"request-{len(server.calls)}"
    assert SECRET not in str(caught.value)


def test_an_item_that_cannot_be_read_stops_its_list_again_and_again(server, platform):
    serve(server, f"{SERVICE}/runs", {"items": [{"id": "good", "createdAt": 1}, {"id": []}]})
    runs = reading.list_runs(platform, "x")
    for _ in range(2):  # asked again, it is no list that ended
        with pytest.raises(Unsupported):
            list(runs)
