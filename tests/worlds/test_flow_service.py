"""The stand-in's Flow Service and Catalog, call by call.

https://experienceleague.adobe.com/en/docs/experience-platform/destinations/api/export-datasets
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from auditor.worlds.platform import FlowService, PlatformServer, Stock
from auditor.worlds.platform.stock import CONNECTION_SPECS, DATA_LAKE, FLOW_SPECS, make_id
from tests.worlds.test_platform_server import ask, headers

BASE = "/data/foundation/flowservice"
CONFIGS = f"{BASE}/connectionSpecs/{DATA_LAKE}/configs"
ELIGIBLE = {"outputType": "activationDatasets", "outputField": "datasets"}
EVENTS = "5ef3e324052581191aa6a466"


class Asked:
    """The stand-in with one sandbox, and somebody who asks it."""

    def __init__(self, platform: PlatformServer) -> None:
        self.platform = platform
        self.stock = Stock()
        self.service = FlowService(platform, self.stock, page_size=3, now_ms=lambda: 1_800_000_000_000)
        self.headers = headers(platform)

    def get(self, path: str, *query: tuple[str, object]) -> Any:
        status, body, _ = self.try_get(path, *query)
        assert status == 200, body
        return body

    def try_get(self, path: str, *query: tuple[str, object]) -> tuple[int, Any, Any]:
        tail = f"?{urlencode(query)}" if query else ""
        return ask(f"{self.platform.base_url}{path}{tail}", self.headers)

    def send(self, method: str, path: str, body: object, **more: str) -> tuple[int, Any]:
        status, told, _ = ask(
            f"{self.platform.base_url}{path}", {**self.headers, **more}, json.dumps(body).encode(), method=method
        )
        return status, told

    def all_pages(self, path: str, *query: tuple[str, object]) -> list[list[str]]:
        """The ids of each page, filters repeated beside the continuation."""
        pages, going_on = [], {}
        for _ in range(50):
            body = self.get(path, *query, *going_on.items())
            pages.append([item["id"] for item in body["items"]])
            if "_links" not in body:
                return pages
            href = body["_links"]["next"]["href"]
            assert href.startswith(f"/{path.rpartition('/')[2]}?continuationToken=")
            going_on = {name: values[0] for name, values in parse_qs(urlsplit(href).query).items()}
        raise AssertionError("pages without end")


@pytest.fixture
def asked() -> Iterator[Asked]:
    with PlatformServer() as platform:
        yield Asked(platform)


def add_runs(asked: Asked, count: int, flow: str = "flow-1", since: int = 1_000) -> list[str]:
    ids = [make_id(flow, since, number) for number in range(count)]
    for number, name in enumerate(ids):
        run = asked.stock.owned(name, created_ms=since + number) | {"flowId": flow}
        asked.stock.add("runs", run | {"metrics": {"durationSummary": {"startedAtUTC": since + number}}})
    return ids


def flat(pages: list[list[str]]) -> list[str]:
    return [name for page in pages for name in page]


def test_a_list_comes_newest_first_in_pages_that_lead_on(asked: Asked):
    ids = add_runs(asked, 7)
    assert asked.all_pages(f"{BASE}/runs") == [ids[:3:-1], ids[3:0:-1], ids[:1]]
    assert asked.all_pages(f"{BASE}/runs", ("limit", 2)) == [ids[:4:-1], ids[4:2:-1], ids[2:0:-1], ids[:1]]


def test_a_full_last_page_leads_nowhere(asked: Asked):
    add_runs(asked, 3)
    assert "_links" not in asked.get(f"{BASE}/runs")
    assert asked.get(f"{BASE}/flows") == {"items": []}


def test_a_continuation_without_the_filters_is_of_everything(asked: Asked):
    mine, others = add_runs(asked, 4, since=2_000), add_runs(asked, 3, "flow-2")
    flow = ("property", "flowId==flow-1")
    assert flat(asked.all_pages(f"{BASE}/runs", flow)) == mine[::-1]
    href = asked.get(f"{BASE}/runs", flow)["_links"]["next"]["href"]
    rest = asked.get(f"{BASE}{href}")
    assert [item["id"] for item in rest["items"]] == [mine[0], *others[:0:-1]]


FILTERS = [
    (["flowId==flow-1,flow-3"], ["flow-1", "flow-3"]),
    (["flowId!=flow-1"], ["flow-2", "flow-3"]),
    (["flowId==flow-1,flow-2", "metrics.durationSummary.startedAtUTC>2000"], ["flow-1"]),
    (["metrics.durationSummary.startedAtUTC<3000"], ["flow-2"]),
    (["metrics.durationSummary.startedAtUTC>=3000"], ["flow-1", "flow-3"]),
    (["activities[].name==a"], ["flow-3"]),
    (["nowhere==1"], []),
    (["nowhere>1"], []),
]


@pytest.mark.parametrize("filters, flows", FILTERS, ids=[" and ".join(case[0]) for case in FILTERS])
def test_filters(asked: Asked, filters, flows):
    for flow, since in (("flow-2", 2000), ("flow-1", 3000), ("flow-3", 4000)):
        add_runs(asked, 1, flow, since)
    next(run for run in asked.stock.runs.values() if run["flowId"] == "flow-3")["activities"] = [{"name": "a"}]
    body = asked.get(f"{BASE}/runs", *[("property", each) for each in filters])
    assert sorted(item["flowId"] for item in body["items"]) == flows
    assert asked.get(f"{BASE}/runs", *[("property", each) for each in filters], ("count", "true")) == {
        "count": len(flows)
    }


BAD = [
    (f"{BASE}/runs", [("limit", 101)]),
    (f"{BASE}/runs", [("limit", 0)]),
    (f"{BASE}/runs", [("count", "true"), ("limit", 5)]),
    (f"{BASE}/runs", [("property", "flowId")]),
    (f"{BASE}/runs", [("property", "createdAt>yesterday")]),
    (f"{BASE}/runs", [("continuationToken", "bm90aGluZw==")]),
    (f"{BASE}/runs", [("orderby", "colour")]),
    (CONFIGS, [("start", 0)]),
    (CONFIGS, [*ELIGIBLE.items(), ("limit", 101)]),
]


@pytest.mark.parametrize("path, query", BAD, ids=[f"{p.rpartition('/')[2]} {q}" for p, q in BAD])
def test_what_is_not_understood_is_refused(asked: Asked, path, query):
    add_runs(asked, 2)
    status, body, _ = asked.try_get(path, *query)
    assert (status, sorted(body)) == (400, ["errorDetails", "errorMessage"])


def test_orders(asked: Asked):
    ids = add_runs(asked, 7)
    assert flat(asked.all_pages(f"{BASE}/runs", ("orderby", "createdAt"))) == ids
    assert flat(asked.all_pages(f"{BASE}/runs", ("orderby", "-updatedAt"))) == ids[::-1]


def test_one_of_a_kind_is_a_list_of_one(asked: Asked):
    (name,) = add_runs(asked, 1)
    assert asked.get(f"{BASE}/runs/{name}") == {"items": [asked.stock.runs[name]]}
    status, body, _ = asked.try_get(f"{BASE}/flows/none")
    assert (status, body) == (404, {"errorMessage": "Not Found", "errorDetails": "there is no flow none"})


def test_a_list_may_change_while_somebody_goes_through_it(asked: Asked):
    ids = add_runs(asked, 5)
    new: list[str] = []
    asked.service.before_page = lambda call, page: new.extend(add_runs(asked, 1, since=9_000)) if page == 2 else None
    assert asked.all_pages(f"{BASE}/runs") == [ids[:1:-1], ids[1::-1]]
    assert asked.get(f"{BASE}/runs")["items"][0]["id"] == new[0]


def test_eligible_datasets_come_by_numbers(asked: Asked):
    asked.stock.add("eligible", *({"id": f"{n:024d}", "name": f"set {n}", "state": "DRAFT"} for n in range(5)))
    asked.service.page_size = 100
    body = asked.get(CONFIGS, *ELIGIBLE.items(), ("start", 0), ("limit", 2), ("properties", "name,state"))
    assert [item["name"] for item in body["items"]] == ["set 0", "set 1"]
    assert body["pageInfo"] == {"start": 0, "end": 1, "total": 5, "hasNext": True}
    last = asked.get(CONFIGS, *ELIGIBLE.items(), ("start", 4))
    assert last["pageInfo"] == {"start": 4, "end": 4, "total": 5, "hasNext": False}
    assert asked.try_get(CONFIGS.replace(DATA_LAKE, "other"), *ELIGIBLE.items())[0] == 404


def test_catalog_is_keyed_by_id(asked: Asked):
    asked.stock.datasets |= {"a": {"name": "A", "tags": {}}, "b": {"tags": {}}, "c": {"name": "C"}}
    catalog = "/data/foundation/catalog"
    assert asked.get(f"{catalog}/dataSets/a", ("properties", "name")) == {"a": {"name": "A"}}
    assert asked.get(f"{catalog}/dataSets/a,b", ("properties", "name")) == {"a": {"name": "A"}, "b": {}}
    assert list(asked.get(f"{catalog}/dataSets", ("limit", 2))) == ["a", "b"]
    assert asked.try_get(f"{catalog}/dataSets/none")[0] == 404


def test_batches_by_dataset_status_and_time(asked: Asked):
    for name, dataset, status, created in (
        ("one", EVENTS, "success", 1_000),
        ("two", EVENTS, "failed", 2_000),
        ("three", "other", "success", 2_000),
        ("four", EVENTS, "success", 3_000),
    ):
        related = [{"type": "dataSet", "id": dataset}]
        asked.stock.batches[name] = {"status": status, "created": created, "relatedObjects": related}
    path, good = "/data/foundation/catalog/batches", (("dataSet", EVENTS), ("status", "success"))
    assert list(asked.get(path, *good)) == ["one", "four"]
    assert list(asked.get(path, *good, ("createdAfter", 1_000))) == ["four"]
    assert list(asked.get(path, *good, ("createdBefore", 3_000))) == ["one"]
    assert list(asked.get(path, ("dataSet", EVENTS))) == ["one", "two", "four"]


SPEC = {"id": CONNECTION_SPECS["s3"], "version": "1.0"}
SOURCE = {
    "name": "Lake",
    "connectionSpec": {"id": DATA_LAKE, "version": "1.0"},
    "params": {"datasets": [{"dataSetId": EVENTS, "name": "Web events"}]},
}
LOGIN = {
    "name": "Bucket",
    "connectionSpec": SPEC,
    "auth": {"specName": "Access Key", "params": {"s3AccessKey": "key", "s3SecretKey": "not told"}},
}
PARAMS = {
    "mode": "Server-to-server",
    "compression": "GZIP",
    "datasetFileType": "JSON",
    "path": "backups",
    "bucketName": "exports",
}
SCHEDULE = {
    "exportMode": "FIRST_FULL_THEN_INCREMENTAL",
    "interval": 3,
    "timeUnit": "hour",
    "startTime": 1_800_003_600,
}


def set_up(asked: Asked) -> str:
    """All four calls; the flow's id."""
    asked.stock.add("eligible", {"id": EVENTS, "name": "Web events", "state": "DRAFT"})
    ids = []
    for address, body in (("sourceConnections", SOURCE), ("connections", LOGIN)):
        status, told = asked.send("POST", f"{BASE}/{address}", body)
        assert (status, sorted(told)) == (201, ["etag", "id"])
        ids.append(told["id"])
    target = {"name": "Target", "baseConnectionId": ids[1], "params": PARAMS, "connectionSpec": SPEC}
    ids.append(asked.send("POST", f"{BASE}/targetConnections", target)[1]["id"])
    status, told = asked.send("POST", f"{BASE}/flows", flow_body(ids[0], ids[2]))
    assert status == 201, told
    return told["id"]


def flow_body(source: str, target: str) -> dict[str, object]:
    return {
        "name": "web-3h",
        "flowSpec": {"id": FLOW_SPECS["s3"], "version": "1.0"},
        "sourceConnectionIds": [source],
        "targetConnectionIds": [target],
        "transformations": [],
        "scheduleParams": SCHEDULE,
    }


def test_an_export_is_set_up_by_four_calls_and_then_listed(asked: Asked):
    flow_id = set_up(asked)
    (flow,) = asked.get(f"{BASE}/flows", ("property", f"flowSpec.id=={FLOW_SPECS['s3']}"))["items"]
    assert flow["id"] == flow_id
    assert flow["scheduleParams"] == {**SCHEDULE, "endTime": 1_800_000_000 + 183 * 86400}, "half a year, untold"
    assert flow["inheritedAttributes"]["properties"] == {"isDestinationFlow": True}
    (target,) = asked.get(f"{BASE}/targetConnections/{flow['targetConnectionIds'][0]}")["items"]
    assert target["params"] == PARAMS
    assert flow["inheritedAttributes"]["targetConnections"][0]["baseConnection"] == {
        "id": target["baseConnectionId"],
        "connectionSpec": SPEC,
    }
    (source,) = asked.get(f"{BASE}/sourceConnections/{flow['sourceConnectionIds'][0]}")["items"]
    assert source["params"]["datasets"][0]["dataSetId"] == EVENTS


def without(body: dict[str, Any], *path: str) -> dict[str, Any]:
    changed = json.loads(json.dumps(body))
    holder = changed
    for name in path[:-1]:
        holder = holder[name]
    del holder[path[-1]]
    return changed


TARGET = {"name": "Target", "baseConnectionId": "BASE", "params": PARAMS, "connectionSpec": SPEC}
FLOW = flow_body("SOURCE", "TARGET")
REFUSED = [
    ("sourceConnections", without(SOURCE, "name"), "name"),
    ("sourceConnections", without(SOURCE, "connectionSpec"), "connectionSpec"),
    ("sourceConnections", without(SOURCE, "params"), "params"),
    ("sourceConnections", {**SOURCE, "params": {"datasets": []}}, "params.datasets"),
    ("sourceConnections", {**SOURCE, "params": {"datasets": [{"dataSetId": "other"}]}}, "cannot be exported"),
    ("connections", without(LOGIN, "auth"), "auth"),
    ("connections", without(LOGIN, "auth", "params", "s3SecretKey"), "auth.params"),
    ("targetConnections", without(TARGET, "baseConnectionId"), "baseConnectionId"),
    ("targetConnections", {**TARGET, "baseConnectionId": "other"}, "baseConnectionId"),
    *(("targetConnections", without(TARGET, "params", name), f"params.{name}") for name in PARAMS),
    ("targetConnections", {**TARGET, "params": {**PARAMS, "compression": "NONE"}}, "only compressed"),
    ("flows", without(FLOW, "scheduleParams"), "scheduleParams"),
    ("flows", without(FLOW, "scheduleParams", "startTime"), "startTime"),
    ("flows", {**FLOW, "sourceConnectionIds": ["other"]}, "sourceConnectionIds"),
    ("flows", {**FLOW, "flowSpec": {"id": FLOW_SPECS["gcs"], "version": "1.0"}}, "flowSpec.id"),
    ("flows", {**FLOW, "scheduleParams": {**SCHEDULE, "exportMode": "DAILY_FULL_EXPORT"}}, "once"),
    ("flows", [], "no object"),
]


@pytest.mark.parametrize("address, body, told", REFUSED, ids=[f"{case[0]} {case[2]}" for case in REFUSED])
def test_a_call_that_lacks_something_is_refused_and_changes_nothing(asked: Asked, address, body, told):
    set_up(asked)
    (flow,), (base,) = asked.stock.flows.values(), asked.stock.connections
    names = {"BASE": base, "SOURCE": flow["sourceConnectionIds"][0], "TARGET": flow["targetConnectionIds"][0]}
    text = json.dumps(body)
    for name, value in names.items():
        text = text.replace(f'"{name}"', f'"{value}"')
    before = deepcopy(asked.stock)
    status, answer = asked.send("POST", f"{BASE}/{address}", json.loads(text))
    assert status == 400
    assert told in answer["errorDetails"]
    assert asked.stock == before


def test_a_schedule_is_changed_only_by_who_knows_the_flow_as_it_is(asked: Asked):
    flow_id = set_up(asked)
    path, etag = f"{BASE}/flows/{flow_id}", asked.stock.flows[flow_id]["etag"]
    ops = [{"op": "replace", "path": "/scheduleParams", "value": {**SCHEDULE, "interval": 12}}]
    assert asked.send("PATCH", path, ops)[0] == 400
    assert asked.send("PATCH", path, ops, **{"If-Match": '"other"'})[0] == 412
    assert asked.send("PATCH", f"{path}x", ops, **{"If-Match": etag})[0] == 404
    bad = [{"op": "replace", "path": "/scheduleParams/interval", "value": "often"}]
    assert asked.send("PATCH", path, bad, **{"If-Match": etag})[0] == 400
    assert asked.stock.flows[flow_id]["etag"] == etag
    status, told = asked.send("PATCH", path, ops, **{"If-Match": etag})
    assert (status, told["id"]) == (200, flow_id)
    (flow,) = asked.get(path)["items"]
    assert (flow["etag"], flow["scheduleParams"]["interval"]) == (told["etag"], 12)
    assert (flow["lastOperation"]["operation"], flow["lastOperation"]["ops"]) == ("update", ops)
    assert told["etag"] != etag


def test_nothing_is_deleted(asked: Asked):
    flow_id = set_up(asked)
    assert asked.send("DELETE", f"{BASE}/flows/{flow_id}", {})[0] == 405


def test_each_sandbox_has_its_own(asked: Asked):
    other = Stock(sandbox="dev")
    FlowService(asked.platform, asked.stock, other)
    add_runs(asked, 2)
    assert len(asked.get(f"{BASE}/runs")["items"]) == 2
    asked.headers["x-sandbox-name"] = "dev"
    assert asked.get(f"{BASE}/runs") == {"items": []}
