"""One chain from runs and folders to verdicts and findings."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auditor.model import (
    Arrival,
    Compression,
    Content,
    Fault,
    FileFormat,
    Level,
    Manifest,
    ManifestEntry,
    Severity,
    StoredFile,
)
from auditor.reconcile.dataset import blind_chain, judge_chain
from tests.reconcile.worlds import (
    DATASET,
    FLOW,
    HOUR,
    PLACE,
    at,
    chain,
    folder,
    manifest_of,
    named,
    run,
    sight,
    sound,
    with_files,
)

NOW = "23:00"
TWO = ("part-00000.json.gz", "part-00001.json.gz")


def codes(answer) -> list[str]:
    return [f.code for v in answer.verdicts for f in v.findings] + [f.code for f in answer.findings]


def one(the_sight, *, now=NOW, **changes):
    """The verdict of a single run due at 06:00 with this sight."""
    answer = judge_chain(chain([run("06:00")], [the_sight], now, **{"max_age": None} | changes), now=at(now))
    [verdict] = answer.verdicts
    return verdict


def test_a_whole_export_in_time_is_sound_with_its_lowest_level_and_sums():
    both = with_files("06:00", "06:20", TWO)
    low = sound(both.files[1], level=Level.L2, records=5)
    verdict = one(sight(both, checks={both.files[0].key: sound(both.files[0]), both.files[1].key: low}))
    assert (verdict.arrival, verdict.content, verdict.level) == (Arrival.ON_TIME, Content.SOUND, Level.L2)
    assert (verdict.files, verdict.records, verdict.bytes) == (2, 15, 200)
    assert verdict.findings == ()


def test_a_missing_export_says_when_it_became_missing_and_what_was_seen_last():
    answer = judge_chain(chain([run("03:00"), run("06:00")], [sight(with_files("03:00", "03:10"))], NOW), now=at(NOW))
    [finding] = answer.verdicts[1].findings
    assert finding.code == "export-missing"
    assert finding.due == at("06:00")
    assert finding.evidence["missing_after"] == "2026-10-01T12:00:00Z"
    assert finding.evidence["newest_export_seen"] == "2026-10-01T03:00:00Z"


GRAVITY = [
    (["sound", "sound"], "sound"),
    (["sound", "unchecked"], "unchecked"),
    (["unchecked", "unverifiable"], "unverifiable"),
    (["unverifiable", "damaged"], "damaged"),
    (["sound", "damaged"], "damaged"),
]


@pytest.mark.parametrize("answers, content", GRAVITY)
def test_the_gravest_content_holds(answers, content):
    both = with_files("06:00", "06:20", TWO)
    checks = {f.key: sound(f, content=Content(a), reason="x") for f, a in zip(both.files, answers, strict=True)}
    verdict = one(sight(both, checks=checks))
    assert verdict.content == content
    assert (verdict.level is None) == (content != "sound")


def test_a_file_without_a_check_leaves_the_export_unchecked():
    assert one(sight(with_files("06:00", "06:20"), checks={})).content == Content.UNCHECKED


def test_what_could_not_be_checked_says_which_file_and_why():
    here = with_files("06:00", "06:20")
    check = sound(here.files[0], content=Content.UNVERIFIABLE, reason="throttled", facts={"error": "lake: slow down"})
    [doubt] = one(sight(here, checks={check.key: check})).unverifiable
    assert (doubt.subject, doubt.reason) == (check.key, "throttled: lake: slow down")


# --- manifests -------------------------------------------------------------------------------


def with_manifest(*entries, names=TWO, **changes):
    here = with_files("06:00", "06:20", names)
    return sight(here, manifests=(manifest_of(here, *entries),), **changes)


def test_a_listed_file_that_is_absent_makes_the_export_incomplete():
    verdict = one(with_manifest((TWO[0], 100), (TWO[1], 100), ("part-00002.json.gz", 70)))
    assert verdict.content == Content.INCOMPLETE
    [finding] = verdict.findings
    assert finding.code == "manifest-file-missing"
    assert finding.evidence == {
        "missing": ["part-00002.json.gz"],
        "missing_count": 1,
        "missing_bytes": 70,
        "present_count": 2,
    }


def test_a_listed_size_that_differs_makes_the_export_incomplete_unless_it_is_damaged():
    seen = with_manifest((TWO[0], 100), (TWO[1], 101))
    assert one(seen).content == Content.INCOMPLETE
    bad = seen.folder.files[1]
    fault = Fault("file-truncated", "The file ends early.")
    checks = {**seen.checks, bad.key: sound(bad, content=Content.DAMAGED, faults=(fault,))}
    verdict = one(replace(seen, checks=checks))
    assert verdict.content == Content.DAMAGED
    assert [f.code for f in verdict.findings] == ["manifest-size-mismatch", "file-truncated"]


def test_a_file_that_the_manifest_does_not_list_is_told_and_changes_nothing():
    verdict = one(with_manifest((TWO[0], 100)))
    assert verdict.content == Content.SOUND
    assert [f.code for f in verdict.findings] == ["manifest-file-extra"]


def test_entries_of_another_dataset_are_ignored():
    here = with_files("06:00", "06:20", TWO[:1])
    foreign = ManifestEntry("/backups/5ef3e3259ad2a1191ab7dd7d/exportTime=20261001060000", "part-9.json.gz", 5)
    own = manifest_of(here, (TWO[0], 100))
    verdict = one(sight(here, manifests=(replace(own, entries=(*own.entries, foreign)),)))
    assert (verdict.content, verdict.findings) == (Content.SOUND, ())


@pytest.mark.parametrize("sink", ["bucket/backups/{own}", "/backups/{own}", "{own}", "/{own}/"])
def test_a_manifest_above_the_folder_speaks_by_its_sink_path(sink):
    here = with_files("06:00", "06:20", TWO[:1])
    own = here.prefix.removeprefix("backups/").rstrip("/")
    above = named(replace(here, prefix="backups/"), "manifest-f-r.json", "06:20")
    entry = ManifestEntry(sink.format(own=own), "part-00001.json.gz", 5)
    verdict = one(sight(here, manifests=(Manifest(above, "r", None, (entry,)),)))
    assert [f.code for f in verdict.findings] == ["manifest-file-missing", "manifest-file-extra"]


def test_the_sink_path_of_an_audience_export_inside_the_folder_is_believed_by_name():
    here = with_files("06:00", "06:20", TWO[:1])
    inside = replace(manifest_of(here), entries=(ManifestEntry("/destination/output001", TWO[0], 100),))
    assert one(sight(here, manifests=(inside,))).findings == ()


def test_names_that_differ_in_unicode_normal_form_only_are_the_same_file():
    here = with_files("06:00", "06:20", ("part-é.json.gz",))
    verdict = one(sight(here, manifests=(manifest_of(here, ("part-é.json.gz", 100)),)))
    assert (verdict.content, verdict.findings) == (Content.SOUND, ())


def test_a_configured_manifest_that_never_came_is_told_and_the_files_are_judged():
    verdict = one(sight(with_files("06:00", "06:20")), flow=replace(FLOW, manifest=True))
    assert verdict.content == Content.SOUND
    assert [f.code for f in verdict.findings] == ["manifest-missing"]


def test_a_broken_manifest_is_unreadable_and_not_missing():
    here = with_files("06:00", "06:20")
    broken = Manifest(named(here, "manifest-f-r.json", "06:20"), problem="not JSON")
    verdict = one(sight(here, manifests=(broken,)), flow=replace(FLOW, manifest=True))
    assert [f.code for f in verdict.findings] == ["manifest-unreadable"]


def test_a_manifest_that_could_not_be_read_leaves_the_content_unverifiable():
    here = with_files("06:00", "06:20")
    dark = Manifest(named(here, "manifest-f-r.json", "06:20"), unreadable="lake: read: access denied")
    verdict = one(sight(here, manifests=(dark,)), flow=replace(FLOW, manifest=True))
    assert (verdict.content, verdict.findings) == (Content.UNVERIFIABLE, ())
    assert verdict.unverifiable[0].reason == "lake: read: access denied"


def test_two_manifests_and_a_foreign_run_id_are_told():
    here = with_files("06:00", "06:20", TWO[:1])
    first = manifest_of(here, (TWO[0], 100))
    second = manifest_of(here, (TWO[0], 100), name="manifest-f-other.json", run_id="r2")
    verdict = one(sight(here, manifests=(first, second)))
    assert [f.code for f in verdict.findings] == ["manifest-duplicate", "manifest-run-mismatch"]


# --- files -----------------------------------------------------------------------------------


def test_the_same_fault_in_several_files_is_one_finding_with_all_names():
    both = with_files("06:00", "06:20", TWO)
    fault = Fault("file-corrupt", "The checksum differs.", {"offset": 7})
    checks = {f.key: sound(f, content=Content.DAMAGED, faults=(fault,)) for f in both.files}
    [finding] = one(sight(both, checks=checks)).findings
    assert finding.message == "2 files; the first: The checksum differs."
    assert finding.evidence == {"offset": 7, "files": [f.key for f in both.files], "file_count": 2}


def test_a_retried_task_that_left_both_files_is_told_with_what_the_total_would_be():
    """apache/hudi#18049."""
    both = with_files("06:00", "06:20", TWO)
    [finding] = one(sight(both, checks={f.key: sound(f, digest="same") for f in both.files})).findings
    assert finding.code == "file-duplicate"
    assert (finding.evidence["records"], finding.evidence["records_without_duplicates"]) == (20, 10)


def test_two_files_without_records_are_no_duplicates():
    both = with_files("06:00", "06:20", TWO)
    verdict = one(sight(both, checks={f.key: sound(f, digest="same", records=0) for f in both.files}))
    assert verdict.findings == ()


def test_files_of_another_kind_than_configured_are_told_once():
    both = with_files("06:00", "06:20", TWO)
    plain = {f.key: sound(f, compression=Compression.NONE) for f in both.files}
    assert [f.code for f in one(sight(both, checks=plain)).findings] == ["file-wrong-compression"]
    parquet = {f.key: sound(f, format=FileFormat.PARQUET, compression=Compression.NONE) for f in both.files}
    verdict = one(sight(both, checks=parquet))
    assert (verdict.content, [f.code for f in verdict.findings]) == (Content.SOUND, ["file-wrong-format"])


def test_sound_files_without_checksums_of_their_own_are_counted():
    both = with_files("06:00", "06:20", TWO)
    plain = sound(both.files[0], compression=Compression.NONE)
    pages = sound(both.files[1], format=FileFormat.PARQUET, facts={"unprotected_pages": 3})
    assert one(sight(both, checks={c.key: c for c in (plain, pages)})).unprotected == 2
    assert one(sight(both)).unprotected == 0
    compared = {c.key: replace(c, level=Level.L4) for c in (plain, pages)}
    assert one(sight(both, checks=compared)).unprotected == 0  # equal to the provider's checksum


def test_parts_with_other_columns_and_columns_that_changed_are_told():
    runs = [run("03:00"), run("06:00")]
    old, new = with_files("03:00", "03:10"), with_files("06:00", "06:10")
    sights = [
        sight(f, checks={f.files[0].key: sound(f.files[0], schema=s)}) for f, s in ((old, "a: int"), (new, "a: text"))
    ]
    answer = judge_chain(chain(runs, sights, NOW), now=at(NOW))
    [change] = answer.verdicts[1].findings
    assert (change.code, change.evidence["only_before"], change.evidence["only_here"]) == (
        "schema-changed",
        ["a: int"],
        ["a: text"],
    )
    both = with_files("06:00", "06:20", TWO)
    unlike = {f.key: sound(f, schema=s) for f, s in zip(both.files, ("a: int", "a: int\nb: int"), strict=True)}
    assert [f.code for f in one(sight(both, checks=unlike)).findings] == ["schema-mismatch"]


# --- folders ---------------------------------------------------------------------------------


def test_a_folder_with_only_a_marker_is_empty_and_proves_nothing():
    verdict = one(sight(folder("06:00")))
    assert (verdict.arrival, verdict.content) == (Arrival.ON_TIME, Content.UNVERIFIABLE)
    assert [f.code for f in verdict.findings] == ["folder-empty"]


def test_a_manifest_that_lists_nothing_proves_an_empty_export():
    here = folder("06:00")
    verdict = one(sight(here, manifests=(manifest_of(here),)))
    assert (verdict.content, verdict.records, verdict.findings) == (Content.SOUND, 0, ())


def test_an_upload_that_never_ended_is_stuck_after_the_deadline():
    here = with_files("06:00", "06:20")
    growing = replace(here, temporary=(named(here, "part-00001.json.gz.filepart", "06:25"),))
    assert one(sight(growing), now="12:00").arrival == Arrival.ARRIVING
    assert one(sight(growing), now="12:00").findings == ()
    assert [f.code for f in one(sight(growing)).findings] == ["export-stuck"]


def test_a_file_that_changes_while_it_is_read_is_unchecked():
    here = with_files("06:00", "06:20")
    moving = sound(here.files[0], content=Content.UNCHECKED, reason="changed")
    verdict = one(sight(here, checks={moving.key: moving}))
    assert verdict.content == Content.UNCHECKED
    assert [f.code for f in verdict.findings] == ["export-stuck"]


def test_unexpected_folders_and_duplicates_are_judged_and_stand_without_a_due_time():
    sights = [sight(with_files(t, t)) for t in ("06:00", "06:40", "18:00")]
    answer = judge_chain(chain([run("06:00")], sights, NOW), now=at(NOW))
    assert [(v.due, str(v.arrival), str(v.content)) for v in answer.verdicts[1:]] == [
        (None, "unexpected", "sound"),
        (None, "unexpected", "sound"),
    ]
    assert codes(answer) == ["export-duplicate", "export-unexpected"]


def test_a_run_not_due_yet_is_left_out_unless_it_came_early():
    assert judge_chain(chain([run("06:00")], [], "05:55"), now=at("05:55")).verdicts == ()
    seen = sight(with_files("06:00", "05:40"))
    [verdict] = judge_chain(chain([run("06:00")], [seen], "05:58"), now=at("05:58")).verdicts
    assert verdict.arrival == Arrival.EARLY


def test_where_we_could_not_look_nothing_is_missing_and_nothing_is_good():
    answer = blind_chain(chain([run("03:00"), run("06:00")], [], NOW), reason="lake: list: refused", now=at(NOW))
    assert {(v.arrival, v.content) for v in answer.verdicts} == {(Arrival.UNKNOWN, Content.UNVERIFIABLE)}
    assert codes(answer) == []
    assert answer.unverifiable[0].reason == "lake: list: refused"


def test_a_copied_bucket_is_not_late_and_that_is_said():
    days = range(1, 8)
    runs = [run(f"{day}T06:00") for day in days]
    sights = [sight(with_files(f"{day}T06:00", "9T10:00")) for day in days]
    answer = judge_chain(chain(runs, sights, "9T12:00", max_age=None), now=at("9T12:00"))
    assert {v.arrival for v in answer.verdicts} == {Arrival.ON_TIME}
    assert {v.arrived_at for v in answer.verdicts} == {None}
    assert codes(answer) == []
    assert "lateness was not judged" in answer.unverifiable[0].reason


# --- age -------------------------------------------------------------------------------------

DAY = [f"{h:02d}:00" for h in range(0, 24, 3)]


def age(arrived: list[str], now: str, **changes):
    sights = [sight(with_files(t, t)) for t in arrived]
    return judge_chain(chain([run(t) for t in DAY], sights, now, **changes), now=at(now))


def test_a_newest_sound_export_older_than_the_limit_is_critical():
    stale = age(DAY[:3], "18:00:01")
    assert [(f.code, f.severity) for f in stale.findings] == [("protection-stale", Severity.CRITICAL)]
    assert stale.findings[0].evidence["newest_sound"] == "2026-10-01T06:00:00Z"
    assert age(DAY[:3], "18:00").findings == ()


def test_a_planned_pause_is_not_stale_by_default_but_by_a_limit_that_was_set():
    paused = {"max_age": 2 * HOUR}
    assert age(DAY, "23:30", **paused).findings == ()
    assert [f.code for f in age(DAY, "23:30", **paused, max_age_is_default=False).findings] == ["protection-stale"]


def test_what_could_not_be_read_is_not_stale():
    dark = with_files("21:00", "21:00")
    blocked = sight(dark, checks={dark.files[0].key: sound(dark.files[0], content=Content.UNVERIFIABLE, reason="x")})
    sights = [sight(with_files("00:00", "00:00")), blocked]
    answer = judge_chain(chain([run(t) for t in DAY], sights, NOW), now=at(NOW))
    assert answer.findings == ()


def test_empty_folders_that_nothing_explains_become_stale():
    sights = [sight(with_files("00:00", "00:00")), *(sight(folder(t)) for t in DAY[1:])]
    answer = judge_chain(chain([run(t) for t in DAY], sights, NOW), now=at(NOW))
    assert [f.code for f in answer.findings] == ["protection-stale"]


def test_damage_in_everything_since_makes_it_stale():
    folders = [with_files(t, t) for t in DAY]
    sights = [
        sight(f, checks={f.files[0].key: sound(f.files[0], content=Content.SOUND if i == 0 else Content.DAMAGED)})
        for i, f in enumerate(folders)
    ]
    answer = judge_chain(chain([run(t) for t in DAY], sights, NOW), now=at(NOW))
    assert [f.code for f in answer.findings] == ["protection-stale"]


def test_a_sound_export_on_demand_protects_too():
    assert age([*DAY[:2], "16:31"], "19:00").findings == ()


@pytest.mark.parametrize("stamp", [at("9T00:00"), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)])
def test_a_folder_dated_in_the_future_hides_no_stale_dataset(stamp):
    ahead = replace(with_files("03:01", "03:01"), export_time=stamp, prefix="backups/ahead/")
    sights = [sight(with_files("00:00", "00:00")), sight(ahead)]
    answer = judge_chain(chain([run(t) for t in DAY], sights, NOW), now=at(NOW))
    assert [f.code for f in answer.findings] == ["protection-stale"]
    assert [v.arrival for v in answer.verdicts if not v.due] == [Arrival.UNEXPECTED]


def test_silence_from_the_first_day_is_stale_once_a_deadline_is_over():
    assert [f.code for f in age([], "13:00").findings] == ["protection-stale"]
    assert age([], "05:00").findings == ()


def test_severities_of_a_flow_win_over_those_of_its_destination():
    owner = replace(FLOW, severities={"export-missing": Severity.INFO})
    place = replace(chain([], [], NOW).place, severities={"export-missing": Severity.CRITICAL})
    answer = judge_chain(chain([run("06:00")], [], NOW, flow=owner, place=place, max_age=None), now=at(NOW))
    assert [f.severity for f in answer.verdicts[0].findings] == [Severity.INFO]


def test_everything_found_names_its_subject():
    findings = [f for v in age([], "23:00").verdicts for f in v.findings]
    assert {(f.flow, f.dataset, f.destination) for f in findings} == {("web-3h", DATASET, "lake")}


def test_nothing_is_said_of_what_retention_is_removing():
    place = replace(PLACE, retain=timedelta(days=7))
    sights = [sight(folder("06:00")), sight(folder("07:31"))]  # one that a run asks for, one that none does
    answer = judge_chain(chain([run("06:00")], sights, "9T00:00", place=place, max_age=None), now=at("9T00:00"))
    assert [(v.due, v.arrival, v.findings, v.unverifiable) for v in answer.verdicts] == [
        (at("06:00"), Arrival.EXPIRED, (), ())
    ]


def test_an_export_that_is_gone_is_told_apart_from_one_that_never_came():
    answer = judge_chain(
        chain([run("06:00")], [], NOW, max_age=None, seen_before=frozenset({at("06:00")})), now=at(NOW)
    )
    [finding] = answer.verdicts[0].findings
    assert (finding.code, "earlier audit saw" in finding.message) == ("export-missing", True)


def test_a_broken_manifest_above_excuses_only_the_run_it_may_belong_to():
    here, day_before = with_files("06:00", "06:20"), with_files("03:00", "03:20")
    broken = Manifest(StoredFile("backups/manifest-f-r.json", 50, at("06:30"), "v1"), problem="it is not JSON")
    sights = [sight(here, manifests=(broken,)), sight(day_before, manifests=(broken,))]
    flow = replace(FLOW, manifest=True)
    runs = [replace(run("03:00"), missing_after=at("06:00")), run("06:00")]
    answer = judge_chain(chain(runs, sights, NOW, flow=flow, max_age=None), now=at(NOW))
    assert [[f.code for f in v.findings] for v in answer.verdicts] == [["manifest-missing"], []]


def test_a_manifest_may_list_what_is_no_data_file():
    here = with_files("06:00", "06:20")
    beside = replace(here, strays=(named(here, "schema.txt", "06:20"),))
    listed = manifest_of(here, ("part-00000.json.gz", 100), ("schema.txt", 100), ("manifest-f-r.json", 50))
    beside = replace(beside, manifests=(listed.file,))
    verdict = one(sight(beside, manifests=(listed,)))
    assert (verdict.content, verdict.findings) == (Content.SOUND, ())


def test_files_of_one_name_in_several_folders_are_told_apart():
    here = folder("06:00")
    both = folder("06:00", named(here, "a/part-0.json.gz", "06:20"), named(here, "b/part-0.json.gz", "06:20", 90))
    listed = manifest_of(here, ("a/part-0.json.gz", 100), ("b/part-0.json.gz", 90))
    assert one(sight(both, manifests=(listed,))).content == Content.SOUND
    verdict = one(sight(replace(both, files=both.files[:1]), manifests=(listed,)))
    assert (verdict.content, [f.code for f in verdict.findings]) == (Content.INCOMPLETE, ["manifest-file-missing"])


def test_the_book_keeping_of_a_writer_may_be_listed_and_is_not_looked_for():
    here = with_files("06:00", "06:20")
    listed = manifest_of(here, ("part-00000.json.gz", 100), ("_SUCCESS", 0))
    assert one(sight(here, manifests=(listed,))).findings == ()


@pytest.mark.parametrize("paths", [("/destination/output001", "/destination/output002"), ("", None)])
def test_two_manifests_may_write_the_path_of_one_file_in_their_own_way(paths):
    here = with_files("06:00", "06:20")
    both = [
        replace(
            manifest_of(here, name=f"manifest-f-{n}.json"),
            entries=(ManifestEntry(here.prefix if path is None else path, "part-00000.json.gz", 100),),
        )
        for n, path in enumerate(paths)
    ]
    assert one(sight(here, manifests=tuple(both))).content == Content.SOUND
