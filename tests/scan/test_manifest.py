"""Reading manifests: what is in them, and what is held against them."""

import json

import pytest

from adapters.base import Unreachable
from auditor.model import ManifestEntry, StoredFile
from auditor.scan import read_manifest
from tests.scan.making import at
from tests.scan.memory import MemoryAdapter

KEY = "backups/manifest-1.json"
SAMPLE = {  # shaped as the only public sample
    "flowRunId": "0ac8f3c0-29bd-40aa-82c1-f1b7e0657b19",
    "scheduledTime": "2023-08-18T01:00:00Z",
    "exportResults": [{"sinkPath": "/destination/output001", "name": "x_20230818_010718.json", "size": 145854}],
}


def reading(content, **options):
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    adapter = MemoryAdapter({KEY: data}, **options)
    info = adapter.describe_object(KEY)
    file = StoredFile(info.key, info.size, info.modified, info.version, info.archived)
    return read_manifest(adapter, file), adapter


def test_the_documented_fields_are_read():
    manifest, adapter = reading(SAMPLE)
    assert manifest.run_id == "0ac8f3c0-29bd-40aa-82c1-f1b7e0657b19"
    assert manifest.scheduled_time == at("2023-08-18T01:00")
    assert manifest.entries == (ManifestEntry("/destination/output001", "x_20230818_010718.json", 145854),)
    assert (manifest.problem, manifest.unreadable) == ("", "")
    assert [call for call in adapter.calls if call[0] == "read"] == [("read", KEY)]


TOLERATED = [
    ("unknown fields", SAMPLE | {"new": {"deep": [1]}}),
    ("no run id, no time", {"exportResults": SAMPLE["exportResults"]}),
    ("nulls", SAMPLE | {"flowRunId": None, "scheduledTime": None}),
    ("a time that is none", SAMPLE | {"scheduledTime": "soon"}),
    ("no results", SAMPLE | {"exportResults": []}),
    ("a byte order mark", b"\xef\xbb\xbf" + json.dumps(SAMPLE).encode()),
]


@pytest.mark.parametrize("told, content", TOLERATED, ids=[case[0] for case in TOLERATED])
def test_what_is_tolerated(told, content):
    manifest, _ = reading(content)
    assert (manifest.problem, manifest.unreadable) == ("", "")


def test_an_entry_without_a_size_and_a_name_with_path_pieces_are_kept():
    manifest, _ = reading({"exportResults": [{"name": "../../etc/x.json"}, {"name": "y", "size": None}]})
    assert manifest.entries == (ManifestEntry("", "../../etc/x.json", None), ManifestEntry("", "y", None))


SECRET = "tom@example.com"
PROBLEMS = [
    ("an empty file", b"", "not JSON"),
    ("cut", json.dumps(SAMPLE).encode()[:-1], "not JSON at line 1"),
    ("an array", [SAMPLE], "no JSON object"),
    ("trailing garbage", json.dumps(SAMPLE).encode() + b"x", "not JSON"),
    ("no list of results", {"flowRunId": "x"}, "no list exportResults"),
    ("results that are no list", SAMPLE | {"exportResults": {SECRET: 1}}, "no list"),
    ("an entry that is no object", {"exportResults": [SECRET]}, r"exportResults\[0\] is no object"),
    ("an entry without a name", {"exportResults": [{"size": 1}]}, "has no name"),
    ("a size as text", {"exportResults": [{"name": SECRET, "size": "1"}]}, "whole number"),
    ("a size that is true", {"exportResults": [{"name": SECRET, "size": True}]}, "whole number"),
    ("a fraction", {"exportResults": [{"name": SECRET, "size": 1.0}]}, "whole number"),
    ("a negative size", {"exportResults": [{"name": SECRET, "size": -1}]}, "whole number"),
    ("a path that is no text", {"exportResults": [{"name": "x", "sinkPath": [SECRET]}]}, "no text"),
    ("a run id that is no text", SAMPLE | {"flowRunId": 3}, "flowRunId is no text"),
    ("NaN", b'{"exportResults": [], "x": NaN}', "NaN"),
    ("a name twice", b'{"exportResults": [{"name": "a"}], "exportResults": []}', "twice"),
    ("not UTF-8", b'{"exportResults": ["\xff"]}', "UTF-8 at byte 20"),
    ("too deep", b"[" * 200_000, "too deep"),
    ("a number without end", b'{"x": ' + b"9" * 5000 + b"}", "too long a number"),
]


@pytest.mark.parametrize("told, content, problem", PROBLEMS, ids=[case[0] for case in PROBLEMS])
def test_what_is_no_manifest_is_read_twice_and_said_without_its_contents(told, content, problem):
    manifest, adapter = reading(content)
    with pytest.raises(AssertionError, match=problem):
        raise AssertionError(manifest.problem)
    assert SECRET not in manifest.problem
    assert (manifest.entries, manifest.unreadable) == ((), "")
    assert [call for call in adapter.calls if call[0] == "read"] == [("read", KEY)] * 2


def test_a_bad_byte_that_came_once_is_not_held_against_the_file():
    """catalyst-cooperative/pudl#2488: a download differs once and is right the next time."""
    data = json.dumps(SAMPLE).encode()
    manifest, _ = reading(data, first_reads={KEY: b"\xff" + data[1:]})
    assert manifest.problem == ""
    assert len(manifest.entries) == 1


def test_what_could_not_be_read_is_no_problem_of_the_manifest():
    data = json.dumps(SAMPLE).encode()
    failing = MemoryAdapter(
        {KEY: data}, fail_reading={KEY: Unreachable("cut", destination="memory", operation="read", key=KEY)}
    )
    listed = StoredFile(KEY, len(data), at("2026-10-01"), "v1")
    changed = StoredFile(KEY, len(data), at("2026-10-01"), "v0")
    grown = StoredFile(KEY, len(data) - 1, at("2026-10-01"), "v1")
    archived = StoredFile(KEY, len(data), at("2026-10-01"), "v1", archived=True)
    good = MemoryAdapter({KEY: data})
    for adapter, file, why in [
        (failing, listed, "memory: read"),
        (good, changed, "replaced"),
        (good, grown, "changed"),
        (good, archived, "restored"),
        (MemoryAdapter({}), listed, "no such object"),
    ]:
        manifest = read_manifest(adapter, file)
        assert why in manifest.unreadable
        assert (manifest.problem, manifest.entries) == ("", ())
    assert "more than" in read_manifest(good, listed, max_bytes=10).unreadable
