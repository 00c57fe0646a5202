"""The calls that set an export up, as Adobe documents them, and what they refuse.

https://experienceleague.adobe.com/en/docs/experience-platform/destinations/api/export-datasets
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from auditor.worlds.platform.replies import Call, Reply, flow_service_refusal
from auditor.worlds.platform.stock import CONNECTION_SPECS, DATA_LAKE, FLOW_SPECS, Entity, Stock, make_etag, make_id

HALF_A_YEAR_S = 183 * 86400  # a flow that is made without an end is given one (export-datasets page)
KIND_OF = {spec: kind for kind, spec in CONNECTION_SPECS.items()}
LOGINS: Mapping[str, tuple[tuple[str, ...], ...]] = {  # one of these sets of auth.params
    "s3": (("s3AccessKey", "s3SecretKey"), ("s3Role",)),
    "azure-blob": (("connectionString",),),
    "adls-gen2": (("url", "servicePrincipalId", "servicePrincipalKey", "tenant"),),
    "data-landing-zone": ((),),
    "gcs": (("accessKeyId", "secretAccessKey"),),
    "sftp": (("domain", "username", "password"), ("domain", "username", "sshKey")),
}
PLACES = {
    "s3": ("path", "bucketName"),
    "azure-blob": ("path", "container"),
    "adls-gen2": ("path",),
    "data-landing-zone": ("path",),
    "gcs": ("path", "bucketName"),
    "sftp": ("remotePath",),
}


class Refused(Exception):
    """The request is not as documented. `str()` says why."""


def make(stock: Stock, kind: str, call: Call, *, now_ms: int, number: int) -> Reply:
    """Have what `call` asks for in `stock`, and answer its id and etag; or refuse, and change nothing."""
    try:
        body = json.loads(call.body or b"null")
        if not isinstance(body, dict):
            raise Refused("the body is no object")
        fields = CHECKS[kind](stock, body, now_ms)
    except (Refused, ValueError) as error:
        return flow_service_refusal(400, "Bad Request", str(error))
    entity_id, etag = make_id(stock.sandbox_id, kind, number), make_etag(stock.sandbox_id, kind, number)
    stock.add(kind, {**stock.owned(entity_id, created_ms=now_ms), **fields, "version": etag, "etag": etag})
    return Reply(201, {"id": entity_id, "etag": etag})


def change_flow(stock: Stock, flow_id: str, call: Call, *, now_ms: int) -> Reply:
    """`PATCH /flows/{id}`: replace fields of a flow that nobody else has changed since its etag was read."""
    flow = stock.flows.get(flow_id)
    if flow is None:
        return flow_service_refusal(404, "Not Found", f"there is no flow {flow_id}")
    if not call.headers.get("if-match"):
        return flow_service_refusal(400, "Bad Request", "the header If-Match is missing")
    if call.headers["if-match"] != flow["etag"]:
        return flow_service_refusal(412, "Precondition Failed", "the etag is not that of the flow as it is now")
    try:
        changed = _changed(stock, flow, json.loads(call.body or b"null"))
    except (Refused, ValueError) as error:
        return flow_service_refusal(400, "Bad Request", str(error))
    etag = make_etag(flow_id, flow["etag"])
    changed |= {"updatedAt": now_ms, "version": etag, "etag": etag}
    changed["lastOperation"] = tell_operation("update", json.loads(call.body), now_ms)
    stock.flows[flow_id] = changed
    return Reply(200, {"id": flow_id, "etag": etag})


def tell_operation(operation: str, ops: list[Entity], at_ms: int) -> Entity:
    """`lastOperation` of a flow."""
    return {
        "started": at_ms,
        "updated": at_ms,
        "percentCompleted": 100,
        "status": {"value": "completed", "properties": None, "errors": []},
        "ops": ops,
        "operation": operation,
    }


def tell_inherited(stock: Stock, sources: list[str], targets: list[str]) -> Entity:
    """`inheritedAttributes` of a flow: the specs of what it joins."""
    return {
        "properties": {"isDestinationFlow": True},
        "sourceConnections": [
            {"id": one, "connectionSpec": stock.sources[one]["connectionSpec"]}
            for one in sources
            if one in stock.sources
        ],
        "targetConnections": [_tell_target(stock, one) for one in targets if one in stock.targets],
    }


def tell_base(stock: Stock, connection_id: str) -> Entity:
    base = stock.connections.get(connection_id)
    return {"id": connection_id, **({"connectionSpec": base["connectionSpec"]} if base else {})}


def _tell_target(stock: Stock, target_id: str) -> Entity:
    target = stock.targets[target_id]
    told = {"id": target_id, "connectionSpec": target["connectionSpec"]}
    if base := target.get("baseConnectionId"):
        told["baseConnection"] = tell_base(stock, base)
    return told


def _changed(stock: Stock, flow: Entity, ops: Any) -> Entity:
    if not isinstance(ops, list) or not ops:
        raise Refused("the body is no list of operations")
    changed = json.loads(json.dumps(flow))
    for op in ops:
        path = str(op.get("path", "")).strip("/").split("/")
        if op.get("op") not in ("replace", "add") or "value" not in op:
            raise Refused("an operation is neither replace nor add, or has no value")
        if path[0] not in ("scheduleParams", "name", "description", "sourceConnectionIds", "targetConnectionIds"):
            raise Refused(f"/{'/'.join(path)} cannot be changed")
        holder = changed
        for name in path[:-1]:
            holder = holder.setdefault(name, {})
        holder[path[-1]] = op["value"]
    _check_schedule(changed["scheduleParams"])
    _check_there(stock.sources, changed["sourceConnectionIds"], "sourceConnectionIds")
    _check_there(stock.targets, changed["targetConnectionIds"], "targetConnectionIds")
    joined = tell_inherited(stock, changed["sourceConnectionIds"], changed["targetConnectionIds"])
    return {**changed, "inheritedAttributes": joined}


def _source(stock: Stock, body: Entity, _: int) -> Entity:
    spec = _spec(body, "connectionSpec")
    if spec["id"] != DATA_LAKE:
        raise Refused("connectionSpec.id is not that of the data lake")
    datasets = _needed(body, "params", dict).get("datasets")
    if not isinstance(datasets, list) or not datasets:
        raise Refused("params.datasets is missing")
    for one in datasets:
        if not isinstance(one, dict) or one.get("dataSetId") not in stock.eligible:
            raise Refused("params.datasets names a dataset that cannot be exported")
    return {**_named(body), "state": "enabled", "connectionSpec": spec, "params": {"datasets": datasets}}


def _connection(_: Stock, body: Entity, __: int) -> Entity:
    spec = _spec(body, "connectionSpec")
    kind = KIND_OF.get(spec["id"])
    if kind is None:
        raise Refused("connectionSpec.id is none of a destination")
    if kind == "data-landing-zone":
        return {**_named(body), "state": "enabled", "connectionSpec": spec}
    auth = _needed(body, "auth", dict)
    if not auth.get("specName"):
        raise Refused("auth.specName is missing")
    params = _needed(auth, "params", dict)
    if not any(all(params.get(name) for name in names) for names in LOGINS[kind]):
        raise Refused("auth.params lacks a field of this kind of login")
    return {**_named(body), "auth": auth, "state": "enabled", "connectionSpec": spec}


def _target(stock: Stock, body: Entity, _: int) -> Entity:
    spec, params = _spec(body, "connectionSpec"), _needed(body, "params", dict)
    kind = KIND_OF.get(spec["id"])
    if kind is None:
        raise Refused("connectionSpec.id is none of a destination")
    for name in ("mode", "compression", "datasetFileType", *PLACES[kind]):
        if not params.get(name):
            raise Refused(f"params.{name} is missing")
    if params["compression"] not in ("NONE", "GZIP") or params["datasetFileType"] not in ("JSON", "PARQUET"):
        raise Refused("params.compression or params.datasetFileType has an unknown value")
    if params["datasetFileType"] == "JSON" and params["compression"] == "NONE":
        raise Refused("JSON is exported only compressed")
    base = body.get("baseConnectionId")
    if base is None and kind != "data-landing-zone":
        raise Refused("baseConnectionId is missing")
    if base is not None and stock.connections.get(base, {}).get("connectionSpec", {}).get("id") != spec["id"]:
        raise Refused("baseConnectionId is no connection of this spec")
    joined = (
        {"baseConnectionId": base, "inheritedAttributes": {"baseConnection": tell_base(stock, base)}} if base else {}
    )
    return {**_named(body), **joined, "state": "enabled", "connectionSpec": spec, "params": params}


def _flow(stock: Stock, body: Entity, now_ms: int) -> Entity:
    spec = _spec(body, "flowSpec")
    sources, targets = _needed(body, "sourceConnectionIds", list), _needed(body, "targetConnectionIds", list)
    _check_there(stock.sources, sources, "sourceConnectionIds")
    _check_there(stock.targets, targets, "targetConnectionIds")
    kind = KIND_OF[stock.targets[targets[0]]["connectionSpec"]["id"]]
    if spec["id"] != FLOW_SPECS[kind]:
        raise Refused(f"flowSpec.id is not that of dataset exports to the target ({kind})")
    schedule = dict(_needed(body, "scheduleParams", dict))
    _check_schedule(schedule)
    schedule.setdefault("endTime", now_ms // 1000 + HALF_A_YEAR_S)
    return {
        **_named(body),
        "flowSpec": spec,
        "state": "enabled",
        "sourceConnectionIds": sources,
        "targetConnectionIds": targets,
        "inheritedAttributes": tell_inherited(stock, sources, targets),
        "scheduleParams": schedule,
        "transformations": body.get("transformations", []),
        "lastOperation": tell_operation("create", [], now_ms),
    }


CHECKS: Mapping[str, Callable[[Stock, Entity, int], Entity]] = {
    "sources": _source,
    "connections": _connection,
    "targets": _target,
    "flows": _flow,
}


def _named(body: Entity) -> Entity:
    return {"name": _needed(body, "name", str), "description": body.get("description", "")}


def _spec(body: Entity, name: str) -> Entity:
    spec = _needed(body, name, dict)
    if not spec.get("id") or not spec.get("version"):
        raise Refused(f"{name} has no id or no version")
    return {"id": spec["id"], "version": spec["version"]}


def _needed(body: Entity, name: str, kind: type[Any]) -> Any:
    value = body.get(name)
    if not isinstance(value, kind) or not value:
        raise Refused(f"{name} is missing")
    return value


def _check_there(known: Mapping[str, Entity], named: list[Any], what: str) -> None:
    if len(named) != 1 or named[0] not in known:
        raise Refused(f"{what} is not one connection that is there")


def _check_schedule(schedule: Mapping[str, Any]) -> None:
    for problem in _find_schedule_problems(schedule):
        raise Refused(problem)


def _find_schedule_problems(schedule: Mapping[str, Any]) -> Iterator[str]:
    interval, unit, mode = (schedule.get(name) for name in ("interval", "timeUnit", "exportMode"))
    if type(interval) is not int or interval < 0 or unit not in ("day", "hour"):
        yield "scheduleParams.interval or scheduleParams.timeUnit is missing or unknown"
    if type(schedule.get("startTime")) is not int:
        yield "scheduleParams.startTime is missing"
    if mode not in ("DAILY_FULL_EXPORT", "FIRST_FULL_THEN_INCREMENTAL", None):
        yield "scheduleParams.exportMode is unknown"
    if mode == "DAILY_FULL_EXPORT" and (interval, unit) != (0, "day"):
        yield "scheduleParams: a full export is possible once only, with interval 0 and timeUnit day"
