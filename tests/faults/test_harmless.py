"""What looks odd and is harmless gives no finding at or above warning, and no doubt."""

from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.model import Severity
from auditor.worlds import Rhythm, build_world, faults
from tests.faults.measure import audit, judge
from tests.faults.scenes import JSON, PARQUET, first_scene
from tests.faults.zoo import HARMLESS
from tests.service.auditing import verifier
from tests.worlds.small import NOW, PROFILES, at, small_world

__all__ = ["verifier"]


def check(world, home, verifier, tally, status="good"):
    result = audit(world, home, verifier)
    found, told = judge(world, result)
    tally.add(found)
    assert not told, told
    assert [f.code for f in result.findings if f.severity.rank >= Severity.WARNING.rank] == []
    assert str(result.status) == status


@pytest.mark.parametrize("kind", HARMLESS, ids=[kind.name for kind in HARMLESS])
def test_odd_and_harmless(kind, tmp_path, verifier, tally):
    _, world, _ = first_scene(kind)
    check(world, tmp_path, verifier, tally)


def one(flow, **changes):
    """`flow` with its first dataset alone."""
    return replace(flow, datasets=flow.datasets[:1], **changes)


ROME = {"every": None, "cron": "45 5,17 * * *", "zone": "Europe/Rome"}
SHAPES = {  # whole worlds of unusual shape: nothing befell them
    "manifests above the export folders": replace(JSON, manifest_above=True),
    "an edited schedule": one(JSON, edits=(Rhythm(at(3), timedelta(hours=6)), Rhythm(at(5), cron="30 1,9 * * *"))),
    "a cron schedule in a zone": one(JSON, **ROME),
    "weekdays alone": one(PARQUET, every=None, cron="30 2 * * 1,2,4"),
    "a planned pause": one(PARQUET, exceptions=(at(4).date(), at(5).date())),
    "a template of one name": one(JSON, template="x/%DATASET_ID%_%DATETIME(YYYYMMdd_HHmmss)%"),
    "time before dataset": replace(JSON, template="%EXPORT_TIME%/%DATASET_ID%"),
    "names of sandbox and organisation": one(
        PARQUET, template="%ORGANIZATION_NAME%/%SANDBOX_NAME%/%DATASET_ID%/%EXPORT_TIME%"
    ),
    "names of datasets": replace(JSON, template="%DATASET_NAME%/%EXPORT_TIME%"),
    "a full export each time": one(PARQUET, mode="full"),
    "stamps of 14 digits with seconds": one(PARQUET, starts_after=timedelta(seconds=59)),
    "stamps half an hour after the due time": one(JSON, starts_after=timedelta(minutes=31)),
}


@pytest.mark.parametrize("told", SHAPES)
def test_worlds_of_unusual_shape_are_good(told, tmp_path, verifier, tally):
    check(small_world(SHAPES[told]), tmp_path, verifier, tally)


def test_two_flows_of_two_layouts_share_a_folder_path(tmp_path, verifier, tally):
    other = replace(PARQUET, datasets=(PROFILES,), template="%DATASET_ID%/daily/%EXPORT_TIME%")
    check(small_world(JSON, other), tmp_path, verifier, tally)


def test_at_the_root_of_the_destination(tmp_path, verifier, tally):
    check(small_world(JSON, folder=""), tmp_path, verifier, tally)


@pytest.mark.parametrize("hours", [1, 5, 7, 9, 23])
def test_a_copied_bucket_raises_no_alarm_and_says_that_lateness_was_not_judged(hours, tmp_path, verifier, tally):
    """Also for the newest exports, copied between grace and deadline."""
    flow = one(PARQUET, start=at(1, 2, 30))
    world = faults.copy_all(small_world(flow), at(6, 2, 30) + timedelta(hours=hours))
    check(world, tmp_path, verifier, tally, "incomplete")


def test_an_upload_inside_its_grace_is_arriving(tmp_path, verifier, tally):
    world = build_world((one(JSON, parts=(2, 2)),), seed="under way", now=NOW, folder="backups")
    last = world.deliveries[-1]
    now = last.parts[0].modified + timedelta(seconds=5)
    result = audit(replace(world, now=now), tmp_path, verifier)
    assert ([f.code for f in result.findings], str(result.status)) == ([], "good")
    assert [str(v.arrival) for v in result.runs if v.due == last.due] == ["arriving"]
    tally.worlds += 1
