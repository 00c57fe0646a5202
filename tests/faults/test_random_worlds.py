"""Random sets of faults on random worlds: the audit reports exactly what happened, on a disk and on S3."""

import json

import pytest

from auditor.service.audit import open_configured
from auditor.worlds import lay_out, list_objects
from tests.faults.measure import audit, judge
from tests.faults.random_worlds import random_world
from tests.servers.seaweedfs import seaweedfs
from tests.service.auditing import verifier
from tests.service.dated import OpenDated

__all__ = ["seaweedfs", "verifier"]

ON_A_DISK = range(40)
ON_S3 = range(1_000, 1_004)


@pytest.mark.parametrize("seed", ON_A_DISK)
def test_on_a_disk(seed, tmp_path, verifier, tally):
    world, happened = random_world(seed)
    found, told = judge(world, audit(world, tmp_path, verifier))
    tally.add(found)
    assert not told, f"{happened}\n{told}"


@pytest.mark.parametrize("seed", ON_S3)
def test_on_s3(seed, tmp_path, verifier, seaweedfs, tally):
    """The bucket sets its own modification times; those planned stand in their place at the adapter's edge."""
    world, happened = random_world(seed)
    lay_out(world, tmp_path / "exports")
    bucket = seaweedfs.make_bucket()
    seaweedfs.put_tree(bucket, tmp_path / "exports")
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({o.key: o.modified.isoformat() for o in list_objects(world)}), encoding="utf-8")
    place = {"type": "s3", "bucket": bucket, **{k: str(v) for k, v in seaweedfs.options.items()}}
    result = audit(world, tmp_path, verifier, place=place, open_with=lambda one: OpenDated(open_configured(one), plan))
    found, told = judge(world, result)
    tally.add(found)
    assert not told, f"{happened}\n{told}"


def test_the_same_seed_gives_the_same_world():
    one, other = random_world(7), random_world(7)
    assert one[1] == other[1]
    assert [o.key for o in list_objects(one[0])] == [o.key for o in list_objects(other[0])]
