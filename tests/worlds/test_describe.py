"""What Flow Service says of a world: in Adobe's shapes, and of the very files that lie there.

Shapes: https://experienceleague.adobe.com/en/docs/experience-platform/destinations/api/export-datasets and
https://developer.adobe.com/experience-platform-apis/references/destinations/
"""

import gzip
import json
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from auditor.worlds import NotHere, Rhythm, WorldDataset, faults, list_objects
from auditor.worlds.platform import Stock, Target, describe_world
from auditor.worlds.platform.stock import CONNECTION_SPECS, DATA_LAKE, FLOW_SPECS
from tests.worlds.small import CLICK_RUN, CLICKS, DAILY, DAILY_RUN, EVENTS, NOW, PROFILES, WEB, WEB_RUN, at, small_world

OWNED = "id createdAt updatedAt createdBy updatedBy createdClient updatedClient sandboxId sandboxName imsOrgId"
RUN = f"{OWNED} flowId flowSpec providerRefId etag metrics"
FLOW = (
    f"{OWNED} name description flowSpec state version etag sourceConnectionIds targetConnectionIds "
    "inheritedAttributes scheduleParams transformations runs lastOperation lastRunDetails"
)
CONNECTION = f"{OWNED} name description state connectionSpec version etag"


def run_of(stock: Stock, due: Any, dataset: str = "") -> dict[str, Any]:
    """The record of the run due then; with `dataset`, one that names it and no other."""
    found = [
        run
        for run in stock.runs.values()
        if 0 <= run["createdAt"] - due.timestamp() * 1000 < 600_000 and dataset in (entity_ids(run)[:1] or [""])
    ]
    (run,) = found
    return run


def entity_ids(run: dict[str, Any]) -> list[str]:
    summaries = run["metrics"].get("recordSummary", {}).get("sourceSummaries", [])
    return [entity["id"] for summary in summaries for entity in summary["entitySummaries"]]


def only_run(world: Any, due: Any, **how: Any) -> dict[str, Any]:
    stock = describe_world(world, **how)
    runs = [run for run in stock.runs.values() if 0 <= run["createdAt"] - due.timestamp() * 1000 < 600_000]
    assert len(runs) == 1
    return runs[0]


def test_a_run_has_the_fields_of_adobes():
    run = only_run(small_world(WEB), at(4, 9))
    assert sorted(run) == sorted(RUN.split())
    assert list(run["metrics"]) == ["durationSummary", "recordSummary", "fileSummary", "statusSummary"]
    assert list(run["metrics"]["durationSummary"]) == ["startedAtUTC", "completedAtUTC"]
    records = run["metrics"]["recordSummary"]
    names = "inputRecordCount skippedRecordCount createdRecordCount outputRecordCount sourceSummaries targetSummaries"
    assert sorted(records) == sorted(names.split())
    assert sorted(records["sourceSummaries"][0]) == ["entitySummaries", "id", "inputRecordCount", "skippedRecordCount"]
    assert run["flowSpec"]["id"] not in FLOW_SPECS.values(), "as in Adobe's sample: no filter by it finds a run"


def test_an_empty_run_is_adobes_own_sample():
    """The only run of a dataset export that is documented: neither status nor counts of output, 5 ms long."""
    run = only_run(faults.empty_run(small_world(DAILY), DAILY_RUN), at(4, 2, 30))
    started = run["metrics"]["durationSummary"]["startedAtUTC"]
    source = run["metrics"]["recordSummary"]["sourceSummaries"][0]["id"]
    assert run["metrics"] == {
        "durationSummary": {"startedAtUTC": started, "completedAtUTC": started + 5},
        "sizeSummary": {"inputBytes": 0},
        "recordSummary": {
            "inputRecordCount": 0,
            "skippedRecordCount": 0,
            "sourceSummaries": [
                {
                    "id": source,
                    "inputRecordCount": 0,
                    "skippedRecordCount": 0,
                    "entitySummaries": [{"id": PROFILES.id, "inputRecordCount": 0, "skippedRecordCount": 0}],
                }
            ],
        },
    }


def test_a_failed_run_is_told_as_in_the_reference():
    metrics = only_run(faults.fail_run(small_world(DAILY), DAILY_RUN), at(4, 2, 30))["metrics"]
    told = [{"code": "ACTIVATION_BATCH-0000-FAILED", "message": "Job aborted."}]
    assert metrics["statusSummary"] == {"status": "failed", "errors": told}
    assert list(metrics["recordSummary"]) == ["failedInfo", "sourceSummaries"]
    assert "fileSummary" not in metrics


def test_a_run_without_a_word_or_a_number():
    run = only_run(faults.silence_run(small_world(DAILY), DAILY_RUN), at(4, 2, 30))
    assert list(run["metrics"]) == ["durationSummary"]


def test_flows_and_connections_have_the_fields_of_adobes():
    stock = describe_world(small_world())
    assert {tuple(sorted(flow)) for flow in stock.flows.values()} == {tuple(sorted(FLOW.split()))}
    wanted = {*CONNECTION.split(), "params", "baseConnectionId", "inheritedAttributes"}
    assert all(set(connection) == wanted for connection in stock.sources.values())
    assert all(set(connection) == wanted - {"description"} for connection in stock.targets.values())
    web = stock.flows[WEB.id]
    assert web["scheduleParams"] == {
        "exportMode": "FIRST_FULL_THEN_INCREMENTAL",
        "interval": 3,
        "timeUnit": "hour",
        "startTime": int(at(1).timestamp()),
    }
    source = stock.sources[web["sourceConnectionIds"][0]]
    assert source["connectionSpec"]["id"] == DATA_LAKE
    assert source["params"]["datasets"] == [
        {"dataSetId": EVENTS.id, "name": "Web events"},
        {"dataSetId": CLICKS.id, "name": "Click events"},
    ]


PLACES = [
    ("s3", {"path": "backups", "bucketName": "b"}),
    ("gcs", {"path": "backups", "bucketName": "b"}),
    ("azure-blob", {"path": "backups", "container": "b"}),
    ("adls-gen2", {"path": "backups"}),
    ("data-landing-zone", {"path": "backups"}),
    ("sftp", {"remotePath": "backups"}),
]


@pytest.mark.parametrize("kind, params", PLACES, ids=[case[0] for case in PLACES])
def test_each_type_of_destination_says_where_it_writes(kind, params):
    stock = describe_world(small_world(DAILY), target=Target(kind, "b"))
    (flow,), (target,), (base,) = stock.flows.values(), stock.targets.values(), stock.connections.values()
    fixed = {"mode": "Server-to-server", "compression": "GZIP", "datasetFileType": "PARQUET"}
    assert target["params"] == fixed | params
    assert flow["flowSpec"]["id"] == FLOW_SPECS[kind]
    assert target["connectionSpec"]["id"] == base["connectionSpec"]["id"] == CONNECTION_SPECS[kind]
    assert ("auth" in base) == (kind != "data-landing-zone")
    if kind == "adls-gen2":
        assert base["auth"]["params"]["url"].startswith("abfss://b@")


def test_runs_count_what_the_files_hold():
    world = small_world(WEB)
    held: dict[tuple[str, str], list[int]] = defaultdict(list)
    for item in list_objects(world):
        if item.key.endswith(".json.gz"):
            _, dataset, folder, _ = item.key.split("/")
            held[dataset, folder].append(gzip.decompress(item.data).count(b"\n"))
    stock = describe_world(world)
    assert len(stock.runs) > 40
    for run in stock.runs.values():
        if "completedAtUTC" not in run["metrics"]["durationSummary"]:
            continue
        due = next(d.due for d in world.deliveries if d.due and 0 <= run["createdAt"] - d.due.timestamp() * 1000 < 9e5)
        folder = f"exportTime={due:%Y%m%d%H%M}"
        (target,) = run["metrics"]["recordSummary"]["targetSummaries"]
        told = {entity["id"]: entity["outputRecordCount"] for entity in target["entitySummaries"]}
        assert told == {dataset: sum(held[dataset, folder]) for dataset in (EVENTS.id, CLICKS.id)}
        assert run["metrics"]["fileSummary"]["outputFileCount"] == sum(len(held[d, folder]) for d in told)


def test_a_run_begins_after_it_was_due_and_ends_with_its_last_file():
    world = small_world(WEB)
    duration = only_run(world, at(4, 9))["metrics"]["durationSummary"]
    last = max(d.complete_at for d in world.deliveries if d.due == at(4, 9))
    assert duration["completedAtUTC"] == int(last.timestamp() * 1000)
    assert 0 < duration["startedAtUTC"] - at(4, 9).timestamp() * 1000 < 120_000


def test_a_run_that_is_not_over_is_open_and_counts_nothing_written():
    metrics = only_run(small_world(WEB, now=at(4, 9, 5)), at(4, 9))["metrics"]
    assert "completedAtUTC" not in metrics["durationSummary"]
    assert metrics["statusSummary"] == {"status": "inProgress"}
    assert "outputRecordCount" not in json.dumps(metrics)


def test_all_datasets_share_a_run_but_the_one_of_which_something_else_is_said():
    world = faults.miscount_records(small_world(WEB), CLICK_RUN, by=5)
    stock = describe_world(world)
    own, shared = run_of(stock, at(4, 9), CLICKS.id), run_of(stock, at(4, 9), EVENTS.id)
    assert (entity_ids(own), entity_ids(shared)) == ([CLICKS.id], [EVENTS.id])
    written = sum(part.recipe.rows for part in world.delivery(CLICK_RUN).parts)
    assert own["metrics"]["recordSummary"]["outputRecordCount"] == written + 5


def test_a_dataset_of_which_nothing_came_is_in_no_run():
    assert entity_ids(only_run(faults.drop_run(small_world(WEB), WEB_RUN), at(4, 9))) == [CLICKS.id]


def test_datasets_may_stand_behind_a_prefix_or_not_be_told_apart():
    prefixed = only_run(small_world(replace(WEB, entities="dataset:")), at(4, 9))
    assert entity_ids(prefixed) == [f"dataset:{EVENTS.id}", f"dataset:{CLICKS.id}"]
    together = small_world(replace(WEB, entities=None))
    assert entity_ids(only_run(together, at(4, 9))) == []
    with pytest.raises(NotHere, match="of which dataset"):
        describe_world(faults.drop_run(together, WEB_RUN))
    with pytest.raises(NotHere, match="do not tell"):
        faults.fail_run(together, WEB_RUN)


def test_the_schedule_is_that_of_the_last_edit_and_says_when_it_was_made():
    edited = replace(WEB, edits=(Rhythm(at(3, 1), timedelta(days=1)), Rhythm(at(20), timedelta(hours=6))), end=at(30))
    flow = describe_world(small_world(edited)).flows[WEB.id]
    assert (flow["scheduleParams"]["interval"], flow["scheduleParams"]["timeUnit"]) == (1, "day")
    assert flow["scheduleParams"]["endTime"] == int(at(30).timestamp())
    operation = flow["lastOperation"]
    assert (operation["operation"], operation["updated"]) == ("update", int(at(3, 1).timestamp() * 1000))
    assert operation["ops"][0]["value"] == flow["scheduleParams"]
    once = describe_world(small_world(replace(DAILY, every=None, mode="once"))).flows[DAILY.id]["scheduleParams"]
    assert (once["exportMode"], once["interval"], once["timeUnit"]) == ("DAILY_FULL_EXPORT", 0, "day")
    for every, cron in ((timedelta(minutes=90), ""), (None, "0 3 * * *")):
        with pytest.raises(NotHere):
            describe_world(small_world(replace(WEB, every=every, cron=cron)))


def test_a_run_that_no_schedule_asked_for_has_a_record_of_its_own():
    world = faults.unexpected_run(small_world(DAILY), "profiles-daily", PROFILES.id, at(3, 20, 12, 33))
    more = describe_world(world).runs.keys() - describe_world(small_world(DAILY)).runs.keys()
    assert len(more) == 1


def test_manifests_name_the_runs_that_are_told():
    world = small_world(WEB)
    stock = describe_world(world)
    assert {m.flow_run_id for d in world.deliveries for m in d.manifests} == set(stock.runs)


def test_sizes_are_told_where_they_are_asked_for():
    size = only_run(small_world(WEB), at(4, 9), size_of=lambda part: 100)["metrics"]["sizeSummary"]
    files = sum(len(d.parts) for d in small_world(WEB).deliveries if d.due == at(4, 9))
    assert size == {"inputBytes": 100 * files, "outputBytes": 100 * files}


def test_what_could_be_exported_and_is_not_is_eligible_all_the_same():
    other = WorldDataset("61c0ffee5e1f1e55c0a1f00d", "Store visits")
    stock = describe_world(replace(small_world(), unexported=(other,)))
    assert [dataset["name"] for dataset in stock.eligible.values()][-1] == "Store visits"
    assert set(stock.datasets) == {EVENTS.id, CLICKS.id, PROFILES.id, other.id}
    fields = "id name description fileDescription aspect state"
    assert sorted(stock.eligible[other.id]) == sorted(fields.split())


def test_new_data_came_before_each_run_but_the_empty_ones():
    world = faults.drop_run(faults.empty_run(small_world(DAILY), DAILY_RUN), DAILY_RUN._replace(due=at(5, 2, 30)))
    batches = describe_world(world).batches.values()
    created = {batch["created"] for batch in batches}
    before = {int((at(day, 2, 30) - timedelta(minutes=25)).timestamp() * 1000) for day in range(1, NOW.day + 1)}
    assert before - created == {int((at(4, 2, 30) - timedelta(minutes=25)).timestamp() * 1000)}


def test_the_same_world_is_told_in_the_same_words():
    assert describe_world(small_world()) == describe_world(small_world())
