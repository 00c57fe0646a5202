"""Worlds on a disk: the planned times, nothing outside the directory."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auditor.worlds import lay_out, list_objects
from auditor.worlds.faults import leave_marks
from auditor.worlds.model import Loose
from tests.worlds.small import WEB, WEB_RUN, at, contents, small_world


def test_what_is_laid_out_is_the_plan_with_its_times(tmp_path):
    world = small_world()
    count = lay_out(world, tmp_path)
    planned = contents(world)
    files = {p.relative_to(tmp_path).as_posix(): p for p in tmp_path.rglob("*") if p.is_file()}
    assert files.keys() == planned.keys()
    assert count == len(planned) > 100
    for key, path in files.items():
        data, modified = planned[key]
        assert path.read_bytes() == data
        assert datetime.fromtimestamp(path.stat().st_mtime_ns / 1e9, UTC) == modified


def test_a_marker_becomes_a_directory(tmp_path):
    world = leave_marks(small_world(WEB), WEB_RUN)
    lay_out(world, tmp_path)
    folder = tmp_path / world.delivery(WEB_RUN).prefix
    assert folder.is_dir()
    assert (folder / "_SUCCESS").read_bytes() == b""


def test_nothing_newer_than_now_is_there_and_an_upload_under_way_is_half_there():
    during = at(3, 9, 10)
    world = small_world(WEB, now=during)
    assert all(item.modified <= during for item in list_objects(world))
    whole = [item.key for item in list_objects(world, until=during + timedelta(hours=3))]
    assert len(whole) > len(list(list_objects(world)))
    assert not any("manifest-" in item.key and "202610030900" in item.key for item in list_objects(world))


def test_objects_are_made_one_at_a_time():
    first = next(list_objects(small_world()))
    assert first.key.startswith("backups/5ef3e324052581191aa6a466/exportTime=202610010000/part-00000-")


@pytest.mark.parametrize("key", ["../x", "a/../../x", "/x", "a//b", "a/./b", "", ".", "..", "a/..", "a\0b", "//"])
def test_no_object_escapes_the_directory(tmp_path, key):
    inside = tmp_path / "inside"
    world = replace(small_world(WEB), deliveries=(), loose=(Loose(key, b"x", at(2)),))
    with pytest.raises(ValueError, match="not a path below"):
        lay_out(world, inside)
    assert not list(tmp_path.rglob("*"))


def test_nothing_that_is_there_is_overwritten(tmp_path):
    world = replace(small_world(WEB), deliveries=(), loose=(Loose("a", b"new", at(2)),))
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        lay_out(world, tmp_path)
    assert (tmp_path / "a").read_bytes() == b"old"
