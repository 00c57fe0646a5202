"""What Experience Platform would have written: names, times, bytes."""

import gzip
import io
import json
import re
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.worlds import build_world, list_objects
from auditor.worlds.schedule import list_due_times, patience
from tests.worlds.small import DAILY, NOW, PROFILES, WEB, WEB_RUN, at, contents, small_world

# part-<5 digit task>-tid-<int64>-<uuid>-<number>-<attempt>-c<3 digits>.<ext>
PART = re.compile(
    r"part-(\d{5})-tid-(\d{1,19})-([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"
    r"-(\d+)-(\d+)-c\d{3}\.(json\.gz|json|gz\.parquet|parquet)"
)
SAMPLE = (
    '{"flowRunId":"0ac8f3c0-29bd-40aa-82c1-f1b7e0657b19","scheduledTime":"2023-08-18T01:00:00Z","exportResults":'
    '[{"sinkPath":"/destination/output001","name":"amazon-s3_segment-name_20230818_010718.json","size":145854}]}'
)  # Adobe's public sample manifest


def test_the_same_seed_gives_the_same_world_and_another_seed_another():
    assert contents(small_world()) == contents(small_world())
    assert not contents(small_world()).keys() & contents(small_world(seed="other")).keys()


def test_a_longer_world_begins_like_the_shorter_one():
    shorter = contents(small_world(now=at(5)))
    longer = contents(small_world())
    assert shorter.items() <= longer.items()


def test_every_due_run_of_every_dataset_came():
    world = small_world()
    for flow in world.flows:
        for dataset in flow.datasets:
            came = [d.due for d in world.deliveries if (d.flow, d.dataset) == (flow.name, dataset.id)]
            assert came == list_due_times(flow, NOW)


def test_every_run_came_in_time_and_grew_part_by_part():
    for delivery in small_world().deliveries:
        flow = WEB if delivery.flow == WEB.name else DAILY
        times = [part.modified for part in delivery.parts] + [m.modified for m in delivery.manifests]
        assert times == sorted(set(times))
        assert delivery.due < times[0]
        assert times[-1] <= delivery.due + patience(flow, delivery.due).grace
        if delivery.due != flow.start:
            assert times[-1] <= delivery.due + timedelta(minutes=40)


def test_the_backfill_takes_longer_than_an_ordinary_run_may():
    first = small_world().delivery(WEB_RUN._replace(due=WEB.start))
    assert first.complete_at > WEB.start + timedelta(minutes=60)
    assert sum(part.recipe.rows for part in first.parts) == 36


def test_part_names_follow_the_documented_pattern():
    for delivery in small_world().deliveries:
        found = [PART.fullmatch(part.name) for part in delivery.parts]
        assert all(found)
        assert len({(m[2], m[3]) for m in found}) == 1, "one tid and one uuid per write"
        assert len({int(m[4]) - int(m[1]) for m in found}) == 1, "the number counts up with the task"
        assert len({m[1] for m in found}) == len(found)


def test_two_writes_never_share_a_tid_or_uuid():
    tids = [PART.fullmatch(d.parts[0].name)[2] for d in small_world().deliveries]
    uuids = [PART.fullmatch(d.parts[0].name)[3] for d in small_world().deliveries]
    assert len(set(tids)) == len(tids)
    assert len(set(uuids)) == len(uuids)


def test_tasks_have_holes_now_and_then():
    numbers = [[int(p.name[5:10]) for p in d.parts] for d in small_world().deliveries]
    assert any(tasks != list(range(len(tasks))) for tasks in numbers)


def test_export_folders_have_12_or_14_digits_of_utc():
    prefixes = {d.flow: d.prefix for d in small_world().deliveries if d.due in (at(3, 6), at(3, 2, 30))}
    assert prefixes["web-3h"] == "backups/6504a2f1abf9b128d3f90e5d/exportTime=202610030600/"
    assert prefixes["profiles-daily"] == "backups/64b1c0d2f3a4e5968778a9b0/exportTime=20261003023113/"


TEMPLATES = [
    ("%DATASET_ID%/%EXPORT_TIME%", "a/b", "a/b/5ef3e324052581191aa6a466/exportTime=202610040900/"),
    ("%DATASET_ID%/%EXPORT_TIME%", "", "5ef3e324052581191aa6a466/exportTime=202610040900/"),
    (
        "%SANDBOX_NAME%/%DATASET_NAME%_%DATETIME(YYYYMMdd_HHmmss)%",
        "x",
        "x/prod/Web events_20261004_090000/",
    ),
    (
        "%DESTINATION%/%DESTINATION_INSTANCE_NAME%/%DESTINATION_INSTANCE_ID%/%DATASET_ID%/%EXPORT_TIME%",
        "x",
        f"x/Amazon S3/lake-backup/{WEB.id}/5ef3e324052581191aa6a466/exportTime=202610040900/",
    ),
    ("/", "x", "x/"),
    ("/", "", ""),
]


@pytest.mark.parametrize("template, folder, prefix", TEMPLATES)
def test_folder_templates(template, folder, prefix):
    world = small_world(replace(WEB, template=template), folder=folder)
    assert world.delivery(WEB_RUN).prefix == prefix
    contents(world)  # and no key stands twice, even where all exports share one folder


def test_json_is_one_object_a_line_with_nested_xdm_fields():
    world = small_world()
    for part in world.delivery(WEB_RUN).parts:
        assert part.name.endswith(".json.gz")
        lines = gzip.decompress(part.render()).decode().splitlines()
        records = [json.loads(line) for line in lines]
        assert len(records) == part.recipe.rows > 0
        for record in records:
            assert record.keys() >= {"_id", "timestamp", "eventType", "identityMap", "web"}
            assert record["web"]["webPageDetails"]["pageViews"] == {"value": 1.0}
            assert at(4, 6) <= datetime.fromisoformat(record["timestamp"]) < at(4, 9)


@pytest.mark.parametrize("kind", ["events", "profiles"])
@pytest.mark.parametrize(
    "compression, codec, extension", [("gzip", "GZIP", ".gz.parquet"), ("none", "SNAPPY", ".parquet")]
)
def test_parquet_is_readable_and_has_page_checksums(kind, compression, codec, extension):
    flow = replace(DAILY, compression=compression, datasets=(replace(PROFILES, kind=kind),))
    parts = small_world(flow).deliveries[3].parts
    for part in parts:
        assert part.name.endswith(extension)
        table = pq.read_table(io.BytesIO(part.render()), page_checksum_verification=True)
        assert table.num_rows == part.recipe.rows
        assert table.column("identityMap").null_count == 0
        column = pq.ParquetFile(io.BytesIO(part.render())).metadata.row_group(0).column(0)
        assert column.compression == codec
    assert len({pq.read_schema(io.BytesIO(part.render())) for part in parts}) == 1


def test_plain_json_is_plain():
    part = small_world(replace(WEB, compression="none")).delivery(WEB_RUN).parts[0]
    assert part.name.endswith("-c000.json")
    assert json.loads(part.render().splitlines()[0])


def test_a_manifest_has_the_shape_of_adobes_sample():
    delivery = small_world().delivery(WEB_RUN)
    (manifest,) = delivery.manifests
    text = next(o.data for o in list_objects(small_world()) if o.key == delivery.prefix + manifest.name).decode()
    told = json.loads(text)
    assert shape(told) == shape(json.loads(SAMPLE))
    assert text == json.dumps(told, separators=(",", ":"))
    assert told["scheduledTime"] == "2026-10-04T09:00:00Z"
    assert manifest.name == f"manifest-{WEB.id}-{told['flowRunId']}.json"
    assert {e["sinkPath"] for e in told["exportResults"]} == {
        "/backups/5ef3e324052581191aa6a466/exportTime=202610040900"
    }
    stored = {key.rsplit("/", 1)[1]: len(data) for key, (data, _) in contents(small_world()).items()}
    assert all(stored[entry["name"]] == entry["size"] for entry in told["exportResults"])
    assert len(told["exportResults"]) == len(delivery.parts)


def shape(value):
    """Keys in order and types, with one element for a list."""
    if isinstance(value, dict):
        return [(key, shape(item)) for key, item in value.items()]
    return [shape(value[0])] if isinstance(value, list) else type(value)


def test_all_datasets_of_a_run_share_the_run_id():
    runs = defaultdict(set)
    for delivery in small_world(WEB).deliveries:
        runs[delivery.due].add(delivery.manifests[0].flow_run_id)
    assert all(len(ids) == 1 for ids in runs.values())
    assert len({next(iter(ids)) for ids in runs.values()}) == len(runs)


def test_a_flow_without_manifest_writes_none():
    assert not any("manifest" in key for key in contents(small_world(DAILY)))


@settings(deadline=None, max_examples=25)
@given(
    seed=st.text(max_size=8),
    hours=st.sampled_from([3, 6, 8, 9, 12, 24]),
    minute=st.integers(0, 59),
    form=st.sampled_from([("json", "gzip"), ("json", "none"), ("parquet", "gzip"), ("parquet", "none")]),
    manifest=st.booleans(),
)
def test_any_world_is_well_formed(seed, hours, minute, form, manifest):
    flow = replace(
        WEB,
        start=at(5, 0, minute),
        every=timedelta(hours=hours),
        format=form[0],
        compression=form[1],
        manifest=manifest,
        backfill=(2, 3),
    )
    found = contents(build_world((flow,), seed=seed, now=NOW))
    assert found
    for key, (data, modified) in found.items():
        assert key.startswith("backups/")
        assert data
        assert modified <= NOW
