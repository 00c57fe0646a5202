"""A destination's listing becomes partitions; what else is there is seen too."""

from dataclasses import replace
from datetime import timedelta
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.base import AccessDenied, Unreachable
from auditor.model import Dataset, DestinationFacts
from auditor.scan import MalformedFolder, Strays, UnknownDataset, scan_destination
from tests.scan.making import CRM, OTHER, PART, T1, T2, WEB, at, flow, scanned
from tests.scan.memory import WRITTEN, MemoryAdapter


def told(partitions):
    """Partitions in short: datasets -> {folder prefix: names of its data files}."""
    return {p.datasets: {f.prefix: [one.name for one in f.files] for f in p.folders} for p in partitions}


def test_each_dataset_is_a_partition_of_its_own():
    scan, partitions = scanned(
        [f"{WEB}/{T1}/b.json", f"{WEB}/{T1}/a.json", f"{WEB}/{T2}/deeper/c.json", f"{CRM}/{T1}/d.json"],
        folder="back ups+%20/ü",
        shuffled=1,
    )
    root = "back ups+%20/ü"
    assert told(partitions) == {
        (WEB,): {f"{root}/{WEB}/{T1}/": ["a.json", "b.json"], f"{root}/{WEB}/{T2}/": ["c.json"]},
        (CRM,): {f"{root}/{CRM}/{T1}/": ["d.json"]},
    }
    first = partitions[0].folders[0]
    assert (first.destination, first.dataset, first.export_time, first.flows) == (
        "memory",
        WEB,
        at("2026-10-01"),
        ("f",),
    )
    assert partitions[0].folders[1].export_time == at("2026-10-01T03:00")
    assert (scan.complete, scan.objects_seen, scan.newest_modified) == (True, 4, WRITTEN)
    assert (scan.strays, scan.malformed, scan.unknown_datasets) == (Strays(), (), {})
    assert not scan.found_nothing


def test_a_dataset_of_which_there_is_nothing_is_told_of_too():
    _, partitions = scanned([f"{WEB}/{T1}/a.json"])
    assert told(partitions)[(CRM,)] == {}


def test_only_what_is_configured_is_listed_and_only_when_asked_for():
    adapter = MemoryAdapter({f"b/{dataset}/{T1}/x.json": b"" for dataset in (WEB, CRM, OTHER)} | {"b/logs/1": b""})
    partitions = scan_destination(adapter, DestinationFacts("memory", "b"), [flow()]).partitions()
    assert adapter.calls == []
    next(partitions)
    assert adapter.calls == [("list", "b/"), ("list", f"b/{WEB}/")]
    list(partitions)
    assert ("list", f"b/{OTHER}/") in adapter.calls
    assert not any(prefix.startswith(f"b/{OTHER}/{T1}") for _, prefix in adapter.calls)


def test_markers_are_neither_data_nor_strays_and_a_folder_of_markers_is_empty():
    """rclone/rclone#753: 0-byte keys ending in a slash are taken for files."""
    keys = [
        "",
        f"{WEB}/",
        f"{WEB}/{T1}/",
        f"{WEB}/{T2}/",
        f"{WEB}/{T2}/sub/",
        f"{WEB}/{T2}/a.json",
        f"{CRM}/{T1}/_SUCCESS",
    ]
    scan, partitions = scanned(dict.fromkeys(keys, b""), folder="b")
    assert told(partitions) == {(WEB,): {f"b/{WEB}/{T2}/": ["a.json"]}, (CRM,): {}}
    assert [f.prefix for p in partitions for f in p.empty_folders] == [f"b/{WEB}/{T1}/", f"b/{CRM}/{T1}/"]
    assert all(p.malformed == () for p in partitions)
    assert scan.strays.count == 0


def test_directories_listed_as_empty_objects_without_a_slash_are_markers():
    keys = {WEB: b"", f"{WEB}/{T1}": b"", f"{WEB}/{T1}/sub": b"", f"{WEB}/{T1}/sub/a.json": b"1", f"{WEB}/{T2}": b""}
    scan, partitions = scanned(keys, folder="b")
    web = next(p for p in partitions if p.datasets == (WEB,))
    assert told([web]) == {(WEB,): {f"b/{WEB}/{T1}/": ["a.json"]}}
    assert [f.prefix for f in web.empty_folders] == [f"b/{WEB}/{T2}/"]
    assert (scan.strays.count, web.malformed) == (0, ())


def test_the_files_of_a_folder_are_told_apart():
    names = [PART, "manifest-1.json", "x.json.tmp", "_temporary/0/y.json", "_SUCCESS", ".x.crc", "readme.txt"]
    scan, partitions = scanned([f"{WEB}/{T1}/{name}" for name in names])
    folder = next(f for p in partitions for f in p.folders)
    assert [f.name for f in folder.files] == [PART]
    assert [f.name for f in folder.manifests] == ["manifest-1.json"]
    assert sorted(f.name for f in folder.temporary) == ["x.json.tmp", "y.json"]
    assert [f.name for f in folder.strays] == ["readme.txt"]
    assert scan.strays == Strays(1, (f"{WEB}/{T1}/readme.txt",))


def test_an_upload_that_has_only_begun_is_no_empty_folder():
    _, partitions = scanned([f"{WEB}/{T1}/a.json.tmp"])
    assert [f.files for p in partitions for f in p.folders] == [()]
    assert not any(p.empty_folders for p in partitions)


def test_manifests_are_found_at_every_level_below_the_folder_path():
    keys = [
        "manifest-top.json",
        f"{WEB}/manifest-dataset.json",
        f"{WEB}/manifests/manifest-side.json",
        f"{CRM}/{T1}/a.json",
    ]
    scan, partitions = scanned([*keys, f"{WEB}/{T1}/manifest-in.json"], folder="b")
    above = {p.datasets: [f.name for f in p.manifests_above] for p in partitions}
    assert above == {
        (WEB,): ["manifest-top.json", "manifest-dataset.json", "manifest-side.json"],
        (CRM,): ["manifest-top.json"],
    }
    assert (scan.strays.count, [p.malformed for p in partitions]) == (0, [(), ()])


def test_malformed_folders_are_counted_with_the_reason():
    bad = f"{WEB}/exportTime=2026-10-01/"
    keys = [bad + "a.json", bad + "b.json", f"{WEB}/copy/c.json", f"{WEB}/notes/readme.txt", f"{WEB}/loose.json"]
    scan, partitions = scanned([*keys, f"{WEB}/_old/{T1}/a.json"])
    malformed = next(p.malformed for p in partitions if p.datasets == (WEB,))
    assert malformed == (
        MalformedFolder(f"{WEB}/", "data files outside any export folder", 1, WEB),
        MalformedFolder(f"{WEB}/copy/", "no exportTime= where the export time is expected", 1, WEB),
        MalformedFolder(bad, "exportTime= is not followed by 12 or 14 digits alone", 2, WEB),
    )
    assert scan.strays == Strays(1, (f"{WEB}/notes/readme.txt",))


def test_folders_that_no_flow_asks_for_are_looked_into_shallowly():
    keys = [f"{OTHER}/exportTime=2026100{n}0000/a.json" for n in range(1, 4)]
    keys += [
        f"{WEB.upper()}/{T1}/a.json",
        "logs/2026/x.log",
        "abcdefghijklmnopqrstuvwx/notes/a.txt",
        "_x/y",
        f".x/{T1}/z",
    ]
    scan, _ = scanned(keys, folder="b")
    assert scan.unknown_datasets == {OTHER: UnknownDataset(f"b/{OTHER}/", 3)}
    why = "not a dataset id (24 characters 0-9 a-z)"
    assert scan.malformed == (MalformedFolder(f"b/{WEB.upper()}/", why, 1),)
    assert scan.strays.count == 0


def test_a_foreign_folder_that_may_not_be_looked_into_fails_nothing():
    denied = AccessDenied("no", destination="memory", operation="list")
    scan, partitions = scanned(
        [f"{OTHER}/{T1}/a.json", "secrets/x", f"{WEB}/{T1}/a.json"],
        fail_listing_under={f"{OTHER}/": denied, "secrets/": denied},
    )
    assert len(partitions) == 2
    assert scan.unknown_datasets == {OTHER: UnknownDataset(f"{OTHER}/", 0, looked=False)}
    assert scan.complete


def test_strays_are_counted_and_the_first_are_named():
    scan, _ = scanned([f"stray{n}.txt" for n in range(9)] + ["_ignored", ".ignored", "x.tmp"], shuffled=4)
    assert scan.strays == Strays(9, tuple(f"stray{n}.txt" for n in range(5)))


BROKEN = Unreachable("cut", destination="memory", operation="list")


def test_a_listing_that_breaks_off_raises_and_is_not_complete():
    keys = [f"{WEB}/{T1}/{n}.json" for n in range(5)]
    adapter = MemoryAdapter(dict.fromkeys(keys, b""), fail_listing_at=(3, BROKEN))
    scan = scan_destination(adapter, DestinationFacts("memory"), [flow()])
    with pytest.raises(Unreachable):
        list(scan.partitions())
    assert not scan.complete


NEAREST = [  # folder path, what exists, nearest
    ("backups", ["backup/x", "logs/x"], "backup"),
    ("backups", ["Backups/x", "backup/x"], "Backups"),
    ("a/backups/x", ["a/backup/y", "b/backups/x/y"], "a/backup"),
    (normalize("NFC", "Büro"), [normalize("NFD", "Büro/x"), "Buro/x"], normalize("NFD", "Büro")),
    ("backups", ["zzz/x"], ""),
    ("backups", ["backups"], ""),
    ("backups", ["backups/"], ""),
    ("", [], ""),
]


@pytest.mark.parametrize(
    "template", ["%DATASET_ID%/%EXPORT_TIME%", "%EXPORT_TIME%/%DATASET_ID%", "x/%DATASET_ID%/%EXPORT_TIME%"]
)
@pytest.mark.parametrize("folder, keys, nearest", NEAREST)
def test_a_folder_path_that_holds_nothing_has_a_nearest_name(folder, keys, nearest, template):
    adapter = MemoryAdapter(dict.fromkeys(keys, b""))
    scan = scan_destination(adapter, DestinationFacts("memory", folder), [flow(template)])
    assert all(p.folders == () for p in scan.partitions())
    assert (scan.found_nothing, scan.nearest) == (True, nearest)


def test_a_folder_path_that_holds_something_else_is_not_empty():
    scan, _ = scanned(["logs/x"], folder="b")
    assert not scan.found_nothing


def test_a_past_moment_does_not_see_what_came_later():
    before, after = at("2026-10-01T01:00"), at("2026-10-01T01:00:01")
    objects = {f"{WEB}/{T1}/a.json": (b"1", before), f"{WEB}/{T1}/b.json": (b"1", after), "x.txt": (b"", after)}
    scan, partitions = scanned(objects, now=before)
    assert told(partitions)[(WEB,)] == {f"{WEB}/{T1}/": ["a.json"]}
    assert (scan.objects_seen, scan.newest_modified, scan.strays.count) == (1, before, 0)
    scan, _ = scanned(objects)
    assert (scan.objects_seen, scan.newest_modified) == (3, before + timedelta(seconds=1))


# --- other templates --------------------------------------------------------------------------


def test_time_first_makes_the_destination_one_partition():
    keys = [f"{T1}/{WEB}/a.json", f"{T1}/{CRM}/b.json", f"{T1}/{OTHER}/c.json", f"{T1}/NOT-AN-ID/d.json", "x.txt"]
    scan, partitions = scanned([*keys, f"{T1}/manifest-1.json"], flow("%EXPORT_TIME%/%DATASET_ID%"), folder="b")
    assert told(partitions) == {tuple(sorted((WEB, CRM))): {f"b/{T1}/{WEB}/": ["a.json"], f"b/{T1}/{CRM}/": ["b.json"]}}
    assert [f.name for f in partitions[0].manifests_above] == ["manifest-1.json"]
    assert [bad.prefix for bad in partitions[0].malformed] == [f"b/{T1}/NOT-AN-ID/"]
    assert scan.unknown_datasets == {OTHER: UnknownDataset(f"b/{T1}/{OTHER}/", 1)}
    assert scan.strays == Strays(1, ("b/x.txt",))


def test_dataset_and_time_may_stand_in_one_folder_name():
    keys = [f"{WEB}_20261001_0000/a.json", f"{OTHER}_20261001_0000/b.json", "logs_20261001/x", "logs/2026/x"]
    keys += [f"{WEB}_2026-10-01/c.json", f"{WEB}_20261301_0000/d.json"]
    scan, partitions = scanned(keys, flow("%DATASET_ID%_%DATETIME(YYYYMMdd_HHmm)%"))
    assert told(partitions) == {(WEB,): {f"{WEB}_20261001_0000/": ["a.json"]}, (CRM,): {}}
    assert scan.unknown_datasets == {OTHER: UnknownDataset(f"{OTHER}_20261001_0000/", 1)}
    assert [bad.prefix for p in partitions for bad in p.malformed] == [f"{WEB}_20261301_0000/"]
    assert [bad.prefix for bad in scan.malformed] == [f"{WEB}_2026-10-01/"]


def test_a_folder_that_is_to_be_renamed_when_whole_is_no_fault():
    scan, partitions = scanned([f"{WEB}/{T1}.tmp/a.json", f"{WEB}/_temporary/0/{T1}/a.json"])
    assert all((p.folders, p.malformed) == ((), ()) for p in partitions)
    assert scan.strays.count == 0


def test_levels_below_the_dataset_are_looked_into_one_way():
    keys = [f"{WEB}/prod/{T1}/a.json", f"{OTHER}/prod/{T1}/a.json", f"{OTHER}/prod/{T2}/a.json"]
    scan, partitions = scanned(keys, flow("%DATASET_ID%/%SANDBOX_NAME%/%EXPORT_TIME%"))
    assert told(partitions)[(WEB,)] == {f"{WEB}/prod/{T1}/": ["a.json"]}
    assert scan.unknown_datasets == {OTHER: UnknownDataset(f"{OTHER}/", 2)}


def test_literal_folders_are_walked_down_and_their_normal_form_is_forgiven():
    keys = [normalize("NFD", f"Büro/{WEB}/{T1}/a.json"), "manifest-top.json", normalize("NFD", "Büro/manifest-2.json")]
    _, partitions = scanned([*keys, "logs/x"], flow(normalize("NFC", "Büro/%DATASET_ID%/%EXPORT_TIME%")), folder="b")
    assert [f.name for p in partitions for f in p.folders for f in f.files] == ["a.json"]
    assert [f.name for f in partitions[0].manifests_above] == ["manifest-top.json", "manifest-2.json"]


def test_flows_of_several_layouts_share_a_destination():
    flows = [
        flow("%DATASET_ID%/%EXPORT_TIME%", WEB, name="default"),
        flow("daily/%DATASET_NAME%_%DATETIME(YYYYMMdd_HHmm)%", Dataset(CRM, "Customers"), name="named"),
        flow("single/%EXPORT_TIME%", OTHER, name="single"),
    ]
    keys = [f"{WEB}/{T1}/a.json", "daily/Customers_20261001_0000/b.json", "daily/Customers_20261001_0300/c.json"]
    scan, partitions = scanned([*keys, f"single/{T1}/d.json", f"single/{T2}/e.json"], *flows, folder="b")
    assert told(partitions) == {
        (WEB,): {f"b/{WEB}/{T1}/": ["a.json"]},
        (CRM,): {"b/daily/Customers_20261001_0000/": ["b.json"], "b/daily/Customers_20261001_0300/": ["c.json"]},
        (OTHER,): {f"b/single/{T1}/": ["d.json"], f"b/single/{T2}/": ["e.json"]},
    }
    assert {f.flows for p in partitions for f in p.folders} == {("default",), ("named",), ("single",)}
    assert (scan.unknown_datasets, scan.malformed, scan.strays.count) == ({}, (), 0)


def test_a_dataset_in_two_flows_is_in_one_partition():
    flows = [
        flow(name="a"),
        flow("x/%DATASET_ID%/%EXPORT_TIME%", WEB, name="b"),
        flow("t/%EXPORT_TIME%/%DATASET_ID%", WEB, name="c"),
    ]
    keys = [f"{WEB}/{T1}/a.json", f"x/{WEB}/{T1}/b.json", f"t/{T1}/{WEB}/c.json", f"{CRM}/{T1}/d.json"]
    scan, partitions = scanned(keys, *flows)
    by = {p.datasets: {f.prefix: f.flows for f in p.folders} for p in partitions}
    assert by == {
        (WEB,): {f"{WEB}/{T1}/": ("a",), f"t/{T1}/{WEB}/": ("c",), f"x/{WEB}/{T1}/": ("b",)},
        (CRM,): {f"{CRM}/{T1}/": ("a",)},
    }
    assert scan.objects_seen == 4


def test_two_flows_with_one_layout_both_own_a_folder():
    _, partitions = scanned([f"{WEB}/{T1}/a.json"], flow(name="a"), flow(name="b"))
    assert [f.flows for p in partitions for f in p.folders] == [("a", "b")]


def test_nothing_is_listed_twice_however_layouts_nest():
    flows = [
        flow("%EXPORT_TIME%/%DATASET_ID%", WEB, name="wide"),
        flow("in/%DATASET_ID%/%EXPORT_TIME%", CRM, name="inner"),
        flow("in/deep/%EXPORT_TIME%", OTHER, name="deep"),
    ]
    keys = [f"{T1}/{WEB}/a.json", f"in/{CRM}/{T1}/b.json", f"in/deep/{T1}/c.json"]
    scan, partitions = scanned(keys, *flows, folder="b")
    assert scan.objects_seen == 3
    (one,) = partitions
    assert {f.flows: f.dataset for f in one.folders} == {("wide",): WEB, ("inner",): CRM, ("deep",): OTHER}
    assert (scan.strays.count, one.malformed) == (0, ())


def test_a_flow_whose_folders_say_too_little_is_told_of_and_others_are_scanned():
    flows = [flow("/", name="flat"), flow("%FOO%", name="odd"), flow(name="good")]
    scan, partitions = scanned([f"{WEB}/{T1}/a.json"], *flows)
    assert set(scan.unjudgeable) == {"flat", "odd"}
    assert "do not say the dataset" in scan.unjudgeable["flat"]
    assert len(told(partitions)[(WEB,)]) == 1


def test_what_may_be_the_exports_of_an_unjudgeable_flow_is_nothing_strange():
    flows = [flow("%DATASET_ID%", OTHER, name="timeless"), flow(name="good")]
    scan, _ = scanned([f"{OTHER}/a.json", f"{OTHER}/{T1}/a.json", "b.json", f"{WEB.upper()}/{T1}/c.json"], *flows)
    assert (scan.unknown_datasets, scan.malformed, scan.strays.count) == ({}, (), 0)


def test_of_all_flows_only_those_asked_for_are_listed():
    """An audit of one flow calls nothing of another flow unexpected."""
    flows = [
        flow("%DATASET_ID%/%EXPORT_TIME%", WEB, CRM, name="asked"),
        flow("daily/%DATASET_NAME%_%DATETIME(YYYYMMdd_HHmm)%", Dataset(OTHER, "Customers"), name="named"),
        flow("single/%EXPORT_TIME%", "b" * 24, name="single"),
    ]
    keys = [f"{WEB}/{T1}/a.json", f"{CRM}/{T1}/a.json", "daily/Customers_20261001_0000/b.json", f"single/{T1}/c.json"]
    adapter = MemoryAdapter(dict.fromkeys([f"b/{key}" for key in keys], b"1"))
    scan = scan_destination(adapter, DestinationFacts("memory", "b"), flows)
    assert told(scan.partitions(only={WEB})) == {(WEB,): {f"b/{WEB}/{T1}/": ["a.json"]}}
    assert [prefix for _, prefix in adapter.calls] == ["b/", "b/daily/", f"b/{WEB}/"]
    assert (scan.complete, scan.unknown_datasets, scan.malformed, scan.strays.count) == (False, {}, (), 0)


def test_flows_that_cannot_be_told_apart_are_not_judged():
    """Each names no dataset: the same folder would count for both."""
    flows = [flow("%SANDBOX_NAME%/%EXPORT_TIME%", WEB, name="a"), flow("prod/%EXPORT_TIME%", CRM, name="b"),
             flow("x/y/%EXPORT_TIME%", OTHER, name="c")]  # fmt: skip
    scan, partitions = scanned([f"prod/{T1}/a.json"], *flows)
    assert set(scan.unjudgeable) == {"a", "b"}
    assert [p.datasets for p in partitions] == [(OTHER,)]


def test_hostile_names_are_text():
    names = ["..", "../../etc/x.json", "a\nb.json", "\x1b[31m.json", "a\x01.json", "a%20b.json", "a b.json", "a+b.json"]
    scan, partitions = scanned([f"{WEB}/{T1}/{name}" for name in names])
    folder = next(f for p in partitions for f in p.folders)
    prefix = f"{WEB}/{T1}/"
    assert [f.key[len(prefix) :] for f in folder.files] == sorted(names[1:])
    assert scan.strays == Strays(1, (prefix + "..",))


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([WEB, CRM, OTHER, "logs", WEB.upper(), "_x"]),
            st.sampled_from([T1, T2, "exportTime=1", "x", "_y"]),
            st.sampled_from(["a.json", "b.json.gz", "manifest-1.json", "t.tmp", "r.txt", "", "_S", "d/c.json"]),
        ).map("/".join),
        max_size=25,
        unique=True,
    ),
    st.integers(0, 99),
    st.booleans(),
)
def test_the_order_of_a_listing_changes_nothing_and_no_data_file_is_lost(keys, seed, time_first):
    if time_first:
        keys = ["/".join((k.split("/", 2)[1], k.split("/", 2)[0], k.split("/", 2)[2])) for k in keys]
    one = flow("%EXPORT_TIME%/%DATASET_ID%" if time_first else "%DATASET_ID%/%EXPORT_TIME%")
    (_, ordered), (_, shuffled) = scanned(keys, one), scanned(keys, one, shuffled=seed)
    assert ordered == shuffled
    found = {f.key for p in ordered for folder in p.folders for f in folder.files}
    ours = ("/".join(pair) for d in (WEB, CRM) for t in (T1, T2) for pair in ([(t, d)] if time_first else [(d, t)]))
    prefixes = tuple(f"{one}/" for one in ours)
    assert found == {k for k in keys if k.startswith(prefixes) and k.endswith((".json", ".gz")) and "manifest" not in k}


def test_a_scan_can_be_made_again():
    adapter = MemoryAdapter({f"{WEB}/{T1}/a.json": b"1", "x.txt": b""})
    scan = scan_destination(adapter, replace(DestinationFacts("memory"), folder=""), [flow()])
    assert list(scan.partitions()) == list(scan.partitions())
    assert (scan.objects_seen, scan.strays.count) == (2, 1)
