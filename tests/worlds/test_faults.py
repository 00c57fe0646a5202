"""Each fault changes only what it says, and says what must be found."""

import gzip
import io
import json
import zlib
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pyarrow.parquet as pq
import pytest

from auditor.worlds import NotHere, Run, describe_doubts, describe_expected, faults
from tests.worlds.small import (
    CLICK_RUN,
    DAILY,
    DAILY_RUN,
    EVENTS,
    PROFILES,
    UNKNOWN,
    WEB,
    WEB_RUN,
    at,
    changed,
    contents,
    small_world,
)

HOURS = timedelta(hours=1)
LAST = [Run("web-3h", EVENTS.id, at(7, hour)) for hour in (0, 3, 6, 9, 12)]


def on(fault, run, *args, **named):
    return partial(fault, run=run, **named) if not args else lambda world: fault(world, run, *args, **named)


# told, fault, what it must cause (code, severity), what changes (how -> number of objects), whose due it is about
FAULTS = [
    ("a run", on(faults.drop_run, WEB_RUN), [("export-missing", "error")], {"gone"}),
    ("a late run", on(faults.delay, WEB_RUN, 3 * HOURS), [("export-late", "warning")], {"time"}),
    ("a very late run", on(faults.delay, WEB_RUN, 9 * HOURS), [("export-late", "warning")], {"time"}),
    ("an early run", on(faults.hasten, WEB_RUN, 2 * HOURS), [("export-early", "info")], {"time"}),
    ("a second folder", on(faults.duplicate_delivery, WEB_RUN), [("export-duplicate", "warning")], {"new"}),
    (
        "an on-demand export",
        lambda world: faults.unexpected_run(world, "profiles-daily", PROFILES.id, at(3, 14, 12, 33)),
        [("export-unexpected", "warning")],
        {"new"},
    ),
    (
        "an on-demand export with manifest",
        lambda world: faults.unexpected_run(world, "web-3h", EVENTS.id, at(3, 14, 40)),
        [("export-unexpected", "warning")],
        {"new"},
    ),
    (
        "a cut file with manifest",
        on(faults.truncate_file, WEB_RUN),
        [("file-truncated", "error"), ("manifest-size-mismatch", "error")],
        {"bytes"},
    ),
    ("a cut file", on(faults.truncate_file, DAILY_RUN), [("file-truncated", "error")], {"bytes"}),
    ("a flipped bit", on(faults.flip_byte, WEB_RUN), [("file-corrupt", "error")], {"bytes"}),
    ("a flipped bit in Parquet", on(faults.flip_byte, DAILY_RUN), [("file-corrupt", "error")], {"bytes"}),
    (
        "an empty file with manifest",
        on(faults.empty_file, WEB_RUN, part=1),
        [("file-empty", "error"), ("manifest-size-mismatch", "error")],
        {"bytes"},
    ),
    ("an empty file", on(faults.empty_file, DAILY_RUN), [("file-empty", "error")], {"bytes"}),
    ("a bad record", on(faults.bad_record, WEB_RUN), [("record-invalid", "error")], {"bytes"}),
    ("Parquet named JSON", on(faults.rename_format, WEB_RUN), [("file-wrong-format", "error")], {"bytes"}),
    ("JSON named Parquet", on(faults.rename_format, DAILY_RUN), [("file-wrong-format", "error")], {"bytes"}),
    (
        "another compression",
        on(faults.wrong_compression, DAILY_RUN),
        [("file-wrong-compression", "warning")],
        {"gone", "new"},
    ),
    (
        "another compression under the old name",
        on(faults.wrong_compression, DAILY_RUN, named=False),
        [("file-wrong-compression", "warning")],
        {"bytes"},
    ),
    ("no records", on(faults.no_records, DAILY_RUN), [("file-no-records", "info")], {"bytes"}),
    ("a task twice", on(faults.repeat_task, DAILY_RUN), [("file-duplicate", "warning")], {"new"}),
    ("an odd schema", on(faults.odd_schema, DAILY_RUN), [("schema-mismatch", "warning")], {"bytes"}),
    ("a new schema", on(faults.change_schema, DAILY_RUN), [("schema-changed", "warning")], {"bytes"}),
    (
        "a stuck upload with manifest",
        on(faults.stuck_upload, WEB_RUN),
        [("export-stuck", "warning"), ("manifest-file-missing", "error")],
        {"gone", "new"},
    ),
    ("a stuck upload", on(faults.stuck_upload, DAILY_RUN), [("export-stuck", "warning")], {"gone", "new"}),
    ("a listed file gone", on(faults.drop_file, WEB_RUN), [("manifest-file-missing", "error")], {"gone"}),
    ("another size listed", on(faults.resize, WEB_RUN), [("manifest-size-mismatch", "error")], {"bytes"}),
    ("a file not listed", on(faults.extra_file, WEB_RUN), [("manifest-file-extra", "warning")], {"new"}),
    ("no manifest", on(faults.drop_manifest, WEB_RUN), [("manifest-missing", "error")], {"gone"}),
    ("a cut manifest", on(faults.broken_manifest, WEB_RUN), [("manifest-unreadable", "error")], {"bytes"}),
    ("two manifests", on(faults.second_manifest, WEB_RUN), [("manifest-duplicate", "warning")], {"new"}),
    (
        "a manifest of another run",
        on(faults.misname_manifest, WEB_RUN),
        [("manifest-run-mismatch", "warning")],
        {"gone", "new"},
    ),
    ("a copied folder", on(faults.malformed_folder, WEB_RUN), [("folder-malformed", "warning")], {"new"}),
    ("an empty folder", on(faults.marker_only_folder, DAILY_RUN), [("folder-empty", "warning")], {"gone", "new"}),
    (
        "an empty folder where a manifest belongs",
        on(faults.marker_only_folder, WEB_RUN),
        [("folder-empty", "warning"), ("manifest-missing", "error")],
        {"gone", "new"},
    ),
    ("a stray", lambda world: faults.stray(world, at(3)), [("stray-object", "info")], {"new"}),
    (
        "an unknown dataset",
        lambda world: faults.unknown_dataset(world, "web-3h", UNKNOWN, at(3, 6)),
        [("unknown-dataset", "warning")],
        {"new"},
    ),
    ("marks of the writer", on(faults.leave_marks, WEB_RUN), [], {"new"}),
]


@pytest.mark.parametrize("told, fault, expected, kinds", FAULTS, ids=[case[0] for case in FAULTS])
def test_a_fault_changes_only_what_it_says(told, fault, expected, kinds):
    before = small_world()
    after = fault(before)
    found = describe_expected(after)
    assert [(item["code"], item["severity"]) for item in found] == expected
    happened = changed(before, after)
    assert set(happened.values()) == kinds
    if told != "a new schema":
        assert len({key.rsplit("/", 1)[0] for key in happened}) == 1, "one folder is concerned"
        assert len(happened) <= 5
    assert not describe_expected(before), "a fault leaves the world it was given as it was"


ABOUT_A_RUN = [
    case for case in FAULTS if isinstance(case[1], partial) and case[0] not in {"a second folder", "a copied folder"}
]


@pytest.mark.parametrize("told, fault, expected, kinds", ABOUT_A_RUN, ids=[case[0] for case in ABOUT_A_RUN])
def test_findings_about_a_run_name_it_and_an_object_of_it(told, fault, expected, kinds):
    after = fault(small_world())
    run = fault.keywords["run"]
    prefix = small_world().delivery(run).prefix
    for item in describe_expected(after):
        assert (item["flow"], item["dataset"], item["destination"]) == (run.flow, run.dataset, "lake-backup")
        assert item["due"] == run.due.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert item.get("key", prefix).startswith(prefix)
        absent = item["code"] == "manifest-file-missing"
        assert "key" not in item or (item["key"] in contents(after)) is not absent


def test_each_code_is_written_with_the_severity_of_the_catalogue():
    """The list of the product's design, copied."""
    severities = {
        "critical": "protection-stale mass-loss",
        "error": "export-missing destination-empty manifest-missing manifest-unreadable manifest-file-missing "
        "manifest-size-mismatch file-empty file-truncated file-corrupt file-wrong-format record-invalid run-failed "
        "run-without-export flow-disabled flow-ended export-changed export-deleted",
        "info": "export-early file-no-records stray-object",
    }
    known = {code: severity for severity, codes in severities.items() for code in codes.split()}
    for _, fault, _, _ in FAULTS:
        for item in describe_expected(fault(small_world())):
            assert item["severity"] == known.get(item["code"], "warning")


def part_of(world, run, number=0):
    return world.delivery(run).parts[number].render()


def test_a_flipped_bit_is_told_by_the_checksum_alone():
    whole = part_of(small_world(), WEB_RUN)
    flipped = part_of(faults.flip_byte(small_world(), WEB_RUN), WEB_RUN)
    assert len(flipped) == len(whole)
    assert sum((a ^ b).bit_count() for a, b in zip(whole, flipped, strict=True)) == 1
    with pytest.raises(zlib.error, match="incorrect data check"):
        zlib.decompress(flipped, 31)


def test_a_flipped_bit_in_parquet_is_told_by_the_page_checksum():
    flipped = part_of(faults.flip_byte(small_world(), DAILY_RUN), DAILY_RUN)
    pq.ParquetFile(io.BytesIO(flipped))  # the footer is sound
    with pytest.raises(OSError, match=r"[Cc][Rr][Cc]|checksum"):
        pq.read_table(io.BytesIO(flipped), page_checksum_verification=True)


def test_a_cut_file_is_the_beginning_of_the_whole_one():
    whole = part_of(small_world(), WEB_RUN)
    assert whole.startswith(part_of(faults.truncate_file(small_world(), WEB_RUN, keep=0.9), WEB_RUN))
    assert part_of(faults.empty_file(small_world(), WEB_RUN), WEB_RUN) == b""


def test_a_bad_record_is_one_line_in_a_sound_container():
    spoilt = gzip.decompress(part_of(faults.bad_record(small_world(), WEB_RUN), WEB_RUN))
    whole = gzip.decompress(part_of(small_world(), WEB_RUN))
    pairs = list(zip(spoilt.splitlines(), whole.splitlines(), strict=True))
    (bad,) = [a for a, b in pairs if a != b]
    with pytest.raises(ValueError):
        json.loads(bad)


def test_what_the_writer_did_itself_agrees_with_the_manifest():
    for fault in (
        faults.bad_record,
        faults.rename_format,
        faults.wrong_compression,
        faults.no_records,
        faults.repeat_task,
    ):
        world = fault(small_world(), WEB_RUN)
        found = contents(world)
        prefix = world.delivery(WEB_RUN).prefix
        told = next(json.loads(data) for key, (data, _) in found.items() if key.startswith(prefix + "manifest-"))
        listed = {prefix + entry["name"]: entry["size"] for entry in told["exportResults"]}
        stored = {k: len(d) for k, (d, _) in found.items() if k.startswith(prefix) and "manifest-" not in k}
        assert listed == stored, fault.__name__


def test_a_wrong_compression_keeps_the_records():
    world = faults.wrong_compression(small_world(), WEB_RUN)
    assert gzip.decompress(part_of(small_world(), WEB_RUN)) == part_of(world, WEB_RUN)
    assert world.delivery(WEB_RUN).parts[0].name.endswith("-c000.json")


def test_a_repeated_task_has_the_same_bytes_in_another_name():
    parts = faults.repeat_task(small_world(), WEB_RUN).delivery(WEB_RUN).parts
    assert parts[0].render() == parts[1].render()
    assert parts[0].name[:10] == parts[1].name[:10]
    assert parts[0].name != parts[1].name


def test_a_file_without_records_is_sound():
    assert gzip.decompress(part_of(faults.no_records(small_world(), WEB_RUN), WEB_RUN)) == b""
    table = pq.read_table(io.BytesIO(part_of(faults.no_records(small_world(), DAILY_RUN), DAILY_RUN)))
    assert table.num_rows == 0


def test_a_second_folder_holds_the_same_records_under_other_names():
    world = faults.duplicate_delivery(small_world(), WEB_RUN)
    first, second = world.delivery(WEB_RUN), world.deliveries[-1]
    assert [p.render() for p in first.parts] == [p.render() for p in second.parts]
    assert not {p.name for p in first.parts} & {p.name for p in second.parts}
    assert second.prefix == "backups/5ef3e324052581191aa6a466/exportTime=202610040950/"


def test_runs_that_stop_are_missing_then_late_then_nothing_and_protection_is_stale():
    found = describe_expected(faults.stop_runs(small_world(), "web-3h", EVENTS.id, at(6, 21)))
    assert [(item["code"], item["due"]) for item in found] == [
        ("export-missing", "2026-10-06T21:00:00Z"),
        ("export-missing", "2026-10-07T00:00:00Z"),
        ("export-missing", "2026-10-07T03:00:00Z"),
        ("export-missing", "2026-10-07T06:00:00Z"),
        ("export-late", "2026-10-07T09:00:00Z"),
        ("protection-stale", None),
    ]


def test_protection_is_stale_by_damage_as_by_absence():
    world = small_world()
    for run in LAST[1:]:  # the newest sound one, 00:00, is 13 h 20 min old; the limit is 12 h
        world = faults.flip_byte(world, run)
    assert Counter(item["code"] for item in describe_expected(world)) == {"file-corrupt": 4, "protection-stale": 1}
    earlier = small_world()
    for run in LAST[2:]:  # the newest sound one, 03:00, is 10 h 20 min old
        earlier = faults.flip_byte(earlier, run)
    assert Counter(item["code"] for item in describe_expected(earlier)) == {"file-corrupt": 3}


def test_what_is_only_remarkable_does_not_make_protection_stale():
    world = small_world()
    for run in LAST:
        world = faults.drop_manifest(world, run) if run.due < at(7, 9) else faults.no_records(world, run)
    assert "protection-stale" not in {item["code"] for item in describe_expected(world)}


def test_a_missing_newest_daily_run_makes_protection_stale():
    now = at(7, 15)
    world = faults.drop_run(small_world(now=now), Run("profiles-daily", PROFILES.id, at(7, 2, 30)))
    assert [item["code"] for item in describe_expected(world)] == ["export-missing", "protection-stale"]


def test_where_an_upload_is_under_way_the_answer_is_not_guessed():
    now = small_world().delivery(LAST[-1]).begun_at
    world = small_world(WEB, now=now)
    assert world.delivery(LAST[-1]).begun_at <= now < world.delivery(LAST[-1]).complete_at
    for run in [Run("web-3h", EVENTS.id, at(6, 21)), *LAST[:-1]]:
        world = faults.flip_byte(world, run)
    with pytest.raises(NotHere, match="under way"):
        describe_expected(world)


def test_a_flow_that_ended_is_told_once_and_nothing_after_it_is_missing():
    world = faults.end_flow(small_world(), "web-3h", at(7, 6))
    assert [(i["code"], i["flow"], i["dataset"], i["due"]) for i in describe_expected(world)] == [
        ("flow-ended", "web-3h", "", None)
    ]
    assert max(d.due for d in world.deliveries if d.flow == "web-3h") == at(7, 6)


NOT_HERE = [
    ("a run that never was", lambda w: faults.drop_run(w, WEB_RUN._replace(due=at(4, 10)))),
    ("a run inside its grace", lambda w: faults.drop_run(w, WEB_RUN._replace(due=at(7, 12)))),
    ("a run still arriving", lambda w: faults.flip_byte(small_world(now=at(7, 12, 40)), LAST[-1])),
    ("a delay that is still on time", lambda w: faults.delay(w, WEB_RUN, timedelta(minutes=30))),
    ("a delay beyond now", lambda w: faults.delay(w, WEB_RUN, timedelta(days=9))),
    ("a haste that is not early", lambda w: faults.hasten(w, WEB_RUN, timedelta(minutes=10))),
    ("the same export twice", lambda w: faults.flip_byte(faults.empty_file(w, WEB_RUN), WEB_RUN)),
    ("a manifest where none is", lambda w: faults.drop_manifest(w, DAILY_RUN)),
    ("a file that is not there", lambda w: faults.empty_file(w, WEB_RUN, part=9)),
    ("a bad line in Parquet", lambda w: faults.bad_record(w, DAILY_RUN)),
    ("an odd schema in JSON", lambda w: faults.odd_schema(w, WEB_RUN)),
    ("an on-demand run inside a window", lambda w: faults.unexpected_run(w, "web-3h", EVENTS.id, at(4, 10))),
    ("a dataset that is configured", lambda w: faults.unknown_dataset(w, "web-3h", EVENTS, at(4))),
    ("a dataset of another flow", lambda w: faults.unexpected_run(w, "profiles-daily", EVENTS.id, at(3, 14))),
    ("a flow that does not exist", lambda w: faults.end_flow(w, "none", at(4))),
    ("a second folder that would fill a hole", lambda w: faults.duplicate_delivery(
        faults.drop_run(w, WEB_RUN._replace(due=at(4, 6))), WEB_RUN
    )),
    ("a hole that a second folder would fill", lambda w: faults.drop_run(
        faults.duplicate_delivery(w, WEB_RUN), WEB_RUN._replace(due=at(4, 6))
    )),
    ("an on-demand run that would fill a hole", lambda w: faults.unexpected_run(
        faults.drop_run(w, DAILY_RUN), "profiles-daily", PROFILES.id, at(4, 10)
    )),
    ("a cut of plain JSON", lambda w: faults.truncate_file(small_world(replace(WEB, compression="none")), WEB_RUN)),
    ("a stuck upload of yesterday", lambda w: faults.stuck_upload(w, WEB_RUN._replace(due=at(7)))),
]  # fmt: skip


@pytest.mark.parametrize("told, fault", NOT_HERE, ids=[case[0] for case in NOT_HERE])
def test_a_fault_that_would_be_ambiguous_is_refused(told, fault):
    with pytest.raises(NotHere):
        fault(small_world())


def test_what_is_told_once_is_expected_once():
    world = faults.stray(faults.stray(small_world(), at(3)), at(4), name="more.txt")
    world = faults.unknown_dataset(world, "web-3h", UNKNOWN, at(3, 6))
    world = faults.unknown_dataset(world, "web-3h", UNKNOWN, at(3, 9))
    world = faults.malformed_folder(world, WEB_RUN)
    world = faults.malformed_folder(world, WEB_RUN, "exportTime=202613450000")
    world = faults.malformed_folder(world, CLICK_RUN)
    assert Counter(item["code"] for item in describe_expected(world)) == {
        "stray-object": 1,
        "unknown-dataset": 1,
        "folder-malformed": 2,
    }
    assert len(contents(world)) > len(contents(small_world())) + 6


def test_a_copy_changes_the_times_of_what_lay_there():
    whole = small_world(DAILY)
    world = faults.copy_all(whole, at(6, 20))
    assert set(changed(whole, world).values()) == {"time"}
    times = {modified for _, modified in contents(world).values()}
    assert min(times) == at(6, 20)
    assert max(times) > at(7, 2)
    assert describe_expected(world) == []
    assert describe_doubts(world) == [
        {"flow": "profiles-daily", "dataset": PROFILES.id, "destination": "lake-backup", "due": None}
    ]
    newest_inside_its_deadline = faults.copy_all(small_world(WEB), at(6, 20))
    assert describe_expected(newest_inside_its_deadline) == []
