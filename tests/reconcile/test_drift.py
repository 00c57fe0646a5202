"""A flow against the version that it is measured by: what cannot be read weakens nothing, and measures nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auditor.flow_model import FlowVersion, TargetPlace
from auditor.model import Compression, Dataset, FileFormat, Schedule
from auditor.reconcile.drift import find_weakenings, tells_as_much

START = datetime(2026, 10, 1, tzinfo=UTC)
PLACE = TargetPlace("adls-gen2", "lake", "backups", "https://example.dfs.core.windows.net")
BEFORE = FlowVersion(
    "prod",
    "f1",
    "web",
    "enabled",
    (Dataset("5ef3e324052581191aa6a466", "Web events"),),
    PLACE,
    Schedule(START, every=timedelta(hours=3)),
    format=FileFormat.JSON,
    compression=Compression.GZIP,
)
UNREAD = {
    "the account": {"place": replace(PLACE, server="", bucket="")},
    "the target connection": {"place": TargetPlace("adls-gen2"), "format": None, "compression": None},
    "the source connection": {"datasets": ()},
    "the schedule": {"schedule": None},
}


@pytest.mark.parametrize("changes", UNREAD.values(), ids=UNREAD.keys())
def test_what_cannot_be_read_is_no_weakening_and_no_baseline(changes):
    after = replace(BEFORE, **changes)
    assert find_weakenings(BEFORE, after) == ()
    assert find_weakenings(after, BEFORE) == ()
    assert not tells_as_much(BEFORE, after)
    assert tells_as_much(after, BEFORE)


@pytest.mark.parametrize("place", [{"bucket": "other"}, {"server": "https://b"}, {"path": ""}, {"type": "s3"}])
def test_another_place_is_one(place):
    (told,) = find_weakenings(BEFORE, replace(BEFORE, place=replace(PLACE, **place)))
    assert told.aspect == "place"


@pytest.mark.parametrize(
    "state, told", [("updating", []), ("enabling", []), ("resting", []), ("disabled", ["state"]), ("draft", ["state"])]
)
def test_only_a_state_that_is_known_to_export_nothing_is_one(state, told):
    assert [one.aspect for one in find_weakenings(BEFORE, replace(BEFORE, state=state))] == told


def test_a_source_connection_replaced_by_one_with_the_same_datasets_is_none():
    again = replace(BEFORE, datasets=(Dataset(BEFORE.datasets[0].id, "Web events, renamed"),), updated=START)
    assert find_weakenings(BEFORE, again) == ()
