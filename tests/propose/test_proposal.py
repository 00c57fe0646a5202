"""What is proposed for listings of many kinds, as an audit reads it."""

import tracemalloc
from datetime import timedelta

import pytest

from adapters.base import AccessDenied, ObjectInfo
from auditor.model import ArrivalClock, Compression, Encryption, FileFormat, Mode, RunKind
from auditor.propose import NothingSeen, observe_dataset
from tests.propose.making import JSON, NOW, PARQUET, START, A, B, C, every, exports, read, survey, written
from tests.scan.memory import MemoryAdapter

HOUR = timedelta(hours=1)
MANIFEST = "manifest-d0420d72-756c-4159-9e7f-7d3e2f8b501e-00000000-0000-4000-8000-000000000001.json"


def flows_of(config):
    """Flow name -> (datasets, (hours, start) of each schedule)."""
    return {
        flow.name: ([d.id for d in flow.datasets], [(s.every / HOUR, s.start) for s in flow.schedules])
        for flow in config.flows.values()
    }


def proposed(objects, home):
    text = written(survey(objects))
    return text, read(text, home)


def test_same_step_and_another_phase_are_two_flows(tmp_path):
    half_past = START + timedelta(minutes=30)
    _, config = proposed(exports(A, every(3, 40)) | exports(B, every(3, 40, half_past)), tmp_path)
    assert flows_of(config) == {"json-3h-0000": ([A], [(3, START)]), "json-3h-0030": ([B], [(3, half_past)])}


def test_same_due_times_and_other_files_are_two_flows(tmp_path):
    _, config = proposed(exports(A, every(3, 40)) | exports(B, every(3, 40), names=[JSON, MANIFEST]), tmp_path)
    assert {(name, flow.manifest) for name, flow in config.flows.items()} == {
        ("json-3h-0000-1", False),
        ("json-3h-0000-2", True),
    }


def test_a_dataset_added_later_has_a_flow_of_its_own_start_and_one_first_run_late_has_not(tmp_path):
    later, soon = START + 10 * 24 * HOUR, START + 3 * HOUR
    objects = exports(A, every(3, 200)) | exports(B, every(3, 100, later)) | exports(C, every(3, 190, soon))
    text, config = proposed(objects, tmp_path)
    assert flows_of(config) == {"json-3h-0000-1": ([A, C], [(3, START)]), "json-3h-0000-2": ([B], [(3, later)])}
    assert "# begins at 2026-10-01 03:00: runs of the flow before will be told as missing" in text


def test_an_edited_schedule_becomes_two_entries(tmp_path):
    edited = START + 10 * 24 * HOUR
    objects = {}
    for dataset in (A, B):
        objects |= exports(dataset, [*every(24, 10), *every(6, 40, edited + 6 * HOUR)])
    text, config = proposed(objects, tmp_path)
    [(datasets, schedules)] = flows_of(config).values()
    assert datasets == [A, B]
    assert schedules == [(24, START), (6, edited + 6 * HOUR)]
    assert "it was edited: the past is judged by what held then" in text


NAMES = [
    (JSON, FileFormat.JSON, Compression.GZIP, Encryption.NONE),
    (JSON.removesuffix(".gz"), FileFormat.JSON, Compression.NONE, Encryption.NONE),
    (PARQUET, FileFormat.PARQUET, Compression.GZIP, Encryption.NONE),
    (JSON.replace("json.gz", "parquet"), FileFormat.PARQUET, Compression.NONE, Encryption.NONE),
    (JSON.replace("json.gz", "snappy.parquet"), FileFormat.PARQUET, Compression.NONE, Encryption.NONE),
    (JSON + ".pgp", FileFormat.JSON, Compression.GZIP, Encryption.PGP),
    (PARQUET + ".gpg", FileFormat.PARQUET, Compression.GZIP, Encryption.PGP),
]


@pytest.mark.parametrize("name, form, compression, encryption", NAMES)
def test_names_of_files_say_the_format(tmp_path, name, form, compression, encryption):
    _, config = proposed(exports(A, every(3, 8), names=[name]), tmp_path)
    [flow] = config.flows.values()
    assert (flow.format, flow.compression, flow.encryption) == (form, compression, encryption)


MIXED = (
    "mixed formats: 30 json with compression gzip (newest 2026-10-04 15:00), 30 parquet with compression gzip "
    "(newest 2026-10-08 09:00); two flows into one folder, or a flow that was changed"
)
IRREGULAR = [
    ("1 export (2026-10-01 00:00); at least 4 at even distances are needed", exports(B, every(3, 1))),
    (
        "3 exports (2026-10-01 00:00 to 2026-10-01 06:00); at least 4 at even distances are needed",
        exports(B, every(3, 3)),
    ),
    (
        MIXED,
        exports(B, every(3, 30)) | exports(B, every(3, 30, START + 90 * HOUR), names=[PARQUET]),
    ),
    (
        "10 exports; the names of their files do not say whether they are JSON or Parquet",
        exports(B, every(3, 10), names=["part-00000"]),
    ),
    (
        "0 exports, 3 export folders without data files; at least 4 at even distances are needed",
        exports(B, every(3, 3), names=["_SUCCESS"]),
    ),
    (
        "0 exports, 1 folder whose export time cannot be read; at least 4 at even distances are needed",
        {f"backups/{B}/exportTime=2026-10-01/{JSON}": b"x"},
    ),
]


@pytest.mark.parametrize("why, objects", IRREGULAR, ids=[case[0][:30] for case in IRREGULAR])
def test_what_is_irregular_is_listed_with_the_reason(tmp_path, why, objects):
    text, config = proposed(exports(A, every(3, 40)) | objects, tmp_path)
    assert [d.id for flow in config.flows.values() for d in flow.datasets] == [A]
    assert text.splitlines()[-1] == f"#   {B}: {why}"


def test_exports_at_no_even_distances_say_how_far_the_best_guess_goes(tmp_path):
    odd = [START + n * n * timedelta(minutes=37) for n in range(30)]
    text, _ = proposed(exports(A, every(3, 40)) | exports(B, odd), tmp_path)
    assert f"{B}: 30 exports (2026-10-01 00:00 to 2026-10-22 14:37) at no even distances: every " in text


def test_a_schedule_that_gave_way_to_something_unclear_is_not_proposed_as_if_it_held(tmp_path):
    edited = START + 19 * 24 * HOUR + 4 * HOUR
    text, _ = proposed(exports(A, every(3, 40)) | exports(B, [*every(24, 20), *every(6, 7, edited)]), tmp_path)
    assert text.splitlines()[-1] == (
        f"#   {B}: 27 exports (2026-10-01 00:00 to 2026-10-21 16:00): every 24h until then, but those since "
        "2026-10-20 04:00 (7) follow no schedule that is clear yet"
    )


def test_usual_delays_widen_grace_and_deadline_generously(tmp_path):
    objects = exports(A, every(24, 25), after=timedelta(hours=3, minutes=10))
    text, config = proposed(objects, tmp_path)
    windows = config.flows["json-daily"].windows
    assert windows[RunKind.DAILY].grace == timedelta(hours=6, minutes=30)
    assert windows[RunKind.DAILY].deadline == timedelta(hours=13)
    assert (windows[RunKind.FIRST].grace, windows[RunKind.FIRST].deadline) == (24 * HOUR, 72 * HOUR)
    assert "grace: 6h30m  # 24 exports, usually written within 3 h 10 min after due, at most 3 h 10 min" in text


def test_one_export_that_came_very_late_widens_nothing(tmp_path):
    objects = exports(A, every(3, 40)) | exports(A, [START + 30 * HOUR], after=9 * HOUR)
    text, config = proposed(objects, tmp_path)
    assert config.flows["json-3h"].windows[RunKind.FREQUENT].grace == timedelta(minutes=150)
    assert "usually written within 6 min after due, at most 9 h 00 min" in text


def test_the_dates_of_a_copy_are_said_and_the_export_time_proposed(tmp_path):
    objects = exports(A, every(3, 100), modified=NOW) | exports(B, every(24, 12), modified=NOW)
    text, config = proposed(objects, tmp_path)
    assert config.destinations["exports"].facts.arrival is ArrivalClock.EXPORT_TIME
    assert "# All modification times are those of a copy" in text
    assert {flow.arrival for flow in config.flows.values()} == {ArrivalClock.EXPORT_TIME}


def test_a_copied_dataset_beside_a_live_one_sets_the_clock_of_its_flow_only(tmp_path):
    _, config = proposed(exports(A, every(3, 100), modified=NOW) | exports(B, every(24, 12)), tmp_path)
    assert config.destinations["exports"].facts.arrival is None
    assert {name: flow.arrival.value for name, flow in config.flows.items()} == {
        "json-3h": "export_time",
        "json-daily": "modified",
    }


def test_exports_copied_once_and_live_since_are_judged_by_their_own_dates(tmp_path):
    objects = exports(A, every(3, 80), modified=START + 240 * HOUR) | exports(A, every(3, 80, START + 240 * HOUR))
    text, config = proposed(objects, tmp_path)
    assert config.flows["json-3h"].arrival is ArrivalClock.MODIFIED
    assert config.flows["json-3h"].windows[RunKind.FREQUENT].grace == timedelta(minutes=150)
    assert "more have the date of a copy" in text


MODES = [
    (200, "the first export is 20 times as large as later ones: a backfill"),
    (10, "cannot be told from the sizes; the safe choice: a restore then needs every export, not the newest alone"),
]


@pytest.mark.parametrize("first, said", MODES)
def test_the_mode_is_incremental_and_what_it_was_seen_on_is_said(tmp_path, first, said):
    text, config = proposed(exports(A, every(3, 40), first=first), tmp_path)
    assert config.flows["json-3h"].mode is Mode.INCREMENTAL
    assert f"mode: incremental  # {said}\n" in text


def with_manifests(have):
    return {
        key: value
        for n, stamp in enumerate(every(3, 40))
        for key, value in exports(A, [stamp], names=[JSON, MANIFEST] if have(n) else [JSON]).items()
    }


MANIFESTS = [
    (lambda n: True, True, "seen in all 40 exports"),
    (lambda n: False, False, "none in 40 exports"),
    (lambda n: n != 7, True, "seen in 39 of 40 exports"),
    (lambda n: n >= 20, True, "mixed: seen in 20 of 40 exports"),
    (lambda n: n < 20, False, "mixed: seen in 20 of 40 exports"),
    (lambda n: n % 2 == 0, False, "mixed: seen in 20 of 40 exports"),
]


@pytest.mark.parametrize("have, manifest, said", MANIFESTS)
def test_manifests_are_told_from_the_newest_exports_and_mixed_is_said(tmp_path, have, manifest, said):
    text, config = proposed(with_manifests(have), tmp_path)
    assert config.flows["json-3h"].manifest is manifest
    assert f"manifest: {str(manifest).lower()}  # {said}\n" in text
    assert ("add\n    # watch_from: 2026-10-03T12:00:00Z" in text) is (said.startswith("mixed") and manifest)


def test_manifests_above_the_export_folders_count_too(tmp_path):
    objects = exports(A, every(3, 40))
    objects |= {f"backups/{A}/{MANIFEST.replace('0001', f'{n:04d}')}": (b"{}", START) for n in range(40)}
    text, config = proposed(objects, tmp_path)
    assert config.flows["json-3h"].manifest is True
    assert "40 manifests above the export folders" in text


def test_of_several_folder_paths_the_fullest_is_taken_and_the_others_are_said():
    objects = exports(A, every(3, 40), folder="a/old") | exports(B, every(3, 60), folder="b")
    seen = survey(objects)
    assert seen.folder == "b"
    assert [(place.folder, place.datasets, place.exports) for place in seen.others] == [("a/old", 1, 40)]
    assert survey(objects, folder="a/old").folder == "a/old"


NOTHING = [
    ({}, "", "no <dataset id>/exportTime=… below the root"),
    ({"a/b/c.txt": b""}, "a", "no <dataset id>/exportTime=… below 'a'"),
    (exports(A, every(3, 9)), f"backups/{A}", "name the folder above it"),
    (exports(A, every(3, 9), folder=""), A, "name the folder above it"),
    ({f"Web events/exportTime=202610010000/{JSON}": b"x"}, "", "folder_template"),
]


@pytest.mark.parametrize("objects, start, said", NOTHING)
def test_where_nothing_is_seen_the_reason_is_said(objects, start, said):
    with pytest.raises(NothingSeen, match=said.replace("(", r"\(")):
        survey(dict(objects), start=start)


def test_a_dataset_that_cannot_be_listed_is_said_and_the_others_are_proposed():
    objects = {}
    for dataset in (A, B, C):
        objects |= exports(dataset, every(3, 40))
    denied = AccessDenied("s3:ListBucket", destination="exports", operation="list")
    place = LateDenial(objects, {f"backups/{B}/": denied})
    seen = survey(place)
    assert seen.unlisted == 1
    assert [m.dataset for flow in seen.flows for m in flow.members] == [A, C]
    assert [(one.dataset, one.why) for one in seen.irregular] == [
        (B, "could not be listed: exports: list: s3:ListBucket")
    ]


class LateDenial(MemoryAdapter):
    """Lists folders, refuses the objects of some."""

    def __init__(self, objects, refused):
        super().__init__(objects)
        self._refused = refused

    def list_objects(self, prefix, *, start_at=""):
        if prefix in self._refused:
            raise self._refused[prefix]
        return super().list_objects(prefix, start_at=start_at)


def test_a_place_that_refuses_dataset_after_dataset_is_not_asked_for_the_rest():
    ids = [f"{n:02d}".ljust(24, "a") for n in range(9)]
    objects = {}
    for dataset in ids:
        objects |= exports(dataset, every(3, 9))
    denied = AccessDenied("no", destination="exports", operation="list")
    place = LateDenial(objects, {f"backups/{one}/": denied for one in ids[2:]})
    seen = survey(place)
    assert (len(seen.flows), seen.unlisted, len(seen.irregular)) == (1, 7, 7)
    assert [one.why[:19] for one in seen.irregular] == ["could not be listed"] * 3 + ["not looked at, afte"] * 4


HOSTILE = [
    "a\nflows: {}",
    'q"uote\\',
    "yes",
    "# no",
    "x: y",
    "\x1b[2J\u202e",
    "é",
    "a\u2028b",
    "{x}",
    "\x85",
    "😀",
    "1e5",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_from_outside_stay_one_value_and_one_line(tmp_path, name):
    text = written(survey(exports(A, every(3, 9), folder=name)), source=f"there\n{name}\r# {name}")
    config = read(text, tmp_path)
    assert config.destinations["exports"].facts.folder == name
    assert list(config.flows) == ["json-3h"]
    assert all(character.isprintable() or character == "\n" for character in text)


def test_a_folder_name_that_is_no_text_is_refused_and_not_written():
    with pytest.raises(ValueError, match="no valid text"):
        written(survey(exports(A, every(3, 9), folder="a\udcff")))


def test_ids_that_look_like_numbers_stay_text(tmp_path):
    odd = "1234567890123456789e1234"
    _, config = proposed(exports(odd, every(3, 9)), tmp_path)
    assert flows_of(config) == {"json-3h": ([odd], [(3, START)])}


def test_memory_follows_the_export_folders_and_not_the_objects():
    def objects():
        for n in range(20_000):
            stamp = f"{START + (n % 50) * 3 * HOUR:%Y%m%d%H%M}"
            yield ObjectInfo(f"backups/{A}/exportTime={stamp}/{n}-{JSON}", 10, NOW)

    tracemalloc.start()
    seen = observe_dataset(A, "backups", objects())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (seen.objects, len(seen.exports)) == (20_000, 50)
    assert peak < 1_000_000
