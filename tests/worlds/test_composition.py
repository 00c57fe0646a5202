"""Random faults on random worlds: they compose, and never contradict each other."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.worlds import NotHere, build_world, describe_expected, faults
from tests.worlds.small import DAILY, NOW, WEB, at, contents

ON_A_RUN = [
    faults.bad_record,
    faults.broken_manifest,
    faults.change_schema,
    faults.drop_file,
    faults.drop_manifest,
    faults.drop_run,
    faults.duplicate_delivery,
    faults.empty_file,
    faults.extra_file,
    faults.flip_byte,
    faults.leave_marks,
    faults.marker_only_folder,
    faults.malformed_folder,
    faults.misname_manifest,
    faults.no_records,
    faults.odd_schema,
    faults.rename_format,
    faults.repeat_task,
    faults.resize,
    faults.second_manifest,
    faults.stuck_upload,
    faults.truncate_file,
    faults.wrong_compression,
    lambda world, run: faults.delay(world, run, timedelta(hours=5)),
    lambda world, run: faults.hasten(world, run, timedelta(hours=1)),
    lambda world, run: faults.unexpected_run(world, run.flow, run.dataset, run.due + timedelta(minutes=160)),
]


def spoil(world, random, count):
    """`count` tries at a random fault of a random run."""
    happened = 0
    runs = list(world.runs())
    for _ in range(count):
        try:
            world = random.choice(ON_A_RUN)(world, random.choice(runs))
            happened += 1
        except NotHere:
            continue
    return world, happened


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6))
def test_faults_compose(seed):
    random = Random(seed)
    flow = replace(WEB, start=at(4), every=timedelta(hours=random.choice([3, 6, 8])), rows=(2, 4), backfill=(2, 3))
    whole = build_world((flow, replace(DAILY, rows=(2, 3), backfill=(2, 3))), seed=str(seed), now=NOW)
    world, happened = spoil(whole, random, 20)
    assert happened
    spoilt, untouched = contents(world), contents(whole)  # no key stands twice
    assert all(modified <= NOW for _, modified in spoilt.values())
    try:
        expected = describe_expected(world)
    except NotHere:
        return
    identities = [tuple(str(item.get(k)) for k in ("code", "flow", "dataset", "due", "key")) for item in expected]
    assert len(set(identities)) == len(identities), "one finding per code and subject"
    for delivery in world.deliveries:
        if delivery.due and not delivery.faults and "schema-changed" not in {item["code"] for item in expected}:
            for part in delivery.parts:
                key = delivery.prefix + part.name
                assert spoilt.get(key) == untouched.get(key), "what no fault befell is as it was"
