"""What Flow Service and Catalog say of a world: flows, connections, runs, datasets, batches, in Adobe's shapes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from auditor.worlds.claimed import Record, SizeOf, list_records
from auditor.worlds.model import NotHere, Rhythm, World, WorldDataset, WorldFlow
from auditor.worlds.platform.describe_run import describe_run
from auditor.worlds.platform.making import tell_base, tell_inherited, tell_operation
from auditor.worlds.platform.stock import (
    CONNECTION_SPECS,
    DATA_LAKE,
    FLOW_SPECS,
    Entity,
    Stock,
    make_etag,
    make_id,
)

MADE_BEFORE = timedelta(days=1)  # so long before its first run a flow was made
LOGINS: Mapping[str, Entity] = {
    "s3": {"specName": "Access Key", "params": {"s3AccessKey": "exporter", "s3SecretKey": "kept by the platform"}},
    "azure-blob": {"specName": "ConnectionString", "params": {"connectionString": "kept by the platform"}},
    "adls-gen2": {
        "specName": "Azure Service Principal Auth",
        "params": {
            "url": "abfss://{bucket}@exampleretail.dfs.core.windows.net",
            "servicePrincipalId": "exporter",
            "servicePrincipalKey": "kept by the platform",
            "tenant": "example",
        },
    },
    "gcs": {
        "specName": "Google Cloud Storage authentication credentials",
        "params": {"accessKeyId": "exporter", "secretAccessKey": "kept by the platform"},
    },
    "sftp": {
        "specName": "SFTP with Password",
        "params": {"domain": "sftp.example.com", "username": "exporter", "password": "kept by the platform"},
    },
}


@dataclass(frozen=True)
class Target:
    """Where the flows of a world write, by their connections. `type`: as configured for the auditor."""

    type: str = "s3"
    bucket: str = "exports"  # or container, or file system; a landing zone and SFTP have none
    login: Mapping[str, Any] | None = None  # `auth` of the base connection; None: one of its type
    tells_manifest: bool = False  # whether `includeFileManifest` is there: documented for audiences only


def describe_world(
    world: World,
    *,
    stock: Stock | None = None,
    target: Target | None = None,
    size_of: SizeOf | None = None,
) -> Stock:
    """A sandbox (`stock`, or a new one) with all that Experience Platform would say of `world` at its `now`.

    `size_of`: bytes of a file, for runs that tell sizes. Raises NotHere for a schedule that Experience Platform does
    not have, and as list_records does.
    """
    made = _Describer(world, stock or Stock(), target or Target())
    made.add_datasets([*(dataset for flow in world.flows for dataset in flow.datasets), *world.unexported])
    made.add_connection()
    for flow in world.flows:
        records = list_records(world, flow, size_of=size_of)
        made.add_flow(flow, records)
        made.add_batches(flow)
    return made.stock


def as_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def tell_schedule(flow: WorldFlow, now: datetime) -> Entity:
    """`scheduleParams` as they are at `now`: the last edit holds. Raises NotHere for one that cannot be told."""
    rhythms = [Rhythm(flow.start, flow.every, flow.cron), *(edit for edit in flow.edits if edit.start <= now)]
    rhythm = rhythms[-1]
    interval, unit = _interval(flow, rhythm)
    told: Entity = {
        "exportMode": "FIRST_FULL_THEN_INCREMENTAL" if flow.mode == "incremental" else "DAILY_FULL_EXPORT",
        "interval": interval,
        "timeUnit": unit,
        "startTime": int(rhythm.start.timestamp()),
    }
    if flow.end is not None:
        told["endTime"] = int(flow.end.timestamp())
    if flow.template != "%DATASET_ID%/%EXPORT_TIME%":
        told["foldernameTemplate"] = flow.template
    return told


def _interval(flow: WorldFlow, rhythm: Rhythm) -> tuple[int, str]:
    if rhythm.cron:
        raise NotHere(f"{flow.name}: Experience Platform has no cron expressions")
    if rhythm.every is None:
        return 0, "day"
    for span, unit in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour")):
        if rhythm.every % span == timedelta(0):
            return rhythm.every // span, unit
    raise NotHere(f"{flow.name}: Experience Platform knows whole hours only")


class _Describer:
    def __init__(self, world: World, stock: Stock, target: Target) -> None:
        self.world, self.stock, self.target = world, stock, target
        self.spec = {"id": CONNECTION_SPECS[target.type], "version": "1.0"}
        self.made_at = as_ms(min((flow.start for flow in world.flows), default=world.now) - MADE_BEFORE)
        self.base_id = make_id(world.seed, world.destination, "base connection")

    def add_datasets(self, datasets: Iterable[WorldDataset]) -> None:
        for dataset in datasets:
            self.stock.add("eligible", _eligible(dataset))
            self.stock.datasets[dataset.id] = {
                "name": dataset.name,
                "imsOrg": self.stock.org_id,
                "created": self.made_at,
                "updated": self.made_at,
                "state": "DRAFT",
                "tags": {},
                "schemaRef": {
                    "id": f"https://ns.adobe.com/example/schemas/{dataset.id}",
                    "contentType": "application/vnd.adobe.xed-full+json;version=1",
                },
                "files": f"@/dataSets/{dataset.id}/views/{dataset.id}/files",
            }

    def add_connection(self) -> None:
        """The base connection: one for the destination, however many flows write to it."""
        fields: Entity = {"name": self.world.destination, "description": "", "state": "enabled"}
        login = self.target.login or LOGINS.get(self.target.type)
        if login is not None:
            place = {"bucket": self.target.bucket}
            params = {
                name: value.format(**place) if isinstance(value, str) else value
                for name, value in login["params"].items()
            }
            fields["auth"] = {**login, "params": params}
        self._add("connections", self.base_id, self.made_at, {**fields, "connectionSpec": self.spec})

    def add_flow(self, flow: WorldFlow, records: list[Record]) -> None:
        made_at = as_ms(flow.start - MADE_BEFORE)
        source, target = make_id(flow.id, "source"), make_id(flow.id, "target")
        self._add("sources", source, made_at, self._source(flow))
        self._add("targets", target, made_at, self._target(flow))
        runs = [describe_run(self.stock, flow, record, source=source, target=target) for record in records]
        self.stock.add("runs", *runs)
        operation = self._operation(flow, made_at)
        fields = {
            "name": flow.name,
            "description": flow.name,
            "flowSpec": {"id": FLOW_SPECS[self.target.type], "version": "1.0"},
            "state": "enabled",
            "sourceConnectionIds": [source],
            "targetConnectionIds": [target],
            "inheritedAttributes": tell_inherited(self.stock, [source], [target]),
            "scheduleParams": tell_schedule(flow, self.world.now),
            "transformations": [],
            "runs": f"/runs?property=flowId=={flow.id}",
            "lastOperation": operation,
        }
        if records:
            fields["lastRunDetails"] = _last_run(records[-1])
        self._add("flows", flow.id, made_at, fields, updated_ms=operation["updated"])

    def add_batches(self, flow: WorldFlow) -> None:
        """New data came into a dataset before each of its runs that had something to export."""
        empty = {said.run for said in self.world.claims if said.kind == "empty"}
        runs = {*self.world.runs(), *self.world.dropped} - empty
        for run in sorted(run for run in runs if run.flow == flow.name):
            came = as_ms(run.due - timedelta(minutes=25))
            self.stock.batches[make_id(self.world.seed, *run, "batch").replace("-", "")] = {
                "imsOrg": self.stock.org_id,
                "created": came,
                "createdClient": "acp_foundation_push",
                "updated": came + 60_000,
                "completed": came + 60_000,
                "status": "success",
                "version": "1.0.2",
                "relatedObjects": [{"type": "dataSet", "id": run.dataset}],
            }

    def _source(self, flow: WorldFlow) -> Entity:
        lake = {"id": DATA_LAKE, "version": "1.0"}
        base = make_id(self.stock.sandbox_id, "data lake")
        return {
            "name": "Data Lake Source Connection",
            "description": "Data Lake Source Connection",
            "baseConnectionId": base,
            "state": "enabled",
            "connectionSpec": lake,
            "params": {"datasets": [{"dataSetId": one.id, "name": one.name} for one in flow.datasets]},
            "inheritedAttributes": {"baseConnection": {"id": base, "connectionSpec": lake}},
        }

    def _target(self, flow: WorldFlow) -> Entity:
        params: Entity = {
            "mode": "Server-to-server",
            "compression": flow.compression.upper(),
            "datasetFileType": flow.format.upper(),
        }
        params["remotePath" if self.target.type == "sftp" else "path"] = self.world.folder
        bucket = {"s3": "bucketName", "gcs": "bucketName", "azure-blob": "container"}.get(self.target.type)
        if bucket:
            params[bucket] = self.target.bucket
        if self.target.tells_manifest:
            params["includeFileManifest"] = flow.manifest
        return {
            "name": f"{flow.name} target connection",
            "baseConnectionId": self.base_id,
            "state": "enabled",
            "connectionSpec": self.spec,
            "params": params,
            "inheritedAttributes": {"baseConnection": tell_base(self.stock, self.base_id)},
        }

    def _operation(self, flow: WorldFlow, made_at: int) -> Entity:
        """`lastOperation`: the last edit of the schedule, or that the flow was made."""
        edits = [edit for edit in flow.edits if edit.start <= self.world.now]
        if not edits:
            return tell_operation("create", [], made_at)
        value = tell_schedule(flow, self.world.now)
        op = {"op": "replace", "path": "/scheduleParams", "value": value}
        return tell_operation("update", [op], as_ms(edits[-1].start))

    def _add(self, kind: str, name: str, made_at: int, fields: Entity, *, updated_ms: int | None = None) -> None:
        etag = make_etag(self.world.seed, name, updated_ms)
        owned = self.stock.owned(name, created_ms=made_at, updated_ms=updated_ms)
        self.stock.add(kind, {**owned, **fields, "version": etag, "etag": etag})


def _eligible(dataset: WorldDataset) -> Entity:
    return {
        "id": dataset.id,
        "name": dataset.name,
        "description": "",
        "fileDescription": {"persisted": True, "containerFormat": "parquet", "format": "parquet"},
        "aspect": "production",
        "state": "DRAFT",
    }


def _last_run(record: Record) -> Entity:
    told: Entity = {"id": record.id, "state": record.word or "success", "startedAtUTC": as_ms(record.started)}
    return told if record.ended is None else told | {"completedAtUTC": as_ms(record.ended)}
